//! One cgroup: a folder of cgroupfs.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, mkdir, open, openat};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

/// How often processes of a cgroup are killed that others make meanwhile, and how long they have
/// to die.
pub(super) const ROUNDS: u32 = 50;
pub(super) const PAUSE: Duration = Duration::from_millis(1);

/// Names of Samovar's cgroups begin with this.
const PREFIX: &str = "samovar-";

/// How many Samovars can have the same process id, in PID namespaces of their own.
const NAMESAKES: u32 = 16;

/// A cgroup of ours. It is removed when it is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    fd: OwnedFd,
    /// Whether it is an environment's, whose processes end with it. Samovar itself may be in any
    /// other.
    of_environment: bool,
}

impl Folder {
    fn make(path: PathBuf, of_environment: bool) -> io::Result<Self> {
        mkdir(&path, Mode::from_raw_mode(0o755))?;
        match open_folder(&path) {
            Ok(fd) => Ok(Self { path, fd, of_environment }),
            Err(error) => {
                let _ = fs::remove_dir(&path);
                Err(error.into())
            }
        }
    }

    /// Makes Samovar's own cgroup in `parent`, and removes what Samovars have left there that were
    /// killed. Each locks its own (`flock`): a lock ends with the process, however that ends.
    pub(super) fn claim(parent: &Path) -> io::Result<Self> {
        sweep(parent);
        let pid = std::process::id();
        for number in 0..NAMESAKES {
            let name = match number {
                0 => format!("{PREFIX}{pid}"),
                _ => format!("{PREFIX}{pid}-{number}"),
            };
            let folder = match Self::make(parent.join(name), false) {
                Ok(folder) => folder,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            // Another Samovar that sweeps may come in between.
            let locked = flock(&folder.fd, FlockOperation::NonBlockingLockExclusive);
            if locked.is_ok() && folder.is_there() {
                return Ok(folder);
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Makes an environment's cgroup in this one; `name` is a number.
    pub(super) fn child(&self, name: &str) -> io::Result<Self> {
        Self::make(self.path.join(name), true)
    }

    /// Whether it has not been removed and made anew by another.
    fn is_there(&self) -> bool {
        let inode = rustix::fs::fstat(&self.fd).map(|stat| stat.st_ino);
        fs::metadata(&self.path).is_ok_and(|there| inode == Ok(there.ino()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Writes one of its files.
    pub(super) fn write(&self, file: &str, text: &str) -> io::Result<()> {
        write_at(&self.fd, file, text)
    }

    pub(super) fn open(&self, file: &str, flags: OFlags) -> io::Result<File> {
        Ok(openat(&self.fd, file, flags | OFlags::CLOEXEC, Mode::empty())?.into())
    }

    /// Kills every process in it, one by one: into a cgroup that has been killed by `cgroup.kill`,
    /// Linux 6.18 lets no process be born any more that lives. Answers whether there were any.
    pub(super) fn kill_each(&self) -> bool {
        kill_each(&self.fd)
    }
}

impl Folder {
    /// Removes the cgroup. One of Samovar's own that has others below stays.
    pub(super) fn clear(&self) {
        if self.of_environment {
            remove(&self.path, &self.fd);
        } else {
            // What stays is removed by the next Samovar.
            let _ = rustix::fs::rmdir(&self.path);
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.clear();
    }
}

fn open_folder(path: &Path) -> Result<OwnedFd, Errno> {
    open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn write_at(folder: impl AsFd, file: &str, text: &str) -> io::Result<()> {
    let file = openat(folder, file, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, text.as_bytes())?;
    Ok(())
}

/// The processes in a cgroup, as this process knows them; 0 stands for one that it cannot name.
pub(super) fn members(folder: impl AsFd) -> io::Result<Vec<Pid>> {
    let file = openat(folder, "cgroup.procs", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let list = io::read_to_string(File::from(file))?;
    Ok(list
        .lines()
        .filter_map(|pid| Pid::from_raw(pid.parse().ok().filter(|pid| *pid > 0)?))
        .collect())
}

fn kill_each(folder: impl AsFd) -> bool {
    let members = members(folder).unwrap_or_default();
    for pid in &members {
        // It may have ended.
        let _ = kill_process(*pid, Signal::KILL);
    }
    !members.is_empty()
}

/// Removes an environment's cgroup once its processes are gone, which are killed.
fn remove(path: &Path, fd: impl AsFd) {
    for _ in 0..ROUNDS {
        match rustix::fs::rmdir(path) {
            // Processes are in it, perhaps dead ones.
            Err(Errno::BUSY) => {
                // Linux 5.14.
                if write_at(&fd, "cgroup.kill", "1").is_err() {
                    kill_each(&fd);
                }
                std::thread::sleep(PAUSE);
            }
            _ => return,
        }
    }
}

/// Removes the cgroups in `parent` whose Samovar has ended.
fn sweep(parent: &Path) {
    for (path, _) in folders(parent).filter(|(_, name)| name.starts_with(PREFIX)) {
        let Ok(fd) = open_folder(&path) else { continue };
        if flock(&fd, FlockOperation::NonBlockingLockExclusive).is_err() {
            continue;
        }
        for (child, name) in folders(&path) {
            match open_folder(&child) {
                Ok(fd) if name.parse::<u64>().is_ok() => remove(&child, &fd),
                _ => drop(rustix::fs::rmdir(&child)),
            }
        }
        let _ = rustix::fs::rmdir(&path);
    }
}

/// The cgroups in one, with their names.
fn folders(parent: &Path) -> impl Iterator<Item = (PathBuf, String)> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.filter_map(|entry| Some((entry.path(), entry.file_name().into_string().ok()?)))
}
