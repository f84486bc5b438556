//! Receives that can be repeated: `ReceiveRequestAttemptId` of FIFO queues.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-receiverequestattemptid-request-parameter.html>

use std::collections::{HashMap, VecDeque};

use super::{DEDUPLICATION_INTERVAL, Lease};
use crate::Timestamp;

/// The receives of the last five minutes that had an id, and what they took.
///
/// They are not stored: after a restart an attempt is a new one, and as for a caller without an
/// id, its messages come back when their visibility timeout ends.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    newest: HashMap<String, (Timestamp, Vec<Lease>)>,
    order: VecDeque<(Timestamp, String)>,
}

impl Attempts {
    /// What the attempt with this id took, if that was not too long ago.
    pub(super) fn find(&mut self, id: &str, now: Timestamp) -> Option<Vec<Lease>> {
        self.expire(now);
        self.newest.get(id).map(|(_, leases)| leases.clone())
    }

    /// Remembers an attempt instead of an earlier one with the same id. `at` is when the first
    /// of them was, from which the five minutes count.
    pub(super) fn insert(&mut self, id: &str, at: Timestamp, leases: Vec<Lease>) {
        self.expire(at);
        self.newest.insert(id.to_owned(), (at, leases));
        self.order.push_back((at, id.to_owned()));
    }

    /// Changes what an attempt has taken, and not its time.
    pub(super) fn update(&mut self, id: &str, leases: Vec<Lease>) {
        if let Some((_, known)) = self.newest.get_mut(id) {
            *known = leases;
        }
    }

    fn expire(&mut self, now: Timestamp) {
        let has_ended = |at: Timestamp| at.saturating_add(DEDUPLICATION_INTERVAL) <= now;
        while let Some((_, id)) = self.order.pop_front_if(|(at, _)| has_ended(*at)) {
            if self.newest.get(&id).is_some_and(|(at, _)| has_ended(*at)) {
                self.newest.remove(&id);
            }
        }
    }
}
