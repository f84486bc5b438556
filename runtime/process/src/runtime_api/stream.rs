//! A response in streaming mode, from the runtime's request to whoever reads it, with no buffer
//! in between: the runtime is read as fast as the caller reads (Lambda guide, "Using the Lambda
//! runtime API for custom runtimes", response streaming).

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, Incoming};
use samovar_dispatch::{BoxError, FunctionError, MAX_STREAMED_BYTES, Streamed};
use tokio::sync::{mpsc, oneshot};

use super::body::{ERROR_IN_BODY, error_at_end, error_in_trailers};
use super::state::{Posting, Streaming};

/// More than any error in the words of trailers has.
const HELD_LIMIT: usize = 64 * 1024;

/// How a response in streaming mode ended.
pub(crate) enum End {
    /// The runtime has posted all of it.
    Complete,
    /// It was larger than [`MAX_STREAMED_BYTES`]; the rest has been discarded.
    TooLarge,
    /// The connection broke.
    Truncated,
}

/// Hands the request's body on as the answer, until its end.
pub(crate) async fn pass_on(posting: Posting, headers: &HeaderMap, body: &mut Incoming) -> End {
    // One frame waits; hyper reads the next from the connection only when it has been taken.
    let (frames, receiver) = mpsc::channel(1);
    let (end, piped) = oneshot::channel();
    let (ending, ended) = oneshot::channel();
    let response = Streamed {
        content_type: headers.get(header::CONTENT_TYPE).cloned(),
        body: Pipe { frames: receiver, end: piped }.boxed_unsync(),
    };
    let posting = posting.begin_stream(Streaming { response, ended });
    let mut pump = Pump { frames, held: Vec::new(), count: 0 };
    let result = match pump.run(body).await {
        Ok(result) => result,
        // All senders are dropped: the body breaks, and the environment finds out why.
        Err(Broken) => return End::Truncated,
    };
    let too_large = pump.count > MAX_STREAMED_BYTES;
    // In this order: whoever hears of the end may look at the phase at once.
    drop(posting);
    let _ = end.send(result.clone());
    let _ = ending.send(result.map(|()| pump.count));
    if too_large { End::TooLarge } else { End::Complete }
}

struct Broken;

struct Pump {
    frames: mpsc::Sender<Bytes>,
    /// What looks like an error in the words of trailers, until something follows it.
    held: Vec<u8>,
    count: u64,
}

impl Pump {
    async fn run(&mut self, body: &mut Incoming) -> Result<Result<(), FunctionError>, Broken> {
        let mut trailers = HeaderMap::new();
        while let Some(frame) = body.frame().await {
            match frame.map_err(|_| Broken)?.into_data() {
                Ok(data) => self.data(data).await,
                Err(frame) => trailers.extend(frame.into_trailers().unwrap_or_default()),
            }
        }
        if self.count > MAX_STREAMED_BYTES {
            return Ok(Err(too_large()));
        }
        if let Some(error) = error_in_trailers(&trailers).or_else(|| error_at_end(&self.held)) {
            return Ok(Err(error));
        }
        self.release().await;
        Ok(Ok(()))
    }

    async fn data(&mut self, data: Bytes) {
        self.count += data.len() as u64;
        if self.count > MAX_STREAMED_BYTES {
            return;
        }
        if error_at_end(&self.held).is_some() {
            // Something follows it: it was text.
            self.release().await;
        }
        // The runtime writes its error as a chunk of its own, so a frame begins with it.
        if !self.held.is_empty() || data.starts_with(ERROR_IN_BODY) {
            self.held.extend_from_slice(&data);
            if self.held.len() > HELD_LIMIT {
                self.release().await;
            }
            return;
        }
        self.send(data).await;
    }

    async fn release(&mut self) {
        if !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            self.send(held.into()).await;
        }
    }

    /// A caller that has gone away does not stop the function, as on AWS: the rest is discarded.
    async fn send(&self, data: Bytes) {
        let _ = self.frames.send(data).await;
    }
}

fn too_large() -> FunctionError {
    let message = format!(
        "Response payload size exceeded maximum allowed payload size ({MAX_STREAMED_BYTES} bytes)."
    );
    FunctionError { message, ..FunctionError::response_too_large() }
}

/// The end of a pipe that is read.
struct Pipe {
    frames: mpsc::Receiver<Bytes>,
    /// How the response ended, once all frames have been sent.
    end: oneshot::Receiver<Result<(), FunctionError>>,
}

/// The runtime's request broke off. Not a [`FunctionError`]: the environment knows the reason.
#[derive(Debug, thiserror::Error)]
#[error("the response broke off")]
struct BrokenOff;

impl HttpBody for Pipe {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(data) = ready!(self.frames.poll_recv(context)) {
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
        if self.end.is_terminated() {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(Pin::new(&mut self.end).poll(context)) {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(Err(error.into())),
            Err(_) => Some(Err(BrokenOff.into())),
        })
    }
}
