//! One subscription, and how a message gets to it.

use std::sync::Arc;
use std::time::SystemTime;

use samovar_app::{Function, Subscription, Target, Topic};
use samovar_queue::{QueueError, Queues, SendMessage};
use sha2::{Digest, Sha256};

use super::filter::Filter;
use super::notification::Notification;
use super::publication::Publication;
use crate::deliveries::{
    DeadLetter, Form, Limits, Origin, Parcel, dead_letter_queue, of_notification,
};

/// SQS's limit of a message's attributes.
const MAX_ATTRIBUTES: usize = 10;

/// A subscription that is served.
pub(super) struct Subscriber {
    /// `TOPIC_ARN:UUID`, the same at every start.
    pub(super) arn: String,
    pub(super) subscription: Subscription,
    endpoint: Endpoint,
    filter: Filter,
    /// Name of the dead-letter queue.
    dead_letter: Option<String>,
}

enum Endpoint {
    Function(Arc<Function>),
    /// By its name.
    Queue(String),
    /// Nothing that is served.
    Elsewhere,
}

impl Subscriber {
    pub(super) fn new(
        topic: &Topic,
        subscription: &Subscription,
        functions: &[Arc<Function>],
    ) -> Self {
        let endpoint = match &subscription.target {
            Target::Function(id) => functions
                .iter()
                .find(|function| function.logical_id == *id)
                .map_or(Endpoint::Elsewhere, |function| Endpoint::Function(function.clone())),
            Target::Queue(name) => Endpoint::Queue(name.clone()),
            Target::Topic(_) | Target::Elsewhere => Endpoint::Elsewhere,
        };
        let identity = [&topic.arn, &subscription.protocol, &subscription.endpoint];
        let digest = Sha256::digest(identity.map(String::as_str).join("\n"));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
        Self {
            arn: format!("{}:{id}", topic.arn),
            filter: Filter::new(subscription.filter_policy.as_ref(), subscription.filters_body),
            dead_letter: dead_letter_queue(subscription.dead_letter.as_ref()),
            subscription: subscription.clone(),
            endpoint,
        }
    }

    /// Whether the subscription's filter policy lets a message through.
    pub(super) fn wants(&self, publication: &Publication) -> bool {
        let message = || publication.message_for(&self.subscription.protocol);
        match &self.filter {
            Filter::Body(_) => self.filter.matches(publication, &message()),
            filter => filter.matches(publication, ""),
        }
    }

    /// What a function gets; `None`: the subscriber is none.
    pub(super) fn parcel(
        &self,
        topic: &Topic,
        notification: &Notification,
        now: SystemTime,
    ) -> Option<Parcel> {
        let Endpoint::Function(function) = &self.endpoint else { return None };
        let dead_letter = self.dead_letter.clone();
        Some(Parcel::new(
            function,
            Origin::Topic(topic.name.clone()),
            Limits::of_function(function),
            dead_letter.map(|queue| DeadLetter { queue, form: Form::Notification }),
            notification.lambda_event(&self.arn),
            now,
        ))
    }

    /// Sends to a queue. What it does not take, since it is gone or a raw message has too many
    /// attributes, is a dead letter.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn send(
        &self,
        queues: &Queues,
        publication: &Publication,
        notification: &Notification,
    ) -> Result<(), QueueError> {
        let Endpoint::Queue(queue) = &self.endpoint else { return Ok(()) };
        let is_fifo = queue.ends_with(".fifo");
        let message = SendMessage {
            attributes: match self.subscription.raw {
                true => publication.attributes.clone(),
                false => Default::default(),
            },
            group_id: publication.group_id.clone(),
            deduplication_id: publication.deduplication_id.clone().filter(|_| is_fifo),
            ..SendMessage::new(match self.subscription.raw {
                true => notification.message().to_owned(),
                false => notification.queue_body(),
            })
        };
        let Err(error) = queues.send_message(queue, message.clone()).await else { return Ok(()) };
        if !error.is_sender_fault() {
            return Err(error);
        }
        let Some(letters) = &self.dead_letter else { return Ok(()) };
        let mut message = message;
        message.attributes.extend(of_notification(error.query_code(), error.message()));
        while message.attributes.len() > MAX_ATTRIBUTES {
            message.attributes.pop_last();
        }
        match queues.send_message(letters, message).await {
            Err(error) if !error.is_sender_fault() => Err(error),
            _ => Ok(()),
        }
    }
}
