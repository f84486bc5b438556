//! The service: SQS's actions over the queues of one directory.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use crate::{
    Attributes, BatchEntry, BatchResult, ChangeVisibility, Clock, Message, OpenError, QueueError,
    QueueList, ReceiveMessage, SendMessage, SentMessage, SystemClock,
};

/// How [`Queues::open`] sets the service up.
#[derive(Clone)]
pub struct Options {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Keep nothing: the messages live in a temporary directory that goes with the service, and
    /// sends do not wait for the disk. The given directory is not touched.
    pub ephemeral: bool,
    /// The twelve digits in queue URLs and ARNs.
    pub account_id: String,
    /// The region in ARNs.
    pub region: String,
    /// Scheme, host and port in queue URLs, without a slash at the end.
    pub endpoint: String,
}

impl Default for Options {
    /// System clock, durable, account `000000000000`, `us-east-1`, `http://127.0.0.1:9000`.
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ephemeral: false,
            account_id: "000000000000".into(),
            region: "us-east-1".into(),
            endpoint: "http://127.0.0.1:9000".into(),
        }
    }
}

/// The queues of one directory. Clones are cheap and share everything; the directory is freed
/// when the last one is dropped.
#[derive(Clone)]
pub struct Queues {}

#[expect(clippy::unused_async, unused_variables, reason = "signatures first")]
impl Queues {
    /// Opens the queues kept in `dir`, which is made when missing.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        todo!()
    }
    /// `CreateQueue`: returns the URL. Idempotent for equal attributes, else `QueueNameExists`.
    pub async fn create_queue(
        &self,
        name: &str,
        attributes: &Attributes,
        tags: &BTreeMap<String, String>,
    ) -> Result<String, QueueError> {
        todo!()
    }
    /// Makes the queue or gives an existing one exactly these attributes (those not named go
    /// back to their defaults), keeping its messages. Returns the URL.
    pub async fn ensure_queue(
        &self,
        name: &str,
        attributes: &Attributes,
    ) -> Result<String, QueueError> {
        todo!()
    }
    /// `DeleteQueue`.
    pub async fn delete_queue(&self, queue: &str) -> Result<(), QueueError> {
        todo!()
    }
    /// `PurgeQueue`.
    pub async fn purge_queue(&self, queue: &str) -> Result<(), QueueError> {
        todo!()
    }
    /// `ListQueues`.
    pub async fn list_queues(
        &self,
        prefix: Option<&str>,
        max_results: Option<i64>,
        next_token: Option<&str>,
    ) -> Result<QueueList, QueueError> {
        todo!()
    }
    /// `GetQueueUrl`.
    pub async fn get_queue_url(&self, queue: &str) -> Result<String, QueueError> {
        todo!()
    }
    /// `GetQueueAttributes`: names or `All`.
    pub async fn get_queue_attributes(
        &self,
        queue: &str,
        names: &[String],
    ) -> Result<Attributes, QueueError> {
        todo!()
    }
    /// `SetQueueAttributes`.
    pub async fn set_queue_attributes(
        &self,
        queue: &str,
        attributes: &Attributes,
    ) -> Result<(), QueueError> {
        todo!()
    }
    /// `SendMessage`.
    pub async fn send_message(
        &self,
        queue: &str,
        message: SendMessage,
    ) -> Result<SentMessage, QueueError> {
        todo!()
    }
    /// `SendMessageBatch`.
    pub async fn send_message_batch(
        &self,
        queue: &str,
        entries: Vec<BatchEntry<SendMessage>>,
    ) -> Result<BatchResult<SentMessage>, QueueError> {
        todo!()
    }
    /// `ReceiveMessage`. Cancel-safe: a dropped future has taken nothing.
    pub async fn receive_message(
        &self,
        queue: &str,
        input: ReceiveMessage,
    ) -> Result<Vec<Message>, QueueError> {
        todo!()
    }
    /// `DeleteMessage`.
    pub async fn delete_message(
        &self,
        queue: &str,
        receipt_handle: &str,
    ) -> Result<(), QueueError> {
        todo!()
    }
    /// `DeleteMessageBatch`: entries are receipt handles.
    pub async fn delete_message_batch(
        &self,
        queue: &str,
        entries: Vec<BatchEntry<String>>,
    ) -> Result<BatchResult<()>, QueueError> {
        todo!()
    }
    /// `ChangeMessageVisibility`.
    pub async fn change_message_visibility(
        &self,
        queue: &str,
        change: ChangeVisibility,
    ) -> Result<(), QueueError> {
        todo!()
    }
    /// `ChangeMessageVisibilityBatch`.
    pub async fn change_message_visibility_batch(
        &self,
        queue: &str,
        entries: Vec<BatchEntry<ChangeVisibility>>,
    ) -> Result<BatchResult<()>, QueueError> {
        todo!()
    }
    /// The URL that a queue of this name has, whether it exists or not.
    #[must_use]
    pub fn url(&self, queue: &str) -> String {
        todo!()
    }
    /// The ARN that a queue of this name has, whether it exists or not.
    #[must_use]
    pub fn arn(&self, queue: &str) -> String {
        todo!()
    }
}
