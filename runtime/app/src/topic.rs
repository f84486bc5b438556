//! `AWS::SNS::Topic`.
//!
//! Source: CloudFormation's resource reference, "AWS::SNS::Topic", and SNS's API reference,
//! "CreateTopic" and "Subscribe".

use crate::event::Source;
use crate::event::queue::arn_help;
use crate::model::{Subscription, Target, Topic, TopicTrigger, Trigger};
use crate::node;
use crate::property::{Effect, Table};
use crate::resolve::Resolver;
use crate::template::Resource;

const TABLE: &Table = &[
    ("ArchivePolicy", Effect::Read),
    ("ContentBasedDeduplication", Effect::Read),
    ("DataProtectionPolicy", Effect::Accepted),
    ("DeliveryStatusLogging", Effect::Accepted),
    ("DisplayName", Effect::Read),
    ("FifoThroughputScope", Effect::Read),
    ("FifoTopic", Effect::Read),
    ("KmsMasterKeyId", Effect::Accepted),
    ("MaximumMessageSize", Effect::Read),
    ("SignatureVersion", Effect::Read),
    ("Subscription", Effect::Read),
    ("Tags", Effect::Accepted),
    ("TopicName", Effect::Read),
    ("TracingConfig", Effect::Read),
];

/// What only FIFO topics may have.
const FIFO_ONLY: &[&str] = &["ArchivePolicy", "ContentBasedDeduplication", "FifoThroughputScope"];

const PROTOCOLS: &[&str] =
    &["application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"];

/// Where a subscription's messages go.
pub(crate) struct Endpoint {
    pub(crate) protocol: String,
    /// An ARN, URL or address.
    pub(crate) address: String,
    /// What of the template that is.
    pub(crate) target: Target,
}

/// Reads a topic, and what its own subscriptions start functions by. `None`: it has no usable name.
pub(crate) fn read<'t>(
    resolver: &Resolver<'t>,
    resource: &Resource<'t>,
) -> Option<(Topic, Vec<(String, Trigger)>)> {
    let source = Source::resource(resolver, resource, TABLE);
    let fifo = source.boolean("FifoTopic").unwrap_or(false);
    let content_based_deduplication = source.boolean("ContentBasedDeduplication").unwrap_or(false);
    source.choice("FifoThroughputScope", &["Topic", "MessageGroup"]);
    source.choice("SignatureVersion", &["1", "2"]);
    source.choice("TracingConfig", &["Active", "PassThrough"]);
    source.text("DisplayName", 0..=100);
    source.integer("MaximumMessageSize", 1024..=1_048_576, "bytes");
    if !fifo && source.get("FifoTopic").is_none_or(|node| !node.is_unresolved()) {
        for name in FIFO_ONLY {
            if let Some((key, _)) = node::entry(&source.properties, name) {
                let message = format!("`{name}` of {} needs a FIFO topic", source.reader.owner);
                source.fault(key.at, message, "add `FifoTopic: true`".to_owned());
            }
        }
    }
    // A fault in the name is told of where the properties are resolved.
    let name = resolver.name_of(resource).ok()?;
    check_name(&source, &name, fifo);

    let arn = resolver.topic_arn(&name);
    let id = resolver.id(resource.id);
    let mut topic = Topic {
        logical_id: id.clone(),
        name,
        arn: arn.clone(),
        fifo,
        content_based_deduplication,
        subscriptions: Vec::new(),
        span: source.span(),
    };
    let mut triggers = Vec::new();
    for part in source.parts("Subscription", &["Endpoint", "Protocol"]) {
        let Some(endpoint) = endpoint(&part) else { continue };
        if !matches!(endpoint.target, Target::Function(_) | Target::Queue(_)) {
            part.reader.report.note(part.key.at, part.path(), "nothing is delivered by it");
        }
        if let Target::Function(function) = &endpoint.target {
            let trigger = TopicTrigger {
                name: resource.id.to_owned(),
                arn: arn.clone(),
                topic: Some(id.clone()),
                filter_policy: None,
                filters_body: false,
                by_queue: None,
                dead_letter: None,
                span: part.span(),
            };
            triggers.push((function.clone(), Trigger::Topic(trigger)));
        }
        topic.subscriptions.push(Subscription {
            protocol: endpoint.protocol,
            endpoint: endpoint.address,
            target: endpoint.target,
            filter_policy: None,
            filters_body: false,
            raw: false,
            dead_letter: None,
            span: part.span(),
        });
    }
    Some((topic, triggers))
}

/// `Protocol` and `Endpoint`. Functions and queues are named by their ARNs.
pub(crate) fn endpoint(source: &Source) -> Option<Endpoint> {
    source.required("Protocol", "add one: `Protocol: sqs`");
    let protocol = source.choice("Protocol", PROTOCOLS).map(str::to_owned);
    let node = source.required("Endpoint", "add one: `Endpoint: !GetAtt QUEUE.Arn`")?;
    let address = source.reader.text("Endpoint", node)?;
    let protocol = protocol?;
    let of = match protocol.as_str() {
        "lambda" => Some("the ARN of a function"),
        "sqs" => Some("the ARN of a queue"),
        _ => None,
    };
    if let Some(expected) = of
        && !node.is_unresolved()
        && !address.starts_with("arn:")
    {
        let help = match protocol.as_str() {
            "sqs" => arn_help(source.resolver, address),
            _ => "write `!GetAtt FUNCTION.Arn`".to_owned(),
        };
        source.reader.wrong("Endpoint", node, expected, help);
        return None;
    }
    Some(Endpoint {
        address: address.to_owned(),
        target: source.resolver.load.targets.find(address),
        protocol,
    })
}

/// Letters, digits, `-` and `_`, at most 256 in all, and `.fifo` at the end of a FIFO topic's.
fn check_name(source: &Source, name: &str, fifo: bool) {
    let Some(node) = source.get("TopicName") else { return };
    if node.is_unresolved() || node.is_poison() {
        return;
    }
    let stem = if fifo { name.strip_suffix(".fifo") } else { Some(name) };
    let is_valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match stem {
        None => {
            let message =
                format!("the name of the FIFO topic {} must end in `.fifo`", source.reader.owner);
            source.fault(node.at, message, format!("write `TopicName: {name}.fifo`"));
        }
        Some(stem) if stem.is_empty() || name.len() > 256 || !stem.chars().all(is_valid) => {
            let help = if name.ends_with(".fifo") && !fifo {
                "a name that ends in `.fifo` needs `FifoTopic: true`"
            } else {
                "use letters, digits, `-` and `_`, at most 256"
            };
            source.reader.wrong("TopicName", node, "a topic name", help.to_owned());
        }
        Some(_) => {}
    }
}
