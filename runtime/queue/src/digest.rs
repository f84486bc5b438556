//! Digests: the MD5s by which AWS's SDKs check what they sent and received, and the SHA-256s that
//! FIFO queues go by.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation>

use md5::{Digest, Md5};
use sha2::Sha256;

use crate::{
    AttributeValue, MessageAttribute,
    core::{DeduplicationKey, Group},
};

/// The digest of a body, in lower-case hexadecimal.
pub(crate) fn of_body(body: &str) -> String {
    hex(&Md5::digest(body))
}

/// The digest of attributes, which must come in the order of their names; nothing for none.
///
/// Of each attribute: its name, its data type, a byte that says which kind of value it has, its
/// value; all but that byte after their length as 4 bytes, big-endian.
pub(crate) fn of_attributes<'a>(
    attributes: impl IntoIterator<Item = (&'a String, &'a MessageAttribute)>,
) -> Option<String> {
    let mut attributes = attributes.into_iter().peekable();
    attributes.peek()?;
    let mut md5 = Md5::new();
    for (name, MessageAttribute { data_type, value }) in attributes {
        update(&mut md5, name.as_bytes());
        update(&mut md5, data_type.as_bytes());
        match value {
            AttributeValue::String(value) => {
                md5.update([1]);
                update(&mut md5, value.as_bytes());
            }
            AttributeValue::Binary(value) => {
                md5.update([2]);
                update(&mut md5, value);
            }
        }
    }
    Some(hex(&md5.finalize()))
}

/// The deduplication id that a message has by its content: the SHA-256 of its body.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
pub(crate) fn of_content(body: &str) -> String {
    hex(&Sha256::digest(body))
}

/// By what a message is known to be a duplicate: its deduplication id, and the id of its group
/// when other groups may use the same.
pub(crate) fn of_deduplication(id: &str, group: Option<&str>) -> DeduplicationKey {
    let mut sha = Sha256::new_with_prefix(id);
    if let Some(group) = group {
        // No id has a zero byte.
        sha.update([0]);
        sha.update(group);
    }
    first_bytes(&sha.finalize())
}

/// By what the messages of a group are known to be of one.
pub(crate) fn of_group(id: &str) -> Group {
    Group::from_be_bytes(first_bytes(&Sha256::digest(id)))
}

fn first_bytes<const N: usize>(digest: &[u8]) -> [u8; N] {
    std::array::from_fn(|index| digest[index])
}

fn update(md5: &mut Md5, bytes: &[u8]) {
    // Never cut: a message with its attributes has at most 1 MiB.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    md5.update(length.to_be_bytes());
    md5.update(bytes);
}

fn hex(digest: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0F)]).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use bytes::Bytes;

    use super::*;

    fn string(value: &str) -> MessageAttribute {
        MessageAttribute { data_type: "String".into(), value: AttributeValue::String(value.into()) }
    }

    /// Values that AWS answered, recorded in LocalStack's
    /// `tests/aws/services/sqs/test_sqs.snapshot.json`.
    #[test]
    fn agrees_with_aws() {
        assert_eq!(of_body("msg"), "6e2baaf3b97dbeef01c0043275f9a0e7");

        let names = [("General", "Kenobi"), ("Hello", "There"), ("Help.Me", "Me")];
        let attributes: BTreeMap<String, MessageAttribute> =
            names.iter().map(|&(name, value)| (name.into(), string(value))).collect();
        assert_eq!(of_attributes(&attributes).as_deref(), Some("4c360f3fdafd970e05fae2f149d997f5"));

        let value = b"traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01";
        let attribute = MessageAttribute {
            data_type: "Binary".into(),
            value: AttributeValue::Binary(Bytes::from_static(value)),
        };
        let attributes = BTreeMap::from([("attr1".to_owned(), attribute)]);
        assert_eq!(of_attributes(&attributes).as_deref(), Some("8cbe4db156db8a94db8b801b7addb984"));
        assert_eq!(of_attributes(&BTreeMap::new()), None);
    }

    #[test]
    fn the_same_deduplication_id_differs_by_group_when_that_is_the_scope() {
        assert_eq!(
            of_content("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let keys = [
            of_deduplication("id", None),
            of_deduplication("id", Some("a")),
            of_deduplication("id", Some("b")),
            of_deduplication("ida", Some("")),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key));
        }
    }
}
