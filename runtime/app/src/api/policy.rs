//! Resource policies of REST APIs.
//!
//! Source: API Gateway developer guide, "Control access to a REST API with API Gateway resource
//! policies" and "x-amazon-apigateway-policy"; SAM developer guide, "ResourcePolicyStatement", and
//! the transform's own `samtranslator/swagger/swagger.py`.

use serde_json::{Value as Json, json};

use super::auth::RESOURCE_POLICY;
use super::subject::items;
use crate::node::{self, Node, Value};
use crate::read::Reader;
use crate::resolve::json::to_json;

const NO_VPC: &str = "not evaluated: no request comes by a VPC here";

/// A policy as it stands: a mapping, or the text of one in JSON. `None`: it is neither, which is
/// reported. `path` is where it stands, for notes.
pub(super) fn document(reader: &Reader, name: &str, node: &Node, path: &str) -> Option<Json> {
    let policy = match &node.value {
        Value::Scalar(..) => {
            let text = reader.text(name, node)?;
            let parsed: Option<Json> = serde_json::from_str(text).ok();
            if parsed.is_none() && !node.is_unresolved() {
                reader.wrong(name, node, "a policy", "write it as a mapping".to_owned());
            }
            parsed?
        }
        _ => {
            reader.map(name, node)?;
            to_json(node)?
        }
    };
    if policy.to_string().to_ascii_lowercase().contains("\"aws:sourcevpc") {
        let note = "no request comes by a VPC here: the condition `aws:SourceVpc...` finds none";
        reader.report.note(node.at, path, note);
    }
    Some(policy)
}

/// The statements that SAM makes of a `ResourcePolicy`, about these resources
/// (`execute-api:/STAGE/METHOD/PATH`).
pub(super) fn statements(reader: &Reader, node: &Node, resource: &str, path: &str) -> Vec<Json> {
    let Some(map) = reader.map("ResourcePolicy", node) else { return Vec::new() };
    reader.only(map, RESOURCE_POLICY);
    let mut statements = Vec::new();
    let list = |name: &str| node::get(map, name).map(|node| items(reader, name, node));
    let statement = |effect: &str, principal: Json, condition: Option<Json>| {
        let mut statement = json!({
            "Effect": effect,
            "Action": "execute-api:Invoke",
            "Resource": resource,
            "Principal": principal,
        });
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        statement
    };
    for (name, effect) in [("AwsAccountWhitelist", "Allow"), ("AwsAccountBlacklist", "Deny")] {
        if let Some(accounts) = list(name).filter(|accounts| !accounts.is_empty()) {
            statements.push(statement(effect, json!({"AWS": accounts}), None));
        }
    }
    for (name, operator) in
        [("IpRangeWhitelist", "NotIpAddress"), ("IpRangeBlacklist", "IpAddress")]
    {
        if let Some(ranges) = list(name).filter(|ranges| !ranges.is_empty()) {
            let condition = json!({operator: {"aws:SourceIp": ranges}});
            statements.push(statement("Allow", json!("*"), None));
            statements.push(statement("Deny", json!("*"), Some(condition)));
        }
    }
    // They would refuse everything here. What SAM allows beside them is allowed.
    let of_vpc = map.iter().filter(|(key, _)| key.name.contains("Vpc"));
    for (key, node) in of_vpc {
        if !items(reader, &key.name, node).is_empty() {
            reader.report.note(key.at, format!("{path}.{}", key.name), NO_VPC);
            statements.push(statement("Allow", json!("*"), None));
        }
    }
    if let Some(custom) = node::get(map, "CustomStatements") {
        let name = "CustomStatements";
        let list = match &custom.value {
            Value::Map(_) => std::slice::from_ref(custom),
            _ => reader.list(name, custom).unwrap_or_default(),
        };
        let documents = list.iter().filter_map(|node| document(reader, name, node, path));
        statements.extend(documents);
    }
    statements
}

/// Adds statements to a policy, as SAM does to that of a definition.
pub(super) fn add(policy: &mut Option<Json>, statements: Vec<Json>) {
    if statements.is_empty() {
        return;
    }
    let policy = policy.get_or_insert_with(|| json!({"Version": "2012-10-17", "Statement": []}));
    let known = match policy.get_mut("Statement").map(Json::take) {
        Some(Json::Array(known)) => known,
        Some(Json::Null) | None => Vec::new(),
        Some(one) => vec![one],
    };
    if let Some(policy) = policy.as_object_mut() {
        let all = known.into_iter().chain(statements);
        policy.insert("Statement".to_owned(), all.collect());
    }
}

/// All of an API's stage.
pub(super) fn of_stage(stage: &str) -> String {
    format!("execute-api:/{stage}/*")
}

/// All methods of a path, which matches with any values of its parameters.
pub(super) fn of_path(stage: &str, path: &str) -> String {
    let segments = path.trim_end_matches('/').split('/');
    let segments = segments.map(|segment| if segment.starts_with('{') { "*" } else { segment });
    let path = segments.collect::<Vec<_>>().join("/");
    // A root has no name, and its ARN ends in the slash.
    let path = if path.is_empty() { "/" } else { &path };
    format!("execute-api:/{stage}/*{path}")
}
