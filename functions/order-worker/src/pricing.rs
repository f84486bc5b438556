//! From an order's message to its receipt.

use serde::{Deserialize, Serialize};

const MAX_ITEM_CHARS: usize = 256;
const MAX_QUANTITY: u64 = 1000;

/// What the catalogue has, with prices in cents.
const CATALOGUE: [(&str, u64); 4] =
    [("tea", 450), ("glass", 900), ("teapot", 3_900), ("samovar", 24_900)];

/// What anything else costs, in cents: it is made to order.
const MADE_TO_ORDER: u64 = 1_000;

/// An order's message, as the API sends it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    order_id: String,
    item: String,
    quantity: u64,
}

/// What a customer has to pay.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Receipt {
    order_id: String,
    item: String,
    quantity: u64,
    total_cents: u64,
}

/// Why an order has no receipt.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PricingError {
    #[error("the message is not an order: {0}")]
    NotAnOrder(#[from] serde_json::Error),
    #[error("quantity {0} is not from 1 to {MAX_QUANTITY}")]
    Quantity(u64),
    #[error("the item is not a printable text of 1 to {MAX_ITEM_CHARS} characters")]
    Item,
    #[error("order {0}: nobody sells poison")]
    Poison(String),
}

/// Prices the order in a message's `body`. What the API checks is checked again: anybody with
/// the right to send may have filled the queue, and a receipt that SQS refuses would take the
/// receipts beside it along.
///
/// # Errors
/// The body is not an order, or the item is `poison`, which never has a price: it shows how one
/// message of a batch fails.
pub(crate) fn receipt(body: &str) -> Result<Receipt, PricingError> {
    let Order { order_id, item, quantity } = serde_json::from_str(body)?;
    if !(1..=MAX_QUANTITY).contains(&quantity) {
        return Err(PricingError::Quantity(quantity));
    }
    if !(is_text(&item) && is_text(&order_id)) {
        return Err(PricingError::Item);
    }
    if item == "poison" {
        return Err(PricingError::Poison(order_id));
    }
    let total_cents = quantity * unit_price(&item);
    Ok(Receipt { order_id, item, quantity, total_cents })
}

fn unit_price(item: &str) -> u64 {
    CATALOGUE.iter().find(|(name, _)| *name == item).map_or(MADE_TO_ORDER, |(_, cents)| *cents)
}

/// SQS refuses a message with U+FFFE or U+FFFF (SQS API, `SendMessage`), so they count as
/// unprintable here.
fn is_text(text: &str) -> bool {
    let unprintable = |c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}');
    !text.trim().is_empty()
        && text.chars().count() <= MAX_ITEM_CHARS
        && !text.chars().any(unprintable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(item: &str, quantity: u64) -> u64 {
        let body = format!(r#"{{"orderId":"o-1","item":"{item}","quantity":{quantity}}}"#);
        receipt(&body).unwrap().total_cents
    }

    #[test]
    fn prices_by_catalogue_and_quantity() {
        assert_eq!(total("tea", 1), 450);
        assert_eq!(total("samovar", 1000), 24_900_000);
    }

    #[test]
    fn prices_what_is_made_to_order() {
        assert_eq!(total("dragon-shaped spoon", 2), 2_000);
    }

    #[test]
    fn a_receipt_has_the_order_and_its_total() {
        let receipt = receipt(r#"{"orderId":"o-1","item":"glass","quantity":6}"#).unwrap();
        assert_eq!(
            serde_json::to_value(receipt).unwrap(),
            serde_json::json!({"orderId": "o-1", "item": "glass", "quantity": 6, "totalCents": 5_400})
        );
    }

    #[test]
    fn poison_has_no_price() {
        let error = receipt(r#"{"orderId":"o-1","item":"poison","quantity":1}"#).unwrap_err();
        assert!(matches!(error, PricingError::Poison(id) if id == "o-1"));
    }

    #[test]
    fn a_message_from_elsewhere_is_checked_like_the_apis() {
        let order = |item: &str, quantity: &str| {
            receipt(&format!(r#"{{"orderId":"o-1","item":"{item}","quantity":{quantity}}}"#))
        };
        assert!(matches!(order("tea", "0"), Err(PricingError::Quantity(0))));
        assert!(matches!(order("tea", "1001"), Err(PricingError::Quantity(1001))));
        assert!(matches!(order("tea", "-1"), Err(PricingError::NotAnOrder(_))));
        assert!(matches!(order("", "1"), Err(PricingError::Item)));
        assert!(matches!(order(r"\uffff", "1"), Err(PricingError::Item)));
        assert!(matches!(order(&"x".repeat(257), "1"), Err(PricingError::Item)));
        assert!(matches!(receipt("tea, please"), Err(PricingError::NotAnOrder(_))));
    }
}
