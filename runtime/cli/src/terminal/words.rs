//! Parts of an application in a few words.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use samovar_app::{
    App, Build, Function, Integration, Queue, Rate, Route, RuleTrigger, ScheduleTrigger, Sender,
    Span, StreamSource, Trigger,
};

/// What starts a function, each in a few words.
pub(crate) fn triggers(function: &Function) -> Vec<String> {
    let mut parts: Vec<String> = function.triggers.iter().map(trigger).collect();
    if function.url.is_some() {
        parts.push("function URL".into());
    }
    if parts.is_empty() {
        parts.push("direct invoke".into());
    }
    parts
}

/// `POST /orders`, `OrdersQueue (batches of 10)`, `every minute`.
pub(crate) fn trigger(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Http(http) => route(&http.route),
        Trigger::Queue(queue) => format!("{} (batches of {})", last(&queue.arn), queue.batch_size),
        Trigger::Schedule(trigger) => schedule(trigger),
        Trigger::Topic(topic) => format!("topic {}", last(&topic.arn)),
        Trigger::Rule(trigger) => rule(trigger),
        Trigger::Stream(trigger) => stream(&trigger.source),
        Trigger::Bucket(bucket) => format!("bucket {}", bucket.bucket),
        Trigger::UserPool(trigger) => format!("user pool {}", trigger.user_pool),
        Trigger::Logs(logs) => format!("log group {}", logs.log_group),
        Trigger::Iot(trigger) => format!("IoT rule {}", trigger.name),
        Trigger::Alexa(_) => "Alexa skill".into(),
    }
}

/// `480 KB`, `1.2 MB`.
pub(crate) fn size(bytes: u64) -> String {
    match bytes.div_ceil(1000) {
        kilobytes @ ..1000 => format!("{kilobytes} KB"),
        kilobytes => format!("{:.1} MB", kilobytes as f64 / 1000.0),
    }
}

/// What sends to a queue, in a few words.
pub(crate) fn sender(sender: &Sender) -> String {
    match sender {
        Sender::Rule(trigger) => rule(trigger),
        Sender::Schedule(trigger) => schedule(trigger),
    }
}

/// The rules and schedules that send to a queue.
pub(crate) fn senders<'a>(app: &'a App, queue: &'a Queue) -> impl Iterator<Item = &'a Sender> {
    let targets = app.queue_targets.iter().filter(|target| target.queue == queue.name);
    targets.map(|target| &target.sender)
}

fn rule(trigger: &RuleTrigger) -> String {
    format!("events on bus {}", last(&trigger.bus))
}

fn schedule(trigger: &ScheduleTrigger) -> String {
    let when = match &trigger.rate {
        Rate::Every(interval) => format!("every {}", interval_of(*interval)),
        Rate::Expression(expression) => expression.clone(),
    };
    if trigger.enabled { when } else { format!("{when} (disabled)") }
}

fn stream(source: &StreamSource) -> String {
    match source {
        StreamSource::Kinesis(arn) => format!("Kinesis stream {}", last(arn)),
        StreamSource::DynamoDb(arn) => format!("DynamoDB stream {}", last(arn)),
        StreamSource::Msk { topics, .. } | StreamSource::Kafka { topics, .. } => {
            format!("Kafka topic {}", topics.join(", "))
        }
        StreamSource::Mq { queues, .. } => format!("broker queue {}", queues.join(", ")),
        StreamSource::DocumentDb { database, .. } => format!("DocumentDB {database}"),
    }
}

/// The name at the end of an ARN; a name is its own.
pub(crate) fn last(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or_default()
}

/// `POST /orders`, `ANY /files/{proxy+}`, `$default`.
pub(crate) fn route(route: &Route) -> String {
    match (&route.method, &route.path) {
        (_, None) => "$default".into(),
        (None, Some(path)) => format!("ANY {path}"),
        (Some(method), Some(path)) => format!("{method} {path}"),
    }
}

/// What answers a route: a function by its name, or something else.
pub(crate) fn integration(app: &App, integration: &Integration) -> String {
    match integration {
        Integration::Function(id) => {
            app.function(id).map_or_else(|| id.clone(), |function| function.name.clone())
        }
        Integration::Other(what) => format!("{what} (not emulated)"),
        direct => direct.in_words().unwrap_or_default(),
    }
}

/// The functions that a queue's messages start.
pub(crate) fn consumers<'a>(
    app: &'a App,
    queue: &'a Queue,
) -> impl Iterator<Item = &'a Arc<Function>> {
    app.functions.iter().filter(|function| {
        let is_its = |trigger: &Trigger| matches!(trigger, Trigger::Queue(t) if t.arn == queue.arn);
        function.triggers.iter().any(is_its)
    })
}

/// Receives and name of the dead-letter queue in a `RedrivePolicy`.
pub(crate) fn dead_letters(queue: &Queue) -> Option<(u64, String)> {
    let policy: serde_json::Value =
        serde_json::from_str(queue.attributes.get("RedrivePolicy")?).ok()?;
    let receives = &policy["maxReceiveCount"];
    let receives = receives.as_u64().or_else(|| receives.as_str()?.parse().ok())?;
    let arn = policy["deadLetterTargetArn"].as_str()?;
    Some((receives, last(arn).to_owned()))
}

/// `← every hour, → OrderWorker, after 3 receives → OrdersDeadLetters`.
pub(crate) fn leads_to(app: &App, queue: &Queue) -> String {
    let senders = senders(app, queue).map(|one| format!("← {}", sender(one)));
    let consumers = consumers(app, queue).map(|function| format!("→ {}", function.name));
    let mut parts: Vec<String> = senders.chain(consumers).collect();
    if let Some((receives, target)) = dead_letters(queue) {
        parts.push(format!("after {receives} receives → {target}"));
    }
    parts.join(", ")
}

/// Where a function's code is, from the template's folder.
pub(crate) fn code(function: &Function, folder: &Path) -> String {
    let code = &function.code;
    match &code.build {
        Build::Inline(_) => "inline code".into(),
        Build::S3(object) => object.clone(),
        Build::Image(image) => image.clone().unwrap_or_else(|| "container image".into()),
        Build::Cargo { .. }
        | Build::Make { .. }
        | Build::Source
        | Build::Prebuilt
        | Build::Archive => {
            let path = code.path.strip_prefix(folder).unwrap_or(&code.path);
            let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
            path.display().to_string()
        }
    }
}

/// `template.yaml:12`.
pub(crate) fn place(span: &Span) -> String {
    let file = span.file.file_name().map_or(&*span.file, Path::new);
    format!("{}:{}", file.display(), span.line)
}

/// `1 queue`, `3 queues`.
pub(crate) fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// `minute`, `5 minutes`, `2 hours`.
fn interval_of(interval: Duration) -> String {
    let minutes = interval.as_secs() / 60;
    let (number, unit) = match minutes {
        minutes if minutes > 0 && minutes % (24 * 60) == 0 => (minutes / (24 * 60), "day"),
        minutes if minutes > 0 && minutes % 60 == 0 => (minutes / 60, "hour"),
        minutes => (minutes, "minute"),
    };
    if number == 1 { unit.to_owned() } else { format!("{number} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_said_as_people_do() {
        assert_eq!(interval_of(Duration::from_secs(60)), "minute");
        assert_eq!(interval_of(Duration::from_secs(300)), "5 minutes");
        assert_eq!(interval_of(Duration::from_secs(7200)), "2 hours");
        assert_eq!(interval_of(Duration::from_secs(86_400)), "day");
    }

    #[test]
    fn numbers_have_their_plural() {
        assert_eq!(count(0, "error"), "0 errors");
        assert_eq!(count(1, "error"), "1 error");
    }
}
