//! The fjall database behind the store.

use std::{
    io,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fjall::{
    KeyspaceCreateOptions, OwnedWriteBatch as WriteBatch, PersistMode,
    compaction::Leveled,
    config::{FilterPolicy, PinningPolicy},
};
use serde::{Deserialize, Serialize};

use super::{
    AttemptKey, Content, Key, StoreError, Write,
    encoding::{
        decode_accepted, decode_attempt, decode_key, decode_record, encode_accepted,
        encode_attempt, encode_key, encode_record,
    },
    journal::{self, CheckError, Damage, NUMBER_KEY},
    mark::{Mark, MarkError, Marked},
    sync::NewestJournal,
};
use crate::{
    Attributes, MoveTaskStatus, OpenError, Timestamp,
    core::{Accepted, Attempt, Record},
    scope::Scope,
};

/// What this version writes; an older or newer one is refused.
///
/// Format 1 had shorter records and no FIFO messages; its stores are read and go on as format 2.
const FORMAT: u32 = 2;
const READABLE: std::ops::RangeInclusive<u32> = 1..=FORMAT;

/// The least that fjall takes. What is in the journal is read when the store is opened.
const JOURNAL_BYTES: u64 = 64 * 1024 * 1024;
const CONTENTS_MEMTABLE_BYTES: u64 = 16 * 1024 * 1024;
const RECORDS_MEMTABLE_BYTES: u64 = 8 * 1024 * 1024;
/// Of a table on the disk, about.
const TABLE_BYTES: u64 = 8 * 1024 * 1024;
const CACHE_BYTES: u64 = 16 * 1024 * 1024;

/// One that flushes memtables, and one that merges tables. A single one would do both in turn: as
/// long as it merges, which behind a large backlog takes seconds, memtables and journals grow, and
/// fjall slows nobody down for that.
const WORKERS: usize = 2;

/// Says which commits were acknowledged.
const MARK_FILE: &str = "acknowledged";

const FORMAT_KEY: &str = "format";
const OPENED_KEY: &str = "opened";
const QUEUE_PREFIX: &str = "queue/";
const TASK_PREFIX: &str = "task/";
const ATTEMPT_PREFIX: &str = "attempt/";

/// A queue as it is stored, in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QueueRecord {
    /// Never used again for another queue.
    pub(crate) id: u64,
    pub(crate) name: String,
    /// Its account and region; nothing for the default ones, whichever these are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<Scope>,
    /// Those that were given, defaults aside.
    pub(crate) attributes: Attributes,
    pub(crate) tags: Attributes,
    /// When it was made, in milliseconds.
    pub(crate) created_at: Timestamp,
    /// When its attributes were last changed, in milliseconds.
    pub(crate) modified_at: Timestamp,
    /// Messages with smaller sequences were purged, should they still be there.
    pub(crate) purged_below: u64,
    /// When it was last purged, in milliseconds; 0 when it never was.
    #[serde(default)]
    pub(crate) purged_at: Timestamp,
}

/// A message move task as it is stored, in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TaskRecord {
    /// The source queue, and the sequence at the start: messages with smaller ones are moved.
    pub(crate) key: Key,
    /// A UUID.
    pub(crate) id: String,
    pub(crate) source_arn: String,
    pub(crate) destination_arn: Option<String>,
    /// Messages a second.
    pub(crate) rate: Option<u32>,
    pub(crate) status: MoveTaskStatus,
    pub(crate) to_move: usize,
    pub(crate) moved: u64,
    /// In milliseconds.
    pub(crate) started_at: Timestamp,
    pub(crate) failure: Option<String>,
}

/// Reads what a store holds one after the other, in the order of the keys: there may be millions,
/// and nobody needs them all at once. Damage is found when it is met.
pub(crate) type Reading<T> = Box<dyn Iterator<Item = Result<(Key, T), OpenError>> + Send>;

/// What a store holds when it is opened, contents aside.
pub(crate) struct Loaded {
    /// How often the store was opened, this time included.
    pub(crate) opened: u64,
    pub(crate) queues: Vec<QueueRecord>,
    pub(crate) tasks: Vec<TaskRecord>,
    pub(crate) records: Reading<Record>,
    /// What FIFO queues have accepted lately, under the keys that the messages had.
    pub(crate) accepted: Reading<Accepted>,
    /// Receives that could be repeated.
    pub(crate) attempts: Vec<(AttemptKey, Attempt)>,
}

/// The database of one directory.
pub(super) struct Database {
    keyspaces: Keyspaces,
    /// The number of the last commit.
    committed: Mutex<u64>,
    mark: Mutex<Mark>,
    newest: Mutex<NewestJournal>,
}

struct Keyspaces {
    database: fjall::Database,
    meta: fjall::Keyspace,
    records: fjall::Keyspace,
    contents: fjall::Keyspace,
    accepted: fjall::Keyspace,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
    }
}

impl Database {
    pub(super) fn open(dir: &Path) -> Result<(Self, Loaded), OpenError> {
        let io = |source| OpenError::Io { path: dir.to_owned(), source };
        std::fs::create_dir_all(dir).map_err(io)?;
        let mark_path = dir.join(MARK_FILE);
        let (mut mark, marked) = Mark::open(&mark_path).map_err(|error| match error {
            MarkError::InUse => OpenError::InUse { path: dir.to_owned() },
            MarkError::Io(error) => io(error),
            MarkError::Damaged => OpenError::Corrupt {
                path: dir.to_owned(),
                reason: format!("the file {MARK_FILE} is damaged"),
            },
        })?;
        let lost = |commits, place: Option<(PathBuf, u64)>| OpenError::Lost {
            path: dir.to_owned(),
            commits,
            place: place.map_or_else(String::new, |(journal, byte)| {
                format!(" from byte {byte} of {} on", journal.display())
            }),
            mark: mark_path.clone(),
        };
        let journals = journal::check(dir, marked).map_err(|error| match error {
            CheckError::Io(error) => io(error),
            CheckError::Damaged(Damage { commits, place }) => lost(commits, Some(place)),
        })?;
        let keyspaces = Keyspaces::open(dir)?;
        let (loaded, last) = keyspaces.load(dir)?;
        let last = last.max(journals.last.unwrap_or(0));
        match marked {
            Some(Marked { acknowledged, .. }) if last < acknowledged => {
                drop(keyspaces);
                let place = journals.restore().map_err(io)?.map(|journal| (journal, 0));
                return Err(lost(acknowledged - last, place));
            }
            Some(_) => journals.accept().map_err(io)?,
            None => mark.begin(&mark_path, last).map_err(io)?,
        }
        let newest = Mutex::new(NewestJournal::open(dir).map_err(io)?);
        let this = Self { keyspaces, committed: Mutex::new(last), mark: Mutex::new(mark), newest };
        this.commit(2, |batch, keyspaces| {
            batch.insert(&keyspaces.meta, OPENED_KEY, json(&loaded.opened)?);
            batch.insert(&keyspaces.meta, FORMAT_KEY, json(&FORMAT)?);
            Ok(())
        })
        .and_then(|()| this.sync())
        .map_err(|error| io(io::Error::other(error.to_string())))?;
        Ok((this, loaded))
    }

    pub(super) fn write(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        // A message on a FIFO queue has three entries.
        self.commit(3 * writes.len(), |batch, keyspaces| {
            writes.into_iter().try_for_each(|write| keyspaces.add(batch, write))
        })
    }

    /// Writes all that was added to the batch, or nothing. About so many `entries` are added.
    fn commit(
        &self,
        entries: usize,
        add: impl FnOnce(&mut WriteBatch, &Keyspaces) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let database = self.keyspaces.database.clone();
        let mut batch =
            WriteBatch::with_capacity(database, entries + 1).durability(Some(PersistMode::Buffer));
        add(&mut batch, &self.keyspaces)?;
        // Held until it is written, as the numbers are in the order of the commits.
        let mut committed = lock(&self.committed);
        let number = *committed + 1;
        batch.insert(&self.keyspaces.meta, NUMBER_KEY, number.to_le_bytes());
        batch.commit().map_err(failed)?;
        *committed = number;
        Ok(())
    }

    pub(super) fn sync(&self) -> Result<(), StoreError> {
        let io = |error: io::Error| StoreError::Failed(error.to_string());
        let mut newest = lock(&self.newest);
        let committed = {
            // Held, so that nobody commits meanwhile.
            let committed = lock(&self.committed);
            newest.prepare().map_err(io)?;
            *committed
        };
        newest.sync().map_err(io)?;
        lock(&self.mark).set(committed).map_err(io)
    }

    pub(super) fn content(&self, key: Key) -> Result<Option<Content>, StoreError> {
        self.keyspaces.content(key)
    }
}

impl Keyspaces {
    fn open(dir: &Path) -> Result<Self, OpenError> {
        let open = || -> Result<Self, fjall::Error> {
            let database = fjall::Database::builder(dir)
                .worker_threads(WORKERS)
                .cache_size(CACHE_BYTES)
                .max_journaling_size(JOURNAL_BYTES)
                .open()?;
            Ok(Self {
                meta: database.keyspace("meta", || options(RECORDS_MEMTABLE_BYTES))?,
                records: database.keyspace("records", scanned)?,
                contents: database.keyspace("contents", looked_up)?,
                accepted: database.keyspace("accepted", scanned)?,
                database,
            })
        };
        // fjall 3.1 panics at some kinds of damage. Nothing of it is used then.
        std::panic::catch_unwind(AssertUnwindSafe(open))
            .map_err(|_| OpenError::Corrupt {
                path: dir.to_owned(),
                reason: "the database is damaged".into(),
            })?
            .map_err(|error| open_error(dir, error))
    }

    fn add(&self, batch: &mut WriteBatch, write: Write) -> Result<(), StoreError> {
        match write {
            Write::Message { key, record, content, accepted } => {
                if let Some(accepted) = accepted {
                    batch.insert(&self.accepted, encode_key(key), encode_accepted(accepted));
                }
                batch.insert(&self.contents, encode_key(key), encode(&content)?);
                batch.insert(&self.records, encode_key(key), encode_record(record));
            }
            Write::Record { key, record } => {
                batch.insert(&self.records, encode_key(key), encode_record(record));
            }
            Write::Remove { key } => self.remove(batch, key),
            Write::Forget { key } => batch.remove(&self.accepted, encode_key(key)),
            Write::Move { from, to, record, passage } => {
                if let Some(content) = self.content(from)? {
                    let content = content.passed(passage);
                    batch.insert(&self.contents, encode_key(to), encode(&content)?);
                    batch.insert(&self.records, encode_key(to), encode_record(record));
                }
                self.remove(batch, from);
            }
            Write::Queue(record) => {
                batch.insert(&self.meta, queue_key(record.id), json(&record)?);
            }
            Write::RemoveQueue { id } => batch.remove(&self.meta, queue_key(id)),
            Write::Task(record) => batch.insert(&self.meta, task_key(record.key), json(&record)?),
            Write::RemoveTask(key) => batch.remove(&self.meta, task_key(key)),
            Write::Attempt { key, attempt } => {
                batch.insert(&self.meta, attempt_key(&key), encode_attempt(&attempt));
            }
            Write::RemoveAttempt(key) => batch.remove(&self.meta, attempt_key(&key)),
        }
        Ok(())
    }

    fn remove(&self, batch: &mut WriteBatch, key: Key) {
        batch.remove(&self.records, encode_key(key));
        batch.remove(&self.contents, encode_key(key));
    }

    fn content(&self, key: Key) -> Result<Option<Content>, StoreError> {
        let Some(bytes) = self.contents.get(encode_key(key)).map_err(failed)? else {
            return Ok(None);
        };
        postcard::from_bytes(&bytes)
            .map(Some)
            .map_err(|error| StoreError::Failed(format!("a stored message is unreadable: {error}")))
    }

    /// Reads all but the messages, and the number of the last commit.
    fn load(&self, dir: &Path) -> Result<(Loaded, u64), OpenError> {
        let corrupt = |reason| OpenError::Corrupt { path: dir.to_owned(), reason };
        match self.get_meta(FORMAT_KEY).map_err(corrupt)? {
            Some(other) if !READABLE.contains(&other) => {
                return Err(corrupt(format!(
                    "they are in format {other}, this samovar knows formats up to {FORMAT}"
                )));
            }
            _ => {}
        }
        let opened: u64 = self.get_meta(OPENED_KEY).map_err(corrupt)?.unwrap_or(0);
        let mut loaded = Loaded {
            opened: opened + 1,
            queues: Vec::new(),
            tasks: Vec::new(),
            records: read(&self.records, dir, "the record of a message", decode_record),
            accepted: read(&self.accepted, dir, "the record of a deduplication", decode_accepted),
            attempts: Vec::new(),
        };
        for entry in self.meta.prefix(QUEUE_PREFIX) {
            let (_, bytes) = entry.into_inner().map_err(|error| open_error(dir, error))?;
            let queue = serde_json::from_slice(&bytes)
                .map_err(|error| corrupt(format!("the record of a queue: {error}")))?;
            loaded.queues.push(queue);
        }
        for entry in self.meta.prefix(TASK_PREFIX) {
            let (_, bytes) = entry.into_inner().map_err(|error| open_error(dir, error))?;
            let task = serde_json::from_slice(&bytes)
                .map_err(|error| corrupt(format!("the record of a message move task: {error}")))?;
            loaded.tasks.push(task);
        }
        for entry in self.meta.prefix(ATTEMPT_PREFIX) {
            let (key, bytes) = entry.into_inner().map_err(|error| open_error(dir, error))?;
            let entry = parse_attempt_key(&key).zip(decode_attempt(&bytes));
            let entry = entry.ok_or_else(|| corrupt("the record of a receive".into()))?;
            loaded.attempts.push(entry);
        }
        let number = self.meta.get(NUMBER_KEY).map_err(|error| open_error(dir, error))?;
        let number =
            number.map_or(Some(0), |bytes| Some(u64::from_le_bytes((*bytes).try_into().ok()?)));
        Ok((loaded, number.ok_or_else(|| corrupt("the number of the last commit".into()))?))
    }

    fn get_meta<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<Option<T>, String> {
        let bytes = self.meta.get(key).map_err(|error| format!("{key}: {error}"))?;
        bytes
            .map(|bytes| serde_json::from_slice(&bytes))
            .transpose()
            .map_err(|error| format!("{key}: {error}"))
    }
}

/// Messages are added at one end and removed at the other, so a table that was just flushed has keys
/// of both, and is merged with all that the first level has. Small tables keep that level small; in
/// the next one those at either end are merged or moved, and those between stay as they are. With
/// fjall's 64 MB a backlog of a million slowed sends by a third.
fn options(memtable_bytes: u64) -> KeyspaceCreateOptions {
    let leveled = Leveled::default().with_table_target_size(TABLE_BYTES);
    KeyspaceCreateOptions::default()
        .max_memtable_size(memtable_bytes)
        .compaction_strategy(Arc::new(leveled))
}

/// Of what is read as a whole when the store is opened, and never looked up.
fn scanned() -> KeyspaceCreateOptions {
    options(RECORDS_MEMTABLE_BYTES).filter_policy(FilterPolicy::disabled())
}

/// Of what is looked up by its key, and is there. What says where it is stays in memory, three
/// bytes a message or so: the cache has no room for that of a large table, and every message of a
/// backlog would have it read and checked again, hundreds of kilobytes.
fn looked_up() -> KeyspaceCreateOptions {
    options(CONTENTS_MEMTABLE_BYTES)
        .expect_point_read_hits(true)
        .filter_block_pinning_policy(PinningPolicy::all(true))
        .index_block_pinning_policy(PinningPolicy::all(true))
}

/// Reads a keyspace as it is now. `name` says what its values are.
fn read<T: 'static>(
    keyspace: &fjall::Keyspace,
    dir: &Path,
    name: &'static str,
    decode: fn(&[u8]) -> Option<T>,
) -> Reading<T> {
    let dir = dir.to_owned();
    Box::new(keyspace.iter().map(move |entry| {
        let (key, value) = entry.into_inner().map_err(|error| open_error(&dir, error))?;
        let entry = decode_key(&key).zip(decode(&value));
        entry.ok_or_else(|| OpenError::Corrupt { path: dir.clone(), reason: name.into() })
    }))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn queue_key(id: u64) -> Vec<u8> {
    format!("{QUEUE_PREFIX}{id:020}").into_bytes()
}

fn task_key(key: Key) -> Vec<u8> {
    format!("{TASK_PREFIX}{:020}/{:020}", key.queue, key.seq).into_bytes()
}

fn attempt_key(key: &AttemptKey) -> Vec<u8> {
    format!("{ATTEMPT_PREFIX}{:020}/{}", key.queue, key.id).into_bytes()
}

fn parse_attempt_key(bytes: &[u8]) -> Option<AttemptKey> {
    let key = std::str::from_utf8(bytes).ok()?.strip_prefix(ATTEMPT_PREFIX)?;
    let (queue, id) = key.split_once('/')?;
    Some(AttemptKey { queue: queue.parse().ok()?, id: id.to_owned() })
}

fn encode(content: &Content) -> Result<Vec<u8>, StoreError> {
    // Of most messages the body is all but a few bytes.
    let bytes = Vec::with_capacity(content.body.len() + 64);
    postcard::to_extend(content, bytes).map_err(|error| StoreError::Failed(error.to_string()))
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| StoreError::Failed(error.to_string()))
}

fn failed(error: fjall::Error) -> StoreError {
    StoreError::Failed(match error {
        fjall::Error::Io(error) => error.to_string(),
        fjall::Error::Poisoned => "a write to the disk failed, it may be full".into(),
        other => other.to_string(),
    })
}

fn open_error(dir: &Path, error: fjall::Error) -> OpenError {
    let path = dir.to_owned();
    match error {
        fjall::Error::Locked => OpenError::InUse { path },
        // fjall says UnexpectedEof and InvalidData of files that are not what they should be.
        fjall::Error::Io(source)
            if !matches!(
                source.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData
            ) =>
        {
            OpenError::Io { path, source }
        }
        other => OpenError::Corrupt { path, reason: other.to_string() },
    }
}
