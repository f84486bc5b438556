//! Tables of known properties: which are read, which change nothing here, which are not emulated.

use crate::node::{Map, Node};
use crate::read::Reader;
use crate::report::Report;

/// What Samovar does with a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is read.
    Read,
    /// It says nothing about how the application behaves here (roles, tags, tracing).
    Accepted,
    /// It is not emulated, and that means this for the user.
    Missing(&'static str),
}

/// A resource type's or event type's properties.
pub(crate) type Table = [(&'static str, Effect)];

/// Reports properties that the table does not know, and names those that are not emulated.
/// `path` is where the properties are: `Resources.Hello`.
pub(crate) fn check(reader: &Reader, properties: &Map, table: &Table, path: &str) {
    for (key, _) in properties {
        if !table.iter().any(|(name, _)| *name == key.name) {
            reader.unknown(key, table.iter().map(|(name, _)| *name));
        }
    }
    note(reader.report, properties, table, path);
}

/// Names the properties that are not emulated.
pub(crate) fn note(report: &Report, properties: &Map, table: &Table, path: &str) {
    for (key, node) in properties {
        if let Some((name, Effect::Missing(note))) =
            table.iter().find(|(name, _)| *name == key.name)
            && !is_no_value(node)
        {
            report.note(key.at, format!("{path}.{name}"), *note);
        }
    }
}

/// `!Ref AWS::NoValue`, written as such: the property is as if it were not there.
pub(crate) fn is_no_value(node: &Node) -> bool {
    node.intrinsic().is_some_and(|(key, argument)| {
        key.name == "Ref" && argument.as_str() == Some("AWS::NoValue")
    })
}
