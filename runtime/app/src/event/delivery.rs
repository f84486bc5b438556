//! How EventBridge hands an event to its target: what is sent, how often it is tried, and where it
//! goes if that fails.
//!
//! Source: CloudFormation's resource reference, "AWS::Events::Rule Target" and "AWS::Scheduler::
//! Schedule Target"; SAM developer guide, "DeadLetterConfig".

use std::time::Duration;

use super::source::Source;
use crate::model::{Destination, InputTransformer, RetryPolicy};
use crate::node::Node;

/// Longest `Input` of a rule's target in characters.
pub(super) const MAX_RULE_INPUT: usize = 8192;

/// Longest `Input` of a schedule's target: EventBridge Scheduler's quota for payloads, 256 KiB.
pub(super) const MAX_SCHEDULE_INPUT: usize = 256 * 1024;

/// `Input`, of at most so many characters: JSON as text, which EventBridge checks when the target
/// is created.
pub(super) fn input(source: &Source, most: usize) -> Option<String> {
    let node = source.get("Input")?;
    let text = source.text("Input", 0..=most)?;
    if let Err(e) = serde_json::from_str::<serde_json::Value>(&text)
        && !node.is_unresolved()
    {
        let help = format!("write JSON in quotes, as in '{{\"key\": \"value\"}}' ({e})");
        source.reader.wrong("Input", node, "JSON text", help);
        return None;
    }
    Some(text)
}

/// `InputPath`: a JSON path of the event.
pub(super) fn input_path(source: &Source) -> Option<String> {
    let node = source.get("InputPath")?;
    let path = source.text("InputPath", 0..=256)?;
    is_json_path(source, "InputPath", node, &path).then_some(path)
}

/// `InputTransformer`: a template, and JSON paths for what is in it.
pub(super) fn input_transformer(source: &Source) -> Option<InputTransformer> {
    let part = source.part("InputTransformer", &["InputPathsMap", "InputTemplate"])?;
    let mut transformer = InputTransformer { paths: Default::default(), template: String::new() };
    if let Some(node) = part.get("InputPathsMap")
        && let Some(map) = part.reader.map("InputPathsMap", node)
    {
        for (key, node) in map {
            if let Some(path) = part.reader.text(&key.name, node)
                && is_json_path(&part, &key.name, node, path)
            {
                transformer.paths.insert(key.name.clone(), path.to_owned());
            }
        }
    }
    part.required("InputTemplate", "add one: `InputTemplate: '{\"id\": <id>}'`")?;
    transformer.template = part.text("InputTemplate", 1..=MAX_RULE_INPUT)?;
    Some(transformer)
}

fn is_json_path(source: &Source, name: &str, node: &Node, path: &str) -> bool {
    if node.is_unresolved() || path.starts_with('$') {
        return true;
    }
    source.reader.wrong(name, node, "a JSON path", "write `$.detail`".to_owned());
    false
}

/// Reports that more than one of `Input`, `InputPath` and `InputTransformer` is there.
pub(crate) fn check_inputs(source: &Source) {
    let inputs = ["Input", "InputPath", "InputTransformer"];
    let mut there = inputs.iter().filter(|name| source.get(name).is_some());
    if let (Some(first), Some(second)) = (there.next(), there.next()) {
        let message = format!("{} has both `{first}` and `{second}`", source.reader.owner);
        source.fault(source.at(second), message, "keep one of them".to_owned());
    }
}

/// `RetryPolicy`.
pub(super) fn retry(source: &Source) -> RetryPolicy {
    let mut retry = RetryPolicy::default();
    let names = ["MaximumEventAgeInSeconds", "MaximumRetryAttempts"];
    if let Some(part) = source.part("RetryPolicy", &names) {
        if let Some(age) = part.integer(names[0], 60..=86_400, "seconds") {
            retry.maximum_age = Duration::from_secs(age.into());
        }
        if let Some(retries) = part.integer(names[1], 0..=185, "retries") {
            retry.maximum_retries = retries;
        }
    }
    retry
}

/// `DeadLetterConfig` of a plain resource's target: the ARN of a queue.
pub(crate) fn dead_letter(target: &Source) -> Option<Destination> {
    queue(&target.part("DeadLetterConfig", &["Arn"])?)
}

/// `DeadLetterConfig` of an event of SAM's: the ARN of a queue, or a queue that SAM makes.
pub(super) fn sam_dead_letter(source: &Source) -> Option<Destination> {
    let part = source.part("DeadLetterConfig", &["Arn", "QueueLogicalId", "Type"])?;
    match (part.get("Arn"), part.get("Type")) {
        (Some(_), Some(kind)) => {
            let message = format!("{} has both `Arn` and `Type`", part.reader.owner);
            part.fault(kind.at, message, "keep one of them".to_owned());
            None
        }
        (Some(_), None) => queue(&part),
        (None, Some(_)) => {
            part.choice("Type", &["SQS"])?;
            let made = source.resolver.generated_queue(&dead_letter_queue(&part))?;
            Some(source.resolver.load.targets.destination(&source.resolver.queue_arn(&made.name)))
        }
        (None, None) => {
            let message = format!("{} has neither `Arn` nor `Type`", part.reader.owner);
            let help = "add `Arn: !GetAtt QUEUE.Arn`, or `Type: SQS` for a queue of SAM's making";
            part.fault(part.key.at, message, help.to_owned());
            None
        }
    }
}

/// Logical id of the queue that SAM makes for dead letters.
fn dead_letter_queue(part: &Source) -> String {
    match part.get("QueueLogicalId").and_then(|node| part.reader.text("QueueLogicalId", node)) {
        Some(id) => id.to_owned(),
        None => format!("{}Queue", part.id),
    }
}

fn queue(part: &Source) -> Option<Destination> {
    let arn = part.arn("Arn", "a queue", "!GetAtt QUEUE.Arn")?;
    Some(part.resolver.load.targets.destination(&arn))
}
