//! How a function that takes HTTP learns who calls.
//!
//! It gets no event, and so no `requestContext`: that is in a header, as the AWS Lambda Web Adapter
//! gives it to web applications (github.com/aws/aws-lambda-web-adapter, "Request Context"). Only
//! where an authorizer, a signature or an API key has told of the caller: to others it says nothing
//! that is not in the request, and costs its time.

use http::{HeaderMap, HeaderName, HeaderValue};
use samovar_app::PayloadFormat;
use serde_json::Value;

use super::event::Source;
use super::{event_v1, event_v2};

const REQUEST_CONTEXT: HeaderName = HeaderName::from_static("x-amzn-request-context");

/// Its sibling, which says nothing of the caller here.
const LAMBDA_CONTEXT: HeaderName = HeaderName::from_static("x-amzn-lambda-context");

/// The `requestContext` that an event would have, if it says who calls.
pub(crate) fn header(source: &Source<'_>, format: PayloadFormat) -> Option<HeaderValue> {
    if !source.identity.is_known() {
        return None;
    }
    let event = match format {
        PayloadFormat::V1 => event_v1::event(source),
        PayloadFormat::V2 => event_v2::event(source),
    };
    let event: Value = serde_json::from_slice(&event).unwrap_or_default();
    let context = event.get("requestContext")?.to_string();
    // JSON has no control characters.
    HeaderValue::from_bytes(context.as_bytes()).ok()
}

/// Sets the header, if there is something to say, and removes those that the client has sent, which
/// would be taken for the front door's own.
pub(crate) fn set(headers: &mut HeaderMap, context: Option<HeaderValue>) {
    headers.remove(LAMBDA_CONTEXT);
    match context {
        Some(context) => drop(headers.insert(REQUEST_CONTEXT, context)),
        None => drop(headers.remove(REQUEST_CONTEXT)),
    }
}
