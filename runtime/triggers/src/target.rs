//! What rules and schedules send to: a function, by the deliveries, or a queue, at once.

use std::sync::Arc;
use std::time::SystemTime;

use samovar_app::{Destination, Function, QueueTarget};
use samovar_queue::{BatchEntry, ErrorKind, QueueError, Queues, SendMessage};

use crate::deliveries::{
    DeadLetter, Deliveries, Form, Limits, Origin, Parcel, dead_letter_queue, of_target,
};

/// SQS's limit of entries in one request.
const BATCH_LIMIT: usize = 10;

/// What goes in one request of SQS's, 1 MiB with the groups' names.
const BATCH_BYTES: usize = 1000 * 1024;

/// One target of a rule or schedule.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    receiver: Receiver,
    /// Name of the dead-letter queue.
    dead_letter: Option<String>,
}

#[derive(Clone, Debug)]
enum Receiver {
    Function(Arc<Function>),
    Queue { name: String, arn: String, group_id: Option<String> },
}

/// An event on its way to one target.
#[derive(Debug)]
pub(crate) enum Shipment {
    ToFunction(Parcel),
    ToQueue(QueueEvent),
}

/// An event for a queue.
#[derive(Debug)]
pub(crate) struct QueueEvent {
    queue: String,
    message: SendMessage,
    /// Name of the dead-letter queue.
    dead_letter: Option<String>,
    rule_arn: String,
    queue_arn: String,
}

impl Target {
    /// A function, with the `DeadLetterConfig` of its target.
    pub(crate) fn function(function: &Arc<Function>, dead_letter: Option<&Destination>) -> Self {
        let receiver = Receiver::Function(function.clone());
        Self { receiver, dead_letter: dead_letter_queue(dead_letter) }
    }

    /// A queue. A queue of this machine takes a message at once or never, so that there is nothing
    /// to retry: EventBridge does not, where the target refuses (EventBridge guide, "How EventBridge
    /// retries delivering events").
    pub(crate) fn queue(target: &QueueTarget, dead_letter: Option<&Destination>) -> Self {
        let receiver = Receiver::Queue {
            name: target.queue.clone(),
            arn: target.arn.clone(),
            group_id: target.group_id.clone(),
        };
        Self { receiver, dead_letter: dead_letter_queue(dead_letter) }
    }

    /// The name of the function or queue.
    pub(crate) fn name(&self) -> &str {
        match &self.receiver {
            Receiver::Function(function) => &function.name,
            Receiver::Queue { name, .. } => name,
        }
    }

    /// An event for this target, from the rule or schedule with this ARN.
    pub(crate) fn shipment(
        &self,
        origin: Origin,
        rule_arn: &str,
        payload: String,
        now: SystemTime,
    ) -> Shipment {
        let rule_arn = rule_arn.to_owned();
        match &self.receiver {
            Receiver::Function(function) => {
                let target = function.arn.clone();
                let dead_letter = self.dead_letter.clone().map(|queue| DeadLetter {
                    queue,
                    form: Form::Event { rule: rule_arn, target },
                });
                let limits = Limits::of_function(function);
                Shipment::ToFunction(Parcel::new(
                    function,
                    origin,
                    limits,
                    dead_letter,
                    payload,
                    now,
                ))
            }
            Receiver::Queue { name, arn, group_id } => Shipment::ToQueue(QueueEvent {
                queue: name.clone(),
                message: SendMessage { group_id: group_id.clone(), ..SendMessage::new(payload) },
                dead_letter: self.dead_letter.clone(),
                rule_arn,
                queue_arn: arn.clone(),
            }),
        }
    }
}

impl Shipment {
    /// Gives up an event that cannot be sent as it is.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn reject(
        self,
        deliveries: &Deliveries,
        code: &str,
        message: &str,
    ) -> Result<(), QueueError> {
        match self {
            Self::ToFunction(parcel) => deliveries.reject(&parcel, code, message.to_owned()).await,
            Self::ToQueue(event) => event.give_up(deliveries.queues(), code, message).await,
        }
    }
}

impl QueueEvent {
    /// Sends it to its dead-letter queue, if it has one. One that is gone, or does not take it, is
    /// as none.
    async fn give_up(self, queues: &Queues, code: &str, message: &str) -> Result<(), QueueError> {
        let Some(queue) = self.dead_letter else { return Ok(()) };
        let attributes = of_target(&self.rule_arn, &self.queue_arn, code, message);
        let letter = SendMessage { attributes, ..SendMessage::new(self.message.body) };
        match queues.send_message(&queue, letter).await {
            Err(error) if !error.is_sender_fault() => Err(error),
            _ => Ok(()),
        }
    }

    fn size(&self) -> usize {
        self.message.body.len() + self.message.group_id.as_ref().map_or(0, String::len)
    }
}

/// Sends events to their targets: in queues, or on the way to their functions, on disk when this
/// returns. Each queue gets its events in their order.
///
/// # Errors
/// The store failed. Some of the events may have been accepted all the same.
pub(crate) async fn ship(
    deliveries: &Deliveries,
    shipments: Vec<Shipment>,
) -> Result<(), QueueError> {
    let (mut parcels, mut events) = (Vec::new(), Vec::new());
    for shipment in shipments {
        match shipment {
            Shipment::ToFunction(parcel) => parcels.push(parcel),
            Shipment::ToQueue(event) => events.push(event),
        }
    }
    deliveries.accept(parcels).await?;
    // The sort is stable.
    events.sort_by(|a, b| a.queue.cmp(&b.queue));
    let mut batch: Vec<QueueEvent> = Vec::new();
    for event in events {
        let size: usize = batch.iter().map(QueueEvent::size).sum();
        let fits = batch.len() < BATCH_LIMIT && size + event.size() <= BATCH_BYTES;
        if batch.last().is_some_and(|last| last.queue != event.queue || !fits) {
            send(deliveries.queues(), std::mem::take(&mut batch)).await?;
        }
        batch.push(event);
    }
    send(deliveries.queues(), batch).await
}

/// Sends events to the queue that they are all for. What it does not take is a dead letter.
async fn send(queues: &Queues, events: Vec<QueueEvent>) -> Result<(), QueueError> {
    let Some(first) = events.first() else { return Ok(()) };
    let queue = first.queue.clone();
    let refused: Vec<(usize, QueueError)> = if events.len() == 1 {
        let sent = queues.send_message(&queue, first.message.clone()).await;
        sent.err().into_iter().map(|error| (0, error)).collect()
    } else {
        let entries = events.iter().enumerate();
        let entries =
            entries.map(|(at, event)| BatchEntry::new(at.to_string(), event.message.clone()));
        match queues.send_message_batch(&queue, entries.collect()).await {
            Ok(result) => {
                let failed = result.failed.into_iter();
                failed.filter_map(|one| Some((one.id.parse().ok()?, one.entry))).collect()
            }
            Err(error) => (0..events.len()).map(|at| (at, error.clone())).collect(),
        }
    };
    let mut events: Vec<Option<QueueEvent>> = events.into_iter().map(Some).collect();
    for (at, error) in refused {
        if !error.is_sender_fault() {
            return Err(error);
        }
        // EventBridge guide, "Using dead-letter queues to process undelivered events": ERROR_CODE.
        let code = match error.kind() {
            ErrorKind::QueueDoesNotExist => "NO_RESOURCE",
            _ => "INVALID_PARAMETER",
        };
        if let Some(event) = events.get_mut(at).and_then(Option::take) {
            event.give_up(queues, code, error.message()).await?;
        }
    }
    Ok(())
}
