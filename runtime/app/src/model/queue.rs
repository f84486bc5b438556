//! Queues and topics.

use std::collections::BTreeMap;

use super::{Destination, Span};

/// An `AWS::SQS::Queue`.
#[derive(Clone, Debug)]
pub struct Queue {
    /// The resource's logical id.
    pub logical_id: String,
    /// `QueueName`, or the logical id.
    pub name: String,
    /// `http://HOST:PORT/ACCOUNT/NAME`, live.
    pub url: String,
    /// `arn:aws:sqs:REGION:ACCOUNT:NAME`.
    pub arn: String,
    /// Queue attributes by SQS's own names (`VisibilityTimeout`, `RedrivePolicy`, ...), with
    /// SQS's string values: what `CreateQueue` would be given.
    pub attributes: BTreeMap<String, String>,
    /// Where the queue stands.
    pub span: Span,
}

/// An `AWS::SNS::Topic`.
#[derive(Clone, Debug)]
pub struct Topic {
    /// The resource's logical id.
    pub logical_id: String,
    /// `TopicName`, or the logical id.
    pub name: String,
    /// `arn:aws:sns:REGION:ACCOUNT:NAME`.
    pub arn: String,
    /// `FifoTopic`.
    pub fifo: bool,
    /// `ContentBasedDeduplication` (default false).
    pub content_based_deduplication: bool,
    /// Who gets its messages: `Subscription`, `AWS::SNS::Subscription`, `SNS` events.
    pub subscriptions: Vec<Subscription>,
    /// Where the topic stands.
    pub span: Span,
}

/// One subscription of a topic.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// `Protocol`: `lambda`, `sqs`, `https` and so on.
    pub protocol: String,
    /// `Endpoint`: an ARN, URL or address.
    pub endpoint: String,
    /// What of the template that is.
    pub target: Target,
    /// `FilterPolicy`.
    pub filter_policy: Option<serde_json::Value>,
    /// `FilterPolicyScope` is `MessageBody` (default `MessageAttributes`).
    pub filters_body: bool,
    /// `RawMessageDelivery`.
    pub raw: bool,
    /// `RedrivePolicy.deadLetterTargetArn`.
    pub dead_letter: Option<Destination>,
    /// Where the subscription stands.
    pub span: Span,
}

/// What an ARN means in this template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A function, by its logical id.
    Function(String),
    /// A queue, by its name.
    Queue(String),
    /// A topic, by its logical id.
    Topic(String),
    /// Nothing of this template.
    Elsewhere,
}
