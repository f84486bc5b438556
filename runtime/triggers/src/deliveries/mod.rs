//! Events on their way to functions: accepted on disk, delivered in the background.
//!
//! What topics, rules and schedules send is an asynchronous invocation. It is written to a queue
//! of Samovar's own before its sender hears that it was accepted, and leaves it when the function
//! has done its work or the event was given up. Neither the end of the process nor a power cut
//! loses one; an invocation that they cut off is repeated ("at least once").
//!
//! AWS has two steps here. The sender hands the event over to Lambda, which takes it at once,
//! however busy its function is: only what Lambda cannot take, since the function is gone or the
//! event is too large, is a dead letter of the sender's. Lambda then invokes the function, again
//! while it fails or is throttled, as its `EventInvokeConfig` says, and tells what became of that
//! to the function's own destinations and dead-letter queue (Lambda guide, "Asynchronous
//! invocation"; SNS guide, "Amazon SNS dead-letter queues": what fails to be delivered to the
//! endpoint). A sender's retry policy is about the first step, which does not fail for a while
//! here.

mod accept;
mod attempt;
mod dead_letter;
mod outcome;
mod outlets;
mod parcel;
mod scale;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samovar_dispatch::{Clock, Dispatcher};
use samovar_queue::{
    Attributes, BatchEntry, Message, QueueError, Queues, ReceiveMessage, SendMessage,
};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

pub use self::accept::AsynchronousEvent;
pub(crate) use self::dead_letter::{DeadLetter, Form, of_notification, of_target};
pub use self::outlets::Outlets;
pub(crate) use self::parcel::{Limits, Origin, Parcel, dead_letter_queue};
pub use self::scale::TimeScale;

/// Name of the queue. SQS's `ListQueues` leaves it out.
const QUEUE: &str = "_samovar-events";

/// Deliveries under way at once: Lambda's own limit of concurrent executions.
const AT_ONCE: usize = 1000;

/// How long a received event is hidden from other receives; while its invocation runs, that is
/// renewed. After the end of the process, events that were being delivered come again after it.
const LEASE: Duration = Duration::from_secs(30);

/// SQS's limits of one request.
const BATCH_LIMIT: usize = 10;
const LONG_POLL: i64 = 20;

/// How long to wait where the store fails.
const PAUSE: Duration = Duration::from_secs(1);

/// The events on their way to functions. Cheap to clone; all clones are the same.
#[derive(Clone)]
pub struct Deliveries(Arc<Shared>);

struct Shared {
    queues: Queues,
    dispatcher: Dispatcher,
    clock: Arc<dyn Clock>,
    scale: TimeScale,
}

impl Deliveries {
    /// Deliveries through a queue of `queues`, with the events that are in it from before.
    ///
    /// # Errors
    /// The queue cannot be made: see [`Queues::ensure_queue`].
    pub async fn open(
        queues: Queues,
        dispatcher: Dispatcher,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, QueueError> {
        let attributes = Attributes::from([
            ("VisibilityTimeout".to_owned(), LEASE.as_secs().to_string()),
            ("MessageRetentionPeriod".to_owned(), "1209600".to_owned()),
        ]);
        queues.ensure_queue(QUEUE, &attributes).await?;
        Ok(Self(Arc::new(Shared { queues, dispatcher, clock, scale: TimeScale::default() })))
    }

    /// The same deliveries, with waits of another length.
    #[must_use]
    pub fn with_time_scale(self, scale: TimeScale) -> Self {
        let Shared { queues, dispatcher, clock, .. } = &*self.0;
        let (queues, dispatcher, clock) = (queues.clone(), dispatcher.clone(), clock.clone());
        Self(Arc::new(Shared { queues, dispatcher, clock, scale }))
    }

    /// Accepts events: they are on disk when this returns. One that is larger than Lambda takes
    /// is not an error, but is given up, as on AWS.
    ///
    /// # Errors
    /// The store failed. Some of the events may have been accepted all the same.
    pub(crate) async fn accept(&self, parcels: Vec<Parcel>) -> Result<(), QueueError> {
        let (messages, too_large): (Vec<_>, Vec<_>) =
            parcels.into_iter().partition(Parcel::fits_lambda);
        for parcel in too_large {
            self.0.give_up(&parcel, &Failure::too_large()).await?;
        }
        for parcels in messages.chunks(BATCH_LIMIT) {
            // The limit of a request's size is the one of a message: a large event goes alone.
            let size: usize = parcels.iter().map(|parcel| parcel.payload.len()).sum();
            if size > BATCH_BYTES {
                for parcel in parcels {
                    self.0.queues.send_message(QUEUE, parcel.message(0)).await?;
                }
                continue;
            }
            let messages = parcels.iter().map(|parcel| parcel.message(0)).collect();
            send_all(&self.0.queues, QUEUE, messages).await?;
        }
        Ok(())
    }

    /// Gives up an event that cannot be delivered as it is.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn reject(
        &self,
        parcel: &Parcel,
        code: &str,
        message: String,
    ) -> Result<(), QueueError> {
        let kind = FailureKind::Final;
        let failure = Failure { code: code.to_owned(), message, kind, document: None };
        self.0.give_up(parcel, &failure).await
    }

    /// [`Self::run_with`] without topics and event buses.
    pub async fn run(self, shutdown: CancellationToken) {
        self.run_with(Outlets::default(), shutdown).await;
    }

    /// Delivers, and tells destinations, until `shutdown`; then takes up no more, and returns when every invocation has
    /// ended. Dropping the future leaves the events that were being delivered to the next start.
    pub async fn run_with(self, outlets: Outlets, shutdown: CancellationToken) {
        let mut running = JoinSet::new();
        loop {
            while running.try_join_next().is_some() {}
            let room = AT_ONCE.saturating_sub(running.len()).min(BATCH_LIMIT);
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(_) = running.join_next(), if room == 0 => {}
                messages = self.0.receive(room), if room > 0 => {
                    for message in messages {
                        running.spawn(self.0.clone().deliver(message, outlets.clone()));
                    }
                }
            }
        }
        while running.join_next().await.is_some() {}
    }

    /// The queues that senders send to, and dead letters go to.
    pub(crate) fn queues(&self) -> &Queues {
        &self.0.queues
    }

    /// Where the time comes from.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }
}

/// What fits beside each parcel's own description in one request of SQS's, 1 MiB.
const BATCH_BYTES: usize = 512 * 1024;

impl Shared {
    async fn receive(&self, room: usize) -> Vec<Message> {
        let input = ReceiveMessage {
            max_number_of_messages: i64::try_from(room).ok(),
            wait_time_seconds: Some(LONG_POLL),
            attribute_names: vec!["All".into()],
            ..ReceiveMessage::default()
        };
        match self.queues.receive_message(QUEUE, input).await {
            Ok(messages) => messages,
            Err(_) => {
                sleep(PAUSE).await;
                Vec::new()
            }
        }
    }
}

/// Why an event has not reached its function, or what the function has made of it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The error code of dead letters (EventBridge guide, "Using dead-letter queues to process
    /// undelivered events": `ERROR_CODE`).
    pub(crate) code: String,
    /// For people.
    pub(crate) message: String,
    pub(crate) kind: FailureKind,
    /// The function's error document, where it ran.
    pub(crate) document: Option<Bytes>,
}

/// Which limits count for a [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// The function ran and failed: Lambda's asynchronous retries.
    Failed,
    /// The function is throttled or cannot run: the sender's retry policy.
    Refused,
    /// The function's reserved concurrency is 0: nothing of it runs, and nothing is retried.
    Disabled,
    /// Trying again is useless.
    Final,
}

impl Failure {
    fn too_large() -> Self {
        Self {
            code: "INVALID_PARAMETER".into(),
            message: format!(
                "the event is larger than Lambda takes asynchronously ({} bytes)",
                parcel::MAX_PAYLOAD
            ),
            kind: FailureKind::Final,
            document: None,
        }
    }
}

/// Sends messages to one queue, in their order, ten at a time.
///
/// # Errors
/// The first message that was refused, or the store failed; those before it were sent.
pub(crate) async fn send_all(
    queues: &Queues,
    queue: &str,
    messages: Vec<SendMessage>,
) -> Result<(), QueueError> {
    let entries = messages.into_iter().enumerate();
    let entries: Vec<_> =
        entries.map(|(index, message)| BatchEntry::new(index.to_string(), message)).collect();
    for some in entries.chunks(BATCH_LIMIT) {
        let result = queues.send_message_batch(queue, some.to_vec()).await?;
        if let Some(failed) = result.failed.into_iter().next() {
            return Err(failed.entry);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
