//! `Parameters`: types, defaults, values given from outside, constraints.
//!
//! Source: CloudFormation user guide, "Parameters".

use std::collections::BTreeMap;

use regex_lite::Regex;

use super::is_logical_id;
use crate::node::{self, Key, Map, Node, Place};
use crate::report::{Fault, Report};
use crate::suggest::did_you_mean;

const ATTRIBUTES: &[&str] = &[
    "AllowedPattern",
    "AllowedValues",
    "ConstraintDescription",
    "Default",
    "Description",
    "MaxLength",
    "MaxValue",
    "MinLength",
    "MinValue",
    "NoEcho",
    "Type",
];

/// A parameter's value in this run: what `Ref` of it gives.
pub(crate) enum Parameter {
    Text(String),
    /// `CommaDelimitedList` and `List<...>`.
    List(Vec<String>),
    /// The value stands under this name in SSM's parameter store.
    Ssm {
        name: String,
        /// The type is a list.
        list: bool,
    },
    /// The declaration is faulty, which is reported.
    Faulty,
}

impl Parameter {
    pub(super) fn read_all<'t>(
        section: &'t Map,
        given: &BTreeMap<String, String>,
        report: &Report,
    ) -> BTreeMap<&'t str, Self> {
        for name in given.keys() {
            if node::get(section, name).is_none() {
                let names = section.iter().map(|(key, _)| key.name.as_str());
                report.fault(
                    Fault::anywhere(format!(
                        "a value is given for `{name}`, which is no parameter"
                    ))
                    .help(did_you_mean(name, names).or_else(|| {
                        Some("declare it under `Parameters:`, or do not give it".to_owned())
                    })),
                );
            }
        }
        let read = |(key, node): &'t (Key, Node)| {
            let value = read(key, node, given.get(&key.name).map(String::as_str));
            let value = value.unwrap_or_else(|fault| {
                report.fault(fault);
                Parameter::Faulty
            });
            (key.name.as_str(), value)
        };
        section.iter().map(read).collect()
    }
}

fn read(key: &Key, node: &Node, given: Option<&str>) -> Result<Parameter, Fault> {
    let name: String = key.name.chars().take(60).collect();
    if !is_logical_id(key) {
        return Err(Fault::new(key.at, format!("`{name}` is not a parameter name"))
            .help("use letters and digits only, at most 255".to_owned()));
    }
    let Some(map) = node.as_map() else {
        let message = format!("parameter {name} must be a mapping, not {}", node.describe());
        return Err(Fault::new(node.at, message).help("give it a `Type`".to_owned()));
    };
    for (attribute, _) in map {
        if !ATTRIBUTES.contains(&attribute.name.as_str()) {
            let message = format!("unknown attribute `{}` of parameter {name}", attribute.name);
            return Err(Fault::new(attribute.at, message)
                .help(did_you_mean(&attribute.name, ATTRIBUTES.iter().copied())));
        }
    }
    let kind = match node.get("Type") {
        None => {
            return Err(Fault::new(key.at, format!("parameter {name} has no `Type`"))
                .help("add `Type: String`".to_owned()));
        }
        Some(kind) => kind.as_str().filter(|kind| is_type(kind)).ok_or_else(|| {
            let message = format!("unknown type {} of parameter {name}", kind.describe());
            let known = ["String", "Number", "CommaDelimitedList", "List<Number>"];
            let help = kind.as_str().and_then(|kind| did_you_mean(kind, known));
            Fault::new(kind.at, message).help(help)
        })?,
    };
    let (text, at) = match (given, node.get("Default")) {
        (Some(given), _) => (given.to_owned(), key.at),
        (None, Some(default)) => match default.as_str() {
            Some(text) => (text.to_owned(), default.at),
            None => {
                let message =
                    format!("`Default` of {name} must be text, not {}", default.describe());
                return Err(Fault::new(default.at, message));
            }
        },
        (None, None) => {
            return Err(Fault::new(key.at, format!("parameter {name} has no value")).help(
                format!("give it a `Default`, or a value: --parameter-overrides {name}=VALUE"),
            ));
        }
    };
    if kind.starts_with("AWS::SSM::Parameter::Value<") {
        return Ok(Parameter::Ssm { name: text, list: kind.contains("List") });
    }
    let list = kind == "CommaDelimitedList" || kind.starts_with("List<");
    let values = if list { items(&text) } else { vec![text.clone()] };
    for value in &values {
        if kind.contains("Number") && value.parse::<f64>().is_err() {
            return Err(Fault::new(at, format!("{name} must be a number, not `{value}`")));
        }
        check(&name, node, value, at)?;
    }
    Ok(if list { Parameter::List(values) } else { Parameter::Text(text) })
}

fn is_type(kind: &str) -> bool {
    matches!(kind, "String" | "Number" | "CommaDelimitedList" | "List<Number>" | "List<String>")
        || kind.starts_with("AWS::")
        || kind.starts_with("List<AWS::")
}

/// Items of a list parameter: spaces around commas do not count.
pub(crate) fn items(text: &str) -> Vec<String> {
    text.split(',').map(|item| item.trim().to_owned()).collect()
}

/// `AllowedValues`, `AllowedPattern`, lengths and bounds.
fn check(name: &str, node: &Node, value: &str, at: Place) -> Result<(), Fault> {
    if let Some(allowed) = node.get("AllowedValues").and_then(Node::as_list) {
        let allowed: Vec<&str> = allowed.iter().filter_map(Node::as_str).collect();
        if !allowed.contains(&value) {
            let shown: String = value.chars().take(60).collect();
            return Err(Fault::new(at, format!("`{shown}` is not an allowed value of {name}"))
                .help(format!("allowed are {}", allowed.join(", "))));
        }
    }
    if let Some(pattern) = node.get("AllowedPattern").and_then(Node::as_str)
        // AWS's patterns are Java's: one that says more than the library understands is left to AWS.
        && let Ok(regex) = Regex::new(&format!("^(?:{pattern})$"))
        && !regex.is_match(value)
    {
        let shown: String = value.chars().take(60).collect();
        let message = format!("`{shown}` does not match the `AllowedPattern` of {name}");
        let why = node.get("ConstraintDescription").and_then(Node::as_str);
        let help = why.map_or_else(|| format!("the pattern is {pattern}"), str::to_owned);
        return Err(Fault::new(at, message).help(help));
    }
    let bound = |attribute: &str| -> Option<f64> {
        node.get(attribute).and_then(Node::as_str).and_then(|bound| bound.parse().ok())
    };
    let length = value.chars().count() as f64;
    let number = value.parse::<f64>().ok();
    for (attribute, measured, least) in [
        ("MinLength", Some(length), true),
        ("MaxLength", Some(length), false),
        ("MinValue", number, true),
        ("MaxValue", number, false),
    ] {
        let (Some(bound), Some(measured)) = (bound(attribute), measured) else { continue };
        if (least && measured < bound) || (!least && measured > bound) {
            return Err(Fault::new(
                at,
                format!("the value of {name} is outside its `{attribute}` of {bound}"),
            ));
        }
    }
    Ok(())
}
