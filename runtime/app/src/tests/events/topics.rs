//! Topics and who gets their messages.

use super::{event, triggers};
use crate::tests::{app, hello, notes};
use crate::{App, Subscription};

const TOPIC: &str = "  Alarms: {Type: 'AWS::SNS::Topic', Properties: {TopicName: fire}}\n";

/// A subscription as it is, without where it stands.
fn shown(subscription: &Subscription) -> String {
    let text = format!("{subscription:?}");
    text.split(", span: ").next().unwrap_or_default().to_owned()
}

fn subscriptions(app: &App) -> Vec<String> {
    app.topics.iter().flat_map(|topic| &topic.subscriptions).map(shown).collect()
}

#[test]
fn events() {
    let text = hello(
        "Events:
  All:
    Type: SNS
    Properties: {Topic: !Ref Alarms}
  Severe:
    Type: SNS
    Properties:
      Topic: !Ref Alarms
      FilterPolicyScope: MessageBody
      FilterPolicy: {severity: [{numeric: ['>=', 8]}], region: {name: [north]}}
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn}
  Abroad:
    Type: SNS
    Properties: {Topic: 'arn:aws:sns:eu-west-1:123456789012:fire', Region: eu-west-1}",
        &format!("{TOPIC}  Dead: {{Type: 'AWS::SQS::Queue'}}\n"),
    );
    let app = app(&text);
    assert_eq!(
        triggers(&app),
        [
            r#"Topic(TopicTrigger { name: "All", arn: "arn:aws:sns:us-east-1:000000000000:fire", topic: Some("Alarms"), filter_policy: None, filters_body: false, by_queue: None, dead_letter: None })"#,
            r#"Topic(TopicTrigger { name: "Severe", arn: "arn:aws:sns:us-east-1:000000000000:fire", topic: Some("Alarms"), filter_policy: Some(Object {"region": Object {"name": Array [String("north")]}, "severity": Array [Object {"numeric": Array [String(">="), Number(8)]}]}), filters_body: true, by_queue: None, dead_letter: Some(Destination { arn: "arn:aws:sqs:us-east-1:000000000000:Dead", target: Queue("Dead") }) })"#,
            r#"Topic(TopicTrigger { name: "Abroad", arn: "arn:aws:sns:eu-west-1:123456789012:fire", topic: None, filter_policy: None, filters_body: false, by_queue: None, dead_letter: None })"#,
        ]
    );
    assert_eq!(
        subscriptions(&app),
        [
            r#"Subscription { protocol: "lambda", endpoint: "arn:aws:lambda:us-east-1:000000000000:function:Hello", target: Function("Hello"), filter_policy: None, filters_body: false, raw: false, dead_letter: None"#,
            r#"Subscription { protocol: "lambda", endpoint: "arn:aws:lambda:us-east-1:000000000000:function:Hello", target: Function("Hello"), filter_policy: Some(Object {"region": Object {"name": Array [String("north")]}, "severity": Array [Object {"numeric": Array [String(">="), Number(8)]}]}), filters_body: true, raw: false, dead_letter: Some(Destination { arn: "arn:aws:sqs:us-east-1:000000000000:Dead", target: Queue("Dead") })"#,
        ]
    );
}

#[test]
fn through_a_queue_of_the_template() {
    let text = hello(
        "Events:
  Counted:
    Type: SNS
    Properties:
      Topic: !Ref Alarms
      FilterPolicy: '{\"kind\": [\"fire\"]}'
      SqsSubscription: {QueueArn: !GetAtt Counts.Arn, QueueUrl: !Ref Counts, BatchSize: 5}",
        &format!("{TOPIC}  Counts: {{Type: 'AWS::SQS::Queue'}}\n"),
    );
    let app = app(&text);
    assert_eq!(
        triggers(&app),
        [
            r#"Topic(TopicTrigger { name: "Counted", arn: "arn:aws:sns:us-east-1:000000000000:fire", topic: Some("Alarms"), filter_policy: Some(Object {"kind": Array [String("fire")]}), filters_body: false, by_queue: Some(SqsSubscription { queue_arn: Some("arn:aws:sqs:us-east-1:000000000000:Counts"), batch_size: 5, enabled: true }), dead_letter: None })"#,
            r#"Queue(QueueTrigger { name: "Counted", arn: "arn:aws:sqs:us-east-1:000000000000:Counts", queue: Some("Counts"), batch_size: 5, batch_window: 0ns, report_batch_item_failures: false, maximum_concurrency: None, filters: [], enabled: true })"#,
        ]
    );
    assert_eq!(
        subscriptions(&app),
        [
            r#"Subscription { protocol: "sqs", endpoint: "arn:aws:sqs:us-east-1:000000000000:Counts", target: Queue("Counts"), filter_policy: Some(Object {"kind": Array [String("fire")]}), filters_body: false, raw: false, dead_letter: None"#,
        ]
    );
}

#[test]
fn of_plain_resources() {
    let text = hello(
        "",
        "  Alarms:
    Type: AWS::SNS::Topic
    Properties:
      FifoTopic: true
      ContentBasedDeduplication: true
      Subscription:
        - {Protocol: sqs, Endpoint: !GetAtt Log.Arn}
        - {Protocol: lambda, Endpoint: !GetAtt Hello.Arn}
  Log: {Type: 'AWS::SQS::Queue'}
  ToHello:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Alarms
      Protocol: lambda
      Endpoint: !GetAtt Hello.Arn
      FilterPolicy: {building: [north]}
      RedrivePolicy: '{\"deadLetterTargetArn\": \"arn:aws:sqs:us-east-1:000000000000:Log\"}'
  ToLog:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Alarms, Protocol: sqs, Endpoint: !GetAtt Log.Arn, RawMessageDelivery: true}
  ToMail:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Alarms, Protocol: email, Endpoint: brigade@example.com}
  Policy:
    Type: AWS::SNS::TopicPolicy
    Properties: {Topics: [!Ref Alarms], PolicyDocument: {Statement: []}}
",
    );
    let app = app(&text);
    let [topic] = app.topics.as_slice() else { panic!("{:?}", app.topics) };
    assert_eq!(
        (topic.logical_id.as_str(), topic.name.as_str(), topic.arn.as_str(), topic.fifo),
        ("Alarms", "Alarms.fifo", "arn:aws:sns:us-east-1:000000000000:Alarms.fifo", true)
    );
    assert_eq!(
        triggers(&app),
        [
            r#"Topic(TopicTrigger { name: "Alarms", arn: "arn:aws:sns:us-east-1:000000000000:Alarms.fifo", topic: Some("Alarms"), filter_policy: None, filters_body: false, by_queue: None, dead_letter: None })"#,
            r#"Topic(TopicTrigger { name: "ToHello", arn: "arn:aws:sns:us-east-1:000000000000:Alarms.fifo", topic: Some("Alarms"), filter_policy: Some(Object {"building": Array [String("north")]}), filters_body: false, by_queue: None, dead_letter: Some(Destination { arn: "arn:aws:sqs:us-east-1:000000000000:Log", target: Queue("Log") }) })"#,
        ]
    );
    assert_eq!(
        subscriptions(&app),
        [
            r#"Subscription { protocol: "sqs", endpoint: "arn:aws:sqs:us-east-1:000000000000:Log", target: Queue("Log"), filter_policy: None, filters_body: false, raw: false, dead_letter: None"#,
            r#"Subscription { protocol: "lambda", endpoint: "arn:aws:lambda:us-east-1:000000000000:function:Hello", target: Function("Hello"), filter_policy: None, filters_body: false, raw: false, dead_letter: None"#,
            r#"Subscription { protocol: "lambda", endpoint: "arn:aws:lambda:us-east-1:000000000000:function:Hello", target: Function("Hello"), filter_policy: Some(Object {"building": Array [String("north")]}), filters_body: false, raw: false, dead_letter: Some(Destination { arn: "arn:aws:sqs:us-east-1:000000000000:Log", target: Queue("Log") })"#,
            r#"Subscription { protocol: "sqs", endpoint: "arn:aws:sqs:us-east-1:000000000000:Log", target: Queue("Log"), filter_policy: None, filters_body: false, raw: true, dead_letter: None"#,
            r#"Subscription { protocol: "email", endpoint: "brigade@example.com", target: Elsewhere, filter_policy: None, filters_body: false, raw: false, dead_letter: None"#,
        ]
    );
    assert_eq!(
        notes(&app),
        ["Resources.ToMail (AWS::SNS::Subscription): nothing is delivered by it",]
    );
}

#[test]
fn without_a_queue_between() {
    let properties = "{Topic: !Ref Alarms, SqsSubscription: false}";
    let made = event("SNS", properties, TOPIC);
    assert!(made[0].contains("by_queue: None"), "{made:?}");
    assert_eq!(made.len(), 1);
}

#[test]
fn what_nothing_comes_from_and_nothing_goes_to_is_named() {
    let text = hello(
        "Events: {Foreign: {Type: SNS, Properties: {Topic: 'arn:aws:sns:us-east-1:123456789012:other'}}}",
        "  Alarms:
    Type: AWS::SNS::Topic
    Properties:
      Subscription:
        - {Protocol: lambda, Endpoint: !GetAtt Hello.Arn}
        - {Protocol: email, Endpoint: brigade@example.com}
",
    );
    assert_eq!(
        notes(&app(&text)),
        [
            "Resources.Hello.Events.Foreign: arn:aws:sns:us-east-1:123456789012:other is not a topic of this template: nothing arrives from it",
            "Resources.Alarms.Subscription[1]: nothing is delivered by it",
        ]
    );
}
