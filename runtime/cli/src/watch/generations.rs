//! The files of builds that serve, out of the way of the next build.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::SystemTime;

use samovar_app::{Build, Function, Kind};

use crate::build::Artifacts;

/// Builds, from the first to the last. Each has a folder of its own, which goes when no function
/// of it can start an environment any more.
///
/// Cargo takes a binary away before it puts the new one in its place, so an environment that is
/// started meanwhile would find none: each build's binaries have a second name, in its folder.
pub(crate) struct Generations {
    folder: PathBuf,
    number: u32,
    live: Vec<Generation>,
    /// What each function's binary was when it was last built, by logical id.
    binaries: HashMap<String, Identity>,
}

struct Generation {
    folder: PathBuf,
    functions: Vec<Weak<Function>>,
}

/// A file, as long as nobody writes to it. Its second name keeps its number from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    length: u64,
    modified: Option<SystemTime>,
}

impl Generations {
    /// No builds yet; their folders will be in `folder`, which is made when it is missing.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, number: 0, live: Vec::new(), binaries: HashMap::new() }
    }

    /// Removes the folders of builds that nothing uses, and makes the next one's.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn begin(&mut self) -> io::Result<PathBuf> {
        let is_over = |old: &mut Generation| {
            old.functions.iter().all(|function| function.strong_count() == 0)
        };
        for Generation { folder, .. } in self.live.extract_if(.., is_over) {
            // What cannot be removed now goes with the whole folder at the next start.
            let _ = fs::remove_dir_all(folder);
        }
        self.number += 1;
        let folder = self.folder.join(self.number.to_string());
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Gives each binary that cargo built a second name, and has the artifact name that one. A
    /// binary that cannot have one keeps the name that it has.
    pub(crate) fn keep(&mut self, functions: &[Arc<Function>], artifacts: &mut Artifacts) {
        let Ok(folder) = self.begin() else { return };
        for function in functions {
            let is_native = function.kind == Kind::Process;
            if !is_native || !matches!(function.code.build, Build::Cargo { .. }) {
                continue;
            }
            let Some(Ok(artifact)) = artifacts.get_mut(&function.logical_id) else { continue };
            let own = folder.join(function.logical_id.replace('/', "-"));
            let kept = own.join("bootstrap");
            if fs::create_dir_all(&own).and_then(|()| link(&artifact.path, &kept)).is_ok() {
                artifact.path = kept;
            }
        }
        self.use_of(folder, functions);
    }

    /// A build's folder is kept for as long as one of these functions is used.
    pub(super) fn use_of(&mut self, folder: PathBuf, functions: &[Arc<Function>]) {
        let functions = functions.iter().map(Arc::downgrade).collect();
        self.live.push(Generation { folder, functions });
    }

    /// Whether a function's binary is another than at the last call.
    pub(super) fn is_new(&mut self, function: &Function, path: &Path) -> bool {
        let Ok(metadata) = fs::metadata(path) else { return true };
        let identity = Identity {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.len(),
            modified: metadata.modified().ok(),
        };
        self.binaries.insert(function.logical_id.clone(), identity) != Some(identity)
    }
}

/// A second name, or, on another disk, a copy.
fn link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop))
}
