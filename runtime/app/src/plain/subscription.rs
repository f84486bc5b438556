//! `AWS::SNS::Subscription`.
//!
//! Source: CloudFormation's resource reference, "AWS::SNS::Subscription".

use super::Links;
use crate::event::{Source, topic as event};
use crate::model::{Subscription, Target, TopicTrigger, Trigger};
use crate::property::{Effect, Table};
use crate::resolve::Resolver;
use crate::template::Resource;
use crate::topic;

const KIND: &str = "AWS::SNS::Subscription";

const TABLE: &Table = &[
    ("DeliveryPolicy", Effect::Accepted),
    ("Endpoint", Effect::Read),
    ("FilterPolicy", Effect::Read),
    ("FilterPolicyScope", Effect::Read),
    ("Protocol", Effect::Read),
    ("RawMessageDelivery", Effect::Read),
    ("RedrivePolicy", Effect::Read),
    ("Region", Effect::Accepted),
    ("ReplayPolicy", Effect::Accepted),
    ("SubscriptionRoleArn", Effect::Accepted),
    ("TopicArn", Effect::Read),
];

pub(super) fn read<'t>(links: &mut Links, resolver: &Resolver<'t>, resource: &Resource<'t>) {
    let source = Source::resource(resolver, resource, TABLE);
    let delivery = event::delivery(&source, "TopicArn");
    let raw = source.boolean("RawMessageDelivery").unwrap_or(false);
    let Some(endpoint) = topic::endpoint(&source) else { return };
    if raw && matches!(endpoint.protocol.as_str(), "lambda" | "sms" | "email" | "email-json") {
        let message = format!(
            "`RawMessageDelivery` of {} is not for the protocol `{}`",
            source.reader.owner, endpoint.protocol
        );
        source.fault(source.at("RawMessageDelivery"), message, "remove it".to_owned());
    }
    let Some(arn) = delivery.topic_arn else { return };
    if let Target::Function(function) = &endpoint.target {
        let trigger = Trigger::Topic(TopicTrigger {
            name: source.key.name.clone(),
            arn,
            topic: delivery.topic.clone(),
            filter_policy: delivery.filter_policy.clone(),
            filters_body: delivery.filters_body,
            by_queue: None,
            dead_letter: delivery.dead_letter.clone(),
            span: source.span(),
        });
        links.triggers.push((function.clone(), trigger));
    } else if endpoint.protocol != "sqs" || !matches!(endpoint.target, Target::Queue(_)) {
        let what = format!("{} ({KIND})", source.path());
        source.reader.report.note(source.key.at, what, "nothing is delivered by it");
    }
    if let Some(topic) = delivery.topic {
        links.subscriptions.push((
            topic,
            Subscription {
                protocol: endpoint.protocol,
                endpoint: endpoint.address,
                target: endpoint.target,
                filter_policy: delivery.filter_policy,
                filters_body: delivery.filters_body,
                raw,
                dead_letter: delivery.dead_letter,
                span: source.span(),
            },
        ));
    }
}
