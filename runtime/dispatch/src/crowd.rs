//! Quick invocations of processes take turns.
//!
//! With more processes at work than there are cores each one only takes longer, and the cores do
//! less: they change from one to the next, find nothing of it in their caches, and every process
//! that had a request is frozen and woken for it. And some wait for long while others have one
//! turn after the other: of 64 at once, the slowest hundredth took 90 to 160 ms.
//!
//! So where an environment waits anyhow, and its function is one that needs a moment, its
//! invocation waits until few others run, in the order of coming, and finds the environment that
//! was used last: the slowest take 15 to 20 ms then. It does not wait for what may take no
//! processor: who is not quick this time has no turn.

use std::num::NonZero;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// How many run at once, for each core: some of them wait for the server or their client.
const EACH: usize = 3;

/// Who has run for so long has no turn any more: it is not quick, or waits for something else.
const TURN: Duration = Duration::from_millis(5);

/// When none has ended for so long, those that wait go on, too.
const PATIENCE: Duration = Duration::from_millis(5);

/// A function is quick if the fastest of its last invocations, once to twice this number of them,
/// took no longer than [`QUICK`]. The fastest: the others may have waited for a core. One that
/// waits for something else is never that fast.
const LAST: u32 = 32;
const QUICK: Duration = Duration::from_millis(1);

/// The quick invocations that run, of all functions.
pub(crate) struct Crowd {
    turns: Semaphore,
    /// How many have ended in their turn; it may wrap.
    ended: AtomicUsize,
}

impl Crowd {
    /// As many as this machine's cores run well.
    pub(crate) fn new() -> Self {
        let cores = available_parallelism().map_or(1, NonZero::get);
        Self { turns: Semaphore::new(EACH * cores), ended: AtomicUsize::new(0) }
    }

    /// Runs an invocation when few others run.
    pub(crate) async fn in_turn<T>(&self, invocation: impl Future<Output = T>) -> T {
        let turn = self.turn().await;
        let mut invocation = pin!(invocation);
        if let Some(turn) = turn {
            if let Ok(output) = timeout(TURN, &mut invocation).await {
                self.ended.fetch_add(1, Ordering::Relaxed);
                return output;
            }
            drop(turn);
        }
        invocation.await
    }

    /// Waits for a turn, for as long as others end theirs.
    async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        let mut turn = pin!(self.turns.acquire());
        let mut seen = self.ended.load(Ordering::Relaxed);
        loop {
            if let Ok(turn) = timeout(PATIENCE, &mut turn).await {
                // The semaphore is never closed.
                return turn.ok();
            }
            let ended = self.ended.load(Ordering::Relaxed);
            if std::mem::replace(&mut seen, ended) == ended {
                return None;
            }
        }
    }
}

/// How fast the invocations of a function are, in microseconds.
#[derive(Debug)]
pub(crate) struct Pace {
    count: AtomicU32,
    /// The fastest of those that were counted last, ...
    fastest: AtomicU32,
    /// ... and of as many before them.
    before: AtomicU32,
}

impl Default for Pace {
    fn default() -> Self {
        let none = || AtomicU32::new(u32::MAX);
        Self { count: AtomicU32::new(0), fastest: none(), before: none() }
    }
}

impl Pace {
    /// An invocation has taken so long.
    pub(crate) fn took(&self, duration: Duration) {
        // Which of two that end at once is counted first is of no interest.
        let order = Ordering::Relaxed;
        let micros = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
        self.fastest.fetch_min(micros, order);
        if self.count.fetch_add(1, order) % LAST == LAST - 1 {
            self.before.store(self.fastest.swap(u32::MAX, order), order);
        }
    }

    /// Whether the next one is likely to need a moment only.
    pub(crate) fn is_quick(&self) -> bool {
        let order = Ordering::Relaxed;
        let fastest = self.fastest.load(order).min(self.before.load(order));
        u128::from(fastest) <= QUICK.as_micros()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_of_the_last_ones_tells() {
        let (quick, slow) = (Duration::from_micros(300), Duration::from_millis(30));
        let pace = Pace::default();
        assert!(!pace.is_quick(), "nothing is known");
        (0..100).for_each(|_| pace.took(slow));
        assert!(!pace.is_quick());
        pace.took(quick);
        (0..LAST - 1).for_each(|_| pace.took(slow));
        assert!(pace.is_quick(), "the others may have had to wait");
        (0..2 * LAST).for_each(|_| pace.took(slow));
        assert!(!pace.is_quick());
    }
}
