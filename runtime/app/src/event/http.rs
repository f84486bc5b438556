//! `HttpApi` and `Api` events.
//!
//! Source: SAM developer guide, "HttpApi" and "Api".

use super::Event;
use crate::api::Apis;
use crate::model::{ApiKind, ApiRoute, HttpTrigger, Integration, Route};
use crate::node::Node;
use crate::property::{Effect, Table};
use crate::report::Fault;
use crate::resolve::{IMPLICIT_HTTP_API, IMPLICIT_REST_API};

const NO_AUTH: Effect = Effect::Missing("not checked: every request is let through");
const NO_TIMEOUT: Effect = Effect::Missing("only the function's own time-out counts");

pub(super) const HTTP_API: &Table = &[
    ("ApiId", Effect::Read),
    ("Auth", NO_AUTH),
    ("Method", Effect::Read),
    ("Path", Effect::Read),
    ("PayloadFormatVersion", Effect::Read),
    ("RouteSettings", Effect::Accepted),
    ("Stage", Effect::Accepted),
    ("TimeoutInMillis", NO_TIMEOUT),
];

pub(super) const REST_API: &Table = &[
    ("Auth", NO_AUTH),
    ("Method", Effect::Read),
    ("Path", Effect::Read),
    ("RequestModel", Effect::Missing("bodies are not validated")),
    ("RequestParameters", Effect::Accepted),
    ("ResponseTransferMode", Effect::Missing("responses are buffered")),
    ("RestApiId", Effect::Read),
    ("Stage", Effect::Accepted),
    ("TimeoutInMillis", NO_TIMEOUT),
];

/// Methods that API Gateway knows.
const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"];

/// Reads a route, and gives it to its API where the function is served.
pub(super) fn read(event: &Event, apis: &mut Apis) -> Option<HttpTrigger> {
    let route = route(event)?;
    let (api_property, kind, implicit) = match event.kind {
        "HttpApi" => ("ApiId", ApiKind::Http, IMPLICIT_HTTP_API),
        _ => ("RestApiId", ApiKind::Rest, IMPLICIT_REST_API),
    };
    if let Some(node) = event.get("PayloadFormatVersion")
        && event.reader.choice("PayloadFormatVersion", node, &["1.0", "2.0"])? == "1.0"
    {
        let note = "the function gets format 2.0";
        let what = format!("{}.PayloadFormatVersion (1.0)", event.path());
        event.reader.report.note(node.at, what, note);
    }
    let implicit_id = Node::text(implicit, event.key.at);
    let id = event.get(api_property).unwrap_or(&implicit_id);
    let name = event.reader.text(api_property, id)?;
    let Some(api) = apis.find(name) else {
        let shown: String = name.chars().take(60).collect();
        let what = format!("{} ({})", event.path(), event.kind);
        let note = format!("the API `{shown}` is not one of this template's: no such route");
        event.reader.report.note(id.at, what, note);
        return None;
    };
    if apis[api].kind != kind {
        let (wanted, other) = match kind {
            ApiKind::Http => ("AWS::Serverless::HttpApi", "Api"),
            ApiKind::Rest => ("AWS::Serverless::Api", "HttpApi"),
        };
        let expected = format!("an `{wanted}`");
        let help = format!("make the event's type `{other}`");
        event.reader.wrong(api_property, id, &expected, help);
        return None;
    }
    let added = ApiRoute {
        route: route.clone(),
        integration: Integration::Function(event.resolver.id(event.function.resource.id)),
        payload_format: None,
        timeout: None,
        span: event.span(),
    };
    if let Err(other) = apis.add(api, added) {
        let method = route.method.as_deref().unwrap_or("ANY");
        let path = route.path.as_deref().unwrap_or("$default");
        let other = other.function().unwrap_or("another integration");
        let message = format!("{other} is called for `{method} {path}` of the same API already");
        let help = "give each route to one function".to_owned();
        event.reader.report.fault(Fault::new(event.key.at, message).help(help));
        return None;
    }
    Some(HttpTrigger {
        name: event.name.to_owned(),
        api: apis[api].logical_id.clone(),
        route,
        span: event.span(),
    })
}

/// The route. An `HttpApi` event without path and method is the `$default` route.
fn route(event: &Event) -> Option<Route> {
    let method_help = "add one: `Method: GET`, or `ANY`";
    let path_help = "add one: `Path: /orders/{id}`";
    let given = event.get("Path").is_some() || event.get("Method").is_some();
    if event.kind == "HttpApi" && !given {
        return Some(Route { method: None, path: None });
    }
    let method = event.required("Method", method_help);
    let path = event.required("Path", path_help);
    let (method_node, path_node) = (method?, path?);
    let path = event.reader.text("Path", path_node)?;
    let method = event.reader.text("Method", method_node)?.to_ascii_uppercase();
    let method = match method.as_str() {
        // SAM's transform takes `*` as it takes `ANY`.
        "*" | "ANY" | "X-AMAZON-APIGATEWAY-ANY-METHOD" => None,
        _ => {
            let upper = Node::text(method.as_str(), method_node.at);
            Some(event.reader.choice("Method", &upper, METHODS)?.to_owned())
        }
    };
    if path == "$default" && event.kind == "HttpApi" {
        return Some(Route { method, path: None });
    }
    if let Some(help) = wrong_path(path) {
        event.reader.wrong("Path", path_node, "a path of API Gateway's", help);
        return None;
    }
    Some(Route { method, path: Some(path.to_owned()) })
}

/// What to write instead of a path that API Gateway would not take (API Gateway developer guide,
/// "Create routes for HTTP APIs").
fn wrong_path(path: &str) -> Option<String> {
    if !path.starts_with('/') {
        return Some("start it with `/`".to_owned());
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mut names = Vec::new();
    for (index, segment) in segments.iter().enumerate() {
        if !segment.contains(['{', '}']) {
            continue;
        }
        let name = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}'));
        let Some(name) = name.filter(|name| !name.contains(['{', '}'])) else {
            return Some("a parameter takes a whole segment: `/orders/{id}`".to_owned());
        };
        let (name, is_greedy) = match name.strip_suffix('+') {
            Some(name) => (name, true),
            None => (name, false),
        };
        if name.is_empty() {
            return Some("give the parameter a name: `{id}`".to_owned());
        }
        if is_greedy && index + 1 < segments.len() {
            return Some("a greedy parameter (`{proxy+}`) must come last".to_owned());
        }
        if names.contains(&name) {
            return Some(format!("each parameter needs its own name: `{name}` is there twice"));
        }
        names.push(name);
    }
    None
}
