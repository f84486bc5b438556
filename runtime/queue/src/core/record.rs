//! What the state of a queue consists of, and what its methods take and give.

use crate::Timestamp;

/// A message's place in the order in which messages were accepted, unique in its store for ever.
pub(crate) type Seq = u64;

/// A message group of a FIFO queue: a digest of its id ([`digest::of_group`]). Should two ids
/// ever share one, each blocks the other as if they were one group, and the order is still kept.
///
/// [`digest::of_group`]: crate::digest::of_group
pub(crate) type Group = u64;

/// All that changes about a message while it is queued, and its group; the store keeps it beside
/// the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    /// When it was sent. Retention counts from here.
    pub(crate) sent_at: Timestamp,
    /// From when on it can be received: the end of its delay, or of its visibility timeout.
    pub(crate) visible_at: Timestamp,
    /// When it was first received; 0 when it never was.
    pub(crate) first_received_at: Timestamp,
    /// When it was last received; 0 when it never was.
    pub(crate) received_at: Timestamp,
    /// How often it was received. With the sequence it makes a receipt handle, so every receive
    /// has its own and the newest can be told from the others.
    pub(crate) receive_count: u32,
    /// Its group on a FIFO queue; 0 on a standard queue, which does not look at it.
    pub(crate) group: Group,
}

impl Record {
    /// A message that is sent now.
    pub(crate) fn sent(now: Timestamp, delay: u64, group: Group) -> Self {
        Self {
            sent_at: now,
            visible_at: now.saturating_add(delay),
            first_received_at: 0,
            received_at: 0,
            receive_count: 0,
            group,
        }
    }

    /// The message after one more receive.
    pub(super) fn received(self, now: Timestamp, visibility: u64) -> Self {
        let first = self.first_received_at;
        Self {
            visible_at: now.saturating_add(visibility),
            first_received_at: if first == 0 { now } else { first },
            received_at: now,
            receive_count: self.receive_count.saturating_add(1),
            ..self
        }
    }
}

/// One message handed out by [`Core::take`](super::Core::take).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) seq: Seq,
    /// The message's record since it was taken.
    pub(crate) record: Record,
    /// The record before, for [`Core::give_back`](super::Core::give_back).
    pub(super) before: Record,
}

/// What one [`Core::take`](super::Core::take) did.
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

/// How [`Core::take`](super::Core::take) treats the messages.
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
    /// `ApproximateNumberOfMessages`: can be received, or wait behind others of their group.
    pub(crate) visible: usize,
    /// `ApproximateNumberOfMessagesNotVisible`: received, and neither deleted nor timed out.
    pub(crate) in_flight: usize,
    /// `ApproximateNumberOfMessagesDelayed`: sent with a delay that has not ended.
    pub(crate) delayed: usize,
}

/// Why a receipt changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsettled {
    /// The message is not there any more.
    Gone,
    /// On a FIFO queue: the message was received again, or its visibility timeout has ended.
    Expired,
    /// On a standard queue: the message was received again, and only the newest receipt deletes.
    Outdated,
}
