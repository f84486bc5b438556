//! One subscription, and how a message gets to it.

use std::sync::Arc;
use std::time::SystemTime;

use samovar_app::{Function, Subscription, Target};
use samovar_queue::{QueueError, Queues, SendMessage};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::error::TopicError;
use super::filter::Filter;
use super::ledger::{MadeSubscription, Texts};
use super::notification::Notification;
use super::publication::Publication;
use crate::deliveries::{
    DeadLetter, Form, Limits, Origin, Parcel, dead_letter_queue, of_notification,
};
use crate::pattern::Pattern;

/// SQS's limit of a message's attributes.
const MAX_ATTRIBUTES: usize = 10;

/// A subscription that is served.
pub(super) struct Subscriber {
    /// `TOPIC_ARN:UUID`, the same at every start.
    pub(super) arn: String,
    pub(super) protocol: String,
    /// `Endpoint`: an ARN, URL or address.
    pub(super) address: String,
    /// Whether a client has made it, and not the template.
    pub(super) is_made: bool,
    endpoint: Endpoint,
    /// `FilterPolicy`, as it was given.
    policy: Option<Value>,
    filters_body: bool,
    filter: Filter,
    raw: bool,
    dead_letter: Option<DeadLetterQueue>,
}

enum Endpoint {
    Function(Arc<Function>),
    /// By its name.
    Queue(String),
    /// Nothing that is served.
    Elsewhere,
}

struct DeadLetterQueue {
    arn: String,
    /// `None`: it is not one of this Samovar's.
    name: Option<String>,
}

impl Subscriber {
    /// A subscription of the template.
    pub(super) fn new(
        topic_arn: &str,
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
        let Subscription { protocol, endpoint: address, filters_body, raw, .. } = subscription;
        let policy = subscription.filter_policy.clone();
        let dead_letter = subscription.dead_letter.as_ref();
        Self {
            arn: Self::arn_of(topic_arn, protocol, address),
            protocol: protocol.clone(),
            address: address.clone(),
            is_made: false,
            endpoint,
            filter: Filter::new(policy.as_ref(), *filters_body),
            policy,
            filters_body: *filters_body,
            raw: *raw,
            dead_letter: dead_letter.map(|destination| DeadLetterQueue {
                arn: destination.arn.clone(),
                name: dead_letter_queue(Some(destination)),
            }),
        }
    }

    /// A subscription that a client makes or has made.
    ///
    /// # Errors
    /// `InvalidParameter`: its protocol, endpoint or one of its attributes.
    pub(super) fn made(
        made: &MadeSubscription,
        functions: &[Arc<Function>],
        queues: &Queues,
    ) -> Result<Self, TopicError> {
        let MadeSubscription { topic_arn, protocol, endpoint: address, attributes } = made;
        let endpoint = match protocol.as_str() {
            "sqs" => queue_name(queues, address).map(Endpoint::Queue),
            "lambda" => {
                let is_it = |arn: &str| {
                    address
                        .strip_prefix(arn)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
                };
                let function = functions.iter().find(|function| is_it(&function.arn));
                function.cloned().map(Endpoint::Function)
            }
            _ => {
                let reason = "Protocol Reason: Samovar delivers to the protocols sqs and lambda";
                return Err(TopicError::invalid(reason));
            }
        };
        let endpoint = endpoint.ok_or_else(|| {
            TopicError::invalid(&format!("Endpoint Reason: no such {protocol} endpoint here"))
        })?;
        let mut subscriber = Self {
            arn: Self::arn_of(topic_arn, protocol, address),
            protocol: protocol.clone(),
            address: address.clone(),
            is_made: true,
            endpoint,
            filter: Filter::All,
            policy: None,
            filters_body: attributes.get("FilterPolicyScope").is_some_and(|it| it == "MessageBody"),
            raw: false,
            dead_letter: None,
        };
        for (name, value) in attributes {
            subscriber.set(name, value, queues)?;
        }
        Ok(subscriber)
    }

    /// SNS API reference, "Subscribe": `Attributes`.
    fn set(&mut self, name: &str, value: &str, queues: &Queues) -> Result<(), TopicError> {
        let invalid = |reason: &str| TopicError::invalid(&format!("{name}: {reason}"));
        match (name, value) {
            ("RawMessageDelivery", "true") if self.protocol == "sqs" => self.raw = true,
            ("RawMessageDelivery", "false") => self.raw = false,
            ("FilterPolicyScope", "MessageAttributes" | "MessageBody") => {}
            ("FilterPolicy", "") => {}
            ("FilterPolicy", text) => {
                let policy: Value =
                    serde_json::from_str(text).map_err(|_| invalid("failed to parse JSON."))?;
                if !policy.as_object().is_some_and(Map::is_empty) {
                    Pattern::new(&policy).map_err(|error| invalid(&error.to_string()))?;
                    self.filter = Filter::new(Some(&policy), self.filters_body);
                    self.policy = Some(policy);
                }
            }
            ("RedrivePolicy", "") => {}
            ("RedrivePolicy", text) => {
                let policy: Value =
                    serde_json::from_str(text).map_err(|_| invalid("failed to parse JSON."))?;
                let arn = policy["deadLetterTargetArn"].as_str();
                let arn = arn.filter(|arn| arn.starts_with("arn:"));
                let arn = arn.ok_or_else(|| invalid("deadLetterTargetArn is an invalid arn"))?;
                let name = queue_name(queues, arn);
                self.dead_letter = Some(DeadLetterQueue { arn: arn.to_owned(), name });
            }
            ("DeliveryPolicy" | "SubscriptionRoleArn" | "ReplayPolicy", _) => {}
            ("RawMessageDelivery" | "FilterPolicyScope", _) => {
                return Err(TopicError::invalid(name));
            }
            _ => return Err(TopicError::invalid("AttributeName")),
        }
        Ok(())
    }

    /// Attributes by SNS's names, those that a subscription was given and those that all have.
    pub(super) fn attributes(&self) -> Texts {
        let mut attributes = Texts::new();
        let mut add = |name: &str, value: String| attributes.insert(name.to_owned(), value);
        add("RawMessageDelivery", self.raw.to_string());
        if let Some(policy) = &self.policy {
            let scope = if self.filters_body { "MessageBody" } else { "MessageAttributes" };
            add("FilterPolicy", policy.to_string());
            add("FilterPolicyScope", scope.to_owned());
        }
        if let Some(dead_letter) = &self.dead_letter {
            add("RedrivePolicy", json!({"deadLetterTargetArn": dead_letter.arn}).to_string());
        }
        attributes
    }

    /// The ARN of a subscription.
    pub(super) fn arn_of(topic_arn: &str, protocol: &str, endpoint: &str) -> String {
        let digest = Sha256::digest([topic_arn, protocol, endpoint].join("\n"));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
        format!("{topic_arn}:{id}")
    }

    /// Whether the subscription's filter policy lets a message through.
    pub(super) fn wants(&self, publication: &Publication) -> bool {
        let message = || publication.message_for(&self.protocol);
        match &self.filter {
            Filter::Body(_) => self.filter.matches(publication, &message()),
            filter => filter.matches(publication, ""),
        }
    }

    /// Name of the dead-letter queue.
    fn letters(&self) -> Option<&str> {
        self.dead_letter.as_ref()?.name.as_deref()
    }

    /// What a function gets of the topic of this name; `None`: the subscriber is none.
    pub(super) fn parcel(
        &self,
        topic: &str,
        notification: &Notification,
        now: SystemTime,
    ) -> Option<Parcel> {
        let Endpoint::Function(function) = &self.endpoint else { return None };
        let dead_letter = self.letters().map(str::to_owned);
        Some(Parcel::new(
            function,
            Origin::Topic(topic.to_owned()),
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
            attributes: match self.raw {
                true => publication.attributes.clone(),
                false => Default::default(),
            },
            group_id: publication.group_id.clone(),
            deduplication_id: publication.deduplication_id.clone().filter(|_| is_fifo),
            ..SendMessage::new(match self.raw {
                true => notification.message().to_owned(),
                false => notification.queue_body(),
            })
        };
        let Err(error) = queues.send_message(queue, message.clone()).await else { return Ok(()) };
        if !error.is_sender_fault() {
            return Err(error);
        }
        let Some(letters) = self.letters() else { return Ok(()) };
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

/// Name of the queue of this account and region that an ARN means.
fn queue_name(queues: &Queues, arn: &str) -> Option<String> {
    let name = arn.strip_prefix(queues.arn("").as_str())?;
    (!name.is_empty() && !name.contains(':')).then(|| name.to_owned())
}
