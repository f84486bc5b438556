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

use std::{
    fs::File,
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::journal::numbered;

/// A handle of the journal that is written to.
#[derive(Debug)]
pub(super) struct NewestJournal {
    dir: PathBuf,
    number: u64,
    file: File,
}

impl NewestJournal {
    /// The newest journal in the directory of an open database.
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, "there is no journal");
        let (number, path) = numbered(dir)?.pop().ok_or_else(missing)?;
        Ok(Self { dir: dir.to_owned(), number, file: File::open(path)? })
    }

    /// Waits until all that was committed before the call is on the disk.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        while self.advance()? {}
        if self.file.metadata()?.nlink() == 0 {
            *self = Self::open(&self.dir)?;
        }
        self.file.sync_data()
    }

    /// Goes on to the next journal; returns whether there is one.
    fn advance(&mut self) -> io::Result<bool> {
        let next = self.number + 1;
        match File::open(self.dir.join(format!("{next}.jnl"))) {
            Ok(file) => (self.number, self.file) = (next, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_journal_that_is_written_to_is_found() {
        let dir = tempfile::TempDir::new().unwrap();
        let journal = |number: u64| dir.path().join(format!("{number}.jnl"));
        assert!(NewestJournal::open(dir.path()).is_err());
        fs::write(journal(3), "").unwrap();
        let mut newest = NewestJournal::open(dir.path()).unwrap();
        newest.sync().unwrap();
        assert_eq!(newest.number, 3);
        // Two others in a row, and the first of them still there.
        fs::write(journal(4), "").unwrap();
        fs::write(journal(5), "").unwrap();
        newest.sync().unwrap();
        assert_eq!(newest.number, 5);
        // So many that those between are gone already.
        fs::write(journal(9), "").unwrap();
        for gone in 3..6 {
            fs::remove_file(journal(gone)).unwrap();
        }
        newest.sync().unwrap();
        assert_eq!(newest.number, 9);
    }
}
