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

/// Threads that connections are dealt out to. Cheap to clone; all clones are the same threads,
/// which end with the last one, and whatever still runs on them then.
#[derive(Clone, Debug)]
pub struct Threads(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    schedulers: Vec<Handle>,
    dealt: AtomicUsize,
    _end: DropGuard,
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
            Ok(scheduler)
        };
        let schedulers = (0..count).map(start).collect::<io::Result<_>>()?;
        let dealt = AtomicUsize::new(0);
        Ok(Self(Arc::new(Inner { schedulers, dealt, _end: end.drop_guard() })))
    }

    /// The thread whose turn it is.
    pub(crate) fn next(&self) -> &Handle {
        let Inner { schedulers, dealt, .. } = &*self.0;
        // There is at least one.
        &schedulers[dealt.fetch_add(1, Ordering::Relaxed) % schedulers.len()]
    }
}
