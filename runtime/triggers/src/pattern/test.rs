//! What a leaf of an event is compared with.

use serde_json::{Number, Value};

use super::cidr::Cidr;
use super::wildcard::Wildcard;

/// How large the numbers of `numeric` may be, either way (EventBridge user guide, "Numeric
/// matching": -5.0e9 to +5.0e9 inclusive).
pub(super) const NUMERIC_LIMIT: f64 = 5.0e9;

/// One comparison of a leaf: a string, number, boolean or null.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// The very value.
    Equals(Value),
    /// `prefix`.
    Prefix(String),
    /// `prefix` of `equals-ignore-case`: lower-case characters.
    PrefixIgnoreCase(Vec<char>),
    /// `suffix`.
    Suffix(String),
    /// `suffix` of `equals-ignore-case`: lower-case characters.
    SuffixIgnoreCase(Vec<char>),
    /// `equals-ignore-case`: lower-case characters.
    EqualsIgnoreCase(Vec<char>),
    /// `wildcard`.
    Wildcard(Wildcard),
    /// `numeric`: all the bounds hold.
    Numeric(Vec<(Comparison, f64)>),
    /// `cidr`.
    Cidr(Cidr),
    /// `{"exists": true}`: every leaf will do.
    Exists,
    /// `anything-but`: none of them holds.
    AnythingBut(Vec<Test>),
}

/// An operator of `numeric`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    pub(super) fn parse(operator: &str) -> Option<Self> {
        Some(match operator {
            "=" => Self::Equal,
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            ">" => Self::Greater,
            ">=" => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    fn holds(self, value: f64, bound: f64) -> bool {
        match self {
            Self::Equal => value == bound,
            Self::Less => value < bound,
            Self::LessOrEqual => value <= bound,
            Self::Greater => value > bound,
            Self::GreaterOrEqual => value >= bound,
        }
    }
}

impl Test {
    /// Whether it holds for a leaf.
    pub(super) fn holds(&self, leaf: &Value) -> bool {
        match (self, leaf) {
            (Self::Exists, _) => true,
            (Self::AnythingBut(tests), leaf) => !tests.iter().any(|test| test.holds(leaf)),
            (Self::Equals(Value::Number(number)), Value::Number(leaf)) => equal(number, leaf),
            (Self::Equals(value), leaf) => value == leaf,
            (Self::Numeric(bounds), Value::Number(leaf)) => leaf.as_f64().is_some_and(|leaf| {
                leaf.abs() <= NUMERIC_LIMIT
                    && bounds.iter().all(|(comparison, bound)| comparison.holds(leaf, *bound))
            }),
            (test, Value::String(leaf)) => test.holds_for_text(leaf),
            _ => false,
        }
    }

    fn holds_for_text(&self, leaf: &str) -> bool {
        match self {
            Self::Prefix(prefix) => leaf.starts_with(prefix.as_str()),
            Self::Suffix(suffix) => leaf.ends_with(suffix.as_str()),
            Self::PrefixIgnoreCase(prefix) => {
                let mut leaf = lower_case(leaf);
                prefix.iter().all(|character| leaf.next() == Some(*character))
            }
            Self::SuffixIgnoreCase(suffix) => {
                lower_case(leaf).collect::<Vec<_>>().ends_with(suffix)
            }
            Self::EqualsIgnoreCase(text) => lower_case(leaf).eq(text.iter().copied()),
            Self::Wildcard(wildcard) => wildcard.matches(leaf),
            Self::Cidr(block) => block.contains(leaf),
            Self::Equals(_) | Self::Numeric(_) | Self::Exists | Self::AnythingBut(_) => false,
        }
    }
}

/// A text's characters without the difference of cases.
pub(super) fn lower_case(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_lowercase)
}

/// Numbers are equal by value: `300`, `300.0` and `3.0e2` are one. Integers of more than 53 bits
/// (account ids are not, other ids may be) keep all their digits.
fn equal(one: &Number, other: &Number) -> bool {
    one == other
        || ((one.is_f64() || other.is_f64())
            && one.as_f64().is_some_and(|one| other.as_f64() == Some(one)))
}
