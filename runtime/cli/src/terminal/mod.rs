//! What a person reads: the summary at start and one line an invocation.

use std::fmt::Display;
use std::io::{self, Write};

mod style;
mod summary;
mod watch;

pub(crate) use style::Style;
pub(crate) use summary::Summary;
pub(crate) use watch::Watch;

/// Prints one line, or several. A terminal or pipe that is closed must not stop what is served.
pub(crate) fn say(text: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}
