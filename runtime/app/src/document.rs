//! Opens the files that a template names: API definitions, included snippets, nested templates.

use std::path::Path;
use std::rc::Rc;

use crate::node::{Node, Place};
use crate::report::{Fault, Report};
use crate::resolve::Scope;
use crate::source::Source;
use crate::yaml;

/// The tree of the YAML or JSON file that the value at `at` names by its path, `text`, from the
/// folder of `scope`. `what` it is: `API definition`. Places in the tree are in that file.
///
/// A file is read once, however often it is named. `None`: it cannot be read or is no YAML, which
/// is reported: at `at` where there is no such file, in the file itself where that is faulty.
pub(crate) fn open(
    report: &Report,
    scope: &Scope,
    text: &str,
    at: Place,
    what: &str,
) -> Option<Rc<Node>> {
    let path = scope.base.join(text);
    let name = scope.shown.join(text.strip_prefix("./").unwrap_or(text));
    if let Some(known) = report.opened(&name) {
        return known;
    }
    let source = match Source::read(report.files, &path, name.into(), what) {
        Ok(source) => source,
        Err(diagnostic) if diagnostic.mark.is_some() => {
            report.diagnostic(*diagnostic);
            return None;
        }
        Err(diagnostic) => {
            report.fault(
                Fault::new(at, refusal(report, text, &path, what, diagnostic.message)).help(
                    format!("the path is taken from the template's folder: {}", path.display()),
                ),
            );
            return None;
        }
    };
    let Some(file) = report.add(source) else {
        let message = format!("too many files are included to read the {what} `{text}` too");
        report.fault(Fault::new(at, message).help("include fewer files".to_owned()));
        return None;
    };
    yaml::parse(report, file, what)
}

/// Why there is nothing to read, said of the path as it is written.
fn refusal(report: &Report, text: &str, path: &Path, what: &str, otherwise: String) -> String {
    let shown: String = text.chars().take(120).collect();
    if report.files.is_folder(path) {
        format!("the {what} `{shown}` is a folder")
    } else if report.files.is_file(path) {
        otherwise
    } else {
        format!("the {what} `{shown}` does not exist")
    }
}
