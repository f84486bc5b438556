//! Schedules, rules and notifications.

use super::{event, triggers};
use crate::tests::{app, hello, notes};

const DEAD: &str = "  Dead: {Type: 'AWS::SQS::Queue'}\n";

#[test]
fn schedules() {
    assert_eq!(
        event(
            "Schedule",
            "{Schedule: 'cron(30 5 ? * MON-FRI *)', Name: morning, Description: Early, \
             State: DISABLED, Input: '{\"litres\": 40}', \
             DeadLetterConfig: {Arn: !GetAtt Dead.Arn}, \
             RetryPolicy: {MaximumRetryAttempts: 5, MaximumEventAgeInSeconds: 900}}",
            DEAD
        ),
        [
            r#"Schedule(ScheduleTrigger { name: "Event", rule: "morning", service: Rule, rate: Expression("cron(30 5 ? * MON-FRI *)"), timezone: None, start: None, end: None, flexible_window: None, input: Some("{\"litres\": 40}"), retry: RetryPolicy { maximum_age: 900s, maximum_retries: 5 }, dead_letter: Some(Destination { arn: "arn:aws:sqs:us-east-1:000000000000:Dead", target: Queue("Dead") }), enabled: false })"#,
        ]
    );
}

#[test]
fn schedules_of_the_scheduler() {
    assert_eq!(
        event(
            "ScheduleV2",
            "{ScheduleExpression: rate(3 hours), ScheduleExpressionTimezone: Europe/Amsterdam, \
             FlexibleTimeWindow: {Mode: FLEXIBLE, MaximumWindowInMinutes: 15}, Name: feed, \
             GroupName: garden, StartDate: '2026-03-01T00:00:00Z', \
             EndDate: '2026-10-31T00:00:00+01:00', State: ENABLED, Input: '[1]', \
             DeadLetterConfig: {Arn: !GetAtt Dead.Arn}, RetryPolicy: {MaximumRetryAttempts: 0}}",
            DEAD
        ),
        [
            r#"Schedule(ScheduleTrigger { name: "Event", rule: "feed", service: Scheduler, rate: Every(10800s), timezone: Some("Europe/Amsterdam"), start: Some("2026-03-01T00:00:00Z"), end: Some("2026-10-31T00:00:00+01:00"), flexible_window: Some(900s), input: Some("[1]"), retry: RetryPolicy { maximum_age: 86400s, maximum_retries: 0 }, dead_letter: Some(Destination { arn: "arn:aws:sqs:us-east-1:000000000000:Dead", target: Queue("Dead") }), enabled: true })"#,
        ]
    );
    assert_eq!(
        event(
            "ScheduleV2",
            "{ScheduleExpression: 'at(2026-05-01T09:00:00)', OmitName: true, \
             FlexibleTimeWindow: {Mode: 'OFF'}}",
            ""
        ),
        [
            r#"Schedule(ScheduleTrigger { name: "Event", rule: "HelloEvent", service: Scheduler, rate: Expression("at(2026-05-01T09:00:00)"), timezone: None, start: None, end: None, flexible_window: None, input: None, retry: RetryPolicy { maximum_age: 86400s, maximum_retries: 185 }, dead_letter: None, enabled: true })"#,
        ]
    );
}

#[test]
fn rules() {
    let properties = "{EventBusName: !Ref Rides, RuleName: requested, InputPath: $.detail, \
         Pattern: {source: [app.rides], detail: {passengers: [{numeric: ['>', 0, '<=', 4]}], \
         luggage: [{exists: true}], $or: [{city: [{prefix: Am}]}, {far: [true]}]}}, \
         State: ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS, Target: {Id: dispatch}, \
         DeadLetterConfig: {Arn: !GetAtt Dead.Arn}, RetryPolicy: {MaximumEventAgeInSeconds: 60}}";
    let rest =
        format!("{DEAD}  Rides: {{Type: 'AWS::Events::EventBus', Properties: {{Name: rides}}}}\n");
    assert_eq!(
        event("EventBridgeRule", properties, &rest),
        [
            r#"Rule(RuleTrigger { name: "Event", rule: "requested", bus: "rides", pattern: Object {"detail": Object {"$or": Array [Object {"city": Array [Object {"prefix": String("Am")}]}, Object {"far": Array [Bool(true)]}], "luggage": Array [Object {"exists": Bool(true)}], "passengers": Array [Object {"numeric": Array [String(">"), Number(0), String("<="), Number(4)]}]}, "source": Array [String("app.rides")]}, input: None, input_path: Some("$.detail"), input_transformer: None, retry: RetryPolicy { maximum_age: 60s, maximum_retries: 185 }, dead_letter: Some(Destination { arn: "arn:aws:sqs:us-east-1:000000000000:Dead", target: Queue("Dead") }), enabled: true })"#,
        ]
    );
    assert_eq!(
        event(
            "CloudWatchEvent",
            "{Pattern: '{\"source\": [\"aws.ec2\"]}', Enabled: false, \
             InputTransformer: {InputPathsMap: {ride: $.detail.ride}, InputTemplate: '{\"is\": <ride>}'}}",
            ""
        ),
        [
            r#"Rule(RuleTrigger { name: "Event", rule: "HelloEvent", bus: "default", pattern: Object {"source": Array [String("aws.ec2")]}, input: None, input_path: None, input_transformer: Some(InputTransformer { paths: {"ride": "$.detail.ride"}, template: "{\"is\": <ride>}" }), retry: RetryPolicy { maximum_age: 86400s, maximum_retries: 185 }, dead_letter: None, enabled: false })"#,
        ]
    );
}

#[test]
fn an_intrinsic_function_enables_a_rule_whatever_it_gives() {
    let text = hello(
        "Events:
  Tick:
    Type: Schedule
    Properties: {Schedule: rate(1 day), Enabled: !If [Never, true, false]}",
        "Conditions: {Never: !Equals [a, b]}\n",
    );
    let app = app(&text);
    assert!(triggers(&app)[0].ends_with("enabled: true })"), "{:?}", triggers(&app));
    assert_eq!(
        notes(&app),
        [
            "Resources.Hello.Events.Tick.Enabled: enabled all the same, as SAM makes it: use `State` \
          with intrinsic functions"
        ]
    );
}

#[test]
fn buckets() {
    assert_eq!(
        event(
            "S3",
            "{Bucket: !Ref Uploads, Events: ['s3:ObjectCreated:*', 's3:ObjectRemoved:Delete'], \
             Filter: {S3Key: {Rules: [{Name: prefix, Value: in/}, {Name: Suffix, Value: .png}]}}}",
            "  Uploads: {Type: 'AWS::S3::Bucket'}\n"
        ),
        [
            r#"Bucket(BucketTrigger { name: "Event", bucket: "uploads", events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"], filters: [("prefix", "in/"), ("suffix", ".png")] })"#,
        ]
    );
}

#[test]
fn user_pools() {
    assert_eq!(
        event(
            "Cognito",
            "{UserPool: !Ref Members, Trigger: [PreSignUp, PostConfirmation]}",
            "  Members: {Type: 'AWS::Cognito::UserPool', Properties: {UserPoolName: members}}\n"
        ),
        [
            r#"UserPool(UserPoolTrigger { name: "Event", user_pool: "members", hooks: ["PreSignUp", "PostConfirmation"] })"#,
        ]
    );
}

#[test]
fn logs() {
    assert_eq!(
        event("CloudWatchLogs", "{LogGroupName: /house/door, FilterPattern: ''}", ""),
        [r#"Logs(LogsTrigger { name: "Event", log_group: "/house/door", filter_pattern: "" })"#]
    );
}

#[test]
fn devices() {
    assert_eq!(
        event("IoTRule", "{Sql: SELECT * FROM 'house/+', AwsIotSqlVersion: 2016-03-23}", ""),
        [
            r#"Iot(IotTrigger { name: "Event", sql: "SELECT * FROM 'house/+'", sql_version: Some("2016-03-23") })"#,
        ]
    );
}

#[test]
fn skills() {
    assert_eq!(
        event("AlexaSkill", "{SkillId: amzn1.ask.skill.1}", ""),
        [r#"Alexa(AlexaTrigger { name: "Event", skill_id: Some("amzn1.ask.skill.1") })"#]
    );
    let text = hello("Events: {Any: {Type: AlexaSkill}}", "");
    assert_eq!(triggers(&app(&text)), [r#"Alexa(AlexaTrigger { name: "Any", skill_id: None })"#]);
}

#[test]
fn values_that_only_aws_knows_are_not_judged() {
    let rest = "  Dead: {Type: 'AWS::SQS::Queue'}\n";
    assert_eq!(
        event(
            "ScheduleV2",
            "{ScheduleExpression: !ImportValue when, StartDate: !ImportValue start, \
             Name: !ImportValue name, State: !ImportValue state, Input: !ImportValue input, \
             RetryPolicy: {MaximumRetryAttempts: !ImportValue retries}}",
            rest
        ),
        [
            r#"Schedule(ScheduleTrigger { name: "Event", rule: "{{unresolved:import:name}}", service: Scheduler, rate: Expression("{{unresolved:import:when}}"), timezone: None, start: Some("{{unresolved:import:start}}"), end: None, flexible_window: None, input: Some("{{unresolved:import:input}}"), retry: RetryPolicy { maximum_age: 86400s, maximum_retries: 185 }, dead_letter: None, enabled: true })"#,
        ]
    );
    assert_eq!(
        event(
            "EventBridgeRule",
            "{EventBusName: !ImportValue bus, Pattern: {source: [!ImportValue source], \
             detail: !ImportValue detail}}",
            ""
        ),
        [
            r#"Rule(RuleTrigger { name: "Event", rule: "HelloEvent", bus: "{{unresolved:import:bus}}", pattern: Object {"detail": String("{{unresolved:import:detail}}"), "source": Array [String("{{unresolved:import:source}}")]}, input: None, input_path: None, input_transformer: None, retry: RetryPolicy { maximum_age: 86400s, maximum_retries: 185 }, dead_letter: None, enabled: true })"#,
        ]
    );
    assert_eq!(
        event(
            "Kinesis",
            "{Stream: !ImportValue stream, StartingPosition: !ImportValue position, \
             BatchSize: !ImportValue size, StartingPositionTimestamp: !ImportValue time, \
             FilterCriteria: {Filters: [{Pattern: !ImportValue pattern}]}}",
            ""
        ),
        [
            r#"Stream(StreamTrigger { name: "Event", source: Kinesis("{{unresolved:import:stream}}"), batch_size: 100, batch_window: 0ns, starting_position: None, starting_timestamp: Some("{{unresolved:import:time}}"), parallelization_factor: 1, bisect_on_error: false, maximum_retries: None, maximum_age: None, tumbling_window: None, on_failure: None, report_batch_item_failures: false, filters: [String("{{unresolved:import:pattern}}")], access: [], enabled: true })"#,
        ]
    );
}
