//! Components to native code, for machines that have no compiler.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use samovar_wasm::aot::{self, Target};
use tempfile::NamedTempFile;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// One component and what it becomes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Job {
    pub(super) wasm: PathBuf,
    pub(super) file: PathBuf,
    pub(super) target: Target,
}

/// `NAME.cwasm` for `NAME.wasm`: beside it, or in a folder.
pub(super) fn file(wasm: &Path, folder: Option<&Path>) -> PathBuf {
    let beside = wasm.with_extension("cwasm");
    match (folder, beside.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => beside,
    }
}

/// Compiles all, as many at once as there are cores. Gives the size of each file, or why there is
/// none.
pub(super) async fn compile(jobs: BTreeSet<Job>) -> HashMap<PathBuf, Result<u64, String>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let places = Arc::new(Semaphore::new(cores));
    let mut running = JoinSet::new();
    for job in jobs {
        let places = places.clone();
        running.spawn(async move {
            // Nobody closes it.
            let _place = places.acquire_owned().await;
            let file = job.file.clone();
            let done = tokio::task::spawn_blocking(move || one(&job)).await;
            (file, done.unwrap_or_else(|error| Err(error.to_string())))
        });
    }
    running.join_all().await.into_iter().collect()
}

fn one(Job { wasm, file, target }: &Job) -> Result<u64, String> {
    let at = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let bytes = fs::read(wasm).map_err(|error| at(wasm, &error))?;
    let compiled = aot::compile(&bytes, *target).map_err(|error| at(wasm, &error))?;
    write(file, &compiled).map_err(|error| at(file, &error))?;
    Ok(compiled.len() as u64)
}

/// Writes a file whole or not at all. Who runs the one before goes on with that.
fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut temporary = NamedTempFile::new_in(folder)?;
    temporary.write_all(bytes)?;
    // Who deploys it reads it as another user; a temporary file is its owner's alone.
    temporary.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    temporary.persist(file)?;
    Ok(())
}
