//! The referee's facts as lines.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Lines, UNKNOWN};

/// A fact as text; empty where it is absent.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(map) if map.contains_key("incomparable") => UNKNOWN.to_string(),
        other => other.to_string(),
    }
}

/// A fact, or what AWS takes where it is absent.
fn or(value: &Value, default: &str) -> String {
    if value.is_null() { default.to_owned() } else { text(value) }
}

fn list(value: &Value) -> Vec<&Value> {
    value.as_array().into_iter().flatten().collect()
}

fn joined(value: &Value) -> String {
    list(value).into_iter().map(text).collect::<Vec<_>>().join(",")
}

pub(crate) fn lines(facts: &Value) -> Lines {
    let mut lines = Lines::new();
    let mut add = |subject, line: String| {
        lines.entry(subject).or_default().insert(line);
    };
    for f in list(&facts["functions"]) {
        add("function", function(f));
        for (name, value) in f["environment"].as_object().into_iter().flatten() {
            add("environment", format!("{} {name}={}", text(&f["id"]), text(value)));
        }
    }
    for r in list(&facts["routes"]) {
        let (api, kind) = (text(&r["api"]), text(&r["kind"]));
        let (method, path) = (text(&r["method"]), text(&r["path"]));
        // A `$default` route has no method.
        let method = if path == "$default" { "ANY" } else { &method };
        add("route", format!("{api} {kind} {method} {path} -> {}", text(&r["function"])));
    }
    for m in list(&facts["event_source_mappings"]) {
        add("event source mapping", mapping(m));
    }
    // Targets that are neither functions nor queues are not in the model.
    let receivers: BTreeSet<String> = ["functions", "queues"]
        .iter()
        .flat_map(|kind| list(&facts[kind]))
        .map(|receiver| text(&receiver["id"]))
        .collect();
    for r in list(&facts["rules"]) {
        let targets = list(&r["targets"]).into_iter();
        for target in targets.filter(|target| receivers.contains(&text(&target["target"]))) {
            if !r["schedule"].is_null() {
                add("schedule", schedule(r, target, "rule"));
            }
            if !r["pattern"].is_null() {
                add("rule", rule(r, target));
            }
        }
    }
    let schedules = list(&facts["schedules"]).into_iter();
    for s in schedules.filter(|s| receivers.contains(&text(&s["target"]))) {
        add("schedule", schedule(s, s, "scheduler"));
    }
    for q in list(&facts["queues"]) {
        let (id, name) = (text(&q["id"]), text(&q["name"]));
        add(
            "queue",
            format!(
                "{id} {name} dead={} after={}",
                text(&q["dead_letters"]),
                text(&q["max_receives"])
            ),
        );
        for (attribute, value) in q["attributes"].as_object().into_iter().flatten() {
            if !attribute.starts_with("Redrive") {
                add("queue", format!("{id} {attribute}={}", text(value)));
            }
        }
    }
    for u in list(&facts["function_urls"]) {
        let (auth, mode) = (text(&u["auth"]), or(&u["invoke_mode"], "BUFFERED"));
        add("function URL", format!("{} {auth} {mode}", text(&u["function"])));
    }
    for s in list(&facts["subscriptions"]) {
        let (topic, protocol) = (text(&s["topic"]), text(&s["protocol"]));
        let scope = or(&s["filter_scope"], "MessageAttributes");
        let endpoint = text(&s["endpoint"]);
        add(
            "subscription",
            format!("{topic} {protocol} {endpoint} {} {scope}", text(&s["filter"])),
        );
    }
    for t in list(&facts["other_triggers"]) {
        let parts = ["kind", "function", "source", "event", "sql"].map(|part| text(&t[part]));
        add("trigger", parts.join(" "));
    }
    for (name, value) in facts["outputs"].as_object().into_iter().flatten() {
        add("output", format!("{name}={}", text(value)));
    }
    lines
}

fn function(f: &Value) -> String {
    format!(
        "{} name={} runtime={} handler={} memory={} timeout={} storage={} reserved={} \
         provisioned={} layers={} architecture={} tracing={} log={} group={} dead={}",
        text(&f["id"]),
        text(&f["name"]),
        text(&f["runtime"]),
        text(&f["handler"]),
        text(&f["memory_mb"]),
        text(&f["timeout_s"]),
        text(&f["ephemeral_storage_mb"]),
        text(&f["reserved_concurrency"]),
        text(&f["provisioned_concurrency"]),
        text(&f["layers"]),
        joined(&f["architectures"]),
        or(&f["tracing"], "PassThrough"),
        or(&f["log_format"], "Text"),
        text(&f["log_group"]),
        text(&f["dead_letters"]),
    )
}

fn mapping(m: &Value) -> String {
    let filters: Vec<String> = list(&m["filters"]).into_iter().map(Value::to_string).collect();
    // Lambda API reference, "CreateEventSourceMapping": `BatchSize`.
    let is_queue = ["starting_position", "topics", "queues"].iter().all(|part| m[part].is_null());
    let batch = if is_queue { "10" } else { "100" };
    let brokers = joined(&m["bootstrap_servers"]);
    format!(
        "{} <- {}{brokers} batch={} window={} enabled={} partial={} concurrency={} filters={} \
         start={} retries={} age={} bisect={} parallel={} tumbling={} failed={} topics={} queues={}",
        text(&m["function"]),
        text(&m["source"]),
        or(&m["batch_size"], batch),
        or(&m["batch_window_s"], "0"),
        text(&m["enabled"]),
        joined(&m["response_types"]) == "ReportBatchItemFailures",
        text(&m["maximum_concurrency"]),
        filters.join(","),
        text(&m["starting_position"]),
        text(&m["maximum_retries"]),
        text(&m["maximum_record_age_s"]),
        or(&m["bisect"], "false"),
        or(&m["parallelization"], "1"),
        text(&m["tumbling_window_s"]),
        text(&m["on_failure"]),
        joined(&m["topics"]),
        joined(&m["queues"]),
    )
}

/// The retries and the age of a target's retry policy, or EventBridge's own.
fn retry(policy: &Value) -> String {
    let retries = or(&policy["MaximumRetryAttempts"], "185");
    format!("{retries}/{}", or(&policy["MaximumEventAgeInSeconds"], "86400"))
}

fn schedule(s: &Value, target: &Value, service: &str) -> String {
    format!(
        "{} group={} {service} {} enabled={} input={} zone={} start={} end={} window={} retry={} \
         dead={}",
        text(&target["target"]),
        text(&target["group"]),
        text(&s["schedule"]),
        text(&s["enabled"]),
        text(&target["input"]),
        text(&s["timezone"]),
        text(&s["start"]),
        text(&s["end"]),
        text(&s["window_min"]),
        retry(&target["retry_policy"]),
        text(&target["dead_letters"]),
    )
}

fn rule(r: &Value, target: &Value) -> String {
    let transformer = &target["input_transformer"];
    format!(
        "{} group={} bus={} enabled={} pattern={} input={} path={} template={} retry={} dead={}",
        text(&target["target"]),
        text(&target["group"]),
        or(&r["bus"], "default"),
        text(&r["enabled"]),
        text(&r["pattern"]),
        text(&target["input"]),
        text(&target["input_path"]),
        text(&transformer["InputTemplate"]),
        retry(&target["retry_policy"]),
        text(&target["dead_letters"]),
    )
}
