//! Targets of rules and schedules.
//!
//! Source: CloudFormation's resource reference, "AWS::Events::Rule Target", "AWS::Events::Rule
//! SqsParameters" and "AWS::Scheduler::Schedule Target".

use super::Links;
use crate::event::Source;
use crate::model::{QueueTarget, Sender, Target, Trigger};

/// What gets the events.
pub(super) enum Receiver {
    /// A function, by its logical id.
    Function(String),
    Queue {
        name: String,
        arn: String,
        group_id: Option<String>,
    },
}

/// Reads `Arn` and `SqsParameters`. Of what is no function and no queue of the template it is
/// noted that nothing arrives there.
pub(super) fn read(target: &Source) -> Option<Receiver> {
    let group_id = group_id(target);
    let arn = target.arn("Arn", "a target", "!GetAtt FUNCTION.Arn")?;
    match target.resolver.load.targets.find(&arn) {
        Target::Function(id) => Some(Receiver::Function(id)),
        Target::Queue(name) => {
            if name.ends_with(".fifo") && target.get("SqsParameters").is_none() {
                let message = format!("{} has no `SqsParameters`", target.reader.owner);
                let help = "a FIFO queue needs them: `SqsParameters: {MessageGroupId: orders}`";
                target.fault(target.at("Arn"), message, help.to_owned());
            }
            Some(Receiver::Queue { name, arn, group_id })
        }
        _ => {
            let shown: String = arn.chars().take(120).collect();
            let note = format!(
                "{shown} is neither a function nor a queue of this template: it gets nothing"
            );
            target.reader.report.note(target.at("Arn"), target.path(), note);
            None
        }
    }
}

/// `SqsParameters.MessageGroupId`: up to 128 characters, as SQS has it.
fn group_id(target: &Source) -> Option<String> {
    let part = target.part("SqsParameters", &["MessageGroupId"])?;
    part.required("MessageGroupId", "add one: `MessageGroupId: orders`")?;
    part.text("MessageGroupId", 1..=128)
}

impl Links<'_> {
    /// Lets a rule or schedule send to a receiver.
    pub(super) fn connect(&mut self, receiver: &Receiver, sender: Sender) {
        match receiver {
            Receiver::Function(id) => {
                let trigger = match sender {
                    Sender::Rule(rule) => Trigger::Rule(rule),
                    Sender::Schedule(schedule) => Trigger::Schedule(schedule),
                };
                self.triggers.push((id.clone(), trigger));
            }
            Receiver::Queue { name, arn, group_id } => self.queue_targets.push(QueueTarget {
                queue: name.clone(),
                arn: arn.clone(),
                group_id: group_id.clone(),
                sender,
            }),
        }
    }
}
