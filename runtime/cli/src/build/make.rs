//! `BuildMethod: makefile`: the user's own rule makes the artifact.
//!
//! Source: SAM developer guide, "Building custom runtimes": `make build-LOGICALID` with the folder
//! for what it makes in `ARTIFACTS_DIR`.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::BuildError;
use super::group::Group;

/// Runs `make TARGET` in `folder` for what it leaves in `artifacts`, which is emptied before. The
/// rule's output is shown as it comes.
pub(super) async fn run(folder: &Path, target: &str, artifacts: &Path) -> Result<(), BuildError> {
    let in_the_way = |error| BuildError::Files { path: artifacts.to_owned(), error };
    if artifacts.exists() {
        std::fs::remove_dir_all(artifacts).map_err(|e| in_the_way(e.to_string()))?;
    }
    std::fs::create_dir_all(artifacts).map_err(|e| in_the_way(e.to_string()))?;
    let mut command = Command::new("make");
    command
        .current_dir(folder)
        .arg(target)
        .arg({
            let mut assignment = std::ffi::OsString::from("ARTIFACTS_DIR=");
            assignment.push(artifacts);
            assignment
        })
        .env("ARTIFACTS_DIR", artifacts)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .process_group(0);
    let unavailable = |error| BuildError::Make(format!("cannot run make: {error}"));
    let mut child = command.spawn().map_err(unavailable)?;
    let group = Group::of(&child);
    let status = child.wait().await.map_err(unavailable)?;
    group.ended();
    if !status.success() {
        return Err(BuildError::Make(format!("`make {target}` failed; its output is above")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn the_rule_gets_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let rules = "build-Good:\n\techo hi > $(ARTIFACTS_DIR)/bootstrap\nbuild-Bad:\n\tfalse\n";
        fs::write(folder.path().join("Makefile"), rules).unwrap();
        let artifacts = folder.path().join("out/Good");
        fs::create_dir_all(&artifacts).unwrap();
        fs::write(artifacts.join("old"), "").unwrap();
        let made = async |target| run(folder.path(), target, &artifacts).await;

        made("build-Good").await.unwrap();
        assert_eq!(fs::read_to_string(artifacts.join("bootstrap")).unwrap(), "hi\n");
        assert!(!artifacts.join("old").exists());
        let bad = made("build-Bad").await.unwrap_err().to_string();
        assert_eq!(bad, "`make build-Bad` failed; its output is above");
    }
}
