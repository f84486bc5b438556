//! What requests carry: queries, documents, pages.

use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::super::error::LambdaError;

/// A decoded query.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn new(query: &str) -> Self {
        let decode = |text: &str| {
            let text = text.replace('+', " ");
            percent_decode_str(&text).decode_utf8_lossy().into_owned()
        };
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(pairs.map(|(name, value)| (decode(name), decode(value))).collect())
    }

    /// The first value of this name that is not empty.
    pub(super) fn get(&self, wanted: &str) -> Option<&str> {
        self.all(wanted).find(|value| !value.is_empty())
    }

    pub(super) fn all<'q>(&'q self, wanted: &str) -> impl Iterator<Item = &'q str> {
        self.0.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value.as_str())
    }

    /// One page of a list as `MaxItems` and `Marker` say, under this name in its document. AWS
    /// gives at most 50 a page, 100 of some lists.
    pub(super) fn page(
        &self,
        name: &str,
        all: Vec<Value>,
        most: usize,
    ) -> Result<Value, LambdaError> {
        let number = |name: &str| match self.get(name) {
            None => Ok(None),
            Some(text) => text.parse::<usize>().map(Some).map_err(|_| {
                LambdaError::InvalidParameter(format!("Invalid value '{text}' of {name}"))
            }),
        };
        let size = number("MaxItems")?.unwrap_or(most).clamp(1, most);
        let from = number("Marker")?.unwrap_or(0);
        let end = from.saturating_add(size);
        let mut document = json!({});
        if end < all.len() {
            document["NextMarker"] = end.to_string().into();
        }
        document[name] = all.into_iter().skip(from).take(size).collect();
        Ok(document)
    }
}

/// A request's document. Nothing at all is the empty one.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, LambdaError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        LambdaError::InvalidContent(format!("Could not parse request body into json: {error}"))
    })
}

/// `ValidationException`, as AWS words it for one member.
pub(super) fn invalid(value: &str, member: &str, constraint: &str) -> LambdaError {
    LambdaError::Validation(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: \
         {constraint}"
    ))
}

/// A number within its bounds.
pub(super) fn within(
    value: Option<u32>,
    member: &str,
    bounds: std::ops::RangeInclusive<u32>,
) -> Result<Option<u32>, LambdaError> {
    let Some(number) = value else { return Ok(None) };
    if number < *bounds.start() {
        let constraint =
            format!("Member must have value greater than or equal to {}", bounds.start());
        return Err(invalid(&number.to_string(), member, &constraint));
    }
    if number > *bounds.end() {
        let constraint = format!("Member must have value less than or equal to {}", bounds.end());
        return Err(invalid(&number.to_string(), member, &constraint));
    }
    Ok(Some(number))
}
