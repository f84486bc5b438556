//! An event as JSON, in the words of the API that was asked.

use std::time::SystemTime;

use serde_json::{Value, json};

use super::subscription::{Api, Category, Schema, Subscription};
use super::timestamp;

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    category: Category,
    kind: &'static str,
    time: String,
    record: Value,
    /// About how much memory it takes, in bytes.
    size: usize,
}

/// The same of an event without its record, and of a platform event's record.
const FRAME: usize = 256;
const PLATFORM_RECORD: usize = 512;

impl Entry {
    /// It happens now.
    pub(crate) fn new(category: Category, kind: &'static str, record: Value) -> Self {
        let size = FRAME + PLATFORM_RECORD;
        Self { category, kind, time: timestamp(SystemTime::now()), record, size }
    }

    /// A line. Of a function that logs JSON, an object is not text but the record itself
    /// ("Telemetry API `Event` schema reference", `function`).
    pub(crate) fn line(category: Category, kind: &'static str, text: &str, json: bool) -> Self {
        let parsed = json.then(|| serde_json::from_str(text).ok()).flatten();
        let record = parsed.filter(Value::is_object).unwrap_or_else(|| text.into());
        Self { size: FRAME + text.len(), ..Self::new(category, kind, record) }
    }

    /// About how much memory it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// `{"time", "type", "record"}` for a subscriber; `None` if it does not get this.
    pub(crate) fn render(&self, subscription: &Subscription) -> Option<String> {
        if !subscription.categories.contains(&self.category) {
            return None;
        }
        let record = match subscription.api {
            Api::Telemetry => self.for_telemetry(subscription.schema)?,
            Api::Logs => self.for_logs(subscription.schema)?,
        };
        Some(json!({"time": self.time, "type": self.kind, "record": record}).to_string())
    }

    fn for_telemetry(&self, schema: Schema) -> Option<Value> {
        let mut record = self.record.clone();
        match self.kind {
            "platform.end" | "platform.fault" | "platform.logsSubscription" => return None,
            // New in 2022-12-13.
            "platform.initReport" if schema == Schema::Telemetry20220701 => {
                record.as_object_mut()?.remove("status");
            }
            _ => {}
        }
        Some(record)
    }

    /// "Lambda Logs API", log messages: fewer events, with fewer fields.
    fn for_logs(&self, schema: Schema) -> Option<Value> {
        let fields: &[&str] = match self.kind {
            "platform.start" => &["requestId", "version"],
            "platform.end" => &["requestId"],
            "platform.report" => &["requestId", "metrics"],
            // New in 2021-03-18.
            "platform.runtimeDone" if schema == Schema::Logs20210318 => &["requestId", "status"],
            "platform.extension" => &["name", "state", "events"],
            "platform.logsSubscription"
            | "platform.logsDropped"
            | "platform.fault"
            | "function"
            | "extension" => return Some(self.record.clone()),
            _ => return None,
        };
        let fields = fields.iter().filter_map(|name| {
            let value = self.record.get(*name)?;
            Some(((*name).to_owned(), value.clone()))
        });
        Some(Value::Object(fields.collect()))
    }
}
