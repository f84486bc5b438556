//! `SNS` events, and subscriptions of functions.
//!
//! Source: SAM developer guide, "SNS" and "SqsSubscriptionObject"; CloudFormation's resource
//! reference, "AWS::SNS::Subscription".

use serde_json::Value as Json;

use super::pattern::{self, Form};
use super::queue;
use super::source::{Consumer, Source};
use crate::model::{Destination, QueueTrigger, SqsSubscription, Target, TopicTrigger};
use crate::property::{Effect, Table};

pub(super) const TABLE: &Table = &[
    ("FilterPolicy", Effect::Read),
    ("FilterPolicyScope", Effect::Read),
    ("RedrivePolicy", Effect::Read),
    ("Region", Effect::Accepted),
    ("SqsSubscription", Effect::Read),
    ("Topic", Effect::Read),
];

/// What a subscription says beside its endpoint.
pub(crate) struct Delivery {
    pub(crate) topic_arn: Option<String>,
    /// Logical id of the topic, where it is one of the template's.
    pub(crate) topic: Option<String>,
    pub(crate) filter_policy: Option<Json>,
    pub(crate) filters_body: bool,
    pub(crate) dead_letter: Option<Destination>,
}

/// Reads a subscription to the topic whose ARN `property` has.
pub(crate) fn delivery(source: &Source, property: &str) -> Delivery {
    let scope = source.choice("FilterPolicyScope", &["MessageAttributes", "MessageBody"]);
    let filters_body = scope == Some("MessageBody");
    // Of a scope that is not known or wrong, either form will do.
    let is_flat = source.get("FilterPolicyScope").is_none() || scope == Some("MessageAttributes");
    let form = if is_flat { Form::Flat } else { Form::Nested };
    let topic_arn = source.arn(property, "a topic", "!Ref TOPIC");
    let topic = topic_arn.as_ref().and_then(|arn| match source.resolver.load.targets.find(arn) {
        Target::Topic(id) => Some(id),
        _ => None,
    });
    if let Some(arn) = topic_arn.as_ref().filter(|_| topic.is_none()) {
        let shown: String = arn.chars().take(120).collect();
        let note = format!("{shown} is not a topic of this template: nothing arrives from it");
        source.reader.report.note(source.at(property), source.path(), note);
    }
    Delivery {
        topic_arn,
        topic,
        filter_policy: pattern::read(source, "FilterPolicy", form),
        filters_body,
        dead_letter: redrive(source),
    }
}

/// An `SNS` event. Through a queue, it is an event source mapping on that too.
pub(super) fn event(
    source: &Source,
    consumer: &Consumer,
) -> Option<(TopicTrigger, Option<QueueTrigger>)> {
    let delivery = delivery(source, "Topic");
    let through = through_queue(source, consumer);
    let (by_queue, mapping) = through.unzip();
    let trigger = TopicTrigger {
        name: source.key.name.clone(),
        arn: delivery.topic_arn?,
        topic: delivery.topic,
        filter_policy: delivery.filter_policy,
        filters_body: delivery.filters_body,
        by_queue,
        dead_letter: delivery.dead_letter,
        span: source.span(),
    };
    Some((trigger, mapping))
}

/// `SqsSubscription`: `true`, for a queue that SAM makes, or what queue of the template it is.
fn through_queue(source: &Source, consumer: &Consumer) -> Option<(SqsSubscription, QueueTrigger)> {
    let node = source.get("SqsSubscription")?;
    if node.as_str().is_some() {
        if !source.boolean("SqsSubscription")? {
            return None;
        }
        let made = source.resolver.generated_queue(&format!("{}Queue", source.id))?;
        let arn = source.resolver.queue_arn(&made.name);
        let mapping = queue::of_subscription(source, &source.key.name, &arn, 10, consumer);
        let through = SqsSubscription { queue_arn: None, batch_size: 10, enabled: true };
        return Some((through, mapping));
    }
    let names = ["BatchSize", "Enabled", "QueueArn", "QueuePolicyLogicalId", "QueueUrl"];
    let part = source.part("SqsSubscription", &names)?;
    let batch_size = part.integer("BatchSize", 1..=10_000, "messages").unwrap_or(10);
    let enabled = part.boolean("Enabled").unwrap_or(true);
    part.text("QueuePolicyLogicalId", 1..=255);
    part.required("QueueUrl", "add one: `QueueUrl: !Ref QUEUE`");
    let arn = queue::arn(&part, "QueueArn")?;
    if !enabled {
        // SAM's transform makes a mapping that is enabled whatever is written here.
        let note = "the mapping is enabled all the same, as SAM makes it";
        let what = format!("{}.Enabled (false)", part.path());
        source.reader.report.note(part.at("Enabled"), what, note);
    }
    let mapping = queue::of_subscription(&part, &source.key.name, &arn, batch_size, consumer);
    Some((SqsSubscription { queue_arn: Some(arn), batch_size, enabled }, mapping))
}

/// `RedrivePolicy`: a mapping, or JSON text of one.
fn redrive(source: &Source) -> Option<Destination> {
    let node = source.get("RedrivePolicy")?;
    let name = "deadLetterTargetArn";
    let arn = match node.as_str() {
        Some(_) if node.is_unresolved() => return None,
        Some(text) => {
            let json = pattern::from_text(source, "RedrivePolicy", node, text)?;
            let arn = json.get(name).and_then(Json::as_str).map(str::to_owned);
            if arn.is_none() {
                let message = format!("`RedrivePolicy` of {} has no `{name}`", source.reader.owner);
                source.fault(node.at, message, None);
            }
            arn?
        }
        None => queue::arn(&source.part("RedrivePolicy", &[name])?, name)?,
    };
    Some(source.resolver.load.targets.destination(&arn))
}
