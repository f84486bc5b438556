//! From an HTTP request to the state machine and back.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::body::Incoming;
use samovar_dispatch::{FunctionError, MAX_RESPONSE_BYTES, MAX_STREAMED_BYTES};

use super::body::{self, ERROR_TYPE, Unread};
use super::extensions;
use super::respond::{Answer, accepted, failure, not_found, plain};
use super::server::Shared;
use super::state::{self, Phase, Posting, Refusal, State};
use super::stream::{self, End};
use super::telemetry;

/// The response mode's header; its one value is `streaming`.
const RESPONSE_MODE: &str = "lambda-runtime-function-response-mode";

/// Content type of an error with an X-Ray cause, which clients do not get to see.
const ERROR_WITH_CAUSE: &[u8] = b"application/vnd.aws.lambda.error.cause+json";

/// Answers one request of the runtime or an extension.
pub(crate) async fn handle(
    shared: Arc<Shared>,
    authority: Arc<str>,
    request: Request<Incoming>,
) -> Answer {
    if is_foreign(request.headers(), &authority) {
        let message = format!("The Runtime API is for the runtime only, at {authority}");
        return failure(StatusCode::FORBIDDEN, "ForeignRequest", &message);
    }
    let path = request.uri().path().to_owned();
    let version = |version: &str| path.strip_prefix('/')?.strip_prefix(version)?.strip_prefix('/');
    if let Some(path) = version("2020-01-01") {
        return extensions::handle(&shared.extensions, path, request).await;
    }
    if let Some(api) = telemetry::Api::of_path(&path) {
        return telemetry::subscribe(&shared, api, request).await;
    }
    match version("2018-06-01") {
        Some(path) => runtime(&shared.state, path, request).await,
        None => not_found(),
    }
}

/// The Runtime API itself.
async fn runtime(state: &Arc<State>, path: &str, request: Request<Incoming>) -> Answer {
    let segments: Vec<&str> = path.split('/').collect();
    let (method, action) = match segments[..] {
        ["ping"] => (Method::GET, Action::Ping),
        ["runtime", "invocation", "next"] => (Method::GET, Action::Next),
        ["runtime", "invocation", id, "response"] => (Method::POST, Action::Response(id)),
        ["runtime", "invocation", id, "error"] => (Method::POST, Action::Error(id)),
        ["runtime", "init", "error"] => (Method::POST, Action::InitError),
        _ => return not_found(),
    };
    if request.method() != method {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "");
    }
    let answered = match action {
        Action::Ping => Ok(plain(StatusCode::OK, "pong")),
        Action::Next => next(state).await,
        Action::Response(id) => response(state, id, request).await,
        Action::Error(id) => error(state, id, request).await,
        Action::InitError => init_error(state, request).await,
    };
    answered.unwrap_or_else(refused)
}

enum Action<'a> {
    Ping,
    Next,
    Response(&'a str),
    Error(&'a str),
    InitError,
}

type Answered = Result<Answer, Refusal>;

async fn next(state: &State) -> Answered {
    let event = state.next().await?;
    let mut response = Response::new(Full::new(event.payload.clone()));
    *response.headers_mut() = event.headers.clone();
    Ok(response)
}

async fn response(state: &Arc<State>, id: &str, request: Request<Incoming>) -> Answered {
    let posting = state.begin_answer(id, Phase::InvocationResponse)?;
    let streaming = match request.headers().get(RESPONSE_MODE).map(HeaderValue::as_bytes) {
        None => false,
        Some(b"streaming") => true,
        Some(_) => {
            let message = "Invalid function response mode";
            posting.answer(state::Answer::Error(FunctionError::platform(
                "Runtime.InvalidResponseModeHeader",
                message,
            )));
            let status = StatusCode::BAD_REQUEST;
            return Ok(failure(status, "InvalidFunctionResponseMode", message));
        }
    };
    let (head, mut body) = request.into_parts();
    if streaming && posting.may_stream() {
        return Ok(match stream::pass_on(posting, &head.headers, &mut body).await {
            End::Complete => accepted(),
            End::TooLarge => too_large(MAX_STREAMED_BYTES),
            End::Truncated => truncated(),
        });
    }
    // To a caller that does not stream, a streaming response is one like any other.
    let received = match body::read(&mut body).await {
        Ok(received) => received,
        Err(unread) => return Ok(unreadable(unread, posting, &mut body).await),
    };
    posting.answer(match streaming.then(|| body::streaming_error(&received)).flatten() {
        Some(error) => state::Answer::Error(error),
        None => state::Answer::Response(received.bytes),
    });
    Ok(accepted())
}

async fn error(state: &Arc<State>, id: &str, request: Request<Incoming>) -> Answered {
    let posting = state.begin_answer(id, Phase::InvocationErrorResponse)?;
    let (head, mut body) = request.into_parts();
    let document = match body::read(&mut body).await {
        Ok(received) => without_cause(&head.headers, received.bytes),
        Err(unread) => return Ok(unreadable(unread, posting, &mut body).await),
    };
    posting
        .answer(state::Answer::Error(body::posted_error(head.headers.get(ERROR_TYPE), document)));
    Ok(accepted())
}

async fn init_error(state: &State, request: Request<Incoming>) -> Answered {
    state.check_init_error()?;
    let (head, mut body) = request.into_parts();
    let document = match body::read(&mut body).await {
        Ok(received) => received.bytes,
        Err(Unread::TooLarge) => {
            body::discard(&mut body).await;
            return Ok(too_large(MAX_RESPONSE_BYTES as u64));
        }
        Err(Unread::Truncated) => return Ok(truncated()),
    };
    state.init_error(body::posted_error(head.headers.get(ERROR_TYPE), document))?;
    Ok(accepted())
}

async fn unreadable(unread: Unread, posting: Posting, body: &mut Incoming) -> Answer {
    match unread {
        Unread::TooLarge => {
            posting.answer(state::Answer::Error(FunctionError::response_too_large()));
            body::discard(body).await;
            too_large(MAX_RESPONSE_BYTES as u64)
        }
        Unread::Truncated => {
            posting.answer(state::Answer::Truncated);
            truncated()
        }
    }
}

/// Drops what is for X-Ray alone: of this content type, clients get three fields (AWS's emulator,
/// `mime_type_error_cause_json.go`).
fn without_cause(headers: &HeaderMap, document: Bytes) -> Bytes {
    let content_type = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    if content_type != Some(ERROR_WITH_CAUSE) {
        return document;
    }
    match serde_json::from_slice(&document) {
        Ok(serde_json::Value::Object(mut fields)) => {
            fields.retain(|name, _| ["errorMessage", "errorType", "stackTrace"].contains(&&**name));
            serde_json::Value::Object(fields).to_string().into()
        }
        _ => Bytes::from_static(b"\"Invalid error body\""),
    }
}

/// Whether a web page sent this: a page in the user's browser can reach loopback, but not without
/// giving itself away by an `Origin`, or by the `Host` that it had rebound (DNS rebinding).
fn is_foreign(headers: &HeaderMap, authority: &str) -> bool {
    let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
    let local = headers.get_all(header::HOST).iter().all(|host| {
        host == authority
            || host.to_str().ok().and_then(|host| host.strip_prefix("localhost:")) == Some(port)
    });
    !local || headers.contains_key(header::ORIGIN)
}

fn refused(refusal: Refusal) -> Answer {
    let (status, error_type) = match refusal {
        Refusal::RequestId => (StatusCode::BAD_REQUEST, "InvalidRequestID"),
        Refusal::Transition { .. } => (StatusCode::FORBIDDEN, "InvalidStateTransition"),
    };
    failure(status, error_type, &refusal.to_string())
}

fn too_large(limit: u64) -> Answer {
    let message = format!("Exceeded maximum allowed payload size ({limit} bytes).");
    failure(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message)
}

fn truncated() -> Answer {
    let message = "HTTP request detected as truncated";
    failure(StatusCode::BAD_REQUEST, "TruncatedHTTPRequest", message)
}
