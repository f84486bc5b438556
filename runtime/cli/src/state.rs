//! Where a running Samovar keeps what it keeps.

use std::io;
use std::path::{Path, PathBuf};

use samovar_app::App;
use tempfile::TempDir;

use crate::args;

/// Folder of the environments' private folders, in the state folder.
const ENVIRONMENTS: &str = "environments";

/// Folder of functions' logs, in the state folder.
pub(crate) const LOGS: &str = "logs";

/// The folders of one `samovar up`.
pub(crate) struct State {
    /// What is built, unpacked and compiled, under names that follow from its content, so that
    /// later runs and others at the same time use it too.
    pub(crate) folder: PathBuf,
    /// Holds all else that is written, if nothing is to be kept. Dropped, it is removed.
    temporary: Option<TempDir>,
}

impl State {
    /// Makes the folders where they are missing.
    ///
    /// # Errors
    /// The path that cannot be used, and why.
    pub(crate) fn open(options: &args::Up, app: &App) -> Result<Self, (PathBuf, io::Error)> {
        let folder = folder(options.state_dir.as_deref(), &app.template)?;
        let temporary = options.ephemeral.then(temporary).transpose()?;
        Ok(Self { folder, temporary })
    }

    /// The folder of the queues; they are in memory where there is none.
    pub(crate) fn queues(&self) -> Option<PathBuf> {
        self.temporary.is_none().then(|| self.folder.join("queues"))
    }

    /// The folder of the functions that the Lambda API makes.
    pub(crate) fn functions(&self) -> PathBuf {
        self.temporary.as_ref().map_or(&*self.folder, TempDir::path).join("functions")
    }

    /// The folder of the layers that the Lambda API makes.
    pub(crate) fn layers(&self) -> PathBuf {
        self.own().join("layers")
    }

    /// The folder of functions' logs; they are not kept where there is none.
    pub(crate) fn logs(&self) -> Option<PathBuf> {
        self.temporary.is_none().then(|| self.folder.join(LOGS))
    }

    /// The folder of the environments' private folders.
    pub(crate) fn environments(&self) -> PathBuf {
        self.own().join(ENVIRONMENTS)
    }

    /// Where this Samovar alone writes: the state folder, or the one that goes with it.
    pub(crate) fn own(&self) -> &Path {
        self.temporary.as_ref().map_or(&*self.folder, TempDir::path)
    }
}

/// The state folder that is asked for, or that of the application of a template. Made where it is
/// missing.
///
/// # Errors
/// As [`State::open`].
pub(crate) fn folder(
    wanted: Option<&Path>,
    template: &Path,
) -> Result<PathBuf, (PathBuf, io::Error)> {
    let path = wanted.map_or_else(|| beside(template), Path::to_owned);
    let made = std::fs::create_dir_all(&path).and_then(|()| path.canonicalize());
    made.map_err(|error| (path, error))
}

/// The state folder of the application of a template, unless another is asked for.
pub(crate) fn beside(template: &Path) -> PathBuf {
    project(template).join(".samovar")
}

fn temporary() -> Result<TempDir, (PathBuf, io::Error)> {
    let made = tempfile::Builder::new().prefix("samovar-").tempdir();
    made.map_err(|error| (std::env::temp_dir(), error))
}

/// The folder of the application that a template is of: its own, or, where `sam build` has left
/// it in `.aws-sam/build`, which every build empties, the one around that.
fn project(template: &Path) -> &Path {
    let folder = template.parent().unwrap_or(Path::new("."));
    let built = folder.ends_with(".aws-sam/build").then(|| folder.parent()?.parent()).flatten();
    built.unwrap_or(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_outlives_a_build_of_sam_s() {
        assert_eq!(project(Path::new("/app/template.yaml")), Path::new("/app"));
        assert_eq!(project(Path::new("/app/.aws-sam/build/template.yaml")), Path::new("/app"));
    }
}
