//! What the subscribers of one environment get: its log lines, and what the platform tells
//! (Lambda guide, "Accessing real-time telemetry data for extensions using the Telemetry API").
//!
//! - `subscription`: what an extension asks for;
//! - `record`: an event as JSON, in the words of the API that was asked;
//! - `queue`: the bounded buffer of a subscriber;
//! - `delivery`: batches on their way to it.

mod delivery;
mod queue;
mod record;
mod subscription;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use samovar_dispatch::{Origin, PlatformEvent, TelemetrySink};
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use self::queue::Queue;
use self::record::Entry;
pub(crate) use self::subscription::{Api, Category, Subscription};

/// How much of the initialisation's telemetry is kept for those that subscribe later in it, in
/// bytes of text: as much as one subscriber's largest buffer.
const BACKLOG: usize = 1024 * 1024;

/// The telemetry of one environment.
#[derive(Debug)]
pub(crate) struct Telemetry {
    /// Of the environment's own APIs, which are no destination.
    own_port: u16,
    /// The function logs JSON: its lines are records as they are.
    json: bool,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    subscribers: Vec<Subscriber>,
    /// What has happened, for those that subscribe while the environment initialises.
    backlog: VecDeque<Entry>,
    backlog_bytes: usize,
    closed: bool,
}

#[derive(Debug)]
struct Subscriber {
    name: String,
    subscription: Subscription,
    queue: Arc<Queue>,
    _delivering: AbortOnDropHandle<()>,
}

/// Why a subscription is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsubscribed {
    /// Initialisation is over.
    Closed,
    /// Another subscription came through the other API.
    OtherApi,
    /// The destination is the environment's own API.
    OwnPort,
}

impl Telemetry {
    /// For an environment whose APIs have the port `own_port`, of a function that logs JSON
    /// (`LogFormat`) or text.
    pub(crate) fn new(own_port: u16, json: bool) -> Arc<Self> {
        Arc::new(Self { own_port, json, inner: Mutex::default() })
    }

    /// Subscribes an extension. It gets what the initialisation has told so far, too. A second
    /// request of the same extension changes nothing, as on AWS.
    pub(crate) fn subscribe(
        &self,
        name: &str,
        subscription: Subscription,
    ) -> Result<(), Unsubscribed> {
        if subscription.destination.port() == self.own_port {
            return Err(Unsubscribed::OwnPort);
        }
        let mut inner = self.lock();
        if inner.closed {
            return Err(Unsubscribed::Closed);
        }
        let api = subscription.api;
        if inner.subscribers.iter().any(|other| other.subscription.api != api) {
            return Err(Unsubscribed::OtherApi);
        }
        if inner.subscribers.iter().any(|other| other.name == name) {
            return Ok(());
        }
        let queue = Arc::new(Queue::new(subscription.clone()));
        for entry in &inner.backlog {
            queue.push(entry);
        }
        let delivering = delivery::run(Arc::clone(&queue));
        let delivering = AbortOnDropHandle::new(tokio::spawn(delivering));
        let types: Vec<_> = subscription.categories.iter().map(|one| one.name()).collect();
        let record = json!({"name": name, "state": "Subscribed", "types": types});
        let name = name.to_owned();
        inner.subscribers.push(Subscriber { name, subscription, queue, _delivering: delivering });
        inner.tell(Entry::new(Category::Platform, api.subscription_event(), record));
        Ok(())
    }

    /// Initialisation is over: nobody subscribes any more. Whether there are subscribers.
    pub(crate) fn close(&self) -> bool {
        let mut inner = self.lock();
        inner.closed = true;
        inner.backlog = VecDeque::new();
        !inner.subscribers.is_empty()
    }

    /// Sends what is there without waiting for full batches, and waits until it is delivered.
    pub(crate) async fn flush(&self) {
        let queues: Vec<_> =
            self.lock().subscribers.iter().map(|one| Arc::clone(&one.queue)).collect();
        let mut flushing: JoinSet<()> =
            queues.into_iter().map(|queue| async move { queue.flush().await }).collect();
        while flushing.join_next().await.is_some() {}
    }

    /// AWS's log lines about the subscriptions.
    pub(crate) fn lines(&self) -> Vec<String> {
        let inner = self.lock();
        let lines = inner.subscribers.iter().map(|Subscriber { name, subscription, .. }| {
            let types: Vec<_> = subscription.categories.iter().map(|one| one.title()).collect();
            let api = subscription.api.log_name();
            format!("{api}\tName: {name}\tState: Subscribed\tTypes: [{}]", types.join(", "))
        });
        lines.collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing that holds the lock can panic half-way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn tell(&mut self, entry: Entry) {
        for subscriber in &self.subscribers {
            subscriber.queue.push(&entry);
        }
        if self.closed {
            return;
        }
        self.backlog_bytes += entry.size();
        self.backlog.push_back(entry);
        while self.backlog_bytes > BACKLOG {
            let Some(oldest) = self.backlog.pop_front() else { break };
            self.backlog_bytes -= oldest.size();
        }
    }
}

impl TelemetrySink for Telemetry {
    fn line(&self, origin: Origin, text: &str) {
        let (category, kind) = match origin {
            Origin::Function => (Category::Function, "function"),
            Origin::Extension => (Category::Extension, "extension"),
            // The platform's lines are events.
            Origin::Platform => return,
        };
        self.lock().tell(Entry::line(category, kind, text, self.json));
    }

    fn event(&self, event: &PlatformEvent) {
        self.lock().tell(Entry::new(Category::Platform, event.kind, event.record.clone()));
    }
}

/// `2022-10-12T00:00:15.064Z`.
pub(crate) fn timestamp(time: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(time).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests;
