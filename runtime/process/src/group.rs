//! A process group, from its start until nothing of it is left.

mod members;

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitIdStatus, kill_process, kill_process_group, waitid,
};
use tokio::sync::watch;

pub(crate) use self::members::{Members, Stopped};
use crate::exit::Exit;
use crate::sandbox::Sandbox;
use crate::{os, spawner};

/// How long a program that is being written is waited for, about.
const BUSY_LIMIT: Duration = Duration::from_millis(100);

/// How long a drop waits for a killed process to be gone. The kernel needs microseconds, unless
/// the process hangs in a system call on a broken file system.
const REAP_LIMIT: Duration = Duration::from_secs(1);

/// The end of a process that could not tell how it ended.
const KILLED: Exit = Exit::Signal { number: 9, core_dumped: false };

/// A process with a group of its own. It and all that it started die with this value.
#[derive(Debug)]
pub(crate) struct Group {
    leader: Owned,
    exit: watch::Receiver<Option<Exit>>,
}

/// The group's first process, whose id is the group's.
#[derive(Debug)]
struct Leader {
    /// Our child: the first process, or its init or reaper.
    pid: Pid,
    /// The first process; `None`: an init keeps namespaces for other groups.
    first: Option<Pid>,
    /// The init of the group's own namespaces, or its reaper on the host.
    init: Option<os::Init>,
    /// Set when the process has been reaped. Its id, and so the group's, may then be given to a
    /// stranger: nothing may be signalled or waited for any more. For the same reason the group
    /// is killed while its leader is at least a zombie.
    reaped: Mutex<bool>,
    /// That of the first process, as the kernel knows it.
    first_peak: Option<os::PeakMemory>,
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
#[derive(Debug)]
pub(crate) struct Spawned {
    /// The end of the process's standard output that is read.
    pub(crate) stdout: OwnedFd,
    /// The same of its standard error.
    pub(crate) stderr: OwnedFd,
    leader: Owned,
}

/// Where a process is started.
#[derive(Clone, Debug)]
pub(crate) enum Home {
    /// In Samovar's namespaces.
    Host,
    /// In namespaces of its own.
    Own(Sandbox),
    /// In those that [`keep`] has made.
    Kept(Member),
}

/// A group, for whoever does not own it.
#[derive(Clone, Debug)]
pub(crate) struct Member(Arc<Leader>);

/// Makes namespaces that the processes of several groups share. When the answer is killed or
/// dropped, so are all of them; it ends when they have been waited for.
///
/// # Errors
/// The operating system's.
pub(crate) async fn keep(sandbox: Sandbox) -> io::Result<Group> {
    let leader = spawner::run(move || {
        let init = os::keep_namespaces(&sandbox)?;
        Ok::<_, io::Error>(Owned(Arc::new(Leader::new(init.pid(), None, Some(init)))))
    });
    Ok(Group::watched(leader.await??))
}

/// Starts a process in a new group, at `home`; anywhere but on the host with the variables that
/// are set on `command` and no others. If the future is dropped, the process is killed.
///
/// # Errors
/// The operating system's, from `fork` or `exec`.
pub(crate) async fn spawn(
    mut command: Command,
    home: Home,
    cgroup: Option<Arc<os::Cgroup>>,
) -> io::Result<Spawned> {
    spawner::run(move || {
        let cgroup = cgroup.as_deref();
        let (stdout, its_stdout) = io::pipe()?;
        let (stderr, its_stderr) = io::pipe()?;
        let (its_stdout, its_stderr) = (OwnedFd::from(its_stdout), OwnedFd::from(its_stderr));
        let null = OwnedFd::from(std::fs::File::open("/dev/null")?);
        let streams = [&null, &its_stdout, &its_stderr];
        let leader = match home {
            Home::Own(sandbox) => {
                let init =
                    unless_busy(|| os::spawn_contained(&command, streams, &sandbox, cgroup))?;
                let pid = init.pid();
                let first = os::descendants(pid).first().copied().unwrap_or(pid);
                Leader::new(pid, Some(first), Some(init))
            }
            Home::Kept(Member(keeper)) => {
                // The init's id is its own while the lock is held.
                let reaped = keeper.lock();
                if *reaped {
                    return Err(io::Error::other("the environment has ended"));
                }
                let spawn = || os::spawn_joined(&command, streams, keeper.pid, cgroup);
                let pid = unless_busy(spawn)?;
                Leader::new(pid, Some(pid), None)
            }
            Home::Host => match unless_busy(|| os::spawn_reaped(&command, streams, cgroup)) {
                Ok(init) => {
                    let pid = init.pid();
                    let first = os::descendants(pid).first().copied().unwrap_or(pid);
                    Leader::new(pid, Some(first), Some(init))
                }
                // Before Linux 5.9, and on other systems: there is no cgroup then.
                Err(error) if is_missing(&error) => {
                    let pid = spawn_direct(&mut command, its_stdout, its_stderr)?;
                    Leader::new(pid, Some(pid), None)
                }
                Err(error) => return Err(error),
            },
        };
        let leader = Owned(Arc::new(leader));
        Ok(Spawned { stdout: stdout.into(), stderr: stderr.into(), leader })
    })
    .await?
}

/// Whether the system has no such call.
fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
        || error.raw_os_error() == Some(Errno::NOSYS.raw_os_error())
}

fn spawn_direct(command: &mut Command, stdout: OwnedFd, stderr: OwnedFd) -> io::Result<Pid> {
    use std::os::unix::process::CommandExt;

    command.process_group(0).stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    os::die_with_parent(command);
    let child = unless_busy(|| command.spawn())?;
    Ok(Pid::from_child(&child))
}

/// Retries while the program is busy being written. That is over when this is called, but a
/// process that another thread has just forked may hold the writer's descriptor until its `exec`.
fn unless_busy<T>(mut spawn: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut pause = Duration::from_millis(1);
    loop {
        match spawn() {
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
    /// Gives the ends of standard output and error too.
    pub(crate) fn watch(self) -> (Group, OwnedFd, OwnedFd) {
        (Group::watched(self.leader), self.stdout, self.stderr)
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
    fn watched(leader: Owned) -> Self {
        let (sender, exit) = watch::channel(None);
        tokio::spawn(watch(Arc::clone(&leader.0), sender));
        Self { leader, exit }
    }

    /// Waits until the first process has exited; the rest of the group has then been killed.
    /// Cancel-safe, and answers the same each time. Does not hold the group.
    pub(crate) fn exited(&self) -> impl Future<Output = Exit> + Send + use<> {
        let mut exit = self.exit.clone();
        async move {
            let status = exit.wait_for(Option::is_some).await;
            match status.as_deref() {
                Ok(Some(exit)) => *exit,
                // The watcher ended without a status: the async runtime is shutting down, or the
                // process could not be waited for.
                _ => KILLED,
            }
        }
    }

    /// Whether the first process lives, as far as its init knows, which hears of an exit before
    /// the watcher does. Where there is none the kernel is asked. Costs little enough to be asked
    /// several times an invocation.
    pub(crate) fn is_alive(&self) -> bool {
        let leader = &self.leader.0;
        match &leader.init {
            Some(init) => init.exit().is_none() && self.exit.borrow().is_none(),
            None => {
                let reaped = leader.lock();
                !*reaped && leader.status(WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT).is_none()
            }
        }
    }

    /// Asks the first process to end (`SIGTERM`).
    pub(crate) fn terminate(&self) {
        let reaped = self.leader.0.lock();
        if let (false, Some(first)) = (*reaped, self.leader.0.first) {
            // The only errors are that it has ended, and that it has changed its user.
            let _ = kill_process(first, Signal::TERM);
        }
    }

    /// Kills every process of the group. [`Self::exited`] tells when the first one is gone.
    pub(crate) fn kill(&self) {
        let reaped = self.leader.0.lock();
        if !*reaped {
            self.leader.0.kill_group();
        }
    }

    /// The group, for others than its owner.
    pub(crate) fn member(&self) -> Member {
        Member(Arc::clone(&self.leader.0))
    }

    /// Asks the kernel for the peak memory of the first process.
    pub(crate) fn look_at_memory(&self) {
        let reaped = self.leader.0.lock();
        if let (false, Some(first)) = (*reaped, &self.leader.0.first_peak) {
            self.leader.0.peak_memory.fetch_max(first.read(), Ordering::Relaxed);
        }
    }

    /// Peak memory of the group in bytes, as far as it has been seen.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.leader.0.peak_memory.load(Ordering::Relaxed)
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        let reaped = *self.lock();
        // What a process still uses is better lost than freed.
        if let Some(init) = self.init.take_if(|_| reaped) {
            init.forget_process();
        }
    }
}

impl Leader {
    fn new(pid: Pid, first: Option<Pid>, init: Option<os::Init>) -> Self {
        let (reaped, peak_memory) = (Mutex::new(false), AtomicU64::new(0));
        let first_peak = first.map(os::PeakMemory::of);
        Self { pid, first, init, reaped, first_peak, peak_memory }
    }

    /// The processes of the group, and those that have left it, as far as they are known.
    fn processes(&self) -> Vec<Pid> {
        let mut processes = os::descendants(self.pid);
        if self.init.is_none() {
            processes.insert(0, self.pid);
        }
        processes
    }

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
                    return Some(match &self.init {
                        None => Exit::from_wait(&status),
                        Some(init) => init.exit().unwrap_or(KILLED),
                    });
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
        if let Some(init) = &self.init {
            init.kill();
            return;
        }
        for pid in os::descendants(self.pid) {
            let _ = kill_process(pid, Signal::KILL);
        }
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
