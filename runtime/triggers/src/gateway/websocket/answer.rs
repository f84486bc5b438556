//! What the function of a route answered: `statusCode`, `headers` and `body`, as in proxy
//! integrations of REST APIs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use serde_json::Value;

/// An answer that API Gateway understands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `Sec-WebSocket-Protocol`, which only `$connect` may choose.
    pub(super) protocol: Option<HeaderValue>,
    /// Goes back to the client where the route has a response.
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// An answer that says nothing but its status.
    pub(super) fn of_status(status: u16) -> Self {
        Self { status, protocol: None, body: Vec::new() }
    }

    /// Reads a function's response. `None`: it is malformed.
    pub(super) fn parse(payload: &[u8]) -> Option<Self> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(payload) else { return None };
        let status = match fields.get("statusCode")? {
            Value::Number(number) => number.as_u64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        let status = u16::try_from(status).ok().filter(|status| (200..600).contains(status))?;
        let body = match fields.get("body") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(text)) => match fields.get("isBase64Encoded") {
                Some(Value::Bool(true)) => STANDARD.decode(text).ok()?,
                _ => text.clone().into_bytes(),
            },
            Some(_) => return None,
        };
        let headers = fields.get("headers").and_then(Value::as_object).into_iter().flatten();
        let protocol = headers
            .filter(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-protocol"))
            .find_map(|(_, value)| HeaderValue::from_str(value.as_str()?).ok());
        Some(Self { status, protocol, body })
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_proxy_responses() {
        let answer = Answer::parse(
            br#"{"statusCode":"201","headers":{"Sec-WebSocket-Protocol":"chat"},"body":"hi"}"#,
        )
        .expect("well formed");
        assert_eq!((answer.status, answer.is_success()), (201, true));
        assert_eq!(answer.protocol, Some(HeaderValue::from_static("chat")));
        assert_eq!(answer.body, b"hi");
        let encoded = br#"{"statusCode":200,"isBase64Encoded":true,"body":"AQI="}"#;
        assert_eq!(Answer::parse(encoded).map(|answer| answer.body), Some(vec![1, 2]));
    }

    #[test]
    fn malformed_ones_are_none() {
        for payload in [
            "null",
            "{}",
            "\"text\"",
            "[]",
            "",
            r#"{"statusCode":99}"#,
            r#"{"statusCode":70000}"#,
            r#"{"statusCode":true}"#,
            r#"{"statusCode":200,"body":{}}"#,
            r#"{"statusCode":200,"isBase64Encoded":true,"body":"?"}"#,
        ] {
            assert_eq!(Answer::parse(payload.as_bytes()), None, "{payload}");
        }
    }
}
