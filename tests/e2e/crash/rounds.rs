//! `kill -9`, again and again, under all that clients do with messages.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::client::{Client, FIFO, Pending, STANDARD, drain};
use super::ledger::{Entry, Ledger};
use crate::server::{Ports, Server, samovar};
use crate::tools::eventually;

/// Says how often to kill.
const ROUNDS: &str = "SAMOVAR_CRASH_ROUNDS";
const DEFAULT_ROUNDS: usize = 6;
const CLIENTS: usize = 6;
/// How many entries of the ledgers are waited for before a kill, round by round and then again.
const ENTRIES: [usize; 6] = [1500, 40, 400, 1, 2500, 150];

const TEMPLATE: &str = "\
Resources:
  Standard:
    Type: AWS::SQS::Queue
    Properties: {QueueName: rounds, VisibilityTimeout: 30}
  Fifo:
    Type: AWS::SQS::Queue
    Properties: {QueueName: rounds.fifo, FifoQueue: true, VisibilityTimeout: 30}
";

/// The ledgers of both queues, and what the clients of all rounds share.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) standard: Ledger,
    pub(super) fifo: Ledger,
    pub(super) next: AtomicUsize,
    /// Sends to the FIFO queue that had no answer: made again after the restart.
    pub(super) unsure: Mutex<Vec<Pending>>,
}

impl Shared {
    fn entries(&self) -> usize {
        self.standard.len() + self.fifo.len()
    }
}

pub(super) fn rounds() {
    let rounds = std::env::var(ROUNDS).map_or(DEFAULT_ROUNDS, |rounds| rounds.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let (template, state) = (folder.path().join("template.yaml"), folder.path().join("state"));
    fs::write(&template, TEMPLATE).unwrap();
    let shared = Shared::default();
    for (round, entries) in ENTRIES.into_iter().cycle().take(rounds).enumerate() {
        if round % 3 == 2 {
            kill_at_start(&template, &state, round);
        }
        let server = Server::start(&template, Ports::free(), Some(&state), &[]);
        let enough = shared.entries() + entries;
        thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|number| Client::new(&server, &shared, round * CLIENTS + number))
                .map(|client| scope.spawn(|| client.work_until_gone()))
                .collect();
            // A client that ends before the server has found a fault, and tells of it below.
            let ended = || clients.iter().any(thread::ScopedJoinHandle::is_finished);
            eventually("enough work", || shared.entries() >= enough || ended());
            server.signal(Signal::KILL);
            server.wait();
        });
        for ledger in [&shared.standard, &shared.fifo] {
            ledger.note(Entry::Killed);
        }
    }
    let server = Server::start(&template, Ports::free(), Some(&state), &[]);
    for (queue, ledger) in [(STANDARD, &shared.standard), (FIFO, &shared.fifo)] {
        let counts = ledger.check(&drain(&server, queue));
        println!("{queue}: killed {rounds} times: {counts:?}");
        let is_telling = counts.sent > 20 * rounds && counts.received > 10 * rounds;
        assert!(rounds < ENTRIES.len() || is_telling, "{queue}: {counts:?} shows little");
    }
}

/// Kills a server while it reads what the last one left, or just after.
fn kill_at_start(template: &Path, state: &Path, round: usize) {
    let mut command = samovar();
    command.args(["up", "--api-port", "0", "--http-port", "0", "--template"]).arg(template);
    command.arg("--state-dir").arg(state).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    thread::sleep(Duration::from_millis(round as u64 * 7 % 120));
    let _ = child.kill();
    let _ = child.wait();
}
