//! Small properties: description, architecture, tracing, logging, snapshots.

use super::Subject;
use crate::model::{Architecture, Logging, Tracing};
use crate::node::{self, Node};
use crate::report::Fault;
use crate::shape::Shape;

const LEVELS: &[&str] = &["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const SYSTEM_LEVELS: &[&str] = &["DEBUG", "INFO", "WARN"];

/// `Description`.
pub(super) fn description(subject: &Subject) -> Option<String> {
    let (_, node) = subject.property("Description")?;
    Shape::Text(256).check(&subject.reader, "Description", &node);
    node.as_str().map(str::to_owned)
}

/// `Architectures`: one of two.
pub(super) fn architecture(subject: &Subject) -> Architecture {
    let Some((_, node)) = subject.property("Architectures") else { return Architecture::X86_64 };
    let list = subject.reader.list("Architectures", &node);
    match list {
        Some([one]) => match subject.reader.choice("Architectures", one, &["arm64", "x86_64"]) {
            Some("arm64") => Architecture::Arm64,
            _ => Architecture::X86_64,
        },
        Some(_) => {
            subject.reader.wrong("Architectures", &node, "a list of one architecture", None);
            Architecture::X86_64
        }
        None => Architecture::X86_64,
    }
}

/// `Tracing`, or `TracingConfig.Mode`.
pub(super) fn tracing(subject: &Subject) -> Tracing {
    let reader = &subject.reader;
    let mode = if subject.is_sam {
        subject.property("Tracing").and_then(|(_, node)| {
            let modes = &["Active", "PassThrough", "Disabled"];
            reader.choice("Tracing", &node, modes).map(str::to_owned)
        })
    } else {
        subject.property("TracingConfig").and_then(|(_, node)| {
            reader.only(reader.map("TracingConfig", &node)?, &["Mode"]);
            let modes = &["Active", "PassThrough"];
            reader.choice("TracingConfig.Mode", node.get("Mode")?, modes).map(str::to_owned)
        })
    };
    match mode.as_deref() {
        Some("Active") => Tracing::Active,
        _ => Tracing::PassThrough,
    }
}

/// `LoggingConfig`. Levels are for JSON only (Lambda developer guide, "Log-level filtering").
pub(super) fn logging(subject: &Subject) -> Logging {
    let reader = &subject.reader;
    let Some((_, config)) = subject.property("LoggingConfig") else { return Logging::default() };
    let Some(map) = reader.map("LoggingConfig", &config) else { return Logging::default() };
    reader.only(map, &["ApplicationLogLevel", "LogFormat", "LogGroup", "SystemLogLevel"]);
    let choice = |name: &str, words: &[&str]| {
        let node = config.get(name)?;
        reader.choice(&format!("LoggingConfig.{name}"), node, words).map(str::to_owned)
    };
    let format = choice("LogFormat", &["JSON", "Text"]);
    let json = format.as_deref() == Some("JSON");
    if !json && config.get("LogFormat").is_none_or(|_| format.is_some()) {
        for name in ["ApplicationLogLevel", "SystemLogLevel"] {
            if let Some((key, _)) = node::entry(map, name) {
                let message = format!("`LoggingConfig.{name}` of {} needs JSON", reader.owner);
                let help = "add `LogFormat: JSON` beside it".to_owned();
                subject.fault(Fault::new(key.at, message).help(help));
            }
        }
    }
    Logging {
        json,
        application_level: choice("ApplicationLogLevel", LEVELS),
        system_level: choice("SystemLogLevel", SYSTEM_LEVELS),
        group: config.get("LogGroup").and_then(|node| log_group(subject, node)),
    }
}

/// The name of a log group: letters, digits and a few signs, at most 512.
fn log_group(subject: &Subject, node: &Node) -> Option<String> {
    let name = subject.reader.text("LoggingConfig.LogGroup", node)?;
    let is_valid = |c: char| c.is_ascii_alphanumeric() || "._-/#".contains(c);
    if !node.is_unresolved() && (name.is_empty() || name.len() > 512 || !name.chars().all(is_valid))
    {
        let help = "use letters, digits and `.`, `-`, `_`, `/`, `#`, at most 512".to_owned();
        subject.reader.wrong("LoggingConfig.LogGroup", node, "the name of a log group", help);
        return None;
    }
    Some(name.to_owned())
}

/// `SnapStart.ApplyOn`.
pub(super) fn snap_start(subject: &Subject) -> bool {
    let reader = &subject.reader;
    let Some((key, node)) = subject.property("SnapStart") else { return false };
    let Some(map) = reader.map("SnapStart", &node) else { return false };
    reader.only(map, &["ApplyOn"]);
    match node.get("ApplyOn") {
        Some(node) => {
            let words = &["PublishedVersions", "None"];
            reader.choice("SnapStart.ApplyOn", node, words) == Some("PublishedVersions")
        }
        None => {
            let message = format!("`SnapStart` of {} has no `ApplyOn`", reader.owner);
            let help = "add one: `ApplyOn: PublishedVersions`".to_owned();
            subject.fault(Fault::new(key.at, message).help(help));
            false
        }
    }
}
