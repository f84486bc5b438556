//! What is wrong with a template, told as a good compiler tells it.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Widest part of a source line that is shown.
const EXCERPT_CHARS: usize = 120;

/// Characters of it before the place, where a line is cut.
const BEFORE_CHARS: usize = EXCERPT_CHARS / 4;

/// A place in the source with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Characters from `column` on that are meant; at least 1.
    pub width: u32,
    /// The source line without its line break; of a long line, the part around the place.
    pub source: String,
    /// The column at which `source` starts: 1, unless it is a part.
    pub source_column: u32,
}

/// One fault of a template.
///
/// `Display` gives, with no line break at the end:
///
/// ```text
/// template.yaml:12:13: error: unknown event type `SQSS` of Hello
///    12 |       Type: SQSS
///       |             ^^^^
///   at Resources.Hello.Properties.Events.Orders.Type
/// help: did you mean `SQS`?
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file, as it was named to [`load`](crate::load()).
    pub file: Arc<Path>,
    /// Where in the file; `None` where the fault is with the file as a whole.
    pub mark: Option<Mark>,
    /// What is wrong, in one line.
    pub message: String,
    /// Where in the template's structure: `Resources.Hello.Properties.Timeout`.
    pub path: Option<String>,
    /// What to write instead.
    pub help: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(mark) = &self.mark {
            write!(f, ":{}:{}", mark.line, mark.column)?;
        }
        write!(f, ": error: {}", Printable(&self.message))?;
        if let Some(mark) = &self.mark {
            mark.fmt_excerpt(f)?;
        }
        if let Some(path) = &self.path {
            write!(f, "\n  at {}", Printable(path))?;
        }
        if let Some(help) = &self.help {
            write!(f, "\nhelp: {}", Printable(help))?;
        }
        Ok(())
    }
}

impl Mark {
    /// A place (see the fields) in a line. Of a long one (a minified JSON template is one line)
    /// the part around the place is kept.
    pub(crate) fn new(line: u32, column: u32, width: u32, source: &str) -> Self {
        let index = column.saturating_sub(1) as usize;
        let skip = if index < EXCERPT_CHARS { 0 } else { index - BEFORE_CHARS };
        let part: String = source.chars().skip(skip).take(EXCERPT_CHARS).collect();
        Self {
            line,
            column,
            width: width.max(1),
            source: part,
            source_column: u32::try_from(skip + 1).unwrap_or(u32::MAX),
        }
    }

    /// The source line and a line of carets below it.
    fn fmt_excerpt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.source.trim_end();
        if text.is_empty() {
            return Ok(());
        }
        let shown = text.chars().count();
        let before = (self.column.saturating_sub(self.source_column) as usize).min(shown);
        let carets = (self.width as usize).clamp(1, shown.saturating_sub(before).max(1));
        write!(f, "\n{:>5} | {}", self.line, Printable(text))?;
        write!(f, "\n      | {:before$}{:^>carets$}", "", "")
    }
}

/// Text of a template for the terminal: control characters, which could steer it, are replaced;
/// each still takes one column, so carets stay in place.
struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for c in self.0.chars() {
            match c {
                '\t' => f.write_char(' ')?,
                c if c.is_control() => f.write_char(char::REPLACEMENT_CHARACTER)?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Every fault that was found in a template: at least one, sorted by place.
///
/// `Display` gives them one after the other with an empty line between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    all: Vec<Diagnostic>,
    omitted: usize,
    unreadable: bool,
}

impl Diagnostics {
    /// `omitted` more were found than `all` holds.
    pub(crate) fn new(all: Vec<Diagnostic>, omitted: usize) -> Self {
        debug_assert!(!all.is_empty(), "diagnostics without a fault");
        Self { all, omitted, unreadable: false }
    }

    /// A file that was asked for cannot be read.
    pub(crate) fn unreadable(diagnostic: Diagnostic) -> Self {
        Self { all: vec![diagnostic], omitted: 0, unreadable: true }
    }

    /// The faults, at least one.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.all.iter()
    }

    /// Whether the file that was asked for could not be read at all: it is missing, a folder, too
    /// large, or kept from this user. Otherwise its content is at fault.
    pub fn is_unreadable(&self) -> bool {
        self.unreadable
    }

    /// How many faults were found beyond those that are listed.
    pub fn omitted(&self) -> usize {
        self.omitted
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::new(vec![diagnostic], 0)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.all.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{diagnostic}")?;
        }
        match self.omitted {
            0 => Ok(()),
            more => write!(f, "\n\nand {more} more errors"),
        }
    }
}

impl std::error::Error for Diagnostics {}
