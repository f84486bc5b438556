//! The service: SQS's actions over the queues of one directory.

mod attempts;
mod directory;
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
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock, Weak, atomic::AtomicBool},
};

use tokio::sync::Semaphore;

use self::{directory::Directory, manage::Deletions, moves::Tasks, queue::Queue};
use crate::{
    Clock, OpenError, QueueError, SystemClock,
    commit::{Committer, OnFailure},
    scope::{self, Scope},
    store::{Key, Store},
};

/// How many receives read messages at once. Each does on a thread of its own, and more would wait
/// for the same cores or disk.
const READERS: usize = 8;

/// How [`Queues::open`] sets the service up.
#[derive(Clone)]
pub struct Options {
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Keep nothing: all is in memory and goes with the service, and nothing waits for the disk.
    /// The given directory is not touched.
    pub ephemeral: bool,
    /// The default account: the twelve digits in queue URLs and ARNs.
    pub account_id: String,
    /// The default region, in ARNs.
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
///
/// # Scopes
///
/// As on AWS, each account and region has queues of its own. [`open`](Self::open) gives those of
/// the default account and region, [`in_scope`](Self::in_scope) those of others. All the methods
/// go by their scope: names, URLs, ARNs, lists, dead-letter queues and move tasks.
///
/// People work with whatever region and credentials they have set up, though, on queues that a
/// template declared for the default ones. So, where AWS would say `QueueDoesNotExist`:
///
/// - A name that the scope does not have means the default scope's queue, if there is one. For 60
///   seconds after the scope's own queue was deleted it does not, so that who deleted it finds it
///   gone.
/// - [`create_queue`](Self::create_queue) with the name of a template's queue, in the default
///   account and another region, means that queue, which has its triggers. In another account, and
///   with any other name, it makes a queue in its own scope.
/// - [`list_queues`](Self::list_queues) in a scope without queues lists the default scope's.
/// - A move task can be started, cancelled and listed by an ARN of the default scope.
///
/// The queues of two scopes of which none is the default one are never confused. What is stored
/// in the default scope is in the default scope of the next start, should that be another.
#[derive(Clone)]
pub struct Queues {
    inner: Arc<Inner>,
    scope: Scope,
}

impl std::fmt::Debug for Queues {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queues").field("scope", &self.scope).finish_non_exhaustive()
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
        let default_scope = Scope::new(&options.account_id, &options.region);
        recover::check_names(dir, &loaded, &default_scope)?;
        let store = Arc::new(store);
        let scope = default_scope.clone();
        let inner = Arc::new_cyclic(|this: &Weak<Inner>| {
            let on_failure: Weak<dyn OnFailure> = this.clone();
            Inner {
                options,
                default_scope,
                committer: Committer::new(Arc::clone(&store), on_failure),
                store,
                readers: Arc::new(Semaphore::new(READERS)),
                queues: RwLock::default(),
                manage: tokio::sync::Mutex::default(),
                failed: AtomicBool::default(),
                refused: Mutex::default(),
                deletions: Mutex::default(),
                tasks: Mutex::default(),
            }
        });
        inner.restore(loaded)?;
        inner.resume_moves();
        Ok(Self { inner, scope })
    }

    /// The same service, for the queues of another account (twelve digits) and region. What is
    /// absent or does not have the form of one stays as it is here. See [scopes](Self#scopes).
    #[must_use]
    pub fn in_scope(&self, account_id: Option<&str>, region: Option<&str>) -> Self {
        Self { inner: Arc::clone(&self.inner), scope: self.scope.with(account_id, region) }
    }

    /// The URL that a queue of this name has, whether it exists or not.
    #[must_use]
    pub fn url(&self, queue: &str) -> String {
        self.inner.url(&self.scope, queue)
    }

    /// The ARN that a queue of this name has, whether it exists or not.
    #[must_use]
    pub fn arn(&self, queue: &str) -> String {
        self.scope.arn(queue)
    }

    /// The queue that this name means here, with the store open.
    async fn queue(&self, name: &str) -> Result<Arc<Queue>, QueueError> {
        self.inner.recover().await?;
        self.inner.lookup(&self.scope, name).ok_or_else(QueueError::no_such_queue)
    }
}

struct Inner {
    options: Options,
    /// The account and region of the options.
    default_scope: Scope,
    store: Arc<Store>,
    /// The turns of those who read contents, [`READERS`] of them.
    readers: Arc<Semaphore>,
    committer: Arc<Committer>,
    /// This lock is taken with a queue's held, so never the other way round.
    queues: RwLock<Directory>,
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
    fn url(&self, scope: &Scope, queue: &str) -> String {
        format!("{}/{}/{queue}", self.options.endpoint, scope.account_id())
    }

    /// The queue of this name in the scope; where there is none, the default scope's.
    fn lookup(&self, scope: &Scope, name: &str) -> Option<Arc<Queue>> {
        self.find_in(scope, name).or_else(|| {
            let default = self.find(name)?;
            (!self.was_deleted_recently(scope, name)).then_some(default)
        })
    }

    /// The queue of this name in the default scope.
    fn find(&self, name: &str) -> Option<Arc<Queue>> {
        self.find_in(&self.default_scope, name)
    }

    /// The queue of this name in exactly this scope.
    fn find_in(&self, scope: &Scope, name: &str) -> Option<Arc<Queue>> {
        self.read_queues().get(scope.as_str(), name).cloned()
    }

    fn find_arn(&self, arn: &str) -> Option<Arc<Queue>> {
        let (scope, name) = scope::parse_arn(arn)?;
        self.read_queues().get(scope, name).cloned()
    }

    fn all(&self) -> Vec<Arc<Queue>> {
        self.read_queues().all().cloned().collect()
    }

    fn read_queues(&self) -> std::sync::RwLockReadGuard<'_, Directory> {
        self.queues.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_queues(&self) -> std::sync::RwLockWriteGuard<'_, Directory> {
        self.queues.write().unwrap_or_else(PoisonError::into_inner)
    }
}
