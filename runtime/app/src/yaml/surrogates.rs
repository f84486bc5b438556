//! JSON's escapes for characters beyond 16 bits, which YAML does not have.

use std::borrow::Cow;

/// A JSON text (one that starts with a brace or bracket) with its surrogate pairs, `\ud83d\ude00`
/// (RFC 8259, section 7), written as YAML's `\U0001f600`. Columns after one are two less.
pub(super) fn replaced(text: &str) -> Cow<'_, str> {
    let is_json = text.trim_start().starts_with(['{', '[']);
    if !is_json || !text.contains("\\u") {
        return Cow::Borrowed(text);
    }
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        replaced.push_str(before);
        if let Some(c) = pair(escape) {
            replaced.push_str(&format!("\\U{:08x}", u32::from(c)));
            rest = &escape[12..];
        } else {
            // The character after a backslash starts no escape of its own.
            let length = 1 + escape[1..].chars().next().map_or(0, char::len_utf8);
            replaced.push_str(&escape[..length]);
            rest = &escape[length..];
        }
    }
    replaced.push_str(rest);
    Cow::Owned(replaced)
}

/// The character that a text starts with as a pair of escapes.
fn pair(text: &str) -> Option<char> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(digits, 16).ok()
    };
    char::decode_utf16([unit(0)?, unit(6)?]).next()?.ok().filter(|c| u32::from(*c) > 0xffff)
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn pairs_are_replaced() {
        for (text, expected) in [
            (r#"{"a": "\ud83d\ude00!"}"#, r#"{"a": "\U0001f600!"}"#),
            (r#"{"a": "\\ud83d\ude00"}"#, r#"{"a": "\\ud83d\ude00"}"#),
            (r#"["\u00e9\ud83d", "\u"]"#, r#"["\u00e9\ud83d", "\u"]"#),
            (r#"["\"#, r#"["\"#),
            (r"a: \ud83d\ude00", r"a: \ud83d\ude00"),
        ] {
            assert_eq!(replaced(text), expected);
        }
    }
}
