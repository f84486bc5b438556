//! The EventBridge API: AWS JSON 1.1.
//!
//! Smithy, "AWS JSON 1.1 protocol"; botocore, `events/2015-10-07/service-2.json`. `PutEvents` is
//! what applications call; buses and rules are made by the template.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderName, Request, Response, StatusCode, header};
use http_body::Body as HttpBody;
use samovar_dispatch::{Account, Body, BoxError};
use samovar_http::{BodyError, full, read_body};
use samovar_triggers::{Entry, EventBuses, PutEventsError, TryPatternError, try_pattern};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{paging, reply};

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const SERVICE: &str = "AWSEvents.";
const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

/// A request has at most 1 MiB of events, which JSON escapes make several times as much.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents {
    #[serde(default)]
    entries: Vec<EntryShape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListEventBuses {
    name_prefix: Option<String>,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TestEventPattern {
    event_pattern: String,
    event: String,
}

/// `PutEventsRequestEntry`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EntryShape {
    source: Option<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    resources: Option<Vec<String>>,
    /// Seconds since the Unix epoch.
    time: Option<f64>,
    event_bus_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PutEventsOutput {
    failed_entry_count: usize,
    entries: Vec<EntryResult>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum EntryResult {
    #[serde(rename_all = "PascalCase")]
    Accepted { event_id: String },
    #[serde(rename_all = "PascalCase")]
    Refused { error_code: &'static str, error_message: String },
}

/// An error of an action: status, type and message.
struct Refusal(StatusCode, &'static str, String);

/// Whether a request means EventBridge.
pub(crate) fn is_meant<B>(request: &Request<B>) -> bool {
    target(request).is_some_and(|target| target.starts_with(SERVICE))
}

fn target<B>(request: &Request<B>) -> Option<&str> {
    request.headers().get(TARGET)?.to_str().ok()
}

/// Answers one request.
pub(crate) async fn handle<B>(
    account: &Account,
    buses: &EventBuses,
    request: Request<B>,
) -> Response<Body>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let action = target(&request).and_then(|target| target.strip_prefix(SERVICE));
    let action = action.unwrap_or_default().to_owned();
    let result = match read_body(request.into_body(), BODY_LIMIT).await {
        Ok(body) => act(account, buses, &action, &body).await,
        Err(BodyError::TooLarge) => Err(Refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLargeException",
            format!("Request must be smaller than {BODY_LIMIT} bytes"),
        )),
        Err(BodyError::Broken | BodyError::TooSlow) => Err(malformed("the request body broke off")),
    };
    let mut response = match result {
        Ok(document) => Response::new(full(document)),
        Err(Refusal(status, kind, message)) => {
            reply::json(status, &json!({"__type": kind, "message": message}))
        }
    };
    reply::set(&mut response, header::CONTENT_TYPE, CONTENT_TYPE);
    reply::set(&mut response, reply::REQUEST_ID, &uuid::Uuid::new_v4().to_string());
    response
}

async fn act(
    account: &Account,
    buses: &EventBuses,
    action: &str,
    document: &[u8],
) -> Result<Vec<u8>, Refusal> {
    match action {
        "PutEvents" => put_events(buses, document).await,
        "ListEventBuses" => list_buses(account, buses, document),
        "TestEventPattern" => test_pattern(document),
        other => {
            let shown: String = other.chars().take(60).collect();
            Err(Refusal(
                StatusCode::BAD_REQUEST,
                "OperationDisabledException",
                format!(
                    "Samovar does not do {shown}: event buses, rules and schedules are those of \
                     the template. It does PutEvents, ListEventBuses and TestEventPattern."
                ),
            ))
        }
    }
}

/// The members of a document.
fn read<T: DeserializeOwned>(document: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(document).map_err(|error| malformed(&error.to_string()))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, "ValidationException", message.into())
}

fn list_buses(account: &Account, buses: &EventBuses, document: &[u8]) -> Result<Vec<u8>, Refusal> {
    let input: ListEventBuses = read(document)?;
    let limit = input.limit.unwrap_or(paging::SIZE);
    if !(1..=paging::SIZE).contains(&limit) {
        let bound =
            if limit == 0 { "greater than or equal to 1" } else { "less than or equal to 100" };
        return Err(invalid(format!(
            "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: \
             Member must have value {bound}"
        )));
    }
    let prefix = input.name_prefix.unwrap_or_default();
    let names = buses.names().into_iter().filter(|name| name.starts_with(&prefix)).collect();
    let page = paging::page(names, |name| name, input.next_token.as_deref(), limit)
        .ok_or_else(|| invalid("Parameter NextToken is not valid."))?;
    let bus = |name: &str| {
        let Account { id, region } = account;
        json!({"Name": name, "Arn": format!("arn:aws:events:{region}:{id}:event-bus/{name}")})
    };
    let list: Vec<_> = page.items.into_iter().map(bus).collect();
    let mut output = json!({"EventBuses": list});
    if let Some(next) = page.next {
        output["NextToken"] = next.into();
    }
    Ok(output.to_string().into_bytes())
}

fn test_pattern(document: &[u8]) -> Result<Vec<u8>, Refusal> {
    let input: TestEventPattern = read(document)?;
    let result = try_pattern(&input.event_pattern, &input.event).map_err(|error| {
        let kind = match error {
            TryPatternError::Pattern(_) => "InvalidEventPatternException",
            TryPatternError::Event(_) => "ValidationException",
        };
        Refusal(StatusCode::BAD_REQUEST, kind, error.to_string())
    })?;
    Ok(json!({"Result": result}).to_string().into_bytes())
}

fn malformed(reason: &str) -> Refusal {
    Refusal(StatusCode::BAD_REQUEST, "SerializationException", reason.to_owned())
}

async fn put_events(buses: &EventBuses, document: &[u8]) -> Result<Vec<u8>, Refusal> {
    let input: PutEvents = read(document)?;
    let entries = input.entries.into_iter().map(entry).collect::<Result<_, _>>()?;
    let results = buses.put_events(entries).await.map_err(|error| match error {
        PutEventsError::Validation(message) => invalid(message),
        PutEventsError::Store(error) => Refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalException",
            error.message().to_owned(),
        ),
    })?;
    let output = PutEventsOutput {
        failed_entry_count: results.iter().filter(|result| result.is_err()).count(),
        entries: results
            .into_iter()
            .map(|result| match result {
                Ok(event_id) => EntryResult::Accepted { event_id },
                Err(error) => {
                    EntryResult::Refused { error_code: error.code, error_message: error.message }
                }
            })
            .collect(),
    };
    // Strings and numbers only: this cannot fail.
    Ok(serde_json::to_vec(&output).unwrap_or_default())
}

fn entry(shape: EntryShape) -> Result<Entry, Refusal> {
    let time = shape.time.map(|seconds| instant(seconds).ok_or_else(|| malformed("Time")));
    Ok(Entry {
        source: shape.source,
        detail_type: shape.detail_type,
        detail: shape.detail,
        resources: shape.resources.unwrap_or_default(),
        time: time.transpose()?,
        bus: shape.event_bus_name.filter(|name| !name.is_empty()),
    })
}

fn instant(seconds: f64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
}

#[cfg(test)]
mod tests;
