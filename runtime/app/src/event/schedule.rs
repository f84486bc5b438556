//! `Schedule` events and rules with a schedule (EventBridge), `ScheduleV2` events and schedules
//! (EventBridge Scheduler).
//!
//! Source: SAM developer guide, "Schedule" and "ScheduleV2"; CloudFormation's resource reference,
//! "AWS::Events::Rule" and "AWS::Scheduler::Schedule".

use std::time::Duration;

use super::source::Source;
use super::{delivery, rate, time, zone};
use crate::model::{Rate, ScheduleService, ScheduleTrigger};
use crate::node::{Kind, Value};
use crate::property::{Effect, Table};

/// States of rules and schedules.
pub(crate) const STATES: &[&str] = &["ENABLED", "DISABLED"];

pub(super) const RULE: &Table = &[
    ("DeadLetterConfig", Effect::Read),
    ("Description", Effect::Accepted),
    ("Enabled", Effect::Read),
    ("Input", Effect::Read),
    ("Name", Effect::Read),
    ("RetryPolicy", Effect::Read),
    ("RoleArn", Effect::Accepted),
    ("RuleName", Effect::Accepted),
    ("Schedule", Effect::Read),
    ("State", Effect::Read),
];

pub(super) const SCHEDULER: &Table = &[
    ("DeadLetterConfig", Effect::Read),
    ("Description", Effect::Accepted),
    ("EndDate", Effect::Read),
    ("FlexibleTimeWindow", Effect::Read),
    ("GroupName", Effect::Accepted),
    ("Input", Effect::Read),
    ("KmsKeyArn", Effect::Accepted),
    ("Name", Effect::Read),
    ("OmitName", Effect::Read),
    ("PermissionsBoundary", Effect::Accepted),
    ("RetryPolicy", Effect::Read),
    ("RoleArn", Effect::Accepted),
    ("ScheduleExpression", Effect::Read),
    ("ScheduleExpressionTimezone", Effect::Read),
    ("StartDate", Effect::Read),
    ("State", Effect::Read),
];

/// A `Schedule` event.
pub(super) fn rule_event(source: &Source) -> Option<ScheduleTrigger> {
    source.text("Description", 0..=512);
    let trigger = rule(source, "Schedule", source);
    let dead_letter = delivery::sam_dead_letter(source);
    Some(ScheduleTrigger { dead_letter, ..trigger? })
}

/// A rule with a schedule in `property`, and one of its targets.
pub(crate) fn rule(source: &Source, property: &str, target: &Source) -> Option<ScheduleTrigger> {
    let name = source.name("Name", ".-_", 64);
    read(source, property, target, name, ScheduleService::Rule)
}

/// A `ScheduleV2` event.
pub(super) fn schedule_event(source: &Source) -> Option<ScheduleTrigger> {
    if source.boolean("OmitName") == Some(true) && source.get("Name").is_some() {
        let message = format!("{} has both `Name` and `OmitName`", source.reader.owner);
        source.fault(source.at("OmitName"), message, "keep one of them".to_owned());
    }
    let trigger = schedule(source, source);
    let dead_letter = delivery::sam_dead_letter(source);
    Some(ScheduleTrigger { dead_letter, ..trigger? })
}

/// A schedule of EventBridge Scheduler, and its target.
pub(crate) fn schedule(source: &Source, target: &Source) -> Option<ScheduleTrigger> {
    source.text("Description", 0..=512);
    source.name("GroupName", ".-_", 64);
    let timezone = zone::read(source);
    let (start, end) = dates(source);
    let flexible_window = flexible_window(source);
    let name = source.name("Name", ".-_", 64);
    let service = ScheduleService::Scheduler;
    let trigger = read(source, "ScheduleExpression", target, name, service)?;
    Some(ScheduleTrigger { timezone, start, end, flexible_window, ..trigger })
}

/// What rules and schedules have in common, without dead letters.
fn read(
    source: &Source,
    property: &str,
    target: &Source,
    name: Option<String>,
    service: ScheduleService,
) -> Option<ScheduleTrigger> {
    let enabled = source.enabled(STATES);
    let most = match service {
        ScheduleService::Rule => delivery::MAX_RULE_INPUT,
        ScheduleService::Scheduler => delivery::MAX_SCHEDULE_INPUT,
    };
    let input = delivery::input(target, most);
    let retry = delivery::retry(target);
    let rate = rate(source, property, service)?;
    Some(ScheduleTrigger {
        name: source.key.name.clone(),
        rule: name.unwrap_or_else(|| source.physical_name()),
        service,
        rate,
        timezone: None,
        start: None,
        end: None,
        flexible_window: None,
        input,
        retry,
        dead_letter: None,
        enabled,
        span: source.span(),
    })
}

/// When it fires.
fn rate(source: &Source, property: &str, service: ScheduleService) -> Option<Rate> {
    let node = source.required(property, "add one: `rate(1 minute)`")?;
    let text = source.text(property, 1..=256)?;
    if node.is_unresolved() {
        return Some(Rate::Expression(text));
    }
    match rate::parse(&text, service) {
        Ok(rate) => Some(rate),
        Err(help) => {
            source.reader.wrong(property, node, "a schedule expression", help);
            None
        }
    }
}

/// `StartDate` and `EndDate`.
fn dates(source: &Source) -> (Option<String>, Option<String>) {
    let date = |name| {
        let node = source.get(name)?;
        let text = source.reader.text(name, node)?;
        if node.is_unresolved() {
            return Some((text.to_owned(), None));
        }
        let Some(seconds) = time::instant(text) else {
            let help = "write it with its zone: `2030-01-01T00:00:00Z`".to_owned();
            source.reader.wrong(name, node, "a date and time", help);
            return None;
        };
        Some((text.to_owned(), Some(seconds)))
    };
    let (start, end) = (date("StartDate"), date("EndDate"));
    if let (Some((_, Some(from))), Some((_, Some(to)))) = (&start, &end)
        && from >= to
    {
        let message = format!("{} ends before it starts", source.reader.owner);
        source.fault(source.at("EndDate"), message, "write a later `EndDate`".to_owned());
    }
    (start.map(|(text, _)| text), end.map(|(text, _)| text))
}

/// `FlexibleTimeWindow`.
fn flexible_window(source: &Source) -> Option<Duration> {
    let window = source.part("FlexibleTimeWindow", &["MaximumWindowInMinutes", "Mode"])?;
    let minutes = window.integer("MaximumWindowInMinutes", 1..=1440, "minutes");
    let mode = window.required("Mode", "add one: `Mode: FLEXIBLE`, or `'OFF'`")?;
    if matches!(mode.value, Value::Scalar(Kind::Bool, _)) {
        let help = "write `'OFF'` in quotes: without them it is the boolean".to_owned();
        window.reader.wrong("Mode", mode, "text", help);
        return None;
    }
    let at = window.at("MaximumWindowInMinutes");
    match (window.choice("Mode", &["OFF", "FLEXIBLE"])?, window.get("MaximumWindowInMinutes")) {
        ("FLEXIBLE", None) => {
            let message = format!("{} has no `MaximumWindowInMinutes`", window.reader.owner);
            window.fault(at, message, "add one: `MaximumWindowInMinutes: 15`".to_owned());
            None
        }
        ("OFF", Some(_)) => {
            let message = format!(
                "`MaximumWindowInMinutes` of {} needs `Mode: FLEXIBLE`",
                window.reader.owner
            );
            window.fault(at, message, "remove it, or change the mode".to_owned());
            None
        }
        ("FLEXIBLE", _) => minutes.map(|minutes| Duration::from_secs(60 * u64::from(minutes))),
        _ => None,
    }
}
