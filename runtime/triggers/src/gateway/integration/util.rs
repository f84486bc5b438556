//! `$util` (API Gateway developer guide, "Mapping template reference").

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::values::plain;

/// What a function of `$util` gives; null where it cannot.
pub(super) fn call(name: &str, argument: &Value) -> Value {
    let text = plain(argument);
    match name {
        "base64Decode" => {
            let decoded = STANDARD.decode(text.trim()).unwrap_or_default();
            String::from_utf8_lossy(&decoded).into_owned().into()
        }
        "base64Encode" => STANDARD.encode(text).into(),
        "escapeJavaScript" => escape_javascript(&text).into(),
        "parseJson" => serde_json::from_str(&text).unwrap_or(Value::Null),
        "urlDecode" => {
            percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned().into()
        }
        "urlEncode" => url_encode(&text).into(),
        _ => Value::Null,
    }
}

/// As Java's `URLEncoder`: `application/x-www-form-urlencoded`.
pub(super) fn url_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

/// As Apache Commons' `escapeEcmaScript`, which escapes single quotes and slashes too.
fn escape_javascript(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\'' | '\\' | '/' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            '\u{8}' => escaped.push_str("\\b"),
            '\u{c}' => escaped.push_str("\\f"),
            c if (' '..='~').contains(&c) => escaped.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    escaped.push_str(&format!("\\u{unit:04X}"));
                }
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_do_as_those_of_java() {
        for (name, argument, expected) in [
            ("urlEncode", "a b&c=d/é~*", "a+b%26c%3Dd%2F%C3%A9%7E*"),
            ("urlDecode", "a+b%26", "a b&"),
            ("base64Encode", "hi", "aGk="),
            ("base64Decode", "aGk=", "hi"),
            ("escapeJavaScript", "it's \"a\"\n/é😀", "it\\'s \\\"a\\\"\\n\\/\\u00E9\\uD83D\\uDE00"),
        ] {
            assert_eq!(call(name, &argument.into()), Value::from(expected), "{name}");
        }
        assert_eq!(call("parseJson", &"{\"a\":1}".into())["a"], 1);
        assert_eq!(call("parseJson", &"{".into()), Value::Null);
    }
}
