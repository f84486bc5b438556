//! How many addresses the process may still use.

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use rustix::process::{Resource, getrlimit};

/// Addresses that must be left when a pool has its own: for compiled code, threads, and all that
/// the process does besides. Without them allocations would fail later, which ends the process.
const HEADROOM: usize = 2 << 30;

/// What an isolate outside a pool is counted for, in bytes: its memory while it grows, when there
/// are two of it.
const ISOLATE: u64 = 512 << 20;

/// Whether enough addresses are left.
pub(crate) fn has_headroom() -> bool {
    let (read, private) = (ProtFlags::empty(), MapFlags::PRIVATE.union(MapFlags::NORESERVE));
    // SAFETY: a new mapping at an address of the kernel's choice touches none that is in use.
    let Ok(start) = (unsafe { mmap_anonymous(std::ptr::null_mut(), HEADROOM, read, private) })
    else {
        return false;
    };
    // SAFETY: the mapping was made above, and nobody else knows of it.
    unsafe { munmap(start, HEADROOM) }.is_ok()
}

/// How many isolates of memory on demand fit under the limit of addresses (`ulimit -v`), of at
/// most `most`.
pub(crate) fn isolates_on_demand(most: u32) -> u32 {
    // The limit is for all of the process: some of it is in use, which is no precise measure
    // here.
    let free = getrlimit(Resource::As).current.map(|limit| limit.saturating_sub(HEADROOM as u64));
    free.map_or(most, |free| u32::try_from(free / ISOLATE).unwrap_or(most).clamp(1, most))
}
