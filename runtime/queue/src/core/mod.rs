//! The state of one queue: which messages can be received, which are hidden and until when.
//!
//! A plain data structure: the time is an argument, and there is no I/O, no clock and no
//! concurrency in here. Bodies are not here either, they stay in the store; a queued message
//! costs this structure about a hundred bytes.
//!
//! Nothing is hidden or shown by itself: every method that reads takes the present time and first
//! lets those messages appear whose delay or visibility timeout has ended.

use std::collections::{BTreeMap, BTreeSet};

use crate::Timestamp;

#[cfg(test)]
mod tests;

/// A message's place in the order in which messages were accepted, unique in its store for ever.
pub(crate) type Seq = u64;

/// How many messages a receive removes at most on its way (expired, or for the dead-letter
/// queue), so that no single receive writes without bound.
const SWEEP: usize = 1000;

/// All that changes about a message while it is queued; the store keeps it beside the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    /// When it was sent. Retention counts from here, in a dead-letter queue too.
    pub(crate) sent_at: Timestamp,
    /// From when on it can be received: the end of its delay, or of its visibility timeout.
    pub(crate) visible_at: Timestamp,
    /// When it was first received; 0 when it never was.
    pub(crate) first_received_at: Timestamp,
    /// How often it was received. With the sequence it makes a receipt handle, so every receive
    /// has its own and the newest alone is good.
    pub(crate) receive_count: u32,
}

/// One message handed out by [`Core::take`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) seq: Seq,
    /// The message's record since it was taken.
    pub(crate) record: Record,
    /// The record before, for [`Core::give_back`].
    before: Record,
}

/// What one [`Core::take`] did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// The messages handed out.
    pub(crate) leases: Vec<Lease>,
    /// Messages that had been received as often as allowed: no longer in this queue, they belong
    /// into its dead-letter queue.
    pub(crate) dead: Vec<(Seq, Record)>,
    /// Messages older than the retention period: no longer in this queue.
    pub(crate) expired: Vec<Seq>,
}

impl Taken {
    /// Whether the queue was left as it was.
    pub(crate) fn is_empty(&self) -> bool {
        self.leases.is_empty() && self.dead.is_empty() && self.expired.is_empty()
    }
}

/// How [`Core::take`] treats the messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TakeOptions {
    /// How many to hand out at most.
    pub(crate) max: usize,
    /// How long those are hidden from other receives, in milliseconds.
    pub(crate) visibility: u64,
    /// `MessageRetentionPeriod`, in milliseconds.
    pub(crate) retention: u64,
    /// `maxReceiveCount`, when there is a dead-letter queue.
    pub(crate) max_receives: Option<u32>,
}

/// How many messages there are, by state, under the names of SQS's attributes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// `ApproximateNumberOfMessages`: can be received.
    pub(crate) visible: usize,
    /// `ApproximateNumberOfMessagesNotVisible`: received, and neither deleted nor timed out.
    pub(crate) in_flight: usize,
    /// `ApproximateNumberOfMessagesDelayed`: sent with a delay that has not ended.
    pub(crate) delayed: usize,
}

#[derive(Debug)]
struct Entry {
    record: Record,
    /// Which of the two sets it is in.
    hidden: bool,
}

/// The messages of one queue.
///
/// Both sets are ordered by `visible_at`. So a message that was received and not deleted queues up
/// again behind those that appeared before it did, and one that fails for ever does not keep the
/// others from being received.
#[derive(Debug, Default)]
pub(crate) struct Core {
    entries: BTreeMap<Seq, Entry>,
    ready: BTreeSet<(Timestamp, Seq)>,
    hidden: BTreeSet<(Timestamp, Seq)>,
    in_flight: usize,
}

impl Core {
    /// Adds a message that is durable. It is delayed when it has yet to appear and was never
    /// received, in flight when it has yet to appear and was.
    pub(crate) fn insert(&mut self, seq: Seq, record: Record, now: Timestamp) {
        self.remove(seq);
        self.place(seq, record, now);
    }

    /// Takes up to `max` messages out of the sight of other receives, the longest visible first.
    ///
    /// Messages that are past their retention or their last allowed receive are removed instead
    /// and reported. When the most that one call removes is reached, others may be left behind:
    /// the result is then not empty, and calling again goes on.
    pub(crate) fn take(&mut self, now: Timestamp, options: TakeOptions) -> Taken {
        self.appear(now);
        let mut taken = Taken { expired: self.expire(now, options.retention), ..Taken::default() };
        while taken.leases.len() < options.max
            && taken.dead.len() + taken.expired.len() < SWEEP
            && let Some((_, seq)) = self.ready.pop_first()
        {
            let Some(before) = self.entries.remove(&seq).map(|entry| entry.record) else {
                continue;
            };
            if is_expired(&before, now, options.retention) {
                taken.expired.push(seq);
            } else if options.max_receives.is_some_and(|max| before.receive_count >= max) {
                taken.dead.push((seq, before));
            } else {
                let first = before.first_received_at;
                let record = Record {
                    visible_at: now.saturating_add(options.visibility),
                    first_received_at: if first == 0 { now } else { first },
                    receive_count: before.receive_count.saturating_add(1),
                    ..before
                };
                taken.leases.push(Lease { seq, record, before });
            }
        }
        // Only now, or a visibility timeout of 0 would make this call take a message twice.
        for lease in &taken.leases {
            self.place(lease.seq, lease.record, now);
        }
        taken
    }

    /// Undoes the taking of a message that nobody was told of. Returns the record to store, or
    /// nothing when the message has gone or was taken again since.
    pub(crate) fn give_back(&mut self, lease: &Lease, now: Timestamp) -> Option<Record> {
        if self.entries.get(&lease.seq)?.record != lease.record {
            return None;
        }
        self.remove(lease.seq);
        self.place(lease.seq, lease.before, now);
        Some(lease.before)
    }

    /// Hides an in-flight message for `timeout` milliseconds from now instead. `receive_count` is
    /// the receipt's. Returns the record to store, or nothing when that receipt is not the newest
    /// or its message is no longer in flight.
    pub(crate) fn change_visibility(
        &mut self,
        seq: Seq,
        receive_count: u32,
        timeout: u64,
        now: Timestamp,
    ) -> Option<Record> {
        self.appear(now);
        let entry = self.entries.get(&seq)?;
        if !entry.hidden || entry.record.receive_count != receive_count {
            return None;
        }
        let record = Record { visible_at: now.saturating_add(timeout), ..entry.record };
        self.remove(seq);
        self.place(seq, record, now);
        Some(record)
    }

    /// Deletes the message if `receive_count` is that of its newest receipt, even when its
    /// visibility timeout has ended. Returns whether it was there.
    pub(crate) fn delete(&mut self, seq: Seq, receive_count: u32) -> bool {
        let newest = |entry: &Entry| entry.record.receive_count == receive_count;
        self.entries.get(&seq).is_some_and(newest) && self.remove(seq)
    }

    /// Removes a message whatever its state; returns whether it was there.
    pub(crate) fn remove(&mut self, seq: Seq) -> bool {
        let Some(Entry { record, hidden }) = self.entries.remove(&seq) else { return false };
        let key = (record.visible_at, seq);
        if hidden {
            self.hidden.remove(&key);
            self.in_flight -= usize::from(record.receive_count > 0);
        } else {
            self.ready.remove(&key);
        }
        true
    }

    /// The numbers of messages, those past the retention period aside: they are removed, and
    /// given to the caller to remove from the store.
    pub(crate) fn counts(&mut self, now: Timestamp, retention: u64) -> (Counts, Vec<Seq>) {
        self.appear(now);
        let expired = self.expire(now, retention);
        let counts = Counts {
            visible: self.ready.len(),
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

    /// When the next hidden message appears.
    pub(crate) fn next_appearance(&self) -> Option<Timestamp> {
        self.hidden.first().map(|&(at, _)| at)
    }

    /// The sequences of all messages.
    pub(crate) fn into_seqs(self) -> impl Iterator<Item = Seq> {
        self.entries.into_keys()
    }

    fn place(&mut self, seq: Seq, record: Record, now: Timestamp) {
        let hidden = record.visible_at > now;
        if hidden {
            self.hidden.insert((record.visible_at, seq));
            self.in_flight += usize::from(record.receive_count > 0);
        } else {
            self.ready.insert((record.visible_at, seq));
        }
        self.entries.insert(seq, Entry { record, hidden });
    }

    /// Lets the messages appear whose time has come.
    fn appear(&mut self, now: Timestamp) {
        while let Some(&(at, seq)) = self.hidden.first()
            && at <= now
        {
            self.hidden.pop_first();
            self.ready.insert((at, seq));
            if let Some(entry) = self.entries.get_mut(&seq) {
                entry.hidden = false;
                self.in_flight -= usize::from(entry.record.receive_count > 0);
            }
        }
    }

    /// Removes the oldest messages as far as they are past the retention period, in flight or
    /// not. Sequences rise with the time of sending except in dead-letter queues, so a message
    /// that is missed here is met by a receive later.
    fn expire(&mut self, now: Timestamp, retention: u64) -> Vec<Seq> {
        let mut expired = Vec::new();
        while expired.len() < SWEEP
            && let Some((&seq, entry)) = self.entries.first_key_value()
            && is_expired(&entry.record, now, retention)
        {
            self.remove(seq);
            expired.push(seq);
        }
        expired
    }
}

fn is_expired(record: &Record, now: Timestamp, retention: u64) -> bool {
    record.sent_at.saturating_add(retention) <= now
}
