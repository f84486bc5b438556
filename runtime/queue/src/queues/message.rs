//! What a receiver sees of a message: the attributes that were asked for.

use uuid::Uuid;

use super::{Inner, queue::Queue, send::sequence_number};
use crate::{
    AttributeValue, Attributes, Message, MessageAttributes,
    core::{Record, Seq},
    digest,
    receipt::Receipt,
    store::Content,
};

/// The system attributes that a receive can ask for.
///
/// `SqsManagedSseEnabled` is among AWS's by an oversight (it is an attribute of queues); asking
/// for it is allowed and gives nothing.
pub(super) const SYSTEM_ATTRIBUTES: [&str; 11] = [
    "All",
    "AWSTraceHeader",
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "DeadLetterQueueSourceArn",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SenderId",
    "SentTimestamp",
    "SequenceNumber",
    "SqsManagedSseEnabled",
];

/// Names of attributes to return.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// Of the message itself, out of [`SYSTEM_ATTRIBUTES`].
    pub(super) system: Vec<String>,
    /// Of its sender: names, prefixes as `foo.*`, or `All` or `.*`.
    pub(super) own: Vec<String>,
}

impl Inner {
    /// A message as its receiver gets it, with its record since it was taken. `fifo` is the type
    /// of the queue.
    pub(super) fn message(
        &self,
        queue: &Queue,
        fifo: bool,
        (seq, record): (Seq, Record),
        content: Content,
        wanted: &Wanted,
    ) -> Message {
        let Record { sent_at, first_received_at, receive_count, .. } = record;
        let receipt = Receipt { queue: queue.id, seq, receive_count };
        let first_received = (first_received_at > 0).then(|| first_received_at.to_string());
        let attributes = own(content.attributes, &wanted.own);
        let system_attributes: Attributes = [
            ("AWSTraceHeader", trace(&content.system_attributes)),
            ("ApproximateFirstReceiveTimestamp", first_received),
            ("ApproximateReceiveCount", Some(receive_count.to_string())),
            ("DeadLetterQueueSourceArn", content.dead_letter_source),
            ("MessageDeduplicationId", content.deduplication_id),
            ("MessageGroupId", content.group_id),
            ("SenderId", Some(queue.scope.account_id().to_owned())),
            ("SentTimestamp", Some(sent_at.to_string())),
            ("SequenceNumber", fifo.then(|| sequence_number(seq))),
        ]
        .into_iter()
        .filter(|(name, _)| wanted.system.iter().any(|wanted| wanted == "All" || wanted == name))
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
        Message {
            message_id: Uuid::from_bytes(content.message_id).to_string(),
            receipt_handle: receipt.encode(),
            md5_of_body: digest::of_body(&content.body),
            body: content.body,
            system_attributes,
            md5_of_attributes: digest::of_attributes(&attributes),
            attributes,
        }
    }
}

fn trace(system_attributes: &MessageAttributes) -> Option<String> {
    match &system_attributes.get("AWSTraceHeader")?.value {
        AttributeValue::String(value) => Some(value.clone()),
        AttributeValue::Binary(_) => None,
    }
}

/// Those of a message's attributes that are named.
fn own(attributes: MessageAttributes, names: &[String]) -> MessageAttributes {
    let wanted = |attribute: &str| {
        names.iter().any(|name| match name.strip_suffix(".*") {
            Some(prefix) => attribute.starts_with(prefix),
            None => name == "All" || name == attribute,
        })
    };
    attributes.into_iter().filter(|(name, _)| wanted(name)).collect()
}
