//! The messages of one invocation, and how they come together.

use std::collections::VecDeque;
use std::time::Duration;

use samovar_queue::{Message, QueueError, Queues, ReceiveMessage};
use tokio::time::{Instant, timeout_at};

use super::record::{self, FRAME_BYTES};

/// Lambda's limit of an event (Lambda guide, "Using Lambda with Amazon SQS": a batch ends when
/// its payload reaches 6 MB).
const EVENT_LIMIT: usize = 6 * 1024 * 1024;

/// SQS gives at most ten messages at once.
const RECEIVE_LIMIT: usize = 10;

/// SQS's longest long poll, in seconds. A message that arrives ends it at once.
const LONG_POLL: i64 = 20;

/// Messages with their records. Never empty when it leaves the [`Collector`].
#[derive(Debug)]
pub(crate) struct Batch {
    messages: Vec<Message>,
    records: Vec<Vec<u8>>,
    bytes: usize,
    /// When the first message was received: its visibility timeout runs since then.
    received: Instant,
}

impl Batch {
    fn new() -> Self {
        Self {
            messages: Vec::new(),
            records: Vec::new(),
            bytes: FRAME_BYTES,
            received: Instant::now(),
        }
    }

    /// Whether a record keeps the event within its limit. The first always does: alone it
    /// cannot be made smaller.
    fn admits(&self, record: &[u8]) -> bool {
        self.messages.is_empty() || self.bytes + record.len() < EVENT_LIMIT
    }

    fn push(&mut self, message: Message, record: Vec<u8>) {
        self.bytes += record.len() + 1;
        self.messages.push(message);
        self.records.push(record);
    }

    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub(crate) fn received(&self) -> Instant {
        self.received
    }

    /// The event's JSON.
    pub(crate) fn event(&self) -> Vec<u8> {
        record::event(self.records.iter().map(Vec::as_slice))
    }
}

/// Where and how a [`Collector`] collects.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) queue: String,
    pub(crate) queue_arn: String,
    pub(crate) region: String,
    pub(crate) batch_size: usize,
    pub(crate) window: Duration,
}

/// Receives messages and makes batches of them.
///
/// [`Collector::next`] may be dropped at any point: what has been received stays here.
pub(crate) struct Collector {
    queues: Queues,
    terms: Terms,
    open: Batch,
    /// Received, but too large for the open batch.
    left_over: VecDeque<(Message, Vec<u8>)>,
}

impl Collector {
    pub(crate) fn new(queues: Queues, terms: Terms) -> Self {
        Self { queues, terms, open: Batch::new(), left_over: VecDeque::new() }
    }

    /// The next batch: as soon as there is a message, or, with a window, when the batch is full
    /// or the window since its first message is over. `None` if a long poll brought nothing.
    pub(crate) async fn next(&mut self) -> Result<Option<Batch>, QueueError> {
        loop {
            let full = self.fill();
            let messages = &self.open.messages;
            if full || (!messages.is_empty() && self.terms.window.is_zero()) {
                return Ok(Some(self.take()));
            }
            let room = self.terms.batch_size - messages.len();
            let received = if messages.is_empty() {
                let received = self.receive(room).await?;
                if received.is_empty() {
                    return Ok(None);
                }
                self.open.received = Instant::now();
                received
            } else {
                let closes = self.open.received + self.terms.window;
                match timeout_at(closes, self.receive(room)).await {
                    Ok(received) => received?,
                    Err(_) => return Ok(Some(self.take())),
                }
            };
            self.accept(received);
        }
    }

    /// Whatever has been received and not given out, batch by batch.
    pub(crate) fn drain(&mut self) -> Option<Batch> {
        self.fill();
        (!self.open.messages.is_empty()).then(|| self.take())
    }

    /// Moves what is left over into the open batch; whether that is full.
    fn fill(&mut self) -> bool {
        while self.open.messages.len() < self.terms.batch_size {
            match self.left_over.pop_front() {
                None => return false,
                Some((message, record)) if self.open.admits(&record) => {
                    self.open.push(message, record);
                }
                Some(back) => {
                    self.left_over.push_front(back);
                    return true;
                }
            }
        }
        true
    }

    fn accept(&mut self, messages: Vec<Message>) {
        for message in messages {
            let record = record::record(&message, &self.terms.queue_arn, &self.terms.region);
            self.left_over.push_back((message, record));
        }
    }

    fn take(&mut self) -> Batch {
        std::mem::replace(&mut self.open, Batch::new())
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
