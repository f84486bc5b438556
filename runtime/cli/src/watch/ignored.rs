//! What lies among sources and is none: what tools make, and what editors leave while they save.

use std::path::Path;

/// Folders that build tools, package managers and version control keep for themselves.
const FOLDERS: [&str; 13] = [
    ".aws-sam",
    ".git",
    ".hg",
    ".idea",
    ".jj",
    ".samovar",
    ".svn",
    ".venv",
    ".vscode",
    "__pycache__",
    "node_modules",
    "target",
    "venv",
];

/// Marks a folder that can be made again, cargo's target folder wherever it is (bford.info,
/// "Cache Directory Tagging Specification").
const CACHE: &str = "CACHEDIR.TAG";

/// Whether a folder has no sources in it. A folder that is a source by the template's word is
/// never asked about.
pub(super) fn folder(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| FOLDERS.contains(&name)) || path.join(CACHE).is_file()
}

/// Whether a file is an editor's own: a swap file, a backup, a lock, or what is written first and
/// then renamed (Vim, Emacs, Kate, the JetBrains tools, GLib), or what a desktop leaves.
pub(super) fn file(path: &Path) -> bool {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return false };
    let suffix = path.extension().and_then(|suffix| suffix.to_str()).unwrap_or_default();
    name == "4913"
        || name == ".DS_Store"
        || name.starts_with(".#")
        || name.starts_with(".goutputstream-")
        || (name.starts_with('#') && name.ends_with('#'))
        || name.ends_with('~')
        || name.ends_with("___jb_tmp___")
        || name.ends_with("___jb_old___")
        || matches!(suffix, "swp" | "swo" | "swx" | "kate-swp" | "pyc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editors_files_are_no_sources() {
        for name in [".main.rs.swp", "main.rs~", ".#main.rs", "#main.rs#", "4913"] {
            assert!(file(&Path::new("/app/src").join(name)), "{name}");
        }
        for name in ["main.rs", ".env", "Makefile", "4914", "a#b"] {
            assert!(!file(&Path::new("/app/src").join(name)), "{name}");
        }
    }

    #[test]
    fn what_tools_make_is_no_source() {
        let root = tempfile::tempdir().unwrap();
        assert!(folder(&root.path().join("target")));
        assert!(!folder(&root.path().join("src")));
        std::fs::write(root.path().join(CACHE), "Signature: 8a477f597d28d172789f06886806bc55")
            .unwrap();
        assert!(folder(root.path()));
    }
}
