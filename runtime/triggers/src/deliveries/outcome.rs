//! Records of asynchronous invocations, for the destinations that a function has, and the events
//! that its dead-letter queue gets.
//!
//! Lambda guide, "Capturing records of Lambda asynchronous invocations"; records as AWS has sent
//! them, in LocalStack's `test_lambda_destinations.snapshot.json`.

use std::time::SystemTime;

use bytes::Bytes;
use samovar_app::Function;
use samovar_queue::{AttributeValue, MessageAttribute, MessageAttributes};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::parcel::Parcel;
use super::{Failure, FailureKind};
use crate::time::rfc3339_millis;

/// How an event ended for its function.
pub(super) enum Outcome<'o> {
    /// The function answered this.
    Success(&'o Bytes),
    /// It was given up.
    Failure(&'o Failure),
}

/// The record, in AWS's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'r> {
    version: &'static str,
    timestamp: String,
    request_context: RequestContext<'r>,
    request_payload: &'r RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_context: Option<ResponseContext<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_payload: Option<&'r RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'r> {
    request_id: &'r str,
    function_arn: String,
    condition: &'static str,
    approximate_invoke_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponseContext<'r> {
    status_code: u16,
    executed_version: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_error: Option<&'static str>,
}

const LATEST: &str = "$LATEST";

impl Outcome<'_> {
    /// The record as JSON.
    pub(super) fn record(&self, parcel: &Parcel, function: &Function, now: SystemTime) -> String {
        let label = &parcel.label;
        let (response, error) = match self {
            Self::Success(payload) => (Some(*payload), None),
            Self::Failure(failure) => (failure.document.as_ref(), Some("Unhandled")),
        };
        let record = Record {
            version: "1.0",
            timestamp: rfc3339_millis(now),
            request_context: RequestContext {
                request_id: &label.call.request_id,
                function_arn: qualified_arn(parcel, function),
                condition: self.condition(parcel),
                // What ended the event is not counted among its failures yet.
                approximate_invoke_count: label.failures + u32::from(response.is_some()),
            },
            request_payload: raw(&parcel.payload),
            response_context: response.map(|_| ResponseContext {
                status_code: 200,
                executed_version: &function.version,
                function_error: error,
            }),
            response_payload: response.map(raw),
        };
        // Texts, numbers and JSON that was read: this cannot fail.
        serde_json::to_string(&record).unwrap_or_default()
    }

    fn condition(&self, parcel: &Parcel) -> &'static str {
        let failure = match self {
            Self::Success(_) => return "Success",
            Self::Failure(failure) => failure,
        };
        match failure.kind {
            FailureKind::Disabled => "ZeroReservedConcurrency",
            FailureKind::Failed if parcel.label.failures >= parcel.label.limits.failures => {
                "RetriesExhausted"
            }
            _ => "EventAgeExceeded",
        }
    }

    /// The `detail-type` on an event bus.
    pub(super) fn detail_type(&self) -> &'static str {
        match self {
            Self::Success(_) => "Lambda Function Invocation Result - Success",
            Self::Failure(_) => "Lambda Function Invocation Result - Failure",
        }
    }
}

/// The function's ARN with version or alias.
pub(super) fn qualified_arn(parcel: &Parcel, function: &Function) -> String {
    let qualifier = parcel.label.call.qualifier.as_deref().unwrap_or(LATEST);
    format!("{}:{qualifier}", function.arn)
}

/// JSON as it is; `null` for what is none.
fn raw(payload: &Bytes) -> &RawValue {
    serde_json::from_slice(payload).unwrap_or(RawValue::NULL)
}

/// Longest `ErrorMessage` in bytes (Lambda guide, "Adding a dead-letter queue": "the first 1 KB").
const MAX_MESSAGE: usize = 1024;

/// What stands beside an event in its function's dead-letter queue (the same page).
pub(super) fn dead_letter_attributes(parcel: &Parcel, failure: &Failure) -> MessageAttributes {
    let document = failure.document.as_ref().and_then(|json| serde_json::from_slice(json).ok());
    let document: Value = document.unwrap_or_default();
    let mut message = document["errorMessage"].as_str().unwrap_or(&failure.message).to_owned();
    message.truncate(message.floor_char_boundary(MAX_MESSAGE));
    // SQS refuses these, and empty values.
    message.retain(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r'));
    let code = match failure.kind {
        FailureKind::Failed => "200",
        _ => "429",
    };
    let values = [
        ("RequestID", "String", parcel.label.call.request_id.clone()),
        ("ErrorCode", "Number", code.to_owned()),
        ("ErrorMessage", "String", message),
    ];
    let values = values.into_iter().filter(|(_, _, value)| !value.is_empty());
    let attribute = |data_type: &str, value| MessageAttribute {
        data_type: data_type.to_owned(),
        value: AttributeValue::String(value),
    };
    values.map(|(name, kind, value)| (name.to_owned(), attribute(kind, value))).collect()
}
