//! Taking messages, and giving them back.

use super::{
    Core, Entry, Group, Lease, NotRetryable, Record, SWEEP, Seq, TakeOptions, Taken, is_expired,
};
use crate::Timestamp;

impl Core {
    /// Takes up to `max` messages out of the sight of other receives, the longest visible first
    /// on a standard queue, by groups on a FIFO queue.
    ///
    /// Messages that are past their retention or their last allowed receive are removed instead
    /// and reported. When the most that one call removes is reached, others may be left behind:
    /// the result is then not empty, and calling again goes on.
    pub(crate) fn take(&mut self, now: Timestamp, options: TakeOptions) -> Taken {
        self.appear(now);
        let mut taken = Taken { expired: self.expire(now, options.retention), ..Taken::default() };
        while has_room(&taken, options)
            && let Some(((_, seq), ())) = self.ready.pop_first()
        {
            let Some(entry) = self.entries.get(&seq) else { continue };
            if self.groups.is_some() {
                self.take_group(entry.record.group, now, options, &mut taken);
            } else {
                self.take_one(seq, now, options, &mut taken);
            }
        }
        // Only now, or a visibility timeout of 0 would make this call take a message twice.
        for lease in &taken.leases {
            self.place(lease.seq, lease.record, now);
        }
        taken
    }

    /// Repeats the [`take`](Self::take) that was remembered under this id in the last five
    /// minutes: the same messages with the same receipts, whose visibility timeout begins anew.
    /// Nothing when one of them came back into sight since, so that it is a new attempt.
    pub(crate) fn retake(
        &mut self,
        attempt: &str,
        now: Timestamp,
        visibility: u64,
    ) -> Result<Option<Vec<Lease>>, NotRetryable> {
        self.appear(now);
        let Some(known) = self.attempts.find(attempt, now) else { return Ok(None) };
        if known.iter().any(|lease| self.is_settled(lease)) {
            return Err(NotRetryable);
        }
        if !known.iter().all(|lease| self.is_as_taken(lease)) {
            return Ok(None);
        }
        let visible_at = now.saturating_add(visibility);
        let again = |Lease { seq, record: before, .. }: &Lease| Lease {
            seq: *seq,
            record: Record { visible_at, ..*before },
            before: *before,
        };
        let leases: Vec<Lease> = known.iter().map(again).collect();
        for lease in &leases {
            self.change(lease.seq, lease.record, now);
        }
        self.attempts.update(attempt, leases.clone());
        Ok(Some(leases))
    }

    /// Whether nothing has happened to a message since it was taken.
    fn is_as_taken(&self, lease: &Lease) -> bool {
        let entry = self.entries.get(&lease.seq);
        entry.is_some_and(|entry| entry.hidden && entry.record == lease.record)
    }

    /// Whether its receiver has done something with a message: it is gone, or its visibility
    /// timeout is another.
    fn is_settled(&self, Lease { seq, record, .. }: &Lease) -> bool {
        self.entries.get(seq).is_none_or(|Entry { record: current, .. }| {
            current.receive_count == record.receive_count && current.visible_at != record.visible_at
        })
    }

    /// Remembers what was taken, for [`retake`](Self::retake). That nothing was is not worth
    /// remembering.
    pub(crate) fn remember_attempt(&mut self, attempt: &str, now: Timestamp, leases: &[Lease]) {
        if leases.is_empty() {
            self.attempts.remove(attempt);
        } else {
            self.attempts.insert(attempt, now, leases.to_vec());
        }
    }

    /// Undoes the taking of a message that nobody was told of. Returns the record to store, or
    /// nothing when the message has gone or was taken again since.
    pub(crate) fn give_back(&mut self, lease: &Lease, now: Timestamp) -> Option<Record> {
        if self.entries.get(&lease.seq)?.record != lease.record {
            return None;
        }
        self.change(lease.seq, lease.before, now);
        Some(lease.before)
    }

    /// Hands out or removes one visible message, which is in no set any more.
    fn take_one(&mut self, seq: Seq, now: Timestamp, options: TakeOptions, taken: &mut Taken) {
        let Some(Entry { record, .. }) = self.entries.get(&seq) else { return };
        let before = *record;
        if is_expired(before.sent_at, now, options.retention) {
            taken.expired.push(seq);
        } else if options.max_receives.is_some_and(|max| before.receive_count >= max) {
            taken.dead.push((seq, before));
        } else {
            let record = before.received(now, options.visibility);
            taken.leases.push(Lease { seq, record, before });
            return;
        }
        self.entries.remove(&seq);
        self.stragglers.remove(&(before.sent_at, seq));
        if let Some(groups) = &mut self.groups {
            groups.remove(before.group, seq);
        }
    }

    /// Hands out or removes the messages of a group up to the first that is hidden. The group's
    /// head is in no set any more.
    fn take_group(
        &mut self,
        group: Group,
        now: Timestamp,
        options: TakeOptions,
        taken: &mut Taken,
    ) {
        let before = taken.leases.len();
        while has_room(taken, options)
            && let Some(groups) = &self.groups
            // Those handed out stay in their places.
            && let Some(seq) = groups.get(group, taken.leases.len() - before)
            && self.entries.get(&seq).is_some_and(|entry| !entry.hidden)
        {
            self.take_one(seq, now, options, taken);
        }
        if taken.leases.len() == before {
            self.show_head(group);
        }
    }
}

/// Whether a receive may go on.
fn has_room(taken: &Taken, options: TakeOptions) -> bool {
    taken.leases.len() < options.max && taken.dead.len() + taken.expired.len() < SWEEP
}
