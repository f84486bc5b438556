//! Lambda's errors: a status, `x-amzn-ErrorType`, and a document with `Type` and a message.

use http::{Method, Response, StatusCode};
use samovar_dispatch::{Body, InvokeError, ThrottleReason};
use samovar_triggers::AsynchronousEvent;
use serde_json::{Value, json};

use super::manage::REQUEST_LIMIT;
use crate::reply;

/// Lambda's limit of a synchronous event in bytes (Lambda guide, "Quotas").
pub(crate) const EVENT_LIMIT: usize = 6 * 1024 * 1024;

/// Lambda's limit of an asynchronous event in bytes (the same page: "1 MB").
pub(crate) const ASYNCHRONOUS_LIMIT: usize = 1024 * 1024;

/// Why a request is refused. Statuses and names are the service model's (botocore,
/// `lambda/2015-03-31/service-2.json`), messages AWS's own where they are known.
#[derive(Debug)]
pub(crate) enum LambdaError {
    /// `ResourceNotFoundException`, with the function's ARN.
    FunctionNotFound { arn: String },
    /// `ResourceNotFoundException` for a call that names no function.
    NoFunctionNamed { functions: Vec<String> },
    /// `ResourceNotFoundException` of what hangs on a function.
    ResourceNotFound(String),
    /// `ResourceConflictException`: it is there already, or in use.
    Conflict(String),
    /// `ValidationException`.
    Validation(String),
    /// `PreconditionFailedException`: another `RevisionId`.
    PreconditionFailed,
    /// `RequestEntityTooLargeException`: an archive that Lambda does not take in a request.
    RequestEntityTooLarge,
    /// `InvalidParameterValueException`.
    InvalidParameter(String),
    /// `InvalidRequestContentException`.
    InvalidContent(String),
    /// `RequestTooLargeException`.
    TooLarge,
    /// `RequestTooLargeException` of an asynchronous invocation.
    EventTooLarge,
    /// `SerializedRequestEntityTooLargeException`: an asynchronous event under 1 MB, of which
    /// what is kept beside it is too much.
    SerializedEventTooLarge,
    /// `TooManyRequestsException`.
    Throttled(ThrottleReason),
    /// `ResourceConflictException`: the function is there, but in the state `Failed`.
    FunctionFailed { reason: String },
    /// `ServiceException`.
    Service(&'static str),
    /// `ServiceUnavailableException`: Samovar is stopping.
    Stopping,
    /// An action of Lambda that Samovar has not.
    NotServed { operation: &'static str },
    /// No action of Lambda.
    UnknownOperation { method: Method, path: String },
}

impl LambdaError {
    /// The dispatcher's refusal of an invocation of the function with this ARN.
    pub(crate) fn refused(error: InvokeError, arn: String) -> Self {
        match error {
            InvokeError::NotFound { .. } => Self::FunctionNotFound { arn },
            InvokeError::Unavailable { reason, .. } => Self::FunctionFailed { reason },
            InvokeError::Throttled { reason } => Self::Throttled(reason),
            InvokeError::ShuttingDown => Self::Stopping,
        }
    }

    pub(crate) fn response(&self) -> Response<Body> {
        let (status, error_type, document) = self.parts();
        let mut response = reply::json(status, &document);
        reply::set(&mut response, ERROR_TYPE, error_type);
        response
    }

    fn parts(&self) -> (StatusCode, &'static str, Value) {
        match self {
            Self::FunctionNotFound { arn } => (
                StatusCode::NOT_FOUND,
                "ResourceNotFoundException",
                json!({"Type": "User", "Message": format!("Function not found: {arn}")}),
            ),
            Self::NoFunctionNamed { functions } => {
                let message = match functions.as_slice() {
                    [] => "This application has no functions.".to_owned(),
                    names => format!("Name one of the functions: {}.", names.join(", ")),
                };
                let document = json!({"Type": "User", "Message": message});
                (StatusCode::NOT_FOUND, "ResourceNotFoundException", document)
            }
            Self::ResourceNotFound(message) => (
                StatusCode::NOT_FOUND,
                "ResourceNotFoundException",
                json!({"Type": "User", "Message": message}),
            ),
            Self::Conflict(message) => (
                StatusCode::CONFLICT,
                "ResourceConflictException",
                json!({"Type": "User", "message": message}),
            ),
            Self::Validation(message) => {
                (StatusCode::BAD_REQUEST, "ValidationException", json!({"message": message}))
            }
            Self::PreconditionFailed => {
                let message = "The Revision Id provided does not match the latest Revision Id. \
                               Call the GetFunction/GetAlias API to retrieve the latest Revision Id";
                let document = json!({"Type": "User", "message": message});
                (StatusCode::PRECONDITION_FAILED, "PreconditionFailedException", document)
            }
            Self::RequestEntityTooLarge => {
                let message = format!(
                    "Request must be smaller than {REQUEST_LIMIT} bytes for this operation, and \
                     its archive than 50 MB"
                );
                let document = json!({"message": message});
                (StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException", document)
            }
            Self::InvalidParameter(message) => (
                StatusCode::BAD_REQUEST,
                "InvalidParameterValueException",
                json!({"Type": "User", "message": message}),
            ),
            Self::InvalidContent(message) => (
                StatusCode::BAD_REQUEST,
                "InvalidRequestContentException",
                json!({"Type": "User", "message": message}),
            ),
            Self::TooLarge => too_large("RequestTooLargeException", EVENT_LIMIT),
            Self::EventTooLarge => too_large("RequestTooLargeException", ASYNCHRONOUS_LIMIT),
            Self::SerializedEventTooLarge => {
                let limit = AsynchronousEvent::MAX_BYTES;
                too_large("SerializedRequestEntityTooLargeException", limit)
            }
            Self::Throttled(reason) => (
                StatusCode::TOO_MANY_REQUESTS,
                "TooManyRequestsException",
                json!({
                    "Reason": reason.to_string(), "Type": "User", "message": "Rate Exceeded."
                }),
            ),
            Self::FunctionFailed { reason } => {
                let message = format!(
                    "The operation cannot be performed at this time. The function is currently \
                     in the following state: Failed. {reason}"
                );
                let document = json!({"Type": "User", "message": message});
                (StatusCode::CONFLICT, "ResourceConflictException", document)
            }
            Self::Service(message) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "ServiceException",
                json!({"Type": "Service", "Message": message}),
            ),
            Self::Stopping => (
                StatusCode::SERVICE_UNAVAILABLE,
                "ServiceUnavailableException",
                json!({"Type": "Service", "Message": "Samovar is stopping."}),
            ),
            Self::NotServed { operation } => (
                StatusCode::NOT_FOUND,
                "UnknownOperationException",
                json!({"message": format!("Samovar does not serve Lambda's {operation} yet.")}),
            ),
            Self::UnknownOperation { method, path } => (
                StatusCode::NOT_FOUND,
                "UnknownOperationException",
                json!({"message": format!("{method} {path} is no operation of Lambda.")}),
            ),
        }
    }
}

fn too_large(error_type: &'static str, limit: usize) -> (StatusCode, &'static str, Value) {
    let message =
        format!("Request must be smaller than {limit} bytes for the InvokeFunction operation");
    let document = json!({"Type": "User", "message": message});
    (StatusCode::PAYLOAD_TOO_LARGE, error_type, document)
}

const ERROR_TYPE: http::HeaderName = http::HeaderName::from_static("x-amzn-errortype");
