//! The tree of a template in which every value and every key knows its place.

/// A place in the template, or in a file that it includes. Lines and columns count from 1, in
/// characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    /// Which file: the template itself is 0 (see [`Report`](crate::report::Report)).
    pub(crate) file: u16,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// Characters that are meant, on that line.
    pub(crate) width: u32,
}

impl Place {
    /// Whether this place stands before the other or where it stands.
    pub(crate) fn is_up_to(self, other: Place) -> bool {
        (self.line, self.column) <= (other.line, other.column)
    }
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) at: Place,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Nothing was written.
    Null,
    /// A boolean, number or string, as text: `true`, `8080`, `orders`.
    Scalar(Kind, String),
    List(Vec<Node>),
    Map(Map),
    /// `AWS::NoValue`: the property or item is as if it were not there.
    Absent,
    /// A value whose fault is reported already.
    Poison,
}

/// YAML's type of a scalar. CloudFormation converts between them where a property asks for
/// another, so readers look at the text; only `Fn::ToJsonString` and messages care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Number,
    Text,
    /// Text that stands for a value that only AWS knows: the export of another stack, a parameter
    /// in SSM's store. What is made of it is unresolved too, and readers ask nothing of it.
    Unresolved,
}

/// A mapping, in template order.
pub(crate) type Map = Vec<(Key, Node)>;

/// A mapping's key and its place.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) at: Place,
}

impl PartialEq for Node {
    /// Equality of values, wherever they stand.
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Node {
    /// A string made at a place.
    pub(crate) fn text(text: impl Into<String>, at: Place) -> Self {
        Self { value: Value::Scalar(Kind::Text, text.into()), at }
    }

    /// Text that stands for a value that is not known here.
    pub(crate) fn unresolved(text: impl Into<String>, at: Place) -> Self {
        Self { value: Value::Scalar(Kind::Unresolved, text.into()), at }
    }

    /// Whether the value is one that only AWS knows.
    pub(crate) fn is_unresolved(&self) -> bool {
        matches!(self.value, Value::Scalar(Kind::Unresolved, _))
    }

    /// The scalar's text.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(_, text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(crate) fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The value of a key, where this is a mapping that has it.
    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        self.as_map().and_then(|map| get(map, name))
    }

    pub(crate) fn is_poison(&self) -> bool {
        matches!(self.value, Value::Poison)
    }

    /// What the node is, for messages: `` `soon` ``, `a list`.
    pub(crate) fn describe(&self) -> String {
        match &self.value {
            Value::Null => "nothing".to_owned(),
            Value::Scalar(_, text) if text.chars().count() > 60 => {
                let start: String = text.chars().take(57).collect();
                format!("`{start}...`")
            }
            Value::Scalar(_, text) => format!("`{text}`"),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a mapping".to_owned(),
            Value::Absent => "`AWS::NoValue`".to_owned(),
            Value::Poison => "a faulty value".to_owned(),
        }
    }

    /// The intrinsic function that this node calls, with its argument.
    ///
    /// CloudFormation's rule: a mapping of one key that is `Ref` or starts with `Fn::`.
    /// (`Condition` is one too, but only among conditions.)
    pub(crate) fn intrinsic(&self) -> Option<(&Key, &Node)> {
        match self.as_map()?.as_slice() {
            // A loop is no value: it gives entries to the mapping around it.
            [(key, _)] if key.name.starts_with("Fn::ForEach::") => None,
            [(key, argument)] if key.name == "Ref" || key.name.starts_with("Fn::") => {
                Some((key, argument))
            }
            _ => None,
        }
    }

    /// Nodes in this tree, itself included.
    pub(crate) fn size(&self) -> usize {
        match &self.value {
            Value::List(list) => 1 + list.iter().map(Node::size).sum::<usize>(),
            Value::Map(map) => 1 + map.iter().map(|(_, node)| node.size()).sum::<usize>(),
            _ => 1,
        }
    }
}

/// The value of a key.
pub(crate) fn get<'a>(map: &'a Map, name: &str) -> Option<&'a Node> {
    entry(map, name).map(|(_, node)| node)
}

/// A key with its value.
pub(crate) fn entry<'a>(map: &'a Map, name: &str) -> Option<(&'a Key, &'a Node)> {
    map.iter().find(|(key, _)| key.name == name).map(|(key, node)| (key, node))
}

/// The structural path to a place: `Resources.Hello.Properties.Timeout`.
///
/// Keys stand in the order of the text, so the way to a place is, level by level, the last key or
/// item that starts up to it. The path ends at an intrinsic: what is inside is one value.
pub(crate) fn path_to(root: &Node, at: Place) -> Option<String> {
    use std::fmt::Write as _;
    let mut path = String::new();
    let mut node = root;
    loop {
        if node.intrinsic().is_some() {
            break;
        }
        match &node.value {
            Value::Map(map) => {
                let before = map.iter().filter(|(key, _)| key.at.is_up_to(at));
                let Some((key, child)) = before.max_by_key(|(key, _)| key.at) else { break };
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&key.name);
                node = child;
            }
            Value::List(list) => {
                let before = list.iter().enumerate().filter(|(_, item)| item.at.is_up_to(at));
                let Some((index, child)) = before.max_by_key(|(_, item)| item.at) else { break };
                // Writing to a string cannot fail.
                let _ = write!(path, "[{index}]");
                node = child;
            }
            _ => break,
        }
    }
    (!path.is_empty()).then_some(path)
}
