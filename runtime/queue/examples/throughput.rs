//! Messages a second through the queues, without any wire protocol.
//!
//! `cargo run --release -p samovar-queue --example throughput -- [DIR] [BACKLOG]` measures in a
//! temporary directory, or in `DIR`, whose disk then decides: standard and FIFO queues, first
//! empty, then beside others behind `BACKLOG` messages each when that is given. These two are
//! measured by turns, as what else the machine does changes from second to second, and what counts
//! is the median of the rounds' ratios. After each round both have as many messages as before.

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
/// Of one measurement.
const TIME: Duration = Duration::from_secs(1);
const ROUNDS: usize = 7;
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

/// What so many clients do.
#[derive(Clone, Copy)]
struct Load {
    name: &'static str,
    clients: usize,
    work: Work,
}

#[derive(Clone, Copy)]
enum Work {
    Send,
    SendTen,
    ReceiveAndDelete,
}

const LOADS: [Load; 7] = [
    Load { name: "send", clients: 1, work: Work::Send },
    Load { name: "send", clients: 8, work: Work::Send },
    Load { name: "send", clients: 64, work: Work::Send },
    Load { name: "send by tens", clients: 8, work: Work::SendTen },
    Load { name: "send by tens", clients: 64, work: Work::SendTen },
    Load { name: "receive and delete by tens", clients: 8, work: Work::ReceiveAndDelete },
    Load { name: "receive and delete by tens", clients: 64, work: Work::ReceiveAndDelete },
];

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() {
    let temporary = tempfile::TempDir::new().unwrap();
    let dir = env::args().nth(1).map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let backlog: usize = env::args().nth(2).map_or(0, |number| number.parse().unwrap());
    println!("fdatasync alone: {:.0}/s in {}", sync_rate(&dir), dir.display());
    let mut places = vec![open(&dir.join("empty")).await];
    if backlog > 0 {
        places.push(open(&dir.join("behind")).await);
        for target in TARGETS {
            let start = Instant::now();
            fill(&places[1], target, backlog).await;
            println!("{}: {backlog} messages sent in {:.1} s", target.queue, seconds(start));
        }
    }
    for target in TARGETS {
        println!("\n{}", target.queue);
        measure(&places, target).await;
    }
}

async fn open(dir: &Path) -> Queues {
    let queues = Queues::open(dir, Options::default()).unwrap();
    let high = ["FifoQueue", "DeduplicationScope", "FifoThroughputLimit"]
        .into_iter()
        .zip(["true", "messageGroup", "perMessageGroupId"])
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    queues.ensure_queue("q", &Attributes::new()).await.unwrap();
    queues.ensure_queue("q.fifo", &high.collect()).await.unwrap();
    queues
}

/// Measures the loads on the queue in each place: first where it is empty.
async fn measure(places: &[Queues], target: Target) {
    let mut rates = vec![vec![Vec::new(); places.len()]; LOADS.len()];
    // The first round does not count: what was sent before it is still being sorted on the disk.
    for round in 0..=ROUNDS {
        for turn in 0..places.len() {
            // Who is first changes.
            let place = (turn + round) % places.len();
            let before = depth(&places[place], target).await;
            for (load, rates) in LOADS.into_iter().zip(&mut rates) {
                let rate = rate(&places[place], target, load).await;
                rates[place].extend((round > 0).then_some(rate));
            }
            drain(&places[place], target, before).await;
        }
    }
    for (load, rates) in LOADS.into_iter().zip(rates) {
        let Load { name, clients, .. } = load;
        print!("{name}, {clients} clients: {:.0}/s", median(rates[0].clone()));
        if let [empty, behind] = &rates[..] {
            let ratios = behind.iter().zip(empty).map(|(behind, empty)| behind / empty);
            let ratio = median(ratios.collect());
            print!(", behind the backlog {:.0}/s, ratio {ratio:.2}", median(behind.clone()));
        }
        println!();
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// How many messages a second so many clients get done, each doing the work over and over.
async fn rate(queues: &Queues, target: Target, load: Load) -> f64 {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..load.clients {
        let queues = queues.clone();
        tasks.spawn(async move {
            let mut done = 0;
            while start.elapsed() < TIME {
                done += match load.work {
                    Work::Send => send_one(&queues, target).await,
                    Work::SendTen => send_ten(&queues, target).await,
                    Work::ReceiveAndDelete => receive_and_delete(&queues, target).await,
                };
            }
            done
        });
    }
    let done: usize = tasks.join_all().await.into_iter().sum();
    #[expect(clippy::cast_precision_loss, reason = "it is printed without fraction")]
    let done = done as f64;
    done / seconds(start)
}

/// How many messages the queue has.
async fn depth(queues: &Queues, target: Target) -> usize {
    let views = queues.view_queues().await.unwrap();
    let view = views.iter().find(|view| view.name == target.queue).unwrap();
    view.visible + view.in_flight + view.delayed
}

/// Receives and deletes until no more messages than this are left.
async fn drain(queues: &Queues, target: Target, left: usize) {
    while let more = depth(queues, target).await.saturating_sub(left)
        && more > 0
    {
        let mut tasks = JoinSet::new();
        for client in 0..more.div_ceil(10).min(64) {
            let queues = queues.clone();
            let turns = more.div_ceil(10) / 64 + usize::from(client < more.div_ceil(10) % 64);
            tasks.spawn(async move {
                for _ in 0..turns {
                    receive_and_delete(&queues, target).await;
                }
            });
        }
        tasks.join_all().await;
    }
}

async fn send_one(queues: &Queues, target: Target) -> usize {
    queues.send_message(target.queue, message(target)).await.unwrap();
    1
}

async fn send_ten(queues: &Queues, target: Target) -> usize {
    let entries = (0..10).map(|n| BatchEntry::new(n.to_string(), message(target))).collect();
    queues.send_message_batch(target.queue, entries).await.unwrap().successful.len()
}

async fn receive_and_delete(queues: &Queues, target: Target) -> usize {
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
                send_ten(&queues, target).await;
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
