//! Event source mappings that come and go while Samovar runs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use samovar_app::{Function, QueueTrigger};
use samovar_dispatch::{Account, Clock, Dispatcher};
use samovar_queue::Queues;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Poller;

/// The mappings from queues to functions. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Mappings(Arc<Shared>);

struct Shared {
    account: Account,
    queues: Queues,
    dispatcher: Dispatcher,
    clock: Arc<dyn Clock>,
    running: TaskTracker,
    shutdown: CancellationToken,
    mappings: Mutex<BTreeMap<String, (Mapping, CancellationToken)>>,
}

/// One mapping.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// Its UUID.
    pub id: String,
    /// Queue and settings.
    pub trigger: QueueTrigger,
    /// What it invokes.
    pub function: Arc<Function>,
    /// When it was made or changed.
    pub modified: SystemTime,
}

impl Mappings {
    /// No mappings yet. Those that are inserted run until `shutdown`.
    pub fn new(
        account: Account,
        queues: Queues,
        dispatcher: Dispatcher,
        clock: Arc<dyn Clock>,
        shutdown: CancellationToken,
    ) -> Self {
        Self(Arc::new(Shared {
            account,
            queues,
            dispatcher,
            clock,
            running: TaskTracker::new(),
            shutdown,
            mappings: Mutex::default(),
        }))
    }

    /// The id of a mapping from a queue to a function, by their ARNs: always the same.
    pub fn id(queue: &str, function: &str) -> String {
        let digest = Sha256::digest(format!("{queue} {function}"));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// Adds a mapping, or puts it in the place of the one with its id; it runs if it is enabled.
    /// What the old one is delivering goes on to its end.
    pub fn insert(&self, id: String, trigger: QueueTrigger, function: Arc<Function>) -> Mapping {
        let shared = &self.0;
        let stop = shared.shutdown.child_token();
        if let Some(queue) = trigger.queue.clone() {
            let (queues, dispatcher) = (shared.queues.clone(), shared.dispatcher.clone());
            let (trigger, function) = (trigger.clone(), function.clone());
            let poller = Poller::new(queue, trigger, function, &shared.account, queues, dispatcher);
            shared.running.spawn(poller.run(stop.clone()));
        }
        let mapping = Mapping { id: id.clone(), trigger, function, modified: shared.clock.now() };
        let old = self.lock().insert(id, (mapping.clone(), stop));
        if let Some((_, stop)) = old {
            stop.cancel();
        }
        mapping
    }

    /// Ends a mapping; `None`: there is none of this id.
    pub fn remove(&self, id: &str) -> Option<Mapping> {
        let (mapping, stop) = self.lock().remove(id)?;
        stop.cancel();
        Some(mapping)
    }

    /// Ends the mappings of a function.
    pub fn remove_function(&self, name: &str) {
        let is_its = |mapping: &Mapping| mapping.function.name == name;
        for mapping in self.all().into_iter().filter(is_its) {
            self.remove(&mapping.id);
        }
    }

    /// The mapping with this id.
    pub fn get(&self, id: &str) -> Option<Mapping> {
        self.lock().get(id).map(|(mapping, _)| mapping.clone())
    }

    /// All mappings, by id.
    pub fn all(&self) -> Vec<Mapping> {
        self.lock().values().map(|(mapping, _)| mapping.clone()).collect()
    }

    /// Where the messages are.
    pub fn queues(&self) -> &Queues {
        &self.0.queues
    }

    /// Waits until all mappings have ended, after `shutdown`.
    pub async fn ended(self) {
        self.0.shutdown.cancelled().await;
        self.0.running.close();
        self.0.running.wait().await;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, (Mapping, CancellationToken)>> {
        // Nothing under this lock can be left half-done.
        self.0.mappings.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
