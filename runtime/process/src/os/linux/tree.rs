//! The processes below one, by `/proc`.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::OnceLock;

use rustix::param::page_size;
use rustix::process::Pid;

/// Where a walk ends. Lambda allows 1,024 processes and threads in an environment (Lambda guide,
/// "Lambda quotas").
pub(crate) const MAX_PROCESSES: usize = 1024;

/// Every process below `root`, parents before children, without it; no more than about
/// [`MAX_PROCESSES`].
pub(crate) fn descendants(root: Pid) -> Vec<Pid> {
    let mut found = Vec::new();
    if !has_children_files() {
        by_parents(root, &mut found);
        return found;
    }
    children(root, &mut found);
    let mut next = 0;
    while let Some(&pid) = found.get(next) {
        if found.len() > MAX_PROCESSES {
            break;
        }
        children(pid, &mut found);
        next += 1;
    }
    found
}

/// Whether the kernel lists children (`CONFIG_PROC_CHILDREN`, proc_tid_children(5)).
fn has_children_files() -> bool {
    static THERE: OnceLock<bool> = OnceLock::new();
    *THERE.get_or_init(|| fs::exists("/proc/thread-self/children").unwrap_or(false))
}

fn children(pid: Pid, found: &mut Vec<Pid>) {
    let Ok(threads) = fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero())) else { return };
    for thread in threads.flatten() {
        let Ok(list) = fs::read_to_string(thread.path().join("children")) else { continue };
        found.extend(list.split_ascii_whitespace().filter_map(parse_pid));
    }
}

/// Looks at every process of the system.
fn by_parents(root: Pid, found: &mut Vec<Pid>) {
    let Ok(processes) = fs::read_dir("/proc") else { return };
    let all: Vec<(Pid, Pid)> = processes
        .flatten()
        .filter_map(|process| {
            let pid = parse_pid(process.file_name().to_str()?)?;
            let stat = fs::read_to_string(process.path().join("stat")).ok()?;
            // The command's name, in parentheses, may hold anything (proc_pid_stat(5)).
            let (_, rest) = stat.rsplit_once(") ")?;
            Some((pid, parse_pid(rest.split_ascii_whitespace().nth(1)?)?))
        })
        .collect();
    let mut parent = root;
    let mut next = 0;
    loop {
        found.extend(all.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        let Some(&pid) = found.get(next) else { return };
        (parent, next) = (pid, next + 1);
        if found.len() > MAX_PROCESSES {
            return;
        }
    }
}

fn parse_pid(text: &str) -> Option<Pid> {
    Pid::from_raw(text.parse().ok().filter(|pid| *pid > 0)?)
}

/// Resident memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Resident {
    /// What is nobody else's.
    pub(crate) private: u64,
    /// What files back, and shared memory.
    pub(crate) mapped: u64,
}

/// What is resident of a process (proc_pid_statm(5)); nothing when it has exited.
pub(crate) fn memory(pid: Pid) -> Resident {
    let Ok(text) = fs::read_to_string(format!("/proc/{}/statm", pid.as_raw_nonzero())) else {
        return Resident::default();
    };
    let mut pages = text.split_ascii_whitespace().skip(1).map_while(|n| n.parse::<u64>().ok());
    let (resident, shared) = (pages.next().unwrap_or(0), pages.next().unwrap_or(0));
    let page = page_size() as u64;
    Resident { private: resident.saturating_sub(shared) * page, mapped: shared * page }
}

/// Memory that processes share, in bytes, where no cgroup counts it: what they map of it, if
/// `mapped`, once as that process has it that maps most, because whether two map the same is not
/// known without a walk through all their pages; or what is in files of `memfd_create` that they
/// have open, mapped or not, if that is more. `in_tmp` bytes are in files of a tmpfs, which are no
/// memory of the function's when they are mapped.
pub(crate) fn shared_memory(
    processes: impl Iterator<Item = Pid>,
    mapped: bool,
    in_tmp: impl FnOnce() -> u64,
) -> u64 {
    let (mut most, mut files) = (0, HashMap::new());
    for pid in processes {
        if mapped {
            most = most.max(mapped_shared(pid));
        }
        memory_files(pid, &mut files);
    }
    let most = if most > 0 { most.saturating_sub(in_tmp()) } else { 0 };
    most.max(files.values().sum())
}

/// `RssShmem` (proc_pid_status(5)).
fn mapped_shared(pid: Pid) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero()));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssShmem:"));
    let kibibytes =
        line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kibibytes.unwrap_or_default() * 1024
}

/// Notes the sizes of the process's open files that are memory, by inode.
fn memory_files(pid: Pid, found: &mut HashMap<u64, u64>) {
    let Ok(files) = fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero())) else { return };
    for file in files.flatten() {
        let path = file.path();
        let is_memory = fs::read_link(&path)
            .is_ok_and(|target| target.as_os_str().as_encoded_bytes().starts_with(b"/memfd:"));
        if let (true, Ok(data)) = (is_memory, fs::metadata(&path)) {
            found.insert(data.ino(), data.blocks() * 512);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufRead;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn both_ways_find_the_same_processes() {
        let mut shell = Command::new("/bin/sh")
            .args(["-c", "(sleep 1000 & sleep 1000 & wait) & sleep 1000 & echo; wait"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let root = Pid::from_child(&shell);
        let mut listed = Vec::new();
        for _ in 0..500 {
            listed = descendants(root);
            if listed.len() == 4 {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let mut searched = Vec::new();
        by_parents(root, &mut searched);
        listed.sort_by_key(|pid| pid.as_raw_nonzero());
        searched.sort_by_key(|pid| pid.as_raw_nonzero());
        // Before anything can fail, so that nothing is left.
        for pid in &listed {
            rustix::process::kill_process(*pid, rustix::process::Signal::KILL).unwrap();
        }
        shell.kill().unwrap();
        shell.wait().unwrap();
        assert_eq!(listed.len(), 4);
        assert_eq!(listed, searched);
    }

    #[test]
    fn memory_is_that_of_the_process() {
        let own = rustix::process::getpid();
        let before = memory(own).private;
        let held = vec![1_u8; 64 << 20];
        assert!(memory(own).private >= before + (60 << 20));
        drop(std::hint::black_box(held));
    }
}
