//! From the store into memory: at start, and after the store has failed.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::{Arc, PoisonError, atomic::Ordering},
};

use super::{Inner, directory::Directory, queue::Queue};
use crate::{
    ErrorKind, OpenError, QueueError, Timestamp,
    attributes::Settings,
    commit::OnFailure,
    core::{Accepted, Core, DEDUPLICATION_INTERVAL, Deduplication, Record},
    scope::Scope,
    store::{Epoch, Key, Loaded, QueueRecord, Reading, Store, Write},
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
            this.restore(loaded).map_err(|error| error.to_string())
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
    pub(super) fn restore(&self, loaded: Loaded) -> Result<(), OpenError> {
        let now = self.options.clock.now();
        let epoch = loaded.opened;
        self.committer.start_sequences_at(epoch << SEQS_PER_OPENING);

        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let unaccepted: HashSet<Key> = refused.iter().copied().collect();
        let mut states: HashMap<u64, (QueueRecord, Settings, Core)> = HashMap::new();
        for queue in loaded.queues {
            let settings = Settings::new(&queue.name, &queue.attributes).map_err(|error| {
                let name = &queue.name;
                self.store.corrupt(format!("the attributes of the queue {name}: {error}"))
            })?;
            let core = Core::new(settings.is_fifo());
            states.insert(queue.id, (queue, settings, core));
        }
        let known: HashSet<u64> = states.keys().copied().collect();
        let mut stray = Stray::new(&self.store, epoch);
        // Two keyspaces, so two threads.
        let deduplications = std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut stray = Stray::new(&self.store, epoch);
                let kept = |key: &Key| known.contains(&key.queue) && !unaccepted.contains(key);
                let read = read_accepted(loaded.accepted, kept, now, &mut stray)?;
                stray.finish().map(|()| read)
            });
            read_records(loaded.records, &mut states, &unaccepted, now, &mut stray)?;
            reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })?;
        for (queue, deduplication) in deduplications {
            if let Some((.., core)) = states.get_mut(&queue) {
                core.deduplication = deduplication;
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
                stray.push(Write::RemoveAttempt(key))?;
            }
        }
        let (tasks, without_queue): (Vec<_>, Vec<_>) =
            loaded.tasks.into_iter().partition(|task| states.contains_key(&task.key.queue));
        for task in without_queue {
            stray.push(Write::RemoveTask(task.key))?;
        }
        stray.finish()?;

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

/// Reads the messages into the states of their queues.
fn read_records(
    records: Reading<Record>,
    states: &mut HashMap<u64, (QueueRecord, Settings, Core)>,
    unaccepted: &HashSet<Key>,
    now: Timestamp,
    stray: &mut Stray<'_>,
) -> Result<(), OpenError> {
    for entry in records {
        let (key, record) = entry?;
        match states.get_mut(&key.queue) {
            Some((queue, settings, core))
                if key.seq >= queue.purged_below && !unaccepted.contains(&key) =>
            {
                core.insert(key.seq, as_delayed(record, settings), now);
            }
            _ => stray.push(Write::Remove { key })?,
        }
    }
    Ok(())
}

/// Reads what the queues have accepted lately, by their ids.
fn read_accepted(
    accepted: Reading<Accepted>,
    is_kept: impl Fn(&Key) -> bool,
    now: Timestamp,
    stray: &mut Stray<'_>,
) -> Result<HashMap<u64, Deduplication>, OpenError> {
    let mut queues: HashMap<u64, Deduplication> = HashMap::new();
    for entry in accepted {
        let (key, accepted) = entry?;
        if is_kept(&key) && accepted.at.saturating_add(DEDUPLICATION_INTERVAL) > now {
            queues.entry(key.queue).or_default().insert(key.seq, accepted);
        } else {
            stray.push(Write::Forget { key })?;
        }
    }
    Ok(queues)
}

/// Removes from the store what nobody needs any more, many at a time.
struct Stray<'a> {
    store: &'a Store,
    epoch: Epoch,
    writes: Vec<Write>,
}

impl<'a> Stray<'a> {
    fn new(store: &'a Store, epoch: Epoch) -> Self {
        Self { store, epoch, writes: Vec::new() }
    }

    fn push(&mut self, write: Write) -> Result<(), OpenError> {
        self.writes.push(write);
        if self.writes.len() < SWEEP { Ok(()) } else { self.write() }
    }

    /// Removes those that are left.
    fn finish(mut self) -> Result<(), OpenError> {
        if self.writes.is_empty() { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), OpenError> {
        let writes = std::mem::take(&mut self.writes);
        self.store.write(writes, self.epoch).map_err(|error| self.store.not_opened(&error))
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
