//! `AWS::Lambda::EventSourceMapping`.
//!
//! Source: CloudFormation's resource reference, "AWS::Lambda::EventSourceMapping"; which source
//! takes which properties: Lambda API reference, "CreateEventSourceMapping".

use super::Links;
use crate::event::stream::Family;
use crate::event::{Source, broker, queue, stream};
use crate::model::{StreamSource, Trigger};
use crate::property::{self, Effect, Table};
use crate::resolve::Resolver;
use crate::template::Resource;

const KIND: &str = "AWS::Lambda::EventSourceMapping";

/// The properties of mappings from any source.
const TABLE: &Table = &[
    ("AmazonManagedKafkaEventSourceConfig", Effect::Read),
    ("BatchSize", Effect::Read),
    ("BisectBatchOnFunctionError", Effect::Read),
    ("DestinationConfig", Effect::Read),
    ("DocumentDBEventSourceConfig", Effect::Read),
    ("Enabled", Effect::Read),
    ("EventSourceArn", Effect::Read),
    ("FilterCriteria", Effect::Read),
    ("FunctionName", Effect::Read),
    ("FunctionResponseTypes", Effect::Read),
    ("KmsKeyArn", Effect::Accepted),
    ("LoggingConfig", Effect::Accepted),
    ("MaximumBatchingWindowInSeconds", Effect::Read),
    ("MaximumRecordAgeInSeconds", Effect::Read),
    ("MaximumRetryAttempts", Effect::Read),
    ("MetricsConfig", Effect::Accepted),
    ("ParallelizationFactor", Effect::Read),
    ("ProvisionedPollerConfig", Effect::Read),
    ("Queues", Effect::Read),
    ("ScalingConfig", Effect::Read),
    ("SelfManagedEventSource", Effect::Read),
    ("SelfManagedKafkaEventSourceConfig", Effect::Read),
    ("SourceAccessConfigurations", Effect::Read),
    ("StartingPosition", Effect::Read),
    ("StartingPositionTimestamp", Effect::Read),
    ("Tags", Effect::Accepted),
    ("Topics", Effect::Read),
    ("TumblingWindowInSeconds", Effect::Read),
];

/// What a mapping reads from.
#[derive(Clone, Copy)]
enum Origin {
    Queue,
    Stream(Family),
}

impl Origin {
    /// What it is called, the properties of SAM's event of the type, and those that the plain
    /// resource has in place of some of them.
    fn facts(self) -> (&'static str, &'static Table, &'static [&'static str]) {
        let Self::Stream(family) = self else { return ("SQS queues", queue::TABLE, &[]) };
        match family {
            Family::Kinesis => ("Kinesis streams", stream::TABLE, &[]),
            Family::DynamoDb => ("DynamoDB streams", stream::TABLE, &[]),
            Family::Msk => ("MSK", broker::MSK, &["AmazonManagedKafkaEventSourceConfig"]),
            Family::Kafka => (
                "self-managed Kafka",
                broker::KAFKA,
                &["SelfManagedEventSource", "SelfManagedKafkaEventSourceConfig"],
            ),
            Family::Mq => ("Amazon MQ", broker::MQ, &[]),
            Family::DocumentDb => {
                ("DocumentDB", broker::DOCUMENT_DB, &["DocumentDBEventSourceConfig"])
            }
        }
    }
}

pub(super) fn read<'t>(links: &mut Links, resolver: &Resolver<'t>, resource: &Resource<'t>) {
    let source = Source::resource(resolver, resource, TABLE);
    let function = function(&source);
    let Some(origin) = origin(&source) else { return };
    let (called, table, own) = origin.facts();
    for (key, _) in &source.properties {
        let name = key.name.as_str();
        let is_known = TABLE.iter().any(|(known, _)| *known == name);
        let is_taken = ["EventSourceArn", "FunctionName"].contains(&name)
            || own.contains(&name)
            || table.iter().any(|(taken, _)| *taken == name);
        if is_known && !is_taken {
            let message = format!("`{name}` of {} is not for {called}", source.reader.owner);
            source.fault(key.at, message, "remove it".to_owned());
        }
    }
    match origin {
        Origin::Queue => {
            property::note(source.reader.report, &source.properties, table, &source.path());
            let consumer = function.as_ref().and_then(|id| links.consumer(resolver, id));
            let trigger = queue::read(&source, KIND, "EventSourceArn", consumer.as_ref());
            if let (Some(function), Some(trigger)) = (function, trigger) {
                links.triggers.push((function, Trigger::Queue(trigger)));
            }
        }
        Origin::Stream(family) => {
            let trigger = stream::read(&source, family, stream_source(&source, family));
            if let (Some(function), Some(trigger)) = (function, trigger) {
                links.add_not_called(&source, KIND, function, Trigger::Stream(trigger));
            }
        }
    }
}

/// The function that `FunctionName` means, in any of Lambda's forms.
fn function(source: &Source) -> Option<String> {
    let node = source.required("FunctionName", "add one: `FunctionName: !Ref FUNCTION`")?;
    let name = source.reader.text("FunctionName", node)?;
    let found = source.resolver.load.targets.function(name);
    if found.is_none() {
        let shown: String = name.chars().take(120).collect();
        let note = format!("{shown} is not a function of this template: it is not called");
        source.reader.report.note(node.at, format!("{} ({KIND})", source.path()), note);
    }
    found
}

/// What the mapping reads from, by its ARN. What that does not tell is noted.
fn origin(source: &Source) -> Option<Origin> {
    if source.get("SelfManagedEventSource").is_some() {
        if source.get("EventSourceArn").is_some() {
            let message = format!(
                "{} has both `EventSourceArn` and `SelfManagedEventSource`",
                source.reader.owner
            );
            source.fault(
                source.at("SelfManagedEventSource"),
                message,
                "keep one of them".to_owned(),
            );
            return None;
        }
        return Some(Origin::Stream(Family::Kafka));
    }
    let help = "add one: `EventSourceArn: !GetAtt QUEUE.Arn`";
    let node = source.required("EventSourceArn", help)?;
    let arn = source.reader.text("EventSourceArn", node)?;
    if !node.is_unresolved() && !arn.starts_with("arn:") {
        let help = queue::arn_help(source.resolver, arn);
        source.reader.wrong("EventSourceArn", node, "the ARN of an event source", help);
        return None;
    }
    match arn.split(':').nth(2).unwrap_or_default() {
        "sqs" => Some(Origin::Queue),
        "kinesis" => Some(Origin::Stream(Family::Kinesis)),
        "dynamodb" => Some(Origin::Stream(Family::DynamoDb)),
        "kafka" => Some(Origin::Stream(Family::Msk)),
        "mq" => Some(Origin::Stream(Family::Mq)),
        "rds" | "docdb-elastic" => Some(Origin::Stream(Family::DocumentDb)),
        _ => {
            let shown: String = arn.chars().take(120).collect();
            let note = format!("{shown} is not known here: nothing arrives from it");
            source.reader.report.note(node.at, format!("{} ({KIND})", source.path()), note);
            None
        }
    }
}

fn stream_source(source: &Source, family: Family) -> Option<StreamSource> {
    let group = |config: &str| {
        let part =
            source.part(config, &["ConsumerGroupId", "ConsumptionMode", "SchemaRegistryConfig"]);
        part.and_then(|part| {
            broker::check_registry(&part);
            part.choice("ConsumptionMode", &["Stream", "Queue"]);
            broker::consumer_group(&part)
        })
    };
    let arn = source.text("EventSourceArn", 12..=1024);
    match family {
        Family::Kafka => {
            let consumer_group = group("SelfManagedKafkaEventSourceConfig");
            let topics = broker::topics(source);
            let endpoints =
                source.part("SelfManagedEventSource", &["Endpoints"]).and_then(|part| {
                    part.required(
                        "Endpoints",
                        "add one: `Endpoints: {KafkaBootstrapServers: [...]}`",
                    );
                    part.part("Endpoints", &["KafkaBootstrapServers"])
                });
            let brokers = endpoints.and_then(|endpoints| broker::brokers(&endpoints));
            brokers.zip(topics).map(|(brokers, topics)| StreamSource::Kafka {
                brokers,
                topics,
                consumer_group,
            })
        }
        Family::Kinesis => arn.map(StreamSource::Kinesis),
        Family::DynamoDb => arn.map(StreamSource::DynamoDb),
        Family::Msk => {
            let consumer_group = group("AmazonManagedKafkaEventSourceConfig");
            let topics = broker::topics(source);
            arn.zip(topics).map(|(cluster, topics)| StreamSource::Msk {
                cluster,
                topics,
                consumer_group,
            })
        }
        Family::Mq => {
            let queues = broker::queues(source);
            arn.zip(queues).map(|(broker, queues)| StreamSource::Mq { broker, queues })
        }
        Family::DocumentDb => {
            let name = "DocumentDBEventSourceConfig";
            source.required(name, &format!("add one: `{name}: {{DatabaseName: shop}}`"));
            let names = ["CollectionName", "DatabaseName", "FullDocument"];
            broker::document_source(&source.part(name, &names)?, arn)
        }
    }
}
