//! Messages that leave for another queue by themselves, not by a receive.

use std::{collections::HashMap, ops::Range};

use super::{Core, Entry, Group, Record, Seq};
use crate::Timestamp;

impl Core {
    /// The messages from `range` that another queue may have, in the order of their sequences, up
    /// to `max`: the visible ones, and of a group only up to the first that is hidden.
    pub(crate) fn movable(&mut self, range: Range<Seq>, max: usize, now: Timestamp) -> Vec<Seq> {
        self.appear(now);
        // How many of each group come before.
        let mut ahead: HashMap<Group, usize> = HashMap::new();
        let may_leave = |(seq, entry): (&Seq, &Entry)| {
            if entry.hidden {
                return None;
            }
            if let Some(groups) = &self.groups {
                let ahead = ahead.entry(entry.record.group).or_default();
                if groups.get(entry.record.group, *ahead) != Some(*seq) {
                    return None;
                }
                *ahead += 1;
            }
            Some(*seq)
        };
        self.entries.range(range).filter_map(may_leave).take(max).collect()
    }

    /// Removes a message of [`movable`](Self::movable) for another queue, unless that has changed
    /// since.
    pub(crate) fn withdraw(&mut self, seq: Seq, now: Timestamp) -> Option<Record> {
        self.appear(now);
        let Entry { record, hidden } = self.entries.get(&seq)?;
        let record = *record;
        let groups = self.groups.as_ref();
        if *hidden || groups.is_some_and(|groups| groups.head(record.group) != Some(seq)) {
            return None;
        }
        self.remove(seq);
        Some(record)
    }
}
