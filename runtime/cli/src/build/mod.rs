//! Makes a function's code into something that runs: a `bootstrap` or a component.

mod cargo;
mod locate;
mod wasm_target;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use samovar_app::{App, Build, Function, Kind};
use thiserror::Error;

use self::cargo::Job;
use self::locate::{Crate, Workspaces};

/// Why a function has nothing to run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum BuildError {
    /// Cargo is not there, or does not understand the package.
    #[error("{0}")]
    Cargo(String),
    /// The template does not say which binary, or one that is not there.
    #[error("{0}")]
    Binary(String),
    /// The compiler said why.
    #[error(
        "binary `{binary}` of package `{package}` did not build; the compiler's message is above"
    )]
    Compile {
        /// The cargo package.
        package: String,
        /// Its binary.
        binary: String,
    },
    /// `--no-build`, and nothing is there.
    #[error("{} is not built yet: run without --no-build", .0.display())]
    NotBuilt(PathBuf),
    /// The Rust target for WASM is missing and could not be added.
    #[error("{0}")]
    WasmTarget(String),
}

/// What each function runs, or why it has nothing, by logical id.
pub(crate) type Artifacts = HashMap<String, Result<PathBuf, BuildError>>;

/// Builds every function of the application in release mode, one cargo call for each workspace
/// and target; or, where `build` is false, finds what is built. `say` is told what is done, in
/// words for the terminal. Dropping the future stops cargo.
pub(crate) async fn artifacts(app: &App, build: bool, say: &(dyn Fn(&str) + Sync)) -> Artifacts {
    let mut workspaces = Workspaces::default();
    let mut artifacts = Artifacts::new();
    let mut jobs = BTreeMap::<(PathBuf, bool), Job>::new();
    for function in &app.functions {
        let id = function.logical_id.clone();
        match &function.code.build {
            Build::Prebuilt => {
                artifacts.insert(id, prebuilt(function));
            }
            Build::Cargo { binary } => {
                match workspaces.find(&function.code.path, binary.as_deref()).await {
                    Err(error) => {
                        artifacts.insert(id, Err(error));
                    }
                    Ok(found) if !build => {
                        artifacts.insert(id, built(function, &found));
                    }
                    Ok(found) => {
                        let wasm = function.kind == Kind::Wasm;
                        let job = jobs.entry((found.workspace.clone(), wasm)).or_default();
                        job.functions.push((function.clone(), found));
                    }
                }
            }
        }
    }
    for ((workspace, wasm), job) in jobs {
        artifacts.extend(run(&workspace, wasm, &job, say).await);
    }
    artifacts
}

async fn run(workspace: &Path, wasm: bool, job: &Job, say: &(dyn Fn(&str) + Sync)) -> Artifacts {
    if wasm && let Err(error) = wasm_target::ensure(say).await {
        return job.all(&error);
    }
    match cargo::build(workspace, wasm, job).await {
        Ok(artifacts) => artifacts,
        Err(error) => job.all(&error),
    }
}

/// The artifact in a folder that is build output already.
fn prebuilt(function: &Arc<Function>) -> Result<PathBuf, BuildError> {
    let file = match function.kind {
        Kind::Process => "bootstrap",
        Kind::Wasm => function.handler.as_str(),
    };
    existing(function.code.path.join(file))
}

/// Where cargo leaves what it builds.
fn built(function: &Arc<Function>, found: &Crate) -> Result<PathBuf, BuildError> {
    existing(match function.kind {
        Kind::Process => found.target.join("release").join(&found.binary),
        Kind::Wasm => found
            .target
            .join(cargo::WASM_TARGET)
            .join("release")
            .join(format!("{}.wasm", found.binary)),
    })
}

fn existing(path: PathBuf) -> Result<PathBuf, BuildError> {
    if path.is_file() { Ok(path) } else { Err(BuildError::NotBuilt(path)) }
}
