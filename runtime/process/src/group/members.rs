//! All processes of an environment, for whoever looks after them beside their owners.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::{Leader, Member};
use crate::os;

/// How often processes that appear while others are stopped are looked for. One round finds them
/// all, unless processes are made faster than they can be listed.
const STOP_ROUNDS: usize = 16;

/// The groups of one environment. Cheap to clone; all clones are the same groups.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members(Arc<Mutex<Vec<Member>>>);

/// What all processes take, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) processes: usize,
    /// What is theirs alone.
    pub(crate) private: u64,
    /// What files or shared memory back, once for every process that maps it.
    pub(crate) mapped: u64,
}

/// Processes that have been stopped.
#[derive(Debug)]
pub(crate) struct Stopped(Vec<(Arc<Leader>, Vec<Pid>)>);

impl Stopped {
    /// Lets them go on.
    pub(crate) fn go_on(&self) {
        for (leader, processes) in &self.0 {
            // The ids of a group that has ended may be strangers' by now.
            let reaped = leader.lock();
            if !*reaped {
                for pid in processes {
                    let _ = kill_process(*pid, Signal::CONT);
                }
            }
        }
    }
}

impl Members {
    /// There is another group.
    pub(crate) fn add(&self, member: Member) {
        self.all().push(member);
    }

    /// Stops every process, and returns which those are.
    pub(crate) fn stop(&self) -> Stopped {
        let all = self.all();
        let living = living(&all);
        // The common case in one step: no process of a group can make another one meanwhile.
        for (leader, _) in &living {
            if let Some(first) = leader.first {
                let _ = kill_process_group(first, Signal::STOP);
            }
        }
        let mut stopped: Vec<_> =
            living.iter().map(|(leader, _)| (Arc::clone(leader), Vec::new())).collect();
        for _ in 0..STOP_ROUNDS {
            let mut found = false;
            for (leader, before) in &mut stopped {
                for pid in leader.processes() {
                    if !before.contains(&pid) {
                        // It may have ended.
                        let _ = kill_process(pid, Signal::STOP);
                        before.push(pid);
                        found = true;
                    }
                }
            }
            if !found {
                break;
            }
        }
        Stopped(stopped)
    }

    /// How many processes there are, and what they take.
    pub(crate) fn measure(&self) -> Measured {
        let all = self.all();
        let mut measured = Measured::default();
        for (leader, _) in living(&all) {
            let processes = leader.processes();
            let mut own = 0;
            for pid in &processes {
                let memory = os::memory(*pid);
                own += memory.private;
                measured.mapped += memory.mapped;
            }
            leader.peak_memory.fetch_max(own, Ordering::Relaxed);
            measured.processes += processes.len();
            measured.private += own;
        }
        measured
    }

    /// How much memory they share, in bytes, as far as that can be seen: see [`os::shared_memory`].
    pub(crate) fn shared_memory(&self, mapped: bool, in_tmp: impl FnOnce() -> u64) -> u64 {
        let all = self.all();
        let living = living(&all);
        let processes = living.iter().flat_map(|(leader, _)| leader.processes());
        os::shared_memory(processes, mapped, in_tmp)
    }

    /// Kills the group that has taken most memory; its end is the environment's.
    pub(crate) fn kill_largest(&self) {
        let all = self.all();
        let living = living(&all);
        let largest = living.iter().max_by_key(|(leader, _)| -> u64 {
            leader.processes().iter().map(|pid| os::memory(*pid).private).sum()
        });
        if let Some((leader, _)) = largest {
            leader.kill_group();
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<Member>> {
        // Nothing that holds the lock can panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those whose ids are still theirs, and stay so while the answer lives.
fn living(all: &[Member]) -> Vec<(&Arc<Leader>, MutexGuard<'_, bool>)> {
    let locked = all.iter().map(|Member(leader)| (leader, leader.lock()));
    locked.filter(|(_, reaped)| !**reaped).collect()
}
