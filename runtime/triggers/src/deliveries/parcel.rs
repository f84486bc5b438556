//! One event for one function, and how it is kept.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use samovar_app::{Destination, Function, Target};
use samovar_dispatch::{Event, Invocation, Source};
use samovar_queue::{AttributeValue, Message, MessageAttribute, SendMessage};
use serde::{Deserialize, Serialize};

use super::DeadLetter;
use crate::time::epoch_millis;

/// Largest event of an asynchronous invocation, in bytes (Lambda guide, "Lambda quotas": 1 MB).
/// What is left of SQS's 1 MiB is the description's, and a dead letter's attributes.
pub(super) const MAX_PAYLOAD: usize = 1_000_000;

/// The message attribute with the event's bytes. As text they would have to be without the
/// characters that SQS refuses.
const EVENT: &str = "event";

/// An event and what is to become of it.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    /// Everything but the event.
    pub(crate) label: Label,
    /// The event's JSON.
    pub(crate) payload: Bytes,
}

/// What is known of an event, in the queue's JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Label {
    /// Name of the function.
    pub(crate) function: String,
    pub(crate) origin: Origin,
    pub(crate) limits: Limits,
    pub(crate) dead_letter: Option<DeadLetter>,
    /// When it was accepted, in milliseconds since the Unix epoch.
    pub(crate) accepted: u64,
    /// How often the function ran and failed.
    pub(crate) failures: u32,
    /// How often the function was throttled or could not run.
    pub(crate) refusals: u32,
    /// What its invocations have in common.
    #[serde(default)]
    pub(crate) call: Call,
}

/// What an invocation has beside its event; the same in every attempt.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Call {
    /// The request id.
    pub(crate) request_id: String,
    /// Version or alias; `None`: `$LATEST`.
    pub(crate) qualifier: Option<String>,
    /// Client context, as JSON text.
    pub(crate) client_context: Option<String>,
    /// `X-Amzn-Trace-Id` of whoever asked; `None`: each attempt has its own.
    pub(crate) trace_id: Option<String>,
}

impl Default for Call {
    /// One with a new request id.
    fn default() -> Self {
        Self {
            request_id: uuid::Uuid::new_v4().to_string(),
            qualifier: None,
            client_context: None,
            trace_id: None,
        }
    }
}

/// What sent the event, by name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Origin {
    /// A topic.
    Topic(String),
    /// A rule with a pattern.
    Rule(String),
    /// A rule or schedule with a clock.
    Schedule(String),
    /// `Invoke` with the invocation type `Event`.
    Invoke,
    /// The outcome of another function, by its name.
    Function(String),
}

impl From<Origin> for Source {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Topic(topic) => Self::Topic { topic },
            Origin::Rule(rule) => Self::Rule { rule },
            Origin::Schedule(rule) => Self::Schedule { rule },
            Origin::Invoke => Self::Invoke,
            Origin::Function(function) => Self::Function { function },
        }
    }
}

/// How often and how long an event is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limits {
    /// Most retries after the function failed.
    pub(crate) failures: u32,
    /// Most retries after it was throttled or could not run.
    pub(crate) refusals: u32,
    /// Milliseconds from its acceptance after which it is given up.
    pub(crate) age: u64,
}

impl Limits {
    /// Those of Lambda's asynchronous invocation alone: throttles count for nothing there.
    pub(crate) fn of_function(function: &Function) -> Self {
        let lambda = &function.asynchronous;
        Self {
            failures: lambda.maximum_retries,
            refusals: u32::MAX,
            age: millis(lambda.maximum_age),
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Name of the template's queue that a destination is; `None` for anything else.
pub(crate) fn dead_letter_queue(destination: Option<&Destination>) -> Option<String> {
    match &destination?.target {
        Target::Queue(name) => Some(name.clone()),
        _ => None,
    }
}

impl Parcel {
    /// An event that was accepted at this time and has not been tried.
    pub(crate) fn new(
        function: &Function,
        origin: Origin,
        limits: Limits,
        dead_letter: Option<DeadLetter>,
        payload: impl Into<Bytes>,
        accepted: SystemTime,
    ) -> Self {
        let label = Label {
            function: function.name.clone(),
            origin,
            limits,
            dead_letter,
            accepted: epoch_millis(accepted),
            failures: 0,
            refusals: 0,
            // What has a caller, which names what it calls, says so afterwards.
            call: Call { qualifier: function.alias.clone(), ..Call::default() },
        };
        Self { label, payload: payload.into() }
    }

    /// What the dispatcher knows the function by.
    pub(super) fn qualified_name(&self) -> String {
        match &self.label.call.qualifier {
            Some(qualifier) => format!("{}:{qualifier}", self.label.function),
            None => self.label.function.clone(),
        }
    }

    /// The invocation of one attempt.
    pub(super) fn invocation(&self) -> Invocation {
        let event = Event::Bytes(self.payload.clone());
        let mut invocation = Invocation::new(event, self.label.origin.clone().into());
        let call = &self.label.call;
        invocation.request_id.clone_from(&call.request_id);
        invocation.client_context.clone_from(&call.client_context);
        if let Some(trace_id) = &call.trace_id {
            invocation.trace_id.clone_from(trace_id);
        }
        invocation
    }

    /// Whether Lambda takes it at all.
    pub(super) fn fits_lambda(&self) -> bool {
        self.payload.len() <= MAX_PAYLOAD
    }

    /// The message that keeps it, to be delivered after this many seconds.
    pub(super) fn message(&self, delay_seconds: u64) -> SendMessage {
        // Strings and numbers only: this cannot fail.
        let label = serde_json::to_string(&self.label).unwrap_or_default();
        let value = AttributeValue::Binary(self.payload.clone());
        let event = MessageAttribute { data_type: "Binary".into(), value };
        SendMessage {
            delay_seconds: i64::try_from(delay_seconds).ok(),
            attributes: [(EVENT.to_owned(), event)].into(),
            ..SendMessage::new(label)
        }
    }

    /// What a message keeps; `None`: it is of another version, or somebody else's.
    pub(super) fn read(message: &Message) -> Option<Self> {
        let label = serde_json::from_str(&message.body).ok()?;
        match &message.attributes.get(EVENT)?.value {
            AttributeValue::Binary(payload) => Some(Self { label, payload: payload.clone() }),
            AttributeValue::String(_) => None,
        }
    }
}
