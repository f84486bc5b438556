//! From the store into memory: at start, and after the store has failed.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, PoisonError, atomic::Ordering},
};

use super::{Inner, queue::Queue};
use crate::{
    ErrorKind, QueueError,
    commit::OnFailure,
    core::{Core, Seq},
    store::{Key, Loaded, StoreError, Write},
};

/// How many sequences each opening of the store has for itself: the upper 24 bits count the
/// openings, the lower 40 the messages of one.
const SEQS_PER_OPENING: u32 = 40;

/// How many messages one write removes when messages are cleared away.
pub(super) const SWEEP: usize = 1000;

impl OnFailure for Inner {
    fn store_failed(&self, refused: Vec<Key>) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).extend(refused);
        self.failed.store(true, Ordering::Release);
        for queue in self.all() {
            queue.lock().core = None;
            // They find the store closed, and say so.
            queue.wake.notify_waiters();
        }
    }
}

impl Inner {
    /// Opens the store again if it has failed.
    pub(super) async fn recover(self: &Arc<Self>) -> Result<(), QueueError> {
        if !self.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        let _guard = self.manage.lock().await;
        if !self.failed.load(Ordering::Acquire) {
            return Ok(());
        }
        let this = Arc::clone(self);
        let work = move || {
            let loaded = this.store.reopen().map_err(|error| error.to_string())?;
            // Before the state is there: from then on a commit may fail again.
            this.failed.store(false, Ordering::Release);
            this.restore(loaded)
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| error.to_string()).flatten().map_err(|error| {
            self.failed.store(true, Ordering::Release);
            QueueError::new(ErrorKind::InternalFailure, error)
        })
    }

    /// Makes the state in memory that of the store. Messages of deleted and purged queues that
    /// are still there, and those that were refused, are removed on the way.
    pub(super) fn restore(&self, loaded: Loaded) -> Result<(), String> {
        let now = self.options.clock.now();
        self.next_seq.fetch_max(loaded.opened << SEQS_PER_OPENING, Ordering::Relaxed);

        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let unaccepted: HashSet<Key> = refused.iter().copied().collect();
        let mut cores: HashMap<u64, (Seq, Core)> = HashMap::new();
        for queue in &loaded.queues {
            cores.insert(queue.id, (queue.purged_below, Core::default()));
        }
        let mut stray = Vec::new();
        for (key, record) in loaded.records {
            match cores.get_mut(&key.queue) {
                Some((purged_below, core))
                    if key.seq >= *purged_below && !unaccepted.contains(&key) =>
                {
                    core.insert(key.seq, record, now);
                }
                _ => stray.push(key),
            }
        }
        for keys in stray.chunks(SWEEP) {
            let writes = keys.iter().map(|&key| Write::Remove { key }).collect();
            self.store.write(writes).map_err(|error: StoreError| error.to_string())?;
        }

        // They are gone; only now may they be forgotten.
        refused.clear();
        drop(refused);

        let mut known: HashMap<u64, Arc<Queue>> =
            self.all().into_iter().map(|queue| (queue.id, queue)).collect();
        let mut restored = BTreeMap::new();
        for record in loaded.queues {
            let core = cores.remove(&record.id).map(|(_, core)| core).unwrap_or_default();
            let name = record.name.clone();
            let unreadable = |error| format!("the attributes of the queue {name}: {error}");
            let queue = match known.remove(&record.id) {
                Some(queue) => queue.restore(record, core).map(|()| queue),
                None => Queue::new(record, core).map(Arc::new),
            };
            let queue = queue.map_err(unreadable)?;
            restored.insert(queue.name.clone(), queue);
        }
        for gone in known.into_values() {
            gone.lock().deleted = true;
            gone.wake.notify_waiters();
        }
        *self.write_queues() = restored;
        Ok(())
    }
}
