//! Forms, as a tree: `Attribute.1.Name=VisibilityTimeout` is the value of `Name` in `1` in
//! `Attribute`.

use std::collections::BTreeMap;

use percent_encoding::percent_decode;

use super::super::error::SqsError;

/// The most pairs of a form. A batch of ten messages with ten attributes each and a signature
/// has some 400; receives may name attributes without a limit.
const MAX_PAIRS: usize = 4096;

/// The most names of a key; `SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType`
/// has six, and no parameter has more than seven.
const MAX_DEPTH: usize = 8;

/// A form's pairs.
#[derive(Debug, Default)]
pub(super) struct Form {
    root: Node,
    pairs: usize,
}

/// A name in a key, with all that begins with it.
#[derive(Debug, Default)]
pub(super) struct Node {
    value: Option<String>,
    children: BTreeMap<String, Node>,
}

impl Form {
    /// Adds the pairs of a query string or a body. Of pairs with the same key the first counts;
    /// keys too deep for any parameter are passed over, as unknown ones are.
    ///
    /// # Errors
    /// Too many pairs, or bytes that are not UTF-8.
    pub(super) fn read(&mut self, encoded: &[u8]) -> Result<(), SqsError> {
        for pair in encoded.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            self.pairs += 1;
            if self.pairs > MAX_PAIRS {
                let reason = format!("The request has more than {MAX_PAIRS} parameters.");
                return Err(SqsError::serialization(reason));
            }
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let (key, value) = pair.split_at(at);
            let key = decode(key)?;
            let value = decode(value.get(1..).unwrap_or_default())?;
            if key.split('.').count() <= MAX_DEPTH {
                self.node(&key).value.get_or_insert(value);
            }
        }
        Ok(())
    }

    /// The value of a key of one name.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.root.child(key)?.value()
    }

    /// Sets the value of a key.
    pub(super) fn set(&mut self, key: &str, value: &str) {
        self.node(key).value = Some(value.to_owned());
    }

    /// All pairs.
    pub(super) fn root(&self) -> &Node {
        &self.root
    }

    fn node(&mut self, key: &str) -> &mut Node {
        key.split('.')
            .fold(&mut self.root, |node, name| node.children.entry(name.to_owned()).or_default())
    }
}

impl Node {
    /// The value of the key that ends here.
    pub(super) fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// What a key with this further name has.
    pub(super) fn child(&self, name: &str) -> Option<&Node> {
        self.children.get(name)
    }

    /// The items of a list, in the order of their numbers, which may have gaps. A list of one
    /// may go without: the older SQS API reference and boto 2 write `Attribute.Name` for
    /// `Attribute.1.Name`.
    pub(super) fn items(&self) -> Vec<(String, &Node)> {
        let number = |(name, node): (&String, _)| Some((name.parse::<u32>().ok()?, node));
        let mut items: Vec<(u32, &Node)> =
            self.children.iter().filter_map(|(name, node)| number((name, node))).collect();
        if items.is_empty() {
            return vec![(String::new(), self)];
        }
        items.sort_by_key(|(number, _)| *number);
        items.into_iter().map(|(number, node)| (format!(".{number}"), node)).collect()
    }
}

/// WHATWG URL standard, "application/x-www-form-urlencoded parsing", but for bytes that are not
/// UTF-8: a message is kept as it is or not at all.
fn decode(encoded: &[u8]) -> Result<String, SqsError> {
    let spaced: Vec<u8> =
        encoded.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let decoded = percent_decode(&spaced).decode_utf8().map_err(|error| {
        SqsError::serialization(format!("A parameter of the request is not UTF-8: {error}"))
    })?;
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(encoded: &str) -> Form {
        let mut form = Form::default();
        form.read(encoded.as_bytes()).expect("a form");
        form
    }

    #[test]
    fn values_are_decoded() {
        let form = form("&a=1+2%2B3&b&c==%26&a=again&%64=gr%C3%BC%C3%9Fe&e=%zz");
        let got = ["a", "b", "c", "d", "e", "f"].map(|key| form.get(key));
        let expected = [Some("1 2+3"), Some(""), Some("=&"), Some("grüße"), Some("%zz"), None];
        assert_eq!(got, expected);
    }

    #[test]
    fn items_are_sorted_by_number_and_may_have_gaps() {
        let form = form("x.10=c&x.2=b&x.1=a&x.4294967296=no&x.word=no&y=alone");
        let items = |key: &str| -> Vec<String> {
            let items = form.root().child(key).expect("a node").items();
            items.iter().filter_map(|(_, node)| node.value().map(str::to_owned)).collect()
        };
        assert_eq!(
            (items("x"), items("y")),
            (["a", "b", "c"].map(str::to_owned).into(), vec!["alone".to_owned()])
        );
    }

    #[test]
    fn what_is_too_much_is_refused() {
        let reads = |encoded: &[u8]| Form::default().read(encoded).is_ok();
        assert!(reads("a=1&".repeat(MAX_PAIRS).as_bytes()));
        assert!(!reads("a=1&".repeat(MAX_PAIRS + 1).as_bytes()));
        assert!(reads("&".repeat(MAX_PAIRS + 1).as_bytes()), "nothing is no pair");
        assert!(!reads(b"a=%FF") && !reads(b"%FF=a"));
        assert!(form(&"a.".repeat(100_000)).root().child("a").is_none());
    }
}
