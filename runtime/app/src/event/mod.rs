//! `Events`: what starts a function.
//!
//! Source: SAM developer guide, "EventSource" and its event types.

mod http;
mod queue;
mod rate;
mod schedule;

use crate::api::Apis;
use crate::model::{Places, Span, Trigger};
use crate::node::{Key, Map, Node};
use crate::property::{self, Table};
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::Resolver;
use crate::suggest::did_you_mean;
use crate::template::Resource;

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
    resolver: &'r Resolver<'t>,
    /// The function that it starts.
    function: &'r Called<'t>,
    reader: Reader<'t>,
    name: &'r str,
    key: &'r Key,
    kind: &'r str,
    properties: Map,
}

/// The function that an event starts, as far as events ask.
pub(crate) struct Called<'t> {
    /// Its resource.
    pub(crate) resource: &'t Resource<'t>,
    /// Its `Timeout` in seconds.
    pub(crate) timeout: u32,
}

impl Event<'_, '_> {
    fn get(&self, name: &str) -> Option<&Node> {
        crate::node::get(&self.properties, name)
    }

    /// Where it stands.
    fn span(&self) -> Span {
        self.reader.report.span(self.key.at)
    }

    /// Where the event is, for notes.
    fn path(&self) -> String {
        format!("Resources.{}.Events.{}", self.function.resource.id, self.name)
    }

    /// Reports a property that the event cannot do without, unless it is there.
    fn required(&self, name: &str, help: &str) -> Option<&Node> {
        let found = self.get(name);
        if found.is_none() {
            let message = format!("{} has no `{name}`", self.reader.owner);
            self.reader.report.fault(Fault::new(self.key.at, message).help(help.to_owned()));
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
            self.reader.report.fault(fault);
        }
        enabled.unwrap_or(true) && state != Some("DISABLED")
    }
}

/// Reads a function's events. Routes are added to their APIs; where the events and their
/// properties stand goes to `places`.
pub(crate) fn read<'t>(
    resolver: &Resolver<'t>,
    function: &Called<'t>,
    apis: &mut Apis,
    places: &mut Places,
) -> Vec<Trigger> {
    let report = resolver.report;
    let reader = Reader { report, owner: function.resource.id.to_owned() };
    // What an event is, is read from the template itself: SAM allows no intrinsic there. Its
    // properties are resolved one event at a time.
    let Some(node) = function.resource.property("Events") else { return Vec::new() };
    let Some(events) = reader.map("Events", node) else { return Vec::new() };
    let mut triggers = Vec::new();
    for (key, node) in events {
        let Some((table, event)) = event(resolver, function, key, node) else { continue };
        let path = format!("Events.{}", key.name);
        places.insert(&path, report.span(key.at));
        for (key, node) in &event.properties {
            report.place(places, &format!("{path}.Properties.{}", key.name), node);
        }
        if let Some(table) = table {
            property::check(&event.reader, &event.properties, table, &event.path());
        }
        triggers.extend(match event.kind {
            "HttpApi" | "Api" => http::read(&event, apis).map(Trigger::Http),
            "SQS" => queue::read(&event).map(Trigger::Queue),
            "Schedule" | "ScheduleV2" => schedule::read(&event).map(Trigger::Schedule),
            kind => {
                let note = format!("{} is not called by it", function.resource.id);
                report.note(key.at, format!("{} ({kind})", event.path()), note);
                None
            }
        });
    }
    triggers
}

/// The frame of an event: its type and properties, with the table of its type.
fn event<'r, 't>(
    resolver: &'r Resolver<'t>,
    function: &'r Called<'t>,
    key: &'r Key,
    node: &'r Node,
) -> Option<(Option<&'static Table>, Event<'r, 't>)> {
    let id = function.resource.id;
    let shown: String = key.name.chars().take(60).collect();
    let report = resolver.report;
    let reader = Reader { report, owner: format!("event {shown} of {id}") };
    let map = reader.map(&shown, node)?;
    reader.only(map, &["Type", "Properties"]);
    let Some(kind) = node.get("Type") else {
        let message = format!("{} has no `Type`", reader.owner);
        report.fault(Fault::new(key.at, message).help("add one: `Type: SQS`".to_owned()));
        return None;
    };
    let kind = match reader.text("Type", kind)? {
        name if TYPES.contains(&name) => name,
        name => {
            let shown: String = name.chars().take(60).collect();
            let message = format!("unknown event type `{shown}` of {id}");
            let help = did_you_mean(name, TYPES.iter().copied())
                .unwrap_or_else(|| format!("event types are {}", TYPES.join(", ")));
            report.fault(Fault::new(kind.at, message).help(help));
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
            resolver.resolve_map(reader.map("Properties", properties)?)
        }
        _ => Map::new(),
    };
    Some((table, Event { resolver, function, reader, name: &key.name, key, kind, properties }))
}
