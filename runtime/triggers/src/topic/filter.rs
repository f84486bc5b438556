//! Filter policies: which messages a subscription gets.
//!
//! SNS guide, "Amazon SNS message filtering". The language is EventBridge's; where SNS differs,
//! that is in what it is applied to:
//! - By default a policy is about the message's attributes. A `Number` is compared as a number, a
//!   `String.Array` matches with any of its elements, and a `Binary` attribute is as none.
//! - With the scope `MessageBody` it is about the message itself. One that is no JSON object
//!   matches nothing.
//! - SNS has `$or`, `prefix`, `suffix`, `anything-but`, `equals-ignore-case`, `numeric`, `cidr`
//!   and `exists`; `wildcard` it refuses, and it is taken here all the same.

use samovar_queue::{AttributeValue, MessageAttribute};
use serde_json::{Map, Value};

use super::publication::Publication;
use crate::pattern::Pattern;

/// A subscription's filter policy.
#[derive(Debug)]
pub(super) enum Filter {
    /// There is none.
    All,
    Attributes(Pattern),
    Body(Pattern),
    /// It is only known on AWS.
    Nothing,
}

impl Filter {
    pub(super) fn new(policy: Option<&Value>, filters_body: bool) -> Self {
        let Some(policy) = policy else { return Self::All };
        if policy.as_object().is_some_and(Map::is_empty) {
            return Self::All;
        }
        match Pattern::new(policy) {
            Ok(pattern) if filters_body => Self::Body(pattern),
            Ok(pattern) => Self::Attributes(pattern),
            Err(_) => Self::Nothing,
        }
    }

    /// Whether it lets a message through, which is `message` for the subscription's protocol.
    pub(super) fn matches(&self, publication: &Publication, message: &str) -> bool {
        match self {
            Self::All => true,
            Self::Nothing => false,
            Self::Attributes(pattern) => {
                let attributes = publication.attributes.iter();
                let values = attributes.filter_map(|(name, one)| Some((name.clone(), value(one)?)));
                pattern.matches(&Value::Object(values.collect()))
            }
            Self::Body(pattern) => match serde_json::from_str(message) {
                Ok(body @ Value::Object(_)) => pattern.matches(&body),
                _ => false,
            },
        }
    }
}

/// An attribute as a policy sees it.
fn value(attribute: &MessageAttribute) -> Option<Value> {
    let AttributeValue::String(text) = &attribute.value else { return None };
    let parsed = match attribute.data_type.as_str() {
        "Number" => serde_json::from_str(text).ok().filter(Value::is_number),
        "String.Array" => serde_json::from_str(text).ok().filter(Value::is_array),
        _ => None,
    };
    Some(parsed.unwrap_or_else(|| Value::String(text.clone())))
}
