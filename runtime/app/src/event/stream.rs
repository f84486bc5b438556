//! `Kinesis` and `DynamoDB` events, and what mappings from brokers have in common with them.
//!
//! Source: SAM developer guide, "Kinesis" and "DynamoDB"; Lambda API reference,
//! "CreateEventSourceMapping".

use std::time::Duration;

use super::source::Source;
use super::{access, mapping};
use crate::model::{StreamSource, StreamTrigger};
use crate::property::{Effect, Table};

pub(crate) const TABLE: &Table = &[
    ("BatchSize", Effect::Read),
    ("BisectBatchOnFunctionError", Effect::Read),
    ("DestinationConfig", Effect::Read),
    ("Enabled", Effect::Read),
    ("FilterCriteria", Effect::Read),
    ("FunctionResponseTypes", Effect::Read),
    ("KmsKeyArn", Effect::Accepted),
    ("LoggingConfig", Effect::Accepted),
    ("MaximumBatchingWindowInSeconds", Effect::Read),
    ("MaximumRecordAgeInSeconds", Effect::Read),
    ("MaximumRetryAttempts", Effect::Read),
    ("MetricsConfig", Effect::Accepted),
    ("ParallelizationFactor", Effect::Read),
    ("StartingPosition", Effect::Read),
    ("StartingPositionTimestamp", Effect::Read),
    ("Stream", Effect::Read),
    ("Tags", Effect::Accepted),
    ("TumblingWindowInSeconds", Effect::Read),
];

/// What a mapping reads from, other than queues of SQS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Kinesis,
    DynamoDb,
    Msk,
    Kafka,
    Mq,
    DocumentDb,
}

impl Family {
    /// Where a mapping may start to read.
    fn positions(self) -> &'static [&'static str] {
        match self {
            Self::DynamoDb => &["TRIM_HORIZON", "LATEST"],
            _ => &["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"],
        }
    }

    /// Whether a mapping must say where it starts to read.
    fn must_start(self) -> bool {
        matches!(self, Self::Kinesis | Self::DynamoDb | Self::Msk)
    }

    /// For how long records are gathered if nothing is said: half a second for those of brokers,
    /// and not at all for those of streams.
    fn batch_window(self) -> Duration {
        match self {
            Self::Kinesis | Self::DynamoDb => Duration::ZERO,
            Self::Msk | Self::Kafka | Self::Mq | Self::DocumentDb => Duration::from_millis(500),
        }
    }
}

/// A `Kinesis` event.
pub(super) fn kinesis(source: &Source) -> Option<StreamTrigger> {
    let arn = source.arn("Stream", "a stream", "!GetAtt STREAM.Arn");
    read(source, Family::Kinesis, arn.map(StreamSource::Kinesis))
}

/// A `DynamoDB` event.
pub(super) fn dynamodb(source: &Source) -> Option<StreamTrigger> {
    let arn = source.arn("Stream", "a table's stream", "!GetAtt TABLE.StreamArn");
    read(source, Family::DynamoDb, arn.map(StreamSource::DynamoDb))
}

/// Reads what a mapping says beside its source. `None`: `stream` is faulty, which is reported.
pub(crate) fn read(
    source: &Source,
    family: Family,
    stream: Option<StreamSource>,
) -> Option<StreamTrigger> {
    let window = mapping::batch_window(source);
    let tumbling = source.integer("TumblingWindowInSeconds", 0..=900, "seconds");
    let access = access::read(source, family);
    mapping::check_pollers(source, 1, 2000);
    let (starting_position, starting_timestamp) = start(source, family);
    let batch_size = mapping::batch_size(source, "records").unwrap_or(100);
    let parallelization_factor =
        source.integer("ParallelizationFactor", 1..=10, "batches").unwrap_or(1);
    let bisect_on_error = source.boolean("BisectBatchOnFunctionError").unwrap_or(false);
    let maximum_retries = mapping::maximum_retries(source);
    let maximum_age = mapping::maximum_age(source);
    let on_failure = mapping::on_failure(source);
    let report_batch_item_failures = mapping::reports_failures(source);
    let filters = mapping::filters(source);
    let enabled = source.enabled(&[]);
    Some(StreamTrigger {
        name: source.key.name.clone(),
        source: stream?,
        batch_size,
        batch_window: window
            .map_or(family.batch_window(), |seconds| Duration::from_secs(seconds.into())),
        starting_position,
        starting_timestamp,
        parallelization_factor,
        bisect_on_error,
        maximum_retries,
        maximum_age,
        tumbling_window: tumbling
            .filter(|seconds| *seconds > 0)
            .map(|seconds| Duration::from_secs(seconds.into())),
        on_failure,
        report_batch_item_failures,
        filters,
        access,
        enabled,
        span: source.span(),
    })
}

/// `StartingPosition`, and `StartingPositionTimestamp`, which goes with `AT_TIMESTAMP` only.
fn start(source: &Source, family: Family) -> (Option<String>, Option<String>) {
    if family.must_start() {
        source.required("StartingPosition", "add one: `StartingPosition: LATEST`");
    }
    let position = source.choice("StartingPosition", family.positions());
    let time = source.text("StartingPositionTimestamp", 1..=40);
    let is_known = source.get("StartingPosition").is_none_or(|_| position.is_some());
    match (position, &time) {
        (Some("AT_TIMESTAMP"), None) if source.get("StartingPositionTimestamp").is_none() => {
            let message = format!("{} has no `StartingPositionTimestamp`", source.reader.owner);
            let help = "add one in seconds from 1970: `StartingPositionTimestamp: 1767225600`";
            source.fault(source.at("StartingPosition"), message, help.to_owned());
        }
        (Some("AT_TIMESTAMP"), _) => {}
        (_, Some(_)) if is_known => {
            let message = format!(
                "`StartingPositionTimestamp` of {} needs `StartingPosition: AT_TIMESTAMP`",
                source.reader.owner
            );
            let help = "remove it, or change the position".to_owned();
            source.fault(source.at("StartingPositionTimestamp"), message, help);
        }
        _ => {}
    }
    (position.map(str::to_owned), time)
}
