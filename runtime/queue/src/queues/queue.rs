//! One queue: its state under a lock, and those who wait for its messages.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool};

use tokio::sync::Notify;

use crate::{
    Attributes, QueueError, Timestamp,
    attributes::Settings,
    core::{Core, Record, Seq},
    scope::Scope,
    store::{Key, QueueRecord, StoreError},
};

pub(super) struct Queue {
    pub(super) id: u64,
    pub(super) name: String,
    /// Its account and region.
    pub(super) scope: Scope,
    /// The scope as it is stored: nothing for the default one.
    stored_scope: Option<Scope>,
    /// Whether a template declares it ([`Queues::ensure_queue`](super::Queues::ensure_queue)).
    pub(super) declared: AtomicBool,
    state: Mutex<State>,
    /// Woken once for each change after which a waiting receive may have something to do: there
    /// is a message, or the next one appears earlier than those who wait know. One of them wakes
    /// and, when it leaves, wakes the next (see [`Turn`]); so one message wakes one receive, and
    /// there is always one that sleeps no longer than until the next message appears.
    pub(super) wake: Notify,
}

/// What the lock of a queue guards. Changes of the core are handed to the committer under the
/// same lock, so that the store sees them in the same order.
pub(super) struct State {
    /// Nothing after a failure of the store, until it is open again.
    pub(super) core: Option<Core>,
    /// Shared with those who check what they were given before they take the lock.
    pub(super) settings: Arc<Settings>,
    pub(super) tags: Attributes,
    pub(super) created_at: Timestamp,
    pub(super) modified_at: Timestamp,
    pub(super) purged_below: Seq,
    /// When the queue was last purged; 0 when it never was.
    pub(super) purged_at: Timestamp,
    pub(super) deleted: bool,
}

impl State {
    /// The messages, unless the queue is deleted or the store has failed.
    pub(super) fn core(&mut self) -> Result<&mut Core, QueueError> {
        if self.deleted {
            return Err(QueueError::no_such_queue());
        }
        self.core.as_mut().ok_or_else(|| QueueError::store(&StoreError::Closed))
    }
}

impl Queue {
    /// A queue as the store has it, with the scope that is the default one.
    pub(super) fn new(
        record: QueueRecord,
        default_scope: &Scope,
        settings: Settings,
        core: Core,
    ) -> Self {
        Self {
            id: record.id,
            name: record.name.clone(),
            scope: record.scope.as_ref().unwrap_or(default_scope).clone(),
            stored_scope: record.scope.clone(),
            declared: AtomicBool::default(),
            state: Mutex::new(restored(record, settings, core)),
            wake: Notify::new(),
        }
    }

    /// Takes over what the store has.
    pub(super) fn restore(&self, record: QueueRecord, settings: Settings, core: Core) {
        *self.lock() = restored(record, settings, core);
        self.wake.notify_waiters();
    }

    pub(super) fn arn(&self) -> String {
        self.scope.arn(&self.name)
    }

    /// Whether its redrive policy names the queue with this ARN.
    pub(super) fn sends_dead_letters_to(&self, arn: &str) -> bool {
        self.lock().settings.redrive().is_some_and(|redrive| redrive.target_arn == arn)
    }

    pub(super) fn key(&self, seq: Seq) -> Key {
        Key { queue: self.id, seq }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The settings as they are now.
    pub(super) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.lock().settings)
    }

    /// Runs `work` on the state and wakes a waiting receive if that may concern it.
    pub(super) fn change<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let next = |state: &State| state.core.as_ref().and_then(Core::next_appearance);
        let before = next(&state);
        let result = work(&mut state);
        let sooner = match (before, next(&state)) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(before), Some(after)) => after < before,
        };
        let ready = state.core.as_ref().is_some_and(Core::has_ready);
        drop(state);
        if ready || sooner {
            self.wake.notify_one();
        }
        result
    }

    /// Takes in messages that are on the disk now, unless they were purged or the queue deleted
    /// meanwhile.
    pub(super) fn insert(&self, messages: Vec<(Seq, Record)>, now: Timestamp) {
        self.change(|state| {
            let purged_below = state.purged_below;
            if let Ok(core) = state.core() {
                for (seq, record) in messages {
                    if seq >= purged_below {
                        core.insert(seq, record, now);
                    }
                }
            }
        });
    }

    /// The queue as it is stored.
    pub(super) fn record(&self, state: &State) -> QueueRecord {
        QueueRecord {
            id: self.id,
            name: self.name.clone(),
            scope: self.stored_scope.clone(),
            attributes: state.settings.given().clone(),
            tags: state.tags.clone(),
            created_at: state.created_at,
            modified_at: state.modified_at,
            purged_below: state.purged_below,
            purged_at: state.purged_at,
        }
    }
}

fn restored(record: QueueRecord, settings: Settings, core: Core) -> State {
    State {
        core: Some(core),
        settings: Arc::new(settings),
        tags: record.tags,
        created_at: record.created_at,
        modified_at: record.modified_at,
        purged_below: record.purged_below,
        purged_at: record.purged_at,
        deleted: false,
    }
}

/// A receive that may wait. When it leaves, for whatever reason, another takes over the watch.
pub(super) struct Turn<'a>(pub(super) &'a Queue);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let state = self.0.lock();
        let watch = |core: &Core| core.has_ready() || core.next_appearance().is_some();
        if state.core.as_ref().is_some_and(watch) {
            drop(state);
            self.0.wake.notify_one();
        }
    }
}
