//! Components that are compiled: said where it takes longer than a moment.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use samovar_wasm::CompileObserver;

use super::style::{Style, printable};
use super::{say, words};

/// What nobody needs to be told of.
const MOMENT: Duration = Duration::from_millis(400);

/// Tells on the terminal.
#[derive(Debug)]
pub(crate) struct Compiling {
    style: Style,
    /// Whether it was said that nothing is kept.
    said: AtomicBool,
}

impl Compiling {
    pub(crate) fn new() -> Self {
        Self { style: Style::stdout(), said: AtomicBool::new(false) }
    }
}

impl CompileObserver for Compiling {
    fn compiling(&self, function: &str, component: &Path, bytes: usize) -> Box<dyn Send> {
        let size = self.style.dim(&format!("({})", words::size(bytes as u64)));
        let line = format!("  Compiling {} for {} {size} …", name(component), printable(function));
        let (done, ends) = mpsc::channel::<()>();
        // Without the thread nothing is said, and that is all.
        let _ = thread::Builder::new().name("samovar-compiling".into()).spawn(move || {
            if ends.recv_timeout(MOMENT) == Err(RecvTimeoutError::Timeout) {
                say(line);
            }
        });
        Box::new(done)
    }

    fn not_kept(&self, function: &str, component: &Path, folder: &Path, reason: &io::Error) {
        if self.said.swap(true, Ordering::Relaxed) {
            return;
        }
        let note = self.style.warning("note:");
        say(format_args!(
            "  {note} the compiled code of {} for {} cannot be kept in {}, so it is made at each start: {reason}",
            name(component),
            printable(function),
            folder.display()
        ));
    }
}

fn name(component: &Path) -> String {
    printable(&component.file_name().unwrap_or(component.as_os_str()).to_string_lossy())
}
