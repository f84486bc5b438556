//! Typed reading of resolved values, with one way of saying what is wrong with them.

use std::ops::RangeInclusive;

use crate::node::{Key, Kind, Map, Node, Value};
use crate::report::{Fault, Report};
use crate::suggest::did_you_mean;

/// Reads the values of one owner: a resource or an event.
///
/// Each method gives `None` where the value is of the wrong type, which is then reported, where it
/// is poisoned, which was reported before, and where it is not known here, which was noted before
/// (except [`text`](Self::text), which gives the text that stands for the value).
pub(crate) struct Reader<'r> {
    pub(crate) report: &'r Report<'r>,
    /// As it stands in messages: `Hello`, `event Orders of OrderWorker`.
    pub(crate) owner: String,
}

impl Reader<'_> {
    /// A whole number in a range. Text that is a number is one, as in CloudFormation.
    pub(crate) fn integer(
        &self,
        name: &str,
        node: &Node,
        range: RangeInclusive<u32>,
        unit: &str,
    ) -> Option<u32> {
        let unit = if unit.is_empty() { String::new() } else { format!(" of {unit}") };
        let text = self.known(name, node, || {
            format!("a whole number{unit} from {} to {}", range.start(), range.end())
        })?;
        let help =
            || format!("write a whole number{unit} from {} to {}", range.start(), range.end());
        let Ok(number) = text.parse::<i128>() else {
            self.wrong(name, node, "a whole number", help());
            return None;
        };
        match u32::try_from(number) {
            Ok(number) if range.contains(&number) => Some(number),
            _ => {
                let expected = format!("from {} to {}", range.start(), range.end());
                self.wrong(name, node, &expected, help());
                None
            }
        }
    }

    /// `true` or `false`, as a boolean or as text.
    pub(crate) fn boolean(&self, name: &str, node: &Node) -> Option<bool> {
        let text = self.known(name, node, || "`true` or `false`".to_owned())?;
        match text.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.wrong(name, node, "`true` or `false`", None);
                None
            }
        }
    }

    /// Any scalar, as text.
    pub(crate) fn text<'n>(&self, name: &str, node: &'n Node) -> Option<&'n str> {
        self.scalar(name, node, || "text".to_owned())
    }

    /// One of a few words.
    pub(crate) fn choice<'n>(
        &self,
        name: &str,
        node: &'n Node,
        choices: &[&str],
    ) -> Option<&'n str> {
        let expected = || match choices {
            [only] => format!("`{only}`"),
            _ => format!("one of {}", choices.join(", ")),
        };
        let text = self.known(name, node, expected)?;
        if choices.contains(&text) {
            return Some(text);
        }
        let help = self.report.hint(|| did_you_mean(text, choices.iter().copied()));
        self.wrong(name, node, &expected(), help);
        None
    }

    pub(crate) fn list<'n>(&self, name: &str, node: &'n Node) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(list) => Some(list),
            Value::Poison | Value::Scalar(Kind::Unresolved, _) => None,
            _ => {
                self.wrong(name, node, "a list", None);
                None
            }
        }
    }

    pub(crate) fn map<'n>(&self, name: &str, node: &'n Node) -> Option<&'n Map> {
        match &node.value {
            Value::Map(map) => Some(map),
            Value::Poison | Value::Scalar(Kind::Unresolved, _) => None,
            _ => {
                self.wrong(name, node, "a mapping", None);
                None
            }
        }
    }

    /// Reports a key that is not among the known ones.
    pub(crate) fn unknown<'k>(&self, key: &Key, known: impl IntoIterator<Item = &'k str> + Clone) {
        let shown: String = key.name.chars().take(60).collect();
        let message = format!("unknown property `{shown}` of {}", self.owner);
        let help = self.report.hint(|| {
            did_you_mean(&key.name, known.clone()).or_else(|| {
                let names: Vec<&str> = known.into_iter().collect();
                (names.len() <= 10).then(|| format!("it can have {}", names.join(", ")))
            })
        });
        self.report.fault(Fault::new(key.at, message).help(help));
    }

    /// Reports the keys of a small mapping that are not among the known ones.
    pub(crate) fn only(&self, map: &Map, known: &[&str]) {
        for (key, _) in map.iter().filter(|(key, _)| !known.contains(&key.name.as_str())) {
            self.unknown(key, known.iter().copied());
        }
    }

    /// Reports a value that is not what it must be.
    pub(crate) fn wrong(
        &self,
        name: &str,
        node: &Node,
        expected: &str,
        help: impl Into<Option<String>>,
    ) {
        let owner = &self.owner;
        let message = format!("`{name}` of {owner} must be {expected}, not {}", node.describe());
        self.report.fault(Fault::new(node.at, message).help(help));
    }

    /// A scalar whose value is known here.
    fn known<'n>(
        &self,
        name: &str,
        node: &'n Node,
        expected: impl FnOnce() -> String,
    ) -> Option<&'n str> {
        if node.is_unresolved() { None } else { self.scalar(name, node, expected) }
    }

    fn scalar<'n>(
        &self,
        name: &str,
        node: &'n Node,
        expected: impl FnOnce() -> String,
    ) -> Option<&'n str> {
        match &node.value {
            Value::Scalar(_, text) => Some(text),
            Value::Poison => None,
            _ => {
                self.wrong(name, node, &expected(), None);
                None
            }
        }
    }
}
