//! Components from what functions' files hold: compiled where that is to be done, and kept.

use std::io;
use std::path::Path;
use std::sync::Arc;

use wasmtime::component::Component;

use crate::cache::{Cache, Code, OnDisk};
use crate::compiled::Mapped;
use crate::error::LoadError;
use crate::gate::Gate;
use crate::memory::Image;
use crate::resident::Loader;
use crate::source::Source;

/// Who is told what happens to components while they are loaded. Called on the thread that loads.
pub trait CompileObserver: Send + Sync {
    /// A component of so many bytes begins to be compiled, which ends when the result is dropped.
    /// `function`: the logical id of the function that it is loaded for, the first of several.
    fn compiling(&self, function: &str, component: &Path, bytes: usize) -> Box<dyn Send> {
        let _ = (function, component, bytes);
        Box::new(())
    }

    /// Compiled code of a component cannot be kept in `folder`: it is compiled at each start, and
    /// stays in memory.
    fn not_kept(&self, function: &str, component: &Path, folder: &Path, reason: &io::Error) {
        let _ = (function, component, folder, reason);
    }
}

/// Nobody.
impl CompileObserver for () {}

/// A compiler that keeps what it makes.
pub(crate) struct Compiler {
    cache: Cache,
    observer: Arc<dyn CompileObserver>,
    /// As many components are compiled at once as there are cores.
    compiling: Gate,
}

impl Compiler {
    pub(crate) fn new(cache: Cache, observer: Arc<dyn CompileObserver>) -> Self {
        Self { cache, observer, compiling: Gate::of_cores() }
    }

    /// See [`Cache::trim`].
    pub(crate) fn trim_cache(&self) {
        self.cache.trim();
    }

    /// Loads a component from its code, and gives the file that it is in, if it could be kept.
    /// Makes the code first where there is none.
    ///
    /// # Errors
    /// wasmtime refuses it. `function` and `path` are for messages.
    pub(crate) fn component(
        &self,
        loader: &Loader,
        (function, path): (&str, &Path),
        source: &Source<'_>,
    ) -> Result<(Mapped, Option<OnDisk>), LoadError> {
        let engine = &loader.engine;
        let refused = |error| source.refused(path, &error);
        let code = self.cache.code(source.key(), || {
            let _pass = self.compiling.pass();
            source.compile(loader, || self.observer.compiling(function, path, source.size()))
        });
        match code.map_err(refused)? {
            Code::OnDisk(code) => Ok((code.component(engine).map_err(refused)?, Some(code))),
            Code::InMemory { mut compiled, reason } => {
                self.observer.not_kept(function, path, self.cache.dir(), &reason);
                let image = compiled.data.as_ref().map(Image::in_memory).transpose();
                let image = match image {
                    Ok(image) => image.map(Arc::new),
                    // No file may be so large, in memory neither.
                    Err(_) => {
                        compiled = source.compile_whole(engine).map_err(refused)?;
                        None
                    }
                };
                // SAFETY: these are the bytes that this engine has just made of the component, or
                // that a seal says to have been made by `aot::compile`.
                let component = unsafe { Component::deserialize(engine, compiled.code) };
                Ok((Mapped { component: component.map_err(refused)?, image }, None))
            }
        }
    }
}
