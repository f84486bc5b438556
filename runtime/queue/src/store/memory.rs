//! The store of queues that are not kept.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{AttemptKey, Content, Key, Loaded, QueueRecord, TaskRecord, Write};
use crate::core::{Accepted, Attempt, Record};

/// All that a database would hold, in memory.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    opened: u64,
    queues: BTreeMap<u64, QueueRecord>,
    tasks: BTreeMap<Key, TaskRecord>,
    records: BTreeMap<Key, Record>,
    contents: HashMap<Key, Content>,
    accepted: BTreeMap<Key, Accepted>,
    attempts: BTreeMap<AttemptKey, Attempt>,
}

impl Memory {
    pub(super) fn load(&self) -> Loaded {
        let mut tables = self.lock();
        tables.opened += 1;
        Loaded {
            opened: tables.opened,
            queues: tables.queues.values().cloned().collect(),
            tasks: tables.tasks.values().cloned().collect(),
            records: Box::new(tables.records.clone().into_iter().map(Ok)),
            accepted: Box::new(tables.accepted.clone().into_iter().map(Ok)),
            attempts: tables.attempts.clone().into_iter().collect(),
        }
    }

    pub(super) fn write(&self, writes: Vec<Write>) {
        let mut tables = self.lock();
        for write in writes {
            tables.apply(write);
        }
    }

    pub(super) fn content(&self, key: Key) -> Option<Content> {
        self.lock().contents.get(&key).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn apply(&mut self, write: Write) {
        match write {
            Write::Message { key, record, content, accepted } => {
                self.contents.insert(key, *content);
                self.records.insert(key, record);
                if let Some(accepted) = accepted {
                    self.accepted.insert(key, accepted);
                }
            }
            Write::Record { key, record } => drop(self.records.insert(key, record)),
            Write::Remove { key } => drop(self.remove(key)),
            Write::Forget { key } => drop(self.accepted.remove(&key)),
            Write::Move { from, to, record, passage } => {
                if let Some(content) = self.remove(from) {
                    self.contents.insert(to, content.passed(passage));
                    self.records.insert(to, record);
                }
            }
            Write::Queue(record) => drop(self.queues.insert(record.id, record)),
            Write::RemoveQueue { id } => drop(self.queues.remove(&id)),
            Write::Task(record) => drop(self.tasks.insert(record.key, record)),
            Write::RemoveTask(key) => drop(self.tasks.remove(&key)),
            Write::Attempt { key, attempt } => drop(self.attempts.insert(key, attempt)),
            Write::RemoveAttempt(key) => drop(self.attempts.remove(&key)),
        }
    }

    fn remove(&mut self, key: Key) -> Option<Content> {
        self.records.remove(&key);
        self.contents.remove(&key)
    }
}
