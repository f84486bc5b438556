//! What never changes about a message as long as it is in its queue.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::MessageAttributes;

/// A message as it was sent. Encoded with postcard: the order of the fields is the format.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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

/// What becomes of a message that goes to another queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Passage {
    /// It has failed too often in the queue with this ARN.
    ToDeadLetters { source_arn: String, fifo: bool },
    /// It is tried again, as a new message with this id.
    Redriven { message_id: [u8; 16] },
}

impl Content {
    /// The message in the queue that it comes to.
    ///
    /// In a FIFO dead-letter queue its message id is its deduplication id, so that two messages
    /// which happened to have the same one are both kept:
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html>
    pub(crate) fn passed(mut self, passage: Passage) -> Self {
        match passage {
            Passage::ToDeadLetters { source_arn, fifo } => {
                self.dead_letter_source = Some(source_arn);
                if fifo {
                    self.deduplication_id = Some(Uuid::from_bytes(self.message_id).to_string());
                }
            }
            Passage::Redriven { message_id } => {
                self.message_id = message_id;
                self.dead_letter_source = None;
            }
        }
        self
    }
}
