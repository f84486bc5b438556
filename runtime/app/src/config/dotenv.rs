//! The syntax of `.env` files.
//!
//! Source: python-dotenv 1.2 (dotenv/parser.py, dotenv/variables.py), with which the SAM CLI reads
//! them. A line that is no assignment is a fault here; python-dotenv warns and goes on.

use std::collections::BTreeMap;

use super::Shell;
use crate::node::Place;
use crate::report::Fault;

/// Most bytes of all values together, references replaced: `${A}${A}` doubles a value. Lambda takes
/// 4 KB (Lambda guide, "Lambda quotas").
const MAX_TOTAL: usize = 1 << 20;

/// The variables of a file, and what is wrong with it.
pub(super) fn parse(text: &str, shell: &Shell<'_>) -> (BTreeMap<String, String>, Vec<Fault>) {
    let mut reader = Reader { text, position: Position { at: 0, line: 1, line_start: 0 } };
    let mut variables = BTreeMap::new();
    let mut faults = Vec::new();
    let mut total = 0;
    loop {
        reader.skip(char::is_whitespace);
        if reader.rest().is_empty() {
            break;
        }
        let start = reader.position;
        let binding = match reader.binding() {
            Ok(binding) => binding,
            Err(fault) => {
                faults.push(fault);
                reader.skip(|c| c != '\n');
                continue;
            }
        };
        let Some((name, value)) = binding else { continue };
        let left = MAX_TOTAL - total;
        let Some(value) = interpolate(&value, &variables, shell, left) else {
            let message = format!("the values grow beyond {} MiB", MAX_TOTAL >> 20);
            faults.push(
                Fault::new(reader.place(start), message)
                    .help("repeat less through `${NAME}`".to_owned()),
            );
            break;
        };
        total += value.len();
        variables.insert(name, value);
    }
    (variables, faults)
}

struct Reader<'t> {
    text: &'t str,
    position: Position,
}

/// How far a text is read.
#[derive(Clone, Copy)]
struct Position {
    /// Offset of the next character.
    at: usize,
    /// Its line, from 1.
    line: usize,
    /// Offset of the line's first character.
    line_start: usize,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.position.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn place(&self, position: Position) -> Place {
        let column = self.text[position.line_start..position.at].chars().count() + 1;
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Place { file: 0, line: narrow(position.line), column: narrow(column), width: 1 }
    }

    fn take(&mut self, length: usize) -> &'t str {
        let taken = &self.rest()[..length];
        let position = &mut self.position;
        position.at += length;
        if let Some(last) = taken.rfind('\n') {
            position.line += taken.matches('\n').count();
            position.line_start = position.at - (taken.len() - last - 1);
        }
        taken
    }

    /// Takes characters as long as they are such.
    fn skip(&mut self, is: impl Fn(char) -> bool) -> &'t str {
        let length = self.rest().find(|c| !is(c)).unwrap_or(self.rest().len());
        self.take(length)
    }

    fn blanks(&mut self) -> &'t str {
        self.skip(is_blank)
    }

    /// One assignment with its line's end; `None`: a comment.
    fn binding(&mut self) -> Result<Option<(String, String)>, Fault> {
        if let Some(after) = self.rest().strip_prefix("export")
            && after.starts_with(is_blank)
        {
            self.take("export".len());
            self.blanks();
        }
        let start = self.position;
        let name = match self.peek() {
            Some('#') => None,
            Some('\'') => {
                // In a name, a backslash is one.
                let end = self.rest()[1..].find('\'').filter(|length| *length > 0);
                let Some(length) = end else {
                    return Err(not_closed(self.place(start), '\''));
                };
                Some(self.take(length + 2)[1..=length].to_owned())
            }
            _ => Some(self.skip(|c| c != '=' && c != '#' && !c.is_whitespace()).to_owned()),
        };
        if name.as_deref() == Some("") {
            return Err(Fault::new(self.place(start), "a variable's name is missing here")
                .help("write `NAME=value`, or `#` before a comment".to_owned()));
        }
        self.blanks();
        let value = if self.peek() == Some('=') {
            self.take(1);
            let spaced = !self.blanks().is_empty();
            if spaced && self.peek() == Some('#') { String::new() } else { self.value()? }
        } else {
            // A name alone: the SAM CLI gives the empty text.
            String::new()
        };
        self.blanks();
        if self.peek() == Some('#') {
            self.skip(|c| c != '\n' && c != '\r');
        }
        match self.peek() {
            None | Some('\n' | '\r') => Ok(name.map(|name| (name, value))),
            Some(_) => Err(Fault::new(self.place(self.position), "the line should end here")
                .help("write `NAME=value`, and quote a value that has blanks around".to_owned())),
        }
    }

    fn value(&mut self) -> Result<String, Fault> {
        match self.peek() {
            Some(quote @ ('"' | '\'')) => Ok(unescape(self.quoted(quote)?, quote)),
            _ => {
                let value = self.skip(|c| c != '\n' && c != '\r');
                Ok(without_comment(value).trim_end().to_owned())
            }
        }
    }

    /// What stands between two quotes, over several lines too; a backslash takes the next
    /// character with it.
    fn quoted(&mut self, quote: char) -> Result<&'t str, Fault> {
        let start = self.position;
        let inside = &self.rest()[quote.len_utf8()..];
        let mut escaped = false;
        let end = inside.find(|c| {
            let ends = c == quote && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let Some(end) = end else {
            return Err(not_closed(self.place(start), quote));
        };
        self.take(end + 2 * quote.len_utf8());
        Ok(&inside[..end])
    }
}

fn not_closed(at: Place, quote: char) -> Fault {
    Fault::new(at, "this quote is not closed").help(format!("end the text with {quote}"))
}

/// White space that does not end the line.
fn is_blank(c: char) -> bool {
    c.is_whitespace() && c != '\n' && c != '\r'
}

/// A value without quotes ends before a `#` that has white space before it.
fn without_comment(value: &str) -> &str {
    let mut before = None;
    for (at, c) in value.char_indices() {
        if c == '#' && before.is_some_and(char::is_whitespace) {
            return &value[..at];
        }
        before = Some(c);
    }
    value
}

/// Python's escapes in double quotes; only `\\` and `\'` in single ones. A backslash before
/// anything else stays.
fn unescape(value: &str, quote: char) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        let Some(next) = chars.next() else {
            plain.push(c);
            break;
        };
        let decoded = match (next, quote) {
            ('\\' | '\'', _) | ('"', '"') => Some(next),
            ('a', '"') => Some('\u{7}'),
            ('b', '"') => Some('\u{8}'),
            ('f', '"') => Some('\u{c}'),
            ('n', '"') => Some('\n'),
            ('r', '"') => Some('\r'),
            ('t', '"') => Some('\t'),
            ('v', '"') => Some('\u{b}'),
            _ => None,
        };
        match decoded {
            Some(decoded) => plain.push(decoded),
            None => plain.extend([c, next]),
        }
    }
    plain
}

/// The value with `${NAME}` and `${NAME:-default}` replaced, in quotes of either kind too: by the
/// file's own variables so far, else by the shell's. `None`: longer than `most` bytes.
fn interpolate(
    value: &str,
    variables: &BTreeMap<String, String>,
    shell: &Shell<'_>,
    most: usize,
) -> Option<String> {
    let mut result = String::new();
    let mut rest = value;
    while let Some(at) = rest.find("${") {
        let (before, reference) = rest.split_at(at);
        result.push_str(before);
        let Some(end) = reference.find(['}', ':']) else {
            rest = reference;
            break;
        };
        let (name, tail) = (&reference[2..end], &reference[end..]);
        let (default, after) = match (tail.strip_prefix('}'), tail.strip_prefix(":-")) {
            (Some(after), _) => ("", after),
            (None, Some(tail)) => match tail.split_once('}') {
                Some(parts) => parts,
                None => {
                    rest = reference;
                    break;
                }
            },
            // `${a:b`: no reference, nor is one that starts before this colon.
            (None, None) => {
                result.push_str(&reference[..=end]);
                rest = &reference[end + 1..];
                continue;
            }
        };
        match variables.get(name).cloned().or_else(|| shell(name)) {
            Some(value) => result.push_str(&value),
            None => result.push_str(default),
        }
        rest = after;
        if result.len() > most {
            return None;
        }
    }
    result.push_str(rest);
    (result.len() <= most).then_some(result)
}
