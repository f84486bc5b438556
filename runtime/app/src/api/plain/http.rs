//! `AWS::ApiGatewayV2::*`: HTTP APIs in plain CloudFormation.
//!
//! Source: CloudFormation's resource reference, "Amazon API Gateway V2".

use std::collections::{BTreeMap, HashMap};

use super::{Part, map_base_path, of_kind, reference};
use crate::api::authorizer::{self, Settings, route_settings};
use crate::api::cors;
use crate::api::definition::{self, BasePath, Definition};
use crate::api::integration::{HTTP_API, Integrated, Integrations};
use crate::api::path::route_key;
use crate::api::routes::{Apis, Draft, Events};
use crate::api::subject::{Subject, texts};
use crate::api::traffic;
use crate::model::{Access, ApiKind, ApiRoute, HttpIntegration, Integration, Route};
use crate::node::Node;
use crate::property::{self, Effect, Table};
use crate::resolve::{ApiIdentity, Resolver};
use crate::template::Resource;

const API: &Table = &[
    ("ApiKeySelectionExpression", Effect::Accepted),
    ("BasePath", Effect::Read),
    ("Body", Effect::Read),
    ("BodyS3Location", Effect::Read),
    ("CorsConfiguration", Effect::Read),
    ("CredentialsArn", Effect::Accepted),
    ("Description", Effect::Accepted),
    ("DisableExecuteApiEndpoint", Effect::Accepted),
    ("DisableSchemaValidation", Effect::Accepted),
    ("FailOnWarnings", Effect::Accepted),
    ("IpAddressType", Effect::Accepted),
    ("Name", Effect::Read),
    ("ProtocolType", Effect::Read),
    ("RouteKey", Effect::Read),
    ("RouteSelectionExpression", Effect::Accepted),
    ("Tags", Effect::Accepted),
    ("Target", Effect::Read),
    ("Version", Effect::Accepted),
];

const INTEGRATION: &Table = &[
    ("ApiId", Effect::Read),
    ("ConnectionId", Effect::Accepted),
    ("ConnectionType", Effect::Accepted),
    ("ContentHandlingStrategy", Effect::Accepted),
    ("CredentialsArn", Effect::Accepted),
    ("Description", Effect::Accepted),
    ("IntegrationMethod", Effect::Accepted),
    ("IntegrationSubtype", Effect::Read),
    ("IntegrationType", Effect::Read),
    ("IntegrationUri", Effect::Read),
    ("PassthroughBehavior", Effect::Accepted),
    ("PayloadFormatVersion", Effect::Read),
    ("RequestParameters", Effect::Read),
    ("RequestTemplates", Effect::Accepted),
    ("ResponseParameters", Effect::Read),
    ("TemplateSelectionExpression", Effect::Accepted),
    ("TimeoutInMillis", Effect::Read),
    ("TlsConfig", Effect::Accepted),
];

const ROUTE: &Table = &[
    ("ApiId", Effect::Read),
    ("ApiKeyRequired", Effect::Accepted),
    ("AuthorizationScopes", Effect::Read),
    ("AuthorizationType", Effect::Read),
    ("AuthorizerId", Effect::Read),
    ("ModelSelectionExpression", Effect::Accepted),
    ("OperationName", Effect::Accepted),
    ("RequestModels", Effect::Accepted),
    ("RequestParameters", Effect::Accepted),
    ("RouteKey", Effect::Read),
    ("RouteResponseSelectionExpression", Effect::Accepted),
    ("Target", Effect::Read),
];

pub(super) const AUTHORIZER: &Table = &[
    ("ApiId", Effect::Read),
    ("AuthorizerCredentialsArn", Effect::Accepted),
    ("AuthorizerPayloadFormatVersion", Effect::Read),
    ("AuthorizerResultTtlInSeconds", Effect::Read),
    ("AuthorizerType", Effect::Read),
    ("AuthorizerUri", Effect::Read),
    ("EnableSimpleResponses", Effect::Read),
    ("IdentitySource", Effect::Read),
    ("IdentityValidationExpression", Effect::Accepted),
    ("JwtConfiguration", Effect::Read),
    ("Name", Effect::Accepted),
];

const STAGE: &Table = &[
    ("AccessLogSettings", Effect::Read),
    ("AccessPolicyId", Effect::Accepted),
    ("ApiId", Effect::Read),
    ("AutoDeploy", Effect::Accepted),
    ("ClientCertificateId", Effect::Accepted),
    ("DefaultRouteSettings", Effect::Read),
    ("DeploymentId", Effect::Accepted),
    ("Description", Effect::Accepted),
    ("RouteSettings", Effect::Read),
    ("StageName", Effect::Read),
    ("StageVariables", Effect::Read),
    ("Tags", Effect::Accepted),
];

const MAPPING: &Table = &[
    ("ApiId", Effect::Read),
    ("ApiMappingKey", Effect::Read),
    ("DomainName", Effect::Accepted),
    ("Stage", Effect::Accepted),
];

/// Reads an API with the routes of its definition or of its quick creation.
pub(in crate::api) fn api<'t>(
    resolver: &Resolver<'t>,
    resource: &Resource<'t>,
    identity: &ApiIdentity<'t>,
    stages: &Stages,
) -> Draft {
    let mut subject = Subject::new(resolver, Some(resource), identity);
    property::check(&subject.reader, resource.properties, API, &subject.path());
    let mut api = subject.empty("$default");
    if let Some(name) = subject.text("Name") {
        api.name = name;
    }
    if let Some(stage) = stages.get(&identity.id) {
        api.stage.clone_from(&stage.name);
        api.stage_variables.clone_from(&stage.variables);
        subject.stage_variables.clone_from(&stage.variables);
        api.access_log.clone_from(&stage.access_log);
    }
    if let Some((_, node)) = subject.property("ProtocolType") {
        subject.reader.choice("ProtocolType", &node, &["HTTP", "WEBSOCKET"]);
    }
    if let Some((key, node)) = subject.property("CorsConfiguration") {
        api.cors = cors::plain(&subject.reader, &key.name, &node);
    }
    let base = subject
        .property("BasePath")
        .and_then(|(key, node)| BasePath::read(&subject.reader, &key.name, &node))
        .unwrap_or_default();
    let definition = definition::of_plain(&subject, base);
    let Definition { routes, bare, cors, authorizers, .. } = definition.unwrap_or_default();
    api.routes = routes;
    api.authorizers = authorizers;
    api.cors = api.cors.or(cors);
    api.routes.extend(quick(&subject));
    let limits = stages.get(&identity.id).map(|stage| stage.limits.clone()).unwrap_or_default();
    Draft { api, events: Events::Permit, bare, authorizers: None, limits }
}

/// The route of an API that is created with a target: `$default`, or `RouteKey`.
fn quick(subject: &Subject) -> Option<ApiRoute> {
    let (key, node) = subject.property("Target")?;
    let uri = subject.reader.text("Target", &node)?;
    let integrations = Integrations {
        resolver: subject.resolver,
        kind: ApiKind::Http,
        stage_variables: &subject.stage_variables,
    };
    let integration = if uri.starts_with("http://") || uri.starts_with("https://") {
        Integration::Http(Box::new(HttpIntegration {
            method: None,
            uri: uri.to_owned(),
            changes: Vec::new(),
            response_changes: Vec::new(),
        }))
    } else {
        integrations.target(uri, node.is_unresolved())
    };
    if let Integration::Other(what) = &integration {
        let note = format!("{what}: not emulated, the route answers 500");
        subject.reader.report.note(key.at, format!("{}.Target", subject.path()), note);
    }
    let route = match subject.property("RouteKey") {
        Some((_, node)) => route_key(&subject.reader, "RouteKey", &node)?,
        None => Route { method: None, path: None },
    };
    let span = subject.reader.report.span(key.at);
    let access = Access::default();
    Some(ApiRoute {
        route,
        integration,
        payload_format: None,
        timeout: None,
        streaming: false,
        access,
        span,
    })
}

/// A stage of an API, of which the first in template order is served.
pub(in crate::api) struct Stage {
    pub(in crate::api) name: String,
    pub(in crate::api) variables: BTreeMap<String, String>,
    pub(in crate::api) limits: Settings,
    pub(in crate::api) access_log: Option<String>,
}

/// Stages by the id of their API.
pub(in crate::api) type Stages = HashMap<String, Stage>;

/// The first stage of each API.
pub(in crate::api) fn stages<'t>(
    resolver: &Resolver<'t>,
    active: &[&'t Resource<'t>],
    stages: &mut Stages,
) {
    let web_sockets = resolver.web_sockets();
    for resource in of_kind(active, "AWS::ApiGatewayV2::Stage") {
        let api = resource.property("ApiId").map(|node| resolver.resolve(node));
        if api.as_ref().and_then(Node::as_str).is_some_and(|id| web_sockets.contains(id)) {
            continue;
        }
        let part = Part::new(resolver, resource, STAGE);
        let api = part.required("ApiId", "name the API: `ApiId: !Ref API`");
        let name = part.required("StageName", "add one: `StageName: $default`");
        let (Some(api), Some(name)) = (api, name) else { continue };
        let name = part.reader.text("StageName", name);
        let (Some(api), Some(name)) = (part.reader.text("ApiId", api), name) else { continue };
        let variables = part.get("StageVariables");
        let variables = variables.map(|node| texts(&part.reader, "StageVariables", node));
        let (default, routes) = (part.get("DefaultRouteSettings"), part.get("RouteSettings"));
        let limits = route_settings(&part.reader, default, routes);
        let log = part.get("AccessLogSettings");
        let log = log.and_then(|node| traffic::access_log(&part.reader, "AccessLogSettings", node));
        let variables = variables.unwrap_or_default();
        let stage = Stage { name: name.to_owned(), variables, limits, access_log: log };
        stages.entry(api.to_owned()).or_insert(stage);
    }
}

/// Reads the routes, integrations and mappings of every API. Those of WebSocket APIs are read
/// elsewhere.
pub(in crate::api) fn routes<'t>(
    resolver: &Resolver<'t>,
    active: &[&'t Resource<'t>],
    apis: &mut Apis,
) {
    let web_sockets = resolver.web_sockets();
    let of = |kind: &'static str, table: &'static Table| {
        let parts = of_kind(active, kind).map(|resource| Part::new(resolver, resource, table));
        parts.filter(|part| {
            let api = part.get("ApiId").and_then(Node::as_str);
            !api.is_some_and(|id| web_sockets.contains(id))
        })
    };
    let mut integrations = HashMap::new();
    for part in of("AWS::ApiGatewayV2::Integration", INTEGRATION) {
        if let Some(id) = reference(resolver, part.resource) {
            integrations.insert(id, integration(resolver, &part, apis));
        }
    }
    for part in of("AWS::ApiGatewayV2::Authorizer", AUTHORIZER) {
        part.define_authorizer(resolver, apis, "ApiId", authorizer::http);
    }
    for part in of("AWS::ApiGatewayV2::Route", ROUTE) {
        route(&part, apis, &integrations);
    }
    for part in of("AWS::ApiGatewayV2::ApiMapping", MAPPING) {
        map_base_path(&part, apis, "ApiId", "ApiMappingKey");
    }
}

fn integration(resolver: &Resolver, part: &Part, apis: &Apis) -> Option<Integrated> {
    let api = part.api(apis, "ApiId")?;
    let path = format!("Resources.{}", part.resource.id);
    Integrations { resolver, kind: ApiKind::Http, stage_variables: &apis[api].stage_variables }
        .read(&part.reader, &HTTP_API, &part.properties, part.resource.at, &path)
}

fn route(part: &Part, apis: &mut Apis, integrations: &HashMap<String, Option<Integrated>>) {
    let api = part.api(apis, "ApiId");
    let key = part.required("RouteKey", "add one: `RouteKey: GET /orders`, or `$default`");
    let route = key.and_then(|node| route_key(&part.reader, "RouteKey", node));
    let access = part.access(apis, api);
    let (Some(api), Some(route)) = (api, route) else { return };
    let Some(target) = part.get("Target") else {
        part.note("it has no `Target`: not served");
        return;
    };
    let Some(text) = part.reader.text("Target", target) else { return };
    let found = match text.strip_prefix("integrations/") {
        Some(id) => integrations.get(id),
        None if target.is_unresolved() => None,
        None => {
            let help = "write `!Sub integrations/${INTEGRATION}` with its logical id".to_owned();
            part.reader.wrong("Target", target, "an integration", help);
            return;
        }
    };
    let (integration, payload_format, timeout) = match found {
        Some(Some(found)) => (found.integration.clone(), found.payload_format, found.timeout),
        // It is faulty, which is reported.
        Some(None) => return,
        None => {
            part.note("its integration is not one of this template's: not served");
            (Integration::Other("another stack's integration".to_owned()), None, None)
        }
    };
    let span = part.reader.report.span(part.resource.at);
    let streaming = false;
    let route = ApiRoute { route, integration, payload_format, timeout, streaming, access, span };
    part.define(apis, api, route);
}
