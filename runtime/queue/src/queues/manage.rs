//! Making, purging and deleting queues.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, atomic::Ordering},
};

use super::{Inner, Queues, queue::Queue, recover::SWEEP, send::settled, tags};
use crate::{
    Attributes, ErrorKind, QueueError, Timestamp,
    attributes::Settings,
    commit::{Committed, Durability},
    core::Core,
    scope::Scope,
    store::{QueueRecord, Write},
};

/// How long a queue cannot be purged again, and the name of a deleted one not be used again, in
/// milliseconds.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html>,
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteQueue.html>
const COOLDOWN: u64 = 60_000;

/// When queues were deleted, by ARN, as far as it matters. Not stored: after a restart all names
/// are free.
#[derive(Debug, Default)]
pub(super) struct Deletions(HashMap<String, Timestamp>);

impl Deletions {
    fn insert(&mut self, arn: String, now: Timestamp) {
        self.0.retain(|_, at| is_recent(*at, now));
        self.0.insert(arn, now);
    }

    fn contains(&self, arn: &str, now: Timestamp) -> bool {
        self.0.get(arn).is_some_and(|at| is_recent(*at, now))
    }
}

fn is_recent(at: Timestamp, now: Timestamp) -> bool {
    at.saturating_add(COOLDOWN) > now
}

impl Queues {
    /// `CreateQueue`: makes a queue in this scope and returns its URL. One that exists is left as
    /// it is when every given attribute has the given value. In the default account, whatever the
    /// region, the name of a template's queue means that one: see [scopes](Self#scopes).
    ///
    /// # Errors
    ///
    /// `QueueNameExists`, `QueueDeletedRecently` for 60 seconds after a queue of this name was
    /// deleted (unless [`Options::cooldowns`](crate::Options::cooldowns) is off),
    /// `InvalidParameterValue` (the name, the redrive policies, the tags),
    /// `InvalidAttributeName`, `InvalidAttributeValue`, `InternalFailure`.
    pub async fn create_queue(
        &self,
        name: &str,
        attributes: &Attributes,
        tags: &Attributes,
    ) -> Result<String, QueueError> {
        let inner = &self.inner;
        inner.recover().await?;
        let _guard = inner.manage.lock().await;
        let settings = Settings::new(name, attributes)?;
        if let Some(queue) = inner.find_for_creation(&self.scope, name) {
            if let Some(attribute) = queue.lock().settings.difference(attributes) {
                let message = format!(
                    "A queue already exists with the same name and a different value for \
                     attribute {attribute}"
                );
                return Err(QueueError::new(ErrorKind::QueueNameExists, message));
            }
            return Ok(inner.url(&queue.scope, name));
        }
        if inner.options.cooldowns && inner.was_deleted_recently(&self.scope, name) {
            return Err(QueueError::new(
                ErrorKind::QueueDeletedRecently,
                "You must wait 60 seconds after deleting a queue before you can create another \
                 with the same name.",
            ));
        }
        tags::check(tags)?;
        inner.check_redrive(&self.scope, name, &settings)?;
        settled(inner.make(&self.scope, name, &settings, tags)).await?;
        Ok(self.url(name))
    }

    /// Makes the queue, or gives an existing one exactly these attributes (one that is not named
    /// goes back to its default) and keeps its messages. Returns the URL.
    ///
    /// For queues that a template declares: in any order, so that the dead-letter queue of a
    /// redrive policy may be made later. As long as the service runs,
    /// [`create_queue`](Self::create_queue) knows them as such.
    ///
    /// # Errors
    ///
    /// `InvalidParameterValue`, `InvalidAttributeName`, `InvalidAttributeValue`,
    /// `InternalFailure`.
    pub async fn ensure_queue(
        &self,
        name: &str,
        attributes: &Attributes,
    ) -> Result<String, QueueError> {
        let inner = &self.inner;
        inner.recover().await?;
        let _guard = inner.manage.lock().await;
        let settings = Settings::new(name, attributes)?;
        let scope = &self.scope;
        match inner.find_in(scope, name) {
            None => settled(inner.make(scope, name, &settings, &Attributes::new())).await?,
            Some(queue) if *queue.settings() == settings => {}
            Some(queue) => settled(inner.set(&queue, settings)?).await?,
        }
        if let Some(queue) = inner.find_in(scope, name) {
            queue.declared.store(true, Ordering::Relaxed);
        }
        Ok(self.url(name))
    }

    /// `DeleteQueue`, with its messages. Receives that wait for one end with
    /// `QueueDoesNotExist`.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InternalFailure`.
    pub async fn delete_queue(&self, queue: &str) -> Result<(), QueueError> {
        let inner = &self.inner;
        let queue = self.queue(queue).await?;
        let _guard = inner.manage.lock().await;
        let (core, committed) = {
            let mut state = queue.lock();
            state.core()?;
            state.deleted = true;
            let tasks = inner.lock_tasks().remove_queue(queue.id);
            let mut writes = vec![Write::RemoveQueue { id: queue.id }];
            writes.extend(tasks.into_iter().map(Write::RemoveTask));
            (state.core.take(), inner.committer.submit(writes, Durability::Disk, || {}))
        };
        // First, so that the name never means the default scope's queue in between.
        inner.lock_deletions().insert(queue.arn(), inner.options.clock.now());
        inner.write_queues().remove(&queue);
        queue.wake.notify_waiters();
        settled(committed).await?;
        inner.clear_away(queue, core);
        Ok(())
    }

    /// `PurgeQueue`: all messages that were sent before are gone when this returns.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `PurgeQueueInProgress` for 60 seconds after the last time (unless
    /// [`Options::cooldowns`](crate::Options::cooldowns) is off), `InternalFailure`.
    pub async fn purge_queue(&self, queue: &str) -> Result<(), QueueError> {
        let inner = &self.inner;
        let queue = self.queue(queue).await?;
        let _guard = inner.manage.lock().await;
        let (core, committed) = {
            let mut state = queue.lock();
            let fifo = state.settings.is_fifo();
            let now = inner.options.clock.now();
            let recently = state.purged_at > 0 && is_recent(state.purged_at, now);
            let core = state.core()?;
            if inner.options.cooldowns && recently {
                let text = format!(
                    "Only one PurgeQueue operation on {} is allowed every 60 seconds.",
                    queue.name
                );
                return Err(QueueError::new(ErrorKind::PurgeQueueInProgress, text));
            }
            let mut purged = std::mem::replace(core, Core::new(fifo));
            // That messages were accepted counts on after they are gone.
            std::mem::swap(&mut core.deduplication, &mut purged.deduplication);
            let mut submission = inner.committer.begin();
            state.purged_below = submission.next_seq();
            state.purged_at = now;
            let writes = vec![Write::Queue(queue.record(&state))];
            (purged, submission.submit(writes, Durability::Disk, || {}))
        };
        settled(committed).await?;
        inner.clear_away(queue, Some(core));
        Ok(())
    }
}

impl Inner {
    /// Makes a queue, which is there when that is on the disk.
    fn make(
        self: &Arc<Self>,
        scope: &Scope,
        name: &str,
        settings: &Settings,
        tags: &Attributes,
    ) -> Committed {
        let now = self.options.clock.now();
        let record = QueueRecord {
            id: self.committer.begin().next_seq(),
            name: name.to_owned(),
            scope: (*scope != self.default_scope).then(|| scope.clone()),
            attributes: settings.given().clone(),
            tags: tags.clone(),
            created_at: now,
            modified_at: now,
            purged_below: 0,
            purged_at: 0,
        };
        let this = Arc::clone(self);
        let writes = vec![Write::Queue(record.clone())];
        let core = Core::new(settings.is_fifo());
        let queue = Arc::new(Queue::new(record, &self.default_scope, settings.clone(), core));
        self.committer.submit(writes, Durability::Disk, move || {
            this.write_queues().insert(queue);
        })
    }

    /// Whether a queue of this name was deleted in the scope, in the last 60 seconds.
    pub(super) fn was_deleted_recently(&self, scope: &Scope, name: &str) -> bool {
        let deletions = self.lock_deletions();
        !deletions.0.is_empty() && deletions.contains(&scope.arn(name), self.options.clock.now())
    }

    /// The queue that is there already when one of this name is to be made in the scope.
    fn find_for_creation(&self, scope: &Scope, name: &str) -> Option<Arc<Queue>> {
        let own = self.find_in(scope, name);
        if own.is_some() || scope.account_id() != self.default_scope.account_id() {
            return own;
        }
        self.find(name).filter(|queue| queue.declared.load(Ordering::Relaxed))
    }

    fn lock_deletions(&self) -> std::sync::MutexGuard<'_, Deletions> {
        self.deletions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Removes the messages of a deleted or purged queue from the store, some at a time, so that
    /// others get their turn. Should the process end before, the next start does it.
    fn clear_away(self: &Arc<Self>, queue: Arc<Queue>, core: Option<Core>) {
        let Some(core) = core else { return };
        // The service may end meanwhile.
        let this = Arc::downgrade(self);
        tokio::spawn(async move {
            let remove = core.seqs().map(|seq| Write::Remove { key: queue.key(seq) });
            let forget = core.deduplication.seqs().map(|seq| Write::Forget { key: queue.key(seq) });
            let mut writes = remove.chain(forget).peekable();
            while writes.peek().is_some()
                && let Some(this) = this.upgrade()
                && !this.failed.load(Ordering::Relaxed)
            {
                let some = writes.by_ref().take(SWEEP).collect();
                let committed = this.committer.submit(some, Durability::Process, || {});
                if settled(committed).await.is_err() {
                    return;
                }
            }
        });
    }
}
