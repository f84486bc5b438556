//! Where the service reads the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch, as SQS's timestamps are.
pub type Timestamp = u64;

/// The source of the present time. Tests inject their own, so that visibility timeouts, delays
/// and retention are tested without waiting.
pub trait Clock: Send + Sync + 'static {
    /// The present time. It may step back (a wall clock does); the queues bear that.
    fn now(&self) -> Timestamp;
}

/// The operating system's wall clock.
///
/// Visibility deadlines outlive a restart, so they are wall-clock times, not monotonic ones.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis)
    }
}

/// A clock that follows tokio's: it starts at a given time and moves as
/// [`tokio::time::Instant`] does, so a test that pauses or advances tokio's time moves the queues
/// with it.
#[derive(Debug, Clone, Copy)]
pub struct TokioClock {
    origin: tokio::time::Instant,
    epoch: Timestamp,
}

impl TokioClock {
    /// A clock that shows `epoch` (milliseconds since the Unix epoch) now. Call it inside a tokio
    /// runtime, after its time was paused.
    #[must_use]
    pub fn starting_at(epoch: Timestamp) -> Self {
        Self { origin: tokio::time::Instant::now(), epoch }
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        self.epoch.saturating_add(millis(self.origin.elapsed()))
    }
}

fn millis(duration: Duration) -> Timestamp {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
