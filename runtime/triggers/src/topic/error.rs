//! SNS's errors.

use samovar_queue::QueueError;
use thiserror::Error;

/// An error under AWS's code (API reference, "Publish" and "Common errors").
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{code}: {message}")]
pub struct TopicError {
    /// `InvalidParameter`, `NotFound` and so on.
    pub code: &'static str,
    /// The HTTP status of the answer.
    pub status: u16,
    /// AWS's message for people.
    pub message: String,
}

impl TopicError {
    fn new(code: &'static str, status: u16, message: impl Into<String>) -> Self {
        Self { code, status, message: message.into() }
    }

    /// `InvalidParameter`: what of the request is wrong.
    pub fn invalid(what: &str) -> Self {
        Self::new("InvalidParameter", 400, format!("Invalid parameter: {what}"))
    }

    /// `ParameterValueInvalid`: of message attributes.
    pub fn invalid_value(message: impl Into<String>) -> Self {
        Self::new("ParameterValueInvalid", 400, message)
    }

    /// `ValidationError`: a member that must be there is not.
    pub fn missing(member: &str) -> Self {
        let message = format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: \
             Member must not be null"
        );
        Self::new("ValidationError", 400, message)
    }

    /// `NotFound`: there is no such topic.
    pub fn not_found() -> Self {
        Self::new("NotFound", 404, "Topic does not exist")
    }

    /// `NotFound`: there is no such subscription.
    pub(super) fn no_subscription() -> Self {
        Self::new("NotFound", 404, "Subscription does not exist")
    }

    /// `TagLimitExceeded`.
    pub(super) fn tag_limit(message: &str) -> Self {
        Self::new("TagLimitExceeded", 400, message)
    }

    /// The same error as actions on tags have it: `ResourceNotFound`.
    pub(super) fn of_resource(self) -> Self {
        match self.status {
            404 => Self::new("ResourceNotFound", 404, "Resource does not exist"),
            _ => self,
        }
    }

    pub(super) fn batch(code: &'static str, message: &str) -> Self {
        Self::new(code, 400, message)
    }

    /// Whether the caller is at fault, and a retry is useless.
    pub fn is_sender_fault(&self) -> bool {
        self.status < 500
    }
}

impl From<QueueError> for TopicError {
    /// The store failed.
    fn from(error: QueueError) -> Self {
        Self::new("InternalError", 500, error.message())
    }
}
