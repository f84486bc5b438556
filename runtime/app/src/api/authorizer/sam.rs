//! `Auth.Authorizers` of SAM's APIs.
//!
//! Source: SAM developer guide, "OAuth2Authorizer", "LambdaAuthorizer", "CognitoAuthorizer",
//! "LambdaTokenAuthorizer" and "LambdaRequestAuthorizer"; the transform's
//! `model/apigatewayv2.py` and `model/apigateway.py`.

use std::time::Duration;

use super::{REST_TTL, Subject, either};
use crate::model::{ApiKind, AuthorizerKind, IdentitySource, LambdaAuthorizerForm, PayloadFormat};
use crate::node::{self, Map, Node};
use crate::report::Fault;

use crate::api::subject::items;

/// Reads the authorizer that these properties define.
pub(in crate::api) fn authorizer(
    subject: &Subject,
    kind: ApiKind,
    properties: &Map,
) -> AuthorizerKind {
    match kind {
        ApiKind::Http => http(subject, properties),
        ApiKind::Rest => rest(subject, properties),
    }
}

fn http(subject: &Subject, map: &Map) -> AuthorizerKind {
    if let Some(jwt) = node::get(map, "JwtConfiguration") {
        let source = node::get(map, "IdentitySource");
        return subject.jwt(either(jwt, "issuer"), either(jwt, "audience"), source);
    }
    let Some(function) = node::get(map, "FunctionArn") else {
        return subject.unknown("it has neither `JwtConfiguration` nor `FunctionArn`");
    };
    let Some(format) = node::get(map, "AuthorizerPayloadFormatVersion") else {
        let message = format!("{} has no `AuthorizerPayloadFormatVersion`", subject.path);
        let help = "add one: `AuthorizerPayloadFormatVersion: 2.0`".to_owned();
        subject.reader.report.fault(Fault::new(subject.at, message).help(help));
        return AuthorizerKind::Unknown;
    };
    let name = "AuthorizerPayloadFormatVersion";
    let format = subject.reader.choice(name, format, &["1.0", "2.0", "1", "2"]);
    let payload_format = match format {
        Some("1.0" | "1") => PayloadFormat::V1,
        _ => PayloadFormat::V2,
    };
    let simple = node::get(map, "EnableSimpleResponses");
    let simple = simple.and_then(|node| subject.reader.boolean("EnableSimpleResponses", node));
    let form = LambdaAuthorizerForm::Request { payload_format, simple: simple.unwrap_or_default() };
    let identity = node::get(map, "Identity");
    let ttl = reauthorize_every(subject, identity, Duration::ZERO);
    subject.lambda(Some(function), form, sources(subject, identity), None, ttl)
}

fn rest(subject: &Subject, map: &Map) -> AuthorizerKind {
    let identity = node::get(map, "Identity");
    let text = |name: &str| {
        let node = identity.and_then(|identity| identity.get(name))?;
        subject.reader.text(name, node).map(str::to_owned)
    };
    let validation = text("ValidationExpression");
    if let Some(pools) = node::get(map, "UserPoolArn") {
        return subject.user_pools(Some(pools), text("Header"), validation);
    }
    let Some(function) = node::get(map, "FunctionArn") else {
        return subject.unknown("it has neither `UserPoolArn` nor `FunctionArn`");
    };
    let ttl = reauthorize_every(subject, identity, REST_TTL);
    let kind = node::get(map, "FunctionPayloadType");
    let kind = kind
        .and_then(|node| subject.reader.choice("FunctionPayloadType", node, &["TOKEN", "REQUEST"]));
    if kind == Some("REQUEST") {
        let form =
            LambdaAuthorizerForm::Request { payload_format: PayloadFormat::V1, simple: false };
        return subject.lambda(Some(function), form, sources(subject, identity), None, ttl);
    }
    let header = text("Header").unwrap_or_else(|| super::HEADER.to_owned());
    let sources = vec![IdentitySource::Header(header)];
    subject.lambda(Some(function), LambdaAuthorizerForm::Token, sources, validation, ttl)
}

/// `Identity`: what it lists, in the transform's order.
fn sources(subject: &Subject, identity: Option<&Node>) -> Vec<IdentitySource> {
    let list = |name: &str| {
        let node = identity.and_then(|identity| identity.get(name));
        node.map(|node| items(subject.reader, name, node)).unwrap_or_default().into_iter()
    };
    list("Headers")
        .map(IdentitySource::Header)
        .chain(list("QueryStrings").map(IdentitySource::Query))
        .chain(list("StageVariables").map(IdentitySource::StageVariable))
        .chain(list("Context").map(IdentitySource::Context))
        .collect()
}

fn reauthorize_every(subject: &Subject, identity: Option<&Node>, default: Duration) -> Duration {
    let node = identity.and_then(|identity| identity.get("ReauthorizeEvery"));
    subject.ttl("ReauthorizeEvery", node, default)
}
