//! TOML text into [`Node`]s, so that one reader serves all formats.

use std::rc::Rc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::node::{Key, Kind, Map, Node, Place, Value};
use crate::report::{Fault, Report};

/// Parses a TOML file. `None`: it has faults, which are reported. Nesting is bounded by the parser
/// (80 levels).
pub(super) fn parse(report: &Report, file: u16) -> Option<Rc<Node>> {
    let source = report.source(file);
    let places = Places::new(file, &source.text);
    let (root, mut errors) = DeTable::parse_recoverable(&source.text);
    errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
    // What follows the first error of a line is mostly that error again.
    let mut line = 0;
    for error in &errors {
        let at = error.span().map(|span| places.of(span.start, span.end));
        if at.is_none_or(|at| at.line > line) {
            line = at.map_or(line, |at| at.line);
            report.fault(not_toml(error.message(), at));
        }
    }
    if !errors.is_empty() {
        return None;
    }
    let at = Place { file, line: 1, column: 1, width: 1 };
    let root = Rc::new(Node { value: Value::Map(map(root.into_inner(), &places)), at });
    report.set_root(file, root.clone());
    Some(root)
}

fn not_toml(message: &str, at: Option<Place>) -> Fault {
    let help = if message.contains("duplicate key") {
        "keep one of the two"
    } else if message.contains("must be quoted") {
        "put the value in quotes"
    } else {
        "check the quotes and brackets of this line, and the `=` between key and value"
    };
    let message = format!("not valid TOML: {message}");
    let fault = match at {
        Some(at) => Fault::new(at, message),
        None => Fault::anywhere(message),
    };
    fault.help(help.to_owned())
}

fn map(table: DeTable<'_>, places: &Places) -> Map {
    let mut entries: Vec<_> = table.into_iter().collect();
    // The parser sorts keys by name.
    entries.sort_by_key(|(key, _)| key.span().start);
    let entries = entries.into_iter().map(|(key, value)| {
        let at = places.of(key.span().start, key.span().end);
        let key = Key { name: key.into_inner().into_owned(), at };
        let mut node = node(value, places);
        // A table that starts below its key is shown at the key, as in YAML.
        if matches!(node.value, Value::Map(_)) {
            node.at = at;
        }
        (key, node)
    });
    entries.collect()
}

fn node(value: Spanned<DeValue<'_>>, places: &Places) -> Node {
    let span = value.span();
    let at = places.of(span.start, span.end);
    let value = match value.into_inner() {
        DeValue::String(text) => Value::Scalar(Kind::Text, text.into_owned()),
        DeValue::Boolean(value) => Value::Scalar(Kind::Bool, value.to_string()),
        DeValue::Integer(number) => {
            let value = i128::from_str_radix(number.as_str(), number.radix());
            let text = value.map_or_else(|_| number.to_string(), |value| value.to_string());
            Value::Scalar(Kind::Number, text)
        }
        DeValue::Float(number) => Value::Scalar(Kind::Number, float(number.as_str())),
        // As Python prints dates: `2026-01-31 09:30:00+00:00`.
        DeValue::Datetime(date) => {
            let text = date.to_string().replace('T', " ").replace('Z', "+00:00");
            Value::Scalar(Kind::Text, text)
        }
        DeValue::Array(items) => {
            Value::List(items.into_iter().map(|item| node(item, places)).collect())
        }
        DeValue::Table(table) => Value::Map(map(table, places)),
    };
    Node { value, at }
}

/// A number as Python prints it: `1000.0`, `1e+20`, `1e-07`.
fn float(digits: &str) -> String {
    let Ok(value) = digits.parse::<f64>() else { return digits.to_owned() };
    if value.is_nan() {
        return "nan".to_owned();
    }
    let text = format!("{value:?}");
    match text.split_once('e') {
        None => text,
        Some((mantissa, exponent)) => {
            let (sign, digits) = match exponent.strip_prefix('-') {
                Some(digits) => ('-', digits),
                None => ('+', exponent),
            };
            format!("{mantissa}e{sign}{digits:0>2}")
        }
    }
}

/// Lines and columns by offset.
struct Places {
    file: u16,
    /// Line and column of each byte, and of the end.
    at: Vec<(u32, u32)>,
}

impl Places {
    fn new(file: u16, text: &str) -> Self {
        let mut at = Vec::with_capacity(text.len() + 1);
        let (mut line, mut column) = (1, 1);
        for c in text.chars() {
            at.extend(std::iter::repeat_n((line, column), c.len_utf8()));
            (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        at.push((line, column));
        Self { file, at }
    }

    fn of(&self, start: usize, end: usize) -> Place {
        let last = self.at.len() - 1;
        let (line, column) = self.at[start.min(last)];
        let (end_line, end_column) = self.at[end.min(last)];
        let width = if end_line == line { end_column.saturating_sub(column) } else { 1 };
        Place { file: self.file, line, column, width: width.max(1) }
    }
}
