//! What people are told of schedules.

use std::time::SystemTime;

use samovar_queue::QueueError;
use thiserror::Error;

/// One schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleInfo {
    /// The name of the rule or schedule.
    pub name: String,
    /// `rate(5 minutes)`, `cron(0 8 * * ? *)`.
    pub expression: String,
    /// `ScheduleExpressionTimezone`, where it has one.
    pub timezone: Option<String>,
    /// Whether it fires by itself.
    pub enabled: bool,
    /// When it fires next, apart from a flexible window; `None`: never by itself.
    pub next: Option<SystemTime>,
    /// Names of the functions and queues that get its events.
    pub targets: Vec<String>,
}

/// Why a schedule was not fired.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FireError {
    /// No schedule is called so.
    #[error("there is no such schedule")]
    Unknown,
    /// These schedules have events of that name.
    #[error("several schedules are called so: {}", .0.join(", "))]
    Ambiguous(Vec<String>),
    /// The store failed. Some targets may have got the event all the same.
    #[error(transparent)]
    Store(QueueError),
}
