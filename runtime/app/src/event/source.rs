//! What a trigger is read from: the properties of an event, of a plain resource, or of a part of
//! one. Both kinds of template use the same names for most of them, so one reader does for both.

use std::ops::RangeInclusive;

use crate::model::Span;
use crate::node::{self, Key, Map, Node, Place};
use crate::property::{self, Table};
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::Resolver;
use crate::suggest::did_you_mean;
use crate::template::Resource;

/// Resolved properties and what they belong to.
pub(crate) struct Source<'r, 't> {
    pub(crate) resolver: &'r Resolver<'t>,
    pub(crate) reader: Reader<'t>,
    /// Its name and where it stands.
    pub(crate) key: Key,
    /// Logical id of the resource that it is, or that SAM makes of it.
    pub(crate) id: String,
    path: String,
    pub(crate) properties: Map,
}

/// The function that a trigger starts, as far as its source asks.
pub(crate) struct Consumer {
    /// Its logical id in its template.
    pub(crate) id: String,
    /// Its `Timeout` in seconds.
    pub(crate) timeout: u32,
}

impl<'r, 't> Source<'r, 't> {
    /// An event of a function.
    pub(super) fn event(
        resolver: &'r Resolver<'t>,
        function: &str,
        reader: Reader<'t>,
        key: &Key,
        properties: Map,
    ) -> Self {
        Self {
            resolver,
            reader,
            key: key.clone(),
            id: format!("{function}{}", key.name),
            path: format!("Resources.{function}.Events.{}", key.name),
            properties,
        }
    }

    /// A resource, with its properties checked against a table.
    pub(crate) fn resource(
        resolver: &'r Resolver<'t>,
        resource: &Resource<'t>,
        table: &Table,
    ) -> Self {
        let reader = Reader { report: resolver.report, owner: resource.id.to_owned() };
        let path = format!("Resources.{}", resource.id);
        property::check(&reader, resource.properties, table, &path);
        Self {
            resolver,
            reader,
            key: Key { name: resource.id.to_owned(), at: resource.at },
            id: resource.id.to_owned(),
            path,
            properties: resolver.resolve_map(resource.properties),
        }
    }

    /// Some properties of a resource whose others are not looked at.
    pub(crate) fn properties(
        resolver: &'r Resolver<'t>,
        resource: &Resource<'t>,
        names: &[&str],
    ) -> Self {
        let is_named = |key: &Key| names.contains(&key.name.as_str());
        let named: Map =
            resource.properties.iter().filter(|(key, _)| is_named(key)).cloned().collect();
        Self {
            resolver,
            reader: Reader { report: resolver.report, owner: resource.id.to_owned() },
            key: Key { name: resource.id.to_owned(), at: resource.at },
            id: resource.id.to_owned(),
            path: format!("Resources.{}", resource.id),
            properties: resolver.resolve_map(&named),
        }
    }

    fn within(&self, name: &str, at: Place, properties: Map) -> Self {
        Self {
            resolver: self.resolver,
            reader: Reader {
                report: self.reader.report,
                owner: format!("`{name}` of {}", self.reader.owner),
            },
            key: Key { name: self.key.name.clone(), at },
            id: self.id.clone(),
            path: format!("{}.{name}", self.path),
            properties,
        }
    }

    /// A property that is a mapping of these and no other keys.
    pub(crate) fn part(&self, name: &str, known: &[&str]) -> Option<Self> {
        let (key, node) = node::entry(&self.properties, name)?;
        let map = self.reader.map(name, node)?;
        let part = self.within(name, key.at, map.clone());
        part.reader.only(map, known);
        Some(part)
    }

    /// The items of a property that is a list of mappings of these and no other keys.
    pub(crate) fn parts(&self, name: &str, known: &[&str]) -> Vec<Self> {
        let list = self.get(name).and_then(|node| self.reader.list(name, node)).unwrap_or_default();
        let parts = list.iter().enumerate().filter_map(|(index, node)| {
            let name = format!("{name}[{index}]");
            let map = self.reader.map(&name, node)?;
            let part = self.within(&name, node.at, map.clone());
            part.reader.only(map, known);
            Some(part)
        });
        parts.collect()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        node::get(&self.properties, name)
    }

    /// Where it stands.
    pub(crate) fn span(&self) -> Span {
        self.reader.report.span(self.key.at)
    }

    /// Where a property stands, or else what it would be a property of.
    pub(crate) fn at(&self, name: &str) -> Place {
        self.get(name).map_or(self.key.at, |node| node.at)
    }

    /// Where it is, for notes.
    pub(crate) fn path(&self) -> String {
        self.path.clone()
    }

    /// The physical name of the resource that it is or that SAM makes of it, if none is written.
    pub(crate) fn physical_name(&self) -> String {
        self.resolver.name(&self.id)
    }

    /// Reports a property that it cannot do without, unless it is there.
    pub(crate) fn required(&self, name: &str, help: &str) -> Option<&Node> {
        let found = self.get(name);
        if found.is_none() {
            let message = format!("{} has no `{name}`", self.reader.owner);
            self.fault(self.key.at, message, help.to_owned());
        }
        found
    }

    pub(crate) fn fault(&self, at: Place, message: String, help: impl Into<Option<String>>) {
        self.reader.report.fault(Fault::new(at, message).help(help));
    }

    /// Notes that the function is not called by it. `kind` is its type.
    pub(crate) fn note_not_called(&self, kind: &str, function: &str) {
        let note = format!("{function} is not called by it");
        self.reader.report.note(self.key.at, format!("{} ({kind})", self.path), note);
    }

    pub(crate) fn integer(
        &self,
        name: &str,
        range: RangeInclusive<u32>,
        unit: &str,
    ) -> Option<u32> {
        self.reader.integer(name, self.get(name)?, range, unit)
    }

    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        self.reader.boolean(name, self.get(name)?)
    }

    pub(crate) fn choice(&self, name: &str, choices: &[&str]) -> Option<&str> {
        self.reader.choice(name, self.get(name)?, choices)
    }

    /// Text of a length from and to, in characters.
    pub(crate) fn text(&self, name: &str, length: RangeInclusive<usize>) -> Option<String> {
        let node = self.get(name)?;
        let text = self.reader.text(name, node)?;
        let count = text.chars().count();
        if !node.is_unresolved() && !length.contains(&count) {
            let (least, most) = (length.start(), length.end());
            let message = format!("`{name}` of {} is {count} characters long", self.reader.owner);
            self.fault(node.at, message, format!("write {least} to {most} characters"));
            return None;
        }
        Some(text.to_owned())
    }

    /// A name of a few characters: letters, digits and `signs`.
    pub(crate) fn name(&self, name: &str, signs: &str, most: usize) -> Option<String> {
        let node = self.get(name)?;
        let text = self.reader.text(name, node)?;
        let is_valid = |c: char| c.is_ascii_alphanumeric() || signs.contains(c);
        if node.is_unresolved()
            || (!text.is_empty() && text.len() <= most && text.chars().all(is_valid))
        {
            return Some(text.to_owned());
        }
        let signs: Vec<String> = signs.chars().map(|c| format!("`{c}`")).collect();
        let help = format!("use letters, digits and {}, at most {most}", signs.join(", "));
        self.reader.wrong(name, node, "a name", help);
        None
    }

    /// An ARN. `what` it is of: `a stream`; `help` is what to write instead of anything else.
    pub(crate) fn arn(&self, name: &str, what: &str, help: &str) -> Option<String> {
        let node = self.required(name, &format!("add one: `{name}: {help}`"))?;
        let text = self.reader.text(name, node)?;
        if !node.is_unresolved() && !text.starts_with("arn:") {
            let help = format!("write `{help}`");
            self.reader.wrong(name, node, &format!("the ARN of {what}"), help);
            return None;
        }
        Some(text.to_owned())
    }

    /// A list of texts, from so many to so many.
    pub(crate) fn texts(&self, name: &str, count: RangeInclusive<usize>) -> Option<Vec<String>> {
        let node = self.get(name)?;
        let list = self.reader.list(name, node)?;
        if !count.contains(&list.len()) {
            let expected = match (*count.start(), *count.end()) {
                (1, 1) => "a list of one item".to_owned(),
                (least, most) => format!("a list of {least} to {most} items"),
            };
            let message = format!(
                "`{name}` of {} must be {expected}, not of {}",
                self.reader.owner,
                list.len()
            );
            self.fault(node.at, message, None);
            return None;
        }
        list.iter().map(|item| self.reader.text(name, item).map(str::to_owned)).collect()
    }

    /// One of some words, or a list of them; each is `what`: `an event of S3's`.
    pub(crate) fn words(
        &self,
        name: &str,
        words: &[&str],
        what: &str,
        help: &str,
    ) -> Option<Vec<String>> {
        let node = self.required(name, help)?;
        let single = std::slice::from_ref(node);
        let mut found: Vec<String> = Vec::new();
        for item in node.as_list().unwrap_or(single) {
            let Some(word) = self.reader.text(name, item) else { continue };
            if item.is_unresolved() {
                continue;
            }
            if !words.contains(&word) {
                let help = did_you_mean(word, words.iter().copied());
                let list =
                    || (words.len() <= 10).then(|| format!("there are {}", words.join(", ")));
                self.reader.wrong(name, item, what, help.or_else(list));
            } else if found.iter().any(|other| other == word) {
                let message = format!("`{name}` of {} has `{word}` twice", self.reader.owner);
                self.fault(item.at, message, "remove one of them".to_owned());
            } else {
                found.push(word.to_owned());
            }
        }
        Some(found)
    }

    /// `Enabled`, or `State` where the type has it: one of the two. `states` are those of the
    /// type; `DISABLED` is the one in which it does nothing.
    pub(crate) fn enabled(&self, states: &[&str]) -> bool {
        let enabled = self.boolean("Enabled");
        let state = self.choice("State", states);
        if enabled.is_some() && state.is_some() {
            let message = format!("{} has both `State` and `Enabled`", self.reader.owner);
            self.fault(self.at("State"), message, "keep one of them".to_owned());
        }
        enabled.unwrap_or(true) && state != Some("DISABLED")
    }
}
