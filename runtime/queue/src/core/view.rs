//! Looking at a queue without changing it.

use super::{Core, MessageState, Record, Seq, is_expired};
use crate::Timestamp;

impl Core {
    /// The first `max` messages in the order in which they were accepted, and what state each is
    /// in. Those past the retention period are passed over and stay.
    pub(crate) fn view(
        &self,
        now: Timestamp,
        retention: u64,
        max: usize,
    ) -> Vec<(Seq, Record, MessageState)> {
        let kept = self.entries.iter().map(|(&seq, entry)| (seq, entry.record));
        kept.filter(|(_, record)| !is_expired(record.sent_at, now, retention))
            .take(max)
            .map(|(seq, record)| (seq, record, state(record, now)))
            .collect()
    }

    /// When the oldest message was sent.
    ///
    /// Messages stand in the order of their times but for the stragglers, so two looks tell; as
    /// [`expire`](Core::expire) does, this relies on messages being inserted in their order.
    pub(crate) fn oldest_sent_at(&self) -> Option<Timestamp> {
        let first = self.entries.first().map(|(_, entry)| entry.record.sent_at);
        let straggler = self.stragglers.first().map(|(&(sent_at, _), ())| sent_at);
        first.into_iter().chain(straggler).min()
    }

    /// How many messages have come and how many have gone, however they did, since this state is
    /// in memory.
    pub(crate) fn passage(&self) -> (u64, u64) {
        let here = u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        (self.arrived, self.arrived.saturating_sub(here))
    }
}

fn state(record: Record, now: Timestamp) -> MessageState {
    match (record.visible_at > now, record.receive_count) {
        (false, _) => MessageState::Visible,
        (true, 0) => MessageState::Delayed,
        (true, _) => MessageState::InFlight,
    }
}
