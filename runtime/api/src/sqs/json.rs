//! AWS JSON 1.0: the action in `X-Amz-Target`, documents in the bodies.
//!
//! Smithy, "AWS JSON 1.0 protocol"; `x-amzn-query-error` by its trait `awsQueryCompatible`.

use bytes::Bytes;
use http::{HeaderName, Response, header};
use samovar_dispatch::Body;
use samovar_http::full;
use samovar_queue::Queues;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::actions::{Codec, act};
use super::error::SqsError;
use crate::reply;

pub(crate) const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");

/// A body.
struct Json<'a>(&'a [u8]);

impl Codec for Json<'_> {
    type Document = Vec<u8>;

    fn decode<T: DeserializeOwned>(self) -> Result<T, SqsError> {
        // Some clients send nothing at all for an input without members.
        let document = if self.0.is_empty() { b"{}" } else { self.0 };
        serde_json::from_slice(document).map_err(|error| {
            SqsError::serialization(format!("The request is not a valid JSON document: {error}"))
        })
    }

    fn encode(shape: &impl Serialize) -> Vec<u8> {
        // Strings, numbers, booleans and maps with string keys only: this cannot fail.
        let document = serde_json::to_vec(shape).unwrap_or_default();
        // No output, no document.
        if document == b"null" { Vec::new() } else { document }
    }
}

/// Does what `AmazonSQS.ACTION` asks for.
pub(crate) async fn answer(
    queues: &Queues,
    target: &str,
    body: Result<Bytes, SqsError>,
) -> Response<Body> {
    let result = match (target.strip_prefix("AmazonSQS."), body) {
        (Some(action), Ok(document)) => act(queues, action, Json(&document)).await,
        (Some(_), Err(error)) => Err(error),
        (None, _) => Err(SqsError::unknown_operation(target)),
    };
    let mut response = match result {
        Ok(document) => Response::new(full(document)),
        Err(error) => {
            let document = json!({"__type": error.shape, "message": error.message});
            let mut response = reply::json(error.status, &document);
            let query_error = format!("{};{}", error.query_code, error.fault());
            reply::set(&mut response, QUERY_ERROR, &query_error);
            response
        }
    };
    reply::set(&mut response, header::CONTENT_TYPE, CONTENT_TYPE);
    response
}
