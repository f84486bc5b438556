//! `AWS::SQS::Queue`.
//!
//! Source: CloudFormation's resource reference, "AWS::SQS::Queue", and SQS's API reference,
//! "CreateQueue".

mod redrive;

use std::collections::BTreeMap;

use crate::model::Queue;
use crate::node::{self, Map};
use crate::property::{self, Effect};
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::{GeneratedQueue, Resolver};
use crate::template::Resource;

pub(crate) use redrive::Unfinished;

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
    /// Whether SAM makes it.
    pub(crate) is_generated: bool,
}

/// Queues by ARN.
pub(crate) type Queues = BTreeMap<String, QueueFacts>;

/// SQS's default, in seconds.
const DEFAULT_VISIBILITY: u32 = 30;

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
        && let Some(policy) = redrive::allowed(&reader, node)
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
    check_together(&reader, &properties, &attributes);
    let visibility = attributes.get("VisibilityTimeout").and_then(|text| text.parse().ok());
    let facts = QueueFacts {
        logical_id: resource.id.to_owned(),
        name: name.clone(),
        fifo,
        visibility: visibility.unwrap_or(DEFAULT_VISIBILITY),
        is_generated: false,
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
    Some((facts, Unfinished::new(queue, fifo, redrive, resource)))
}

/// A queue that SAM makes for an event: as SQS makes one that nothing is said about.
pub(crate) fn generated(resolver: &Resolver, made: &GeneratedQueue) -> (QueueFacts, Queue) {
    let facts = QueueFacts {
        logical_id: made.id.clone(),
        name: made.name.clone(),
        fifo: made.fifo,
        visibility: DEFAULT_VISIBILITY,
        is_generated: true,
    };
    let mut attributes = BTreeMap::new();
    if made.fifo {
        attributes.insert("FifoQueue".to_owned(), "true".to_owned());
    }
    let queue = Queue {
        logical_id: resolver.id(&made.id),
        name: made.name.clone(),
        url: resolver.queue_url(&made.name),
        arn: resolver.queue_arn(&made.name),
        attributes,
        span: resolver.report.span(made.at),
    };
    (facts, queue)
}

/// What may not stand beside each other.
fn check_together(reader: &Reader, properties: &Map, attributes: &BTreeMap<String, String>) {
    let is = |name: &str, value: &str| attributes.get(name).is_some_and(|found| found == value);
    if is("SqsManagedSseEnabled", "true")
        && let Some((key, _)) = node::entry(properties, "KmsMasterKeyId")
    {
        let message =
            format!("{} is encrypted both by SQS's keys and by `KmsMasterKeyId`", reader.owner);
        let help = "remove one of `SqsManagedSseEnabled` and `KmsMasterKeyId`".to_owned();
        reader.report.fault(Fault::new(key.at, message).help(help));
    }
    if is("FifoThroughputLimit", "perMessageGroupId")
        && !is("DeduplicationScope", "messageGroup")
        && node::get(properties, "DeduplicationScope").is_none_or(|node| !node.is_unresolved())
        && let Some((key, _)) = node::entry(properties, "FifoThroughputLimit")
    {
        let message = format!(
            "`FifoThroughputLimit` of {} needs deduplication by message group",
            reader.owner
        );
        let help = "add `DeduplicationScope: messageGroup`".to_owned();
        reader.report.fault(Fault::new(key.at, message).help(help));
    }
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
