//! A look at fjall's journals before fjall opens them.
//!
//! fjall ends its reading of a journal at the first thing it cannot make sense of, cuts the file
//! off there, and goes on; or it refuses to open at all, when a commit is there whose checksum is
//! wrong, as a power cut in the midst of a commit may leave it. Neither tells a commit that was
//! cut short, and acknowledged to nobody, from damage to commits that were. The numbers in the
//! commits ([`NUMBER_KEY`]) and the [`Mark`](super::mark::Mark) tell. So what was cut short is cut
//! off here, everything else is reported, and then nothing was touched.
//!
//! The format is that of fjall 3 (`src/journal/entry.rs` there). A commit is
//!
//! ```text
//! 1, items: u32, seqno: u64
//! 2, type: u8, compression: u8, keyspace: u64, key: u16, value: u32, stored: u32, bytes of both
//! 4, keyspace: u64                              an item as well: the keyspace is cleared
//! 3, XXH3 of the items: u64, "FJL" 3
//! ```
//!
//! in little-endian. Zeros fill the file.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::Xxh3;

use super::mark::Marked;

/// The key of the item that holds the number of its commit, as a little-endian `u64`.
pub(super) const NUMBER_KEY: &[u8] = b"commit";

const END: [u8; 4] = *b"FJL\x03";

/// Damage to acknowledged commits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Damage {
    /// How many commits are missing, at least.
    pub(super) commits: u64,
    /// The journal in which they should be, and from which byte on.
    pub(super) place: (PathBuf, u64),
}

/// Why the journals could not be checked.
#[derive(Debug)]
pub(super) enum CheckError {
    Io(io::Error),
    Damaged(Damage),
}

impl From<io::Error> for CheckError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// What one journal holds.
#[derive(Debug, Default, PartialEq, Eq)]
struct Scan {
    /// The numbers of the first and the last commit.
    numbers: Option<(u64, u64)>,
    /// How many numbers are missing between these.
    missing: u64,
    /// Where the last whole commit ends.
    end: u64,
    /// Whether something other than zeros follows.
    has_rest: bool,
}

/// Journals that may be opened.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Checked {
    /// The number of the last commit in them.
    pub(super) last: Option<u64>,
    /// A copy of the last journal as it was found, when it has no commit but something that was
    /// cut off: whether that is damage, the number of the last commit in the tables will tell.
    copy: Option<Copy>,
}

#[derive(Debug, PartialEq, Eq)]
struct Copy {
    journal: PathBuf,
    copy: PathBuf,
}

impl Checked {
    /// Nothing was lost.
    pub(super) fn accept(self) -> io::Result<()> {
        self.copy.map_or(Ok(()), |Copy { copy, .. }| std::fs::remove_file(copy))
    }

    /// Something was lost: puts the journal back as it was found. Returns which that is.
    pub(super) fn restore(self) -> io::Result<Option<PathBuf>> {
        let Some(Copy { journal, copy }) = self.copy else { return Ok(None) };
        std::fs::rename(copy, &journal)?;
        Ok(Some(journal))
    }
}

/// Checks the journals in the directory, and cuts off the last one what was cut short.
///
/// Nothing is asked for when nothing is marked: what is there is taken as it is.
pub(super) fn check(dir: &Path, marked: Option<Marked>) -> Result<Checked, CheckError> {
    let mut copy = None;
    let mut last = None;
    let journals = journals(dir)?;
    for (index, path) in journals.iter().enumerate() {
        let scan = scan(path)?;
        let is_active = index + 1 == journals.len();
        let gap = match (last, scan.numbers) {
            (Some(last), Some((first, _))) => first.abs_diff(last + 1),
            _ => 0,
        };
        let after = scan.numbers.map(|(_, last)| last).or(last);
        if let Some(Marked { base, acknowledged }) = marked {
            let known = after.unwrap_or(0);
            let mut missing = if known > base { scan.missing + gap } else { 0 };
            // Behind the last commit there can only be what was never acknowledged; when there is
            // none, what is in the tables will tell.
            if is_active && after.is_some() {
                missing += acknowledged.saturating_sub(known);
            }
            if missing > 0 {
                let place = (path.clone(), scan.end);
                return Err(CheckError::Damaged(Damage { commits: missing, place }));
            }
        }
        if is_active && scan.has_rest {
            if after.is_none() && marked.is_some() {
                let kept = path.with_extension("found");
                std::fs::copy(path, &kept)?;
                copy = Some(Copy { journal: path.clone(), copy: kept });
            }
            let file = OpenOptions::new().write(true).open(path)?;
            file.set_len(scan.end)?;
            file.sync_all()?;
        }
        last = after;
    }
    Ok(Checked { last, copy })
}

/// The journals in the directory, the oldest first. The last is the one that is written to.
fn journals(dir: &Path) -> io::Result<Vec<PathBuf>> {
    Ok(numbered(dir)?.into_iter().map(|(_, path)| path).collect())
}

/// The journals with the numbers in their names, the oldest first.
pub(super) fn numbered(dir: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut journals = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_suffix(".jnl")?.parse::<u64>().ok());
        journals.extend(number.map(|number| (number, path)));
    }
    journals.sort();
    Ok(journals)
}

fn scan(path: &Path) -> io::Result<Scan> {
    let file = File::open(path)?;
    let mut reader = Reader {
        remaining: file.metadata()?.len(),
        inner: BufReader::new(file),
        value: Vec::new(),
    };
    let length = reader.remaining;
    let mut scan = Scan::default();
    let mut last_seqno = None;
    while let Some(commit) = reader.commit()? {
        // fjall's own order. Its checksums leave these numbers out.
        if last_seqno.is_some_and(|last| commit.seqno <= last) {
            break;
        }
        last_seqno = Some(commit.seqno);
        scan.end = length - reader.remaining;
        if let Some(number) = commit.number {
            let (first, last) = scan.numbers.unwrap_or((number, number.wrapping_sub(1)));
            scan.missing += number.abs_diff(last.wrapping_add(1));
            scan.numbers = Some((first, number));
        }
    }
    let Reader { inner, .. } = reader;
    let mut file = inner.into_inner();
    scan.has_rest = !is_zero(&mut file, scan.end)?;
    Ok(scan)
}

/// Whether the file has nothing but zeros from here on.
fn is_zero(file: &mut File, from: u64) -> io::Result<bool> {
    use std::io::{Seek, SeekFrom};
    file.seek(SeekFrom::Start(from))?;
    let mut block = vec![0; 1 << 16];
    loop {
        let length = file.read(&mut block)?;
        if length == 0 {
            return Ok(true);
        }
        if block[..length].iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
    }
}

struct Commit {
    seqno: u64,
    number: Option<u64>,
}

/// Reads a journal. Lengths that the rest of the file cannot hold are not believed.
struct Reader {
    inner: BufReader<File>,
    remaining: u64,
    value: Vec<u8>,
}

impl Reader {
    /// The next commit; nothing when there is no whole one. `remaining` is then anywhere.
    fn commit(&mut self) -> io::Result<Option<Commit>> {
        let Some([1]) = self.take()? else { return Ok(None) };
        let (Some(items), Some(seqno)) = (self.take()?, self.take()?) else { return Ok(None) };
        let seqno = u64::from_le_bytes(seqno);
        let mut hash = Xxh3::new();
        let mut number = None;
        for _ in 0..u32::from_le_bytes(items) {
            match self.item(&mut hash)? {
                Some(found) => number = found.or(number),
                None => return Ok(None),
            }
        }
        let Some([3]) = self.take()? else { return Ok(None) };
        let (Some(digest), Some(END)) = (self.take()?, self.take()?) else { return Ok(None) };
        let is_whole = u64::from_le_bytes(digest) == hash.digest();
        Ok(is_whole.then_some(Commit { seqno, number }))
    }

    /// Reads an item, and the commit's number if it is that; nothing when it is no item.
    fn item(&mut self, hash: &mut Xxh3) -> io::Result<Option<Option<u64>>> {
        let Some([tag]) = self.take()? else { return Ok(None) };
        hash.update(&[tag]);
        if tag == 4 {
            let Some(keyspace) = self.take::<8>()? else { return Ok(None) };
            hash.update(&keyspace);
            return Ok(Some(None));
        }
        let Some(head) = self.take::<20>()? else { return Ok(None) };
        hash.update(&head);
        let key = u16::from_le_bytes([head[10], head[11]]);
        let stored = u32::from_le_bytes([head[16], head[17], head[18], head[19]]);
        if tag != 2 || u64::from(key) + u64::from(stored) > self.remaining {
            return Ok(None);
        }
        let mut value = std::mem::take(&mut self.value);
        value.resize(usize::from(key) + stored as usize, 0);
        self.inner.read_exact(&mut value)?;
        self.remaining -= value.len() as u64;
        hash.update(&value);
        let number =
            value.strip_prefix(NUMBER_KEY).filter(|_| usize::from(key) == NUMBER_KEY.len());
        let number = number.and_then(|number| number.try_into().ok()).map(u64::from_le_bytes);
        self.value = value;
        Ok(Some(number))
    }

    /// The next bytes; nothing when there are not so many.
    fn take<const N: usize>(&mut self) -> io::Result<Option<[u8; N]>> {
        let Some(remaining) = self.remaining.checked_sub(N as u64) else { return Ok(None) };
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes)?;
        self.remaining = remaining;
        Ok(Some(bytes))
    }
}
