//! What starts functions: every event type of SAM's, emulated or not.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::{Destination, Route, Span};

/// What starts a function.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// A route of an API: `HttpApi`, `Api`.
    Http(HttpTrigger),
    /// An event source mapping from a queue: `SQS`.
    Queue(QueueTrigger),
    /// A clock: `Schedule`, `ScheduleV2`.
    Schedule(ScheduleTrigger),
    /// A topic's messages: `SNS`.
    Topic(TopicTrigger),
    /// Events of an event bus: `EventBridgeRule`, `CloudWatchEvent`.
    Rule(RuleTrigger),
    /// An event source mapping from a stream or broker: `Kinesis`, `DynamoDB`, `MSK`,
    /// `SelfManagedKafka`, `MQ`, `DocumentDB`.
    Stream(StreamTrigger),
    /// A bucket's notifications: `S3`.
    Bucket(BucketTrigger),
    /// A user pool's hooks: `Cognito`.
    UserPool(UserPoolTrigger),
    /// A log group's lines: `CloudWatchLogs`.
    Logs(LogsTrigger),
    /// Messages of devices: `IoTRule`.
    Iot(IotTrigger),
    /// An Alexa skill: `AlexaSkill`.
    Alexa(AlexaTrigger),
}

impl Trigger {
    /// The event's name under `Events`, or the logical id of the resource that makes it.
    pub fn name(&self) -> &str {
        match self {
            Self::Http(trigger) => &trigger.name,
            Self::Queue(trigger) => &trigger.name,
            Self::Schedule(trigger) => &trigger.name,
            Self::Topic(trigger) => &trigger.name,
            Self::Rule(trigger) => &trigger.name,
            Self::Stream(trigger) => &trigger.name,
            Self::Bucket(trigger) => &trigger.name,
            Self::UserPool(trigger) => &trigger.name,
            Self::Logs(trigger) => &trigger.name,
            Self::Iot(trigger) => &trigger.name,
            Self::Alexa(trigger) => &trigger.name,
        }
    }

    /// Where it stands in the template.
    pub fn span(&self) -> &Span {
        match self {
            Self::Http(trigger) => &trigger.span,
            Self::Queue(trigger) => &trigger.span,
            Self::Schedule(trigger) => &trigger.span,
            Self::Topic(trigger) => &trigger.span,
            Self::Rule(trigger) => &trigger.span,
            Self::Stream(trigger) => &trigger.span,
            Self::Bucket(trigger) => &trigger.span,
            Self::UserPool(trigger) => &trigger.span,
            Self::Logs(trigger) => &trigger.span,
            Self::Iot(trigger) => &trigger.span,
            Self::Alexa(trigger) => &trigger.span,
        }
    }
}

/// An `HttpApi` or `Api` event, or a route of a definition or plain resource.
#[derive(Clone, Debug)]
pub struct HttpTrigger {
    /// The event's name under `Events`, or the route.
    pub name: String,
    /// Logical id of the API (see [`App::apis`](crate::App::apis)).
    pub api: String,
    /// The route.
    pub route: Route,
    /// Where the event stands.
    pub span: Span,
}

/// An `SQS` event: an event source mapping.
#[derive(Clone, Debug)]
pub struct QueueTrigger {
    /// The event's name under `Events`.
    pub name: String,
    /// ARN of the queue.
    pub arn: String,
    /// Name of the queue, where it is one of the template's; `None`: nothing arrives from it.
    pub queue: Option<String>,
    /// `BatchSize` (default 10).
    pub batch_size: u32,
    /// `MaximumBatchingWindowInSeconds` (default 0).
    pub batch_window: Duration,
    /// `FunctionResponseTypes` has `ReportBatchItemFailures`.
    pub report_batch_item_failures: bool,
    /// `ScalingConfig.MaximumConcurrency`.
    pub maximum_concurrency: Option<u32>,
    /// `FilterCriteria`: patterns, of which one must match; text in place of one that is only known
    /// on AWS.
    pub filters: Vec<serde_json::Value>,
    /// `Enabled` (default true).
    pub enabled: bool,
    /// Where the event stands.
    pub span: Span,
}

/// A `Schedule` or `ScheduleV2` event, a rule with a schedule, or a schedule of its own.
#[derive(Clone, Debug)]
pub struct ScheduleTrigger {
    /// The event's name under `Events`.
    pub name: String,
    /// The rule's name: `Name`, or function and event name.
    pub rule: String,
    /// Whose clock it is: their events differ.
    pub service: ScheduleService,
    /// When.
    pub rate: Rate,
    /// `ScheduleExpressionTimezone` (default `UTC`).
    pub timezone: Option<String>,
    /// `StartDate`, as written: RFC 3339.
    pub start: Option<String>,
    /// `EndDate`, as written: RFC 3339.
    pub end: Option<String>,
    /// `FlexibleTimeWindow`: it fires within this time after each tick.
    pub flexible_window: Option<Duration>,
    /// `Input`: the event's payload instead of EventBridge's own.
    pub input: Option<String>,
    /// `RetryPolicy`.
    pub retry: RetryPolicy,
    /// `DeadLetterConfig`.
    pub dead_letter: Option<Destination>,
    /// `Enabled` (default true).
    pub enabled: bool,
    /// Where the event stands.
    pub span: Span,
}

/// What fires a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleService {
    /// An EventBridge rule: `Schedule`.
    Rule,
    /// EventBridge Scheduler: `ScheduleV2`.
    Scheduler,
}

/// When a schedule fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rate {
    /// `rate(VALUE UNIT)`.
    Every(Duration),
    /// `cron(...)` with checked fields, `at(...)` with a checked time; text in place of an
    /// expression that is only known on AWS.
    Expression(String),
}

impl fmt::Display for Rate {
    /// As a schedule expression: `rate(5 minutes)`, `cron(0 8 * * ? *)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(period) => {
                let minutes = period.as_secs() / 60;
                let (number, unit) = match minutes {
                    minutes if minutes % (24 * 60) == 0 => (minutes / (24 * 60), "day"),
                    minutes if minutes % 60 == 0 => (minutes / 60, "hour"),
                    minutes => (minutes, "minute"),
                };
                let plural = if number == 1 { "" } else { "s" };
                write!(f, "rate({number} {unit}{plural})")
            }
            Self::Expression(expression) => f.write_str(expression),
        }
    }
}

/// `RetryPolicy` of a target (EventBridge guide, "Retry policy": 24 hours, 185 times).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// `MaximumEventAgeInSeconds`.
    pub maximum_age: Duration,
    /// `MaximumRetryAttempts`.
    pub maximum_retries: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { maximum_age: Duration::from_secs(24 * 60 * 60), maximum_retries: 185 }
    }
}

/// An `SNS` event or an `AWS::SNS::Subscription` of a function.
#[derive(Clone, Debug)]
pub struct TopicTrigger {
    /// The event's name under `Events`.
    pub name: String,
    /// ARN of the topic.
    pub arn: String,
    /// Logical id of the topic, where it is one of the template's.
    pub topic: Option<String>,
    /// `FilterPolicy`.
    pub filter_policy: Option<serde_json::Value>,
    /// `FilterPolicyScope` is `MessageBody` (default `MessageAttributes`).
    pub filters_body: bool,
    /// `SqsSubscription`: the messages come by a queue of SAM's making.
    pub by_queue: Option<SqsSubscription>,
    /// `RedrivePolicy.deadLetterTargetArn`.
    pub dead_letter: Option<Destination>,
    /// Where the event stands.
    pub span: Span,
}

/// `SqsSubscription` of an `SNS` event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqsSubscription {
    /// `QueueArn`; `None`: a queue of SAM's making.
    pub queue_arn: Option<String>,
    /// `BatchSize` (default 10).
    pub batch_size: u32,
    /// `Enabled` (default true).
    pub enabled: bool,
}

/// An `EventBridgeRule` or `CloudWatchEvent` event, or a rule that has the function as a target.
#[derive(Clone, Debug)]
pub struct RuleTrigger {
    /// The event's name under `Events`.
    pub name: String,
    /// The rule's name.
    pub rule: String,
    /// `EventBusName`, a name or ARN (default `default`).
    pub bus: String,
    /// `Pattern` (`EventPattern`); text in place of one that is only known on AWS.
    pub pattern: serde_json::Value,
    /// `Input`.
    pub input: Option<String>,
    /// `InputPath`.
    pub input_path: Option<String>,
    /// `InputTransformer`.
    pub input_transformer: Option<InputTransformer>,
    /// `RetryPolicy`.
    pub retry: RetryPolicy,
    /// `DeadLetterConfig`.
    pub dead_letter: Option<Destination>,
    /// `State` is not `DISABLED`.
    pub enabled: bool,
    /// Where the event stands.
    pub span: Span,
}

/// `InputTransformer` of a rule's target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputTransformer {
    /// `InputPathsMap`: JSON paths by name.
    pub paths: BTreeMap<String, String>,
    /// `InputTemplate`.
    pub template: String,
}

/// An event source mapping from a stream, a Kafka topic, a broker's queue or a change stream.
#[derive(Clone, Debug)]
pub struct StreamTrigger {
    /// The event's name under `Events`.
    pub name: String,
    /// Where the records come from.
    pub source: StreamSource,
    /// `BatchSize`.
    pub batch_size: u32,
    /// `MaximumBatchingWindowInSeconds`.
    pub batch_window: Duration,
    /// `StartingPosition`: `TRIM_HORIZON`, `LATEST` or `AT_TIMESTAMP`.
    pub starting_position: Option<String>,
    /// `StartingPositionTimestamp`, as written: seconds from 1970. Only for `AT_TIMESTAMP`.
    pub starting_timestamp: Option<String>,
    /// `ParallelizationFactor` (default 1).
    pub parallelization_factor: u32,
    /// `BisectBatchOnFunctionError`.
    pub bisect_on_error: bool,
    /// `MaximumRetryAttempts`; `None`: until the record expires.
    pub maximum_retries: Option<u32>,
    /// `MaximumRecordAgeInSeconds`; `None`: as long as the source keeps it.
    pub maximum_age: Option<Duration>,
    /// `TumblingWindowInSeconds`.
    pub tumbling_window: Option<Duration>,
    /// `DestinationConfig.OnFailure`.
    pub on_failure: Option<Destination>,
    /// `FunctionResponseTypes` has `ReportBatchItemFailures`.
    pub report_batch_item_failures: bool,
    /// `FilterCriteria`: patterns, of which one must match; text in place of one that is only known
    /// on AWS.
    pub filters: Vec<serde_json::Value>,
    /// `SourceAccessConfigurations`: kind and URI.
    pub access: Vec<(String, String)>,
    /// `Enabled` (default true).
    pub enabled: bool,
    /// Where the event stands.
    pub span: Span,
}

/// Where a stream's records come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamSource {
    /// `Kinesis`: ARN of the stream or consumer.
    Kinesis(String),
    /// `DynamoDB`: ARN of the table's stream.
    DynamoDb(String),
    /// `MSK`: ARN of the cluster, its topics, and the consumer group.
    Msk {
        /// ARN of the cluster.
        cluster: String,
        /// `Topics`.
        topics: Vec<String>,
        /// `ConsumerGroupId`.
        consumer_group: Option<String>,
    },
    /// `SelfManagedKafka`: brokers, topics, and the consumer group.
    Kafka {
        /// `KafkaBootstrapServers`: `HOST:PORT` each.
        brokers: Vec<String>,
        /// `Topics`.
        topics: Vec<String>,
        /// `ConsumerGroupId`.
        consumer_group: Option<String>,
    },
    /// `MQ`: ARN of the broker and its queues.
    Mq {
        /// ARN of the broker.
        broker: String,
        /// `Queues`.
        queues: Vec<String>,
    },
    /// `DocumentDB`: ARN of the cluster, database and collection.
    DocumentDb {
        /// ARN of the cluster.
        cluster: String,
        /// `DatabaseName`.
        database: String,
        /// `CollectionName`; `None`: all.
        collection: Option<String>,
        /// `FullDocument` is `UpdateLookup`.
        full_document: bool,
    },
}

/// An `S3` event.
#[derive(Clone, Debug)]
pub struct BucketTrigger {
    /// The event's name under `Events`.
    pub name: String,
    /// Name of the bucket.
    pub bucket: String,
    /// `Events`: `s3:ObjectCreated:*`.
    pub events: Vec<String>,
    /// `Filter`: `prefix` or `suffix`, and its value.
    pub filters: Vec<(String, String)>,
    /// Where the event stands.
    pub span: Span,
}

/// A `Cognito` event.
#[derive(Clone, Debug)]
pub struct UserPoolTrigger {
    /// The event's name under `Events`.
    pub name: String,
    /// `UserPool`, as `Ref` gives it.
    pub user_pool: String,
    /// `Trigger`: `PreSignUp` and so on.
    pub hooks: Vec<String>,
    /// Where the event stands.
    pub span: Span,
}

/// A `CloudWatchLogs` event.
#[derive(Clone, Debug)]
pub struct LogsTrigger {
    /// The event's name under `Events`.
    pub name: String,
    /// `LogGroupName`.
    pub log_group: String,
    /// `FilterPattern`.
    pub filter_pattern: String,
    /// Where the event stands.
    pub span: Span,
}

/// An `IoTRule` event.
#[derive(Clone, Debug)]
pub struct IotTrigger {
    /// The event's name under `Events`.
    pub name: String,
    /// `Sql`.
    pub sql: String,
    /// `AwsIotSqlVersion`.
    pub sql_version: Option<String>,
    /// Where the event stands.
    pub span: Span,
}

/// An `AlexaSkill` event.
#[derive(Clone, Debug)]
pub struct AlexaTrigger {
    /// The event's name under `Events`.
    pub name: String,
    /// `SkillId`.
    pub skill_id: Option<String>,
    /// Where the event stands.
    pub span: Span,
}
