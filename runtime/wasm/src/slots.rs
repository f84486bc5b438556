//! How many isolates there can be, and what of the engine's pool each of them takes.
//!
//! Every isolate has a memory, a heap of garbage-collected objects and two tables of its own: what
//! nearly all components need, so that only the number of isolates counts for those. A component
//! that is composed of several has more of them, which come from a reserve that all share, and of
//! which no function gets more than a quarter.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use wasmtime::component::Component;

/// Memories of an isolate's own: a linear memory, and a heap of garbage-collected objects, which
/// takes a place among the memories as soon as there is an object.
const OWN_MEMORIES: u32 = 2;

/// Tables of an isolate's own: of its functions, and of those that lead out of it.
const OWN_TABLES: u32 = 2;

/// The most that one component may have. Components of Python, which are linked of libraries,
/// have a memory, two tables and dozens of core instances.
pub(crate) const MAX_MEMORIES: u32 = 16;
pub(crate) const MAX_TABLES: u32 = 64;
pub(crate) const MAX_CORE_INSTANCES: u32 = 500;

/// How long an isolate is waited for. The dispatcher tries twice, and answers as for any other
/// throttled invocation then.
const PATIENCE: Duration = Duration::from_secs(4);

/// The sizes of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// Isolates at once.
    pub(crate) isolates: u32,
}

impl Sizes {
    /// Places for memories.
    pub(crate) fn memories(self) -> u32 {
        self.isolates * OWN_MEMORIES + self.spare_memories()
    }

    /// Places for tables.
    pub(crate) fn tables(self) -> u32 {
        self.isolates * OWN_TABLES + self.spare_tables()
    }

    /// Core instances, which take no place but memory when they are there.
    pub(crate) fn core_instances(self) -> u32 {
        self.isolates.saturating_mul(MAX_CORE_INSTANCES)
    }

    fn spare_memories(self) -> u32 {
        self.isolates.max(2 * MAX_MEMORIES)
    }

    fn spare_tables(self) -> u32 {
        (2 * self.isolates).max(2 * MAX_TABLES)
    }
}

/// What an isolate of a component takes from the reserve.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    memories: u32,
    tables: u32,
}

impl Needs {
    /// Those of a component.
    ///
    /// # Errors
    /// It has more than any component may have. An engine with a pool has refused it already.
    pub(crate) fn of(component: &Component) -> Result<Self, String> {
        let (memories, tables) = match component.resources_required() {
            Some(required) => (required.num_memories, required.num_tables),
            // It imports core modules, which are never there: it is not instantiated.
            None => (0, 0),
        };
        for (what, count, most) in
            [("memories", memories, MAX_MEMORIES), ("tables", tables, MAX_TABLES)]
        {
            if count > most {
                return Err(format!("the component has {count} {what}, and {most} are the most"));
            }
        }
        // Its own heap of objects is not counted among a component's memories.
        let memories = memories.saturating_sub(OWN_MEMORIES - 1);
        Ok(Self { memories, tables: tables.saturating_sub(OWN_TABLES) })
    }

    fn are_none(self) -> bool {
        self.memories == 0 && self.tables == 0
    }
}

/// What an isolate of a function takes from the reserve, and the function's share of that.
#[derive(Debug)]
pub(crate) struct Demand {
    needs: Needs,
    share: Share,
}

/// What is left of the reserve.
#[derive(Debug)]
struct Share {
    memories: Arc<Semaphore>,
    tables: Arc<Semaphore>,
}

impl Share {
    fn new(memories: u32, tables: u32) -> Self {
        let places = |count: u32| Arc::new(Semaphore::new(count as usize));
        Self { memories: places(memories), tables: places(tables) }
    }

    async fn take(&self, needs: Needs) -> Option<[Option<OwnedSemaphorePermit>; 2]> {
        let memories = take(&self.memories, needs.memories).await?;
        Some([memories, take(&self.tables, needs.tables).await?])
    }
}

/// `None`: the semaphore is closed, and nobody does that.
async fn take(places: &Arc<Semaphore>, count: u32) -> Option<Option<OwnedSemaphorePermit>> {
    match count {
        0 => Some(None),
        count => places.clone().acquire_many_owned(count).await.ok().map(Some),
    }
}

/// The places for isolates.
#[derive(Debug)]
pub(crate) struct Slots {
    sizes: Sizes,
    isolates: Arc<Semaphore>,
    reserve: Share,
    waiting: AtomicUsize,
}

/// The place of an isolate; given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    _isolate: OwnedSemaphorePermit,
    _shares: [Option<OwnedSemaphorePermit>; 2],
    _reserve: [Option<OwnedSemaphorePermit>; 2],
}

impl Slots {
    pub(crate) fn new(sizes: Sizes) -> Self {
        Self {
            sizes,
            isolates: Arc::new(Semaphore::new(sizes.isolates as usize)),
            reserve: Share::new(sizes.spare_memories(), sizes.spare_tables()),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Isolates at once.
    pub(crate) fn count(&self) -> usize {
        self.sizes.isolates as usize
    }

    /// Whether an isolate that waits for work takes a place that another may soon need.
    pub(crate) fn are_scarce(&self) -> bool {
        self.isolates.available_permits() < self.count() / 2
    }

    /// What isolates of one more function take.
    pub(crate) fn demand(&self, needs: Needs) -> Demand {
        let share = |spare: u32, most: u32| (spare / 4).max(most);
        let share = Share::new(
            share(self.sizes.spare_memories(), MAX_MEMORIES),
            share(self.sizes.spare_tables(), MAX_TABLES),
        );
        Demand { needs, share }
    }

    /// Waits for a place. `None`: too many wait already, or it took too long.
    pub(crate) async fn take(&self, demand: &Demand) -> Option<Slot> {
        // Most isolates need nothing of the reserve, and find a place at once. (Nobody who waits
        // is passed by: a place that is given back is theirs.)
        if demand.needs.are_none()
            && let Ok(isolate) = self.isolates.clone().try_acquire_owned()
        {
            return Some(Slot { _isolate: isolate, _shares: [None, None], _reserve: [None, None] });
        }
        let waiting = Waiting::count(&self.waiting);
        // As many may wait as may run.
        if waiting.before >= self.count() {
            return None;
        }
        let slot = async {
            // The function's own share first, so that it waits for itself before it keeps
            // anything from others. The order is the same for all: nobody waits in a circle.
            Some(Slot {
                _shares: demand.share.take(demand.needs).await?,
                _isolate: self.isolates.clone().acquire_owned().await.ok()?,
                _reserve: self.reserve.take(demand.needs).await?,
            })
        };
        timeout(PATIENCE, slot).await.ok().flatten()
    }
}

/// One that waits, as long as it lives.
struct Waiting<'s> {
    counter: &'s AtomicUsize,
    before: usize,
}

impl<'s> Waiting<'s> {
    fn count(counter: &'s AtomicUsize) -> Self {
        Self { counter, before: counter.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.counter.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(memories: u32, tables: u32, share: u32) -> Demand {
        Demand { needs: Needs { memories, tables }, share: Share::new(share, share) }
    }

    /// A place that is there at once.
    async fn at_once(slots: &Slots, demand: &Demand) -> Option<Slot> {
        timeout(Duration::ZERO, slots.take(demand)).await.ok().flatten()
    }

    #[tokio::test]
    async fn isolates_are_waited_for_and_not_forever() {
        let slots = Slots::new(Sizes { isolates: 2 });
        let plain = demand(0, 0, 100);
        let first = slots.take(&plain).await.unwrap();
        let _second = slots.take(&plain).await.unwrap();
        let (third, ()) = tokio::join!(slots.take(&plain), async { drop(first) });
        let _third = third.unwrap();
        assert!(slots.take(&plain).await.is_none());
        assert_eq!(slots.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn no_more_wait_than_run() {
        let slots = Slots::new(Sizes { isolates: 2 });
        let plain = demand(0, 0, 100);
        let _running = [slots.take(&plain).await.unwrap(), slots.take(&plain).await.unwrap()];
        let third = async { assert!(slots.take(&plain).await.is_none()) };
        let fourth = async { assert!(slots.take(&plain).await.is_none()) };
        let fifth = async {
            // Not as the ones that wait: it is refused without a wait.
            let refused = timeout(Duration::ZERO, slots.take(&plain)).await;
            assert!(matches!(refused, Ok(None)));
        };
        tokio::join!(biased; third, fourth, fifth);
    }

    #[tokio::test]
    async fn a_greedy_function_keeps_nothing_from_a_plain_one() {
        let sizes = Sizes { isolates: 100 };
        let slots = Slots::new(sizes);
        let greedy = demand(MAX_MEMORIES - 1, 0, sizes.spare_memories() / 4);
        let mut held = Vec::new();
        while let Some(slot) = at_once(&slots, &greedy).await {
            held.push(slot);
        }
        assert_eq!(held.len(), 1);
        let other = demand(MAX_MEMORIES - 1, 10, 100);
        held.push(at_once(&slots, &other).await.unwrap());
        let plain = demand(0, 0, 100);
        for _ in held.len()..100 {
            held.push(at_once(&slots, &plain).await.unwrap());
        }
        assert!(at_once(&slots, &plain).await.is_none());
    }
}
