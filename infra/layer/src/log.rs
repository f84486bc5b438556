//! The function's log: what a runtime writes to standard output, Lambda keeps (Lambda guide,
//! "Working with Lambda function logs").

use std::io::{self, Write};

use samovar_dispatch::{LogLine, LogObserver};

/// Writes each line to standard output, whole.
#[derive(Debug)]
pub(crate) struct StandardOutput;

impl LogObserver for StandardOutput {
    fn line(&self, line: &LogLine<'_>) {
        let text = [line.text, "\n"].concat();
        // There is nobody to tell of a closed log.
        let _ = io::stdout().lock().write_all(text.as_bytes());
    }
}
