//! The file system of an environment, for a runtime that is started again in it.
//!
//! ```text
//! Samovar ─┬─ maker, which is gone at once
//!          └─ init, first in a new PID namespace ── the program ── its children
//! ```
//!
//! All processes of an environment end with its init (see [`super::contained`]), and its mounts,
//! with what is in `/tmp`, would end with them. A descriptor of the mount namespace keeps it: the
//! next init is made there. With Samovar, however that ends, the descriptor goes, and so do the
//! mounts.
//!
//! Samovar enters no namespace itself. A maker does, that shares nothing of Samovar but its memory,
//! as a joiner does (see [`super::joined`]).

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::fs::{Mode, OFlags, fstatvfs, open};
use rustix::process::Pid;

use super::cgroup::Entry;
use super::contained::{aside, made};

/// The mounts of an environment, which live as long as this does.
#[derive(Debug)]
pub(crate) struct FileSystem {
    /// The user namespace that they belong to, if that is not Samovar's.
    user: Option<OwnedFd>,
    mounts: OwnedFd,
    /// `/tmp`.
    tmp: OwnedFd,
}

/// What the maker reads and writes.
struct Maker {
    user: Option<RawFd>,
    mounts: RawFd,
    init: extern "C" fn(*mut c_void) -> c_int,
    /// Top of the init's stack, and its argument.
    top: *mut c_void,
    argument: *mut c_void,
    /// The init's process; not above 0: there is none.
    pid: AtomicI32,
    /// Why there is none.
    error: AtomicI32,
}

impl FileSystem {
    /// That of the process `pid`, which is in a user namespace of its own if `user`.
    ///
    /// # Errors
    /// The process has ended.
    pub(super) fn of(pid: Pid, user: bool) -> io::Result<Self> {
        let namespace = |kind: &str| -> io::Result<OwnedFd> {
            Ok(File::open(format!("/proc/{}/ns/{kind}", pid.as_raw_nonzero()))?.into())
        };
        let user = user.then(|| namespace("user")).transpose()?;
        let tmp = format!("/proc/{}/root/tmp", pid.as_raw_nonzero());
        let tmp = open(tmp, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { user, mounts: namespace("mnt")?, tmp })
    }

    /// How many bytes are in `/tmp`.
    pub(crate) fn in_tmp(&self) -> u64 {
        fstatvfs(&self.tmp)
            .map_or(0, |tmp| tmp.f_blocks.saturating_sub(tmp.f_bfree).saturating_mul(tmp.f_frsize))
    }

    /// Runs `init` in a new process with this file system, the first of a PID namespace and a child
    /// of this process, in Samovar's memory.
    ///
    /// # Safety
    /// `init` keeps to what [`super::contained`] says of it. `top`, the aligned end of a stack, and
    /// `argument` are its own until it has been waited for.
    ///
    /// # Errors
    /// What the system says to a namespace.
    pub(super) unsafe fn start(
        &self,
        init: extern "C" fn(*mut c_void) -> c_int,
        top: *mut c_void,
        argument: *mut c_void,
    ) -> io::Result<Pid> {
        let mut maker = Maker {
            user: self.user.as_ref().map(AsRawFd::as_raw_fd),
            mounts: self.mounts.as_raw_fd(),
            init,
            top,
            argument,
            pid: AtomicI32::new(0),
            error: AtomicI32::new(0),
        };
        // SAFETY: `make` makes system calls over what has been prepared, and cannot panic.
        unsafe { aside(Entry::NOWHERE, make, &mut maker) }?;
        let error = maker.error.load(Ordering::Acquire);
        made(maker.pid.load(Ordering::Acquire)).ok_or_else(|| io::Error::from_raw_os_error(error))
    }
}

/// The maker's life.
extern "C" fn make(argument: *mut c_void) -> c_int {
    // SAFETY: `FileSystem::start` passes this, and waits.
    let maker = unsafe { &*argument.cast::<Maker>() };
    // The user namespace first: it gives the right to enter the other.
    let namespaces = [
        maker.user.map(|user| (user, libc::CLONE_NEWUSER)),
        Some((maker.mounts, libc::CLONE_NEWNS)),
    ];
    for (namespace, kind) in namespaces.into_iter().flatten() {
        // SAFETY: the descriptor is a copy of one that the `FileSystem` holds open.
        if unsafe { libc::setns(namespace, kind) } < 0 {
            return refused(maker);
        }
    }
    let flags = libc::CLONE_VM | libc::CLONE_NEWPID | libc::CLONE_PARENT | libc::SIGCHLD;
    // SAFETY: `FileSystem::start` asks its caller for this.
    let pid = unsafe { libc::clone(maker.init, maker.top, flags, maker.argument) };
    maker.pid.store(pid, Ordering::Release);
    if pid < 0 { refused(maker) } else { 0 }
}

fn refused(maker: &Maker) -> c_int {
    // SAFETY: this process uses the storage of the thread that waits for it.
    maker.error.store(unsafe { *libc::__errno_location() }, Ordering::Release);
    1
}
