//! The events of scheduled rules and of EventBridge Scheduler.

use jiff::Timestamp;
use samovar_app::{ScheduleService, ScheduleTrigger};
use samovar_dispatch::Account;
use serde::Serialize;

/// Lambda guide, "Using AWS Lambda with Amazon EventBridge (CloudWatch Events)".
#[derive(Serialize)]
struct ScheduledEvent<'e> {
    version: &'static str,
    id: String,
    #[serde(rename = "detail-type")]
    detail_type: &'static str,
    source: &'static str,
    account: &'e str,
    time: String,
    region: &'e str,
    resources: [&'e str; 1],
    detail: Detail,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Detail {
    /// A rule's: `{}`.
    Object {},
    /// The Scheduler's: the same as text.
    Text(&'static str),
}

/// The rule's or schedule's ARN; schedules are in the default group.
pub(crate) fn arn(account: &Account, trigger: &ScheduleTrigger) -> String {
    let Account { id, region } = account;
    let name = &trigger.rule;
    match trigger.service {
        ScheduleService::Rule => format!("arn:aws:events:{region}:{id}:rule/{name}"),
        ScheduleService::Scheduler => {
            format!("arn:aws:scheduler:{region}:{id}:schedule/default/{name}")
        }
    }
}

/// The event's JSON.
pub(crate) fn scheduled(
    account: &Account,
    trigger: &ScheduleTrigger,
    arn: &str,
    due: Timestamp,
) -> String {
    let (source, detail) = match trigger.service {
        ScheduleService::Rule => ("aws.events", Detail::Object {}),
        ScheduleService::Scheduler => ("aws.scheduler", Detail::Text("{}")),
    };
    let event = ScheduledEvent {
        version: "0",
        id: uuid::Uuid::new_v4().to_string(),
        detail_type: "Scheduled Event",
        source,
        account: &account.id,
        time: spelled(due),
        region: &account.region,
        resources: [arn],
        detail,
    };
    // Strings only: this cannot fail.
    serde_json::to_string(&event).unwrap_or_default()
}

/// A schedule's `Input`, with what it asks to know of the schedule (EventBridge Scheduler guide,
/// "Adding context attributes"). Retries have the input of the first attempt.
pub(crate) fn filled(input: &str, arn: &str, due: Timestamp) -> String {
    if !input.contains("<aws.scheduler.") {
        return input.to_owned();
    }
    let execution = uuid::Uuid::new_v4().simple().to_string();
    input
        .replace("<aws.scheduler.schedule-arn>", arn)
        .replace("<aws.scheduler.scheduled-time>", &spelled(due))
        .replace("<aws.scheduler.execution-id>", &execution[..16])
        .replace("<aws.scheduler.attempt-number>", "1")
}

/// `2015-10-08T16:53:06Z`.
fn spelled(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
