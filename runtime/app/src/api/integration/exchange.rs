//! Templates and mappings of a REST API's integration.

use super::change::{of_rest_requests, of_rest_responses};
use crate::model::{Exchange, IntegrationResponse, Passthrough};
use crate::node::{self, Map, Node, Place};
use crate::read::Reader;
use crate::vtl::Template;

/// What the properties are called.
pub(super) struct Names {
    pub(super) parameters: &'static str,
    pub(super) templates: &'static str,
    pub(super) passthrough: &'static str,
    pub(super) responses: &'static str,
}

/// Something that no template can do here, at its place. The integration is not served.
pub(super) struct Beyond {
    pub(super) at: Place,
    pub(super) what: String,
}

/// Reads templates and mappings. The error is the first thing in a template that is not supported.
pub(super) fn read(
    reader: &Reader,
    names: &Names,
    get: impl Fn(&str) -> Option<Node>,
) -> Result<Exchange, Beyond> {
    let parameters = get(names.parameters);
    let parameters = parameters.map(|node| of_rest_requests(reader, names.parameters, &node));
    let templates = match get(names.templates) {
        Some(node) => templates(reader, names.templates, &node)?,
        None => Vec::new(),
    };
    let passthrough = get(names.passthrough).and_then(|node| {
        let text = reader.text(names.passthrough, &node)?.to_ascii_uppercase();
        Some(match text.as_str() {
            "NEVER" => Passthrough::Never,
            "WHEN_NO_TEMPLATES" => Passthrough::WhenNoTemplates,
            _ => Passthrough::WhenNoMatch,
        })
    });
    let responses = match get(names.responses) {
        Some(node) => responses(reader, names.responses, &node)?,
        None => Vec::new(),
    };
    Ok(Exchange {
        parameters: parameters.unwrap_or_default(),
        templates,
        passthrough: passthrough.unwrap_or_default(),
        responses,
    })
}

/// Templates by content type.
fn templates(reader: &Reader, name: &str, node: &Node) -> Result<Vec<(String, Template)>, Beyond> {
    let mut templates = Vec::new();
    for (key, node) in reader.map(name, node).map(Map::as_slice).unwrap_or_default() {
        let Some(text) = reader.text(&key.name, node) else { continue };
        match Template::parse(text) {
            Ok(template) => templates.push((key.name.to_ascii_lowercase(), template)),
            Err(error) => {
                let line = match error.line {
                    1 => String::new(),
                    line => format!(" in line {line}"),
                };
                let what = format!("{}{line} of a mapping template", error.what);
                return Err(Beyond { at: node.at, what });
            }
        }
    }
    Ok(templates)
}

/// Responses: a list in CloudFormation, in a definition a mapping by their patterns.
fn responses(reader: &Reader, name: &str, node: &Node) -> Result<Vec<IntegrationResponse>, Beyond> {
    let mut responses = Vec::new();
    if let Some(map) = node.as_map() {
        for (key, node) in map {
            let Some(map) = reader.map(&key.name, node) else { continue };
            let pattern = Some(key.name.clone()).filter(|pattern| pattern != "default");
            let names = ["statusCode", "responseParameters", "responseTemplates"];
            responses.extend(response(reader, map, pattern, names)?);
        }
        return Ok(responses);
    }
    for node in reader.list(name, node).unwrap_or_default() {
        let Some(map) = reader.map(name, node) else { continue };
        let pattern = node::get(map, "SelectionPattern");
        let pattern = pattern.and_then(|node| reader.text("SelectionPattern", node));
        let pattern = pattern.filter(|pattern| !pattern.is_empty()).map(str::to_owned);
        let names = ["StatusCode", "ResponseParameters", "ResponseTemplates"];
        responses.extend(response(reader, map, pattern, names)?);
    }
    Ok(responses)
}

fn response(
    reader: &Reader,
    map: &Map,
    pattern: Option<String>,
    [status, parameters, by_type]: [&str; 3],
) -> Result<Option<IntegrationResponse>, Beyond> {
    let found = node::get(map, status).and_then(|node| reader.integer(status, node, 200..=599, ""));
    let templates = match node::get(map, by_type) {
        Some(node) => templates(reader, by_type, node)?,
        None => Vec::new(),
    };
    let headers = node::get(map, parameters);
    let headers = headers.map(|node| of_rest_responses(reader, parameters, node));
    Ok(found.and_then(|status| u16::try_from(status).ok()).map(|status| IntegrationResponse {
        pattern,
        status,
        headers: headers.unwrap_or_default(),
        templates,
    }))
}
