//! What callers give to and get from the queues, under SQS's names.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{QueueError, Timestamp};

/// Attributes of a queue as SQS's wire protocols carry them: name to decimal number, `true` or
/// `false`, or JSON (`RedrivePolicy`).
pub type Attributes = BTreeMap<String, String>;

/// A message's own attributes, by name.
pub type MessageAttributes = BTreeMap<String, MessageAttribute>;

/// One message attribute: a data type and a value.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageAttribute {
    /// `String`, `Number` or `Binary`, with an optional label: `Number.int`.
    pub data_type: String,
    /// The value, of the kind that `data_type` calls for.
    pub value: AttributeValue,
}

/// The value of a [`MessageAttribute`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttributeValue {
    /// `StringValue`: of the types `String` and `Number`.
    String(String),
    /// `BinaryValue`: of the type `Binary`; the raw bytes, not their base64.
    Binary(Bytes),
}

/// Input of [`Queues::send_message`](crate::Queues::send_message).
#[derive(Debug, Clone, Default)]
pub struct SendMessage {
    /// `MessageBody`: 1 byte up to the queue's `MaximumMessageSize`, attributes counted in, of
    /// the characters that XML 1.0 allows.
    pub body: String,
    /// `DelaySeconds`, 0 to 900; the queue's own when absent.
    pub delay_seconds: Option<i64>,
    /// `MessageAttributes`, at most ten.
    pub attributes: MessageAttributes,
    /// `MessageSystemAttributes`; SQS knows `AWSTraceHeader` alone.
    pub system_attributes: MessageAttributes,
    /// `MessageGroupId`: needed on a FIFO queue, kept and given back on a standard queue.
    pub group_id: Option<String>,
    /// `MessageDeduplicationId`: for FIFO queues.
    pub deduplication_id: Option<String>,
}

impl SendMessage {
    /// A message with this body and nothing else.
    pub fn new(body: impl Into<String>) -> Self {
        Self { body: body.into(), ..Self::default() }
    }
}

/// What SQS answers to a message that it has accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMessage {
    /// `MessageId`: a version 4 UUID.
    pub message_id: String,
    /// `MD5OfMessageBody`, 32 lower-case hexadecimal digits; AWS's SDKs verify it.
    pub md5_of_body: String,
    /// `MD5OfMessageAttributes`, absent when the message has none.
    pub md5_of_attributes: Option<String>,
    /// `MD5OfMessageSystemAttributes`, absent when the message has none.
    pub md5_of_system_attributes: Option<String>,
    /// `SequenceNumber`, on FIFO queues.
    pub sequence_number: Option<String>,
}

/// Input of [`Queues::receive_message`](crate::Queues::receive_message).
#[derive(Debug, Clone, Default)]
pub struct ReceiveMessage {
    /// `MaxNumberOfMessages`, 1 to 10; 1 when absent.
    pub max_number_of_messages: Option<i64>,
    /// `VisibilityTimeout` in seconds, 0 to 43200; the queue's own when absent.
    pub visibility_timeout: Option<i64>,
    /// `WaitTimeSeconds`, 0 to 20; the queue's `ReceiveMessageWaitTimeSeconds` when absent.
    pub wait_time_seconds: Option<i64>,
    /// `MessageSystemAttributeNames` (and the older `AttributeNames`): names or `All`.
    pub system_attribute_names: Vec<String>,
    /// `MessageAttributeNames`: names, prefixes as `foo.*`, or `All` or `.*`.
    pub attribute_names: Vec<String>,
    /// `ReceiveRequestAttemptId`, for FIFO queues.
    pub receive_request_attempt_id: Option<String>,
}

/// A received message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `MessageId`, the one its sender was told.
    pub message_id: String,
    /// `ReceiptHandle` of this receive.
    pub receipt_handle: String,
    /// `Body`.
    pub body: String,
    /// `MD5OfBody`.
    pub md5_of_body: String,
    /// `Attributes`: the system attributes that were asked for, as `SentTimestamp`.
    pub system_attributes: BTreeMap<String, String>,
    /// `MessageAttributes`: those that were asked for.
    pub attributes: MessageAttributes,
    /// `MD5OfMessageAttributes`: of those that are returned; absent when there are none.
    pub md5_of_attributes: Option<String>,
}

/// One entry of a batch, with the id that its result carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchEntry<T> {
    /// `Id`: 1 to 80 letters, digits, hyphens and underscores, distinct in the batch.
    pub id: String,
    /// The entry itself.
    pub entry: T,
}

impl<T> BatchEntry<T> {
    /// An entry of a batch.
    pub fn new(id: impl Into<String>, entry: T) -> Self {
        Self { id: id.into(), entry }
    }
}

/// The results of a batch: each entry is in exactly one of the two lists.
#[derive(Debug, Clone)]
pub struct BatchResult<T> {
    /// `Successful`, in the order of the request.
    pub successful: Vec<BatchEntry<T>>,
    /// `Failed`, in the order of the request.
    pub failed: Vec<BatchEntry<QueueError>>,
}

impl<T> Default for BatchResult<T> {
    fn default() -> Self {
        Self { successful: Vec::new(), failed: Vec::new() }
    }
}

/// One entry of [`Queues::change_message_visibility_batch`].
///
/// [`Queues::change_message_visibility_batch`]: crate::Queues::change_message_visibility_batch
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeVisibility {
    /// `ReceiptHandle`.
    pub receipt_handle: String,
    /// `VisibilityTimeout` in seconds from now, 0 to 43200.
    pub visibility_timeout: i64,
}

/// Input of [`Queues::start_message_move_task`](crate::Queues::start_message_move_task).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StartMessageMoveTask {
    /// `SourceArn`: a dead-letter queue.
    pub source_arn: String,
    /// `DestinationArn`; the queues where the messages failed when absent.
    pub destination_arn: Option<String>,
    /// `MaxNumberOfMessagesPerSecond`, 1 to 500; as fast as can be when absent.
    pub max_number_of_messages_per_second: Option<i64>,
}

/// A task of [`Queues::list_message_move_tasks`](crate::Queues::list_message_move_tasks).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageMoveTask {
    /// `TaskHandle`, while the task is running.
    pub task_handle: Option<String>,
    /// `Status`.
    pub status: MoveTaskStatus,
    /// `SourceArn`.
    pub source_arn: String,
    /// `DestinationArn`, if it was given.
    pub destination_arn: Option<String>,
    /// `MaxNumberOfMessagesPerSecond`, if it was given.
    pub max_number_of_messages_per_second: Option<i64>,
    /// `ApproximateNumberOfMessagesMoved`; exact.
    pub approximate_number_of_messages_moved: u64,
    /// `ApproximateNumberOfMessagesToMove`: what could be received when the task started.
    pub approximate_number_of_messages_to_move: u64,
    /// `FailureReason`, of a task that failed.
    pub failure_reason: Option<String>,
    /// `StartedTimestamp`.
    pub started_timestamp: Timestamp,
}

/// How a message move task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum MoveTaskStatus {
    /// It moves messages.
    Running,
    /// It was cancelled and is about to stop.
    Cancelling,
    /// It has stopped because it was cancelled.
    Cancelled,
    /// It has moved all it could.
    Completed,
    /// It could not go on.
    Failed,
}

impl MoveTaskStatus {
    /// The status in AWS's words: `RUNNING`, `CANCELLING` and so on.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Cancelling => "CANCELLING",
            Self::Cancelled => "CANCELLED",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }

    /// Whether the task has not ended.
    pub(crate) fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::Cancelling)
    }
}

/// A page of [`Queues::list_queues`](crate::Queues::list_queues).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueList {
    /// `QueueUrls`, in the order of the names.
    pub queue_urls: Vec<String>,
    /// `NextToken`: set when `max_results` was given and more queues follow.
    pub next_token: Option<String>,
}

/// A queue as [`Queues::view_queues`](crate::Queues::view_queues) shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueView {
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// Its ARN.
    pub arn: String,
    /// The twelve digits of its account.
    pub account_id: String,
    /// Its region.
    pub region: String,
    /// Whether account and region are the default ones.
    pub in_default_scope: bool,
    /// How many messages can be received, or wait behind others of their group.
    pub visible: usize,
    /// How many are received, and neither deleted nor timed out.
    pub in_flight: usize,
    /// How many were sent with a delay that has not ended.
    pub delayed: usize,
    /// When the oldest of them all was sent.
    pub oldest_sent_at: Option<Timestamp>,
    /// The ARN of its dead-letter queue.
    pub dead_letter_target: Option<String>,
    /// How many messages have come since the service runs, those that it began with counted in. A
    /// purge, or a failure of the disk, lets this and the next begin anew.
    pub arrived: u64,
    /// How many messages have gone since then: deleted, moved or expired.
    pub departed: u64,
}

/// A message as [`Queues::peek`](crate::Queues::peek) shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenMessage {
    /// What a receive would give, without a receipt: the handle is empty. `system_attributes` has
    /// all there are.
    pub message: Message,
    /// Whether it can be received.
    pub state: MessageState,
    /// When it can be received, or could be from.
    pub visible_at: Timestamp,
}

/// Whether a message can be received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageState {
    /// It can, or waits behind others of its group.
    Visible,
    /// It was received, and is neither deleted nor timed out.
    InFlight,
    /// It was sent with a delay that has not ended.
    Delayed,
}

impl MessageState {
    /// The state in a word: `visible`, `in-flight` or `delayed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::InFlight => "in-flight",
            Self::Delayed => "delayed",
        }
    }
}
