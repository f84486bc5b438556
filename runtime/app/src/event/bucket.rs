//! `S3` events, and notifications of buckets.
//!
//! Source: SAM developer guide, "S3"; S3 user guide, "Event notification types and destinations"
//! and "Configuring event notifications using object key name filtering".

use super::source::Source;
use crate::model::BucketTrigger;
use crate::property::{Effect, Table};

pub(super) const TABLE: &Table =
    &[("Bucket", Effect::Read), ("Events", Effect::Read), ("Filter", Effect::Read)];

/// What a bucket tells of.
pub(crate) const EVENTS: &[&str] = &[
    "s3:IntelligentTiering",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:LifecycleTransition",
    "s3:ObjectAcl:Put",
    "s3:ObjectAnnotation:*",
    "s3:ObjectAnnotation:Delete",
    "s3:ObjectAnnotation:Put",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Put",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:ObjectRestore:Post",
    "s3:ObjectRetention:Put",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Delete",
    "s3:ObjectTagging:Put",
    "s3:ReducedRedundancyLostObject",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationReplicatedAfterThreshold",
];

/// Reads a notification of the bucket of this name; `property` has its events. All lists of words
/// are read from there: SAM takes several, a bucket's own notification has one.
pub(crate) fn read(source: &Source, property: &str, bucket: String) -> Option<BucketTrigger> {
    let help = format!("add one: `{property}: s3:ObjectCreated:*`");
    let events = source.words(property, EVENTS, "an event of S3's", &help);
    let filters = filters(source);
    Some(BucketTrigger {
        name: source.key.name.clone(),
        bucket,
        events: events?,
        filters,
        span: source.span(),
    })
}

/// `Filter.S3Key.Rules`: one prefix and one suffix at most.
fn filters(source: &Source) -> Vec<(String, String)> {
    let rules = source.part("Filter", &["S3Key"]).and_then(|filter| {
        filter.required("S3Key", "add one: `S3Key: {Rules: [{Name: prefix, Value: images/}]}`");
        let key = filter.part("S3Key", &["Rules"])?;
        key.required("Rules", "add one: `Rules: [{Name: prefix, Value: images/}]`");
        Some(key.parts("Rules", &["Name", "Value"]))
    });
    let mut filters: Vec<(String, String)> = Vec::new();
    for rule in rules.unwrap_or_default() {
        let name = rule.required("Name", "add one: `Name: prefix`");
        let value = rule.required("Value", "add one: `Value: images/`");
        let (Some(name), Some(_)) = (name, value) else { continue };
        // S3 takes `Prefix` as it takes `prefix`.
        let Some(kind) = rule.reader.text("Name", name).map(str::to_ascii_lowercase) else {
            continue;
        };
        if !name.is_unresolved() && kind != "prefix" && kind != "suffix" {
            rule.reader.wrong("Name", name, "`prefix` or `suffix`", None);
            continue;
        }
        if filters.iter().any(|(other, _)| *other == kind) {
            let message = format!("`Filter` of {} has `{kind}` twice", source.reader.owner);
            source.fault(name.at, message, "keep one of them".to_owned());
            continue;
        }
        if let Some(value) = rule.text("Value", 0..=1024) {
            filters.push((kind, value));
        }
    }
    filters
}
