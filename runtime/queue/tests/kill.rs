//! `kill -9` while messages are sent, received and deleted.
//!
//! The test runs itself again as a child process that prints a line for each thing which the
//! service has acknowledged, and kills it after some of them. Whatever was printed must hold when
//! the directory is opened again. The operating system lives on, so this shows that writes leave
//! the process in the right order; that they reach the disk before the acknowledgement rests on
//! `fdatasync`.

#![expect(clippy::unwrap_used, reason = "the helpers of a test")]

use std::{
    collections::HashSet,
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use samovar_queue::{
    Attributes, Clock, Options, Queues, ReceiveMessage, SendMessage, SystemClock, Timestamp,
};
use tempfile::TempDir;

const TEST: &str = "what_was_acknowledged_survives_kill_9";
/// Names the directory to the child.
const DIR: &str = "SAMOVAR_QUEUE_KILL_DIR";
/// Gives the child's messages bodies of their own.
const ROUND: &str = "SAMOVAR_QUEUE_KILL_ROUND";
/// Marks the child's own lines among those of the test harness.
const MARK: &str = "ack ";
/// How many lines are read before the child is killed, round by round.
const ROUNDS: [usize; 6] = [1, 40, 300, 700, 150, 1000];

#[test]
fn what_was_acknowledged_survives_kill_9() {
    if let Ok(dir) = env::var(DIR) {
        child(Path::new(&dir));
    }
    let dir = TempDir::new().unwrap();
    let mut sent = HashSet::new();
    let mut deleting = HashSet::new();
    let mut deleted = HashSet::new();
    for (round, lines) in ROUNDS.into_iter().enumerate() {
        for line in run_and_kill(dir.path(), round, lines) {
            let (what, body) = line.split_once(' ').unwrap();
            let set = match what {
                "sent" => &mut sent,
                "deleting" => &mut deleting,
                _ => &mut deleted,
            };
            set.insert(body.to_owned());
        }
        let found = bodies(dir.path());
        let distinct: HashSet<String> = found.iter().cloned().collect();
        assert_eq!(found.len(), distinct.len(), "a message is there twice");
        let lost: Vec<_> = sent
            .iter()
            .filter(|&body| !deleting.contains(body) && !distinct.contains(body))
            .collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        let risen: Vec<_> = deleted.intersection(&distinct).collect();
        assert!(risen.is_empty(), "deleted and there again: {risen:?}");
    }
    let (sent, deleted) = (sent.len(), deleted.len());
    assert!(sent > 100 && deleted > 100, "{sent} sent and {deleted} deleted show little");
}

/// Sends, receives and deletes until it is killed.
#[tokio::main]
async fn child(dir: &Path) -> ! {
    let round = env::var(ROUND).unwrap();
    let queues = Queues::open(dir, Options::default()).unwrap();
    queues.ensure_queue("q", &Attributes::new()).await.unwrap();
    // Ends the harness's line.
    println!();
    for receiver in 0..3 {
        let queues = queues.clone();
        tokio::spawn(async move {
            let input = ReceiveMessage {
                max_number_of_messages: Some(receiver + 1),
                wait_time_seconds: Some(20),
                ..ReceiveMessage::default()
            };
            loop {
                for message in queues.receive_message("q", input.clone()).await.unwrap() {
                    println!("{MARK}deleting {}", message.body);
                    queues.delete_message("q", &message.receipt_handle).await.unwrap();
                    println!("{MARK}deleted {}", message.body);
                }
            }
        });
    }
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..8 {
        let (queues, round) = (queues.clone(), round.clone());
        senders.spawn(async move {
            for number in 0_u64.. {
                let body = format!("{round}-{sender}-{number}");
                queues.send_message("q", SendMessage::new(&body)).await.unwrap();
                println!("{MARK}sent {body}");
            }
        });
    }
    senders.join_all().await;
    unreachable!("senders do not end")
}

/// Runs a child, kills it after so many lines, and returns all the lines it wrote.
fn run_and_kill(dir: &Path, round: usize, lines: usize) -> Vec<String> {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .env(DIR, dir)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let mut acknowledged = Vec::new();
    for line in stdout.lines() {
        let line = line.unwrap();
        if let Some(line) = line.strip_prefix(MARK) {
            acknowledged.push(line.to_owned());
            if acknowledged.len() == lines {
                // SIGKILL. What it wrote before is still in the pipe.
                child.kill().unwrap();
            }
        }
    }
    child.wait().unwrap();
    assert!(acknowledged.len() >= lines, "the child ended by itself");
    acknowledged
}

/// The bodies of all messages in a directory, in flight or not, read from a copy of it.
fn bodies(dir: &Path) -> Vec<String> {
    /// Late enough for every visibility timeout to have ended.
    struct Later;
    impl Clock for Later {
        fn now(&self) -> Timestamp {
            SystemClock.now() + 12 * 60 * 60 * 1000
        }
    }

    let copy = TempDir::new().unwrap();
    copy_dir(dir, copy.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let options = Options { clock: Arc::new(Later), ..Options::default() };
        let queues = Queues::open(copy.path(), options).unwrap();
        let input =
            ReceiveMessage { max_number_of_messages: Some(10), ..ReceiveMessage::default() };
        let mut bodies = Vec::new();
        loop {
            let messages = queues.receive_message("q", input.clone()).await.unwrap();
            if messages.is_empty() {
                return bodies;
            }
            bodies.extend(messages.into_iter().map(|message| message.body));
        }
    })
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
