//! Gateway responses: what the clients of a REST API get where no integration answers.
//!
//! Source: API Gateway developer guide, "Gateway responses for REST APIs", "Gateway response types"
//! and "x-amazon-apigateway-gateway-responses object"; SAM developer guide,
//! "GatewayResponseType"; CloudFormation's resource reference, "AWS::ApiGateway::GatewayResponse".

use std::collections::BTreeMap;

use super::integration::{expression_of_rest, parts_of_template};
use crate::model::{GatewayResponse, Mapping};
use crate::node::{self, Map, Node};
use crate::read::Reader;

/// Gateway responses by their types.
pub(super) type GatewayResponses = BTreeMap<String, GatewayResponse>;

/// The types, and of those that nothing here leads to, why.
const TYPES: &[(&str, Option<&str>)] = &[
    ("ACCESS_DENIED", None),
    ("API_CONFIGURATION_ERROR", None),
    ("AUTHORIZER_CONFIGURATION_ERROR", None),
    ("AUTHORIZER_FAILURE", Some("an authorizer that fails is AUTHORIZER_CONFIGURATION_ERROR")),
    ("BAD_REQUEST_BODY", Some("bodies are not validated")),
    ("BAD_REQUEST_PARAMETERS", Some("parameters are not validated")),
    ("DEFAULT_4XX", None),
    ("DEFAULT_5XX", None),
    ("EXPIRED_TOKEN", None),
    ("INTEGRATION_FAILURE", None),
    ("INTEGRATION_TIMEOUT", None),
    ("INVALID_API_KEY", None),
    ("INVALID_SIGNATURE", None),
    ("MISSING_AUTHENTICATION_TOKEN", None),
    ("QUOTA_EXCEEDED", None),
    ("REQUEST_TOO_LARGE", None),
    ("RESOURCE_NOT_FOUND", Some("a path without a resource is MISSING_AUTHENTICATION_TOKEN")),
    ("THROTTLED", None),
    ("UNAUTHORIZED", None),
    ("UNSUPPORTED_MEDIA_TYPE", None),
    ("WAF_FILTERED", Some("there is no web application firewall")),
];

/// What the properties are called.
struct Names {
    status: &'static str,
    parameters: &'static str,
    templates: &'static str,
}

const IN_RESOURCES: Names = Names {
    status: "StatusCode",
    parameters: "ResponseParameters",
    templates: "ResponseTemplates",
};

const IN_DEFINITIONS: Names = Names {
    status: "statusCode",
    parameters: "responseParameters",
    templates: "responseTemplates",
};

/// `x-amazon-apigateway-gateway-responses` of a definition; `path` is the API's, for notes.
pub(super) fn definition(reader: &Reader, name: &str, node: &Node, path: &str) -> GatewayResponses {
    let map = reader.map(name, node).map(Map::as_slice).unwrap_or_default();
    let responses = map.iter().filter_map(|(key, node)| {
        let kind = kind(reader, name, &Node::text(key.name.as_str(), key.at), path)?;
        let map = reader.map(&key.name, node)?;
        let headers = parameters(reader, &IN_DEFINITIONS, map);
        Some((kind, response(reader, &IN_DEFINITIONS, map, headers)))
    });
    responses.collect()
}

/// `GatewayResponses` of `AWS::Serverless::Api`.
pub(super) fn sam(reader: &Reader, name: &str, node: &Node, path: &str) -> GatewayResponses {
    let map = reader.map(name, node).map(Map::as_slice).unwrap_or_default();
    let responses = map.iter().filter_map(|(key, node)| {
        let kind = kind(reader, name, &Node::text(key.name.as_str(), key.at), path);
        let map = reader.map(&key.name, node)?;
        reader.only(map, &["ResponseParameters", "ResponseTemplates", "StatusCode"]);
        let mut headers = Vec::new();
        if let Some(node) = node::get(map, "ResponseParameters")
            && let Some(map) = reader.map("ResponseParameters", node)
        {
            reader.only(map, &["Headers", "Paths", "QueryStrings"]);
            let given = node::get(map, "Headers").and_then(|node| reader.map("Headers", node));
            headers = mapped(
                reader,
                given.into_iter().flatten().map(|(key, node)| (key.name.as_str(), node)),
            );
        }
        Some((kind?, response(reader, &IN_RESOURCES, map, headers)))
    });
    responses.collect()
}

/// `AWS::ApiGateway::GatewayResponse`; `properties` are its own. `None`: its type is faulty, which
/// is reported.
pub(super) fn plain(
    reader: &Reader,
    kind_node: &Node,
    properties: &Map,
    path: &str,
) -> Option<(String, GatewayResponse)> {
    let kind = kind(reader, "ResponseType", kind_node, path)?;
    let headers = parameters(reader, &IN_RESOURCES, properties);
    Some((kind, response(reader, &IN_RESOURCES, properties, headers)))
}

/// A type's name, which is noted where nothing leads to it.
fn kind(reader: &Reader, name: &str, node: &Node, path: &str) -> Option<String> {
    let known: Vec<&str> = TYPES.iter().map(|(kind, _)| *kind).collect();
    let kind = reader.choice(name, node, &known)?;
    if let Some((_, Some(why))) = TYPES.iter().find(|(known, _)| *known == kind) {
        reader.report.note(node.at, format!("{path} {kind}"), format!("never answered: {why}"));
    }
    Some(kind.to_owned())
}

fn response(
    reader: &Reader,
    names: &Names,
    map: &Map,
    headers: Vec<(String, Mapping)>,
) -> GatewayResponse {
    let status = node::get(map, names.status)
        .and_then(|node| reader.integer(names.status, node, 200..=599, ""))
        .and_then(|status| u16::try_from(status).ok());
    let templates = node::get(map, names.templates)
        .and_then(|node| reader.map(names.templates, node))
        .map(Map::as_slice)
        .unwrap_or_default();
    let templates = templates.iter().filter_map(|(key, node)| {
        Some((key.name.to_ascii_lowercase(), parts_of_template(reader.text(&key.name, node)?)))
    });
    GatewayResponse { status, headers, templates: templates.collect() }
}

/// `gatewayresponse.header.NAME: "'value'"`. Of paths and queries a response has none.
fn parameters(reader: &Reader, names: &Names, map: &Map) -> Vec<(String, Mapping)> {
    let given = node::get(map, names.parameters);
    let given = given.and_then(|node| reader.map(names.parameters, node));
    mapped(
        reader,
        given.into_iter().flatten().filter_map(|(key, node)| {
            let target = key.name.strip_prefix("gatewayresponse.");
            match target.and_then(|target| target.split_once('.')) {
                Some(("header", name)) if !name.is_empty() => return Some((name, node)),
                Some(("path" | "querystring", _)) => {}
                _ => {
                    let at = Node::text(key.name.as_str(), key.at);
                    let help = "write `gatewayresponse.header.NAME`".to_owned();
                    reader.wrong(names.parameters, &at, "headers of the response", help);
                }
            }
            None
        }),
    )
}

fn mapped<'n>(
    reader: &Reader,
    given: impl Iterator<Item = (&'n str, &'n Node)>,
) -> Vec<(String, Mapping)> {
    let mapped = given.filter_map(|(name, node)| {
        Some((name.to_owned(), expression_of_rest(reader, name, node)?))
    });
    mapped.collect()
}
