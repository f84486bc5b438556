//! Tells which files have changed, some at a time: editors and version control write several.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::ignored;
use super::seen::Seen;

/// Changes belong together until nothing has changed for so long.
const QUIET: Duration = Duration::from_millis(80);

/// But no longer than this.
const LONGEST: Duration = Duration::from_secs(2);

/// Paths that may wait to be looked at. Beyond that every file is looked at.
const MAX_WAITING: usize = 4096;

/// Folders that are watched at most: the system has few watches for all programs together
/// (inotify(7), `max_user_watches`).
const MAX_FOLDERS: usize = 10_000;

/// Watches folders and files.
pub(super) struct Changes {
    watcher: RecommendedWatcher,
    paths: mpsc::Receiver<PathBuf>,
    /// Some paths were not told.
    lost: Arc<AtomicBool>,
    /// Folders that are watched with all in them.
    trees: BTreeSet<PathBuf>,
    /// Folders of single files.
    parents: BTreeSet<PathBuf>,
    seen: Seen,
    /// Why some folder is not watched. Told once.
    unwatched: Option<String>,
}

impl Changes {
    /// Watches nothing yet.
    ///
    /// # Errors
    /// The system lets nobody watch.
    pub(super) fn new() -> notify::Result<Self> {
        let (sender, paths) = mpsc::channel(MAX_WAITING);
        let lost = Arc::new(AtomicBool::new(false));
        let watcher = notify::recommended_watcher({
            let lost = lost.clone();
            move |event: notify::Result<Event>| match event {
                Ok(event) if event.need_rescan() => lost.store(true, Ordering::Relaxed),
                Ok(event) if !is_change(&event.kind) => {}
                Ok(event) => {
                    for path in event.paths {
                        if sender.try_send(path).is_err() {
                            lost.store(true, Ordering::Relaxed);
                        }
                    }
                }
                Err(_) => lost.store(true, Ordering::Relaxed),
            }
        })?;
        let (trees, parents) = Default::default();
        Ok(Self { watcher, paths, lost, trees, parents, seen: Seen::default(), unwatched: None })
    }

    /// Watches these folders, with all in them, and these files too; the files in them that were
    /// written after `since`.
    pub(super) fn watch<'a>(
        &mut self,
        folders: impl Iterator<Item = &'a PathBuf>,
        files: impl Iterator<Item = &'a PathBuf>,
        since: SystemTime,
    ) -> BTreeSet<PathBuf> {
        let mut written = BTreeSet::new();
        for folder in folders {
            if !self.trees.contains(folder) {
                self.tree(folder, Some(since), &mut written);
            }
        }
        for file in files {
            // The folder, because editors put a new file in the old one's place.
            if let Some(parent) = file.parent()
                && !self.parents.contains(parent)
                && self.add(parent)
            {
                self.parents.insert(parent.to_owned());
            }
            if self.seen.note(file.clone(), since) {
                written.insert(file.clone());
            }
        }
        written
    }

    /// A file is no change as it is now.
    pub(super) fn is_seen(&mut self, path: &Path) {
        self.seen.changed(path);
    }

    /// Why not everything is watched, told once.
    pub(super) fn unwatched(&mut self) -> Option<String> {
        self.unwatched.take()
    }

    /// The files that change next, together. To be awaited to its end: what a dropped future had
    /// been told of is lost.
    pub(super) async fn next(&mut self) -> BTreeSet<PathBuf> {
        loop {
            let mut told = BTreeSet::new();
            let Some(first) = self.paths.recv().await else {
                return std::future::pending().await;
            };
            let mut changed = BTreeSet::new();
            told.insert(first);
            let end = Instant::now() + LONGEST;
            while let Ok(Some(path)) =
                timeout_at(end.min(Instant::now() + QUIET), self.paths.recv()).await
            {
                told.insert(path);
            }
            if self.lost.swap(false, Ordering::Relaxed) {
                self.everything(&mut told);
            }
            for path in told {
                self.look(path, &mut changed);
            }
            if !changed.is_empty() {
                return changed;
            }
        }
    }

    fn look(&mut self, path: PathBuf, changed: &mut BTreeSet<PathBuf>) {
        let in_tree = path.parent().is_some_and(|parent| self.trees.contains(parent));
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir());
        if is_folder {
            // It is new, or has come back under its old name, which no watch survives.
            if in_tree && !ignored::folder(&path) {
                self.tree(&path, None, changed);
            }
        } else if self.trees.contains(&path) {
            // A folder that is gone, perhaps elsewhere with all that was in it.
            self.trees.retain(|folder| !folder.starts_with(&path));
            for file in self.seen.below(&path) {
                if self.seen.changed(&file) {
                    changed.insert(file);
                }
            }
        } else if !ignored::file(&path) && self.seen.changed(&path) {
            changed.insert(path);
        }
    }

    /// Watches a folder and those in it, and finds the files that were written after `since`, or
    /// that are not as they were. Links are not followed: they may lead round in circles.
    fn tree(&mut self, root: &Path, since: Option<SystemTime>, found: &mut BTreeSet<PathBuf>) {
        let mut waiting = vec![root.to_owned()];
        while let Some(folder) = waiting.pop() {
            // First, so that nothing that comes while it is read is missed.
            if !self.add(&folder) {
                continue;
            }
            self.trees.insert(folder.clone());
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() && !ignored::folder(&path) => waiting.push(path),
                    Ok(kind) if !kind.is_dir() && !ignored::file(&path) => {
                        let is_new = match since {
                            Some(since) => self.seen.note(path.clone(), since),
                            None => self.seen.changed(&path),
                        };
                        if is_new {
                            found.insert(path);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn add(&mut self, folder: &Path) -> bool {
        if self.trees.len() + self.parents.len() >= MAX_FOLDERS {
            self.unwatched = Some(format!("more than {MAX_FOLDERS} folders"));
            return false;
        }
        match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => true,
            // It has gone already: its own removal is told by the folder around it.
            Err(error) if is_missing(&error) => false,
            Err(error) => {
                self.unwatched = Some(error.to_string());
                false
            }
        }
    }

    /// Every file of every folder that is watched: what has changed among them is found by
    /// looking.
    fn everything(&self, told: &mut BTreeSet<PathBuf>) {
        for folder in self.trees.iter().chain(&self.parents) {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                told.insert(entry.path());
            }
        }
    }
}

/// Reading is no change, nor is another owner or permission: what writes, also closes.
fn is_change(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(kind) => *kind == AccessKind::Close(AccessMode::Write),
        EventKind::Modify(ModifyKind::Metadata(_)) => false,
        _ => true,
    }
}

fn is_missing(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(error) => error.kind() == io::ErrorKind::NotFound,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    async fn next(changes: &mut Changes) -> BTreeSet<PathBuf> {
        tokio::time::timeout(Duration::from_secs(30), changes.next()).await.unwrap()
    }

    #[tokio::test]
    async fn files_are_told_however_they_are_saved() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let (main, config) = (root.join("app/src/main.rs"), root.join("config.toml"));
        write(&main, "one");
        write(&config, "one");
        let mut changes = Changes::new().unwrap();
        let written =
            changes.watch([root.join("app")].iter(), [config.clone()].iter(), SystemTime::now());
        assert_eq!(written, BTreeSet::new());

        // In place.
        write(&main, "two, in place");
        assert_eq!(next(&mut changes).await, [main.clone()].into());
        // As Vim does: a test file, a backup, a new file in its place.
        write(&root.join("app/src/4913"), "");
        fs::remove_file(root.join("app/src/4913")).unwrap();
        fs::rename(&main, root.join("app/src/main.rs~")).unwrap();
        write(&main, "three, as Vim");
        fs::remove_file(root.join("app/src/main.rs~")).unwrap();
        assert_eq!(next(&mut changes).await, [main.clone()].into());
        // Written elsewhere and renamed over it; a folder and a file in it that were not there.
        write(&root.join("app/src/.main.rs.swp"), "four, renamed");
        fs::rename(root.join("app/src/.main.rs.swp"), &main).unwrap();
        write(&root.join("app/src/new/deep/mod.rs"), "new");
        let mut changed = next(&mut changes).await;
        while changed.len() < 2 {
            changed.extend(next(&mut changes).await);
        }
        assert_eq!(changed, [main.clone(), root.join("app/src/new/deep/mod.rs")].into());
        // What is made is not told of; the single file is, its neighbours are not.
        write(&root.join("app/target/release/out"), "made");
        write(&root.join("neighbour"), "new");
        write(&config, "two, a single file");
        let mut changed = next(&mut changes).await;
        changed.remove(&root.join("neighbour"));
        assert_eq!(changed, [config].into());
        // A folder that goes takes its files with it.
        fs::rename(root.join("app/src"), root.join("gone")).unwrap();
        let changed = next(&mut changes).await;
        assert!(changed.contains(&main) && changed.contains(&root.join("app/src/new/deep/mod.rs")));
        // And is seen again when it comes back.
        fs::rename(root.join("gone"), root.join("app/src")).unwrap();
        assert!(next(&mut changes).await.contains(&main));
        write(&main, "five, in the folder that came back");
        assert_eq!(next(&mut changes).await, [main].into());
    }

    #[tokio::test]
    async fn what_was_written_before_anybody_watched_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("main.rs");
        write(&path, "one");
        let before = fs::metadata(&path).unwrap().modified().unwrap() - Duration::from_secs(1);
        let folders = [folder.path().to_owned()];
        let mut changes = Changes::new().unwrap();
        assert_eq!(changes.watch(folders.iter(), [].iter(), before), [path].into());
        assert_eq!(changes.watch(folders.iter(), [].iter(), before), BTreeSet::new());
    }
}
