//! Records and archives on disk, a folder for each name.
//!
//! A name's folder has its record and its archives, which are named by their digests. Every file is
//! written beside its place, brought to the disk, and renamed: an end at any moment leaves the old
//! one or the new one.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use samovar_api::{CodeError, StoredCode};
use sha2::{Digest as _, Sha256};

use crate::build::archive;

/// Records of one kind.
pub(super) struct Shelf {
    folder: PathBuf,
    /// The name of each record's file.
    record: &'static str,
}

impl Shelf {
    /// Nothing is made yet.
    pub(super) fn new(folder: PathBuf, record: &'static str) -> Self {
        Self { folder, record }
    }

    /// Every record, by name.
    pub(super) fn records(&self) -> io::Result<Vec<Vec<u8>>> {
        let folders = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            folders => folders?,
        };
        let record = |entry: io::Result<fs::DirEntry>| Ok(entry?.path().join(self.record));
        let mut paths = folders.map(record).collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        // One without a record was never answered for, or is half removed.
        paths.retain(|path| path.is_file());
        paths.into_iter().map(fs::read).collect()
    }

    /// Where an archive is.
    pub(super) fn archive(&self, name: &str, archive: &StoredCode) -> PathBuf {
        self.folder.join(name).join(archive_name(archive))
    }

    /// Puts an archive away, if it can be unpacked below `unpacked`.
    pub(super) fn store(
        &self,
        name: &str,
        bytes: &[u8],
        unpacked: &Path,
    ) -> Result<StoredCode, CodeError> {
        let code = StoredCode { sha256: Sha256::digest(bytes).into(), size: bytes.len() as u64 };
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder)?;
        let path = self.archive(name, &code);
        if !path.is_file() {
            write(&path, bytes)?;
        }
        let Err(error) = archive::contents(&path, unpacked) else { return Ok(code) };
        let _ = fs::remove_file(&path);
        // The folder of a name that there is not does not stay.
        let _ = fs::remove_dir(&folder);
        Err(match error.kind() {
            ErrorKind::FileTooLarge => CodeError::TooLarge(archive::MAX_BYTES),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::PermissionDenied => {
                CodeError::Io(error)
            }
            _ => CodeError::Invalid(error.to_string()),
        })
    }

    /// Gives a name an archive that is somewhere else on this disk.
    pub(super) fn link(&self, from: &Path, name: &str, archive: &StoredCode) -> io::Result<()> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder)?;
        let path = self.archive(name, archive);
        if path.is_file() {
            return Ok(());
        }
        match fs::hard_link(from, &path) {
            Ok(()) => sync(&folder),
            Err(_) => write(&path, &fs::read(from)?),
        }
    }

    /// Keeps a record, and of its archives these.
    pub(super) fn save(
        &self,
        name: &str,
        record: &[u8],
        archives: &[StoredCode],
    ) -> io::Result<()> {
        let folder = self.folder.join(name);
        fs::create_dir_all(&folder)?;
        write(&folder.join(self.record), record)?;
        sync(&self.folder)?;
        let wanted: HashSet<String> = archives.iter().map(archive_name).collect();
        for entry in fs::read_dir(&folder)?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".zip") && !wanted.contains(&name) {
                // One that stays is removed by the next save.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    /// Removes a record with its archives.
    pub(super) fn forget(&self, name: &str) -> io::Result<()> {
        let folder = self.folder.join(name);
        // The record first: without it the folder is nobody's.
        match fs::remove_file(folder.join(self.record)) {
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
