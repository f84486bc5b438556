//! Linux's means: namespaces, cgroups, parent-death signal, pidfd, `/proc`, ELF headers.

mod cgroup;
mod contained;
mod joined;
mod kept;
mod mounts;
mod reaper;
mod tree;

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, getpid, getppid, pidfd_open, set_parent_process_death_signal,
};

use super::readiness::watched;
use super::wait;

pub(crate) use cgroup::{Cgroup, Cgroups, Memory, Taken};
pub(crate) use contained::{Init, keep as keep_namespaces, spawn as spawn_contained, spawn_reaped};
pub(crate) use joined::join as spawn_joined;
pub(crate) use kept::FileSystem;
pub(crate) use tree::{MAX_PROCESSES, descendants, memory, shared_memory};

/// Whether environments can have namespaces of their own.
pub(crate) fn can_contain() -> bool {
    why_not_contained().is_none()
}

/// Why environments cannot have namespaces of their own, for people.
pub(crate) fn why_not_contained() -> Option<String> {
    match contained::containment() {
        contained::Containment::Full | contained::Containment::User => None,
        contained::Containment::Missing(error) => {
            Some(format!("this system allows no namespaces ({error})"))
        }
    }
}

/// Has the kernel kill the process when Samovar ends, however it ends (`PR_SET_PDEATHSIG`).
///
/// The signal is bound to the **thread** that forks, not to its process (prctl(2)), so the
/// command must be spawned on a thread that lives as long as Samovar: see
/// [`crate::spawner`]. It holds for the process itself; the children that it forks do not
/// inherit it.
pub(crate) fn die_with_parent(command: &mut Command) {
    let parent = getpid();
    // SAFETY: the closure runs between fork and exec, where only async-signal-safe calls are
    // allowed. It makes two system calls and allocates nothing.
    unsafe {
        command.pre_exec(move || {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            // The parent may have died before the call above: then no signal will come.
            if getppid() == Some(parent) { Ok(()) } else { Err(Errno::SRCH.into()) }
        });
    }
}

/// Waits until the child `pid` has exited, and leaves it to be reaped.
///
/// # Errors
/// `pid` is no child, or neither a pidfd nor a thread could be had.
pub(crate) async fn exited(pid: Pid) -> io::Result<()> {
    match pidfd_open(pid, PidfdFlags::NONBLOCK) {
        Ok(fd) => readable(fd).await,
        // Before Linux 5.3, and where a sandbox forbids the call.
        Err(Errno::NOSYS | Errno::PERM | Errno::INVAL) => wait::exited(pid).await,
        Err(error) => Err(error.into()),
    }
}

/// A pidfd becomes readable when its process exits (pidfd_open(2)).
async fn readable(fd: OwnedFd) -> io::Result<()> {
    watched(fd)?.readable().await.map(drop)
}

/// Peak resident memory of one process.
#[derive(Debug)]
pub(crate) struct PeakMemory(Option<File>);

impl PeakMemory {
    /// That of a process which lives, or has not been reaped.
    pub(crate) fn of(pid: Pid) -> Self {
        Self(File::open(format!("/proc/{}/status", pid.as_raw_nonzero())).ok())
    }

    /// In bytes (`VmHWM`, proc_pid_status(5)); 0 when the process has exited. The open file is
    /// that of this process, whoever has its id now, and one call reads it.
    pub(crate) fn read(&self) -> u64 {
        let mut text = [0; 4096];
        let read = self.0.as_ref().and_then(|status| status.read_at(&mut text, 0).ok());
        read.and_then(|length| parse_peak(text.get(..length)?)).unwrap_or_default()
    }
}

fn parse_peak(status: &[u8]) -> Option<u64> {
    let mut lines = status.split(|byte| *byte == b'\n');
    let line = str::from_utf8(lines.find_map(|line| line.strip_prefix(b"VmHWM:"))?).ok()?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Whether the kernel can start this file: a script with `#!`, or an ELF program for this
/// machine. Checked here because the C library's `execvp`, which the standard library uses,
/// gives any other file to `/bin/sh`.
///
/// # Errors
/// `ENOEXEC`, as `execve` has it; or the file cannot be read.
pub(crate) fn check_program(path: &Path) -> io::Result<()> {
    let mut header = Vec::with_capacity(20);
    match File::open(path) {
        Ok(file) => file.take(20).read_to_end(&mut header)?,
        // A program may be executable and not readable: then the kernel is to say.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Ok(()),
        Err(error) => return Err(error),
    };
    if is_for_this_machine(&header) { Ok(()) } else { Err(Errno::NOEXEC.into()) }
}

/// The first 20 bytes of an ELF file hold its class, byte order and machine (elf(5)).
fn is_for_this_machine(header: &[u8]) -> bool {
    if header.starts_with(b"#!") {
        return true;
    }
    let Some((b"\x7fELF", rest)) = header.split_first_chunk::<4>() else { return false };
    let (Some(&class), Some(&order)) = (rest.first(), rest.get(1)) else { return false };
    let Some(&[low, high]) = header.get(18..20) else { return false };
    let machine = match order {
        1 => u16::from_le_bytes([low, high]),
        _ => u16::from_be_bytes([low, high]),
    };
    match host_machine() {
        Some(host) => class == 2 && machine == host,
        None => true,
    }
}

/// ELF's number of this machine, for the two that Lambda has.
fn host_machine() -> Option<u16> {
    match std::env::consts::ARCH {
        "x86_64" => Some(62),
        "aarch64" => Some(183),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_exit_is_seen_and_left_to_be_reaped() {
        let mut child = Command::new("true").spawn().unwrap();
        exited(Pid::from_child(&child)).await.unwrap();
        assert!(child.wait().unwrap().success());
    }

    #[test]
    fn peak_memory_is_read_in_bytes() {
        assert_eq!(parse_peak(b"Name:\tx\nVmHWM:\t    1234 kB\nVmRSS:\t 1 kB\n"), Some(1_263_616));
        assert_eq!(parse_peak(b"Name:\tzombie\n"), None);
        assert!(PeakMemory::of(getpid()).read() > 100_000);
    }

    #[test]
    fn programs_for_this_machine_and_scripts_can_start() {
        check_program(&std::env::current_exe().unwrap()).unwrap();
        assert!(is_for_this_machine(b"#!/bin/sh\n"));
    }

    #[test]
    fn other_files_cannot() {
        let mut elf = *b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xf3\0";
        assert!(!is_for_this_machine(&elf), "RISC-V");
        elf[4] = 1;
        elf[18] = 3;
        assert!(!is_for_this_machine(&elf), "32-bit x86");
        assert!(!is_for_this_machine(&elf[..10]), "cut short");
        assert!(!is_for_this_machine(b"echo no interpreter line\n"));
        assert!(!is_for_this_machine(b""));
    }
}
