//! `SQS` events: event source mappings.
//!
//! Source: SAM developer guide, "SQS"; Lambda developer guide, "Using Lambda with Amazon SQS";
//! Lambda API reference, "CreateEventSourceMapping".

use std::time::Duration;

use super::Event;
use crate::model::QueueTrigger;
use crate::property::{Effect, Table};
use crate::queue::QueueFacts;
use crate::report::Fault;

pub(super) const TABLE: &Table = &[
    ("BatchSize", Effect::Read),
    ("Enabled", Effect::Read),
    ("FilterCriteria", Effect::Missing("not applied: every message reaches the function")),
    ("FunctionResponseTypes", Effect::Read),
    ("KmsKeyArn", Effect::Accepted),
    ("LoggingConfig", Effect::Accepted),
    ("MaximumBatchingWindowInSeconds", Effect::Read),
    ("MetricsConfig", Effect::Accepted),
    ("ProvisionedPollerConfig", Effect::Missing("pollers scale on their own")),
    ("Queue", Effect::Read),
    ("ScalingConfig", Effect::Read),
    ("Tags", Effect::Accepted),
];

pub(super) fn read(event: &Event) -> Option<QueueTrigger> {
    let reader = &event.reader;
    let timeout = event.function.timeout;
    let queues = event.resolver.load.queues.borrow();
    let number = |name, least, most, unit| {
        event.get(name).and_then(|node| reader.integer(name, node, least..=most, unit))
    };
    let batch_size = number("BatchSize", 1, 10_000, "messages").unwrap_or(10);
    let window = number("MaximumBatchingWindowInSeconds", 0, 300, "seconds").unwrap_or(0);
    let maximum_concurrency = maximum_concurrency(event);
    let report_batch_item_failures = reports_failures(event);
    let enabled = event.enabled();

    let node = event.required("Queue", "add one: `Queue: !GetAtt QUEUE.Arn`")?;
    let arn = reader.text("Queue", node)?;
    if !arn.starts_with("arn:") {
        // A URL of a queue of the template is what `Ref` gives.
        let name = arn.rsplit('/').next().unwrap_or_default();
        let help = match queues.get(&event.resolver.queue_arn(name)) {
            Some(queue) => {
                format!("`!Ref` gives the queue's URL: write `!GetAtt {}.Arn`", queue.logical_id)
            }
            None => "write `!GetAtt QUEUE.Arn`".to_owned(),
        };
        reader.wrong("Queue", node, "the ARN of a queue", help);
        return None;
    }
    let mut trigger = QueueTrigger {
        name: event.name.to_owned(),
        arn: arn.to_owned(),
        queue: None,
        batch_size,
        batch_window: Duration::from_secs(window.into()),
        report_batch_item_failures,
        maximum_concurrency,
        filters: Vec::new(),
        enabled,
        span: event.span(),
    };
    let Some(queue) = queues.get(arn) else {
        let shown: String = arn.chars().take(120).collect();
        let note = format!("{shown} is not a queue of this template: nothing arrives from it");
        reader.report.note(node.at, format!("{} (SQS)", event.path()), note);
        return Some(trigger);
    };
    trigger.queue = Some(queue.name.clone());
    check_batch(event, queue, batch_size, window);
    if queue.visibility < timeout {
        let message = format!(
            "the visibility time-out of {} ({} s) is shorter than the time-out of {} ({timeout} s)",
            queue.name, queue.visibility, event.function.resource.id
        );
        // AWS refuses the event source mapping; its advice is six times the function's time-out.
        let help = format!(
            "give the queue a `VisibilityTimeout` of at least {timeout}, better {}",
            timeout.saturating_mul(6).min(43_200)
        );
        reader.report.fault(Fault::new(event.key.at, message).help(help));
    }
    Some(trigger)
}

/// Large batches need a window; FIFO queues have neither.
fn check_batch(event: &Event, queue: &QueueFacts, batch_size: u32, window: u32) {
    let report = event.reader.report;
    let at = |name| event.get(name).map_or(event.key.at, |node| node.at);
    let owner = &event.reader.owner;
    if queue.fifo {
        if batch_size > 10 {
            let message = format!("`BatchSize` of {owner} is {batch_size}, and its queue FIFO");
            let help = "a FIFO queue gives at most 10 messages at once".to_owned();
            report.fault(Fault::new(at("BatchSize"), message).help(help));
        }
        if window > 0 {
            let name = "MaximumBatchingWindowInSeconds";
            let message = format!("`{name}` of {owner} needs a standard queue");
            let help = "remove it: FIFO queues have no batching window".to_owned();
            report.fault(Fault::new(at(name), message).help(help));
        }
    } else if batch_size > 10 && window == 0 {
        let message = format!("`BatchSize` of {owner} is {batch_size} without a batching window");
        let help = "above 10, add `MaximumBatchingWindowInSeconds: 1` or more".to_owned();
        report.fault(Fault::new(at("BatchSize"), message).help(help));
    }
}

fn maximum_concurrency(event: &Event) -> Option<u32> {
    let node = event.get("ScalingConfig")?;
    let map = event.reader.map("ScalingConfig", node)?;
    event.reader.only(map, &["MaximumConcurrency"]);
    let maximum = node.get("MaximumConcurrency")?;
    event.reader.integer("MaximumConcurrency", maximum, 2..=1000, "")
}

fn reports_failures(event: &Event) -> bool {
    let name = "FunctionResponseTypes";
    let types = event.get(name).and_then(|node| event.reader.list(name, node)).unwrap_or_default();
    let mut reports = false;
    for item in types {
        reports |= event.reader.choice(name, item, &["ReportBatchItemFailures"]).is_some();
    }
    reports
}
