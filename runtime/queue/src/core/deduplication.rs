//! Which messages a FIFO queue has accepted lately.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html>

use std::collections::HashMap;

use super::{Seq, sorted::Sorted};
use crate::Timestamp;

/// How long a message that has the deduplication id of another is its duplicate, in milliseconds.
pub(crate) const DEDUPLICATION_INTERVAL: u64 = 5 * 60 * 1000;

/// A digest of a deduplication id and, when that is the scope, of the message group
/// ([`digest::of_deduplication`](crate::digest::of_deduplication)).
pub(crate) type DeduplicationKey = [u8; 16];

/// A message that was accepted, whether it is still in the queue or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) key: DeduplicationKey,
    pub(crate) message_id: [u8; 16],
    pub(crate) at: Timestamp,
}

/// The messages accepted in the last five minutes, some hundred bytes each.
#[derive(Debug, Default)]
pub(crate) struct Deduplication {
    /// In the order of acceptance. Some may have been superseded in `newest`.
    order: Sorted<Seq, Accepted>,
    newest: HashMap<DeduplicationKey, Seq>,
}

impl Deduplication {
    /// The message of which one with this key would be a duplicate now.
    pub(crate) fn find(&self, key: &DeduplicationKey, now: Timestamp) -> Option<(Seq, Accepted)> {
        let seq = self.newest.get(key)?;
        let accepted = self.order.get(seq).filter(|accepted| !has_ended(accepted.at, now))?;
        Some((*seq, *accepted))
    }

    /// Remembers a message, later ones after earlier ones.
    pub(crate) fn insert(&mut self, seq: Seq, accepted: Accepted) {
        self.newest.insert(accepted.key, seq);
        self.order.insert(seq, accepted);
    }

    /// Forgets the oldest messages whose interval has ended, up to `max` of them.
    pub(crate) fn expire(&mut self, now: Timestamp, max: usize) -> Vec<Seq> {
        let mut ended = Vec::new();
        while ended.len() < max
            && self.order.first().is_some_and(|(_, accepted)| has_ended(accepted.at, now))
            && let Some((seq, accepted)) = self.order.pop_first()
        {
            if self.newest.get(&accepted.key) == Some(&seq) {
                self.newest.remove(&accepted.key);
            }
            ended.push(seq);
        }
        ended
    }

    /// The sequences of all that are remembered.
    pub(crate) fn seqs(&self) -> impl Iterator<Item = Seq> {
        self.order.iter().map(|(seq, _)| *seq)
    }
}

fn has_ended(at: Timestamp, now: Timestamp) -> bool {
    at.saturating_add(DEDUPLICATION_INTERVAL) <= now
}
