//! One `cargo build` for all functions of a workspace and target.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use samovar_app::Function;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

use super::group::Group;
use super::locate::Crate;
use super::{Artifact, Artifacts, BuildError};

/// What components are built for.
pub(super) const WASM_TARGET: &str = "wasm32-wasip2";

/// Functions that are built by one call.
#[derive(Default)]
pub(super) struct Job {
    pub(super) functions: Vec<(Arc<Function>, Crate)>,
}

impl Job {
    /// The same failure for every function of the job.
    pub(super) fn all(&self, error: &BuildError) -> Artifacts {
        let failed = |(function, _): &(Arc<Function>, Crate)| {
            (function.logical_id.clone(), Err(error.clone()))
        };
        self.functions.iter().map(failed).collect()
    }
}

/// Runs cargo, which shows its progress, unless `quiet`, and the compiler's messages itself.
/// `--keep-going`: one function that does not compile leaves the others to be served.
pub(super) async fn build(
    workspace: &Path,
    wasm: bool,
    quiet: bool,
    job: &Job,
) -> Result<Artifacts, BuildError> {
    let mut command = cargo();
    command.current_dir(workspace).args([
        "build",
        "--release",
        "--keep-going",
        "--message-format=json-render-diagnostics",
    ]);
    if wasm {
        command.args(["--target", WASM_TARGET]);
    }
    if quiet {
        command.arg("--quiet");
    }
    for (_, found) in &job.functions {
        command.args(["--package", &found.package, "--bin", &found.binary]);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(unavailable)?;
    let group = Group::of(&child);
    let executables = match child.stdout.take() {
        Some(messages) => executables(messages).await,
        None => Vec::new(),
    };
    child.wait().await.map_err(unavailable)?;
    group.ended();

    let artifact = |(function, found): &(Arc<Function>, Crate)| {
        let executable = executables.iter().find(|executable| {
            executable.manifest == found.manifest && executable.binary == found.binary
        });
        let artifact = executable.map(|executable| Artifact {
            path: executable.path.clone(),
            root: function.code.path.clone(),
        });
        let failed =
            || BuildError::Compile { package: found.package.clone(), binary: found.binary.clone() };
        (function.logical_id.clone(), artifact.ok_or_else(failed))
    };
    Ok(job.functions.iter().map(artifact).collect())
}

/// The cargo that runs us (`cargo run` names it), or the one in PATH.
///
/// Without the variables that `cargo run` sets for us: some build scripts (ring's) watch them, and
/// would run again whenever Samovar is started in another way than before.
pub(super) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let ours =
        |name: &&String| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in names.collect::<Vec<_>>().iter().filter(ours) {
        command.env_remove(name);
    }
    command.kill_on_drop(true);
    command
}

pub(super) fn unavailable(error: std::io::Error) -> BuildError {
    BuildError::Cargo(format!("cannot run cargo: {error}; install Rust from https://rustup.rs"))
}

/// A binary that cargo has made.
#[derive(Debug, PartialEq, Eq)]
struct Executable {
    manifest: PathBuf,
    binary: String,
    path: PathBuf,
}

/// Reads cargo's messages to their end (The Cargo Book, "External tools", "JSON messages").
async fn executables(messages: impl AsyncRead + Unpin) -> Vec<Executable> {
    let mut lines = BufReader::new(messages).lines();
    let mut found = Vec::new();
    while let Ok(Some(line)) = lines.next_line().await {
        found.extend(executable(&line));
    }
    found
}

fn executable(line: &str) -> Option<Executable> {
    let message: Value = serde_json::from_str(line).ok()?;
    if message["reason"] != "compiler-artifact" {
        return None;
    }
    Some(Executable {
        manifest: message["manifest_path"].as_str()?.into(),
        binary: message["target"]["name"].as_str()?.into(),
        path: message["executable"].as_str()?.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn executables_are_found_among_the_messages() {
        let messages = r#"{"reason":"compiler-artifact","manifest_path":"/a/Cargo.toml","target":{"name":"lib"},"executable":null}
not json
{"reason":"compiler-artifact","manifest_path":"/a/Cargo.toml","target":{"name":"hello"},"executable":"/a/target/release/hello"}
{"reason":"build-finished","success":true}
"#;
        let found = executables(messages.as_bytes()).await;
        let hello = Executable {
            manifest: "/a/Cargo.toml".into(),
            binary: "hello".into(),
            path: "/a/target/release/hello".into(),
        };
        assert_eq!(found, [hello]);
    }
}
