//! What `GET /runtime/invocation/next` answers.

use std::time::UNIX_EPOCH;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use samovar_dispatch::Invocation;

/// An event on its way to the runtime.
#[derive(Debug)]
pub(crate) struct NextEvent {
    /// The invocation's request id.
    pub(crate) request_id: String,
    /// All headers of the answer.
    pub(crate) headers: HeaderMap,
    /// The event.
    pub(crate) payload: Bytes,
    /// Whether the caller takes a response in streaming mode.
    pub(crate) streaming: bool,
}

impl NextEvent {
    /// From an invocation whose event is `payload`.
    pub(crate) fn new(invocation: &Invocation, function_arn: &str, payload: Bytes) -> Self {
        let deadline = invocation.deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
        let client_context = invocation.client_context.as_deref().map(ascii_json);
        let fields = [
            ("lambda-runtime-aws-request-id", Some(invocation.request_id.as_str())),
            ("lambda-runtime-deadline-ms", Some(&*deadline.as_millis().to_string())),
            ("lambda-runtime-invoked-function-arn", Some(function_arn)),
            ("lambda-runtime-trace-id", Some(invocation.trace_id.as_str())),
            ("lambda-runtime-client-context", client_context.as_deref()),
            (header::CONTENT_TYPE.as_str(), Some("application/json")),
        ];
        let headers = fields
            .into_iter()
            .filter_map(|(name, value)| {
                // A value that no header can hold (a line feed in a trace id that a client
                // made up) is left out, as an absent one is.
                let value = HeaderValue::from_str(value.filter(|value| !value.is_empty())?).ok()?;
                Some((HeaderName::from_static(name), value))
            })
            .collect();
        Self {
            request_id: invocation.request_id.clone(),
            headers,
            payload,
            streaming: invocation.streaming,
        }
    }
}

/// The same JSON in ASCII without line feeds: outside of strings control characters are blanks
/// (RFC 8259 section 2), and inside any character may be written as `\u` and four digits
/// (section 7). Runtimes read this header as text, and most take ASCII only.
fn ascii_json(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            ' '..='~' => ascii.push(c),
            c if c.is_ascii_control() => ascii.push(' '),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    ascii.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use samovar_dispatch::{Event, Source};

    use super::*;

    fn invocation() -> Invocation {
        Invocation::new(Event::Bytes(Bytes::new()), Source::Invoke)
    }

    #[test]
    fn all_headers_are_there() {
        let mut invocation = invocation();
        invocation.deadline = UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
        invocation.client_context = Some("{\"custom\":\n{\"a\":\"é😀\"}}".into());
        let event = NextEvent::new(&invocation, "arn:aws:lambda:r:0:function:f", Bytes::new());
        let header = |name| event.headers.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(header("lambda-runtime-aws-request-id"), Some(&*invocation.request_id));
        assert_eq!(header("lambda-runtime-deadline-ms"), Some("1700000000123"));
        assert_eq!(
            header("lambda-runtime-invoked-function-arn"),
            Some("arn:aws:lambda:r:0:function:f")
        );
        assert_eq!(header("lambda-runtime-trace-id"), Some(&*invocation.trace_id));
        assert_eq!(header("content-type"), Some("application/json"));
        let context = header("lambda-runtime-client-context").unwrap();
        let context: serde_json::Value = serde_json::from_str(context).unwrap();
        assert_eq!(context["custom"]["a"], "é😀");
    }

    #[test]
    fn what_is_absent_or_cannot_be_said_is_left_out() {
        let mut invocation = invocation();
        invocation.trace_id = "Root=1\r\nX-Evil: 1".into();
        let event = NextEvent::new(&invocation, "arn", Bytes::new());
        assert!(!event.headers.contains_key("lambda-runtime-trace-id"));
        assert!(!event.headers.contains_key("lambda-runtime-client-context"));
        assert_eq!(event.headers["lambda-runtime-deadline-ms"], "0");
    }
}
