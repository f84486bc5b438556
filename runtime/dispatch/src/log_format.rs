//! The JSON log format and its levels (Lambda guide, "Configuring JSON and plain text log
//! formats" and "Log-level filtering").

use std::sync::Arc;

use jiff::Timestamp;
use samovar_app::Logging;
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::platform_event::PlatformEvent;

/// How much of a log is wanted: what has this level or one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
}

impl Level {
    /// A level by its name, in whatever case.
    fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "TRACE" => Self::Trace,
            "DEBUG" => Self::Debug,
            "INFO" => Self::Info,
            "WARN" => Self::Warn,
            "ERROR" => Self::Error,
            "FATAL" => Self::Fatal,
            _ => return None,
        })
    }

    /// "The default application log level for log filtering is INFO", and the system's too.
    fn configured(name: Option<&String>) -> Self {
        name.and_then(|name| Self::parse(name)).unwrap_or(Self::Info)
    }
}

/// `LogFormat: JSON` of one function.
pub(crate) struct JsonFormat {
    application: Level,
    system: Level,
    clock: Arc<dyn Clock>,
}

impl JsonFormat {
    /// The format, if the function has it.
    pub(crate) fn of(logging: &Logging, clock: Arc<dyn Clock>) -> Option<Self> {
        logging.json.then(|| Self {
            application: Level::configured(logging.application_level.as_ref()),
            system: Level::configured(logging.system_level.as_ref()),
            clock,
        })
    }

    /// Whether a line of the function is wanted. One that is a JSON object has the level that its
    /// `level` names, or `INFO`; whatever is no JSON object has none, and is wanted.
    pub(crate) fn wants(&self, line: &str) -> bool {
        if self.application == Level::Trace || !line.trim_start().starts_with('{') {
            return true;
        }
        let Ok(Value::Object(object)) = serde_json::from_str(line) else { return true };
        let level = object.get("level").and_then(Value::as_str).and_then(Level::parse);
        level.unwrap_or(Level::Info) >= self.application
    }

    /// The document of an event, if it is wanted.
    pub(crate) fn document(&self, event: &PlatformEvent) -> Option<String> {
        if level(event) < self.system {
            return None;
        }
        let time = Timestamp::try_from(self.clock.now()).unwrap_or_default();
        let time = time.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
        Some(json!({"time": time, "type": event.kind, "record": event.record}).to_string())
    }
}

/// The level of an event (the guide's table "System log level event mapping"). `platform.end` and
/// `platform.fault` are events of the older Logs API, in no JSON log.
fn level(event: &PlatformEvent) -> Level {
    let succeeded = matches!(event.record["status"].as_str(), None | Some("success"));
    match event.kind {
        "platform.end" | "platform.fault" => Level::Trace,
        "platform.logsDropped" => Level::Warn,
        "platform.initStart" => match event.record.get("runtimeVersion") {
            Some(_) => Level::Info,
            None => Level::Debug,
        },
        "platform.extension" if event.record.get("errorType").is_some() => Level::Warn,
        _ if !succeeded => Level::Warn,
        "platform.initReport" if event.record["initializationType"] != "on-demand" => Level::Info,
        "platform.initRuntimeDone" | "platform.initReport" | "platform.runtimeDone" => Level::Debug,
        _ => Level::Info,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::invocation::FunctionError;

    struct Stopped;

    impl Clock for Stopped {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000_000_042)
        }
    }

    fn format(application: Option<&str>, system: Option<&str>) -> JsonFormat {
        let logging = Logging {
            json: true,
            application_level: application.map(str::to_owned),
            system_level: system.map(str::to_owned),
            group: None,
        };
        JsonFormat::of(&logging, Arc::new(Stopped)).unwrap()
    }

    #[test]
    fn text_is_the_default() {
        assert!(JsonFormat::of(&Logging::default(), Arc::new(Stopped)).is_none());
    }

    /// The guide's example of a line is `{"level": "debug", ...}`.
    #[test]
    fn lines_are_filtered_by_their_level() {
        let warn = format(Some("WARN"), None);
        for (line, is_wanted) in [
            (r#"{"level": "debug", "msg": "my debug log"}"#, false),
            (r#"{"level": "INFO"}"#, false),
            (r#" {"level": "Warn"}"#, true),
            (r#"{"level": "FATAL"}"#, true),
            (r#"{"msg": "no level"}"#, false),
            (r#"{"level": "loud"}"#, false),
            (r#"{"level": 50}"#, false),
            ("plain text", true),
            ("{not json", true),
            ("[\"level\"]", true),
        ] {
            assert_eq!(warn.wants(line), is_wanted, "{line}");
        }
        let default = format(None, None);
        assert!(default.wants(r#"{"level": "info"}"#) && !default.wants(r#"{"level": "debug"}"#));
        assert!(format(Some("TRACE"), None).wants(r#"{"level": "trace"}"#));
    }

    #[test]
    fn events_are_documents() {
        let start = PlatformEvent::start("8f5e", "Root=1;Parent=2;Sampled=1");
        let text = format(None, None).document(&start).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(document["time"], "2001-09-09T01:46:40.042Z");
        assert_eq!(document["type"], "platform.start");
        assert_eq!(document["record"]["requestId"], "8f5e");
        assert_eq!(document["record"]["version"], "$LATEST");
    }

    #[test]
    fn events_are_filtered_by_their_level() {
        let failed = FunctionError::platform("Runtime.ExitError", "gone");
        let start = PlatformEvent::start("8f5e", "");
        let good = PlatformEvent::init_report(None, Duration::ZERO);
        let bad = PlatformEvent::init_report(Some(&failed), Duration::ZERO);
        let end = PlatformEvent::end("8f5e");
        for (system, wanted) in [
            (Some("DEBUG"), [true, true, true, false]),
            (Some("INFO"), [true, false, true, false]),
            (None, [true, false, true, false]),
            (Some("WARN"), [false, false, true, false]),
        ] {
            let format = format(None, system);
            let is_wanted = [&start, &good, &bad, &end].map(|e| format.document(e).is_some());
            assert_eq!(is_wanted, wanted, "{system:?}");
        }
    }
}
