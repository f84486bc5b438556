//! Receives that can be repeated: `ReceiveRequestAttemptId` of FIFO queues.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-receiverequestattemptid-request-parameter.html>

use std::collections::{HashMap, VecDeque};

use super::{Core, DEDUPLICATION_INTERVAL, Lease, Record, Seq};
use crate::Timestamp;

/// The receives of the last five minutes that had an id, and what they took.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    newest: HashMap<String, (Timestamp, Vec<Lease>)>,
    order: VecDeque<(Timestamp, String)>,
}

/// An attempt as it is stored, along with the records of the messages that it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// When the first attempt with its id was.
    pub(crate) at: Timestamp,
    /// The messages with their records since then.
    pub(crate) taken: Vec<(Seq, Record)>,
}

/// An attempt whose messages, or some, were deleted or hidden for another time since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotRetryable;

impl Attempts {
    /// What the attempt with this id took, if that was not too long ago.
    pub(super) fn find(&self, id: &str, now: Timestamp) -> Option<Vec<Lease>> {
        let (_, leases) = self.newest.get(id).filter(|(at, _)| !has_ended(*at, now))?;
        Some(leases.clone())
    }

    /// Remembers an attempt instead of an earlier one with the same id. `at` is when the first
    /// of them was, from which the five minutes count.
    pub(super) fn insert(&mut self, id: &str, at: Timestamp, leases: Vec<Lease>) {
        self.newest.insert(id.to_owned(), (at, leases));
        self.order.push_back((at, id.to_owned()));
    }

    /// Forgets the attempt with this id.
    pub(super) fn remove(&mut self, id: &str) {
        self.newest.remove(id);
    }

    /// Changes what an attempt has taken, and not its time.
    pub(super) fn update(&mut self, id: &str, leases: Vec<Lease>) {
        if let Some((_, known)) = self.newest.get_mut(id) {
            *known = leases;
        }
    }
}

impl Core {
    /// An attempt to store.
    pub(crate) fn attempt(&self, id: &str) -> Option<Attempt> {
        let (at, leases) = self.attempts.newest.get(id)?;
        let taken = leases.iter().map(|lease| (lease.seq, lease.record)).collect();
        Some(Attempt { at: *at, taken })
    }

    /// Remembers an attempt that was stored, later ones after earlier ones, unless its time is
    /// over. Returns whether it is remembered.
    pub(crate) fn restore_attempt(&mut self, id: &str, attempt: &Attempt, now: Timestamp) -> bool {
        let lease = |&(seq, record)| Lease { seq, record, before: record };
        let leases: Vec<Lease> = attempt.taken.iter().map(lease).collect();
        let is_current = !has_ended(attempt.at, now);
        if is_current {
            self.attempts.insert(id, attempt.at, leases);
        }
        is_current
    }

    /// Forgets the attempts whose time is over; returns their ids.
    pub(crate) fn expire_attempts(&mut self, now: Timestamp) -> Vec<String> {
        let Attempts { newest, order } = &mut self.attempts;
        let mut ended = Vec::new();
        while let Some((_, id)) = order.pop_front_if(|(at, _)| has_ended(*at, now)) {
            if newest.get(&id).is_some_and(|(at, _)| has_ended(*at, now)) {
                newest.remove(&id);
                ended.push(id);
            }
        }
        ended
    }
}

fn has_ended(at: Timestamp, now: Timestamp) -> bool {
    at.saturating_add(DEDUPLICATION_INTERVAL) <= now
}
