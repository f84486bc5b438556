//! Threads that serve connections.
//!
//! Each has a scheduler of its own, and a connection stays on one of them. A scheduler that
//! several threads share wakes a second one to look for more whenever a request comes in, and
//! that costs more than a small request does: without it, a call of the API takes a third less
//! processor time. The price is that work which keeps a thread busy must be moved off it.

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Threads that share connections. Cheap to clone; all clones are the same threads,
/// which end with the last one, and whatever still runs on them then.
#[derive(Clone, Debug)]
pub struct Threads(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    threads: Vec<Thread>,
    _end: DropGuard,
}

#[derive(Debug)]
struct Thread {
    scheduler: Handle,
    connections: Arc<AtomicUsize>,
}

/// A connection's share in a thread; given back when dropped.
#[derive(Debug)]
pub(crate) struct Seat(Arc<AtomicUsize>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Threads {
    /// Starts as many threads as the machine runs at once.
    ///
    /// # Errors
    /// The system has no more threads or file descriptors.
    pub fn start() -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, NonZero::get);
        let end = CancellationToken::new();
        let start = |number| {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let (scheduler, end) = (runtime.handle().clone(), end.clone());
            let thread = thread::Builder::new().name(format!("samovar-http-{number}"));
            thread.spawn(move || {
                runtime.block_on(end.cancelled());
                // Not to wait for work that blocks.
                runtime.shutdown_background();
            })?;
            Ok(Thread { scheduler, connections: Arc::default() })
        };
        let threads = (0..count).map(start).collect::<io::Result<_>>()?;
        Ok(Self(Arc::new(Inner { threads, _end: end.drop_guard() })))
    }

    /// The thread that has fewest connections, of several the first: clients that come one after
    /// the other find what the ones before them have left there.
    pub(crate) fn least(&self) -> (&Handle, Seat) {
        let connections = |thread: &&Thread| thread.connections.load(Ordering::Relaxed);
        // There is at least one.
        let thread = self.0.threads.iter().min_by_key(connections).unwrap_or(&self.0.threads[0]);
        thread.connections.fetch_add(1, Ordering::Relaxed);
        (&thread.scheduler, Seat(Arc::clone(&thread.connections)))
    }
}
