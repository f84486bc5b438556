//! What Samovar's own pages on schedules say (`samovar-api`, module `schedules`).

use serde::{Deserialize, Serialize};

/// `GET /_samovar/schedules`.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct SchedulesPage {
    /// In template order.
    pub(super) schedules: Vec<Schedule>,
}

/// A rule with a schedule, or a schedule of EventBridge Scheduler.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Schedule {
    pub(super) name: String,
    pub(super) expression: String,
    /// Absent: UTC.
    pub(super) time_zone: Option<String>,
    pub(super) enabled: bool,
    /// In milliseconds since 1970; absent: never by itself.
    pub(super) next_at: Option<u64>,
    /// Names of functions and queues.
    pub(super) targets: Vec<String>,
}
