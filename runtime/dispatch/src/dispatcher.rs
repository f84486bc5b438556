//! The dispatcher: which environment runs which invocation, for how long, and what is said
//! about it afterwards.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use samovar_app::Function;
use serde::Serialize;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::burst::{BURST, Burst};
use crate::clock::Clock;
use crate::crowd::Crowd;
use crate::environment::Provider;
use crate::error::{InvokeError, ThrottleReason};
use crate::invocation::{Door, FunctionError, Invocation, Replied, Reply, Response};
use crate::log::EnvironmentLog;
use crate::pool::{Live, Pool, STOP_GRACE, stop_in_background};
use crate::provisioned;
use crate::registry::{Alias, Entry, Registry, qualifier};
use crate::report::Observer;
use crate::run::{INIT_LIMIT, Run};
use crate::stream;

/// How often environments that nobody uses are looked for, at least.
const REAP_INTERVAL: Duration = Duration::from_secs(30);

/// The dispatcher's limits.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The account's concurrent executions. What functions reserve is theirs; the others share
    /// the rest, and are throttled at once beyond it (Lambda guide, "Understanding Lambda function
    /// scaling").
    pub account: usize,
    /// Whether a function gets new environments no faster than on AWS, 1,000 every 10 seconds.
    pub burst: bool,
    /// Invocations at once on this machine, over all functions. Beyond it invocations wait.
    pub concurrency: usize,
    /// How long an invocation waits for one of those places before it is throttled.
    pub patience: Duration,
    /// How long an environment without work is kept.
    pub idle: Duration,
}

impl Default for Limits {
    /// AWS's account default of 1,000 concurrent executions, on this machine too, made as fast as
    /// it can; ten seconds of patience, ten minutes of idleness.
    fn default() -> Self {
        Self {
            account: 1000,
            burst: false,
            concurrency: 1000,
            patience: Duration::from_secs(10),
            idle: Duration::from_secs(600),
        }
    }
}

/// Gives invocations to environments. Cheap to clone; all clones are the same dispatcher.
#[derive(Clone)]
pub struct Dispatcher(Arc<Shared>);

struct Shared {
    registry: Registry,
    places: Arc<Semaphore>,
    /// Invocations of functions that reserve no concurrency.
    unreserved: Arc<AtomicUsize>,
    limits: Limits,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    running: TaskTracker,
    abort: CancellationToken,
    crowd: Arc<Crowd>,
    /// That of the runtime that the dispatcher was made in: it shares work among its threads. What
    /// computes for longer than a moment runs there, wherever it was called: a thread that serves
    /// connections by itself has other requests to answer.
    scheduler: Handle,
}

/// The answer of a function that ran.
#[derive(Debug)]
pub struct Answer {
    /// The version that ran.
    pub function: Arc<Function>,
    /// The invocation's id.
    pub request_id: String,
    /// What the function answered, or how it failed.
    pub result: Result<Response, FunctionError>,
    /// The end of the invocation's log.
    pub log: LogTail,
}

/// The last 4 KB of an invocation's log, there once the invocation is over.
#[derive(Debug)]
pub struct LogTail(oneshot::Receiver<Vec<u8>>);

impl LogTail {
    /// Waits for the end of the invocation.
    pub async fn wait(self) -> Vec<u8> {
        self.0.await.unwrap_or_default()
    }
}

/// A function as `/_samovar/health` lists it.
#[derive(Clone, Debug, Serialize)]
pub struct FunctionStatus {
    /// The function's name.
    pub name: String,
    /// `process` or `wasm`.
    pub kind: &'static str,
    /// `ready` or `failed`.
    pub state: &'static str,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Environments that wait for work.
    pub idle: usize,
    /// Invocations that run.
    pub busy: usize,
}

impl Dispatcher {
    /// A dispatcher without functions. Must be called within a tokio runtime: environments that
    /// grow old are stopped in the background for as long as the dispatcher lives.
    pub fn new(limits: Limits, clock: Arc<dyn Clock>, observer: Arc<dyn Observer>) -> Self {
        let shared = Arc::new(Shared {
            registry: Registry::default(),
            places: Arc::new(Semaphore::new(limits.concurrency)),
            unreserved: Arc::default(),
            limits,
            clock,
            observer,
            running: TaskTracker::new(),
            abort: CancellationToken::new(),
            crowd: Arc::new(Crowd::new()),
            scheduler: Handle::current(),
        });
        tokio::spawn(reap(Arc::downgrade(&shared)));
        Self(shared)
    }

    /// Adds a function that can run, and starts its provisioned environments. One of the same name
    /// is replaced: what runs there ends undisturbed. Needs an async runtime.
    pub fn register(&self, function: Arc<Function>, provider: Arc<dyn Provider>) {
        self.replace(Entry::Ready(self.pool(function, provider)));
    }

    /// As [`register`](Self::register), once an environment of the function is ready: until then
    /// the one of the same name serves. An environment that is slow to initialise is waited for as
    /// long as AWS's init phase lasts.
    ///
    /// # Errors
    /// The initialisation failed; nothing is replaced.
    pub async fn take_over(
        &self,
        function: Arc<Function>,
        provider: Arc<dyn Provider>,
    ) -> Result<(), FunctionError> {
        let pool = self.pool(function, provider);
        let (clock, observer) = (self.0.clock.clone(), self.0.observer.clone());
        let log = EnvironmentLog::of(&pool.function, clock, observer);
        match timeout(INIT_LIMIT, pool.provider.start(log.clone())).await {
            Ok(Ok(environment)) => pool.put(Live::new(environment, log, None)),
            Ok(Err(error)) => {
                pool.close().into_iter().for_each(stop_in_background);
                return Err(error);
            }
            // AWS goes on with it in the first invocation.
            Err(_) => {}
        }
        self.replace(Entry::Ready(pool));
        Ok(())
    }

    fn pool(&self, function: Arc<Function>, provider: Arc<dyn Provider>) -> Arc<Pool> {
        let burst = self.0.limits.burst.then(|| Burst::new(BURST, Instant::now()));
        let provisioned = function.provisioned();
        let pool = Pool::new(function, provider, burst);
        if provisioned > 0 {
            let (clock, observer) = (self.0.clock.clone(), self.0.observer.clone());
            tokio::spawn(provisioned::keep(Arc::downgrade(&pool), provisioned, clock, observer));
        }
        pool
    }

    /// Adds a function that cannot run, and why: invoking it tells the reason.
    pub fn register_failed(&self, function: Arc<Function>, reason: impl Into<String>) {
        self.replace(Entry::Failed(function, reason.into()));
    }

    /// Removes a function with all its versions and aliases, or one version: what runs ends
    /// undisturbed, and no more begins.
    pub fn remove(&self, name: &str, version: Option<&str>) {
        self.0.registry.remove(name, version).into_iter().for_each(close);
    }

    /// Adds, replaces or (`None`) removes an alias of a function.
    pub fn set_alias(&self, name: &str, alias: &str, leads_to: Option<Alias>) {
        self.0.registry.set_alias(name, alias, leads_to);
    }

    fn replace(&self, entry: Entry) {
        self.0.registry.insert(entry).into_iter().for_each(close);
    }

    /// The function that a client means by a name, logical id, ARN or partial ARN.
    pub fn resolve(&self, name: &str) -> Option<Arc<Function>> {
        self.0.registry.find(name).map(|entry| entry.function().clone())
    }

    /// Which events a function takes; `None` if it is not there or cannot run.
    pub fn door(&self, function: &Function) -> Option<Door> {
        match self.0.registry.find(&function.name)? {
            Entry::Ready(pool) => Some(pool.provider.door()),
            Entry::Failed(..) => None,
        }
    }

    /// Every function, by name; of its versions only `$LATEST`.
    pub fn functions(&self) -> Vec<FunctionStatus> {
        let entries = self.0.registry.all();
        entries.iter().filter(|entry| entry.function().version == "$LATEST").map(status).collect()
    }

    /// Runs one invocation. A name with a version or alias is in the ARN that the function is told
    /// it was called by, unless the invocation has one already.
    ///
    /// The invocation goes on to its end even if the caller drops this future, as on AWS, where
    /// a client that hangs up does not stop a function. A buffered answer comes when the
    /// environment is free again; a streaming one as soon as its head is there.
    ///
    /// # Errors
    /// The function never ran; see [`InvokeError`]. A function that ran and failed is an
    /// [`Answer`].
    pub async fn invoke(
        &self,
        name: &str,
        mut invocation: Invocation,
    ) -> Result<Answer, InvokeError> {
        let shared = &self.0;
        let not_found = || InvokeError::NotFound { name: name.to_owned() };
        let pool = match shared.registry.find(name).ok_or_else(not_found)? {
            Entry::Ready(pool) => pool,
            Entry::Failed(function, reason) => {
                return Err(InvokeError::Unavailable { function: function.name.clone(), reason });
            }
        };
        if shared.running.is_closed() {
            return Err(InvokeError::ShuttingDown);
        }
        let throttled = |reason| InvokeError::Throttled { reason };
        let share = shared.share(&pool.function).map_err(throttled)?;
        let slot = pool.slot().map_err(throttled)?;
        let place = timeout(shared.limits.patience, shared.places.clone().acquire_owned());
        let Ok(Ok(place)) = place.await else {
            pool.no_longer_seeking();
            let reason = ThrottleReason::ConcurrentInvocationLimitExceeded;
            return Err(InvokeError::Throttled { reason });
        };

        let function = pool.function.clone();
        if invocation.invoked_function_arn.is_none()
            && let Some(qualifier) = qualifier(name)
        {
            invocation.invoked_function_arn = Some(format!("{}:{qualifier}", function.arn));
        }
        let request_id = invocation.request_id.clone();
        let (reply, replied) = Reply::channel();
        let (over, outcome) = oneshot::channel();
        let (tail, log) = oneshot::channel();
        let run = Run { pool, clock: shared.clock.clone(), observer: shared.observer.clone() };
        let abort = shared.abort.clone();
        let (computes, is_brief) = (run.pool.provider.computes(), run.pool.is_brief());
        let crowd =
            (!computes && slot.is_warm && run.pool.is_quick()).then(|| shared.crowd.clone());
        let running = shared.running.clone();
        let token = running.token();
        // Boxed: what waits for it would have its size, and be moved with it several times.
        let work = Box::pin(async move {
            let _token = token;
            let finished = {
                // Pinned here: whatever takes a future by value would have its size, once or twice.
                let mut invoked = pin!(run.invoke(invocation, reply));
                let invoked = async {
                    match &crowd {
                        Some(crowd) => crowd.in_turn(invoked.as_mut()).await,
                        None => invoked.await,
                    }
                };
                // Aborting drops the environment, and with it whatever it started.
                abort.run_until_cancelled(invoked).await
            };
            let Some(finished) = finished else { return };
            // The places are free before the caller hears of it: a client that calls again at
            // once finds this environment, not a reason to start another.
            drop((slot, place, share));
            let _ = tail.send(finished.log_tail);
            let _ = over.send(finished.result);
            if let Some(used) = finished.used {
                // Later: the caller goes first.
                let renewing = async move { abort.run_until_cancelled(run.pool.renew(used)).await };
                running.spawn(renewing);
            }
        });
        if !computes {
            tokio::spawn(work);
        } else if is_brief {
            shared.begin_here(work).await;
        } else {
            shared.scheduler.spawn(work);
        }

        let result = match replied.await {
            Ok(Replied { response: Response::Stream(streamed), .. }) => {
                Ok(Response::Stream(stream::ending_as(streamed, outcome)))
            }
            Ok(Replied { response, at_once: true }) => Ok(response),
            // Only shutdown drops an invocation before it has an outcome.
            replied => match outcome.await.map_err(|_| InvokeError::ShuttingDown)? {
                Ok(()) => replied.map(|replied| replied.response).map_err(|_| no_response()),
                Err(error) if error.is_no_place() => {
                    let reason = ThrottleReason::ConcurrentInvocationLimitExceeded;
                    return Err(InvokeError::Throttled { reason });
                }
                Err(error) => Err(error),
            },
        };
        Ok(Answer { function, request_id, result, log: LogTail(log) })
    }

    /// Takes no more work, lets what runs end within `grace`, then ends every environment.
    /// Returns how many invocations had to be cut off.
    pub async fn shutdown(&self, grace: Duration) -> usize {
        let shared = &self.0;
        shared.running.close();
        let cut = match timeout(grace, shared.running.wait()).await {
            Ok(()) => 0,
            Err(_) => shared.running.len(),
        };
        shared.abort.cancel();
        shared.running.wait().await;
        let ending = TaskTracker::new();
        for entry in shared.registry.all() {
            if let Entry::Ready(pool) = entry {
                for live in pool.close() {
                    ending.spawn(live.environment.stop(STOP_GRACE));
                }
            }
        }
        ending.close();
        ending.wait().await;
        cut
    }
}

impl Shared {
    /// Begins work on the caller's thread. What is not done when it first has to wait, or to let
    /// others have their turn, goes on among the scheduler's threads, and without the caller.
    ///
    /// To wake another thread and be woken by it takes longer than a brief invocation does.
    async fn begin_here(&self, mut work: Pin<Box<impl Future<Output = ()> + Send + 'static>>) {
        if poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await.is_pending() {
            self.scheduler.spawn(work);
        }
    }

    /// A share of the account's concurrency that no function has reserved; `None` for a function
    /// with its own.
    fn share(&self, function: &Function) -> Result<Option<Share>, ThrottleReason> {
        if function.reserved_concurrency.is_some() {
            return Ok(None);
        }
        let reserved = self.registry.reserved_concurrency();
        let limit = self.limits.account.saturating_sub(reserved);
        let taken = self.unreserved.try_update(Ordering::AcqRel, Ordering::Acquire, |busy| {
            (busy < limit).then_some(busy + 1)
        });
        match taken {
            Ok(_) => Ok(Some(Share(self.unreserved.clone()))),
            Err(_) => Err(ThrottleReason::ConcurrentInvocationLimitExceeded),
        }
    }
}

/// One of the account's concurrent executions; given back when dropped.
struct Share(Arc<AtomicUsize>);

impl Drop for Share {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn close(entry: Entry) {
    if let Entry::Ready(pool) = entry {
        pool.close().into_iter().for_each(stop_in_background);
    }
}

fn status(entry: &Entry) -> FunctionStatus {
    let function = entry.function();
    let (state, reason, (idle, busy)) = match entry {
        Entry::Ready(pool) => ("ready", None, pool.counts()),
        Entry::Failed(_, reason) => ("failed", Some(reason.clone()), (0, 0)),
    };
    FunctionStatus {
        name: function.name.clone(),
        kind: function.kind.as_str(),
        state,
        reason,
        idle,
        busy,
    }
}

fn no_response() -> FunctionError {
    FunctionError::platform("Runtime.ExitError", "Runtime exited without providing a reason")
}

/// Stops environments that have had no work for long.
async fn reap(shared: std::sync::Weak<Shared>) {
    let Some(idle) = shared.upgrade().map(|shared| shared.limits.idle) else { return };
    let interval = idle.clamp(Duration::from_millis(100), REAP_INTERVAL);
    loop {
        tokio::time::sleep(interval).await;
        let Some(shared) = shared.upgrade() else { return };
        for entry in shared.registry.all() {
            if let Entry::Ready(pool) = entry {
                pool.take_idle_for(shared.limits.idle).into_iter().for_each(stop_in_background);
            }
        }
    }
}

#[cfg(test)]
mod tests;
