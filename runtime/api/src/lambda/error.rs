//! Lambda's errors: a status, `x-amzn-ErrorType`, and a document with `Type` and a message.

use http::{Method, Response, StatusCode};
use samovar_dispatch::{Body, InvokeError, ThrottleReason};
use serde_json::{Value, json};

use crate::reply;

/// Lambda's limit of a synchronous event in bytes (Lambda guide, "Quotas").
pub(crate) const EVENT_LIMIT: usize = 6 * 1024 * 1024;

/// Why a request is refused. Statuses and names are the service model's (botocore,
/// `lambda/2015-03-31/service-2.json`), messages AWS's own where they are known.
#[derive(Debug)]
pub(crate) enum LambdaError {
    /// `ResourceNotFoundException`, with the function's ARN.
    FunctionNotFound { arn: String },
    /// `ResourceNotFoundException` for a call that names no function.
    NoFunctionNamed { functions: Vec<String> },
    /// `InvalidParameterValueException`.
    InvalidParameter(String),
    /// `InvalidRequestContentException`.
    InvalidContent(String),
    /// `RequestTooLargeException`.
    TooLarge,
    /// `TooManyRequestsException`.
    Throttled(ThrottleReason),
    /// `ResourceConflictException`: the function is there, but in the state `Failed`.
    FunctionFailed { reason: String },
    /// `ServiceException`.
    Service(&'static str),
    /// `ServiceUnavailableException`: Samovar is stopping.
    Stopping,
    /// No action of Lambda that Samovar has.
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
            Self::TooLarge => {
                let message = format!(
                    "Request must be smaller than {EVENT_LIMIT} bytes for the InvokeFunction \
                     operation"
                );
                let document = json!({"Type": "User", "message": message});
                (StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", document)
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
            Self::UnknownOperation { method, path } => (
                StatusCode::NOT_FOUND,
                "UnknownOperationException",
                json!({"message": format!("Samovar does not emulate {method} {path} yet.")}),
            ),
        }
    }
}

const ERROR_TYPE: http::HeaderName = http::HeaderName::from_static("x-amzn-errortype");
