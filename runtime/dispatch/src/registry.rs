//! The functions by the names that clients use.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use samovar_app::Function;

use crate::pool::Pool;

/// A function's place in the registry.
#[derive(Clone)]
pub(crate) enum Entry {
    /// It serves.
    Ready(Arc<Pool>),
    /// It cannot, and why.
    Failed(Arc<Function>, String),
}

impl Entry {
    pub(crate) fn function(&self) -> &Arc<Function> {
        match self {
            Self::Ready(pool) => &pool.function,
            Self::Failed(function, _) => function,
        }
    }
}

/// What an alias leads to (Lambda API reference, "AliasRoutingConfiguration").
#[derive(Clone, Debug, PartialEq)]
pub struct Alias {
    /// The version that gets what the others do not.
    pub version: String,
    /// Other versions, and the part of the invocations, from 0 to 1, that each gets.
    pub weights: Vec<(String, f64)>,
}

impl Alias {
    /// The version of one invocation.
    fn pick(&self) -> &str {
        let random = uuid::Uuid::new_v4().as_u64_pair().1 as u32;
        let mut point = f64::from(random) / f64::from(u32::MAX);
        for (version, weight) in &self.weights {
            if point < *weight {
                return version;
            }
            point -= weight;
        }
        &self.version
    }
}

#[derive(Default)]
struct Names {
    /// By `NAME`, and `NAME:VERSION` for those that are published.
    entries: BTreeMap<String, Entry>,
    /// By `NAME:ALIAS`.
    aliases: BTreeMap<String, Alias>,
}

#[derive(Default)]
pub(crate) struct Registry {
    names: RwLock<Names>,
    /// Sum of what the functions reserve.
    reserved: AtomicUsize,
}

impl Registry {
    /// Adds or replaces a function; the entry that it had.
    pub(crate) fn insert(&self, entry: Entry) -> Option<Entry> {
        let key = entry.function().qualified_name().into_owned();
        let mut names = self.write();
        let old = names.entries.insert(key, entry);
        self.add_up(&names);
        old
    }

    /// How much concurrency the functions reserve together.
    pub(crate) fn reserved_concurrency(&self) -> usize {
        self.reserved.load(Ordering::Acquire)
    }

    fn add_up(&self, names: &Names) {
        let functions = names.entries.values().map(Entry::function).filter(|f| is_latest(f));
        let reserved = functions.filter_map(|function| function.reserved_concurrency);
        self.reserved.store(reserved.map(|n| n as usize).sum(), Ordering::Release);
    }

    /// Removes a function with all its versions and aliases, or one version; the entries that
    /// were there.
    pub(crate) fn remove(&self, name: &str, version: Option<&str>) -> Vec<Entry> {
        let mut names = self.write();
        if let Some(version) = version {
            return names.entries.remove(&format!("{name}:{version}")).into_iter().collect();
        }
        let is_its = |key: &str| key.split(':').next() == Some(name);
        names.aliases.retain(|key, _| !is_its(key));
        let removed = names.entries.extract_if(.., |key, _| is_its(key)).map(|(_, entry)| entry);
        let removed = removed.collect();
        self.add_up(&names);
        removed
    }

    /// Adds, replaces or removes an alias.
    pub(crate) fn set_alias(&self, name: &str, alias: &str, leads_to: Option<Alias>) {
        let mut names = self.write();
        let key = format!("{name}:{alias}");
        match leads_to {
            Some(leads_to) => names.aliases.insert(key, leads_to),
            None => names.aliases.remove(&key),
        };
    }

    /// The function that a client means: by name, logical id, ARN or partial ARN, each with or
    /// without `:$LATEST`, or with a version or alias (Lambda API reference, `FunctionName` of
    /// `Invoke`).
    pub(crate) fn find(&self, wanted: &str) -> Option<Entry> {
        let (name, qualifier) = parts(wanted);
        let names = self.read();
        let by_id = || {
            let mut entries = names.entries.values();
            entries.find(|entry| entry.function().logical_id == name && is_latest(entry.function()))
        };
        let latest = names.entries.get(name).or_else(by_id)?;
        let Some(qualifier) = qualifier else { return Some(latest.clone()) };
        let qualified = format!("{}:{qualifier}", latest.function().name);
        let found = match names.aliases.get(&qualified).map(Alias::pick) {
            Some(LATEST) => return Some(latest.clone()),
            Some(version) => names.entries.get(&format!("{}:{version}", latest.function().name)),
            None => names.entries.get(&qualified),
        };
        found.cloned()
    }

    pub(crate) fn all(&self) -> Vec<Entry> {
        self.read().entries.values().cloned().collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, Names> {
        self.names.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Names> {
        self.names.write().unwrap_or_else(PoisonError::into_inner)
    }
}

const LATEST: &str = "$LATEST";

fn is_latest(function: &Function) -> bool {
    function.version == LATEST
}

/// The version or alias in a name, `$LATEST` too: what the function is told it was called by.
pub(crate) fn qualifier(name: &str) -> Option<&str> {
    let tail = name.rsplit_once("function:").map_or(name, |(_, tail)| tail);
    tail.split_once(':').map(|(_, qualifier)| qualifier)
}

/// The bare name in `NAME`, `ACCOUNT:function:NAME`, `arn:aws:lambda:REGION:ACCOUNT:function:NAME`,
/// and what follows it behind a colon, unless that is `$LATEST`.
fn parts(wanted: &str) -> (&str, Option<&str>) {
    let tail = match wanted.split_once("function:") {
        Some((prefix, tail)) if prefix.ends_with(':') => tail,
        _ => wanted,
    };
    match tail.split_once(':') {
        None => (tail, None),
        Some((name, qualifier)) => (name, Some(qualifier).filter(|name| *name != LATEST)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_name_is_understood() {
        for spelling in [
            "Hello",
            "Hello:$LATEST",
            "000000000000:function:Hello",
            "arn:aws:lambda:us-east-1:000000000000:function:Hello",
            "arn:aws:lambda:us-east-1:000000000000:function:Hello:$LATEST",
        ] {
            assert_eq!(parts(spelling), ("Hello", None), "{spelling}");
        }
        assert_eq!(parts("Hello:7"), ("Hello", Some("7")));
        let arn = "arn:aws:lambda:us-east-1:1:function:Hello:live";
        assert_eq!(parts(arn), ("Hello", Some("live")));
        assert_eq!((qualifier(arn), qualifier("Hello:$LATEST")), (Some("live"), Some("$LATEST")));
        assert_eq!((qualifier("Hello"), qualifier("1:function:Hello")), (None, None));
    }

    #[test]
    fn weights_share_out_what_an_alias_gets() {
        let alias = |weight| Alias { version: "1".into(), weights: vec![("2".into(), weight)] };
        let second = |weight| (0..4000).filter(|_| alias(weight).pick() == "2").count();
        assert_eq!(second(0.0), 0);
        // Ten standard deviations of a fair draw are 316.
        assert!((1600..2400).contains(&second(0.5)));
    }
}
