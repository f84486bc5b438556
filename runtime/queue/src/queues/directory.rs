//! Which queues there are, by scope and name.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use super::queue::Queue;
use crate::scope::Scope;

/// Queues by scope and name. A scope is there as long as it has a queue.
#[derive(Default)]
pub(super) struct Directory(BTreeMap<Scope, BTreeMap<String, Arc<Queue>>>);

impl Directory {
    /// The queue of this name in the scope, which is written as in ARNs.
    pub(super) fn get(&self, scope: &str, name: &str) -> Option<&Arc<Queue>> {
        self.0.get(scope)?.get(name)
    }

    pub(super) fn insert(&mut self, queue: Arc<Queue>) {
        let scope = self.0.entry(queue.scope.clone()).or_default();
        scope.insert(queue.name.clone(), queue);
    }

    pub(super) fn remove(&mut self, queue: &Queue) {
        if let Some(scope) = self.0.get_mut(&queue.scope) {
            scope.remove(&queue.name);
            if scope.is_empty() {
                self.0.remove(&queue.scope);
            }
        }
    }

    /// Whether the scope has queues.
    pub(super) fn has(&self, scope: &Scope) -> bool {
        self.0.contains_key(scope)
    }

    /// Those of a scope whose names come after this one, in the order of their names.
    pub(super) fn after(&self, scope: &Scope, name: Option<&str>) -> Vec<Arc<Queue>> {
        let Some(queues) = self.0.get(scope) else { return Vec::new() };
        let after = name.map_or(Bound::Unbounded, Bound::Excluded);
        queues.range::<str, _>((after, Bound::Unbounded)).map(|(_, queue)| queue.clone()).collect()
    }

    /// All, in the order of their scopes and names.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Queue>> {
        self.0.values().flat_map(BTreeMap::values)
    }
}
