//! Functions of managed runtimes: an interpreter, AWS's runtime interface client for it, and the
//! packages that the function's source asks for.

mod client;
mod deployed;
mod interpreter;
mod launch;
mod packages;
mod tool;
mod tree;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use samovar_app::{Build, Function, ManagedRuntime};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use self::client::Client;
use self::interpreter::Interpreter;
use self::packages::Wanted;
use super::{Artifact, Artifacts, BuildError, archive, make};

pub(crate) use self::deployed::Grounds;

/// How many installers run at once.
const INSTALLERS: usize = 4;

/// How many files of source are looked into for what they import.
const MAX_SOURCES: usize = 2000;

/// What all functions share.
struct Workshop<'a> {
    state: &'a Path,
    /// Whether anything may be installed or made.
    build: bool,
    say: &'a (dyn Fn(&str) + Sync),
}

/// An interpreter with its client's folder.
#[derive(Clone)]
struct Ground {
    runtime: ManagedRuntime,
    interpreter: Interpreter,
    client: Client,
    folder: PathBuf,
}

/// Makes functions of managed runtimes ready to run, their folders below `state`. Where `build` is
/// false, nothing is installed. `say` is told what is installed, and which function runs on
/// another version than its own.
pub(super) async fn build(
    functions: &[(Arc<Function>, ManagedRuntime)],
    state: &Path,
    build: bool,
    say: &(dyn Fn(&str) + Sync),
) -> Artifacts {
    let workshop = Workshop { state, build, say };
    let mut grounds = BTreeMap::new();
    for (_, runtime) in functions {
        if !grounds.contains_key(runtime) {
            let named = functions.iter().filter(|(_, other)| other == runtime);
            let names: Vec<_> = named.map(|(function, _)| function.name.as_str()).collect();
            grounds.insert(*runtime, workshop.ground(*runtime, &names.join(", ")).await);
        }
    }
    let permits = Arc::new(Semaphore::new(INSTALLERS));
    let mut running = JoinSet::new();
    let mut artifacts = Artifacts::new();
    for (function, runtime) in functions {
        let ground = match &grounds[runtime] {
            Ok(ground) => ground.clone(),
            Err(error) => {
                artifacts.insert(function.logical_id.clone(), Err(error.clone()));
                continue;
            }
        };
        let id = function.logical_id.clone();
        match workshop.prepare(function, ground).await {
            Ok(prepared) => {
                let permits = permits.clone();
                running.spawn(async move {
                    let _permit = permits.acquire_owned().await;
                    (id, prepared.finish(build).await)
                });
            }
            Err(error) => {
                artifacts.insert(id, Err(error));
            }
        }
    }
    while let Some(done) = running.join_next().await {
        match done {
            Ok((id, artifact)) => {
                artifacts.insert(id, artifact);
            }
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
    artifacts
}

/// A function whose code is in a folder, before its packages are.
struct Prepared {
    ground: Ground,
    launch: PathBuf,
    state: PathBuf,
    code: PathBuf,
    /// Folders that `runtime/` is made of, and what says so.
    runtime: (String, Vec<PathBuf>),
    wanted: Option<Wanted>,
}

impl Workshop<'_> {
    async fn ground(&self, runtime: ManagedRuntime, names: &str) -> Result<Ground, BuildError> {
        let interpreter = interpreter::find(runtime).await?;
        if interpreter.number != interpreter::number(runtime) {
            (self.say)(&format!(
                "{runtime} is not on this machine: version {} ({}) runs {names}",
                interpreter.version,
                interpreter.program.display()
            ));
        }
        let client = Client::new(runtime, &interpreter);
        let folder =
            client.install(runtime, &interpreter, self.state, self.build, self.say).await?;
        Ok(Ground { runtime, interpreter, client, folder })
    }

    async fn prepare(
        &self,
        function: &Arc<Function>,
        ground: Ground,
    ) -> Result<Prepared, BuildError> {
        let id = &function.logical_id;
        let launch = self.state.join("managed").join(id.replace('/', "-"));
        fs::create_dir_all(&launch).map_err(|error| files(&launch, &error))?;
        let code = self.code(function, ground.runtime, &launch).await?;
        let wanted = match function.code.build {
            Build::Source => Wanted::read(ground.runtime, &ground.interpreter, &code)?,
            _ => None,
        };
        if let Some(wanted) = &wanted
            && self.build
            && !wanted.is_installed(&target(ground.runtime, &launch))
        {
            (self.say)(&format!("Installing packages of {}", function.name));
        }
        let runtime = self.runtime(function, &ground, &code).await;
        let state = self.state.to_owned();
        Ok(Prepared { ground, launch, state, code, runtime, wanted })
    }

    /// The folders that `runtime/` is made of, and what says so.
    async fn runtime(
        &self,
        function: &Function,
        ground: &Ground,
        code: &Path,
    ) -> (String, Vec<PathBuf>) {
        let mut folders = vec![ground.folder.clone()];
        let mut name = ground.client.name().to_owned();
        if let Some((client, folder)) = self.boto3(function, ground, code).await {
            name = format!("{name} {}", client.name());
            folders.push(folder);
        }
        (name, folders)
    }

    /// The folder of the function's code.
    async fn code(
        &self,
        function: &Function,
        runtime: ManagedRuntime,
        launch: &Path,
    ) -> Result<PathBuf, BuildError> {
        let path = &function.code.path;
        match &function.code.build {
            Build::Inline(text) => {
                launch::inline(launch, runtime, text).map_err(|error| files(launch, &error))
            }
            Build::Archive => archive::unpack_all(path, &self.state.join("code")),
            Build::Make { target } => {
                let folder = self.state.join("artifacts").join(&function.logical_id);
                if self.build {
                    make::run(path, target, &folder).await?;
                } else if !folder.is_dir() {
                    return Err(BuildError::NotBuilt(folder));
                }
                Ok(folder)
            }
            // Without a slash at its end, as it comes from `CodeUri`.
            _ => Ok(path.components().collect()),
        }
    }

    /// The AWS SDK for Python, if the function's code names it. Where it cannot be installed, the
    /// function may still find it in a layer.
    async fn boto3(
        &self,
        function: &Function,
        ground: &Ground,
        code: &Path,
    ) -> Option<(Client, PathBuf)> {
        let ManagedRuntime::Python { .. } = ground.runtime else { return None };
        if code.join("boto3").is_dir() || !names_boto3(code) {
            return None;
        }
        let client = Client::boto3(&ground.interpreter);
        let (runtime, interpreter) = (ground.runtime, &ground.interpreter);
        let folder = client.install(runtime, interpreter, self.state, self.build, self.say).await;
        match folder {
            Ok(folder) => Some((client, folder)),
            Err(error) => {
                (self.say)(&format!("{} runs without boto3: {error}", function.name));
                None
            }
        }
    }
}

impl Prepared {
    async fn finish(self, build: bool) -> Result<Artifact, BuildError> {
        let Self { ground, launch, state, mut code, runtime: (name, folders), wanted } = self;
        let is_node = matches!(ground.runtime, ManagedRuntime::Node { .. });
        if let Some(wanted) = &wanted {
            let target = target(ground.runtime, &launch);
            wanted.install(ground.runtime, &ground.interpreter, &target, build).await?;
        } else if !is_node {
            // What an earlier requirements.txt asked for is there no more.
            let packages = target(ground.runtime, &launch);
            tree::remove(&packages).map_err(|error| files(&packages, &error))?;
        }
        let copies = wanted.is_some() && is_node;
        let made = tokio::task::spawn_blocking(move || {
            let make = || {
                if copies {
                    code = launch::task(&launch, &code, &state)?;
                }
                launch::runtime(&launch, &name, &folders)?;
                let path = launch::bootstrap(&launch, ground.runtime, &ground.interpreter)?;
                Ok(Artifact { path, root: code })
            };
            make().map_err(|error| files(&launch, &error))
        });
        made.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
    }
}

/// Where packages are installed: Node.js finds them beside the code alone.
fn target(runtime: ManagedRuntime, launch: &Path) -> PathBuf {
    launch.join(match runtime {
        ManagedRuntime::Python { .. } => "packages",
        ManagedRuntime::Node { .. } => "task",
    })
}

/// Whether Python source below a folder names boto3 or botocore.
fn names_boto3(folder: &Path) -> bool {
    let mut left = MAX_SOURCES;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let is_hidden = name.as_encoded_bytes().starts_with(b".");
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && !is_hidden => folders.push(path),
                Ok(kind) if kind.is_file() && path.extension() == Some(OsStr::new("py")) => {
                    let Some(rest) = left.checked_sub(1) else { return false };
                    left = rest;
                    let text = fs::read(&path).unwrap_or_default();
                    if ["boto3", "botocore"].iter().any(|it| contains(&text, it.as_bytes())) {
                        return true;
                    }
                }
                _ => {}
            }
        }
    }
    false
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn files(path: &Path, error: &io::Error) -> BuildError {
    BuildError::Files { path: path.to_owned(), error: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_that_names_the_sdk() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("app.py", "import json\n");
        write("notes.txt", "boto3");
        assert!(!names_boto3(folder.path()));
        fs::create_dir(folder.path().join("lib")).unwrap();
        write("lib/queue.py", "from botocore.config import Config\n");
        assert!(names_boto3(folder.path()));
    }
}
