//! A function's launch folder: everything that starts it, beside its code.
//!
//! | entry | what it is |
//! |---|---|
//! | `bootstrap` | the script that the environment runs |
//! | `start.py`, `start.cjs` | what starts the client |
//! | `runtime/` | the client (`LAMBDA_RUNTIME_DIR`) |
//! | `packages/` | what requirements.txt asks for |
//! | `task/` | a copy of Node.js source beside its `node_modules` |
//! | `inline/` | code that stands in the template |

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use samovar_app::ManagedRuntime;
use sha2::{Digest as _, Sha256};

use super::interpreter::Interpreter;
use super::tree::{self, How};

/// Puts the content of these folders into `launch/runtime`, unless it is there: `name` says what
/// it is made of.
pub(super) fn runtime(launch: &Path, name: &str, folders: &[PathBuf]) -> io::Result<()> {
    let (runtime, mark) = (launch.join("runtime"), launch.join("runtime.digest"));
    if runtime.is_dir() && fs::read_to_string(&mark).is_ok_and(|made_of| made_of == name) {
        return Ok(());
    }
    tree::remove(&mark)?;
    tree::remove(&runtime)?;
    for folder in folders {
        // Packages may share files: the first one's stay.
        tree::copy(folder, &runtime, How::Link, &|path, _| {
            let below = path.strip_prefix(folder).unwrap_or(path);
            !path.is_dir() && runtime.join(below).exists()
        })?;
    }
    fs::write(mark, name)
}

/// The launch folder below `parent` for all functions that need nothing of their own in it: what
/// is in it follows from its name, so it is made once, and whole or not at all.
pub(super) fn shared(
    parent: &Path,
    managed: ManagedRuntime,
    interpreter: &Interpreter,
    (name, folders): (&str, &[PathBuf]),
) -> io::Result<PathBuf> {
    let made_of = format!("{managed}\n{}\n{name}", interpreter.program.display());
    let digest = &Sha256::digest(made_of)[..8];
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let launch = parent.join(&digest);
    if !launch.is_dir() {
        // Whoever makes the same at the same time does it beside this.
        let partial = parent.join(format!("{digest}.{}", std::process::id()));
        tree::remove(&partial)?;
        fs::create_dir_all(&partial)?;
        let made =
            runtime(&partial, name, folders).and_then(|()| match fs::rename(&partial, &launch) {
                Err(_) if launch.is_dir() => Ok(()),
                renamed => renamed,
            });
        let _ = tree::remove(&partial);
        made?;
    }
    bootstrap(&launch, managed, interpreter)
}

/// Copies source to `launch/task`, beside the `node_modules` that are there already.
pub(super) fn task(launch: &Path, code: &Path, state: &Path) -> io::Result<PathBuf> {
    let task = launch.join("task");
    for entry in fs::read_dir(&task)? {
        let entry = entry?;
        if entry.file_name() != "node_modules" {
            tree::remove(&entry.path())?;
        }
    }
    tree::copy(code, &task, How::Copy, &|path, name| {
        let is_ours = ["node_modules", ".git", ".aws-sam", ".samovar"].iter().any(|it| name == *it);
        is_ours || path == state
    })?;
    Ok(task)
}

/// Writes code that stands in the template, under the name that Lambda gives it
/// ("AWS::Lambda::Function Code", `ZipFile`).
pub(super) fn inline(launch: &Path, runtime: ManagedRuntime, text: &str) -> io::Result<PathBuf> {
    let folder = launch.join("inline");
    fs::create_dir_all(&folder)?;
    let name = match runtime {
        ManagedRuntime::Python { .. } => "index.py",
        ManagedRuntime::Node { .. } => "index.js",
    };
    fs::write(folder.join(name), text)?;
    Ok(folder)
}

/// Writes `bootstrap` and what it starts. Other files of these names are replaced whole, so that
/// an environment that starts meanwhile finds one or the other.
pub(super) fn bootstrap(
    launch: &Path,
    runtime: ManagedRuntime,
    interpreter: &Interpreter,
) -> io::Result<PathBuf> {
    let (start, text) = match runtime {
        ManagedRuntime::Python { .. } => ("start.py", include_str!("start.py")),
        ManagedRuntime::Node { .. } => ("start.cjs", include_str!("start.cjs")),
    };
    put(&launch.join(start), text, 0o644)?;
    let path = launch.join("bootstrap");
    put(&path, &script(launch, runtime, &interpreter.program), 0o755)?;
    Ok(path)
}

fn put(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}", std::process::id()));
    fs::write(&partial, text)?;
    fs::set_permissions(&partial, Permissions::from_mode(mode))?;
    fs::rename(&partial, path)
}

/// The script: Lambda's variables for the language (Lambda developer guide, "Using Lambda
/// environment variables"), wrapper scripts ("Modifying the runtime environment"), and what the
/// bootstrap in AWS's base images for Node.js gives V8 of the function's memory.
fn script(launch: &Path, runtime: ManagedRuntime, program: &Path) -> String {
    let launch = quoted(launch);
    let program = quoted(program);
    let command = match runtime {
        ManagedRuntime::Python { .. } => format!(
            r#"export PYTHONPATH="${{PYTHONPATH-$LAMBDA_RUNTIME_DIR}}"
set -- {program} -S -B {launch}/start.py "$_HANDLER""#
        ),
        ManagedRuntime::Node { major } => format!(
            r#"export NODE_PATH="${{NODE_PATH-/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules:$LAMBDA_RUNTIME_DIR}}"
memory=$AWS_LAMBDA_FUNCTION_MEMORY_SIZE
set -- {program} --expose-gc --max-semi-space-size=$((memory / 20)) \
    --max-old-space-size=$((memory - memory / 10)) {launch}/start.cjs"#
        ),
    };
    format!(
        r#"#!/bin/sh
# Written by Samovar: runs a function on {runtime} with AWS's runtime interface client.
export LAMBDA_RUNTIME_DIR={launch}/runtime
{command}
if [ -n "$AWS_LAMBDA_EXEC_WRAPPER" ]; then
    if [ ! -f "$AWS_LAMBDA_EXEC_WRAPPER" ]; then
        echo "$AWS_LAMBDA_EXEC_WRAPPER: does not exist" >&2
        exit 127
    fi
    set -- "$AWS_LAMBDA_EXEC_WRAPPER" "$@"
fi
exec "$@"
"#
    )
}

/// A path as the shell takes it literally.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_script_starts_the_program_with_any_path() {
        let folder = tempfile::tempdir().unwrap();
        let launch = folder.path().join("it's \"here\" $HOME");
        fs::create_dir(&launch).unwrap();
        let python = ManagedRuntime::Python { minor: 12 };
        let text = script(&launch, python, Path::new("/bin/echo"));
        let run = |wrapper: &str| {
            let output = Command::new("sh")
                .args(["-c", &text])
                .env_clear()
                .envs([("_HANDLER", "app.handler"), ("AWS_LAMBDA_EXEC_WRAPPER", wrapper)])
                .output()
                .unwrap();
            (output.status.code(), String::from_utf8(output.stdout).unwrap())
        };
        let started = format!("-S -B {}/start.py app.handler\n", launch.display());
        assert_eq!(run(""), (Some(0), started.clone()));
        assert_eq!(run("/bin/echo"), (Some(0), format!("/bin/echo {started}")));
        assert_eq!(run("/nowhere"), (Some(127), String::new()));
    }

    #[test]
    fn the_runtimes_folder_is_made_once_for_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (launch, client) = (folder.path().join("launch"), folder.path().join("client"));
        fs::create_dir_all(client.join("awslambdaric")).unwrap();
        fs::create_dir(&launch).unwrap();
        fs::write(client.join("awslambdaric/a.py"), "1").unwrap();
        let made = || runtime(&launch, "one", std::slice::from_ref(&client)).unwrap();
        made();
        assert_eq!(fs::read_to_string(launch.join("runtime/awslambdaric/a.py")).unwrap(), "1");
        fs::write(launch.join("runtime/mark"), "").unwrap();
        made();
        assert!(launch.join("runtime/mark").exists());
        runtime(&launch, "two", &[client.clone(), client]).unwrap();
        assert!(!launch.join("runtime/mark").exists());
    }

    #[test]
    fn a_shared_folder_is_that_of_its_runtime() {
        let folder = tempfile::tempdir().unwrap();
        let client = folder.path().join("client");
        fs::create_dir(&client).unwrap();
        fs::write(client.join("a.py"), "1").unwrap();
        let interpreter = Interpreter {
            found: "/bin/x".into(),
            program: "/bin/x".into(),
            version: "1".into(),
            number: 12,
        };
        let made = |minor| {
            let python = ManagedRuntime::Python { minor };
            let of = ("client", std::slice::from_ref(&client));
            shared(&folder.path().join("shared"), python, &interpreter, of).unwrap()
        };
        let first = made(12);
        assert!(first.parent().unwrap().join("runtime/a.py").is_file());
        assert!(fs::read_to_string(&first).unwrap().contains("Python 3.12"));
        assert_eq!(made(12), first);
        assert_ne!(made(13), first);
        assert_eq!(fs::read_dir(folder.path().join("shared")).unwrap().count(), 2);
    }

    #[test]
    fn source_is_copied_anew_beside_its_modules() {
        let folder = tempfile::tempdir().unwrap();
        let (launch, code) = (folder.path().join("code/state"), folder.path().join("code"));
        fs::create_dir_all(launch.join("task/node_modules/x")).unwrap();
        fs::create_dir_all(code.join("node_modules/local")).unwrap();
        fs::write(launch.join("task/old.js"), "").unwrap();
        fs::write(code.join("app.js"), "").unwrap();
        let task = task(&launch, &code, &launch).unwrap();
        let mut names: Vec<_> =
            fs::read_dir(&task).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["app.js", "node_modules"]);
        assert!(task.join("node_modules/x").exists());
        assert!(!task.join("node_modules/local").exists());
    }
}
