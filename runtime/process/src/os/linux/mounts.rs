//! The file system as an environment sees it: the host's, with `/tmp`, `/var/task`, `/opt`, `/proc`
//! and an empty `/dev/shm` laid over it.
//!
//! [`Mounts::enter`] runs in a process that shares Samovar's memory (see [`super::contained`]), so
//! everything that needs memory is made before, in [`Mounts::new`].

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, StatVfsMountFlags, mkdirat, open, statvfs};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, UnmountFlags, mount,
    mount_change, mount_remount, move_mount, open_tree, unmount,
};
use rustix::process::{getegid, geteuid};

use crate::sandbox::Sandbox;

/// How many folders can be laid over others.
const MAX_BINDS: usize = 16;

/// What is mounted, in the forms that system calls take.
#[derive(Debug)]
pub(crate) struct Mounts {
    user: Option<UserMaps>,
    /// Options of the private `/tmp`.
    tmp: CString,
    /// Folders to make in the private `/tmp`, parents first.
    folders: Vec<CString>,
    binds: Vec<Bind>,
    /// Options of an overlay on `/opt` (overlayfs.rst in the kernel's documentation).
    layers: Option<CString>,
}

/// The maps of a user namespace in which everybody is who they were (user_namespaces(7)).
#[derive(Debug)]
struct UserMaps {
    uid: CString,
    gid: CString,
}

/// A folder at another place.
#[derive(Debug)]
struct Bind {
    source: CString,
    target: CString,
    /// Read-only, with these flags, which a user namespace may not take off.
    read_only: Option<MountFlags>,
}

impl Mounts {
    /// Prepares the mounts of `sandbox`; in a user namespace of its own if `user`.
    ///
    /// # Errors
    /// A folder is not there, a path has a NUL character, or there are too many.
    pub(crate) fn new(sandbox: &Sandbox, user: bool) -> io::Result<Self> {
        let user = user.then(UserMaps::identity).transpose()?;
        let bytes = sandbox.tmp_bytes;
        // Inodes take memory that `size` does not count (tmpfs(5)).
        let tmp = format!("size={bytes},nr_inodes={},mode=1777", (bytes / 4096).max(1024));
        let mut folders = Vec::new();
        let mut binds = Vec::new();
        for path in &sandbox.visible {
            let mut parents: Vec<_> =
                path.ancestors().take_while(|parent| *parent != Path::new("/tmp")).collect();
            parents.reverse();
            for parent in parents {
                folders.push(c_path(parent)?);
            }
            binds.push(Bind { source: c_path(path)?, target: c_path(path)?, read_only: None });
        }
        for (source, target) in &sandbox.read_only {
            let flags = kept_flags(source)?;
            let (source, target) = (c_path(source)?, c_path(target)?);
            binds.push(Bind { source, target, read_only: Some(flags) });
        }
        if binds.len() > MAX_BINDS {
            return Err(io::Error::other("too many folders"));
        }
        let layers = match &sandbox.layers[..] {
            [] => None,
            layers => Some(lower_folders(layers)?),
        };
        Ok(Self { user, tmp: CString::new(tmp)?, folders, binds, layers })
    }

    /// Whether a user namespace must be made.
    pub(super) fn needs_user_namespace(&self) -> bool {
        self.user.is_some()
    }

    /// Mounts everything, in new namespaces of this process. Allocates nothing, and leaves
    /// descriptors open, which the caller closes with all others.
    pub(super) fn enter(&self) -> Result<(), Errno> {
        if let Some(user) = &self.user {
            put(c"/proc/self/setgroups", c"deny")?;
            put(c"/proc/self/uid_map", &user.uid)?;
            put(c"/proc/self/gid_map", &user.gid)?;
        }
        mount_change(c"/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
        // All sources first: the private /tmp hides those that are in the host's.
        let mut trees: [Option<OwnedFd>; MAX_BINDS] = [const { None }; MAX_BINDS];
        for (tree, bind) in trees.iter_mut().zip(&self.binds) {
            let flags = OpenTreeFlags::OPEN_TREE_CLONE
                | OpenTreeFlags::OPEN_TREE_CLOEXEC
                | OpenTreeFlags::AT_RECURSIVE;
            *tree = Some(open_tree(CWD, &*bind.source, flags)?);
        }
        let flags = MountFlags::NOSUID | MountFlags::NODEV;
        if let Some(layers) = &self.layers {
            let flags = flags | MountFlags::RDONLY;
            mount(c"overlay", c"/opt", c"overlay", flags, Some(&**layers))?;
        }
        mount(c"tmpfs", c"/tmp", c"tmpfs", flags, Some(&*self.tmp))?;
        hide_shared_memory(flags)?;
        for folder in &self.folders {
            match mkdirat(CWD, &**folder, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error),
            }
        }
        for (tree, bind) in trees.iter().zip(&self.binds) {
            let Some(tree) = tree else { continue };
            let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
            move_mount(tree, c"", CWD, &*bind.target, flags)?;
            if let Some(flags) = bind.read_only {
                let flags = flags | MountFlags::BIND | MountFlags::RDONLY;
                mount_remount(&*bind.target, flags, c"")?;
            }
        }
        mount_processes()?;
        std::mem::forget(trees);
        Ok(())
    }
}

/// Lambda has no `/dev/shm` (AWS Compute Blog, "Parallel Processing in Python with AWS Lambda"). The
/// host's would let functions meet, and keep memory when they have ended.
fn hide_shared_memory(flags: MountFlags) -> Result<(), Errno> {
    let flags = flags | MountFlags::NOEXEC | MountFlags::RDONLY;
    match mount(c"tmpfs", c"/dev/shm", c"tmpfs", flags, Some(c"size=4096,nr_inodes=2")) {
        Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
        other => other,
    }
}

/// In namespaces that were mounted for processes which have ended: this PID namespace's `/proc`
/// instead of theirs. Allocates nothing.
pub(super) fn enter_again() -> Result<(), Errno> {
    unmount(c"/proc", UnmountFlags::DETACH)?;
    mount_processes()
}

fn mount_processes() -> Result<(), Errno> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount(c"proc", c"/proc", c"proc", flags, None::<&CStr>)
}

impl UserMaps {
    fn identity() -> io::Result<Self> {
        let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
        Ok(Self {
            uid: CString::new(format!("{uid} {uid} 1"))?,
            gid: CString::new(format!("{gid} {gid} 1"))?,
        })
    }
}

/// Writes a file of `/proc`, whole.
fn put(path: &CStr, text: &CStr) -> Result<(), Errno> {
    let file = open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, text.to_bytes()).map(drop)
}

/// Flags of the file system at `path` that stay when it is mounted again.
fn kept_flags(path: &Path) -> io::Result<MountFlags> {
    let now = statvfs(path)?.f_flag;
    let all = [
        (StatVfsMountFlags::NOSUID, MountFlags::NOSUID),
        (StatVfsMountFlags::NODEV, MountFlags::NODEV),
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
    ];
    let kept = all.into_iter().filter(|(flag, _)| now.contains(*flag)).map(|(_, flag)| flag);
    Ok(kept.collect())
}

/// `lowerdir` of an overlay, uppermost first.
fn lower_folders(layers: &[PathBuf]) -> io::Result<CString> {
    let mut option = b"lowerdir=".to_vec();
    for (index, layer) in layers.iter().rev().enumerate() {
        if index > 0 {
            option.push(b':');
        }
        for byte in layer.as_os_str().as_bytes() {
            if matches!(byte, b':' | b',' | b'\\') {
                option.push(b'\\');
            }
            option.push(*byte);
        }
    }
    Ok(CString::new(option)?)
}

fn c_path(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}
