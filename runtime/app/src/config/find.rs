//! Files that need not be named.

use std::path::{Path, PathBuf};

use super::{Diagnostics, Files};
use crate::diagnostic::Diagnostic;

/// Templates that are looked for where none is named, in the order of the SAM CLI
/// (`SAM_TEMPLATE_FILE_NAMES`). Its build output counts only when it is named: Samovar builds
/// from the sources.
const TEMPLATES: [&str; 3] = ["template.yaml", "template.yml", "template.json"];

/// In the order of the SAM CLI (samcli/lib/config/file_manager.py).
const SAMCONFIGS: [&str; 3] = ["samconfig.toml", "samconfig.yaml", "samconfig.yml"];

/// The template in a folder: `template.yaml`, `template.yml` or `template.json`.
///
/// # Errors
/// There is none ([`Diagnostics::is_unreadable`]).
pub fn find_template(files: &dyn Files, folder: &Path) -> Result<PathBuf, Diagnostics> {
    find(files, folder, TEMPLATES).ok_or_else(|| {
        Diagnostics::unreadable(Diagnostic {
            file: folder.join(TEMPLATES[0]).into(),
            mark: None,
            message: "there is no template.yaml here".to_owned(),
            path: None,
            help: Some("name the template with --template PATH".to_owned()),
        })
    })
}

/// The SAM CLI's settings in a folder: `samconfig.toml`, `samconfig.yaml` or `samconfig.yml`.
pub fn find_samconfig(files: &dyn Files, folder: &Path) -> Option<PathBuf> {
    find(files, folder, SAMCONFIGS)
}

fn find(files: &dyn Files, folder: &Path, names: [&str; 3]) -> Option<PathBuf> {
    // Whatever is there counts, a folder too: it is then said that it is one.
    names.iter().map(|name| folder.join(name)).find(|path| files.kind(path).is_some())
}
