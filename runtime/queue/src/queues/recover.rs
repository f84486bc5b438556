//! From the store into memory: at start, and after the store has failed.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::{Arc, PoisonError, atomic::Ordering},
};

use super::{Inner, directory::Directory, queue::Queue};
use crate::{
    ErrorKind, OpenError, QueueError,
    attributes::Settings,
    commit::OnFailure,
    core::{Core, DEDUPLICATION_INTERVAL, Record},
    scope::Scope,
    store::{Key, Loaded, QueueRecord, StoreError, Write},
};

/// How many sequences each opening of the store has for itself: the upper 24 bits count the
/// openings, the lower 40 the messages of one.
const SEQS_PER_OPENING: u32 = 40;

/// How many messages one write removes when messages are cleared away.
pub(super) const SWEEP: usize = 1000;

impl OnFailure for Inner {
    fn forget_state(&self) {
        self.failed.store(true, Ordering::Release);
        for queue in self.all() {
            queue.lock().core = None;
        }
    }

    fn store_failed(&self, refused: Vec<Key>) {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).extend(refused);
        for queue in self.all() {
            // They find the store closed, and say so.
            queue.wake.notify_waiters();
        }
    }
}

/// Checks that no two queues of a store have the same name in the same scope. They may after a
/// change of the default scope, which one of them goes by.
pub(super) fn check_names(dir: &Path, loaded: &Loaded, default: &Scope) -> Result<(), OpenError> {
    let mut names = HashSet::new();
    for QueueRecord { name, scope, .. } in &loaded.queues {
        let scope = scope.as_ref().unwrap_or(default);
        if !names.insert((scope, name)) {
            return Err(OpenError::SameName {
                path: dir.to_owned(),
                name: name.clone(),
                account_id: scope.account_id().to_owned(),
                region: scope.region().to_owned(),
            });
        }
    }
    Ok(())
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
            let loaded = this.committer.reopen().map_err(|error| error.to_string())?;
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
    /// are still there, those that were refused, deduplications that have ended and receives
    /// that cannot be repeated any more are removed on the way.
    pub(super) fn restore(&self, loaded: Loaded) -> Result<(), String> {
        let now = self.options.clock.now();
        let epoch = loaded.opened;
        self.committer.start_sequences_at(epoch << SEQS_PER_OPENING);

        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let unaccepted: HashSet<Key> = refused.iter().copied().collect();
        let mut states: HashMap<u64, (QueueRecord, Settings, Core)> = HashMap::new();
        for queue in loaded.queues {
            let settings = Settings::new(&queue.name, &queue.attributes)
                .map_err(|error| format!("the attributes of the queue {}: {error}", queue.name))?;
            let core = Core::new(settings.is_fifo());
            states.insert(queue.id, (queue, settings, core));
        }
        let mut stray = Vec::new();
        for (key, record) in loaded.records {
            match states.get_mut(&key.queue) {
                Some((queue, settings, core))
                    if key.seq >= queue.purged_below && !unaccepted.contains(&key) =>
                {
                    core.insert(key.seq, as_delayed(record, settings), now);
                }
                _ => stray.push(Write::Remove { key }),
            }
        }
        for (key, accepted) in loaded.accepted {
            let state = states.get_mut(&key.queue).filter(|_| !unaccepted.contains(&key));
            match state.filter(|_| accepted.at.saturating_add(DEDUPLICATION_INTERVAL) > now) {
                Some((.., core)) => core.deduplication.insert(key.seq, accepted),
                None => stray.push(Write::Forget { key }),
            }
        }
        let mut attempts = loaded.attempts;
        attempts.sort_by_key(|(_, attempt)| attempt.at);
        for (key, attempt) in attempts {
            let is_known = states.get_mut(&key.queue).is_some_and(|(queue, _, core)| {
                attempt.taken.iter().all(|(seq, _)| *seq >= queue.purged_below)
                    && core.restore_attempt(&key.id, &attempt, now)
            });
            if !is_known {
                stray.push(Write::RemoveAttempt(key));
            }
        }
        let (tasks, without_queue): (Vec<_>, Vec<_>) =
            loaded.tasks.into_iter().partition(|task| states.contains_key(&task.key.queue));
        stray.extend(without_queue.into_iter().map(|task| Write::RemoveTask(task.key)));
        let mut stray = stray.into_iter();
        loop {
            let some: Vec<Write> = stray.by_ref().take(SWEEP).collect();
            if some.is_empty() {
                break;
            }
            self.store.write(some, epoch).map_err(|error: StoreError| error.to_string())?;
        }

        // They are gone; only now may they be forgotten.
        refused.clear();
        drop(refused);

        let mut known: HashMap<u64, Arc<Queue>> =
            self.all().into_iter().map(|queue| (queue.id, queue)).collect();
        let mut restored = Directory::default();
        for (id, (record, settings, core)) in states {
            let queue = match known.remove(&id) {
                Some(queue) => {
                    queue.restore(record, settings, core);
                    queue
                }
                None => Arc::new(Queue::new(record, &self.default_scope, settings, core)),
            };
            // `Queues::open` has seen to it that no name is there twice.
            restored.insert(queue);
        }
        for gone in known.into_values() {
            gone.lock().deleted = true;
            gone.wake.notify_waiters();
        }
        *self.write_queues() = restored;
        self.lock_tasks().restore(tasks);
        Ok(())
    }
}

/// The record with the delay that the queue has now, which on a FIFO queue holds for messages
/// that were sent before it was set, and is not written into their records.
fn as_delayed(record: Record, settings: &Settings) -> Record {
    if !settings.is_fifo() || record.receive_count > 0 {
        return record;
    }
    let visible_at = record.sent_at.saturating_add(settings.millis("DelaySeconds"));
    Record { visible_at, ..record }
}
