//! `AWS::Scheduler::Schedule`.
//!
//! Source: CloudFormation's resource reference, "AWS::Scheduler::Schedule" and
//! "AWS::Scheduler::Schedule Target".

use super::{Links, target};
use crate::event::{Source, delivery, schedule};
use crate::model::{ScheduleTrigger, Sender};
use crate::property::{Effect, Table};
use crate::resolve::Resolver;
use crate::template::Resource;

const TABLE: &Table = &[
    ("Description", Effect::Accepted),
    ("EndDate", Effect::Read),
    ("FlexibleTimeWindow", Effect::Read),
    ("GroupName", Effect::Accepted),
    ("KmsKeyArn", Effect::Accepted),
    ("Name", Effect::Read),
    ("ScheduleExpression", Effect::Read),
    ("ScheduleExpressionTimezone", Effect::Read),
    ("StartDate", Effect::Read),
    ("State", Effect::Read),
    ("Target", Effect::Read),
];

const TARGET: &[&str] = &[
    "Arn",
    "DeadLetterConfig",
    "EcsParameters",
    "EventBridgeParameters",
    "Input",
    "KinesisParameters",
    "RetryPolicy",
    "RoleArn",
    "SageMakerPipelineParameters",
    "SqsParameters",
];

pub(super) fn read<'t>(links: &mut Links, resolver: &Resolver<'t>, resource: &Resource<'t>) {
    let source = Source::resource(resolver, resource, TABLE);
    source.required("FlexibleTimeWindow", "add one: `FlexibleTimeWindow: {Mode: 'OFF'}`");
    source.required("Target", "add one: `Target: {Arn: !GetAtt FUNCTION.Arn, RoleArn: ROLE}`");
    let Some(target) = source.part("Target", TARGET) else {
        schedule::schedule(&source, &source);
        return;
    };
    target.required("RoleArn", "add one: `RoleArn: !GetAtt ROLE.Arn`");
    let dead_letter = delivery::dead_letter(&target);
    let trigger = schedule::schedule(&source, &target);
    if let (Some(receiver), Some(trigger)) = (target::read(&target), trigger) {
        let trigger = ScheduleTrigger { dead_letter, ..trigger };
        links.connect(&receiver, Sender::Schedule(trigger));
    }
}
