//! Messages a second through the queues, without any wire protocol.
//!
//! `cargo run --release -p samovar-queue --example throughput -- [DIR] [BACKLOG]` measures in a
//! temporary directory, or in `DIR`, whose disk then decides, behind `BACKLOG` messages. Run it
//! again with the same `DIR` to see how long these take to open, and their memory.

#![expect(clippy::unwrap_used, reason = "a benchmark may end at the first error")]

use std::{
    env,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use samovar_queue::{
    Attributes, BatchEntry, Options, Queues, ReceiveMessage, SendMessage, SystemClock,
};
use tokio::task::JoinSet;

const BODY_BYTES: usize = 256;
const TIME: Duration = Duration::from_secs(4);

#[tokio::main]
async fn main() {
    let temporary = tempfile::TempDir::new().unwrap();
    let dir = env::args().nth(1).map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let backlog = env::args().nth(2).map_or(0, |number| number.parse().unwrap());
    println!("fdatasync alone: {:.0}/s in {}", sync_rate(&dir), dir.display());

    let (before, start) = (resident_bytes(), Instant::now());
    let queues = open(&dir.join("queues"));
    let (opened, after) = (start.elapsed(), resident_bytes());
    queues.ensure_queue("q", &Attributes::new()).await.unwrap();
    let name = "ApproximateNumberOfMessages".to_owned();
    let counts = queues.get_queue_attributes("q", std::slice::from_ref(&name)).await.unwrap();
    let found: usize = counts[&name].parse().unwrap();
    println!("{found} messages opened in {:.1} s", opened.as_secs_f64());
    if let Some(bytes) = after.saturating_sub(before).checked_div(found) {
        println!("memory: {bytes} bytes a message, the store's cache and buffers included");
    }
    if backlog > 0 {
        let start = Instant::now();
        fill(&queues, backlog).await;
        println!("{backlog} messages sent in {:.1} s", start.elapsed().as_secs_f64());
    }
    measure(&queues).await;
}

fn open(dir: &Path) -> Queues {
    let clock = std::sync::Arc::new(SystemClock);
    Queues::open(dir, Options { clock, ..Options::default() }).unwrap()
}

async fn measure(queues: &Queues) {
    for clients in [1, 8, 64] {
        let rate = rate(queues, clients, send_one).await;
        println!("send, {clients} clients: {rate:.0}/s");
    }
    for clients in [8, 64] {
        let rate = rate(queues, clients, send_ten).await;
        println!("send in batches of ten, {clients} clients: {rate:.0}/s");
    }
    for clients in [8, 64] {
        let rate = rate(queues, clients, receive_and_delete).await;
        println!("receive and delete in batches of ten, {clients} clients: {rate:.0}/s");
    }
}

/// How many messages a second so many clients get done, each doing `work` over and over.
async fn rate<F>(queues: &Queues, clients: usize, work: fn(Queues) -> F) -> f64
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
                done += work(queues.clone()).await;
            }
            done
        });
    }
    let done: usize = tasks.join_all().await.into_iter().sum();
    #[expect(clippy::cast_precision_loss, reason = "it is printed without fraction")]
    let done = done as f64;
    done / start.elapsed().as_secs_f64()
}

async fn send_one(queues: Queues) -> usize {
    queues.send_message("q", message()).await.unwrap();
    1
}

async fn send_ten(queues: Queues) -> usize {
    let entries = (0..10).map(|n| BatchEntry::new(n.to_string(), message())).collect();
    queues.send_message_batch("q", entries).await.unwrap().successful.len()
}

async fn receive_and_delete(queues: Queues) -> usize {
    let input = ReceiveMessage { max_number_of_messages: Some(10), ..ReceiveMessage::default() };
    let messages = queues.receive_message("q", input).await.unwrap();
    if messages.is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        return 0;
    }
    let entries =
        messages.into_iter().map(|m| BatchEntry::new(m.message_id, m.receipt_handle)).collect();
    queues.delete_message_batch("q", entries).await.unwrap().successful.len()
}

fn message() -> SendMessage {
    SendMessage::new("x".repeat(BODY_BYTES))
}

async fn fill(queues: &Queues, messages: usize) {
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let queues = queues.clone();
        tasks.spawn(async move {
            for _ in 0..messages / 640 {
                send_ten(queues.clone()).await;
            }
        });
    }
    tasks.join_all().await;
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
    f64::from(writes) / start.elapsed().as_secs_f64()
}

/// This process's memory; 0 where `/proc` is not there.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kilobytes.unwrap_or(0) * 1024
}
