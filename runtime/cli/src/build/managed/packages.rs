//! What a function's `requirements.txt` or `package.json` asks for, installed as `sam build` does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use samovar_app::ManagedRuntime;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::process::Command;

use super::super::BuildError;
use super::interpreter::Interpreter;
use super::{tool, tree};

/// What to do where pip fails.
pub(super) const PIP_REMEDY: &str = "Samovar runs `python -m pip`: it needs pip, and a network \
                                     unless pip has the packages";

/// What to do where npm fails.
pub(super) const NPM_REMEDY: &str =
    "Samovar runs `npm`: it needs npm, and a network unless npm has the packages";

/// The largest manifest that is read.
const MAX_BYTES: u64 = 4 << 20;

/// How deep requirements name files of requirements.
const MAX_DEPTH: u32 = 8;

/// What is to be installed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// `requirements.txt` or `package.json`.
    manifest: PathBuf,
    /// What the manifest says.
    digest: String,
    /// It names folders of this machine, whose content may have changed.
    is_local: bool,
}

impl Wanted {
    /// What the code in `folder` asks for; `None`: nothing.
    ///
    /// # Errors
    /// A manifest cannot be read.
    pub(super) fn read(
        runtime: ManagedRuntime,
        interpreter: &Interpreter,
        folder: &Path,
    ) -> Result<Option<Self>, BuildError> {
        let mut digest = Sha256::new();
        digest.update(format!("{runtime}\n{}\n", interpreter.version));
        let (name, is_local) = match runtime {
            ManagedRuntime::Python { .. } => {
                ("requirements.txt", requirements(folder, &mut digest))
            }
            ManagedRuntime::Node { .. } => ("package.json", dependencies(folder, &mut digest)),
        };
        let manifest = folder.join(name);
        match is_local {
            Ok(Some(is_local)) => {
                let digest = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
                Ok(Some(Self { manifest, digest, is_local }))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(BuildError::Files { path: manifest, error: error.to_string() }),
        }
    }

    /// Installs into `into`, unless what is there was installed for the same.
    ///
    /// # Errors
    /// The installer failed; or it may not run, and would have to.
    pub(super) async fn install(
        &self,
        runtime: ManagedRuntime,
        interpreter: &Interpreter,
        into: &Path,
        may_install: bool,
    ) -> Result<(), BuildError> {
        if self.is_installed(into) && (!self.is_local || !may_install) {
            return Ok(());
        }
        if !may_install {
            return Err(BuildError::NotBuilt(into.to_owned()));
        }
        let mark = mark(into);
        let files = |error: io::Error| BuildError::Files {
            path: into.to_owned(),
            error: error.to_string(),
        };
        tree::remove(&mark)
            .and_then(|()| tree::remove(into))
            .and_then(|()| fs::create_dir_all(into))
            .map_err(files)?;
        match runtime {
            ManagedRuntime::Python { .. } => self.with_pip(interpreter, into).await?,
            ManagedRuntime::Node { .. } => self.with_npm(interpreter, into).await?,
        }
        fs::write(&mark, &self.digest).map_err(files)
    }

    /// Whether `into` has what is wanted.
    pub(super) fn is_installed(&self, into: &Path) -> bool {
        into.is_dir() && fs::read_to_string(mark(into)).is_ok_and(|mark| mark == self.digest)
    }

    async fn with_pip(&self, interpreter: &Interpreter, into: &Path) -> Result<(), BuildError> {
        let mut command = pip(interpreter, into);
        command.arg("--requirement").arg(&self.manifest);
        // Paths in requirements start from where pip runs.
        command.current_dir(self.folder());
        let what = format!("pip cannot install {}", self.manifest.display());
        tool::run(command, &what, PIP_REMEDY).await
    }

    async fn with_npm(&self, interpreter: &Interpreter, into: &Path) -> Result<(), BuildError> {
        let mut is_locked = false;
        for name in MANIFESTS {
            let from = self.folder().join(name);
            if from.is_file() {
                fs::copy(&from, into.join(name)).map_err(|error| BuildError::Files {
                    path: from.clone(),
                    error: error.to_string(),
                })?;
                is_locked |= LOCKS.contains(name);
            }
        }
        let mut command = npm(interpreter);
        if is_locked {
            command.arg("ci");
        } else {
            command.args(["install", "--no-package-lock"]);
        }
        command.args(["--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"]);
        command.current_dir(into);
        let what = format!("npm cannot install {}", self.manifest.display());
        tool::run(command, &what, NPM_REMEDY).await
    }

    fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(Path::new("/"))
    }
}

/// The file that says what a folder was installed for. It is written when all is there.
fn mark(folder: &Path) -> PathBuf {
    folder.with_extension("digest")
}

/// What npm reads of a package.
const MANIFESTS: &[&str] = &["package.json", "package-lock.json", "npm-shrinkwrap.json", ".npmrc"];
const LOCKS: &[&str] = &["package-lock.json", "npm-shrinkwrap.json"];

/// `pip install` of what is added to it, into a folder of its own.
pub(super) fn pip(interpreter: &Interpreter, into: &Path) -> Command {
    let mut command = Command::new(&interpreter.found);
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    command.args(["--no-input", "--target"]).arg(into);
    command
}

/// `npm`: the one beside the interpreter, else that of PATH; it runs with the interpreter.
pub(super) fn npm(interpreter: &Interpreter) -> Command {
    let folder = interpreter.found.parent().unwrap_or(Path::new("/"));
    let beside = folder.join("npm");
    let mut command = if beside.is_file() { Command::new(beside) } else { Command::new("npm") };
    let mut path = folder.as_os_str().to_owned();
    if let Some(rest) = std::env::var_os("PATH") {
        path.push(":");
        path.push(rest);
    }
    command.env("PATH", path);
    command
}

/// Adds what `requirements.txt` says, with the files that it includes. `None`: it asks for
/// nothing. Otherwise whether it names something on this machine (pip's "Requirements File
/// Format").
fn requirements(folder: &Path, digest: &mut Sha256) -> io::Result<Option<bool>> {
    let path = folder.join("requirements.txt");
    if !path.is_file() {
        return Ok(None);
    }
    let mut is_local = false;
    let some = include(&path, digest, &mut is_local, MAX_DEPTH)?;
    Ok(some.then_some(is_local))
}

/// Whether the file asks for anything.
fn include(path: &Path, digest: &mut Sha256, is_local: &mut bool, depth: u32) -> io::Result<bool> {
    let text = read(path)?;
    digest.update(&text);
    let mut some = false;
    for line in text.lines() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        some = true;
        let included =
            ["-r", "--requirement", "-c", "--constraint"].into_iter().find_map(|option| {
                let rest = line.strip_prefix(option)?;
                Some(rest.trim_start_matches(['=', ' ', '\t']))
            });
        let is_path = |line: &str| {
            ["-e", "--editable", ".", "/", "file:"].iter().any(|start| line.starts_with(start))
                || line.contains("@ file:")
        };
        match included {
            Some(name) if !name.contains("://") && depth > 0 => {
                let next = path.parent().unwrap_or(Path::new("/")).join(name);
                include(&next, digest, is_local, depth - 1)?;
            }
            _ if is_path(line) => *is_local = true,
            _ => {}
        }
    }
    Ok(some)
}

/// Adds what `package.json` and its lock file say. `None`: it has no dependencies but for
/// development. Otherwise whether one of them is a folder of this machine.
fn dependencies(folder: &Path, digest: &mut Sha256) -> io::Result<Option<bool>> {
    let path = folder.join("package.json");
    if !path.is_file() {
        return Ok(None);
    }
    let manifest: Value = serde_json::from_str(&read(&path)?).map_err(io::Error::other)?;
    let mut all = ["dependencies", "optionalDependencies"]
        .into_iter()
        .filter_map(|kind| manifest[kind].as_object())
        .flatten()
        .peekable();
    if all.peek().is_none() {
        return Ok(None);
    }
    let is_local = all.any(|(_, version)| {
        version.as_str().is_some_and(|version| {
            ["file:", ".", "/", "link:"].iter().any(|start| version.starts_with(start))
        })
    });
    for name in MANIFESTS {
        let path = folder.join(name);
        if path.is_file() {
            digest.update(name);
            digest.update(read(&path)?);
        }
    }
    Ok(Some(is_local))
}

fn read(path: &Path) -> io::Result<String> {
    use std::io::Read as _;

    let mut text = String::new();
    let read = fs::File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text);
    match read {
        Ok(length) if length as u64 > MAX_BYTES => {
            Err(io::Error::other(format!("{} is larger than 4 MB", path.display())))
        }
        Ok(_) => Ok(text),
        Err(error) => Err(io::Error::other(format!("{}: {error}", path.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PYTHON: ManagedRuntime = ManagedRuntime::Python { minor: 12 };
    const NODE: ManagedRuntime = ManagedRuntime::Node { major: 20 };

    fn wanted(runtime: ManagedRuntime, folder: &Path) -> Option<Wanted> {
        let interpreter = Interpreter {
            found: "/bin/x".into(),
            program: "/bin/x".into(),
            version: "1".into(),
            number: 1,
        };
        Wanted::read(runtime, &interpreter, folder).unwrap()
    }

    #[test]
    fn requirements_with_what_they_include() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        assert_eq!(wanted(PYTHON, folder.path()), None);
        write("requirements.txt", "# nothing\n\n");
        assert_eq!(wanted(PYTHON, folder.path()), None);
        write("more.txt", "six==1\n");
        write("requirements.txt", "-r more.txt\n");
        let first = wanted(PYTHON, folder.path()).unwrap();
        assert!(!first.is_local);
        write("more.txt", "six==2\n");
        let second = wanted(PYTHON, folder.path()).unwrap();
        assert_ne!(first.digest, second.digest);
        write("more.txt", "./lib\n");
        assert!(wanted(PYTHON, folder.path()).unwrap().is_local);
        // One that includes itself comes to an end.
        write("requirements.txt", "-r requirements.txt\n");
        assert!(wanted(PYTHON, folder.path()).is_some());
    }

    #[test]
    fn dependencies_but_for_development() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        assert_eq!(wanted(NODE, folder.path()), None);
        write("package.json", r#"{"type": "module", "devDependencies": {"x": "1"}}"#);
        assert_eq!(wanted(NODE, folder.path()), None);
        write("package.json", r#"{"dependencies": {"x": "1"}}"#);
        let first = wanted(NODE, folder.path()).unwrap();
        assert!(!first.is_local);
        write("package-lock.json", "{}");
        assert_ne!(wanted(NODE, folder.path()).unwrap().digest, first.digest);
        write("package.json", r#"{"dependencies": {"x": "file:../x"}}"#);
        assert!(wanted(NODE, folder.path()).unwrap().is_local);
    }

    #[test]
    fn a_manifest_with_a_fault_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("package.json"), "{").unwrap();
        let interpreter = Interpreter {
            found: "/bin/x".into(),
            program: "/bin/x".into(),
            version: "1".into(),
            number: 1,
        };
        let error = Wanted::read(NODE, &interpreter, folder.path()).unwrap_err().to_string();
        assert!(error.contains("package.json: EOF while parsing"), "{error}");
    }
}
