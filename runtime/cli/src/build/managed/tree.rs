//! Folders of many files.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

/// How the files of a copied folder come to be.
#[derive(Clone, Copy)]
pub(super) enum How {
    /// As other names of the same files where the file system can do that: for what nobody
    /// changes.
    Link,
    /// As files of their own.
    Copy,
}

/// Copies the content of `from` into `to`, which is made where it is missing, without the entries
/// that `skip` names by their path or, wherever they are, by their name. Links stay links.
pub(super) fn copy(
    from: &Path,
    to: &Path,
    how: How,
    skip: &dyn Fn(&Path, &OsStr) -> bool,
) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if skip(&source, &entry.file_name()) {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&source, &target, how, skip)?;
        } else if kind.is_symlink() {
            symlink(fs::read_link(&source)?, &target)?;
        } else if kind.is_file() {
            let linked = matches!(how, How::Link) && fs::hard_link(&source, &target).is_ok();
            if !linked {
                fs::copy(&source, &target)?;
            }
        }
    }
    Ok(())
}

/// Removes a file or folder; nothing there is as good.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_copied_without_what_is_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("lib/node_modules/x")).unwrap();
        fs::write(from.join("app.js"), "1").unwrap();
        fs::write(from.join("lib/a.js"), "2").unwrap();
        symlink("app.js", from.join("main.js")).unwrap();
        copy(&from, &to, How::Copy, &|_, name| name == "node_modules").unwrap();
        assert_eq!(fs::read_to_string(to.join("lib/a.js")).unwrap(), "2");
        assert_eq!(fs::read_link(to.join("main.js")).unwrap(), Path::new("app.js"));
        assert!(!to.join("lib/node_modules").exists());
        remove(&to).unwrap();
        remove(&to).unwrap();
        assert!(!to.exists() && from.join("app.js").exists());
    }
}
