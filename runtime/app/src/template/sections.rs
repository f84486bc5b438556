//! Reads the sections.

use std::collections::{BTreeMap, HashMap};

use super::{Globals, Parameter, Resource, Template, is_logical_id};
use crate::node::{self, Key, Map, Node, Value};
use crate::report::{Fault, Report};
use crate::suggest::did_you_mean;

const SECTIONS: &[&str] = &[
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Globals",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
];

const RESOURCE_ATTRIBUTES: &[&str] = &[
    "Condition",
    "Connectors",
    "CreationPolicy",
    "DeletionPolicy",
    "DependsOn",
    "Description",
    "IgnoreGlobals",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    "UpdateReplacePolicy",
    "Version",
];

/// The transform that makes a CloudFormation template a SAM template.
const SAM: &str = "AWS::Serverless-2016-10-31";
const LANGUAGE_EXTENSIONS: &str = "AWS::LanguageExtensions";
const INCLUDE: &str = "AWS::Include";

/// What absent sections are.
static NO_ENTRIES: Map = Map::new();

impl<'t> Template<'t> {
    /// Reads a template's sections. `None`: nothing in it can be read.
    pub(crate) fn read(
        root: &'t Node,
        parameters: &BTreeMap<String, String>,
        report: &Report,
    ) -> Option<Self> {
        let sections = check_sections(root, report)?;
        let transforms = transforms(sections, report);
        let (resources, index) = resources(section(sections, "Resources", report), report);
        let template = Self {
            description: node::get(sections, "Description").and_then(Node::as_str),
            globals: Globals::read(section(sections, "Globals", report), report),
            resources,
            index,
            outputs: section(sections, "Outputs", report),
            ..Self::values(root, parameters, report)
        };
        template.check_transform(&transforms, report);
        Some(template)
    }

    /// Reads only the sections that give values: what a template is expanded with. Faults in the
    /// others are left to [`read`](Self::read).
    pub(crate) fn values(
        root: &'t Node,
        parameters: &BTreeMap<String, String>,
        report: &Report,
    ) -> Self {
        let sections = root.as_map().unwrap_or(&NO_ENTRIES);
        let section = |name| section(sections, name, report);
        Self {
            description: None,
            parameters: Parameter::read_all(section("Parameters"), parameters, report),
            mappings: section("Mappings"),
            conditions: section("Conditions")
                .iter()
                .map(|(key, node)| (key.name.as_str(), (key, node)))
                .collect(),
            globals: Globals::default(),
            resources: Vec::new(),
            index: HashMap::new(),
            outputs: &NO_ENTRIES,
            language_extensions: transform_names(sections).any(|name| name == LANGUAGE_EXTENSIONS),
        }
    }

    /// A resource of SAM's in a template without SAM's transform: CloudFormation would not know it.
    fn check_transform(&self, transforms: &[&str], report: &Report) {
        if transforms.contains(&SAM) {
            return;
        }
        if let Some(first) = self.resources.iter().find(|r| r.kind.starts_with("AWS::Serverless::"))
        {
            let message = format!("`{}` needs the SAM transform", first.kind);
            let help = format!("add this line at the top of the template: `Transform: {SAM}`");
            report.fault(Fault::new(first.kind_at, message).help(help));
        }
    }
}

/// The sections of a template, if it has any; whether they are those that there are.
fn check_sections<'t>(root: &'t Node, report: &Report) -> Option<&'t Map> {
    let Some(sections) = root.as_map() else {
        let message = format!("a template must be a mapping, not {}", root.describe());
        report.fault(
            Fault::new(root.at, message).help(
                "start with `Transform: AWS::Serverless-2016-10-31` and a `Resources` section"
                    .to_owned(),
            ),
        );
        return None;
    };
    let mut unknown = 0;
    for (key, _) in sections {
        if !SECTIONS.contains(&key.name.as_str()) {
            let shown: String = key.name.chars().take(60).collect();
            let message = format!("unknown section `{shown}`");
            let help = report.hint(|| {
                did_you_mean(&key.name, SECTIONS.iter().copied())
                    .or_else(|| Some(format!("sections are {}", SECTIONS.join(", "))))
            });
            report.fault(Fault::new(key.at, message).help(help));
            unknown += 1;
        }
    }
    if let Some(version) = node::get(sections, "AWSTemplateFormatVersion")
        && version.as_str() != Some("2010-09-09")
    {
        let message =
            format!("`AWSTemplateFormatVersion` must be `2010-09-09`, not {}", version.describe());
        report.fault(Fault::new(version.at, message));
    }
    // A section that is misspelt may be the one that seems to be missing.
    if node::get(sections, "Resources").is_none() && unknown == 0 {
        report.fault(
            Fault::anywhere("the template has no `Resources` section")
                .help("list the application's functions and queues under `Resources:`".to_owned()),
        );
    }
    Some(sections)
}

/// A section that is a mapping; empty where it is absent.
fn section<'t>(sections: &'t Map, name: &str, report: &Report) -> &'t Map {
    match node::get(sections, name) {
        // An included file that is not there says so itself.
        None | Some(Node { value: Value::Absent | Value::Poison, .. }) => &NO_ENTRIES,
        Some(Node { value: Value::Map(map), .. }) => map,
        Some(other) => {
            let message = format!("`{name}` must be a mapping, not {}", other.describe());
            let help = matches!(other.value, Value::Null)
                .then(|| format!("remove `{name}:`, or put something under it"));
            report.fault(Fault::new(other.at, message).help(help));
            &NO_ENTRIES
        }
    }
}

/// The names under `Transform`.
fn transform_names(sections: &Map) -> impl Iterator<Item = &str> {
    let transform = node::get(sections, "Transform");
    let calls = transform.map(|node| node.as_list().unwrap_or(std::slice::from_ref(node)));
    calls.unwrap_or_default().iter().filter_map(Node::as_str)
}

fn transforms<'t>(sections: &'t Map, report: &Report) -> Vec<&'t str> {
    let Some(transform) = node::get(sections, "Transform") else { return Vec::new() };
    let single = std::slice::from_ref(transform);
    let mut names = Vec::new();
    for node in transform.as_list().unwrap_or(single) {
        // Files are included already.
        let name = node.get("Name").unwrap_or(node);
        let Some(name) = name.as_str().filter(|name| *name != INCLUDE) else {
            if name.as_str().is_some() {
                continue;
            }
            let note = "not applied: what it would add to the template is missing";
            report.note(node.at, "Transform with parameters", note);
            continue;
        };
        names.push(name);
        if name == SAM || name == LANGUAGE_EXTENSIONS {
            continue;
        }
        if let Some(help) = did_you_mean(name, [SAM, LANGUAGE_EXTENSIONS]) {
            let message = format!("unknown transform `{name}`");
            report.fault(Fault::new(node.at, message).help(help));
            // It was meant, so nothing else needs to be said about it.
            names.push(SAM);
        } else {
            let note = "not applied: what it would add to the template is missing";
            report.note(node.at, format!("Transform ({name})"), note);
        }
    }
    names
}

fn resources<'t>(
    section: &'t Map,
    report: &Report,
) -> (Vec<Resource<'t>>, HashMap<&'t str, usize>) {
    let mut resources = Vec::new();
    let mut index = HashMap::new();
    for (key, node) in section {
        if let Some(resource) = resource(key, node, report) {
            index.insert(resource.id, resources.len());
            resources.push(resource);
        }
    }
    (resources, index)
}

fn resource<'t>(key: &'t Key, node: &'t Node, report: &Report) -> Option<Resource<'t>> {
    let fault = |at, message: String, help: Option<String>| {
        report.fault(Fault::new(at, message).help(help));
        None
    };
    let id = key.name.as_str();
    if !is_logical_id(key) {
        let shown: String = id.chars().take(60).collect();
        return fault(
            key.at,
            format!("`{shown}` is not a logical id"),
            Some("use letters and digits only, at most 255".to_owned()),
        );
    }
    let Some(map) = node.as_map() else {
        let message = format!("resource {id} must be a mapping, not {}", node.describe());
        return fault(
            node.at,
            message,
            Some("give it a `Type` and `Properties`, indented below its name".to_owned()),
        );
    };
    for (key, _) in map {
        if !RESOURCE_ATTRIBUTES.contains(&key.name.as_str()) {
            let help = report.hint(|| {
                did_you_mean(&key.name, RESOURCE_ATTRIBUTES.iter().copied())
                    .or_else(|| Some("properties belong under `Properties:`".to_owned()))
            });
            let message = format!("unknown attribute `{}` of resource {id}", key.name);
            report.fault(Fault::new(key.at, message).help(help));
        }
    }
    let Some(kind) = node::get(map, "Type") else {
        return fault(
            key.at,
            format!("resource {id} has no `Type`"),
            Some("add one: `Type: AWS::Serverless::Function`".to_owned()),
        );
    };
    let Some(name) = kind.as_str() else {
        return fault(
            kind.at,
            format!("`Type` of {id} must be text, not {}", kind.describe()),
            None,
        );
    };
    let properties = match node::get(map, "Properties") {
        None => &NO_ENTRIES,
        Some(Node { value: Value::Map(properties), .. }) => properties,
        Some(other) => {
            let message =
                format!("`Properties` of {id} must be a mapping, not {}", other.describe());
            return fault(other.at, message, None);
        }
    };
    Some(Resource {
        id,
        at: key.at,
        kind: name,
        kind_at: kind.at,
        properties,
        metadata: node::get(map, "Metadata"),
        condition: node::get(map, "Condition"),
        depends_on: node::get(map, "DependsOn"),
        ignore_globals: node::get(map, "IgnoreGlobals"),
    })
}
