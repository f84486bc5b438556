//! The files that a template names, so that loading one is a function of its input alone.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A file, or anything else that is not a folder.
    File,
    /// A folder.
    Folder,
}

/// Where templates, the documents that they include and their functions' code are looked for.
pub trait Files {
    /// The first `most` bytes of a file.
    ///
    /// # Errors
    /// `NotFound`, `IsADirectory`, or whatever else keeps it from being read.
    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>>;

    /// What is at a path; `None`: nothing.
    fn kind(&self, path: &Path) -> Option<FileKind>;

    /// Whether there is a file.
    fn is_file(&self, path: &Path) -> bool {
        self.kind(path) == Some(FileKind::File)
    }

    /// Whether there is a folder.
    fn is_folder(&self, path: &Path) -> bool {
        self.kind(path) == Some(FileKind::Folder)
    }
}

/// The machine's own files.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        let metadata = fs::metadata(path).ok()?;
        Some(if metadata.is_dir() { FileKind::Folder } else { FileKind::File })
    }
}

/// Files in memory, by their paths: for tests, and for templates that come from elsewhere. The
/// folders are those that the files are in.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Memory {
    /// Adds a file, in place of one that is there.
    pub fn insert(&mut self, path: impl AsRef<Path>, content: impl Into<Vec<u8>>) {
        self.files.insert(plain(path.as_ref()), content.into());
    }
}

impl Files for Memory {
    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        match (self.files.get(&plain(path)), self.kind(path)) {
            (Some(content), _) => {
                let most = usize::try_from(most).unwrap_or(usize::MAX).min(content.len());
                Ok(content[..most].to_vec())
            }
            (None, Some(_)) => Err(io::ErrorKind::IsADirectory.into()),
            (None, None) => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        let path = plain(path);
        if self.files.contains_key(&path) {
            return Some(FileKind::File);
        }
        // Paths are in order of their parts, so the files of a folder follow its own path.
        let (next, _) = self.files.range(path.clone()..).next()?;
        next.starts_with(&path).then_some(FileKind::Folder)
    }
}

/// A path without `.` and `..`, as text: nothing is looked up.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_has_files_and_their_folders() {
        let mut files = Memory::default();
        files.insert("/app/code/bootstrap", "elf");
        files.insert("/app/code-old", "x");
        assert!(files.is_file("/app/./code/bootstrap".as_ref()));
        assert!(files.is_folder("/app/other/../code".as_ref()));
        assert!(files.is_folder("/app".as_ref()));
        assert_eq!(files.kind("/app/cod".as_ref()), None);
        assert_eq!(files.read("/app/code/bootstrap".as_ref(), 2).unwrap(), b"el");
        let folder = files.read("/app/code".as_ref(), 9).unwrap_err();
        assert_eq!(folder.kind(), io::ErrorKind::IsADirectory);
        let missing = files.read("/nowhere".as_ref(), 9).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
