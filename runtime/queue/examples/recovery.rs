//! How long queues with a backlog take to open, and what memory they need.
//!
//! `cargo run --release -p samovar-queue --example recovery -- DIR [MESSAGES]`, run twice: where
//! `DIR` is not there yet, a standard and a FIFO queue of so many messages each are written into
//! it; where it is, it is opened. Two runs, so that the memory is that of opening alone. The
//! allocator is the binary's.

#![expect(clippy::unwrap_used, reason = "a benchmark may end at the first error")]

use std::{env, path::Path, time::Instant};

use samovar_queue::{Attributes, BatchEntry, Options, Queues, SendMessage};
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BODY_BYTES: usize = 256;
const GROUPS: usize = 10_000;
const QUEUES: [&str; 2] = ["q", "q.fifo"];

#[tokio::main]
async fn main() {
    let dir = env::args().nth(1).unwrap();
    let messages: usize = env::args().nth(2).map_or(1_000_000, |number| number.parse().unwrap());
    let dir = Path::new(&dir);
    if !dir.exists() {
        let start = Instant::now();
        fill(dir, messages).await;
        println!("{} messages sent in {:.1} s", 2 * messages, seconds(start));
        return;
    }
    let (before, start) = (resident_bytes(), Instant::now());
    let queues = Queues::open(dir, Options::default()).unwrap();
    let opened = seconds(start);
    let bytes = resident_bytes().saturating_sub(before);
    let views = queues.view_queues().await.unwrap();
    let here: usize = views.iter().map(|view| view.visible).sum();
    println!("{here} messages opened in {opened:.2} s");
    println!(
        "memory: {} MB, {} bytes a message, the store's cache and buffers included",
        bytes >> 20,
        bytes / here.max(1)
    );
}

async fn fill(dir: &Path, messages: usize) {
    let queues = Queues::open(dir, Options::default()).unwrap();
    let fifo = ["FifoQueue", "DeduplicationScope", "FifoThroughputLimit"]
        .into_iter()
        .zip(["true", "messageGroup", "perMessageGroupId"])
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    queues.ensure_queue("q", &Attributes::new()).await.unwrap();
    queues.ensure_queue("q.fifo", &fifo.collect()).await.unwrap();
    for queue in QUEUES {
        let mut tasks = JoinSet::new();
        for client in 0..64 {
            let queues = queues.clone();
            tasks.spawn(async move {
                let mine: Vec<usize> = (client..messages).step_by(64).collect();
                for numbers in mine.chunks(10) {
                    let entry = |&number: &usize| {
                        let mut message = SendMessage::new("x".repeat(BODY_BYTES));
                        if queue == "q.fifo" {
                            message.group_id = Some((number % GROUPS).to_string());
                            message.deduplication_id = Some(number.to_string());
                        }
                        BatchEntry::new(number.to_string(), message)
                    };
                    let entries = numbers.iter().map(entry).collect();
                    queues.send_message_batch(queue, entries).await.unwrap();
                }
            });
        }
        tasks.join_all().await;
    }
}

fn seconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64()
}

/// This process's memory; 0 where `/proc` is not there.
fn resident_bytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kilobytes.unwrap_or(0) * 1024
}
