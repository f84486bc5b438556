//! Programs that are started into namespaces which an init keeps.
//!
//! ```text
//! Samovar ─┬─ init, which keeps the namespaces ── children whose parents have ended
//!          ├─ joiner, which is gone at once
//!          └─ the program ── its children
//! ```
//!
//! A process changes neither its PID namespace nor, with several threads, its user namespace. So a
//! joiner is made that shares nothing of Samovar but its memory, as an init is made (see
//! [`super::contained`]); it enters the namespaces and makes the program's process, for which
//! `CLONE_PARENT` makes Samovar the parent: it can be waited for like any child.

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::process::Command;
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, WaitOptions, pidfd_open, waitpid};

use super::cgroup::{Cgroup, Entry};
use super::contained::{Program, aside, made, needs_user_namespace};

/// What the joiner reads and writes.
#[derive(Debug)]
struct Joiner {
    program: Program,
    /// A pidfd of the init.
    init: RawFd,
    /// Which of its namespaces are entered.
    namespaces: c_int,
    /// The program's process; 0: there is none.
    pid: AtomicI32,
    /// Why there is none, or why it cannot be executed; 0: all went well.
    error: AtomicI32,
}

/// Starts the program of `command`, with its arguments, its folder, and the variables that are set
/// on it (and no others), in the namespaces of `init`, in a session of its own. It is a child of
/// this process. `streams` are its standard streams, and `cgroup` is where it is counted.
///
/// # Errors
/// The init has ended; or what the system says to the program.
pub(crate) fn join(
    command: &Command,
    streams: [&OwnedFd; 3],
    init: Pid,
    cgroup: Option<&Cgroup>,
) -> io::Result<Pid> {
    let init = pidfd_open(init, PidfdFlags::empty())?;
    let user = if needs_user_namespace()? { libc::CLONE_NEWUSER } else { 0 };
    let mut joiner = Joiner {
        program: Program::new(command, streams, cgroup)?,
        init: init.as_raw_fd(),
        namespaces: libc::CLONE_NEWNS | libc::CLONE_NEWPID | user,
        pid: AtomicI32::new(0),
        error: AtomicI32::new(0),
    };
    // SAFETY: `enter` makes system calls over what has been prepared, and cannot panic.
    unsafe { aside(Entry::NOWHERE, enter, &mut joiner) }?;
    let program = made(joiner.pid.load(Ordering::Acquire));
    match (joiner.error.load(Ordering::Acquire), program) {
        (0, Some(program)) => Ok(program),
        (0, None) => Err(io::Error::other("the process could not be started")),
        (error, program) => {
            if let Some(program) = program {
                let _ = waitpid(Some(program), WaitOptions::empty());
            }
            Err(io::Error::from_raw_os_error(error))
        }
    }
}

/// The joiner's life.
extern "C" fn enter(argument: *mut c_void) -> c_int {
    // SAFETY: `join` passes this, and waits.
    let joiner = unsafe { &*argument.cast::<Joiner>() };
    // SAFETY: the descriptor is a copy of one that `join` holds open.
    if unsafe { libc::setns(joiner.init, joiner.namespaces) } < 0 {
        // SAFETY: this process uses the storage of the thread that waits for it.
        joiner.error.store(unsafe { *libc::__errno_location() }, Ordering::Release);
        return 1;
    }
    let (pid, error) = match joiner.program.start(libc::CLONE_PARENT) {
        Ok(pid) => (Some(pid), 0),
        Err((pid, error)) => (pid, Errno::raw_os_error(error)),
    };
    joiner.pid.store(pid.map_or(0, Pid::as_raw_pid), Ordering::Release);
    joiner.error.store(error, Ordering::Release);
    0
}
