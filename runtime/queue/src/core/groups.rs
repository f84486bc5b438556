//! The order of the messages in the groups of a FIFO queue.

use std::collections::{HashMap, VecDeque, hash_map};

use super::{Group, Seq};

/// The messages of each group in the order of their sequences. Eight bytes a message.
#[derive(Debug, Default)]
pub(super) struct Groups(HashMap<Group, VecDeque<Seq>>);

impl Groups {
    /// Adds a message, which goes to the end unless it came late.
    pub(super) fn add(&mut self, group: Group, seq: Seq) {
        let order = self.0.entry(group).or_default();
        if order.back().is_none_or(|last| *last < seq) {
            order.push_back(seq);
        } else if let Err(index) = order.binary_search(&seq) {
            order.insert(index, seq);
        }
    }

    /// Removes a message; cheap near both ends, where messages leave.
    pub(super) fn remove(&mut self, group: Group, seq: Seq) {
        let hash_map::Entry::Occupied(mut order) = self.0.entry(group) else { return };
        if let Ok(index) = order.get().binary_search(&seq) {
            order.get_mut().remove(index);
        }
        if order.get().is_empty() {
            order.remove();
        }
    }

    /// The message at this place in its group.
    pub(super) fn get(&self, group: Group, index: usize) -> Option<Seq> {
        self.0.get(&group)?.get(index).copied()
    }

    /// The message that must leave the group first.
    pub(super) fn head(&self, group: Group) -> Option<Seq> {
        self.get(group, 0)
    }
}
