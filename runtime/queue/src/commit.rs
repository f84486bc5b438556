//! Group commit.
//!
//! Whoever changes something hands in a set of writes and waits. One worker takes all the sets
//! that have gathered, writes them as one batch, syncs once for all, and tells everyone: however
//! many senders there are, a `fdatasync` at a time serves them all. The sets are written in the
//! order in which they came, and sequences are given out in the same order, so that the messages
//! of a queue become known in the order of their sequences.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::oneshot;

use crate::{
    QueueError,
    core::Seq,
    store::{Key, Store, StoreError, Write},
};

/// What becomes of a set of writes. Dropping it changes nothing: the set is written.
pub(crate) type Committed = oneshot::Receiver<Result<(), QueueError>>;

/// When a set of writes is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// When the operating system has it: it survives the end of this process.
    Process,
    /// When it is on the disk.
    Disk,
}

type Apply = Box<dyn FnOnce() + Send>;

struct WriteSet {
    writes: Vec<Write>,
    durability: Durability,
    /// Runs once the writes are done, before anyone is told.
    apply: Apply,
    done: oneshot::Sender<Result<(), QueueError>>,
}

#[derive(Default)]
struct Pending {
    sets: Vec<WriteSet>,
    /// Whether a worker runs, which goes on until there are no more sets.
    running: bool,
    /// For messages and queues. Begins higher every time the store is opened, so that no number
    /// is ever used twice, whatever was deleted meanwhile.
    next_seq: Seq,
}

/// Told of a failed commit, after which the store is closed.
pub(crate) trait OnFailure: Send + Sync {
    /// Forgets all state in memory: what of it is in the store is not known any more. `refused`
    /// are the messages whose senders are told that they were not accepted.
    fn store_failed(&self, refused: Vec<Key>);
}

/// The way of all changes into the [`Store`].
pub(crate) struct Committer {
    store: Arc<Store>,
    pending: Mutex<Pending>,
    on_failure: Weak<dyn OnFailure>,
}

impl Committer {
    pub(crate) fn new(store: Arc<Store>, on_failure: Weak<dyn OnFailure>) -> Arc<Self> {
        Arc::new(Self { store, pending: Mutex::default(), on_failure })
    }

    /// Begins a set of writes. Nobody else hands one in until it is submitted or dropped.
    pub(crate) fn begin(self: &Arc<Self>) -> Submission<'_> {
        Submission { committer: self, pending: self.lock() }
    }

    /// Hands in writes that need no new sequence: [`Submission::submit`].
    pub(crate) fn submit(
        self: &Arc<Self>,
        writes: Vec<Write>,
        durability: Durability,
        apply: impl FnOnce() + Send + 'static,
    ) -> Committed {
        self.begin().submit(writes, durability, apply)
    }

    /// Gives out no sequences below this one any more.
    pub(crate) fn start_sequences_at(&self, seq: Seq) {
        let mut pending = self.lock();
        pending.next_seq = pending.next_seq.max(seq);
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn commit(&self, mut sets: Vec<WriteSet>) {
        let writes = sets.iter_mut().flat_map(|set| set.writes.drain(..)).collect::<Vec<_>>();
        let sent = writes.iter().filter_map(Write::sent).collect();
        let wrote = !writes.is_empty();
        if wrote && let Err(error) = self.store.write(writes) {
            return self.fail(sets, sent, &error);
        }
        let (on_disk, in_process): (Vec<_>, Vec<_>) =
            sets.into_iter().partition(|set| set.durability == Durability::Disk);
        in_process.into_iter().for_each(WriteSet::succeed);
        if on_disk.is_empty() {
            return;
        }
        if wrote && let Err(error) = self.store.sync() {
            return self.fail(on_disk, sent, &error);
        }
        on_disk.into_iter().for_each(WriteSet::succeed);
    }

    /// What is on the disk after a failed write or sync is unknown until the store is opened
    /// again (<https://www.usenix.org/system/files/atc20-rebello.pdf>), so it is closed, and all
    /// that is known in memory is forgotten with it.
    fn fail(&self, mut sets: Vec<WriteSet>, sent: Vec<Key>, error: &StoreError) {
        // A store that was closed already has been through this.
        if !matches!(error, StoreError::Closed) {
            self.store.close();
            if let Some(on_failure) = self.on_failure.upgrade() {
                on_failure.store_failed(sent);
            }
            // Those that came meanwhile rest on state that is forgotten now.
            sets.append(&mut self.lock().sets);
        }
        for set in sets {
            // A receiver that has gone does not want to know.
            let _ = set.done.send(Err(QueueError::store(error)));
        }
    }
}

/// A set of writes that is being made.
pub(crate) struct Submission<'a> {
    committer: &'a Arc<Committer>,
    pending: MutexGuard<'a, Pending>,
}

impl Submission<'_> {
    /// A sequence that is higher than all before.
    pub(crate) fn next_seq(&mut self) -> Seq {
        let seq = self.pending.next_seq;
        self.pending.next_seq += 1;
        seq
    }

    /// Hands in the writes. `apply` runs when they are as durable as asked for, before the result
    /// is there; not when they failed.
    ///
    /// The worker runs on tokio's blocking pool while there is work (so a runtime whose time is
    /// paused waits for it), outside a runtime on a thread.
    pub(crate) fn submit(
        mut self,
        writes: Vec<Write>,
        durability: Durability,
        apply: impl FnOnce() + Send + 'static,
    ) -> Committed {
        let (done, committed) = oneshot::channel();
        self.pending.sets.push(WriteSet { writes, durability, apply: Box::new(apply), done });
        if !self.pending.running {
            self.pending.running = true;
            drop(self.pending);
            let worker = Worker { committer: Arc::clone(self.committer), ended: false };
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn_blocking(|| worker.run())),
                Err(_) => drop(std::thread::spawn(|| worker.run())),
            }
        }
        committed
    }
}

impl WriteSet {
    fn succeed(self) {
        (self.apply)();
        // A receiver that has gone does not want to know.
        let _ = self.done.send(Ok(()));
    }
}

/// The right to write. Dropped before its end (a runtime that shuts down drops what it has not
/// started), it lets the next set start another.
struct Worker {
    committer: Arc<Committer>,
    ended: bool,
}

impl Worker {
    fn run(mut self) {
        loop {
            let sets = {
                let mut pending = self.committer.lock();
                if pending.sets.is_empty() {
                    pending.running = false;
                    self.ended = true;
                    return;
                }
                std::mem::take(&mut pending.sets)
            };
            self.committer.commit(sets);
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !self.ended {
            self.committer.lock().running = false;
        }
    }
}
