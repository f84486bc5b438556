//! EventBridge's pattern language: which events somebody wants.
//!
//! Rules of an event bus, filters of an event source mapping and filter policies of a topic are
//! written in it. EventBridge user guide, "Comparison operators for use in event patterns"; where
//! the guide is silent, as AWS's own matcher does (<https://github.com/aws/event-ruler>).
//!
//! A pattern has the structure of the events that it matches: every field must match, and of the
//! tests in a field's array one must. Where the event has an array, one of its elements must
//! match, and all the fields of an object must match in the same element.

mod cidr;
mod compile;
mod error;
mod test;
mod wildcard;

use serde_json::Value;

pub(crate) use self::cidr::Cidr;
pub(crate) use self::error::PatternError;
use self::test::Test;

/// A checked pattern.
///
/// ```json
/// {"detail": {"state": ["running", {"prefix": "stop"}], "count": [{"numeric": [">", 0, "<=", 5]}]}}
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    root: Node,
    /// Paths of which an `{"exists": false}` speaks, by [`Leaf::absent`].
    absent: Vec<Vec<String>>,
}

/// What one object must have: all fields, and an alternative of each `$or`.
#[derive(Clone, Debug, Default)]
struct Node {
    fields: Vec<(String, Field)>,
    choices: Vec<Vec<Node>>,
}

#[derive(Clone, Debug)]
enum Field {
    Object(Node),
    Leaf(Leaf),
}

/// The tests of a leaf, of which one must hold.
#[derive(Clone, Debug, Default)]
struct Leaf {
    tests: Vec<Test>,
    /// `{"exists": false}`: an index of [`Pattern::absent`].
    absent: Option<usize>,
}

impl Pattern {
    /// Checks and compiles a pattern.
    ///
    /// # Errors
    ///
    /// Whatever EventBridge would refuse; the error names the field.
    pub(crate) fn new(pattern: &Value) -> Result<Self, PatternError> {
        compile::compile(pattern)
    }

    /// Whether an event matches. Takes time in proportion to the size of the pattern times that
    /// of the event, and no longer; its recursion is as deep as the event.
    pub(crate) fn matches(&self, event: &Value) -> bool {
        let absent = self.absent.iter().map(|path| !has_leaf(event, path)).collect();
        Matcher { absent }.node(&self.root, Some(event))
    }
}

/// Whether a path leads to a value that is neither an object nor an array of nothing else.
///
/// Absence is of the whole event: one element of an array that has the field is enough.
fn has_leaf(value: &Value, path: &[String]) -> bool {
    match (value, path.split_first()) {
        (Value::Array(elements), _) => elements.iter().any(|element| has_leaf(element, path)),
        (Value::Object(fields), Some((name, rest))) => {
            fields.get(name).is_some_and(|value| has_leaf(value, rest))
        }
        (Value::Object(_), None) => false,
        (_, rest) => rest.is_none(),
    }
}

struct Matcher {
    /// Which paths of [`Pattern::absent`] the event does not have.
    absent: Vec<bool>,
}

impl Matcher {
    /// Without a value the event has nothing at the node's path: only absence can match.
    fn node(&self, node: &Node, value: Option<&Value>) -> bool {
        match value {
            Some(Value::Object(fields)) => self.object(node, Some(fields)),
            Some(Value::Array(elements)) if !elements.is_empty() => {
                elements.iter().any(|element| self.node(node, Some(element)))
            }
            _ => self.object(node, None),
        }
    }

    fn object(&self, node: &Node, object: Option<&serde_json::Map<String, Value>>) -> bool {
        node.fields.iter().all(|(name, field)| {
            let value = object.and_then(|object| object.get(name));
            match field {
                Field::Object(node) => self.node(node, value),
                Field::Leaf(leaf) => self.leaf(leaf, value),
            }
        }) && node.choices.iter().all(|choice| choice.iter().any(|node| self.object(node, object)))
    }

    fn leaf(&self, leaf: &Leaf, value: Option<&Value>) -> bool {
        leaf.absent.is_some_and(|index| self.absent.get(index) == Some(&true))
            || value.is_some_and(|value| any_holds(&leaf.tests, value))
    }
}

/// Whether one of the tests holds for a value, or for an element of an array.
fn any_holds(tests: &[Test], value: &Value) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(|element| any_holds(tests, element)),
        Value::Object(_) => false,
        scalar => tests.iter().any(|test| test.holds(scalar)),
    }
}

#[cfg(test)]
mod tests;
