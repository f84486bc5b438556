//! Where the values of the model stand.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A place in a source file. Lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The file.
    pub file: Arc<Path>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// Where each value of one thing stands, by the template's own names.
///
/// ```
/// # use samovar_app::{Places, Span};
/// # let whole = Span { file: std::path::Path::new("template.yaml").into(), line: 4, column: 3 };
/// let mut places = Places::new(whole.clone());
/// places.insert("Environment", Span { line: 9, ..whole.clone() });
/// places.insert("Environment.Variables.TABLE", Span { line: 11, ..whole.clone() });
/// assert_eq!(places.of("Environment.Variables.TABLE").line, 11);
/// // A value that was not written stands where what is around it stands.
/// assert_eq!(places.of("Environment.Variables.OTHER").line, 9);
/// assert_eq!(places.of("Timeout").line, 4);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    whole: Span,
    parts: BTreeMap<Box<str>, Span>,
}

impl Places {
    /// The places of a thing that stands at `whole`, without those of its values.
    pub fn new(whole: Span) -> Self {
        Self { whole, parts: BTreeMap::new() }
    }

    /// Says where a value stands: `Timeout`, `Environment.Variables.TABLE`, `Layers[0]`.
    pub fn insert(&mut self, path: &str, span: Span) {
        self.parts.insert(path.into(), span);
    }

    /// Where the value stands that `path` names, be it under `Properties` or under `Globals`. A
    /// value that was not written stands where the nearest thing around it does.
    pub fn of(&self, path: &str) -> &Span {
        let mut path = path;
        loop {
            if let Some(span) = self.parts.get(path) {
                return span;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return &self.whole,
            }
        }
    }

    /// Whether it is known where the value that `path` names stands: whether it was written.
    pub fn has(&self, path: &str) -> bool {
        self.parts.contains_key(path)
    }

    /// Where the thing itself stands.
    pub fn whole(&self) -> &Span {
        &self.whole
    }
}
