//! Bodies: whole ones out, bounded ones in.

use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Body as HttpBody;
use tokio::time::timeout;

use crate::request_body::RequestBodyError;
use crate::serve::{Body, BoxError};

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It has more bytes than it may have.
    #[error("the body is too large")]
    TooLarge,
    /// It ended before its end: the client is gone, or spoke no HTTP.
    #[error("the body broke off")]
    Broken,
    /// It did not come in time.
    #[error("the body is too slow")]
    TooSlow,
}

/// A body that is there already.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// How much of a body that is too large is read and thrown away.
const DISCARD_LIMIT: usize = 64 << 20;

/// How long that may take.
const DISCARD_TIME: Duration = Duration::from_secs(10);

/// How long the whole of a body may take, so that a client with a byte now and then does not
/// stay for ever: the largest that API Gateway takes at 35 KB a second.
const READ_TIME: Duration = Duration::from_secs(300);

/// Reads a body of at most `limit` bytes.
///
/// What a larger one has left is thrown away, within bounds: a client that writes its whole
/// request before it reads (most do) would find its connection reset instead of the answer
/// (RFC 9112, section 9.6, has the reason).
///
/// # Errors
/// See [`BodyError`].
pub async fn read_body<B>(body: B, limit: usize) -> Result<Bytes, BodyError>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let mut body = pin!(body);
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced <= limit {
        match timeout(READ_TIME, Limited::new(body.as_mut(), limit).collect()).await {
            Ok(Ok(collected)) => return Ok(collected.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {}
            Ok(Err(error)) => {
                return Err(match error.downcast_ref() {
                    Some(RequestBodyError::Paused) => BodyError::TooSlow,
                    _ => BodyError::Broken,
                });
            }
            Err(_) => return Err(BodyError::TooSlow),
        }
    }
    if announced <= DISCARD_LIMIT {
        let _ = timeout(DISCARD_TIME, discard(body)).await;
    }
    Err(BodyError::TooLarge)
}

async fn discard<B: HttpBody<Data = Bytes>>(mut body: Pin<&mut B>) {
    let mut left = DISCARD_LIMIT;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        let Some(rest) = left.checked_sub(length) else { return };
        left = rest;
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::task::{Context, Poll};

    use hyper::body::Frame;

    use super::*;

    #[tokio::test]
    async fn bodies_end_at_their_limit() {
        let body = |length| Full::new(Bytes::from(vec![0; length]));
        assert_eq!(read_body(body(10), 10).await.map(|body| body.len()), Ok(10));
        assert_eq!(read_body(body(11), 10).await, Err(BodyError::TooLarge));
        assert_eq!(read_body(Chunks(2), 10).await.map(|body| body.len()), Ok(10));
        assert_eq!(read_body(Chunks(3), 10).await, Err(BodyError::TooLarge));
    }

    /// Frames of five bytes, of unknown number.
    struct Chunks(usize);

    impl HttpBody for Chunks {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let frame = self.0.checked_sub(1).map(|left| {
                self.0 = left;
                Ok(Frame::data(Bytes::from_static(b"12345")))
            });
            Poll::Ready(frame)
        }
    }
}
