//! `AWS::Serverless::LayerVersion` and `AWS::Lambda::LayerVersion`.
//!
//! Source: SAM developer guide and CloudFormation's resource reference, by these names.

use std::path::PathBuf;

use super::Belonging;
use crate::function;
use crate::model::{Function, Kind, Layer, LayerReference};
use crate::node::{Node, Place};
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::Resolver;
use crate::shape::{Field, Optional, Required, Shape};
use crate::template::Resource;

/// SAM's layer, and CloudFormation's own.
pub(crate) const TYPES: &[&str] = &["AWS::Serverless::LayerVersion", "AWS::Lambda::LayerVersion"];

const ARCHITECTURES: &Shape = &Shape::Choice(&["arm64", "x86_64"]);

const SAM: &[Field] = &[
    Field("CompatibleArchitectures", Optional, Shape::List(2, ARCHITECTURES)),
    Field("CompatibleRuntimes", Optional, Shape::List(15, &Shape::Text(64))),
    Field("ContentUri", Required, Shape::Any),
    Field("Description", Optional, Shape::Text(256)),
    Field("LayerName", Optional, Shape::Text(140)),
    Field("LicenseInfo", Optional, Shape::Text(512)),
    Field("PublishLambdaVersion", Optional, Shape::Boolean),
    Field("RetentionPolicy", Optional, Shape::Text(64)),
];

const PLAIN: &[Field] = &[
    Field("CompatibleArchitectures", Optional, Shape::List(2, ARCHITECTURES)),
    Field("CompatibleRuntimes", Optional, Shape::List(15, &Shape::Text(64))),
    Field("Content", Required, Shape::Any),
    Field("Description", Optional, Shape::Text(256)),
    Field("LayerName", Optional, Shape::Text(140)),
    Field("LicenseInfo", Optional, Shape::Text(512)),
];

const SAM_OBJECT: &[Field] = &[
    Field("Bucket", Required, Shape::Text(63)),
    Field("Key", Required, Shape::Text(1024)),
    Field("Version", Optional, Shape::Text(1024)),
];

const PLAIN_OBJECT: &[Field] = &[
    Field("S3Bucket", Required, Shape::Text(63)),
    Field("S3Key", Required, Shape::Text(1024)),
    Field("S3ObjectStorageMode", Optional, Shape::Choice(&["COPY", "REFERENCE"])),
    Field("S3ObjectVersion", Optional, Shape::Text(1024)),
];

/// Reads a layer. `None`: it is faulty, which is reported.
pub(crate) fn read<'t>(resolver: &Resolver<'t>, resource: &Resource<'t>) -> Option<Layer> {
    let report = resolver.report;
    let reader = Reader { report, owner: resource.id.to_owned() };
    let layer = Belonging { resolver, resource, reader };
    let (fields, property, object) = match resource.kind {
        "AWS::Serverless::LayerVersion" => (SAM, "ContentUri", SAM_OBJECT),
        _ => (PLAIN, "Content", PLAIN_OBJECT),
    };
    layer.check(fields);
    check_retention(&layer);
    let path = content(&layer, property, object);
    let name = resolver.name_of(resource).ok()?;
    let id = resolver.id(resource.id);
    Some(Layer {
        arn: resolver.load.targets.layer_arn(&id)?,
        logical_id: id,
        name,
        path: path?,
        span: report.span(resource.at),
    })
}

/// Says of a layer with a build method that it is not built here, unless nobody here wants it:
/// what only WASM functions have is what runs them on AWS.
pub(crate) fn note_build(resolver: &Resolver, resource: &Resource, functions: &[Function]) {
    let Some(node) = resource.metadata.and_then(|metadata| metadata.get("BuildMethod")) else {
        return;
    };
    let own = LayerReference::Local(resolver.id(resource.id));
    let mut users = functions.iter().filter(|function| function.layers.contains(&own)).peekable();
    if users.peek().is_some() && users.all(|function| function.kind == Kind::Wasm) {
        return;
    }
    let what = format!("Resources.{}.Metadata.BuildMethod", resource.id);
    resolver.report.note(node.at, what, "not run: the layer's folder is taken as it is");
}

/// SAM's rule: one of two words, in any case, and written out.
fn check_retention(layer: &Belonging) {
    let Some(node) = layer.resource.property("RetentionPolicy") else { return };
    let is_known = |text: &str| ["retain", "delete"].contains(&text.to_ascii_lowercase().as_str());
    if node.as_str().is_some_and(|text| !is_known(text)) {
        layer.reader.wrong("RetentionPolicy", node, "one of Retain, Delete", None);
    }
}

/// Where the layer's content is: `Some(None)` where that is not on this machine, `None` where it
/// should be and is not, which is reported.
fn content(layer: &Belonging, property: &str, object: &'static [Field]) -> Option<Option<PathBuf>> {
    if let Some((path, at)) = function::asset(layer.resource.metadata, property) {
        return local(layer, property, path, at);
    }
    let (_, node) = layer.property(property)?;
    if node.as_map().is_some() {
        Shape::Map(object).check(&layer.reader, property, &node);
    }
    if let Some(uri) = function::in_s3(&node) {
        return elsewhere(layer, &node, &format!("{uri} is not fetched"));
    }
    let path = layer.reader.text(property, &node)?;
    if node.is_unresolved() {
        return elsewhere(layer, &node, "where it is, is not known");
    }
    local(layer, property, path, node.at)
}

fn elsewhere(layer: &Belonging, node: &Node, note: &str) -> Option<Option<PathBuf>> {
    layer.note(node.at, note);
    Some(None)
}

fn local(layer: &Belonging, property: &str, uri: &str, at: Place) -> Option<Option<PathBuf>> {
    let path = layer.resolver.scope.base.join(uri);
    let files = layer.reader.report.files;
    if files.is_folder(&path) || (files.is_file(&path) && function::is_zip(&path)) {
        return Some(Some(path));
    }
    let (what, help) = match files.is_file(&path) {
        true => {
            ("is neither a folder nor a zip archive", "give a folder, or a zip archive".to_owned())
        }
        false => {
            let help = format!("`{property}` is taken from the template's folder");
            ("does not exist", format!("{help}: {}", path.display()))
        }
    };
    let message = format!("{} has no content: `{uri}` {what}", layer.resource.id);
    layer.fault(Fault::new(at, message).help(help));
    None
}
