//! `TestEventPattern`: whether a pattern matches an event.

use serde_json::Value;
use thiserror::Error;

use crate::pattern::Pattern;

/// What an event must have (EventBridge API reference, "TestEventPattern").
const MEMBERS: &[&str] = &["id", "account", "source", "time", "region", "resources", "detail-type"];

/// Why a pattern was not tried.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TryPatternError {
    /// `InvalidEventPatternException`.
    #[error("Event pattern is not valid. Reason: {0}")]
    Pattern(String),
    /// `ValidationException`.
    #[error("Parameter Event is not valid. Reason: {0}")]
    Event(String),
}

/// Whether a pattern matches an event, both as JSON text.
///
/// # Errors
/// One of them is no JSON object, the pattern breaks the rules of patterns, or the event lacks
/// one of the members that every event has.
pub fn try_pattern(pattern: &str, event: &str) -> Result<bool, TryPatternError> {
    let pattern = object(pattern).map_err(TryPatternError::Pattern)?;
    let pattern =
        Pattern::new(&pattern).map_err(|error| TryPatternError::Pattern(error.to_string()))?;
    let event = object(event).map_err(TryPatternError::Event)?;
    if let Some(missing) = MEMBERS.iter().find(|name| event.get(name).is_none()) {
        return Err(TryPatternError::Event(format!("{missing} is a required argument.")));
    }
    Ok(pattern.matches(&event))
}

fn object(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err("it is no JSON object".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"id": "1", "account": "000000000000", "source": "shop",
        "time": "2020-01-01T00:00:00Z", "region": "us-east-1", "resources": [],
        "detail-type": "Paid", "detail": {"amount": 12}}"#;

    #[test]
    fn a_pattern_is_tried() {
        for (pattern, result) in [
            (r#"{"source": ["shop"]}"#, Ok(true)),
            (r#"{"detail": {"amount": [{"numeric": ["<", 10]}]}}"#, Ok(false)),
        ] {
            assert_eq!(try_pattern(pattern, EVENT), result);
        }
    }

    #[test]
    fn what_cannot_be_tried() {
        for pattern in ["", "[]", r#"{"source": "shop"}"#, r#"{"a": [{"beyond": 1}]}"#] {
            let tried = try_pattern(pattern, EVENT);
            assert!(matches!(tried, Err(TryPatternError::Pattern(_))), "{pattern}: {tried:?}");
        }
        for event in ["", "[]", "{}", &EVENT.replace("region", "realm")] {
            let tried = try_pattern(r#"{"source": ["shop"]}"#, event);
            assert!(matches!(tried, Err(TryPatternError::Event(_))), "{event}: {tried:?}");
        }
    }
}
