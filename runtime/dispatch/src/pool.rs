//! The environments of one function.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use samovar_app::Function;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::burst::Burst;
use crate::crowd::Pace;
use crate::environment::{Environment, Provider};
use crate::error::ThrottleReason;
use crate::log::EnvironmentLog;
use crate::run::INIT_LIMIT;

/// How long an environment has to end when nobody waits for it any more.
pub(crate) const STOP_GRACE: Duration = Duration::from_secs(2);

/// Among how many of the warmest environments one of the caller's own thread is looked for: to
/// wake another thread and be woken by it takes as long as the rest of a small invocation.
const WARM: usize = 8;

/// How many environments of a function wait for work that were renewed ahead of it. More would
/// only cost memory: a renewal takes less time than an invocation.
pub(crate) const READY: usize = 16;

/// For how long an invocation may keep a thread that others may want: not so long that they would
/// notice.
const BRIEF: Duration = Duration::from_millis(1);

/// A live environment and its log.
pub(crate) struct Live {
    pub(crate) environment: Box<dyn Environment>,
    pub(crate) log: EnvironmentLog,
    /// Its place among the provisioned environments; another one is started when it is given
    /// back.
    pub(crate) provisioned: Option<OwnedSemaphorePermit>,
    /// The thread that has started it. Where threads have schedulers of their own, it looks after
    /// the environment's connections.
    thread: ThreadId,
}

impl Live {
    /// An environment that this thread has started.
    pub(crate) fn new(
        environment: Box<dyn Environment>,
        log: EnvironmentLog,
        provisioned: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self { environment, log, provisioned, thread: thread::current().id() }
    }
}

/// One function, what starts its environments, and those that wait for work.
pub(crate) struct Pool {
    pub(crate) function: Arc<Function>,
    pub(crate) provider: Arc<dyn Provider>,
    /// Cancelled when the pool is closed.
    pub(crate) closing: CancellationToken,
    /// Whether the last invocation took no longer than [`BRIEF`].
    is_brief: AtomicBool,
    pace: Pace,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Waiting environments, the last used last: the warmest is taken first, so that the others
    /// grow old and are stopped.
    idle: Vec<(Live, Instant)>,
    busy: usize,
    /// Invocations that have a place and no environment yet.
    seeking: usize,
    /// How fast new environments may be made, where that is limited.
    burst: Option<Burst>,
    /// No environment comes back: the function was replaced or Samovar is stopping.
    closed: bool,
}

/// One place among a function's concurrent invocations; given back when dropped.
pub(crate) struct Slot {
    pool: Arc<Pool>,
    /// Whether an environment waits for it.
    pub(crate) is_warm: bool,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.pool.state().busy -= 1;
    }
}

impl State {
    fn warmest(&mut self) -> Option<(Live, Instant)> {
        let provisioned = self.idle.iter().rposition(|(live, _)| live.provisioned.is_some());
        if let Some(index) = provisioned {
            return Some(self.idle.remove(index));
        }
        let here = thread::current().id();
        let mut warm = self.idle.iter().enumerate().rev().take(WARM);
        match warm.find(|(_, (live, _))| live.thread == here) {
            Some((index, _)) => Some(self.idle.remove(index)),
            None => self.idle.pop(),
        }
    }
}

impl Pool {
    /// A pool whose environments are made no faster than `burst` allows.
    pub(crate) fn new(
        function: Arc<Function>,
        provider: Arc<dyn Provider>,
        burst: Option<Burst>,
    ) -> Arc<Self> {
        let state = Mutex::new(State { burst, ..State::default() });
        let closing = CancellationToken::new();
        let (is_brief, pace) = (AtomicBool::new(false), Pace::default());
        Arc::new(Self { function, provider, closing, is_brief, pace, state })
    }

    /// Whether an invocation is likely to be over soon: the last one was.
    pub(crate) fn is_brief(&self) -> bool {
        self.is_brief.load(Ordering::Relaxed)
    }

    /// An invocation has taken so long, with the start of its environment.
    pub(crate) fn took(&self, duration: Duration) {
        self.is_brief.store(duration <= BRIEF, Ordering::Relaxed);
        self.pace.took(duration);
    }

    /// Whether an invocation is likely to need a moment of processor time.
    pub(crate) fn is_quick(&self) -> bool {
        self.pace.is_quick()
    }

    /// Takes one place, if the function's reserved concurrency has one left and an environment
    /// is there or may be made. [`Self::take`] must follow.
    pub(crate) fn slot(self: &Arc<Self>) -> Result<Slot, ThrottleReason> {
        let mut state = self.state();
        let limit = self.function.reserved_concurrency.map(|limit| limit as usize);
        if limit.is_some_and(|limit| state.busy >= limit) {
            return Err(ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded);
        }
        let is_new = state.seeking >= state.idle.len();
        if is_new && state.burst.as_mut().is_some_and(|burst| !burst.take(Instant::now())) {
            return Err(ThrottleReason::FunctionInvocationRateLimitExceeded);
        }
        state.busy += 1;
        state.seeking += 1;
        Ok(Slot { pool: self.clone(), is_warm: !is_new })
    }

    /// A waiting environment that can still serve. Those that died while they waited are
    /// stopped.
    ///
    /// Provisioned ones go first, as on AWS, which makes others only when those are busy (Lambda
    /// guide, "Configuring provisioned concurrency").
    pub(crate) fn take(&self) -> Option<Live> {
        self.no_longer_seeking();
        loop {
            // The guard must not live into the stop below.
            let (live, _) = self.state().warmest()?;
            if live.environment.reusable() {
                return Some(live);
            }
            stop_in_background(live);
        }
    }

    /// An invocation that has a place was given up, or has its environment.
    pub(crate) fn no_longer_seeking(&self) {
        let mut state = self.state();
        state.seeking = state.seeking.saturating_sub(1);
    }

    /// Gives an environment back, to wait for the next invocation, or to end if it cannot serve
    /// again.
    pub(crate) fn put(&self, live: Live) {
        if let Some(live) = self.put_reusable(live) {
            stop_in_background(live);
        }
    }

    /// Gives an environment back to wait for the next invocation; the environment, where that
    /// cannot be.
    pub(crate) fn put_reusable(&self, live: Live) -> Option<Live> {
        if live.environment.reusable() {
            let mut state = self.state();
            if !state.closed {
                state.idle.push((live, Instant::now()));
                return None;
            }
        }
        Some(live)
    }

    /// Gives back an environment that cannot serve again as it is: it is renewed where few others
    /// wait, and else it ends.
    pub(crate) async fn renew(&self, mut live: Live) {
        let wanted = {
            let state = self.state();
            !state.closed && state.idle.len() < READY
        };
        // A guest that never gets ready would hold its place for ever.
        let renewed = wanted && timeout(INIT_LIMIT, live.environment.renew()).await == Ok(true);
        if renewed {
            self.put(live);
        } else {
            live.environment.stop(STOP_GRACE).await;
        }
    }

    /// Removes the environments that have waited for `limit`, or for as long as they are to, but
    /// for provisioned ones.
    pub(crate) fn take_idle_for(&self, limit: Duration) -> Vec<Live> {
        let now = Instant::now();
        let mut state = self.state();
        let old = state.idle.extract_if(.., |(live, since)| {
            let limit = live.environment.keep().map_or(limit, |keep| keep.min(limit));
            live.provisioned.is_none() && now.saturating_duration_since(*since) > limit
        });
        old.map(|(live, _)| live).collect()
    }

    /// Lets no environment wait here any more; those that wait are returned.
    pub(crate) fn close(&self) -> Vec<Live> {
        let mut state = self.state();
        state.closed = true;
        self.closing.cancel();
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
