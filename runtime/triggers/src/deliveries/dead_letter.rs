//! Where events go that were given up, and what is said of them there.

use samovar_queue::{AttributeValue, MessageAttribute, MessageAttributes, QueueError, SendMessage};
use serde::{Deserialize, Serialize};

use super::parcel::Parcel;
use super::{Failure, Shared};
use crate::topic;

/// A dead-letter queue, with what its sender writes beside an event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct DeadLetter {
    /// Name of the queue.
    pub(crate) queue: String,
    pub(crate) form: Form,
}

/// Which service writes the dead letter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Form {
    /// SNS (SNS guide, "Amazon SNS dead-letter queues"): the notification as a queue would get it.
    Notification,
    /// EventBridge (EventBridge guide, "Using dead-letter queues to process undelivered events"),
    /// and its Scheduler: what the function would have got.
    Event {
        /// ARN of the rule or schedule.
        rule: String,
        /// ARN of the function.
        target: String,
    },
}

impl Shared {
    /// Sends an event that was given up to its dead-letter queue, if it has one. A dead-letter
    /// queue that is gone, or does not take the event, is as none.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn give_up(
        &self,
        parcel: &Parcel,
        failure: &Failure,
    ) -> Result<(), QueueError> {
        let Some(dead_letter) = &parcel.label.dead_letter else { return Ok(()) };
        let message = match &dead_letter.form {
            Form::Notification => {
                let body = topic::queue_body(&parcel.payload);
                let attributes = of_notification(&failure.code, &failure.message);
                SendMessage { attributes, ..SendMessage::new(body) }
            }
            Form::Event { rule, target } => {
                let body = String::from_utf8_lossy(&parcel.payload);
                let attributes = of_target(rule, target, &failure.code, &failure.message);
                SendMessage { attributes, ..SendMessage::new(body) }
            }
        };
        match self.queues.send_message(&dead_letter.queue, message).await {
            Err(error) if !error.is_sender_fault() => Err(error),
            _ => Ok(()),
        }
    }
}

/// What stands beside a notification that could not be delivered.
pub(crate) fn of_notification(code: &str, message: &str) -> MessageAttributes {
    let request_id = uuid::Uuid::new_v4().to_string();
    attributes([
        ("RequestID", request_id),
        ("ErrorCode", code.to_owned()),
        ("ErrorMessage", message.to_owned()),
    ])
}

/// What stands beside an event that a rule or schedule could not hand over to its target. Here
/// that fails for good or not at all, so that nothing was retried.
pub(crate) fn of_target(rule: &str, target: &str, code: &str, message: &str) -> MessageAttributes {
    attributes([
        ("RULE_ARN", rule.to_owned()),
        ("TARGET_ARN", target.to_owned()),
        ("ERROR_CODE", code.to_owned()),
        ("ERROR_MESSAGE", message.to_owned()),
        ("RETRY_ATTEMPTS", "0".to_owned()),
    ])
}

/// Longest attribute in bytes; messages of functions may be much longer.
const MAX_ATTRIBUTE: usize = 1024;

fn attributes<const N: usize>(values: [(&str, String); N]) -> MessageAttributes {
    let values = values.into_iter().filter(|(_, value)| !value.is_empty());
    values.map(|(name, value)| (name.to_owned(), text(value))).collect()
}

fn text(mut value: String) -> MessageAttribute {
    value.truncate(value.floor_char_boundary(MAX_ATTRIBUTE));
    // SQS refuses these.
    value.retain(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r'));
    MessageAttribute { data_type: "String".into(), value: AttributeValue::String(value) }
}
