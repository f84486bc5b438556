//! The types of scalars.
//!
//! YAML 1.1's, as PyYAML resolves them, because the SAM CLI reads and rewrites templates with it
//! before CloudFormation sees them: `yes` is true, `010` is eight, `1.10` is 1.1. Dates stay text.

use crate::node::{Kind, Value};

/// A scalar that stands without quotes and tag.
pub(super) fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            return boolean(true);
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return boolean(false);
        }
        _ => {}
    }
    match number(text) {
        Some(number) => Value::Scalar(Kind::Number, number),
        None => Value::Scalar(Kind::Text, text.to_owned()),
    }
}

fn boolean(value: bool) -> Value {
    Value::Scalar(Kind::Bool, value.to_string())
}

/// A number in the form in which CloudFormation gives it on.
fn number(text: &str) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let digits = digits.replace('_', "");
    if let Some(integer) = integer(&digits) {
        return Some(format!("{sign}{integer}"));
    }
    // A float needs its point, and its exponent a sign: `1e3` is text.
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], Some(&digits[at + 1..])),
        None => (digits.as_str(), None),
    };
    let is_mantissa = mantissa.contains('.')
        && mantissa.chars().all(|c| c.is_ascii_digit() || c == '.')
        && mantissa.matches('.').count() == 1
        && mantissa.len() > 1;
    let is_exponent = exponent.is_none_or(|e| {
        e.strip_prefix(['+', '-'])
            .is_some_and(|e| !e.is_empty() && e.chars().all(|c| c.is_ascii_digit()))
    });
    if !is_mantissa || !is_exponent {
        return None;
    }
    let value: f64 = digits.parse().ok()?;
    value.is_finite().then(|| format!("{sign}{value:?}"))
}

/// Decimal, `0x`, `0b` and YAML 1.1's octal with a leading zero. An integer beyond 64 bits keeps
/// its digits.
fn integer(digits: &str) -> Option<String> {
    let radix = |prefix: &str, radix: u32| {
        let rest = digits.strip_prefix(prefix)?;
        u64::from_str_radix(rest, radix).ok().map(|n| n.to_string())
    };
    if digits == "0" {
        return Some(digits.to_owned());
    }
    if digits.starts_with('0') {
        return radix("0x", 16).or_else(|| radix("0b", 2)).or_else(|| radix("0", 8));
    }
    let decimal = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    decimal.then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::plain;
    use crate::node::{Kind, Value};

    #[test]
    fn types_are_those_of_yaml_1_1() {
        for (text, kind, given) in [
            ("8080", Kind::Number, "8080"),
            ("-3", Kind::Number, "-3"),
            ("1_000", Kind::Number, "1000"),
            ("0x10", Kind::Number, "16"),
            ("010", Kind::Number, "8"),
            ("0", Kind::Number, "0"),
            ("1.10", Kind::Number, "1.1"),
            ("3.0", Kind::Number, "3.0"),
            ("1.5e+3", Kind::Number, "1500.0"),
            ("123456789012345678901234567890", Kind::Number, "123456789012345678901234567890"),
            ("yes", Kind::Bool, "true"),
            ("Off", Kind::Bool, "false"),
            ("089", Kind::Text, "089"),
            ("1e3", Kind::Text, "1e3"),
            ("2012-10-17", Kind::Text, "2012-10-17"),
            ("1.2.3", Kind::Text, "1.2.3"),
            (".", Kind::Text, "."),
            ("-", Kind::Text, "-"),
            ("0x", Kind::Text, "0x"),
            ("y", Kind::Text, "y"),
        ] {
            assert_eq!(plain(text), Value::Scalar(kind, given.to_owned()), "{text}");
        }
        assert_eq!(plain("~"), Value::Null);
        assert_eq!(plain(""), Value::Null);
    }
}
