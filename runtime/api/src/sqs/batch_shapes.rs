//! Batches as the service model writes them.

use std::fmt;
use std::marker::PhantomData;

use samovar_queue::{BatchEntry, BatchResult, QueueError};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::beside::{Beside, Id};
use super::error::SqsError;
use super::required;

/// An entry of a batch's output: its id beside its own members.
#[derive(Serialize)]
pub(crate) struct EntryShape<T> {
    #[serde(rename = "Id")]
    id: String,
    #[serde(flatten)]
    entry: T,
}

/// The input of a batch.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BatchShape<T> {
    pub(crate) queue_url: Option<String>,
    entries: Option<Entries<T>>,
}

/// The most entries that are read. A batch has ten, and the queue says so to one with more; but a
/// body of the largest size could have millions, each a hundred times as large in memory.
const MAX_ENTRIES: usize = 1000;

/// A list of a bounded length.
struct Entries<T>(Vec<Beside<Id, T>>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
    type Value = Entries<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {MAX_ENTRIES} entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries<T>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element()? {
            if entries.len() == MAX_ENTRIES {
                return Err(A::Error::invalid_length(entries.len() + 1, &self));
            }
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

impl<T> BatchShape<T> {
    /// The entries; no list at all is an empty one, which the queue refuses.
    pub(crate) fn entries<E>(
        self,
        entry: impl Fn(T) -> Result<E, SqsError>,
    ) -> Result<Vec<BatchEntry<E>>, SqsError> {
        let entries = self.entries.map(|Entries(entries)| entries).unwrap_or_default();
        let entry = |one: Beside<Id, T>| {
            Ok(BatchEntry::new(required(one.member, "Id")?, entry(one.shape)?))
        };
        entries.into_iter().map(entry).collect()
    }
}

/// The output of a batch. AWS leaves an empty list out.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct BatchOutput<T> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    successful: Vec<EntryShape<T>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failed: Vec<EntryShape<FailedShape>>,
}

/// `BatchResultErrorEntry`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct FailedShape {
    sender_fault: bool,
    code: &'static str,
    message: String,
}

/// The members of an entry of `DeleteMessageBatch` that succeeded: none but its id.
#[derive(Serialize)]
pub(crate) struct NoMembers {}

impl From<()> for NoMembers {
    fn from((): ()) -> Self {
        Self {}
    }
}

impl From<QueueError> for FailedShape {
    fn from(error: QueueError) -> Self {
        Self {
            sender_fault: error.is_sender_fault(),
            code: error.query_code(),
            message: error.message().to_owned(),
        }
    }
}

impl<E, T: From<E>> From<BatchResult<E>> for BatchOutput<T> {
    fn from(result: BatchResult<E>) -> Self {
        fn shapes<E, T: From<E>>(entries: Vec<BatchEntry<E>>) -> Vec<EntryShape<T>> {
            let shape = |one: BatchEntry<E>| EntryShape { id: one.id, entry: one.entry.into() };
            entries.into_iter().map(shape).collect()
        }
        Self { successful: shapes(result.successful), failed: shapes(result.failed) }
    }
}
