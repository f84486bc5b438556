//! Event buses: what `PutEvents` brings is matched with the rules of the template, and goes to
//! the functions and queues that they have as targets.
//!
//! EventBridge user guide, "Event bus concepts"; API reference, "PutEvents".

mod entry;
mod event;
mod input;
mod path;
mod try_pattern;

use std::sync::Arc;

use samovar_app::{Function, QueueTarget, RuleTrigger, Sender, Trigger};
use samovar_dispatch::Account;
use samovar_queue::QueueError;
use serde_json::Value;
use thiserror::Error;

pub use self::entry::{Entry, EntryError};
use self::event::Event;
use self::input::Input;
pub use self::try_pattern::{TryPatternError, try_pattern};
use crate::deliveries::{Deliveries, Origin};
use crate::pattern::Pattern;
use crate::target::{Shipment, Target, ship};

/// The most entries of one request (API reference, "PutEvents").
const MAX_ENTRIES: usize = 10;

/// The most bytes of all entries of one request (EventBridge guide, "Amazon EventBridge quotas").
const MAX_BYTES: usize = 1024 * 1024;

/// The event buses of an application. Cheap to clone.
///
/// A bus is what rules name; one that no rule names takes events too, as on AWS, where nobody is
/// told that a bus does not exist.
#[derive(Clone)]
pub struct EventBuses(Arc<Shared>);

struct Shared {
    rules: Vec<Rule>,
    account: Account,
    deliveries: Deliveries,
}

/// A rule and one of its targets.
struct Rule {
    trigger: RuleTrigger,
    /// Name of the bus, out of the name or ARN that the template has.
    bus: String,
    pattern: Pattern,
    input: Input,
    target: Target,
}

/// Why no entry of a request was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PutEventsError {
    /// `ValidationException`: the request breaks one of its limits.
    #[error("{0}")]
    Validation(String),
    /// The store failed. Some events may have been accepted all the same.
    #[error(transparent)]
    Store(#[from] QueueError),
}

impl EventBuses {
    /// The buses with the rules that start these functions and send to these queues. A rule that
    /// is disabled, or whose pattern is only known on AWS, matches nothing.
    pub fn new(
        functions: &[Arc<Function>],
        queues: &[QueueTarget],
        account: Account,
        deliveries: Deliveries,
    ) -> Self {
        let to_functions = functions.iter().flat_map(|function| {
            function.triggers.iter().filter_map(|trigger| match trigger {
                Trigger::Rule(rule) => {
                    let dead_letter = rule.dead_letter.as_ref();
                    Rule::new(rule, Target::function(function, dead_letter))
                }
                _ => None,
            })
        });
        let to_queues = queues.iter().filter_map(|queue| match &queue.sender {
            Sender::Rule(rule) => Rule::new(rule, Target::queue(queue, rule.dead_letter.as_ref())),
            Sender::Schedule(_) => None,
        });
        let rules = to_functions.chain(to_queues).collect();
        Self(Arc::new(Shared { rules, account, deliveries }))
    }

    /// Names of the buses that rules name, and the default one, in the order of the alphabet.
    pub fn names(&self) -> Vec<&str> {
        let named = self.0.rules.iter().map(|rule| rule.bus.as_str());
        let mut names: Vec<_> = named.chain([DEFAULT]).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// `PutEvents`: the ids of the events that were accepted, in the order of the entries. What
    /// they lead to is on disk when this returns.
    ///
    /// # Errors
    /// See [`PutEventsError`]; what is wrong with an entry is in its place.
    pub async fn put_events(
        &self,
        entries: Vec<Entry>,
    ) -> Result<Vec<Result<String, EntryError>>, PutEventsError> {
        let limit = |reason: &str| {
            let subject = "1 validation error detected: Value at 'entries' failed to satisfy \
                           constraint: Member must have length";
            PutEventsError::Validation(format!("{subject} {reason}"))
        };
        if entries.is_empty() {
            return Err(limit("greater than or equal to 1"));
        }
        if entries.len() > MAX_ENTRIES {
            return Err(limit(&format!("less than or equal to {MAX_ENTRIES}")));
        }
        if entries.iter().map(Entry::size).sum::<usize>() >= MAX_BYTES {
            let message = "Total size of the entries in the request is over the limit.";
            return Err(PutEventsError::Validation(message.to_owned()));
        }
        let mut results = Vec::with_capacity(entries.len());
        let mut shipments = Vec::new();
        for entry in entries {
            let now = self.0.deliveries.clock().now();
            let bus = bus_name(entry.bus.as_deref().unwrap_or(DEFAULT)).to_owned();
            match Event::new(entry, &self.0.account, now) {
                Ok(event) => {
                    self.0.route(&bus, &event, &mut shipments).await?;
                    results.push(Ok(event.id));
                }
                Err(error) => results.push(Err(error)),
            }
        }
        ship(&self.0.deliveries, shipments).await?;
        Ok(results)
    }
}

const DEFAULT: &str = "default";

/// The name in a name or ARN: `arn:aws:events:REGION:ACCOUNT:event-bus/NAME`.
fn bus_name(bus: &str) -> &str {
    bus.rsplit_once(":event-bus/").map_or(bus, |(_, name)| name)
}

impl Rule {
    fn new(trigger: &RuleTrigger, target: Target) -> Option<Self> {
        Some(Self {
            bus: bus_name(&trigger.bus).to_owned(),
            pattern: Pattern::new(&trigger.pattern).ok().filter(|_| trigger.enabled)?,
            input: Input::new(trigger),
            trigger: trigger.clone(),
            target,
        })
    }

    /// `arn:aws:events:REGION:ACCOUNT:rule/NAME`, with the bus before the name unless it is the
    /// default one.
    fn arn(&self, account: &Account) -> String {
        let Account { id, region } = account;
        let name = &self.trigger.rule;
        match self.bus.as_str() {
            DEFAULT => format!("arn:aws:events:{region}:{id}:rule/{name}"),
            bus => format!("arn:aws:events:{region}:{id}:rule/{bus}/{name}"),
        }
    }
}

impl Shared {
    /// Adds what the rules of a bus make of an event.
    async fn route(
        &self,
        bus: &str,
        event: &Event,
        shipments: &mut Vec<Shipment>,
    ) -> Result<(), QueueError> {
        for rule in self.rules.iter().filter(|rule| rule.bus == bus) {
            if !rule.pattern.matches(&event.value) {
                continue;
            }
            let arn = rule.arn(&self.account);
            let payload = rule.input.apply(event, &arn, &rule.trigger.rule);
            let is_json =
                !rule.input.may_break() || serde_json::from_str::<Value>(&payload).is_ok();
            let origin = Origin::Rule(rule.trigger.rule.clone());
            // A dead letter has the event, not what is no JSON.
            let payload = if is_json { payload } else { event.json.clone() };
            let now = self.deliveries.clock().now();
            let shipment = rule.target.shipment(origin, &arn, payload, now);
            if is_json {
                shipments.push(shipment);
            } else {
                let message = "the InputTransformer's template gives no JSON for this event";
                shipment.reject(&self.deliveries, "INVALID_JSON", message).await?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
