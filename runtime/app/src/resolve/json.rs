//! Resolved values as JSON.

use serde_json::Value as Json;

use crate::node::{Kind, Node, Value};

/// A resolved value as JSON; `None` where a part of it is faulty.
pub(crate) fn to_json(node: &Node) -> Option<serde_json::Value> {
    Some(match &node.value {
        Value::Null | Value::Absent => Json::Null,
        Value::Poison => return None,
        Value::Scalar(Kind::Text | Kind::Unresolved, text) => Json::String(text.clone()),
        Value::Scalar(Kind::Bool, text) => Json::Bool(text == "true"),
        Value::Scalar(Kind::Number, text) => {
            serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.clone()))
        }
        Value::List(list) => Json::Array(list.iter().map(to_json).collect::<Option<_>>()?),
        Value::Map(map) => {
            let entries = map.iter().map(|(key, node)| Some((key.name.clone(), to_json(node)?)));
            Json::Object(entries.collect::<Option<_>>()?)
        }
    })
}

/// A resolved value as the text of JSON, with keys in the template's order; `None` where a part of
/// it is faulty.
pub(super) fn text(node: &Node) -> Option<String> {
    let mut text = String::new();
    write(node, &mut text)?;
    Some(text)
}

fn write(node: &Node, text: &mut String) -> Option<()> {
    match &node.value {
        Value::List(list) => {
            text.push('[');
            for (index, node) in list.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(node, text)?;
            }
            text.push(']');
        }
        Value::Map(map) => {
            text.push('{');
            for (index, (key, node)) in map.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                text.push_str(&Json::from(key.name.as_str()).to_string());
                text.push(':');
                write(node, text)?;
            }
            text.push('}');
        }
        _ => text.push_str(&to_json(node)?.to_string()),
    }
    Some(())
}
