//! Collects what is found on the way: faults, and what is not emulated.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::path::Path;
use std::rc::Rc;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::files::Files;
use crate::model::{NotEmulated, Places, Span};
use crate::node::{self, Node, Place, Value};
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

/// Files that one load reads. Whatever needs more of them includes itself.
const MAX_FILES: usize = 200;

/// One file of a load.
struct Document {
    source: Rc<Source>,
    /// What it holds, as it is written; `None`: that cannot be read, or is not yet.
    root: Option<Rc<Node>>,
}

/// Where faults and notes go, and the files that they are in. Shared by every reader of one load.
pub(crate) struct Report<'s> {
    pub(crate) files: &'s dyn Files,
    documents: RefCell<Vec<Document>>,
    /// Faults of files that could not be read.
    unread: RefCell<Vec<Diagnostic>>,
    faults: RefCell<Vec<Fault>>,
    /// How many more faults there were after [`MAX_FOUND`].
    unlisted: Cell<usize>,
    notes: RefCell<Vec<(Place, NotEmulated)>>,
}

impl<'s> Report<'s> {
    /// `source` is the template: file 0.
    pub(crate) fn new(files: &'s dyn Files, source: Source) -> Self {
        Self {
            files,
            documents: RefCell::new(vec![Document { source: Rc::new(source), root: None }]),
            unread: RefCell::default(),
            faults: RefCell::default(),
            unlisted: Cell::new(0),
            notes: RefCell::default(),
        }
    }

    /// Takes in another file; its number. `None`: there are too many.
    pub(crate) fn add(&self, source: Source) -> Option<u16> {
        let mut documents = self.documents.borrow_mut();
        let number = u16::try_from(documents.len()).ok().filter(|n| usize::from(*n) < MAX_FILES)?;
        documents.push(Document { source: Rc::new(source), root: None });
        Some(number)
    }

    /// Says what a file holds, so that faults in it can tell their paths.
    pub(crate) fn set_root(&self, file: u16, root: Rc<Node>) {
        self.documents.borrow_mut()[usize::from(file)].root = Some(root);
    }

    /// What a file of this name holds, if it was taken in before. `Some(None)`: that cannot be
    /// read.
    pub(crate) fn opened(&self, name: &Path) -> Option<Option<Rc<Node>>> {
        let documents = self.documents.borrow();
        let known = documents.iter().find(|document| *document.source.file == *name)?;
        Some(known.root.clone())
    }

    /// A file by its number.
    pub(crate) fn source(&self, file: u16) -> Rc<Source> {
        self.documents.borrow()[usize::from(file)].source.clone()
    }

    /// The first place at or after `from` where `needle` stands in the file (see
    /// [`Source::find`]).
    pub(crate) fn find(&self, from: Place, needle: &str) -> Place {
        self.source(from.file).find(from, needle)
    }

    /// Takes in what is wrong with a file that could not be read.
    pub(crate) fn diagnostic(&self, diagnostic: Diagnostic) {
        let mut unread = self.unread.borrow_mut();
        if !unread.contains(&diagnostic) {
            unread.push(diagnostic);
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
        Span { file: self.source(at.file).file.clone(), line: at.line, column: at.column }
    }

    /// Says where a value and all that is in it stand: `path` is the value's own.
    pub(crate) fn place(&self, places: &mut Places, path: &str, node: &Node) {
        places.insert(path, self.span(node.at));
        match &node.value {
            Value::Map(map) => {
                for (key, node) in map {
                    self.place(places, &format!("{path}.{}", key.name), node);
                }
            }
            Value::List(list) => {
                for (index, node) in list.iter().enumerate() {
                    self.place(places, &format!("{path}[{index}]"), node);
                }
            }
            _ => {}
        }
    }

    /// The notes in template order, or the faults by place.
    pub(crate) fn finish(self) -> Result<Vec<NotEmulated>, Diagnostics> {
        let mut faults = self.faults.into_inner();
        let unread = self.unread.into_inner();
        if faults.is_empty() && unread.is_empty() {
            let mut notes = self.notes.into_inner();
            notes.sort_by_key(|(at, _)| *at);
            let mut notes: Vec<_> = notes.into_iter().map(|(_, note)| note).collect();
            // A note on something in `Globals` is made once for every function.
            let mut seen = HashSet::new();
            notes.retain(|n| seen.insert((n.what.clone(), n.note.clone(), n.span.clone())));
            return Ok(notes);
        }
        faults.sort_by_key(|fault| fault.at);
        let mut seen = HashSet::new();
        faults.retain(|fault| seen.insert(fault.clone()));
        let omitted = faults.len().saturating_sub(MAX_SHOWN) + self.unlisted.get();
        faults.truncate(MAX_SHOWN);
        let documents = self.documents.into_inner();
        let diagnostics = faults.into_iter().map(|fault| {
            let document = &documents[fault.at.map_or(0, |at| usize::from(at.file))];
            let path = fault.at.and_then(|at| node::path_to(document.root.as_deref()?, at));
            Diagnostic {
                file: document.source.file.clone(),
                mark: fault.at.map(|at| document.source.mark(at)),
                message: fault.message,
                path,
                help: fault.help,
            }
        });
        Err(Diagnostics::new(diagnostics.chain(unread).collect(), omitted))
    }
}
