//! What is done to a template before its sections are read: `AWS::Include` puts in the content of
//! files, `Fn::ForEach` repeats.
//!
//! Sources: CloudFormation user guide, "AWS::Include transform", "AWS::LanguageExtensions
//! transform" and "Fn::ForEach".

mod include;
mod repeat;
mod variables;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use crate::node::{Key, Map, Node, Place, Value};
use crate::report::Fault;
use crate::resolve::Resolver;
use crate::yaml::{MAX_DEPTH, MAX_NODES};
use variables::Variables;

/// The key that calls a macro for the mapping around it.
const TRANSFORM: &str = "Fn::Transform";

/// What the keys of loops start with.
const LOOP: &str = "Fn::ForEach::";

/// The template with files included and loops unrolled. `None`: it has grown too large, which is
/// reported.
///
/// `resolver` knows the template's parameters, mappings and conditions, which the files' paths and
/// the loops' collections may refer to.
pub(crate) fn expand(root: &Node, resolver: &Resolver) -> Option<Rc<Node>> {
    let expander = Expander {
        resolver,
        nodes: Cell::new(0),
        is_full: Cell::new(false),
        loops: RefCell::default(),
        underway: RefCell::default(),
    };
    let root = expander.top_level(root);
    let expanded = expander.node(&root, &Variables::default(), 0);
    (!expander.is_full.get()).then(|| Rc::new(expanded))
}

/// Whether a template has anything to expand. Most have not.
pub(crate) fn is_needed(root: &Node) -> bool {
    // At the top level, `Transform` may name a file.
    let calls =
        root.get("Transform").map(|node| node.as_list().unwrap_or(std::slice::from_ref(node)));
    calls.is_some_and(|calls| calls.iter().any(|call| call.as_map().is_some())) || has_call(root)
}

fn has_call(node: &Node) -> bool {
    let is_call = |key: &Key| key.name == TRANSFORM || key.name.starts_with(LOOP);
    match &node.value {
        Value::Map(map) => map.iter().any(|(key, node)| is_call(key) || has_call(node)),
        Value::List(list) => list.iter().any(has_call),
        _ => false,
    }
}

/// One expansion of one template.
struct Expander<'r, 't> {
    resolver: &'r Resolver<'t>,
    /// Nodes made so far.
    nodes: Cell<usize>,
    /// There are too many of them, which is reported.
    is_full: Cell<bool>,
    /// Names of the loops that were met, with their places: each may be there once.
    loops: RefCell<HashMap<String, Place>>,
    /// Files that are being included, one in the other.
    underway: RefCell<Vec<String>>,
}

impl Expander<'_, '_> {
    fn node(&self, node: &Node, variables: &Variables, depth: usize) -> Node {
        let poison = Node { value: Value::Poison, at: node.at };
        if !self.may_add(node, depth) {
            return poison;
        }
        let value = match &node.value {
            Value::Map(map) => return self.map(node, map, variables, depth).unwrap_or(poison),
            Value::List(list) => {
                Value::List(list.iter().map(|node| self.node(node, variables, depth + 1)).collect())
            }
            Value::Scalar(kind, text) => Value::Scalar(*kind, variables.fill(text)),
            other => other.clone(),
        };
        Node { value, at: node.at }
    }

    /// A mapping with what its loops and macros give. `None`: a fault, which is reported.
    fn map(&self, node: &Node, map: &Map, variables: &Variables, depth: usize) -> Option<Node> {
        if let [(key, argument)] = map.as_slice() {
            if key.name == "Ref"
                && let Some(value) = argument.as_str().and_then(|name| variables.get(name))
            {
                return Some(Node::text(value, node.at));
            }
            if key.name == TRANSFORM {
                // Alone in its mapping, a macro gives the whole value, whatever that is.
                return match self.transform(key, argument, variables, depth)? {
                    Some(content) => Some(content),
                    None => Some(Node { value: Value::Absent, at: node.at }),
                };
            }
        }
        let mut entries = Map::with_capacity(map.len());
        let mut included = Vec::new();
        for (key, child) in map {
            if key.name == TRANSFORM {
                included.extend(self.transform(key, child, variables, depth)?);
            } else if key.name.starts_with(LOOP) {
                self.repeat(key, child, variables, depth, &mut entries);
            } else {
                let key = Key { name: variables.fill(&key.name), at: key.at };
                entries.push((key, self.node(child, variables, depth + 1)));
            }
        }
        let mut names: HashSet<String> = HashSet::with_capacity(entries.len());
        entries.retain(|(key, _)| {
            let is_first = names.insert(key.name.clone());
            if !is_first {
                let message = format!("`{}` is given twice in one mapping", key.name);
                let help = "put the loop's variable into the key: `Name${Variable}`".to_owned();
                self.resolver.report.fault(Fault::new(key.at, message).help(help));
            }
            is_first
        });
        // What the template itself says goes before what a file says.
        for content in included {
            let Value::Map(content) = content.value else {
                let message = format!("{} is included among keys", content.describe());
                let help = "the file must hold a mapping to stand beside other keys".to_owned();
                self.resolver.report.fault(Fault::new(content.at, message).help(help));
                continue;
            };
            entries.extend(content.into_iter().filter(|(key, _)| names.insert(key.name.clone())));
        }
        Some(Node { value: Value::Map(entries), at: node.at })
    }

    /// Counts a node; whether there may be more.
    fn may_add(&self, node: &Node, depth: usize) -> bool {
        let report = self.resolver.report;
        if self.is_full.get() {
            return false;
        }
        if depth > MAX_DEPTH {
            let message = format!("nested more than {MAX_DEPTH} levels deep");
            report.fault(
                Fault::new(node.at, message).help("include or repeat less deeply".to_owned()),
            );
            return false;
        }
        self.nodes.set(self.nodes.get() + 1);
        if self.nodes.get() > MAX_NODES {
            self.is_full.set(true);
            let message =
                format!("the template has more than {MAX_NODES} values, loops and files expanded");
            report.fault(Fault::new(node.at, message).help("repeat less".to_owned()));
            return false;
        }
        true
    }
}
