//! `Events`: what starts a function.
//!
//! Source: SAM developer guide, "EventSource" and its event types.

mod http;
mod queue;
mod rate;
mod schedule;

use super::Subject;
use crate::api::Apis;
use crate::model::Trigger;
use crate::node::{Key, Map, Node};
use crate::property::{self, Table};
use crate::queue::Queues;
use crate::read::Reader;
use crate::report::Fault;
use crate::suggest::did_you_mean;

/// Every event type of SAM's.
const TYPES: &[&str] = &[
    "AlexaSkill",
    "Api",
    "CloudWatchEvent",
    "CloudWatchLogs",
    "Cognito",
    "DocumentDB",
    "DynamoDB",
    "EventBridgeRule",
    "HttpApi",
    "IoTRule",
    "Kinesis",
    "MQ",
    "MSK",
    "S3",
    "SNS",
    "SQS",
    "Schedule",
    "ScheduleV2",
    "SelfManagedKafka",
];

/// An event while it is read: its properties are resolved and known to its type.
struct Event<'r, 't> {
    subject: &'r Subject<'r, 't>,
    reader: Reader<'t>,
    name: &'r str,
    key: &'r Key,
    kind: &'r str,
    properties: Map,
}

impl Event<'_, '_> {
    fn get(&self, name: &str) -> Option<&Node> {
        crate::node::get(&self.properties, name)
    }

    /// Where the event is, for notes.
    fn path(&self) -> String {
        format!("Resources.{}.Events.{}", self.subject.resource.id, self.name)
    }

    /// Reports a property that the event cannot do without, unless it is there.
    fn required(&self, name: &str, help: &str) -> Option<&Node> {
        let found = self.get(name);
        if found.is_none() {
            let message = format!("{} has no `{name}`", self.reader.owner);
            self.subject.fault(Fault::new(self.key.at, message).help(help.to_owned()));
        }
        found
    }

    /// `Enabled`, or `State` where the type has it: one of the two.
    fn enabled(&self) -> bool {
        let enabled = self.get("Enabled").and_then(|n| self.reader.boolean("Enabled", n));
        let state = self
            .get("State")
            .and_then(|n| self.reader.choice("State", n, &["ENABLED", "DISABLED"]));
        if let (Some(_), Some(_), Some(node)) = (enabled, state, self.get("State")) {
            let message = format!("{} has both `State` and `Enabled`", self.reader.owner);
            let fault = Fault::new(node.at, message).help("keep one of them".to_owned());
            self.subject.fault(fault);
        }
        enabled.unwrap_or(true) && state != Some("DISABLED")
    }
}

/// Reads a function's events. Routes are added to their APIs where the function is served.
pub(super) fn read(
    subject: &Subject,
    timeout: u32,
    queues: &Queues,
    apis: &mut Apis,
    is_served: bool,
) -> Vec<Trigger> {
    // What an event is, is read from the template itself: SAM allows no intrinsic there. Its
    // properties are resolved one event at a time.
    let Some(node) = subject.resource.property("Events") else { return Vec::new() };
    let Some(events) = subject.reader.map("Events", node) else { return Vec::new() };
    let mut triggers = Vec::new();
    for (key, node) in events {
        let Some((table, event)) = event(subject, key, node) else { continue };
        if let Some(table) = table {
            property::check(&event.reader, &event.properties, table, &event.path());
        }
        triggers.extend(match event.kind {
            "HttpApi" | "Api" => http::read(&event, apis, is_served).map(Trigger::Http),
            "SQS" => queue::read(&event, timeout, queues).map(Trigger::Queue),
            "Schedule" | "ScheduleV2" => schedule::read(&event).map(Trigger::Schedule),
            kind => {
                let note = format!("{} is not called by it", subject.resource.id);
                subject.reader.report.note(key.at, format!("{} ({kind})", event.path()), note);
                None
            }
        });
    }
    triggers
}

/// The frame of an event: its type and properties, with the table of its type.
fn event<'r, 't>(
    subject: &'r Subject<'r, 't>,
    key: &'r Key,
    node: &'r Node,
) -> Option<(Option<&'static Table>, Event<'r, 't>)> {
    let function = subject.resource.id;
    let shown: String = key.name.chars().take(60).collect();
    let report = subject.reader.report;
    let reader = Reader { report, owner: format!("event {shown} of {function}") };
    let map = reader.map(&shown, node)?;
    reader.only(map, &["Type", "Properties"]);
    let Some(kind) = node.get("Type") else {
        let message = format!("{} has no `Type`", reader.owner);
        subject.fault(Fault::new(key.at, message).help("add one: `Type: SQS`".to_owned()));
        return None;
    };
    let kind = match reader.text("Type", kind)? {
        name if TYPES.contains(&name) => name,
        name => {
            let shown: String = name.chars().take(60).collect();
            let message = format!("unknown event type `{shown}` of {function}");
            let help = did_you_mean(name, TYPES.iter().copied())
                .unwrap_or_else(|| format!("event types are {}", TYPES.join(", ")));
            subject.fault(Fault::new(kind.at, message).help(help));
            return None;
        }
    };
    let table = match kind {
        "HttpApi" => Some(http::HTTP_API),
        "Api" => Some(http::REST_API),
        "SQS" => Some(queue::TABLE),
        "Schedule" => Some(schedule::RULE),
        "ScheduleV2" => Some(schedule::SCHEDULER),
        _ => None,
    };
    let properties = match node.get("Properties") {
        // Properties of types that are not emulated are not looked at.
        Some(properties) if table.is_some() => {
            subject.resolver.resolve_map(reader.map("Properties", properties)?)
        }
        _ => Map::new(),
    };
    Some((table, Event { subject, reader, name: &key.name, key, kind, properties }))
}
