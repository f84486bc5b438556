//! Messages and their attributes as the service model writes them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use samovar_queue::{
    AttributeValue, Message, MessageAttribute, MessageAttributes, SendMessage, SentMessage,
};
use serde::{Deserialize, Serialize};

use super::error::SqsError;
use super::required;

/// `MessageAttributeValue`.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttributeShape {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<String>,
    /// Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    binary_value: Option<String>,
    #[serde(default, skip_serializing)]
    string_list_values: Vec<String>,
    #[serde(default, skip_serializing)]
    binary_list_values: Vec<String>,
    data_type: Option<String>,
}

pub(crate) type AttributeShapes = BTreeMap<String, AttributeShape>;

impl AttributeShape {
    fn attribute(self, name: &str) -> Result<MessageAttribute, SqsError> {
        if !self.string_list_values.is_empty() || !self.binary_list_values.is_empty() {
            return Err(SqsError::attribute_lists());
        }
        let member = format!("MessageAttributes.{name}.DataType");
        let data_type = required(self.data_type, &member)?;
        let value = match (self.string_value, self.binary_value) {
            (Some(text), _) => AttributeValue::String(text),
            (None, Some(encoded)) => {
                let bytes = STANDARD.decode(encoded).map_err(|error| {
                    SqsError::serialization(format!(
                        "BinaryValue of {name:?} is not base64: {error}"
                    ))
                })?;
                AttributeValue::Binary(bytes.into())
            }
            // The queue says what is missing, by the type.
            (None, None) if data_type.starts_with("Binary") => {
                AttributeValue::Binary(Default::default())
            }
            (None, None) => AttributeValue::String(String::new()),
        };
        Ok(MessageAttribute { data_type, value })
    }
}

impl From<MessageAttribute> for AttributeShape {
    fn from(attribute: MessageAttribute) -> Self {
        let (string_value, binary_value) = match attribute.value {
            AttributeValue::String(text) => (Some(text), None),
            AttributeValue::Binary(bytes) => (None, Some(STANDARD.encode(bytes))),
        };
        Self {
            string_value,
            binary_value,
            string_list_values: Vec::new(),
            binary_list_values: Vec::new(),
            data_type: Some(attribute.data_type),
        }
    }
}

fn attributes(shapes: Option<AttributeShapes>) -> Result<MessageAttributes, SqsError> {
    let shapes = shapes.unwrap_or_default().into_iter();
    let attribute = |(name, shape): (String, AttributeShape)| {
        let attribute = shape.attribute(&name)?;
        Ok((name, attribute))
    };
    shapes.map(attribute).collect()
}

/// What `SendMessage` and an entry of `SendMessageBatch` have in common.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MessageShape {
    message_body: Option<String>,
    delay_seconds: Option<i64>,
    message_attributes: Option<AttributeShapes>,
    message_system_attributes: Option<AttributeShapes>,
    message_deduplication_id: Option<String>,
    message_group_id: Option<String>,
}

impl MessageShape {
    pub(crate) fn message(self) -> Result<SendMessage, SqsError> {
        Ok(SendMessage {
            body: required(self.message_body, "MessageBody")?,
            delay_seconds: self.delay_seconds,
            attributes: attributes(self.message_attributes)?,
            system_attributes: attributes(self.message_system_attributes)?,
            group_id: self.message_group_id,
            deduplication_id: self.message_deduplication_id,
        })
    }
}

/// What is answered to a message, alone or in a batch.
#[derive(Serialize)]
pub(crate) struct SentShape {
    #[serde(rename = "MD5OfMessageBody")]
    md5_of_body: String,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_attributes: Option<String>,
    #[serde(rename = "MD5OfMessageSystemAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_system_attributes: Option<String>,
    #[serde(rename = "MessageId")]
    message_id: String,
    #[serde(rename = "SequenceNumber", skip_serializing_if = "Option::is_none")]
    sequence_number: Option<String>,
}

impl From<SentMessage> for SentShape {
    fn from(sent: SentMessage) -> Self {
        Self {
            md5_of_body: sent.md5_of_body,
            md5_of_attributes: sent.md5_of_attributes,
            md5_of_system_attributes: sent.md5_of_system_attributes,
            message_id: sent.message_id,
            sequence_number: sent.sequence_number,
        }
    }
}

/// `Message`.
#[derive(Serialize)]
pub(crate) struct ReceivedShape {
    #[serde(rename = "MessageId")]
    message_id: String,
    #[serde(rename = "ReceiptHandle")]
    receipt_handle: String,
    #[serde(rename = "MD5OfBody")]
    md5_of_body: String,
    #[serde(rename = "Body")]
    body: String,
    #[serde(rename = "Attributes", skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<String, String>,
    #[serde(rename = "MD5OfMessageAttributes", skip_serializing_if = "Option::is_none")]
    md5_of_attributes: Option<String>,
    #[serde(rename = "MessageAttributes", skip_serializing_if = "BTreeMap::is_empty")]
    message_attributes: AttributeShapes,
}

impl From<Message> for ReceivedShape {
    fn from(message: Message) -> Self {
        let attributes = message.attributes.into_iter();
        Self {
            message_id: message.message_id,
            receipt_handle: message.receipt_handle,
            md5_of_body: message.md5_of_body,
            body: message.body,
            attributes: message.system_attributes,
            md5_of_attributes: message.md5_of_attributes,
            message_attributes: attributes.map(|(name, one)| (name, one.into())).collect(),
        }
    }
}
