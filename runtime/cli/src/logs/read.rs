//! Reads the files of one function's log, from the oldest record to those that are still to come.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::path::PathBuf;
use std::time::SystemTime;

use super::files;
use super::record::Record;

/// The longest line that is looked at; longer than what is ever written.
const MAX_LINE: usize = 1 << 20;

/// One function's records, in order.
#[derive(Debug)]
pub(super) struct Reader {
    folder: PathBuf,
    file: Option<(u64, BufReader<File>)>,
    /// The record that comes next, or the beginning of one that is being written.
    line: Vec<u8>,
    /// `line` is a whole record.
    is_whole: bool,
    /// Number of the last file that was read to its end.
    done: u64,
    /// Files that were not written to after this have nothing that is wanted.
    since: Option<SystemTime>,
}

impl Reader {
    /// Reads a function's folder.
    pub(super) fn new(folder: PathBuf, since: Option<SystemTime>) -> Self {
        Self { folder, file: None, line: Vec::new(), is_whole: false, done: 0, since }
    }

    /// The next record, which stays the next until it is [taken](Self::take); `None`: there is
    /// none yet.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn next(&mut self) -> io::Result<Option<Record<'_>>> {
        while !self.is_whole {
            if !self.fill()? {
                return Ok(None);
            }
            let text = std::str::from_utf8(&self.line).ok();
            self.is_whole = text.and_then(Record::read).is_some();
            if !self.is_whole {
                self.line.clear();
            }
        }
        Ok(std::str::from_utf8(&self.line).ok().and_then(Record::read))
    }

    /// The record was used.
    pub(super) fn take(&mut self) {
        self.line.clear();
        self.is_whole = false;
    }

    /// Reads one line to its end; whether there was a whole one.
    fn fill(&mut self) -> io::Result<bool> {
        loop {
            let Some((number, file)) = &mut self.file else {
                if !self.open()? {
                    return Ok(false);
                }
                continue;
            };
            let number = *number;
            let mut limited =
                io::Read::take(&mut *file, (MAX_LINE - self.line.len().min(MAX_LINE)) as u64);
            limited.read_until(b'\n', &mut self.line)?;
            if self.line.last() == Some(&b'\n') {
                self.line.pop();
                return Ok(true);
            }
            if self.line.len() >= MAX_LINE {
                // Not ours; what follows up to the line feed is no record either.
                self.line.clear();
                continue;
            }
            // The end, as of now. Where there is a later file, nothing is added to this one.
            let later = list(&self.folder)?.iter().any(|(other, _)| *other > number);
            if !later {
                return Ok(false);
            }
            // What was added between the two looks.
            let mut rest = Vec::new();
            file.read_until(b'\n', &mut rest)?;
            if rest.is_empty() {
                self.done = number;
                self.file = None;
                self.line.clear();
            } else {
                self.line.append(&mut rest);
                if self.line.last() == Some(&b'\n') {
                    self.line.pop();
                    return Ok(true);
                }
            }
        }
    }

    /// Opens the next file; whether there is one.
    fn open(&mut self) -> io::Result<bool> {
        for (number, path) in list(&self.folder)? {
            if number <= self.done {
                continue;
            }
            let file = match File::open(&path) {
                // It has just become too old.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                file => file?,
            };
            let modified = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
            if self.since.is_some_and(|since| modified.is_some_and(|modified| modified < since)) {
                // It may grow yet, if it is the last: then it is looked at again.
                continue;
            }
            self.file = Some((number, BufReader::new(file)));
            return Ok(true);
        }
        Ok(false)
    }
}

fn list(folder: &std::path::Path) -> io::Result<Vec<(u64, PathBuf)>> {
    match files::list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        list => list,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn record(text: &str) -> String {
        format!("2001-09-09T01:46:40.000042Z\t7\t-\tfunction\t{text}\n")
    }

    fn all(reader: &mut Reader) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(record) = reader.next().unwrap() {
            texts.push(record.text.to_owned());
            reader.take();
        }
        texts
    }

    #[test]
    fn records_are_read_as_they_come_over_files() {
        let folder = tempfile::tempdir().unwrap();
        let mut reader = Reader::new(folder.path().join("Hello"), None);
        assert_eq!(all(&mut reader), [""; 0]);
        fs::create_dir(folder.path().join("Hello")).unwrap();
        let append = |number: u32, text: &str| {
            let path = folder.path().join(format!("Hello/{number:010}.log"));
            let mut file = File::options().create(true).append(true).open(path).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        };
        let two = record("two");
        append(1, &(record("one") + "no record\n" + &two[..20]));
        assert_eq!(all(&mut reader), ["one"]);
        append(1, &two[20..]);
        assert_eq!(all(&mut reader), ["two"]);
        append(1, &record("three"));
        append(2, &record("four"));
        append(3, &record("five"));
        assert_eq!(all(&mut reader), ["three", "four", "five"]);
        append(3, &record("six"));
        assert_eq!(all(&mut reader), ["six"]);
    }
}
