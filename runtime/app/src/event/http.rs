//! `HttpApi` and `Api` events.
//!
//! Source: SAM developer guide, "HttpApi" and "Api".

use super::Event;
use crate::api::{Added, Apis, method, payload_format, timeout, written, wrong_path};
use crate::model::{ApiKind, ApiRoute, HttpTrigger, Integration, Route};
use crate::node::{self, Node};
use crate::property::{Effect, Table};
use crate::report::Fault;
use crate::resolve::{IMPLICIT_HTTP_API, IMPLICIT_REST_API};

pub(super) const HTTP_API: &Table = &[
    ("ApiId", Effect::Read),
    ("Auth", Effect::Read),
    ("Method", Effect::Read),
    ("Path", Effect::Read),
    ("PayloadFormatVersion", Effect::Read),
    ("RouteSettings", Effect::Read),
    ("Stage", Effect::Accepted),
    ("TimeoutInMillis", Effect::Read),
];

pub(super) const REST_API: &Table = &[
    ("Auth", Effect::Read),
    ("Method", Effect::Read),
    ("Path", Effect::Read),
    ("RequestModel", Effect::Missing("bodies are not validated")),
    ("RequestParameters", Effect::Accepted),
    ("ResponseTransferMode", Effect::Read),
    ("RestApiId", Effect::Read),
    ("Stage", Effect::Accepted),
    ("TimeoutInMillis", Effect::Read),
];

/// Reads a route, and gives it to its API where the function is served.
pub(super) fn read(event: &Event, apis: &mut Apis) -> Option<HttpTrigger> {
    let route = route(event);
    let kind = match event.kind {
        "HttpApi" => ApiKind::Http,
        _ => ApiKind::Rest,
    };
    let payload_format = event
        .get("PayloadFormatVersion")
        .and_then(|node| payload_format(&event.reader, "PayloadFormatVersion", node));
    let timeout = event
        .get("TimeoutInMillis")
        .and_then(|node| timeout(&event.reader, "TimeoutInMillis", node, kind));
    let streaming = event.get("ResponseTransferMode").is_some_and(|node| streams(event, node));
    let authorizer = authorizer(event, kind);
    check_request(event);
    let (route, api) = (route?, api(event, apis, kind)?);
    if let (Some(auth), Some(known)) = (event.get("Auth"), apis.authorizers(api)) {
        let api = (kind, apis[api].logical_id.as_str());
        if let Some(fault) = known.check(api, &event.reader, auth, authorizer) {
            event.reader.report.fault(fault);
        }
    }
    let integration = Integration::Function(event.resolver.id(event.function.resource.id));
    let span = event.span();
    let access = apis.access(api, &event.reader, event.get("Auth"));
    let auth = event.get("Auth");
    if let Some(policy) = auth.and_then(|auth| auth.get("ResourcePolicy"))
        && kind == ApiKind::Rest
    {
        apis.restrict(api, &event.reader, &route, policy, &event.path());
    }
    apis.limit(api, &event.reader, &route, event.get("RouteSettings"));
    let route_of = route.clone();
    let added =
        ApiRoute { route: route_of, integration, payload_format, timeout, streaming, access, span };
    let report = event.reader.report;
    let note = match apis.add(api, added) {
        Added::Served(route) => {
            let (api, span) = (apis[api].logical_id.clone(), event.span());
            return Some(HttpTrigger { name: event.name.to_owned(), api, route, span });
        }
        Added::Taken(other) => {
            let method = route.method.as_deref().unwrap_or("ANY");
            let path = route.path.as_deref().unwrap_or("$default");
            let other = other.function().unwrap_or("another integration");
            let message =
                format!("{other} is called for `{method} {path}` of the same API already");
            let help = "give each route to one function".to_owned();
            report.fault(Fault::new(event.key.at, message).help(help));
            return None;
        }
        Added::Elsewhere(other) => {
            let other = other.function().unwrap_or("another integration");
            format!("the definition of {} gives this route to {other}", apis[api].logical_id)
        }
        Added::Absent => {
            let api = &apis[api].logical_id;
            format!("the definition of {api} has no `{}`, and SAM adds none", written(&route))
        }
    };
    report.note(event.key.at, format!("{} ({})", event.path(), event.kind), note);
    None
}

/// Whether responses stream. SAM's word is Lambda's, `RESPONSE_STREAM`, which it writes into the
/// integration as API Gateway's `STREAM`. Any other word means nothing to it, `STREAM` neither
/// (SAM translator, `SwaggerEditor.add_lambda_integration`).
fn streams(event: &Event, node: &Node) -> bool {
    match event.reader.text("ResponseTransferMode", node) {
        Some("RESPONSE_STREAM") => return true,
        None | Some("BUFFERED") => {}
        Some(other) => {
            let what = format!("{}.ResponseTransferMode", event.path());
            let note = format!(
                "SAM ignores `{other}`, here and on AWS: for responses that stream write \
                 `RESPONSE_STREAM`"
            );
            event.reader.report.note(node.at, what, note);
        }
    }
    false
}

/// The API that the event names, or the implicit one.
fn api(event: &Event, apis: &Apis, kind: ApiKind) -> Option<usize> {
    let (property, implicit, wanted) = match kind {
        ApiKind::Http => ("ApiId", IMPLICIT_HTTP_API, "AWS::Serverless::HttpApi"),
        ApiKind::Rest => ("RestApiId", IMPLICIT_REST_API, "AWS::Serverless::Api"),
    };
    let implicit_id = Node::text(implicit, event.key.at);
    let id = event.get(property).unwrap_or(&implicit_id);
    let name = event.reader.text(property, id)?;
    let Some(api) = apis.find(name) else {
        if id.is_unresolved() {
            let shown: String = name.chars().take(60).collect();
            let what = format!("{} ({})", event.path(), event.kind);
            let note = format!("the API `{shown}` is not one of this template's: no such route");
            event.reader.report.note(id.at, what, note);
        } else {
            let help = "SAM takes `!Ref API` with an API of the same template only".to_owned();
            event.reader.wrong(property, id, &format!("an `{wanted}` of this template"), help);
        }
        return None;
    };
    if apis[api].kind != kind {
        let other = if kind == ApiKind::Http { "Api" } else { "HttpApi" };
        let help = format!("make the event's type `{other}`");
        event.reader.wrong(property, id, &format!("an `{wanted}`"), help);
        return None;
    }
    Some(api)
}

const HTTP_AUTH: &[&str] = &["AuthorizationScopes", "Authorizer"];

const REST_AUTH: &[&str] = &[
    "ApiKeyRequired",
    "AuthorizationScopes",
    "Authorizer",
    "InvokeRole",
    "OverrideApiAuth",
    "ResourcePolicy",
];

/// Looks at `Auth`; the authorizer that it names.
fn authorizer<'e>(event: &'e Event, kind: ApiKind) -> Option<&'e Node> {
    let map = event.reader.map("Auth", event.get("Auth")?)?;
    let known = if kind == ApiKind::Http { HTTP_AUTH } else { REST_AUTH };
    event.reader.only(map, known);
    if let Some(node) = node::get(map, "AuthorizationScopes") {
        event.reader.list("AuthorizationScopes", node);
    }
    if let Some(node) = node::get(map, "ApiKeyRequired") {
        event.reader.boolean("ApiKeyRequired", node);
    }
    let authorizer = node::get(map, "Authorizer")?;
    event.reader.text("Authorizer", authorizer).map(|_| authorizer)
}

/// Looks at `RequestModel` and `RequestParameters`.
fn check_request(event: &Event) {
    let reader = &event.reader;
    if let Some(node) = event.get("RequestModel")
        && let Some(map) = reader.map("RequestModel", node)
    {
        reader.only(map, &["Model", "Required", "ValidateBody", "ValidateParameters"]);
    }
    let Some(node) = event.get("RequestParameters") else { return };
    for parameter in reader.list("RequestParameters", node).unwrap_or_default() {
        let name = match parameter.as_map().map(Vec::as_slice) {
            Some([(key, settings)]) => {
                if let Some(map) = reader.map(&key.name, settings) {
                    reader.only(map, &["Caching", "Required"]);
                }
                Node::text(key.name.as_str(), key.at)
            }
            _ => parameter.clone(),
        };
        let Some(text) = reader.text("RequestParameters", &name) else { continue };
        let place = text.strip_prefix("method.request.").and_then(|rest| rest.split_once('.'));
        let is_known = matches!(place, Some(("querystring" | "path" | "header", _)));
        if !is_known && !name.is_unresolved() {
            let help = "write `method.request.header.NAME`, with `header`, `querystring` or `path`";
            reader.wrong("RequestParameters", &name, "names of parameters", help.to_owned());
        }
    }
}

/// The route. An `HttpApi` event without path and method is the `$default` route.
fn route(event: &Event) -> Option<Route> {
    let method_help = "add one: `Method: GET`, or `ANY`";
    let path_help = "add one: `Path: /orders/{id}`";
    let given = event.get("Path").is_some() || event.get("Method").is_some();
    if event.kind == "HttpApi" && !given {
        return Some(Route { method: None, path: None });
    }
    let method_node = event.required("Method", method_help);
    let path_node = event.required("Path", path_help);
    let (method_node, path_node) = (method_node?, path_node?);
    let path = event.reader.text("Path", path_node)?;
    let method = method(&event.reader, "Method", method_node)?;
    if path == "$default" && event.kind == "HttpApi" {
        return Some(Route { method, path: None });
    }
    if path_node.is_unresolved() {
        return None;
    }
    if let Some(help) = wrong_path(path) {
        event.reader.wrong("Path", path_node, "a path of API Gateway's", help);
        return None;
    }
    Some(Route { method, path: Some(path.to_owned()) })
}
