//! One batch: invoke, judge, delete.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samovar_app::Function;
use samovar_dispatch::{Answer, Dispatcher, Event, Invocation, InvokeError, Source};
use samovar_queue::{BatchEntry, ChangeVisibility, Queues};
use tokio::time::{Instant, sleep};

use super::batch::Batch;
use super::verdict::{Verdict, verdict};

/// The first wait after a throttled invocation; it doubles up to [`BACK_OFF_LIMIT`].
const BACK_OFF: Duration = Duration::from_millis(100);
const BACK_OFF_LIMIT: Duration = Duration::from_secs(5);

/// How often a deletion is tried where the store fails.
const DELETE_ATTEMPTS: u32 = 5;

/// SQS's limit of entries in one request.
const BATCH_LIMIT: usize = 10;

/// Takes batches of one queue to one function.
pub(crate) struct Delivery {
    pub(crate) queue: String,
    pub(crate) report_batch_item_failures: bool,
    pub(crate) function: Arc<Function>,
    pub(crate) queues: Queues,
    pub(crate) dispatcher: Dispatcher,
}

/// How a batch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// The function did its work, on some of the messages at least.
    Done,
    /// The function failed, or never ran.
    Failed,
}

impl Delivery {
    /// Invokes the function and deletes what it has done with. The rest returns to the queue
    /// by itself: Lambda does not touch its visibility.
    pub(crate) async fn deliver(self: Arc<Self>, batch: Batch) -> Settled {
        let messages = batch.messages();
        let answer = match self.invoke(&batch).await {
            Ok(answer) => answer,
            Err(InvokeError::ShuttingDown) => {
                self.release(&batch).await;
                return Settled::Failed;
            }
            Err(_) => return Settled::Failed,
        };
        let ids = messages.iter().map(|message| message.message_id.as_str());
        let done: Vec<&str> = match verdict(&answer.result, ids, self.report_batch_item_failures) {
            Verdict::Failed => return Settled::Failed,
            Verdict::Done => messages.iter().map(|m| m.receipt_handle.as_str()).collect(),
            Verdict::Partly(failed) => messages
                .iter()
                .filter(|message| !failed.contains(&message.message_id))
                .map(|message| message.receipt_handle.as_str())
                .collect(),
        };
        for handles in done.chunks(BATCH_LIMIT) {
            self.delete(handles).await;
        }
        Settled::Done
    }

    /// A throttled invocation is repeated while the messages are still this batch's ("Lambda
    /// continues to retry the message until the message's timestamp exceeds your queue's
    /// visibility timeout").
    async fn invoke(&self, batch: &Batch) -> Result<Answer, InvokeError> {
        let event = Bytes::from(batch.event());
        let mut back_off = BACK_OFF;
        loop {
            let source =
                Source::Queue { queue: self.queue.clone(), messages: batch.messages().len() };
            let invocation = Invocation::new(Event::Bytes(event.clone()), source);
            match self.dispatcher.invoke(&self.function.name, invocation).await {
                Err(error @ InvokeError::Throttled { .. }) => {
                    let ends = batch.received() + self.visibility_timeout().await;
                    if Instant::now() + back_off >= ends {
                        return Err(error);
                    }
                    sleep(back_off).await;
                    back_off = (back_off * 2).min(BACK_OFF_LIMIT);
                }
                other => return other,
            }
        }
    }

    /// Deletes messages. A store that fails is asked again; what then remains will be delivered
    /// once more, as "at least once" allows.
    async fn delete(&self, handles: &[&str]) {
        let entries = handles.iter().enumerate();
        let mut entries: Vec<BatchEntry<String>> = entries
            .map(|(index, handle)| BatchEntry::new(index.to_string(), (*handle).to_owned()))
            .collect();
        let mut back_off = BACK_OFF;
        for _ in 0..DELETE_ATTEMPTS {
            match self.queues.delete_message_batch(&self.queue, entries.clone()).await {
                Ok(result) => {
                    let failed = result.failed.iter().filter(|one| !one.entry.is_sender_fault());
                    let failed: Vec<&str> = failed.map(|one| one.id.as_str()).collect();
                    entries.retain(|entry| failed.contains(&entry.id.as_str()));
                }
                Err(error) if error.is_sender_fault() => return,
                Err(_) => {}
            }
            if entries.is_empty() {
                return;
            }
            sleep(back_off).await;
            back_off *= 2;
        }
    }

    /// Makes the messages visible again: nobody has seen them.
    async fn release(&self, batch: &Batch) {
        for messages in batch.messages().chunks(BATCH_LIMIT) {
            let entries = messages.iter().enumerate().map(|(index, message)| {
                let receipt_handle = message.receipt_handle.clone();
                let change = ChangeVisibility { receipt_handle, visibility_timeout: 0 };
                BatchEntry::new(index.to_string(), change)
            });
            let entries = entries.collect();
            // If it fails they come back when their time is over.
            let _ = self.queues.change_message_visibility_batch(&self.queue, entries).await;
        }
    }

    /// Whether the function can take messages.
    pub(crate) fn can_run(&self) -> bool {
        self.dispatcher.door(&self.function).is_some()
    }

    /// Whether messages wait in the queue.
    pub(crate) async fn has_backlog(&self) -> bool {
        self.number("ApproximateNumberOfMessages").await.is_some_and(|waiting| waiting > 0)
    }

    async fn visibility_timeout(&self) -> Duration {
        Duration::from_secs(self.number("VisibilityTimeout").await.unwrap_or_default())
    }

    async fn number(&self, attribute: &str) -> Option<u64> {
        let names = [attribute.to_owned()];
        let attributes = self.queues.get_queue_attributes(&self.queue, &names).await.ok()?;
        attributes.get(attribute)?.parse().ok()
    }
}
