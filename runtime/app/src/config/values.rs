//! The values file: what a template takes from the account that it is deployed to.

use std::collections::BTreeMap;
use std::path::Path;

use super::document::{self, Format, Purpose, entries};
use super::{Diagnostics, Files};
use crate::node::{Key, Node, Value};
use crate::options::Values;
use crate::report::{Fault, Report};
use crate::resolve::to_json;
use crate::suggest::did_you_mean;

const PURPOSE: Purpose = Purpose { name: "values file", remedy: "--values FILE" };

const SECTIONS: [&str; 3] = ["Exports", "Parameters", "Secrets"];

/// Reads a values file, YAML or JSON:
///
/// ```yaml
/// Exports:                # other stacks' exports, for Fn::ImportValue
///   network-SubnetId: subnet-0a1b2c3d
/// Parameters:             # SSM's parameter store
///   /shop/stage: dev
///   /shop/zones: [a, b]   # a StringList
/// Secrets:                # Secrets Manager, text or what becomes JSON text
///   shop/token: s3cr3t
///   shop/database: {username: shop, password: s3cr3t}
/// ```
///
/// # Errors
/// The file cannot be read or parsed, sections are unknown, or values are of the wrong type.
pub fn values(files: &dyn Files, path: &Path) -> Result<Values, Diagnostics> {
    let source = document::open(files, path, PURPOSE)?;
    document::take(files, source, Format::Yaml, PURPOSE, sections)
}

fn sections(report: &Report, root: &Node) -> Values {
    let mut values = Values::default();
    for (key, node) in entries(report, root, "a values file") {
        let (into, read): (_, Read) = match key.name.as_str() {
            "Exports" => (&mut values.exports, text),
            "Parameters" => (&mut values.ssm, list),
            "Secrets" => (&mut values.secrets, secret),
            unknown => {
                let shown: String = unknown.chars().take(60).collect();
                let help = did_you_mean(unknown, SECTIONS)
                    .unwrap_or_else(|| format!("sections are {}", SECTIONS.join(", ")));
                report.fault(Fault::new(key.at, format!("unknown section `{shown}`")).help(help));
                continue;
            }
        };
        *into = section(report, key, node, read);
    }
    values
}

/// What a value says; or what it must be.
type Read = fn(&Node) -> Result<String, &'static str>;

fn section(report: &Report, key: &Key, node: &Node, read: Read) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for (name, node) in entries(report, node, &format!("`{}`", key.name)) {
        match read(node) {
            Ok(value) => {
                values.insert(name.name.clone(), value);
            }
            Err(expected) => {
                let shown: String = name.name.chars().take(60).collect();
                let message = format!("`{shown}` must be {expected}, not {}", node.describe());
                report.fault(Fault::new(node.at, message));
            }
        }
    }
    values
}

fn text(node: &Node) -> Result<String, &'static str> {
    node.as_str().map(str::to_owned).ok_or("text")
}

/// A parameter of type `StringList` is its items with commas between (SSM guide).
fn list(node: &Node) -> Result<String, &'static str> {
    let items = node.as_list().unwrap_or(std::slice::from_ref(node));
    let texts: Option<Vec<&str>> = items.iter().map(Node::as_str).collect();
    texts.map(|texts| texts.join(",")).ok_or("text or a list of texts")
}

fn secret(node: &Node) -> Result<String, &'static str> {
    match &node.value {
        Value::Map(_) => to_json(node).map(|json| json.to_string()),
        _ => node.as_str().map(str::to_owned),
    }
    .ok_or("text or a mapping")
}
