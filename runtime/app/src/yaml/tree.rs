//! Builds the tree from the parser's events, without recursion.

use std::collections::{HashMap, HashSet};

use saphyr_parser::{ScalarStyle, Tag};

use super::{MAX_DEPTH, MAX_NODES, scalar, too_deep};
use crate::node::{Key, Kind, Map, Node, Place, Value};
use crate::report::Fault;
use crate::suggest::closest;

/// CloudFormation's short forms (docs: "Intrinsic function reference", "Rule-specific intrinsic
/// functions"), without `!`.
const SHORT_FORMS: &[&str] = &[
    "And",
    "Base64",
    "Cidr",
    "Condition",
    "Contains",
    "EachMemberEquals",
    "EachMemberIn",
    "Equals",
    "FindInMap",
    "GetAtt",
    "GetAZs",
    "GetStackOutput",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Ref",
    "RefAll",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
    "ValueOf",
    "ValueOfAll",
];

/// The document so far.
#[derive(Default)]
pub(super) struct Tree {
    open: Vec<Open>,
    root: Option<Node>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    /// Faults that leave the tree usable.
    faults: Vec<Fault>,
}

/// A list or mapping whose end is not reached.
struct Open {
    collection: Collection,
    anchor: usize,
    /// The intrinsic function that its tag names.
    function: Option<String>,
    at: Place,
}

enum Collection {
    List(Vec<Node>),
    Map { entries: Map, names: HashSet<String>, merges: Vec<Node>, key: Option<Pending> },
}

/// A key whose value is awaited.
enum Pending {
    Key(Key),
    /// `<<`, YAML 1.1's merge key.
    Merge,
}

impl Tree {
    pub(super) fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        at: Place,
    ) -> Result<(), Fault> {
        let is_plain = style == ScalarStyle::Plain;
        if self.awaits_key() {
            return self.key(text, is_plain, at);
        }
        let function = self.function(tag, at);
        let value = match tag {
            None if is_plain => scalar::plain(text),
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix != "str" => scalar::plain(text),
            _ => Value::Scalar(Kind::Text, text.to_owned()),
        };
        self.add(Node { value, at }, anchor, function)
    }

    pub(super) fn open_list(
        &mut self,
        anchor: usize,
        tag: Option<&Tag>,
        at: Place,
    ) -> Result<(), Fault> {
        self.open(Collection::List(Vec::new()), anchor, tag, at)
    }

    pub(super) fn open_map(
        &mut self,
        anchor: usize,
        tag: Option<&Tag>,
        at: Place,
    ) -> Result<(), Fault> {
        let map = Collection::Map {
            entries: Vec::new(),
            names: HashSet::new(),
            merges: Vec::new(),
            key: None,
        };
        self.open(map, anchor, tag, at)
    }

    fn open(
        &mut self,
        collection: Collection,
        anchor: usize,
        tag: Option<&Tag>,
        at: Place,
    ) -> Result<(), Fault> {
        if self.awaits_key() {
            return Err(Fault::new(at, "a key must be text, not a list or a mapping"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(at));
        }
        let function = self.function(tag, at);
        self.open.push(Open { collection, anchor, function, at });
        Ok(())
    }

    /// The innermost open list or mapping ends.
    pub(super) fn close(&mut self) -> Result<(), Fault> {
        let Some(Open { collection, anchor, function, at }) = self.open.pop() else {
            return Ok(());
        };
        let value = match collection {
            Collection::List(list) => Value::List(list),
            Collection::Map { mut entries, mut names, merges, .. } => {
                for merge in merges {
                    merge_into(&mut entries, &mut names, merge)?;
                }
                Value::Map(entries)
            }
        };
        self.add(Node { value, at }, anchor, function)
    }

    /// An alias stands for a copy of its anchor's node, whose places it keeps.
    pub(super) fn alias(&mut self, anchor: usize, at: Place) -> Result<(), Fault> {
        if self.awaits_key() {
            return Err(Fault::new(at, "a key must be text, not an alias"));
        }
        let Some(node) = self.anchors.get(&anchor) else {
            return Err(Fault::new(at, "this alias is inside the value of its own anchor")
                .help("write the value out".to_owned()));
        };
        self.nodes += node.size();
        let node = node.clone();
        if self.nodes > MAX_NODES {
            return Err(too_many(at));
        }
        if self.open.len() + depth(&node) > MAX_DEPTH {
            return Err(too_deep(at));
        }
        self.attach(node)
    }

    /// The document's root, if there is a document, and the faults beside it.
    pub(super) fn finish(self) -> (Option<Node>, Vec<Fault>) {
        (self.root, self.faults)
    }

    /// The intrinsic function of a short-form tag, by its full name.
    fn function(&mut self, tag: Option<&Tag>, at: Place) -> Option<String> {
        let tag = tag.filter(|tag| tag.handle == "!")?;
        match tag.suffix.as_str() {
            "Ref" | "Condition" => Some(tag.suffix.clone()),
            name if SHORT_FORMS.contains(&name) => Some(format!("Fn::{name}")),
            name => {
                let help = closest(name, SHORT_FORMS.iter().copied())
                    .map(|name| format!("did you mean `!{name}`?"));
                self.faults.push(Fault::new(at, format!("unknown tag `!{name}`")).help(help));
                None
            }
        }
    }

    fn awaits_key(&self) -> bool {
        let innermost = self.open.last().map(|open| &open.collection);
        matches!(innermost, Some(Collection::Map { key: None, .. }))
    }

    fn key(&mut self, name: &str, is_plain: bool, at: Place) -> Result<(), Fault> {
        let Some(Open { collection: Collection::Map { entries, names, key, .. }, .. }) =
            self.open.last_mut()
        else {
            return Ok(());
        };
        if is_plain && name == "<<" {
            *key = Some(Pending::Merge);
            return Ok(());
        }
        if !names.insert(name.to_owned()) {
            let first = entries.iter().find(|(key, _)| key.name == name).map(|(key, _)| key.at);
            let line = first.map_or(at.line, |at| at.line);
            self.faults.push(
                Fault::new(at, format!("`{name}` is given twice in one mapping"))
                    .help(format!("the first is on line {line}: keep one of them")),
            );
        }
        *key = Some(Pending::Key(Key { name: name.to_owned(), at }));
        Ok(())
    }

    /// Adds a finished node, wrapped into the function that its tag names.
    fn add(&mut self, node: Node, anchor: usize, function: Option<String>) -> Result<(), Fault> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(too_many(node.at));
        }
        let node = match function {
            None => node,
            Some(name) => {
                let at = node.at;
                Node { value: Value::Map(vec![(Key { name, at }, node)]), at }
            }
        };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
            self.nodes += node.size();
        }
        self.attach(node)
    }

    fn attach(&mut self, mut node: Node) -> Result<(), Fault> {
        match self.open.last_mut().map(|open| &mut open.collection) {
            None => self.root = Some(node),
            Some(Collection::List(list)) => list.push(node),
            Some(Collection::Map { entries, merges, key, .. }) => match key.take() {
                Some(Pending::Merge) => merges.push(node),
                Some(Pending::Key(key)) => {
                    // A value that starts below its key, and one that is missing, are shown at
                    // the key: that is where a person looks for them.
                    let is_below = node.as_str().is_none() && node.at.line > key.at.line;
                    if is_below || node.value == Value::Null {
                        node.at = key.at;
                    }
                    entries.push((key, node));
                }
                None => {}
            },
        }
        Ok(())
    }
}

/// YAML 1.1's merge: keys of the mapping (or of each mapping of a list) that are not there yet.
fn merge_into(entries: &mut Map, names: &mut HashSet<String>, merge: Node) -> Result<(), Fault> {
    let maps = match merge.value {
        Value::Map(map) => vec![map],
        Value::List(list) => {
            let maps = list.into_iter().map(|node| match node.value {
                Value::Map(map) => Ok(map),
                _ => Err(Fault::new(node.at, "`<<` merges mappings only")),
            });
            maps.collect::<Result<_, _>>()?
        }
        _ => return Err(Fault::new(merge.at, "`<<` merges mappings only")),
    };
    for (key, node) in maps.into_iter().flatten() {
        if names.insert(key.name.clone()) {
            entries.push((key, node));
        }
    }
    Ok(())
}

fn depth(node: &Node) -> usize {
    let children: &mut dyn Iterator<Item = &Node> = match &node.value {
        Value::List(list) => &mut list.iter(),
        Value::Map(map) => &mut map.iter().map(|(_, node)| node),
        _ => return 0,
    };
    1 + children.map(depth).max().unwrap_or(0)
}

fn too_many(at: Place) -> Fault {
    Fault::new(at, format!("the template has more than {MAX_NODES} values, aliases expanded"))
        .help("split the template, or repeat less by aliases".to_owned())
}
