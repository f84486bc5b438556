//! The numbered files of one function's log.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Into how many files a function's share is cut.
const PARTS: u64 = 8;

/// Ending of the files' names.
const SUFFIX: &str = ".log";

/// The folder of a function in the folder of logs. Its name has letters, digits, `-` and `_`
/// (Lambda API, "CreateFunction"); whatever else somebody calls it leads nowhere else.
pub(super) fn folder(logs: &Path, function: &str) -> PathBuf {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    logs.join(function.chars().map(plain).collect::<String>())
}

/// The files of a folder, by number.
pub(super) fn list(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(number) = name.and_then(|name| name.strip_suffix(SUFFIX)?.parse().ok()) {
            files.push((number, path));
        }
    }
    files.sort();
    Ok(files)
}

/// The files of one function, being written.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    /// Bytes of all files together.
    share: u64,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    number: u64,
    path: PathBuf,
    file: File,
    length: u64,
}

impl Files {
    /// Makes nothing yet.
    pub(super) fn new(folder: PathBuf, share: u64) -> Self {
        Self { folder, share, open: None }
    }

    /// Appends whole records.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn write(&mut self, records: &[u8]) -> io::Result<()> {
        // Somebody may have removed the logs to be rid of them.
        if self.open.as_ref().is_some_and(|open| !open.path.exists()) {
            self.open = None;
        }
        if self.open.as_ref().is_some_and(|open| open.length >= self.share / PARTS) {
            let next = self.open.take().map_or(1, |open| open.number + 1);
            self.remove_old()?;
            self.open = Some(open(&self.folder, next)?);
        }
        let open = match &mut self.open {
            Some(open) => open,
            none => {
                fs::create_dir_all(&self.folder)?;
                let last = list(&self.folder)?.last().map_or(1, |(number, _)| *number);
                none.insert(open(&self.folder, last)?)
            }
        };
        open.file.write_all(records)?;
        open.length += records.len() as u64;
        Ok(())
    }

    /// Removes the oldest files, until one more fits into the share.
    fn remove_old(&self) -> io::Result<()> {
        let files = list(&self.folder)?;
        let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
        let mut total: u64 = files.iter().map(|(_, path)| length(path)).sum();
        for (_, path) in files {
            if total + self.share / PARTS <= self.share {
                break;
            }
            total -= length(&path).min(total);
            fs::remove_file(path)?;
        }
        Ok(())
    }
}

/// Opens a file to append to. One that a killed Samovar left with half a record gets a line feed,
/// so that the next one stands alone.
fn open(folder: &Path, number: u64) -> io::Result<Open> {
    let path = folder.join(format!("{number:010}{SUFFIX}"));
    let mut file = File::options().create(true).append(true).read(true).open(&path)?;
    let mut length = file.metadata()?.len();
    if length > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
            length += 1;
        }
    }
    Ok(Open { number, path, file, length })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go() {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path(), "../Hello");
        assert!(folder.starts_with(root.path()) && !folder.ends_with("Hello/.."));
        let mut files = Files::new(folder.clone(), 8000);
        for number in 0..100 {
            files.write(format!("{number:0499}\n").as_bytes()).unwrap();
        }
        let kept = list(&folder).unwrap();
        let total: u64 = kept.iter().map(|(_, path)| fs::metadata(path).unwrap().len()).sum();
        assert!((4000..=8500).contains(&total), "{total}");
        let last = fs::read_to_string(&kept.last().unwrap().1).unwrap();
        assert!(last.ends_with("99\n"));
        assert!(kept[0].0 > 1);
    }

    #[test]
    fn what_was_cut_short_stands_alone() {
        let root = tempfile::tempdir().unwrap();
        Files::new(root.path().into(), 8000).write(b"whole\nhal").unwrap();
        let mut files = Files::new(root.path().into(), 8000);
        files.write(b"next\n").unwrap();
        let path = root.path().join("0000000001.log");
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole\nhal\nnext\n");
        fs::remove_file(&path).unwrap();
        files.write(b"after\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after\n");
    }
}
