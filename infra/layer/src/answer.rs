//! Responses in streaming mode (Lambda guide, "Using the Lambda runtime API for custom runtimes",
//! response streaming).

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderName, Response};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use samovar_dispatch::{Body, BoxError, FunctionError, Streamed};
use serde_json::{Map, json};

/// What stands between the prelude and the body.
const DELIMITER: &[u8] = &[0; 8];

/// A response with its head as a prelude of the body: JSON, then eight NUL bytes.
pub(crate) fn with_prelude(response: Response<Body>) -> Streamed {
    let (head, body) = response.into_parts();
    let values = |name: &HeaderName| {
        let values = head.headers.get_all(name).iter();
        values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect::<Vec<_>>()
    };
    let names = head.headers.keys().filter(|name| *name != SET_COOKIE);
    let headers: Map<_, _> =
        names.map(|name| (name.to_string(), values(name).join(",").into())).collect();
    let prelude = json!({
        "statusCode": head.status.as_u16(),
        "headers": headers,
        "cookies": values(&SET_COOKIE),
    });
    let first = [prelude.to_string().as_bytes(), DELIMITER].concat().into();
    Streamed {
        content_type: None,
        body: Prefixed { first: Some(first), rest: body }.boxed_unsync(),
    }
}

struct Prefixed {
    first: Option<Bytes>,
    rest: Body,
}

impl HttpBody for Prefixed {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(Ok(Frame::data(first)))),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }
}

/// The same body; one that ends with a [`FunctionError`] ends with what `fields` makes of that
/// error for the request `id`.
pub(crate) fn with_trailers(
    body: Body,
    id: &str,
    fields: fn(&FunctionError, &str) -> HeaderMap,
) -> Body {
    WithTrailers { body: Some(body), id: id.to_owned(), fields }.boxed_unsync()
}

struct WithTrailers {
    /// Gone once it has ended.
    body: Option<Body>,
    id: String,
    fields: fn(&FunctionError, &str) -> HeaderMap,
}

impl HttpBody for WithTrailers {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        Pin::new(body).poll_frame(cx).map(|frame| match frame? {
            // Trailers of the function's own response have no place in Lambda's.
            Ok(frame) if frame.is_trailers() => {
                self.body = None;
                None
            }
            Ok(frame) => Some(Ok(frame)),
            Err(error) => {
                self.body = None;
                Some(match error.downcast::<FunctionError>() {
                    Ok(error) => Ok(Frame::trailers((self.fields)(&error, &self.id))),
                    Err(error) => Err(error),
                })
            }
        })
    }
}
