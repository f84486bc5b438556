//! Security schemes of API definitions, and the operations that ask for them.
//!
//! Source: API Gateway developer guide, "x-amazon-apigateway-authorizer object",
//! "x-amazon-apigateway-authorizer objects for HTTP APIs" and "x-amazon-apigateway-authtype
//! property"; OpenAPI 3.0, "Security Requirement Object".

use std::collections::BTreeMap;
use std::time::Duration;

use super::{HEADER, REST_TTL, Subject};
use crate::api::subject::{Subject as Api, items, open};
use crate::model::{
    Access, ApiKind, Authorization, Authorizer, AuthorizerKind, IdentitySource,
    LambdaAuthorizerForm, PayloadFormat,
};
use crate::node::{self, Map, Node, Value};
use crate::read::Reader;

const AUTHORIZER: &str = "x-amazon-apigateway-authorizer";
const AUTH_TYPE: &str = "x-amazon-apigateway-authtype";

/// The header of API keys.
const API_KEY: &str = "x-api-key";

/// What a security scheme means to API Gateway.
enum Scheme {
    /// `awsSigv4`.
    Iam,
    /// An API key, in a REST API.
    ApiKey,
    /// An authorizer of the same name.
    Authorizer,
    /// Nothing: it is for the documentation's readers.
    Nothing,
}

/// The security schemes of a document.
#[derive(Default)]
pub(in crate::api) struct Schemes {
    schemes: BTreeMap<String, Scheme>,
    pub(in crate::api) authorizers: Vec<Authorizer>,
}

/// Reads the security schemes of a document.
pub(in crate::api) fn schemes(api: &Api, document: &Map) -> Schemes {
    let mut read = Schemes::default();
    let of_swagger = node::get(document, "securityDefinitions").map(|n| open(api.resolver, n));
    let components = node::get(document, "components").map(|n| open(api.resolver, n));
    let of_open_api = components.as_deref().and_then(|n| n.get("securitySchemes"));
    let of_open_api = of_open_api.map(|node| open(api.resolver, node));
    for section in [of_swagger, of_open_api].iter().flatten() {
        let Some(map) = section.as_map() else { continue };
        for (key, node) in map {
            let node = api.resolver.resolve(node);
            let scheme = scheme(api, &key.name, &node, &mut read.authorizers);
            read.schemes.insert(key.name.clone(), scheme);
        }
    }
    read
}

fn scheme(api: &Api, name: &str, node: &Node, authorizers: &mut Vec<Authorizer>) -> Scheme {
    let text = |name: &str| node.get(name).and_then(Node::as_str);
    if text(AUTH_TYPE).is_some_and(|kind| kind.eq_ignore_ascii_case("awsSigv4")) {
        return Scheme::Iam;
    }
    if let Some(map) = node.get(AUTHORIZER).and_then(Node::as_map) {
        let path = format!("{} {name}", api.path());
        let at = node.at;
        let subject = Subject { resolver: api.resolver, reader: &api.reader, at, path };
        let kind = match api.identity.kind {
            ApiKind::Http => http(&subject, map),
            ApiKind::Rest => rest(&subject, map, text("name")),
        };
        let span = api.reader.report.span(at);
        authorizers.push(Authorizer { name: name.to_owned(), kind, span });
        return Scheme::Authorizer;
    }
    let is_key = text("name").is_some_and(|name| name.eq_ignore_ascii_case(API_KEY));
    if is_key && text("in") == Some("header") && api.identity.kind == ApiKind::Rest {
        return Scheme::ApiKey;
    }
    Scheme::Nothing
}

fn http(subject: &Subject, map: &Map) -> AuthorizerKind {
    let get = |name: &str| node::get(map, name);
    let kind = get("type").and_then(Node::as_str).unwrap_or_default();
    if kind.eq_ignore_ascii_case("jwt") {
        let jwt = get("jwtConfiguration");
        let issuer = jwt.and_then(|jwt| jwt.get("issuer"));
        let audience = jwt.and_then(|jwt| jwt.get("audience"));
        return subject.jwt(issuer, audience, get("identitySource"));
    }
    if !kind.eq_ignore_ascii_case("request") {
        return subject.unknown("its type is neither `jwt` nor `request`");
    }
    let format = get("authorizerPayloadFormatVersion").and_then(Node::as_str);
    let payload_format =
        if matches!(format, Some("1.0" | "1")) { PayloadFormat::V1 } else { PayloadFormat::V2 };
    let simple = get("enableSimpleResponses");
    let simple = simple.and_then(|node| subject.reader.boolean("enableSimpleResponses", node));
    let form = LambdaAuthorizerForm::Request { payload_format, simple: simple.unwrap_or_default() };
    let sources = get("identitySource").map(|node| subject.sources(node)).unwrap_or_default();
    let ttl = ttl(subject, map, Duration::ZERO);
    subject.lambda(get("authorizerUri"), form, sources, None, ttl)
}

/// `header` is the scheme's own `name`: the header with the token.
fn rest(subject: &Subject, map: &Map, header: Option<&str>) -> AuthorizerKind {
    let get = |name: &str| node::get(map, name);
    let kind = get("type").and_then(Node::as_str).unwrap_or_default().to_ascii_lowercase();
    let validation = get("identityValidationExpression").and_then(Node::as_str).map(str::to_owned);
    let ttl = ttl(subject, map, REST_TTL);
    match kind.as_str() {
        "cognito_user_pools" => {
            subject.user_pools(get("providerARNs"), header.map(str::to_owned), validation)
        }
        "token" => {
            let header = header.unwrap_or(HEADER).to_owned();
            let sources = vec![IdentitySource::Header(header)];
            let form = LambdaAuthorizerForm::Token;
            subject.lambda(get("authorizerUri"), form, sources, validation, ttl)
        }
        "request" => {
            let sources = get("identitySource").map(|node| subject.sources(node));
            let form =
                LambdaAuthorizerForm::Request { payload_format: PayloadFormat::V1, simple: false };
            let sources = sources.unwrap_or_default();
            subject.lambda(get("authorizerUri"), form, sources, None, ttl)
        }
        _ => subject.unknown("its type is not `token`, `request` or `cognito_user_pools`"),
    }
}

fn ttl(subject: &Subject, map: &Map, default: Duration) -> Duration {
    let name = "authorizerResultTtlInSeconds";
    subject.ttl(name, node::get(map, name), default)
}

/// Who may call what has this `security`.
pub(in crate::api) fn security(api: &Api, reader: &Reader, node: &Node, all: &Schemes) -> Access {
    let node = api.resolver.resolve(node);
    let mut access = Access::default();
    let requirements = match &node.value {
        Value::List(list) => list.as_slice(),
        Value::Map(_) => std::slice::from_ref(&node),
        _ => &[],
    };
    let named = requirements.iter().filter_map(Node::as_map).flatten();
    for (key, scopes) in named {
        match all.schemes.get(&key.name) {
            Some(Scheme::Iam) => access.authorization = Authorization::Iam,
            Some(Scheme::ApiKey) => access.api_key_required = true,
            Some(Scheme::Authorizer) => {
                let scopes = match &scopes.value {
                    Value::List(_) => items(reader, &key.name, scopes),
                    _ => Vec::new(),
                };
                let name = key.name.clone();
                access.authorization = Authorization::Authorizer { name, scopes };
            }
            Some(Scheme::Nothing) | None => {}
        }
    }
    access
}
