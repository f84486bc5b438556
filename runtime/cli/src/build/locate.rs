//! Finds a function's cargo package: which workspace, which binary, which target folder.

use std::collections::{BTreeSet, HashMap};
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

/// Files in the root of a workspace that say how each of its packages is built (The Cargo Book,
/// "Workspaces" and "Configuration"; The rustup book, "Overrides").
const OF_WORKSPACES: [&str; 6] = [
    "Cargo.toml",
    "Cargo.lock",
    ".cargo/config.toml",
    ".cargo/config",
    "rust-toolchain.toml",
    "rust-toolchain",
];

/// The folders of packages.
#[derive(Debug, Default)]
pub(super) struct Packages {
    /// Those that a package is built from.
    pub(super) own: BTreeSet<PathBuf>,
    /// Others of the same workspaces.
    pub(super) others: BTreeSet<PathBuf>,
    /// Files of the workspaces themselves.
    pub(super) files: BTreeSet<PathBuf>,
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

    /// The packages that the one of `manifest` is built from, itself among them: those that it
    /// needs by their path, and so on from these. Not those that only its tests need.
    pub(super) async fn packages(&mut self, manifest: &Path) -> Result<Packages, BuildError> {
        let mut packages = Packages::default();
        let mut all = BTreeSet::new();
        let mut waiting = vec![manifest.to_owned()];
        while let Some(manifest) = waiting.pop() {
            let Some(folder) = manifest.parent() else { continue };
            if !packages.own.insert(folder.to_owned()) {
                continue;
            }
            let metadata = self.metadata(&manifest).await?;
            let members = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
            let manifest_of =
                |package: &Value| package["manifest_path"].as_str().map(PathBuf::from);
            all.extend(
                members.iter().filter_map(|member| Some(manifest_of(member)?.parent()?.to_owned())),
            );
            let root = PathBuf::from(metadata["workspace_root"].as_str().unwrap_or_default());
            packages.files.extend(OF_WORKSPACES.map(|name| root.join(name)));
            let package =
                members.iter().find(|member| manifest_of(member).as_ref() == Some(&manifest));
            let needs = package.and_then(|package| package["dependencies"].as_array());
            let needs = needs.into_iter().flatten().filter(|need| need["kind"] != "dev");
            waiting.extend(needs.filter_map(|need| {
                let manifest = Path::new(need["path"].as_str()?).join("Cargo.toml");
                Some(manifest.canonicalize().unwrap_or(manifest))
            }));
        }
        packages.others = all.difference(&packages.own).cloned().collect();
        Ok(packages)
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
