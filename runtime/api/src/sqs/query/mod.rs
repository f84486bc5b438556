//! The AWS query protocol: `Action` and its parameters in a form or in the URL, XML back.
//!
//! Smithy, "AWS query protocol"; the names are those of SQS's service model before it changed to
//! JSON (botocore 1.29, `sqs/2012-11-05/service-2.json`). Parameters are read into the same
//! inputs as JSON documents, and outputs written from the same outputs, by the tables of
//! [`shapes`].

mod form;
mod read;
mod shapes;
mod xml;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header, request};
use samovar_dispatch::Body;
use samovar_http::full;
use samovar_queue::Queues;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::form::Form;
use super::actions::{Codec, act};
use super::error::SqsError;
use super::{address, content_type};
use crate::reply;

const FORM: &str = "application/x-www-form-urlencoded";

/// Actions that AWS does at the endpoint itself only, not at the URL of a queue (LocalStack's
/// `test_sqs.py`, `test_get_create_queue_fails` and `test_get_list_queues_fails`, validated
/// against AWS).
const NOT_AT_QUEUES: [&str; 2] = ["CreateQueue", "ListQueues"];

/// Whether a request has the query protocol's form: a form, or `Action` in the URL.
pub(crate) fn is_meant<B>(request: &Request<B>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    content_type(request.headers()).starts_with(FORM)
        || query.split('&').any(|pair| pair.starts_with("Action="))
}

/// An input, as the JSON protocol would have it.
struct Tree(Value);

impl Codec for Tree {
    type Document = Value;

    fn decode<T: DeserializeOwned>(self) -> Result<T, SqsError> {
        serde_json::from_value(self.0).map_err(|error| SqsError::serialization(error.to_string()))
    }

    fn encode(shape: &impl Serialize) -> Value {
        // Strings, numbers, booleans and maps with string keys only: this cannot fail.
        serde_json::to_value(shape).unwrap_or_default()
    }
}

/// Does what `Action` asks for.
pub(crate) async fn answer(
    queues: &Queues,
    parts: &request::Parts,
    body: Result<Bytes, SqsError>,
    request_id: &str,
) -> Response<Body> {
    let result = match body {
        Ok(body) => run(queues, parts, &body).await,
        Err(error) => Err(error),
    };
    let (status, document) = match result {
        Ok((action, output)) => (StatusCode::OK, xml::output(&action, &output, request_id)),
        Err(error) => {
            let error = error.in_query();
            (error.status, xml::error(&error, request_id))
        }
    };
    let mut response = Response::new(full(document));
    *response.status_mut() = status;
    reply::set(&mut response, header::CONTENT_TYPE, "text/xml");
    response
}

/// The action and its output.
async fn run(
    queues: &Queues,
    parts: &request::Parts,
    body: &[u8],
) -> Result<(String, Value), SqsError> {
    let mut form = Form::default();
    form.read(parts.uri.query().unwrap_or_default().as_bytes())?;
    if content_type(&parts.headers).starts_with(FORM) {
        form.read(body)?;
    }
    let action = form.get("Action").ok_or_else(SqsError::missing_action)?.to_owned();
    let path = parts.uri.path();
    let at_queue = address::is_queue_path(path);
    let input = shapes::input(&action)
        .filter(|_| !(at_queue && NOT_AT_QUEUES.contains(&action.as_str())))
        .ok_or_else(|| SqsError::invalid_action(&action))?;
    if form.get("QueueUrl").is_none() && input.iter().any(|member| member.name == "QueueUrl") {
        // The URL that the request was sent to is the queue's, or not.
        if !at_queue {
            let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
            let url = format!("http://{}{path}", host.unwrap_or_default());
            return Err(SqsError::invalid_address(&url));
        }
        form.set("QueueUrl", path);
    }
    let input = read::input(input, form.root())?;
    Ok((action.clone(), act(queues, &action, Tree(input)).await?))
}

/// What AWS answers to a request that speaks neither protocol (LocalStack's `test_sqs.py`,
/// `test_get_without_query_returns_unknown_operation`, validated against AWS).
pub(crate) fn unknown_operation() -> Response<Body> {
    let mut response = Response::new(full("<UnknownOperationException/>\n"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// The names of all actions.
#[cfg(test)]
pub(super) fn actions() -> Vec<&'static str> {
    shapes::INPUTS.iter().map(|(name, _)| *name).collect()
}

#[cfg(test)]
mod tests;
