//! The SQS API.
//!
//! [`json`] speaks AWS JSON 1.0, which current SDKs use; [`query`] answers the older form-encoded
//! protocol. The actions themselves ([`queue_actions`], [`message_actions`]) take a JSON document
//! and give one, so that a protocol is only a way of writing these.

mod error;
mod json;
mod message_actions;
mod message_shapes;
mod query;
mod queue_actions;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response, header};
use http_body::Body as HttpBody;
use samovar_dispatch::{Body, BoxError};
use samovar_http::{BodyError, read_body};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::error::SqsError;
use crate::{Services, reply};

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// A batch has at most 1 MiB of message text (SQS API reference, `SendMessageBatch`); JSON
/// escapes and base64 make that several times as much.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// Whether a request speaks one of SQS's protocols.
pub(crate) fn is_meant<B>(request: &Request<B>) -> bool {
    request.headers().contains_key(TARGET) || query::is_meant(request)
}

/// Answers one request.
pub(crate) async fn handle<B>(services: &Services, request: Request<B>) -> Response<Body>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let request_id = uuid::Uuid::new_v4().to_string();
    let (parts, body) = request.into_parts();
    let body = read_body(body, BODY_LIMIT).await.map_err(|error| match error {
        BodyError::TooLarge => SqsError::too_large(BODY_LIMIT),
        BodyError::Broken => SqsError::serialization("the request body broke off"),
    });
    let mut response = match target(&parts.headers) {
        Some(target) => {
            let result = match body {
                Ok(body) => json::act(&services.queues, &target, &body).await,
                Err(error) => Err(error),
            };
            json::response(result)
        }
        None => query::refusal(&request_id),
    };
    reply::set(&mut response, reply::REQUEST_ID, &request_id);
    response
}

fn target(headers: &HeaderMap) -> Option<String> {
    headers.get(TARGET).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// An action's input from its JSON document.
fn input<T: DeserializeOwned>(document: &[u8]) -> Result<T, SqsError> {
    // Some clients send nothing at all for an input without members.
    let document = if document.is_empty() { b"{}" } else { document };
    serde_json::from_slice(document).map_err(|error| SqsError::serialization(&error.to_string()))
}

/// An action's output as its JSON document.
fn output(shape: &impl Serialize) -> Vec<u8> {
    // Strings, booleans and maps with string keys only: this cannot fail.
    serde_json::to_vec(shape).unwrap_or_default()
}

/// The queue's name: the last segment of its URL, or the name itself.
fn queue_name(url: Option<String>) -> Result<String, SqsError> {
    let url = required(url, "QueueUrl")?;
    match url.rsplit('/').next() {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(SqsError::invalid_address(&url)),
    }
}

/// A member that must be there.
fn required<T>(value: Option<T>, member: &str) -> Result<T, SqsError> {
    value.ok_or_else(|| SqsError::missing(member))
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()
}

#[cfg(test)]
mod tests;
