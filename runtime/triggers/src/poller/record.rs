//! A queue's message as the record that Lambda makes of it.
//!
//! Lambda guide, "Using Lambda with Amazon SQS"; fields as recorded from AWS in LocalStack's
//! `test_lambda_integration_sqs.snapshot.json` (2023).

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use samovar_queue::{AttributeValue, Message, MessageAttribute};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'m> {
    message_id: &'m str,
    receipt_handle: &'m str,
    body: &'m str,
    attributes: SystemAttributes<'m>,
    message_attributes: BTreeMap<&'m str, Attribute<'m>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    md5_of_message_attributes: Option<Option<&'m str>>,
    md5_of_body: &'m str,
    event_source: &'static str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'m str,
    aws_region: &'m str,
}

/// The system attributes in the order in which AWS writes them; what is not named follows.
struct SystemAttributes<'m>(&'m BTreeMap<String, String>);

const ATTRIBUTE_ORDER: [&str; 8] = [
    "ApproximateReceiveCount",
    "AWSTraceHeader",
    "SentTimestamp",
    "SequenceNumber",
    "MessageGroupId",
    "SenderId",
    "MessageDeduplicationId",
    "ApproximateFirstReceiveTimestamp",
];

impl Serialize for SystemAttributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for name in ATTRIBUTE_ORDER {
            if let Some(value) = self.0.get(name) {
                map.serialize_entry(name, value)?;
            }
        }
        for (name, value) in self.0.iter().filter(|(n, _)| !ATTRIBUTE_ORDER.contains(&n.as_str())) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attribute<'m> {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<&'m str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
    string_list_values: [&'static str; 0],
    binary_list_values: [&'static str; 0],
    data_type: &'m str,
}

impl<'m> From<&'m MessageAttribute> for Attribute<'m> {
    fn from(attribute: &'m MessageAttribute) -> Self {
        let (string_value, binary_value) = match &attribute.value {
            AttributeValue::String(text) => (Some(text.as_str()), None),
            AttributeValue::Binary(bytes) => (None, Some(STANDARD.encode(bytes))),
        };
        Self {
            string_value,
            binary_value,
            string_list_values: [],
            binary_list_values: [],
            data_type: &attribute.data_type,
        }
    }
}

/// Where a mapping's messages come from, and how.
#[derive(Debug)]
pub(crate) struct Origin {
    /// The queue's ARN.
    pub(crate) queue_arn: String,
    /// The queue's region.
    pub(crate) region: String,
    /// Whether the mapping has a batching window. Lambda then writes the digest of a message
    /// without attributes as `null`, and else not at all.
    pub(crate) windowed: bool,
}

/// One record's JSON.
pub(crate) fn record(message: &Message, origin: &Origin) -> Vec<u8> {
    let attributes = message.attributes.iter();
    let record = Record {
        message_id: &message.message_id,
        receipt_handle: &message.receipt_handle,
        body: &message.body,
        attributes: SystemAttributes(&message.system_attributes),
        message_attributes: attributes.map(|(name, one)| (name.as_str(), one.into())).collect(),
        md5_of_message_attributes: match message.md5_of_attributes.as_deref() {
            None if !origin.windowed => None,
            digest => Some(digest),
        },
        md5_of_body: &message.md5_of_body,
        event_source: "aws:sqs",
        event_source_arn: &origin.queue_arn,
        aws_region: &origin.region,
    };
    // Strings and maps with string keys only: this cannot fail.
    serde_json::to_vec(&record).unwrap_or_default()
}

/// `{"Records":[…]}`.
pub(crate) fn event<'r>(records: impl IntoIterator<Item = &'r [u8]>) -> Vec<u8> {
    let mut event = br#"{"Records":["#.to_vec();
    for (index, record) in records.into_iter().enumerate() {
        if index > 0 {
            event.push(b',');
        }
        event.extend_from_slice(record);
    }
    event.extend_from_slice(b"]}");
    event
}

/// What [`event`] adds to its records: the frame, and a comma for each.
pub(crate) const FRAME_BYTES: usize = br#"{"Records":[]}"#.len();

#[cfg(test)]
mod tests;
