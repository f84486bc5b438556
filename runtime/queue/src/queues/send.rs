//! `SendMessage` and `SendMessageBatch`.

use std::sync::Arc;

use uuid::Uuid;

use super::{
    Inner, Queues,
    queue::{Queue, State},
};
use crate::{
    BatchEntry, BatchResult, ErrorKind, QueueError, SendMessage, SentMessage,
    attributes::{DELAY_SECONDS, Settings, seconds_to_millis},
    commit::{Committed, Durability},
    core::{Accepted, DeduplicationKey, Group, Record, Seq},
    digest,
    store::{Content, Write},
    validate,
};

/// How many ended deduplications a send clears away at most: more than it makes.
const FORGOTTEN_AT_ONCE: usize = 20;

/// A message that was checked and only has to be stored.
struct Checked {
    content: Box<Content>,
    /// In milliseconds.
    delay: u64,
    group: Group,
    /// On FIFO queues.
    key: Option<DeduplicationKey>,
    sent: SentMessage,
}

impl Queues {
    /// `SendMessage`. The message is on the disk when this returns.
    ///
    /// On a FIFO queue, a message with the deduplication id of one that was accepted in the last
    /// five minutes is answered as that one was, and not sent. This holds across restarts.
    ///
    /// Dropping the future does not take the message back.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `MissingParameter`, `InvalidParameterValue`,
    /// `InvalidMessageContents`; `InternalFailure` when the disk fails, and then the message was
    /// not accepted.
    pub async fn send_message(
        &self,
        queue: &str,
        message: SendMessage,
    ) -> Result<SentMessage, QueueError> {
        let queue = self.queue(queue).await?;
        // Digests take longer than all that is done under the lock.
        let mut checked = [check(&queue.settings(), message)?];
        let committed = self.inner.store_messages(&queue, &mut queue.lock(), &mut checked)?;
        settled(committed).await?;
        let [Checked { sent, .. }] = checked;
        Ok(sent)
    }

    /// `SendMessageBatch`: up to ten messages in one commit. Entries that are not valid fail, the
    /// others are sent.
    ///
    /// # Errors
    ///
    /// Of the whole batch: `QueueDoesNotExist`, `EmptyBatchRequest`,
    /// `TooManyEntriesInBatchRequest`, `InvalidBatchEntryId`, `BatchEntryIdsNotDistinct`,
    /// `BatchRequestTooLong`, `InvalidParameterValue` (a FIFO message without group or
    /// deduplication id), `InternalFailure`.
    pub async fn send_message_batch(
        &self,
        queue: &str,
        entries: Vec<BatchEntry<SendMessage>>,
    ) -> Result<BatchResult<SentMessage>, QueueError> {
        let queue = self.queue(queue).await?;
        validate::batch(&entries, "SendMessageBatchRequestEntry")?;
        let mut result = BatchResult::default();
        let mut ids = Vec::with_capacity(entries.len());
        let mut messages = Vec::with_capacity(entries.len());
        let settings = queue.settings();
        check_fifo_batch(&settings, &entries)?;
        validate::batch_size(&entries)?;
        for BatchEntry { id, entry } in entries {
            match check(&settings, entry) {
                Ok(checked) => {
                    ids.push(id);
                    messages.push(checked);
                }
                Err(error) => result.failed.push(BatchEntry::new(id, error)),
            }
        }
        let committed = self.inner.store_messages(&queue, &mut queue.lock(), &mut messages)?;
        settled(committed).await?;
        let sent = messages.into_iter().map(|message| message.sent);
        result.successful =
            ids.into_iter().zip(sent).map(|(id, s)| BatchEntry::new(id, s)).collect();
        Ok(result)
    }
}

impl Inner {
    /// Hands messages to the store, and to the queue once they are on the disk. Duplicates are
    /// left out, and their answers made those of the originals; the commit waits for these too,
    /// should they be on their way to the disk.
    fn store_messages(
        &self,
        queue: &Arc<Queue>,
        state: &mut State,
        messages: &mut [Checked],
    ) -> Result<Committed, QueueError> {
        let core = state.core()?;
        let now = self.options.clock.now();
        let mut records = Vec::with_capacity(messages.len());
        let ended = core.deduplication.expire(now, FORGOTTEN_AT_ONCE);
        let mut writes: Vec<Write> =
            ended.into_iter().map(|seq| Write::Forget { key: queue.key(seq) }).collect();
        let mut submission = self.committer.begin();
        for Checked { content, delay, group, key, sent } in messages {
            if let Some((seq, original)) = key.and_then(|key| core.deduplication.find(&key, now)) {
                sent.message_id = Uuid::from_bytes(original.message_id).to_string();
                sent.sequence_number = Some(sequence_number(seq));
                continue;
            }
            let seq = submission.next_seq();
            let message_id = content.message_id;
            let accepted = key.map(|key| Accepted { key, message_id, at: now });
            if let Some(accepted) = accepted {
                core.deduplication.insert(seq, accepted);
                sent.sequence_number = Some(sequence_number(seq));
            }
            let record = Record::sent(now, *delay, *group);
            records.push((seq, record));
            let content = std::mem::take(content);
            writes.push(Write::Message { key: queue.key(seq), record, content, accepted });
        }
        let queue = Arc::clone(queue);
        let apply = move || queue.insert(records, now);
        Ok(submission.submit(writes, Durability::Disk, apply))
    }
}

/// `SequenceNumber`: 20 digits, as AWS's have.
pub(super) fn sequence_number(seq: Seq) -> String {
    (10_000_000_000_000_000_000 + u128::from(seq)).to_string()
}

/// Waits for a commit.
pub(super) async fn settled(committed: Committed) -> Result<(), QueueError> {
    committed.await.unwrap_or_else(|_| {
        Err(QueueError::new(ErrorKind::InternalFailure, "The queues are shutting down."))
    })
}

/// Of a batch, AWS refuses all when one message lacks an id, and always as
/// `InvalidParameterValue` (LocalStack's `test_sqs.snapshot.json`,
/// `test_send_batch_missing_message_group_id_for_fifo_queue`).
fn check_fifo_batch(
    settings: &Settings,
    entries: &[BatchEntry<SendMessage>],
) -> Result<(), QueueError> {
    if !settings.is_fifo() {
        return Ok(());
    }
    for BatchEntry { entry, .. } in entries {
        if entry.deduplication_id.is_none() && !settings.deduplicates_by_content() {
            return Err(no_deduplication_id());
        }
        if entry.group_id.is_none() {
            let text = QueueError::missing_parameter("MessageGroupId").message().to_owned();
            return Err(QueueError::new(ErrorKind::InvalidParameterValue, text));
        }
    }
    Ok(())
}

fn no_deduplication_id() -> QueueError {
    QueueError::new(
        ErrorKind::InvalidParameterValue,
        "The queue should either have ContentBasedDeduplication enabled or \
         MessageDeduplicationId provided explicitly",
    )
}

fn check(settings: &Settings, message: SendMessage) -> Result<Checked, QueueError> {
    validate::message(&message, settings.number("MaximumMessageSize"))?;
    let (delay, deduplication_id) = if settings.is_fifo() {
        (settings.number("DelaySeconds"), Some(check_fifo(settings, &message)?))
    } else {
        (check_standard(settings, &message)?, None)
    };
    let SendMessage { body, attributes, system_attributes, group_id, .. } = message;
    let scope = group_id.as_deref().filter(|_| settings.deduplicates_by_group());
    let message_id = Uuid::new_v4();
    let sent = SentMessage {
        message_id: message_id.to_string(),
        md5_of_body: digest::of_body(&body),
        md5_of_attributes: digest::of_attributes(&attributes),
        md5_of_system_attributes: digest::of_attributes(&system_attributes),
        sequence_number: None,
    };
    let group = group_id.as_deref().filter(|_| settings.is_fifo());
    Ok(Checked {
        delay: seconds_to_millis(delay),
        group: group.map_or(0, digest::of_group),
        key: deduplication_id.as_deref().map(|id| digest::of_deduplication(id, scope)),
        sent,
        content: Box::new(Content {
            message_id: message_id.into_bytes(),
            body,
            attributes,
            system_attributes,
            group_id,
            deduplication_id,
            dead_letter_source: None,
        }),
    })
}

/// Returns the delay, in seconds.
fn check_standard(settings: &Settings, message: &SendMessage) -> Result<i64, QueueError> {
    if let Some(id) = &message.deduplication_id {
        return Err(validate::of_other_type("MessageDeduplicationId", id));
    }
    validate::number(
        "DelaySeconds",
        message.delay_seconds,
        &DELAY_SECONDS,
        settings.number("DelaySeconds"),
        "DelaySeconds must be >= 0 and <= 900.",
    )
}

/// Returns the deduplication id, which may come from the content.
fn check_fifo(settings: &Settings, message: &SendMessage) -> Result<String, QueueError> {
    // A delay of 0 is the queue's business too, but AWS lets it pass.
    if let Some(delay) = message.delay_seconds.filter(|delay| *delay != 0) {
        return Err(validate::of_other_type("DelaySeconds", delay));
    }
    if message.group_id.is_none() {
        return Err(QueueError::missing_parameter("MessageGroupId"));
    }
    match &message.deduplication_id {
        Some(id) => Ok(id.clone()),
        None if settings.deduplicates_by_content() => Ok(digest::of_content(&message.body)),
        None => Err(no_deduplication_id()),
    }
}
