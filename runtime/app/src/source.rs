//! A template file, or another that it includes, as text.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Mark};
use crate::files::Files;
use crate::node::Place;

/// Largest template that is read, in bytes. CloudFormation itself takes 1 MB from S3
/// (docs: "CloudFormation quotas").
const MAX_BYTES: u64 = 10 * 1024 * 1024;

/// Lines of one string value in which a place is looked for.
const MAX_LINES: usize = 2000;

/// A template file that could be read.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) file: Arc<Path>,
    pub(crate) text: String,
}

impl Source {
    /// Reads the whole file at `path`, which messages call `name`; or says why that cannot be.
    /// `what` it is: `template`.
    pub(crate) fn read(
        files: &dyn Files,
        path: &Path,
        name: Arc<Path>,
        what: &str,
    ) -> Result<Self, Box<Diagnostic>> {
        let bytes = match files.read(path, MAX_BYTES + 1) {
            Ok(bytes) => bytes,
            Err(e) => {
                let (message, help) = cannot_read(files, path, &e, what);
                return Err(whole_file(name, message, help).into());
            }
        };
        if bytes.len() as u64 > MAX_BYTES {
            let message = format!("the {what} is larger than {} MiB", MAX_BYTES >> 20);
            let help = "CloudFormation takes templates up to 1 MB: move data out of the template";
            return Err(whole_file(name, message, help.to_owned()).into());
        }
        Self::decode(name, bytes, what)
    }

    /// Takes UTF-8 with or without a byte order mark.
    pub(crate) fn decode(
        file: Arc<Path>,
        bytes: Vec<u8>,
        what: &str,
    ) -> Result<Self, Box<Diagnostic>> {
        match String::from_utf8(bytes) {
            Ok(text) => {
                let text = match text.strip_prefix('\u{feff}') {
                    Some(rest) => rest.to_owned(),
                    None => text,
                };
                Ok(Self { file, text })
            }
            Err(e) => {
                let valid = &e.as_bytes()[..e.utf8_error().valid_up_to()];
                let line_start = valid.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
                let rest = &e.as_bytes()[line_start..];
                let line_end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
                let before = String::from_utf8_lossy(&valid[line_start..]);
                let line = valid.iter().filter(|b| **b == b'\n').count() + 1;
                let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
                let text = String::from_utf8_lossy(&rest[..line_end]);
                let mark = Mark::new(narrow(line), narrow(before.chars().count() + 1), 1, &text);
                let message = format!("the {what} is not UTF-8 text");
                let help = Some("save the file in the encoding UTF-8".to_owned());
                Err(Diagnostic { file, mark: Some(mark), message, path: None, help }.into())
            }
        }
    }

    /// The place as a diagnostic shows it.
    pub(crate) fn mark(&self, at: Place) -> Mark {
        let line = self.text.lines().nth(at.line.saturating_sub(1) as usize).unwrap_or_default();
        Mark::new(at.line, at.column, at.width, line)
    }

    /// The first place at or after `from` where `needle` stands in the text, or `from`.
    ///
    /// This points into a string value: what a `${Name}` is in the value, it is in the source.
    pub(crate) fn find(&self, from: Place, needle: &str) -> Place {
        let first = from.line.saturating_sub(1) as usize;
        for (index, line) in self.text.lines().enumerate().skip(first).take(MAX_LINES) {
            let skip = if index == first { from.column.saturating_sub(1) as usize } else { 0 };
            let start = line.char_indices().nth(skip).map_or(line.len(), |(at, _)| at);
            if let Some(at) = line[start..].find(needle) {
                return Place {
                    file: from.file,
                    line: u32::try_from(index + 1).unwrap_or(u32::MAX),
                    column: u32::try_from(line[..start + at].chars().count() + 1)
                        .unwrap_or(u32::MAX),
                    width: u32::try_from(needle.chars().count()).unwrap_or(1),
                };
            }
        }
        from
    }
}

fn cannot_read(files: &dyn Files, path: &Path, error: &io::Error, what: &str) -> (String, String) {
    let name = match what {
        "template" => "give the template's path: --template PATH",
        _ => "the path is taken from the folder of the file that names it",
    };
    match error.kind() {
        io::ErrorKind::NotFound => (format!("there is no such {what}"), name.to_owned()),
        io::ErrorKind::IsADirectory => {
            let inside = ["template.yaml", "template.yml", "template.json"]
                .map(|name| path.join(name))
                .into_iter()
                .find(|candidate| files.is_file(candidate));
            let help = match inside {
                Some(file) => format!("did you mean `{}`?", file.display()),
                None => name.to_owned(),
            };
            (format!("the {what} is a directory"), help)
        }
        _ => (format!("the {what} cannot be read: {error}"), name.to_owned()),
    }
}

fn whole_file(file: Arc<Path>, message: String, help: String) -> Diagnostic {
    Diagnostic { file, mark: None, message, path: None, help: Some(help) }
}
