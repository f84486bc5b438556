//! What never changes about a message.

use serde::{Deserialize, Serialize};

use crate::MessageAttributes;

/// A message as it was sent. Encoded with postcard: the order of the fields is the format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) message_id: [u8; 16],
    pub(crate) body: String,
    pub(crate) attributes: MessageAttributes,
    pub(crate) system_attributes: MessageAttributes,
    pub(crate) group_id: Option<String>,
    pub(crate) deduplication_id: Option<String>,
    /// The ARN of the queue that it failed in, when it is in a dead-letter queue.
    pub(crate) dead_letter_source: Option<String>,
}
