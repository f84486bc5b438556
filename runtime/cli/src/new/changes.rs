//! Files that are written together: all of them, or none.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::NewError;

/// What is to be written. Everything is on disk beside its place before anything goes to it, and
/// what went to its place before a failure is taken back.
#[derive(Default)]
pub(super) struct Changes(Vec<Change>);

enum Change {
    /// A folder with these files, by their paths in it.
    Folder { path: PathBuf, files: Vec<(&'static str, String)> },
    /// A file, and its bytes before if it was there.
    File { path: PathBuf, text: String, before: Option<String> },
}

impl Changes {
    /// A new folder.
    pub(super) fn folder(&mut self, path: PathBuf, files: Vec<(&'static str, String)>) {
        self.0.push(Change::Folder { path, files });
    }

    /// A new file.
    pub(super) fn file(&mut self, path: PathBuf, text: String) {
        self.0.push(Change::File { path, text, before: None });
    }

    /// A file that changes, if it still has the text `before` then.
    pub(super) fn replace(&mut self, path: PathBuf, before: String, text: String) {
        self.0.push(Change::File { path, text, before: Some(before) });
    }

    /// Writes all.
    ///
    /// # Errors
    /// Something could not be written; all is as before.
    pub(super) fn write(self) -> Result<(), NewError> {
        let mut made = Vec::new();
        let outcome = self.stage(&mut made).and_then(|()| self.put());
        if outcome.is_err() {
            for change in &self.0 {
                let staged = stage_path(change.path());
                let _ = match staged.is_dir() {
                    true => fs::remove_dir_all(staged),
                    false => fs::remove_file(staged),
                };
            }
            // Those that somebody else has put something into stay.
            made.iter().rev().for_each(|folder| drop(fs::remove_dir(folder)));
        }
        outcome
    }

    /// Writes each change beside its place. `made` are the folders that this took.
    fn stage(&self, made: &mut Vec<PathBuf>) -> Result<(), NewError> {
        for change in &self.0 {
            let staged = stage_path(change.path());
            let failed = |error| change.failed(&error);
            if let Some(parent) = staged.parent().filter(|parent| !parent.exists()) {
                fs::create_dir(parent).map_err(failed)?;
                made.push(parent.to_owned());
            }
            change.stage(&staged).map_err(failed)?;
        }
        Ok(())
    }

    /// Moves each change to its place, or none.
    fn put(&self) -> Result<(), NewError> {
        for (count, change) in self.0.iter().enumerate() {
            if let Err(error) = change.put(&stage_path(change.path())) {
                self.0[..count].iter().rev().for_each(Change::take_back);
                return Err(change.failed(&error));
            }
        }
        Ok(())
    }
}

/// A name beside `path` that no other process uses.
fn stage_path(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.samovar-new-{}", std::process::id()))
}

impl Change {
    fn path(&self) -> &Path {
        match self {
            Self::Folder { path, .. } | Self::File { path, .. } => path,
        }
    }

    fn failed(&self, error: &io::Error) -> NewError {
        NewError::Write { path: self.path().to_owned(), error: error.to_string() }
    }

    fn stage(&self, staged: &Path) -> io::Result<()> {
        match self {
            Self::Folder { files, .. } => {
                fs::create_dir(staged)?;
                for (name, text) in files {
                    let path = staged.join(name);
                    if let Some(parent) = path.parent() {
                        fs::create_dir_all(parent)?;
                    }
                    write(&path, text)?;
                }
                Ok(())
            }
            Self::File { path, text, before } => {
                write(staged, text)?;
                match before {
                    Some(_) => fs::set_permissions(staged, fs::metadata(path)?.permissions()),
                    None => Ok(()),
                }
            }
        }
    }

    fn put(&self, staged: &Path) -> io::Result<()> {
        let there = || io::Error::new(io::ErrorKind::AlreadyExists, "it is there by now");
        match self {
            Self::Folder { path, .. } | Self::File { path, before: None, .. } => {
                if path.symlink_metadata().is_ok() {
                    return Err(there());
                }
            }
            Self::File { path, before: Some(before), .. } => {
                if fs::read_to_string(path)? != *before {
                    return Err(io::Error::other("it has changed meanwhile: try again"));
                }
            }
        }
        fs::rename(staged, self.path())
    }

    /// Undoes [`put`](Self::put), as far as it can be.
    fn take_back(&self) {
        let _ = match self {
            Self::Folder { path, .. } => fs::remove_dir_all(path),
            Self::File { path, before: None, .. } => fs::remove_file(path),
            Self::File { path, before: Some(before), .. } => {
                let staged = stage_path(path);
                let before = Self::File {
                    path: path.clone(),
                    text: before.clone(),
                    before: Some(before.clone()),
                };
                before.stage(&staged).and_then(|()| fs::rename(&staged, path))
            }
        };
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn all_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        fs::write(here.join("old"), "a").unwrap();
        let mut changes = Changes::default();
        changes.folder(here.join("in/new"), vec![("a.txt", "1".into()), ("b/c.txt", "2".into())]);
        changes.replace(here.join("old"), "a".into(), "b".into());
        changes.file(here.join("other"), "c".into());
        changes.write().unwrap();
        assert_eq!(names(here), ["in", "old", "other"]);
        assert_eq!(names(&here.join("in/new")), ["a.txt", "b"]);
        assert_eq!(fs::read_to_string(here.join("in/new/b/c.txt")).unwrap(), "2");
        assert_eq!(fs::read_to_string(here.join("old")).unwrap(), "b");
    }

    #[test]
    fn nothing_is_left_where_one_fails() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        fs::write(here.join("old"), "a").unwrap();
        fs::write(here.join("other"), "mine").unwrap();
        let mut changes = Changes::default();
        changes.folder(here.join("in/new"), vec![("a.txt", "1".into())]);
        changes.replace(here.join("old"), "a".into(), "b".into());
        changes.file(here.join("other"), "c".into());
        let error = changes.write().unwrap_err().to_string();
        assert!(error.contains("other") && error.contains("it is there by now"), "{error}");
        assert_eq!(names(here), ["old", "other"]);
        assert_eq!(fs::read_to_string(here.join("old")).unwrap(), "a");
        assert_eq!(fs::read_to_string(here.join("other")).unwrap(), "mine");

        let mut changes = Changes::default();
        changes.folder(here.join("new"), vec![("a.txt", "1".into())]);
        changes.replace(here.join("old"), "older".into(), "b".into());
        let error = changes.write().unwrap_err().to_string();
        assert!(error.contains("it has changed meanwhile"), "{error}");
        assert_eq!(names(here), ["old", "other"]);

        let mut changes = Changes::default();
        changes.file(here.join("old/inside"), String::new());
        changes.write().unwrap_err();
        assert_eq!(names(here), ["old", "other"]);
    }
}
