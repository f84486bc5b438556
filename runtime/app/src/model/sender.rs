//! Rules and schedules that send to queues.

use super::{RuleTrigger, ScheduleTrigger};

/// A queue that is a target of a plain `AWS::Events::Rule` or `AWS::Scheduler::Schedule`.
#[derive(Clone, Debug)]
pub struct QueueTarget {
    /// Name of the queue, one of the template's.
    pub queue: String,
    /// Its ARN.
    pub arn: String,
    /// `SqsParameters.MessageGroupId`.
    pub group_id: Option<String>,
    /// What sends to it.
    pub sender: Sender,
}

/// A rule or schedule with one of its targets.
#[derive(Clone, Debug)]
pub enum Sender {
    /// A rule with a pattern.
    Rule(RuleTrigger),
    /// A rule with a schedule, or a schedule.
    Schedule(ScheduleTrigger),
}
