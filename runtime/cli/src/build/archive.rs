//! Code in a zip archive, as `cargo lambda build --output-format zip` makes it.

use std::fs::{self, File, Permissions};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

use super::BuildError;

/// Bytes that a function's code may have when it is unpacked (Lambda guide, "Quotas").
pub(crate) const MAX_BYTES: u64 = 250 * 1024 * 1024;

/// Unpacks `archive` below `folder`, under a name that follows from its content, so that it is
/// done once; what it became.
pub(super) fn unpack_all(archive: &Path, folder: &Path) -> Result<PathBuf, BuildError> {
    contents(archive, folder)
        .map_err(|error| BuildError::Archive { path: archive.to_owned(), error: error.to_string() })
}

/// The same.
///
/// # Errors
/// [`io::ErrorKind::FileTooLarge`] beyond [`MAX_BYTES`]; the disk's own; or what else is wrong
/// with the archive.
pub(crate) fn contents(archive: &Path, folder: &Path) -> io::Result<PathBuf> {
    let mut source = File::open(archive)?;
    let name = digest(&mut source)?;
    source.rewind()?;
    let root = folder.join(&name);
    if root.is_dir() {
        return Ok(root);
    }
    // Whoever unpacks the same archive at the same time does it beside this.
    let partial = folder.join(format!("{name}.{}", std::process::id()));
    fs::create_dir_all(&partial)?;
    let unpacked = extract(source, &partial).and_then(|()| match fs::rename(&partial, &root) {
        Err(_) if root.is_dir() => Ok(()),
        renamed => renamed,
    });
    let _ = fs::remove_dir_all(&partial);
    unpacked.map(|()| root)
}

/// The first half of a file's SHA-256, in hexadecimal.
fn digest(file: &mut File) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => digest.update(&buffer[..read]),
        }
    }
    Ok(digest.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes the archive's files and folders; anything else in it, and whatever leads out of the
/// folder, is refused.
fn extract(source: File, folder: &Path) -> io::Result<()> {
    let mut archive = ZipArchive::new(source)?;
    let mut left = MAX_BYTES;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let Some(path) = entry.enclosed_name().filter(|_| !entry.is_symlink()) else {
            let name = entry.name().unwrap_or_default();
            return Err(io::Error::other(format!("`{name}` in it is not a plain file")));
        };
        let path = folder.join(path);
        if entry.is_dir() {
            fs::create_dir_all(&path)?;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = File::create(&path)?;
        let written = io::copy(&mut (&mut entry).take(left + 1), &mut file)?;
        left = left.checked_sub(written).ok_or_else(|| {
            let why = format!("it is larger than {} MB unpacked", MAX_BYTES >> 20);
            io::Error::new(io::ErrorKind::FileTooLarge, why)
        })?;
        // Archives made on other systems have no modes; Lambda needs `bootstrap` executable, and
        // takes nobody's permission to write or to be another user.
        let mode = entry.unix_mode().unwrap_or(0o755) & 0o755 | 0o400;
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn zip(path: &Path, entries: &[(&str, &str)]) {
        let mut zip = ZipWriter::new(File::create(path).unwrap());
        for (name, content) in entries {
            let options = SimpleFileOptions::default().unix_permissions(0o755);
            zip.start_file(*name, options).unwrap();
            zip.write_all(content.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
    }

    #[test]
    fn an_archive_is_unpacked_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("code.zip");
        zip(&path, &[("bootstrap", "elf"), ("lib/data", "x")]);
        let code = folder.path().join("code");
        let first = unpack_all(&path, &code).unwrap();
        let program = first.join("bootstrap");
        assert_eq!(fs::read_to_string(&program).unwrap(), "elf");
        assert_eq!(fs::read_to_string(first.join("lib/data")).unwrap(), "x");
        assert_eq!(fs::metadata(&program).unwrap().permissions().mode() & 0o777, 0o755);
        fs::write(first.join("mark"), "").unwrap();
        let second = unpack_all(&path, &code).unwrap();
        assert!(second.join("mark").exists());
        assert_eq!(fs::read_dir(&code).unwrap().count(), 1);
    }

    #[test]
    fn what_is_no_archive_of_code_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("code.zip");
        let code = folder.path().join("code");
        let message = || unpack_all(&path, &code).unwrap_err().to_string();
        zip(&path, &[("../../escaped", "x")]);
        assert!(message().ends_with("`../../escaped` in it is not a plain file"));
        assert!(!folder.path().join("escaped").exists());
        fs::write(&path, "not a zip").unwrap();
        let text = message();
        assert!(text.contains("code.zip: ") && text.contains("invalid Zip archive"), "{text}");
        assert_eq!(fs::read_dir(&code).unwrap().count(), 0);
    }
}
