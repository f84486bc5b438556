//! `AWS::Include`, and what is said of macros that only AWS can run.

use super::Expander;
use super::variables::Variables;
use crate::document;
use crate::node::{Key, Map, Node, Value};
use crate::report::Fault;

/// The transform that puts in the content of a file.
pub(crate) const INCLUDE: &str = "AWS::Include";

impl Expander<'_, '_> {
    /// The template with the files that its `Transform` section names put in at the top level.
    pub(super) fn top_level(&self, root: &Node) -> Node {
        let mut expanded = root.clone();
        let Some(transform) = root.get("Transform") else { return expanded };
        let single = std::slice::from_ref(transform);
        for call in transform.as_list().unwrap_or(single) {
            if call.get("Name").and_then(Node::as_str) != Some(INCLUDE) {
                continue;
            }
            let Some(content) = self.include(call, &Variables::default(), 0) else { continue };
            match (&mut expanded.value, content.value) {
                (Value::Map(sections), Value::Map(content)) => merge(sections, content),
                (_, _) => {
                    let message = "what the template includes is not a mapping of sections";
                    self.resolver.report.fault(Fault::new(content.at, message));
                }
            }
        }
        expanded
    }

    /// What a macro gives; `Some(None)`: only AWS can run it, which is noted. `None`: a fault,
    /// which is reported.
    pub(super) fn transform(
        &self,
        key: &Key,
        call: &Node,
        variables: &Variables,
        depth: usize,
    ) -> Option<Option<Node>> {
        let report = self.resolver.report;
        let name = match call.get("Name").map(|name| (name, name.as_str())) {
            Some((_, Some(name))) => name,
            Some((node, None)) => {
                let message = format!("the name of a macro must be text, not {}", node.describe());
                report.fault(Fault::new(node.at, message));
                return None;
            }
            None => {
                let message = "`Fn::Transform` has no `Name`";
                let help = "write `{Name: AWS::Include, Parameters: {Location: FILE}}`".to_owned();
                report.fault(Fault::new(key.at, message).help(help));
                return None;
            }
        };
        if name == INCLUDE {
            return Some(self.include(call, variables, depth));
        }
        let shown: String = name.chars().take(80).collect();
        let note = "not applied: what it would add to the template is missing";
        report.note(key.at, format!("Fn::Transform ({shown})"), note);
        Some(None)
    }

    /// The content of the file that a call of `AWS::Include` names. `None`: there is none, which
    /// is reported, or noted where the file is in S3.
    fn include(&self, call: &Node, variables: &Variables, depth: usize) -> Option<Node> {
        let resolver = self.resolver;
        let report = resolver.report;
        let Some(location) = call.get("Parameters").and_then(|p| p.get("Location")) else {
            let message = "`AWS::Include` has no `Location`";
            let help = "write `Parameters: {Location: FILE}`".to_owned();
            report.fault(Fault::new(call.at, message).help(help));
            return None;
        };
        let location = resolver.resolve(&self.node(location, variables, depth + 1));
        if location.is_poison() {
            return None;
        }
        let Some(text) = location.as_str() else {
            let message =
                format!("`Location` must be the path of a file, not {}", location.describe());
            report.fault(Fault::new(location.at, message));
            return None;
        };
        if text.starts_with("s3://") || text.starts_with("https://") || location.is_unresolved() {
            let shown: String = text.chars().take(120).collect();
            let note = "not fetched: what is in it is missing";
            report.note(location.at, format!("AWS::Include of {shown}"), note);
            return None;
        }
        if self.underway.borrow().iter().any(|path| path == text) {
            let message = format!("`{text}` includes itself");
            report.fault(Fault::new(location.at, message).help("break the circle".to_owned()));
            return None;
        }
        let content = document::open(report, &resolver.scope, text, location.at, "included file")?;
        self.underway.borrow_mut().push(text.to_owned());
        let content = self.node(&content, variables, depth + 1);
        self.underway.borrow_mut().pop();
        Some(content)
    }
}

/// Puts sections in. Of a section that is there already, the entries that are not.
fn merge(sections: &mut Map, content: Map) {
    for (key, node) in content {
        let Some((_, known)) = sections.iter_mut().find(|(known, _)| known.name == key.name) else {
            sections.push((key, node));
            continue;
        };
        if let (Value::Map(known), Value::Map(more)) = (&mut known.value, node.value) {
            let is_new = |key: &Key| !known.iter().any(|(known, _)| known.name == key.name);
            let more: Vec<_> = more.into_iter().filter(|(key, _)| is_new(key)).collect();
            known.extend(more);
        }
    }
}
