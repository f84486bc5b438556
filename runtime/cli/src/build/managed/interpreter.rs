//! The interpreter of a managed runtime: the version that the template asks for, or the nearest.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use samovar_app::ManagedRuntime;
use tokio::process::Command;

use super::super::BuildError;

/// An interpreter on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interpreter {
    /// As it was found: its package installer belongs to this one.
    pub(super) found: PathBuf,
    /// The program itself, where the one that was found is that of a virtual environment.
    pub(super) program: PathBuf,
    /// `3.12.1` or `22.3.0`.
    pub(super) version: String,
    /// The number that names the runtime: `12` of Python 3.12.1, `22` of Node.js 22.3.0.
    pub(super) number: u8,
}

/// Prints the version and the program, for each language.
const PYTHON: &[&str] = &[
    "-I",
    "-S",
    "-c",
    "import platform, sys; print(platform.python_version()); \
     print(getattr(sys, '_base_executable', None) or sys.executable)",
];
const NODE: &[&str] = &["-e", "console.log(process.versions.node + '\\n' + process.execPath)"];

/// Interpreters that do not answer are none.
const PROBE_LIMIT: Duration = Duration::from_secs(20);

/// The interpreter that runs a runtime's functions here: the runtime's own version, else the
/// nearest, of two the newer.
///
/// # Errors
/// There is none of the language.
pub(super) async fn find(runtime: ManagedRuntime) -> Result<Interpreter, BuildError> {
    let wanted = number(runtime);
    let mut nearest: Option<Interpreter> = None;
    for candidate in candidates(runtime) {
        let Some(found) = probe(runtime, &candidate).await else { continue };
        if found.number == wanted {
            return Ok(found);
        }
        let rank = |it: &Interpreter| (it.number.abs_diff(wanted), it.number < wanted);
        if nearest.as_ref().is_none_or(|best| rank(&found) < rank(best)) {
            nearest = Some(found);
        }
    }
    nearest.ok_or_else(|| {
        let how = match runtime {
            ManagedRuntime::Python { minor } => {
                format!("install python3.{minor}, or `uv python install 3.{minor}`")
            }
            ManagedRuntime::Node { major } => {
                format!("install Node.js {major} from https://nodejs.org, or `nvm install {major}`")
            }
        };
        BuildError::Tool(format!("there is no {runtime} on this machine: {how}"))
    })
}

pub(super) fn number(runtime: ManagedRuntime) -> u8 {
    match runtime {
        ManagedRuntime::Python { minor } => minor,
        ManagedRuntime::Node { major } => major,
    }
}

async fn probe(runtime: ManagedRuntime, path: &Path) -> Option<Interpreter> {
    let arguments = match runtime {
        ManagedRuntime::Python { .. } => PYTHON,
        ManagedRuntime::Node { .. } => NODE,
    };
    let mut command = Command::new(path);
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PROBE_LIMIT, command.output()).await.ok()?.ok()?;
    let text = output.status.success().then(|| String::from_utf8(output.stdout).ok())??;
    let told = parse(runtime, &text)?;
    let program = Some(told.program).filter(|path| path.is_file());
    let program = program.unwrap_or_else(|| path.to_owned());
    Some(Interpreter { found: path.to_owned(), program, ..told })
}

/// What an interpreter says of itself.
fn parse(runtime: ManagedRuntime, text: &str) -> Option<Interpreter> {
    let (version, program) = text.trim_end().split_once('\n')?;
    let mut numbers = version.split('.');
    let first = numbers.next()?;
    let number = match runtime {
        ManagedRuntime::Python { .. } if first != "3" => return None,
        ManagedRuntime::Python { .. } => numbers.next()?,
        ManagedRuntime::Node { .. } => first,
    };
    let number = number.parse().ok()?;
    let program = PathBuf::from(program);
    Some(Interpreter { found: program.clone(), program, version: version.to_owned(), number })
}

/// Where interpreters are, those of the runtime's own version first.
fn candidates(runtime: ManagedRuntime) -> Vec<PathBuf> {
    let mut all = Vec::new();
    match runtime {
        ManagedRuntime::Python { minor } => {
            let others = (9..=15).filter(|other| *other != minor);
            for minor in [minor].into_iter().chain(others) {
                let name = format!("python3.{minor}");
                all.extend(on_path(&name));
                for folder in python_folders(minor) {
                    all.push(folder.join("bin").join(&name));
                }
            }
            all.extend(on_path("python3"));
        }
        ManagedRuntime::Node { major } => {
            all.extend(on_path("node"));
            all.extend(on_path("nodejs"));
            let nvm = set("NVM_DIR").or_else(|| Some(home()?.join(".nvm")));
            let versions = nvm.map(|nvm| nvm.join("versions/node"));
            let mut installed = versions.map(|folder| entries(&folder)).unwrap_or_default();
            installed.sort_by_key(|path| !starts_with(path, &format!("v{major}.")));
            all.extend(installed.into_iter().map(|folder| folder.join("bin/node")));
        }
    }
    // A folder may be in PATH twice.
    let mut seen = BTreeSet::new();
    all.retain(|path| path.is_file() && seen.insert(path.clone()));
    all
}

/// Where pyenv and uv keep a version of Python.
fn python_folders(minor: u8) -> Vec<PathBuf> {
    let pyenv = set("PYENV_ROOT").or_else(|| Some(home()?.join(".pyenv")));
    let data = set("XDG_DATA_HOME").or_else(|| Some(home()?.join(".local/share")));
    let uv = set("UV_PYTHON_INSTALL_DIR").or_else(|| Some(data?.join("uv/python")));
    let pyenv = pyenv.map(|root| entries(&root.join("versions"))).unwrap_or_default();
    let uv = uv.map(|root| entries(&root)).unwrap_or_default();
    let of_version = |path: &PathBuf| {
        starts_with(path, &format!("3.{minor}."))
            || starts_with(path, &format!("cpython-3.{minor}."))
    };
    pyenv.into_iter().chain(uv).filter(of_version).collect()
}

fn on_path(name: &str) -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).filter(|p| p.is_absolute()).map(|folder| folder.join(name)).collect()
}

/// What is in a folder, the last name first.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = read.map(|entry| entry.path()).collect();
    paths.sort_unstable_by(|a, b| b.cmp(a));
    paths
}

fn starts_with(path: &Path, start: &str) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(start))
}

fn set(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute())
}

pub(super) fn home() -> Option<PathBuf> {
    set("HOME")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_interpreter_says_of_itself() {
        let python = ManagedRuntime::Python { minor: 12 };
        let node = ManagedRuntime::Node { major: 22 };
        for (runtime, text, expected) in [
            (python, "3.13.2\n/usr/bin/python3.13\n", Some(("3.13.2", 13))),
            (python, "3.15.0a1\n/usr/bin/python3.15\n", Some(("3.15.0a1", 15))),
            (python, "2.7.18\n/usr/bin/python\n", None),
            (python, "nonsense\n", None),
            (node, "20.20.2\n/usr/bin/node\n", Some(("20.20.2", 20))),
        ] {
            let told = parse(runtime, text);
            let told = told.as_ref().map(|it| (it.version.as_str(), it.number));
            assert_eq!(told, expected, "{text}");
        }
    }
}
