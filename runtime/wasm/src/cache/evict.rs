//! Keeps the folder below its size: what was not used for the longest time goes.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use super::{Cache, EXTENSION};

struct Kept {
    path: PathBuf,
    size: u64,
    used: SystemTime,
}

impl Cache {
    /// Removes code until no more than the limit is left; but none that was used since this
    /// process began.
    /// Other processes that have it open go on with it.
    pub(super) fn evict(&self) {
        let mut kept = self.kept();
        let mut size: u64 = kept.iter().map(|kept| kept.size).sum();
        kept.sort_by_key(|kept| kept.used);
        for Kept { path, size: freed, used } in kept {
            if size <= self.limit || used >= self.opened {
                break;
            }
            if fs::remove_file(path).is_ok() {
                size -= freed;
            }
        }
        self.size.store(size, Ordering::Relaxed);
    }

    fn kept(&self) -> Vec<Kept> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let files = entries.filter_map(|entry| {
            let path = entry.path();
            let metadata = entry.metadata().ok()?;
            let is_code = path.extension() == Some(OsStr::new(EXTENSION)) && metadata.is_file();
            let used = metadata.modified().ok()?;
            is_code.then_some(Kept { path, size: metadata.len(), used })
        });
        files.collect()
    }
}
