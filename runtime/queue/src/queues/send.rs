//! `SendMessage` and `SendMessageBatch`.

use std::sync::Arc;

use uuid::Uuid;

use super::{Inner, Queues, queue::Queue};
use crate::{
    BatchEntry, BatchResult, ErrorKind, QueueError, SendMessage, SentMessage,
    attributes::{DELAY_SECONDS, seconds_to_millis},
    commit::{Committed, Durability},
    core::Record,
    digest,
    queues::queue::State,
    store::{Content, Write},
    validate,
};

/// A message that was checked and only has to be stored.
struct Checked {
    content: Box<Content>,
    /// In milliseconds.
    delay: u64,
    sent: SentMessage,
}

impl Queues {
    /// `SendMessage`. The message is on the disk when this returns.
    ///
    /// Dropping the future does not take the message back.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `MissingParameter`, `InvalidParameterValue`,
    /// `InvalidMessageContents`; `UnsupportedOperation` for a FIFO queue; `InternalFailure` when
    /// the disk fails, and then the message was not accepted.
    pub async fn send_message(
        &self,
        queue: &str,
        message: SendMessage,
    ) -> Result<SentMessage, QueueError> {
        let queue = self.inner.queue(queue).await?;
        let (sent, committed) = {
            let mut state = queue.lock();
            let Checked { content, delay, sent } = check(&state, message)?;
            (sent, self.inner.store_messages(&queue, &mut state, vec![(content, delay)])?)
        };
        settled(committed).await?;
        Ok(sent)
    }

    /// `SendMessageBatch`: up to ten messages in one commit. Entries that are not valid fail, the
    /// others are sent.
    ///
    /// # Errors
    ///
    /// Of the whole batch: `QueueDoesNotExist`, `EmptyBatchRequest`,
    /// `TooManyEntriesInBatchRequest`, `InvalidBatchEntryId`, `BatchEntryIdsNotDistinct`,
    /// `BatchRequestTooLong`, `UnsupportedOperation`, `InternalFailure`.
    pub async fn send_message_batch(
        &self,
        queue: &str,
        entries: Vec<BatchEntry<SendMessage>>,
    ) -> Result<BatchResult<SentMessage>, QueueError> {
        let queue = self.inner.queue(queue).await?;
        validate::batch(&entries, "SendMessageBatchRequestEntry")?;
        validate::batch_size(&entries)?;
        let mut result = BatchResult::default();
        let committed = {
            let mut state = queue.lock();
            refuse_fifo(&state)?;
            let mut messages = Vec::with_capacity(entries.len());
            for BatchEntry { id, entry } in entries {
                match check(&state, entry) {
                    Ok(Checked { content, delay, sent }) => {
                        messages.push((content, delay));
                        result.successful.push(BatchEntry::new(id, sent));
                    }
                    Err(error) => result.failed.push(BatchEntry::new(id, error)),
                }
            }
            self.inner.store_messages(&queue, &mut state, messages)?
        };
        settled(committed).await?;
        Ok(result)
    }
}

impl Inner {
    /// Hands messages with their delays to the store, and to the queue once they are on the disk.
    fn store_messages(
        &self,
        queue: &Arc<Queue>,
        state: &mut State,
        messages: Vec<(Box<Content>, u64)>,
    ) -> Result<Committed, QueueError> {
        state.core()?;
        let now = self.options.clock.now();
        let mut records = Vec::with_capacity(messages.len());
        let mut writes = Vec::with_capacity(messages.len());
        for (content, delay) in messages {
            let seq = self.next_seq();
            let record = Record {
                sent_at: now,
                visible_at: now.saturating_add(delay),
                first_received_at: 0,
                receive_count: 0,
            };
            records.push((seq, record));
            writes.push(Write::Message { key: queue.key(seq), record, content });
        }
        let queue = Arc::clone(queue);
        let apply = move || {
            queue.change(|state| {
                let purged_below = state.purged_below;
                // A queue that was deleted meanwhile does not need them.
                if let Ok(core) = state.core() {
                    for (seq, record) in records {
                        if seq >= purged_below {
                            core.insert(seq, record, now);
                        }
                    }
                }
            });
        };
        Ok(self.committer.submit(writes, Durability::Disk, apply))
    }
}

/// Waits for a commit.
pub(super) async fn settled(committed: Committed) -> Result<(), QueueError> {
    committed.await.unwrap_or_else(|_| {
        Err(QueueError::new(ErrorKind::InternalFailure, "The queues are shutting down."))
    })
}

fn refuse_fifo(state: &State) -> Result<(), QueueError> {
    if !state.settings.is_fifo() {
        return Ok(());
    }
    Err(QueueError::new(
        ErrorKind::UnsupportedOperation,
        "Samovar does not keep the order of FIFO queues yet and so takes no messages for them; \
         use a standard queue.",
    ))
}

fn check(state: &State, message: SendMessage) -> Result<Checked, QueueError> {
    refuse_fifo(state)?;
    validate::message(&message, state.settings.number("MaximumMessageSize"))?;
    let delay = validate::number(
        "DelaySeconds",
        message.delay_seconds,
        &DELAY_SECONDS,
        state.settings.number("DelaySeconds"),
        "DelaySeconds must be >= 0 and <= 900.",
    )?;
    if message.deduplication_id.is_some() {
        return Err(QueueError::invalid_parameter(
            "MessageDeduplicationId",
            message.deduplication_id.unwrap_or_default(),
            "The request include parameter that is not valid for this queue type.",
        ));
    }
    let message_id = Uuid::new_v4();
    let sent = SentMessage {
        message_id: message_id.to_string(),
        md5_of_body: digest::of_body(&message.body),
        md5_of_attributes: digest::of_attributes(&message.attributes),
        md5_of_system_attributes: digest::of_attributes(&message.system_attributes),
        sequence_number: None,
    };
    let content = Box::new(Content {
        message_id: message_id.into_bytes(),
        body: message.body,
        attributes: message.attributes,
        system_attributes: message.system_attributes,
        group_id: message.group_id,
        deduplication_id: message.deduplication_id,
        dead_letter_source: None,
    });
    Ok(Checked { content, delay: seconds_to_millis(delay), sent })
}
