//! The faults of a template, painted.

use std::collections::BTreeSet;
use std::fmt;

use samovar_app::{Diagnostic, Diagnostics};

use super::style::Style;
use super::words::count;

/// Prints all faults to standard error, and how many they are.
pub(crate) fn faults(diagnostics: &Diagnostics) {
    eprintln!("{}", Faults { diagnostics, style: Style::stderr() });
}

struct Faults<'a> {
    diagnostics: &'a Diagnostics,
    style: Style,
}

impl fmt::Display for Faults<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in self.diagnostics {
            self.one(f, diagnostic)?;
            writeln!(f)?;
        }
        let number = self.diagnostics.iter().count() + self.diagnostics.omitted();
        let files: BTreeSet<_> = self.diagnostics.iter().map(|fault| &fault.file).collect();
        let place = match files.first() {
            Some(file) if files.len() == 1 => file.display().to_string(),
            _ => count(files.len(), "file"),
        };
        let number = self.style.error(&count(number, "error"));
        write!(f, "{number} in {place}")?;
        match self.diagnostics.omitted() {
            0 => Ok(()),
            omitted => write!(f, ", of which {omitted} are not shown"),
        }
    }
}

impl Faults<'_> {
    /// A fault as it displays itself, line by line in colour.
    fn one(&self, f: &mut fmt::Formatter<'_>, diagnostic: &Diagnostic) -> fmt::Result {
        let text = diagnostic.to_string();
        // The place may have any character in it, so its end is not looked for.
        let place = match &diagnostic.mark {
            Some(mark) => format!("{}:{}:{}", diagnostic.file.display(), mark.line, mark.column),
            None => diagnostic.file.display().to_string(),
        };
        let rest = text.strip_prefix(&place).unwrap_or_default();
        let rest = rest.strip_prefix(": error:").unwrap_or(rest);
        let (message, below) = rest.split_once('\n').unwrap_or((rest, ""));
        let style = self.style;
        writeln!(f, "{place}: {}{}", style.error("error:"), style.bold(message))?;
        for line in below.lines() {
            if let Some((gutter, code)) = line.split_once(" | ").filter(|(gutter, _)| {
                gutter.len() == 5 && gutter.bytes().all(|b| b == b' ' || b.is_ascii_digit())
            }) {
                let is_carets = gutter.trim().is_empty();
                let code = if is_carets { style.error(code) } else { code.to_owned() };
                writeln!(f, "{}{code}", style.dim(&format!("{gutter} | ")))?;
            } else if let Some(help) = line.strip_prefix("help:") {
                writeln!(f, "{}{help}", style.good("help:"))?;
            } else {
                writeln!(f, "{}", style.dim(line))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use samovar_app::{Memory, Options, load_from};

    use super::*;

    fn faults_of(text: &str, style: Style) -> String {
        let mut files = Memory::default();
        files.insert("/app/template.yaml", text);
        let path = Path::new("/app/template.yaml");
        let diagnostics = load_from(&files, path, &Options::default()).unwrap_err();
        Faults { diagnostics: &diagnostics, style }.to_string()
    }

    const TEXT: &str = "Resources:\n  Jobs:\n    Type: AWS::SQS::Queu\nOutputs: []\n";

    #[test]
    fn all_are_shown_and_counted() {
        assert_eq!(
            faults_of(TEXT, Style::plain()),
            "/app/template.yaml:3:11: error: unknown resource type `AWS::SQS::Queu` of Jobs\n    \
             3 |     Type: AWS::SQS::Queu\n      \
             |           ^^^^^^^^^^^^^^\n  \
             at Resources.Jobs.Type\n\
             help: did you mean `AWS::SQS::Queue`?\n\n\
             /app/template.yaml:4:10: error: `Outputs` must be a mapping, not a list\n    \
             4 | Outputs: []\n      \
             |          ^\n  \
             at Outputs\n\n\
             2 errors in /app/template.yaml"
        );
    }

    #[test]
    fn paint_changes_no_letter() {
        let painted = faults_of(TEXT, Style::coloured());
        assert!(painted.contains("\x1b[1;31m          ^^^^"), "{painted:?}");
        assert!(painted.contains("\x1b[1;31merror:\x1b[0m"), "{painted:?}");
        let mut plain = String::new();
        for part in painted.split('\x1b') {
            plain += part.split_once('m').filter(|_| part.starts_with('[')).map_or(part, |p| p.1);
        }
        assert_eq!(plain, faults_of(TEXT, Style::plain()));
    }
}
