//! `NotificationConfiguration.LambdaConfigurations` of an `AWS::S3::Bucket`.
//!
//! Source: CloudFormation's resource reference, "AWS::S3::Bucket NotificationConfiguration".

use super::{Links, function};
use crate::event::{Source, bucket};
use crate::model::Trigger;
use crate::resolve::Resolver;
use crate::template::Resource;

const CONFIGURATION: &str = "NotificationConfiguration";

pub(super) fn read<'t>(links: &mut Links, resolver: &Resolver<'t>, resource: &Resource<'t>) {
    let source = Source::properties(resolver, resource, &[CONFIGURATION]);
    let names = [
        "EventBridgeConfiguration",
        "LambdaConfigurations",
        "QueueConfigurations",
        "TopicConfigurations",
    ];
    let Some(configuration) = source.part(CONFIGURATION, &names) else { return };
    // A fault in the name is told of where the bucket is listed.
    let name = resolver.name_of(resource).unwrap_or_default();
    for part in configuration.parts("LambdaConfigurations", &["Event", "Filter", "Function"]) {
        let trigger = bucket::read(&part, "Event", name.clone());
        if let (Some(id), Some(trigger)) = (function(&part, "Function"), trigger) {
            links.add_not_called(&part, "S3", id, Trigger::Bucket(trigger));
        }
    }
}
