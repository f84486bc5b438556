//! The connections that are open, by id, and the way to their clients.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde_json::Value;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::time::epoch_millis;

/// Bytes that may wait for a slow client: two of the largest messages.
const ROOM: usize = 256 * 1024;

/// What a message takes of the room beside its bytes, so that small ones are bounded too.
const OVERHEAD: usize = 64;

/// How long a sender waits for a slow client.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who is at the other end.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) source_ip: String,
    pub(super) user_agent: String,
    /// As the client named it, with the port.
    pub(super) host: String,
    /// What the authorizer said of it, for every event.
    pub(super) authorizer: Option<Value>,
    pub(super) connected_at: SystemTime,
}

/// What goes out to a client.
pub(super) enum Outgoing {
    /// A message, and the room that it takes until it is written.
    Message(Bytes, OwnedSemaphorePermit),
    /// The end, with its code and reason.
    Close(u16, &'static str),
}

/// Why a message was not taken for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotSent {
    /// The connection has ended.
    Gone,
    /// The client reads too slowly.
    Full,
}

/// An open connection, as others see it.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) peer: Peer,
    outgoing: UnboundedSender<Outgoing>,
    room: Arc<Semaphore>,
    /// Milliseconds since the epoch.
    last_active: AtomicU64,
    /// Why Samovar ends it, once it does.
    closed: OnceLock<(u16, &'static str)>,
    closing: CancellationToken,
}

impl Handle {
    fn new(peer: Peer) -> (Self, UnboundedReceiver<Outgoing>) {
        let (outgoing, receiver) = mpsc::unbounded_channel();
        let last_active = AtomicU64::new(epoch_millis(peer.connected_at));
        let handle = Self {
            peer,
            outgoing,
            room: Arc::new(Semaphore::new(ROOM)),
            last_active,
            closed: OnceLock::new(),
            closing: CancellationToken::new(),
        };
        (handle, receiver)
    }

    /// Sends a message, after those that are waiting already.
    pub(super) async fn send(&self, message: Bytes) -> Result<(), NotSent> {
        let size = (message.len() + OVERHEAD).min(ROOM);
        let size = u32::try_from(size).map_err(|_| NotSent::Full)?;
        let room = self.room.clone().acquire_many_owned(size);
        let permit = match timeout(PATIENCE, room).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_closed)) => return Err(NotSent::Gone),
            Err(_elapsed) => return Err(NotSent::Full),
        };
        self.outgoing.send(Outgoing::Message(message, permit)).map_err(|_| NotSent::Gone)
    }

    /// Ends the connection, after the messages that are waiting. The first reason counts.
    pub(super) fn close(&self, code: u16, reason: &'static str) {
        if self.closed.set((code, reason)).is_ok() {
            // Without a receiver it has ended already.
            let _ = self.outgoing.send(Outgoing::Close(code, reason));
            self.room.close();
            self.closing.cancel();
        }
    }

    /// Why Samovar ended it.
    pub(super) fn closed(&self) -> Option<(u16, &'static str)> {
        self.closed.get().copied()
    }

    /// Until somebody ends it.
    pub(super) async fn closing(&self) {
        self.closing.cancelled().await;
    }

    pub(super) fn touch(&self, at: SystemTime) {
        self.last_active.store(epoch_millis(at), Ordering::Relaxed);
    }

    /// Milliseconds since the epoch.
    pub(super) fn last_active(&self) -> u64 {
        self.last_active.load(Ordering::Relaxed)
    }
}

/// All open connections.
#[derive(Debug, Default)]
pub(super) struct Registry(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    open: HashMap<String, Arc<Handle>>,
    is_closed: bool,
}

impl Registry {
    /// Enters a connection; `None` once no more are taken.
    pub(super) fn enter(
        self: &Arc<Self>,
        id: &str,
        peer: Peer,
    ) -> Option<(Entered, UnboundedReceiver<Outgoing>)> {
        let mut state = self.lock();
        if state.is_closed {
            return None;
        }
        let (handle, receiver) = Handle::new(peer);
        let handle = Arc::new(handle);
        state.open.insert(id.to_owned(), handle.clone());
        drop(state);
        Some((Entered { handle, id: id.to_owned(), registry: self.clone() }, receiver))
    }

    pub(super) fn find(&self, id: &str) -> Option<Arc<Handle>> {
        self.lock().open.get(id).cloned()
    }

    /// Ends every connection, and takes no more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        for handle in state.open.values() {
            handle.close(1001, "Going away");
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().open.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in the registry, which leaves it when this is dropped.
pub(super) struct Entered {
    pub(super) handle: Arc<Handle>,
    id: String,
    registry: Arc<Registry>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.registry.lock().open.remove(&self.id);
        // Who waits for room learns that there will be none.
        self.handle.room.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer() -> Peer {
        Peer {
            source_ip: "127.0.0.1".into(),
            user_agent: String::new(),
            host: "localhost".into(),
            authorizer: None,
            connected_at: SystemTime::UNIX_EPOCH,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_client_holds_senders_back_and_then_refuses() {
        let registry = Arc::new(Registry::default());
        let (entered, mut outgoing) = registry.enter("a", peer()).expect("entered");
        let half = Bytes::from(vec![b'x'; ROOM / 2 - OVERHEAD]);
        assert_eq!(entered.handle.send(half.clone()).await, Ok(()));
        assert_eq!(entered.handle.send(half.clone()).await, Ok(()));
        assert_eq!(entered.handle.send("x".into()).await, Err(NotSent::Full));
        drop(outgoing.recv().await);
        assert_eq!(entered.handle.send("x".into()).await, Ok(()));
    }

    #[tokio::test]
    async fn small_messages_are_bounded_too() {
        let registry = Arc::new(Registry::default());
        let (entered, mut outgoing) = registry.enter("a", peer()).expect("entered");
        let mut taken = 0;
        while entered.handle.send(Bytes::new()).await.is_ok() {
            taken += 1;
        }
        assert_eq!(taken, ROOM / OVERHEAD);
        assert!(outgoing.try_recv().is_ok());
    }

    #[tokio::test]
    async fn who_has_ended_is_gone() {
        let registry = Arc::new(Registry::default());
        let (entered, outgoing) = registry.enter("a", peer()).expect("entered");
        let handle = registry.find("a").expect("open");
        drop((entered, outgoing));
        assert_eq!((registry.len(), handle.send("x".into()).await), (0, Err(NotSent::Gone)));
        registry.close();
        assert!(registry.enter("b", peer()).is_none());
    }
}
