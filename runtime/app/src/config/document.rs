//! One configuration file: its bytes, its text, its tree.

use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::{Diagnostics, Files, toml};
use crate::diagnostic::Diagnostic;
use crate::node::{Map, Node, Place, Value};
use crate::report::{Fault, Report};
use crate::source::Source;
use crate::yaml;

/// Largest configuration file that is read, in bytes: such files are written by hand.
const MAX_BYTES: u64 = 1 << 20;

/// What a file is for, as messages say it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Purpose {
    /// `values file`.
    pub(super) name: &'static str,
    /// How the user names another one: `--values FILE`.
    pub(super) remedy: &'static str,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Toml,
    /// JSON too, which is YAML.
    Yaml,
}

impl Format {
    /// By the file's extension, as the SAM CLI goes by it (samcli/lib/config/file_manager.py).
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "toml" => Some(Self::Toml),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// Reads the file at `path`.
///
/// # Errors
/// The file cannot be read, is larger than [`MAX_BYTES`], or is not UTF-8.
pub(super) fn open(
    files: &dyn Files,
    path: &Path,
    purpose: Purpose,
) -> Result<Source, Diagnostics> {
    let Purpose { name, remedy } = purpose;
    let unread = |message: String, help: String| {
        let file: Arc<Path> = path.into();
        let fault = Diagnostic { file, mark: None, message, path: None, help: Some(help) };
        Diagnostics::unreadable(fault)
    };
    match files.read(path, MAX_BYTES + 1) {
        Ok(bytes) if bytes.len() as u64 > MAX_BYTES => {
            let message = format!("the {name} is larger than {} MiB", MAX_BYTES >> 20);
            Err(unread(message, format!("give another {name}: {remedy}")))
        }
        Ok(bytes) => Ok(Source::decode(path.into(), bytes, name).map_err(|fault| *fault)?),
        Err(error) => {
            let message = match error.kind() {
                io::ErrorKind::NotFound => format!("there is no such {name}"),
                io::ErrorKind::IsADirectory => format!("the {name} is a directory"),
                _ => format!("the {name} cannot be read: {error}"),
            };
            Err(unread(message, format!("give the {name}'s path: {remedy}")))
        }
    }
}

/// Parses a file that is read, and takes from its tree what is wanted.
///
/// # Errors
/// Every fault of the text, and those that `take` reports.
pub(super) fn take<T: Default>(
    files: &dyn Files,
    source: Source,
    format: Format,
    purpose: Purpose,
    take: impl FnOnce(&Report, &Node) -> T,
) -> Result<T, Diagnostics> {
    let report = Report::new(files, source);
    let taken = parse(&report, 0, format, purpose).map(|root| take(&report, &root));
    report.finish()?;
    // Without a tree there was a fault.
    Ok(taken.unwrap_or_default())
}

/// The tree of one file of a report. A file without any value is an empty mapping, as the SAM CLI
/// has it. `None`: the text cannot be parsed, and the report says why.
pub(super) fn parse(
    report: &Report,
    file: u16,
    format: Format,
    purpose: Purpose,
) -> Option<Rc<Node>> {
    let source = report.source(file);
    let is_blank = |line: &str| matches!(line.trim_start().chars().next(), None | Some('#'));
    if source.text.lines().all(is_blank) {
        let at = Place { file, line: 1, column: 1, width: 1 };
        return Some(Rc::new(Node { value: Value::Map(Map::new()), at }));
    }
    match format {
        Format::Yaml => yaml::parse(report, file, purpose.name),
        Format::Toml => toml::parse(report, file),
    }
}

/// The entries of a mapping. What is left empty has none, and anything else is reported.
pub(super) fn entries<'n>(report: &Report, node: &'n Node, what: &str) -> &'n Map {
    static NONE: Map = Map::new();
    match &node.value {
        Value::Map(map) => map,
        Value::Null => &NONE,
        _ => {
            let message = format!("{what} must be a mapping, not {}", node.describe());
            report.fault(Fault::new(node.at, message));
            &NONE
        }
    }
}
