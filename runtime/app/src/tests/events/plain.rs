//! Plain resources that start functions.

use std::time::Duration;

use super::triggers;
use crate::model::{QueueTarget, Sender};
use crate::tests::{app, hello, messages, notes};

#[test]
fn mappings_from_queues() {
    let text = hello(
        "FunctionName: greeter",
        "  Jobs: {Type: 'AWS::SQS::Queue'}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: 000000000000:function:greeter:live
      EventSourceArn: !GetAtt Jobs.Arn
      BatchSize: 20
      MaximumBatchingWindowInSeconds: 4
      FunctionResponseTypes: [ReportBatchItemFailures]
      ScalingConfig: {MaximumConcurrency: 5}
  Lost:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: other, EventSourceArn: !GetAtt Jobs.Arn}
",
    );
    let app = app(&text);
    assert_eq!(
        triggers(&app),
        [
            r#"Queue(QueueTrigger { name: "Mapping", arn: "arn:aws:sqs:us-east-1:000000000000:Jobs", queue: Some("Jobs"), batch_size: 20, batch_window: 4s, report_batch_item_failures: true, maximum_concurrency: Some(5), filters: [], enabled: true })"#,
        ]
    );
    assert_eq!(
        notes(&app),
        [
            "Resources.Lost (AWS::Lambda::EventSourceMapping): other is not a function of this template: it is not called",
        ]
    );
}

#[test]
fn mappings_from_streams() {
    let mapping = |source: &str| {
        let text = hello(
            "",
            &format!(
                "  Stream: {{Type: 'AWS::Kinesis::Stream'}}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {{FunctionName: !Ref Hello, {source}}}
"
            ),
        );
        let mut made = triggers(&app(&text));
        assert_eq!(made.len(), 1, "{made:?}");
        made.remove(0)
    };
    let access = "SourceAccessConfigurations: [{Type: BASIC_AUTH, URI: secret}]";
    assert_eq!(
        mapping("EventSourceArn: !GetAtt Stream.Arn, StartingPosition: LATEST"),
        r#"Stream(StreamTrigger { name: "Mapping", source: Kinesis("arn:aws:kinesis:us-east-1:000000000000:stream/Stream"), batch_size: 100, batch_window: 0ns, starting_position: Some("LATEST"), starting_timestamp: None, parallelization_factor: 1, bisect_on_error: false, maximum_retries: None, maximum_age: None, tumbling_window: None, on_failure: None, report_batch_item_failures: false, filters: [], access: [], enabled: true })"#
    );
    assert_eq!(
        mapping(
            "EventSourceArn: 'arn:aws:dynamodb:us-east-1:1:table/t/stream/2026', \
             StartingPosition: TRIM_HORIZON, ParallelizationFactor: 3"
        ),
        r#"Stream(StreamTrigger { name: "Mapping", source: DynamoDb("arn:aws:dynamodb:us-east-1:1:table/t/stream/2026"), batch_size: 100, batch_window: 0ns, starting_position: Some("TRIM_HORIZON"), starting_timestamp: None, parallelization_factor: 3, bisect_on_error: false, maximum_retries: None, maximum_age: None, tumbling_window: None, on_failure: None, report_batch_item_failures: false, filters: [], access: [], enabled: true })"#
    );
    assert_eq!(
        mapping(
            "EventSourceArn: 'arn:aws:kafka:us-east-1:1:cluster/c/1', Topics: [t], \
             StartingPosition: LATEST, AmazonManagedKafkaEventSourceConfig: {ConsumerGroupId: g}"
        ),
        r#"Stream(StreamTrigger { name: "Mapping", source: Msk { cluster: "arn:aws:kafka:us-east-1:1:cluster/c/1", topics: ["t"], consumer_group: Some("g") }, batch_size: 100, batch_window: 500ms, starting_position: Some("LATEST"), starting_timestamp: None, parallelization_factor: 1, bisect_on_error: false, maximum_retries: None, maximum_age: None, tumbling_window: None, on_failure: None, report_batch_item_failures: false, filters: [], access: [], enabled: true })"#
    );
    assert_eq!(
        mapping(
            "SelfManagedEventSource: {Endpoints: {KafkaBootstrapServers: ['k:9092']}}, \
             Topics: [t], SelfManagedKafkaEventSourceConfig: {ConsumerGroupId: g}"
        ),
        r#"Stream(StreamTrigger { name: "Mapping", source: Kafka { brokers: ["k:9092"], topics: ["t"], consumer_group: Some("g") }, batch_size: 100, batch_window: 500ms, starting_position: None, starting_timestamp: None, parallelization_factor: 1, bisect_on_error: false, maximum_retries: None, maximum_age: None, tumbling_window: None, on_failure: None, report_batch_item_failures: false, filters: [], access: [], enabled: true })"#
    );
    assert_eq!(
        mapping(&format!(
            "EventSourceArn: 'arn:aws:mq:us-east-1:1:broker:b:1', Queues: [q], {access}"
        )),
        r#"Stream(StreamTrigger { name: "Mapping", source: Mq { broker: "arn:aws:mq:us-east-1:1:broker:b:1", queues: ["q"] }, batch_size: 100, batch_window: 500ms, starting_position: None, starting_timestamp: None, parallelization_factor: 1, bisect_on_error: false, maximum_retries: None, maximum_age: None, tumbling_window: None, on_failure: None, report_batch_item_failures: false, filters: [], access: [("BASIC_AUTH", "secret")], enabled: true })"#
    );
    assert_eq!(
        mapping(&format!(
            "EventSourceArn: 'arn:aws:rds:us-east-1:1:cluster:c', {access}, \
             DocumentDBEventSourceConfig: {{DatabaseName: d, FullDocument: Default}}"
        )),
        r#"Stream(StreamTrigger { name: "Mapping", source: DocumentDb { cluster: "arn:aws:rds:us-east-1:1:cluster:c", database: "d", collection: None, full_document: false }, batch_size: 100, batch_window: 500ms, starting_position: None, starting_timestamp: None, parallelization_factor: 1, bisect_on_error: false, maximum_retries: None, maximum_age: None, tumbling_window: None, on_failure: None, report_batch_item_failures: false, filters: [], access: [("BASIC_AUTH", "secret")], enabled: true })"#
    );
}

#[test]
fn mappings_take_what_their_source_has() {
    let text = hello(
        "",
        "  Jobs: {Type: 'AWS::SQS::Queue', Properties: {VisibilityTimeout: 2}}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Hello
      EventSourceArn: !GetAtt Jobs.Arn
      ParallelizationFactor: 2
      BatchSize: 11
      Windw: 1
  ByUrl:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {FunctionName: !Ref Hello, EventSourceArn: !Ref Jobs}
  Nothing:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {}
",
    );
    assert_eq!(
        messages(&text),
        [
            "the visibility time-out of Jobs (2 s) is shorter than the time-out of Hello (3 s)",
            "`ParallelizationFactor` of Mapping is not for SQS queues",
            "`BatchSize` of Mapping is 11 without a batching window",
            "unknown property `Windw` of Mapping",
            "`EventSourceArn` of ByUrl must be the ARN of an event source, not `http://127.0.0.1:9000/000000000000/Jobs`",
            "Nothing has no `FunctionName`",
            "Nothing has no `EventSourceArn`",
        ]
    );
}

#[test]
fn rules() {
    let text = hello(
        "",
        "  Late: {Type: 'AWS::SQS::Queue'}
  Dusk:
    Type: AWS::Events::Rule
    Properties:
      Name: dusk
      ScheduleExpression: rate(1 day)
      State: DISABLED
      Targets:
        - {Id: on, Arn: !GetAtt Hello.Arn, Input: '{\"on\": 1}', RetryPolicy: {MaximumRetryAttempts: 2}, DeadLetterConfig: {Arn: !GetAtt Late.Arn}}
  Fog:
    Type: AWS::Events::Rule
    Properties:
      EventBusName: city
      EventPattern: {source: [weather]}
      Targets:
        - {Id: on, Arn: !GetAtt Hello.Arn, InputTransformer: {InputPathsMap: {m: $.detail.m}, InputTemplate: '{\"fog\": <m>}'}}
        - {Id: queue, Arn: !GetAtt Late.Arn}
  City: {Type: 'AWS::Events::EventBus', Properties: {Name: city}}
",
    );
    let app = app(&text);
    assert_eq!(
        triggers(&app),
        [
            r#"Schedule(ScheduleTrigger { name: "Dusk", rule: "dusk", service: Rule, rate: Every(86400s), timezone: None, start: None, end: None, flexible_window: None, input: Some("{\"on\": 1}"), retry: RetryPolicy { maximum_age: 86400s, maximum_retries: 2 }, dead_letter: Some(Destination { arn: "arn:aws:sqs:us-east-1:000000000000:Late", target: Queue("Late") }), enabled: false })"#,
            r#"Rule(RuleTrigger { name: "Fog", rule: "Fog", bus: "city", pattern: Object {"source": Array [String("weather")]}, input: None, input_path: None, input_transformer: Some(InputTransformer { paths: {"m": "$.detail.m"}, template: "{\"fog\": <m>}" }), retry: RetryPolicy { maximum_age: 86400s, maximum_retries: 185 }, dead_letter: None, enabled: true })"#,
        ]
    );
    assert!(notes(&app).is_empty(), "{:?}", notes(&app));
    let [QueueTarget { queue, arn, group_id: None, sender: Sender::Rule(fog) }] =
        app.queue_targets.as_slice()
    else {
        panic!("{:?}", app.queue_targets)
    };
    assert_eq!(queue, "Late");
    assert_eq!(arn, "arn:aws:sqs:us-east-1:000000000000:Late");
    assert_eq!((fog.rule.as_str(), fog.bus.as_str()), ("Fog", "city"));
    assert!(fog.input_transformer.is_none(), "each target has its own");
}

#[test]
fn schedules() {
    let text = hello(
        "",
        "  Late: {Type: 'AWS::SQS::Queue'}
  Dawn:
    Type: AWS::Scheduler::Schedule
    Properties:
      Name: dawn
      ScheduleExpression: rate(5 minutes)
      ScheduleExpressionTimezone: Europe/Brussels
      GroupName: !Ref Group
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target: {Arn: !GetAtt Hello.Arn, RoleArn: 'arn:aws:iam::000000000000:role/r', Input: '{}', DeadLetterConfig: {Arn: !GetAtt Late.Arn}}
  Queued:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 hour)
      FlexibleTimeWindow: {Mode: FLEXIBLE, MaximumWindowInMinutes: 5}
      Target: {Arn: !GetAtt Late.Arn, RoleArn: 'arn:aws:iam::000000000000:role/r'}
  Group: {Type: 'AWS::Scheduler::ScheduleGroup', Properties: {Name: tests}}
",
    );
    let app = app(&text);
    assert_eq!(
        triggers(&app),
        [
            r#"Schedule(ScheduleTrigger { name: "Dawn", rule: "dawn", service: Scheduler, rate: Every(300s), timezone: Some("Europe/Brussels"), start: None, end: None, flexible_window: None, input: Some("{}"), retry: RetryPolicy { maximum_age: 86400s, maximum_retries: 185 }, dead_letter: Some(Destination { arn: "arn:aws:sqs:us-east-1:000000000000:Late", target: Queue("Late") }), enabled: true })"#,
        ]
    );
    assert!(notes(&app).is_empty(), "{:?}", notes(&app));
    let [QueueTarget { queue, sender: Sender::Schedule(queued), .. }] =
        app.queue_targets.as_slice()
    else {
        panic!("{:?}", app.queue_targets)
    };
    assert_eq!((queue.as_str(), queued.rule.as_str()), ("Late", "Queued"));
    assert_eq!(queued.flexible_window, Some(Duration::from_secs(300)));
}

#[test]
fn targets_that_are_queues() {
    let target = |properties: &str| {
        hello(
            "",
            &format!(
                "  Jobs: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: jobs.fifo, FifoQueue: true}}}}
  Alarms: {{Type: 'AWS::SNS::Topic'}}
  Tick:
    Type: AWS::Events::Rule
    Properties: {{ScheduleExpression: rate(1 day), Targets: [{{Id: a, {properties}}}]}}
"
            ),
        )
    };
    let app = app(&target("Arn: !GetAtt Jobs.Arn, SqsParameters: {MessageGroupId: g}"));
    assert_eq!(app.queue_targets[0].group_id.as_deref(), Some("g"));
    assert_eq!(
        messages(&target("Arn: !GetAtt Jobs.Arn")),
        ["`Targets[0]` of Tick has no `SqsParameters`"]
    );
    assert_eq!(
        messages(&target("Arn: !GetAtt Jobs.Arn, SqsParameters: {}")),
        ["`SqsParameters` of `Targets[0]` of Tick has no `MessageGroupId`"]
    );
    let app = crate::tests::app(&target("Arn: !Ref Alarms"));
    assert!(app.queue_targets.is_empty());
    assert_eq!(
        notes(&app),
        [
            "Resources.Tick.Targets[0]: arn:aws:sns:us-east-1:000000000000:Alarms is neither a function nor a queue of this template: it gets nothing",
        ]
    );
}

#[test]
fn time_zones() {
    let schedule = |zone: &str| {
        hello(
            "",
            &format!(
                "  Dawn:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: cron(0 6 * * ? *)
      ScheduleExpressionTimezone: {zone}
      FlexibleTimeWindow: {{Mode: 'OFF'}}
      Target: {{Arn: !GetAtt Hello.Arn, RoleArn: 'arn:aws:iam::000000000000:role/r'}}
"
            ),
        )
    };
    for zone in ["UTC", "Europe/Brussels", "US/Eastern", "Etc/GMT+5", "!ImportValue zone"] {
        let made = triggers(&app(&schedule(zone)));
        assert!(made[0].contains("timezone: Some("), "{zone}: {made:?}");
    }
    for zone in ["Europe/Bruxelles", "CEST", "+02:00", "../etc/passwd"] {
        let fault =
            format!("`ScheduleExpressionTimezone` of Dawn must be a time zone, not `{zone}`");
        assert_eq!(messages(&schedule(zone)), [fault]);
    }
}

#[test]
fn notifications() {
    let text = hello(
        "",
        "  Uploads:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: uploads
      NotificationConfiguration:
        LambdaConfigurations:
          - {Event: 's3:ObjectCreated:*', Function: !GetAtt Hello.Arn, Filter: {S3Key: {Rules: [{Name: suffix, Value: .png}]}}}
          - {Event: 's3:ObjectRemoved:*', Function: 'arn:aws:lambda:us-east-1:1:function:other'}
  Errors:
    Type: AWS::Logs::SubscriptionFilter
    Properties: {LogGroupName: !Ref Logs, FilterPattern: ERROR, DestinationArn: !GetAtt Hello.Arn}
  Logs: {Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: /house}}
  Members:
    Type: AWS::Cognito::UserPool
    Properties:
      LambdaConfig:
        PreSignUp: !GetAtt Hello.Arn
        KMSKeyID: arn:aws:kms:us-east-1:000000000000:key/1
        CustomEmailSender: {LambdaArn: !GetAtt Hello.Arn, LambdaVersion: V1_0}
",
    );
    let app = app(&text);
    assert_eq!(
        triggers(&app),
        [
            r#"Bucket(BucketTrigger { name: "Uploads", bucket: "uploads", events: ["s3:ObjectCreated:*"], filters: [("suffix", ".png")] })"#,
            r#"Logs(LogsTrigger { name: "Errors", log_group: "/house", filter_pattern: "ERROR" })"#,
            r#"UserPool(UserPoolTrigger { name: "Members", user_pool: "Members", hooks: ["PreSignUp"] })"#,
            r#"UserPool(UserPoolTrigger { name: "Members", user_pool: "Members", hooks: ["CustomEmailSender"] })"#,
        ]
    );
    assert_eq!(
        notes(&app),
        [
            "Resources.Uploads (AWS::S3::Bucket): not created: it has a name and ARN, and nothing behind",
            "Resources.Uploads.NotificationConfiguration.LambdaConfigurations[0] (S3): Hello is not called by it",
            "Resources.Uploads.NotificationConfiguration.LambdaConfigurations[1]: arn:aws:lambda:us-east-1:1:function:other is not a function of this template: it gets nothing",
            "Resources.Errors (AWS::Logs::SubscriptionFilter): Hello is not called by it",
            "Resources.Members (AWS::Cognito::UserPool): not created: it has a name and ARN, and nothing behind",
            "Resources.Members.LambdaConfig (Cognito): Hello is not called by it",
        ]
    );
}

#[test]
fn wrong_resources() {
    let text = hello(
        "",
        "  Jobs: {Type: 'AWS::SQS::Queue'}
  Neither: {Type: 'AWS::Events::Rule', Properties: {Nam: x}}
  OnBus:
    Type: AWS::Events::Rule
    Properties: {ScheduleExpression: 'cron(0 25 * * ? *)', EventBusName: city, Targets: [{Arn: !Ref Hello}]}
  Dawn: {Type: 'AWS::Scheduler::Schedule', Properties: {ScheduleExpression: rate(1 day)}}
  Dusk:
    Type: AWS::Scheduler::Schedule
    Properties: {ScheduleExpression: rate(1 day), FlexibleTimeWindow: {Mode: OFF}, Target: {Arn: !GetAtt Hello.Arn, Inpt: x}}
  ToJobs:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: alarms, Protocol: sqs, Endpoint: !Ref Jobs}
  ToMail:
    Type: AWS::SNS::Subscription
    Properties: {Protocol: mail, Endpoint: a@b, FilterPolicy: {a: {b: [c]}}}
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: a b, ContentBasedDeduplication: true, SignatureVersion: 3, Subscription: [{Protocol: lambda}]}
  Filter: {Type: 'AWS::Logs::SubscriptionFilter', Properties: {LogGroupName: a b}}
",
    );
    assert_eq!(
        messages(&text),
        [
            "Neither has neither `ScheduleExpression` nor `EventPattern`",
            "unknown property `Nam` of Neither",
            "`ScheduleExpression` of OnBus must be a schedule expression, not `cron(0 25 * * ? *)`",
            "OnBus has a schedule on an event bus of its own",
            "`Targets[0]` of OnBus has no `Id`",
            "`Arn` of `Targets[0]` of OnBus must be the ARN of a target, not `Hello`",
            "Dawn has no `FlexibleTimeWindow`",
            "Dawn has no `Target`",
            "`Mode` of `FlexibleTimeWindow` of Dusk must be text, not `false`",
            "`Target` of Dusk has no `RoleArn`",
            "unknown property `Inpt` of `Target` of Dusk",
            "`TopicArn` of ToJobs must be the ARN of a topic, not `alarms`",
            "`Endpoint` of ToJobs must be the ARN of a queue, not `http://127.0.0.1:9000/000000000000/Jobs`",
            "ToMail has no `TopicArn`",
            "`Protocol` of ToMail must be one of application, email, email-json, firehose, http, https, lambda, sms, sqs, not `mail`",
            "`a` of `FilterPolicy` of ToMail must be a list of values, not a mapping",
            "`TopicName` of Topic must be a topic name, not `a b`",
            "`ContentBasedDeduplication` of Topic needs a FIFO topic",
            "`SignatureVersion` of Topic must be one of 1, 2, not `3`",
            "`Subscription[0]` of Topic has no `Endpoint`",
            "Filter has no `FilterPattern`",
            "Filter has no `DestinationArn`",
            "`LogGroupName` of Filter must be a name, not `a b`",
        ]
    );
}
