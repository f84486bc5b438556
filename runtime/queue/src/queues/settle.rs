//! What a receiver does with a message: `DeleteMessage`, `ChangeMessageVisibility` and their
//! batches.

use super::{
    Queues,
    queue::{Queue, State},
    send::settled,
};
use crate::{
    BatchEntry, BatchResult, ChangeVisibility, QueueError, Timestamp,
    attributes::{VISIBILITY_SECONDS, seconds_to_millis},
    commit::Durability,
    core::Unsettled,
    receipt::Receipt,
    store::Write,
    validate,
};

/// How long after a receive its message can be hidden at most, in milliseconds.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html>
const MAX_VISIBILITY: u64 = 12 * 60 * 60 * 1000;

impl Queues {
    /// `DeleteMessage`, by the handle of the newest receive. On a standard queue it may be late:
    /// the visibility timeout may have ended, and with an older handle it succeeds and does
    /// nothing, as on AWS. On a FIFO queue both are errors. When the message has gone, it succeeds.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `MissingParameter`, `ReceiptHandleIsInvalid`,
    /// `InvalidParameterValue` (an expired handle of a FIFO queue), `InternalFailure`.
    pub async fn delete_message(
        &self,
        queue: &str,
        receipt_handle: &str,
    ) -> Result<(), QueueError> {
        self.settle(queue, |queue, state, now| delete(queue, state, now, receipt_handle)).await
    }

    /// `DeleteMessageBatch`: the entries are receipt handles.
    ///
    /// # Errors
    ///
    /// Of the whole batch: those of [`send_message_batch`](Self::send_message_batch), sizes aside.
    pub async fn delete_message_batch(
        &self,
        queue: &str,
        entries: Vec<BatchEntry<String>>,
    ) -> Result<BatchResult<()>, QueueError> {
        self.settle_batch(
            queue,
            "DeleteMessageBatchRequestEntry",
            entries,
            |queue, state, now, receipt_handle| delete(queue, state, now, receipt_handle),
        )
        .await
    }

    /// `ChangeMessageVisibility`: the message is hidden for that long from now on; for 0 seconds,
    /// it can be received again at once. On a standard queue any handle of the message will do,
    /// even after its visibility timeout, as on AWS.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `MissingParameter`, `ReceiptHandleIsInvalid`,
    /// `InvalidParameterValue` (also for a message that has gone, for an expired handle of a FIFO
    /// queue, and for more than 12 hours since the receive), `InternalFailure`.
    pub async fn change_message_visibility(
        &self,
        queue: &str,
        change: ChangeVisibility,
    ) -> Result<(), QueueError> {
        self.settle(queue, |queue, state, now| change_visibility(queue, state, now, &change)).await
    }

    /// `ChangeMessageVisibilityBatch`.
    ///
    /// # Errors
    ///
    /// Of the whole batch: those of [`send_message_batch`](Self::send_message_batch), sizes aside.
    pub async fn change_message_visibility_batch(
        &self,
        queue: &str,
        entries: Vec<BatchEntry<ChangeVisibility>>,
    ) -> Result<BatchResult<()>, QueueError> {
        self.settle_batch(
            queue,
            "ChangeMessageVisibilityBatchRequestEntry",
            entries,
            change_visibility,
        )
        .await
    }

    /// Changes the state of one message and stores it. Nothing to write waits for earlier writes
    /// all the same: when a message has gone, its removal may still be on its way to the disk.
    async fn settle(
        &self,
        queue: &str,
        work: impl FnOnce(&Queue, &mut State, Timestamp) -> Result<Option<Write>, QueueError>,
    ) -> Result<(), QueueError> {
        let queue = self.queue(queue).await?;
        let now = self.inner.options.clock.now();
        let committed = queue.change(|state| {
            let write = work(&queue, state, now)?;
            let writes = write.into_iter().collect();
            Ok::<_, QueueError>(self.inner.committer.submit(writes, Durability::Disk, || {}))
        })?;
        settled(committed).await
    }

    /// As [`settle`](Self::settle), for several messages in one commit.
    async fn settle_batch<T>(
        &self,
        queue: &str,
        entry_shape: &str,
        entries: Vec<BatchEntry<T>>,
        work: impl Fn(&Queue, &mut State, Timestamp, &T) -> Result<Option<Write>, QueueError>,
    ) -> Result<BatchResult<()>, QueueError> {
        let queue = self.queue(queue).await?;
        validate::batch(&entries, entry_shape)?;
        let now = self.inner.options.clock.now();
        let mut result = BatchResult::default();
        let committed = queue.change(|state| {
            state.core()?;
            let mut writes = Vec::with_capacity(entries.len());
            for BatchEntry { id, entry } in entries {
                match work(&queue, state, now, &entry) {
                    Ok(write) => {
                        writes.extend(write);
                        result.successful.push(BatchEntry::new(id, ()));
                    }
                    Err(error) => result.failed.push(BatchEntry::new(id, error)),
                }
            }
            Ok::<_, QueueError>(self.inner.committer.submit(writes, Durability::Disk, || {}))
        })?;
        settled(committed).await?;
        Ok(result)
    }
}

fn delete(
    queue: &Queue,
    state: &mut State,
    now: Timestamp,
    receipt_handle: &str,
) -> Result<Option<Write>, QueueError> {
    let core = state.core()?;
    let Receipt { seq, receive_count, .. } = Receipt::decode(receipt_handle, queue.id)?;
    match core.delete(seq, receive_count, now) {
        Ok(()) => Ok(Some(Write::Remove { key: queue.key(seq) })),
        Err(Unsettled::Gone | Unsettled::Outdated) => Ok(None),
        Err(Unsettled::Expired) => Err(unsettled(receipt_handle, Unsettled::Expired)),
    }
}

fn change_visibility(
    queue: &Queue,
    state: &mut State,
    now: Timestamp,
    change: &ChangeVisibility,
) -> Result<Option<Write>, QueueError> {
    let core = state.core()?;
    let ChangeVisibility { receipt_handle, visibility_timeout } = change;
    let Receipt { seq, receive_count, .. } = Receipt::decode(receipt_handle, queue.id)?;
    let seconds = validate::number(
        "VisibilityTimeout",
        Some(*visibility_timeout),
        &VISIBILITY_SECONDS,
        0,
        "VisibilityTimeout must be an integer between 0 and 43200.",
    )?;
    let timeout = seconds_to_millis(seconds);
    let unsettled = |reason| unsettled(receipt_handle, reason);
    let received_at = core.received(seq, receive_count, now).map_err(unsettled)?.received_at;
    if now.saturating_add(timeout) > received_at.saturating_add(MAX_VISIBILITY) {
        return Err(QueueError::invalid_parameter(
            "VisibilityTimeout",
            visibility_timeout,
            "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].",
        ));
    }
    let record = core.change_visibility(seq, receive_count, timeout, now).map_err(unsettled)?;
    Ok(Some(Write::Record { key: queue.key(seq), record }))
}

fn unsettled(receipt_handle: &str, reason: Unsettled) -> QueueError {
    let reason = match reason {
        Unsettled::Expired => "The receipt handle has expired.",
        Unsettled::Gone | Unsettled::Outdated => {
            "Message does not exist or is not available for visibility timeout change."
        }
    };
    QueueError::invalid_parameter("ReceiptHandle", receipt_handle, reason)
}
