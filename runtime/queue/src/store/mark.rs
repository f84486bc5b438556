//! Which commits are known to be on the disk, in a file of its own.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    path::Path,
    time::Duration,
};

use sha2::{Digest, Sha256};

/// The two places in the file, which are in different sectors.
const PLACES: [u64; 2] = [0, 4096];
/// Two numbers and the beginning of their digest.
const LENGTH: usize = 24;

/// How often the lock is tried again, and after what time.
const LOCK_ATTEMPTS: u32 = 30;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// What the file says: numbers of commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marked {
    /// Commits up to this one need not be there: the file was missing once, and the commits were
    /// taken as they were then.
    pub(super) base: u64,
    /// The last that was acknowledged.
    pub(super) acknowledged: u64,
}

/// The file. It is written in two places by turns, so that a write that is cut short spoils the
/// older one at most; and it is locked, so that nobody else touches the directory.
///
/// It is not synced at each commit, which would cost as much as the commit. It is written after
/// the commits it tells of are on the disk, so that it never tells of too many; should a power cut
/// leave older numbers in it, damage is noticed up to these.
#[derive(Debug)]
pub(super) struct Mark {
    file: File,
    base: u64,
    next: usize,
}

/// Why the file could not be opened.
#[derive(Debug)]
pub(super) enum MarkError {
    /// Somebody else has it.
    InUse,
    Io(io::Error),
    /// Neither place holds what was written there.
    Damaged,
}

impl From<io::Error> for MarkError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Mark {
    /// Opens and locks the file, which is made when missing, and reads it; nothing when it is
    /// new.
    pub(super) fn open(path: &Path) -> Result<(Self, Option<Marked>), MarkError> {
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        lock(&file)?;
        if file.metadata()?.len() == 0 {
            return Ok((Self { file, base: 0, next: 0 }, None));
        }
        let found = [read(&mut file, PLACES[0])?, read(&mut file, PLACES[1])?];
        let newest = found.iter().flatten().max_by_key(|marked| marked.acknowledged).copied();
        let newest = newest.ok_or(MarkError::Damaged)?;
        let next = usize::from(found[0] == Some(newest));
        Ok((Self { file, base: newest.base, next }, Some(newest)))
    }

    /// Begins a file that was new: the commits up to this one are taken as they are.
    pub(super) fn begin(&mut self, path: &Path, base: u64) -> io::Result<()> {
        self.base = base;
        self.set(base)?;
        self.set(base)?;
        self.file.sync_all()?;
        path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    }

    /// Notes that the commits up to this one are on the disk.
    pub(super) fn set(&mut self, acknowledged: u64) -> io::Result<()> {
        self.file
            .write_all_at(&encode(Marked { base: self.base, acknowledged }), PLACES[self.next])?;
        self.next = 1 - self.next;
        Ok(())
    }
}

/// Locks the file. One who was just told that his last write is done may still be about to close
/// the store.
fn lock(file: &File) -> Result<(), MarkError> {
    let mut attempts = 0;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(MarkError::Io(error)),
            Err(TryLockError::WouldBlock) if attempts == LOCK_ATTEMPTS => {
                return Err(MarkError::InUse);
            }
            Err(TryLockError::WouldBlock) => attempts += 1,
        }
        std::thread::sleep(LOCK_PAUSE);
    }
}

fn read(file: &mut File, place: u64) -> io::Result<Option<Marked>> {
    let mut bytes = [0; LENGTH];
    file.seek(SeekFrom::Start(place))?;
    if let Err(error) = file.read_exact(&mut bytes) {
        return if error.kind() == io::ErrorKind::UnexpectedEof { Ok(None) } else { Err(error) };
    }
    let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|index| bytes[at + index]));
    let marked = Marked { base: number(0), acknowledged: number(8) };
    Ok((bytes == encode(marked)).then_some(marked))
}

fn encode(Marked { base, acknowledged }: Marked) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    bytes[..8].copy_from_slice(&base.to_le_bytes());
    bytes[8..16].copy_from_slice(&acknowledged.to_le_bytes());
    let digest = Sha256::digest(&bytes[..16]);
    bytes[16..].copy_from_slice(&digest[..8]);
    bytes
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_write_that_was_cut_short_leaves_the_number_before() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("mark");
        let (mut mark, marked) = Mark::open(&path).unwrap();
        assert_eq!(marked, None);
        mark.begin(&path, 7).unwrap();
        drop(mark);
        for acknowledged in 8..12 {
            let whole = std::fs::read(&path).unwrap();
            let (mut mark, before) = Mark::open(&path).unwrap();
            let before = before.unwrap();
            assert_eq!(before, Marked { base: 7, acknowledged: acknowledged - 1 });
            let torn = PLACES[mark.next];
            mark.set(acknowledged).unwrap();
            mark.file.seek(SeekFrom::Start(torn)).unwrap();
            mark.file.write_all(&[0xFF; 5]).unwrap();
            drop(mark);
            assert_eq!(Mark::open(&path).unwrap().1, Some(before));
            std::fs::write(&path, whole).unwrap();
            Mark::open(&path).unwrap().0.set(acknowledged).unwrap();
            assert_eq!(Mark::open(&path).unwrap().1, Some(Marked { acknowledged, ..before }));
        }
        std::fs::write(&path, [0; 5000]).unwrap();
        assert!(matches!(Mark::open(&path), Err(MarkError::Damaged)));
    }

    #[test]
    fn one_at_a_time_has_the_file() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("mark");
        let held = Mark::open(&path).unwrap();
        assert!(matches!(Mark::open(&path), Err(MarkError::InUse)));
        drop(held);
        Mark::open(&path).unwrap();
    }
}
