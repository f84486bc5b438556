//! The connections of a function, which wait for the next request when one is done.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use hyper::client::conn::http1::SendRequest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};
use wasmtime_wasi_http::WasiBody;

use super::allowed::Place;

/// What requests are given to.
pub(super) type Sender<B = WasiBody> = SendRequest<B>;

/// Requests of one function at once. More of them wait.
const MAX_BUSY: usize = 256;

/// Connections that wait, to one server and to all.
const MAX_IDLE_EACH: usize = 16;
const MAX_IDLE: usize = 64;

/// How long a connection waits. Servers close theirs after 5 seconds (Node.js) or more, and a
/// request that is on its way then is lost.
const IDLE: Duration = Duration::from_secs(4);

/// How long a connection may take to be ready for the next request when a response has ended.
const SETTLE: Duration = Duration::from_secs(1);

/// All connections of one function. No other function's requests go through them.
#[derive(Clone, Debug)]
pub(super) struct Connections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    idle: Mutex<Idle>,
    places: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Idle {
    by_place: HashMap<Place, Vec<(Connection, Instant)>>,
    count: usize,
    /// Whether a task looks for those that have waited too long.
    is_swept: bool,
}

/// A connection. It is closed when this is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) sender: Sender,
    driver: AbortHandle,
}

impl Connection {
    /// Drives a new connection.
    pub(super) fn new(sender: Sender, driver: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { sender, driver: tokio::spawn(driver).abort_handle() }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Default for Connections {
    fn default() -> Self {
        let places = Arc::new(Semaphore::new(MAX_BUSY));
        Self(Arc::new(Inner { idle: Mutex::default(), places }))
    }
}

impl Connections {
    /// Waits for a place for one more request.
    pub(super) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        // An error would mean that the semaphore is closed, and nobody does that.
        self.0.places.clone().acquire_owned().await.ok()
    }

    /// A connection that waits, the last used first.
    pub(super) fn take(&self, place: &Place) -> Option<Connection> {
        let mut idle = self.0.idle();
        loop {
            let (connection, since) = idle.by_place.get_mut(place)?.pop()?;
            idle.count -= 1;
            if connection.sender.is_ready() && since.elapsed() < IDLE {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection whose response has ended, once it is ready again. Must be called within
    /// a tokio runtime.
    pub(super) fn put(
        &self,
        place: Place,
        mut connection: Connection,
        busy: Option<OwnedSemaphorePermit>,
    ) {
        if connection.sender.is_closed() {
            return;
        }
        let connections = self.clone();
        tokio::spawn(async move {
            // What of the request is not sent yet is not waited for long.
            if matches!(timeout(SETTLE, connection.sender.ready()).await, Ok(Ok(()))) {
                drop(busy);
                connections.keep(place, connection);
            }
        });
    }

    fn keep(&self, place: Place, connection: Connection) {
        let mut idle = self.0.idle();
        if idle.count >= MAX_IDLE {
            return;
        }
        let waiting = idle.by_place.entry(place).or_default();
        if waiting.len() >= MAX_IDLE_EACH {
            return;
        }
        waiting.push((connection, Instant::now()));
        idle.count += 1;
        if !idle.is_swept {
            idle.is_swept = true;
            tokio::spawn(sweep(Sweeper(Arc::downgrade(&self.0))));
        }
    }
}

impl Inner {
    fn idle(&self) -> MutexGuard<'_, Idle> {
        // Nothing panics while it holds the lock.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that nobody sweeps when its task is gone, with its runtime too.
struct Sweeper(Weak<Inner>);

impl Drop for Sweeper {
    fn drop(&mut self) {
        if let Some(inner) = self.0.upgrade() {
            inner.idle().is_swept = false;
        }
    }
}

/// Closes connections that have waited too long, until there are none.
async fn sweep(sweeper: Sweeper) {
    loop {
        sleep(IDLE).await;
        let Some(inner) = sweeper.0.upgrade() else { return };
        let mut idle = inner.idle();
        idle.by_place.retain(|_, waiting| {
            waiting.retain(|(_, since)| since.elapsed() < IDLE);
            !waiting.is_empty()
        });
        idle.count = idle.by_place.values().map(Vec::len).sum();
        if idle.count == 0 {
            // Under this lock: whoever adds one next starts another sweep. (That there may be two
            // for a moment does no harm.)
            idle.is_swept = false;
            return;
        }
    }
}
