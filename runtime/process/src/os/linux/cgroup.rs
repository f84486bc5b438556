//! cgroups: what cannot be outrun.
//!
//! ```text
//! Samovar's own cgroup ── samovar-PID ─┬─ 1   an environment's processes
//!                                      ├─ 2
//!                                      └─ ...
//! ```
//!
//! Samovar makes cgroups below its own, so that whatever limits Samovar limits its functions too.
//! It needs to be allowed to: as the superuser with cgroup v1; with v2 where a cgroup has been
//! delegated to it (`systemd-run --user --scope -p Delegate=yes samovar up`, a container whose
//! cgroups may be written). Both versions may be there at once, each with some of the controllers.
//! What is missing is kept by other means: see [`crate::warden`].
//!
//! | | means |
//! |---|---|
//! | memory | `memory.max`, `memory.limit_in_bytes`: `MemorySize` and `EphemeralStorage` together, because a cgroup counts what is in `/tmp` |
//! | 1,024 processes and threads (Lambda guide, "Lambda quotas") | `pids.max`: `fork` fails, as on AWS |
//! | freezing | `cgroup.freeze` of v2 |
//! | the end | `cgroup.kill` of v2; else process by process |
//!
//! # Why v1's freezer is not used
//! A process that it has frozen does not die of `SIGKILL` before it is thawed. So the frozen
//! environments of a Samovar that is killed would never end. It is slower too: to thaw one process
//! takes 108 µs, and 12 µs with v2's, where `SIGCONT` takes 10 µs; to thaw eight 149, 49 and 63 µs
//! (Linux 6.18 on two cores; medians of 200).

mod entry;
mod folder;
mod memory;
mod own;
mod samovar;

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use rustix::fs::OFlags;

pub(super) use self::entry::Entry;
use self::folder::{Folder, PAUSE, ROUNDS};
pub(crate) use self::memory::{Memory, Taken};
pub(crate) use self::samovar::Cgroups;
use super::tree::MAX_PROCESSES;

/// The cgroups of one environment, one in each hierarchy. Dropping it kills what is in them and
/// removes them.
#[derive(Debug)]
pub(crate) struct Cgroup {
    folders: Folders,
    // Last: it contains the others.
    _parent: Arc<Cgroups>,
}

/// Cgroups for an environment, whose memory is not limited yet.
#[derive(Debug)]
struct Folders {
    freezer: Option<File>,
    memory: Option<Memory>,
    limits_processes: bool,
    /// The files by which a thread enters the cgroups of v1.
    tasks: [Option<File>; 2],
    unified: Option<Folder>,
    /// Of v1.
    others: [Option<Folder>; 2],
}

impl Folders {
    fn make(parent: &Cgroups) -> io::Result<Self> {
        let name = parent.next_name();
        let child =
            |folder: &Option<Folder>| folder.as_ref().map(|folder| folder.child(&name)).transpose();
        let unified = child(&parent.unified)?;
        let others = [child(&parent.memory_v1)?, child(&parent.pids_v1)?];
        let mut made = Self {
            freezer: None,
            memory: None,
            limits_processes: false,
            tasks: [None, None],
            unified,
            others,
        };
        let [memory_v1, pids_v1] = &made.others;
        let processes = MAX_PROCESSES.to_string();
        if let Some(unified) = &made.unified {
            made.freezer = Some(unified.open("cgroup.freeze", OFlags::WRONLY)?);
            if parent.memory_v2 {
                made.memory = Some(Memory::v2(unified)?);
            }
            if parent.pids_v2 {
                unified.write("pids.max", &processes)?;
                made.limits_processes = true;
            }
        }
        if let Some(folder) = memory_v1 {
            made.memory = Some(Memory::v1(folder)?);
        }
        if let Some(folder) = pids_v1 {
            folder.write("pids.max", &processes)?;
            made.limits_processes = true;
        }
        for (tasks, folder) in made.tasks.iter_mut().zip(&made.others) {
            let Some(folder) = folder else { continue };
            *tasks = Some(folder.open("tasks", OFlags::WRONLY)?);
        }
        Ok(made)
    }

    fn limit(self, bytes: u64) -> io::Result<Self> {
        if let Some(memory) = &self.memory {
            memory.limit(bytes)?;
        }
        Ok(self)
    }
}

impl Cgroup {
    /// Makes an environment's cgroups, limited to `memory` bytes. Takes those that
    /// [`Cgroups::prepare`] has made, if nobody was quicker.
    ///
    /// # Errors
    /// The system's; there are none then.
    pub(crate) fn make(parent: &Arc<Cgroups>, memory: u64) -> io::Result<Self> {
        let prepared = parent.prepared().and_then(|folders| folders.limit(memory).ok());
        let folders = match prepared {
            Some(folders) => folders,
            None => Folders::make(parent)?.limit(memory)?,
        };
        Ok(Self { folders, _parent: Arc::clone(parent) })
    }

    /// How a process gets in. It must not outlive this value.
    pub(super) fn entry(&self) -> Entry {
        let unified = self.folders.unified.as_ref().map(Folder::fd);
        let tasks = self.folders.tasks.each_ref();
        Entry::new(unified, tasks.map(|tasks| tasks.as_ref().map(AsFd::as_fd)))
    }

    /// The memory that it counts and limits, where it does.
    pub(crate) fn memory(&self) -> Option<&Memory> {
        self.folders.memory.as_ref()
    }

    /// Whether there cannot be more than 1,024 processes and threads.
    pub(crate) fn limits_processes(&self) -> bool {
        self.folders.limits_processes
    }

    /// Freezes every process, at once or as soon as it leaves the kernel; whether it could.
    pub(crate) fn freeze(&self) -> bool {
        self.folders.freezer.as_ref().is_some_and(|freezer| freezer.write_at(b"1", 0).is_ok())
    }

    /// Lets them go on.
    pub(crate) fn thaw(&self) {
        if let Some(freezer) = &self.folders.freezer {
            // It fails only where the cgroup has been removed, and its processes with it.
            let _ = freezer.write_at(b"0", 0);
        }
    }

    /// Kills every process; others can be started in it after that. Waits until they are gone, at
    /// most for some 50 ms.
    pub(crate) fn kill(&self) {
        let Folders { unified, others, .. } = &self.folders;
        let Some(folder) = unified.as_ref().or(others.iter().flatten().next()) else { return };
        // Where it can be had, so that none makes another meanwhile. The frozen die too.
        self.freeze();
        for _ in 0..ROUNDS {
            if !folder.kill_each() {
                break;
            }
            std::thread::sleep(PAUSE);
        }
        self.thaw();
    }
}

#[cfg(test)]
mod tests;
