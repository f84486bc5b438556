//! The cargo workspace that a new package belongs to.

use std::path::{Component, Path, PathBuf};

use toml_edit::{Array, DocumentMut, Item, RawString, Table, Value};

use super::NewError;

/// A workspace, by the manifest of its root.
pub(super) struct Workspace {
    pub(super) root: PathBuf,
    text: String,
    document: DocumentMut,
}

impl Workspace {
    /// The workspace that cargo finds for a package in `folder`, which need not exist (The Cargo
    /// Book, "The `workspace` field"): the nearest above it, unless that excludes the package.
    ///
    /// # Errors
    /// A manifest cannot be read.
    pub(super) fn of(folder: &Path) -> Result<Option<Self>, NewError> {
        for root in folder.ancestors().skip(1) {
            let path = root.join("Cargo.toml");
            let text = match std::fs::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(NewError::Read { path, error: error.to_string() }),
            };
            let document: DocumentMut = match text.parse() {
                Ok(document) => document,
                Err(error) => {
                    // Its first line says where, the last what.
                    let error = error.to_string();
                    let error = error.lines().next().unwrap_or_default().to_owned();
                    return Err(NewError::Read { path, error });
                }
            };
            if document.get("workspace").is_none() {
                continue;
            }
            let workspace = Self { root: root.to_owned(), text, document };
            return Ok(Some(workspace).filter(|workspace| !workspace.excludes(folder)));
        }
        Ok(None)
    }

    pub(super) fn manifest(&self) -> PathBuf {
        self.root.join("Cargo.toml")
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether a key of this table is shared with the members: `[workspace.package]` and so on.
    pub(super) fn shares(&self, table: &str, key: &str) -> bool {
        self.document["workspace"].get(table).is_some_and(|table| table.get(key).is_some())
    }

    /// Whether the workspace has a table of its own for this.
    pub(super) fn has(&self, table: &str) -> bool {
        self.document["workspace"].get(table).is_some()
    }

    fn list(&self, key: &str) -> Vec<&str> {
        let list = self.document["workspace"].get(key).and_then(Item::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    fn excludes(&self, folder: &Path) -> bool {
        self.list("exclude").iter().any(|path| folder.starts_with(self.root.join(path)))
    }

    /// The manifest's text with the package in `folder` among the members; `None`: it is already.
    ///
    /// # Errors
    /// `members` is no list.
    pub(super) fn with(&self, folder: &Path) -> Result<Option<String>, NewError> {
        let member = relative(folder, &self.root);
        if self.list("members").iter().any(|pattern| matches(pattern, &member)) {
            return Ok(None);
        }
        let refused = || {
            let error = format!("`workspace.members` is no list: add \"{member}\" to it");
            NewError::Read { path: self.manifest(), error }
        };
        let mut document = self.document.clone();
        let members = document["workspace"]
            .as_table_like_mut()
            .map(|table| table.entry("members").or_insert(Item::Value(Array::new().into())));
        let members = members.and_then(Item::as_array_mut).ok_or_else(refused)?;
        add(members, &member);
        let text = document.to_string();
        Ok(Some(match self.text.contains("\r\n") {
            true => text.replace("\r\n", "\n").replace('\n', "\r\n"),
            false => text,
        }))
    }
}

/// Adds a text to a list, as the one before it is written: on a line of its own, or not. Comments
/// stay with what they stand behind.
fn add(list: &mut Array, text: &str) {
    let part = |text: Option<&RawString>| text.and_then(RawString::as_str).unwrap_or("").to_owned();
    let Some(last) = list.iter_mut().last() else { return list.push(text) };
    let prefix = part(last.decor().prefix());
    let behind = part(last.decor().suffix());
    if prefix.contains('\n') || behind.contains('\n') {
        last.decor_mut().set_suffix("");
    }
    let behind = behind + list.trailing().as_str().unwrap_or("");
    let mut value = Value::from(text);
    match (prefix.rsplit_once('\n'), behind.rsplit_once('\n')) {
        (None, None) => value.decor_mut().set_prefix(" "),
        (before, after) => {
            let indent = before.map_or("    ", |(_, indent)| indent);
            let (comment, end) = after.unwrap_or(("", ""));
            value.decor_mut().set_prefix(format!("{comment}\n{indent}"));
            list.set_trailing(format!("\n{end}"));
            list.set_trailing_comma(true);
        }
    }
    list.push_formatted(value);
}

/// The manifest of a new workspace whose members share one `samovar-function`.
pub(super) fn new(function: Table) -> String {
    let mut document = DocumentMut::new();
    let mut workspace = Table::new();
    workspace["resolver"] = toml_edit::value("3");
    workspace["members"] = toml_edit::value(Array::from_iter(["functions/*"]));
    let mut dependencies = Table::new();
    dependencies["samovar-function"] = toml_edit::value(function.into_inline_table());
    workspace["dependencies"] = Item::Table(dependencies);
    document["workspace"] = Item::Table(workspace);
    document.to_string()
}

/// A path below a root, with slashes.
pub(super) fn relative(path: &Path, root: &Path) -> String {
    let parts = path.strip_prefix(root).unwrap_or(path).components();
    let parts: Vec<_> =
        parts.map(|part: Component<'_>| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// Whether a pattern of `members` is one for this path. Cargo expands it by the `glob` crate, in
/// which `*` and `?` stop at slashes; what has more than these is taken not to match, and the path
/// is then named beside it, which does no harm.
fn matches(pattern: &str, path: &str) -> bool {
    let pattern = pattern.trim_start_matches("./").trim_end_matches('/');
    let (patterns, parts) = (pattern.split('/'), path.split('/'));
    patterns.clone().count() == parts.clone().count()
        && patterns
            .zip(parts)
            .all(|(pattern, part)| part_matches(pattern.as_bytes(), part.as_bytes()))
}

fn part_matches(pattern: &[u8], part: &[u8]) -> bool {
    match (pattern, part) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => (0..=part.len()).any(|at| part_matches(rest, &part[at..])),
        ([b'?', rest @ ..], [_, part @ ..]) => part_matches(rest, part),
        ([one, rest @ ..], [other, part @ ..]) => one == other && part_matches(rest, part),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(manifest: &str, member: &str) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        let package = folder.path().join(member);
        Workspace::of(&package).unwrap().unwrap().with(&package).unwrap()
    }

    #[test]
    fn members_are_added_as_the_others_are_written() {
        for (before, after) in [
            (
                "[workspace] # mine\nmembers = [\"a\"] # all\n",
                "[workspace] # mine\nmembers = [\"a\", \"functions/x\"] # all\n",
            ),
            (
                "[workspace]\nmembers = [\n    \"a\", # first\n    'b',\n]\n[profile.release]\n",
                "[workspace]\nmembers = [\n    \"a\", # first\n    'b',\n    \"functions/x\",\n]\n\
                 [profile.release]\n",
            ),
            (
                "[workspace]\nmembers = [\n  'a', # first\n]\n",
                "[workspace]\nmembers = [\n  'a', # first\n  \"functions/x\",\n]\n",
            ),
            (
                "[workspace]\nmembers = [\n  'a' # first\n]\n",
                "[workspace]\nmembers = [\n  'a', # first\n  \"functions/x\",\n]\n",
            ),
            ("[workspace]\nmembers = []\n", "[workspace]\nmembers = [\"functions/x\"]\n"),
            (
                "[package]\nname = \"a\"\n\n[workspace]\n",
                "[package]\nname = \"a\"\n\n[workspace]\nmembers = [\"functions/x\"]\n",
            ),
            (
                "[workspace]\r\nmembers = [\"a\"]\r\n",
                "[workspace]\r\nmembers = [\"a\", \"functions/x\"]\r\n",
            ),
        ] {
            assert_eq!(with(before, "functions/x").as_deref(), Some(after));
        }
    }

    #[test]
    fn globs_have_their_members_already() {
        for (glob, is_matched) in [
            ("functions/*", true),
            ("./functions/*/", true),
            ("*/x", true),
            ("functions/?", true),
            ("functions/x", true),
            ("*", false),
            ("functions/*/*", false),
            ("functions/y*", false),
        ] {
            let manifest = format!("[workspace]\nmembers = [\"{glob}\"]\n");
            assert_eq!(with(&manifest, "functions/x").is_none(), is_matched, "{glob}");
        }
    }

    #[test]
    fn a_package_may_be_excluded() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = "[workspace]\nmembers = []\nexclude = [\"functions\"]\n";
        std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        assert!(Workspace::of(&folder.path().join("functions/x")).unwrap().is_none());
        assert!(Workspace::of(&folder.path().join("other/x")).unwrap().is_some());
        std::fs::write(folder.path().join("Cargo.toml"), "[workspace\n").unwrap();
        let Err(error) = Workspace::of(&folder.path().join("x")) else { panic!("no error") };
        assert!(error.to_string().contains("Cargo.toml"), "{error}");
    }
}
