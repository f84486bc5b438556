//! `Condition` of a policy's statement.
//!
//! IAM user guide, "IAM JSON policy elements: Condition operators", "... Conditions with multiple
//! context keys or values" and "... Set operators for multivalued context keys".

use std::cmp::Ordering;
use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::Value;

use super::facts::Facts;
use super::{PolicyError, fits};
use crate::pattern::Cidr;

/// One operator with one key: all conditions of a statement must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Condition {
    quantifier: Quantifier,
    operator: Operator,
    /// Whether none of the values may fit, instead of one of them.
    is_negated: bool,
    /// `...IfExists`: it holds where the request does not have the key.
    if_exists: bool,
    /// In lower case: names of keys have no case.
    key: String,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quantifier {
    One,
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equals,
    EqualsIgnoringCase,
    Like,
    Arn,
    Bool,
    Address,
    Null,
    Numeric(Comparison),
    Date(Comparison),
}

/// How the request's value compares with the policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Reads all conditions of a statement.
pub(super) fn read(document: Option<&Value>) -> Result<Vec<Condition>, PolicyError> {
    let Some(document) = document.filter(|document| !document.is_null()) else {
        return Ok(Vec::new());
    };
    let operators = document.as_object().ok_or(PolicyError("a `Condition` is not an object"))?;
    let mut conditions = Vec::new();
    for (name, keys) in operators {
        let (quantifier, operator, is_negated, if_exists) =
            operator(name).ok_or(PolicyError("a `Condition` has an operator that is not known"))?;
        let keys = keys.as_object().ok_or(PolicyError("an operator has no keys"))?;
        for (key, values) in keys {
            let values = match values {
                Value::Array(values) => values.iter().map(text).collect(),
                value => text(value).map(|value| vec![value]),
            };
            let values = values.ok_or(PolicyError("a key's values are not texts"))?;
            // A policy variable, `${aws:username}`, would be taken for text.
            if values.iter().any(|value| value.contains("${")) {
                return Err(PolicyError("policy variables (`${...}`) are not supported"));
            }
            let key = key.to_ascii_lowercase();
            conditions.push(Condition { quantifier, operator, is_negated, if_exists, key, values });
        }
    }
    Ok(conditions)
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

/// What an operator's name says: `ForAnyValue:StringNotEqualsIfExists`.
fn operator(name: &str) -> Option<(Quantifier, Operator, bool, bool)> {
    let (quantifier, name) = match name.split_once(':') {
        None => (Quantifier::One, name),
        Some(("ForAllValues", name)) => (Quantifier::All, name),
        Some(("ForAnyValue", name)) => (Quantifier::Any, name),
        Some(_) => return None,
    };
    let (name, if_exists) = match name.strip_suffix("IfExists") {
        // `Null` asks just that.
        Some("Null") => return None,
        Some(name) => (name, true),
        None => (name, false),
    };
    let compare = |name: &str| {
        Some(match name {
            "Equals" => (Comparison::Equal, false),
            "NotEquals" => (Comparison::Equal, true),
            "LessThan" => (Comparison::Less, false),
            "LessThanEquals" => (Comparison::LessOrEqual, false),
            "GreaterThan" => (Comparison::Greater, false),
            "GreaterThanEquals" => (Comparison::GreaterOrEqual, false),
            _ => return None,
        })
    };
    let (operator, is_negated) = match name {
        "StringEquals" | "BinaryEquals" => (Operator::Equals, false),
        "StringNotEquals" => (Operator::Equals, true),
        "StringEqualsIgnoreCase" => (Operator::EqualsIgnoringCase, false),
        "StringNotEqualsIgnoreCase" => (Operator::EqualsIgnoringCase, true),
        "StringLike" => (Operator::Like, false),
        "StringNotLike" => (Operator::Like, true),
        "ArnEquals" | "ArnLike" => (Operator::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Operator::Arn, true),
        "Bool" => (Operator::Bool, false),
        "IpAddress" => (Operator::Address, false),
        "NotIpAddress" => (Operator::Address, true),
        "Null" => (Operator::Null, false),
        name => {
            if let Some(name) = name.strip_prefix("Numeric") {
                let (comparison, is_negated) = compare(name)?;
                (Operator::Numeric(comparison), is_negated)
            } else {
                let (comparison, is_negated) = compare(name.strip_prefix("Date")?)?;
                (Operator::Date(comparison), is_negated)
            }
        }
    };
    Some((quantifier, operator, is_negated, if_exists))
}

impl Condition {
    /// Whether it holds for a request.
    pub(super) fn holds(&self, facts: &Facts<'_>) -> bool {
        let actual = facts.get(&self.key);
        if self.operator == Operator::Null {
            return self.values.iter().any(|value| {
                let is_absent = value.eq_ignore_ascii_case("true");
                is_absent == actual.is_none()
            });
        }
        let Some(actual) = actual else {
            return match self.quantifier {
                Quantifier::One => self.is_negated || self.if_exists,
                // None of the request's values is another one.
                Quantifier::All => true,
                Quantifier::Any => false,
            };
        };
        // A request has one value for each key that there is here, which a set operator takes as
        // it is.
        let fits = self.values.iter().any(|value| self.operator.fits(value, &actual));
        fits != self.is_negated
    }
}

impl Operator {
    /// Whether the request's value, `actual`, fits the policy's.
    fn fits(self, value: &str, actual: &str) -> bool {
        match self {
            Self::Equals => value == actual,
            Self::EqualsIgnoringCase => value.to_lowercase() == actual.to_lowercase(),
            Self::Like => fits(value, actual),
            Self::Arn => {
                // Each of the six parts by itself: a star takes no colon.
                let (parts, actual) = (value.splitn(6, ':'), actual.splitn(6, ':'));
                let (parts, actual): (Vec<_>, Vec<_>) = (parts.collect(), actual.collect());
                parts.len() == actual.len()
                    && parts.iter().zip(&actual).all(|(part, actual)| fits(part, actual))
            }
            Self::Bool => value.eq_ignore_ascii_case(actual),
            Self::Address => is_within(value, actual),
            // Decided before there is a value.
            Self::Null => false,
            Self::Numeric(comparison) => {
                let (value, actual) = (value.parse::<f64>(), actual.parse::<f64>());
                value.ok().zip(actual.ok()).is_some_and(|(value, actual)| {
                    actual.partial_cmp(&value).is_some_and(|order| comparison.is(order))
                })
            }
            Self::Date(comparison) => time(value)
                .zip(time(actual))
                .is_some_and(|(value, actual)| comparison.is(actual.cmp(&value))),
        }
    }
}

impl Comparison {
    fn is(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// Whether an address is in a block, or is the one that stands alone.
fn is_within(block: &str, address: &str) -> bool {
    if let Some(block) = Cidr::parse(block) {
        return block.contains(address);
    }
    let (one, other) = (block.parse::<IpAddr>(), address.parse::<IpAddr>());
    one.ok().zip(other.ok()).is_some_and(|(one, other)| one == other)
}

/// ISO 8601, also a date alone, or seconds since the epoch.
fn time(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_second(seconds).ok();
    }
    let date = || text.parse::<jiff::civil::Date>().ok()?.in_tz("UTC").ok();
    text.parse().ok().or_else(|| date().map(|date| date.timestamp()))
}

#[cfg(test)]
mod tests;
