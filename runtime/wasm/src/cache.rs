//! Machine code on disk, by the content of the component and the way of its compilation.
//!
//! The folder has one file for each component, `KEY.cwasm`, whose key is a digest of the
//! component's bytes and of everything that decides how they are compiled: wasmtime's exact
//! version, its settings, the processor. It is sealed (see [`seal`]) with the key in its label, so
//! that a file that was torn, changed or moved is compiled again and never executed. Its time of
//! modification is when it was used last. Data that was taken out of the component (see
//! [`crate::separate`]) is behind the code, at the beginning of a page, and its place in the label.
//!
//! Any number of processes may use the folder at once: one that compiles writes `KEY.part` and
//! holds a lock on it, for which the others wait.

mod code;
mod evict;
mod part;

use std::fs::{self, DirBuilder};
#[cfg(feature = "compile")]
use std::hash::{Hash, Hasher};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;

#[cfg(feature = "compile")]
use sha2::{Digest, Sha256};
#[cfg(feature = "compile")]
use wasmtime::Engine;
use wasmtime::Result;

use crate::compiled::Compiled;
use crate::error::HostError;
use crate::seal;

use self::part::Part;

pub(crate) use self::code::OnDisk;

/// Of files of compiled code.
const EXTENSION: &str = "cwasm";

/// A folder of compiled components.
#[derive(Debug)]
pub(crate) struct Cache {
    dir: PathBuf,
    /// How many bytes of code are kept.
    limit: u64,
    /// How many there are, as far as this process knows.
    size: AtomicU64,
    /// What was used since then is in use.
    opened: SystemTime,
    /// Whether it is known what is in use: see [`Self::trim`].
    trims: AtomicBool,
}

/// Compiled code that can be executed.
#[derive(Debug)]
pub(crate) enum Code {
    /// In a file that stays.
    OnDisk(OnDisk),
    /// Here alone, since it could not be kept.
    InMemory {
        /// What was made.
        compiled: Compiled,
        /// Why.
        reason: io::Error,
    },
}

impl Cache {
    /// Opens the folder, and makes it where it is missing: readable and writable by this user
    /// alone, since what is in there will be executed. What a process that was killed has left
    /// half done is removed. No more than `limit` bytes are kept, see [`Self::trim`].
    pub(crate) fn open(dir: PathBuf, limit: u64) -> Result<Self, HostError> {
        let error = |source| HostError::CacheDir { path: dir.clone(), source };
        if let Some(parent) = dir.parent() {
            fs::create_dir_all(parent).map_err(error)?;
        }
        match DirBuilder::new().mode(0o700).create(&dir) {
            Err(failure) if failure.kind() != io::ErrorKind::AlreadyExists => {
                return Err(error(failure));
            }
            _ => {}
        }
        let metadata = fs::symlink_metadata(&dir).map_err(error)?;
        if !metadata.is_dir() {
            return Err(error(io::ErrorKind::NotADirectory.into()));
        }
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(HostError::CacheOwner { path: dir });
        }
        if metadata.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).map_err(error)?;
        }
        part::remove_abandoned(&dir);
        let (size, opened) = (AtomicU64::new(0), SystemTime::now());
        Ok(Self { dir, limit, size, opened, trims: AtomicBool::new(false) })
    }

    /// Keeps the folder below its limit from here on. Not from the beginning: what an application
    /// beyond the limit is about to use would go for what it has just asked for, and be made anew
    /// at each start.
    pub(crate) fn trim(&self) {
        self.trims.store(true, Ordering::Relaxed);
        self.evict();
    }

    /// The code of a key, made by `make` where there is none that is whole.
    ///
    /// # Errors
    /// Those of `make`. A folder that cannot be written is no error: the code is in memory, and
    /// the next process makes it again.
    pub(crate) fn code(&self, key: &str, make: impl FnOnce() -> Result<Compiled>) -> Result<Code> {
        if let Some(code) = self.stored(key) {
            return Ok(Code::OnDisk(code));
        }
        let path = self.dir.join(key).with_extension(EXTENSION);
        let part = match Part::begin(&path) {
            Ok(part) => part,
            Err(reason) => return Ok(Code::InMemory { compiled: make()?, reason }),
        };
        // Another may have been at it, and done with it by now.
        if let Some(code) = self.stored(key) {
            return Ok(Code::OnDisk(code));
        }
        let compiled = make()?;
        let bytes = code::file(&compiled, key);
        let size = bytes.len() as u64;
        if let Err(reason) = part.finish(&bytes, &path) {
            return Ok(Code::InMemory { compiled, reason });
        }
        let all = self.size.fetch_add(size, Ordering::Relaxed) + size;
        if all > self.limit && self.trims.load(Ordering::Relaxed) {
            self.evict();
        }
        // As any other file it is read before it is run.
        Ok(match self.stored(key) {
            Some(code) => Code::OnDisk(code),
            None => Code::InMemory { compiled, reason: io::ErrorKind::InvalidData.into() },
        })
    }

    /// The whole code of a key, if there is some. What is torn or changed is removed.
    fn stored(&self, key: &str) -> Option<OnDisk> {
        let path = self.dir.join(key).with_extension(EXTENSION);
        match OnDisk::open(&path, key) {
            Ok(code) => Some(code),
            Err(error) => {
                if !matches!(&error, seal::Broken::Read(e) if e.kind() == io::ErrorKind::NotFound) {
                    let _ = fs::remove_file(&path);
                }
                None
            }
        }
    }

    /// The folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }
}

/// The key of a component that `engine` compiles.
#[cfg(feature = "compile")]
pub(crate) fn key(engine: &Engine, wasm: &[u8]) -> String {
    /// A hasher that loses nothing: it hands everything on to SHA-256.
    struct ToSha(Sha256);

    impl Hasher for ToSha {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        fn finish(&self) -> u64 {
            unreachable!("the digest is taken from the inner hasher")
        }
    }

    let mut sha = ToSha(Sha256::new());
    // Triple, processor features, settings, and wasmtime's version with its patch level.
    engine.precompile_compatibility_hash().hash(&mut sha);
    sha.0.update(Sha256::digest(wasm));
    hex(&sha.0.finalize())
}

/// Lower case, two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
