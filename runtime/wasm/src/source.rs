//! What a function's file holds, and how it becomes code.

use std::path::Path;

use sha2::{Digest, Sha256};
use wasmtime::{Engine, Error, Result};

use crate::aot::{self, Origin};
use crate::cache;
use crate::compiled::Compiled;
use crate::error::LoadError;
use crate::resident::Loader;
use crate::separate;

/// The content of a component's file.
pub(crate) enum Source<'a> {
    /// WebAssembly.
    Wasm {
        /// All of it.
        bytes: &'a [u8],
        /// Of the code that it becomes.
        key: String,
    },
    /// Compiled ahead of time.
    Compiled {
        /// wasmtime's bytes, without the seal.
        code: &'a [u8],
        /// Which Samovar compiled it.
        by: String,
        /// Of the code.
        key: String,
    },
}

impl<'a> Source<'a> {
    /// Tells what a file is. `path` is for messages.
    ///
    /// # Errors
    /// It is nothing that can be run.
    pub(crate) fn new(engine: &Engine, path: &Path, bytes: &'a [u8]) -> Result<Self, LoadError> {
        let path = || path.to_owned();
        if aot::is_compiled(bytes) {
            // It is copied and the copy is run, so that the file can be written to at any time.
            let compiled = |source| LoadError::Compiled { path: path(), source };
            let (code, Origin { by, .. }) = aot::code(bytes).map_err(compiled)?;
            let key = format!("aot-{}", cache::hex(&Sha256::digest(code)));
            return Ok(Self::Compiled { code, by, key });
        }
        // Magic, version and layer (component model, "Binary format").
        match *bytes {
            [b'\0', b'a', b's', b'm', _, _, 1, 0, ..] => {
                Ok(Self::Wasm { bytes, key: cache::key(engine, bytes) })
            }
            _ => Err(LoadError::NotWasm { path: path() }),
        }
    }

    /// The key of its code.
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Wasm { key, .. } | Self::Compiled { key, .. } => key,
        }
    }

    /// Bytes of the file that count.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Wasm { bytes, .. } => bytes.len(),
            Self::Compiled { code, .. } => code.len(),
        }
    }

    /// Its code. If that has to be compiled, `begin` is called, and its result kept until it is.
    ///
    /// # Errors
    /// wasmtime's.
    pub(crate) fn compile<T>(
        &self,
        loader: &Loader,
        begin: impl FnOnce() -> T,
    ) -> Result<Compiled> {
        match self {
            Self::Wasm { bytes, .. } if loader.has_images => {
                let _under_way = begin();
                separate::compile(&loader.engine, bytes)
            }
            Self::Wasm { .. } => {
                let _under_way = begin();
                self.compile_whole(&loader.engine)
            }
            Self::Compiled { .. } => self.compile_whole(&loader.engine),
        }
    }

    /// Its code, with its data.
    ///
    /// # Errors
    /// wasmtime's.
    pub(crate) fn compile_whole(&self, engine: &Engine) -> Result<Compiled> {
        Ok(Compiled::whole(match self {
            Self::Wasm { bytes, .. } => engine.precompile_component(bytes)?,
            Self::Compiled { code, .. } => code.to_vec(),
        }))
    }

    /// wasmtime refuses it.
    pub(crate) fn refused(&self, path: &Path, error: &Error) -> LoadError {
        let path = path.to_owned();
        match self {
            Self::Wasm { .. } => LoadError::Invalid { path, message: format!("{error:#}") },
            Self::Compiled { by, .. } => {
                LoadError::Compiled { path, source: aot::incompatible(by.clone(), error) }
            }
        }
    }
}
