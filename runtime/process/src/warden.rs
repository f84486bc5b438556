//! Freezing between invocations, and the memory limit while there is work.
//!
//! "Lambda freezes the execution environment when the runtime and each extension have completed
//! and there are no pending events" (Lambda guide, "Understanding the Lambda execution environment
//! lifecycle"). What a function has left running goes on with the next invocation, and a frozen
//! environment takes no processor time.
//!
//! Processes are stopped by the cgroup's freezer where there is one that can be relied on (see
//! [`crate::os`]), which finds them wherever they have gone and which they cannot notice; else by
//! signal, which needs no permission. An environment
//! that gets its next invocation within [`REST`] is not stopped at all: a busy one pays nothing.

mod meter;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::task::AbortOnDropHandle;

pub(crate) use self::meter::Meter;
use crate::group::Stopped;
use crate::runtime_api::Waiting;

/// How long an environment rests before it is frozen.
const REST: Duration = Duration::from_millis(2);

/// How fast memory is reckoned to grow at most, in bytes a millisecond: it decides when to look
/// again.
const GROWTH: u64 = 4 << 20;

/// Bounds of the time between two looks at memory.
const LOOKS: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(100));

/// Freezes an environment's processes when it rests, and kills when they take too much.
#[derive(Debug)]
pub(crate) struct Warden {
    shared: Arc<Shared>,
    _watching: AbortOnDropHandle<()>,
}

#[derive(Debug)]
struct Shared {
    meter: Meter,
    state: Mutex<State>,
    /// The state has changed in a way that the watcher must hear of.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    activity: Activity,
    /// Counts rests, so that the watcher can tell one from another.
    rests: u64,
    /// The watcher sleeps until it is told of a change, or for long.
    dozing: bool,
}

#[derive(Debug)]
enum Activity {
    Working,
    Resting,
    Frozen(Frozen),
}

/// What was frozen.
#[derive(Debug)]
enum Frozen {
    /// The cgroup.
    Whole,
    /// These processes.
    Each(Stopped),
}

impl Warden {
    /// Looks after the processes that `meter` measures, which work until [`Self::rest`] is called.
    /// They are frozen once the runtime and all extensions wait. When they take more than they may,
    /// the group that takes most memory is killed. Needs an async runtime.
    pub(crate) fn new(meter: Meter, waiting: Waiting) -> Self {
        let state = State { activity: Activity::Working, rests: 0, dozing: false };
        let shared = Arc::new(Shared { meter, state: Mutex::new(state), changed: Notify::new() });
        let watching = tokio::spawn(watch(Arc::clone(&shared), waiting));
        Self { shared, _watching: AbortOnDropHandle::new(watching) }
    }

    /// The most memory that was measured, in bytes. Where a process has ended that may have been
    /// killed for its memory, and was, the answer is no less than the limit.
    pub(crate) fn peak_memory(&self, ended: bool) -> u64 {
        self.shared.meter.peak(ended)
    }

    /// Kills whatever is left of the environment's processes, where only a cgroup knows them.
    pub(crate) fn kill_stray(&self) {
        self.shared.meter.kill_stray();
    }

    /// There is work: everything goes on.
    pub(crate) fn work(&self) {
        let mut state = self.shared.state();
        if let Activity::Frozen(frozen) = &state.activity {
            self.shared.thaw(frozen);
            self.shared.changed.notify_one();
        }
        state.activity = Activity::Working;
    }

    /// There is none.
    pub(crate) fn rest(&self) {
        let mut state = self.shared.state();
        state.activity = Activity::Resting;
        state.rests += 1;
        if std::mem::take(&mut state.dozing) {
            self.shared.changed.notify_one();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds the lock can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to do next; `seen` is the number of rests that there were last time.
    fn next(&self, waiting: &Waiting, seen: &mut Option<u64>) -> Next {
        let mut state = self.state();
        match state.activity {
            Activity::Frozen(_) => Next::Sleep,
            // It rests so often that nobody needs to tell.
            Activity::Working if *seen != Some(state.rests) => {
                *seen = Some(state.rests);
                Next::Measure(Until::Soon)
            }
            Activity::Working => {
                state.dozing = true;
                Next::Measure(Until::Told)
            }
            // Not before the runtime and the extensions have asked for their next event: until then
            // they have work of the last one to finish.
            Activity::Resting if *seen == Some(state.rests) && waiting.is_waiting() => {
                state.activity = Activity::Frozen(self.freeze());
                Next::Sleep
            }
            Activity::Resting => {
                *seen = Some(state.rests);
                Next::LookAgain
            }
        }
    }
}

impl Shared {
    fn freeze(&self) -> Frozen {
        match self.meter.cgroup() {
            Some(cgroup) if cgroup.freeze() => Frozen::Whole,
            _ => Frozen::Each(self.meter.members().stop()),
        }
    }

    fn thaw(&self, frozen: &Frozen) {
        match (frozen, self.meter.cgroup()) {
            (Frozen::Whole, cgroup) => cgroup.into_iter().for_each(|cgroup| cgroup.thaw()),
            (Frozen::Each(stopped), _) => stopped.go_on(),
        }
    }
}

enum Next {
    /// Nothing happens until there is work.
    Sleep,
    LookAgain,
    Measure(Until),
}

/// How long the watcher sleeps while there is work.
enum Until {
    /// A short time: it sees for itself when the work is over.
    Soon,
    /// Until memory has to be looked at again, or the work is over.
    Told,
}

async fn watch(shared: Arc<Shared>, waiting: Waiting) {
    let mut seen = None;
    // When memory has to be looked at. Listing an environment's processes costs as much as a
    // small invocation, so it is not done for each.
    let mut due = Instant::now();
    loop {
        match shared.next(&waiting, &mut seen) {
            Next::Sleep => shared.changed.notified().await,
            Next::LookAgain => sleep(REST).await,
            Next::Measure(until) => {
                let now = Instant::now();
                if now >= due {
                    due = now + measure(&shared.meter);
                }
                match until {
                    Until::Soon => sleep(LOOKS.0).await,
                    // A change comes first, or nothing does.
                    Until::Told => drop(timeout_at(due, shared.changed.notified()).await),
                }
            }
        }
    }
}

/// Kills if there is too much, and answers when to look again.
fn measure(meter: &Meter) -> Duration {
    let look = meter.look();
    if look.too_much {
        // As the kernel does, which the environment then ends by.
        meter.members().kill_largest();
    }
    Duration::from_millis(look.left / GROWTH).clamp(LOOKS.0, LOOKS.1)
}
