//! What is published, and its limits.

use samovar_queue::{AttributeValue, MessageAttributes};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::error::TopicError;
use super::served::Served;

/// The most bytes of a message with its attributes, and of a batch (SNS guide, "Amazon SNS
/// quotas": 256 KiB).
pub(super) const MAX_BYTES: usize = 256 * 1024;

/// Longest subject in characters (API reference, "Publish").
const MAX_SUBJECT: usize = 100;

/// Longest attribute name in bytes.
const MAX_NAME: usize = 256;

/// One message to a topic: the parameters of `Publish`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publication {
    /// `Message`.
    pub message: String,
    /// `Subject`.
    pub subject: Option<String>,
    /// `MessageStructure`: `json` for a message of its own for each protocol.
    pub structure: Option<String>,
    /// `MessageAttributes`, of the types `String`, `String.Array`, `Number` and `Binary`.
    pub attributes: MessageAttributes,
    /// `MessageGroupId`: needed on a FIFO topic, passed on by a standard one.
    pub group_id: Option<String>,
    /// `MessageDeduplicationId`: for FIFO topics.
    pub deduplication_id: Option<String>,
}

/// What is answered to a message that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// `MessageId`: a version 4 UUID.
    pub message_id: String,
    /// `SequenceNumber`, on FIFO topics: 20 digits.
    pub sequence_number: Option<String>,
}

impl Published {
    pub(super) fn new(sequence_number: Option<String>) -> Self {
        Self { message_id: uuid::Uuid::new_v4().to_string(), sequence_number }
    }
}

impl Publication {
    /// Its size in bytes, attributes counted in.
    pub(super) fn size(&self) -> usize {
        let attributes = self.attributes.iter().map(|(name, attribute)| {
            let value = match &attribute.value {
                AttributeValue::String(text) => text.len(),
                AttributeValue::Binary(bytes) => bytes.len(),
            };
            name.len() + attribute.data_type.len() + value
        });
        self.message.len() + attributes.sum::<usize>()
    }

    /// Checks what does not depend on the topic.
    pub(super) fn check(&self) -> Result<(), TopicError> {
        if let Some(subject) = &self.subject {
            let is_valid = (1..=MAX_SUBJECT).contains(&subject.chars().count())
                && !subject.starts_with(char::is_whitespace)
                && !subject.contains(char::is_control);
            if !is_valid {
                return Err(TopicError::invalid("Subject"));
            }
        }
        if self.message.is_empty() {
            return Err(TopicError::invalid("Empty message"));
        }
        if self.size() > MAX_BYTES {
            return Err(TopicError::invalid("Message too long"));
        }
        match self.structure.as_deref() {
            None | Some("") => {}
            Some("json") => self.check_json()?,
            Some(_) => return Err(TopicError::invalid("MessageStructure")),
        }
        self.check_attributes()
    }

    /// SNS guide, "Publishing Amazon SNS notifications with platform-specific payloads".
    fn check_json(&self) -> Result<(), TopicError> {
        let Some(Value::Object(messages)) = serde_json::from_str(&self.message).ok() else {
            let reason = "Message Structure - JSON message body failed to parse";
            return Err(TopicError::invalid(reason));
        };
        if !messages.get("default").is_some_and(Value::is_string) {
            let reason = "Message Structure - No default entry in JSON message body";
            return Err(TopicError::invalid(reason));
        }
        Ok(())
    }

    /// SNS guide, "Amazon SNS message attributes".
    fn check_attributes(&self) -> Result<(), TopicError> {
        for (name, attribute) in &self.attributes {
            let kind = attribute.data_type.as_str();
            let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let dotted = name.starts_with('.') || name.ends_with('.') || name.contains("..");
            if name.len() > MAX_NAME {
                let reason = "Length of message attribute name must be less than 256 bytes.";
                return Err(TopicError::invalid_value(reason));
            }
            if name.is_empty() || dotted || !name.chars().all(is_valid) {
                let reason = format!("Invalid non-alphanumeric character in attribute `{name}`.");
                return Err(TopicError::invalid_value(reason));
            }
            if !matches!(kind, "String" | "String.Array" | "Number" | "Binary") {
                return Err(TopicError::invalid_value(format!(
                    "The message attribute '{name}' has an invalid message attribute type, the \
                     set of supported type prefixes is Binary, Number, and String."
                )));
            }
            let (is_binary, is_empty) = match &attribute.value {
                AttributeValue::String(text) => (false, text.is_empty()),
                AttributeValue::Binary(bytes) => (true, bytes.is_empty()),
            };
            if is_empty {
                return Err(TopicError::invalid_value(format!(
                    "The message attribute '{name}' must contain non-empty message attribute \
                     value for message attribute type '{kind}'."
                )));
            }
            if is_binary != (kind == "Binary") {
                let field = if kind == "Binary" { "Binary" } else { "String" };
                return Err(TopicError::invalid_value(format!(
                    "The message attribute '{name}' with type '{kind}' must use field '{field}'."
                )));
            }
            if let AttributeValue::String(text) = &attribute.value
                && kind == "Number"
                && text.parse::<f64>().is_err()
            {
                return Err(TopicError::invalid_value(format!(
                    "Could not cast message attribute '{name}' value to number."
                )));
            }
        }
        Ok(())
    }

    /// Checks what the topic must have and must not have.
    pub(super) fn check_for(&self, topic: &Served) -> Result<(), TopicError> {
        if !topic.is_fifo {
            if self.deduplication_id.is_some() {
                return Err(TopicError::invalid(
                    "MessageDeduplicationId Reason: The request includes MessageDeduplicationId \
                     parameter that is not valid for this topic type",
                ));
            }
            return Ok(());
        }
        if self.group_id.is_none() {
            let reason = "The MessageGroupId parameter is required for FIFO topics";
            return Err(TopicError::invalid(reason));
        }
        if self.deduplication_id.is_none() && !topic.deduplicates_by_content() {
            return Err(TopicError::invalid(
                "The topic should either have ContentBasedDeduplication enabled or \
                 MessageDeduplicationId provided explicitly",
            ));
        }
        let is_id = |id: &Option<String>| {
            let is_valid = |c: char| c.is_ascii_graphic();
            id.as_ref().is_none_or(|id| (1..=128).contains(&id.len()) && id.chars().all(is_valid))
        };
        if !is_id(&self.group_id) {
            return Err(TopicError::invalid("MessageGroupId"));
        }
        if !is_id(&self.deduplication_id) {
            return Err(TopicError::invalid("MessageDeduplicationId"));
        }
        Ok(())
    }

    /// The deduplication id: the one that was given, or the SHA-256 of the message.
    pub(super) fn deduplication(&self) -> String {
        self.deduplication_id.clone().unwrap_or_else(|| {
            Sha256::digest(&self.message).iter().map(|byte| format!("{byte:02x}")).collect()
        })
    }

    /// The message for a protocol.
    pub(super) fn message_for(&self, protocol: &str) -> String {
        if self.structure.as_deref() == Some("json")
            && let Ok(Value::Object(messages)) = serde_json::from_str(&self.message)
            && let Some(Value::String(message)) =
                messages.get(protocol).filter(|v| v.is_string()).or(messages.get("default"))
        {
            return message.clone();
        }
        self.message.clone()
    }
}
