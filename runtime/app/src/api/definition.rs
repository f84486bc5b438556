//! API definitions: OpenAPI 3 and Swagger 2 documents with API Gateway's extensions.
//!
//! Source: API Gateway developer guide, "OpenAPI extensions for API Gateway", "Working with OpenAPI
//! definitions for HTTP APIs" and "Set the OpenAPI basePath property".

use std::collections::HashSet;
use std::rc::Rc;

use super::authorizer::{Schemes, key_source, schemes, security};
use super::cors;
use super::gateway_response::{self, GatewayResponses};
use super::integration::{DEFINITION, Integrated, Integrations};
use super::path::{ANY_METHOD, MAX_PATH, shape, trimmed, written, wrong_path};
use super::policy;
use super::subject::{Subject, items, open};
use crate::document;
use crate::model::{Access, ApiKeySource, ApiKind, ApiRoute, Authorizer, Cors, Route};
use crate::node::{self, Key, Map, Node, Place, Value};
use crate::read::Reader;
use crate::report::Fault;

const INTEGRATION: &str = "x-amazon-apigateway-integration";
const INTEGRATIONS: &str = "x-amazon-apigateway-integrations";
const CORS: &str = "x-amazon-apigateway-cors";
const KEY_SOURCE: &str = "x-amazon-apigateway-api-key-source";
const POLICY: &str = "x-amazon-apigateway-policy";
const RESPONSES: &str = "x-amazon-apigateway-gateway-responses";
const BINARY: &str = "x-amazon-apigateway-binary-media-types";

/// The keys of a path item that are methods.
const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head", "options"];

/// What a definition says of its API.
#[derive(Debug, Default)]
pub(super) struct Definition {
    pub(super) routes: Vec<ApiRoute>,
    /// Operations that have no integration.
    pub(super) bare: Vec<(Route, Place)>,
    pub(super) cors: Option<Cors>,
    pub(super) binary_media_types: Vec<String>,
    /// Its security schemes that are authorizers.
    pub(super) authorizers: Vec<Authorizer>,
    pub(super) key_source: Option<ApiKeySource>,
    pub(super) gateway_responses: GatewayResponses,
    /// Its resource policy.
    pub(super) policy: Option<serde_json::Value>,
}

/// What becomes of a definition's base path: of `basePath`, or of the first server's path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum BasePath {
    /// AWS's default.
    #[default]
    Ignore,
    /// It goes before every route's path.
    Prepend,
    /// As `Prepend`, without its first segment.
    Split,
}

impl BasePath {
    pub(super) fn read(reader: &Reader, name: &str, node: &Node) -> Option<Self> {
        Some(match reader.choice(name, node, &["ignore", "prepend", "split"])? {
            "prepend" => Self::Prepend,
            "split" => Self::Split,
            _ => Self::Ignore,
        })
    }
}

/// The definition of a plain API: its `Body`, or the one that `BodyS3Location` names.
pub(super) fn of_plain(subject: &Subject, base: BasePath) -> Option<Definition> {
    match subject.body("Body") {
        Some(body) => read(subject, &body, base),
        None => subject
            .property("BodyS3Location")
            .and_then(|(key, node)| named(subject, &key, &node, base)),
    }
}

/// Reads the definition in the file that a property names. `None`: there is none to be read here,
/// which is reported or noted.
pub(super) fn named(
    subject: &Subject,
    key: &Key,
    value: &Node,
    base: BasePath,
) -> Option<Definition> {
    let Subject { resolver, reader, .. } = subject;
    let not_read = || {
        let what = format!("{}.{}", subject.path(), key.name);
        let note = "not read: only routes of `Events` are served";
        resolver.report.note(key.at, what, note);
    };
    if let Value::Map(map) = &value.value {
        reader.only(map, &["Bucket", "ETag", "Key", "Version"]);
        not_read();
        return None;
    }
    let text = reader.text(&key.name, value)?;
    if value.is_unresolved() || text.starts_with("s3://") || text.starts_with("https://") {
        not_read();
        return None;
    }
    let root: Rc<Node> =
        document::open(resolver.report, &resolver.scope, text, value.at, "API definition")?;
    read(subject, &root, base)
}

/// Reads a definition. `None`: nothing in it can be read, which is reported.
pub(super) fn read(subject: &Subject, root: &Node, base: BasePath) -> Option<Definition> {
    let root = open(subject.resolver, root);
    let Value::Map(document) = &root.value else {
        if !root.is_poison() && !root.is_unresolved() {
            let (owner, found) = (&subject.reader.owner, root.describe());
            let message = format!("the API definition of {owner} must be a mapping, not {found}");
            subject.fault(Fault::new(root.at, message));
        }
        return None;
    };
    check_version(subject, document, root.at);
    let mut definition = Definition::default();
    if let Some(node) = node::get(document, CORS).filter(|_| is_http(subject)) {
        let node = subject.resolver.resolve(node);
        definition.cors = cors::definition(&subject.reader, CORS, &node);
    }
    if let Some(node) = node::get(document, BINARY).filter(|_| !is_http(subject)) {
        let node = subject.resolver.resolve(node);
        definition.binary_media_types = items(&subject.reader, BINARY, &node);
    }
    if let Some(node) = node::get(document, KEY_SOURCE).filter(|_| !is_http(subject)) {
        let node = subject.resolver.resolve(node);
        definition.key_source = Some(key_source(&subject.reader, KEY_SOURCE, &node));
    }
    if let Some(node) = node::get(document, RESPONSES).filter(|_| !is_http(subject)) {
        let node = subject.resolver.resolve(node);
        let path = format!("{} {RESPONSES}", subject.path());
        definition.gateway_responses =
            gateway_response::definition(&subject.reader, RESPONSES, &node, &path);
    }
    if let Some(node) = node::get(document, POLICY).filter(|_| !is_http(subject)) {
        let node = subject.resolver.resolve(node);
        let path = format!("{} {POLICY}", subject.path());
        definition.policy = policy::document(&subject.reader, POLICY, &node, &path);
    }
    let mut schemes = schemes(subject, document);
    definition.authorizers = std::mem::take(&mut schemes.authorizers);
    let general = node::get(document, "security");
    let general = general.map(|node| security(subject, &subject.reader, node, &schemes));
    let security = Security { schemes, general };
    let prefix = prefix(subject, document, base);
    let Some((key, paths)) = node::entry(document, "paths") else {
        let message = format!("the API definition of {} has no `paths`", subject.reader.owner);
        let help = "list the routes under `paths:`, as in `/orders: {get: ...}`".to_owned();
        subject.fault(Fault::new(root.at, message).help(help));
        return Some(definition);
    };
    let paths = open(subject.resolver, paths);
    // An empty section is no fault: events may bring the routes.
    if paths.value != Value::Null
        && let Some(paths) = subject.reader.map(&key.name, &paths)
    {
        let mut taken = HashSet::new();
        for (key, item) in paths {
            let at = At { document, prefix: &prefix, security: &security };
            item_of(subject, &at, (key, item), &mut definition, &mut taken);
        }
    }
    Some(definition)
}

fn is_http(subject: &Subject) -> bool {
    subject.identity.kind == ApiKind::Http
}

/// OpenAPI 3 for either kind of API, Swagger 2 for REST APIs only.
fn check_version(subject: &Subject, document: &Map, at: Place) {
    let known = |name, major: &str| {
        let node = subject.resolver.resolve(node::get(document, name)?);
        let is_known = node.as_str().is_none_or(|version| version.starts_with(major));
        if !is_known && !node.is_unresolved() {
            let expected = format!("a version {major}");
            subject.reader.wrong(name, &node, &expected, None);
        }
        Some(node.at)
    };
    let (openapi, swagger) = (known("openapi", "3"), known("swagger", "2"));
    let owner = &subject.reader.owner;
    match (openapi, swagger) {
        (None, Some(at)) if is_http(subject) => {
            let message = format!("the API definition of {owner} must be OpenAPI 3, not Swagger 2");
            let help = "HTTP APIs take `openapi: 3.0.1` only: convert the document".to_owned();
            subject.fault(Fault::new(at, message).help(help));
        }
        (None, None) => {
            let message = format!("the API definition of {owner} does not say what it is");
            let help = "start it with `openapi: 3.0.1`".to_owned();
            subject.fault(Fault::new(at, message).help(help));
        }
        _ => {}
    }
}

/// What goes before the paths: nothing, or a path without a slash at its end.
fn prefix(subject: &Subject, document: &Map, base: BasePath) -> String {
    if base == BasePath::Ignore {
        return String::new();
    }
    let resolver = subject.resolver;
    let path = match node::get(document, "basePath") {
        Some(node) => subject.reader.text("basePath", &resolver.resolve(node)).map(str::to_owned),
        None => node::get(document, "servers").and_then(|servers| server_path(subject, servers)),
    };
    let path = trimmed(&path.filter(|path| path.len() <= MAX_PATH).unwrap_or_default());
    let path = match base {
        BasePath::Split => path.split_once('/').map_or("", |(_, rest)| rest),
        _ => &path,
    };
    if path.is_empty() { String::new() } else { format!("/{path}") }
}

/// The path of the first server: its variable `basePath` where it has one.
fn server_path(subject: &Subject, servers: &Node) -> Option<String> {
    let servers = subject.resolver.resolve(servers);
    let server = subject.reader.list("servers", &servers)?.first()?;
    let variable = server.get("variables").and_then(|variables| variables.get("basePath"));
    let default = variable.and_then(|variable| variable.get("default"));
    if let Some(default) = default {
        return subject.reader.text("default", default).map(str::to_owned);
    }
    let url = subject.reader.text("url", server.get("url")?)?;
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map(|at| rest[at..].to_owned())
}

/// What counts for all operations of a document.
struct At<'n> {
    document: &'n Map,
    prefix: &'n str,
    security: &'n Security,
}

/// Who may call a document's operations.
struct Security {
    schemes: Schemes,
    /// What the document's own `security` says.
    general: Option<Access>,
}

impl Security {
    fn of(&self, subject: &Subject, reader: &Reader, operation: &Map) -> Access {
        match node::get(operation, "security") {
            Some(node) => security(subject, reader, node, &self.schemes),
            None => self.general.clone().unwrap_or_else(|| subject.default_access.clone()),
        }
    }
}

/// Reads the operations of one path.
fn item_of(
    subject: &Subject,
    &At { document, prefix, security }: &At,
    (key, item): (&Key, &Node),
    definition: &mut Definition,
    taken: &mut HashSet<(Option<String>, Option<String>)>,
) {
    if key.name.starts_with("x-") {
        return;
    }
    let item = open(subject.resolver, item);
    if item.value == Value::Absent {
        return;
    }
    let Some(operations) = subject.reader.map(&key.name, &item) else { return };
    let path = match key.name.as_str() {
        "$default" | "/$default" if is_http(subject) => None,
        path => {
            if let Some(help) = wrong_path(path) {
                let shown: String = path.chars().take(60).collect();
                let owner = &subject.reader.owner;
                let message = format!("`{shown}` of {owner} is not a path of API Gateway's");
                subject.fault(Fault::new(key.at, message).help(help));
                return;
            }
            Some(format!("{prefix}{path}"))
        }
    };
    for (key, operation) in operations {
        let method = match key.name.as_str() {
            ANY_METHOD => None,
            name if METHODS.contains(&name) => Some(name.to_ascii_uppercase()),
            name if METHODS.contains(&name.to_ascii_lowercase().as_str()) => {
                let what = format!("{} {} {name}", subject.path(), path.as_deref().unwrap_or(""));
                let note = "not served: methods of a definition are lower-case";
                subject.reader.report.note(key.at, what, note);
                continue;
            }
            _ => continue,
        };
        let route = Route { method, path: path.clone() };
        let operation = open(subject.resolver, operation);
        match &operation.value {
            Value::Absent | Value::Poison => continue,
            Value::Null => {
                definition.bare.push((route, key.at));
                continue;
            }
            _ => {}
        }
        let owner = format!("{} of {}", written(&route), subject.reader.owner);
        let reader = Reader { report: subject.reader.report, owner };
        let Some(operation) = reader.map(&key.name, &operation) else { continue };
        let integrated = match node::get(operation, INTEGRATION) {
            Some(node) => integration(subject, document, &reader, &route, node),
            None => {
                definition.bare.push((route, key.at));
                continue;
            }
        };
        // A fault in one route is one fault: the others are still looked at.
        let Some(integrated) = integrated else { continue };
        let Integrated { integration, payload_format, timeout, streaming } = integrated;
        if !taken.insert((route.method.clone(), route.path.as_deref().map(shape))) {
            let message = format!("`{}` is there already under another name", written(&route));
            let help = "parameters' names make no difference to API Gateway: keep one of the paths";
            subject.fault(Fault::new(key.at, message).help(help.to_owned()));
            continue;
        }
        let span = subject.reader.report.span(key.at);
        let access = security.of(subject, &reader, operation);
        let added =
            ApiRoute { route, integration, payload_format, timeout, streaming, access, span };
        definition.routes.push(added);
    }
}

/// Reads an operation's integration, which may stand among the document's components.
fn integration(
    subject: &Subject,
    document: &Map,
    reader: &Reader,
    route: &Route,
    node: &Node,
) -> Option<Integrated> {
    let node = open(subject.resolver, node);
    let map = reader.map(INTEGRATION, &node)?;
    let integrations = Integrations {
        resolver: subject.resolver,
        kind: subject.identity.kind,
        stage_variables: &subject.stage_variables,
    };
    let path = format!("{} {}", subject.path(), written(route));
    let read = |map: &Map, at| integrations.read(reader, &DEFINITION, map, at, &path);
    let Some(reference) = node::get(map, "$ref") else { return read(map, node.at) };
    let name = reader.text("$ref", reference)?;
    let found = referred(subject, document, name, |node| {
        reader.map(INTEGRATION, node).and_then(|map| read(map, node.at))
    });
    found.unwrap_or_else(|| {
        let help = format!("write `#/components/{INTEGRATIONS}/NAME`, and give it there");
        reader.wrong("$ref", reference, "the name of an integration of this document", help);
        None
    })
}

/// Reads the integration that `#/components/x-amazon-apigateway-integrations/NAME` means. `None`:
/// there is none.
fn referred<R>(
    subject: &Subject,
    document: &Map,
    reference: &str,
    read: impl FnOnce(&Node) -> R,
) -> Option<R> {
    let name = reference.strip_prefix("#/components/")?.strip_prefix(INTEGRATIONS)?;
    let components = open(subject.resolver, node::get(document, "components")?);
    let integrations = open(subject.resolver, components.get(INTEGRATIONS)?);
    let found = open(subject.resolver, integrations.get(name.strip_prefix('/')?)?);
    Some(read(&found))
}
