//! Properties of SAM's API types, and those that are only looked at.

use super::subject::Subject;
use crate::model::ApiKind;
use crate::node::{Node, Value};
use crate::property::{Effect, Table};
use crate::report::Fault;

/// Of WebSocket APIs.
pub(super) const NO_AUTH: &str = "not checked: every request is let through";
pub(super) const NO_DOMAIN: &str = "not served: use the local address";
pub(super) const NO_MODELS: &str = "bodies are not validated";
pub(super) const NO_CANARY: &str = "all requests go to the functions of the template";

const HTTP_API: &Table = &[
    ("AccessLogSettings", Effect::Read),
    ("Auth", Effect::Read),
    ("CorsConfiguration", Effect::Read),
    ("DefaultRouteSettings", Effect::Read),
    ("DefinitionBody", Effect::Read),
    ("DefinitionUri", Effect::Read),
    ("Description", Effect::Accepted),
    ("DisableExecuteApiEndpoint", Effect::Accepted),
    ("Domain", Effect::Missing(NO_DOMAIN)),
    ("FailOnWarnings", Effect::Accepted),
    ("Name", Effect::Read),
    ("PropagateTags", Effect::Accepted),
    ("RouteSettings", Effect::Read),
    ("StageName", Effect::Read),
    ("StageVariables", Effect::Read),
    ("Tags", Effect::Accepted),
];

const REST_API: &Table = &[
    ("AccessLogSetting", Effect::Read),
    ("AlwaysDeploy", Effect::Accepted),
    ("ApiKeySourceType", Effect::Read),
    ("Auth", Effect::Read),
    ("BinaryMediaTypes", Effect::Read),
    ("CacheClusterEnabled", Effect::Accepted),
    ("CacheClusterSize", Effect::Accepted),
    ("CanarySetting", Effect::Missing(NO_CANARY)),
    ("Cors", Effect::Read),
    ("DefinitionBody", Effect::Read),
    ("DefinitionUri", Effect::Read),
    ("Description", Effect::Accepted),
    ("DisableExecuteApiEndpoint", Effect::Accepted),
    ("Domain", Effect::Missing(NO_DOMAIN)),
    ("EndpointAccessMode", Effect::Accepted),
    ("EndpointConfiguration", Effect::Accepted),
    ("FailOnWarnings", Effect::Accepted),
    ("GatewayResponses", Effect::Read),
    ("MergeDefinitions", Effect::Read),
    ("MethodSettings", Effect::Read),
    ("MinimumCompressionSize", Effect::Read),
    ("Mode", Effect::Accepted),
    ("Models", Effect::Missing(NO_MODELS)),
    ("Name", Effect::Read),
    ("OpenApiVersion", Effect::Accepted),
    ("Policy", Effect::Read),
    ("PropagateTags", Effect::Accepted),
    ("SecurityPolicy", Effect::Accepted),
    ("StageName", Effect::Read),
    ("Tags", Effect::Accepted),
    ("TracingEnabled", Effect::Accepted),
    ("Variables", Effect::Read),
];

/// The properties of SAM's type.
pub(super) fn table(kind: ApiKind) -> &'static Table {
    match kind {
        ApiKind::Http => HTTP_API,
        ApiKind::Rest => REST_API,
    }
}

const BOOLEANS: &[&str] = &[
    "AlwaysDeploy",
    "CacheClusterEnabled",
    "DisableExecuteApiEndpoint",
    "FailOnWarnings",
    "PropagateTags",
    "TracingEnabled",
];

const TEXTS: &[&str] = &["CacheClusterSize", "Description"];

const MAPPINGS: &[&str] =
    &["CanarySetting", "DefaultRouteSettings", "Models", "RouteSettings", "Tags"];

/// Looks at the properties that change nothing here: their types, and the names in them.
pub(super) fn check(subject: &Subject) {
    let reader = &subject.reader;
    for name in BOOLEANS {
        if let Some((_, node)) = subject.property(name) {
            reader.boolean(name, &node);
        }
    }
    for name in TEXTS {
        if let Some((_, node)) = subject.property(name) {
            reader.text(name, &node);
        }
    }
    for name in MAPPINGS {
        if let Some((_, node)) = subject.property(name) {
            reader.map(name, &node);
        }
    }
    if let Some((_, node)) = subject.property("MethodSettings") {
        reader.list("MethodSettings", &node);
    }
    if let Some((_, node)) = subject.property("Mode") {
        reader.choice("Mode", &node, &["merge", "overwrite"]);
    }
    if let Some((_, node)) = subject.property("EndpointConfiguration")
        && let Value::Map(map) = &node.value
    {
        reader.only(map, &["IpAddressType", "Type", "VPCEndpointIds"]);
    }
    if let Some((_, node)) = subject.property("OpenApiVersion") {
        open_api_version(subject, &node);
    }
}

/// `2.0`, `3.0.1`: the pattern of SAM's transform.
fn open_api_version(subject: &Subject, node: &Node) {
    let Some(text) = subject.reader.text("OpenApiVersion", node) else { return };
    let mut parts = text.split('.');
    let is_major = matches!(parts.next(), Some("2" | "3"));
    let is_minor = |part: &str| part.len() == 1 && part.bytes().all(|b| b.is_ascii_digit());
    let is_version = is_major && text.len() <= 5 && parts.all(is_minor);
    if !is_version && !node.is_unresolved() {
        let help = "write `OpenApiVersion: 3.0.1`".to_owned();
        subject.reader.wrong("OpenApiVersion", node, "a version of OpenAPI", help);
    }
}

/// Both of two properties that exclude each other are there.
pub(super) fn exclusive(subject: &Subject, first: &str, second: &str, at: &Node) {
    let message = format!("{} has both `{first}` and `{second}`", subject.reader.owner);
    subject.fault(Fault::new(at.at, message).help("keep one of them".to_owned()));
}
