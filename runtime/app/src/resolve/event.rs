//! What SAM makes of events: rules, schedules, subscriptions and event source mappings that
//! templates may refer to.
//!
//! Source: SAM developer guide, "Generated CloudFormation resources"; "Return values" of the types
//! in CloudFormation's resource reference.

use super::{Resolved, Resolver, Trouble};
use crate::node::Node;
use crate::template::Resource;

/// What an event becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Made {
    Rule,
    Schedule,
    Subscription,
    Mapping,
    Other,
}

impl<'t> Resolver<'t> {
    /// What `Ref` of the resource gives that SAM makes of an event.
    pub(super) fn reference_of_event(
        &self,
        function: &Resource<'t>,
        event: &str,
    ) -> Resolved<String> {
        let (made, name) = self.made_of(function, event)?;
        Ok(match made {
            Made::Subscription => self.arn("sns", &name),
            _ => name,
        })
    }

    /// An attribute of the resource that SAM makes of an event, and those that it has.
    pub(super) fn attribute_of_event(
        &self,
        function: &Resource<'t>,
        event: &str,
        attribute: &str,
    ) -> Resolved<(Option<String>, &'static [&'static str])> {
        let (made, name) = self.made_of(function, event)?;
        Ok(match (made, attribute) {
            (Made::Rule, "Arn") => (Some(self.arn("events", &format!("rule/{name}"))), &[]),
            (Made::Schedule, "Arn") => {
                (Some(self.arn("scheduler", &format!("schedule/default/{name}"))), &[])
            }
            (Made::Subscription, "Arn") => (Some(self.arn("sns", &name)), &[]),
            (Made::Mapping, "EventSourceMappingArn") => {
                (Some(self.arn("lambda", &format!("event-source-mapping:{name}"))), &[])
            }
            (Made::Mapping, "Id") => (Some(name), &[]),
            (Made::Rule | Made::Schedule | Made::Subscription, _) => (None, &["Arn"]),
            (Made::Mapping, _) => (None, &["EventSourceMappingArn", "Id"]),
            (Made::Other, _) => (None, &[]),
        })
    }

    /// What an event becomes, and its name: what its properties say, or its logical id.
    fn made_of(&self, function: &Resource<'t>, event: &str) -> Resolved<(Made, String)> {
        let node = function.property("Events").and_then(|events| events.get(event));
        let kind = node.and_then(|node| node.get("Type")).and_then(Node::as_str);
        let (made, property) = match kind.unwrap_or_default() {
            "Schedule" => (Made::Rule, "Name"),
            "EventBridgeRule" | "CloudWatchEvent" => (Made::Rule, "RuleName"),
            "ScheduleV2" => (Made::Schedule, "Name"),
            "SNS" => (Made::Subscription, ""),
            "SQS" | "Kinesis" | "DynamoDB" | "MSK" | "SelfManagedKafka" | "MQ" | "DocumentDB" => {
                (Made::Mapping, "")
            }
            _ => (Made::Other, ""),
        };
        let written = node
            .and_then(|node| node.get("Properties"))
            .and_then(|properties| properties.get(property));
        let name = match written.map(|written| self.try_resolve(written)).transpose()? {
            Some(node) if node.is_poison() => return Err(Trouble::Reported),
            Some(node) => node.as_str().map(str::to_owned),
            None => None,
        };
        Ok((made, name.unwrap_or_else(|| self.name(&format!("{}{event}", function.id)))))
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        let options = self.options;
        format!("arn:aws:{service}:{}:{}:{resource}", options.region, options.account_id)
    }
}
