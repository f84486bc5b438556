//! `AWS::ApiGatewayV2::*`: WebSocket APIs in plain CloudFormation.
//!
//! Source: CloudFormation's resource reference, "Amazon API Gateway V2".

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::http::AUTHORIZER;
use super::{Part, of_kind, reference};
use crate::api::authorizer;
use crate::api::properties::{NO_AUTH, NO_MODELS};
use crate::api::socket::{empty, function, note_missing, timeout};
use crate::api::subject::texts;
use crate::model::{Integration, LambdaAuthorizer, WebSocketApi, WebSocketRoute};
use crate::node::Node;
use crate::property::{self, Effect, Table};
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::Resolver;
use crate::template::Resource;

/// The only route that may ask who connects.
const CONNECT: &str = "$connect";

const API: &Table = &[
    ("ApiKeySelectionExpression", Effect::Accepted),
    ("Description", Effect::Accepted),
    ("DisableExecuteApiEndpoint", Effect::Accepted),
    ("DisableSchemaValidation", Effect::Accepted),
    ("FailOnWarnings", Effect::Accepted),
    ("IpAddressType", Effect::Accepted),
    ("Name", Effect::Read),
    ("ProtocolType", Effect::Read),
    ("RouteSelectionExpression", Effect::Read),
    ("Tags", Effect::Accepted),
    ("Version", Effect::Accepted),
];

const NO_PARAMETERS: &str = "messages are passed on as they are";

const INTEGRATION: &Table = &[
    ("ApiId", Effect::Read),
    ("ConnectionId", Effect::Accepted),
    ("ConnectionType", Effect::Accepted),
    ("ContentHandlingStrategy", Effect::Missing(NO_PARAMETERS)),
    ("CredentialsArn", Effect::Accepted),
    ("Description", Effect::Accepted),
    ("IntegrationMethod", Effect::Accepted),
    ("IntegrationType", Effect::Read),
    ("IntegrationUri", Effect::Read),
    ("PassthroughBehavior", Effect::Accepted),
    ("PayloadFormatVersion", Effect::Accepted),
    ("RequestParameters", Effect::Missing(NO_PARAMETERS)),
    ("RequestTemplates", Effect::Read),
    ("TemplateSelectionExpression", Effect::Accepted),
    ("TimeoutInMillis", Effect::Read),
    ("TlsConfig", Effect::Accepted),
];

const ROUTE: &Table = &[
    ("ApiId", Effect::Read),
    ("ApiKeyRequired", Effect::Missing(NO_AUTH)),
    ("AuthorizationScopes", Effect::Accepted),
    ("AuthorizationType", Effect::Read),
    ("AuthorizerId", Effect::Read),
    ("ModelSelectionExpression", Effect::Accepted),
    ("OperationName", Effect::Accepted),
    ("RequestModels", Effect::Missing(NO_MODELS)),
    ("RequestParameters", Effect::Missing(NO_MODELS)),
    ("RouteKey", Effect::Read),
    ("RouteResponseSelectionExpression", Effect::Accepted),
    ("Target", Effect::Read),
];

const ROUTE_RESPONSE: &Table = &[
    ("ApiId", Effect::Read),
    ("ModelSelectionExpression", Effect::Accepted),
    ("ResponseModels", Effect::Accepted),
    ("ResponseParameters", Effect::Accepted),
    ("RouteId", Effect::Read),
    ("RouteResponseKey", Effect::Read),
];

const STAGE: &Table = &[
    ("AccessLogSettings", Effect::Accepted),
    ("AccessPolicyId", Effect::Accepted),
    ("ApiId", Effect::Read),
    ("AutoDeploy", Effect::Accepted),
    ("ClientCertificateId", Effect::Accepted),
    ("DefaultRouteSettings", Effect::Accepted),
    ("DeploymentId", Effect::Accepted),
    ("Description", Effect::Accepted),
    ("RouteSettings", Effect::Accepted),
    ("StageName", Effect::Read),
    ("StageVariables", Effect::Read),
    ("Tags", Effect::Accepted),
];

/// Reads an API without its routes.
pub(in crate::api) fn api<'t>(
    resolver: &Resolver<'t>,
    resource: &Resource<'t>,
) -> Option<WebSocketApi> {
    let reader = Reader { report: resolver.report, owner: resource.id.to_owned() };
    property::check(&reader, resource.properties, API, &format!("Resources.{}", resource.id));
    if resolver.property(resource, "RouteSelectionExpression").is_none() {
        let message = format!("{} has no `RouteSelectionExpression`", resource.id);
        let help = "add one: `RouteSelectionExpression: $request.body.action`".to_owned();
        resolver.report.fault(Fault::new(resource.at, message).help(help));
    }
    Some(empty(resolver, resource, &reader))
}

/// Reads the stages, integrations, routes and route responses of every API.
pub(in crate::api) fn parts<'t>(
    resolver: &Resolver<'t>,
    active: &[&'t Resource<'t>],
    apis: &mut [WebSocketApi],
) {
    let positions: HashMap<String, usize> =
        apis.iter().enumerate().map(|(at, api)| (api.id.clone(), at)).collect();
    let of = |kind: &'static str, table: &'static Table| {
        let resources = of_kind(active, kind).filter(|resource| {
            // Another API's are read, and their properties looked at, elsewhere.
            let api = resource.property("ApiId").map(|node| resolver.resolve(node));
            api.as_ref().and_then(Node::as_str).is_some_and(|id| positions.contains_key(id))
        });
        resources.map(|resource| Part::new(resolver, resource, table)).collect::<Vec<_>>()
    };
    let position = |part: &Part| positions.get(part.get("ApiId")?.as_str()?).copied();
    let (stages, integrations) =
        (of("AWS::ApiGatewayV2::Stage", STAGE), of("AWS::ApiGatewayV2::Integration", INTEGRATION));
    let routes = of("AWS::ApiGatewayV2::Route", ROUTE);
    let responses = of("AWS::ApiGatewayV2::RouteResponse", ROUTE_RESPONSE);
    let mut staged = HashSet::new();
    for part in &stages {
        let Some(api) = position(part).filter(|api| staged.insert(*api)) else { continue };
        let Some(name) = part.required("StageName", "add one: `StageName: dev`") else { continue };
        let Some(name) = part.reader.text("StageName", name) else { continue };
        name.clone_into(&mut apis[api].stage);
        let variables = part.get("StageVariables");
        let variables = variables.map(|node| texts(&part.reader, "StageVariables", node));
        apis[api].stage_variables = variables.unwrap_or_default();
    }
    let responding: HashSet<&str> =
        responses.iter().filter_map(|part| part.text("RouteId")).collect();
    let mut known = HashMap::new();
    for part in &integrations {
        let (Some(api), Some(id)) = (position(part), reference(resolver, part.resource)) else {
            continue;
        };
        known.insert(id, integration(resolver, part, &apis[api]));
    }
    let mut authorizers = HashMap::new();
    for part in of("AWS::ApiGatewayV2::Authorizer", AUTHORIZER) {
        if let Some(id) = reference(resolver, part.resource) {
            authorizers.insert(id, defined(resolver, &part));
        }
    }
    for part in &routes {
        let Some(api) = position(part) else { continue };
        let asked = authorizer_of(part, &authorizers);
        let id = reference(resolver, part.resource);
        let responds = id.is_some_and(|id| responding.contains(id.as_str()));
        let Some(route) = route(part, responds, &known) else { continue };
        if apis[api].route(&route.key).is_some() {
            let message = format!("`{}` of {} is there already", route.key, apis[api].logical_id);
            let help = "each route key stands once".to_owned();
            part.reader.report.fault(Fault::new(part.resource.at, message).help(help));
            continue;
        }
        if route.key == CONNECT {
            apis[api].authorizer = asked;
        }
        apis[api].routes.push(route);
    }
}

/// An authorizer; `None`: it cannot be asked, which is said.
fn defined<'t>(resolver: &Resolver<'t>, part: &Part<'_, 't>) -> Option<LambdaAuthorizer> {
    let kind = part.required("AuthorizerType", "add one: `AuthorizerType: REQUEST`")?;
    part.reader.choice("AuthorizerType", kind, &["REQUEST"])?;
    let Resource { id, kind, at, .. } = *part.resource;
    let path = format!("Resources.{id} ({kind})");
    let subject = authorizer::Subject { resolver, reader: &part.reader, at, path };
    authorizer::web_socket(&subject, part.get("AuthorizerUri"), part.get("IdentitySource"))
}

/// Whom a route asks.
fn authorizer_of(
    part: &Part,
    known: &HashMap<String, Option<LambdaAuthorizer>>,
) -> Option<LambdaAuthorizer> {
    let node = part.get("AuthorizationType")?;
    let kind = part.reader.text("AuthorizationType", node)?;
    let is_connect = part.get("RouteKey").and_then(Node::as_str) == Some(CONNECT);
    let id = part.get("AuthorizerId").and_then(Node::as_str);
    let found = id.filter(|_| kind == "CUSTOM" && is_connect).and_then(|id| known.get(id));
    if found.is_none() && kind != "NONE" {
        let what = format!("Resources.{}.AuthorizationType", part.resource.id);
        part.reader.report.note(node.at, what, NO_AUTH);
    }
    found.cloned().flatten()
}

/// An integration with its time limit; `None`: it is faulty, which is reported.
type Read = Option<(Integration, Option<Duration>)>;

fn integration(resolver: &Resolver, part: &Part, api: &WebSocketApi) -> Read {
    let kind = part.required("IntegrationType", "add one: `IntegrationType: AWS_PROXY`")?;
    let kinds = &["AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK"];
    let integration = match part.reader.choice("IntegrationType", kind, kinds)? {
        "AWS_PROXY" => {
            let help = "name the function: `IntegrationUri: !GetAtt FUNCTION.Arn`";
            let uri = part.required("IntegrationUri", help)?;
            let text = part.reader.text("IntegrationUri", uri)?;
            function(resolver, &api.stage_variables, text, uri.is_unresolved())
        }
        "MOCK" => mock(part),
        other => Integration::Other(format!("{other} in a WebSocket API")),
    };
    let path = format!("Resources.{}", part.resource.id);
    note_missing(&part.reader, part.resource.at, &path, &integration);
    let limit = part.get("TimeoutInMillis");
    let limit = limit.and_then(|node| timeout(&part.reader, "TimeoutInMillis", node));
    Some((integration, limit))
}

/// A mock that lets everything through; others are not emulated.
fn mock(part: &Part) -> Integration {
    let templates = part.get("RequestTemplates").and_then(Node::as_map);
    let mut templates = templates.map(Vec::as_slice).unwrap_or_default().iter();
    let is_success = |text: &str| text.contains("statusCode") && text.contains("200");
    if templates.all(|(_, node)| node.as_str().is_some_and(is_success)) {
        Integration::Mock(Box::default())
    } else {
        Integration::Other("MOCK with such a template".to_owned())
    }
}

fn route(part: &Part, responds: bool, known: &HashMap<String, Read>) -> Option<WebSocketRoute> {
    let key = part.required("RouteKey", "add one: `RouteKey: $connect`")?;
    let text = part.reader.text("RouteKey", key)?;
    if key.is_unresolved() {
        return None;
    }
    let Some(target) = part.get("Target") else {
        part.note("it has no `Target`: not served");
        return None;
    };
    let target_text = part.reader.text("Target", target)?;
    let found = match target_text.strip_prefix("integrations/") {
        Some(id) => known.get(id),
        None if target.is_unresolved() => None,
        None => {
            let help = "write `!Sub integrations/${INTEGRATION}` with its logical id".to_owned();
            part.reader.wrong("Target", target, "an integration", help);
            return None;
        }
    };
    let (integration, timeout) = match found {
        Some(Some(found)) => found.clone(),
        // It is faulty, which is reported.
        Some(None) => return None,
        None => {
            part.note("its integration is not one of this template's: not served");
            (Integration::Other("another stack's integration".to_owned()), None)
        }
    };
    let span = part.reader.report.span(part.resource.at);
    Some(WebSocketRoute { key: text.to_owned(), integration, timeout, responds, span })
}
