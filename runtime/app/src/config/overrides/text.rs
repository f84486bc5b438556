//! Parameter overrides in one text, in the SAM CLI's two spellings.
//!
//! What the SAM CLI finds with regular expressions (`re.findall`) is found here by hand, with the
//! same result for every text: where a pair cannot start, one character is passed over. What is
//! passed over is told, which the SAM CLI does not do.

use std::ops::Range;

/// What a text says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pairs {
    /// Keys and values, without quotes; at least one. Of equal keys the last counts.
    pub(super) found: Vec<(String, String)>,
    /// Parts that say nothing, without blanks around.
    pub(super) skipped: Vec<Range<usize>>,
}

/// A spelling: the end and the pair of quoted key and value that start at an offset.
type Spelling = for<'t> fn(&'t str, usize) -> Option<(usize, &'t str, &'t str)>;

/// Reads a text: `ParameterKey=Key,ParameterValue=Value` if that is there at all, else
/// `Key=Value`. `None`: neither is.
pub(super) fn pairs(text: &str) -> Option<Pairs> {
    // As the SAM CLI: the end of a value may be lost with an escaped blank.
    let text = text.trim_end();
    let long = find_all(text, long);
    let pairs = if long.found.is_empty() { find_all(text, short) } else { long };
    (!pairs.found.is_empty()).then_some(pairs)
}

fn find_all(text: &str, spelling: Spelling) -> Pairs {
    let mut pairs = Pairs::default();
    let mut at = 0;
    let mut done = 0;
    while at < text.len() {
        if let Some((end, key, value)) = spelling(text, at) {
            skip(text, done..at, &mut pairs.skipped);
            pairs.found.push((unquote(key), unquote(value)));
            (at, done) = (end, end);
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    skip(text, done..text.len(), &mut pairs.skipped);
    pairs
}

/// Notes a part that is passed over, unless it is blank.
fn skip(text: &str, range: Range<usize>, skipped: &mut Vec<Range<usize>>) {
    let part = &text[range.clone()];
    let trimmed = part.trim_start();
    if !trimmed.is_empty() {
        let start = range.end - trimmed.len();
        skipped.push(start..start + trimmed.trim_end().len());
    }
}

/// `ParameterKey=KEY,ParameterValue=VALUE`, anywhere.
fn long(text: &str, at: usize) -> Option<(usize, &str, &str)> {
    let rest = text[at..].strip_prefix("ParameterKey=")?;
    let (key, rest) = key(rest)?;
    let rest = rest.strip_prefix(",ParameterValue=")?;
    let length = value(rest)?;
    Some((text.len() - rest.len() + length, key, &rest[..length]))
}

/// `KEY=VALUE` after a space, or at the start of the text.
fn short(text: &str, at: usize) -> Option<(usize, &str, &str)> {
    let rest = &text[at..];
    let starts = text[..at].trim_start().is_empty() && !rest.starts_with(char::is_whitespace);
    let rest = if starts { rest } else { rest.strip_prefix(' ')? };
    let (key, rest) = key(rest)?;
    let rest = rest.strip_prefix('=')?;
    let length = value(rest)?;
    Some((text.len() - rest.len() + length, key, &rest[..length]))
}

/// `[A-Za-z0-9"']+`, and what follows.
fn key(text: &str) -> Option<(&str, &str)> {
    let is_key = |c: char| c.is_ascii_alphanumeric() || c == '"' || c == '\'';
    let end = text.find(|c| !is_key(c)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// The length of a value: in quotes, else up to a space or double quote. A backslash takes the
/// next character with it. A value is never empty without quotes.
fn value(text: &str) -> Option<usize> {
    let quoted = match text.chars().next()? {
        quote @ ('"' | '\'') => quoted(&text[1..], quote).map(|length| length + 1),
        _ => None,
    };
    quoted.or_else(|| bare(text))
}

/// The length up to and with the closing quote.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next().filter(|(_, next)| *next != '\n')?;
            }
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn bare(text: &str) -> Option<usize> {
    let mut chars = text.char_indices();
    let end = loop {
        let Some((at, c)) = chars.next() else { break text.len() };
        match c {
            ' ' | '"' => break at,
            '\\' if chars.next().is_none_or(|(_, next)| next == '\n') => break at,
            _ => {}
        }
    };
    (end > 0).then_some(end)
}

/// Without quotes around, and without the backslashes before blanks and quotes (the SAM CLI's
/// `_unquote_wrapped_quotes`).
pub(super) fn unquote(text: &str) -> String {
    let mut chars = text.chars();
    let inner = match (chars.next(), chars.next_back()) {
        (Some(first @ ('"' | '\'')), Some(last)) if first == last => chars.as_str(),
        // One quote is both its own start and end.
        (Some('"' | '\''), None) => "",
        _ => text,
    };
    inner.replace("\\ ", " ").replace("\\\"", "\"").replace("\\'", "'")
}

#[cfg(test)]
mod tests {
    use super::pairs;

    /// A text and its pairs.
    type Case = (&'static str, Option<&'static [(&'static str, &'static str)]>);

    /// What `samcli.cli.types.CfnParameterOverridesType().convert(TEXT, None, None)` of SAM CLI
    /// 1.170 gives; `None` where it fails.
    const SAM: &[Case] = &[
        ("Key=Value", Some(&[("Key", "Value")])),
        ("Key=Value Other=2", Some(&[("Key", "Value"), ("Other", "2")])),
        ("  A=1   B=2  ", Some(&[("A", "1"), ("B", "2")])),
        ("A=\"a b\"", Some(&[("A", "a b")])),
        ("A='a b'", Some(&[("A", "a b")])),
        ("A=a\\ b", Some(&[("A", "a b")])),
        ("A=\"a\\ b\"", Some(&[("A", "a b")])),
        ("A=\"say \\\"hi\\\"\"", Some(&[("A", "say \"hi\"")])),
        ("A=it\\'s", Some(&[("A", "it's")])),
        ("A=x,y,z B=1", Some(&[("A", "x,y,z"), ("B", "1")])),
        ("A=\"x\" B=''", Some(&[("A", "x"), ("B", "")])),
        ("A=\"\"", Some(&[("A", "")])),
        ("A= B=2", Some(&[("B", "2")])),
        ("A=", None),
        ("A=\"", None),
        ("A=\"x y", None),
        ("A='x y", Some(&[("A", "'x")])),
        ("A=1 A=2", Some(&[("A", "1"), ("A", "2")])),
        ("A=C:\\dir", Some(&[("A", "C:\\dir")])),
        ("A=\"x\\\\\"", Some(&[("A", "x\\\\")])),
        ("A=\\\\", Some(&[("A", "\\\\")])),
        ("A=a=b", Some(&[("A", "a=b")])),
        ("A=https://x.y/?a=b&c=d", Some(&[("A", "https://x.y/?a=b&c=d")])),
        ("A=a\"b\"", Some(&[("A", "a")])),
        ("A=\"x\"B=2", Some(&[("A", "x")])),
        ("A=x\" B=2", Some(&[("A", "x"), ("B", "2")])),
        ("A=\"'x'\"", Some(&[("A", "'x'")])),
        ("A='\"x\"'", Some(&[("A", "\"x\"")])),
        ("A='{\"a\": 1}'", Some(&[("A", "{\"a\": 1}")])),
        ("A={\"a\":1}", Some(&[("A", "{")])),
        ("A=[1,2]", Some(&[("A", "[1,2]")])),
        ("A=é", Some(&[("A", "é")])),
        ("A=1\n", Some(&[("A", "1")])),
        ("A=x\\ ", Some(&[("A", "x")])),
        ("A=1\nB=2", Some(&[("A", "1\nB=2")])),
        ("A=1\tB=2", Some(&[("A", "1\tB=2")])),
        ("\"A\"=\"1\"", Some(&[("A", "1")])),
        ("\"A=1\"", Some(&[("\"A", "1")])),
        ("foo", None),
        ("foo A=1", Some(&[("A", "1")])),
        ("My-Key=1", None),
        ("My_Key=1", None),
        ("Ä=1", None),
        (" ", None),
        ("ParameterKey=A,ParameterValue=1", Some(&[("A", "1")])),
        (
            "ParameterKey=A,ParameterValue=1 ParameterKey=B,ParameterValue=\"x y\"",
            Some(&[("A", "1"), ("B", "x y")]),
        ),
        (
            "ParameterKey=A,ParameterValue=x,y ParameterKey=B,ParameterValue=2",
            Some(&[("A", "x,y"), ("B", "2")]),
        ),
        ("ParameterKey=\"A\",ParameterValue=\"1\"", Some(&[("A", "1")])),
        ("ParameterKey='A',ParameterValue='1'", Some(&[("A", "1")])),
        ("ParameterKey=A,ParameterValue=1 B=2", Some(&[("A", "1")])),
        ("ParameterKey=A,ParameterValue=", Some(&[("ParameterKey", "A,ParameterValue=")])),
    ];

    #[test]
    fn pairs_are_those_of_the_sam_cli() {
        for (text, sam) in SAM {
            let found = pairs(text).map(|pairs| pairs.found);
            let found = found.as_ref().map(|found| -> Vec<_> {
                found.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
            });
            assert_eq!(found.as_deref(), *sam, "{text}");
        }
    }

    #[test]
    fn what_says_nothing_is_told() {
        for (text, skipped) in [
            ("A=1 B=2", &[][..]),
            ("foo A=1", &["foo"]),
            ("A= B=2", &["A="]),
            ("A=x y", &["y"]),
            ("A=\"x\"B=2", &["B=2"]),
            ("A=1 My-Key=2 é C=3 ", &["My-Key=2 é"]),
            ("ParameterKey=A,ParameterValue=1 B=2", &["B=2"]),
        ] {
            let pairs = pairs(text).unwrap();
            let parts: Vec<&str> = pairs.skipped.iter().map(|part| &text[part.clone()]).collect();
            assert_eq!(parts, skipped, "{text}");
        }
    }
}
