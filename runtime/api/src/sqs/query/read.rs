//! Reading inputs from forms, into what the JSON protocol has.

use serde_json::{Map, Value};

use super::super::error::SqsError;
use super::form::Node;
use super::shapes::{Kind, Member};

/// Reads an input from a form. Parameters that are not its members are passed over.
pub(super) fn input(members: &[Member], node: &Node) -> Result<Value, SqsError> {
    let mut document = Map::new();
    for Member { name, key, kind } in members {
        if let Some(node) = node.child(key)
            && let Some(value) = read_kind(key, kind, node)?
        {
            document.insert((*name).to_owned(), value);
        }
    }
    Ok(Value::Object(document))
}

fn read_kind(key: &str, kind: &Kind, node: &Node) -> Result<Option<Value>, SqsError> {
    let value = |node: &Node| node.value().map(Value::from);
    Ok(match kind {
        Kind::Text => value(node),
        Kind::Integer => node.value().map(|text| read_integer(key, text)).transpose()?,
        Kind::Texts => Some(node.items().into_iter().filter_map(|(_, item)| value(item)).collect()),
        Kind::TextMap(name, text) => {
            // An empty value may be left out.
            let text =
                |item: &Node| Ok(item.child(text).and_then(Node::value).unwrap_or_default().into());
            Some(read_map(key, name, node, text)?)
        }
        Kind::Map(members) => {
            let shape = |item: &Node| match item.child("Value") {
                Some(value) => input(members, value),
                None => Ok(Value::Object(Map::new())),
            };
            Some(read_map(key, "Name", node, shape)?)
        }
        Kind::List(members) => {
            let items = node.items().into_iter().map(|(_, item)| input(members, item));
            Some(items.collect::<Result<_, _>>()?)
        }
    })
}

fn read_map(
    key: &str,
    name: &str,
    node: &Node,
    value: impl Fn(&Node) -> Result<Value, SqsError>,
) -> Result<Value, SqsError> {
    let entry = |(number, item): (String, &Node)| {
        let Some(name) = item.child(name).and_then(Node::value) else {
            return Err(SqsError::missing(&format!("{key}{number}.{name}")));
        };
        Ok((name.to_owned(), value(item)?))
    };
    let entries: Result<Map<String, Value>, _> = node.items().into_iter().map(entry).collect();
    entries.map(Value::Object)
}

fn read_integer(key: &str, text: &str) -> Result<Value, SqsError> {
    text.parse::<i64>().map(Value::from).map_err(|_| {
        SqsError::serialization(format!("Value {text} for parameter {key} is not an integer."))
    })
}
