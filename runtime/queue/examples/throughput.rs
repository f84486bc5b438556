//! Messages a second through the queues, without any wire protocol.
//!
//! `cargo run --release -p samovar-queue --example throughput -- [DIR] [BACKLOG]` measures in a
//! temporary directory, or in `DIR`, whose disk then decides: standard and FIFO queues, first
//! empty, then behind `BACKLOG` messages each when that is given, and the time to open the
//! directory with these.

#![expect(clippy::unwrap_used, reason = "a benchmark may end at the first error")]

use std::{
    env,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use samovar_queue::{Attributes, BatchEntry, Options, Queues, ReceiveMessage, SendMessage};
use tokio::task::JoinSet;

const BODY_BYTES: usize = 256;
const TIME: Duration = Duration::from_secs(4);
/// Of FIFO queues.
const GROUPS: u64 = 10_000;

/// What is measured on one queue.
#[derive(Clone, Copy)]
struct Target {
    queue: &'static str,
    fifo: bool,
}

const TARGETS: [Target; 2] =
    [Target { queue: "q", fifo: false }, Target { queue: "q.fifo", fifo: true }];

#[tokio::main]
async fn main() {
    let temporary = tempfile::TempDir::new().unwrap();
    let dir = env::args().nth(1).map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let backlog: usize = env::args().nth(2).map_or(0, |number| number.parse().unwrap());
    println!("fdatasync alone: {:.0}/s in {}", sync_rate(&dir), dir.display());
    let dir = dir.join("queues");
    let mut queues = open(&dir).await;
    for target in TARGETS {
        println!("\n{}, empty", target.queue);
        measure(&queues, target).await;
    }
    if backlog == 0 {
        return;
    }
    for target in TARGETS {
        let start = Instant::now();
        fill(&queues, target, backlog).await;
        println!("\n{}: {backlog} messages sent in {:.1} s", target.queue, seconds(start));
    }
    drop(queues);
    let (before, start) = (resident_bytes(), Instant::now());
    queues = open(&dir).await;
    let (opened, after) = (seconds(start), resident_bytes());
    println!("{} messages opened in {opened:.1} s", 2 * backlog);
    let bytes = after.saturating_sub(before) / (2 * backlog);
    println!("memory: {bytes} bytes a message, the store's cache and buffers included");
    for target in TARGETS {
        println!("\n{}, behind {backlog}", target.queue);
        measure(&queues, target).await;
    }
}

async fn open(dir: &Path) -> Queues {
    let queues = loop {
        match Queues::open(dir, Options::default()) {
            // The last one is about to close.
            Err(samovar_queue::OpenError::InUse { .. }) => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            opened => break opened.unwrap(),
        }
    };
    let high = ["FifoQueue", "DeduplicationScope", "FifoThroughputLimit"]
        .into_iter()
        .zip(["true", "messageGroup", "perMessageGroupId"])
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    queues.ensure_queue("q", &Attributes::new()).await.unwrap();
    queues.ensure_queue("q.fifo", &high.collect()).await.unwrap();
    queues
}

async fn measure(queues: &Queues, target: Target) {
    for clients in [1, 8, 64] {
        let rate = rate(queues, target, clients, send_one).await;
        println!("send, {clients} clients: {rate:.0}/s");
    }
    for clients in [8, 64] {
        let rate = rate(queues, target, clients, send_ten).await;
        println!("send in batches of ten, {clients} clients: {rate:.0}/s");
    }
    for clients in [8, 64] {
        let rate = rate(queues, target, clients, receive_and_delete).await;
        println!("receive and delete in batches of ten, {clients} clients: {rate:.0}/s");
    }
}

/// How many messages a second so many clients get done, each doing `work` over and over.
async fn rate<F>(
    queues: &Queues,
    target: Target,
    clients: usize,
    work: fn(Queues, Target) -> F,
) -> f64
where
    F: Future<Output = usize> + Send + 'static,
{
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        let queues = queues.clone();
        tasks.spawn(async move {
            let mut done = 0;
            while start.elapsed() < TIME {
                done += work(queues.clone(), target).await;
            }
            done
        });
    }
    let done: usize = tasks.join_all().await.into_iter().sum();
    #[expect(clippy::cast_precision_loss, reason = "it is printed without fraction")]
    let done = done as f64;
    done / seconds(start)
}

async fn send_one(queues: Queues, target: Target) -> usize {
    queues.send_message(target.queue, message(target)).await.unwrap();
    1
}

async fn send_ten(queues: Queues, target: Target) -> usize {
    let entries = (0..10).map(|n| BatchEntry::new(n.to_string(), message(target))).collect();
    queues.send_message_batch(target.queue, entries).await.unwrap().successful.len()
}

async fn receive_and_delete(queues: Queues, target: Target) -> usize {
    let input = ReceiveMessage { max_number_of_messages: Some(10), ..ReceiveMessage::default() };
    let messages = queues.receive_message(target.queue, input).await.unwrap();
    if messages.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        return 0;
    }
    let entries =
        messages.into_iter().map(|m| BatchEntry::new(m.message_id, m.receipt_handle)).collect();
    queues.delete_message_batch(target.queue, entries).await.unwrap().successful.len()
}

fn message(target: Target) -> SendMessage {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let mut message = SendMessage::new("x".repeat(BODY_BYTES));
    if target.fifo {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        message.group_id = Some((number % GROUPS).to_string());
        message.deduplication_id = Some(format!("{}-{number}", std::process::id()));
    }
    message
}

async fn fill(queues: &Queues, target: Target, messages: usize) {
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let queues = queues.clone();
        tasks.spawn(async move {
            for _ in 0..messages / 640 {
                send_ten(queues.clone(), target).await;
            }
        });
    }
    tasks.join_all().await;
}

fn seconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64()
}

/// How often the disk takes a small write: the limit of sends by one client.
fn sync_rate(dir: &Path) -> f64 {
    std::fs::create_dir_all(dir).unwrap();
    let path = dir.join("fdatasync");
    let mut file = File::create(&path).unwrap();
    let start = Instant::now();
    let mut writes = 0;
    while start.elapsed() < Duration::from_secs(1) {
        file.write_all(&[1; BODY_BYTES]).unwrap();
        file.sync_data().unwrap();
        writes += 1;
    }
    std::fs::remove_file(path).unwrap();
    f64::from(writes) / seconds(start)
}

/// This process's memory; 0 where `/proc` is not there.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kilobytes.unwrap_or(0) * 1024
}
