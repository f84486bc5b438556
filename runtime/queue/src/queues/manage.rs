//! Making, changing, listing and deleting queues.

use std::{
    ops::Bound,
    sync::{Arc, atomic::Ordering},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Inner, Queues, queue::Queue, recover::SWEEP, send::settled};
use crate::{
    Attributes, ErrorKind, QueueError, QueueList,
    attributes::{READ_ONLY, Settings, unknown},
    commit::{Committed, Durability},
    core::Core,
    store::{QueueRecord, Write},
};

impl Queues {
    /// `CreateQueue`: makes a queue and returns its URL. One that exists is left as it is when
    /// every given attribute has the given value.
    ///
    /// Unlike AWS's, a name can be used again at once after its queue was deleted.
    ///
    /// # Errors
    ///
    /// `QueueNameExists`, `InvalidParameterValue` (the name, the redrive policy),
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
        if let Some(queue) = inner.find(name) {
            if let Some(attribute) = queue.lock().settings.difference(attributes) {
                let message = format!(
                    "A queue already exists with the same name and a different value for \
                     attribute {attribute}"
                );
                return Err(QueueError::new(ErrorKind::QueueNameExists, message));
            }
            return Ok(self.url(name));
        }
        inner.check_redrive(name, &settings)?;
        settled(inner.make(name, &settings, tags)).await?;
        Ok(self.url(name))
    }

    /// Makes the queue, or gives an existing one exactly these attributes (one that is not named
    /// goes back to its default) and keeps its messages. Returns the URL.
    ///
    /// For queues that a template declares: in any order, so that the dead-letter queue of a
    /// redrive policy may be made later.
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
        match inner.find(name) {
            None => settled(inner.make(name, &settings, &Attributes::new())).await?,
            Some(queue) if queue.lock().settings == settings => {}
            Some(queue) => settled(inner.set(&queue, settings)?).await?,
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
        let queue = inner.queue(queue).await?;
        let _guard = inner.manage.lock().await;
        let (core, committed) = {
            let mut state = queue.lock();
            state.core()?;
            state.deleted = true;
            let writes = vec![Write::RemoveQueue { id: queue.id }];
            (state.core.take(), inner.committer.submit(writes, Durability::Disk, || {}))
        };
        inner.write_queues().remove(&queue.name);
        queue.wake.notify_waiters();
        settled(committed).await?;
        inner.clear_away(queue, core);
        Ok(())
    }

    /// `PurgeQueue`: all messages that were sent before are gone when this returns.
    ///
    /// Unlike AWS's, a queue can be purged again at once.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InternalFailure`.
    pub async fn purge_queue(&self, queue: &str) -> Result<(), QueueError> {
        let inner = &self.inner;
        let queue = inner.queue(queue).await?;
        let _guard = inner.manage.lock().await;
        let (core, committed) = {
            let mut state = queue.lock();
            let fifo = state.settings.is_fifo();
            let core = state.core()?;
            let mut purged = std::mem::replace(core, Core::new(fifo));
            // That messages were accepted counts on after they are gone.
            std::mem::swap(&mut core.deduplication, &mut purged.deduplication);
            let mut submission = inner.committer.begin();
            state.purged_below = submission.next_seq();
            let writes = vec![Write::Queue(queue.record(&state))];
            (purged, submission.submit(writes, Durability::Disk, || {}))
        };
        settled(committed).await?;
        inner.clear_away(queue, Some(core));
        Ok(())
    }

    /// `ListQueues`: the URLs of the queues whose names start with `prefix`, in the order of
    /// their names. At most `max_results` (1 to 1000; 1000 when absent, and then without a token
    /// for more).
    ///
    /// # Errors
    ///
    /// `InvalidParameterValue` for the other two, `InternalFailure`.
    pub async fn list_queues(
        &self,
        prefix: Option<&str>,
        max_results: Option<i64>,
        next_token: Option<&str>,
    ) -> Result<QueueList, QueueError> {
        const MAX: usize = 1000;
        self.inner.recover().await?;
        let max = match max_results {
            None => MAX,
            Some(max) => usize::try_from(max)
                .ok()
                .filter(|max| (1..=MAX).contains(max))
                .ok_or_else(|| {
                    let reason = "Must be >= 1 and <= 1000, if provided.";
                    QueueError::invalid_parameter("MaxResults", max, reason)
                })?,
        };
        let after = next_token.map(|token| {
            let name = URL_SAFE_NO_PAD.decode(token).ok();
            name.and_then(|name| String::from_utf8(name).ok()).ok_or_else(|| {
                let reason = "It is not a token that ListQueues gave.";
                QueueError::invalid_parameter("NextToken", token, reason)
            })
        });
        let after = after.transpose()?.map_or(Bound::Unbounded, Bound::Excluded);
        let queues = self.inner.read_queues();
        let mut names = queues
            .range((after, Bound::Unbounded))
            .map(|(name, _)| name)
            .filter(|name| prefix.is_none_or(|prefix| name.starts_with(prefix)))
            .peekable();
        let page: Vec<&String> = names.by_ref().take(max).collect();
        let more = max_results.is_some() && names.peek().is_some();
        let next_token = page.last().filter(|_| more).map(|name| URL_SAFE_NO_PAD.encode(name));
        let queue_urls = page.into_iter().map(|name| self.url(name)).collect();
        Ok(QueueList { queue_urls, next_token })
    }

    /// `GetQueueUrl`.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InternalFailure`.
    pub async fn get_queue_url(&self, queue: &str) -> Result<String, QueueError> {
        self.inner.queue(queue).await.map(|queue| self.url(&queue.name))
    }

    /// `GetQueueAttributes`: those named, or all for the name `All`; no names, no attributes. An
    /// attribute that is not set is left out. The numbers of messages are exact.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InvalidAttributeName`, `InternalFailure`.
    pub async fn get_queue_attributes(
        &self,
        queue: &str,
        names: &[String],
    ) -> Result<Attributes, QueueError> {
        let inner = &self.inner;
        let queue = inner.queue(queue).await?;
        let known = |name: &str| {
            name == "All" || READ_ONLY.contains(&name) || Settings::names().any(|n| n == name)
        };
        if let Some(name) = names.iter().find(|name| !known(name)) {
            return Err(unknown(name));
        }
        let now = inner.options.clock.now();
        let (counts, attributes) = queue.change(|state| {
            let retention = state.settings.millis("MessageRetentionPeriod");
            let (counts, expired) = state.core()?.counts(now, retention);
            let writes: Vec<Write> =
                expired.into_iter().map(|seq| Write::Remove { key: queue.key(seq) }).collect();
            if !writes.is_empty() {
                // Nobody waits for it.
                drop(inner.committer.submit(writes, Durability::Process, || {}));
            }
            let mut attributes: Attributes = Settings::names()
                .filter_map(|name| Some((name.to_owned(), state.settings.get(name)?)))
                .collect();
            let seconds = |millis: u64| (millis / 1000).to_string();
            attributes.insert("CreatedTimestamp".into(), seconds(state.created_at));
            attributes.insert("LastModifiedTimestamp".into(), seconds(state.modified_at));
            Ok::<_, QueueError>((counts, attributes))
        })?;
        let computed = [
            ("ApproximateNumberOfMessages", counts.visible.to_string()),
            ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
            ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
            ("QueueArn", inner.arn(&queue.name)),
        ];
        let mut attributes = attributes;
        attributes.extend(computed.map(|(name, value)| (name.to_owned(), value)));
        attributes.retain(|name, _| names.iter().any(|wanted| wanted == "All" || wanted == name));
        Ok(attributes)
    }

    /// `SetQueueAttributes`: those that are not named stay, those with an empty value go back to
    /// their defaults.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InvalidAttributeName`, `InvalidAttributeValue`,
    /// `InvalidParameterValue` (the redrive policy), `InternalFailure`.
    pub async fn set_queue_attributes(
        &self,
        queue: &str,
        attributes: &Attributes,
    ) -> Result<(), QueueError> {
        let inner = &self.inner;
        let queue = inner.queue(queue).await?;
        let _guard = inner.manage.lock().await;
        let settings = queue.lock().settings.clone().with(attributes)?;
        if attributes.contains_key("RedrivePolicy") {
            inner.check_redrive(&queue.name, &settings)?;
        }
        settled(inner.set(&queue, settings)?).await
    }

    /// `TagQueue`.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InternalFailure`.
    pub async fn tag_queue(&self, queue: &str, tags: &Attributes) -> Result<(), QueueError> {
        let change = |all: &mut Attributes| all.extend(tags.clone());
        self.change_tags(queue, change).await
    }

    /// `UntagQueue`.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InternalFailure`.
    pub async fn untag_queue(&self, queue: &str, keys: &[String]) -> Result<(), QueueError> {
        let change = |all: &mut Attributes| all.retain(|key, _| !keys.contains(key));
        self.change_tags(queue, change).await
    }

    /// `ListQueueTags`.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InternalFailure`.
    pub async fn list_queue_tags(&self, queue: &str) -> Result<Attributes, QueueError> {
        Ok(self.inner.queue(queue).await?.lock().tags.clone())
    }

    async fn change_tags(
        &self,
        queue: &str,
        change: impl FnOnce(&mut Attributes),
    ) -> Result<(), QueueError> {
        let inner = &self.inner;
        let queue = inner.queue(queue).await?;
        let _guard = inner.manage.lock().await;
        let committed = {
            let mut state = queue.lock();
            state.core()?;
            change(&mut state.tags);
            let writes = vec![Write::Queue(queue.record(&state))];
            inner.committer.submit(writes, Durability::Disk, || {})
        };
        settled(committed).await
    }
}

impl Inner {
    /// Makes a queue, which is there when that is on the disk.
    fn make(self: &Arc<Self>, name: &str, settings: &Settings, tags: &Attributes) -> Committed {
        let now = self.options.clock.now();
        let record = QueueRecord {
            id: self.committer.begin().next_seq(),
            name: name.to_owned(),
            attributes: settings.given().clone(),
            tags: tags.clone(),
            created_at: now,
            modified_at: now,
            purged_below: 0,
        };
        let this = Arc::clone(self);
        let writes = vec![Write::Queue(record.clone())];
        let queue = Arc::new(Queue::new(record, settings.clone(), Core::new(settings.is_fifo())));
        self.committer.submit(writes, Durability::Disk, move || {
            this.write_queues().insert(queue.name.clone(), queue);
        })
    }

    /// Changes the settings of a queue.
    fn set(&self, queue: &Queue, settings: Settings) -> Result<Committed, QueueError> {
        // A new redrive policy or retention period may concern a receive that waits.
        queue.change(|state| {
            let now = self.options.clock.now();
            let delay = settings.millis("DelaySeconds");
            let is_new = delay != state.settings.millis("DelaySeconds");
            let core = state.core()?;
            if is_new && settings.is_fifo() {
                core.delay(delay, now);
            }
            state.settings = settings;
            state.modified_at = now;
            let writes = vec![Write::Queue(queue.record(state))];
            Ok(self.committer.submit(writes, Durability::Disk, || {}))
        })
    }

    /// Checks that the dead-letter queue exists, is another queue, and is of the same type.
    fn check_redrive(&self, name: &str, settings: &Settings) -> Result<(), QueueError> {
        let Some(redrive) = settings.redrive() else { return Ok(()) };
        let invalid = |reason: &str| {
            let json = settings.get("RedrivePolicy").unwrap_or_default();
            Err(QueueError::invalid_parameter("RedrivePolicy", json, reason))
        };
        let target = redrive.target_arn.strip_prefix(self.arn("").as_str());
        match target.filter(|target| *target != name).and_then(|target| self.find(target)) {
            None => invalid("Dead letter target does not exist."),
            Some(target) if target.lock().settings.is_fifo() != settings.is_fifo() => {
                invalid("Dead-letter queue must be same type of queue as the source.")
            }
            Some(_) => Ok(()),
        }
    }

    /// Removes the messages of a deleted or purged queue from the store, some at a time, so that
    /// others get their turn. Should the process end before, the next start does it.
    fn clear_away(self: &Arc<Self>, queue: Arc<Queue>, core: Option<Core>) {
        let Some(core) = core else { return };
        let this = Arc::clone(self);
        tokio::spawn(async move {
            let remove = core.seqs().map(|seq| Write::Remove { key: queue.key(seq) });
            let forget = core.deduplication.seqs().map(|seq| Write::Forget { key: queue.key(seq) });
            let mut writes = remove.chain(forget);
            loop {
                let some: Vec<Write> = writes.by_ref().take(SWEEP).collect();
                if some.is_empty() {
                    return;
                }
                let committed = this.committer.submit(some, Durability::Process, || {});
                if settled(committed).await.is_err() || this.failed.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
    }
}
