//! What a token says.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use super::TokenError;
use crate::time::unix_date;

/// The claims of a token.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::gateway::authorizer) struct Claims(Map<String, Value>);

impl Claims {
    pub(super) fn parse(json: &[u8]) -> Result<Self, TokenError> {
        serde_json::from_slice(json).map(Self).map_err(|_| TokenError::Malformed)
    }

    /// A claim that is a text.
    pub(in crate::gateway::authorizer) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// `iss` must be the issuer, to the letter.
    pub(super) fn check_issuer(&self, issuer: &str) -> Result<(), TokenError> {
        if self.text("iss") == Some(issuer) { Ok(()) } else { Err(TokenError::Issuer) }
    }

    /// `exp` must be after now, `nbf` and `iat` must not be.
    pub(super) fn check_time(&self, now: SystemTime) -> Result<(), TokenError> {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let time = |name: &str| self.0.get(name).map(|value| value.as_f64().unwrap_or(f64::NAN));
        // What is no number compares as false, and so is refused.
        if !time("exp").is_some_and(|end| end > now) {
            return Err(TokenError::Expired);
        }
        let has_begun = |name: &str| time(name).is_none_or(|begin| begin <= now);
        if has_begun("nbf") && has_begun("iat") { Ok(()) } else { Err(TokenError::NotYet) }
    }

    /// `aud` must name one of these, or `client_id` where there is no `aud`. An authorizer without
    /// audiences asks for none.
    pub(in crate::gateway::authorizer) fn check_audience(
        &self,
        audience: &[String],
    ) -> Result<(), TokenError> {
        let is_known = |value: &Value| {
            value.as_str().is_some_and(|value| audience.iter().any(|one| one == value))
        };
        let claim = self.0.get("aud").or_else(|| self.0.get("client_id"));
        let fits = match claim {
            Some(Value::Array(all)) => all.iter().any(is_known),
            Some(one) => is_known(one),
            None => false,
        };
        if fits || audience.is_empty() { Ok(()) } else { Err(TokenError::Audience) }
    }

    /// Those of the scopes that the token has, in `scope` or `scp`: a text with spaces, or a list.
    ///
    /// # Errors
    /// There are scopes, and the token has none of them.
    pub(in crate::gateway::authorizer) fn scopes<'s>(
        &self,
        wanted: &'s [String],
    ) -> Result<Vec<&'s str>, TokenError> {
        let has = |wanted: &str| {
            ["scope", "scp"].iter().filter_map(|name| self.0.get(*name)).any(|own| match own {
                Value::String(text) => text.split(' ').any(|scope| scope == wanted),
                Value::Array(all) => all.iter().any(|scope| scope.as_str() == Some(wanted)),
                _ => false,
            })
        };
        let found: Vec<&str> =
            wanted.iter().map(String::as_str).filter(|scope| has(scope)).collect();
        if found.is_empty() && !wanted.is_empty() { Err(TokenError::Scope) } else { Ok(found) }
    }

    /// As HTTP APIs give claims to functions: each as text. Lists are `[a b]`, which is how their
    /// `cognito:groups` looks.
    pub(in crate::gateway::authorizer) fn as_texts(&self) -> Map<String, Value> {
        self.0.iter().map(|(name, value)| (name.clone(), spelled(value).into())).collect()
    }

    /// As the user pool authorizers of REST APIs give them: lists with commas, `exp` and `iat` as
    /// dates.
    pub(in crate::gateway::authorizer) fn as_pool_texts(&self) -> Map<String, Value> {
        let text = |(name, value): (&String, &Value)| {
            let text = match (name.as_str(), value) {
                ("exp" | "iat", Value::Number(seconds)) => {
                    seconds.as_i64().and_then(unix_date).unwrap_or_else(|| seconds.to_string())
                }
                (_, Value::Array(all)) => all.iter().map(spelled).collect::<Vec<_>>().join(","),
                (_, Value::Object(_)) => value.to_string(),
                _ => spelled(value),
            };
            (name.clone(), text.into())
        };
        self.0.iter().map(text).collect()
    }
}

/// A value as text.
fn spelled(value: &Value) -> String {
    let join = |parts: Vec<String>| parts.join(" ");
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(all) => format!("[{}]", join(all.iter().map(spelled).collect())),
        Value::Object(all) => {
            let pairs = all.iter().map(|(name, value)| format!("{name}:{}", spelled(value)));
            format!("map[{}]", join(pairs.collect()))
        }
    }
}
