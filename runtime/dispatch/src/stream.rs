//! The end of a streamed response: whatever cut it short is told to who reads it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::oneshot;

use crate::invocation::{Body, BoxError, FunctionError, Streamed};

/// The same response; when `outcome` has come, it ends as the invocation did. If its body breaks, it ends with the error that the invocation ended with
/// (a time-out, an exit).
pub fn ending_as(
    streamed: Streamed,
    outcome: oneshot::Receiver<Result<(), FunctionError>>,
) -> Streamed {
    let body = EndingAs { body: Some(streamed.body), outcome };
    Streamed { content_type: streamed.content_type, body: body.boxed_unsync() }
}

struct EndingAs {
    /// Gone once it has ended or broken.
    body: Option<Body>,
    outcome: oneshot::Receiver<Result<(), FunctionError>>,
}

impl HttpBody for EndingAs {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(body) = &mut self.body {
            match ready!(Pin::new(body).poll_frame(context)) {
                Some(Err(error)) if !error.is::<FunctionError>() => self.body = None,
                other => return Poll::Ready(other),
            }
        }
        if self.outcome.is_terminated() {
            return Poll::Ready(None);
        }
        let error = match ready!(Pin::new(&mut self.outcome).poll(context)) {
            Ok(Err(error)) => error,
            // The environment calls it a success, or Samovar is stopping: broken all the same.
            Ok(Ok(())) | Err(_) => FunctionError::platform(
                "Runtime.TruncatedResponse",
                "The response broke off before its end",
            ),
        };
        Poll::Ready(Some(Err(error.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_some_and(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}
