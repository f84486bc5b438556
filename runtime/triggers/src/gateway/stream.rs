//! Responses in streaming mode behind a function URL (Lambda guide, "Response streaming for Lambda
//! functions").
//!
//! Of the content type `application/vnd.awslambda.http-integration-response` a response begins
//! with a prelude: a JSON object with `statusCode`, `headers` and `cookies`, then eight NUL bytes.
//! The rest is the body. Of any other type all of it is the body of a 200.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Response, header};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use samovar_dispatch::{Body, BoxError, FunctionError, Streamed};

use super::failure::Failure;
use super::response::{Malformed, prelude};

const INTEGRATION_RESPONSE: &[u8] = b"application/vnd.awslambda.http-integration-response";

/// What stands between the prelude and the body.
const DELIMITER: [u8; 8] = [0; 8];

/// More than any client reads of headers.
const PRELUDE_LIMIT: usize = 256 * 1024;

const OCTET_STREAM: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// The response, whose body goes on as the function writes it.
pub(crate) async fn response(streamed: Streamed) -> Result<Response<Body>, Failure> {
    let Streamed { content_type, body } = streamed;
    if content_type.as_ref().is_none_or(|value| value.as_bytes() != INTEGRATION_RESPONSE) {
        let mut response = Response::new(body);
        let content_type = content_type.unwrap_or(OCTET_STREAM);
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        return Ok(response);
    }
    let malformed = |malformed: Malformed| Failure::Function(malformed.to_string());
    let (head, first, rest) = split(body).await?;
    let response = typed(prelude(&head).map_err(malformed)?);
    Ok(response.map(|()| Continued { first: Some(first), rest }.boxed_unsync()))
}

/// The response in bytes that were collected from a streamed one with a prelude; `None` if they
/// were not, since JSON has no NUL.
pub(crate) fn collected(payload: &Bytes) -> Option<Result<Response<Bytes>, Malformed>> {
    if !payload.starts_with(b"{") {
        return None;
    }
    let end = delimiter(payload)?;
    let body = payload.slice(end + DELIMITER.len()..);
    Some(prelude(&payload[..end]).map(|response| typed(response).map(|()| body)))
}

fn typed(mut response: Response<()>) -> Response<()> {
    response.headers_mut().entry(header::CONTENT_TYPE).or_insert(OCTET_STREAM);
    response
}

/// The prelude, the first of the body, and the rest of it. The delimiter may be split over frames.
async fn split(mut body: Body) -> Result<(Bytes, Bytes, Body), Failure> {
    let mut read = BytesMut::new();
    while read.len() < PRELUDE_LIMIT {
        let Some(frame) = body.frame().await else { break };
        let frame = frame.map_err(failed)?;
        let Ok(data) = frame.into_data() else { continue };
        // The delimiter may have begun in what was there.
        let seen = read.len().saturating_sub(DELIMITER.len() - 1);
        read.extend_from_slice(&data);
        if let Some(at) = delimiter(&read[seen..]) {
            let mut first = read.split_off(seen + at);
            let _ = first.split_to(DELIMITER.len());
            return Ok((read.freeze(), first.freeze(), body));
        }
    }
    Err(Failure::Function(Malformed::NoPrelude.to_string()))
}

fn failed(error: BoxError) -> Failure {
    match error.downcast::<FunctionError>() {
        Ok(error) => Failure::Function(error.to_string()),
        Err(error) => Failure::Function(error.to_string()),
    }
}

fn delimiter(bytes: &[u8]) -> Option<usize> {
    bytes.windows(DELIMITER.len()).position(|window| window == DELIMITER)
}

/// A body whose first bytes have been read.
struct Continued {
    first: Option<Bytes>,
    rest: Body,
}

impl HttpBody for Continued {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.first.take().filter(|first| !first.is_empty()) {
            Some(first) => Poll::Ready(Some(Ok(Frame::data(first)))),
            None => Pin::new(&mut self.rest).poll_frame(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::StreamBody;

    use super::*;

    fn streamed(content_type: Option<&'static str>, frames: Vec<&'static [u8]>) -> Streamed {
        let frames = frames.into_iter().map(|data| Ok(Frame::data(Bytes::from_static(data))));
        let body = StreamBody::new(stream::iter(frames)).boxed_unsync();
        Streamed { content_type: content_type.map(HeaderValue::from_static), body }
    }

    const INTEGRATION: Option<&str> = Some("application/vnd.awslambda.http-integration-response");

    /// lambda-runtime of Rust sends the prelude and the delimiter in chunks of their own, others
    /// all in one; the network may cut anywhere.
    #[tokio::test]
    async fn a_prelude_becomes_status_headers_and_cookies_wherever_it_is_cut() {
        let whole: &'static [u8] =
            b"{\"statusCode\":201,\"headers\":{\"X-A\":\"b\",\"content-length\":\"7\"},\
            \"cookies\":[\"c=1\",\"d=2\"]}\0\0\0\0\0\0\0\0\0body";
        for cut in 0..=whole.len() {
            let (one, two) = whole.split_at(cut);
            let response = response(streamed(INTEGRATION, vec![one, two])).await.expect("valid");
            assert_eq!(response.status(), 201, "{cut}");
            let headers = response.headers();
            assert_eq!(headers["x-a"], "b");
            assert_eq!(headers["content-type"], "application/octet-stream");
            assert!(!headers.contains_key("content-length"));
            assert_eq!(headers.get_all("set-cookie").iter().count(), 2);
            // The ninth NUL is the body's.
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            assert_eq!(body, &b"\0body"[..], "{cut}");
        }
    }

    #[tokio::test]
    async fn without_a_prelude_all_is_body() {
        for (given, expected) in
            [(None, "application/octet-stream"), (Some("text/csv"), "text/csv")]
        {
            let response = response(streamed(given, vec![b"{}\0\0\0\0\0\0\0\0x"])).await;
            let response = response.expect("valid");
            assert_eq!(
                (response.status().as_u16(), &response.headers()["content-type"]),
                (200, &HeaderValue::from_static(expected))
            );
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            assert_eq!(body.len(), 11);
        }
    }

    #[tokio::test]
    async fn a_bad_prelude_is_the_functions_failure() {
        let long: &'static [u8] = vec![b'x'; PRELUDE_LIMIT].leak();
        let bad: [Vec<&'static [u8]>; 5] = [
            vec![],
            vec![b"{}"],
            vec![b"[]\0\0\0\0\0\0\0\0"],
            vec![b"{\"statusCode\":\"many\"}\0\0\0\0\0\0\0\0"],
            vec![long, b"\0\0\0\0\0\0\0\0"],
        ];
        for frames in bad {
            let failure = response(streamed(INTEGRATION, frames)).await.expect_err("malformed");
            assert!(matches!(failure, Failure::Function(_)), "{failure:?}");
        }
    }

    #[test]
    fn collected_responses_are_told_by_their_delimiter() {
        let payload = Bytes::from_static(b"{\"statusCode\":404}\0\0\0\0\0\0\0\0gone");
        let response = collected(&payload).expect("a prelude").expect("valid");
        assert_eq!((response.status().as_u16(), &response.body()[..]), (404, &b"gone"[..]));
        for other in ["{}", "\0\0\0\0\0\0\0\0", ""] {
            assert!(collected(&Bytes::from_static(other.as_bytes())).is_none(), "{other:?}");
        }
    }
}
