//! Code that is being made: by one process at a time, and in the end whole or not there.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// Of files that are being written.
const EXTENSION: &str = "part";

/// `KEY.part`, locked by this process. Dropped, it is removed.
#[derive(Debug)]
pub(super) struct Part {
    file: File,
    path: PathBuf,
    finished: bool,
}

impl Part {
    /// Waits until nobody else makes the file of this name.
    ///
    /// # Errors
    /// Nothing can be written here, or there are no locks.
    pub(super) fn begin(of: &Path) -> io::Result<Self> {
        let path = of.with_extension(EXTENSION);
        loop {
            let file = options().create(true).open(&path)?;
            // The lock goes with the process, however that ends.
            file.lock()?;
            // Who had it before has renamed or removed this file by now, or was killed.
            if is_at(&file, &path) {
                return Ok(Self { file, path, finished: false });
            }
        }
    }

    /// Writes the file and gives it its name.
    ///
    /// There is no `fsync`: a file that a power failure tears is found by its seal.
    ///
    /// # Errors
    /// The disk is full, or the folder is gone.
    pub(super) fn finish(mut self, bytes: &[u8], name: &Path) -> io::Result<()> {
        // What a process left that was killed.
        self.file.set_len(0)?;
        self.file.write_all(bytes)?;
        fs::rename(&self.path, name)?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.finished {
            // The lock is still held, so it is this process's own file.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes what processes have left that were killed while they compiled.
pub(super) fn remove_abandoned(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension() != Some(OsStr::new(EXTENSION)) {
            continue;
        }
        // Nobody holds a lock on what is abandoned. Whoever opened it a moment ago and waits for
        // the lock will find that it is gone, and begin again.
        let Ok(file) = options().open(&path) else { continue };
        if file.try_lock().is_ok() && is_at(&file, &path) {
            let _ = fs::remove_file(&path);
        }
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    let nofollow = OFlags::NOFOLLOW.bits().cast_signed();
    options.read(true).write(true).mode(0o600).custom_flags(nofollow);
    options
}

/// Whether the file is still under the name that it was opened by.
fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(opened), Ok(there)) => identity(opened) == identity(there),
        _ => false,
    }
}
