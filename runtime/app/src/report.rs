//! Collects what is found on the way: faults, and what is not emulated.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::{NotEmulated, Span};
use crate::node::{self, Node, Place};
use crate::source::Source;

/// Faults that are shown; of more, only the number.
const MAX_SHOWN: usize = 100;

/// Faults that are looked for. Whatever makes more of them is no template.
const MAX_FOUND: usize = 1000;

/// A fault at a place, before its source line and path are looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fault {
    /// `None`: the template as a whole.
    at: Option<Place>,
    message: String,
    help: Option<String>,
}

impl Fault {
    pub(crate) fn new(at: Place, message: impl Into<String>) -> Self {
        Self { at: Some(at), message: message.into(), help: None }
    }

    /// A fault of the template as a whole.
    pub(crate) fn anywhere(message: impl Into<String>) -> Self {
        Self { at: None, message: message.into(), help: None }
    }

    /// The same fault at a closer place, where it stands at `from`.
    pub(crate) fn moved(mut self, from: Place, to: Place) -> Self {
        if self.at == Some(from) {
            self.at = Some(to);
        }
        self
    }

    /// Says what to write instead.
    pub(crate) fn help(mut self, help: impl Into<Option<String>>) -> Self {
        self.help = help.into();
        self
    }
}

/// Where faults and notes go. Shared by every reader of one load.
pub(crate) struct Report<'s> {
    pub(crate) source: &'s Source,
    faults: RefCell<Vec<Fault>>,
    /// How many more faults there were after [`MAX_FOUND`].
    unlisted: Cell<usize>,
    notes: RefCell<Vec<(Place, NotEmulated)>>,
}

impl<'s> Report<'s> {
    pub(crate) fn new(source: &'s Source) -> Self {
        Self {
            source,
            faults: RefCell::default(),
            unlisted: Cell::new(0),
            notes: RefCell::default(),
        }
    }

    pub(crate) fn fault(&self, fault: Fault) {
        if self.is_full() {
            self.unlisted.set(self.unlisted.get() + 1);
        } else {
            self.faults.borrow_mut().push(fault);
        }
    }

    /// Whether so many faults are found that more are only counted.
    fn is_full(&self) -> bool {
        self.faults.borrow().len() >= MAX_FOUND
    }

    /// Whether faults are still looked at closely: for their exact places and for help. With more
    /// of them than are shown, that would only take time.
    pub(crate) fn is_close(&self) -> bool {
        self.faults.borrow().len() < 2 * MAX_SHOWN
    }

    /// What to write instead, if that is still looked for.
    pub(crate) fn hint(&self, find: impl FnOnce() -> Option<String>) -> Option<String> {
        if self.is_close() { find() } else { None }
    }

    /// Names something that the template asks for and Samovar does not do.
    pub(crate) fn note(&self, at: Place, what: impl Into<String>, note: impl Into<String>) {
        let note = NotEmulated { what: what.into(), note: note.into(), span: self.span(at) };
        self.notes.borrow_mut().push((at, note));
    }

    pub(crate) fn span(&self, at: Place) -> Span {
        Span { file: self.source.file.clone(), line: at.line, column: at.column }
    }

    /// The notes in template order, or the faults by place. `root` gives the faults their paths.
    pub(crate) fn finish(self, root: Option<&Node>) -> Result<Vec<NotEmulated>, Diagnostics> {
        let mut faults = self.faults.into_inner();
        if faults.is_empty() {
            let mut notes = self.notes.into_inner();
            notes.sort_by_key(|(at, _)| (at.line, at.column));
            let mut notes: Vec<_> = notes.into_iter().map(|(_, note)| note).collect();
            // A note on something in `Globals` is made once for every function.
            let mut seen = HashSet::new();
            notes.retain(|n| seen.insert((n.what.clone(), n.note.clone(), n.span.line)));
            return Ok(notes);
        }
        faults.sort_by_key(|fault| fault.at);
        let mut seen = HashSet::new();
        faults.retain(|fault| seen.insert(fault.clone()));
        let omitted = faults.len().saturating_sub(MAX_SHOWN) + self.unlisted.get();
        faults.truncate(MAX_SHOWN);
        let diagnostics = faults.into_iter().map(|fault| Diagnostic {
            file: self.source.file.clone(),
            mark: fault.at.map(|at| self.source.mark(at)),
            path: fault.at.and_then(|at| node::path_to(root?, at)),
            message: fault.message,
            help: fault.help,
        });
        Err(Diagnostics::new(diagnostics.collect(), omitted))
    }
}
