//! The body of a request, which may not pause for long.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use crate::work::Working;

/// Why the body of a request ends before its end.
#[derive(Debug, thiserror::Error)]
pub enum RequestBodyError {
    /// The client is gone, or speaks no HTTP.
    #[error(transparent)]
    Broken(#[from] hyper::Error),
    /// The client sends nothing, and has not ended.
    #[error("the client paused for too long within its body")]
    Paused,
}

/// The body of a request as it arrives. It ends with
/// [`RequestBodyError::Paused`] where the client sends nothing
/// for longer than [`Limits::body_pause`](crate::Limits::body_pause).
#[derive(Debug)]
pub struct RequestBody {
    incoming: Incoming,
    pause: Duration,
    /// Made at the first wait: most bodies are there with their head.
    end: Option<Pin<Box<Sleep>>>,
    /// Whether the time runs.
    waiting: bool,
    /// Whoever has the body may still read it.
    _working: Working,
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, pause: Duration, working: Working) -> Self {
        Self { incoming, pause, end: None, waiting: false, _working: working }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = RequestBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(context) {
            self.waiting = false;
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let pause = self.pause;
        let began = !std::mem::replace(&mut self.waiting, true);
        let end = self.end.get_or_insert_with(|| Box::pin(sleep(pause)));
        if began {
            end.as_mut().reset(Instant::now() + pause);
        }
        end.as_mut().poll(context).map(|()| Some(Err(RequestBodyError::Paused)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
