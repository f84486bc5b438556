//! `Events`: what starts a function.
//!
//! Source: SAM developer guide, "EventSource" and its event types.

mod access;
mod alexa;
pub(crate) mod broker;
pub(crate) mod bucket;
mod cron;
pub(crate) mod delivery;
mod http;
mod iot;
pub(crate) mod logs;
mod mapping;
pub(crate) mod pattern;
mod pool;
pub(crate) mod queue;
mod rate;
pub(crate) mod rule;
pub(crate) mod schedule;
mod source;
pub(crate) mod stream;
mod time;
pub(crate) mod topic;
mod zone;

use std::ops::Deref;

pub(crate) use source::{Consumer, Source};

use crate::api::Apis;
use crate::model::{Places, RuleTrigger, ScheduleTrigger, Trigger};
use crate::node::{Key, Map, Node};
use crate::property::{self, Table};
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::Resolver;
use crate::suggest::did_you_mean;
use crate::template::Resource;

/// Every event type of SAM's, with its properties.
const TYPES: &[(&str, &Table)] = &[
    ("AlexaSkill", alexa::TABLE),
    ("Api", http::REST_API),
    ("CloudWatchEvent", rule::TABLE),
    ("CloudWatchLogs", logs::TABLE),
    ("Cognito", pool::TABLE),
    ("DocumentDB", broker::DOCUMENT_DB),
    ("DynamoDB", stream::TABLE),
    ("EventBridgeRule", rule::TABLE),
    ("HttpApi", http::HTTP_API),
    ("IoTRule", iot::TABLE),
    ("Kinesis", stream::TABLE),
    ("MQ", broker::MQ),
    ("MSK", broker::MSK),
    ("S3", bucket::TABLE),
    ("SNS", topic::TABLE),
    ("SQS", queue::TABLE),
    ("Schedule", schedule::RULE),
    ("ScheduleV2", schedule::SCHEDULER),
    ("SelfManagedKafka", broker::KAFKA),
];

/// An event while it is read: its properties are resolved and known to its type.
struct Event<'r, 't> {
    source: Source<'r, 't>,
    /// The function that it starts.
    function: &'r Called<'t>,
    name: &'r str,
    kind: &'r str,
    /// `Properties` as they are written.
    written: Option<&'r Node>,
}

/// The function that an event starts, as far as events ask.
pub(crate) struct Called<'t> {
    /// Its resource.
    pub(crate) resource: &'t Resource<'t>,
    /// Its `Timeout` in seconds.
    pub(crate) timeout: u32,
}

impl<'r, 't> Deref for Event<'r, 't> {
    type Target = Source<'r, 't>;

    fn deref(&self) -> &Self::Target {
        &self.source
    }
}

impl Event<'_, '_> {
    fn consumer(&self) -> Consumer {
        Consumer { id: self.function.resource.id.to_owned(), timeout: self.function.timeout }
    }

    /// What `Ref` gives for the resource of the template that a property must refer to: SAM writes
    /// the function's ARN into it.
    fn referred(&self, property: &str, kind: &str) -> Option<String> {
        let example = kind.rsplit("::").next().unwrap_or_default().to_ascii_uppercase();
        let node = self.required(property, &format!("add one: `{property}: !Ref {example}`"))?;
        let written = self.written.and_then(|written| written.get(property));
        let id = written.and_then(Node::intrinsic).filter(|(function, _)| function.name == "Ref");
        let resource = id.and_then(|(_, id)| self.resolver.template.resource(id.as_str()?));
        if resource.is_none_or(|resource| resource.kind != kind) {
            if !node.is_poison() {
                let message = format!(
                    "`{property}` of {} must be `!Ref` of an `{kind}` of this template",
                    self.reader.owner
                );
                let help = "SAM adds the function to the resource itself: write `!Ref` and its \
                            logical id"
                    .to_owned();
                self.fault(written.map_or(node.at, |written| written.at), message, help);
            }
            return None;
        }
        self.reader.text(property, node).map(str::to_owned)
    }

    /// Whether `Enabled` is an intrinsic function, which SAM takes for true on rules before it is
    /// resolved: `State` is there for that. References to parameters SAM resolves itself.
    fn is_enabled_regardless(&self) -> bool {
        let written = self.written.and_then(|written| written.get("Enabled"));
        let intrinsic = written.and_then(Node::intrinsic);
        let is_taken_for_true = intrinsic.is_some_and(|(function, _)| function.name != "Ref");
        if is_taken_for_true && self.boolean("Enabled") == Some(false) {
            let note =
                "enabled all the same, as SAM makes it: use `State` with intrinsic functions";
            self.reader.report.note(self.at("Enabled"), format!("{}.Enabled", self.path()), note);
        }
        is_taken_for_true
    }

    /// What the event starts the function by. Routes are added to their APIs.
    fn triggers(&self, apis: &mut Apis) -> Vec<Trigger> {
        let source = &self.source;
        let one = |trigger: Option<Trigger>| trigger.into_iter().collect();
        match self.kind {
            "HttpApi" | "Api" => one(http::read(self, apis).map(Trigger::Http)),
            "SQS" => {
                let consumer = self.consumer();
                one(queue::read(source, "SQS", "Queue", Some(&consumer)).map(Trigger::Queue))
            }
            "Schedule" => one(schedule::rule_event(source).map(|trigger| {
                let enabled = trigger.enabled || self.is_enabled_regardless();
                Trigger::Schedule(ScheduleTrigger { enabled, ..trigger })
            })),
            "ScheduleV2" => one(schedule::schedule_event(source).map(Trigger::Schedule)),
            "EventBridgeRule" | "CloudWatchEvent" => one(rule::event(source).map(|trigger| {
                let enabled = trigger.enabled || self.is_enabled_regardless();
                Trigger::Rule(RuleTrigger { enabled, ..trigger })
            })),
            "Kinesis" => one(stream::kinesis(source).map(Trigger::Stream)),
            "DynamoDB" => one(stream::dynamodb(source).map(Trigger::Stream)),
            "MSK" => one(broker::msk(source).map(Trigger::Stream)),
            "SelfManagedKafka" => one(broker::kafka(source).map(Trigger::Stream)),
            "MQ" => one(broker::mq(source).map(Trigger::Stream)),
            "DocumentDB" => one(broker::document_db(source).map(Trigger::Stream)),
            "S3" => {
                let bucket = self.referred("Bucket", "AWS::S3::Bucket").unwrap_or_default();
                one(bucket::read(source, "Events", bucket).map(Trigger::Bucket))
            }
            "Cognito" => {
                let pool = self.referred("UserPool", "AWS::Cognito::UserPool").unwrap_or_default();
                one(pool::read(source, pool).map(Trigger::UserPool))
            }
            "CloudWatchLogs" => one(logs::read(source).map(Trigger::Logs)),
            "IoTRule" => one(iot::read(source).map(Trigger::Iot)),
            "AlexaSkill" => vec![Trigger::Alexa(alexa::read(source))],
            "SNS" => match topic::event(source, &self.consumer()) {
                Some((topic, mapping)) => {
                    let mapping = mapping.map(Trigger::Queue);
                    std::iter::once(Trigger::Topic(topic)).chain(mapping).collect()
                }
                None => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}

/// Whether what starts functions this way is run here.
fn is_emulated(kind: &str) -> bool {
    let here = [
        "Api",
        "CloudWatchEvent",
        "EventBridgeRule",
        "HttpApi",
        "SNS",
        "SQS",
        "Schedule",
        "ScheduleV2",
    ];
    here.contains(&kind)
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
        let Some(event) = event(resolver, function, key, node) else { continue };
        let path = format!("Events.{}", key.name);
        places.insert(&path, report.span(key.at));
        for (key, node) in &event.properties {
            report.place(places, &format!("{path}.Properties.{}", key.name), node);
        }
        if !is_emulated(event.kind) {
            event.note_not_called(event.kind, function.resource.id);
        }
        triggers.extend(event.triggers(apis));
    }
    triggers
}

/// The frame of an event: its type and properties, checked against the table of its type.
fn event<'r, 't>(
    resolver: &'r Resolver<'t>,
    function: &'r Called<'t>,
    key: &'r Key,
    node: &'r Node,
) -> Option<Event<'r, 't>> {
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
    let name = reader.text("Type", kind)?;
    let Some((_, table)) = TYPES.iter().find(|(kind, _)| *kind == name) else {
        let shown: String = name.chars().take(60).collect();
        let message = format!("unknown event type `{shown}` of {id}");
        let types = TYPES.iter().map(|(kind, _)| *kind);
        let help = did_you_mean(name, types.clone())
            .unwrap_or_else(|| format!("event types are {}", types.collect::<Vec<_>>().join(", ")));
        report.fault(Fault::new(kind.at, message).help(help));
        return None;
    };
    let written = node.get("Properties");
    let properties = match written {
        Some(properties) => resolver.resolve_map(reader.map("Properties", properties)?),
        None => Map::new(),
    };
    let source = Source::event(resolver, id, reader, key, properties);
    property::check(&source.reader, &source.properties, table, &source.path());
    Some(Event { source, function, name: &key.name, kind: name, written })
}
