//! AWS's runtime interface clients, installed once for a user and a version of the language.
//!
//! Sources: `awslambdaric` on PyPI (github.com/aws/aws-lambda-python-runtime-interface-client) and
//! `aws-lambda-ric` on npm (github.com/aws/aws-lambda-nodejs-runtime-interface-client).

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use samovar_app::ManagedRuntime;
use tokio::process::Command;

use super::super::BuildError;
use super::interpreter::{Interpreter, home};
use super::{packages, tool, tree};

/// A client, or another package that Lambda has beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Client {
    /// What the installer is asked for.
    package: String,
    /// The folder's name, which says all that its content depends on.
    name: String,
}

impl Client {
    /// The client for a runtime's functions on this interpreter.
    pub(super) fn new(runtime: ManagedRuntime, interpreter: &Interpreter) -> Self {
        let (os, arch) = (env::consts::OS, env::consts::ARCH);
        match runtime {
            ManagedRuntime::Python { .. } => {
                let minor = interpreter.number;
                // 4.0 is the last that runs on Python 3.9.
                let version = if minor < 10 { "4.0.4" } else { "4.2.2" };
                Self {
                    package: format!("awslambdaric=={version}"),
                    name: format!("awslambdaric-{version}-python3.{minor}-{os}-{arch}"),
                }
            }
            ManagedRuntime::Node { major } => {
                // From nodejs24.x on handlers get no callback, which version 4 enforces.
                let version = if major < 24 { "3.3.0" } else { "4.0.2" };
                Self {
                    package: format!("aws-lambda-ric@{version}"),
                    name: format!("aws-lambda-ric-{version}"),
                }
            }
        }
    }

    /// The AWS SDK for Python, which Lambda's Python has, in the version of the day on which it is
    /// installed: Lambda's changes too.
    pub(super) fn boto3(interpreter: &Interpreter) -> Self {
        let minor = interpreter.number;
        Self { package: "boto3".to_owned(), name: format!("boto3-python3.{minor}") }
    }

    /// What changes when the content of [`Self::install`]'s folder does.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The client's folder, which is made where it is missing and allowed: below the user's cache
    /// folder, or `state` where there is none.
    ///
    /// # Errors
    /// It is not there and may not be installed, or the installer failed.
    pub(super) async fn install(
        &self,
        runtime: ManagedRuntime,
        interpreter: &Interpreter,
        state: &Path,
        may_install: bool,
        say: &(dyn Fn(&str) + Sync),
    ) -> Result<PathBuf, BuildError> {
        let cache = cache(state);
        let folder = cache.join(&self.name);
        if folder.is_dir() {
            return Ok(folder);
        }
        if !may_install {
            return Err(BuildError::NotBuilt(folder));
        }
        say(&format!("Installing {} for {runtime} (once)", self.package));
        // Whoever installs the same at the same time does it beside this.
        let partial = cache.join(format!("{}.{}", self.name, std::process::id()));
        let files = |error: std::io::Error| BuildError::Files {
            path: partial.clone(),
            error: error.to_string(),
        };
        tree::remove(&partial).and_then(|()| fs::create_dir_all(&partial)).map_err(files)?;
        let installed = match runtime {
            ManagedRuntime::Python { .. } => self.with_pip(interpreter, &partial).await,
            ManagedRuntime::Node { .. } => self.with_npm(interpreter, &partial).await,
        };
        let installed = installed.and_then(|()| match fs::rename(&partial, &folder) {
            Err(_) if folder.is_dir() => Ok(()),
            renamed => renamed.map_err(files),
        });
        let _ = tree::remove(&partial);
        installed.map(|()| folder)
    }

    async fn with_pip(&self, interpreter: &Interpreter, into: &Path) -> Result<(), BuildError> {
        let mut command = packages::pip(interpreter, into);
        command.arg(&self.package);
        let what = format!("pip cannot install {}", self.package);
        tool::run(command, &what, packages::PIP_REMEDY).await
    }

    /// Unpacks the package alone: what it depends on builds its C++ module, which
    /// `start.cjs` takes the place of.
    async fn with_npm(&self, interpreter: &Interpreter, into: &Path) -> Result<(), BuildError> {
        let what = format!("npm cannot fetch {}", self.package);
        let mut command = packages::npm(interpreter);
        command.args(["pack", "--loglevel=error", "--pack-destination"]).arg(into);
        command.arg(&self.package).current_dir(into);
        tool::run(command, &what, packages::NPM_REMEDY).await?;
        let archive = into.join(format!("{}.tgz", self.name));
        let mut command = Command::new("tar");
        command.arg("-xzf").arg(&archive).current_dir(into);
        let what = format!("cannot unpack {}", archive.display());
        tool::run(command, &what, "tar with gzip is needed").await?;
        let package = into.join("aws-lambda-ric");
        let bundle = package.join("dist");
        // The file that the C++ module would be: it only has to be there.
        let unpacked = fs::rename(into.join("package"), &package).and_then(|()| {
            let beside = if bundle.is_dir() { &bundle } else { &package };
            fs::write(beside.join("rapid-client.node"), "")?;
            fs::remove_file(&archive)
        });
        let error = |error: std::io::Error| BuildError::Files {
            path: package.clone(),
            error: error.to_string(),
        };
        unpacked.map_err(error)
    }
}

/// Where clients are kept for all applications of a user (XDG Base Directory Specification).
fn cache(state: &Path) -> PathBuf {
    let named = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = named.or_else(|| Some(home()?.join(".cache")));
    cache.map_or_else(|| state.to_owned(), |cache| cache.join("samovar")).join("runtimes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_follows_from_runtime_and_interpreter() {
        let interpreter = |number| Interpreter {
            found: "/bin/x".into(),
            program: "/bin/x".into(),
            version: String::new(),
            number,
        };
        let name = |runtime, number| Client::new(runtime, &interpreter(number)).package;
        let python = ManagedRuntime::Python { minor: 12 };
        assert_eq!(name(python, 12), "awslambdaric==4.2.2");
        assert_eq!(name(python, 9), "awslambdaric==4.0.4");
        // The template's runtime says which handlers are taken, whatever runs them.
        assert_eq!(name(ManagedRuntime::Node { major: 22 }, 24), "aws-lambda-ric@3.3.0");
        assert_eq!(name(ManagedRuntime::Node { major: 24 }, 20), "aws-lambda-ric@4.0.2");
    }
}
