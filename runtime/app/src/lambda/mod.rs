//! What belongs to functions and stands apart from them: URLs, aliases, versions, settings of
//! asynchronous invocations, permissions, layers.
//!
//! Source: CloudFormation's resource reference, "AWS Lambda", and its schemas for the bounds.

mod layer;
mod permission;
mod settings;

use std::collections::HashMap;

pub(crate) use layer::{TYPES as LAYERS, note_build as note_layer_build, read as layer};

use crate::model::Function;
use crate::node::{Key, Node};
use crate::property;
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::Resolver;
use crate::shape::{self, Field};
use crate::template::Resource;

/// The types that [`read`] takes.
pub(crate) const TYPES: &[&str] = &[
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::LayerVersionPermission",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    "AWS::Lambda::Version",
];

/// The functions of a template, by their logical ids.
pub(crate) struct Functions<'f> {
    functions: &'f mut [Function],
    index: HashMap<String, usize>,
}

impl<'f> Functions<'f> {
    pub(crate) fn new(functions: &'f mut [Function]) -> Self {
        let ids = functions.iter().map(|function| function.logical_id.clone());
        let index = ids.zip(0..).collect();
        Self { functions, index }
    }
}

/// A resource that belongs to a function, while it is read.
struct Belonging<'r, 't> {
    resolver: &'r Resolver<'t>,
    resource: &'r Resource<'t>,
    reader: Reader<'t>,
}

/// Reads a resource that belongs to a function, and gives the function what it says.
pub(crate) fn read<'t>(
    resolver: &Resolver<'t>,
    resource: &Resource<'t>,
    functions: &mut Functions,
) {
    let reader = Reader { report: resolver.report, owner: resource.id.to_owned() };
    let belonging = Belonging { resolver, resource, reader };
    match resource.kind {
        "AWS::Lambda::Alias" => settings::alias(&belonging, functions),
        "AWS::Lambda::EventInvokeConfig" => settings::asynchronous(&belonging, functions),
        "AWS::Lambda::Url" => settings::url(&belonging, functions),
        "AWS::Lambda::Version" => settings::version(&belonging, functions),
        "AWS::Lambda::LayerVersionPermission" => belonging.check(permission::LAYER),
        _ => belonging.check(permission::FUNCTION),
    }
}

impl<'t> Belonging<'_, 't> {
    /// Checks the properties as they are written.
    fn check(&self, fields: &'static [Field]) {
        let Self { resource, reader, .. } = self;
        let known = shape::names(fields);
        for (key, _) in resource.properties.iter().filter(|(k, _)| !known.contains(&&*k.name)) {
            reader.unknown(key, known.iter().copied());
        }
        let written: Vec<(Key, Node)> = resource
            .properties
            .iter()
            .filter(|(_, node)| !property::is_no_value(node))
            .cloned()
            .collect();
        shape::check(reader, "", resource.at, &written, fields);
    }

    /// A property, resolved.
    fn property(&self, name: &str) -> Option<(Key, Node)> {
        self.resolver.property(self.resource, name)
    }

    /// The function that a property names. One that is not of this template is noted.
    fn function<'f>(&self, name: &str, functions: &'f mut Functions) -> Option<&'f mut Function> {
        let (_, node) = self.property(name)?;
        let text = self.reader.text(name, &node)?;
        let Some(id) = self.resolver.load.targets.function(text) else {
            let shown: String = text.chars().take(120).collect();
            let note = format!("{shown} is not a function of this template");
            self.note(node.at, note);
            return None;
        };
        // A faulty function is a target too, and not here.
        let index = *functions.index.get(&id)?;
        functions.functions.get_mut(index)
    }

    /// Says where the resource's properties stand, as those of the function's own `prefix`.
    fn place(&self, function: &mut Function, prefix: &str) {
        let report = self.reader.report;
        function.places.insert(prefix, report.span(self.resource.at));
        for (key, node) in self.resource.properties {
            report.place(&mut function.places, &format!("{prefix}.{}", key.name), node);
        }
    }

    /// Notes that the function has settings of this kind already.
    fn note_second(&self, function: &Function) {
        self.note(self.resource.at, format!("not used: {} has one already", function.logical_id));
    }

    fn note(&self, at: crate::node::Place, note: impl Into<String>) {
        let what = format!("Resources.{} ({})", self.resource.id, self.resource.kind);
        self.reader.report.note(at, what, note);
    }

    fn fault(&self, fault: Fault) {
        self.reader.report.fault(fault);
    }
}
