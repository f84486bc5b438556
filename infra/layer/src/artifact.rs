//! Which file a function runs, and how it is loaded.

use std::path::{Path, PathBuf};

use samovar_wasm::{Host, HostError, LoadError, WasmConfig, WasmProvider};
use thiserror::Error;

/// What a handler names.
const COMPONENT: &str = "wasm";

/// What `samovar build --aot` makes of it.
const COMPILED: &str = "cwasm";

/// Why there is nothing to run.
#[derive(Debug, Error)]
pub(crate) enum ArtifactError {
    /// The handler names something else.
    #[error("Handler is {0:?}, but a WASM function's names its component, as hello.wasm or hello")]
    Handler(String),
    /// Neither machine code nor a component is there.
    #[error("there is neither {} nor {}", compiled.display(), component.display())]
    Missing {
        /// Where machine code would be.
        compiled: PathBuf,
        /// Where the component would be.
        component: PathBuf,
    },
    /// The host cannot be had.
    #[error(transparent)]
    Host(#[from] HostError),
    /// It cannot be served.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// Loads what the handler names, in the folder of the function's code: machine code if it is
/// there, else the component, for which a compiler is needed. The extension may be left out: under
/// `samovar up` the layer then runs the function too, as on AWS, where with it Samovar itself does.
pub(crate) fn load(task_root: &Path, config: WasmConfig) -> Result<WasmProvider, ArtifactError> {
    let handler = task_root.join(&config.function.handler);
    let is_named = match handler.extension() {
        Some(extension) => extension == COMPONENT || extension == COMPILED,
        None => handler.file_name().is_some(),
    };
    if !is_named {
        return Err(ArtifactError::Handler(config.function.handler.clone()));
    }
    let compiled = handler.with_extension(COMPILED);
    let component = handler.with_extension(COMPONENT);
    let file = if compiled.is_file() {
        compiled
    } else if component.is_file() {
        if cfg!(feature = "compile") {
            eprintln!(
                "samovar: {} is compiled at each cold start: put {} beside it, which `samovar \
                 build --aot` makes",
                component.display(),
                compiled.display(),
            );
        }
        component
    } else {
        return Err(ArtifactError::Missing { compiled, component });
    };
    Ok(Host::on_demand()?.load(WasmConfig { component: file, ..config })?)
}
