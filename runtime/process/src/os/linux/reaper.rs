//! The end of all processes of an environment, where there are no namespaces.
//!
//! ```text
//! Samovar ── reaper ── the program ── its children
//!                 └─── children whose parents have ended
//! ```
//!
//! A process may leave its group and its session, and its parent may end; as a descendant of a
//! "child subreaper" it then becomes that one's child (`PR_SET_CHILD_SUBREAPER`, prctl(2)). The
//! reaper kills its children until it has none: when the program has ended, when Samovar says so,
//! and when Samovar has ended, even by `SIGKILL`. It hears of that by a pipe whose other end Samovar
//! alone has.
//!
//! It runs as [`super::contained`] has its init: in Samovar's memory, without the heap and without
//! `errno`. Unlike a namespace it can be killed by its function, which is the same user.

use std::ffi::c_int;
use std::mem::ManuallyDrop;
use std::os::fd::{IntoRawFd as _, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, kill_process, pidfd_open, set_child_subreaper,
};

/// How often orphans that have ended are buried while the program runs.
const BURIAL: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };

/// How long killed processes are waited for before they are looked at again.
const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };

/// This process gets the orphans of those below it.
pub(super) fn begin() -> Result<(), Errno> {
    set_child_subreaper(Some(getpid()))
}

/// The reaper's life, until nothing is left below it; `ended` is told the program's wait status.
/// Allocates nothing.
pub(super) fn run(program: Pid, orders: &OwnedFd, ended: impl Fn(c_int)) -> c_int {
    let Ok(exit) = pidfd_open(program, PidfdFlags::empty()) else {
        end_all(program, &ended);
        return 1;
    };
    // Closed by the kernel, as all that this process has.
    let exit = ManuallyDrop::new(exit);
    loop {
        let mut events = [PollFd::new(&*exit, PollFlags::IN), PollFd::new(orders, PollFlags::IN)];
        let told = poll(&mut events, Some(&BURIAL));
        if told.is_ok_and(|count| count > 0) || told.is_err_and(|error| error != Errno::INTR) {
            end_all(program, &ended);
            return 0;
        }
        while let Ok(Some(child)) = rustix::process::wait(WaitOptions::NOHANG) {
            if told_end(child, program, &ended) {
                end_all(program, &ended);
                return 0;
            }
        }
    }
}

/// Kills children until there are none: those of one that is killed come after it.
fn end_all(program: Pid, ended: &impl Fn(c_int)) {
    loop {
        // First, so that how the program ended by itself is not lost.
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some(child)) => {
                told_end(child, program, ended);
                continue;
            }
            Err(Errno::CHILD) => return,
            Ok(None) | Err(_) => {}
        }
        kill_children(program);
        let _ = poll(&mut [], Some(&PAUSE));
    }
}

fn told_end(
    (pid, status): (Pid, rustix::process::WaitStatus),
    program: Pid,
    ended: &impl Fn(c_int),
) -> bool {
    if pid == program {
        ended(status.as_raw());
    }
    pid == program
}

/// Kills every child of this process; without a list of them (`CONFIG_PROC_CHILDREN`,
/// proc_tid_children(5)) the program alone.
fn kill_children(program: Pid) {
    let mut list = [0; 4096];
    let file = rustix::fs::open(c"/proc/thread-self/children", OFlags::RDONLY, Mode::empty());
    let read = file.and_then(|file| {
        let read = rustix::io::read(&file, &mut list);
        // SAFETY: it is this function's own, and not used any more. A drop would close it by the C
        // library, which may look at its thread.
        unsafe { rustix::io::close(file.into_raw_fd()) };
        read
    });
    let Ok(read) = read else {
        let _ = kill_process(program, Signal::KILL);
        return;
    };
    let mut number = 0_i32;
    // A number that the list is cut off in has no blank behind it; it comes with the next list.
    for byte in list.iter().take(read) {
        match byte {
            b'0'..=b'9' => {
                number = number.wrapping_mul(10).wrapping_add(i32::from(byte - b'0'));
            }
            _ => {
                if let Some(pid) = Pid::from_raw(number).filter(|_| number > 0) {
                    let _ = kill_process(pid, Signal::KILL);
                }
                number = 0;
            }
        }
    }
}
