//! An environment's private folder.

use std::io;
use std::path::{Path, PathBuf};

/// A folder that is removed with everything in it when its owner is done with it.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes `parent/name` and `parent/name/tmp`, readable by this user only. Blocks.
    ///
    /// # Errors
    /// The folder exists already or cannot be made.
    pub(crate) fn create(parent: &Path, name: &str) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;

        std::fs::create_dir_all(parent)?;
        let path = parent.join(name);
        let mut builder = std::fs::DirBuilder::new();
        builder.mode(0o700).create(&path)?;
        let scratch = Self { path };
        builder.create(scratch.tmp())?;
        Ok(scratch)
    }

    /// The environment's own `/tmp`.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.path.join("tmp")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A process that has just been killed may have made a last file meanwhile; and a folder
        // that cannot be removed is no reason to fail what is ending anyway.
        for _ in 0..3 {
            match std::fs::remove_dir_all(&self.path) {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_goes_with_its_owner() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::create(&parent.path().join("deep"), "one").unwrap();
        std::fs::write(scratch.tmp().join("file"), "x").unwrap();
        assert!(Scratch::create(&parent.path().join("deep"), "one").is_err());
        let path = scratch.path.clone();
        assert!(path.join("tmp/file").exists());
        drop(scratch);
        assert!(!path.exists());
    }
}
