//! A message as queues and functions get it.
//!
//! SNS guide, "Fanout to Amazon SQS queues" (the JSON in a queue's message); Lambda guide,
//! "Invoking Lambda functions with Amazon SNS notifications" (the event).
//!
//! The signature is none: Samovar has no certificate of AWS's, and neither queues nor functions
//! look at it. The URLs have AWS's form and lead nowhere here.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use samovar_queue::AttributeValue;
use serde::{Deserialize, Serialize};

use super::publication::{Publication, Published};
use super::subscriber::Subscriber;

/// AWS's own stand-in for a signature in its examples.
const SIGNATURE: &str = "EXAMPLE";

/// One message for one subscriber. Serialized, it is the `Sns` of an event's record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Notification {
    #[serde(rename = "Type")]
    kind: String,
    message_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sequence_number: Option<String>,
    topic_arn: String,
    subject: Option<String>,
    message: String,
    timestamp: String,
    signature_version: String,
    signature: String,
    signing_cert_url: String,
    unsubscribe_url: String,
    message_attributes: BTreeMap<String, Attribute>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Attribute {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Value")]
    value: String,
}

/// `{"Records":[…]}`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event<N> {
    records: [Record<N>; 1],
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Record<N> {
    event_source: String,
    event_version: String,
    event_subscription_arn: String,
    sns: N,
}

impl Notification {
    pub(super) fn new(
        region: &str,
        topic_arn: &str,
        publication: &Publication,
        published: &Published,
        timestamp: &str,
        subscriber: &Subscriber,
    ) -> Self {
        let host = format!("https://sns.{region}.amazonaws.com");
        let attributes = publication.attributes.iter().map(|(name, attribute)| {
            let value = match &attribute.value {
                AttributeValue::String(text) => text.clone(),
                AttributeValue::Binary(bytes) => STANDARD.encode(bytes),
            };
            (name.clone(), Attribute { kind: attribute.data_type.clone(), value })
        });
        Self {
            kind: "Notification".into(),
            message_id: published.message_id.clone(),
            sequence_number: published.sequence_number.clone(),
            topic_arn: topic_arn.to_owned(),
            subject: publication.subject.clone(),
            message: publication.message_for(&subscriber.protocol),
            timestamp: timestamp.to_owned(),
            signature_version: "1".into(),
            signature: SIGNATURE.into(),
            signing_cert_url: format!("{host}/SimpleNotificationService-{:032}.pem", 0),
            unsubscribe_url: format!(
                "{host}/?Action=Unsubscribe&SubscriptionArn={}",
                subscriber.arn
            ),
            message_attributes: attributes.collect(),
        }
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// The event of a function.
    pub(super) fn lambda_event(&self, subscription_arn: &str) -> Vec<u8> {
        let record = Record {
            event_source: "aws:sns".into(),
            event_version: "1.0".into(),
            event_subscription_arn: subscription_arn.to_owned(),
            sns: self,
        };
        // Strings and maps with string keys only: this cannot fail.
        serde_json::to_vec(&Event { records: [record] }).unwrap_or_default()
    }

    /// The message of a queue, spaced as AWS spaces it.
    pub(super) fn queue_body(&self) -> String {
        let fields = [
            ("Type", Some(&self.kind)),
            ("MessageId", Some(&self.message_id)),
            ("SequenceNumber", self.sequence_number.as_ref()),
            ("TopicArn", Some(&self.topic_arn)),
            ("Subject", self.subject.as_ref()),
            ("Message", Some(&self.message)),
            ("Timestamp", Some(&self.timestamp)),
            ("SignatureVersion", Some(&self.signature_version)),
            ("Signature", Some(&self.signature)),
            ("SigningCertURL", Some(&self.signing_cert_url)),
            ("UnsubscribeURL", Some(&self.unsubscribe_url)),
        ];
        let line = |(name, value): (&str, Option<&String>)| {
            Some(format!("  \"{name}\" : {}", quoted(value?)))
        };
        let mut lines: Vec<String> = fields.into_iter().filter_map(line).collect();
        if !self.message_attributes.is_empty() {
            let attributes = self.message_attributes.iter().map(|(name, attribute)| {
                let Attribute { kind, value } = attribute;
                let (kind, value) = (quoted(kind), quoted(value));
                format!("    {} : {{\"Type\":{kind},\"Value\":{value}}}", quoted(name))
            });
            let attributes: Vec<String> = attributes.collect();
            let joined = attributes.join(",\n");
            lines.push(format!("  \"MessageAttributes\" : {{\n{joined}\n  }}"));
        }
        format!("{{\n{}\n}}", lines.join(",\n"))
    }
}

/// Text as JSON.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The message of a queue, out of the event of a function. What is no such event stays as it is.
pub(crate) fn queue_body(event: &[u8]) -> String {
    match serde_json::from_slice::<Event<Notification>>(event) {
        Ok(Event { records: [record] }) => record.sns.queue_body(),
        Err(_) => String::from_utf8_lossy(event).into_owned(),
    }
}
