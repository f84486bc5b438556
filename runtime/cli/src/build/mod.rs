//! Makes a function's code into something that runs: a `bootstrap` or a component.

mod aot;
pub(crate) mod archive;
mod cargo;
pub(crate) mod command;
mod group;
mod locate;
mod make;
mod managed;
mod program;
mod sources;
mod wasm_target;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use samovar_app::{App, Build, Function, Kind, LayerReference};
use thiserror::Error;

use self::cargo::Job;
use self::locate::{Crate, Workspaces};

pub(crate) use self::managed::Grounds;
pub(crate) use self::program::{file, find, may_be_of_layer};
pub(crate) use self::sources::{Source, sources};

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
    /// Samovar does not run this kind of function.
    #[error("{0}")]
    NotRun(String),
    /// Make is not there, or failed.
    #[error("{0}")]
    Make(String),
    /// Neither the code nor a layer has a program.
    #[error(
        "{function} has no bootstrap: neither its code ({}, /var/task on AWS) nor a layer ({}, \
         /opt there) has one at its top; put one into either folder",
        code.display(), layers.join(", ")
    )]
    Bootstrap {
        /// The function's logical id.
        function: String,
        /// The folder of its code.
        code: PathBuf,
        /// The folders of its layers.
        layers: Vec<String>,
    },
    /// An archive of code cannot be used.
    #[error("{}: {error}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// Why not.
        error: String,
    },
    /// A folder for what is built cannot be made.
    #[error("{}: {error}", path.display())]
    Files {
        /// The folder.
        path: PathBuf,
        /// Why not.
        error: String,
    },
    /// An interpreter or a package that a managed runtime needs is missing.
    #[error("{0}")]
    Tool(String),
    /// The Rust target for WASM is missing and could not be added.
    #[error("{0}")]
    WasmTarget(String),
}

/// What a function runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Artifact {
    /// `bootstrap`, or the component.
    pub(crate) path: PathBuf,
    /// The folder of the code: `LAMBDA_TASK_ROOT`.
    pub(crate) root: PathBuf,
}

/// What each function runs, or why it has nothing, by logical id.
pub(crate) type Artifacts = HashMap<String, Result<Artifact, BuildError>>;

/// The folders of a function's layers, in its order, those in archives unpacked below `state`.
/// Layers that are not on this machine are left out. A WASM function sees no files, so it has none.
///
/// # Errors
/// An archive cannot be unpacked.
pub(crate) fn layers(
    app: &App,
    function: &Function,
    state: &Path,
) -> Result<Vec<PathBuf>, BuildError> {
    local_layers(app, function).map(|path| layer_folder(path, state)).collect()
}

/// Where the layers of a function are that it sees here, in its order.
fn local_layers<'a>(app: &'a App, function: &'a Function) -> impl Iterator<Item = &'a Path> {
    let of_process = (function.kind == Kind::Process).then_some(&function.layers);
    let local = of_process.into_iter().flatten().filter_map(|layer| match layer {
        LayerReference::Local(id) => app.layers.iter().find(|layer| layer.logical_id == *id),
        LayerReference::Remote(_) => None,
    });
    local.filter_map(|layer| layer.path.as_deref())
}

/// The folder of a layer, which is unpacked below `state` if it is an archive.
///
/// # Errors
/// It cannot be unpacked.
pub(crate) fn layer_folder(path: &Path, state: &Path) -> Result<PathBuf, BuildError> {
    match path.is_dir() {
        true => Ok(path.to_owned()),
        false => archive::unpack_all(path, &state.join("code")),
    }
}

/// Whether and how functions are built.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode<'a> {
    /// Not at all: what is built already is found.
    Find,
    /// Before anything is served: cargo shows its progress.
    Build,
    /// While an older build serves: cargo shows what is wrong, and nothing else. What makefiles
    /// leave goes below this folder, because the older build still uses what it has.
    Rebuild(&'a Path),
}

/// Builds every function of the application in release mode, one cargo call for each workspace
/// and target; or, in [`Mode::Find`], finds what is built. What is unpacked, what is installed for
/// functions of managed runtimes, and what makefiles leave goes below `state`. `say` is told what is
/// done, in words for the terminal. Dropping the future stops the build tools.
pub(crate) async fn artifacts(
    app: &App,
    state: &Path,
    mode: Mode<'_>,
    say: &(dyn Fn(&str) + Sync),
) -> Artifacts {
    let build = !matches!(mode, Mode::Find);
    let mut workspaces = Workspaces::default();
    let mut artifacts = Artifacts::new();
    let mut jobs = BTreeMap::<(PathBuf, bool), Job>::new();
    let mut of_source = Vec::new();
    for function in &app.functions {
        let id = function.logical_id.clone();
        let code = &function.code;
        if let Some(why) = &function.not_run {
            artifacts.insert(id, Err(BuildError::NotRun(why.clone())));
            continue;
        }
        if let Some(runtime) = function.managed() {
            of_source.push((function.clone(), runtime));
            continue;
        }
        match &code.build {
            Build::Prebuilt | Build::Source => {
                let root = code.path.clone();
                let found = program::of_template(app, function, root, state, BuildError::NotBuilt);
                artifacts.insert(id, found);
            }
            Build::Archive => {
                let found = archive::unpack_all(&code.path, &state.join("code")).and_then(|root| {
                    program::of_template(app, function, root, state, |_| BuildError::Archive {
                        path: code.path.clone(),
                        error: format!("it has no {}", file(function)),
                    })
                });
                artifacts.insert(id, found);
            }
            Build::Make { target } => {
                let folder = match mode {
                    Mode::Rebuild(folder) => folder.join(&id),
                    Mode::Find | Mode::Build => state.join("artifacts").join(&id),
                };
                let made = match build {
                    true => make::run(&code.path, target, &folder).await,
                    false => Ok(()),
                };
                let found = made.and_then(|()| {
                    program::of_template(app, function, folder, state, |path| match build {
                        true => BuildError::Make(format!(
                            "`make {target}` left no {} in ARTIFACTS_DIR",
                            file(function)
                        )),
                        false => BuildError::NotBuilt(path),
                    })
                });
                artifacts.insert(id, found);
            }
            Build::Cargo { binary } => match workspaces.find(&code.path, binary.as_deref()).await {
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
            },
            Build::Inline(_) | Build::S3(_) | Build::Image(_) => {
                let why = "its code is not on this machine".to_owned();
                artifacts.insert(id, Err(BuildError::NotRun(why)));
            }
        }
    }
    let compiled = async {
        let mut artifacts = Artifacts::new();
        for ((workspace, wasm), job) in jobs {
            artifacts.extend(run(&workspace, wasm, mode, &job, say).await);
        }
        artifacts
    };
    let installed = managed::build(&of_source, state, build, say);
    let (compiled, installed) = tokio::join!(compiled, installed);
    artifacts.extend(compiled);
    artifacts.extend(installed);
    artifacts
}

async fn run(
    workspace: &Path,
    wasm: bool,
    mode: Mode<'_>,
    job: &Job,
    say: &(dyn Fn(&str) + Sync),
) -> Artifacts {
    if wasm && let Err(error) = wasm_target::ensure(say).await {
        return job.all(&error);
    }
    match cargo::build(workspace, wasm, matches!(mode, Mode::Rebuild(_)), job).await {
        Ok(artifacts) => artifacts,
        Err(error) => job.all(&error),
    }
}

/// Where cargo leaves what it builds.
fn built(function: &Arc<Function>, found: &Crate) -> Result<Artifact, BuildError> {
    let path = existing(match function.kind {
        Kind::Process => found.target.join("release").join(&found.binary),
        Kind::Wasm => found
            .target
            .join(cargo::WASM_TARGET)
            .join("release")
            .join(format!("{}.wasm", found.binary)),
    })?;
    Ok(Artifact { path, root: function.code.path.clone() })
}

fn existing(path: PathBuf) -> Result<PathBuf, BuildError> {
    if path.is_file() { Ok(path) } else { Err(BuildError::NotBuilt(path)) }
}
