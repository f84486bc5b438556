//! Where Linux's means are missing. Each function says what is not kept.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustix::process::Pid;

use crate::exit::Exit;
use crate::sandbox::Sandbox;

/// Where a count of processes ends.
pub(crate) const MAX_PROCESSES: usize = 1024;

/// There is none.
#[derive(Debug)]
pub(crate) enum Init {}

/// There is none: an environment's folders are the host's.
#[derive(Debug)]
pub(crate) enum FileSystem {}

impl FileSystem {
    pub(crate) fn in_tmp(&self) -> u64 {
        match *self {}
    }
}

/// There are none.
#[derive(Debug)]
pub(crate) enum Cgroups {}

/// There is none.
#[derive(Debug)]
pub(crate) enum Cgroup {}

/// There are none.
#[derive(Debug)]
pub(crate) enum Memory {}

/// Nothing is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) anonymous: u64,
    pub(crate) shared: u64,
}

impl Cgroups {
    pub(crate) fn shared() -> Option<Arc<Self>> {
        None
    }

    pub(crate) fn clear() {}

    pub(crate) fn prepare(&self) {
        match *self {}
    }
}

impl Cgroup {
    pub(crate) fn make(parent: &Arc<Cgroups>, _memory: u64) -> io::Result<Self> {
        match **parent {}
    }

    pub(crate) fn memory(&self) -> Option<&Memory> {
        match *self {}
    }

    pub(crate) fn limits_processes(&self) -> bool {
        match *self {}
    }

    pub(crate) fn freeze(&self) -> bool {
        match *self {}
    }

    pub(crate) fn thaw(&self) {
        match *self {}
    }

    pub(crate) fn kill(&self) {
        match *self {}
    }
}

impl Memory {
    pub(crate) fn taken(&self) -> Taken {
        match *self {}
    }

    pub(crate) fn kills(&self) -> u64 {
        match *self {}
    }
}

impl Init {
    pub(crate) fn pid(&self) -> Pid {
        match *self {}
    }

    pub(crate) fn kill(&self) {
        match *self {}
    }

    pub(crate) fn exit(&self) -> Option<Exit> {
        match *self {}
    }

    pub(crate) fn forget_process(self) {
        match self {}
    }
}

/// Not kept: environments share the host's file system and processes.
pub(crate) fn can_contain() -> bool {
    false
}

/// Why not.
pub(crate) fn why_not_contained() -> Option<String> {
    Some("only Linux has namespaces".to_owned())
}

/// Never works.
///
/// # Errors
/// Always.
pub(crate) fn spawn_contained(
    _command: &Command,
    _streams: [&OwnedFd; 3],
    _sandbox: &Sandbox,
    _cgroup: Option<&Cgroup>,
) -> io::Result<Init> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Never works.
///
/// # Errors
/// Always.
pub(crate) fn keep_namespaces(_sandbox: &Sandbox) -> io::Result<Init> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Never works.
///
/// # Errors
/// Always.
pub(crate) fn spawn_joined(
    _command: &Command,
    _streams: [&OwnedFd; 3],
    _init: Pid,
    _cgroup: Option<&Cgroup>,
) -> io::Result<Pid> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Never works.
///
/// # Errors
/// Always.
pub(crate) fn spawn_reaped(
    _command: &Command,
    _streams: [&OwnedFd; 3],
    _cgroup: Option<&Cgroup>,
) -> io::Result<Init> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Not kept: children are not known.
pub(crate) fn descendants(_root: Pid) -> Vec<Pid> {
    Vec::new()
}

/// Not known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Resident {
    pub(crate) private: u64,
    pub(crate) mapped: u64,
}

/// Not kept: always 0.
pub(crate) fn memory(_pid: Pid) -> Resident {
    Resident::default()
}

/// Not kept: always 0.
pub(crate) fn shared_memory(
    _processes: impl Iterator<Item = Pid>,
    _mapped: bool,
    _in_tmp: impl FnOnce() -> u64,
) -> u64 {
    0
}

/// Not kept: the process outlives a Samovar that is killed by `SIGKILL`.
pub(crate) fn die_with_parent(_command: &mut Command) {}

/// Not kept: always 0.
#[derive(Debug)]
pub(crate) struct PeakMemory;

impl PeakMemory {
    pub(crate) fn of(_pid: Pid) -> Self {
        Self
    }

    pub(crate) fn read(&self) -> u64 {
        0
    }
}

/// Not kept: the system's own error, if it gives one, comes when the program starts.
pub(crate) fn check_program(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_and_nothing_breaks() {
        let mut command = Command::new("true");
        die_with_parent(&mut command);
        check_program(Path::new("/bin/sh")).unwrap();
        let mut child = command.spawn().unwrap();
        assert_eq!(PeakMemory::of(Pid::from_child(&child)).read(), 0);
        assert!(child.wait().unwrap().success());
    }
}
