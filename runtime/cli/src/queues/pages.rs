//! What Samovar's own pages on queues say (`samovar-api`, module `queues`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `GET /_samovar/queues`.
#[derive(Debug, Deserialize)]
pub(super) struct QueuesPage {
    /// By name, those of the default account and region first.
    pub(super) queues: Vec<Queue>,
}

/// A queue and its numbers.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Queue {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) arn: String,
    /// Its account, if account or region are not the default ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<String>,
    /// Its region, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) region: Option<String>,
    /// Can be received, or wait behind others of their group.
    pub(super) visible: u64,
    pub(super) in_flight: u64,
    pub(super) delayed: u64,
    /// In milliseconds since 1970.
    pub(super) oldest_sent_at: Option<u64>,
    /// The ARN of its dead-letter queue.
    pub(super) dead_letter_target: Option<String>,
    /// How many messages have come since it counts.
    pub(super) arrived: u64,
    /// How many have gone since then.
    pub(super) departed: u64,
}

impl Queue {
    /// Whether it is in the default account and region, where the tools work.
    pub(super) fn is_in_default_scope(&self) -> bool {
        self.account.is_none() && self.region.is_none()
    }

    /// Its name, with region and account where these are not the default ones.
    pub(super) fn title(&self) -> String {
        match (&self.region, &self.account) {
            (Some(region), Some(account)) => format!("{} ({region}, {account})", self.name),
            _ => self.name.clone(),
        }
    }

    /// How many messages it has.
    pub(super) fn messages(&self) -> u64 {
        self.visible.saturating_add(self.in_flight).saturating_add(self.delayed)
    }
}

/// `GET /_samovar/queues/NAME/messages`.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct MessagesPage {
    /// In the order in which they were accepted.
    pub(super) messages: Vec<Seen>,
}

/// A message and how it stands.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Seen {
    /// `visible`, `in-flight` or `delayed`.
    pub(super) state: String,
    /// In milliseconds since 1970.
    pub(super) visible_at: u64,
    pub(super) message: Message,
}

/// A message as SQS has it; the receipt handle, which is empty here, aside.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Message {
    pub(super) message_id: String,
    pub(super) body: String,
    /// `SentTimestamp` and so on.
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) message_attributes: BTreeMap<String, Attribute>,
}

/// A message attribute.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attribute {
    pub(super) data_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) string_value: Option<String>,
    /// Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) binary_value: Option<String>,
}
