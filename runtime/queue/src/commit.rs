//! Group commit.
//!
//! Whoever changes something hands in a set of writes and waits. Two workers do the rest, each for
//! as long as it has something to do. The one that writes takes all the sets that have gathered
//! and hands them to the operating system as one batch; that is all a receive waits for. The one
//! that syncs takes all that was written meanwhile, syncs once for all, and tells everyone: however
//! many senders there are, a `fdatasync` at a time serves them all, and while it goes on the next
//! batch is written. The sets are written and synced in the order in which they came, and
//! sequences are given out in the same order, so that the messages of a queue become known in the
//! order of their sequences.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::oneshot;

use crate::{
    OpenError, QueueError,
    core::Seq,
    store::{Epoch, Key, Loaded, Store, StoreError, Write},
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

/// A set that the operating system has, and the disk may not have yet.
struct Written {
    set: WriteSet,
    /// The messages that it made.
    sent: Vec<Key>,
    /// In which opening of the store it was written; nothing where there was nothing to write.
    epoch: Option<Epoch>,
}

#[derive(Default)]
struct Pending {
    /// To be written.
    sets: Vec<WriteSet>,
    /// Whether the worker runs that writes.
    writing: bool,
    /// To be synced.
    written: Vec<Written>,
    /// Whether the worker runs that syncs.
    syncing: bool,
    /// For messages and queues. Begins higher every time the store is opened, so that no number
    /// is ever used twice, whatever was deleted meanwhile.
    next_seq: Seq,
}

/// Told of a failed commit, after which the store is closed.
pub(crate) trait OnFailure: Send + Sync {
    /// Forgets all state in memory: what of it is in the store is not known any more. After this
    /// nobody hands in writes that rest on it.
    fn forget_state(&self);

    /// All writes that rest on the forgotten state were refused. `refused` are the messages whose
    /// senders are told that they were not accepted.
    fn store_failed(&self, refused: Vec<Key>);
}

/// The way of all changes into the [`Store`].
pub(crate) struct Committer {
    store: Arc<Store>,
    pending: Mutex<Pending>,
    /// Held while sets are synced and their senders told, while a failure is dealt with, and while
    /// the store is opened again: what is on the disk is made known before the state in memory is
    /// forgotten, or not at all.
    settling: Mutex<()>,
    on_failure: Weak<dyn OnFailure>,
}

impl Committer {
    pub(crate) fn new(store: Arc<Store>, on_failure: Weak<dyn OnFailure>) -> Arc<Self> {
        Arc::new(Self { store, pending: Mutex::default(), settling: Mutex::default(), on_failure })
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

    /// Opens the store again, when every failure is dealt with: no write that rests on forgotten
    /// state waits to be written into it.
    pub(crate) fn reopen(&self) -> Result<Loaded, OpenError> {
        let _settling = self.settle();
        self.store.reopen()
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes sets that were handed in in the opening `epoch`, tells those who wait for no more,
    /// and returns the others.
    fn write(&self, mut sets: Vec<WriteSet>, epoch: Option<Epoch>) -> Vec<Written> {
        let mut writes = Vec::new();
        let mut shares = Vec::with_capacity(sets.len());
        for set in &mut sets {
            shares.push((
                set.writes.iter().filter_map(Write::sent).collect(),
                !set.writes.is_empty(),
            ));
            writes.append(&mut set.writes);
        }
        let written = match epoch {
            _ if writes.is_empty() => Ok(()),
            Some(epoch) => self.store.write(writes, epoch),
            None => Err(StoreError::Closed),
        };
        if let Err(error) = written {
            let _settling = self.settle();
            let sent = match error {
                // Nothing was written.
                StoreError::Closed => Vec::new(),
                StoreError::Failed(_) => shares.into_iter().flat_map(|(sent, _)| sent).collect(),
            };
            self.fail(sets, sent, &error);
            return Vec::new();
        }
        let mut to_sync = Vec::with_capacity(sets.len());
        for (set, (sent, wrote)) in sets.into_iter().zip(shares) {
            match set.durability {
                Durability::Process => set.succeed(),
                Durability::Disk => {
                    to_sync.push(Written { set, sent, epoch: epoch.filter(|_| wrote) });
                }
            }
        }
        to_sync
    }

    /// Waits until what was written is on the disk, and tells its senders.
    fn sync(&self) {
        let _settling = self.settle();
        let written = std::mem::take(&mut self.lock().written);
        let synced = if written.iter().any(|written| written.epoch.is_some()) {
            self.store.sync().map(Some)
        } else {
            Ok(None)
        };
        // Nobody knows what has become of what was written before the store was closed.
        let is_on_disk = |written: &Written| match &synced {
            Ok(synced) => written.epoch.is_none() || written.epoch == *synced,
            Err(_) => false,
        };
        let (on_disk, lost): (Vec<_>, Vec<_>) = written.into_iter().partition(is_on_disk);
        on_disk.into_iter().for_each(|written| written.set.succeed());
        if !lost.is_empty() {
            let (sets, sent): (Vec<_>, Vec<_>) =
                lost.into_iter().map(|written| (written.set, written.sent)).unzip();
            let error = synced.err().unwrap_or(StoreError::Closed);
            self.fail(sets, sent.concat(), &error);
        }
    }

    /// What is on the disk after a failed write or sync is unknown until the store is opened
    /// again (<https://www.usenix.org/system/files/atc20-rebello.pdf>), so it is closed, and all
    /// that is known in memory is forgotten with it. `sent` are messages that may be in the store.
    ///
    /// The caller holds `settling`.
    fn fail(&self, mut sets: Vec<WriteSet>, mut sent: Vec<Key>, error: &StoreError) {
        // Where it was closed before, and nothing was written, all this was done then.
        if !matches!(error, StoreError::Closed) || !sent.is_empty() {
            self.store.close();
            let on_failure = self.on_failure.upgrade();
            if let Some(on_failure) = &on_failure {
                on_failure.forget_state();
            }
            // Those that came meanwhile rest on state that is forgotten now, and those that come
            // from now on do not.
            let mut pending = self.lock();
            for written in pending.written.drain(..) {
                sent.extend(written.sent);
                sets.push(written.set);
            }
            sets.append(&mut pending.sets);
            drop(pending);
            if let Some(on_failure) = on_failure {
                on_failure.store_failed(sent);
            }
        }
        for set in sets {
            // A receiver that has gone does not want to know.
            let _ = set.done.send(Err(QueueError::store(error)));
        }
    }

    fn settle(&self) -> MutexGuard<'_, ()> {
        self.settling.lock().unwrap_or_else(PoisonError::into_inner)
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
    pub(crate) fn submit(
        mut self,
        writes: Vec<Write>,
        durability: Durability,
        apply: impl FnOnce() + Send + 'static,
    ) -> Committed {
        let (done, committed) = oneshot::channel();
        self.pending.sets.push(WriteSet { writes, durability, apply: Box::new(apply), done });
        if !std::mem::replace(&mut self.pending.writing, true) {
            drop(self.pending);
            Worker::start(self.committer, Stage::Write);
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

#[derive(Clone, Copy)]
enum Stage {
    Write,
    Sync,
}

/// The right to write or to sync. Dropped before its end (a runtime that shuts down drops what it
/// has not started), it lets the next set start another.
struct Worker {
    committer: Arc<Committer>,
    stage: Stage,
    ended: bool,
}

impl Worker {
    /// Starts a worker on tokio's blocking pool (so a runtime whose time is paused waits for it),
    /// outside a runtime on a thread.
    fn start(committer: &Arc<Committer>, stage: Stage) {
        let worker = Self { committer: Arc::clone(committer), stage, ended: false };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(|| worker.run())),
            Err(_) => drop(std::thread::spawn(|| worker.run())),
        }
    }

    fn run(mut self) {
        if let Stage::Write = self.stage {
            self.write();
        }
        if let Stage::Sync = self.stage {
            self.sync();
        }
        self.ended = true;
    }

    /// Writes while there is something to write. Where nobody syncs, and nothing else is to be
    /// written, it goes on with that itself: to wake another thread costs more than a small write.
    fn write(&mut self) {
        loop {
            let (sets, epoch) = {
                let mut pending = self.committer.lock();
                if pending.sets.is_empty() {
                    pending.writing = false;
                    return;
                }
                // Under the lock: what is still here after a failure is of the next opening.
                (std::mem::take(&mut pending.sets), self.committer.store.epoch())
            };
            let mut written = self.committer.write(sets, epoch);
            if written.is_empty() {
                continue;
            }
            let mut pending = self.committer.lock();
            pending.written.append(&mut written);
            if std::mem::replace(&mut pending.syncing, true) {
                continue;
            }
            if pending.sets.is_empty() {
                pending.writing = false;
                self.stage = Stage::Sync;
                return;
            }
            drop(pending);
            Self::start(&self.committer, Stage::Sync);
        }
    }

    fn sync(&self) {
        loop {
            {
                let mut pending = self.committer.lock();
                if pending.written.is_empty() {
                    pending.syncing = false;
                    return;
                }
            }
            self.committer.sync();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if !self.ended {
            let mut pending = self.committer.lock();
            match self.stage {
                Stage::Write => pending.writing = false,
                Stage::Sync => pending.syncing = false,
            }
        }
    }
}

#[cfg(test)]
mod tests;
