//! The SQS API, in its two protocols on one port.
//!
//! [`json`] speaks AWS JSON 1.0, which current SDKs use; [`query`] speaks the older form-encoded
//! protocol with XML answers. Both read the same typed inputs and write the same typed outputs,
//! of the [`actions`] on queues, messages, policies and move tasks. Requests may be signed or
//! not, and signatures are not checked; they tell which account's and region's queues a request
//! is for ([`scope`]).

mod actions;
mod address;
mod batch_shapes;
mod beside;
mod error;
mod json;
mod message_actions;
mod message_shapes;
mod move_actions;
mod policy_actions;
mod query;
mod queue_actions;
mod scope;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Request, Response, header};
use http_body::Body as HttpBody;
use samovar_dispatch::{Body, BoxError};
use samovar_http::{BodyError, read_body};

use self::error::SqsError;
pub(crate) use self::message_shapes::ReceivedShape;
use crate::{Services, reply};

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// A batch has at most 1 MiB of message text (SQS API reference, `SendMessageBatch`); escapes,
/// base64 and percent-encoding make that several times as much.
pub(crate) const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// Whether a request speaks one of SQS's protocols, or is for a queue.
pub(crate) fn is_meant<B>(request: &Request<B>) -> bool {
    request.headers().contains_key(TARGET)
        || content_type(request.headers()).starts_with(json::CONTENT_TYPE)
        || query::is_meant(request)
        || address::is_queue_path(request.uri().path())
}

/// Answers one request.
pub(crate) async fn handle<B>(services: &Services, request: Request<B>) -> Response<Body>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let speaks_query = query::is_meant(&request);
    let (parts, body) = request.into_parts();
    let body = read_body(body, BODY_LIMIT).await;
    answer(services, speaks_query, parts, body).await
}

/// Answers one request whose body is read, up to [`BODY_LIMIT`]; `speaks_query` says whether it has
/// the query protocol's form.
pub(crate) async fn answer(
    services: &Services,
    speaks_query: bool,
    parts: Parts,
    body: Result<Bytes, BodyError>,
) -> Response<Body> {
    let request_id = uuid::Uuid::new_v4().to_string();
    let queues = &scope::of(&services.queues, &parts);
    let body = body.map_err(|error| match error {
        BodyError::TooLarge => SqsError::too_large(BODY_LIMIT),
        BodyError::Broken | BodyError::TooSlow => {
            SqsError::serialization("The request body broke off.")
        }
    });
    let mut response = match target(&parts.headers) {
        Some(target) => json::answer(queues, &target, body).await,
        None if speaks_query => query::answer(queues, &parts, body, &request_id).await,
        None => query::unknown_operation(),
    };
    reply::set(&mut response, reply::REQUEST_ID, &request_id);
    response
}

fn target(headers: &HeaderMap) -> Option<String> {
    headers.get(TARGET).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// A member that must be there.
fn required<T>(value: Option<T>, member: &str) -> Result<T, SqsError> {
    value.ok_or_else(|| SqsError::missing(member))
}

fn content_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

#[cfg(test)]
mod tests;
