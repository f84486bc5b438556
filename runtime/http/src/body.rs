//! Bodies: whole ones out, bounded ones in.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Body as HttpBody;

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
}

/// A body that is there already.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Reads a body of at most `limit` bytes. One that announces more is not read at all.
///
/// # Errors
/// See [`BodyError`].
pub async fn read_body<B>(body: B, limit: usize) -> Result<Bytes, BodyError>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let announced = body.size_hint().lower();
    if usize::try_from(announced).map_or(true, |announced| announced > limit) {
        return Err(BodyError::TooLarge);
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge),
        Err(_) => Err(BodyError::Broken),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
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
