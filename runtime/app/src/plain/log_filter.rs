//! `AWS::Logs::SubscriptionFilter`.
//!
//! Source: CloudFormation's resource reference, "AWS::Logs::SubscriptionFilter".

use super::{Links, function};
use crate::event::{Source, logs};
use crate::model::Trigger;
use crate::property::{Effect, Table};
use crate::resolve::Resolver;
use crate::template::Resource;

const KIND: &str = "AWS::Logs::SubscriptionFilter";

const TABLE: &Table = &[
    ("ApplyOnTransformedLogs", Effect::Accepted),
    ("DestinationArn", Effect::Read),
    ("Distribution", Effect::Accepted),
    ("EmitSystemFields", Effect::Accepted),
    ("FieldSelectionCriteria", Effect::Accepted),
    ("FilterName", Effect::Accepted),
    ("FilterPattern", Effect::Read),
    ("LogGroupName", Effect::Read),
    ("RoleArn", Effect::Accepted),
];

pub(super) fn read<'t>(links: &mut Links, resolver: &Resolver<'t>, resource: &Resource<'t>) {
    let source = Source::resource(resolver, resource, TABLE);
    let trigger = logs::read(&source);
    if let (Some(id), Some(trigger)) = (function(&source, "DestinationArn"), trigger) {
        links.add_not_called(&source, KIND, id, Trigger::Logs(trigger));
    }
}
