//! Methods and paths as API Gateway takes them.

use std::collections::HashSet;
use std::time::Duration;

use crate::model::{ApiKind, Route};
use crate::node::Node;
use crate::read::Reader;

/// Longest path, in bytes: requests with a longer line are refused (API Gateway developer guide,
/// "Quotas").
pub(super) const MAX_PATH: usize = 10_240;

/// Methods that API Gateway knows.
const METHODS: &[&str] = &["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"];

/// API Gateway's extension of OpenAPI for a route of every method.
pub(super) const ANY_METHOD: &str = "x-amazon-apigateway-any-method";

/// A method: `Some(None)` is any. `None`: the value is faulty, which is reported.
#[expect(clippy::option_option, reason = "no method at all is one of the values")]
pub(crate) fn method(reader: &Reader, name: &str, node: &Node) -> Option<Option<String>> {
    let method = reader.text(name, node)?.to_ascii_uppercase();
    if node.is_unresolved() {
        return None;
    }
    match method.as_str() {
        // SAM's transform takes `*` as it takes `ANY`.
        "*" | "ANY" | "X-AMAZON-APIGATEWAY-ANY-METHOD" => Some(None),
        _ => {
            let upper = Node::text(method.as_str(), node.at);
            Some(Some(reader.choice(name, &upper, METHODS)?.to_owned()))
        }
    }
}

/// The route of a key as HTTP APIs write it: `GET /orders/{id}`, `ANY /{proxy+}`, `$default`.
/// `None`: the value is faulty, which is reported.
pub(super) fn route_key(reader: &Reader, name: &str, node: &Node) -> Option<Route> {
    let text = reader.text(name, node)?;
    if node.is_unresolved() {
        return None;
    }
    if text == "$default" {
        return Some(Route { method: None, path: None });
    }
    let Some((method_text, path)) = text.split_once(' ') else {
        let help = "write a method and a path, as in `GET /orders/{id}`, or `$default`".to_owned();
        reader.wrong(name, node, "a route key", help);
        return None;
    };
    let method = match METHODS.iter().find(|known| **known == method_text) {
        Some(&"ANY") => None,
        Some(method) => Some((*method).to_owned()),
        None => {
            let help = format!("methods are {}", METHODS.join(", "));
            reader.wrong(name, node, "a route key", help);
            return None;
        }
    };
    if let Some(help) = wrong_path(path) {
        reader.wrong(name, node, "a route key", help);
        return None;
    }
    Some(Route { method, path: Some(path.to_owned()) })
}

/// A route as people write it: `GET /orders`, `ANY /{proxy+}`, `$default`.
pub(crate) fn written(route: &Route) -> String {
    match (&route.method, &route.path) {
        (None, None) => "$default".to_owned(),
        (method, path) => {
            let method = method.as_deref().unwrap_or("ANY");
            format!("{method} {}", path.as_deref().unwrap_or("$default"))
        }
    }
}

/// What to write instead of a path that API Gateway would not take (API Gateway developer guide,
/// "Create routes for HTTP APIs").
pub(crate) fn wrong_path(path: &str) -> Option<String> {
    if !path.starts_with('/') {
        return Some("start it with `/`".to_owned());
    }
    if path.len() > MAX_PATH {
        return Some(format!("write at most {MAX_PATH} bytes: no request could match more"));
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mut names = HashSet::new();
    for (index, segment) in segments.iter().enumerate() {
        if !segment.contains(['{', '}']) {
            continue;
        }
        let name = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}'));
        let Some(name) = name.filter(|name| !name.contains(['{', '}'])) else {
            return Some("a parameter takes a whole segment: `/orders/{id}`".to_owned());
        };
        let (name, is_greedy) = match name.strip_suffix('+') {
            Some(name) => (name, true),
            None => (name, false),
        };
        if name.is_empty() {
            return Some("give the parameter a name: `{id}`".to_owned());
        }
        if is_greedy && index + 1 < segments.len() {
            return Some("a greedy parameter (`{proxy+}`) must come last".to_owned());
        }
        if !names.insert(name) {
            return Some(format!("each parameter needs its own name: `{name}` is there twice"));
        }
    }
    None
}

/// A path with its parameters' names taken out: to API Gateway they make no difference.
pub(super) fn shape(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment {
        greedy if greedy.ends_with("+}") => "{+}",
        parameter if parameter.starts_with('{') => "{}",
        literal => literal,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// A path without slashes at its ends, as base paths are kept.
pub(super) fn trimmed(path: &str) -> String {
    path.trim_matches('/').to_owned()
}

/// How long an integration may take: up to 30 seconds in an HTTP API. In a REST API the limit of
/// 29 seconds can be raised on request, to 15 minutes where responses are streamed (API Gateway
/// developer guide, "Quotas").
pub(crate) fn timeout(reader: &Reader, name: &str, node: &Node, kind: ApiKind) -> Option<Duration> {
    let most = match kind {
        ApiKind::Http => 30_000,
        ApiKind::Rest => 900_000,
    };
    let milliseconds = reader.integer(name, node, 50..=most, "milliseconds")?;
    Some(Duration::from_millis(milliseconds.into()))
}
