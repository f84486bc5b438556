//! Which messages the function wants to see.
//!
//! Lambda guide, "Using event filtering with an Amazon SQS event source". A pattern is compared
//! with the message's record; its `body` is compared with the fields of a JSON body or with a
//! plain text, and never with the other.

use samovar_queue::Message;
use serde_json::Value;

use crate::pattern::Pattern;

/// `FilterCriteria`: patterns of which one must match. Without any, every message does.
#[derive(Debug, Default)]
pub(crate) struct Filters(Vec<Filter>);

#[derive(Debug)]
struct Filter {
    pattern: Pattern,
    body: Body,
}

/// What a pattern says of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// Nothing: it is about other properties of the message.
    Any,
    /// Tests of a text: `{"body": ["a"]}`.
    Text,
    /// Fields: `{"body": {"a": [1]}}`.
    Json,
}

impl Filters {
    /// The filters of a mapping. If one is no pattern, as where its text is known on AWS alone,
    /// every message passes: what it would have matched must not be deleted.
    pub(crate) fn new(patterns: &[Value]) -> Self {
        let filter = |pattern: &Value| {
            let body = match pattern.get("body") {
                None => Body::Any,
                Some(Value::Object(_)) => Body::Json,
                Some(_) => Body::Text,
            };
            Some(Filter { pattern: Pattern::new(pattern).ok()?, body })
        };
        Self(patterns.iter().map(filter).collect::<Option<_>>().unwrap_or_default())
    }

    /// Whether a message goes to the function. `record` is its record's JSON.
    pub(crate) fn admit(&self, message: &Message, record: &[u8]) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let Ok(mut record) = serde_json::from_slice::<Value>(record) else { return true };
        // A number or a quoted string is JSON too, but has no fields: it is filtered as text.
        let json: Option<Value> = serde_json::from_str(&message.body).ok();
        let json = json.filter(|json| json.is_object() || json.is_array());
        let form = if json.is_some() { Body::Json } else { Body::Text };
        if let (Some(json), Some(body)) = (json, record.get_mut("body")) {
            *body = json;
        }
        self.0.iter().any(|filter| {
            (filter.body == Body::Any || filter.body == form) && filter.pattern.matches(&record)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use samovar_queue::{AttributeValue, MessageAttribute};
    use serde_json::json;

    use super::*;
    use crate::poller::record;

    fn admits(patterns: &[Value], body: &str) -> bool {
        let value = AttributeValue::String("eu".into());
        let attribute = MessageAttribute { data_type: "String".into(), value };
        let message = Message {
            message_id: "059f36b4-87a3-44ab-83d2-661975830a7d".into(),
            receipt_handle: "handle".into(),
            body: body.into(),
            md5_of_body: "0".repeat(32),
            system_attributes: BTreeMap::from([("MessageGroupId".into(), "g1".into())]),
            attributes: BTreeMap::from([("region".into(), attribute)]),
            md5_of_attributes: None,
        };
        let origin = record::Origin {
            queue_arn: "arn:aws:sqs:us-east-1:000000000000:q".into(),
            region: "us-east-1".into(),
            windowed: false,
        };
        let record = record::record(&message, &origin);
        Filters::new(patterns).admit(&message, &record)
    }

    /// The guide's table "Properly filtering Amazon SQS messages", row by row.
    #[test]
    fn forms_of_message_and_filter() {
        let text = json!({"body": [{"prefix": "Result: "}]});
        let fields = json!({"body": {"RequestCode": ["BBBB"]}});
        let other = json!({"messageAttributes": {"region": {"stringValue": ["eu"]}}});
        let json = r#"{"RequestCode": "BBBB"}"#;
        for (filter, body, expected) in [
            (&text, "Result: 1", true),
            (&text, "None", false),
            (&other, "Result: 1", true),
            (&fields, "Result: 1", false),
            (&text, json, false),
            (&other, json, true),
            (&fields, json, true),
            (&fields, r#"{"RequestCode": "AAAA"}"#, false),
        ] {
            assert_eq!(admits(std::slice::from_ref(filter), body), expected, "{filter} {body}");
        }
    }

    #[test]
    fn a_text_lacks_no_field_and_json_is_no_text() {
        assert!(!admits(&[json!({"body": {"a": [{"exists": false}]}})], "text"));
        assert!(!admits(&[json!({"body": [{"anything-but": "x"}]})], "{}"));
        assert!(admits(&[json!({"body": {"a": [{"exists": false}]}})], "{}"));
        assert!(admits(&[json!({"body": ["5"]})], "5"), "a number has no fields");
        assert!(admits(
            &[json!({"body": {"a": [{"numeric": [">", 1]}]}})],
            r#"[{"a": 1}, {"a": 2}]"#
        ));
    }

    #[test]
    fn one_of_several_is_enough() {
        let filters = [json!({"body": {"a": [1]}}), json!({"body": ["x"]})];
        assert!(admits(&filters, "x") && admits(&filters, r#"{"a": 1}"#));
        assert!(!admits(&filters, "y") && !admits(&filters, r#"{"a": 2}"#));
    }

    #[test]
    fn metadata_is_text() {
        assert!(admits(&[json!({"attributes": {"MessageGroupId": ["g1"]}})], "x"));
        assert!(!admits(&[json!({"attributes": {"MessageGroupId": ["g2"]}})], "x"));
        assert!(admits(&[json!({"eventSource": ["aws:sqs"], "body": ["x"]})], "x"));
        assert!(admits(
            &[json!({"messageAttributes": {"none": {"stringValue": [{"exists": false}]}}})],
            "x"
        ));
    }

    #[test]
    fn without_a_known_filter_everything_passes() {
        assert!(admits(&[], "x"));
        assert!(admits(&[json!({"body": ["y"]}), json!("${Imported}")], "x"));
    }
}
