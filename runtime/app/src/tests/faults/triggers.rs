//! Bad events, one type after the other.

use crate::tests::{hello, messages};

/// What is said of an event: its type and properties on one line.
#[track_caller]
fn said(kind: &str, properties: &str) -> Vec<String> {
    let event = format!("Events:\n  Event:\n    Type: {kind}\n    Properties: {properties}");
    messages(&hello(
        &event,
        "  Jobs: {Type: 'AWS::SQS::Queue'}\n  Uploads: {Type: 'AWS::S3::Bucket'}\n",
    ))
}

#[test]
fn what_is_missing() {
    for (kind, expected) in [
        ("SQS", &["Queue"][..]),
        ("Schedule", &["Schedule"]),
        ("ScheduleV2", &["ScheduleExpression"]),
        ("SNS", &["Topic"]),
        ("EventBridgeRule", &["Pattern"]),
        ("CloudWatchEvent", &["Pattern"]),
        ("S3", &["Bucket", "Events"]),
        ("DynamoDB", &["Stream", "StartingPosition"]),
        ("Kinesis", &["Stream", "StartingPosition"]),
        ("MQ", &["Broker", "Queues", "SourceAccessConfigurations"]),
        ("MSK", &["Stream", "Topics", "StartingPosition"]),
        ("SelfManagedKafka", &["SourceAccessConfigurations", "KafkaBootstrapServers", "Topics"]),
        ("DocumentDB", &["Cluster", "DatabaseName", "SourceAccessConfigurations"]),
        ("Cognito", &["UserPool", "Trigger"]),
        ("IoTRule", &["Sql"]),
        ("CloudWatchLogs", &["LogGroupName", "FilterPattern"]),
    ] {
        let expected: Vec<String> =
            expected.iter().map(|name| format!("event Event of Hello has no `{name}`")).collect();
        let mut said = said(kind, "{}");
        said.sort();
        let mut expected = expected;
        expected.sort();
        assert_eq!(said, expected, "{kind}");
    }
}

#[test]
fn what_is_misspelt() {
    for (kind, property) in [
        ("AlexaSkill", "SkilId"),
        ("IoTRule", "Sql: a, SqlVersion"),
        ("CloudWatchLogs", "LogGroupName: a, FilterPattern: '', Filter"),
        ("EventBridgeRule", "Pattern: {a: [b]}, Bus"),
        ("Schedule", "Schedule: rate(1 day), Timezone"),
    ] {
        let name = property.rsplit(", ").next().unwrap();
        assert_eq!(
            said(kind, &format!("{{{property}: x}}")),
            [format!("unknown property `{name}` of event Event of Hello")],
            "{kind}"
        );
    }
}

#[test]
fn mappings() {
    assert_eq!(
        said(
            "SQS",
            "{Queue: !GetAtt Jobs.Arn, BatchSize: 10001, MaximumBatchingWindowInSeconds: 301, \
             ScalingConfig: {MaximumConcurrency: 1, Minimum: 2}, \
             ProvisionedPollerConfig: {MinimumPollers: 9, MaximumPollers: 3}, \
             FilterCriteria: {Filters: [{Pattern: {body: [a]}}, {Pattern: 'a'}, {}, \
             {Pattern: '{\"body\": \"a\", \"b\": [], \"c\": [{\"lke\": 1}], \"d\": [{\"numeric\": [1]}]}'}]}}"
        ),
        [
            "`BatchSize` of event Event of Hello must be from 1 to 10000, not `10001`",
            "`MaximumBatchingWindowInSeconds` of event Event of Hello must be from 0 to 300, not `301`",
            "`MaximumConcurrency` of `ScalingConfig` of event Event of Hello must be from 2 to 1000, not `1`",
            "unknown property `Minimum` of `ScalingConfig` of event Event of Hello",
            "`ProvisionedPollerConfig` of event Event of Hello has fewer `MaximumPollers` than `MinimumPollers`",
            "`Pattern` of `Filters[0]` of `FilterCriteria` of event Event of Hello must be JSON text, not a mapping",
            "`Pattern` of `Filters[1]` of `FilterCriteria` of event Event of Hello must be JSON text of an object, not `a`",
            "`Filters[2]` of `FilterCriteria` of event Event of Hello has no `Pattern`",
            "`b` of `Pattern` of `Filters[3]` of `FilterCriteria` of event Event of Hello must be a list of values, not an empty list",
            "`body` of `Pattern` of `Filters[3]` of `FilterCriteria` of event Event of Hello must be a list of values, not `a`",
            "unknown operator `lke` at `c` of `Pattern` of `Filters[3]` of `FilterCriteria` of event Event of Hello",
            "`d.numeric` of `Pattern` of `Filters[3]` of `FilterCriteria` of event Event of Hello must be comparisons and numbers in turn, not a list",
        ]
    );
    assert_eq!(
        said(
            "Kinesis",
            "{Stream: Readings, StartingPosition: END, ParallelizationFactor: 11, \
             TumblingWindowInSeconds: 901, MaximumRetryAttempts: 10001, \
             MaximumRecordAgeInSeconds: 59, BisectBatchOnFunctionError: maybe, \
             DestinationConfig: {OnFailure: {Type: Queue, Destination: Dead}}, \
             FunctionResponseTypes: [All]}"
        ),
        [
            "`Stream` of event Event of Hello must be the ARN of a stream, not `Readings`",
            "`StartingPosition` of event Event of Hello must be one of TRIM_HORIZON, LATEST, AT_TIMESTAMP, not `END`",
            "`ParallelizationFactor` of event Event of Hello must be from 1 to 10, not `11`",
            "`TumblingWindowInSeconds` of event Event of Hello must be from 0 to 900, not `901`",
            "`MaximumRetryAttempts` of event Event of Hello must be from 0 to 10000, not `10001`",
            "`MaximumRecordAgeInSeconds` of event Event of Hello must be from 60 to 604800, not `59`",
            "`BisectBatchOnFunctionError` of event Event of Hello must be `true` or `false`, not `maybe`",
            "`Type` of `OnFailure` of `DestinationConfig` of event Event of Hello must be one of SQS, SNS, S3, Kafka, not `Queue`",
            "`Destination` of `OnFailure` of `DestinationConfig` of event Event of Hello must be an ARN, not `Dead`",
            "`FunctionResponseTypes` of event Event of Hello must be `ReportBatchItemFailures`, not `All`",
        ]
    );
    let stream = "Stream: 'arn:aws:dynamodb:us-east-1:1:table/t/stream/1'";
    assert_eq!(
        said("DynamoDB", &format!("{{{stream}, StartingPosition: AT_TIMESTAMP}}")),
        [
            "`StartingPosition` of event Event of Hello must be one of TRIM_HORIZON, LATEST, not `AT_TIMESTAMP`",
        ]
    );
    assert_eq!(
        said(
            "DynamoDB",
            &format!("{{{stream}, StartingPosition: LATEST, StartingPositionTimestamp: 1}}")
        ),
        [
            "`StartingPositionTimestamp` of event Event of Hello needs `StartingPosition: AT_TIMESTAMP`",
        ]
    );
    let stream = "Stream: 'arn:aws:kinesis:us-east-1:1:stream/s'";
    assert_eq!(
        said("Kinesis", &format!("{{{stream}, StartingPosition: AT_TIMESTAMP}}")),
        ["event Event of Hello has no `StartingPositionTimestamp`"]
    );
}

#[test]
fn brokers() {
    assert_eq!(
        said(
            "MQ",
            "{Broker: 'arn:aws:mq:us-east-1:1:broker:b:1', Queues: [a, b], \
             SourceAccessConfigurations: [{Type: VIRTUAL_HOST, URI: /}]}"
        ),
        [
            "`Queues` of event Event of Hello must be a list of one item, not of 2",
            "`SourceAccessConfigurations` of event Event of Hello has no `BASIC_AUTH`",
        ]
    );
    assert_eq!(
        said(
            "MQ",
            "{Broker: 'arn:aws:mq:us-east-1:1:broker:b:1', Queues: [a], \
             SourceAccessConfigurations: [{Type: VIRTUAL_HOST, URI: /}]}"
        ),
        ["`SourceAccessConfigurations` of event Event of Hello has no `BASIC_AUTH`"]
    );
    assert_eq!(
        said(
            "SelfManagedKafka",
            "{KafkaBootstrapServers: [kafka], Topics: [a], ConsumerGroupId: '', \
             SourceAccessConfigurations: [{Type: BASIC_AUTH, URI: a}, {Type: IAM_AUTH}, \
             {Type: VPC_SUBNET, URI: a}, {Type: SASL}, {URI: a}], \
             SchemaRegistryConfig: {EventRecordFormat: XML}}"
        ),
        [
            "`KafkaBootstrapServers` of event Event of Hello must be a list of `HOST:PORT`, not `kafka`",
            "`ConsumerGroupId` of event Event of Hello is 0 characters long",
            "`Type` of `SourceAccessConfigurations[3]` of event Event of Hello must be one of BASIC_AUTH, CLIENT_CERTIFICATE_TLS_AUTH, IAM_AUTH, IAM_OAUTHBEARER_AUTH, OAUTHBEARER_AUDIENCE, OAUTHBEARER_AUTH, OAUTHBEARER_IDENTITY_POOL, OAUTHBEARER_LOGICAL_CLUSTER, OAUTHBEARER_SCOPE, SASL_SCRAM_256_AUTH, SASL_SCRAM_512_AUTH, SERVER_ROOT_CA_CERTIFICATE, VPC_SECURITY_GROUP, VPC_SUBNET, not `SASL`",
            "`SourceAccessConfigurations[4]` of event Event of Hello has no `Type`",
            "`SchemaRegistryConfig` of event Event of Hello has no `SchemaRegistryURI`",
            "`SchemaRegistryConfig` of event Event of Hello has no `SchemaValidationConfigs`",
            "`EventRecordFormat` of `SchemaRegistryConfig` of event Event of Hello must be one of JSON, SOURCE, not `XML`",
        ]
    );
    assert_eq!(
        said(
            "SelfManagedKafka",
            "{KafkaBootstrapServers: ['kafka:9092'], Topics: [a], \
             SourceAccessConfigurations: [{Type: BASIC_AUTH, URI: a}, {Type: IAM_AUTH}, \
             {Type: VPC_SUBNET, URI: a}]}"
        ),
        [
            "`SourceAccessConfigurations` of event Event of Hello has more than one way to sign in",
            "`SourceAccessConfigurations` of event Event of Hello has one of VPC subnet and security group",
        ]
    );
    assert_eq!(
        said(
            "DocumentDB",
            "{Cluster: articles, DatabaseName: '', FullDocument: Full, \
             SourceAccessConfigurations: []}"
        ),
        [
            "`Cluster` of event Event of Hello must be the ARN of a cluster, not `articles`",
            "`DatabaseName` of event Event of Hello is 0 characters long",
            "`FullDocument` of event Event of Hello must be one of UpdateLookup, Default, not `Full`",
            "`SourceAccessConfigurations` of event Event of Hello has no `BASIC_AUTH`",
        ]
    );
    assert_eq!(
        said(
            "MSK",
            "{Stream: 'arn:aws:kafka:us-east-1:1:cluster/c/1', Topics: [], StartingPosition: LATEST}"
        ),
        ["`Topics` of event Event of Hello must be a list of one item, not of 0"]
    );
}

#[test]
fn schedules() {
    assert_eq!(
        said(
            "Schedule",
            "{Schedule: 'cron(0 8 * * * *)', Name: a b, Enabled: true, State: ENABLED, \
             RetryPolicy: {MaximumRetryAttempts: 186, MaximumEventAgeInSeconds: 59}, \
             DeadLetterConfig: {Arn: !GetAtt Jobs.Arn, Type: SQS}}"
        ),
        [
            "`Schedule` of event Event of Hello must be a schedule expression, not `cron(0 8 * * * *)`",
            "`Name` of event Event of Hello must be a name, not `a b`",
            "event Event of Hello has both `State` and `Enabled`",
            "`MaximumRetryAttempts` of `RetryPolicy` of event Event of Hello must be from 0 to 185, not `186`",
            "`MaximumEventAgeInSeconds` of `RetryPolicy` of event Event of Hello must be from 60 to 86400, not `59`",
            "`DeadLetterConfig` of event Event of Hello has both `Arn` and `Type`",
        ]
    );
    assert_eq!(
        said(
            "ScheduleV2",
            "{ScheduleExpression: 'at(2030-02-30T00:00:00)', StartDate: '2030-01-01', \
             EndDate: tomorrow, FlexibleTimeWindow: {Mode: FLEXIBLE}, Name: a, OmitName: true, \
             State: ON, DeadLetterConfig: {}}"
        ),
        [
            "`ScheduleExpression` of event Event of Hello must be a schedule expression, not `at(2030-02-30T00:00:00)`",
            "`StartDate` of event Event of Hello must be a date and time, not `2030-01-01`",
            "`EndDate` of event Event of Hello must be a date and time, not `tomorrow`",
            "`FlexibleTimeWindow` of event Event of Hello has no `MaximumWindowInMinutes`",
            "event Event of Hello has both `Name` and `OmitName`",
            "`State` of event Event of Hello must be one of ENABLED, DISABLED, not `true`",
            "`DeadLetterConfig` of event Event of Hello has neither `Arn` nor `Type`",
        ]
    );
    assert_eq!(
        said(
            "ScheduleV2",
            "{ScheduleExpression: rate(1 hour), StartDate: '2030-01-01T00:00:00Z', \
             EndDate: '2030-01-01T00:00:00+00:30', ScheduleExpressionTimezone: a b, \
             FlexibleTimeWindow: {Mode: 'OFF', MaximumWindowInMinutes: 1441}, \
             DeadLetterConfig: {Type: SNS}}"
        ),
        [
            "event Event of Hello ends before it starts",
            "`ScheduleExpressionTimezone` of event Event of Hello must be a time zone, not `a b`",
            "`MaximumWindowInMinutes` of `FlexibleTimeWindow` of event Event of Hello must be from 1 to 1440, not `1441`",
            "`MaximumWindowInMinutes` of `FlexibleTimeWindow` of event Event of Hello needs `Mode: FLEXIBLE`",
            "`Type` of `DeadLetterConfig` of event Event of Hello must be `SQS`, not `SNS`",
        ]
    );
}

#[test]
fn rules() {
    assert_eq!(
        said(
            "EventBridgeRule",
            "{Pattern: {source: orders, detail: {a: [[1]], b: [{exists: 1}], c: []}}, \
             Input: '{}', InputPath: detail, RuleName: a/b, Target: {Name: a}, \
             InputTransformer: {InputPathsMap: {a: b}}}"
        ),
        [
            "`source` of `Pattern` of event Event of Hello must be a list of values, not `orders`",
            "`detail.a` of `Pattern` of event Event of Hello must be a list without lists in it, not a list",
            "`detail.b.exists` of `Pattern` of event Event of Hello must be `true` or `false`, not `1`",
            "`detail.c` of `Pattern` of event Event of Hello must be a list of values, not an empty list",
            "event Event of Hello has both `Input` and `InputPath`",
            "`InputPath` of event Event of Hello must be a JSON path, not `detail`",
            "`RuleName` of event Event of Hello must be a name, not `a/b`",
            "`Target` of event Event of Hello has no `Id`",
            "unknown property `Name` of `Target` of event Event of Hello",
            "`InputTransformer` of event Event of Hello has no `InputTemplate`",
            "`a` of `InputTransformer` of event Event of Hello must be a JSON path, not `b`",
        ]
    );
    assert_eq!(
        said("EventBridgeRule", "{Pattern: [a], State: OFF}"),
        [
            "`Pattern` of event Event of Hello must be a mapping, not a list",
            "`State` of event Event of Hello must be one of ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS, not `false`",
        ]
    );
    assert_eq!(
        said("EventBridgeRule", "{Pattern: '[1]'}"),
        ["`Pattern` of event Event of Hello must be JSON text of an object, not `[1]`"]
    );
}

#[test]
fn topics() {
    assert_eq!(
        said(
            "SNS",
            "{Topic: alarms, FilterPolicy: {a: {b: [c]}}, SqsSubscription: {QueueArn: !Ref Jobs}, \
             RedrivePolicy: '{}'}"
        ),
        [
            "`Topic` of event Event of Hello must be the ARN of a topic, not `alarms`",
            "`a` of `FilterPolicy` of event Event of Hello must be a list of values, not a mapping",
            "`SqsSubscription` of event Event of Hello has no `QueueUrl`",
            "`QueueArn` of `SqsSubscription` of event Event of Hello must be the ARN of a queue, not `http://127.0.0.1:9000/000000000000/Jobs`",
            "`RedrivePolicy` of event Event of Hello has no `deadLetterTargetArn`",
        ]
    );
    assert_eq!(
        said(
            "SNS",
            "{Topic: 'arn:aws:sns:us-east-1:1:a', FilterPolicyScope: Body, SqsSubscription: maybe}"
        ),
        [
            "`FilterPolicyScope` of event Event of Hello must be one of MessageAttributes, MessageBody, not `Body`",
            "`SqsSubscription` of event Event of Hello must be `true` or `false`, not `maybe`",
        ]
    );
}

#[test]
fn notifications() {
    assert_eq!(
        said(
            "S3",
            "{Bucket: uploads, Events: ['s3:ObjectCreated:Put', 's3:ObjectCreated:Put', created], \
             Filter: {S3Key: {Rules: [{Name: prefix, Value: a}, {Name: prefix, Value: b}, \
             {Name: middle, Value: c}, {Name: suffix}]}}}"
        ),
        [
            "`Bucket` of event Event of Hello must be `!Ref` of an `AWS::S3::Bucket` of this template",
            "`Events` of event Event of Hello has `s3:ObjectCreated:Put` twice",
            "`Events` of event Event of Hello must be an event of S3's, not `created`",
            "`Filter` of event Event of Hello has `prefix` twice",
            "`Name` of `Rules[2]` of `S3Key` of `Filter` of event Event of Hello must be `prefix` or `suffix`, not `middle`",
            "`Rules[3]` of `S3Key` of `Filter` of event Event of Hello has no `Value`",
        ]
    );
    assert_eq!(
        said("Cognito", "{UserPool: !Ref Uploads, Trigger: SignUp}"),
        [
            "`UserPool` of event Event of Hello must be `!Ref` of an `AWS::Cognito::UserPool` of this template",
            "`Trigger` of event Event of Hello must be a hook of Cognito's, not `SignUp`",
        ]
    );
    assert_eq!(
        said("IoTRule", "{Sql: SELECT, AwsIotSqlVersion: '2020'}"),
        [
            "`AwsIotSqlVersion` of event Event of Hello must be one of 2015-10-08, 2016-03-23, beta, not `2020`",
        ]
    );
    assert_eq!(
        said("CloudWatchLogs", "{LogGroupName: a b, FilterPattern: [a]}"),
        [
            "`LogGroupName` of event Event of Hello must be a name, not `a b`",
            "`FilterPattern` of event Event of Hello must be text, not a list",
        ]
    );
}
