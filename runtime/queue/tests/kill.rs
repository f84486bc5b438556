//! `kill -9` while messages are sent, received and deleted.
//!
//! The test runs itself again as a child process that prints a line for each thing which the
//! service has acknowledged, and kills it after some of them. Whatever was printed must hold when
//! the directory is opened again. The operating system lives on, so this shows that writes leave
//! the process in the right order; that they reach the disk before the acknowledgement rests on
//! `fdatasync`.
//!
//! `SAMOVAR_QUEUE_KILL_ROUNDS` says how often, six times when it is not set. The long run is
//!
//! ```text
//! SAMOVAR_QUEUE_KILL_ROUNDS=100 cargo test --release -p samovar-queue --test kill -- --nocapture
//! ```

#![expect(clippy::unwrap_used, reason = "the helpers of a test")]

use std::{
    collections::{BTreeMap, HashSet},
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use samovar_queue::{
    Attributes, BatchEntry, Clock, Options, Queues, ReceiveMessage, SendMessage, SentMessage,
    SystemClock, Timestamp,
};
use tempfile::TempDir;

const TEST: &str = "what_was_acknowledged_survives_kill_9";
/// Says how often to kill.
const ROUNDS: &str = "SAMOVAR_QUEUE_KILL_ROUNDS";
/// Names the directory to the child.
const DIR: &str = "SAMOVAR_QUEUE_KILL_DIR";
/// Gives the child's messages bodies of their own.
const ROUND: &str = "SAMOVAR_QUEUE_KILL_ROUND";
/// Marks the child's own lines among those of the test harness.
const MARK: &str = "ack ";
/// How many lines are read before the child is killed, round by round and then again.
const LINES: [usize; 6] = [1, 80, 600, 1400, 300, 2000];

const QUEUES: [&str; 2] = ["q", "q.fifo"];
const GROUPS: usize = 4;

/// What the children were told, of one queue.
#[derive(Default)]
struct Told {
    sent: HashSet<String>,
    /// What may have been deleted.
    deleting: HashSet<String>,
    deleted: HashSet<String>,
}

impl Told {
    /// Checks the bodies that are in the queue.
    fn check(&self, found: &[String]) {
        let distinct: HashSet<&String> = found.iter().collect();
        assert_eq!(found.len(), distinct.len(), "a message is there twice");
        let is_lost = |body: &&String| !self.deleting.contains(*body) && !distinct.contains(*body);
        let lost: Vec<_> = self.sent.iter().filter(is_lost).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        let risen: Vec<_> = self.deleted.iter().filter(|body| distinct.contains(body)).collect();
        assert!(risen.is_empty(), "deleted and there again: {risen:?}");
    }
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    if let Ok(dir) = env::var(DIR) {
        child(Path::new(&dir));
    }
    let rounds = env::var(ROUNDS).map_or(LINES.len(), |rounds| rounds.parse().unwrap());
    let dir = TempDir::new().unwrap();
    let mut told: BTreeMap<String, Told> = BTreeMap::new();
    // Of each group, the last message that was acknowledged.
    let mut newest: BTreeMap<String, (String, SentMessage)> = BTreeMap::new();
    // Which of the child's tasks gets how far is chance: where one did little, more rounds follow.
    for (round, lines) in LINES.into_iter().cycle().take(5 * rounds).enumerate() {
        let enough = |told: &Told| told.sent.len() > 100 && told.deleted.len() > 50;
        if round >= rounds && (rounds < LINES.len() || told.values().all(enough)) {
            break;
        }
        for line in run_and_kill(dir.path(), round, lines) {
            let [what, queue, body, rest @ ..] = &line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{line}");
            };
            let told = told.entry((*queue).to_owned()).or_default();
            let set = match *what {
                "sent" => &mut told.sent,
                "deleting" => &mut told.deleting,
                _ => &mut told.deleted,
            };
            set.insert((*body).to_owned());
            if let [message_id, sequence_number] = rest {
                let sent = SentMessage {
                    message_id: (*message_id).to_owned(),
                    md5_of_body: String::new(),
                    md5_of_attributes: None,
                    md5_of_system_attributes: None,
                    sequence_number: Some((*sequence_number).to_owned()),
                };
                let before = newest.insert(group_of(body), ((*body).to_owned(), sent.clone()));
                let before = before.and_then(|(_, before)| before.sequence_number);
                assert!(before < sent.sequence_number, "sequence numbers rise");
            }
        }
        for (queue, told) in &told {
            let found = bodies(dir.path(), queue);
            told.check(&found);
            if queue.ends_with(".fifo") {
                check_order(&found);
            }
        }
        check_duplicates(dir.path(), &newest);
        println!("round {round}: killed after {lines} lines");
    }
    if rounds >= LINES.len() {
        for (queue, Told { sent, deleted, .. }) in told {
            let (sent, deleted) = (sent.len(), deleted.len());
            println!("{queue}: {sent} sent and {deleted} deleted");
            assert!(sent > 100 && deleted > 50, "{queue}: {sent} and {deleted} show little");
        }
    }
}

fn group_of(body: &str) -> String {
    body.split('-').next().unwrap().to_owned()
}

/// A group's messages are numbered as they were sent, round by round.
fn check_order(found: &[String]) {
    let mut last: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for body in found {
        let numbers: Vec<u64> = body.split('-').skip(1).map(|n| n.parse().unwrap()).collect();
        let number = (numbers[0], numbers[1]);
        let before = last.insert(group_of(body), number);
        assert!(before < Some(number), "{body} comes after {before:?}");
    }
}

/// What was acknowledged is known for five minutes, whatever was killed.
fn check_duplicates(dir: &Path, newest: &BTreeMap<String, (String, SentMessage)>) {
    let copy = TempDir::new().unwrap();
    copy_dir(dir, copy.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let queues = Queues::open(copy.path(), Options::default()).unwrap();
        for (group, (body, sent)) in newest {
            let message = fifo_message(group, body);
            let again = queues.send_message("q.fifo", message).await.unwrap();
            assert_eq!(again.message_id, sent.message_id, "{body}");
            assert_eq!(again.sequence_number, sent.sequence_number, "{body}");
        }
    });
}

fn fifo_message(group: &str, body: &str) -> SendMessage {
    SendMessage {
        group_id: Some(group.to_owned()),
        deduplication_id: Some(body.to_owned()),
        ..SendMessage::new(body)
    }
}

/// Sends, receives and deletes until it is killed.
#[tokio::main]
async fn child(dir: &Path) -> ! {
    let round = env::var(ROUND).unwrap();
    let queues = Queues::open(dir, Options::default()).unwrap();
    queues.ensure_queue("q", &Attributes::new()).await.unwrap();
    let fifo = [("FifoQueue", "true"), ("VisibilityTimeout", "2")];
    let fifo = fifo.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    queues.ensure_queue("q.fifo", &fifo).await.unwrap();
    // Ends the harness's line.
    println!();
    for queue in QUEUES {
        for max in 1..=3 {
            tokio::spawn(receive_and_delete(queues.clone(), queue, max));
        }
    }
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..8 {
        let (queues, round) = (queues.clone(), round.clone());
        senders.spawn(async move {
            for number in 0_u64.. {
                let body = format!("{sender}-{round}-{number}");
                queues.send_message("q", SendMessage::new(&body)).await.unwrap();
                println!("{MARK}sent q {body}");
            }
        });
    }
    for group in 0..GROUPS {
        let (queues, round) = (queues.clone(), round.clone());
        senders.spawn(async move {
            for number in 0_u64.. {
                let body = format!("{group}-{round}-{number}");
                let message = fifo_message(&group.to_string(), &body);
                let sent = queues.send_message("q.fifo", message).await.unwrap();
                let sequence = sent.sequence_number.unwrap();
                println!("{MARK}sent q.fifo {body} {} {sequence}", sent.message_id);
            }
        });
    }
    senders.join_all().await;
    unreachable!("senders do not end")
}

async fn receive_and_delete(queues: Queues, queue: &'static str, max: i64) {
    let input = ReceiveMessage {
        max_number_of_messages: Some(max),
        wait_time_seconds: Some(20),
        ..ReceiveMessage::default()
    };
    loop {
        for message in queues.receive_message(queue, input.clone()).await.unwrap() {
            println!("{MARK}deleting {queue} {}", message.body);
            // On a FIFO queue it may be too late.
            if queues.delete_message(queue, &message.receipt_handle).await.is_ok() {
                println!("{MARK}deleted {queue} {}", message.body);
            }
        }
    }
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

/// The bodies of all messages of a queue, in flight or not, in the order in which they come, read
/// from a copy of the directory.
fn bodies(dir: &Path, queue: &str) -> Vec<String> {
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
            let messages = queues.receive_message(queue, input.clone()).await.unwrap();
            if messages.is_empty() {
                return bodies;
            }
            // A group goes on when its messages are gone.
            let entries = messages
                .iter()
                .map(|message| BatchEntry::new(&message.message_id, message.receipt_handle.clone()))
                .collect();
            let result = queues.delete_message_batch(queue, entries).await.unwrap();
            assert!(result.failed.is_empty());
            bodies.extend(messages.into_iter().map(|message| message.body));
        }
    })
}

/// Copies a directory; the zeros at the end of a journal are left out.
fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else if target.extension().is_some_and(|extension| extension == "jnl") {
            let bytes = fs::read(entry.path()).unwrap();
            let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            fs::write(target, &bytes[..end]).unwrap();
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
