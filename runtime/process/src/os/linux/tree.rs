//! The processes below one, by `/proc`.

use std::fs;
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

/// Memory of a process in bytes that is nobody else's: what is resident, without what files back
/// (proc_pid_statm(5)). 0 when the process has exited.
pub(crate) fn private_memory(pid: Pid) -> u64 {
    let Ok(text) = fs::read_to_string(format!("/proc/{}/statm", pid.as_raw_nonzero())) else {
        return 0;
    };
    let mut pages = text.split_ascii_whitespace().skip(1).map_while(|n| n.parse::<u64>().ok());
    let (resident, shared) = (pages.next().unwrap_or(0), pages.next().unwrap_or(0));
    resident.saturating_sub(shared) * page_size() as u64
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
        let before = private_memory(own);
        let held = vec![1_u8; 64 << 20];
        assert!(private_memory(own) >= before + (60 << 20));
        drop(std::hint::black_box(held));
    }
}
