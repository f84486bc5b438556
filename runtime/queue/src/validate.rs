//! Checks of what callers send.

use std::{fmt::Display, ops::RangeInclusive};

use crate::{
    AttributeValue, BatchEntry, ErrorKind, MessageAttribute, MessageAttributes, QueueError,
    SendMessage, attributes::MAX_MESSAGE_BYTES,
};

/// The entries that a batch has at most.
const MAX_BATCH: usize = 10;
/// The attributes that a message has at most.
const MAX_ATTRIBUTES: usize = 10;

/// Checks the number of entries of a batch and their ids. `entry_shape` is the name of AWS's
/// shape, as `SendMessageBatchRequestEntry`.
pub(crate) fn batch<T>(entries: &[BatchEntry<T>], entry_shape: &str) -> Result<(), QueueError> {
    if entries.is_empty() {
        let message = format!("There should be at least one {entry_shape} in the request.");
        return Err(QueueError::new(ErrorKind::EmptyBatchRequest, message));
    }
    if entries.len() > MAX_BATCH {
        let message = format!(
            "Maximum number of entries per request are {MAX_BATCH}. You have sent {}.",
            entries.len()
        );
        return Err(QueueError::new(ErrorKind::TooManyEntriesInBatchRequest, message));
    }
    for (index, BatchEntry { id, .. }) in entries.iter().enumerate() {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if id.is_empty() || id.len() > 80 || !id.bytes().all(allowed) {
            return Err(QueueError::new(
                ErrorKind::InvalidBatchEntryId,
                "A batch entry id can only contain alphanumeric characters, hyphens and \
                 underscores. It can be at most 80 letters long.",
            ));
        }
        if entries[..index].iter().any(|other| other.id == *id) {
            let message = format!("Id {id} repeated.");
            return Err(QueueError::new(ErrorKind::BatchEntryIdsNotDistinct, message));
        }
    }
    Ok(())
}

/// Checks that the messages of a batch together are not too long.
pub(crate) fn batch_size(entries: &[BatchEntry<SendMessage>]) -> Result<(), QueueError> {
    let size: usize = entries.iter().map(|entry| message_size(&entry.entry)).sum();
    if size > MAX_MESSAGE_BYTES {
        let message = format!(
            "Batch requests cannot be longer than {MAX_MESSAGE_BYTES} bytes. \
             You have sent {size} bytes."
        );
        return Err(QueueError::new(ErrorKind::BatchRequestTooLong, message));
    }
    Ok(())
}

/// Checks a message for a queue with this `MaximumMessageSize`.
pub(crate) fn message(message: &SendMessage, max_bytes: i64) -> Result<(), QueueError> {
    if message.body.is_empty() {
        return Err(QueueError::missing_parameter("MessageBody"));
    }
    if i64::try_from(message_size(message)).is_ok_and(|size| size > max_bytes) {
        let text = format!(
            "One or more parameters are invalid. \
             Reason: Message must be shorter than {max_bytes} bytes."
        );
        return Err(QueueError::new(ErrorKind::InvalidParameterValue, text));
    }
    characters(&message.body)?;
    if message.attributes.len() > MAX_ATTRIBUTES {
        let text = format!(
            "Number of message attributes [{}] exceeds the allowed maximum [{MAX_ATTRIBUTES}].",
            message.attributes.len()
        );
        return Err(QueueError::new(ErrorKind::InvalidParameterValue, text));
    }
    attributes(&message.attributes)?;
    id("MessageDeduplicationId", message.deduplication_id.as_deref())?;
    id("MessageGroupId", message.group_id.as_deref())?;
    system_attributes(&message.system_attributes)
}

/// Checks a group, deduplication or attempt id.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
pub(crate) fn id(name: &str, id: Option<&str>) -> Result<(), QueueError> {
    let Some(id) = id else { return Ok(()) };
    if (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let reason = format!(
        "{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
    );
    Err(QueueError::invalid_parameter(name, id, &reason))
}

/// The error for a parameter that FIFO queues have and standard queues have not, or the other way
/// round.
pub(crate) fn of_other_type(name: &str, value: impl Display) -> QueueError {
    let reason = "The request include parameter that is not valid for this queue type.";
    QueueError::invalid_parameter(name, value, reason)
}

/// An optional number that must be in bounds; the default when it is absent.
pub(crate) fn number(
    name: &str,
    value: Option<i64>,
    bounds: &RangeInclusive<i64>,
    default: i64,
    reason: impl Display,
) -> Result<i64, QueueError> {
    let value = value.unwrap_or(default);
    if bounds.contains(&value) {
        return Ok(value);
    }
    Err(QueueError::invalid_parameter(name, value, &reason.to_string()))
}

/// The bytes of a message that count towards its limit: body, and names, types and values of
/// attributes. System attributes do not count.
fn message_size(message: &SendMessage) -> usize {
    let attribute = |(name, attribute): (&String, &MessageAttribute)| {
        let value = match &attribute.value {
            AttributeValue::String(value) => value.len(),
            AttributeValue::Binary(value) => value.len(),
        };
        name.len() + attribute.data_type.len() + value
    };
    message.body.len() + message.attributes.iter().map(attribute).sum::<usize>()
}

/// The characters of XML 1.0, which are all that a message may have.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
fn characters(text: &str) -> Result<(), QueueError> {
    // Of the characters below the space three are allowed, of those that UTF-8 can have and XML
    // not there are two more. Without an early end, the compiler looks at many bytes at a time.
    let is_control = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    let has_control = text.bytes().fold(false, |has, byte| has | is_control(byte));
    if !has_control && (text.is_ascii() || !text.contains(['\u{FFFE}', '\u{FFFF}'])) {
        return Ok(());
    }
    Err(QueueError::new(
        ErrorKind::InvalidMessageContents,
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to \
         #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
    ))
}

/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>
fn attributes(attributes: &MessageAttributes) -> Result<(), QueueError> {
    let invalid = |text: String| Err(QueueError::new(ErrorKind::InvalidParameterValue, text));
    for (name, MessageAttribute { data_type, value }) in attributes {
        if !is_attribute_name(name) {
            return invalid(format!(
                "The message attribute name '{name}' is invalid. It can contain alphanumeric \
                 characters, underscores, hyphens and periods, up to 256 of them, may not start \
                 or end with a period or have two in a row, and may not start with AWS. or \
                 Amazon."
            ));
        }
        let kind = data_type.split('.').next().unwrap_or_default();
        match (kind, value) {
            ("String" | "Number", AttributeValue::String(text)) => {
                if text.is_empty() {
                    return invalid(format!(
                        "Message (user) attribute '{name}' must contain a non-empty value of \
                         type 'String'."
                    ));
                }
                if kind == "Number" && text.parse::<f64>().is_err() {
                    return invalid(format!(
                        "Can't cast the value of message (user) attribute '{name}' to a number."
                    ));
                }
                characters(text)?;
            }
            ("Binary", AttributeValue::Binary(bytes)) if !bytes.is_empty() => {}
            ("String" | "Number" | "Binary", _) => {
                return invalid(format!(
                    "The message (user) attribute '{name}' must contain a non-empty value of \
                     its type '{data_type}'."
                ));
            }
            _ => {
                return invalid(format!(
                    "The type of message (user) attribute '{name}' is invalid. You must use only \
                     the following supported type prefixes: Binary, Number, String."
                ));
            }
        }
    }
    Ok(())
}

fn is_attribute_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let lower = name.to_ascii_lowercase();
    !name.is_empty()
        && name.len() <= 256
        && name.bytes().all(allowed)
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        && !lower.starts_with("aws.")
        && !lower.starts_with("amazon.")
}

fn system_attributes(attributes: &MessageAttributes) -> Result<(), QueueError> {
    for (name, attribute) in attributes {
        let is_string =
            matches!(&attribute.value, AttributeValue::String(text) if !text.is_empty());
        if name != "AWSTraceHeader" || attribute.data_type != "String" || !is_string {
            let text = format!(
                "Message system attribute name '{name}' is invalid: AWSTraceHeader of the type \
                 String is the only one."
            );
            return Err(QueueError::new(ErrorKind::InvalidParameterValue, text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_characters_of_xml() {
        // The rule as AWS's documentation writes it.
        let allowed = |c: char| {
            matches!(c, '\u{9}' | '\u{A}' | '\u{D}' | '\u{20}'..='\u{D7FF}')
                || matches!(c, '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
        };
        for c in '\0'..=char::MAX {
            let text = format!("text {c} \u{E9}");
            assert_eq!(characters(&text).is_ok(), allowed(c), "U+{:04X}", u32::from(c));
        }
        for c in '\0'..='\x7F' {
            assert_eq!(characters(&format!("text {c}")).is_ok(), allowed(c));
        }
    }
}
