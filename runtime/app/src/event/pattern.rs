//! Event patterns: those of EventBridge's rules, of event source mappings' filters and of SNS's
//! filter policies are of one form.
//!
//! Source: EventBridge user guide, "Event pattern syntax" and "Comparison operators"; Lambda
//! developer guide, "Event filtering"; SNS developer guide, "Filter policies".

use serde_json::Value as Json;

use super::source::Source;
use crate::node::{Key, Kind, Node, Place, Value};
use crate::report::Fault;
use crate::resolve::to_json;
use crate::suggest::did_you_mean;

/// What a value may be compared by, other than as it stands.
const OPERATORS: &[&str] = &[
    "anything-but",
    "cidr",
    "equals-ignore-case",
    "exists",
    "numeric",
    "prefix",
    "suffix",
    "wildcard",
];

/// Whose pattern it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A mapping, or JSON text of one.
    Nested,
    /// As it is, with keys on one level only: SNS's on message attributes.
    Flat,
    /// JSON text of a mapping, and no mapping: Lambda's.
    Text,
}

/// Reads a pattern that is property `name`, and checks its form.
///
/// A value that is only known on AWS gives the text that stands for it.
pub(crate) fn read(source: &Source, name: &str, form: Form) -> Option<Json> {
    let node = source.get(name)?;
    if node.is_unresolved() {
        return to_json(node);
    }
    let parsed;
    let (tree, json) = match &node.value {
        Value::Scalar(_, text) => {
            let json = from_text(source, name, node, text)?;
            parsed = from_json(&json, node.at);
            (&parsed, json)
        }
        Value::Map(_) if form != Form::Text => (node, to_json(node)?),
        Value::Poison => return None,
        _ => {
            let (expected, help) = match form {
                Form::Text => ("JSON text", "write it in quotes, as in '{\"key\": [\"value\"]}'"),
                _ => ("a mapping", "write keys with lists of values, as in `source: [orders]`"),
            };
            source.reader.wrong(name, node, expected, help.to_owned());
            return None;
        }
    };
    let check = Check { source, name, form };
    check.object(tree, "").then_some(json)
}

/// JSON text of an object.
pub(crate) fn from_text(source: &Source, name: &str, node: &Node, text: &str) -> Option<Json> {
    match serde_json::from_str::<Json>(text) {
        Ok(json) if json.is_object() => return Some(json),
        Ok(_) => source.reader.wrong(name, node, "JSON text of an object", None),
        Err(e) => {
            let help = format!("write JSON, as in '{{\"key\": [\"value\"]}}' ({e})");
            source.reader.wrong(name, node, "JSON text of an object", help);
        }
    }
    None
}

/// The tree of JSON text that stands at one place.
fn from_json(json: &Json, at: Place) -> Node {
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Scalar(Kind::Bool, value.to_string()),
        Json::Number(number) => Value::Scalar(Kind::Number, number.to_string()),
        Json::String(text) => Value::Scalar(Kind::Text, text.clone()),
        Json::Array(items) => Value::List(items.iter().map(|item| from_json(item, at)).collect()),
        Json::Object(map) => {
            let entries = map
                .iter()
                .map(|(name, json)| (Key { name: name.clone(), at }, from_json(json, at)));
            Value::Map(entries.collect())
        }
    };
    Node { value, at }
}

struct Check<'c, 'r, 't> {
    source: &'c Source<'r, 't>,
    name: &'c str,
    form: Form,
}

impl Check<'_, '_, '_> {
    /// Checks a level of keys; whether all is well.
    fn object(&self, node: &Node, path: &str) -> bool {
        let Value::Map(map) = &node.value else { return true };
        let mut is_well = true;
        for (key, node) in map {
            let path =
                if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
            is_well &= match &node.value {
                Value::Scalar(Kind::Unresolved, _) | Value::Poison => true,
                Value::List(list) if key.name == "$or" => {
                    let mut is_well = self.is_not_empty(node, list, &path);
                    for item in list {
                        is_well &= match item.value {
                            Value::Map(_) => self.object(item, &path),
                            _ => self.wrong(item, &path, "a list of mappings", None),
                        };
                    }
                    is_well
                }
                Value::List(list) => {
                    let mut is_well = self.is_not_empty(node, list, &path);
                    for item in list {
                        is_well &= self.value(item, &path);
                    }
                    is_well
                }
                Value::Map(_) if self.form == Form::Flat => {
                    let help = "add `FilterPolicyScope: MessageBody`: message attributes have \
                                no parts";
                    self.wrong(node, &path, "a list of values", help.to_owned())
                }
                Value::Map(_) => self.object(node, &path),
                _ => {
                    let help = node.as_str().map(|text| format!("write `[{text}]`"));
                    self.wrong(node, &path, "a list of values", help)
                }
            };
        }
        is_well
    }

    fn is_not_empty(&self, node: &Node, list: &[Node], path: &str) -> bool {
        !list.is_empty() || {
            let help = "nothing matches an empty list: add a value".to_owned();
            self.wrong(node, path, "a list of values", help)
        }
    }

    /// One of the values to match: as it stands, or by an operator.
    fn value(&self, node: &Node, path: &str) -> bool {
        let map = match &node.value {
            Value::Map(map) => map,
            Value::List(_) => return self.wrong(node, path, "a list without lists in it", None),
            _ => return true,
        };
        let [(key, operand)] = map.as_slice() else {
            let help = "give each operator a mapping of its own".to_owned();
            return self.wrong(node, path, "a list of values", help);
        };
        if !OPERATORS.contains(&key.name.as_str()) {
            let shown: String = key.name.chars().take(60).collect();
            let message = format!(
                "unknown operator `{shown}` at `{}` of `{}` of {}",
                self.shown(path),
                self.name,
                self.source.reader.owner
            );
            let help = did_you_mean(&key.name, OPERATORS.iter().copied())
                .unwrap_or_else(|| format!("operators are {}", OPERATORS.join(", ")));
            self.source.reader.report.fault(Fault::new(key.at, message).help(help));
            return false;
        }
        match (key.name.as_str(), &operand.value) {
            (_, Value::Scalar(Kind::Unresolved, _)) => true,
            ("numeric", Value::List(list)) if is_comparison(list) => true,
            ("numeric", _) => {
                let path = format!("{path}.numeric");
                let help = "write comparisons and numbers: `[\">\", 0, \"<=\", 5]`".to_owned();
                self.wrong(operand, &path, "comparisons and numbers in turn", help)
            }
            ("exists", Value::Scalar(_, text)) if text == "true" || text == "false" => true,
            ("exists", _) => {
                self.wrong(operand, &format!("{path}.exists"), "`true` or `false`", None)
            }
            _ => true,
        }
    }

    fn wrong(
        &self,
        node: &Node,
        path: &str,
        expected: &str,
        help: impl Into<Option<String>>,
    ) -> bool {
        let what = match &node.value {
            Value::List(list) if list.is_empty() => "an empty list".to_owned(),
            _ => node.describe(),
        };
        let message = format!(
            "`{}` of `{}` of {} must be {expected}, not {what}",
            self.shown(path),
            self.name,
            self.source.reader.owner
        );
        self.source.reader.report.fault(Fault::new(node.at, message).help(help));
        false
    }

    fn shown(&self, path: &str) -> String {
        path.chars().take(80).collect()
    }
}

/// Comparisons with numbers in turn: `[">", 0, "<=", 5]`.
fn is_comparison(list: &[Node]) -> bool {
    let is_pair = |pair: &[Node]| match pair {
        [comparison, number] => {
            let comparison = comparison.as_str().unwrap_or_default();
            let number = number.as_str().and_then(|text| text.parse::<f64>().ok());
            matches!(comparison, "<" | "<=" | "=" | ">=" | ">") && number.is_some()
        }
        _ => false,
    };
    !list.is_empty() && list.chunks(2).all(is_pair)
}
