//! `AWS::Serverless::HttpApi`, `AWS::Serverless::Api` and SAM's implicit APIs.
//!
//! Source: SAM developer guide, "AWS::Serverless::HttpApi" and "AWS::Serverless::Api", and the
//! transform's own `samtranslator/model/api` and `samtranslator/plugins/api`.

use super::auth::Authorizers;
use super::authorizer::{Settings, key_source, method_settings, route_settings};
use super::definition::{self, BasePath, Definition};
use super::routes::{Draft, Events};
use super::subject::{Subject, items};
use super::{auth, cors, gateway_response, policy, properties, traffic};
use crate::model::{Api, ApiKind};
use crate::node;
use crate::property;
use crate::report::Fault;
use crate::resolve::{ApiIdentity, Resolver};
use crate::template::Resource;

/// Reads an API with the routes of its definition. Those of events come later.
pub(super) fn explicit<'t>(
    resolver: &Resolver<'t>,
    resource: &Resource<'t>,
    identity: &ApiIdentity<'t>,
) -> Draft {
    let mut subject = Subject::new(resolver, Some(resource), identity);
    let table = properties::table(identity.kind);
    property::check(&subject.reader, resource.properties, table, &subject.path());
    let stage = subject.text("StageName");
    if identity.kind == ApiKind::Rest && resource.property("StageName").is_none() {
        let message = format!("{} has no `StageName`", resource.id);
        let fault = Fault::new(resource.at, message);
        subject.fault(fault.help("add one: `StageName: Prod`".to_owned()));
    }
    let mut api = subject.empty(stage.as_deref().unwrap_or("$default"));
    let authorizers = settings(&mut subject, &mut api);
    let (events, definition) = defined(&subject, resource);
    let Definition {
        routes,
        bare,
        cors,
        binary_media_types,
        authorizers: defined,
        key_source,
        gateway_responses,
        policy: of_definition,
    } = definition.unwrap_or_default();
    api.routes = routes;
    api.authorizers.extend(defined);
    if let Some(source) = key_source {
        api.api_key_source = source;
    }
    api.policy = api.policy.or(of_definition);
    let statements = authorizers.as_ref().map(|known| known.statements.clone());
    policy::add(&mut api.policy, statements.unwrap_or_default());
    // The property's go before the definition's, type by type.
    for (kind, response) in gateway_responses {
        api.gateway_responses.entry(kind).or_insert(response);
    }
    api.cors = api.cors.or(cors);
    api.binary_media_types.extend(binary_media_types);
    Draft { api, events, bare, authorizers, limits: limits(&subject) }
}

/// The implicit API of this kind: it has what `Globals` say.
pub(super) fn implicit<'t>(resolver: &Resolver<'t>, identity: &ApiIdentity<'t>) -> Draft {
    let mut subject = Subject::new(resolver, None, identity);
    let stage = match identity.kind {
        ApiKind::Http => "$default",
        ApiKind::Rest => "Prod",
    };
    let mut api = subject.empty(stage);
    let authorizers = settings(&mut subject, &mut api);
    let statements = authorizers.as_ref().map(|known| known.statements.clone());
    policy::add(&mut api.policy, statements.unwrap_or_default());
    let limits = limits(&subject);
    Draft { api, events: Events::Make, bare: Vec::new(), authorizers, limits }
}

/// Reads what an API may have from `Globals` too, and what its events may name.
fn settings(subject: &mut Subject, api: &mut Api) -> Option<Authorizers> {
    let table = properties::table(subject.identity.kind);
    let globals = subject.resolver.template.globals.of(subject.sam_type());
    property::note(subject.resolver.report, globals, table, subject.globals_path());
    if let Some(name) = subject.text("Name") {
        api.name = name;
    }
    let (variables, cors_name) = match subject.identity.kind {
        ApiKind::Http => ("StageVariables", "CorsConfiguration"),
        ApiKind::Rest => ("Variables", "Cors"),
    };
    subject.stage_variables = subject.texts(variables);
    api.stage_variables.clone_from(&subject.stage_variables);
    if let Some((_, node)) = subject.property(cors_name) {
        api.cors = match subject.identity.kind {
            ApiKind::Http => cors::http(&subject.reader, cors_name, &node),
            ApiKind::Rest => cors::rest(&subject.reader, cors_name, &node),
        };
    }
    if let Some((_, node)) = subject.property("BinaryMediaTypes") {
        let types = items(&subject.reader, "BinaryMediaTypes", &node).into_iter();
        api.binary_media_types = types.map(|kind| kind.replace("~1", "/")).collect();
    }
    let log = match subject.identity.kind {
        ApiKind::Http => "AccessLogSettings",
        ApiKind::Rest => "AccessLogSetting",
    };
    if let Some((_, node)) = subject.property(log) {
        api.access_log = traffic::access_log(&subject.reader, log, &node);
    }
    if let Some((_, node)) = subject.property(traffic::COMPRESSION) {
        api.minimum_compression = traffic::minimum_compression(&subject.reader, &node);
    }
    if let Some((key, node)) = subject.property("GatewayResponses") {
        let path = format!("{}.GatewayResponses", subject.path());
        api.gateway_responses = gateway_response::sam(&subject.reader, &key.name, &node, &path);
    }
    api.base_paths = auth::base_paths(subject);
    properties::check(subject);
    if let Some((key, node)) = subject.property("ApiKeySourceType") {
        api.api_key_source = key_source(&subject.reader, &key.name, &node);
    }
    if let Some((key, node)) = subject.property("Policy") {
        let path = format!("{}.Policy", subject.path());
        api.policy = policy::document(&subject.reader, &key.name, &node, &path);
    }
    let authorizers = auth::authorizers(subject, &api.stage);
    if let Some(authorizers) = &authorizers {
        api.authorizers.clone_from(&authorizers.list);
        api.preflight = authorizers.preflight.clone();
        subject.default_access = authorizers.default_access();
    }
    authorizers
}

/// What the API's own stage limits.
fn limits(subject: &Subject) -> Settings {
    let get = |name: &str| subject.property(name).map(|(_, node)| node);
    match subject.identity.kind {
        ApiKind::Http => {
            let (default, routes) = (get("DefaultRouteSettings"), get("RouteSettings"));
            route_settings(&subject.reader, default.as_ref(), routes.as_ref())
        }
        ApiKind::Rest => method_settings(&subject.reader, get("MethodSettings").as_ref()),
    }
}

/// The API's definition, and what SAM does with events beside it.
fn defined(subject: &Subject, resource: &Resource) -> (Events, Option<Definition>) {
    let is_http = subject.identity.kind == ApiKind::Http;
    let uri = subject.property("DefinitionUri");
    let merges = subject.property("MergeDefinitions").is_some_and(|(_, node)| {
        subject.reader.boolean("MergeDefinitions", &node).unwrap_or(false)
    });
    let body = subject.body("DefinitionBody");
    if let (Some(_), Some((_, uri))) = (&body, &uri) {
        properties::exclusive(subject, "DefinitionBody", "DefinitionUri", uri);
        return (Events::Replace, None);
    }
    if let (true, Some((key, _))) = (merges, &uri) {
        let message = format!("`MergeDefinitions` of {} needs `DefinitionBody`", resource.id);
        let help = "put the definition into the template, by `AWS::Include`".to_owned();
        subject.fault(Fault::new(key.at, message).help(help));
    }
    let definition = match (&body, &uri) {
        (Some(body), _) => definition::read(subject, body, BasePath::Ignore),
        (None, Some((key, node))) => definition::named(subject, key, node, BasePath::Ignore),
        (None, None) => return (Events::Make, None),
    };
    let events = match (&definition, body) {
        // What cannot be read may say anything: events are served as if it agreed with them.
        (None, _) => Events::Replace,
        (Some(_), Some(_)) if is_http => Events::Add,
        (Some(_), Some(_)) if merges => Events::Replace,
        (Some(_), _) => Events::Permit,
    };
    (events, definition)
}

/// Whether a resource is one of SAM's APIs.
pub(super) fn is_api(resource: &Resource) -> bool {
    matches!(resource.kind, "AWS::Serverless::HttpApi" | "AWS::Serverless::Api")
}

/// The events of a state machine that are routes of an API: they are named, and not served.
pub(super) fn state_machine_events<'n>(
    resource: &Resource<'n>,
) -> impl Iterator<Item = (&'n node::Key, &'n node::Node)> {
    let events = resource.property("Events").and_then(node::Node::as_map);
    let events = events.map(Vec::as_slice).unwrap_or_default().iter();
    events
        .filter(|(_, event)| event.get("Type").and_then(node::Node::as_str) == Some("Api"))
        .filter_map(|(key, event)| Some((key, event.get("Properties")?)))
}
