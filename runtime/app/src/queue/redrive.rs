//! `RedrivePolicy` and `RedriveAllowPolicy`: where messages go that are received too often, and
//! which queues may send theirs here.
//!
//! Source: SQS API reference, "SetQueueAttributes"; SQS developer guide, "Dead-letter queues".

use serde_json::{Value as Json, json};

use super::Queues;
use crate::event::queue::arn_help;
use crate::model::Queue;
use crate::node::{self, Node, Place};
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::{Resolver, to_json};
use crate::template::Resource;

const TARGET: &str = "deadLetterTargetArn";
const COUNT: &str = "maxReceiveCount";

/// A queue that is read up to its redrive policy, which needs the other queues.
pub(crate) struct Unfinished<'t> {
    queue: Queue,
    fifo: bool,
    redrive: Option<Node>,
    resource: &'t Resource<'t>,
}

/// A redrive policy as it is written.
struct Policy {
    target: Node,
    count: Option<Node>,
}

impl<'t> Unfinished<'t> {
    pub(super) fn new(
        queue: Queue,
        fifo: bool,
        redrive: Option<Node>,
        resource: &'t Resource<'t>,
    ) -> Self {
        Self { queue, fifo, redrive, resource }
    }

    /// Adds the redrive policy. A queue that is not the template's cannot be sent to: then the
    /// queue has none.
    pub(crate) fn finish(mut self, resolver: &Resolver) -> Queue {
        let reader = Reader { report: resolver.report, owner: self.resource.id.to_owned() };
        let queues = resolver.load.queues.borrow();
        if let Some(node) = &self.redrive
            && let Some(policy) = written(&reader, node)
            && let Some(policy) = self.redrive(resolver, &reader, node.at, &policy, &queues)
        {
            self.queue.attributes.insert("RedrivePolicy".to_owned(), policy);
        }
        self.queue
    }

    fn redrive(
        &self,
        resolver: &Resolver,
        reader: &Reader,
        at: Place,
        policy: &Policy,
        queues: &Queues,
    ) -> Option<String> {
        let count = match &policy.count {
            Some(count) => reader.integer(COUNT, count, 1..=1000, ""),
            None => {
                let message = format!("`RedrivePolicy` of {} has no `{COUNT}`", reader.owner);
                let help = "say after how many receives a message is moved: `maxReceiveCount: 3`";
                reader.report.fault(Fault::new(at, message).help(help.to_owned()));
                None
            }
        };
        let target = reader.text(TARGET, &policy.target)?;
        let found = queues.get(target);
        let is_fifo = match found {
            Some(queue) => queue.fifo,
            None if policy.target.is_unresolved() => self.fifo,
            None if is_queue_arn(target) => target.ends_with(".fifo"),
            None => {
                let help = arn_help(resolver, target);
                reader.wrong(TARGET, &policy.target, "the ARN of a queue", help);
                return None;
            }
        };
        if is_fifo != self.fifo {
            let kind = if self.fifo { "FIFO" } else { "standard" };
            let message =
                format!("the dead-letter queue of {} must be a {kind} queue too", reader.owner);
            reader.report.fault(Fault::new(policy.target.at, message));
        }
        if found.is_none() {
            let what = format!("Resources.{}.RedrivePolicy", self.resource.id);
            let shown: String = target.chars().take(120).collect();
            let note = format!("{shown} is not a queue of this template: nothing is moved to it");
            reader.report.note(policy.target.at, what, note);
            return None;
        }
        Some(json!({ TARGET: target, COUNT: count? }).to_string())
    }
}

/// Reads a redrive policy: a mapping, or JSON text, which is of one piece and has no places inside.
fn written(reader: &Reader, node: &Node) -> Option<Policy> {
    if node.is_unresolved() {
        return None;
    }
    let policy = if node.as_str().is_some() {
        let json = policy(reader, "RedrivePolicy", node)?;
        Policy {
            target: Node::text(
                json.get(TARGET).and_then(Json::as_str).unwrap_or_default(),
                node.at,
            ),
            count: json
                .get(COUNT)
                .map(|count| Node::text(count.to_string().replace('"', ""), node.at)),
        }
    } else {
        let map = reader.map("RedrivePolicy", node)?;
        reader.only(map, &[TARGET, COUNT]);
        let Some(target) = node::get(map, TARGET) else {
            let message = format!("`RedrivePolicy` of {} has no target", reader.owner);
            let help = "add `deadLetterTargetArn: !GetAtt QUEUE.Arn`";
            reader.report.fault(Fault::new(node.at, message).help(help.to_owned()));
            return None;
        };
        Policy { target: target.clone(), count: node::get(map, COUNT).cloned() }
    };
    Some(policy)
}

/// `RedriveAllowPolicy`, as text of JSON: which queues may have this one for their dead letters.
pub(super) fn allowed(reader: &Reader, node: &Node) -> Option<Json> {
    if node.is_unresolved() {
        return None;
    }
    let json = policy(reader, "RedriveAllowPolicy", node)?;
    let at = |name: &str| node.get(name).map_or(node.at, |node| node.at);
    let fault = |name: &str, message: String, help: &str| {
        reader.report.fault(Fault::new(at(name), message).help(help.to_owned()));
    };
    let (permission, sources) = ("redrivePermission", "sourceQueueArns");
    if let Some(map) = node.as_map() {
        reader.only(map, &[permission, sources]);
    }
    // Text of JSON is looked at too, as if each of its values stood where the text does.
    let shown = |value: &Json| Node::text(value.as_str().unwrap_or_default(), node.at);
    let permission_node = match node.get(permission) {
        Some(node) => Some(node.clone()),
        None => json.get(permission).map(shown),
    };
    let choice = match &permission_node {
        Some(node) if node.is_unresolved() => return Some(json),
        Some(node) => reader.choice(permission, node, &["allowAll", "denyAll", "byQueue"])?,
        None => "allowAll",
    };
    match (choice, json.get(sources)) {
        ("byQueue", Some(list)) => {
            let count = list.as_array().map_or(0, Vec::len);
            let is_listed = node.get(sources).is_some_and(Node::is_unresolved);
            if !is_listed && !(1..=10).contains(&count) {
                let message = format!(
                    "`{sources}` of {} must be a list of 1 to 10 ARNs, not of {count}",
                    reader.owner
                );
                fault(
                    sources,
                    message,
                    "to allow more queues, write `redrivePermission: allowAll`",
                );
            }
        }
        ("byQueue", None) => {
            let message = format!("`RedriveAllowPolicy` of {} has no `{sources}`", reader.owner);
            fault(sources, message, "add `sourceQueueArns: [!GetAtt QUEUE.Arn]`");
        }
        (_, Some(_)) => {
            let message = format!("`{sources}` of {} needs `{permission}: byQueue`", reader.owner);
            fault(sources, message, "remove it, or change the permission");
        }
        (_, None) => {}
    }
    Some(json)
}

/// A policy as an object, or as text that is one.
fn policy(reader: &Reader, name: &str, node: &Node) -> Option<Json> {
    let json = match node.as_str() {
        Some(text) => serde_json::from_str(text).unwrap_or_default(),
        None => to_json(node)?,
    };
    if !json.is_object() {
        reader.wrong(name, node, "a mapping", None);
        return None;
    }
    Some(json)
}

/// `arn:PARTITION:sqs:REGION:ACCOUNT:NAME`.
fn is_queue_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let [arn, partition, service, region, account, name] = parts.as_slice() else { return false };
    *arn == "arn"
        && partition.starts_with("aws")
        && *service == "sqs"
        && !region.is_empty()
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && !name.is_empty()
}
