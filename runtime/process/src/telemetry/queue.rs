//! The bounded buffer of a subscriber.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::record::Entry;
use super::subscription::{Category, Subscription};

/// How many batches may wait while one is under way. What comes when they are full is dropped,
/// and the subscriber is told how much that was.
const WAITING_BATCHES: usize = 2;

/// Events on their way to one subscriber.
#[derive(Debug)]
pub(crate) struct Queue {
    subscription: Subscription,
    inner: Mutex<Inner>,
    changed: Notify,
    /// A batch has been delivered or lost.
    delivered: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    events: Vec<String>,
    bytes: usize,
    /// When the oldest event came.
    since: Option<Instant>,
    /// The next batch goes at once.
    flush: bool,
    /// A batch is under way.
    under_way: bool,
    dropped_records: u64,
    dropped_bytes: u64,
}

impl Queue {
    pub(crate) fn new(subscription: Subscription) -> Self {
        Self {
            subscription,
            inner: Mutex::default(),
            changed: Notify::new(),
            delivered: Notify::new(),
        }
    }

    pub(crate) fn subscription(&self) -> &Subscription {
        &self.subscription
    }

    /// Takes an event that the subscriber wants, or drops it if the buffer is full.
    pub(crate) fn push(&self, entry: &Entry) {
        let Some(event) = entry.render(&self.subscription) else { return };
        let Subscription { max_items, max_bytes, .. } = self.subscription;
        let mut inner = self.lock();
        let full = inner.events.len() >= WAITING_BATCHES * max_items
            || inner.bytes + event.len() > WAITING_BATCHES * max_bytes;
        // An event that no buffer holds still goes into an empty one.
        if full && !inner.events.is_empty() {
            inner.drop_event(event.len());
            return;
        }
        inner.bytes += event.len();
        inner.events.push(event);
        inner.since.get_or_insert_with(Instant::now);
        drop(inner);
        self.changed.notify_one();
    }

    /// Sends what is there at once, and waits until it has been delivered or lost.
    pub(crate) async fn flush(&self) {
        self.lock().flush = true;
        self.changed.notify_one();
        loop {
            // Listens before it looks, so that an end in between is not missed.
            let delivered = self.delivered.notified();
            {
                let inner = self.lock();
                if inner.events.is_empty() && !inner.under_way {
                    return;
                }
            }
            delivered.await;
        }
    }

    /// A batch has been delivered or lost.
    pub(crate) fn settle(&self) {
        self.lock().under_way = false;
        self.delivered.notify_waiters();
    }

    /// Counts a batch that could not be delivered as dropped.
    pub(crate) fn lose(&self, batch: &[String]) {
        let mut inner = self.lock();
        for event in batch {
            inner.drop_event(event.len());
        }
    }

    /// Waits for a batch: full, old enough or asked for.
    pub(crate) async fn batch(&self) -> Vec<String> {
        loop {
            let due = {
                let mut inner = self.lock();
                let now = Instant::now();
                let due = inner.since.map(|since| since + self.subscription.timeout);
                let full = inner.events.len() >= self.subscription.max_items
                    || inner.bytes >= self.subscription.max_bytes;
                if full || inner.flush || due.is_some_and(|due| due <= now) {
                    let batch = self.take(&mut inner);
                    // What does not fit into this batch is flushed with the next.
                    inner.flush &= !inner.events.is_empty();
                    if !batch.is_empty() {
                        inner.under_way = true;
                        return batch;
                    }
                }
                due
            };
            match due {
                // Being notified and being late lead to the same look.
                Some(due) => drop(timeout_at(due, self.changed.notified()).await),
                None => self.changed.notified().await,
            }
        }
    }

    fn take(&self, inner: &mut Inner) -> Vec<String> {
        let mut bytes = 0;
        let limit = inner.events.iter().take(self.subscription.max_items);
        let count = limit
            .take_while(|event| {
                bytes += event.len();
                bytes <= self.subscription.max_bytes
            })
            .count()
            .max(usize::from(!inner.events.is_empty()));
        let mut batch: Vec<_> = inner.events.drain(..count).collect();
        inner.bytes -= batch.iter().map(String::len).sum::<usize>();
        inner.since = (!inner.events.is_empty()).then(Instant::now);
        if inner.dropped_records > 0 {
            let record = json!({
                "droppedBytes": std::mem::take(&mut inner.dropped_bytes),
                "droppedRecords": std::mem::take(&mut inner.dropped_records),
                "reason": "Some logs were dropped because the downstream consumer is slower than \
                           the logs production rate",
            });
            let entry = Entry::new(Category::Platform, "platform.logsDropped", record);
            batch.extend(entry.render(&self.subscription));
        }
        batch
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing that holds the lock can panic half-way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn drop_event(&mut self, length: usize) {
        self.dropped_records += 1;
        self.dropped_bytes += length as u64;
    }
}
