//! Parameter mappings of HTTP APIs, and what of REST APIs is like them.

use super::mapping::{of_http, of_rest};
use crate::model::{ChangeKind, Mapping, ParameterChange, ParameterTarget};
use crate::node::{self, Map, Node, Value};
use crate::read::Reader;

/// `RequestParameters` of an HTTP API's proxy integration: `overwrite:header.x: $context.y`.
pub(super) fn requests(reader: &Reader, name: &str, node: &Node) -> Vec<ParameterChange> {
    changes(reader, name, node, &["header", "querystring", "path"])
}

/// `ResponseParameters` of an HTTP API: of each status, a mapping in a definition, and in
/// CloudFormation a list of `Destination` and `Source`.
pub(super) fn responses(
    reader: &Reader,
    name: &str,
    node: &Node,
) -> Vec<(u16, Vec<ParameterChange>)> {
    let mut by_status = Vec::new();
    for (key, node) in reader.map(name, node).map(Map::as_slice).unwrap_or_default() {
        let Some(status) = key.name.parse().ok().filter(|status| (200..600).contains(status))
        else {
            let at = Node::text(key.name.as_str(), key.at);
            reader.wrong(name, &at, "changes by status, from 200 to 599", None);
            continue;
        };
        let listed = node.get("ResponseParameters");
        let list = listed.and_then(|node| reader.list("ResponseParameters", node));
        let kinds = &["header", "statuscode"];
        let changes = match list {
            Some(list) => list
                .iter()
                .filter_map(|item| {
                    let map = reader.map("ResponseParameters", item)?;
                    reader.only(map, &["Destination", "Source"]);
                    let destination = node::get(map, "Destination")?;
                    let text = reader.text("Destination", destination)?;
                    change(reader, text, destination, node::get(map, "Source")?, kinds)
                })
                .collect(),
            None => changes(reader, name, node, kinds),
        };
        by_status.push((status, changes));
    }
    by_status
}

fn changes(reader: &Reader, name: &str, node: &Node, kinds: &[&str]) -> Vec<ParameterChange> {
    let map = reader.map(name, node).map(Map::as_slice).unwrap_or_default();
    let changes = map.iter().filter_map(|(key, value)| {
        let at = Node::text(key.name.as_str(), key.at);
        change(reader, &key.name, &at, value, kinds)
    });
    changes.collect()
}

fn change(
    reader: &Reader,
    destination: &str,
    at: &Node,
    value: &Node,
    kinds: &[&str],
) -> Option<ParameterChange> {
    let Some((kind, target)) = parse(destination, kinds) else {
        let help = format!("write `overwrite:header.NAME`; there are {}", kinds.join(", "));
        reader.wrong(destination, at, "a change of a parameter", help);
        return None;
    };
    let value = match (&value.value, kind) {
        (Value::Null, ChangeKind::Remove) => Mapping::default(),
        _ => expression(reader, destination, value, of_http)?,
    };
    Some(ParameterChange { kind, target, value })
}

fn parse(text: &str, kinds: &[&str]) -> Option<(ChangeKind, ParameterTarget)> {
    let (kind, target) = text.split_once(':')?;
    let kind = match kind {
        "append" => ChangeKind::Append,
        "overwrite" => ChangeKind::Overwrite,
        "remove" => ChangeKind::Remove,
        _ => return None,
    };
    let (what, name) = target.split_once('.').unwrap_or((target, ""));
    if !kinds.contains(&what) {
        return None;
    }
    let target = match (what, name) {
        ("header", name) if !name.is_empty() => ParameterTarget::Header(name.to_owned()),
        ("querystring", name) if !name.is_empty() => ParameterTarget::Query(name.to_owned()),
        ("path", "") if kind == ChangeKind::Overwrite => ParameterTarget::FullPath,
        ("statuscode", "") if kind == ChangeKind::Overwrite => ParameterTarget::StatusCode,
        _ => return None,
    };
    Some((kind, target))
}

/// `RequestParameters` of a REST API: `integration.request.header.x: method.request.path.y`.
pub(super) fn of_rest_requests(
    reader: &Reader,
    name: &str,
    node: &Node,
) -> Vec<(ParameterTarget, Mapping)> {
    let map = reader.map(name, node).map(Map::as_slice).unwrap_or_default();
    let mapped = map.iter().filter_map(|(key, value)| {
        let target = key.name.strip_prefix("integration.request.").and_then(|target| {
            let (kind, name) = target.split_once('.')?;
            let name = name.to_owned();
            Some(match kind {
                "header" | "multivalueheader" => ParameterTarget::Header(name),
                "querystring" | "multivaluequerystring" => ParameterTarget::Query(name),
                "path" => ParameterTarget::Path(name),
                _ => return None,
            })
        });
        let Some(target) = target else {
            let at = Node::text(key.name.as_str(), key.at);
            let help = "write `integration.request.header.NAME`, `.querystring.` or `.path.`";
            reader.wrong(name, &at, "parameters of the integration", help.to_owned());
            return None;
        };
        Some((target, expression(reader, &key.name, value, of_rest)?))
    });
    mapped.collect()
}

/// `ResponseParameters` of a REST API, which are headers.
pub(super) fn of_rest_responses(
    reader: &Reader,
    name: &str,
    node: &Node,
) -> Vec<(String, Mapping)> {
    let map = reader.map(name, node).map(Map::as_slice).unwrap_or_default();
    let mapped = map.iter().filter_map(|(key, value)| {
        let Some(header) = key.name.strip_prefix("method.response.header.") else {
            let at = Node::text(key.name.as_str(), key.at);
            let help = "write `method.response.header.NAME`".to_owned();
            reader.wrong(name, &at, "headers of the response", help);
            return None;
        };
        Some((header.to_owned(), expression(reader, &key.name, value, of_rest)?))
    });
    mapped.collect()
}

/// The parameters of a service's call.
pub(super) fn of_service(reader: &Reader, name: &str, node: &Node) -> Vec<(String, Mapping)> {
    let map = reader.map(name, node).map(Map::as_slice).unwrap_or_default();
    let mapped = map.iter().filter_map(|(key, value)| {
        Some((key.name.clone(), expression(reader, &key.name, value, of_http)?))
    });
    mapped.collect()
}

/// A mapping expression of a REST API, which is reported where it is none.
pub(in crate::api) fn expression_of_rest(
    reader: &Reader,
    name: &str,
    node: &Node,
) -> Option<Mapping> {
    expression(reader, name, node, of_rest)
}

fn expression(
    reader: &Reader,
    name: &str,
    node: &Node,
    parse: impl FnOnce(&str) -> Option<Mapping>,
) -> Option<Mapping> {
    let text = reader.text(name, node)?;
    let mapping = parse(text);
    if mapping.is_none() && !node.is_unresolved() {
        let help = "see API Gateway's guide on parameter mapping for what there is".to_owned();
        reader.wrong(name, node, "a mapping expression", help);
    }
    mapping
}
