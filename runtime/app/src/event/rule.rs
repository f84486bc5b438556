//! `EventBridgeRule` and `CloudWatchEvent` events, and rules with a pattern.
//!
//! Source: SAM developer guide, "EventBridgeRule" and "CloudWatchEvent"; CloudFormation's resource
//! reference, "AWS::Events::Rule".

use super::delivery;
use super::pattern::{self, Form};
use super::source::Source;
use crate::model::RuleTrigger;
use crate::property::{Effect, Table};

pub(super) const TABLE: &Table = &[
    ("DeadLetterConfig", Effect::Read),
    ("Enabled", Effect::Read),
    ("EventBusName", Effect::Read),
    ("Input", Effect::Read),
    ("InputPath", Effect::Read),
    ("InputTransformer", Effect::Read),
    ("Pattern", Effect::Read),
    ("RetryPolicy", Effect::Read),
    ("RuleName", Effect::Read),
    ("State", Effect::Read),
    ("Target", Effect::Read),
];

/// States of rules with a pattern.
pub(crate) const STATES: &[&str] =
    &["ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"];

/// An `EventBridgeRule` or `CloudWatchEvent` event.
pub(super) fn event(source: &Source) -> Option<RuleTrigger> {
    if let Some(target) = source.part("Target", &["Id"]) {
        target.required("Id", "add one: `Id: orders`");
        target.name("Id", ".-_", 64);
    }
    let name = source.name("RuleName", ".-_", 64);
    let trigger = read(source, "Pattern", source, name);
    let dead_letter = delivery::sam_dead_letter(source);
    Some(RuleTrigger { dead_letter, ..trigger? })
}

/// A rule with its pattern in `property`, and one of its targets; without dead letters.
pub(crate) fn read(
    source: &Source,
    property: &str,
    target: &Source,
    name: Option<String>,
) -> Option<RuleTrigger> {
    let bus = source.text("EventBusName", 1..=1600);
    let enabled = source.enabled(STATES);
    delivery::check_inputs(target);
    let input = delivery::input(target, delivery::MAX_RULE_INPUT);
    let input_path = delivery::input_path(target);
    let input_transformer = delivery::input_transformer(target);
    let retry = delivery::retry(target);
    source.required(property, &format!("add one: `{property}: {{source: [orders]}}`"))?;
    let pattern = pattern::read(source, property, Form::Nested)?;
    Some(RuleTrigger {
        name: source.key.name.clone(),
        rule: name.unwrap_or_else(|| source.physical_name()),
        bus: bus.unwrap_or_else(|| "default".to_owned()),
        pattern,
        input,
        input_path,
        input_transformer,
        retry,
        dead_letter: None,
        enabled,
        span: source.span(),
    })
}
