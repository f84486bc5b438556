//! `Schedule` (EventBridge rules) and `ScheduleV2` (EventBridge Scheduler) events.
//!
//! Source: SAM developer guide, "Schedule" and "ScheduleV2".

use super::{Event, rate};
use crate::model::{Rate, RetryPolicy, ScheduleService, ScheduleTrigger};
use crate::property::{Effect, Table};

const NO_RETRIES: Effect = Effect::Missing("a failed event is not sent again");
const NO_DEAD_LETTERS: Effect = Effect::Missing("a failed event is not kept");

pub(super) const RULE: &Table = &[
    ("DeadLetterConfig", NO_DEAD_LETTERS),
    ("Description", Effect::Accepted),
    ("Enabled", Effect::Read),
    ("Input", Effect::Read),
    ("Name", Effect::Read),
    ("RetryPolicy", NO_RETRIES),
    ("RoleArn", Effect::Accepted),
    ("RuleName", Effect::Accepted),
    ("Schedule", Effect::Read),
    ("State", Effect::Read),
];

pub(super) const SCHEDULER: &Table = &[
    ("DeadLetterConfig", NO_DEAD_LETTERS),
    ("Description", Effect::Accepted),
    ("EndDate", Effect::Missing("the schedule does not end")),
    ("FlexibleTimeWindow", Effect::Missing("the schedule fires on time")),
    ("GroupName", Effect::Accepted),
    ("Input", Effect::Read),
    ("KmsKeyArn", Effect::Accepted),
    ("Name", Effect::Read),
    ("OmitName", Effect::Accepted),
    ("PermissionsBoundary", Effect::Accepted),
    ("RetryPolicy", NO_RETRIES),
    ("RoleArn", Effect::Accepted),
    ("ScheduleExpression", Effect::Read),
    ("ScheduleExpressionTimezone", Effect::Accepted),
    ("StartDate", Effect::Missing("the schedule starts at once")),
    ("State", Effect::Read),
];

pub(super) fn read(event: &Event) -> Option<ScheduleTrigger> {
    let reader = &event.reader;
    let (property, service) = match event.kind {
        "Schedule" => ("Schedule", rate::Service::Rules),
        _ => ("ScheduleExpression", rate::Service::Scheduler),
    };
    let enabled = event.enabled();
    let input = input(event);
    let name = event.get("Name").and_then(|node| reader.text("Name", node));
    let node = event.required(property, "add one: `rate(1 minute)`")?;
    let text = reader.text(property, node)?;
    let rate = match rate::parse(text, service) {
        Ok(rate) => rate,
        Err(help) => {
            reader.wrong(property, node, "a schedule expression", help);
            return None;
        }
    };
    if let Rate::Expression(expression) = &rate {
        let shown: String = expression.chars().take(60).collect();
        let what = format!("{}.{property} ({shown})", event.path());
        reader.report.note(node.at, what, "only `rate(...)` fires: this never does");
    }
    let function = event.function.resource.id;
    Some(ScheduleTrigger {
        name: event.name.to_owned(),
        rule: name.map_or_else(|| format!("{function}{}", event.name), str::to_owned),
        service: match event.kind {
            "Schedule" => ScheduleService::Rule,
            _ => ScheduleService::Scheduler,
        },
        rate,
        timezone: None,
        start: None,
        end: None,
        flexible_window: None,
        input,
        retry: RetryPolicy::default(),
        dead_letter: None,
        enabled,
        span: event.span(),
    })
}

/// `Input`: JSON as text, which EventBridge checks when the target is created.
fn input(event: &Event) -> Option<String> {
    let node = event.get("Input")?;
    let text = event.reader.text("Input", node)?;
    if let Err(e) = serde_json::from_str::<serde_json::Value>(text) {
        let help = format!("write JSON in quotes, as in '{{\"key\": \"value\"}}' ({e})");
        event.reader.wrong("Input", node, "JSON text", help);
        return None;
    }
    Some(text.to_owned())
}
