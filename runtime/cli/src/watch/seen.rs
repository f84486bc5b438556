//! What files were when they were last looked at: whether there is something new in them.

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files of more bytes are told apart by their time and length alone.
const MAX_READ: u64 = 8 << 20;

/// The files of all sources.
#[derive(Debug, Default)]
pub(super) struct Seen(HashMap<PathBuf, Mark>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    modified: Option<SystemTime>,
    length: u64,
    /// Of its content, where that was read.
    hash: Option<u64>,
}

impl Mark {
    fn of(metadata: &Metadata) -> Self {
        Self { modified: metadata.modified().ok(), length: metadata.len(), hash: None }
    }
}

impl Seen {
    /// Takes a file that was not looked at before as it is now, and tells whether it was written
    /// after `since`.
    pub(super) fn note(&mut self, path: PathBuf, since: SystemTime) -> bool {
        if self.0.contains_key(&path) {
            return false;
        }
        let Ok(metadata) = fs::metadata(&path) else { return false };
        let mut mark = Mark::of(&metadata);
        let is_new = mark.modified.is_none_or(|modified| modified > since);
        if is_new {
            mark.hash = hash(&path, mark.length);
        }
        self.0.insert(path, mark);
        is_new
    }

    /// The files that were in a folder.
    pub(super) fn below(&self, folder: &Path) -> Vec<PathBuf> {
        self.0.keys().filter(|path| path.starts_with(folder)).cloned().collect()
    }

    /// Whether a path has another content than when it was last looked at. Files that came and
    /// went meanwhile, and those that were saved as they were, have not.
    pub(super) fn changed(&mut self, path: &Path) -> bool {
        let metadata = fs::metadata(path).ok().filter(Metadata::is_file);
        let old = self.0.get(path).copied();
        let Some(metadata) = metadata else {
            self.0.remove(path);
            return old.is_some();
        };
        let mut new = Mark::of(&metadata);
        if old.is_some_and(|old| old.modified == new.modified && old.length == new.length) {
            return false;
        }
        new.hash = hash(path, new.length);
        self.0.insert(path.to_owned(), new);
        new.hash.is_none() || old.is_none_or(|old| old.hash != new.hash)
    }
}

fn hash(path: &Path, length: u64) -> Option<u64> {
    if length > MAX_READ {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    hasher.write(&fs::read(path).ok()?);
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Writes, and makes sure that the time is another: file systems keep it coarsely.
    fn write(path: &Path, text: &str, time: u64) {
        fs::write(path, text).unwrap();
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(time)).unwrap();
    }

    #[test]
    fn only_new_content_is_a_change() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("main.rs");
        let mut seen = Seen::default();
        write(&path, "one", 1000);
        let at = |time| SystemTime::UNIX_EPOCH + Duration::from_secs(time);
        assert!(!seen.note(path.clone(), at(1000)));
        let written_since = Seen::default().note(path.clone(), at(999));
        assert!(written_since, "written after the build began");
        assert!(!seen.changed(&path));
        write(&path, "two", 1001);
        assert!(seen.changed(&path));
        assert!(!seen.changed(&path));
        write(&path, "two", 1002);
        assert!(!seen.changed(&path), "saved as it was");
        fs::remove_file(&path).unwrap();
        assert!(seen.changed(&path));
        assert!(!seen.changed(&path));
    }

    #[test]
    fn what_came_and_went_is_no_change() {
        let folder = tempfile::tempdir().unwrap();
        let mut seen = Seen::default();
        assert!(!seen.changed(&folder.path().join("4913")));
        assert!(!seen.changed(folder.path()), "a folder has no content");
    }
}
