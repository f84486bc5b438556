//! Cross-origin resource sharing, in the four forms in which it is written.
//!
//! Source: SAM developer guide, "HttpApiCorsConfiguration" and "CorsConfiguration"; API Gateway
//! developer guide, "x-amazon-apigateway-cors object".

use super::subject::items;
use crate::model::Cors;
use crate::node::{self, Node, Value};
use crate::read::Reader;
use crate::report::Fault;

/// The names of the rules: origins, methods, headers, exposed headers, age, credentials.
type Names = [&'static str; 6];

const PROPERTIES: Names =
    ["AllowOrigins", "AllowMethods", "AllowHeaders", "ExposeHeaders", "MaxAge", "AllowCredentials"];

const EXTENSION: Names =
    ["allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders", "maxAge", "allowCredentials"];

const REST: &[&str] =
    &["AllowCredentials", "AllowHeaders", "AllowMethods", "AllowOrigin", "MaxAge"];

/// `CorsConfiguration` of an HTTP API: `true` for every origin, or rules.
pub(super) fn http(reader: &Reader, name: &str, node: &Node) -> Option<Cors> {
    match &node.value {
        Value::Scalar(..) => {
            let every = Cors { allow_origins: vec!["*".to_owned()], ..Cors::default() };
            reader.boolean(name, node)?.then_some(every)
        }
        // An intrinsic that gives a list: SAM takes it for the origins.
        Value::List(_) => {
            Some(Cors { allow_origins: items(reader, name, node), ..Cors::default() })
        }
        _ => rules(reader, name, node, &PROPERTIES),
    }
}

/// `x-amazon-apigateway-cors` of a definition.
pub(super) fn definition(reader: &Reader, name: &str, node: &Node) -> Option<Cors> {
    rules(reader, name, node, &EXTENSION)
}

/// Rules in lists.
pub(super) fn rules(reader: &Reader, name: &str, node: &Node, names: &Names) -> Option<Cors> {
    let map = reader.map(name, node)?;
    reader.only(map, names);
    let [origins, methods, headers, exposed, age, credentials] = *names;
    let list = |name| node::get(map, name).map(|n| items(reader, name, n)).unwrap_or_default();
    let cors = Cors {
        allow_origins: list(origins),
        allow_methods: list(methods),
        allow_headers: list(headers),
        expose_headers: list(exposed),
        // API Gateway: -1 tells browsers not to keep the answer; a day is its longest time.
        max_age: node::get(map, age)
            .filter(|node| node.as_str() != Some("-1"))
            .and_then(|node| reader.integer(age, node, 0..=86_400, "seconds")),
        allow_credentials: node::get(map, credentials)
            .and_then(|node| reader.boolean(credentials, node))
            .unwrap_or(false),
    };
    check_credentials(reader, node::get(map, credentials), &cors);
    Some(cors)
}

/// `CorsConfiguration` of `AWS::ApiGatewayV2::Api`.
pub(super) fn plain(reader: &Reader, name: &str, node: &Node) -> Option<Cors> {
    rules(reader, name, node, &PROPERTIES)
}

/// `Cors` of a REST API: an origin, or rules. Their values are mapping expressions, so text is in
/// quotes of its own: `"'*'"`.
pub(super) fn rest(reader: &Reader, name: &str, node: &Node) -> Option<Cors> {
    if let Value::Scalar(..) = node.value {
        let origin = unquoted(reader.text(name, node)?);
        return match origin {
            "" | "false" => None,
            "true" => {
                let help = "write the origin: `\"'*'\"` for every one".to_owned();
                reader.wrong(name, node, "an origin or a mapping", help);
                None
            }
            _ => Some(Cors { allow_origins: vec![origin.to_owned()], ..Cors::default() }),
        };
    }
    let map = reader.map(name, node)?;
    reader.only(map, REST);
    let texts = |name| {
        let text = node::get(map, name).and_then(|node| reader.text(name, node));
        let items = text.map(unquoted).unwrap_or_default().split(',').map(str::trim);
        items.filter(|item| !item.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut origins = texts("AllowOrigin");
    if origins.is_empty() {
        origins = vec!["*".to_owned()];
    }
    let cors = Cors {
        allow_origins: origins,
        allow_methods: texts("AllowMethods"),
        allow_headers: texts("AllowHeaders"),
        expose_headers: Vec::new(),
        max_age: node::get(map, "MaxAge").and_then(|node| {
            let text = Node { value: requoted(node), at: node.at };
            reader.integer("MaxAge", &text, 0..=u32::MAX, "seconds")
        }),
        allow_credentials: node::get(map, "AllowCredentials")
            .and_then(|node| reader.boolean("AllowCredentials", node))
            .unwrap_or(false),
    };
    check_credentials(reader, node::get(map, "AllowCredentials"), &cors);
    Some(cors)
}

/// Browsers, and so SAM, refuse credentials for every origin.
fn check_credentials(reader: &Reader, credentials: Option<&Node>, cors: &Cors) {
    let is_every = cors.allow_origins == ["*"];
    if let Some(node) = credentials.filter(|_| cors.allow_credentials && is_every) {
        let message = format!("`AllowCredentials` of {} needs origins", reader.owner);
        let help = "name the origins that may send credentials: `*` may not".to_owned();
        reader.report.fault(Fault::new(node.at, message).help(help));
    }
}

/// A mapping expression's static value: what is between its single quotes.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(text)
}

fn requoted(node: &Node) -> Value {
    match &node.value {
        Value::Scalar(kind, text) => Value::Scalar(*kind, unquoted(text).to_owned()),
        other => other.clone(),
    }
}
