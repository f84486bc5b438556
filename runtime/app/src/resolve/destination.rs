//! Queues and topics that SAM makes as destinations of asynchronous invocations.
//!
//! Source: SAM developer guide, "EventInvokeDestinationConfiguration"; their logical ids as in
//! `_validate_and_inject_resource` of the transform's `samtranslator/model/sam_resources.py`.

use super::Resolver;
use super::identity::stable_id;
use crate::node::{Node, Place};
use crate::template::Resource;

/// Longest name of a queue.
const MAX_NAME: usize = 80;

/// A destination that names no queue or topic, so that SAM makes one.
pub(crate) struct MadeDestination {
    /// `OnSuccess` or `OnFailure`.
    pub(crate) outcome: &'static str,
    /// A queue, or else a topic.
    pub(crate) is_queue: bool,
    /// `HelloEventInvokeConfigOnFailureQueue`.
    pub(crate) logical_id: String,
    /// Where the destination stands.
    pub(crate) at: Place,
}

impl MadeDestination {
    /// The queue's or topic's name.
    pub(crate) fn name(&self, resolver: &Resolver) -> String {
        resolver.made_name(&self.logical_id, "")
    }

    pub(crate) fn arn(&self, resolver: &Resolver) -> String {
        let name = self.name(resolver);
        if self.is_queue { resolver.queue_arn(&name) } else { resolver.topic_arn(&name) }
    }
}

impl<'t> Resolver<'t> {
    /// The name of a queue or topic that SAM makes, with this at its end.
    pub(super) fn made_name(&self, logical_id: &str, suffix: &str) -> String {
        let name = self.name(logical_id);
        let most = MAX_NAME - suffix.len();
        if name.len() <= most {
            return format!("{name}{suffix}");
        }
        // Logical ids are ASCII.
        format!("{}-{}{suffix}", &name[..most - 9], stable_id(&name, 8))
    }

    /// What SAM makes for a function's `EventInvokeConfig`.
    pub(crate) fn made_destinations(&self, function: &Resource<'t>) -> Vec<MadeDestination> {
        let has_config = function.kind == "AWS::Serverless::Function"
            && self.written(function, "EventInvokeConfig").is_some();
        let config = has_config.then(|| self.property(function, "EventInvokeConfig")).flatten();
        let Some((_, config)) = config else { return Vec::new() };
        let Some(destinations) = config.get("DestinationConfig") else { return Vec::new() };
        let made = |outcome: &'static str| {
            let node = destinations.get(outcome)?;
            let kind = node.get("Type").and_then(Node::as_str)?;
            let suffix = match kind {
                "SQS" => "Queue",
                "SNS" => "Topic",
                _ => return None,
            };
            node.get("Destination").is_none().then(|| MadeDestination {
                outcome,
                is_queue: kind == "SQS",
                logical_id: format!("{}EventInvokeConfig{outcome}{suffix}", function.id),
                at: node.at,
            })
        };
        ["OnSuccess", "OnFailure"].into_iter().filter_map(made).collect()
    }
}
