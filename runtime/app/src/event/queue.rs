//! `SQS` events: event source mappings from queues.
//!
//! Source: SAM developer guide, "SQS"; Lambda developer guide, "Using Lambda with Amazon SQS";
//! Lambda API reference, "CreateEventSourceMapping".

use std::time::Duration;

use super::mapping;
use super::source::{Consumer, Source};
use crate::model::QueueTrigger;
use crate::property::{Effect, Table};
use crate::queue::QueueFacts;
use crate::resolve::Resolver;

const NO_POLLERS: Effect = Effect::Missing("pollers scale on their own");

pub(crate) const TABLE: &Table = &[
    ("BatchSize", Effect::Read),
    ("Enabled", Effect::Read),
    ("FilterCriteria", Effect::Read),
    ("FunctionResponseTypes", Effect::Read),
    ("KmsKeyArn", Effect::Accepted),
    ("LoggingConfig", Effect::Accepted),
    ("MaximumBatchingWindowInSeconds", Effect::Read),
    ("MetricsConfig", Effect::Accepted),
    ("ProvisionedPollerConfig", NO_POLLERS),
    ("Queue", Effect::Read),
    ("ScalingConfig", Effect::Read),
    ("Tags", Effect::Accepted),
];

/// Reads a mapping from the queue whose ARN `property` has. `kind` is the source's type. Without a
/// `consumer`, nothing is known of the function.
pub(crate) fn read(
    source: &Source,
    kind: &str,
    property: &str,
    consumer: Option<&Consumer>,
) -> Option<QueueTrigger> {
    let batch_size = mapping::batch_size(source, "messages").unwrap_or(10);
    let window = mapping::batch_window(source).unwrap_or(0);
    let maximum_concurrency = source
        .part("ScalingConfig", &["MaximumConcurrency"])
        .and_then(|part| part.integer("MaximumConcurrency", 2..=1000, ""));
    mapping::check_pollers(source, 2, 10_000);
    let trigger = QueueTrigger {
        name: source.key.name.clone(),
        arn: String::new(),
        queue: None,
        batch_size,
        batch_window: Duration::from_secs(window.into()),
        report_batch_item_failures: mapping::reports_failures(source),
        maximum_concurrency,
        filters: mapping::filters(source),
        enabled: source.enabled(&[]),
        span: source.span(),
    };
    let arn = arn(source, property)?;
    Some(connect(QueueTrigger { arn, ..trigger }, source, kind, property, consumer))
}

/// A mapping on the queue that an `SNS` event's messages go through. SAM takes over the size of
/// its batches only.
pub(super) fn of_subscription(
    source: &Source,
    name: &str,
    arn: &str,
    batch_size: u32,
    consumer: &Consumer,
) -> QueueTrigger {
    let trigger = QueueTrigger {
        name: name.to_owned(),
        arn: arn.to_owned(),
        queue: None,
        batch_size,
        batch_window: Duration::ZERO,
        report_batch_item_failures: false,
        maximum_concurrency: None,
        filters: Vec::new(),
        enabled: true,
        span: source.span(),
    };
    connect(trigger, source, "SNS", "QueueArn", Some(consumer))
}

/// The ARN of a queue. A URL of a queue of the template is what `Ref` gives.
pub(super) fn arn(source: &Source, property: &str) -> Option<String> {
    let node = source.required(property, &format!("add one: `{property}: !GetAtt QUEUE.Arn`"))?;
    let arn = source.reader.text(property, node)?;
    if !node.is_unresolved() && !arn.starts_with("arn:") {
        let help = arn_help(source.resolver, arn);
        source.reader.wrong(property, node, "the ARN of a queue", help);
        return None;
    }
    Some(arn.to_owned())
}

/// What to write instead of text that is not the ARN of a queue.
pub(crate) fn arn_help(resolver: &Resolver, text: &str) -> String {
    let name = text.rsplit('/').next().unwrap_or_default();
    match resolver.load.queues.borrow().get(&resolver.queue_arn(name)) {
        Some(queue) => {
            format!("`!Ref` gives the queue's URL: write `!GetAtt {}.Arn`", queue.logical_id)
        }
        None => "write `!GetAtt QUEUE.Arn`".to_owned(),
    }
}

/// Finds the queue of the template, and checks what Lambda checks of the two.
fn connect(
    mut trigger: QueueTrigger,
    source: &Source,
    kind: &str,
    property: &str,
    consumer: Option<&Consumer>,
) -> QueueTrigger {
    let queues = source.resolver.load.queues.borrow();
    let Some(queue) = queues.get(&trigger.arn) else {
        let shown: String = trigger.arn.chars().take(120).collect();
        let note = format!("{shown} is not a queue of this template: nothing arrives from it");
        let what = format!("{} ({kind})", source.path());
        source.reader.report.note(source.at(property), what, note);
        return trigger;
    };
    trigger.queue = Some(queue.name.clone());
    check_batch(source, queue, &trigger);
    if let Some(Consumer { id, timeout }) = consumer
        && queue.visibility < *timeout
    {
        let message = format!(
            "the visibility time-out of {} ({} s) is shorter than the time-out of {id} ({timeout} s)",
            queue.name, queue.visibility
        );
        // AWS refuses the event source mapping; its advice is six times the function's time-out.
        let help = if queue.is_generated {
            "SAM's own queue has 30 s: name one of the template in `SqsSubscription`".to_owned()
        } else {
            format!(
                "give the queue a `VisibilityTimeout` of at least {timeout}, better {}",
                timeout.saturating_mul(6).min(43_200)
            )
        };
        source.fault(source.key.at, message, help);
    }
    trigger
}

/// Large batches need a window; FIFO queues have neither.
fn check_batch(source: &Source, queue: &QueueFacts, trigger: &QueueTrigger) {
    let owner = &source.reader.owner;
    let batch_size = trigger.batch_size;
    if queue.fifo {
        if batch_size > 10 {
            let message = format!("`BatchSize` of {owner} is {batch_size}, and its queue FIFO");
            let help = "a FIFO queue gives at most 10 messages at once".to_owned();
            source.fault(source.at("BatchSize"), message, help);
        }
        if !trigger.batch_window.is_zero() {
            let name = "MaximumBatchingWindowInSeconds";
            let message = format!("`{name}` of {owner} needs a standard queue");
            let help = "remove it: FIFO queues have no batching window".to_owned();
            source.fault(source.at(name), message, help);
        }
    } else if batch_size > 10 && trigger.batch_window.is_zero() {
        let message = format!("`BatchSize` of {owner} is {batch_size} without a batching window");
        let help = "above 10, add `MaximumBatchingWindowInSeconds: 1` or more".to_owned();
        source.fault(source.at("BatchSize"), message, help);
    }
}
