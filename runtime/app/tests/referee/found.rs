//! The model as lines, written as the referee's are.

use std::time::Duration;

use samovar_app::{
    ApiKind, App, Destination, Function, Queue, QueueTrigger, RetryPolicy, RuleTrigger,
    ScheduleService, ScheduleTrigger, Sender, StreamSource, StreamTrigger, Target, Trigger,
};
use serde_json::Value;

use super::Lines;

/// The model's names for what the referee names by logical ids.
struct Names<'a>(&'a App);

impl Names<'_> {
    /// The logical id of what an ARN, name or URL means in this template, or the text itself.
    fn of(&self, text: &str) -> String {
        let app = self.0;
        let functions = app.functions.iter().map(|f| (&f.arn, &f.logical_id));
        let queues = app.queues.iter().map(|q| (&q.arn, &q.logical_id));
        let topics = app.topics.iter().map(|t| (&t.arn, &t.logical_id));
        let mut known = functions.chain(queues).chain(topics);
        if let Some((_, id)) =
            known.find(|(arn, _)| text == *arn || text.starts_with(&format!("{arn}:")))
        {
            return id.clone();
        }
        // The ARN of a bucket has no account.
        let is_own = text.contains(":000000000000:")
            || text.starts_with("arn:aws:s3:::")
            || !text.contains(':');
        let segments: Vec<&str> = text.split([':', '/']).collect();
        let resource = app.resources.iter().filter(|_| is_own).find(|resource| {
            segments.contains(&resource.reference.as_str()) || resource.reference == text
        });
        resource.map_or_else(|| text.to_owned(), |resource| resource.logical_id.clone())
    }

    fn destination(&self, destination: Option<&Destination>) -> String {
        destination.map_or_else(String::new, |destination| match &destination.target {
            Target::Function(id) | Target::Topic(id) => id.clone(),
            Target::Queue(_) | Target::Elsewhere => self.of(&destination.arn),
        })
    }
}

fn text<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn seconds(value: Option<Duration>) -> String {
    text(value.map(|value| value.as_secs()))
}

pub(crate) fn lines(app: &App) -> Lines {
    let names = Names(app);
    let mut lines = Lines::new();
    let mut add = |subject, line: String| {
        lines.entry(subject).or_default().insert(line);
    };
    for f in &app.functions {
        add("function", function(f, &names));
        for (name, value) in &f.environment {
            add("environment", format!("{} {name}={value}", f.logical_id));
        }
        if let Some(url) = &f.url {
            let auth = if url.public { "NONE" } else { "AWS_IAM" };
            let mode = if url.streaming { "RESPONSE_STREAM" } else { "BUFFERED" };
            add("function URL", format!("{} {auth} {mode}", f.logical_id));
        }
        for trigger in &f.triggers {
            match trigger {
                // Compared as routes and as subscriptions.
                Trigger::Http(_) => {}
                Trigger::Topic(t) if t.topic.is_some() || t.by_queue.is_some() => {}
                Trigger::Topic(t) => {
                    let scope = scope(t.filters_body);
                    let filter = text(t.filter_policy.as_ref());
                    add(
                        "subscription",
                        format!("{} lambda {} {filter} {scope}", names.of(&t.arn), f.logical_id),
                    );
                }
                Trigger::Queue(t) => add("event source mapping", queue_mapping(f, t, &names)),
                Trigger::Stream(t) => add("event source mapping", stream_mapping(f, t, &names)),
                Trigger::Schedule(t) => add("schedule", schedule(&f.logical_id, None, t, &names)),
                Trigger::Rule(t) => add("rule", rule(&f.logical_id, None, t, &names)),
                Trigger::Bucket(t) => {
                    for event in &t.events {
                        add(
                            "trigger",
                            format!("s3 {} {} {event} ", f.logical_id, names.of(&t.bucket)),
                        );
                    }
                }
                Trigger::UserPool(t) => {
                    for hook in &t.hooks {
                        add(
                            "trigger",
                            format!("cognito {} {} {hook} ", f.logical_id, names.of(&t.user_pool)),
                        );
                    }
                }
                Trigger::Logs(t) => {
                    add("trigger", format!("logs {} {}  ", f.logical_id, t.log_group));
                }
                Trigger::Iot(t) => add("trigger", format!("iot {}   {}", f.logical_id, t.sql)),
                Trigger::Alexa(t) => {
                    add(
                        "trigger",
                        format!("alexa {} {}  ", f.logical_id, text(t.skill_id.as_ref())),
                    );
                }
            }
        }
    }
    for api in &app.apis {
        let kind = match api.kind {
            ApiKind::Http => "http",
            ApiKind::Rest => "rest",
        };
        for route in &api.routes {
            let Some(function) = route.function() else { continue };
            let method = route.route.method.as_deref().unwrap_or("ANY");
            let path = route.route.path.as_deref().unwrap_or("$default");
            let method = if path == "$default" { "ANY" } else { method };
            add("route", format!("{} {kind} {method} {path} -> {function}", api.logical_id));
        }
    }
    for queue in &app.queues {
        let (dead, after) = redrive(queue, &names);
        add("queue", format!("{} {} dead={dead} after={after}", queue.logical_id, queue.name));
        for (attribute, value) in &queue.attributes {
            if !attribute.starts_with("Redrive") {
                add("queue", format!("{} {attribute}={value}", queue.logical_id));
            }
        }
    }
    for topic in &app.topics {
        for s in &topic.subscriptions {
            let filter = text(s.filter_policy.as_ref());
            let endpoint = names.of(&s.endpoint);
            add(
                "subscription",
                format!(
                    "{} {} {endpoint} {filter} {}",
                    topic.logical_id,
                    s.protocol,
                    scope(s.filters_body)
                ),
            );
        }
    }
    for target in &app.queue_targets {
        let (queue, group) = (names.of(&target.arn), target.group_id.as_deref());
        match &target.sender {
            Sender::Schedule(t) => add("schedule", schedule(&queue, group, t, &names)),
            Sender::Rule(t) => add("rule", rule(&queue, group, t, &names)),
        }
    }
    for output in &app.outputs {
        add("output", format!("{}={}", output.name, output.value));
    }
    lines
}

fn scope(filters_body: bool) -> &'static str {
    if filters_body { "MessageBody" } else { "MessageAttributes" }
}

fn function(f: &Function, names: &Names) -> String {
    format!(
        "{} name={} runtime={} handler={} memory={} timeout={} storage={} reserved={} \
         provisioned={} layers={} architecture={} tracing={:?} log={} group={} dead={}",
        f.logical_id,
        f.name,
        f.runtime,
        f.handler,
        f.memory_mb,
        f.timeout.as_secs(),
        f.ephemeral_storage_mb,
        text(f.reserved_concurrency),
        text(f.provisioned_concurrency),
        f.layers.len(),
        f.architecture.as_str(),
        f.tracing,
        if f.logging.json { "JSON" } else { "Text" },
        text(f.logging.group.as_ref()),
        names.destination(f.dead_letter.as_ref()),
    )
}

fn queue_mapping(f: &Function, t: &QueueTrigger, names: &Names) -> String {
    format!(
        "{} <- {} batch={} window={} enabled={} partial={} concurrency={} filters={} \
         start= retries= age= bisect=false parallel=1 tumbling= failed= topics= queues=",
        f.logical_id,
        names.of(&t.arn),
        t.batch_size,
        t.batch_window.as_secs(),
        t.enabled,
        t.report_batch_item_failures,
        text(t.maximum_concurrency),
        patterns(&t.filters),
    )
}

fn patterns(filters: &[Value]) -> String {
    filters.iter().map(Value::to_string).collect::<Vec<_>>().join(",")
}

fn stream_mapping(f: &Function, t: &StreamTrigger, names: &Names) -> String {
    let none = Vec::new();
    let (source, topics, queues) = match &t.source {
        StreamSource::Kinesis(arn) | StreamSource::DynamoDb(arn) => (names.of(arn), &none, &none),
        StreamSource::Msk { cluster, topics, .. } => (names.of(cluster), topics, &none),
        StreamSource::Kafka { brokers, topics, .. } => (brokers.join(","), topics, &none),
        StreamSource::Mq { broker, queues } => (names.of(broker), &none, queues),
        StreamSource::DocumentDb { cluster, .. } => (names.of(cluster), &none, &none),
    };
    format!(
        "{} <- {source} batch={} window={} enabled={} partial={} concurrency= filters={} \
         start={} retries={} age={} bisect={} parallel={} tumbling={} failed={} topics={} queues={}",
        f.logical_id,
        t.batch_size,
        t.batch_window.as_secs(),
        t.enabled,
        t.report_batch_item_failures,
        patterns(&t.filters),
        text(t.starting_position.as_ref()),
        text(t.maximum_retries),
        seconds(t.maximum_age),
        t.bisect_on_error,
        t.parallelization_factor,
        seconds(t.tumbling_window),
        names.destination(t.on_failure.as_ref()),
        topics.join(","),
        queues.join(","),
    )
}

fn retry(policy: &RetryPolicy) -> String {
    format!("{}/{}", policy.maximum_retries, policy.maximum_age.as_secs())
}

fn schedule(target: &str, group: Option<&str>, t: &ScheduleTrigger, names: &Names) -> String {
    let service = match t.service {
        ScheduleService::Rule => "rule",
        ScheduleService::Scheduler => "scheduler",
    };
    format!(
        "{target} group={} {service} {} enabled={} input={} zone={} start={} end={} window={} \
         retry={} dead={}",
        text(group),
        t.rate,
        t.enabled,
        text(t.input.as_ref()),
        text(t.timezone.as_ref()),
        text(t.start.as_ref()),
        text(t.end.as_ref()),
        text(t.flexible_window.map(|window| window.as_secs() / 60)),
        retry(&t.retry),
        names.destination(t.dead_letter.as_ref()),
    )
}

fn rule(target: &str, group: Option<&str>, t: &RuleTrigger, names: &Names) -> String {
    let template = t.input_transformer.as_ref().map(|transformer| &transformer.template);
    format!(
        "{target} group={} bus={} enabled={} pattern={} input={} path={} template={} retry={} \
         dead={}",
        text(group),
        t.bus,
        t.enabled,
        t.pattern,
        text(t.input.as_ref()),
        text(t.input_path.as_ref()),
        text(template),
        retry(&t.retry),
        names.destination(t.dead_letter.as_ref()),
    )
}

/// The logical id of a queue's dead-letter queue, and the receives before it.
fn redrive(queue: &Queue, names: &Names) -> (String, String) {
    let policy = queue.attributes.get("RedrivePolicy");
    let policy: Value = policy.map_or(Value::Null, |text| serde_json::from_str(text).unwrap());
    let target = policy["deadLetterTargetArn"].as_str().unwrap_or_default();
    (names.of(target), text(policy["maxReceiveCount"].as_u64()))
}
