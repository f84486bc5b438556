//! What an order is, and why a body is not one.

use serde::Serialize;
use serde_json::Value;

const MAX_ITEM_CHARS: usize = 256;
const MAX_QUANTITY: u64 = 1000;

/// An order as a customer gives it, checked.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Order {
    pub(crate) item: String,
    pub(crate) quantity: u64,
}

/// Why a body is not an order.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Rejection {
    #[error("the body must be JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    #[error("the body must be a JSON object with \"item\" and \"quantity\"")]
    NotAnObject,
    #[error("{field} {expected}")]
    Field { field: &'static str, expected: String },
}

impl Rejection {
    /// The field that is wrong, where it is one field.
    pub(crate) fn field(&self) -> Option<&'static str> {
        match self {
            Self::Field { field, .. } => Some(field),
            Self::NotJson(_) | Self::NotAnObject => None,
        }
    }
}

impl Order {
    /// Reads `{"item": string, "quantity": 1..=1000}`; further fields are ignored.
    ///
    /// # Errors
    /// The first thing that is wrong with the body.
    pub(crate) fn from_json(body: &[u8]) -> Result<Self, Rejection> {
        let Value::Object(fields) = serde_json::from_slice(body)? else {
            return Err(Rejection::NotAnObject);
        };
        let item = fields.get("item").and_then(Value::as_str).filter(|item| is_item(item));
        let item = item.ok_or_else(|| Rejection::Field {
            field: "item",
            expected: format!("must be a printable text of 1 to {MAX_ITEM_CHARS} characters"),
        })?;
        let quantity = fields.get("quantity").and_then(Value::as_u64);
        let quantity = quantity.filter(|n| (1..=MAX_QUANTITY).contains(n)).ok_or_else(|| {
            let expected = format!("must be a whole number from 1 to {MAX_QUANTITY}");
            Rejection::Field { field: "quantity", expected }
        })?;
        Ok(Self { item: item.to_owned(), quantity })
    }
}

/// SQS refuses a message with U+FFFE or U+FFFF (SQS API, `SendMessage`), so they count as
/// unprintable here.
fn is_item(text: &str) -> bool {
    let unprintable = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    !text.trim().is_empty()
        && text.chars().count() <= MAX_ITEM_CHARS
        && !text.chars().any(unprintable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected_field(body: &str) -> Option<&'static str> {
        Order::from_json(body.as_bytes()).expect_err("a rejection").field()
    }

    #[test]
    fn takes_orders_up_to_the_limits() {
        for quantity in [1, 1000] {
            let body = format!(r#"{{"item":"tea","quantity":{quantity},"note":"soon"}}"#);
            let order = Order::from_json(body.as_bytes()).unwrap();
            assert_eq!(order, Order { item: "tea".into(), quantity });
        }
    }

    #[test]
    fn names_a_wrong_quantity() {
        for quantity in ["0", "1001", "-1", "1.5", "\"2\"", "null", "1e40"] {
            let body = format!(r#"{{"item":"tea","quantity":{quantity}}}"#);
            assert_eq!(rejected_field(&body), Some("quantity"), "{quantity}");
        }
        assert_eq!(rejected_field(r#"{"item":"tea"}"#), Some("quantity"));
    }

    #[test]
    fn names_a_wrong_item() {
        let long = format!("\"{}\"", "x".repeat(MAX_ITEM_CHARS + 1));
        for item in ["\"\"", "\"  \"", "7", "null", r#""a\u0000b""#, r#""\uffff""#, &long] {
            let body = format!(r#"{{"item":{item},"quantity":1}}"#);
            assert_eq!(rejected_field(&body), Some("item"), "{item}");
        }
        assert_eq!(rejected_field("{}"), Some("item"));
    }

    #[test]
    fn tells_json_from_other_things() {
        assert!(matches!(Order::from_json(b"tea, please"), Err(Rejection::NotJson(_))));
        assert!(matches!(Order::from_json(b""), Err(Rejection::NotJson(_))));
        assert!(matches!(Order::from_json(b"[1]"), Err(Rejection::NotAnObject)));
    }
}
