//! How much memory an environment takes.
//!
//! `MemorySize` is for what no file backs: the processes' own memory, and memory that they share.
//! Files in `/tmp` do not count, which on AWS are on a disk of their own.
//!
//! A cgroup knows all of it ([`crate::os`]). Its limit is higher, because it has to have room for
//! `/tmp`: that is the limit which nobody outruns, and what is measured here is the exact one.
//! Without a cgroup, every process is looked at.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use crate::group::Members;
use crate::os;
use crate::sandbox::{Layout, Sandbox};

/// The measure of one runtime with its extensions.
#[derive(Debug)]
pub(crate) struct Meter {
    members: Members,
    /// Not held: it goes with its environment.
    cgroup: Option<Weak<os::Cgroup>>,
    sandbox: Option<Sandbox>,
    /// Bytes that may be taken.
    limit: u64,
    /// How many processes the kernel had killed for their memory before.
    killed_before: u64,
    /// The most that was seen.
    peak: AtomicU64,
}

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// More than may be, of memory or of processes.
    pub(crate) too_much: bool,
    /// Bytes that may still be taken.
    pub(crate) left: u64,
}

impl Meter {
    /// Of `members`, which may take `limit` bytes.
    pub(crate) fn new(members: Members, layout: &Layout, limit: u64) -> Self {
        let cgroup = layout.cgroup.as_ref().map(Arc::downgrade);
        let sandbox = layout.sandbox.clone();
        let mut meter =
            Self { members, cgroup, sandbox, limit, killed_before: 0, peak: AtomicU64::new(0) };
        meter.killed_before = meter.killed();
        meter
    }

    /// The processes.
    pub(crate) fn members(&self) -> &Members {
        &self.members
    }

    /// What limits them too.
    pub(crate) fn cgroup(&self) -> Option<Arc<os::Cgroup>> {
        self.cgroup.as_ref()?.upgrade()
    }

    /// Kills what is in the cgroup; in namespaces there is nothing to kill, once their init is gone.
    pub(crate) fn kill_stray(&self) {
        if let (None, Some(cgroup)) = (&self.sandbox, self.cgroup()) {
            cgroup.kill();
        }
    }

    /// Measures.
    pub(crate) fn look(&self) -> Look {
        let cgroup = self.cgroup();
        let counted = cgroup.as_ref().and_then(|cgroup| cgroup.memory()).map(os::Memory::taken);
        let processes_limited = cgroup.is_some_and(|cgroup| cgroup.limits_processes());
        let (processes, memory) = match counted {
            Some(taken) if processes_limited => (0, self.of(taken)),
            Some(taken) => (self.members.measure().processes, self.of(taken)),
            None => self.look_at_each(),
        };
        self.peak.fetch_max(memory, Ordering::Relaxed);
        Look {
            too_much: memory > self.limit || processes > os::MAX_PROCESSES || self.has_killed(),
            left: self.limit.saturating_sub(memory),
        }
    }

    /// What counts of what a cgroup has counted.
    fn of(&self, taken: os::Taken) -> u64 {
        match &self.sandbox {
            Some(_) => taken.anonymous + taken.shared.saturating_sub(self.in_tmp()),
            // `/tmp` is a folder of the host, which may be in memory as well.
            None => taken.anonymous,
        }
    }

    /// How many processes there are, and what they take.
    fn look_at_each(&self) -> (usize, u64) {
        let measured = self.members.measure();
        // Most of what is mapped is files, as a rule, and to tell them apart takes time.
        let matters = measured.private + measured.mapped > self.limit / 2;
        let shared = self.members.shared_memory(matters, || self.in_tmp());
        (measured.processes, measured.private + shared)
    }

    /// Bytes in files of the environment's own `/tmp`.
    fn in_tmp(&self) -> u64 {
        let file_system = self.sandbox.as_ref().and_then(|sandbox| sandbox.file_system.get());
        file_system.map_or(0, os::FileSystem::in_tmp)
    }

    /// The most that was seen. If `ended`, a process may have been killed before anybody looked.
    pub(crate) fn peak(&self, ended: bool) -> u64 {
        if ended && self.has_killed() {
            self.peak.fetch_max(self.limit, Ordering::Relaxed);
        }
        self.peak.load(Ordering::Relaxed)
    }

    /// Whether the kernel has killed a process because there was no memory left.
    fn has_killed(&self) -> bool {
        self.killed() > self.killed_before
    }

    fn killed(&self) -> u64 {
        let cgroup = self.cgroup();
        cgroup.as_ref().and_then(|cgroup| cgroup.memory()).map_or(0, os::Memory::kills)
    }
}
