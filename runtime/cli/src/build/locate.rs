//! Finds a function's cargo package: which workspace, which binary, which target folder.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::BuildError;
use super::cargo::{cargo, unavailable};

/// A binary of a cargo package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Crate {
    pub(super) workspace: PathBuf,
    pub(super) target: PathBuf,
    pub(super) manifest: PathBuf,
    pub(super) package: String,
    pub(super) binary: String,
}

/// What cargo tells of the workspaces that functions are in, each asked once.
#[derive(Default)]
pub(super) struct Workspaces {
    known: HashMap<PathBuf, Value>,
}

impl Workspaces {
    /// The package in `folder` and its binary: the one named, or the only one. In the root of a
    /// workspace without a package of its own, a named binary is looked for in all members.
    pub(super) async fn find(
        &mut self,
        folder: &Path,
        binary: Option<&str>,
    ) -> Result<Crate, BuildError> {
        let manifest = folder.join("Cargo.toml");
        let manifest = manifest.canonicalize().unwrap_or(manifest);
        let metadata = self.metadata(&manifest).await?;
        let text = |name: &str| PathBuf::from(metadata[name].as_str().unwrap_or_default());
        let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let own = packages
            .iter()
            .find(|package| package["manifest_path"].as_str().map(Path::new) == Some(&manifest));
        let candidates: Vec<&Value> = match own {
            Some(package) => vec![package],
            None => packages.iter().collect(),
        };
        let binaries: Vec<(&Value, &str)> = candidates
            .iter()
            .flat_map(|package| binaries(package).map(move |name| (*package, name)))
            .collect();
        let default = own.and_then(|package| package["default_run"].as_str());
        let (package, binary) = choose(&binaries, binary.or(default), &manifest)?;
        Ok(Crate {
            workspace: text("workspace_root"),
            target: text("target_directory"),
            manifest: package["manifest_path"].as_str().unwrap_or_default().into(),
            package: package["name"].as_str().unwrap_or_default().into(),
            binary,
        })
    }

    async fn metadata(&mut self, manifest: &Path) -> Result<&Value, BuildError> {
        if !self.known.contains_key(manifest) {
            let output = cargo()
                .args(["metadata", "--format-version=1", "--no-deps", "--manifest-path"])
                .arg(manifest)
                .output()
                .await
                .map_err(unavailable)?;
            if !output.status.success() {
                let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                return Err(BuildError::Cargo(message));
            }
            let metadata = serde_json::from_slice(&output.stdout)
                .map_err(|error| BuildError::Cargo(format!("cargo metadata: {error}")))?;
            self.known.insert(manifest.to_owned(), metadata);
        }
        Ok(&self.known[manifest])
    }
}

fn binaries(package: &Value) -> impl Iterator<Item = &str> {
    let targets = package["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_binary = |target: &&Value| {
        target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "bin"))
    };
    targets.iter().filter(is_binary).filter_map(|target| target["name"].as_str())
}

fn choose<'a>(
    binaries: &[(&'a Value, &str)],
    wanted: Option<&str>,
    manifest: &Path,
) -> Result<(&'a Value, String), BuildError> {
    let names = || {
        let names: Vec<_> = binaries.iter().map(|(_, name)| format!("`{name}`")).collect();
        names.join(", ")
    };
    let manifest = manifest.display();
    match (wanted, binaries) {
        (_, []) => Err(BuildError::Binary(format!("{manifest} has no binary: add src/main.rs"))),
        (None, [(package, name)]) => Ok((*package, (*name).to_owned())),
        (None, _) => Err(BuildError::Binary(format!(
            "{manifest} has several binaries ({}): name one in Metadata.BuildProperties.Binary",
            names()
        ))),
        (Some(wanted), _) => {
            let found = binaries.iter().find(|(_, name)| *name == wanted);
            let found = found.map(|(package, name)| (*package, (*name).to_owned()));
            found.ok_or_else(|| {
                BuildError::Binary(format!(
                    "{manifest} has no binary `{wanted}`; it has {}",
                    names()
                ))
            })
        }
    }
}
