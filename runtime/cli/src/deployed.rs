//! Functions that are made while Samovar runs: their files, and what runs them.
//!
//! Below the state folder, `functions/NAME/` has `function.json` and an archive for each version's
//! code, named by its digest. Every file is written beside its place, brought to the disk, and
//! renamed: an end at any moment leaves the old one or the new one.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use samovar_api::{CodeError, FunctionHost, StoredCode};
use samovar_app::{App, Function};
use samovar_dispatch::{Dispatcher, Provider};
use sha2::{Digest as _, Sha256};

use crate::build::{self, Artifact, Artifacts, archive};
use crate::providers::{self, Surroundings, Wasm};
use crate::state::State;

const RECORD: &str = "function.json";

/// The functions' files. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Deployed(Arc<Shared>);

struct Shared {
    surroundings: Surroundings,
    wasm: Wasm,
    dispatcher: Dispatcher,
    /// The functions' files.
    folder: PathBuf,
    /// Where unpacked code is, by content.
    unpacked: PathBuf,
    /// What the template's functions run, by logical id.
    template: HashMap<String, Artifact>,
    /// The folders of their layers, by logical id.
    layers: HashMap<String, Vec<PathBuf>>,
}

impl Deployed {
    /// Functions below the state folder, beside those of the template.
    pub(crate) fn new(
        app: &App,
        surroundings: Surroundings,
        state: &State,
        artifacts: &Artifacts,
        dispatcher: Dispatcher,
    ) -> Self {
        let built = artifacts.iter();
        let built = built.filter_map(|(id, built)| Some((id.clone(), built.clone().ok()?)));
        let template = built.collect();
        let layers = |function: &Arc<Function>| {
            let layers = build::layers(app, function, &surroundings.built).ok()?;
            Some((function.logical_id.clone(), layers))
        };
        let layers = app.functions.iter().filter_map(layers).collect();
        let wasm = Wasm::new(&surroundings.built.join("compiled"));
        let (folder, unpacked) = (state.functions(), state.folder.join("code"));
        Self(Arc::new(Shared {
            surroundings,
            wasm,
            dispatcher,
            folder,
            unpacked,
            template,
            layers,
        }))
    }

    /// What runs components.
    pub(crate) fn wasm(&self) -> &Wasm {
        &self.0.wasm
    }

    /// What was saved, one document a function, by name.
    ///
    /// # Errors
    /// A folder or document cannot be read.
    pub(crate) fn kept(&self) -> io::Result<Vec<Vec<u8>>> {
        let folders = match fs::read_dir(&self.0.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            folders => folders?,
        };
        let mut paths =
            folders.map(|entry| Ok(entry?.path().join(RECORD))).collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        // One without a record was never answered for, or is half removed.
        paths.retain(|path| path.is_file());
        paths.into_iter().map(fs::read).collect()
    }

    /// Does something with files, on a thread that may wait for the disk.
    async fn blocking<T: Send + 'static>(
        &self,
        action: impl FnOnce(&Shared) -> T + Send + 'static,
    ) -> T {
        let shared = self.0.clone();
        match tokio::task::spawn_blocking(move || action(&shared)).await {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}

#[async_trait]
impl FunctionHost for Deployed {
    async fn store(&self, function: &str, archive: Bytes) -> Result<StoredCode, CodeError> {
        let function = function.to_owned();
        self.blocking(move |shared| shared.store(&function, &archive)).await
    }

    async fn serve(
        &self,
        function: Arc<Function>,
        code: Option<&StoredCode>,
    ) -> Result<(), String> {
        let (wanted, code) = (function.clone(), code.cloned());
        let provider = self.blocking(move |shared| shared.provider(&wanted, code.as_ref())).await?;
        self.0.dispatcher.register(function, provider);
        Ok(())
    }

    async fn save(&self, function: &str, record: Vec<u8>, code: Vec<StoredCode>) -> io::Result<()> {
        let function = function.to_owned();
        self.blocking(move |shared| shared.save(&function, &record, &code)).await
    }

    async fn forget(&self, function: &str) -> io::Result<()> {
        let function = function.to_owned();
        self.blocking(move |shared| shared.forget(&function)).await
    }
}

impl Shared {
    fn store(&self, function: &str, bytes: &[u8]) -> Result<StoredCode, CodeError> {
        let code = StoredCode { sha256: Sha256::digest(bytes).into(), size: bytes.len() as u64 };
        let folder = self.folder.join(function);
        fs::create_dir_all(&folder)?;
        let path = folder.join(archive_name(&code));
        if !path.is_file() {
            write(&path, bytes)?;
        }
        let Err(error) = archive::contents(&path, &self.unpacked) else { return Ok(code) };
        let _ = fs::remove_file(&path);
        // The folder of a function that there is not does not stay.
        let _ = fs::remove_dir(&folder);
        Err(match error.kind() {
            ErrorKind::FileTooLarge => CodeError::TooLarge(archive::MAX_BYTES),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::PermissionDenied => {
                CodeError::Io(error)
            }
            _ => CodeError::Invalid(error.to_string()),
        })
    }

    fn provider(
        &self,
        function: &Arc<Function>,
        code: Option<&StoredCode>,
    ) -> Result<Arc<dyn Provider>, String> {
        let artifact = match code {
            Some(code) => {
                let file = build::file(function);
                let path = self.folder.join(&function.name).join(archive_name(code));
                let root = archive::contents(&path, &self.unpacked)
                    .map_err(|error| format!("The code cannot be unpacked: {error}."))?;
                let path = root.join(file);
                if !path.is_file() {
                    return Err(format!("The code has no file {file} at its top."));
                }
                Artifact { path, root }
            }
            None => {
                let built = self.template.get(&function.logical_id).cloned();
                built.ok_or("The template's code for this function did not build.")?
            }
        };
        let layers = self.layers.get(&function.logical_id).cloned().unwrap_or_default();
        providers::make(function, (artifact, layers), &self.surroundings, &self.wasm)
    }

    fn save(&self, function: &str, record: &[u8], code: &[StoredCode]) -> io::Result<()> {
        let folder = self.folder.join(function);
        fs::create_dir_all(&folder)?;
        write(&folder.join(RECORD), record)?;
        sync(&self.folder)?;
        let wanted: HashSet<String> = code.iter().map(archive_name).collect();
        for entry in fs::read_dir(&folder)?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".zip") && !wanted.contains(&name) {
                // One that stays is removed by the next save.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    fn forget(&self, function: &str) -> io::Result<()> {
        let folder = self.folder.join(function);
        // The record first: without it the folder is nobody's.
        match fs::remove_file(folder.join(RECORD)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// `DIGEST.zip`, in hexadecimal.
fn archive_name(code: &StoredCode) -> String {
    let digest: String = code.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{digest}.zip")
}

/// Writes a file so that it is there whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("partial");
    let mut file = File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    sync(path.parent().unwrap_or(Path::new(".")))
}

/// Brings what is renamed in a folder to the disk.
fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
