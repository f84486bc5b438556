//! What event source mappings of every source have in common.
//!
//! Source: Lambda API reference, "CreateEventSourceMapping", and CloudFormation's resource
//! reference, "AWS::Lambda::EventSourceMapping".

use std::time::Duration;

use serde_json::Value as Json;

use super::pattern::{self, Form};
use super::source::Source;
use crate::model::Destination;

/// `BatchSize`, within the bounds of every source.
pub(super) fn batch_size(source: &Source, unit: &str) -> Option<u32> {
    source.integer("BatchSize", 1..=10_000, unit)
}

/// `MaximumBatchingWindowInSeconds` in seconds.
pub(super) fn batch_window(source: &Source) -> Option<u32> {
    source.integer("MaximumBatchingWindowInSeconds", 0..=300, "seconds")
}

/// `FilterCriteria`: at most 20 patterns, each JSON text of an object.
pub(super) fn filters(source: &Source) -> Vec<Json> {
    let Some(criteria) = source.part("FilterCriteria", &["Filters"]) else { return Vec::new() };
    let filters = criteria.parts("Filters", &["Pattern"]);
    if filters.len() > 20 {
        let message = format!("{} has {} filters", criteria.reader.owner, filters.len());
        let help = "write 20 at most, each with more values".to_owned();
        criteria.fault(criteria.at("Filters"), message, help);
    }
    let patterns = filters.iter().filter_map(|filter| {
        filter.required("Pattern", "add one: `Pattern: '{\"body\": {\"key\": [\"value\"]}}'`")?;
        if filter.get("Pattern").is_some_and(|node| node.as_str().is_some()) {
            filter.text("Pattern", 0..=4096)?;
        }
        pattern::read(filter, "Pattern", Form::Text)
    });
    patterns.collect()
}

/// `FunctionResponseTypes`: whether failures of a part of a batch are reported.
pub(super) fn reports_failures(source: &Source) -> bool {
    let name = "FunctionResponseTypes";
    let types = source.get(name).and_then(|node| source.reader.list(name, node));
    let mut reports = false;
    for item in types.unwrap_or_default() {
        reports |= source.reader.choice(name, item, &["ReportBatchItemFailures"]).is_some();
    }
    reports
}

/// `ProvisionedPollerConfig`, which is checked only: pollers scale on their own here. `least` is
/// the fewest that the source can do with, `most` the most that it can have.
pub(super) fn check_pollers(source: &Source, least: u32, most: u32) {
    let names = ["MaximumPollers", "MinimumPollers", "PollerGroupName"];
    let Some(part) = source.part("ProvisionedPollerConfig", &names) else { return };
    let maximum = part.integer(names[0], least..=most, "pollers");
    let minimum = part.integer(names[1], least..=200, "pollers");
    if let (Some(maximum), Some(minimum)) = (maximum, minimum)
        && maximum < minimum
    {
        let message =
            format!("{} has fewer `MaximumPollers` than `MinimumPollers`", part.reader.owner);
        part.fault(part.at(names[0]), message, format!("write {minimum} or more"));
    }
    part.text(names[2], 0..=128);
}

/// `MaximumRetryAttempts`; `None`: without end, which is `-1` too.
pub(super) fn maximum_retries(source: &Source) -> Option<u32> {
    let name = "MaximumRetryAttempts";
    if is_endless(source, name) { None } else { source.integer(name, 0..=10_000, "retries") }
}

/// `MaximumRecordAgeInSeconds`; `None`: without end, which is `-1` too.
pub(super) fn maximum_age(source: &Source) -> Option<Duration> {
    let name = "MaximumRecordAgeInSeconds";
    if is_endless(source, name) {
        return None;
    }
    let seconds = source.integer(name, 60..=604_800, "seconds")?;
    Some(Duration::from_secs(seconds.into()))
}

fn is_endless(source: &Source, name: &str) -> bool {
    source.get(name).and_then(|node| node.as_str()) == Some("-1")
}

/// `DestinationConfig.OnFailure`: where records go that are given up. `Type` is SAM's, which
/// makes a permission of it.
pub(super) fn on_failure(source: &Source) -> Option<Destination> {
    let config = source.part("DestinationConfig", &["OnFailure"])?;
    config.required("OnFailure", "add one: `OnFailure: {Destination: !GetAtt QUEUE.Arn}`")?;
    let part = config.part("OnFailure", &["Destination", "Type"])?;
    part.choice("Type", &["SQS", "SNS", "S3", "Kafka"]);
    let node = part.required("Destination", "add one: `Destination: !GetAtt QUEUE.Arn`")?;
    let text = part.reader.text("Destination", node)?;
    if !node.is_unresolved() && !text.starts_with("arn:") && !text.starts_with("kafka://") {
        let help = "write `!GetAtt QUEUE.Arn`, or `kafka://TOPIC`".to_owned();
        part.reader.wrong("Destination", node, "an ARN", help);
        return None;
    }
    Some(part.resolver.load.targets.destination(text))
}
