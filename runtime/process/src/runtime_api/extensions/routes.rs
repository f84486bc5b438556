//! The Extensions API over HTTP, version `2020-01-01` (Lambda guide, "Extensions API reference";
//! `internal/lambda/rapi/handler` of AWS's emulator, where every refusal is a 403).

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::super::body::{self, Unread};
use super::super::respond::{self, Answer, accepted, document};
use super::{Extensions, Refusal};

const NAME: &str = "lambda-extension-name";
const IDENTIFIER: &str = "lambda-extension-identifier";
const EVENT_IDENTIFIER: &str = "lambda-extension-event-identifier";
const FEATURES: &str = "lambda-extension-accept-feature";

/// The header that names an extension's error.
const ERROR_TYPE: &str = "lambda-extension-function-error-type";

/// Answers `path` after `/2020-01-01/`.
pub(crate) async fn handle(
    extensions: &Extensions,
    path: &str,
    request: Request<Incoming>,
) -> Answer {
    let answered = match (request.method(), path) {
        (&Method::POST, "extension/register") => register(extensions, request).await,
        (&Method::GET, "extension/event/next") => next(extensions, request.headers()).await,
        (&Method::POST, "extension/init/error") => {
            error(extensions, request, Extensions::init_error).await
        }
        (&Method::POST, "extension/exit/error") => {
            error(extensions, request, Extensions::exit_error).await
        }
        (
            _,
            "extension/register"
            | "extension/event/next"
            | "extension/init/error"
            | "extension/exit/error",
        ) => return respond::plain(StatusCode::METHOD_NOT_ALLOWED, ""),
        _ => return respond::not_found(),
    };
    answered.unwrap_or_else(|refusal| refused(&refusal))
}

/// The 403 of a refusal.
pub(crate) fn refused(refusal: &Refusal) -> Answer {
    respond::failure(StatusCode::FORBIDDEN, refusal.error_type(), &refusal.to_string())
}

/// The extension that a request names.
pub(crate) fn identified(headers: &HeaderMap) -> Result<Uuid, Refusal> {
    let value = headers.get(IDENTIFIER).ok_or(Refusal::NoIdentifier)?;
    let text = value.to_str().map_err(|_| Refusal::Identifier)?;
    Uuid::try_parse(text).map_err(|_| Refusal::Identifier)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registration {
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    configuration_keys: Vec<String>,
}

async fn register(extensions: &Extensions, request: Request<Incoming>) -> Result<Answer, Refusal> {
    let (head, mut body) = request.into_parts();
    let name = head.headers.get(NAME).map(HeaderValue::as_bytes).unwrap_or_default();
    let name = String::from_utf8_lossy(name).into_owned();
    if name.is_empty() {
        return Err(Refusal::Name);
    }
    let malformed = |reason: &dyn ToString| Refusal::Format(reason.to_string());
    let read = body::read(&mut body).await.map_err(|unread| match unread {
        Unread::TooLarge => malformed(&"the body is too large"),
        Unread::Truncated => malformed(&"the body broke off"),
    })?;
    let registration: Registration =
        serde_json::from_slice(&read.bytes).map_err(|error| malformed(&error))?;
    if !registration.configuration_keys.is_empty() {
        let reason = "configurationKeys are deprecated; use environment variables instead";
        return Err(Refusal::Format(reason.to_owned()));
    }
    let id = extensions.register(&name, &registration.events)?;
    let metadata = extensions.metadata();
    let mut answer = json!({
        "functionName": metadata.function_name,
        "functionVersion": "$LATEST",
        "handler": metadata.handler,
    });
    if wants_account(&head.headers) {
        answer["accountId"] = metadata.account_id.as_str().into();
    }
    let mut response = document(StatusCode::OK, answer.to_string().into());
    set(&mut response, IDENTIFIER, &id.to_string());
    Ok(response)
}

/// `accountId` is the one feature that there is; others are ignored.
fn wants_account(headers: &HeaderMap) -> bool {
    let features = headers.get(FEATURES).and_then(|value| value.to_str().ok()).unwrap_or_default();
    features.split(',').any(|feature| feature.trim() == "accountId")
}

async fn next(extensions: &Extensions, headers: &HeaderMap) -> Result<Answer, Refusal> {
    let event = extensions.next(identified(headers)?).await?;
    let mut response = document(StatusCode::OK, event.document.clone());
    set(&mut response, EVENT_IDENTIFIER, &event.id);
    Ok(response)
}

async fn error(
    extensions: &Extensions,
    request: Request<Incoming>,
    fail: impl Fn(&Extensions, Uuid, &str) -> Result<(), Refusal>,
) -> Result<Answer, Refusal> {
    let (head, mut body) = request.into_parts();
    let id = identified(&head.headers)?;
    let error_type = head.headers.get(ERROR_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
    if error_type.is_empty() {
        return Err(Refusal::NoErrorType);
    }
    let result = fail(extensions, id, &String::from_utf8_lossy(error_type));
    body::discard(&mut body).await;
    result.map(|()| accepted())
}

fn set<T>(response: &mut Response<T>, name: &'static str, value: &str) {
    // Ids are UUIDs, which headers take, or a client's, which came in one.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
