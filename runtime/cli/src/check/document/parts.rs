//! APIs, queues, topics, outputs, resources.

use std::collections::BTreeMap;

use samovar_app::{ApiKind, App, Sender};
use serde::Serialize;

use super::Place;
use crate::terminal::words;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Api {
    logical_id: String,
    name: String,
    /// `http` or `rest`.
    kind: &'static str,
    id: String,
    stage: String,
    routes: Vec<Route>,
    /// Absent for one that SAM makes of events.
    #[serde(flatten)]
    place: Option<Place>,
}

#[derive(Debug, Serialize)]
struct Route {
    /// `null`: any.
    method: Option<String>,
    /// `null`: the `$default` route.
    path: Option<String>,
    /// Logical id of the function that answers.
    function: Option<String>,
    /// What answers instead: `mock`, `SQS-SendMessage`.
    integration: Option<String>,
    #[serde(flatten)]
    place: Place,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WebSocketApi {
    logical_id: String,
    name: String,
    id: String,
    stage: String,
    /// What chooses a message's route: `$request.body.action`.
    selection: String,
    routes: Vec<WebSocketRoute>,
    #[serde(flatten)]
    place: Place,
}

#[derive(Debug, Serialize)]
struct WebSocketRoute {
    key: String,
    /// Logical id of the function that answers.
    function: Option<String>,
    /// What answers instead.
    integration: Option<String>,
    /// Whether the answer goes back to the client.
    responds: bool,
    #[serde(flatten)]
    place: Place,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Queue {
    logical_id: String,
    name: String,
    url: String,
    arn: String,
    attributes: BTreeMap<String, String>,
    /// Logical ids of the functions that it starts.
    functions: Vec<String>,
    /// Rules and schedules that send to it.
    senders: Vec<QueueSender>,
    dead_letters: Option<DeadLetters>,
    #[serde(flatten)]
    place: Place,
}

#[derive(Debug, Serialize)]
struct QueueSender {
    /// `rule` or `schedule`.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The name of the rule or schedule.
    name: String,
    /// In a few words: `every hour`.
    source: String,
    #[serde(flatten)]
    place: Place,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DeadLetters {
    queue: String,
    max_receive_count: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Topic {
    logical_id: String,
    name: String,
    arn: String,
    fifo: bool,
    subscriptions: Vec<Subscription>,
    #[serde(flatten)]
    place: Place,
}

#[derive(Debug, Serialize)]
struct Subscription {
    protocol: String,
    endpoint: String,
    #[serde(flatten)]
    place: Place,
}

#[derive(Debug, Serialize)]
pub(super) struct Output {
    name: String,
    description: Option<String>,
    value: String,
    export: Option<String>,
    #[serde(flatten)]
    place: Place,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource {
    logical_id: String,
    #[serde(rename = "type")]
    kind: String,
    /// What `Ref` of it gives.
    r#ref: String,
    #[serde(flatten)]
    place: Place,
}

impl Api {
    pub(super) fn new(api: &samovar_app::Api) -> Self {
        let routes = api.routes.iter().map(|route| Route {
            method: route.route.method.clone(),
            path: route.route.path.clone(),
            function: route.function().map(str::to_owned),
            integration: route.integration.in_words(),
            place: Place::new(&route.span),
        });
        Self {
            logical_id: api.logical_id.clone(),
            name: api.name.clone(),
            kind: match api.kind {
                ApiKind::Http => "http",
                ApiKind::Rest => "rest",
            },
            id: api.id.clone(),
            stage: api.stage.clone(),
            routes: routes.collect(),
            place: api.span.as_ref().map(Place::new),
        }
    }
}

impl WebSocketApi {
    pub(super) fn new(api: &samovar_app::WebSocketApi) -> Self {
        let routes = api.routes.iter().map(|route| WebSocketRoute {
            key: route.key.clone(),
            function: route.function().map(str::to_owned),
            integration: route.integration.in_words(),
            responds: route.responds,
            place: Place::new(&route.span),
        });
        Self {
            logical_id: api.logical_id.clone(),
            name: api.name.clone(),
            id: api.id.clone(),
            stage: api.stage.clone(),
            selection: api.selection.clone(),
            routes: routes.collect(),
            place: Place::new(&api.span),
        }
    }
}

impl Queue {
    pub(super) fn new(app: &App, queue: &samovar_app::Queue) -> Self {
        let dead_letters = words::dead_letters(queue)
            .map(|(max_receive_count, queue)| DeadLetters { queue, max_receive_count });
        let functions = words::consumers(app, queue);
        Self {
            logical_id: queue.logical_id.clone(),
            name: queue.name.clone(),
            url: queue.url.clone(),
            arn: queue.arn.clone(),
            attributes: queue.attributes.clone(),
            functions: functions.map(|function| function.logical_id.clone()).collect(),
            senders: words::senders(app, queue).map(QueueSender::new).collect(),
            dead_letters,
            place: Place::new(&queue.span),
        }
    }
}

impl QueueSender {
    fn new(sender: &Sender) -> Self {
        let (kind, name, span) = match sender {
            Sender::Rule(rule) => ("rule", &rule.rule, &rule.span),
            Sender::Schedule(schedule) => ("schedule", &schedule.rule, &schedule.span),
        };
        let source = words::sender(sender);
        Self { kind, name: name.clone(), source, place: Place::new(span) }
    }
}

impl Topic {
    pub(super) fn new(topic: &samovar_app::Topic) -> Self {
        let subscriptions = topic.subscriptions.iter().map(|subscription| Subscription {
            protocol: subscription.protocol.clone(),
            endpoint: subscription.endpoint.clone(),
            place: Place::new(&subscription.span),
        });
        Self {
            logical_id: topic.logical_id.clone(),
            name: topic.name.clone(),
            arn: topic.arn.clone(),
            fifo: topic.fifo,
            subscriptions: subscriptions.collect(),
            place: Place::new(&topic.span),
        }
    }
}

impl Output {
    pub(super) fn new(output: &samovar_app::Output) -> Self {
        Self {
            name: output.name.clone(),
            description: output.description.clone(),
            value: output.value.clone(),
            export: output.export.clone(),
            place: Place::new(&output.span),
        }
    }
}

impl Resource {
    pub(super) fn new(resource: &samovar_app::Resource) -> Self {
        Self {
            logical_id: resource.logical_id.clone(),
            kind: resource.kind.clone(),
            r#ref: resource.reference.clone(),
            place: Place::new(&resource.span),
        }
    }
}
