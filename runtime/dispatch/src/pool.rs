//! The environments of one function.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use samovar_app::Function;
use tokio::time::Instant;

use crate::environment::{Environment, Provider};
use crate::error::ThrottleReason;
use crate::log::EnvironmentLog;

/// How long an environment has to end when nobody waits for it any more.
pub(crate) const STOP_GRACE: Duration = Duration::from_secs(2);

/// A live environment and its log.
pub(crate) struct Live {
    pub(crate) environment: Box<dyn Environment>,
    pub(crate) log: EnvironmentLog,
}

/// One function, what starts its environments, and those that wait for work.
pub(crate) struct Pool {
    pub(crate) function: Arc<Function>,
    pub(crate) provider: Arc<dyn Provider>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Waiting environments, the last used last: the warmest is taken first, so that the others
    /// grow old and are stopped.
    idle: Vec<(Live, Instant)>,
    busy: usize,
    /// No environment comes back: the function was replaced or Samovar is stopping.
    closed: bool,
}

/// One place among a function's concurrent invocations; given back when dropped.
pub(crate) struct Slot {
    pool: Arc<Pool>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.pool.state().busy -= 1;
    }
}

impl Pool {
    pub(crate) fn new(function: Arc<Function>, provider: Arc<dyn Provider>) -> Arc<Self> {
        Arc::new(Self { function, provider, state: Mutex::default() })
    }

    /// Takes one place, if the function's reserved concurrency has one left.
    pub(crate) fn slot(self: &Arc<Self>) -> Result<Slot, ThrottleReason> {
        let mut state = self.state();
        let limit = self.function.reserved_concurrency.map(|limit| limit as usize);
        if limit.is_some_and(|limit| state.busy >= limit) {
            return Err(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded);
        }
        state.busy += 1;
        Ok(Slot { pool: self.clone() })
    }

    /// A waiting environment that can still serve. Those that died while they waited are
    /// stopped.
    pub(crate) fn take(&self) -> Option<Live> {
        loop {
            // The guard must not live into the stop below.
            let (live, _) = self.state().idle.pop()?;
            if live.environment.reusable() {
                return Some(live);
            }
            stop_in_background(live);
        }
    }

    /// Gives an environment back, to wait for the next invocation, or to end if it cannot serve
    /// again.
    pub(crate) fn put(&self, live: Live) {
        if live.environment.reusable() {
            let mut state = self.state();
            if !state.closed {
                state.idle.push((live, Instant::now()));
                return;
            }
        }
        stop_in_background(live);
    }

    /// Removes the environments that have waited since before `limit`.
    pub(crate) fn take_idle_since(&self, limit: Instant) -> Vec<Live> {
        let mut state = self.state();
        let young = state.idle.partition_point(|(_, since)| *since < limit);
        state.idle.drain(..young).map(|(live, _)| live).collect()
    }

    /// Lets no environment wait here any more; those that wait are returned.
    pub(crate) fn close(&self) -> Vec<Live> {
        let mut state = self.state();
        state.closed = true;
        state.idle.drain(..).map(|(live, _)| live).collect()
    }

    /// Environments that wait, and invocations that run.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.state();
        (state.idle.len(), state.busy)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock can be left half-done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends an environment without holding up the caller.
pub(crate) fn stop_in_background(live: Live) {
    tokio::spawn(live.environment.stop(STOP_GRACE));
}
