//! Event source mappings.

use super::event;

const QUEUE: &str = "  Jobs: {Type: 'AWS::SQS::Queue', Properties: {VisibilityTimeout: 60}}\n";
const DEAD: &str = "  Dead: {Type: 'AWS::SQS::Queue'}\n";

#[test]
fn queues() {
    assert_eq!(
        event(
            "SQS",
            "{Queue: !GetAtt Jobs.Arn, BatchSize: 250, MaximumBatchingWindowInSeconds: 20, \
             Enabled: false, FunctionResponseTypes: [ReportBatchItemFailures], \
             ScalingConfig: {MaximumConcurrency: 4}, \
             ProvisionedPollerConfig: {MinimumPollers: 2, MaximumPollers: 10}, \
             FilterCriteria: {Filters: [{Pattern: '{\"body\": {\"weight\": [{\"numeric\": [\"<\", 30]}]}}'}]}}",
            QUEUE
        ),
        [
            r#"Queue(QueueTrigger { name: "Event", arn: "arn:aws:sqs:us-east-1:000000000000:Jobs", queue: Some("Jobs"), batch_size: 250, batch_window: 20s, report_batch_item_failures: true, maximum_concurrency: Some(4), filters: [Object {"body": Object {"weight": Array [Object {"numeric": Array [String("<"), Number(30)]}]}}], enabled: false })"#,
        ]
    );
    assert_eq!(
        event("SQS", "{Queue: 'arn:aws:sqs:us-east-1:123456789012:partner'}", ""),
        [
            r#"Queue(QueueTrigger { name: "Event", arn: "arn:aws:sqs:us-east-1:123456789012:partner", queue: None, batch_size: 10, batch_window: 0ns, report_batch_item_failures: false, maximum_concurrency: None, filters: [], enabled: true })"#,
        ]
    );
}

#[test]
fn kinesis() {
    assert_eq!(
        event(
            "Kinesis",
            "{Stream: !GetAtt Readings.Arn, StartingPosition: AT_TIMESTAMP, \
             StartingPositionTimestamp: 1767225600, BatchSize: 500, \
             BisectBatchOnFunctionError: true, MaximumBatchingWindowInSeconds: 3, \
             MaximumRecordAgeInSeconds: 3600, MaximumRetryAttempts: 4, ParallelizationFactor: 2, \
             TumblingWindowInSeconds: 60, FunctionResponseTypes: [ReportBatchItemFailures], \
             DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Dead.Arn}}, \
             FilterCriteria: {Filters: [{Pattern: '{\"data\":{\"celsius\":[{\"numeric\":[\">\",30]}]}}'}]}}",
            &format!("  Readings: {{Type: 'AWS::Kinesis::Stream'}}\n{DEAD}")
        ),
        [
            r#"Stream(StreamTrigger { name: "Event", source: Kinesis("arn:aws:kinesis:us-east-1:000000000000:stream/Readings"), batch_size: 500, batch_window: 3s, starting_position: Some("AT_TIMESTAMP"), starting_timestamp: Some("1767225600"), parallelization_factor: 2, bisect_on_error: true, maximum_retries: Some(4), maximum_age: Some(3600s), tumbling_window: Some(60s), on_failure: Some(Destination { arn: "arn:aws:sqs:us-east-1:000000000000:Dead", target: Queue("Dead") }), report_batch_item_failures: true, filters: [Object {"data": Object {"celsius": Array [Object {"numeric": Array [String(">"), Number(30)]}]}}], access: [], enabled: true })"#,
        ]
    );
    assert_eq!(
        event(
            "Kinesis",
            "{Stream: !GetAtt Consumer.ConsumerARN, StartingPosition: LATEST, \
             MaximumRetryAttempts: -1, MaximumRecordAgeInSeconds: -1}",
            "  Consumer: {Type: 'AWS::Kinesis::StreamConsumer'}\n"
        ),
        [
            r#"Stream(StreamTrigger { name: "Event", source: Kinesis("arn:aws:kinesis:us-east-1:000000000000:streamconsumer/Consumer"), batch_size: 100, batch_window: 0ns, starting_position: Some("LATEST"), starting_timestamp: None, parallelization_factor: 1, bisect_on_error: false, maximum_retries: None, maximum_age: None, tumbling_window: None, on_failure: None, report_batch_item_failures: false, filters: [], access: [], enabled: true })"#,
        ]
    );
}

#[test]
fn dynamodb() {
    assert_eq!(
        event(
            "DynamoDB",
            "{Stream: !GetAtt Devices.StreamArn, StartingPosition: TRIM_HORIZON, BatchSize: 50, \
             MaximumRetryAttempts: 2, Enabled: false, \
             FilterCriteria: {Filters: [{Pattern: '{\"eventName\":[\"INSERT\"]}'}]}}",
            "  Devices: {Type: 'AWS::DynamoDB::Table'}\n"
        ),
        [
            r#"Stream(StreamTrigger { name: "Event", source: DynamoDb("arn:aws:dynamodb:us-east-1:000000000000:table/Devices/stream/2015-05-11T21:21:33.291"), batch_size: 50, batch_window: 0ns, starting_position: Some("TRIM_HORIZON"), starting_timestamp: None, parallelization_factor: 1, bisect_on_error: false, maximum_retries: Some(2), maximum_age: None, tumbling_window: None, on_failure: None, report_batch_item_failures: false, filters: [Object {"eventName": Array [String("INSERT")]}], access: [], enabled: false })"#,
        ]
    );
}

#[test]
fn msk() {
    assert_eq!(
        event(
            "MSK",
            "{Stream: !Ref Cluster, Topics: [payments], StartingPosition: LATEST, BatchSize: 200, \
             ConsumerGroupId: books, MaximumBatchingWindowInSeconds: 2, \
             SourceAccessConfigurations: [{Type: SASL_SCRAM_512_AUTH, URI: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:k'}], \
             ProvisionedPollerConfig: {MinimumPollers: 1, MaximumPollers: 5}, \
             DestinationConfig: {OnFailure: {Destination: 'kafka://failed'}}}",
            "  Cluster: {Type: 'AWS::MSK::Cluster'}\n"
        ),
        [
            r#"Stream(StreamTrigger { name: "Event", source: Msk { cluster: "arn:aws:kafka:us-east-1:000000000000:cluster/Cluster/0", topics: ["payments"], consumer_group: Some("books") }, batch_size: 200, batch_window: 2s, starting_position: Some("LATEST"), starting_timestamp: None, parallelization_factor: 1, bisect_on_error: false, maximum_retries: None, maximum_age: None, tumbling_window: None, on_failure: Some(Destination { arn: "kafka://failed", target: Elsewhere }), report_batch_item_failures: false, filters: [], access: [("SASL_SCRAM_512_AUTH", "arn:aws:secretsmanager:us-east-1:000000000000:secret:k")], enabled: true })"#,
        ]
    );
}

#[test]
fn kafka() {
    assert_eq!(
        event(
            "SelfManagedKafka",
            "{KafkaBootstrapServers: ['kafka.example.com:9092'], Topics: [checks], \
             ConsumerGroupId: checking, StartingPosition: TRIM_HORIZON, \
             SourceAccessConfigurations: [{Type: SASL_SCRAM_256_AUTH, URI: secret}, \
             {Type: VPC_SUBNET, URI: 'subnet:s'}, {Type: VPC_SECURITY_GROUP, URI: 'security_group:g'}], \
             SchemaRegistryConfig: {SchemaRegistryURI: 'https://r.example.com', \
             EventRecordFormat: JSON, SchemaValidationConfigs: [{Attribute: VALUE}]}}",
            ""
        ),
        [
            r#"Stream(StreamTrigger { name: "Event", source: Kafka { brokers: ["kafka.example.com:9092"], topics: ["checks"], consumer_group: Some("checking") }, batch_size: 100, batch_window: 500ms, starting_position: Some("TRIM_HORIZON"), starting_timestamp: None, parallelization_factor: 1, bisect_on_error: false, maximum_retries: None, maximum_age: None, tumbling_window: None, on_failure: None, report_batch_item_failures: false, filters: [], access: [("SASL_SCRAM_256_AUTH", "secret"), ("VPC_SUBNET", "subnet:s"), ("VPC_SECURITY_GROUP", "security_group:g")], enabled: true })"#,
        ]
    );
}

#[test]
fn mq() {
    assert_eq!(
        event(
            "MQ",
            "{Broker: !GetAtt Rabbits.Arn, Queues: [proofs], DynamicPolicyName: true, \
             SourceAccessConfigurations: [{Type: BASIC_AUTH, URI: secret}, \
             {Type: VIRTUAL_HOST, URI: /printing}]}",
            "  Rabbits: {Type: 'AWS::AmazonMQ::Broker', Properties: {BrokerName: rabbits}}\n"
        ),
        [
            r#"Stream(StreamTrigger { name: "Event", source: Mq { broker: "arn:aws:mq:us-east-1:000000000000:broker:rabbits:b-0", queues: ["proofs"] }, batch_size: 100, batch_window: 500ms, starting_position: None, starting_timestamp: None, parallelization_factor: 1, bisect_on_error: false, maximum_retries: None, maximum_age: None, tumbling_window: None, on_failure: None, report_batch_item_failures: false, filters: [], access: [("BASIC_AUTH", "secret"), ("VIRTUAL_HOST", "/printing")], enabled: true })"#,
        ]
    );
}

#[test]
fn document_db() {
    assert_eq!(
        event(
            "DocumentDB",
            "{Cluster: 'arn:aws:rds:us-east-1:000000000000:cluster:articles', \
             DatabaseName: magazine, CollectionName: articles, FullDocument: UpdateLookup, \
             StartingPosition: LATEST, BatchSize: 25, \
             SourceAccessConfigurations: [{Type: BASIC_AUTH, URI: secret}]}",
            ""
        ),
        [
            r#"Stream(StreamTrigger { name: "Event", source: DocumentDb { cluster: "arn:aws:rds:us-east-1:000000000000:cluster:articles", database: "magazine", collection: Some("articles"), full_document: true }, batch_size: 25, batch_window: 500ms, starting_position: Some("LATEST"), starting_timestamp: None, parallelization_factor: 1, bisect_on_error: false, maximum_retries: None, maximum_age: None, tumbling_window: None, on_failure: None, report_batch_item_failures: false, filters: [], access: [("BASIC_AUTH", "secret")], enabled: true })"#,
        ]
    );
}
