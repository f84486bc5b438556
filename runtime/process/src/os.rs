//! What differs between operating systems, behind one set of functions.
//!
//! | | Linux | elsewhere |
//! |---|---|---|
//! | an environment has processes, `/tmp`, `/var/task` and `/opt` of its own | where it is allowed | **no** |
//! | the runtime dies with Samovar, even by `SIGKILL` | yes | **no** |
//! | so do all other processes of its environment | yes | **no** |
//! | memory is limited, processes that left the group are frozen too | yes | **no** |
//! | the kernel keeps memory and the number of processes limited | where cgroups may be made | **no** |
//! | waiting for an exit takes | a file descriptor | a thread |
//! | peak memory | known | **0** |
//! | a program for another machine is found out before it starts | yes | **no** |

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(test, not(target_os = "linux")))]
#[cfg_attr(target_os = "linux", expect(dead_code, reason = "only built for its own tests"))]
mod portable;
mod readiness;
mod wait;

#[cfg(target_os = "linux")]
pub(crate) use linux::{
    Cgroup, Cgroups, FileSystem, Init, MAX_PROCESSES, Memory, PeakMemory, Taken, can_contain,
    check_program, descendants, die_with_parent, exited, keep_namespaces, memory, shared_memory,
    spawn_contained, spawn_joined, spawn_reaped, why_not_contained,
};
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::{
    Cgroup, Cgroups, FileSystem, Init, MAX_PROCESSES, Memory, PeakMemory, Taken, can_contain,
    check_program, descendants, die_with_parent, keep_namespaces, memory, shared_memory,
    spawn_contained, spawn_joined, spawn_reaped, why_not_contained,
};
pub(crate) use readiness::watched;
#[cfg(not(target_os = "linux"))]
pub(crate) use wait::exited;
