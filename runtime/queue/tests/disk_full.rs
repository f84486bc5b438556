//! A disk that is full.
//!
//! The test runs itself again where a file system of 96 MiB is mounted, in namespaces of its own
//! (`unshare`, util-linux). Where that is not allowed, name a directory on a small file system in
//! `SAMOVAR_QUEUE_SMALL_DISK`; without it the test says that it has shown nothing.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "the helpers of a test")]

use std::{
    collections::BTreeSet,
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use samovar_queue::{
    Attributes, Clock, ErrorKind, Options, QueueError, Queues, ReceiveMessage, SendMessage,
    SystemClock, Timestamp,
};
use tempfile::TempDir;

const TEST: &str = "a_full_disk_refuses_and_recovers";
const DIR: &str = "SAMOVAR_QUEUE_SMALL_DISK";
const BODY_BYTES: usize = 100_000;
/// What is left of the disk when the first messages are sent.
const ROOM: u64 = 8 << 20;

#[test]
fn a_full_disk_refuses_and_recovers() {
    if let Some(dir) = env::var_os(DIR) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        return runtime.block_on(fill_and_recover(&PathBuf::from(dir)));
    }
    let dir = TempDir::new().unwrap();
    let script = "mount -t tmpfs -o size=96m tmpfs \"$0\" || exit 77; exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
    command.arg(dir.path()).arg(env::current_exe().unwrap());
    command.args(["--exact", TEST, "--nocapture"]).env(DIR, dir.path());
    let Ok(output) = command.output() else {
        return eprintln!("skipped: there is no unshare; set {DIR}");
    };
    let text =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let was_run = text[0].contains("running 1 test");
    if !was_run {
        return eprintln!("skipped: unshare may not mount a small disk; set {DIR}: {}", text[1]);
    }
    assert!(output.status.success(), "{}{}", text[0], text[1]);
}

/// The system's time and as much more.
#[derive(Default)]
struct Ahead(AtomicU64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.0.load(Ordering::Relaxed)
    }
}

async fn fill_and_recover(disk: &Path) {
    let dir = disk.join("queues");
    let clock = Arc::new(Ahead::default());
    let options = || Options { clock: clock.clone(), ..Options::default() };
    let queues = Queues::open(&dir, options()).unwrap();
    queues.ensure_queue("q", &Attributes::new()).await.unwrap();
    let mut sent = BTreeSet::new();
    for round in 0..3 {
        let filler = disk.join("filler");
        fill(&filler, ROOM);
        let mut refused = 0;
        for number in 0.. {
            match send(&queues, round, number).await {
                Ok(id) => sent.extend([id]),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::InternalFailure, "{error}");
                    refused += 1;
                }
            }
            // The disk is full, and several calls have met it so.
            if refused == 10 {
                break;
            }
            assert!(number < 10_000, "the disk does not get full");
        }
        fs::remove_file(&filler).unwrap();
        for number in 0..10 {
            sent.insert(send(&queues, round, 100_000 + number).await.unwrap());
        }
        assert_eq!(received(&queues).await, sent);
        // Their visibility timeout ends.
        clock.0.fetch_add(60_000, Ordering::Relaxed);
    }
    drop(queues);
    let queues = Queues::open(&dir, options()).unwrap();
    assert_eq!(received(&queues).await, sent);
}

/// Writes a file until there is only so much room.
fn fill(path: &Path, room: u64) {
    let mut file = fs::File::create(path).unwrap();
    let block = vec![1; 1 << 16];
    let mut length = 0_u64;
    while file.write_all(&block).is_ok() {
        length += block.len() as u64;
    }
    file.set_len(length.saturating_sub(room)).unwrap();
}

async fn send(queues: &Queues, round: u32, number: u64) -> Result<String, QueueError> {
    let body = format!("{round} {number} {}", "x".repeat(BODY_BYTES));
    queues.send_message("q", SendMessage::new(body)).await.map(|sent| sent.message_id)
}

/// The ids of all messages, each of which is there once.
async fn received(queues: &Queues) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    loop {
        let input = ReceiveMessage {
            max_number_of_messages: Some(10),
            visibility_timeout: Some(60),
            ..ReceiveMessage::default()
        };
        let messages = queues.receive_message("q", input).await.unwrap();
        if messages.is_empty() {
            break;
        }
        for message in messages {
            let id = message.message_id;
            assert!(all.insert(id.clone()), "{id} is there twice");
        }
    }
    all
}
