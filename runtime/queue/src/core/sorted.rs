//! A sorted map that needs little more room than its entries.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::Range,
};

/// The most entries of a chunk.
const CHUNK: usize = 64;

/// A map in the order of its keys, for entries that mostly come in this order and mostly leave
/// from the front, as the messages of a queue do.
///
/// The entries lie side by side in chunks, which a tree finds. What comes in order fills the
/// chunks, so that an entry costs little more than its size, where a [`BTreeMap`] alone leaves its
/// nodes half empty; what comes anywhere else leaves them three quarters full. Whatever is done
/// costs a search in the tree and at most half a chunk that is moved.
#[derive(Debug)]
pub(super) struct Sorted<K, V> {
    /// Under a key that is not above those in the chunk, and above those in the chunk before. None
    /// is empty.
    chunks: BTreeMap<K, VecDeque<(K, V)>>,
    len: usize,
}

impl<K, V> Default for Sorted<K, V> {
    fn default() -> Self {
        Self { chunks: BTreeMap::new(), len: 0 }
    }
}

impl<K: Copy + Ord, V> Sorted<K, V> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        let (_, chunk) = self.chunks.range(..=key).next_back()?;
        let index = find(chunk, key).ok()?;
        chunk.get(index).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let (_, chunk) = self.chunks.range_mut(..=key).next_back()?;
        let index = find(chunk, key).ok()?;
        chunk.get_mut(index).map(|(_, value)| value)
    }

    /// Puts a value under the key, instead of another if there is one.
    pub(super) fn insert(&mut self, key: K, value: V) {
        let Some(mut slot) = self.chunks.range_mut(..=key).next_back() else {
            // Below all others: the first chunk goes under this key from now on.
            let (_, mut chunk) = self.chunks.pop_first().unwrap_or((key, VecDeque::new()));
            if chunk.len() == CHUNK {
                let rest = chunk.split_off(CHUNK / 2);
                self.chunks.extend(rest.front().map(|(first, _)| *first).map(|key| (key, rest)));
            }
            chunk.push_front((key, value));
            self.chunks.insert(key, chunk);
            self.len += 1;
            return;
        };
        let chunk = &mut slot.1;
        match find(chunk, &key) {
            Ok(index) => {
                if let Some(entry) = chunk.get_mut(index) {
                    entry.1 = value;
                }
                return;
            }
            Err(index) if chunk.len() < CHUNK => chunk.insert(index, (key, value)),
            Err(CHUNK) => drop(self.chunks.insert(key, VecDeque::from([(key, value)]))),
            Err(index) => {
                let mut rest = chunk.split_off(CHUNK / 2);
                match index.checked_sub(CHUNK / 2) {
                    Some(index) if index > 0 => rest.insert(index, (key, value)),
                    _ => chunk.insert(index, (key, value)),
                }
                self.chunks.extend(rest.front().map(|(first, _)| *first).map(|key| (key, rest)));
            }
        }
        self.len += 1;
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let (&under, chunk) = self.chunks.range_mut(..=key).next_back()?;
        let index = find(chunk, key).ok()?;
        let (_, value) = chunk.remove(index)?;
        self.removed(under);
        Some(value)
    }

    pub(super) fn pop_first(&mut self) -> Option<(K, V)> {
        let mut first = self.chunks.first_entry()?;
        let under = *first.key();
        let entry = first.get_mut().pop_front()?;
        self.removed(under);
        Some(entry)
    }

    pub(super) fn first(&self) -> Option<(&K, &V)> {
        let (_, chunk) = self.chunks.first_key_value()?;
        chunk.front().map(|(key, value)| (key, value))
    }

    pub(super) fn last(&self) -> Option<(&K, &V)> {
        let (_, chunk) = self.chunks.last_key_value()?;
        chunk.back().map(|(key, value)| (key, value))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.chunks.values().flatten().map(|(key, value)| (key, value))
    }

    /// The entries whose keys are in the range, whose start must not be above its end.
    pub(super) fn range(&self, Range { start, end }: Range<K>) -> impl Iterator<Item = (&K, &V)> {
        let under = self.chunks.range(..=start).next_back().map_or(start, |(under, _)| *under);
        self.chunks
            .range(under..end)
            .flat_map(|(_, chunk)| chunk)
            .skip_while(move |(key, _)| *key < start)
            .take_while(move |(key, _)| *key < end)
            .map(|(key, value)| (key, value))
    }

    /// An entry of the chunk that is under this key has been removed.
    fn removed(&mut self, under: K) {
        self.len -= 1;
        let Some(chunk) = self.chunks.get_mut(&under) else { return };
        if chunk.is_empty() {
            self.chunks.remove(&under);
        } else if chunk.len() <= chunk.capacity() / 4 {
            // Or a few that stay long would hold the room of many.
            chunk.shrink_to(2 * chunk.len());
        }
    }
}

/// Where the key is in the chunk, or where it belongs.
fn find<K: Ord, V>(chunk: &VecDeque<(K, V)>, key: &K) -> Result<usize, usize> {
    match chunk.back() {
        // Most that come are the last.
        Some((last, _)) if last < key => Err(chunk.len()),
        _ => chunk.binary_search_by(|(other, _)| other.cmp(key)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Insert(u16),
        Append(u16),
        Remove(u16),
        /// So many from the front.
        Pop(usize),
        Range(u16, u16),
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = || 0..2_000_u16;
        prop_oneof![
            4 => key().prop_map(Step::Insert),
            4 => (1..90_u16).prop_map(Step::Append),
            4 => key().prop_map(Step::Remove),
            1 => (0..100_usize).prop_map(Step::Pop),
            1 => (key(), key()).prop_map(|(a, b)| Step::Range(a.min(b), a.max(b))),
        ]
    }

    fn check(sorted: &Sorted<u16, usize>, model: &BTreeMap<u16, usize>) {
        assert!(sorted.iter().eq(model.iter()));
        assert_eq!(sorted.len(), model.len());
        assert_eq!(sorted.is_empty(), model.is_empty());
        assert_eq!(sorted.first(), model.first_key_value());
        assert_eq!(sorted.last(), model.last_key_value());
        let chunks: Vec<_> = sorted.chunks.iter().collect();
        for (index, (under, chunk)) in chunks.iter().enumerate() {
            assert!(!chunk.is_empty() && chunk.len() <= CHUNK);
            assert!(**under <= chunk[0].0);
            assert!(
                chunks.get(index + 1).is_none_or(|(next, _)| chunk[chunk.len() - 1].0 < **next)
            );
        }
    }

    proptest! {
        #[test]
        fn it_does_what_a_tree_does(steps in prop::collection::vec(step(), 1..400)) {
            let (mut sorted, mut model) = (Sorted::default(), BTreeMap::new());
            for (value, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Insert(key) => {
                        sorted.insert(key, value);
                        model.insert(key, value);
                    }
                    Step::Append(number) => {
                        for _ in 0..number {
                            let next = model.last_key_value().map_or(0, |(last, _)| last + 1);
                            sorted.insert(next, value);
                            model.insert(next, value);
                        }
                    }
                    Step::Remove(key) => {
                        assert_eq!(sorted.get(&key), model.get(&key));
                        assert_eq!(sorted.get_mut(&key), model.get_mut(&key));
                        assert_eq!(sorted.remove(&key), model.remove(&key));
                    }
                    Step::Pop(number) => {
                        for _ in 0..number {
                            assert_eq!(sorted.pop_first(), model.pop_first());
                        }
                    }
                    Step::Range(start, end) => {
                        assert!(sorted.range(start..end).eq(model.range(start..end)));
                    }
                }
                check(&sorted, &model);
            }
        }
    }

    #[test]
    fn what_comes_in_order_fills_the_chunks_and_what_stays_holds_little_room() {
        let mut sorted = Sorted::default();
        (0..10_000).for_each(|key| sorted.insert(key, ()));
        assert_eq!(sorted.chunks.len(), 10_000_usize.div_ceil(CHUNK));
        for key in (0..10_000).filter(|key| key % 50 != 0) {
            assert_eq!(sorted.remove(&key), Some(()));
        }
        let room: usize = sorted.chunks.values().map(VecDeque::capacity).sum();
        assert!(room <= 5 * sorted.len(), "room for {room}, of which {} are used", sorted.len());
    }
}
