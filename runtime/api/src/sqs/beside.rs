//! Shapes that have a member more in some places: the `Id` of a batch's entry, a `QueueUrl`.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{CowStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// The name of a member.
pub(crate) trait Name {
    const NAME: &'static str;
}

/// The member `Id`.
pub(crate) struct Id;

impl Name for Id {
    const NAME: &'static str = "Id";
}

/// The member `QueueUrl`.
pub(crate) struct QueueUrl;

impl Name for QueueUrl {
    const NAME: &'static str = "QueueUrl";
}

/// A shape and the member `N` that stands among its own.
///
/// `#[serde(flatten)]` would read the same, and keep a copy of all members on the way.
pub(crate) struct Beside<N, T> {
    pub(crate) member: Option<String>,
    pub(crate) shape: T,
    name: PhantomData<N>,
}

impl<'de, N: Name, T: Deserialize<'de>> Deserialize<'de> for Beside<N, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(BesideVisitor(PhantomData))
    }
}

struct BesideVisitor<N, T>(PhantomData<(N, T)>);

impl<'de, N: Name, T: Deserialize<'de>> Visitor<'de> for BesideVisitor<N, T> {
    type Value = Beside<N, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a structure with the member {}", N::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let mut member = None;
        let others = Others { map, name: N::NAME, member: &mut member };
        let shape = T::deserialize(MapAccessDeserializer::new(others))?;
        Ok(Beside { member: member.flatten(), shape, name: PhantomData })
    }
}

/// The members but for one, which is kept aside.
struct Others<'a, A> {
    map: A,
    name: &'static str,
    member: &'a mut Option<Option<String>>,
}

/// A member's name, borrowed from the document where that has it as it is.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Others<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(Key(key)) = self.map.next_key()? {
            if key != self.name {
                let key: CowStrDeserializer<'_, A::Error> = key.into_deserializer();
                return seed.deserialize(key).map(Some);
            }
            if self.member.is_some() {
                return Err(A::Error::duplicate_field(self.name));
            }
            *self.member = Some(self.map.next_value()?);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Shape {
        body: Option<String>,
        number: Option<i64>,
    }

    fn read(document: &str) -> Result<(Option<String>, Shape), String> {
        let read: Result<Beside<Id, Shape>, _> = serde_json::from_str(document);
        let read = read.map_err(|error| error.to_string())?;
        // What comes from a form is read the same way.
        let value = serde_json::from_str(document).unwrap();
        let again: Beside<Id, Shape> = serde_json::from_value(value).unwrap();
        assert_eq!((&again.member, &again.shape), (&read.member, &read.shape));
        Ok((read.member, read.shape))
    }

    #[test]
    fn a_member_stands_anywhere_among_the_others() {
        let shape = || Shape { body: Some("x\"".into()), number: Some(3) };
        let id = || Some("a".to_owned());
        for document in [
            r#"{"Id": "a", "Body": "x\"", "Number": 3}"#,
            r#"{"Body": "x\"", "Other": {"Id": 5}, "Id": "a", "Number": 3}"#,
            r#"{"Number": 3, "Body": "x\"", "I\u0064": "a"}"#,
        ] {
            assert_eq!(read(document), Ok((id(), shape())), "{document}");
        }
        let nothing = Shape { body: None, number: None };
        assert_eq!(read(r#"{"Id": null}"#), Ok((None, nothing)));
        assert_eq!(read(r#"{"Number": 1}"#).unwrap().0, None);
    }

    #[test]
    fn what_is_no_such_shape_is_an_error() {
        for (document, reason) in [
            (r#"{"Id": 5}"#, "invalid type: integer `5`, expected a string"),
            (r#"{"Id": "a", "Id": "b"}"#, "duplicate field `Id`"),
            (r#"{"Id": "a", "Number": "3"}"#, "invalid type: string \"3\""),
            (r#"["a"]"#, "expected a structure with the member Id"),
            (r#"{"Id": "a""#, "EOF"),
        ] {
            let error = read(document).unwrap_err();
            assert!(error.contains(reason), "{document}: {error}");
        }
    }
}
