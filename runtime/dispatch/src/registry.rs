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

#[derive(Default)]
pub(crate) struct Registry {
    entries: RwLock<BTreeMap<String, Entry>>,
    /// Sum of what the functions reserve.
    reserved: AtomicUsize,
}

impl Registry {
    /// Adds or replaces a function; the entry that it had.
    pub(crate) fn insert(&self, entry: Entry) -> Option<Entry> {
        let name = entry.function().name.clone();
        let mut entries = self.write();
        let old = entries.insert(name, entry);
        let reserved = entries.values().filter_map(|entry| entry.function().reserved_concurrency);
        self.reserved.store(reserved.map(|n| n as usize).sum(), Ordering::Release);
        old
    }

    /// How much concurrency the functions reserve together.
    pub(crate) fn reserved_concurrency(&self) -> usize {
        self.reserved.load(Ordering::Acquire)
    }

    /// The function that a client means: by name, logical id, ARN or partial ARN, each with or
    /// without `:$LATEST` (Lambda API reference, `FunctionName` of `Invoke`). Versions and
    /// aliases do not exist here, so any other qualifier finds nothing.
    pub(crate) fn find(&self, wanted: &str) -> Option<Entry> {
        let name = unqualified(wanted)?;
        let entries = self.read();
        entries
            .get(name)
            .or_else(|| entries.values().find(|entry| entry.function().logical_id == name))
            .cloned()
    }

    pub(crate) fn all(&self) -> Vec<Entry> {
        self.read().values().cloned().collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Entry>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Entry>> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bare name in `NAME`, `NAME:$LATEST`, `ACCOUNT:function:NAME`,
/// `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:$LATEST]`.
fn unqualified(wanted: &str) -> Option<&str> {
    let tail = match wanted.split_once("function:") {
        Some((prefix, tail)) if prefix.ends_with(':') => tail,
        _ => wanted,
    };
    match tail.split_once(':') {
        None => Some(tail),
        Some((name, "$LATEST")) => Some(name),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::unqualified;

    #[test]
    fn every_spelling_of_a_name_is_understood() {
        for spelling in [
            "Hello",
            "Hello:$LATEST",
            "000000000000:function:Hello",
            "arn:aws:lambda:us-east-1:000000000000:function:Hello",
            "arn:aws:lambda:us-east-1:000000000000:function:Hello:$LATEST",
        ] {
            assert_eq!(unqualified(spelling), Some("Hello"), "{spelling}");
        }
        assert_eq!(unqualified("Hello:7"), None);
        assert_eq!(unqualified("arn:aws:lambda:us-east-1:1:function:Hello:live"), None);
    }
}
