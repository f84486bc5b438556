//! Responses in streaming mode: behind a function URL (Lambda guide, "Response streaming for Lambda
//! functions") and behind a REST API (API Gateway guide, "Set up a Lambda proxy integration with
//! payload response streaming in API Gateway").
//!
//! Behind a function URL, of the content type `application/vnd.awslambda.http-integration-response` a response begins
//! with a prelude: a JSON object with `statusCode`, `headers` and `cookies`, then eight NUL bytes.
//! The rest is the body. Of any other type all of it is the body of a 200. Behind a REST API every
//! response begins with a prelude, and without a good one the client gets a 500.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Response, header};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use samovar_dispatch::{Body, BoxError, FunctionError, Streamed};

use super::endpoint::Front;
use super::failure::Failure;
use super::response::{Malformed, Mapping, prelude};

const INTEGRATION_RESPONSE: &[u8] = b"application/vnd.awslambda.http-integration-response";

/// What stands between the prelude and the body.
const DELIMITER: [u8; 8] = [0; 8];

/// More than any client reads of headers.
const PRELUDE_LIMIT: usize = 256 * 1024;

/// A REST API finds the delimiter "within the first 16KB of stream data".
const REST_PRELUDE_LIMIT: usize = 16 * 1024;

const OCTET_STREAM: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// The response, whose body goes on as the function writes it.
pub(crate) async fn response(
    mapping: Mapping,
    streamed: Streamed,
) -> Result<Response<Body>, Failure> {
    let Streamed { content_type, body } = streamed;
    let front = mapping.front;
    if front != Front::RestApi
        && content_type.as_ref().is_none_or(|value| value.as_bytes() != INTEGRATION_RESPONSE)
    {
        let mut response = Response::new(body);
        let content_type = content_type.unwrap_or(OCTET_STREAM);
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        return Ok(response);
    }
    let malformed = |error: Malformed| malformed(mapping, &error);
    let limit = match front {
        Front::RestApi => REST_PRELUDE_LIMIT,
        Front::HttpApi | Front::FunctionUrl => PRELUDE_LIMIT,
    };
    let split = split(body, limit).await?.ok_or(Malformed::NoPrelude);
    let (head, first, rest) = split.map_err(malformed)?;
    let response = typed(prelude(front, &head).map_err(malformed)?);
    Ok(response.map(|()| Continued { first: Some(first), rest }.boxed_unsync()))
}

/// The response in bytes that were collected from a streamed one with a prelude; `None` if they
/// were not, since JSON has no NUL.
pub(crate) fn collected(
    front: Front,
    payload: &Bytes,
) -> Option<Result<Response<Bytes>, Malformed>> {
    if !payload.starts_with(b"{") {
        return None;
    }
    let end = delimiter(payload)?;
    let body = payload.slice(end + DELIMITER.len()..);
    Some(prelude(front, &payload[..end]).map(|response| typed(response).map(|()| body)))
}

fn typed(mut response: Response<()>) -> Response<()> {
    response.headers_mut().entry(header::CONTENT_TYPE).or_insert(OCTET_STREAM);
    response
}

/// The failure of a function whose answer cannot be used. One that was to stream behind a REST API,
/// and did not as it should, is no 502 but a 500.
pub(crate) fn malformed(mapping: Mapping, malformed: &Malformed) -> Failure {
    let reason = malformed.to_string();
    match mapping.front {
        Front::RestApi if mapping.streaming => Failure::Refused(reason),
        _ => Failure::Function(reason),
    }
}

/// The prelude, the first of the body, and the rest of it; `None`: there is no delimiter within
/// `limit` bytes. It may be split over frames.
async fn split(mut body: Body, limit: usize) -> Result<Option<(Bytes, Bytes, Body)>, Failure> {
    let mut read = BytesMut::new();
    while read.len() < limit {
        let Some(frame) = body.frame().await else { break };
        let frame = frame.map_err(failed)?;
        let Ok(data) = frame.into_data() else { continue };
        // The delimiter may have begun in what was there.
        let seen = read.len().saturating_sub(DELIMITER.len() - 1);
        read.extend_from_slice(&data);
        if let Some(at) = delimiter(&read[seen..]) {
            let mut first = read.split_off(seen + at);
            let _ = first.split_to(DELIMITER.len());
            return Ok(Some((read.freeze(), first.freeze(), body)));
        }
    }
    Ok(None)
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

    fn mapping(front: Front) -> Mapping {
        let format = samovar_app::PayloadFormat::V2;
        Mapping { front, format, takes_binary: false, streaming: true }
    }

    async fn response(streamed: Streamed) -> Result<Response<Body>, Failure> {
        super::response(mapping(Front::FunctionUrl), streamed).await
    }

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
        let response = collected(Front::FunctionUrl, &payload).expect("a prelude").expect("valid");
        assert_eq!((response.status().as_u16(), &response.body()[..]), (404, &b"gone"[..]));
        for other in ["{}", "\0\0\0\0\0\0\0\0", ""] {
            assert!(
                collected(Front::FunctionUrl, &Bytes::from_static(other.as_bytes())).is_none(),
                "{other:?}"
            );
        }
    }
    /// API Gateway guide, "Lambda proxy integration format for response streaming".
    #[tokio::test]
    async fn behind_a_rest_api_every_stream_has_a_prelude() {
        let rest = |content_type, frames| {
            super::response(mapping(Front::RestApi), streamed(content_type, frames))
        };
        let whole: &'static [u8] = b"{\"headers\":{\"X-A\":\"b\",\"Date\":\"never\"},\
            \"multiValueHeaders\":{\"X-A\":[\"a\",\"b\"]},\"cookies\":[\"c=1\"]}\0\0\0\0\0\0\0\0body";
        for content_type in [None, Some("text/csv"), INTEGRATION] {
            let response = rest(content_type, vec![whole]).await.expect("valid");
            assert_eq!(response.status(), 200);
            let headers = response.headers();
            let values: Vec<_> = headers.get_all("x-a").iter().collect();
            assert_eq!(values, ["a", "b"]);
            assert_eq!(headers["set-cookie"], "c=1");
            assert_eq!(headers["x-amzn-remapped-date"], "never");
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            assert_eq!(body, &b"body"[..]);
        }
        let late: &'static [u8] = vec![b' '; REST_PRELUDE_LIMIT].leak();
        let bad: [Vec<&'static [u8]>; 4] = [
            vec![b"{\"statusCode\":200}"],
            vec![b"{\"statusCode\":200,\"body\":\"\"}\0\0\0\0\0\0\0\0"],
            vec![b"[]\0\0\0\0\0\0\0\0"],
            vec![late, b"{}\0\0\0\0\0\0\0\0"],
        ];
        for frames in bad {
            let failure = rest(INTEGRATION, frames).await.expect_err("malformed");
            assert_eq!(failure.response(Front::RestApi).status(), 500, "{failure:?}");
        }
    }
}
