//! `AWS::ApiGatewayV2::Authorizer` and `AWS::ApiGateway::Authorizer`.
//!
//! Source: CloudFormation's resource reference.

use std::time::Duration;

use super::{REST_TTL, Subject};
use crate::model::{
    AuthorizerKind, IdentitySource, LambdaAuthorizer, LambdaAuthorizerForm, PayloadFormat,
};
use crate::node::{self, Map, Node};

const TTL: &str = "AuthorizerResultTtlInSeconds";

/// Reads the authorizer of an HTTP API.
pub(in crate::api) fn http(subject: &Subject, properties: &Map) -> AuthorizerKind {
    let get = |name: &str| node::get(properties, name);
    let kind = get("AuthorizerType");
    let kind =
        kind.and_then(|node| subject.reader.choice("AuthorizerType", node, &["JWT", "REQUEST"]));
    let sources = get("IdentitySource");
    match kind {
        Some("JWT") => {
            let jwt = get("JwtConfiguration");
            let issuer = jwt.and_then(|jwt| jwt.get("Issuer"));
            let audience = jwt.and_then(|jwt| jwt.get("Audience"));
            subject.jwt(issuer, audience, sources)
        }
        Some(_) => {
            let name = "AuthorizerPayloadFormatVersion";
            let format = get(name).and_then(|node| {
                subject.reader.choice(name, node, &["1.0", "2.0"]).map(|text| text == "1.0")
            });
            let payload_format =
                if format == Some(true) { PayloadFormat::V1 } else { PayloadFormat::V2 };
            let name = "EnableSimpleResponses";
            let simple = get(name).and_then(|node| subject.reader.boolean(name, node));
            let simple = simple.unwrap_or_default();
            let form = LambdaAuthorizerForm::Request { payload_format, simple };
            let sources = sources.map(|node| subject.sources(node)).unwrap_or_default();
            let ttl = subject.ttl(TTL, get(TTL), Duration::ZERO);
            subject.lambda(get("AuthorizerUri"), form, sources, None, ttl)
        }
        None => subject.unknown("its type is not known here"),
    }
}

/// Makes the authorizer of a WebSocket API, whose function `uri` names; `None`: it cannot be asked
/// here, which is noted. It is a `REQUEST` authorizer, it answers a policy, and its answers are not
/// kept (CloudFormation's resource reference, `AWS::ApiGatewayV2::Authorizer`).
pub(in crate::api) fn web_socket(
    subject: &Subject,
    uri: Option<&Node>,
    sources: Option<&Node>,
) -> Option<LambdaAuthorizer> {
    let form = LambdaAuthorizerForm::Request { payload_format: PayloadFormat::V1, simple: false };
    let sources = sources.map(|node| subject.sources(node)).unwrap_or_default();
    match subject.lambda(uri, form, sources, None, Duration::ZERO) {
        AuthorizerKind::Lambda(lambda) => Some(lambda),
        AuthorizerKind::Jwt(_) | AuthorizerKind::UserPools(_) | AuthorizerKind::Unknown => None,
    }
}

/// Reads the authorizer of a REST API.
pub(in crate::api) fn rest(subject: &Subject, properties: &Map) -> AuthorizerKind {
    let get = |name: &str| node::get(properties, name);
    let kinds = ["TOKEN", "REQUEST", "COGNITO_USER_POOLS"];
    let kind = get("Type").and_then(|node| subject.reader.choice("Type", node, &kinds));
    let sources = get("IdentitySource").map(|node| subject.sources(node)).unwrap_or_default();
    let name = "IdentityValidationExpression";
    let validation = get(name).and_then(|node: &Node| subject.reader.text(name, node));
    let validation = validation.map(str::to_owned);
    let ttl = subject.ttl(TTL, get(TTL), REST_TTL);
    match kind {
        Some("COGNITO_USER_POOLS") => {
            let header = sources.into_iter().find_map(|source| match source {
                IdentitySource::Header(name) => Some(name),
                _ => None,
            });
            subject.user_pools(get("ProviderARNs"), header, validation)
        }
        Some("TOKEN") => {
            let form = LambdaAuthorizerForm::Token;
            subject.lambda(get("AuthorizerUri"), form, sources, validation, ttl)
        }
        Some(_) => {
            let form =
                LambdaAuthorizerForm::Request { payload_format: PayloadFormat::V1, simple: false };
            subject.lambda(get("AuthorizerUri"), form, sources, None, ttl)
        }
        None => subject.unknown("its type is not known here"),
    }
}
