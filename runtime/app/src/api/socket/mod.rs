//! WebSocket APIs: SAM's, and those of `AWS::ApiGatewayV2::*`.
//!
//! Source: API Gateway developer guide, "API Gateway WebSocket APIs"; CloudFormation's resource
//! reference, "Amazon API Gateway V2"; SAM's transform, `model/api/websocket_api_generator.py`.

mod serverless;

use std::collections::BTreeMap;
use std::time::Duration;

use super::integration::Integrations;
use super::plain::socket as plain;
use crate::model::{ApiKind, Integration, WebSocketApi};
use crate::node::{Node, Place};
use crate::read::Reader;
use crate::resolve::Resolver;
use crate::template::Resource;

/// What chooses a message's route where nothing is said, which CloudFormation does not allow.
const DEFAULT_SELECTION: &str = "$request.body.action";

/// Reads every WebSocket API of the template with its routes.
pub(crate) fn read<'t>(resolver: &Resolver<'t>, active: &[&'t Resource<'t>]) -> Vec<WebSocketApi> {
    let mut apis = Vec::new();
    for resource in active.iter().copied().filter(|one| resolver.is_web_socket_api(one)) {
        apis.extend(match resource.kind {
            "AWS::Serverless::WebSocketApi" => serverless::api(resolver, resource),
            _ => plain::api(resolver, resource),
        });
    }
    plain::parts(resolver, active, &mut apis);
    for (api, resource) in apis.iter().filter_map(|api| {
        let id = resolver.local(&api.logical_id);
        Some((api, resolver.template.resource(id)?))
    }) {
        if api.routes.is_empty() {
            let what = format!("Resources.{} ({})", resource.id, resource.kind);
            resolver.report.note(resource.at, what, "it has no routes: clients only connect");
        }
    }
    apis
}

/// An API with nothing in it but its selection expression.
pub(super) fn empty<'t>(
    resolver: &Resolver<'t>,
    resource: &Resource<'t>,
    reader: &Reader,
) -> WebSocketApi {
    let selection = resolver.property(resource, "RouteSelectionExpression");
    let selection = selection.and_then(|(key, node)| selection_of(reader, &key.name, &node));
    let name = resolver.property(resource, "Name");
    let name = name.and_then(|(key, node)| reader.text(&key.name, &node).map(str::to_owned));
    WebSocketApi {
        logical_id: resolver.id(resource.id),
        name: name.unwrap_or_else(|| resource.id.to_owned()),
        id: resolver.web_socket_id(resource.id),
        stage: "default".to_owned(),
        stage_variables: BTreeMap::new(),
        selection: selection.unwrap_or_else(|| DEFAULT_SELECTION.to_owned()),
        routes: Vec::new(),
        authorizer: None,
        span: resolver.report.span(resource.at),
    }
}

/// A route selection expression: `$request.body.PATH`, or text with `${request.body.PATH}` in it
/// (API Gateway developer guide, "API Gateway WebSocket API selection expressions").
fn selection_of(reader: &Reader, name: &str, node: &Node) -> Option<String> {
    let text = reader.text(name, node)?;
    if node.is_unresolved() {
        return None;
    }
    if !(text.starts_with("$request.body") || text.contains("${request.body")) {
        let help = "write `$request.body.action`, or another path into the message".to_owned();
        reader.wrong(name, node, "a route selection expression of `request.body`", help);
        return None;
    }
    Some(text.to_owned())
}

/// A proxy integration with the function that a URI names.
pub(super) fn function(
    resolver: &Resolver,
    stage_variables: &BTreeMap<String, String>,
    uri: &str,
    is_unresolved: bool,
) -> Integration {
    Integrations { resolver, kind: ApiKind::Http, stage_variables }.target(uri, is_unresolved)
}

/// Notes what a route's integration is, where nothing answers.
pub(super) fn note_missing(reader: &Reader, at: Place, path: &str, integration: &Integration) {
    if let Integration::Other(what) = integration {
        let note = format!("{what}: not emulated, clients get an error");
        reader.report.note(at, path, note);
    }
}

/// How long an integration may take: up to 29 seconds (API Gateway developer guide, "Quotas for
/// configuring and running a WebSocket API").
pub(super) fn timeout(reader: &Reader, name: &str, node: &Node) -> Option<Duration> {
    let milliseconds = reader.integer(name, node, 50..=29_000, "milliseconds")?;
    Some(Duration::from_millis(milliseconds.into()))
}
