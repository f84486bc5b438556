//! `Outputs`.

use crate::model::{Api, Output};
use crate::node::{self, Map, Node};
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::Resolver;

const ATTRIBUTES: &[&str] = &["Condition", "Description", "Export", "Value"];

/// Reads the outputs whose conditions are met, in template order.
pub(crate) fn read(resolver: &Resolver, apis: &[Api]) -> Vec<Output> {
    let mut outputs = Vec::new();
    for (key, node) in resolver.template.outputs {
        let owner: String = key.name.chars().take(60).collect();
        let reader = Reader { report: resolver.report, owner: format!("output {owner}") };
        let Some(map) = node.as_map() else {
            reader.wrong(&owner, node, "a mapping", "give it a `Value`".to_owned());
            continue;
        };
        reader.only(map, ATTRIBUTES);
        if !resolver.is_met(node::get(map, "Condition")) {
            continue;
        }
        let Some(value) = node::get(map, "Value") else {
            let message = format!("{} has no `Value`", reader.owner);
            resolver.report.fault(Fault::new(key.at, message).help("add a `Value`".to_owned()));
            continue;
        };
        if let Some(value) = reader.text("Value", &resolver.resolve(value)) {
            outputs.push(Output {
                name: key.name.clone(),
                description: node::get(map, "Description")
                    .and_then(Node::as_str)
                    .map(str::to_owned),
                value: resolver.live(value, apis),
                export: export(&reader, resolver, map),
                span: resolver.report.span(key.at),
            });
        }
    }
    outputs
}

/// `Export.Name`.
fn export(reader: &Reader, resolver: &Resolver, output: &Map) -> Option<String> {
    let export = reader.map("Export", node::get(output, "Export")?)?;
    reader.only(export, &["Name"]);
    let name = resolver.resolve(node::get(export, "Name")?);
    reader.text("Name", &name).map(str::to_owned)
}
