//! How messages come together.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use samovar_queue::{Message, QueueError, Queues, ReceiveMessage};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::batch::{Batch, Received};
use super::filter::Filters;
use super::record::{self, Origin};
use super::settle;

/// SQS gives at most ten messages at once.
const RECEIVE_LIMIT: usize = 10;

/// SQS's longest long poll, in seconds. A message that arrives ends it at once.
const LONG_POLL: i64 = 20;

/// How many deletions of unwanted messages may run beside receiving.
const SWEEP_LIMIT: usize = 16;

/// Where and how a [`Collector`] collects.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) queue: String,
    pub(crate) origin: Origin,
    /// Whether the order within groups counts.
    pub(crate) fifo: bool,
    pub(crate) batch_size: usize,
    pub(crate) window: Duration,
    pub(crate) filters: Filters,
    /// Counts the messages that no filter matched.
    pub(crate) filtered: Arc<AtomicU64>,
}

/// Receives messages and makes batches of them.
///
/// [`Collector::next`] may be dropped at any point: what has been received stays here.
pub(crate) struct Collector {
    queues: Queues,
    terms: Arc<Terms>,
    open: Batch,
    /// Received, but too large for the open batch.
    left_over: VecDeque<Received>,
    /// Deletions of messages that no filter matched.
    sweeps: JoinSet<()>,
}

impl Collector {
    pub(crate) fn new(queues: Queues, terms: Terms) -> Self {
        let (open, left_over, sweeps) = (Batch::new(), VecDeque::new(), JoinSet::new());
        Self { queues, terms: Arc::new(terms), open, left_over, sweeps }
    }

    /// The next batch: as soon as there is a message, or, with a window, when the batch is full
    /// or the window since its first message is over. `None` if a long poll brought nothing, or
    /// nothing that a filter matches.
    ///
    /// Of a FIFO queue, what did not fit into the batch comes with it, in further batches that
    /// must be delivered after it: they may have messages of the same groups.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Batch>>, QueueError> {
        loop {
            while self.sweeps.len() >= SWEEP_LIMIT {
                self.sweeps.join_next().await;
            }
            let full = self.fill();
            if full || (!self.open.is_empty() && self.terms.window.is_zero()) {
                return Ok(Some(self.take()));
            }
            let room = self.terms.batch_size - self.open.len();
            let received = if self.open.is_empty() {
                self.receive(room).await?
            } else {
                let closes = self.open.received() + self.terms.window;
                match timeout_at(closes, self.receive(room)).await {
                    Ok(received) => received?,
                    Err(_) => return Ok(Some(self.take())),
                }
            };
            self.accept(received);
            if self.open.is_empty() && self.left_over.is_empty() {
                return Ok(None);
            }
        }
    }

    /// Whatever has been received and not given out.
    pub(crate) fn drain(&mut self) -> Option<Vec<Batch>> {
        self.fill();
        (!self.open.is_empty()).then(|| self.take())
    }

    /// Waits until all that no filter matched is deleted.
    pub(crate) async fn finish(mut self) {
        while self.sweeps.join_next().await.is_some() {}
    }

    /// Moves what is left over into the open batch; whether that is full.
    fn fill(&mut self) -> bool {
        while self.open.len() < self.terms.batch_size {
            match self.left_over.pop_front() {
                None => return false,
                Some(one) if self.open.admits(&one) => self.open.push(one),
                Some(back) => {
                    self.left_over.push_front(back);
                    return true;
                }
            }
        }
        true
    }

    /// Keeps the messages that the function wants, and has the others deleted.
    fn accept(&mut self, messages: Vec<Message>) {
        let at = Instant::now();
        let mut unwanted = Vec::new();
        for message in messages {
            let record = record::record(&message, &self.terms.origin);
            if self.terms.filters.admit(&message, &record) {
                self.left_over.push_back(Received { message, record, at });
            } else {
                unwanted.push(message.receipt_handle);
            }
        }
        while self.sweeps.try_join_next().is_some() {}
        if !unwanted.is_empty() {
            let count = u64::try_from(unwanted.len()).unwrap_or(u64::MAX);
            self.terms.filtered.fetch_add(count, Ordering::Relaxed);
            let (queues, terms) = (self.queues.clone(), self.terms.clone());
            self.sweeps.spawn(async move {
                let handles: Vec<&str> = unwanted.iter().map(String::as_str).collect();
                settle::delete(&queues, &terms.queue, &handles).await;
            });
        }
    }

    /// The open batch, and what has to follow it.
    fn take(&mut self) -> Vec<Batch> {
        let mut batches = vec![std::mem::replace(&mut self.open, Batch::new())];
        while self.terms.fifo && !self.left_over.is_empty() {
            self.fill();
            batches.push(std::mem::replace(&mut self.open, Batch::new()));
        }
        batches
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message>, QueueError> {
        let number = room.clamp(1, RECEIVE_LIMIT);
        let input = ReceiveMessage {
            max_number_of_messages: i64::try_from(number).ok(),
            wait_time_seconds: Some(LONG_POLL),
            system_attribute_names: vec!["All".into()],
            attribute_names: vec!["All".into()],
            ..ReceiveMessage::default()
        };
        self.queues.receive_message(&self.terms.queue, input).await
    }
}
