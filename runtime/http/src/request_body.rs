//! The body of a request, which may not pause for long.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use crate::serve::BoxError;

/// A client that sends nothing more of its body, and has not ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client paused for too long within its body")]
pub struct Paused;

/// The body of a request as it arrives. It ends with [`Paused`] where the client sends nothing
/// for longer than [`Limits::body_pause`](crate::Limits::body_pause).
#[derive(Debug)]
pub struct RequestBody {
    incoming: Incoming,
    pause: Duration,
    /// Made at the first wait: most bodies are there with their head.
    end: Option<Pin<Box<Sleep>>>,
    /// Whether the time runs.
    waiting: bool,
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, pause: Duration) -> Self {
        Self { incoming, pause, end: None, waiting: false }
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
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
        end.as_mut().poll(context).map(|()| Some(Err(Paused.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
