//! `@connections`: sending to a client, asking for it, ending its connection.
//!
//! API Gateway Management API reference; API Gateway developer guide, "Use @connections commands in
//! your backend service".

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body as HttpBody;
use percent_encoding::percent_decode_str;
use samovar_dispatch::{Body, BoxError, Clock};
use samovar_http::{BodyError, full, read_body};
use serde_json::json;

use super::registry::{Handle, NotSent, Registry};
use crate::time::rfc3339_millis;

/// The largest message (API Gateway developer guide, "Quotas").
const MESSAGE_LIMIT: usize = 128 * 1024;

const SEGMENT: &str = "/@connections/";

/// The connections of all WebSocket APIs, by id. Cheap to clone.
#[derive(Clone)]
pub struct Connections {
    /// Whether there are WebSocket APIs at all.
    is_there: bool,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
}

impl Connections {
    pub(super) fn new(is_there: bool, registry: Arc<Registry>, clock: Arc<dyn Clock>) -> Self {
        Self { is_there, registry, clock }
    }

    /// Whether a path is one of `@connections`, with a stage before it or without, in an
    /// application that has WebSocket APIs.
    pub fn is_meant(&self, path: &str) -> bool {
        self.is_there && id(path).is_some()
    }

    /// Answers a call: `POST`, `GET` or `DELETE` of `[/STAGE]/@connections/ID`. Who may call is the
    /// caller's affair.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let found = id(parts.uri.path()).and_then(|id| self.registry.find(&id));
        let result = match (parts.method, found) {
            (Method::POST, found) => match read_body(body, MESSAGE_LIMIT).await {
                Err(BodyError::TooLarge) => Err(Refused::TooLarge),
                Err(BodyError::Broken | BodyError::TooSlow) => Err(Refused::Broken),
                Ok(message) => self.send(found.as_deref(), message).await,
            },
            (_, None) => Err(Refused::Gone),
            (Method::GET, Some(handle)) => Ok(about(&handle)),
            (Method::DELETE, Some(handle)) => {
                handle.close(1000, "Connection Closed Normally");
                Ok(empty(StatusCode::NO_CONTENT))
            }
            _ => Err(Refused::Method),
        };
        result.unwrap_or_else(Refused::response)
    }

    async fn send(
        &self,
        handle: Option<&Handle>,
        message: Bytes,
    ) -> Result<Response<Body>, Refused> {
        let handle = handle.filter(|handle| handle.closed().is_none()).ok_or(Refused::Gone)?;
        handle.send(message).await?;
        handle.touch(self.clock.now());
        Ok(empty(StatusCode::OK))
    }
}

/// The connection id of a path. Clients encode its `=`, some of them twice.
fn id(path: &str) -> Option<String> {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let (before, id) = decoded.rsplit_once(SEGMENT)?;
    if before.trim_start_matches('/').contains('/') || id.is_empty() || id.contains('/') {
        return None;
    }
    Some(percent_decode_str(id).decode_utf8_lossy().into_owned())
}

fn about(handle: &Handle) -> Response<Body> {
    let peer = &handle.peer;
    let last_active =
        std::time::UNIX_EPOCH + std::time::Duration::from_millis(handle.last_active());
    let body = json!({
        "connectedAt": rfc3339_millis(peer.connected_at),
        "identity": {"sourceIp": peer.source_ip, "userAgent": peer.user_agent},
        "lastActiveAt": rfc3339_millis(last_active),
    });
    let mut response = Response::new(full(body.to_string()));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(full(""));
    *response.status_mut() = status;
    response
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Gone,
    TooLarge,
    LimitExceeded,
    Broken,
    Method,
}

impl From<NotSent> for Refused {
    fn from(not_sent: NotSent) -> Self {
        match not_sent {
            NotSent::Gone => Self::Gone,
            NotSent::Full => Self::LimitExceeded,
        }
    }
}

impl Refused {
    fn response(self) -> Response<Body> {
        let (status, kind, message) = match self {
            Self::Gone => (StatusCode::GONE, "GoneException", None),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "PayloadTooLargeException",
                Some("Message size limit exceeded"),
            ),
            Self::LimitExceeded => (StatusCode::TOO_MANY_REQUESTS, "LimitExceededException", None),
            Self::Broken => (StatusCode::BAD_REQUEST, "BadRequestException", Some("Bad Request")),
            Self::Method => (StatusCode::FORBIDDEN, "ForbiddenException", Some("Forbidden")),
        };
        let body = message.map_or_else(
            || json!({}).to_string(),
            |message| json!({"message": message}).to_string(),
        );
        let mut response = Response::new(full(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert("x-amzn-errortype", HeaderValue::from_static(kind));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_paths() {
        for (path, expected) in [
            ("/@connections/abc=", Some("abc=")),
            ("/dev/@connections/abc%3D", Some("abc=")),
            ("/dev/%40connections/abc%3D", Some("abc=")),
            ("/@connections/abc%253D", Some("abc=")),
            ("/@connections/", None),
            ("/a/b/@connections/c", None),
            ("/@connections/a/b", None),
            ("/orders", None),
        ] {
            assert_eq!(id(path).as_deref(), expected, "{path}");
        }
    }
}
