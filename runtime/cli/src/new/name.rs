//! Names: of the cargo package, and of the template's resources.

use super::NewError;

/// Longest name: it becomes a label of a host name (RFC 1035, section 2.3.4), and a part of the
/// name that CloudFormation gives the function.
const MAX_CHARS: usize = 48;

/// Names that cargo does not take for a binary: Rust's keywords (The Rust Reference, "Keywords"),
/// those of its own folders and libraries (cargo's `restricted_names`), and those of crates that
/// functions depend on.
const RESERVED: &str = "abstract alloc as async await become box break build const continue core \
    crate deps do dyn else enum examples extern false final fn for gen if impl in incremental let \
    loop macro match mod move mut override priv proc-macro proc_macro pub ref return self static \
    std struct super test trait true try type typeof unsafe unsized use virtual where while yield \
    aws_lambda_events axum samovar-function serde serde_json tokio";

/// The name of a new function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// Of its cargo package, binary and folder: `order-worker`.
    pub(super) package: String,
    /// Of its resource: `OrderWorker` (CloudFormation: "alphanumeric").
    pub(super) logical_id: String,
}

impl Name {
    /// Reads a name as it is typed.
    ///
    /// # Errors
    /// It is none; the error says what to write instead.
    pub(super) fn parse(text: &str) -> Result<Self, NewError> {
        let wrong = |why: String| NewError::Name { name: text.to_owned(), why };
        if !is_spelt_right(text) {
            let rule = "a name begins with a letter and has a-z, 0-9, - and _ only";
            return Err(wrong(match suggestion(text) {
                Some(name) => format!("{rule}: did you mean `{name}`?"),
                None => format!("{rule}: order-worker, say"),
            }));
        }
        if text.len() > MAX_CHARS {
            return Err(wrong(format!("a name has at most {MAX_CHARS} characters")));
        }
        if is_reserved(text) {
            let why = "Rust or cargo has another meaning for it";
            return Err(wrong(format!("{why}: {text}-function is free, say")));
        }
        let words = text.split(['-', '_']);
        let logical_id = words.map(capitalised).collect();
        Ok(Self { package: text.to_owned(), logical_id })
    }
}

fn is_spelt_right(text: &str) -> bool {
    let is_right = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(is_right)
}

fn is_reserved(text: &str) -> bool {
    RESERVED.split_whitespace().any(|word| word == text)
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| {
        let mut word = first.to_ascii_uppercase().to_string();
        word.push_str(chars.as_str());
        word
    })
}

/// The name that somebody may have meant: `OrderWorker` and `order worker` are `order-worker`.
fn suggestion(text: &str) -> Option<String> {
    let mut name = String::new();
    for c in text.chars().take(MAX_CHARS) {
        match c {
            'A'..='Z' => {
                if name.ends_with(|last: char| last.is_ascii_lowercase() || last.is_ascii_digit()) {
                    name.push('-');
                }
                name.push(c.to_ascii_lowercase());
            }
            'a'..='z' | '0'..='9' | '_' => name.push(c),
            _ if !name.is_empty() && !name.ends_with('-') => name.push('-'),
            _ => {}
        }
    }
    let name = name.trim_matches(['-', '_']).to_owned();
    (is_spelt_right(&name) && !is_reserved(&name)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_package_and_a_logical_id() {
        for (name, id) in [
            ("hello", "Hello"),
            ("order-worker", "OrderWorker"),
            ("v2_api--x", "V2ApiX"),
            ("a1-2b", "A12b"),
        ] {
            assert_eq!(Name::parse(name).unwrap().logical_id, id);
        }
    }

    #[test]
    fn what_is_none_gets_the_rule_and_a_suggestion() {
        for (name, parts) in [
            ("", "order-worker, say"),
            ("1st", "order-worker, say"),
            ("-x", "did you mean `x`?"),
            ("Hello", "did you mean `hello`?"),
            ("OrderWorker", "did you mean `order-worker`?"),
            ("order worker", "did you mean `order-worker`?"),
            ("../../etc", "did you mean `etc`?"),
            ("caf\u{e9}", "did you mean `caf`?"),
            ("test", "test-function is free"),
            ("async", "async-function is free"),
        ] {
            let error = Name::parse(name).unwrap_err().to_string();
            assert!(error.contains(parts), "{name}: {error}");
        }
        assert!(Name::parse(&"x".repeat(49)).unwrap_err().to_string().contains("at most 48"));
        Name::parse(&"x".repeat(48)).unwrap();
    }
}
