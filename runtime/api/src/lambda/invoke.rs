//! `Invoke`: one call of a function, whose answer is waited for or not.
//!
//! Lambda API reference, "Invoke"; answers as recorded from AWS in LocalStack's
//! `test_lambda.snapshot.json`.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Response, StatusCode, header};
use http_body::Body as HttpBody;
use percent_encoding::percent_decode_str;
use samovar_app::Function;
use samovar_dispatch::{
    Account, Answer, Body, BoxError, Event, Invocation, Response as Output, Source,
};
use samovar_http::{BodyError, full, read_body};
use samovar_triggers::AsynchronousEvent;
use serde::de::IgnoredAny;

use super::error::{ASYNCHRONOUS_LIMIT, EVENT_LIMIT, LambdaError};
use crate::{Services, reply};

const INVOCATION_TYPE: HeaderName = HeaderName::from_static("x-amz-invocation-type");
const LOG_TYPE: HeaderName = HeaderName::from_static("x-amz-log-type");
const LOG_RESULT: HeaderName = HeaderName::from_static("x-amz-log-result");
const CLIENT_CONTEXT: HeaderName = HeaderName::from_static("x-amz-client-context");
/// cargo-lambda's own: plain JSON.
const RAW_CLIENT_CONTEXT: HeaderName = HeaderName::from_static("lambda-runtime-client-context");
pub(super) const EXECUTED_VERSION: HeaderName = HeaderName::from_static("x-amz-executed-version");
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
pub(super) const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// What `cargo lambda invoke` calls a function that nobody named.
const UNNAMED: &str = "_";

/// More than X-Ray's own header ever has.
const TRACE_LIMIT: usize = 512;

/// The version that is not published.
const LATEST: &str = "$LATEST";

enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

/// Invokes the function that the path names. The invocation has the request's id.
pub(crate) async fn invoke<B>(
    services: &Services,
    name: &str,
    parts: &Parts,
    body: B,
    request_id: &str,
) -> Result<Response<Body>, LambdaError>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let name = qualified(named(services, name)?, parts)?;
    let invocation_type = invocation_type(&parts.headers)?;
    let tail = wants_tail(&parts.headers)?;
    let client_context = client_context(&parts.headers)?;
    let limit = match invocation_type {
        InvocationType::Event => (ASYNCHRONOUS_LIMIT, LambdaError::EventTooLarge),
        _ => (EVENT_LIMIT, LambdaError::TooLarge),
    };
    let event = read_event(body, limit).await?;
    match invocation_type {
        InvocationType::RequestResponse => {}
        InvocationType::Event => {
            let event = AsynchronousEvent {
                request_id: request_id.to_owned(),
                qualifier: qualifier(&name),
                client_context,
                trace_id: trace_id(&parts.headers),
                payload: event,
            };
            return accept(services, &*resolved(services, &name)?, event).await;
        }
        InvocationType::DryRun => {
            resolved(services, &name)?;
            return Ok(empty(StatusCode::NO_CONTENT));
        }
    }

    let invocation = invocation(event, request_id, client_context, &parts.headers);
    let trace_id = invocation.trace_id.clone();
    let answer = call(services, &name, invocation).await?;

    let (payload, failed) = match answer.result {
        Ok(Output::Bytes(payload)) => (payload, false),
        Ok(Output::Http(_) | Output::Stream(_)) => {
            return Err(LambdaError::Service("The function answered an event with HTTP."));
        }
        Err(error) => (error.document(&answer.request_id), true),
    };
    let mut response = Response::new(full(payload));
    reply::set(&mut response, header::CONTENT_TYPE, "application/json");
    reply::set(&mut response, EXECUTED_VERSION, &answer.function.version);
    reply::set(&mut response, TRACE_ID, &trace_id);
    if failed {
        reply::set(&mut response, FUNCTION_ERROR, "Unhandled");
    }
    if tail {
        let log = STANDARD.encode(answer.log.wait().await);
        reply::set(&mut response, LOG_RESULT, &log);
    }
    Ok(response)
}

/// `InvokeAsync`: as `Invoke` with `InvocationType: Event`, and nothing else.
pub(crate) async fn invoke_async<B>(
    services: &Services,
    name: &str,
    parts: &Parts,
    body: B,
    request_id: &str,
) -> Result<Response<Body>, LambdaError>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let name = named(services, name)?;
    let payload = read_event(body, (ASYNCHRONOUS_LIMIT, LambdaError::EventTooLarge)).await?;
    let function = resolved(services, &name)?;
    let event = AsynchronousEvent {
        request_id: request_id.to_owned(),
        qualifier: qualifier(&name),
        client_context: None,
        trace_id: trace_id(&parts.headers),
        payload,
    };
    accept(services, &function, event).await
}

/// A synchronous call, with the request's id and its caller's trace.
pub(super) fn invocation(
    event: Bytes,
    request_id: &str,
    client_context: Option<String>,
    headers: &HeaderMap,
) -> Invocation {
    let mut invocation = Invocation::new(Event::Bytes(event), Source::Invoke);
    invocation.request_id = request_id.to_owned();
    invocation.client_context = client_context;
    if let Some(trace_id) = trace_id(headers) {
        invocation.trace_id = trace_id;
    }
    invocation
}

/// Runs it in the version of the function that the name leads to at this moment.
pub(super) async fn call(
    services: &Services,
    name: &str,
    invocation: Invocation,
) -> Result<Answer, LambdaError> {
    let answer = services.dispatcher.invoke(name, invocation).await;
    answer.map_err(|error| LambdaError::refused(error, arn(services, name)))
}

/// `InvocationType: Event`: answered when the event is on disk.
async fn accept(
    services: &Services,
    function: &Function,
    event: AsynchronousEvent,
) -> Result<Response<Body>, LambdaError> {
    if event.payload.len() > AsynchronousEvent::MAX_BYTES {
        return Err(LambdaError::SerializedEventTooLarge);
    }
    let unavailable = LambdaError::Service("This Samovar takes no asynchronous invocations.");
    let deliveries = services.deliveries.as_ref().ok_or(unavailable)?;
    let kept = deliveries.invoke(function, event).await;
    kept.map_err(|_| LambdaError::Service("The event could not be written to disk."))?;
    Ok(empty(StatusCode::ACCEPTED))
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(full(Bytes::new()));
    *response.status_mut() = status;
    response
}

/// The version or alias in a qualified name or ARN.
fn qualifier(name: &str) -> Option<String> {
    let bare = name.rsplit_once("function:").map_or(name, |(_, bare)| bare);
    let (_, qualifier) = bare.split_once(':')?;
    (qualifier != LATEST).then(|| qualifier.to_owned())
}

/// The function's name; `_` means the only function.
pub(super) fn named(services: &Services, name: &str) -> Result<String, LambdaError> {
    if name != UNNAMED {
        return Ok(name.to_owned());
    }
    let functions = services.dispatcher.functions();
    match functions.as_slice() {
        [only] => Ok(only.name.clone()),
        _ => {
            let functions = functions.into_iter().map(|function| function.name).collect();
            Err(LambdaError::NoFunctionNamed { functions })
        }
    }
}

/// The name with the query's `Qualifier` after it.
pub(super) fn qualified(name: String, parts: &Parts) -> Result<String, LambdaError> {
    let pairs = parts.uri.query().unwrap_or_default().split('&');
    let Some(qualifier) = pairs
        .filter_map(|pair| pair.strip_prefix("Qualifier="))
        .map(|value| percent_decode_str(value).decode_utf8_lossy())
        .find(|value| !value.is_empty())
    else {
        return Ok(name);
    };
    // A name alone or in an ARN: what follows it, if anything, is a qualifier.
    let bare = name.rsplit_once("function:").map_or(name.as_str(), |(_, bare)| bare);
    match bare.split_once(':') {
        None => Ok(format!("{name}:{qualifier}")),
        Some((_, own)) if own == qualifier => Ok(name),
        Some(_) => Err(LambdaError::InvalidParameter(
            "The derived qualifier from the function name does not match the specified qualifier."
                .to_owned(),
        )),
    }
}

/// The version of a function that a name leads to.
pub(super) fn resolved(services: &Services, name: &str) -> Result<Arc<Function>, LambdaError> {
    let not_found = || LambdaError::FunctionNotFound { arn: arn(services, name) };
    services.dispatcher.resolve(name).ok_or_else(not_found)
}

/// The ARN that a function of this name would have.
fn arn(services: &Services, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    let name = name.rsplit_once("function:").map_or(name, |(_, bare)| bare);
    let Account { id, region } = &services.account;
    format!("arn:aws:lambda:{region}:{id}:function:{name}")
}

fn invocation_type(headers: &HeaderMap) -> Result<InvocationType, LambdaError> {
    match text(headers, &INVOCATION_TYPE).as_deref() {
        None | Some("" | "RequestResponse") => Ok(InvocationType::RequestResponse),
        Some("Event") => Ok(InvocationType::Event),
        Some("DryRun") => Ok(InvocationType::DryRun),
        Some(other) => {
            Err(invalid_enum(other, "invocationType", "[Event, RequestResponse, DryRun]"))
        }
    }
}

pub(super) fn wants_tail(headers: &HeaderMap) -> Result<bool, LambdaError> {
    match text(headers, &LOG_TYPE).as_deref() {
        None | Some("" | "None") => Ok(false),
        Some("Tail") => Ok(true),
        Some(other) => Err(invalid_enum(other, "logType", "[None, Tail]")),
    }
}

fn invalid_enum(value: &str, member: &str, values: &str) -> LambdaError {
    LambdaError::InvalidParameter(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy \
         constraint: Member must satisfy enum value set: {values}"
    ))
}

/// The client context as JSON text: base64 from AWS's SDKs, plain from cargo-lambda.
pub(super) fn client_context(headers: &HeaderMap) -> Result<Option<String>, LambdaError> {
    let invalid = || {
        LambdaError::InvalidContent(
            "Client context must be a valid Base64-encoded JSON object.".to_owned(),
        )
    };
    let context = match (text(headers, &CLIENT_CONTEXT), text(headers, &RAW_CLIENT_CONTEXT)) {
        (Some(encoded), _) => {
            let decoded = STANDARD.decode(encoded.trim()).map_err(|_| invalid())?;
            String::from_utf8(decoded).map_err(|_| invalid())?
        }
        (None, Some(raw)) => raw,
        (None, None) => return Ok(None),
    };
    serde_json::from_str::<serde_json::Map<_, serde_json::Value>>(&context)
        .map_err(|_| invalid())?;
    Ok(Some(context))
}

/// The payload: JSON within a limit in bytes, beyond which this error is answered. Nothing at all
/// is the event `{}`.
pub(super) async fn read_event<B>(
    body: B,
    (limit, too_large): (usize, LambdaError),
) -> Result<Bytes, LambdaError>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let event = read_body(body, limit).await.map_err(|error| match error {
        BodyError::TooLarge => too_large,
        BodyError::Broken | BodyError::TooSlow => {
            LambdaError::InvalidContent("The request body broke off.".to_owned())
        }
    })?;
    if event.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    let valid = match std::str::from_utf8(&event) {
        Ok(text) => serde_json::from_str::<IgnoredAny>(text).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match valid {
        Ok(_) => Ok(event),
        Err(reason) => Err(LambdaError::InvalidContent(format!(
            "Could not parse request body into json: Could not parse payload into json: {reason}"
        ))),
    }
}

/// The caller's trace, if it has one that can go on in a header.
pub(super) fn trace_id(headers: &HeaderMap) -> Option<String> {
    let trace = headers.get(TRACE_ID)?.to_str().ok()?;
    (trace.contains("Root=") && trace.len() <= TRACE_LIMIT).then(|| trace.to_owned())
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
