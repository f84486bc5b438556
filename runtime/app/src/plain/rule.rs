//! `AWS::Events::Rule`.
//!
//! Source: CloudFormation's resource reference, "AWS::Events::Rule" and "AWS::Events::Rule Target".

use super::{Links, target};
use crate::event::{Source, delivery, rule, schedule};
use crate::model::{RuleTrigger, ScheduleTrigger, Sender};
use crate::property::{Effect, Table};
use crate::resolve::Resolver;
use crate::template::Resource;

const TABLE: &Table = &[
    ("Description", Effect::Accepted),
    ("EventBusName", Effect::Read),
    ("EventPattern", Effect::Read),
    ("Name", Effect::Read),
    ("RoleArn", Effect::Accepted),
    ("ScheduleExpression", Effect::Read),
    ("State", Effect::Read),
    ("Tags", Effect::Accepted),
    ("Targets", Effect::Read),
];

const TARGET: &[&str] = &[
    "AppSyncParameters",
    "Arn",
    "BatchParameters",
    "DeadLetterConfig",
    "EcsParameters",
    "HttpParameters",
    "Id",
    "Input",
    "InputPath",
    "InputTransformer",
    "KinesisParameters",
    "RedshiftDataParameters",
    "RetryPolicy",
    "RoleArn",
    "RunCommandParameters",
    "SageMakerPipelineParameters",
    "SqsParameters",
];

pub(super) fn read<'t>(links: &mut Links, resolver: &Resolver<'t>, resource: &Resource<'t>) {
    let source = Source::resource(resolver, resource, TABLE);
    source.text("Description", 0..=512);
    let is_schedule = source.get("ScheduleExpression").is_some();
    let is_pattern = source.get("EventPattern").is_some();
    if !is_schedule && !is_pattern {
        let message =
            format!("{} has neither `ScheduleExpression` nor `EventPattern`", source.reader.owner);
        let help = "add one: `ScheduleExpression: rate(1 minute)`".to_owned();
        source.fault(source.key.at, message, help);
    }
    check_bus(&source, is_schedule);
    let name = source.name("Name", ".-_", 64);
    let targets = source.parts("Targets", TARGET);
    if targets.len() > 5 {
        let message = format!("{} has {} targets", source.reader.owner, targets.len());
        source.fault(source.at("Targets"), message, "a rule has 5 at most".to_owned());
    }
    if targets.is_empty() {
        // It calls nobody, and is checked all the same: it has nothing that a target has.
        let _ = is_schedule.then(|| schedule::rule(&source, "ScheduleExpression", &source));
        let _ = is_pattern.then(|| rule::read(&source, "EventPattern", &source, name.clone()));
    }
    for target in &targets {
        target.required("Id", "add one: `Id: orders`");
        target.name("Id", ".-_", 64);
        delivery::check_inputs(target);
        let dead_letter = delivery::dead_letter(target);
        let by_schedule = is_schedule
            .then(|| schedule::rule(&source, "ScheduleExpression", target))
            .flatten()
            .map(|trigger| ScheduleTrigger { dead_letter: dead_letter.clone(), ..trigger });
        let by_pattern = is_pattern
            .then(|| rule::read(&source, "EventPattern", target, name.clone()))
            .flatten()
            .map(|trigger| RuleTrigger { dead_letter, ..trigger });
        let Some(receiver) = target::read(target) else { continue };
        if let Some(trigger) = by_schedule {
            links.connect(&receiver, Sender::Schedule(trigger));
        }
        if let Some(trigger) = by_pattern {
            links.connect(&receiver, Sender::Rule(trigger));
        }
    }
}

/// Schedules are on the default event bus only.
fn check_bus(source: &Source, is_schedule: bool) {
    let Some(bus) = source.get("EventBusName").filter(|bus| !bus.is_unresolved()) else { return };
    let is_default =
        bus.as_str().is_none_or(|name| name == "default" || name.ends_with(":event-bus/default"));
    if is_schedule && !is_default {
        let message = format!("{} has a schedule on an event bus of its own", source.reader.owner);
        source.fault(bus.at, message, "remove `EventBusName`: AWS refuses it".to_owned());
    }
}
