//! Machine code on disk, by the content of the component and the way of its compilation.
//!
//! The folder has one folder a component, named by the SHA-256 of its bytes and of everything
//! that decides how they are compiled (wasmtime's exact version, its settings, the processor).
//! In there is one file, named by the SHA-256 of its own bytes: `KEY/DIGEST.cwasm`.

use std::fs::{self, DirBuilder, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use wasmtime::component::Component;
use wasmtime::{Engine, Result};

use crate::error::HostError;
use crate::map;

const EXTENSION: &str = "cwasm";

/// A folder of compiled components.
#[derive(Debug)]
pub(crate) struct Cache {
    dir: PathBuf,
}

impl Cache {
    /// Opens the folder, and makes it where it is missing: readable and writable by this user
    /// alone, since what is in there will be executed.
    pub(crate) fn open(dir: PathBuf) -> Result<Self, HostError> {
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
        Ok(Self { dir })
    }

    /// Loads a component from its compiled code; compiles it first where there is none, or none
    /// that is whole.
    ///
    /// # Errors
    /// The bytes are no valid component, or one beyond the engine's limits. A folder that cannot
    /// be written is no error: the next start compiles again.
    pub(crate) fn load(&self, engine: &Engine, wasm: &[u8]) -> Result<Component> {
        let dir = self.dir.join(key(engine, wasm));
        if let Some(component) = stored(engine, &dir) {
            return Ok(component);
        }
        let compiled = engine.precompile_component(wasm)?;
        if store(&dir, &compiled).is_ok()
            && let Some(component) = stored(engine, &dir)
        {
            return Ok(component);
        }
        // SAFETY: these are the bytes that this engine has just made of the component.
        unsafe { Component::deserialize(engine, &compiled) }
    }
}

/// The whole code in `dir`, if there is some. What is torn or changed is removed.
fn stored(engine: &Engine, dir: &Path) -> Option<Component> {
    for entry in fs::read_dir(dir).ok()?.flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != EXTENSION) {
            continue;
        }
        let mut file = File::open(&path).ok()?;
        let name = path.file_stem().unwrap_or_default();
        if digest(&mut file).ok().is_none_or(|digest| name != digest.as_str()) {
            let _ = fs::remove_file(&path);
            continue;
        }
        // SAFETY: the bytes have the digest that `store` put into the file's name, so they are
        // what this version of wasmtime, with these settings, once made (the folder is named by
        // both). They are mapped through the descriptor that they were read from, so it is the
        // same file whatever stands under the name now. It is not changed while it is mapped:
        // only this user can reach the folder, and this module writes a file once, under another
        // name, and never again. Whoever can do otherwise runs as this user, and can run code as
        // this user without us.
        let component = unsafe { map::component(engine, &file) };
        if component.is_ok() {
            return component.ok();
        }
        let _ = fs::remove_file(&path);
    }
    None
}

/// Writes compiled code, so that a crash at any time leaves a whole file or none.
fn store(dir: &Path, compiled: &[u8]) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let mut file = NamedTempFile::new_in(dir)?;
    file.write_all(compiled)?;
    file.as_file().sync_all()?;
    let name = digest(&mut &*compiled)?;
    file.persist(dir.join(name).with_extension(EXTENSION))?;
    Ok(())
}

fn digest(bytes: &mut impl Read) -> io::Result<String> {
    let mut sha = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    loop {
        match bytes.read(&mut buffer)? {
            0 => return Ok(hex(&sha.finalize())),
            count => sha.update(&buffer[..count]),
        }
    }
}

/// The name of a component's folder.
fn key(engine: &Engine, wasm: &[u8]) -> String {
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
