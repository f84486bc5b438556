//! Signals: what runs may finish, and nothing is left behind.

use std::path::Path;
use std::thread;

use libtest_mimic::Trial;
use rustix::process::Signal;
use serde_json::json;

use crate::server::{Ports, Server, root};
use crate::tools::{answer, block_on, eventually, sqs};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("stop::sigterm_lets_what_runs_finish", || orderly(Signal::TERM)),
        trial("stop::sigint_lets_what_runs_finish", || orderly(Signal::INT)),
        trial("stop::sigkill_leaves_no_process", killed),
        trial("stop::queues_are_kept", queues),
    ]
}

fn fixtures(state: Option<&Path>) -> Server {
    Server::start(&root().join("tests/functions/template.yaml"), Ports::free(), state, &[])
}

/// Processes whose parent this is, those that have ended already left out (proc_pid_stat(5)).
fn children(pid: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|child| matches!(stat(*child), Some((state, of)) if of == pid && state != 'Z'))
        .collect()
}

fn alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z' && state != 'X')
}

/// A process's state and parent.
fn stat(pid: u32) -> Option<(char, u32)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before them is in parentheses and may have anything in it.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn orderly(signal: Signal) {
    let server = fixtures(None);
    assert_eq!(answer(&server, "Counter", &json!({})), json!({"count": 1}));
    let environments = thread::scope(|scope| {
        let slow = scope.spawn(|| answer(&server, "Sleeper", &json!({"ms": 1500})));
        eventually("a second environment", || children(server.pid).len() == 2);
        thread::sleep(std::time::Duration::from_millis(300));
        let environments = children(server.pid);
        server.signal(signal);
        assert_eq!(slow.join().unwrap(), json!({"slept": 1500}), "it was cut off");
        environments
    });
    assert!(server.wait().success(), "{}", server.output());
    for pid in environments {
        assert!(!alive(pid), "process {pid} was left behind");
    }
}

fn killed() {
    let server = fixtures(None);
    assert_eq!(answer(&server, "Counter", &json!({})), json!({"count": 1}));
    let environments = children(server.pid);
    assert_eq!(environments.len(), 1);
    server.signal(Signal::KILL);
    server.wait();
    eventually("no process is left", || environments.iter().all(|pid| !alive(*pid)));
}

fn queues() {
    let state = tempfile::tempdir().unwrap();
    let server = fixtures(Some(state.path()));
    let url = server.api("/000000000000/PlainQueue");
    block_on(sqs(&server).send_message().queue_url(url).message_body("kept").send()).unwrap();
    server.signal(Signal::TERM);
    assert!(server.wait().success());
    drop(server);
    // Other ports: the queue is the same one.
    let server = fixtures(Some(state.path()));
    let url = server.api("/000000000000/PlainQueue");
    let received = block_on(sqs(&server).receive_message().queue_url(url).send()).unwrap();
    assert_eq!(received.messages()[0].body(), Some("kept"));
}
