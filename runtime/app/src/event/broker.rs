//! `MSK`, `SelfManagedKafka`, `MQ` and `DocumentDB` events.
//!
//! Source: SAM developer guide, "MSK", "SelfManagedKafka", "MQ" and "DocumentDB"; Lambda API
//! reference, "CreateEventSourceMapping".

use super::source::Source;
use super::stream::{self, Family};
use crate::model::{StreamSource, StreamTrigger};
use crate::property::{Effect, Table};

pub(crate) const MSK: &Table = &[
    ("BatchSize", Effect::Read),
    ("BisectBatchOnFunctionError", Effect::Read),
    ("ConsumerGroupId", Effect::Read),
    ("DestinationConfig", Effect::Read),
    ("Enabled", Effect::Read),
    ("FilterCriteria", Effect::Read),
    ("FunctionResponseTypes", Effect::Read),
    ("KmsKeyArn", Effect::Accepted),
    ("LoggingConfig", Effect::Accepted),
    ("MaximumBatchingWindowInSeconds", Effect::Read),
    ("MaximumRecordAgeInSeconds", Effect::Read),
    ("MaximumRetryAttempts", Effect::Read),
    ("MetricsConfig", Effect::Accepted),
    ("ProvisionedPollerConfig", Effect::Read),
    ("SchemaRegistryConfig", Effect::Read),
    ("SourceAccessConfigurations", Effect::Read),
    ("StartingPosition", Effect::Read),
    ("StartingPositionTimestamp", Effect::Read),
    ("Stream", Effect::Read),
    ("Tags", Effect::Accepted),
    ("Topics", Effect::Read),
];

pub(crate) const KAFKA: &Table = &[
    ("BatchSize", Effect::Read),
    ("BisectBatchOnFunctionError", Effect::Read),
    ("ConsumerGroupId", Effect::Read),
    ("DestinationConfig", Effect::Read),
    ("Enabled", Effect::Read),
    ("FilterCriteria", Effect::Read),
    ("FunctionResponseTypes", Effect::Read),
    ("KafkaBootstrapServers", Effect::Read),
    ("KmsKeyArn", Effect::Accepted),
    ("LoggingConfig", Effect::Accepted),
    ("MaximumBatchingWindowInSeconds", Effect::Read),
    ("MaximumRecordAgeInSeconds", Effect::Read),
    ("MaximumRetryAttempts", Effect::Read),
    ("MetricsConfig", Effect::Accepted),
    ("ProvisionedPollerConfig", Effect::Read),
    ("SchemaRegistryConfig", Effect::Read),
    ("SecretsManagerKmsKeyId", Effect::Accepted),
    ("SourceAccessConfigurations", Effect::Read),
    ("StartingPosition", Effect::Read),
    ("StartingPositionTimestamp", Effect::Read),
    ("Tags", Effect::Accepted),
    ("Topics", Effect::Read),
];

pub(crate) const MQ: &Table = &[
    ("BatchSize", Effect::Read),
    ("Broker", Effect::Read),
    ("DynamicPolicyName", Effect::Accepted),
    ("Enabled", Effect::Read),
    ("FilterCriteria", Effect::Read),
    ("KmsKeyArn", Effect::Accepted),
    ("MaximumBatchingWindowInSeconds", Effect::Read),
    ("MetricsConfig", Effect::Accepted),
    ("Queues", Effect::Read),
    ("SecretsManagerKmsKeyId", Effect::Accepted),
    ("SourceAccessConfigurations", Effect::Read),
    ("Tags", Effect::Accepted),
];

pub(crate) const DOCUMENT_DB: &Table = &[
    ("BatchSize", Effect::Read),
    ("Cluster", Effect::Read),
    ("CollectionName", Effect::Read),
    ("DatabaseName", Effect::Read),
    ("Enabled", Effect::Read),
    ("FilterCriteria", Effect::Read),
    ("FullDocument", Effect::Read),
    ("KmsKeyArn", Effect::Accepted),
    ("MaximumBatchingWindowInSeconds", Effect::Read),
    ("MetricsConfig", Effect::Accepted),
    ("SecretsManagerKmsKeyId", Effect::Accepted),
    ("SourceAccessConfigurations", Effect::Read),
    ("StartingPosition", Effect::Read),
    ("StartingPositionTimestamp", Effect::Read),
    ("Tags", Effect::Accepted),
];

/// An `MSK` event.
pub(super) fn msk(source: &Source) -> Option<StreamTrigger> {
    let cluster = source.arn("Stream", "a cluster", "!Ref CLUSTER");
    let topics = topics(source);
    let consumer_group = consumer_group(source);
    check_registry(source);
    let stream = cluster.zip(topics).map(|(cluster, topics)| StreamSource::Msk {
        cluster,
        topics,
        consumer_group,
    });
    stream::read(source, Family::Msk, stream)
}

/// A `SelfManagedKafka` event.
pub(super) fn kafka(source: &Source) -> Option<StreamTrigger> {
    source.required("SourceAccessConfigurations", "say how to sign in at the brokers");
    let brokers = brokers(source);
    let topics = topics(source);
    let consumer_group = consumer_group(source);
    check_registry(source);
    let stream = brokers.zip(topics).map(|(brokers, topics)| StreamSource::Kafka {
        brokers,
        topics,
        consumer_group,
    });
    stream::read(source, Family::Kafka, stream)
}

/// An `MQ` event.
pub(super) fn mq(source: &Source) -> Option<StreamTrigger> {
    let broker = source.arn("Broker", "a broker", "!GetAtt BROKER.Arn");
    let queues = queues(source);
    let stream = broker.zip(queues).map(|(broker, queues)| StreamSource::Mq { broker, queues });
    stream::read(source, Family::Mq, stream)
}

/// A `DocumentDB` event.
pub(super) fn document_db(source: &Source) -> Option<StreamTrigger> {
    let cluster = source.arn("Cluster", "a cluster", "!Sub arn:aws:rds:...:cluster:NAME");
    let stream = document_source(source, cluster);
    stream::read(source, Family::DocumentDb, stream)
}

/// A cluster of DocumentDB with what `config` says of its database.
pub(crate) fn document_source(config: &Source, cluster: Option<String>) -> Option<StreamSource> {
    config.required("DatabaseName", "add one: `DatabaseName: shop`");
    let database = config.text("DatabaseName", 1..=63);
    let collection = config.text("CollectionName", 1..=57);
    let full_document =
        config.choice("FullDocument", &["UpdateLookup", "Default"]) == Some("UpdateLookup");
    cluster.zip(database).map(|(cluster, database)| StreamSource::DocumentDb {
        cluster,
        database,
        collection,
        full_document,
    })
}

/// `KafkaBootstrapServers`: one to ten.
pub(crate) fn brokers(source: &Source) -> Option<Vec<String>> {
    let name = "KafkaBootstrapServers";
    let node =
        source.required(name, "add one: `KafkaBootstrapServers: [kafka.example.com:9092]`")?;
    let brokers = source.texts(name, 1..=10)?;
    for (node, broker) in node.as_list().unwrap_or_default().iter().zip(&brokers) {
        let port = broker.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        if !node.is_unresolved() && port.is_none_or(|(_, port)| port.parse::<u16>().is_err()) {
            source.reader.wrong(name, node, "a list of `HOST:PORT`", None);
        }
    }
    Some(brokers)
}

/// `Topics`: one.
pub(crate) fn topics(source: &Source) -> Option<Vec<String>> {
    source.required("Topics", "add one: `Topics: [orders]`")?;
    source.texts("Topics", 1..=1)
}

/// `Queues`: one.
pub(crate) fn queues(source: &Source) -> Option<Vec<String>> {
    source.required("Queues", "add one: `Queues: [orders]`")?;
    source.texts("Queues", 1..=1)
}

/// `ConsumerGroupId`.
pub(crate) fn consumer_group(source: &Source) -> Option<String> {
    source.text("ConsumerGroupId", 1..=200)
}

/// `SchemaRegistryConfig`, which is checked only.
pub(crate) fn check_registry(source: &Source) {
    let names =
        ["AccessConfigs", "EventRecordFormat", "SchemaRegistryURI", "SchemaValidationConfigs"];
    let Some(part) = source.part("SchemaRegistryConfig", &names) else { return };
    part.required(names[1], "add one: `EventRecordFormat: JSON`");
    part.choice(names[1], &["JSON", "SOURCE"]);
    part.required(names[2], "add the address of the registry, or its ARN in Glue");
    part.text(names[2], 1..=10_000);
    part.required(names[3], "add one: `SchemaValidationConfigs: [{Attribute: VALUE}]`");
    for validation in part.parts(names[3], &["Attribute"]) {
        validation.choice("Attribute", &["KEY", "VALUE"]);
    }
    for access in part.parts(names[0], &["Type", "URI"]) {
        access.required("URI", "add the ARN of a secret");
        let types = [
            "BASIC_AUTH",
            "CLIENT_CERTIFICATE_TLS_AUTH",
            "SERVER_ROOT_CA_CERTIFICATE",
            "OAUTHBEARER_AUTH",
        ];
        access.required("Type", "add one: `Type: BASIC_AUTH`");
        access.choice("Type", &types);
    }
}
