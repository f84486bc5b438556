//! Syncing the journal while others write to it.
//!
//! fjall's own `persist` holds the lock of the journal during the `fdatasync`, so that everyone
//! who commits waits for the disk, those too who only want the operating system to have their
//! commit. A second handle of the same file needs no lock: `fdatasync` is about the file, not the
//! handle. It covers what fjall has handed to the operating system before, which commits of
//! `PersistMode::Buffer` do before they return.
//!
//! fjall goes on to a new journal, whose number is one higher, when one is full. It syncs
//! the old one and makes the new one durable before anyone can write to it (`src/journal/writer.rs`
//! there, `rotate`). So what was committed before a look at the directory is on the disk, or in the
//! newest journal that the look finds. Old journals are deleted in their order; where the one that
//! was the newest is gone, those that follow may be too, and the directory is read.
//!
//! A new journal has its full size and no blocks, so most syncs would have to write down which
//! blocks it has got, too. Zeros are written ahead of its end for that: on ext4 a sync of 3 to 30
//! kB is then 1.3 to 1.8 times as fast, the writing of the zeros included.

use std::{
    fs::File,
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
};

use super::journal::numbered;

/// How many zeros are written at a time, in bytes. With less there are more syncs that write down
/// blocks; with more the sync that follows takes longer.
const ZEROS: u64 = 1 << 20;

/// How many syncs a journal has seen before zeros are written: a few messages are not worth them.
const BUSY: u32 = 32;

/// A handle of the journal that is written to.
#[derive(Debug)]
pub(super) struct NewestJournal {
    dir: PathBuf,
    number: u64,
    file: File,
    syncs: u32,
    /// Where the zeros end that were written ahead.
    zeros_end: u64,
}

impl NewestJournal {
    /// The newest journal in the directory of an open database.
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, "there is no journal");
        let (number, path) = numbered(dir)?.pop().ok_or_else(missing)?;
        Ok(Self { dir: dir.to_owned(), number, file: open(&path)?, syncs: 0, zeros_end: 0 })
    }

    /// Finds the journal that is written to, and sees to it that there are zeros ahead of what is
    /// in it.
    ///
    /// Nobody may commit meanwhile.
    pub(super) fn prepare(&mut self) -> io::Result<()> {
        while self.advance()? {}
        if self.file.metadata()?.nlink() == 0 {
            *self = Self::open(&self.dir)?;
        }
        self.syncs = self.syncs.saturating_add(1);
        if self.syncs > BUSY && !self.has_zeros_ahead() {
            // Without them all is as well, and slower.
            self.write_zeros().unwrap_or_else(|_| self.zeros_end = u64::MAX);
        }
        Ok(())
    }

    /// Waits until all that was committed before [`Self::prepare`] is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Whether half of the zeros that were written last are still zeros, as far as some of them
    /// tell. Should there be messages full of zeros, the next ones are written later, or never.
    fn has_zeros_ahead(&self) -> bool {
        let is_zero = |ahead: u64| {
            let mut bytes = [0; 64];
            let place = self.zeros_end.saturating_sub(ahead);
            self.file.read_exact_at(&mut bytes, place).is_ok() && bytes == [0; 64]
        };
        self.zeros_end == u64::MAX
            || self.zeros_end > 0 && is_zero(ZEROS / 2) && is_zero(ZEROS / 4) && is_zero(64)
    }

    /// Writes zeros where the file has no blocks yet, which is behind all that was committed. It
    /// does not become longer: fjall appends to a journal that was there before.
    fn write_zeros(&mut self) -> io::Result<()> {
        let size = self.file.metadata()?.len();
        let begin = first_hole(&self.file, self.zeros_end)?;
        let end = size.min(begin + ZEROS);
        if begin < end {
            let zeros = vec![0; usize::try_from(end - begin).unwrap_or(0)];
            self.file.write_all_at(&zeros, begin)?;
            self.zeros_end = end;
        } else {
            self.zeros_end = u64::MAX;
        }
        Ok(())
    }

    /// Goes on to the next journal; returns whether there is one.
    fn advance(&mut self) -> io::Result<bool> {
        let next = self.number + 1;
        match open(&self.dir.join(format!("{next}.jnl"))) {
            Ok(file) => {
                let dir = std::mem::take(&mut self.dir);
                *self = Self { dir, number: next, file, syncs: 0, zeros_end: 0 };
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
        Ok(true)
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).open(path)
}

/// Where the file begins to have no blocks, at or behind `from`; its end if it has them all, or
/// if the file system does not tell (lseek(2), `SEEK_HOLE`).
fn first_hole(file: &File, from: u64) -> io::Result<u64> {
    Ok(rustix::fs::seek(file, rustix::fs::SeekFrom::Hole(from))?)
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    #[test]
    fn zeros_are_written_ahead_and_never_over_what_is_there() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("0.jnl");
        let mut journal = File::create_new(&path).unwrap();
        journal.set_len(4 * ZEROS).unwrap();
        let mut newest = NewestJournal::open(dir.path()).unwrap();
        let mut written = Vec::new();
        let mut commit = |bytes: Vec<u8>| {
            journal.write_all(&bytes).unwrap();
            written.extend(bytes);
            newest.prepare().unwrap();
            newest.sync().unwrap();
            let file = fs::read(&path).unwrap();
            assert_eq!(file.len() as u64, 4 * ZEROS);
            assert!(file.starts_with(&written), "what was committed is there");
            assert!(file[written.len()..].iter().all(|byte| *byte == 0));
            (newest.zeros_end, fs::metadata(&path).unwrap().blocks() * 512)
        };
        for _ in 0..BUSY {
            assert_eq!(commit(vec![1; 1000]).0, 0, "it is not worth it yet");
        }
        let (end, blocks) = commit(vec![2; 1000]);
        // A file system may have blocks of another size, or compress; ext4 and xfs do not.
        assert!((33_000 + ZEROS..100_000 + ZEROS).contains(&end), "{end}");
        assert!(blocks >= ZEROS, "{blocks}");
        assert_eq!(commit(vec![3; 1000]).0, end, "there is enough");
        let (next, _) = commit(vec![4; 600_000]);
        assert_eq!(next, end + ZEROS);
        // A commit that is larger than what is left of them.
        let (after, _) = commit(vec![5; 2_000_000]);
        assert!(after > 2_634_000 && after <= 4 * ZEROS, "{after}");
        let (last, _) = commit(vec![6; 1_400_000]);
        assert!(last == u64::MAX || last == 4 * ZEROS, "{last}");
    }

    #[test]
    fn a_journal_that_is_appended_to_does_not_become_longer() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("0.jnl");
        fs::write(&path, vec![1; 10_000]).unwrap();
        let mut newest = NewestJournal::open(dir.path()).unwrap();
        for _ in 0..=BUSY {
            newest.prepare().unwrap();
            newest.sync().unwrap();
        }
        assert_eq!(fs::read(&path).unwrap(), vec![1; 10_000]);
    }

    #[test]
    fn the_journal_that_is_written_to_is_found() {
        let dir = tempfile::TempDir::new().unwrap();
        let journal = |number: u64| dir.path().join(format!("{number}.jnl"));
        assert!(NewestJournal::open(dir.path()).is_err());
        fs::write(journal(3), "").unwrap();
        let mut newest = NewestJournal::open(dir.path()).unwrap();
        newest.prepare().unwrap();
        assert_eq!(newest.number, 3);
        // Two others in a row, and the first of them still there.
        fs::write(journal(4), "").unwrap();
        fs::write(journal(5), "").unwrap();
        newest.prepare().unwrap();
        assert_eq!(newest.number, 5);
        // So many that those between are gone already.
        fs::write(journal(9), "").unwrap();
        for gone in 3..6 {
            fs::remove_file(journal(gone)).unwrap();
        }
        newest.prepare().unwrap();
        assert_eq!(newest.number, 9);
    }
}
