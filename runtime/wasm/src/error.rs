//! Why a host or a component cannot be had.

use std::io;
use std::path::PathBuf;

use samovar_app::Span;
use thiserror::Error;

use crate::aot::AotError;
use crate::export;

/// Why this machine cannot run components.
#[derive(Debug, Error)]
pub enum HostError {
    /// The folder for compiled code cannot be made or read.
    #[error("{}: the folder for compiled code cannot be used: {source}", path.display())]
    CacheDir {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Compiled code in that folder could be somebody else's, and would be executed.
    #[error(
        "{}: the folder for compiled code belongs to another user: remove it, or use another \
         state folder",
        path.display()
    )]
    CacheOwner {
        /// The folder.
        path: PathBuf,
    },
    /// wasmtime does not start here.
    #[error("the WASM engine does not start: {0}")]
    Engine(String),
}

impl HostError {
    /// wasmtime's reason.
    pub(crate) fn of_engine(error: wasmtime::Error) -> Self {
        Self::Engine(format!("{error:#}"))
    }
}

/// Why a component cannot be served.
#[derive(Debug, Error)]
pub enum LoadError {
    /// There is no such file, or it cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{}: this is not WebAssembly: the file does not begin with \\0asm", path.display())]
    NotWasm {
        /// The file.
        path: PathBuf,
    },
    /// The file is a core module that is no WASI command.
    #[error("{}: {reason}", path.display())]
    CoreModule {
        /// The file.
        path: PathBuf,
        /// What it has and what it lacks, and the remedy.
        reason: String,
    },
    /// The function's isolates cannot be used again.
    #[error(
        "{place}: Metadata.Samovar.Reuse: {} is a command (wasi:cli/run), which ends with its \
         response: remove the property, or export wasi:http or samovar:function",
        path.display()
    )]
    NoReuse {
        /// Where the function is in the template.
        place: Span,
        /// The file.
        path: PathBuf,
    },
    /// The engine for WASI 0.3 does not start here.
    #[error("{}: the WASM engine for WASI 0.3 does not start: {message}", path.display())]
    Engine {
        /// The file.
        path: PathBuf,
        /// The engine's words.
        message: String,
    },
    /// The component is not valid, or beyond what the engine takes.
    #[error("{}: {message}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The compiler's words.
        message: String,
    },
    /// The file holds compiled code that cannot be run here.
    #[error("{}: {source}", path.display())]
    Compiled {
        /// The file.
        path: PathBuf,
        /// Why.
        source: AotError,
    },
    /// The file is a component, and this host runs only what is compiled.
    #[error(
        "{}: this is a component, and there is no compiler here: `samovar build --aot` compiles it",
        path.display()
    )]
    NoCompiler {
        /// The file.
        path: PathBuf,
    },
    /// The component wants something that Samovar does not give.
    #[error("{}: the component imports what Samovar does not have: {message}", path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// Which import, and what is wrong with it.
        message: String,
    },
    /// The component exports nothing that could take an event.
    #[error("{}: {}", path.display(), export::explain(exports))]
    NoDoor {
        /// The file.
        path: PathBuf,
        /// What it does export.
        exports: Vec<String>,
    },
}
