//! Responses and what they have in common.

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use samovar_dispatch::Body;
use samovar_http::full;
use serde::Serialize;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// A JSON document.
pub(crate) fn json(status: StatusCode, document: &impl Serialize) -> Response<Body> {
    // Documents are made of strings, numbers and maps with string keys: this cannot fail.
    let bytes = serde_json::to_vec(document).unwrap_or_default();
    let mut response = Response::new(full(bytes));
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_TYPE, "application/json");
    response
}

/// Sets a header, unless HTTP does not allow the value.
pub(crate) fn set(response: &mut Response<Body>, name: impl Into<HeaderName>, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name.into(), value);
    }
}
