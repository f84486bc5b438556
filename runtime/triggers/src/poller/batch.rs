//! The messages of one invocation.

use std::collections::HashSet;

use samovar_queue::Message;
use tokio::time::Instant;

use super::record::{self, FRAME_BYTES};

/// Lambda's limit of an event (Lambda guide, "Using Lambda with Amazon SQS": a batch ends when
/// its payload reaches 6 MB).
const EVENT_LIMIT: usize = 6 * 1024 * 1024;

/// A received message, and the record that the function gets of it.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) message: Message,
    pub(crate) record: Vec<u8>,
    /// When: its visibility timeout runs since then.
    pub(crate) at: Instant,
}

/// Messages with their records. Never empty when it leaves the
/// [`Collector`](super::collect::Collector).
#[derive(Debug)]
pub(crate) struct Batch {
    messages: Vec<Message>,
    records: Vec<Vec<u8>>,
    bytes: usize,
    received: Instant,
}

impl Batch {
    pub(crate) fn new() -> Self {
        Self {
            messages: Vec::new(),
            records: Vec::new(),
            bytes: FRAME_BYTES,
            received: Instant::now(),
        }
    }

    /// Whether a record keeps the event within its limit. The first always does: alone it
    /// cannot be made smaller.
    pub(crate) fn admits(&self, one: &Received) -> bool {
        self.messages.is_empty() || self.bytes + one.record.len() < EVENT_LIMIT
    }

    pub(crate) fn push(&mut self, one: Received) {
        if self.messages.is_empty() {
            self.received = one.at;
        }
        self.bytes += one.record.len() + 1;
        self.messages.push(one.message);
        self.records.push(one.record);
    }

    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub(crate) fn into_messages(self) -> Vec<Message> {
        self.messages
    }

    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// When its first message was received.
    pub(crate) fn received(&self) -> Instant {
        self.received
    }

    /// Takes out the messages of these groups.
    pub(crate) fn remove_groups(&mut self, groups: &HashSet<String>) -> Vec<Message> {
        let mut removed = Vec::new();
        let all = std::mem::take(&mut self.messages).into_iter();
        for (message, record) in all.zip(std::mem::take(&mut self.records)) {
            if group(&message).is_some_and(|group| groups.contains(group)) {
                removed.push(message);
            } else {
                self.messages.push(message);
                self.records.push(record);
            }
        }
        removed
    }

    /// The event's JSON.
    pub(crate) fn event(&self) -> Vec<u8> {
        record::event(self.records.iter().map(Vec::as_slice))
    }
}

/// `MessageGroupId`.
pub(crate) fn group(message: &Message) -> Option<&str> {
    message.system_attributes.get("MessageGroupId").map(String::as_str)
}
