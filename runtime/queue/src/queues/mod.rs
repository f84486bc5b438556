//! The service: SQS's actions over the queues of one directory.

mod attempts;
mod list;
mod manage;
mod message;
mod moves;
mod permissions;
mod queue;
mod receive;
mod recover;
mod send;
mod settings;
mod settle;
mod tags;
mod view;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock, Weak, atomic::AtomicBool},
};

use self::{manage::Deletions, moves::Tasks, queue::Queue};
use crate::{
    Clock, OpenError, QueueError, SystemClock,
    commit::{Committer, OnFailure},
    store::{Key, Store},
};

/// How [`Queues::open`] sets the service up.
#[derive(Clone)]
pub struct Options {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Keep nothing: all is in memory and goes with the service, and nothing waits for the disk.
    /// The given directory is not touched.
    pub ephemeral: bool,
    /// The twelve digits in queue URLs and ARNs.
    pub account_id: String,
    /// The region in ARNs.
    pub region: String,
    /// Scheme, host and port in queue URLs, without a slash at the end.
    pub endpoint: String,
    /// Whether queues refuse for 60 seconds to be purged again, and names of deleted queues to be
    /// used again, as AWS's do.
    pub cooldowns: bool,
}

impl Default for Options {
    /// System clock, durable, account `000000000000`, `us-east-1`, `http://127.0.0.1:9000`, with
    /// cooldowns.
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ephemeral: false,
            account_id: "000000000000".into(),
            region: "us-east-1".into(),
            endpoint: "http://127.0.0.1:9000".into(),
            cooldowns: true,
        }
    }
}

/// The queues of one directory, with SQS's actions as methods.
///
/// Clones are cheap and share everything; when the last one is dropped, the directory is free
/// as soon as the writes under way are done.
/// The methods name a queue by its name, not its URL. They must be called inside a tokio runtime
/// with time enabled.
///
/// # Durability
///
/// When a method that changes something returns `Ok`, the change is on the disk. The one
/// exception is [`receive_message`](Self::receive_message), whose changes (receive count,
/// visibility timeout) are with the operating system: they survive the end of the process, and
/// after a power cut the message is at worst delivered once more.
///
/// When the disk fails or is full, the call ends with `InternalFailure`, and the next one opens
/// the store again and goes on with what is on the disk.
#[derive(Clone)]
pub struct Queues {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Queues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queues").finish_non_exhaustive()
    }
}

impl Queues {
    /// Opens the queues kept in `dir`, which is made when missing. It reads the state of every
    /// message and so takes a few seconds for a million.
    ///
    /// # Errors
    ///
    /// When the directory is in use by another process, cannot be used, is damaged, or has lost
    /// something that was acknowledged. A write that the end of the process or a power cut left
    /// unfinished is neither: it was not acknowledged and is dropped.
    pub fn open(dir: &Path, options: Options) -> Result<Self, OpenError> {
        let (store, loaded) =
            if options.ephemeral { Store::in_memory() } else { Store::on_disk(dir) }?;
        let store = Arc::new(store);
        let inner = Arc::new_cyclic(|this: &Weak<Inner>| {
            let on_failure: Weak<dyn OnFailure> = this.clone();
            Inner {
                options,
                committer: Committer::new(Arc::clone(&store), on_failure),
                store,
                queues: RwLock::default(),
                manage: tokio::sync::Mutex::default(),
                failed: AtomicBool::default(),
                refused: Mutex::default(),
                deletions: Mutex::default(),
                tasks: Mutex::default(),
            }
        });
        inner
            .restore(loaded)
            .map_err(|reason| OpenError::Corrupt { path: dir.to_owned(), reason })?;
        inner.resume_moves();
        Ok(Self { inner })
    }

    /// The URL that a queue of this name has, whether it exists or not.
    #[must_use]
    pub fn url(&self, queue: &str) -> String {
        let Options { endpoint, account_id, .. } = &self.inner.options;
        format!("{endpoint}/{account_id}/{queue}")
    }

    /// The ARN that a queue of this name has, whether it exists or not.
    #[must_use]
    pub fn arn(&self, queue: &str) -> String {
        self.inner.arn(queue)
    }
}

struct Inner {
    options: Options,
    store: Arc<Store>,
    committer: Arc<Committer>,
    /// By name. This lock is taken with a queue's held, so never the other way round.
    queues: RwLock<BTreeMap<String, Arc<Queue>>>,
    /// Held while queues are made, changed or deleted, and while the store is opened again.
    manage: tokio::sync::Mutex<()>,
    /// Whether the store is closed after a failure.
    failed: AtomicBool,
    /// Messages whose senders were told that they were not accepted, and which may be in the
    /// store all the same.
    refused: Mutex<Vec<Key>>,
    deletions: Mutex<Deletions>,
    /// This lock is taken with a queue's held, and the committer's with this one, so never the
    /// other way round.
    tasks: Mutex<Tasks>,
}

impl Inner {
    fn arn(&self, queue: &str) -> String {
        let Options { region, account_id, .. } = &self.options;
        format!("arn:aws:sqs:{region}:{account_id}:{queue}")
    }

    /// The queue of this name, with the store open.
    async fn queue(self: &Arc<Self>, name: &str) -> Result<Arc<Queue>, QueueError> {
        self.recover().await?;
        self.find(name).ok_or_else(QueueError::no_such_queue)
    }

    fn find(&self, name: &str) -> Option<Arc<Queue>> {
        self.read_queues().get(name).cloned()
    }

    fn find_arn(&self, arn: &str) -> Option<Arc<Queue>> {
        self.find(arn.strip_prefix(self.arn("").as_str())?)
    }

    fn all(&self) -> Vec<Arc<Queue>> {
        self.read_queues().values().cloned().collect()
    }

    fn read_queues(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Arc<Queue>>> {
        self.queues.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_queues(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<String, Arc<Queue>>> {
        self.queues.write().unwrap_or_else(PoisonError::into_inner)
    }
}
