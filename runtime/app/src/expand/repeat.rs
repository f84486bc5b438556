//! `Fn::ForEach`.

use super::variables::Variables;
use super::{Expander, LOOP};
use crate::node::{Key, Map, Node, Value};
use crate::report::Fault;

/// Deepest nesting of loops (CloudFormation user guide, "Fn::ForEach": five).
const MAX_LOOPS: usize = 5;

impl Expander<'_, '_> {
    /// Adds what a loop gives to the entries of the mapping around it: `argument` is its
    /// identifier, its collection, and the mapping that it repeats.
    pub(super) fn repeat(
        &self,
        key: &Key,
        argument: &Node,
        variables: &Variables,
        depth: usize,
        entries: &mut Map,
    ) {
        if let Err(fault) = self.try_repeat(key, argument, variables, depth, entries) {
            self.resolver.report.fault(fault);
        }
    }

    fn try_repeat(
        &self,
        key: &Key,
        argument: &Node,
        variables: &Variables,
        depth: usize,
        entries: &mut Map,
    ) -> Result<(), Fault> {
        let usage = || {
            "write `Fn::ForEach::NAME: [IDENTIFIER, [VALUES], {KEY${IDENTIFIER}: VALUE}]`"
                .to_owned()
        };
        if !self.resolver.template.language_extensions {
            let message = format!("`{}` needs the language extensions", key.name);
            let help = "write `Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]`";
            return Err(Fault::new(key.at, message).help(help.to_owned()));
        }
        let name = &key.name[LOOP.len()..];
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            let message = format!("`{name}` is not the name of a loop");
            return Err(Fault::new(key.at, message).help("use letters and digits".to_owned()));
        }
        // In a loop, the inner loop's key is met again and again: at the same place.
        let is_elsewhere = {
            let mut loops = self.loops.borrow_mut();
            *loops.entry(name.to_owned()).or_insert(key.at) != key.at
        };
        if is_elsewhere {
            let message = format!("two loops are named `{name}`");
            let help = "each `Fn::ForEach` of a template needs its own name".to_owned();
            return Err(Fault::new(key.at, message).help(help));
        }
        if variables.depth() >= MAX_LOOPS {
            let message = format!("loops are nested more than {MAX_LOOPS} deep");
            return Err(Fault::new(key.at, message).help("unroll one of them".to_owned()));
        }
        let Some([identifier, collection, body]) = argument.as_list() else {
            let message = "`Fn::ForEach` takes a list of an identifier, a collection and a mapping";
            return Err(Fault::new(argument.at, message).help(usage()));
        };
        let Some(identifier) = identifier.as_str().filter(|name| !name.is_empty()) else {
            let message = format!("the identifier must be text, not {}", identifier.describe());
            return Err(Fault::new(identifier.at, message).help(usage()));
        };
        let Some(body) = body.as_map() else {
            let message = format!("`Fn::ForEach` repeats a mapping, not {}", body.describe());
            return Err(Fault::new(body.at, message).help(usage()));
        };
        for value in self.values(collection, variables, depth)? {
            if self.is_full.get() {
                break;
            }
            let variables = variables.with(identifier, &value);
            for (key, node) in body {
                if key.name.starts_with(LOOP) {
                    self.repeat(key, node, &variables, depth + 1, entries);
                    continue;
                }
                let key = Key { name: variables.fill(&key.name), at: key.at };
                entries.push((key, self.node(node, &variables, depth + 1)));
            }
        }
        Ok(())
    }

    /// The values of a collection: a list, or what an intrinsic function gives.
    fn values(
        &self,
        collection: &Node,
        variables: &Variables,
        depth: usize,
    ) -> Result<Vec<String>, Fault> {
        let filled = self.node(collection, variables, depth + 1);
        let resolved = self.resolver.resolve(&filled);
        let items = match &resolved.value {
            Value::List(items) => items,
            // What is wrong with it is reported, or it is not known here, which is noted.
            Value::Poison => return Ok(Vec::new()),
            _ if resolved.is_unresolved() => return Ok(Vec::new()),
            _ => {
                let message =
                    format!("`Fn::ForEach` goes through a list, not {}", resolved.describe());
                let help = "write a list, or `!Ref` of a `CommaDelimitedList` parameter".to_owned();
                return Err(Fault::new(collection.at, message).help(help));
            }
        };
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            match item.as_str() {
                Some(text) => values.push(text.to_owned()),
                None if item.is_poison() => {}
                None => {
                    let message =
                        format!("`Fn::ForEach` goes through texts, not {}", item.describe());
                    return Err(Fault::new(item.at, message));
                }
            }
        }
        Ok(values)
    }
}
