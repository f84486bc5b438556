//! `CloudWatchLogs` events, and subscription filters.
//!
//! Source: SAM developer guide, "CloudWatchLogs"; CloudFormation's resource reference,
//! "AWS::Logs::SubscriptionFilter".

use super::source::Source;
use crate::model::LogsTrigger;
use crate::property::{Effect, Table};

pub(super) const TABLE: &Table = &[("FilterPattern", Effect::Read), ("LogGroupName", Effect::Read)];

pub(crate) fn read(source: &Source) -> Option<LogsTrigger> {
    source.required("LogGroupName", "add one: `LogGroupName: !Ref LOGS`");
    source.required("FilterPattern", "add one: `FilterPattern: ERROR`, or `\"\"` for every line");
    let log_group = source.name("LogGroupName", "._-/#", 512);
    let filter_pattern = source.text("FilterPattern", 0..=1024);
    Some(LogsTrigger {
        name: source.key.name.clone(),
        log_group: log_group?,
        filter_pattern: filter_pattern?,
        span: source.span(),
    })
}
