//! What each function is built from: the folders and files whose changes make a new build.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use samovar_app::{App, Build, Function};

use super::locate::Workspaces;

/// What a function is built from. Paths are absolute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Source {
    /// Folders that belong to it, with all that is in them.
    pub(crate) folders: BTreeSet<PathBuf>,
    /// Folders that do not, inside those that do: other packages of the workspace.
    pub(crate) others: BTreeSet<PathBuf>,
    /// Single files.
    pub(crate) files: BTreeSet<PathBuf>,
}

impl Source {
    /// Whether a file is part of it: the innermost folder around it decides.
    pub(crate) fn has(&self, path: &Path) -> bool {
        let depth = |folders: &BTreeSet<PathBuf>| {
            let around = folders.iter().filter(|folder| path.starts_with(folder));
            around.map(|folder| folder.components().count()).max()
        };
        self.files.contains(path) || depth(&self.folders) > depth(&self.others)
    }
}

/// What the functions that can be built are built from, by logical id. A cargo package that cargo
/// does not understand counts with its own folder.
pub(crate) async fn sources(app: &App) -> HashMap<String, Source> {
    let mut workspaces = Workspaces::default();
    let mut sources = HashMap::new();
    for function in app.functions.iter().filter(|function| function.not_run.is_none()) {
        let mut source = source(function, &mut workspaces).await;
        for path in super::local_layers(app, function) {
            source.add(path);
        }
        sources.insert(function.logical_id.clone(), source);
    }
    sources
}

async fn source(function: &Function, workspaces: &mut Workspaces) -> Source {
    let path = &function.code.path;
    let mut source = Source::default();
    match &function.code.build {
        Build::Cargo { binary } => {
            if let Ok(found) = workspaces.find(path, binary.as_deref()).await
                && let Ok(packages) = workspaces.packages(&found.manifest).await
            {
                source.folders = packages.own;
                source.others = packages.others;
                source.files = packages.files;
            } else {
                source.add(path);
            }
        }
        // There is nothing of these on this machine but the template.
        Build::Inline(_) | Build::S3(_) | Build::Image(_) => {}
        _ => source.add(path),
    }
    source
}

impl Source {
    fn add(&mut self, path: &Path) {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if path.is_dir() {
            self.folders.insert(path);
        } else {
            self.files.insert(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use samovar_app::Options;

    use super::*;

    #[test]
    fn the_innermost_folder_decides() {
        let source = Source {
            folders: ["/app", "/app/other/nested"].map(PathBuf::from).into(),
            others: [PathBuf::from("/app/other")].into(),
            files: [PathBuf::from("/Cargo.lock")].into(),
        };
        for (path, is_part) in [
            ("/app/src/main.rs", true),
            ("/app/other/src/lib.rs", false),
            ("/app/other/nested/src/lib.rs", true),
            ("/Cargo.lock", true),
            ("/other/Cargo.lock", false),
            ("/application/src/main.rs", false),
        ] {
            assert_eq!(source.has(Path::new(path)), is_part, "{path}");
        }
    }

    /// A workspace whose root is a package too, and a package outside.
    #[tokio::test]
    async fn packages_that_a_function_needs_are_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for (path, text) in [
            (
                "app/Cargo.toml",
                "[workspace]\nmembers = [\"used\", \"unused\", \"tested\"]\n\
                 [package]\nname = \"main\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\
                 [dependencies]\nused = { path = \"used\" }\n\
                 [dev-dependencies]\ntested = { path = \"tested\" }\n",
            ),
            ("app/src/main.rs", "fn main() {}"),
            (
                "app/used/Cargo.toml",
                "[package]\nname = \"used\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\
                 [dependencies]\noutside = { path = \"../../outside\" }\n",
            ),
            ("app/used/src/lib.rs", ""),
            (
                "app/unused/Cargo.toml",
                "[package]\nname = \"unused\"\nversion = \"1.0.0\"\nedition = \"2024\"\n",
            ),
            ("app/unused/src/lib.rs", ""),
            (
                "app/tested/Cargo.toml",
                "[package]\nname = \"tested\"\nversion = \"1.0.0\"\nedition = \"2024\"\n",
            ),
            ("app/tested/src/lib.rs", ""),
            (
                "outside/Cargo.toml",
                "[workspace]\n[package]\nname = \"outside\"\nversion = \"1.0.0\"\n\
                 edition = \"2024\"\n",
            ),
            ("outside/src/lib.rs", ""),
            (
                "template.yaml",
                "Transform: AWS::Serverless-2016-10-31\nResources:\n  Main:\n    \
                 Type: AWS::Serverless::Function\n    Properties:\n      \
                 {CodeUri: app, Handler: bootstrap, Runtime: provided.al2023}\n",
            ),
        ] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let app = samovar_app::load(&root.join("template.yaml"), &Options::default()).unwrap();
        let source = &sources(&app).await["Main"];
        for (path, is_part) in [
            ("app/src/main.rs", true),
            ("app/Cargo.lock", true),
            ("app/used/src/lib.rs", true),
            ("outside/src/lib.rs", true),
            ("app/unused/src/lib.rs", false),
            ("app/tested/src/lib.rs", false),
            ("template.yaml", false),
        ] {
            assert_eq!(source.has(&root.join(path)), is_part, "{path}: {source:?}");
        }
    }
}
