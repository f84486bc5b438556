//! `AWS::SQS::Queue`.
//!
//! Source: CloudFormation's resource reference, "AWS::SQS::Queue", and SQS's API reference,
//! "CreateQueue".

use std::collections::BTreeMap;

use serde_json::json;

use crate::model::Queue;
use crate::node::{self, Map, Node};
use crate::property::{self, Effect};
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::{Resolver, to_json};
use crate::template::Resource;

const PROPERTIES: &property::Table = &[
    ("ContentBasedDeduplication", Effect::Read),
    ("DeduplicationScope", Effect::Read),
    ("DelaySeconds", Effect::Read),
    ("FifoQueue", Effect::Read),
    ("FifoThroughputLimit", Effect::Read),
    ("KmsDataKeyReusePeriodSeconds", Effect::Read),
    ("KmsMasterKeyId", Effect::Read),
    ("MaximumMessageSize", Effect::Read),
    ("MessageRetentionPeriod", Effect::Read),
    ("QueueName", Effect::Read),
    ("ReceiveMessageWaitTimeSeconds", Effect::Read),
    ("RedriveAllowPolicy", Effect::Read),
    ("RedrivePolicy", Effect::Read),
    ("SqsManagedSseEnabled", Effect::Read),
    ("Tags", Effect::Accepted),
    ("VisibilityTimeout", Effect::Read),
];

/// Whole numbers with their bounds and units.
const NUMBERS: &[(&str, u32, u32, &str)] = &[
    ("DelaySeconds", 0, 900, "seconds"),
    ("KmsDataKeyReusePeriodSeconds", 60, 86_400, "seconds"),
    ("MaximumMessageSize", 1024, 1_048_576, "bytes"),
    ("MessageRetentionPeriod", 60, 1_209_600, "seconds"),
    ("ReceiveMessageWaitTimeSeconds", 0, 20, "seconds"),
    ("VisibilityTimeout", 0, 43_200, "seconds"),
];

/// What only FIFO queues may have.
const FIFO_ONLY: &[&str] =
    &["ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"];

/// What the rest of the template asks about a queue.
#[derive(Clone, Debug)]
pub(crate) struct QueueFacts {
    pub(crate) logical_id: String,
    pub(crate) name: String,
    pub(crate) fifo: bool,
    /// `VisibilityTimeout`, SQS's default of 30 seconds included.
    pub(crate) visibility: u32,
}

/// Queues by ARN.
pub(crate) type Queues = BTreeMap<String, QueueFacts>;

/// A queue that is read up to its redrive policy, which needs the other queues.
pub(crate) struct Unfinished<'t> {
    queue: Queue,
    fifo: bool,
    redrive: Option<Node>,
    resource: &'t Resource<'t>,
}

/// Reads a queue; `None` where it has no usable name.
pub(crate) fn read<'t>(
    resolver: &Resolver<'t>,
    resource: &'t Resource<'t>,
) -> Option<(QueueFacts, Unfinished<'t>)> {
    let report = resolver.report;
    let reader = Reader { report, owner: resource.id.to_owned() };
    property::check(
        &reader,
        resource.properties,
        PROPERTIES,
        &format!("Resources.{}", resource.id),
    );
    let properties: Map = resolver.resolve_map(resource.properties);
    let fifo = node::get(&properties, "FifoQueue")
        .and_then(|node| reader.boolean("FifoQueue", node))
        .unwrap_or(false);
    let name = match resolver.name_of(resource) {
        Ok(name) => name,
        // `QueueName` was resolved above too, and its fault is reported there.
        Err(_) => return None,
    };
    check_name(&reader, &properties, resource, &name, fifo);

    let mut attributes = BTreeMap::new();
    for (name, least, most, unit) in NUMBERS {
        if let Some(node) = node::get(&properties, name)
            && let Some(number) = reader.integer(name, node, *least..=*most, unit)
        {
            attributes.insert((*name).to_owned(), number.to_string());
        }
    }
    for name in ["ContentBasedDeduplication", "SqsManagedSseEnabled"] {
        if let Some(node) = node::get(&properties, name)
            && let Some(value) = reader.boolean(name, node)
        {
            attributes.insert(name.to_owned(), value.to_string());
        }
    }
    for (name, choices) in [
        ("DeduplicationScope", ["messageGroup", "queue"]),
        ("FifoThroughputLimit", ["perMessageGroupId", "perQueue"]),
    ] {
        if let Some(node) = node::get(&properties, name)
            && let Some(value) = reader.choice(name, node, &choices)
        {
            attributes.insert(name.to_owned(), value.to_owned());
        }
    }
    if let Some(node) = node::get(&properties, "KmsMasterKeyId")
        && let Some(key) = reader.text("KmsMasterKeyId", node)
    {
        attributes.insert("KmsMasterKeyId".to_owned(), key.to_owned());
    }
    if let Some(node) = node::get(&properties, "RedriveAllowPolicy")
        && let Some(policy) = policy(&reader, "RedriveAllowPolicy", node)
    {
        attributes.insert("RedriveAllowPolicy".to_owned(), policy.to_string());
    }
    if fifo {
        // SQS takes the attribute as `true` only: its absence is what makes a standard queue.
        attributes.insert("FifoQueue".to_owned(), "true".to_owned());
    } else {
        for (key, _) in properties.iter().filter(|(k, _)| FIFO_ONLY.contains(&k.name.as_str())) {
            let message = format!("`{}` of {} needs a FIFO queue", key.name, resource.id);
            report.fault(Fault::new(key.at, message).help("add `FifoQueue: true`".to_owned()));
        }
    }
    let visibility = attributes.get("VisibilityTimeout").and_then(|text| text.parse().ok());
    let facts = QueueFacts {
        logical_id: resource.id.to_owned(),
        name: name.clone(),
        fifo,
        visibility: visibility.unwrap_or(30),
    };
    let queue = Queue {
        logical_id: resolver.id(resource.id),
        url: resolver.queue_url(&name),
        arn: resolver.queue_arn(&name),
        name,
        attributes,
        span: report.span(resource.at),
    };
    let redrive = node::get(&properties, "RedrivePolicy").cloned();
    Some((facts, Unfinished { queue, fifo, redrive, resource }))
}

impl Unfinished<'_> {
    /// Adds the redrive policy, whose target must be a queue of the template and of the same kind.
    pub(crate) fn finish(mut self, resolver: &Resolver) -> Queue {
        let queues = resolver.load.queues.borrow();
        let reader = Reader { report: resolver.report, owner: self.resource.id.to_owned() };
        if let Some(policy) =
            self.redrive.as_ref().and_then(|node| self.redrive(&reader, node, &queues))
        {
            self.queue.attributes.insert("RedrivePolicy".to_owned(), policy);
        }
        self.queue
    }

    fn redrive(&self, reader: &Reader, node: &Node, queues: &Queues) -> Option<String> {
        let names = ["deadLetterTargetArn", "maxReceiveCount"];
        // Given as JSON text, the policy is of one piece and has no places inside.
        let (target, target_at, count) = match node.as_str() {
            Some(_) => {
                let json = policy(reader, "RedrivePolicy", node)?;
                let target = json.get(names[0]).and_then(|v| v.as_str()).unwrap_or_default();
                let count = json.get(names[1]).map(|v| v.to_string().replace('"', ""));
                (target.to_owned(), node.at, count.map(|count| Node::text(count, node.at)))
            }
            None => {
                let map = reader.map("RedrivePolicy", node)?;
                reader.only(map, &names);
                let Some(target) = node::get(map, names[0]) else {
                    let message = format!("`RedrivePolicy` of {} has no target", reader.owner);
                    let help = "add `deadLetterTargetArn: !GetAtt QUEUE.Arn`";
                    reader.report.fault(Fault::new(node.at, message).help(help.to_owned()));
                    return None;
                };
                let text = reader.text(names[0], target)?;
                (text.to_owned(), target.at, node::get(map, names[1]).cloned())
            }
        };
        let Some(found) = queues.get(&target) else {
            let target = Node::text(target, target_at);
            let help = "write `!GetAtt QUEUE.Arn` with a queue of this template";
            reader.wrong(names[0], &target, "the ARN of a queue of this template", help.to_owned());
            return None;
        };
        if found.fifo != self.fifo {
            let kind = if self.fifo { "FIFO" } else { "standard" };
            let message =
                format!("the dead-letter queue of {} must be a {kind} queue too", reader.owner);
            reader.report.fault(Fault::new(target_at, message));
        }
        let Some(count) = count else {
            let message = format!("`RedrivePolicy` of {} has no `maxReceiveCount`", reader.owner);
            let help = "say after how many receives a message is moved: `maxReceiveCount: 3`";
            reader.report.fault(Fault::new(node.at, message).help(help.to_owned()));
            return None;
        };
        let count = reader.integer(names[1], &count, 1..=1000, "")?;
        Some(json!({ "deadLetterTargetArn": target, "maxReceiveCount": count }).to_string())
    }
}

/// A policy as an object, or as text that is one.
fn policy(reader: &Reader, name: &str, node: &Node) -> Option<serde_json::Value> {
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

/// Letters, digits, `-` and `_`, at most 80 in all, and `.fifo` at the end of a FIFO queue's.
fn check_name(reader: &Reader, properties: &Map, resource: &Resource, name: &str, fifo: bool) {
    let at = node::get(properties, "QueueName").map_or(resource.at, |node| node.at);
    let stem = if fifo { name.strip_suffix(".fifo") } else { Some(name) };
    let Some(stem) = stem else {
        let message = format!("the name of the FIFO queue {} must end in `.fifo`", resource.id);
        let help = format!("write `QueueName: {name}.fifo`");
        reader.report.fault(Fault::new(at, message).help(help));
        return;
    };
    let is_valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if stem.is_empty() || name.len() > 80 || !stem.chars().all(is_valid) {
        let shown: String = name.chars().take(100).collect();
        let message = format!("`{shown}` is not a queue name");
        let help = if name.ends_with(".fifo") && !fifo {
            "a name that ends in `.fifo` needs `FifoQueue: true`"
        } else {
            "use letters, digits, `-` and `_`, at most 80"
        };
        reader.report.fault(Fault::new(at, message).help(help.to_owned()));
    }
}
