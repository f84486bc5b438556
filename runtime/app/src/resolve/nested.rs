//! Nested applications: `AWS::Serverless::Application` and `AWS::CloudFormation::Stack` with a
//! template on this machine.
//!
//! Source: SAM developer guide, "AWS::Serverless::Application"; CloudFormation user guide, "Split a
//! template into reusable pieces using nested stacks".

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Known, Resolved, Resolver, Scope, Trouble};
use crate::document;
use crate::node::{Map, Node, Place, Value};
use crate::parts::Parts;
use crate::report::Fault;
use crate::suggest::did_you_mean;
use crate::template::Resource;

/// Deepest nesting. CloudFormation has no limit of its own, and nobody comes near this one.
const MAX_DEPTH: usize = 8;

/// A nested application.
pub(crate) struct Child {
    /// What it brings, until that is taken.
    parts: RefCell<Option<Parts>>,
    /// Its outputs by name. `None`: its template is not on this machine.
    outputs: Option<BTreeMap<String, String>>,
}

impl Child {
    /// What it brings to the application; once.
    pub(crate) fn take(&self) -> Option<Parts> {
        self.parts.take()
    }
}

/// Whether a resource is a nested application.
pub(crate) fn is_nested(resource: &Resource) -> bool {
    matches!(resource.kind, "AWS::Serverless::Application" | "AWS::CloudFormation::Stack")
}

impl<'t> Resolver<'t> {
    /// A nested application, read where it is first needed: for itself, or for one of its outputs.
    pub(crate) fn child(&self, resource: &Resource<'t>) -> Resolved<Rc<Child>> {
        let known = self.children.borrow().get(resource.id).cloned();
        match known {
            Some(Known::Is(child)) => return Ok(child),
            Some(Known::Failed) => return Err(Trouble::Reported),
            Some(Known::Underway) => {
                let message = format!("the parameters of {} need its own outputs", resource.id);
                return Err(Fault::new(resource.at, message)
                    .help("break the circle between the nested applications".to_owned())
                    .into());
            }
            None => {}
        }
        self.children.borrow_mut().insert(resource.id, Known::Underway);
        let child = self.read_child(resource).map(Rc::new);
        let known = child.as_ref().map_or(Known::Failed, |child| Known::Is(child.clone()));
        self.children.borrow_mut().insert(resource.id, known);
        child
    }

    fn read_child(&self, resource: &Resource<'t>) -> Resolved<Child> {
        let property = match resource.kind {
            "AWS::Serverless::Application" => "Location",
            _ => "TemplateURL",
        };
        let Some(written) = resource.property(property) else {
            let message = format!("{} has no `{property}`", resource.id);
            let help = format!("add one: `{property}: nested/template.yaml`");
            return Err(Fault::new(resource.at, message).help(help).into());
        };
        let location = self.try_resolve(written)?;
        let text = match &location.value {
            Value::Scalar(_, text) if !is_remote(text) && !location.is_unresolved() => text,
            Value::Poison => return Err(Trouble::Reported),
            Value::Scalar(..) | Value::Map(_) => {
                let what = format!("Resources.{} ({})", resource.id, resource.kind);
                let note = "its template is not fetched: what is in it is not served";
                self.report.note(resource.at, what, note);
                return Ok(Child { parts: RefCell::default(), outputs: None });
            }
            _ => {
                let message =
                    format!("`{property}` of {} is {}, no path", resource.id, location.describe());
                return Err(Fault::new(location.at, message).into());
            }
        };
        let path = self.scope.base.join(text);
        let files = self.report.files;
        let path = match files.is_folder(&path) {
            // SAM takes a folder for the template in it.
            true => ["template.yaml", "template.yml", "template.json"]
                .map(|name| format!("{text}/{name}"))
                .into_iter()
                .find(|name| files.is_file(&self.scope.base.join(name)))
                .unwrap_or_else(|| text.clone()),
            false => text.clone(),
        };
        let scope = self.scope.nested(resource.id, &path);
        if self.scope.is_underway(&scope) {
            let message = format!("`{text}` is nested in itself");
            return Err(Fault::new(location.at, message)
                .help("break the circle between the templates".to_owned())
                .into());
        }
        if scope.depth() > MAX_DEPTH {
            let message = format!("applications are nested more than {MAX_DEPTH} deep");
            return Err(Fault::new(location.at, message).into());
        }
        let root = document::open(self.report, &self.scope, &path, location.at, "nested template")
            .ok_or(Trouble::Reported)?;
        let parameters = self.parameters_for(resource, &root)?;
        let parts =
            (self.load.assemble)(&root, &parameters, self.load, scope).ok_or(Trouble::Reported)?;
        let outputs =
            parts.outputs.iter().map(|output| (output.name.clone(), output.value.clone()));
        Ok(Child { outputs: Some(outputs.collect()), parts: RefCell::new(Some(parts)) })
    }

    /// `Parameters` of a nested application, as its template takes them.
    fn parameters_for(
        &self,
        resource: &Resource<'t>,
        root: &Node,
    ) -> Resolved<BTreeMap<String, String>> {
        let none = Map::new();
        // The values are resolved one by one; `Fn::If` may choose between whole mappings.
        let chosen;
        let given = match resource.property("Parameters") {
            None => &none,
            Some(Node { value: Value::Map(map), .. })
                if !map.iter().any(|(key, _)| key.name.starts_with("Fn::")) =>
            {
                map
            }
            Some(other) => {
                chosen = self.try_resolve(other)?;
                match &chosen.value {
                    Value::Map(map) => map,
                    Value::Absent => &none,
                    Value::Poison => return Err(Trouble::Reported),
                    _ => {
                        let message = format!(
                            "`Parameters` of {} must be a mapping, not {}",
                            resource.id,
                            chosen.describe()
                        );
                        return Err(Fault::new(other.at, message).into());
                    }
                }
            }
        };
        let declared = root.get("Parameters").and_then(Node::as_map).unwrap_or(&none);
        let mut parameters = BTreeMap::new();
        for (key, node) in given {
            if !declared.iter().any(|(known, _)| known.name == key.name) {
                let message =
                    format!("the template of {} has no parameter `{}`", resource.id, key.name);
                let names = declared.iter().map(|(known, _)| known.name.as_str());
                let help = did_you_mean(&key.name, names)
                    .or_else(|| Some("declare it there, or do not give it".to_owned()));
                self.report.fault(Fault::new(key.at, message).help(help));
                continue;
            }
            let value = self.resolve(node);
            let text = match &value.value {
                Value::Scalar(_, text) => text.clone(),
                Value::List(items) => {
                    items.iter().filter_map(Node::as_str).collect::<Vec<_>>().join(",")
                }
                // What is wrong is reported; the nested template is read all the same.
                Value::Poison | Value::Absent | Value::Null => continue,
                Value::Map(_) => {
                    let message = format!("the parameter `{}` is a mapping, no text", key.name);
                    self.report.fault(Fault::new(node.at, message));
                    continue;
                }
            };
            parameters.insert(key.name.clone(), text);
        }
        Ok(parameters)
    }

    /// `!GetAtt Nested.Outputs.NAME`.
    pub(super) fn output_of(
        &self,
        resource: &Resource<'t>,
        name: &str,
        name_at: Place,
        at: Place,
    ) -> Resolved<Node> {
        let child = self.child(resource)?;
        let Some(outputs) = &child.outputs else {
            return Ok(Node::unresolved(format!("{{{{unresolved:{}:{name}}}}}", resource.id), at));
        };
        outputs.get(name).map(|value| Node::text(value, at)).ok_or_else(|| {
            let message = format!("the template of {} has no output `{name}`", resource.id);
            let names = outputs.keys().map(String::as_str);
            Fault::new(name_at, message).help(did_you_mean(name, names)).into()
        })
    }
}

impl Scope {
    /// The scope of a template that is nested here under a logical id; `path` is as it is written.
    fn nested(&self, logical_id: &str, path: &str) -> Self {
        let file = self.base.join(path);
        let shown = self.shown.join(path);
        let mut templates = self.templates.clone();
        templates.push(file.components().collect());
        let parent = |path: &std::path::Path| path.parent().map(Into::into).unwrap_or_default();
        Self {
            prefix: format!("{}{logical_id}/", self.prefix),
            base: parent(&file),
            shown: parent(&shown),
            templates,
        }
    }

    /// Whether the template of `nested` is one of those that it is nested in.
    fn is_underway(&self, nested: &Self) -> bool {
        nested.templates.last().is_some_and(|last| self.templates.contains(last))
    }

    fn depth(&self) -> usize {
        self.templates.len()
    }
}

/// Templates are fetched by nobody here.
fn is_remote(location: &str) -> bool {
    ["https://", "http://", "s3://", "arn:"].iter().any(|scheme| location.starts_with(scheme))
}
