//! `Fn::FindInMap`.

use super::{Resolved, Resolver};
use crate::node::{Map, Node};
use crate::report::Fault;
use crate::suggest::did_you_mean;

impl Resolver<'_> {
    /// `[MapName, TopLevelKey, SecondLevelKey]`, and `{DefaultValue: ...}` after them with the
    /// language extensions.
    pub(super) fn find_in_map(&self, argument: &Node) -> Resolved<Node> {
        let (map, top, second, default) = match argument.as_list() {
            Some([map, top, second]) => (map, top, second, None),
            Some([map, top, second, last]) => match last.get("DefaultValue") {
                Some(default) => (map, top, second, Some(default)),
                None => {
                    let message = "`Fn::FindInMap` takes `DefaultValue: VALUE` as its fourth item";
                    return Err(Fault::new(last.at, message).into());
                }
            },
            _ => {
                let message = "`Fn::FindInMap` takes a list of a mapping's name and two keys";
                return Err(Fault::new(argument.at, message)
                    .help("write `!FindInMap [MAPPING, KEY, KEY]`".to_owned())
                    .into());
            }
        };
        let found = self.step(self.template.mappings, map, "mapping").and_then(|entries| {
            let entries = self.step(mapping(entries, map)?, top, "key")?;
            self.step(mapping(entries, top)?, second, "key")
        });
        match (found, default) {
            (Ok(node), _) => self.try_resolve(node),
            (Err(_), Some(default)) => self.try_resolve(default),
            (Err(trouble), None) => Err(trouble),
        }
    }

    /// The value of the key that `name` resolves to.
    fn step<'m>(&self, entries: &'m Map, name: &Node, what: &str) -> Resolved<&'m Node> {
        let text = self.text("Fn::FindInMap", name)?;
        self.spend(1 + entries.len() as u64 / 32, name.at)?;
        crate::node::get(entries, &text).ok_or_else(|| {
            let names = || entries.iter().map(|(key, _)| key.name.as_str());
            let help = did_you_mean(&text, names()).or_else(|| {
                let known: Vec<_> = names().take(8).collect();
                (!known.is_empty()).then(|| format!("there are {}", known.join(", ")))
            });
            let shown: String = text.chars().take(60).collect();
            Fault::new(name.at, format!("`Mappings` has no {what} `{shown}` here"))
                .help(help)
                .into()
        })
    }
}

fn mapping<'m>(node: &'m Node, name: &Node) -> Resolved<&'m Map> {
    node.as_map().ok_or_else(|| {
        let message = format!("{} under `Mappings` must be a mapping", name.describe());
        Fault::new(node.at, message).into()
    })
}
