//! Queues that SAM makes for events, and what refers to them.

use super::triggers;
use crate::App;
use crate::tests::{app, hello, messages};

fn queues(app: &App) -> Vec<(&str, &str, usize)> {
    let queues = app.queues.iter();
    queues.map(|q| (q.logical_id.as_str(), q.name.as_str(), q.attributes.len())).collect()
}

#[test]
fn between_topic_and_function() {
    let text = hello(
        "Environment: {Variables: {URL: !Ref HelloQueuedQueue, NAME: !GetAtt HelloQueuedQueue.QueueName}}
Events:
  Queued:
    Type: SNS
    Properties: {Topic: !Ref Alarms, SqsSubscription: true}",
        "  Alarms: {Type: 'AWS::SNS::Topic', Properties: {FifoTopic: true}}\n",
    );
    let app = app(&text);
    assert_eq!(queues(&app), [("HelloQueuedQueue", "HelloQueuedQueue.fifo", 1)]);
    assert_eq!(
        triggers(&app),
        [
            r#"Topic(TopicTrigger { name: "Queued", arn: "arn:aws:sns:us-east-1:000000000000:Alarms.fifo", topic: Some("Alarms"), filter_policy: None, filters_body: false, by_queue: Some(SqsSubscription { queue_arn: None, batch_size: 10, enabled: true }), dead_letter: None })"#,
            r#"Queue(QueueTrigger { name: "Queued", arn: "arn:aws:sqs:us-east-1:000000000000:HelloQueuedQueue.fifo", queue: Some("HelloQueuedQueue.fifo"), batch_size: 10, batch_window: 0ns, report_batch_item_failures: false, maximum_concurrency: None, filters: [], enabled: true })"#,
        ]
    );
    let [subscription] = app.topics[0].subscriptions.as_slice() else { panic!("{:?}", app.topics) };
    assert_eq!(
        (subscription.protocol.as_str(), subscription.endpoint.as_str()),
        ("sqs", "arn:aws:sqs:us-east-1:000000000000:HelloQueuedQueue.fifo")
    );
    let environment = &app.function("Hello").unwrap().environment;
    assert_eq!(environment["URL"], "http://127.0.0.1:9000/000000000000/HelloQueuedQueue.fifo");
    assert_eq!(environment["NAME"], "HelloQueuedQueue.fifo");
}

#[test]
fn for_dead_letters() {
    let text = hello(
        "Events:
  A:
    Type: Schedule
    Properties: {Schedule: rate(1 day), DeadLetterConfig: {Type: SQS}}
  B:
    Type: ScheduleV2
    Properties: {ScheduleExpression: rate(1 day), DeadLetterConfig: {Type: !Ref Kind, QueueLogicalId: Lost}}
  C:
    Type: EventBridgeRule
    Properties: {Pattern: {source: [a]}, DeadLetterConfig: {Type: SQS, QueueLogicalId: Lost}}",
        "Parameters: {Kind: {Type: String, Default: SQS}}
Outputs: {Lost: {Value: !GetAtt Lost.Arn}}
",
    );
    let app = app(&text);
    assert_eq!(queues(&app), [("HelloAQueue", "HelloAQueue", 0), ("Lost", "Lost", 0)]);
    assert_eq!(app.outputs[0].value, "arn:aws:sqs:us-east-1:000000000000:Lost");
    for (trigger, queue) in triggers(&app).iter().zip(["HelloAQueue", "Lost", "Lost"]) {
        let expected = format!("target: Queue(\"{queue}\")");
        assert!(trigger.contains(&expected), "{trigger}");
    }
}

#[test]
fn a_function_with_much_time_needs_a_queue_of_its_own() {
    let text = hello(
        "Timeout: 60
Events:
  Queued:
    Type: SNS
    Properties: {Topic: !Ref Alarms, SqsSubscription: true}",
        "  Alarms: {Type: 'AWS::SNS::Topic'}\n",
    );
    assert_eq!(
        messages(&text),
        ["the visibility time-out of HelloQueuedQueue (30 s) is shorter than the time-out of \
          Hello (60 s)"]
    );
}

#[test]
fn what_decides_on_a_queue_needs_no_resource() {
    let text = hello(
        "Events:
  A:
    Type: Schedule
    Properties: {Schedule: rate(1 day), DeadLetterConfig: {Type: !Ref HelloAQueue}}",
        "",
    );
    assert_eq!(messages(&text), ["there is no parameter or resource `HelloAQueue`"]);
}

#[test]
fn what_sam_makes_of_events_can_be_referred_to() {
    let text = hello(
        "Events:
  Tick:
    Type: Schedule
    Properties: {Schedule: rate(1 day), Name: daily}
  Tock:
    Type: ScheduleV2
    Properties: {ScheduleExpression: rate(1 day)}
  Rule:
    Type: EventBridgeRule
    Properties: {Pattern: {source: [a]}}
  Jobs:
    Type: SQS
    Properties: {Queue: !GetAtt Jobs.Arn}
  Topic:
    Type: SNS
    Properties: {Topic: !Ref Topic}",
        "  Jobs: {Type: 'AWS::SQS::Queue'}
  Topic: {Type: 'AWS::SNS::Topic'}
Outputs:
  A: {Value: !Ref HelloTick}
  B: {Value: !GetAtt HelloTick.Arn}
  C: {Value: !GetAtt HelloTock.Arn}
  D: {Value: !GetAtt HelloRule.Arn}
  E: {Value: !GetAtt HelloJobs.Id}
  F: {Value: !Ref HelloTopic}
",
    );
    let outputs: Vec<String> = app(&text).outputs.into_iter().map(|o| o.value).collect();
    assert_eq!(
        outputs,
        [
            "daily",
            "arn:aws:events:us-east-1:000000000000:rule/daily",
            "arn:aws:scheduler:us-east-1:000000000000:schedule/default/HelloTock",
            "arn:aws:events:us-east-1:000000000000:rule/HelloRule",
            "HelloJobs",
            "arn:aws:sns:us-east-1:000000000000:HelloTopic",
        ]
    );
    let wrong = text.replace("HelloJobs.Id", "HelloJobs.Arn");
    assert_eq!(messages(&wrong), ["HelloJobs has no attribute `Arn`"]);
}

#[test]
fn long_names_are_cut() {
    let name = "x".repeat(100);
    let text = hello(
        &format!(
            "Events:
  {name}:
    Type: SNS
    Properties: {{Topic: !Ref Alarms, SqsSubscription: true}}"
        ),
        "  Alarms: {Type: 'AWS::SNS::Topic', Properties: {FifoTopic: true}}\n",
    );
    let app = app(&text);
    let [queue] = app.queues.as_slice() else { panic!("{:?}", app.queues) };
    assert_eq!(queue.name.len(), 80);
    // What is no logical id makes no queue.
    assert_eq!(queues(&super::app(&text.replace(&name, &"ü".repeat(100)))), []);
    assert!(queue.name.starts_with("Helloxxx") && queue.name.ends_with(".fifo"), "{}", queue.name);
}
