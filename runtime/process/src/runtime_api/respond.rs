//! Answers that all APIs of an environment have in common.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde_json::json;

pub(crate) type Answer = Response<Full<Bytes>>;

/// `{"status":"OK"}`.
pub(crate) fn accepted() -> Answer {
    document(StatusCode::ACCEPTED, Bytes::from_static(br#"{"status":"OK"}"#))
}

/// `{"errorMessage", "errorType"}`.
pub(crate) fn failure(status: StatusCode, error_type: &str, message: &str) -> Answer {
    let body = json!({"errorMessage": message, "errorType": error_type});
    document(status, body.to_string().into())
}

/// JSON.
pub(crate) fn document(status: StatusCode, body: Bytes) -> Answer {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

pub(crate) fn not_found() -> Answer {
    plain(StatusCode::NOT_FOUND, "404 page not found\n")
}

/// Text.
pub(crate) fn plain(status: StatusCode, body: &'static str) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
    *response.status_mut() = status;
    response
}
