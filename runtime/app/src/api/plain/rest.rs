//! `AWS::ApiGateway::*`: REST APIs in plain CloudFormation.
//!
//! Source: CloudFormation's resource reference, "Amazon API Gateway".

use std::collections::{HashMap, HashSet};

use super::http::{Stage, Stages};
use super::{Part, is_filled, map_base_path, of_kind, reference};
use crate::api::authorizer::{self, method_settings};
use crate::api::definition::{self, BasePath, Definition};
use crate::api::gateway_response;
use crate::api::integration::{Integrations, REST_API};
use crate::api::path::{MAX_PATH, method, written, wrong_path};
use crate::api::policy;
use crate::api::properties::{NO_CANARY, NO_MODELS};
use crate::api::routes::{Apis, Draft, Events};
use crate::api::subject::{Subject, items, texts};
use crate::api::traffic;
use crate::model::{ApiKind, ApiRoute, Route};
use crate::node::{self, Node};
use crate::property::{self, Effect, Table};
use crate::report::Fault;
use crate::resolve::{ApiIdentity, Resolver};
use crate::template::Resource;

const API: &Table = &[
    ("ApiKeySourceType", Effect::Read),
    ("BinaryMediaTypes", Effect::Read),
    ("Body", Effect::Read),
    ("BodyS3Location", Effect::Read),
    ("CloneFrom", Effect::Missing("nothing is cloned: only its own routes are served")),
    ("Description", Effect::Accepted),
    ("DisableExecuteApiEndpoint", Effect::Accepted),
    ("EndpointAccessMode", Effect::Accepted),
    ("EndpointConfiguration", Effect::Accepted),
    ("FailOnWarnings", Effect::Accepted),
    ("MinimumCompressionSize", Effect::Read),
    ("Mode", Effect::Accepted),
    ("Name", Effect::Read),
    ("Parameters", Effect::Read),
    ("Policy", Effect::Read),
    ("SecurityPolicy", Effect::Accepted),
    ("Tags", Effect::Accepted),
    ("Version", Effect::Accepted),
];

const RESOURCE: &Table =
    &[("ParentId", Effect::Read), ("PathPart", Effect::Read), ("RestApiId", Effect::Read)];

const METHOD: &Table = &[
    ("ApiKeyRequired", Effect::Read),
    ("AuthorizationScopes", Effect::Read),
    ("AuthorizationType", Effect::Read),
    ("AuthorizerId", Effect::Read),
    ("HttpMethod", Effect::Read),
    ("Integration", Effect::Read),
    ("MethodResponses", Effect::Accepted),
    ("OperationName", Effect::Accepted),
    ("RequestModels", Effect::Accepted),
    ("RequestParameters", Effect::Accepted),
    ("RequestValidatorId", Effect::Missing(NO_MODELS)),
    ("ResourceId", Effect::Read),
    ("RestApiId", Effect::Read),
];

const INTEGRATION: &[&str] = &[
    "CacheKeyParameters",
    "CacheNamespace",
    "ConnectionId",
    "ConnectionType",
    "ContentHandling",
    "Credentials",
    "IntegrationHttpMethod",
    "IntegrationResponses",
    "IntegrationTarget",
    "PassthroughBehavior",
    "RequestParameters",
    "RequestTemplates",
    "ResponseTransferMode",
    "TimeoutInMillis",
    "Type",
    "Uri",
];

const GATEWAY_RESPONSE: &Table = &[
    ("ResponseParameters", Effect::Read),
    ("ResponseTemplates", Effect::Read),
    ("ResponseType", Effect::Read),
    ("RestApiId", Effect::Read),
    ("StatusCode", Effect::Read),
];

const AUTHORIZER: &Table = &[
    ("AuthType", Effect::Accepted),
    ("AuthorizerCredentials", Effect::Accepted),
    ("AuthorizerResultTtlInSeconds", Effect::Read),
    ("AuthorizerUri", Effect::Read),
    ("IdentitySource", Effect::Read),
    ("IdentityValidationExpression", Effect::Read),
    ("Name", Effect::Accepted),
    ("ProviderARNs", Effect::Read),
    ("RestApiId", Effect::Read),
    ("Type", Effect::Read),
];

const STAGE: &Table = &[
    ("AccessLogSetting", Effect::Read),
    ("CacheClusterEnabled", Effect::Accepted),
    ("CacheClusterSize", Effect::Accepted),
    ("CanarySetting", Effect::Missing(NO_CANARY)),
    ("ClientCertificateId", Effect::Accepted),
    ("DeploymentId", Effect::Accepted),
    ("Description", Effect::Accepted),
    ("DocumentationVersion", Effect::Accepted),
    ("MethodSettings", Effect::Read),
    ("RestApiId", Effect::Read),
    ("StageName", Effect::Read),
    ("Tags", Effect::Accepted),
    ("TracingEnabled", Effect::Accepted),
    ("Variables", Effect::Read),
];

const DEPLOYMENT: &Table = &[
    ("DeploymentCanarySettings", Effect::Missing(NO_CANARY)),
    ("Description", Effect::Accepted),
    ("RestApiId", Effect::Read),
    ("StageDescription", Effect::Read),
    ("StageName", Effect::Read),
];

const MAPPING: &Table = &[
    ("BasePath", Effect::Read),
    ("DomainName", Effect::Accepted),
    ("Id", Effect::Accepted),
    ("RestApiId", Effect::Read),
    ("Stage", Effect::Accepted),
];

const MAPPING_V2: &Table = &[
    ("BasePath", Effect::Read),
    ("DomainNameArn", Effect::Accepted),
    ("RestApiId", Effect::Read),
    ("Stage", Effect::Accepted),
];

/// Reads an API with the routes of its definition.
pub(in crate::api) fn api<'t>(
    resolver: &Resolver<'t>,
    resource: &Resource<'t>,
    identity: &ApiIdentity<'t>,
    stages: &Stages,
) -> Draft {
    let mut subject = Subject::new(resolver, Some(resource), identity);
    property::check(&subject.reader, resource.properties, API, &subject.path());
    let stage = stages.get(&identity.id);
    let mut api = subject.empty(stage.map_or("Prod", |stage| &stage.name));
    if let Some(stage) = stage {
        api.stage_variables.clone_from(&stage.variables);
        subject.stage_variables.clone_from(&stage.variables);
        api.access_log.clone_from(&stage.access_log);
    } else {
        let what = format!("{} ({})", subject.path(), resource.kind);
        resolver.report.note(resource.at, what, "it has no stage: on AWS nothing answers");
    }
    if let Some(name) = subject.text("Name") {
        api.name = name;
    }
    if let Some((key, node)) = subject.property("BinaryMediaTypes") {
        let types = items(&subject.reader, &key.name, &node).into_iter();
        api.binary_media_types = types.map(|kind| kind.replace("~1", "/")).collect();
    }
    if let Some((_, node)) = subject.property(traffic::COMPRESSION) {
        api.minimum_compression = traffic::minimum_compression(&subject.reader, &node);
    }
    let base = subject
        .property("Parameters")
        .and_then(|(key, node)| {
            let map = subject.reader.map(&key.name, &node)?;
            BasePath::read(&subject.reader, "basepath", node::get(map, "basepath")?)
        })
        .unwrap_or_default();
    let definition = definition::of_plain(&subject, base);
    let definition = definition.unwrap_or_default();
    let Definition { routes, bare, binary_media_types, authorizers, key_source, .. } = definition;
    api.gateway_responses = definition.gateway_responses;
    let own = subject.property("Policy").and_then(|(key, node)| {
        let path = format!("{}.Policy", subject.path());
        policy::document(&subject.reader, &key.name, &node, &path)
    });
    api.policy = own.or(definition.policy);
    api.routes = routes;
    api.authorizers = authorizers;
    let source = subject.property("ApiKeySourceType");
    let source =
        source.map(|(key, node)| authorizer::key_source(&subject.reader, &key.name, &node));
    api.api_key_source = source.or(key_source).unwrap_or_default();
    api.binary_media_types.extend(binary_media_types);
    let limits = stage.map(|stage| stage.limits.clone()).unwrap_or_default();
    Draft { api, events: Events::Permit, bare, authorizers: None, limits }
}

/// The first stage of each API: a `Stage`, or one that a `Deployment` makes.
pub(in crate::api) fn stages<'t>(
    resolver: &Resolver<'t>,
    active: &[&'t Resource<'t>],
    stages: &mut Stages,
) {
    for resource in active.iter().copied() {
        let part = match resource.kind {
            "AWS::ApiGateway::Stage" => Part::new(resolver, resource, STAGE),
            "AWS::ApiGateway::Deployment" => Part::new(resolver, resource, DEPLOYMENT),
            _ => continue,
        };
        let api = part.required("RestApiId", "name the API: `RestApiId: !Ref API`");
        let Some(name) = part.text("StageName") else { continue };
        let Some(api) = api.and_then(|node| part.reader.text("RestApiId", node)) else { continue };
        let described = |name: &str| part.get("StageDescription").and_then(|node| node.get(name));
        let variables = part.get("Variables").or_else(|| described("Variables"));
        let methods = part.get("MethodSettings").or_else(|| described("MethodSettings"));
        let limits = method_settings(&part.reader, methods);
        let variables = variables.map(|node| texts(&part.reader, "Variables", node));
        let log = part.get("AccessLogSetting").or_else(|| described("AccessLogSetting"));
        let log = log.and_then(|node| traffic::access_log(&part.reader, "AccessLogSetting", node));
        let variables = variables.unwrap_or_default();
        let stage = Stage { name: name.to_owned(), variables, limits, access_log: log };
        stages.entry(api.to_owned()).or_insert(stage);
    }
}

/// A `Resource`: one segment of a path.
struct Segment {
    parent: String,
    part: String,
}

/// The resources of every API by their ids; `None`: it is faulty.
struct Tree {
    roots: HashSet<String>,
    segments: HashMap<String, Option<Segment>>,
}

/// Reads the methods and mappings of every API.
pub(in crate::api) fn routes<'t>(
    resolver: &Resolver<'t>,
    active: &[&'t Resource<'t>],
    apis: &mut Apis,
) {
    let mut segments = HashMap::new();
    for resource in of_kind(active, "AWS::ApiGateway::Resource") {
        let part = Part::new(resolver, resource, RESOURCE);
        let Some(id) = reference(resolver, resource) else { continue };
        segments.insert(id, segment(&part));
    }
    for resource in of_kind(active, "AWS::ApiGateway::Authorizer") {
        let part = Part::new(resolver, resource, AUTHORIZER);
        part.define_authorizer(resolver, apis, "RestApiId", authorizer::rest);
    }
    let tree = Tree { roots: resolver.root_resources(), segments };
    for resource in of_kind(active, "AWS::ApiGateway::Method") {
        route(resolver, &Part::new(resolver, resource, METHOD), apis, &tree);
    }
    for resource in of_kind(active, "AWS::ApiGateway::GatewayResponse") {
        gateway_response(&Part::new(resolver, resource, GATEWAY_RESPONSE), apis);
    }
    for resource in of_kind(active, "AWS::ApiGateway::BasePathMapping") {
        map_base_path(&Part::new(resolver, resource, MAPPING), apis, "RestApiId", "BasePath");
    }
    for resource in of_kind(active, "AWS::ApiGateway::BasePathMappingV2") {
        map_base_path(&Part::new(resolver, resource, MAPPING_V2), apis, "RestApiId", "BasePath");
    }
}

/// Gives an API a gateway response.
fn gateway_response(part: &Part, apis: &mut Apis) {
    let api = part.api(apis, "RestApiId");
    let kind = part.required("ResponseType", "add one: `ResponseType: DEFAULT_4XX`");
    let path = format!("Resources.{}", part.resource.id);
    let read =
        kind.and_then(|kind| gateway_response::plain(&part.reader, kind, &part.properties, &path));
    if let (Some(api), Some((kind, response))) = (api, read) {
        apis.api_mut(api).gateway_responses.insert(kind, response);
    }
}

fn segment(part: &Part) -> Option<Segment> {
    let help = "name the resource above: `!Ref RESOURCE`, or `!GetAtt API.RootResourceId`";
    let parent = part.required("ParentId", help);
    let path = part.required("PathPart", "add one: `PathPart: orders`, or `\"{id}\"`");
    let (parent, path) = (parent?, path?);
    let text = part.reader.text("PathPart", path)?;
    let help = if text.contains('/') {
        Some("give each segment its own resource".to_owned())
    } else {
        wrong_path(&format!("/{text}"))
    };
    if help.is_some() && !path.is_unresolved() {
        part.reader.wrong("PathPart", path, "one segment of a path", help);
        return None;
    }
    let parent = part.reader.text("ParentId", parent)?.to_owned();
    Some(Segment { parent, part: text.to_owned() })
}

fn route(resolver: &Resolver, part: &Part, apis: &mut Apis, tree: &Tree) {
    let api = part.api(apis, "RestApiId");
    let help = "name the resource: `!Ref RESOURCE`, or `!GetAtt API.RootResourceId`";
    let resource = part.required("ResourceId", help);
    let method = part
        .required("HttpMethod", "add one: `HttpMethod: GET`, or `ANY`")
        .and_then(|node| method(&part.reader, "HttpMethod", node));
    let access = part.access(apis, api);
    let path = resource.and_then(|node| path(part, node, tree));
    let (Some(api), Some(method), Some(path)) = (api, method, path) else { return };
    let route = Route { method, path: Some(path) };
    let Some(node) = part.get("Integration").filter(|node| is_filled(node) || node.is_poison())
    else {
        part.note("it has no integration: not served");
        return;
    };
    let Some(map) = part.reader.map("Integration", node) else { return };
    part.reader.only(map, INTEGRATION);
    let noted = format!("Resources.{} {}", part.resource.id, written(&route));
    let integrations =
        Integrations { resolver, kind: ApiKind::Rest, stage_variables: &apis[api].stage_variables };
    let Some(integrated) = integrations.read(&part.reader, &REST_API, map, node.at, &noted) else {
        return;
    };
    let span = part.reader.report.span(part.resource.at);
    let route = ApiRoute {
        route,
        integration: integrated.integration,
        payload_format: None,
        timeout: integrated.timeout,
        streaming: integrated.streaming,
        access,
        span,
    };
    part.define(apis, api, route);
}

/// The path of a resource: its segments from the root.
fn path(part: &Part, node: &Node, tree: &Tree) -> Option<String> {
    let mut id = part.reader.text("ResourceId", node)?;
    let mut parts = Vec::new();
    let mut length = 0;
    while let Some(segment) = tree.segments.get(id) {
        // A faulty one is reported where it is read.
        let segment = segment.as_ref()?;
        parts.push(segment.part.as_str());
        id = &segment.parent;
        length += segment.part.len() + 1;
        if length > MAX_PATH {
            let message =
                format!("the path of {} is too long, or goes in a circle", part.resource.id);
            let help = "the first `ParentId` is `!GetAtt API.RootResourceId`";
            part.reader.report.fault(Fault::new(node.at, message).help(help.to_owned()));
            return None;
        }
    }
    if !tree.roots.contains(id) {
        part.note("its path starts at a resource that is not this template's: not served");
        return None;
    }
    parts.reverse();
    let path = format!("/{}", parts.join("/"));
    if let Some(help) = wrong_path(&path) {
        let message =
            format!("the path of {} is not one of API Gateway's: `{path}`", part.resource.id);
        part.reader.report.fault(Fault::new(node.at, message).help(help));
        return None;
    }
    Some(path)
}
