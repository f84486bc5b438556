//! Bad templates and what is said about them, word for word: queues.

use super::says;

#[test]
fn redrive_by_url() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      RedrivePolicy:
        deadLetterTargetArn: !Ref Dead
        maxReceiveCount: 3
  Dead:
    Type: AWS::SQS::Queue
",
        "
template.yaml:7:30: error: `deadLetterTargetArn` of Jobs must be the ARN of a queue, not `http://127.0.0.1:9000/000000000000/Dead`
    7 |         deadLetterTargetArn: !Ref Dead
      |                              ^^^^^^^^^
  at Resources.Jobs.Properties.RedrivePolicy.deadLetterTargetArn
help: `!Ref` gives the queue's URL: write `!GetAtt Dead.Arn`
",
    );
}

#[test]
fn redrive_incomplete() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Dead:
    Type: AWS::SQS::Queue
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt Dead.Arn
",
        "
template.yaml:8:7: error: `RedrivePolicy` of Jobs has no `maxReceiveCount`
    8 |       RedrivePolicy:
      |       ^^^^^^^^^^^^^
  at Resources.Jobs.Properties.RedrivePolicy
help: say after how many receives a message is moved: `maxReceiveCount: 3`
",
    );
}

#[test]
fn queue_properties() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeot: 30
      DelaySeconds: 15m
      ContentBasedDeduplication: true
      QueueName: jobs.fifo
",
        "
template.yaml:6:7: error: unknown property `VisibilityTimeot` of Jobs
    6 |       VisibilityTimeot: 30
      |       ^^^^^^^^^^^^^^^^
  at Resources.Jobs.Properties.VisibilityTimeot
help: did you mean `VisibilityTimeout`?

template.yaml:7:21: error: `DelaySeconds` of Jobs must be a whole number, not `15m`
    7 |       DelaySeconds: 15m
      |                     ^^^
  at Resources.Jobs.Properties.DelaySeconds
help: write a whole number of seconds from 0 to 900

template.yaml:8:7: error: `ContentBasedDeduplication` of Jobs needs a FIFO queue
    8 |       ContentBasedDeduplication: true
      |       ^^^^^^^^^^^^^^^^^^^^^^^^^
  at Resources.Jobs.Properties.ContentBasedDeduplication
help: add `FifoQueue: true`

template.yaml:9:18: error: `jobs.fifo` is not a queue name
    9 |       QueueName: jobs.fifo
      |                  ^^^^^^^^^
  at Resources.Jobs.Properties.QueueName
help: a name that ends in `.fifo` needs `FifoQueue: true`
",
    );
}

#[test]
fn same_names() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  A:
    Type: AWS::SQS::Queue
    Properties: {QueueName: jobs}
  B:
    Type: AWS::SQS::Queue
    Properties: {QueueName: jobs}
",
        "
template.yaml:6:3: error: another queue is named `jobs` as B is
    6 |   B:
      |   ^
  at Resources.B
help: give each queue its own `QueueName`
",
    );
}
