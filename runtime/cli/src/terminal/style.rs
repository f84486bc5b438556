//! Colours, where there is somebody to see them.

use std::env;
use std::io::{self, IsTerminal};

/// Whether and how text is coloured. On a terminal only, and not where `NO_COLOR` is set
/// (no-color.org).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    colour: bool,
}

impl Style {
    /// For what goes to standard output.
    pub(crate) fn stdout() -> Self {
        Self::of(io::stdout().is_terminal())
    }

    /// For what goes to standard error.
    pub(crate) fn stderr() -> Self {
        Self::of(io::stderr().is_terminal())
    }

    fn of(terminal: bool) -> Self {
        let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colour: terminal && !unwanted }
    }

    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { colour: false }
    }

    #[cfg(test)]
    pub(crate) fn coloured() -> Self {
        Self { colour: true }
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    pub(crate) fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    pub(crate) fn warning(self, text: &str) -> String {
        self.paint("33", text)
    }

    pub(crate) fn error(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    pub(crate) fn link(self, text: &str) -> String {
        self.paint("36", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        // Blanks that fill a column stay outside: a terminal may underline what it takes for a link.
        let bare = text.trim_end();
        if self.colour && !bare.is_empty() {
            format!("\x1b[{code}m{bare}\x1b[0m{}", &text[bare.len()..])
        } else {
            text.to_owned()
        }
    }
}

/// Text padded to a width, counted in characters, so that paint does not shift columns.
pub(crate) fn pad(text: &str, width: usize) -> String {
    format!("{text:width$}")
}

/// Text of others must not steer the terminal: control characters but tabs are shown as
/// their pictures (Unicode "Control Pictures").
pub(crate) fn printable(text: &str) -> String {
    let picture = |c: char| match c {
        '\t' => c,
        '\0'..='\x1f' => char::from_u32(0x2400 + c as u32).unwrap_or('?'),
        '\x7f'..='\u{9f}' => '\u{2421}',
        _ => c,
    };
    text.chars().map(picture).collect()
}

/// Width of the widest of some texts, in characters.
pub(crate) fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(|text| text.chars().count()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paint_leaves_blanks_alone() {
        let style = Style { colour: true };
        assert_eq!(style.dim("a b  "), "\x1b[2ma b\x1b[0m  ");
        assert_eq!(style.dim("  "), "  ");
        assert_eq!(Style::plain().dim("a "), "a ");
    }
}
