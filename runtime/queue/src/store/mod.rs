//! The messages and queues on disk.
//!
//! # Why fjall
//!
//! Compared with redb 4.5 before it was chosen (fjall 3.1, two cores shared with other work, an
//! ext4 disk that does 270 `fdatasync` a second; messages of 256 bytes with a record of 40;
//! thousands of messages a second):
//!
//! |                                              | fjall     | redb        |
//! |----------------------------------------------|-----------|-------------|
//! | durable sends, one a commit                  | 0.25-0.29 | 0.26        |
//! | durable sends, 64 a commit                   | 17        | 13-16       |
//! | durable sends, 640 a commit                  | 161-170   | 105-111     |
//! | the same 64 behind a backlog of a million    | 12-16     | 13-17       |
//! | receives not waiting for the disk, 64 a time | 490-850   | 580 (*)     |
//! | open with a million messages, read them all  | 2.8-4.0 s | 0.6-1.3 s   |
//!
//! Where the disk decides, the two are equal, and redb opens sooner. What decides is (*): a redb
//! commit that does not wait for the disk is lost when the *process* dies, so that every receive
//! would have to wait for an `fdatasync` like a send. fjall's journal hands such a commit to the
//! operating system. With the smaller journal and memtables that are set here, and read one message
//! after the other, two million messages, of which half are FIFO with all that deduplication knows
//! of these, are open in 1.1 to 1.7 s, on a busy machine in 4.7 s (`examples/recovery.rs`).
//!
//! # Damage
//!
//! fjall checks what it reads from tables. A journal it reads up to the first commit that it cannot
//! make sense of, and takes that for the end: what was acknowledged and follows would be dropped
//! without a word. So every commit has a number, a file beside the database says which number was
//! acknowledged last (`mark`), and both are compared before fjall opens the journals (`journal`)
//! and after. A commit that was cut short, as the end of the process or a power cut leaves it, was
//! acknowledged to nobody and is cut off. When an acknowledged commit is missing, the store does
//! not open and says so, and its files are left as they were. A commit pays for this with 35 bytes
//! in the journal and a sync with a write of 24 bytes that nobody waits for; in runs side by side
//! (a disk of 280 to 6,500 `fdatasync` a second) the rates of sends and receives did not tell the
//! versions with and without it apart.
//!
//! The other candidates do not spare this: SQLite's log too ends for its reader at the first frame
//! with a wrong checksum, and redb goes back to the commit before when the last one is damaged.
//!
//! # Layout
//!
//! Four keyspaces. `contents` has what never changes about a message, `records` the few bytes
//! that do ([`Record`]): a receive rewrites 44 bytes whatever the message's size, and opening
//! reads no bodies. `accepted` has what FIFO queues have accepted lately ([`Accepted`]), which
//! outlives the messages. All three have 16 byte keys ([`Key`]). `meta` has the format's version,
//! the number of times the store was opened, the number of the last commit, the queues, the
//! message move tasks, and the receives of the last minutes that can be repeated.

mod content;
mod database;
mod encoding;
mod journal;
mod mark;
mod memory;
mod sync;

#[cfg(test)]
mod tests;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use serde::{Deserialize, Serialize};

pub(crate) use self::{
    content::{Content, Passage},
    database::{Loaded, QueueRecord, Reading, TaskRecord},
};
use self::{database::Database, memory::Memory};
use crate::{
    OpenError,
    core::{Accepted, Attempt, Record, Seq},
};

/// Names a message in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Key {
    /// The id of the queue it is in.
    pub(crate) queue: u64,
    /// Its place in the order of acceptance.
    pub(crate) seq: Seq,
}

/// Names a receive that can be repeated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AttemptKey {
    /// The id of the queue.
    pub(crate) queue: u64,
    /// The caller's `ReceiveRequestAttemptId`.
    pub(crate) id: String,
}

/// One change of the stored state.
#[derive(Debug)]
pub(crate) enum Write {
    /// A new message, and on a FIFO queue that it was accepted.
    Message { key: Key, record: Record, content: Box<Content>, accepted: Option<Accepted> },
    /// A message's new record.
    Record { key: Key, record: Record },
    /// A message is gone.
    Remove { key: Key },
    /// That the message with this key was accepted does not matter any more. The message itself
    /// stays.
    Forget { key: Key },
    /// A message goes to another queue.
    Move { from: Key, to: Key, record: Record, passage: Passage },
    /// A queue is made or changed.
    Queue(QueueRecord),
    /// A queue is gone; its messages are removed by and by.
    RemoveQueue { id: u64 },
    /// A message move task is made or changed.
    Task(TaskRecord),
    /// A message move task is forgotten.
    RemoveTask(Key),
    /// A receive that can be repeated.
    Attempt { key: AttemptKey, attempt: Attempt },
    /// It cannot be repeated any more.
    RemoveAttempt(AttemptKey),
}

impl Write {
    /// The message that this write makes for its sender.
    pub(crate) fn sent(&self) -> Option<Key> {
        if let Self::Message { key, .. } = self { Some(*key) } else { None }
    }
}

/// Why the store did not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum StoreError {
    /// The disk or the database failed.
    #[error("{0}")]
    Failed(String),
    /// It failed before and was not opened again since.
    #[error("closed after a failure")]
    Closed,
}

/// The database of one directory, or what stands for it in memory. It can be closed after a
/// failure and opened again.
#[derive(Debug)]
pub(crate) struct Store {
    place: Place,
    open: RwLock<Option<Open>>,
    #[cfg(test)]
    fail_next: std::sync::Mutex<Option<Operation>>,
    #[cfg(test)]
    syncs: std::sync::Mutex<()>,
}

#[derive(Debug)]
enum Place {
    Disk(PathBuf),
    Memory(Arc<Memory>),
}

/// Tells the openings of a store apart: the value counts them.
pub(crate) type Epoch = u64;

#[derive(Debug)]
struct Open {
    epoch: Epoch,
    backend: Backend,
}

#[derive(Debug)]
enum Backend {
    Disk(Box<Database>),
    Memory(Arc<Memory>),
}

/// What can be made to fail.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Write,
    Sync,
}

impl Place {
    fn open(&self) -> Result<(Backend, Loaded), OpenError> {
        match self {
            Self::Disk(dir) => {
                let (database, loaded) = Database::open(dir)?;
                Ok((Backend::Disk(Box::new(database)), loaded))
            }
            Self::Memory(memory) => Ok((Backend::Memory(Arc::clone(memory)), memory.load())),
        }
    }
}

impl Store {
    /// Opens the store in `dir`, which is made when missing, and begins to read all but the contents.
    pub(crate) fn on_disk(dir: &Path) -> Result<(Self, Loaded), OpenError> {
        Self::open(Place::Disk(dir.to_owned()))
    }

    /// Makes a store that goes with this process.
    pub(crate) fn in_memory() -> Result<(Self, Loaded), OpenError> {
        Self::open(Place::Memory(Arc::default()))
    }

    fn open(place: Place) -> Result<(Self, Loaded), OpenError> {
        let (backend, loaded) = place.open()?;
        let store = Self {
            place,
            open: RwLock::new(Some(Open { epoch: loaded.opened, backend })),
            #[cfg(test)]
            fail_next: std::sync::Mutex::default(),
            #[cfg(test)]
            syncs: std::sync::Mutex::default(),
        };
        Ok((store, loaded))
    }

    /// Closes the database if that has not happened, and opens it afresh: what was not committed
    /// is gone.
    pub(crate) fn reopen(&self) -> Result<Loaded, OpenError> {
        let mut guard = self.open.write().unwrap_or_else(PoisonError::into_inner);
        // Dropped before it is opened again: it holds the directory's lock.
        drop(guard.take());
        let (backend, loaded) = self.place.open()?;
        *guard = Some(Open { epoch: loaded.opened, backend });
        Ok(loaded)
    }

    /// Closes the database until [`reopen`](Self::reopen).
    pub(crate) fn close(&self) {
        drop(self.open.write().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// The opening that the store is in; nothing while it is closed.
    pub(crate) fn epoch(&self) -> Option<Epoch> {
        let guard = self.open.read().unwrap_or_else(PoisonError::into_inner);
        guard.as_ref().map(|open| open.epoch)
    }

    /// Writes all or nothing, in this order, and hands it to the operating system, so that it
    /// survives the end of this process. Writes nothing if the store was closed since it was in
    /// the opening `epoch`. After another error the database may not be used any more, close it.
    pub(crate) fn write(&self, writes: Vec<Write>, epoch: Epoch) -> Result<(), StoreError> {
        #[cfg(test)]
        self.fail(Operation::Write)?;
        self.with(|open| {
            if open.epoch != epoch {
                return Err(StoreError::Closed);
            }
            match &open.backend {
                Backend::Disk(database) => database.write(writes)?,
                Backend::Memory(memory) => memory.write(writes),
            }
            Ok(())
        })
    }

    /// Waits until all that was written before the call is on the disk, while others go on
    /// writing. Returns the opening for which that is so. After an error the database may not be
    /// used any more, close it.
    pub(crate) fn sync(&self) -> Result<Epoch, StoreError> {
        #[cfg(test)]
        let _turn = self.hold_syncs();
        #[cfg(test)]
        self.fail(Operation::Sync)?;
        self.with(|open| {
            match &open.backend {
                Backend::Disk(database) => database.sync()?,
                Backend::Memory(_) => {}
            }
            Ok(open.epoch)
        })
    }

    /// The error for something in the store that makes no sense.
    pub(crate) fn corrupt(&self, reason: String) -> OpenError {
        OpenError::Corrupt { path: self.path(), reason }
    }

    /// The error for something that could not be done while it was opened.
    pub(crate) fn not_opened(&self, error: &StoreError) -> OpenError {
        OpenError::Io { path: self.path(), source: std::io::Error::other(error.to_string()) }
    }

    fn path(&self) -> PathBuf {
        match &self.place {
            Place::Disk(dir) => dir.clone(),
            Place::Memory(_) => PathBuf::new(),
        }
    }

    /// The contents of messages; nothing for one that is not there.
    pub(crate) fn contents(&self, keys: &[Key]) -> Result<Vec<Option<Content>>, StoreError> {
        self.with(|open| match &open.backend {
            Backend::Disk(database) => keys.iter().map(|&key| database.content(key)).collect(),
            Backend::Memory(memory) => Ok(keys.iter().map(|&key| memory.content(key)).collect()),
        })
    }

    /// Lets the next operation of this kind fail, as a full disk does.
    #[cfg(test)]
    pub(crate) fn fail_next(&self, operation: Operation) {
        *self.fail_next.lock().unwrap_or_else(PoisonError::into_inner) = Some(operation);
    }

    #[cfg(test)]
    fn fail(&self, operation: Operation) -> Result<(), StoreError> {
        let mut next = self.fail_next.lock().unwrap_or_else(PoisonError::into_inner);
        match next.take_if(|next| *next == operation) {
            Some(_) => Err(StoreError::Failed("injected failure".into())),
            None => Ok(()),
        }
    }

    /// Lets everyone wait who wants something from the store, until the result is dropped.
    #[cfg(test)]
    pub(crate) fn stop(&self) -> impl Drop + '_ {
        self.open.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets syncs wait, until the result is dropped.
    #[cfg(test)]
    pub(crate) fn hold_syncs(&self) -> impl Drop + '_ {
        self.syncs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, work: impl FnOnce(&Open) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let guard = self.open.read().unwrap_or_else(PoisonError::into_inner);
        work(guard.as_ref().ok_or(StoreError::Closed)?)
    }
}
