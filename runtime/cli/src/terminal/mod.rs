//! What a person reads: the summary of an application, its faults, one line an invocation.

use std::fmt::{self, Display};
use std::io::{self, Write};

use samovar_app::App;
use samovar_app::config::Skipped;

mod compile;
mod faults;
mod overview;
mod printer;
mod style;
mod summary;
mod watch;
pub(crate) mod words;

pub(crate) use compile::Compiling;
pub(crate) use faults::faults;
pub(crate) use overview::Overview;
pub(crate) use printer::Printer;
pub(crate) use style::{Style, pad, printable, widest};
pub(crate) use summary::Summary;
pub(crate) use watch::Watch;

/// Prints one line, or several. A terminal or pipe that is closed must not stop what is served.
pub(crate) fn say(text: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Says that a part of a parameter override gives nothing a value.
pub(crate) fn warn(skipped: &Skipped) {
    let Skipped { at, text, help } = skipped;
    let warning = Style::stderr().warning("warning:");
    let text = style::printable(text);
    eprintln!("{at}: {warning} `{text}` gives no parameter a value\nhelp: {help}\n");
}

fn heading(f: &mut fmt::Formatter<'_>, style: Style, text: &str) -> fmt::Result {
    writeln!(f, "\n  {}", style.bold(text))
}

/// What the application asks for in vain, with its places.
fn not_emulated(f: &mut fmt::Formatter<'_>, style: Style, app: &App) -> fmt::Result {
    if app.not_emulated.is_empty() {
        return Ok(());
    }
    heading(f, style, "Not emulated")?;
    for item in &app.not_emulated {
        let what = style.warning(&item.what);
        let place = style.dim(&words::place(&item.span));
        writeln!(f, "    {what}: {}  {place}", item.note)?;
    }
    Ok(())
}
