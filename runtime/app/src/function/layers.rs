//! `Layers`.

use super::Subject;
use crate::model::LayerReference;
use crate::node::Node;
use crate::report::Fault;

/// Layers that a function may have (Lambda's quotas).
const MOST: usize = 5;

/// The layers, those of `Globals` first.
pub(super) fn read(subject: &Subject) -> Vec<LayerReference> {
    let Some((key, node)) = subject.property("Layers") else { return Vec::new() };
    let Some(list) = subject.reader.list("Layers", &node) else { return Vec::new() };
    if list.len() > MOST {
        let message =
            format!("{} has {} layers, and {MOST} at most", subject.resource.id, list.len());
        let help = "put what several of them bring into one".to_owned();
        subject.fault(Fault::new(key.at, message).help(help));
    }
    let layer = |(index, node)| layer(subject, index, node);
    list.iter().enumerate().filter_map(layer).collect()
}

fn layer(subject: &Subject, index: usize, node: &Node) -> Option<LayerReference> {
    let name = format!("Layers[{index}]");
    let arn = subject.reader.text(&name, node)?;
    if let Some(id) = subject.resolver.load.targets.layer(arn) {
        return Some(LayerReference::Local(id));
    }
    if !node.is_unresolved() && !is_layer_version(arn) {
        let help = "write `!Ref LAYER`, or `arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION`";
        subject.reader.wrong(&name, node, "the ARN of a layer's version", help.to_owned());
        return None;
    }
    let path = format!("Resources.{}.{name}", subject.resource.id);
    subject.reader.report.note(node.at, path, "not on this machine: functions run without it");
    Some(LayerReference::Remote(arn.to_owned()))
}

/// `arn:aws:lambda:REGION:ACCOUNT:layer:NAME:VERSION`, or one of AWS's own without a version
/// (schema of "AWS::Lambda::Function").
fn is_layer_version(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "lambda", _, _, "layer", name, version] => {
            !name.is_empty() && version.parse::<u64>().is_ok()
        }
        ["arn", _, "lambda", "", "", "awslayer", name] => !name.is_empty(),
        _ => false,
    }
}
