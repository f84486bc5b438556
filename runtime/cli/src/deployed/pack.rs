//! Archives of what the template has, made when somebody fetches them.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use samovar_app::{Build, Function};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::build::{self, Artifact, archive};

/// Folders that are never code.
const LEFT_OUT: &[&str] = &[".git", ".aws-sam", ".samovar"];

/// What `sam build` would leave of a function: its program, or its source beside its packages.
pub(super) fn function(function: &Function, artifact: &Artifact) -> io::Result<File> {
    let mut pack = Pack::new()?;
    match &function.code.build {
        Build::Cargo { .. } => pack.file(&artifact.path, build::file(function))?,
        _ => {
            pack.folder(&artifact.root)?;
            let launch = artifact.path.parent().filter(|_| function.managed().is_some());
            let packages = launch.map(|launch| launch.join("packages"));
            if let Some(packages) = packages.filter(|folder| folder.is_dir()) {
                pack.folder(&packages)?;
            }
        }
    }
    pack.finish()
}

/// A layer, which is an archive already or a folder.
pub(super) fn layer(path: &Path) -> io::Result<File> {
    if path.is_file() {
        return File::open(path);
    }
    let mut pack = Pack::new()?;
    pack.folder(path)?;
    pack.finish()
}

/// An archive in the making, in a file without a name.
struct Pack {
    zip: ZipWriter<File>,
    /// Bytes that it may still have: Lambda takes no more.
    left: u64,
}

impl Pack {
    fn new() -> io::Result<Self> {
        Ok(Self { zip: ZipWriter::new(tempfile::tempfile()?), left: archive::MAX_BYTES })
    }

    /// Every file of a folder. Links are followed to files, and not to folders, which may lead
    /// round in circles.
    fn folder(&mut self, root: &Path) -> io::Result<()> {
        let mut waiting = vec![root.to_owned()];
        while let Some(folder) = waiting.pop() {
            let mut entries: Vec<PathBuf> =
                fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
            entries.sort();
            for path in entries {
                let kind = fs::symlink_metadata(&path)?.file_type();
                if kind.is_dir() {
                    if !LEFT_OUT.iter().any(|name| path.ends_with(name)) {
                        waiting.push(path);
                    }
                } else if path.is_file() {
                    let name = path.strip_prefix(root).unwrap_or(&path);
                    self.file(&path, &name.to_string_lossy())?;
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, name: &str) -> io::Result<()> {
        let file = File::open(path)?;
        let mode = file.metadata()?.permissions().mode() & 0o777;
        // Without times: the same content makes the same archive. And not compressed: nobody has to
        // wait for a digest.
        let options = SimpleFileOptions::default().unix_permissions(mode);
        let options = options.compression_method(CompressionMethod::Stored);
        let options = options.last_modified_time(zip::DateTime::default());
        self.zip.start_file(name, options)?;
        let copied = io::copy(&mut file.take(self.left + 1), &mut self.zip)?;
        self.left = self.left.checked_sub(copied).ok_or_else(|| {
            let most = archive::MAX_BYTES >> 20;
            io::Error::other(format!("it is larger than {most} MB"))
        })?;
        Ok(())
    }

    fn finish(self) -> io::Result<File> {
        let mut file = self.zip.finish()?;
        file.rewind()?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use zip::ZipArchive;

    use super::*;

    #[test]
    fn a_layers_folder_becomes_an_archive() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("python/a.py", "1");
        write("bin/tool", "2");
        write(".git/config", "3");
        fs::set_permissions(folder.path().join("bin/tool"), Permissions::from_mode(0o755)).unwrap();
        let mut zip = ZipArchive::new(layer(folder.path()).unwrap()).unwrap();
        let mut names: Vec<_> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
        names.sort();
        assert_eq!(names, ["bin/tool", "python/a.py"]);
        assert_eq!(zip.by_name("bin/tool").unwrap().unix_mode().unwrap() & 0o777, 0o755);
        let mut text = String::new();
        zip.by_name("python/a.py").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "1");
    }

    #[test]
    fn what_is_an_archive_stays_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "an archive").unwrap();
        let mut text = String::new();
        layer(file.path()).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "an archive");
        assert!(layer(&file.path().join("gone")).is_err());
    }
}
