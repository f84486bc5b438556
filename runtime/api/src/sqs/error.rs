//! SQS's errors as both protocols tell them.

use http::StatusCode;
use samovar_queue::QueueError;

/// An error of an action, or of a request that is none.
#[derive(Debug)]
pub(crate) struct SqsError {
    pub(crate) status: StatusCode,
    /// `__type` with its namespace: `com.amazonaws.sqs#QueueDoesNotExist`.
    pub(crate) shape: String,
    /// The query protocol's code: `AWS.SimpleQueueService.NonExistentQueue`.
    pub(crate) query_code: String,
    pub(crate) sender_fault: bool,
    pub(crate) message: String,
}

/// Shapes of SQS's service model.
const MODELLED: &str = "com.amazonaws.sqs";

/// Errors of AWS's front end.
const COMMON: &str = "com.amazon.coral.service";

impl SqsError {
    fn sender(namespace: &str, shape: &str, query_code: &str, message: String) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            shape: format!("{namespace}#{shape}"),
            query_code: query_code.to_owned(),
            sender_fault: true,
            message,
        }
    }

    /// A required member is not there.
    pub(crate) fn missing(member: &str) -> Self {
        let message = format!("The request must contain the parameter {member}.");
        Self::sender(COMMON, "MissingRequiredParameterException", "MissingParameter", message)
    }

    /// `QueueUrl` is not the URL of a queue.
    pub(crate) fn invalid_address(url: &str) -> Self {
        let message = format!("The address {url} is not valid for this endpoint.");
        Self::sender(MODELLED, "InvalidAddress", "InvalidAddress", message)
    }

    /// The body is not the JSON document that the action takes.
    pub(crate) fn serialization(reason: &str) -> Self {
        let message = format!("The request is not a valid JSON document: {reason}");
        Self::sender(COMMON, "SerializationException", "MalformedInput", message)
    }

    /// The body is larger than any valid one.
    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("Request must be smaller than {limit} bytes");
        Self {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            ..Self::sender(COMMON, "RequestEntityTooLargeException", "RequestTooLarge", message)
        }
    }

    /// `X-Amz-Target` names no action of SQS.
    pub(crate) fn unknown_operation(target: &str) -> Self {
        let message = format!(
            "{target:?} is not an operation of SQS, and SQS is the only service of this protocol \
             that Samovar emulates."
        );
        Self::sender(COMMON, "UnknownOperationException", "InvalidAction", message)
    }

    /// SQS has the action, Samovar does not.
    pub(crate) fn not_emulated(action: &str) -> Self {
        let message = format!("Samovar does not emulate {action} yet.");
        let query_code = "AWS.SimpleQueueService.UnsupportedOperation";
        Self::sender(MODELLED, "UnsupportedOperation", query_code, message)
    }

    /// A message attribute has values in a list.
    pub(crate) fn attribute_lists() -> Self {
        let message = "Message attribute list values in SendMessage operation are not supported.";
        let query_code = "AWS.SimpleQueueService.UnsupportedOperation";
        Self::sender(MODELLED, "UnsupportedOperation", query_code, message.to_owned())
    }
}

impl From<QueueError> for SqsError {
    fn from(error: QueueError) -> Self {
        let namespace = if error.is_modelled() { MODELLED } else { COMMON };
        Self {
            status: StatusCode::from_u16(error.http_status())
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            shape: format!("{namespace}#{}", error.code()),
            query_code: error.query_code().to_owned(),
            sender_fault: error.is_sender_fault(),
            message: error.message().to_owned(),
        }
    }
}
