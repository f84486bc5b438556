//! Where `samovar-function` is, which is not on crates.io yet.

use std::path::{Path, PathBuf};

use toml_edit::Table;

use super::NewError;

/// The crate's folder in the source tree that this binary was built from.
const BUILT_FROM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../function");

/// Where `samovar-function` comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A git repository that has the crate somewhere.
    Git(String),
}

impl Source {
    /// The one that `--function-crate` names, or the tree that this binary was built from.
    ///
    /// # Errors
    /// The folder does not have the crate.
    pub(super) fn find(given: Option<&str>) -> Result<Self, NewError> {
        match given {
            Some(url) if url.contains("://") || url.starts_with("git@") => {
                Ok(Self::Git(url.to_owned()))
            }
            Some(folder) => {
                is_it(Path::new(folder)).ok_or_else(|| NewError::NotTheCrate(folder.into()))
            }
            None => is_it(Path::new(BUILT_FROM)).ok_or(NewError::NoCrate),
        }
    }

    /// A dependency of Cargo.toml.
    pub(super) fn dependency(&self) -> Table {
        let mut table = Table::new();
        match self {
            Self::Folder(folder) => {
                table["path"] = toml_edit::value(folder.to_string_lossy().into_owned());
                table["version"] = toml_edit::value(env!("CARGO_PKG_VERSION"));
            }
            Self::Git(url) => table["git"] = toml_edit::value(url),
        }
        table
    }
}

/// The folder, or the one in a source tree of Samovar, if it has the crate.
fn is_it(folder: &Path) -> Option<Source> {
    let is_it = |folder: &PathBuf| {
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        manifest.lines().any(|line| line.trim() == "name = \"samovar-function\"")
    };
    let candidates = [folder.to_owned(), folder.join("runtime/function")];
    candidates.into_iter().find(is_it)?.canonicalize().ok().map(Source::Folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_is_in_the_tree_that_this_was_built_from() {
        let Ok(Source::Folder(folder)) = Source::find(None) else { panic!("it is there") };
        assert!(folder.ends_with("runtime/function"), "{}", folder.display());
        let root = folder.join("../..");
        assert_eq!(Source::find(root.to_str()).unwrap(), Source::Folder(folder.clone()));
        assert_eq!(Source::find(folder.to_str()).unwrap(), Source::Folder(folder.clone()));
        assert!(Source::find(Some("/")).is_err());
        let git = Source::find(Some("https://git.example/samovar")).unwrap();
        assert_eq!(git.dependency().to_string(), "git = \"https://git.example/samovar\"\n");
    }
}
