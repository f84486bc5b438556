//! EventBridge's event of a scheduled rule.

use std::time::SystemTime;

use samovar_dispatch::Account;
use serde::Serialize;

use crate::time::rfc3339;

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
    resources: [String; 1],
    detail: Detail,
}

/// `{}`.
#[derive(Serialize)]
struct Detail {}

/// The event's JSON.
pub(crate) fn scheduled(account: &Account, rule: &str, at: SystemTime) -> Vec<u8> {
    let event = ScheduledEvent {
        version: "0",
        id: uuid::Uuid::new_v4().to_string(),
        detail_type: "Scheduled Event",
        source: "aws.events",
        account: &account.id,
        time: rfc3339(at),
        region: &account.region,
        resources: [format!("arn:aws:events:{}:{}:rule/{rule}", account.region, account.id)],
        detail: Detail {},
    };
    // Strings only: this cannot fail.
    serde_json::to_vec(&event).unwrap_or_default()
}
