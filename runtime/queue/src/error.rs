//! Errors, under AWS's codes.

use std::{io, path::PathBuf};

use crate::store::StoreError;

/// What kind of error an operation of SQS ended with.
///
/// The names are those of the shapes in AWS's service model (`botocore/data/sqs/2012-11-05`) and
/// of the common errors
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are AWS's own and say it all")]
pub enum ErrorKind {
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InternalFailure,
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidBatchEntryId,
    InvalidMessageContents,
    InvalidParameterValue,
    MissingParameter,
    OverLimit,
    PurgeQueueInProgress,
    QueueDeletedRecently,
    QueueDoesNotExist,
    QueueNameExists,
    ReceiptHandleIsInvalid,
    ResourceNotFound,
    TooManyEntriesInBatchRequest,
    UnsupportedOperation,
}

/// An error of a queue operation, with all that both wire protocols say about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}", code = self.query_code())]
pub struct QueueError {
    kind: ErrorKind,
    message: String,
}

impl QueueError {
    /// An error of this kind, with AWS's message for people.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// The parameter of this name is not there.
    #[must_use]
    pub fn missing_parameter(name: &str) -> Self {
        let message = format!("The request must contain the parameter {name}.");
        Self::new(ErrorKind::MissingParameter, message)
    }

    pub(crate) fn invalid_parameter(
        name: &str,
        value: impl std::fmt::Display,
        reason: &str,
    ) -> Self {
        let message = format!("Value {value} for parameter {name} is invalid. Reason: {reason}");
        Self::new(ErrorKind::InvalidParameterValue, message)
    }

    pub(crate) fn no_such_queue() -> Self {
        Self::new(ErrorKind::QueueDoesNotExist, "The specified queue does not exist.")
    }

    /// The store did not take or give something: the disk is full or broken.
    pub(crate) fn store(error: &StoreError) -> Self {
        let message = format!("The queues' store failed ({error}); try again.");
        Self::new(ErrorKind::InternalFailure, message)
    }

    /// What happened, to branch on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The code of the JSON protocol: the name of the error's shape (`QueueDoesNotExist`).
    ///
    /// AWS sends it as `__type`, behind the prefix `com.amazonaws.sqs#` for the errors that the
    /// service models and `com.amazon.coral.service#` for the common ones
    /// ([`is_modelled`](Self::is_modelled)).
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.kind {
            ErrorKind::BatchEntryIdsNotDistinct => "BatchEntryIdsNotDistinct",
            ErrorKind::BatchRequestTooLong => "BatchRequestTooLong",
            ErrorKind::EmptyBatchRequest => "EmptyBatchRequest",
            ErrorKind::InternalFailure => "InternalFailure",
            ErrorKind::InvalidAttributeName => "InvalidAttributeName",
            ErrorKind::InvalidAttributeValue => "InvalidAttributeValue",
            ErrorKind::InvalidBatchEntryId => "InvalidBatchEntryId",
            ErrorKind::InvalidMessageContents => "InvalidMessageContents",
            ErrorKind::InvalidParameterValue => "InvalidParameterValueException",
            ErrorKind::MissingParameter => "MissingRequiredParameterException",
            ErrorKind::OverLimit => "OverLimit",
            ErrorKind::PurgeQueueInProgress => "PurgeQueueInProgress",
            ErrorKind::QueueDeletedRecently => "QueueDeletedRecently",
            ErrorKind::QueueDoesNotExist => "QueueDoesNotExist",
            ErrorKind::QueueNameExists => "QueueNameExists",
            ErrorKind::ReceiptHandleIsInvalid => "ReceiptHandleIsInvalid",
            ErrorKind::ResourceNotFound => "ResourceNotFoundException",
            ErrorKind::TooManyEntriesInBatchRequest => "TooManyEntriesInBatchRequest",
            ErrorKind::UnsupportedOperation => "UnsupportedOperation",
        }
    }

    /// The code of the query protocol, which the JSON protocol repeats in the header
    /// `x-amzn-query-error` (`AWS.SimpleQueueService.NonExistentQueue`), and batch entries in
    /// their `Code`.
    #[must_use]
    pub fn query_code(&self) -> &'static str {
        match self.kind {
            ErrorKind::BatchEntryIdsNotDistinct => {
                "AWS.SimpleQueueService.BatchEntryIdsNotDistinct"
            }
            ErrorKind::BatchRequestTooLong => "AWS.SimpleQueueService.BatchRequestTooLong",
            ErrorKind::EmptyBatchRequest => "AWS.SimpleQueueService.EmptyBatchRequest",
            ErrorKind::InvalidBatchEntryId => "AWS.SimpleQueueService.InvalidBatchEntryId",
            ErrorKind::InvalidParameterValue => "InvalidParameterValue",
            ErrorKind::MissingParameter => "MissingParameter",
            ErrorKind::PurgeQueueInProgress => "AWS.SimpleQueueService.PurgeQueueInProgress",
            ErrorKind::QueueDeletedRecently => "AWS.SimpleQueueService.QueueDeletedRecently",
            ErrorKind::QueueDoesNotExist => "AWS.SimpleQueueService.NonExistentQueue",
            ErrorKind::QueueNameExists => "QueueAlreadyExists",
            ErrorKind::TooManyEntriesInBatchRequest => {
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
            }
            ErrorKind::UnsupportedOperation => "AWS.SimpleQueueService.UnsupportedOperation",
            _ => self.code(),
        }
    }

    /// Whether SQS's service model has a shape for this error; the others are the common errors
    /// of AWS's front end.
    #[must_use]
    pub fn is_modelled(&self) -> bool {
        !matches!(
            self.kind,
            ErrorKind::InternalFailure
                | ErrorKind::InvalidParameterValue
                | ErrorKind::MissingParameter
        )
    }

    /// Whether the caller is at fault (`SenderFault`, HTTP 400) and a retry is useless.
    #[must_use]
    pub fn is_sender_fault(&self) -> bool {
        self.kind != ErrorKind::InternalFailure
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self.kind {
            ErrorKind::InternalFailure => 500,
            ErrorKind::OverLimit | ErrorKind::PurgeQueueInProgress => 403,
            ErrorKind::ResourceNotFound => 404,
            _ => 400,
        }
    }

    /// AWS's message for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// Why the queues' state could not be opened. Every message names the directory and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process holds the directory.
    #[error(
        "the queues in {} are in use by another samovar: stop it, or give this one a directory \
         of its own",
        .path.display()
    )]
    InUse {
        /// The directory of the queues.
        path: PathBuf,
    },
    /// The directory cannot be made, read or written.
    #[error("cannot use {} for the queues: {source}: make it a writable directory", .path.display())]
    Io {
        /// The directory of the queues.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Changes that were acknowledged are not there any more: a journal was damaged.
    #[error(
        "the queues in {} have lost at least {commits} acknowledged changes{place}, and are left \
         as they are: restore the directory from a copy, or delete {} to go on with what is left",
        .path.display(),
        .mark.display()
    )]
    Lost {
        /// The directory of the queues.
        path: PathBuf,
        /// How many commits are missing at least; each holds one or more changes.
        commits: u64,
        /// Where in the journal they should be, if that is known: ` from byte 7 of 0.jnl on`.
        place: String,
        /// The file that says what should be there.
        mark: PathBuf,
    },
    /// Two queues have one name in one account and region: one was made for these, the other for
    /// the default ones when these were others.
    #[error(
        "the queues in {} have two named {name} in the region {region} of the account \
         {account_id}, since one was made when another region was the default: start samovar with \
         that region as before and delete one of them, or give this one a directory of its own",
        .path.display()
    )]
    SameName {
        /// The directory of the queues.
        path: PathBuf,
        /// The name of the queues.
        name: String,
        /// The twelve digits of the account.
        account_id: String,
        /// The region.
        region: String,
    },
    /// The files are there but not what this version wrote.
    #[error(
        "the queues in {} cannot be read ({reason}): restore the directory from a copy, or \
         delete it to start with empty queues",
        .path.display()
    )]
    Corrupt {
        /// The directory of the queues.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}
