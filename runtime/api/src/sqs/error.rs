//! SQS's errors as both protocols tell them.

use http::StatusCode;
use samovar_queue::{ErrorKind, QueueError};

/// An error of an action, or of a request that is none.
#[derive(Debug)]
pub(crate) struct SqsError {
    pub(crate) status: StatusCode,
    /// `__type` with its namespace: `com.amazonaws.sqs#QueueDoesNotExist`.
    pub(crate) shape: String,
    /// The query protocol's code: `AWS.SimpleQueueService.NonExistentQueue`.
    pub(crate) query_code: &'static str,
    pub(crate) sender_fault: bool,
    pub(crate) message: String,
}

/// Shapes of SQS's service model.
const MODELLED: &str = "com.amazonaws.sqs";

/// Errors of AWS's front end.
const COMMON: &str = "com.amazon.coral.service";

impl SqsError {
    fn sender(namespace: &str, shape: &str, query_code: &'static str, message: String) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            shape: format!("{namespace}#{shape}"),
            query_code,
            sender_fault: true,
            message,
        }
    }

    /// A required member is not there.
    pub(crate) fn missing(member: &str) -> Self {
        QueueError::missing_parameter(member).into()
    }

    /// `QueueUrl` is not the URL of a queue.
    pub(crate) fn invalid_address(url: &str) -> Self {
        let message = format!("The address {url} is not valid for this endpoint.");
        Self::sender(MODELLED, "InvalidAddress", "InvalidAddress", message)
    }

    /// The body is not what the action takes.
    pub(crate) fn serialization(reason: impl Into<String>) -> Self {
        Self::sender(COMMON, "SerializationException", "MalformedInput", reason.into())
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

    /// `Action` names no action of SQS, or one that is not for the URL it was sent to.
    pub(crate) fn invalid_action(action: &str) -> Self {
        let message = format!("The action {action} is not valid for this endpoint.");
        Self::sender(COMMON, "UnknownOperationException", "InvalidAction", message)
    }

    /// A form without `Action`.
    pub(crate) fn missing_action() -> Self {
        let message = "The request must contain the parameter Action.".to_owned();
        Self::sender(COMMON, "MissingActionException", "MissingAction", message)
    }

    /// A message attribute has values in a list.
    pub(crate) fn attribute_lists() -> Self {
        let message = "Message attribute list values in SendMessage operation are not supported.";
        QueueError::new(ErrorKind::UnsupportedOperation, message).into()
    }

    /// The error as the query protocol tells it: AWS changed a status and a message when it moved
    /// to JSON. (The message: LocalStack's `test_sqs.py`, `test_get_on_deleted_queue_fails`,
    /// validated against AWS. The status: SQS API reference 2011-10-01, "Common Errors".)
    pub(crate) fn in_query(mut self) -> Self {
        match self.query_code {
            "AWS.SimpleQueueService.NonExistentQueue" => {
                self.message = "The specified queue does not exist for this wsdl version.".into();
            }
            "InvalidAddress" => self.status = StatusCode::NOT_FOUND,
            _ => {}
        }
        self
    }

    /// Who is to blame, in both protocols' word.
    pub(crate) fn fault(&self) -> &'static str {
        if self.sender_fault { "Sender" } else { "Receiver" }
    }
}

impl From<QueueError> for SqsError {
    fn from(error: QueueError) -> Self {
        let namespace = if error.is_modelled() { MODELLED } else { COMMON };
        Self {
            status: StatusCode::from_u16(error.http_status())
                .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            shape: format!("{namespace}#{}", error.code()),
            query_code: error.query_code(),
            sender_fault: error.is_sender_fault(),
            message: error.message().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes and statuses of both protocols: botocore 1.29 (query) and 1.43 (JSON),
    /// `sqs/2012-11-05/service-2.json`; the common errors: SQS API reference.
    #[test]
    fn every_error_has_its_names() {
        let prefix = "AWS.SimpleQueueService.";
        for (kind, status, shape, has_prefix) in [
            (ErrorKind::BatchEntryIdsNotDistinct, 400, "BatchEntryIdsNotDistinct", true),
            (ErrorKind::BatchRequestTooLong, 400, "BatchRequestTooLong", true),
            (ErrorKind::EmptyBatchRequest, 400, "EmptyBatchRequest", true),
            (ErrorKind::InvalidBatchEntryId, 400, "InvalidBatchEntryId", true),
            (ErrorKind::PurgeQueueInProgress, 403, "PurgeQueueInProgress", true),
            (ErrorKind::QueueDeletedRecently, 400, "QueueDeletedRecently", true),
            (ErrorKind::TooManyEntriesInBatchRequest, 400, "TooManyEntriesInBatchRequest", true),
            (ErrorKind::UnsupportedOperation, 400, "UnsupportedOperation", true),
            (ErrorKind::InvalidAttributeName, 400, "InvalidAttributeName", false),
            (ErrorKind::InvalidAttributeValue, 400, "InvalidAttributeValue", false),
            (ErrorKind::InvalidMessageContents, 400, "InvalidMessageContents", false),
            (ErrorKind::OverLimit, 403, "OverLimit", false),
            (ErrorKind::ReceiptHandleIsInvalid, 400, "ReceiptHandleIsInvalid", false),
            (ErrorKind::ResourceNotFound, 404, "ResourceNotFoundException", false),
        ] {
            let error = SqsError::from(QueueError::new(kind, "why"));
            let code = if has_prefix { format!("{prefix}{shape}") } else { shape.to_owned() };
            assert_eq!(error.shape, format!("com.amazonaws.sqs#{shape}"));
            assert_eq!((error.status.as_u16(), error.query_code), (status, code.as_str()));
            assert_eq!((error.fault(), error.message.as_str()), ("Sender", "why"));
        }
        for (kind, status, shape, query_code, fault) in [
            (
                ErrorKind::QueueDoesNotExist,
                400,
                "com.amazonaws.sqs#QueueDoesNotExist",
                "AWS.SimpleQueueService.NonExistentQueue",
                "Sender",
            ),
            (
                ErrorKind::QueueNameExists,
                400,
                "com.amazonaws.sqs#QueueNameExists",
                "QueueAlreadyExists",
                "Sender",
            ),
            (
                ErrorKind::InvalidParameterValue,
                400,
                "com.amazon.coral.service#InvalidParameterValueException",
                "InvalidParameterValue",
                "Sender",
            ),
            (
                ErrorKind::MissingParameter,
                400,
                "com.amazon.coral.service#MissingRequiredParameterException",
                "MissingParameter",
                "Sender",
            ),
            (
                ErrorKind::InternalFailure,
                500,
                "com.amazon.coral.service#InternalFailure",
                "InternalFailure",
                "Receiver",
            ),
        ] {
            let error = SqsError::from(QueueError::new(kind, "why"));
            assert_eq!(error.status.as_u16(), status);
            assert_eq!((error.shape.as_str(), error.query_code), (shape, query_code));
            assert_eq!(error.fault(), fault);
        }
    }
}
