//! A process group, from its start until nothing of it is left.

use std::io;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process_group, waitid,
};
use tokio::sync::watch;

use crate::exit::Exit;
use crate::{os, spawner};

/// How long a program that is being written is waited for, about.
const BUSY_LIMIT: Duration = Duration::from_millis(100);

/// How long a drop waits for a killed process to be gone. The kernel needs microseconds, unless
/// the process hangs in a system call on a broken file system.
const REAP_LIMIT: Duration = Duration::from_secs(1);

/// A process with a group of its own. It and all that it started die with this value.
#[derive(Debug)]
pub(crate) struct Group {
    leader: Owned,
    exit: watch::Receiver<Option<Exit>>,
}

/// The group's first process, whose id is the group's.
#[derive(Debug)]
struct Leader {
    pid: Pid,
    /// Set when the process has been reaped. Its id, and so the group's, may then be given to a
    /// stranger: nothing may be signalled or waited for any more. For the same reason the group
    /// is killed while its leader is at least a zombie.
    reaped: Mutex<bool>,
    /// Peak memory in bytes, as far as it has been seen.
    peak_memory: AtomicU64,
}

/// Ends the group when it is dropped.
#[derive(Debug)]
struct Owned(Arc<Leader>);

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// A process with its pipes, whose group is not watched yet. Dropping it ends the group.
pub(crate) struct Spawned {
    /// The process; `stdout` and `stderr` are there if they were piped.
    pub(crate) child: Child,
    leader: Owned,
}

/// Starts a process in a new group. If the future is dropped, the process is killed.
///
/// # Errors
/// The operating system's, from `fork` or `exec`.
pub(crate) async fn spawn(mut command: Command) -> io::Result<Spawned> {
    spawner::run(move || {
        use std::os::unix::process::CommandExt;

        command.process_group(0);
        os::die_with_parent(&mut command);
        let child = spawn_unless_busy(&mut command)?;
        let leader = Leader {
            pid: Pid::from_child(&child),
            reaped: Mutex::new(false),
            peak_memory: AtomicU64::new(0),
        };
        Ok(Spawned { child, leader: Owned(Arc::new(leader)) })
    })
    .await?
}

/// Retries while the program is busy being written. That is over when this is called, but a
/// process that another thread has just forked may hold the writer's descriptor until its `exec`.
fn spawn_unless_busy(command: &mut Command) -> io::Result<Child> {
    let mut pause = Duration::from_millis(1);
    loop {
        match command.spawn() {
            Err(error)
                if error.kind() == io::ErrorKind::ExecutableFileBusy && pause < BUSY_LIMIT =>
            {
                std::thread::sleep(pause);
                pause *= 2;
            }
            other => return other,
        }
    }
}

impl Spawned {
    /// Watches the group from here on: when its first process exits, the rest is killed.
    /// Needs an async runtime.
    pub(crate) fn watch(self) -> Group {
        let (sender, exit) = watch::channel(None);
        tokio::spawn(watch(Arc::clone(&self.leader.0), sender));
        Group { leader: self.leader, exit }
    }
}

async fn watch(leader: Arc<Leader>, exit: watch::Sender<Option<Exit>>) {
    // An error means that the process was reaped by a drop, or that it cannot be watched, and
    // then it is better ended than forgotten.
    let _ = os::exited(leader.pid).await;
    if let Some(status) = leader.end() {
        exit.send_replace(Some(status));
    }
}

impl Group {
    /// Waits until the first process has exited; the rest of the group has then been killed.
    /// Cancel-safe, and answers the same each time.
    pub(crate) async fn exited(&self) -> Exit {
        let mut exit = self.exit.clone();
        let status = exit.wait_for(Option::is_some).await;
        match status.as_deref() {
            Ok(Some(exit)) => *exit,
            // The watcher ended without a status: the async runtime is shutting down, or the
            // process could not be waited for.
            _ => Exit::Signal { number: Signal::KILL.as_raw(), core_dumped: false },
        }
    }

    /// Whether the first process lives. Asks the kernel, so that an exit is not missed that the
    /// watcher has yet to hear of.
    pub(crate) fn is_alive(&self) -> bool {
        let reaped = self.leader.0.lock();
        !*reaped && self.leader.0.status(WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT).is_none()
    }

    /// Kills every process of the group. [`Self::exited`] tells when the first one is gone.
    pub(crate) fn kill(&self) {
        let reaped = self.leader.0.lock();
        if !*reaped {
            self.leader.0.kill_group();
        }
    }

    /// Peak memory of the first process in bytes, as far as it has been seen.
    pub(crate) fn peak_memory(&self) -> u64 {
        let reaped = self.leader.0.lock();
        if !*reaped {
            let now = os::peak_memory(self.leader.0.pid);
            self.leader.0.peak_memory.fetch_max(now, Ordering::Relaxed);
        }
        self.leader.0.peak_memory.load(Ordering::Relaxed)
    }
}

impl Leader {
    fn lock(&self) -> MutexGuard<'_, bool> {
        // Nothing that holds the lock can panic half-way.
        self.reaped.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kills the group and reaps its first process; how that one ended, unless it was reaped
    /// before. If the kernel takes its time, the watcher reaps.
    fn end(&self) -> Option<Exit> {
        let mut reaped = self.lock();
        if *reaped {
            return None;
        }
        self.kill_group();
        let mut waited = Duration::ZERO;
        let mut pause = Duration::from_micros(50);
        loop {
            match self.status(WaitIdOptions::NOHANG) {
                Some(Ok(status)) => {
                    *reaped = true;
                    return Some(Exit::from_wait(&status));
                }
                Some(Err(_)) => {
                    *reaped = true;
                    return None;
                }
                None if waited >= REAP_LIMIT => return None,
                None => {
                    std::thread::sleep(pause);
                    waited += pause;
                    pause = (pause * 2).min(Duration::from_millis(5));
                }
            }
        }
    }

    fn kill_group(&self) {
        // The only errors are that nobody is left, and that what is left has changed its user.
        let _ = kill_process_group(self.pid, Signal::KILL);
    }

    /// How the process ended; `None` while it lives; an error if it is no child (any more).
    fn status(&self, options: WaitIdOptions) -> Option<Result<WaitIdStatus, Errno>> {
        loop {
            match waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED | options) {
                Err(Errno::INTR) => {}
                other => return other.transpose(),
            }
        }
    }
}

#[cfg(test)]
mod tests;
