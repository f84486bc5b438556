//! Samovar's own cgroups, in which those of its environments are.

use std::ffi::{c_int, c_void};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustix::io::Errno;
use rustix::process::{Pid, getpid};

use super::super::contained::{aside, close_range};
use super::super::tree::descendants;
use super::folder::{Folder, members};
use super::own::Own;
use super::{Cgroup, Entry, Folders};

/// Samovar's cgroup in each hierarchy where it may have one. They are removed when the last user
/// is gone.
#[derive(Debug)]
pub(crate) struct Cgroups {
    // First: the others contain it.
    prepared: Mutex<Option<Folders>>,
    pub(super) unified: Option<Folder>,
    /// Whether environments' cgroups have these controllers of v2.
    pub(super) memory_v2: bool,
    pub(super) pids_v2: bool,
    pub(super) memory_v1: Option<Folder>,
    pub(super) pids_v1: Option<Folder>,
    next: AtomicU64,
}

/// Those of this process, while somebody uses them.
static SHARED: Mutex<Weak<Cgroups>> = Mutex::new(Weak::new());

impl Cgroups {
    /// Those of this process; `None` where it may have none. Finds that out by trying, which takes
    /// about a millisecond, while nobody has any.
    pub(crate) fn shared() -> Option<Arc<Self>> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cgroups) = shared.upgrade() {
            return Some(cgroups);
        }
        let cgroups = Arc::new(Self::make(&Own::find())?);
        cgroups.prepare();
        *shared = Arc::downgrade(&cgroups);
        Some(cgroups)
    }

    /// Removes those of this process, in which there is no environment any more. For the end of a
    /// program, which does not wait for all that may still use them.
    pub(crate) fn clear() {
        let shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        let Some(cgroups) = shared else { return };
        drop(cgroups.prepared.lock().unwrap_or_else(PoisonError::into_inner).take());
        let Self { unified, memory_v1, pids_v1, .. } = &*cgroups;
        for folder in [unified, memory_v1, pids_v1].into_iter().flatten() {
            folder.clear();
        }
    }

    fn make(own: &Own) -> Option<Self> {
        let claim = |at: &Option<_>| Folder::claim(Option::as_deref(at)?).ok();
        let mut cgroups = Self {
            prepared: Mutex::default(),
            unified: claim(&own.unified),
            memory_v2: false,
            pids_v2: false,
            memory_v1: claim(&own.memory_v1),
            pids_v1: claim(&own.pids_v1),
            next: AtomicU64::new(1),
        };
        if let Some(memory) = &cgroups.memory_v1 {
            // Those below inherit it: what is swapped out would not be counted.
            let _ = memory.write("memory.swappiness", "0");
        }
        if let (Some(parent), Some(folder)) = (&own.unified, &cgroups.unified) {
            let enable = |name| enable(parent, folder, name).is_ok();
            cgroups.memory_v2 = cgroups.memory_v1.is_none() && enable("memory");
            cgroups.pids_v2 = cgroups.pids_v1.is_none() && enable("pids");
            if cgroups.memory_v2 {
                let _ = folder.write("memory.swap.max", "0");
            }
        }
        cgroups.tried()
    }

    /// What of it serves: a process that does nothing is made in cgroups below.
    fn tried(self) -> Option<Self> {
        let mut cgroups = Arc::new(self);
        loop {
            let tried = Cgroup::make(&cgroups, 1 << 30).and_then(|cgroup| enter(cgroup.entry()));
            // The cgroup that was tried is gone.
            let mut found = Arc::into_inner(cgroups)?;
            if tried.is_ok() {
                return (!found.is_empty()).then_some(found);
            }
            // One after the other: a sandbox may forbid to make processes in cgroups, or a
            // hierarchy may be that of others.
            if found.unified.take().is_some() {
                (found.memory_v2, found.pids_v2) = (false, false);
            } else if found.memory_v1.take().is_none() && found.pids_v1.take().is_none() {
                return None;
            }
            cgroups = Arc::new(found);
        }
    }

    fn is_empty(&self) -> bool {
        self.unified.is_none() && self.memory_v1.is_none() && self.pids_v1.is_none()
    }

    /// Makes cgroups for the next environment, so that it need not wait for them: it takes 0.2 ms,
    /// and now and then 10 ms.
    pub(crate) fn prepare(&self) {
        let mut prepared = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if prepared.is_none() {
            // Else the environment makes its own, or has none.
            *prepared = Folders::make(self).ok();
        }
    }

    /// What [`Self::prepare`] has made, once, if it is not about it.
    pub(super) fn prepared(&self) -> Option<Folders> {
        self.prepared.try_lock().ok()?.take()
    }

    /// A name for an environment's cgroups.
    pub(super) fn next_name(&self) -> String {
        self.next.fetch_add(1, Ordering::Relaxed).to_string()
    }
}

/// Gives `folder`'s children a controller of v2, which its parent has to give to its own first.
///
/// But for the root, a cgroup with such children has no processes of its own ("no internal process
/// constraint", cgroups(7)). Where Samovar and processes that it has started are alone in `parent`,
/// as in a container or a unit of systemd, they go into a leaf.
pub(super) fn enable(parent: &Path, folder: &Folder, controller: &str) -> io::Result<()> {
    let enabled = format!("+{controller}");
    let control = parent.join("cgroup.subtree_control");
    let given = fs::read_to_string(&control)?.split_ascii_whitespace().any(|one| one == controller);
    if !given && let Err(error) = fs::write(&control, &enabled) {
        if error.raw_os_error() != Some(Errno::BUSY.raw_os_error()) {
            return Err(error);
        }
        vacate(parent, folder)?;
        fs::write(&control, &enabled)?;
    }
    folder.write("cgroup.subtree_control", &enabled)
}

/// Where Samovar itself is, if it has to go.
const LEAF: &str = "samovar";

/// Moves Samovar and its processes from `parent` into a leaf of `folder`.
fn vacate(parent: &Path, folder: &Folder) -> io::Result<()> {
    let parent = fs::File::open(parent)?;
    let there = members(&parent)?;
    let ours: Vec<Pid> = [getpid()].into_iter().chain(descendants(getpid())).collect();
    if !there.iter().all(|pid| ours.contains(pid)) {
        return Err(Errno::BUSY.into());
    }
    let leaf = folder.path().join(LEAF);
    fs::create_dir(&leaf)?;
    for pid in there {
        // It may have ended.
        let _ = fs::write(leaf.join("cgroup.procs"), pid.as_raw_nonzero().to_string());
    }
    Ok(())
}

/// Makes a process that goes where an environment's go, and ends.
fn enter(entry: Entry) -> io::Result<()> {
    let mut trial = Trial { entry, refused: AtomicI32::new(0) };
    // SAFETY: `life` makes system calls over `trial`, and cannot panic.
    unsafe { aside(entry, life, &mut trial) }?;
    match trial.refused.load(Ordering::Acquire) {
        0 => Ok(()),
        number => Err(io::Error::from_raw_os_error(number)),
    }
}

struct Trial {
    entry: Entry,
    refused: AtomicI32,
}

extern "C" fn life(argument: *mut c_void) -> c_int {
    // SAFETY: `enter` passes this, and waits.
    let trial = unsafe { &*argument.cast::<Trial>() };
    // Where this call is missing, programs are started in another way, which knows no cgroup.
    if let Err(error) = trial.entry.enter().and_then(|()| close_range(u32::MAX, u32::MAX)) {
        trial.refused.store(error.raw_os_error(), Ordering::Release);
    }
    0
}
