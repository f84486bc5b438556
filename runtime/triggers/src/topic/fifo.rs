//! What a FIFO topic remembers: its sequence, and what it was sent lately.

use std::collections::{HashMap, VecDeque};
use std::time::SystemTime;

use super::publication::Published;
use crate::time::epoch_millis;

/// How long a deduplication id counts, in milliseconds (SNS guide, "Message deduplication for
/// FIFO topics": five minutes).
const WINDOW: u64 = 5 * 60 * 1000;

/// In memory: after a restart the FIFO queues that subscribe, which keep what they were sent on
/// disk, go on to sort out duplicates.
#[derive(Debug, Default)]
pub(super) struct Fifo {
    last: u64,
    published: HashMap<String, Published>,
    /// Ids in the order of their coming, each with the time when it ceases to count.
    ends: VecDeque<(u64, String)>,
}

impl Fifo {
    /// Twenty digits that grow, also over restarts: they begin at the time in microseconds.
    pub(super) fn next_sequence_number(&mut self, now: SystemTime) -> String {
        let base = 10_000_000_000_000_000_000_u64;
        let micros = epoch_millis(now).saturating_mul(1000);
        self.last = self.last.saturating_add(1).max(base.saturating_add(micros));
        format!("{:020}", self.last)
    }

    /// What was answered to the message with this deduplication id.
    pub(super) fn find(&mut self, id: &str, now: SystemTime) -> Option<Published> {
        let now = epoch_millis(now);
        while let Some((_, id)) = self.ends.pop_front_if(|(end, _)| *end <= now) {
            self.published.remove(&id);
        }
        self.published.get(id).cloned()
    }

    pub(super) fn insert(&mut self, id: String, published: Published, now: SystemTime) {
        self.ends.push_back((epoch_millis(now).saturating_add(WINDOW), id.clone()));
        self.published.insert(id, published);
    }
}
