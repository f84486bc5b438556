//! `AWS::Serverless::WebSocketApi`.
//!
//! Source: SAM's transform, `model/api/websocket_api_generator.py`.

use super::{empty, function, note_missing, timeout};
use crate::api::authorizer;
use crate::api::properties::{NO_AUTH, NO_DOMAIN, NO_MODELS};
use crate::api::subject::texts;
use crate::model::{LambdaAuthorizer, WebSocketApi, WebSocketRoute};
use crate::node::{self, Key, Node};
use crate::property::{self, Effect, Table};
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::Resolver;
use crate::template::Resource;

const API: &Table = &[
    ("AccessLogSettings", Effect::Accepted),
    ("ApiKeySelectionExpression", Effect::Accepted),
    ("Auth", Effect::Read),
    ("DefaultRouteSettings", Effect::Accepted),
    ("Description", Effect::Accepted),
    ("DisableExecuteApiEndpoint", Effect::Accepted),
    ("DisableSchemaValidation", Effect::Accepted),
    ("Domain", Effect::Missing(NO_DOMAIN)),
    ("FailOnWarnings", Effect::Accepted),
    ("IpAddressType", Effect::Accepted),
    ("Name", Effect::Read),
    ("PropagateTags", Effect::Accepted),
    ("RouteSelectionExpression", Effect::Read),
    ("RouteSettings", Effect::Accepted),
    ("Routes", Effect::Read),
    ("StageName", Effect::Read),
    ("StageVariables", Effect::Read),
    ("Tags", Effect::Accepted),
];

const AUTH: &[&str] = &["AuthArn", "AuthType", "IdentitySource", "InvokeRole", "Name"];

const ROUTE: &Table = &[
    ("ApiKeyRequired", Effect::Missing(NO_AUTH)),
    ("FunctionArn", Effect::Read),
    ("IntegrationTimeout", Effect::Read),
    ("ModelSelectionExpression", Effect::Accepted),
    ("OperationName", Effect::Accepted),
    ("RequestModels", Effect::Missing(NO_MODELS)),
    ("RequestParameters", Effect::Missing(NO_MODELS)),
    (
        "RouteResponseSelectionExpression",
        Effect::Missing("SAM makes no RouteResponse: answers do not go back to the client"),
    ),
];

/// Reads an API with its routes.
pub(super) fn api<'t>(resolver: &Resolver<'t>, resource: &Resource<'t>) -> Option<WebSocketApi> {
    let reader = Reader { report: resolver.report, owner: resource.id.to_owned() };
    let path = format!("Resources.{}", resource.id);
    property::check(&reader, resource.properties, API, &path);
    let mut api = empty(resolver, resource, &reader);
    if resolver.property(resource, "RouteSelectionExpression").is_none() {
        let message = format!("{} has no `RouteSelectionExpression`", resource.id);
        let help = "add one: `RouteSelectionExpression: $request.body.action`".to_owned();
        resolver.report.fault(Fault::new(resource.at, message).help(help));
    }
    if let Some((key, node)) = resolver.property(resource, "StageName")
        && let Some(stage) = reader.text(&key.name, &node)
    {
        if stage == "$default" {
            let help = "leave it out for `default`, or write another name".to_owned();
            reader.wrong(&key.name, &node, "a stage of a WebSocket API", help);
        }
        stage.clone_into(&mut api.stage);
    }
    if let Some((key, node)) = resolver.property(resource, "StageVariables") {
        api.stage_variables = texts(&reader, &key.name, &node);
    }
    let routes = resolver.property(resource, "Routes");
    let routes = routes.as_ref().and_then(|(key, node)| reader.map(&key.name, node));
    let routes = routes.map(Vec::as_slice).unwrap_or_default();
    if routes.is_empty() {
        let message = format!("{} has no routes", resource.id);
        let help = "add one: `Routes: {$default: {FunctionArn: !GetAtt FUNCTION.Arn}}`";
        resolver.report.fault(Fault::new(resource.at, message).help(help.to_owned()));
    }
    let routes = routes.iter().filter_map(|(key, node)| route(resolver, &reader, &api, key, node));
    api.routes = routes.collect();
    api.authorizer = authorizer(resolver, resource, &reader, &api);
    Some(api)
}

/// Who is asked before `$connect`. The rules are those of the transform's `_validate_auth`.
fn authorizer<'t>(
    resolver: &Resolver<'t>,
    resource: &Resource<'t>,
    reader: &Reader<'t>,
    api: &WebSocketApi,
) -> Option<LambdaAuthorizer> {
    let (key, node) = resolver.property(resource, "Auth")?;
    let map = reader.map(&key.name, &node)?;
    reader.only(map, AUTH);
    let fault = |message: String, help: &str| {
        reader.report.fault(Fault::new(node.at, message).help(help.to_owned()));
    };
    if !map.is_empty() && api.route("$connect").is_none() {
        let message = format!("{} has `Auth`, and no route `$connect`", resource.id);
        fault(message, "add the route: clients are let through when they connect");
        return None;
    }
    let path = format!("Resources.{}.Auth", resource.id);
    match node::get(map, "AuthType") {
        Some(kind) => match reader.choice("AuthType", kind, &["AWS_IAM", "CUSTOM", "NONE"])? {
            "CUSTOM" => {}
            "NONE" => return None,
            _ => {
                reader.report.note(node.at, path, NO_AUTH);
                return None;
            }
        },
        None if map.is_empty() => return None,
        None => {
            fault(format!("`Auth` of {} has no `AuthType`", resource.id), "add `AuthType: CUSTOM`");
            return None;
        }
    }
    let Some(arn) = node::get(map, "AuthArn") else {
        let message = format!("`Auth` of {} has no `AuthArn`", resource.id);
        fault(message, "name the function: `AuthArn: !GetAtt FUNCTION.Arn`");
        return None;
    };
    let subject = authorizer::Subject { resolver, reader, at: node.at, path };
    authorizer::web_socket(&subject, Some(arn), node::get(map, "IdentitySource"))
}

fn route(
    resolver: &Resolver,
    owner: &Reader,
    api: &WebSocketApi,
    key: &Key,
    node: &Node,
) -> Option<WebSocketRoute> {
    let shown: String = key.name.chars().take(60).collect();
    let reader =
        Reader { report: owner.report, owner: format!("route {shown} of {}", owner.owner) };
    let is_special = ["$connect", "$disconnect", "$default"].contains(&key.name.as_str());
    if !is_special && !key.name.chars().all(char::is_alphanumeric) {
        let message = format!("`{shown}` of {} is not a route key of SAM's", owner.owner);
        let help = "use letters and digits, or `$connect`, `$disconnect`, `$default`".to_owned();
        owner.report.fault(Fault::new(key.at, message).help(help));
        return None;
    }
    let map = reader.map(&key.name, node)?;
    let path = format!("Resources.{}.Routes.{shown}", owner.owner);
    property::check(&reader, map, ROUTE, &path);
    let Some(arn) = node::get(map, "FunctionArn") else {
        let message = format!("{} has no `FunctionArn`", reader.owner);
        let help = "name the function: `FunctionArn: !GetAtt FUNCTION.Arn`".to_owned();
        reader.report.fault(Fault::new(key.at, message).help(help));
        return None;
    };
    let uri = reader.text("FunctionArn", arn)?;
    let integration = function(resolver, &api.stage_variables, uri, arn.is_unresolved());
    note_missing(&reader, key.at, &path, &integration);
    let limit = node::get(map, "IntegrationTimeout");
    Some(WebSocketRoute {
        key: key.name.clone(),
        integration,
        timeout: limit.and_then(|node| timeout(&reader, "IntegrationTimeout", node)),
        responds: false,
        span: reader.report.span(key.at),
    })
}
