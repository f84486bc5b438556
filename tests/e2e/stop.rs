//! Signals: what runs may finish, and nothing is left behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;

use libtest_mimic::Trial;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::server::{Ports, Server, root, samovar};
use crate::tools::{answer, block_on, eventually, sqs};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("stop::sigterm_lets_what_runs_finish", || orderly(Signal::TERM)),
        trial("stop::sigint_lets_what_runs_finish", || orderly(Signal::INT)),
        trial("stop::sigkill_leaves_no_process", killed),
        trial("stop::queues_are_kept", queues),
        trial("stop::nothing_is_kept_if_so_asked", ephemeral),
        trial("stop::a_build_that_is_given_up_leaves_no_process", build),
    ]
}

fn fixtures(state: Option<&Path>) -> Server {
    Server::start(&root().join("tests/functions/template.yaml"), Ports::free(), state, &[])
}

/// Processes whose parent this is, those that have ended already left out (proc_pid_stat(5)).
fn children(pid: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|child| matches!(stat(*child), Some((state, of)) if of == pid && state != 'Z'))
        .collect()
}

fn alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z' && state != 'X')
}

/// A process's state and parent.
fn stat(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
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
    assert_eq!(cgroups(Path::new("/sys/fs/cgroup"), server.pid), Vec::<PathBuf>::new());
}

/// Cgroups that a Samovar has made, where it may make any.
fn cgroups(below: &Path, pid: u32) -> Vec<PathBuf> {
    let entries = fs::read_dir(below).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let of_folder = |folder: fs::DirEntry| match folder.file_name() == *format!("samovar-{pid}") {
        true => vec![folder.path()],
        false => cgroups(&folder.path(), pid),
    };
    folders.flat_map(of_folder).collect()
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

/// `--ephemeral`: messages live as long as the server, environments have a folder that goes with
/// it, and code that was compiled stays.
fn ephemeral() {
    let (state, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let start = || {
        let template = root().join("tests/functions/template.yaml");
        let variables = [("TMPDIR", temporary.path())];
        Server::start_with(
            &template,
            Ports::free(),
            Some(state.path()),
            &["--ephemeral"],
            &variables,
        )
    };
    let names = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().flatten();
        entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
    };
    for signal in [Signal::TERM, Signal::INT] {
        let server = start();
        assert!(server.output().contains("Queues, in memory"), "{}", server.output());
        let url = server.api("/000000000000/PlainQueue");
        let client = sqs(&server);
        let received = block_on(client.receive_message().queue_url(&url).send()).unwrap();
        assert!(received.messages().is_empty(), "{received:?}");
        for _ in 0..2 {
            block_on(client.send_message().queue_url(&url).message_body("gone").send()).unwrap();
        }
        let received = block_on(client.receive_message().queue_url(&url).send()).unwrap();
        assert_eq!(received.messages()[0].body(), Some("gone"));
        assert_eq!(answer(&server, "Counter", &json!({})), json!({"count": 1}));
        assert_eq!(names(temporary.path()).len(), 1, "the environment's folder is there");
        // Another one beside it has queues of its own.
        let other = start();
        let url = other.api("/000000000000/PlainQueue");
        let received = block_on(sqs(&other).receive_message().queue_url(&url).send()).unwrap();
        assert!(received.messages().is_empty(), "{received:?}");
        for server in [server, other] {
            server.signal(signal);
            assert!(server.wait().success(), "{}", server.output());
        }
        assert_eq!(names(temporary.path()), Vec::<String>::new());
        assert_eq!(names(state.path()), ["compiled"]);
    }
}

/// The crate's build script tells its process id and would go on for an hour.
fn build() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("src")).unwrap();
    fs::write(path("src/main.rs"), "fn main() {}").unwrap();
    let manifest = "[package]\nname = \"slow\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(path("Cargo.toml"), manifest).unwrap();
    let script = "fn main() {\n    std::fs::write(\"pid.new\", std::process::id().to_string()).unwrap();\n    \
                  std::fs::rename(\"pid.new\", \"pid\").unwrap();\n    \
                  std::thread::sleep(std::time::Duration::from_secs(3600));\n}\n";
    fs::write(path("build.rs"), script).unwrap();
    let template = "Transform: AWS::Serverless-2016-10-31\nResources:\n  Slow:\n    \
                    Type: AWS::Serverless::Function\n    Properties:\n      \
                    Runtime: provided.al2023\n      Handler: bootstrap\n      CodeUri: .\n";
    fs::write(path("template.yaml"), template).unwrap();
    let mut samovar = samovar()
        .current_dir(folder.path())
        .args(["up", "--api-port", "0", "--http-port", "0"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("a build that runs", || path("pid").exists());
    let script: u32 = fs::read_to_string(path("pid")).unwrap().parse().unwrap();
    assert!(alive(script));
    kill_process(Pid::from_child(&samovar), Signal::TERM).unwrap();
    assert!(samovar.wait().unwrap().success());
    eventually("no process is left", || !alive(script));
}
