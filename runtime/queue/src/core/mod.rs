//! The state of one queue: which messages can be received, which are hidden and until when.
//!
//! A plain data structure: the time is an argument, and there is no I/O, no clock and no
//! concurrency in here. Bodies are not here either, they stay in the store; a queued message
//! costs this structure some 90 bytes.
//!
//! Nothing is hidden or shown by itself: every method that reads takes the present time and first
//! lets those messages appear whose delay or visibility timeout has ended.
//!
//! # Message groups
//!
//! A FIFO queue gives the messages of a group in their order: those that can be received are the
//! visible ones up to the first that is hidden, whatever hides it. So a group of which messages
//! are in flight gives no others, unless the earliest of these come back into sight before the
//! rest; they are given again then. A receive empties one group as far as it can before it turns
//! to another, beginning with that whose first message has been visible for longest. AWS does the
//! same in what LocalStack recorded of it (`tests/aws/services/sqs/test_sqs.py`, the tests whose
//! names start with `test_fifo_receive_message` and `test_fifo_message_group_visibility`).

mod attempts;
mod deduplication;
mod groups;
mod leave;
mod record;
mod sorted;
mod take;
mod view;

#[cfg(test)]
pub(crate) mod tests;

use self::{attempts::Attempts, groups::Groups, sorted::Sorted};
pub(crate) use self::{
    attempts::{Attempt, NotRetryable},
    deduplication::{Accepted, DEDUPLICATION_INTERVAL, Deduplication, DeduplicationKey},
    record::{Counts, Group, Lease, Record, Seq, TakeOptions, Taken, Unsettled},
};
use crate::{MessageState, Timestamp};

/// How many messages a receive removes at most on its way (expired, or for the dead-letter
/// queue), so that no single receive writes without bound.
const SWEEP: usize = 1000;

#[derive(Debug)]
struct Entry {
    record: Record,
    hidden: bool,
}

/// The messages of one queue.
///
/// Both sets are ordered by `visible_at`. So a message that was received and not deleted queues up
/// again behind those that appeared before it did, and one that fails for ever does not keep the
/// others from being received.
#[derive(Debug, Default)]
pub(crate) struct Core {
    entries: Sorted<Seq, Entry>,
    /// What can be received: on a standard queue every visible message, on a FIFO queue the first
    /// message of each group when it is visible.
    ready: Sorted<(Timestamp, Seq), ()>,
    hidden: Sorted<(Timestamp, Seq), ()>,
    in_flight: usize,
    /// Those that were sent before one with a lower sequence, as messages in dead-letter queues
    /// often were. The others expire in the order of their sequences.
    stragglers: Sorted<(Timestamp, Seq), ()>,
    /// When the newest of the others was sent.
    newest_sent_at: Timestamp,
    /// How many messages have come.
    arrived: u64,
    /// On FIFO queues.
    groups: Option<Groups>,
    attempts: Attempts,
    /// What a FIFO queue has accepted lately; empty on standard queues.
    pub(crate) deduplication: Deduplication,
}

impl Core {
    /// The state of an empty queue.
    pub(crate) fn new(fifo: bool) -> Self {
        Self { groups: fifo.then(Groups::default), ..Self::default() }
    }

    /// Adds a message that is durable. It is delayed when it has yet to appear and was never
    /// received, in flight when it has yet to appear and was.
    pub(crate) fn insert(&mut self, seq: Seq, record: Record, now: Timestamp) {
        let is_last = self.entries.last().is_none_or(|(last, _)| *last < seq);
        let known = !is_last && self.remove(seq);
        self.arrived += u64::from(!known);
        if let Some(groups) = &mut self.groups {
            if let Some(head) = groups.head(record.group)
                && seq < head
                && let Some(entry) = self.entries.get(&head)
            {
                self.ready.remove(&(entry.record.visible_at, head));
            }
            groups.add(record.group, seq);
        }
        if is_last && record.sent_at >= self.newest_sent_at {
            self.newest_sent_at = record.sent_at;
        } else {
            self.stragglers.insert((record.sent_at, seq), ());
        }
        self.place(seq, record, now);
    }

    /// The message of a receipt, when that receipt may change its visibility timeout: on a
    /// standard queue any receipt, whether the message is in flight or not, on a FIFO queue the
    /// newest while the message is in flight.
    pub(crate) fn received(
        &mut self,
        seq: Seq,
        receive_count: u32,
        now: Timestamp,
    ) -> Result<Record, Unsettled> {
        self.appear(now);
        let Entry { record, hidden } = self.entries.get(&seq).ok_or(Unsettled::Gone)?;
        if self.groups.is_some() && (!hidden || record.receive_count != receive_count) {
            return Err(Unsettled::Expired);
        }
        Ok(*record)
    }

    /// Hides a message of [`received`](Self::received) for `timeout` milliseconds from now
    /// instead. Returns the record to store.
    pub(crate) fn change_visibility(
        &mut self,
        seq: Seq,
        receive_count: u32,
        timeout: u64,
        now: Timestamp,
    ) -> Result<Record, Unsettled> {
        let record = self.received(seq, receive_count, now)?;
        let record = Record { visible_at: now.saturating_add(timeout), ..record };
        self.change(seq, record, now);
        Ok(record)
    }

    /// Deletes the message if `receive_count` is that of its newest receipt; on a standard queue
    /// even when its visibility timeout has ended.
    pub(crate) fn delete(
        &mut self,
        seq: Seq,
        receive_count: u32,
        now: Timestamp,
    ) -> Result<(), Unsettled> {
        let record = self.received(seq, receive_count, now)?;
        if record.receive_count != receive_count {
            return Err(Unsettled::Outdated);
        }
        self.remove(seq);
        Ok(())
    }

    /// Removes a message whatever its state; returns whether it was there.
    pub(crate) fn remove(&mut self, seq: Seq) -> bool {
        self.unlink(seq);
        let Some(Entry { record, .. }) = self.entries.remove(&seq) else { return false };
        self.stragglers.remove(&(record.sent_at, seq));
        if let Some(groups) = &mut self.groups {
            groups.remove(record.group, seq);
            self.show_head(record.group);
        }
        true
    }

    /// Gives messages that were never received this delay from the time when they were sent, as
    /// FIFO queues do when their `DelaySeconds` changes.
    ///
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html>
    pub(crate) fn delay(&mut self, delay: u64, now: Timestamp) {
        let waiting = |(seq, entry): (&Seq, &Entry)| {
            (entry.record.receive_count == 0).then_some((*seq, entry.record))
        };
        let waiting: Vec<(Seq, Record)> = self.entries.iter().filter_map(waiting).collect();
        for (seq, record) in waiting {
            let visible_at = record.sent_at.saturating_add(delay);
            self.change(seq, Record { visible_at, ..record }, now);
        }
    }

    /// The numbers of messages, those past the retention period aside: they are removed, and
    /// given to the caller to remove from the store.
    pub(crate) fn counts(&mut self, now: Timestamp, retention: u64) -> (Counts, Vec<Seq>) {
        self.appear(now);
        let expired = self.expire(now, retention);
        let counts = Counts {
            visible: self.entries.len() - self.hidden.len(),
            in_flight: self.in_flight,
            delayed: self.hidden.len() - self.in_flight,
        };
        (counts, expired)
    }

    /// How many messages are in flight, as of the last call that took the time.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Whether a message can be received, as of the last call that took the time.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// When the next hidden message appears. It may have to wait for others of its group.
    pub(crate) fn next_appearance(&self) -> Option<Timestamp> {
        self.hidden.first().map(|(&(at, _), ())| at)
    }

    /// The sequences of all messages.
    pub(crate) fn seqs(&self) -> impl Iterator<Item = Seq> {
        self.entries.iter().map(|(seq, _)| *seq)
    }

    /// Makes a message that is in the entries and in their order be this from now on.
    fn change(&mut self, seq: Seq, record: Record, now: Timestamp) {
        self.unlink(seq);
        self.place(seq, record, now);
    }

    /// Puts a message that is in neither set where it belongs.
    fn place(&mut self, seq: Seq, record: Record, now: Timestamp) {
        let hidden = record.visible_at > now;
        self.entries.insert(seq, Entry { record, hidden });
        if hidden {
            self.hidden.insert((record.visible_at, seq), ());
            self.in_flight += usize::from(record.receive_count > 0);
        } else {
            self.show(seq, record);
        }
    }

    /// Takes a message out of the sets.
    fn unlink(&mut self, seq: Seq) {
        let Some(Entry { record, hidden }) = self.entries.get(&seq) else { return };
        let key = (record.visible_at, seq);
        if *hidden {
            self.hidden.remove(&key);
            self.in_flight -= usize::from(record.receive_count > 0);
        } else {
            self.ready.remove(&key);
        }
    }

    /// Lets a visible message be received when its turn has come.
    fn show(&mut self, seq: Seq, record: Record) {
        if self.groups.as_ref().is_none_or(|groups| groups.head(record.group) == Some(seq)) {
            self.ready.insert((record.visible_at, seq), ());
        }
    }

    /// Lets the first message of a group be received if it is visible.
    fn show_head(&mut self, group: Group) {
        if let Some(groups) = &self.groups
            && let Some(head) = groups.head(group)
            && let Some(Entry { record, hidden: false }) = self.entries.get(&head)
        {
            self.ready.insert((record.visible_at, head), ());
        }
    }

    /// Lets the messages appear whose time has come.
    fn appear(&mut self, now: Timestamp) {
        while let Some((&(at, seq), ())) = self.hidden.first()
            && at <= now
        {
            self.hidden.pop_first();
            if let Some(entry) = self.entries.get_mut(&seq) {
                entry.hidden = false;
                let record = entry.record;
                self.in_flight -= usize::from(record.receive_count > 0);
                self.show(seq, record);
            }
        }
    }

    /// Removes messages that are past the retention period, in flight or not, as many as one
    /// call may.
    fn expire(&mut self, now: Timestamp, retention: u64) -> Vec<Seq> {
        let mut expired = Vec::new();
        while expired.len() < SWEEP {
            let first = self.entries.first();
            let first = first.map(|(seq, entry)| (entry.record.sent_at, *seq));
            let straggler = self.stragglers.first().map(|(straggler, ())| *straggler);
            let is_expired = |(sent_at, _): &(Timestamp, Seq)| is_expired(*sent_at, now, retention);
            let Some((_, seq)) = first.filter(is_expired).or(straggler.filter(is_expired)) else {
                break;
            };
            self.remove(seq);
            expired.push(seq);
        }
        expired
    }
}

fn is_expired(sent_at: Timestamp, now: Timestamp, retention: u64) -> bool {
    sent_at.saturating_add(retention) <= now
}
