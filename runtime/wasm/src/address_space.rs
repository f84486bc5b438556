//! How many addresses the process may still use.

use rustix::process::{Resource, getrlimit};

use crate::memory;

/// Addresses that must be left when a pool has its own: for compiled code, threads, and all that
/// the process does besides. Without them allocations would fail later, which ends the process.
const HEADROOM: usize = 2 << 30;

/// What an isolate outside a pool is counted for, in bytes: its memory while it grows, when there
/// are two of it.
const ISOLATE: u64 = 512 << 20;

/// Addresses of one memory of 32 bits, roughly: with that many reserved, code need not check most
/// accesses.
const MEMORY: usize = 4 << 30;

/// For so many memories there must be addresses, for any to have them reserved.
const MEMORIES: usize = 64;

/// Whether enough addresses are left beside a pool.
pub(crate) fn has_headroom() -> bool {
    memory::can_reserve(HEADROOM)
}

/// Whether guests can have the addresses of their memories reserved, outside a pool.
pub(crate) fn has_room_for_memories() -> bool {
    MEMORY.checked_mul(MEMORIES).is_some_and(memory::can_reserve)
}

/// How many isolates of memory on demand fit under the limit of addresses (`ulimit -v`), of at
/// most `most`.
pub(crate) fn isolates_on_demand(most: u32) -> u32 {
    // The limit is for all of the process: some of it is in use, which is no precise measure
    // here.
    let free = getrlimit(Resource::As).current.map(|limit| limit.saturating_sub(HEADROOM as u64));
    free.map_or(most, |free| u32::try_from(free / ISOLATE).unwrap_or(most).clamp(1, most))
}
