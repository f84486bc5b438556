//! Queues and the event source mappings on them.

use super::{app, hello, messages, notes};
use crate::Queue;

fn attributes(queue: &Queue) -> Vec<(&str, &str)> {
    queue.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn attributes_are_those_of_create_queue() {
    let app = app("
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: jobs.fifo
      FifoQueue: true
      ContentBasedDeduplication: 'true'
      DeduplicationScope: messageGroup
      FifoThroughputLimit: perMessageGroupId
      DelaySeconds: 5
      KmsMasterKeyId: alias/aws/sqs
      MaximumMessageSize: 2048
      RedrivePolicy: '{\"deadLetterTargetArn\": \"arn:aws:sqs:us-east-1:000000000000:Dead.fifo\", \"maxReceiveCount\": \"4\"}'
      RedriveAllowPolicy: {redrivePermission: denyAll}
      SqsManagedSseEnabled: false
      Tags: [{Key: a, Value: b}]
  Dead: {Type: 'AWS::SQS::Queue', Properties: {FifoQueue: true}}
  Plain: {Type: 'AWS::SQS::Queue', Properties: {FifoQueue: false}}
");
    assert_eq!(
        attributes(&app.queues[0]),
        [
            ("ContentBasedDeduplication", "true"),
            ("DeduplicationScope", "messageGroup"),
            ("DelaySeconds", "5"),
            ("FifoQueue", "true"),
            ("FifoThroughputLimit", "perMessageGroupId"),
            ("KmsMasterKeyId", "alias/aws/sqs"),
            ("MaximumMessageSize", "2048"),
            ("RedriveAllowPolicy", r#"{"redrivePermission":"denyAll"}"#),
            (
                "RedrivePolicy",
                r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:Dead.fifo","maxReceiveCount":4}"#
            ),
            ("SqsManagedSseEnabled", "false"),
        ]
    );
    assert_eq!(app.queues[1].name, "Dead.fifo");
    assert_eq!(attributes(&app.queues[2]), []);
}

#[test]
fn a_dead_letter_queue_is_of_the_same_kind() {
    let text = "
Resources:
  Dead: {Type: 'AWS::SQS::Queue'}
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      FifoQueue: true
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 1001}
";
    assert_eq!(
        messages(text),
        [
            "the dead-letter queue of Jobs must be a FIFO queue too",
            "`maxReceiveCount` of Jobs must be from 1 to 1000, not `1001`",
        ]
    );
}

#[test]
fn fifo_queues_have_small_batches_and_no_window() {
    let text = hello(
        "Events:
  Jobs:
    Type: SQS
    Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: 11, MaximumBatchingWindowInSeconds: 5}",
        "  Jobs: {Type: 'AWS::SQS::Queue', Properties: {FifoQueue: true}}\n",
    );
    assert_eq!(
        messages(&text),
        [
            "`BatchSize` of event Jobs of Hello is 11, and its queue FIFO",
            "`MaximumBatchingWindowInSeconds` of event Jobs of Hello needs a standard queue",
        ]
    );
}

#[test]
fn names_are_checked() {
    for (name, fifo) in [("a b", false), ("jobs.fifo", false), ("jobs", true), ("''", false)] {
        let text = format!(
            "Resources: {{Jobs: {{Type: 'AWS::SQS::Queue', \
             Properties: {{QueueName: {name}, FifoQueue: {fifo}}}}}}}\n"
        );
        assert_eq!(messages(&text).len(), 1, "{name}");
    }
}

#[test]
fn dead_letters_to_another_stack_are_noted() {
    let app = app("
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      RedrivePolicy:
        deadLetterTargetArn: arn:aws:sqs:eu-west-1:123456789012:other
        maxReceiveCount: 3
");
    assert_eq!(attributes(&app.queues[0]), []);
    assert_eq!(
        notes(&app),
        [
            "Resources.Jobs.RedrivePolicy: arn:aws:sqs:eu-west-1:123456789012:other is not a queue of \
          this template: nothing is moved to it"
        ]
    );
}

#[test]
fn dead_letters_go_to_queues() {
    for target in [
        "arn:aws:sns:us-east-1:000000000000:topic",
        "arn:aws:sqs:us-east-1:1:queue",
        "arn:aws:sqs:us-east-1:000000000000:",
        "queue",
    ] {
        let text = format!(
            "Resources: {{Jobs: {{Type: 'AWS::SQS::Queue', Properties: {{RedrivePolicy: \
             {{deadLetterTargetArn: '{target}', maxReceiveCount: 3}}}}}}}}\n"
        );
        assert_eq!(
            messages(&text),
            [format!("`deadLetterTargetArn` of Jobs must be the ARN of a queue, not `{target}`")]
        );
    }
}

#[test]
fn who_may_send_dead_letters_is_checked() {
    let arns = ["a"; 11].join(", ");
    for (policy, expected) in [
        (
            "{redrivePermission: anyQueue}",
            "`redrivePermission` of Jobs must be one of allowAll, denyAll, byQueue, not `anyQueue`",
        ),
        ("{redrivePermission: byQueue}", "`RedriveAllowPolicy` of Jobs has no `sourceQueueArns`"),
        (
            &format!("{{redrivePermission: byQueue, sourceQueueArns: [{arns}]}}"),
            "`sourceQueueArns` of Jobs must be a list of 1 to 10 ARNs, not of 11",
        ),
        (
            "'{\"redrivePermission\": \"denyAll\", \"sourceQueueArns\": [\"a\"]}'",
            "`sourceQueueArns` of Jobs needs `redrivePermission: byQueue`",
        ),
        ("{permission: denyAll}", "unknown property `permission` of Jobs"),
    ] {
        let text = format!(
            "Resources: {{Jobs: {{Type: 'AWS::SQS::Queue', \
             Properties: {{RedriveAllowPolicy: {policy}}}}}}}\n"
        );
        assert_eq!(messages(&text), [expected], "{policy}");
    }
}

#[test]
fn what_may_not_stand_together() {
    let text = "
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties: {SqsManagedSseEnabled: true, KmsMasterKeyId: alias/aws/sqs}
  Fast:
    Type: AWS::SQS::Queue
    Properties: {FifoQueue: true, FifoThroughputLimit: perMessageGroupId}
";
    assert_eq!(
        messages(text),
        [
            "Jobs is encrypted both by SQS's keys and by `KmsMasterKeyId`",
            "`FifoThroughputLimit` of Fast needs deduplication by message group",
        ]
    );
}
