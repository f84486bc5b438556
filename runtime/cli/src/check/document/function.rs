//! Functions.

use std::collections::BTreeMap;

use samovar_app::{Build, Trigger};
use serde::Serialize;

use super::Place;
use crate::terminal::words;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Function {
    logical_id: String,
    name: String,
    arn: String,
    /// `process` or `wasm`.
    kind: &'static str,
    /// Why Samovar does not run it; `null`: it does.
    not_run: Option<String>,
    runtime: String,
    handler: String,
    architecture: &'static str,
    memory_mb: u32,
    timeout_seconds: f64,
    code: Code,
    environment: BTreeMap<String, String>,
    triggers: Vec<Source>,
    /// It has a function URL.
    url: bool,
    #[serde(flatten)]
    place: Place,
}

#[derive(Debug, Serialize)]
struct Code {
    /// A folder or archive.
    path: String,
    /// `cargo`, `make`, `source`, `prebuilt`, `archive`, `inline`, `s3` or `image`.
    build: &'static str,
}

/// What starts a function.
#[derive(Debug, Serialize)]
struct Source {
    /// `http`, `queue`, `schedule`, `topic`, `rule`, `stream`, `bucket`, `userPool`, `logs`, `iot`
    /// or `alexa`.
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    /// In a few words: `POST /orders`.
    source: String,
    #[serde(flatten)]
    place: Place,
}

impl Function {
    pub(super) fn new(function: &samovar_app::Function) -> Self {
        Self {
            logical_id: function.logical_id.clone(),
            name: function.name.clone(),
            arn: function.arn.clone(),
            kind: function.kind.as_str(),
            not_run: function.not_run.clone(),
            runtime: function.runtime.clone(),
            handler: function.handler.clone(),
            architecture: function.architecture.as_str(),
            memory_mb: function.memory_mb,
            timeout_seconds: function.timeout.as_secs_f64(),
            code: Code {
                path: function.code.path.display().to_string(),
                build: match function.code.build {
                    Build::Cargo { .. } => "cargo",
                    Build::Make { .. } => "make",
                    Build::Source => "source",
                    Build::Prebuilt => "prebuilt",
                    Build::Archive => "archive",
                    Build::Inline(_) => "inline",
                    Build::S3(_) => "s3",
                    Build::Image(_) => "image",
                },
            },
            environment: function.environment.clone(),
            triggers: function.triggers.iter().map(Source::new).collect(),
            url: function.url.is_some(),
            place: Place::new(&function.span),
        }
    }
}

impl Source {
    pub(super) fn new(trigger: &Trigger) -> Self {
        Self {
            kind: match trigger {
                Trigger::Http(_) => "http",
                Trigger::Queue(_) => "queue",
                Trigger::Schedule(_) => "schedule",
                Trigger::Topic(_) => "topic",
                Trigger::Rule(_) => "rule",
                Trigger::Stream(_) => "stream",
                Trigger::Bucket(_) => "bucket",
                Trigger::UserPool(_) => "userPool",
                Trigger::Logs(_) => "logs",
                Trigger::Iot(_) => "iot",
                Trigger::Alexa(_) => "alexa",
            },
            name: trigger.name().to_owned(),
            source: words::trigger(trigger),
            place: Place::new(trigger.span()),
        }
    }
}
