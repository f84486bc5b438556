//! Programs that installing packages takes: pip and npm.

use std::process::Stdio;

use tokio::process::Command;

use super::super::BuildError;
use super::super::group::Group;

/// How much of what a failed program said is told.
const MAX_LINES: usize = 40;

/// Runs a program whose output nobody reads while it goes well, with all that it starts in a
/// process group of its own.
///
/// # Errors
/// It cannot be started, or it failed: then `what` could not be done, with its own words.
pub(super) async fn run(mut command: Command, what: &str, remedy: &str) -> Result<(), BuildError> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .process_group(0);
    let program = command.as_std().get_program().to_string_lossy().into_owned();
    let failed = |words: &str| BuildError::Tool(format!("{what}: {words}"));
    let child = command
        .spawn()
        .map_err(|error| failed(&format!("cannot run {program}: {error}; {remedy}")))?;
    let group = Group::of(&child);
    let output = child.wait_with_output().await.map_err(|error| failed(&error.to_string()))?;
    group.ended();
    if output.status.success() {
        return Ok(());
    }
    Err(failed(&words(&String::from_utf8_lossy(&output.stderr), remedy)))
}

/// What a program said of its failure, without what only warns.
fn words(text: &str, remedy: &str) -> String {
    let is_told = |line: &&str| {
        let line = line.trim();
        !(line.is_empty()
            || line.starts_with("WARNING:")
            || line.starts_with("npm warn")
            || line.starts_with("[notice]"))
    };
    let lines: Vec<_> = text.lines().filter(is_told).collect();
    let last = &lines[lines.len().saturating_sub(MAX_LINES)..];
    if last.is_empty() { remedy.to_owned() } else { format!("{}\n({remedy})", last.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_is_told_in_the_programs_own_words() {
        let sh = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        run(sh("echo fine"), "it", "try again").await.unwrap();
        let script = "echo WARNING: old >&2; echo ERROR: no such package >&2; exit 1";
        let error = run(sh(script), "cannot install x", "is there a network?").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot install x: ERROR: no such package\n(is there a network?)"
        );
        let missing = Command::new("/nowhere/npm");
        let error = run(missing, "cannot install x", "install npm").await.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("cannot install x: cannot run /nowhere/npm: "), "{text}");
        assert!(text.ends_with("; install npm"), "{text}");
    }
}
