//! What properties may look like that Samovar checks and makes no other use of.
//!
//! Values are checked as they are written: an intrinsic function may give anything, and to resolve
//! one only to look at it would name values as unknown that nothing here needs.

use crate::node::{self, Map, Node, Place};
use crate::read::Reader;
use crate::report::Fault;

/// What a value must be.
pub(crate) enum Shape {
    /// Whatever it is.
    Any,
    /// Text of at most so many characters.
    Text(usize),
    /// An ARN, or nothing.
    Arn,
    /// `true` or `false`.
    Boolean,
    /// A whole number from, to and of.
    Integer(u32, u32, &'static str),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A list of at most so many of one shape.
    List(usize, &'static Shape),
    /// A mapping of these and no other properties.
    Map(&'static [Field]),
}

/// A property: its name, whether it must be there, and its shape.
pub(crate) struct Field(pub(crate) &'static str, pub(crate) Need, pub(crate) Shape);

/// Whether a property must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Required,
    Optional,
}

pub(crate) use Need::{Optional, Required};

impl Shape {
    /// Reports what about a value is not of this shape. `name` is the value's path under its
    /// owner: `VpcConfig.SubnetIds`.
    pub(crate) fn check(&self, reader: &Reader, name: &str, node: &Node) {
        if node.intrinsic().is_some() {
            return;
        }
        match self {
            Self::Any => {}
            Self::Text(most) => {
                if let Some(text) = reader.text(name, node)
                    && !node.is_unresolved()
                    && text.chars().count() > *most
                {
                    reader.wrong(name, node, &format!("at most {most} characters long"), None);
                }
            }
            Self::Arn => {
                if let Some(text) = reader.text(name, node)
                    && !(node.is_unresolved() || text.is_empty() || text.starts_with("arn:"))
                {
                    reader.wrong(name, node, "an ARN", None);
                }
            }
            Self::Boolean => {
                reader.boolean(name, node);
            }
            Self::Integer(least, most, unit) => {
                reader.integer(name, node, *least..=*most, unit);
            }
            Self::Choice(words) => {
                reader.choice(name, node, words);
            }
            Self::List(most, shape) => {
                let Some(list) = reader.list(name, node) else { return };
                if list.len() > *most {
                    let message = format!(
                        "`{name}` of {} has {} items, and {most} at most",
                        reader.owner,
                        list.len()
                    );
                    reader.report.fault(Fault::new(node.at, message));
                }
                for (index, item) in list.iter().enumerate() {
                    shape.check(reader, &format!("{name}[{index}]"), item);
                }
            }
            Self::Map(fields) => {
                if let Some(map) = reader.map(name, node) {
                    reader.only(map, &names(fields));
                    check(reader, name, node.at, map, fields);
                }
            }
        }
    }

    /// A value of this shape, for help.
    fn example(&self) -> Option<String> {
        match self {
            Self::Choice(words) => words.first().map(|word| (*word).to_owned()),
            Self::Integer(least, ..) => Some(least.to_string()),
            Self::Arn => Some("!GetAtt NAME.Arn".to_owned()),
            _ => None,
        }
    }
}

/// The fields' names.
pub(crate) fn names(fields: &[Field]) -> Vec<&'static str> {
    fields.iter().map(|Field(name, ..)| *name).collect()
}

/// Reports what is missing among the properties of a mapping that stands at `at`, and what is not
/// of its shape. `prefix` is the mapping's path under its owner; empty for a resource's properties.
pub(crate) fn check(reader: &Reader, prefix: &str, at: Place, map: &Map, fields: &[Field]) {
    for Field(name, need, shape) in fields {
        match node::get(map, name) {
            Some(node) if prefix.is_empty() => shape.check(reader, name, node),
            Some(node) => shape.check(reader, &format!("{prefix}.{name}"), node),
            None if *need == Required => missing(reader, prefix, at, name, shape),
            None => {}
        }
    }
}

fn missing(reader: &Reader, prefix: &str, at: Place, name: &str, shape: &Shape) {
    let owner = match prefix {
        "" => reader.owner.clone(),
        prefix => format!("`{prefix}` of {}", reader.owner),
    };
    let help = match shape.example() {
        Some(example) => format!("add one: `{name}: {example}`"),
        None => format!("AWS refuses it without: add `{name}:` and its value"),
    };
    reader.report.fault(Fault::new(at, format!("{owner} has no `{name}`")).help(help));
}
