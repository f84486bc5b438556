//! Headers that stay with a connection, and headers that API Gateway adds.

use std::borrow::Cow;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use samovar_dispatch::Invocation;

use super::endpoint::Front;
use super::inbound::Inbound;

pub(crate) const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// RFC 9110, section 7.6.1, with the older names that it lists.
static HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Removes what concerns one connection only, and what `Connection` names.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap) {
    // Most messages have none.
    if !headers.keys().any(|name| HOP_BY_HOP.contains(name)) {
        return;
    }
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
}

/// What a REST API's client gets as `x-amzn-remapped-NAME` (API Gateway guide, "Amazon API Gateway
/// important notes for REST APIs"; LocalStack's `header_utils.py`).
const REMAPPED: [HeaderName; 8] = [
    header::AUTHORIZATION,
    header::CONTENT_LENGTH,
    HeaderName::from_static("content-md5"),
    header::DATE,
    header::MAX_FORWARDS,
    header::SERVER,
    header::USER_AGENT,
    header::WWW_AUTHENTICATE,
];

/// Takes out what a front end does not let functions say under its own name: the connection's
/// headers, and those that it renames to `x-amzn-remapped-NAME`. Function URLs rename
/// `WWW-Authenticate`, HTTP APIs nothing.
pub(crate) fn remap(front: Front, headers: &mut HeaderMap) {
    remove_hop_by_hop(headers);
    let remapped: &[HeaderName] = match front {
        Front::RestApi => &REMAPPED,
        Front::FunctionUrl => &[header::WWW_AUTHENTICATE],
        Front::HttpApi => &[],
    };
    for name in remapped {
        let header::Entry::Occupied(entry) = headers.entry(name) else { continue };
        let values: Vec<HeaderValue> = entry.remove_entry_mult().1.collect();
        let Ok(renamed) = HeaderName::try_from(format!("x-amzn-remapped-{name}")) else { continue };
        for value in values {
            headers.append(renamed.clone(), value);
        }
    }
    if front == Front::RestApi {
        headers.remove(header::EXPECT);
        headers.remove(header::HOST);
    }
    // The server counts the body itself; a wrong number would break the connection.
    headers.remove(header::CONTENT_LENGTH);
}

/// A value as text; bytes that are not UTF-8 are replaced.
pub(crate) fn text(value: &HeaderValue) -> String {
    lossy(value).into_owned()
}

/// As [`text`], copied only where bytes are replaced.
pub(crate) fn lossy(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

/// The request's headers with those that API Gateway and function URLs add:
/// `x-forwarded-for`, `-port`, `-proto` and `x-amzn-trace-id`. On AWS port and protocol are
/// always 443 and `https`; here they are what the client used, so that a function can build
/// links that work.
pub(crate) fn forwarded(inbound: &Inbound, invocation: &Invocation) -> HeaderMap {
    let mut headers = inbound.headers.clone();
    let mut chain = String::new();
    for earlier in headers.get_all(&FORWARDED_FOR) {
        chain.push_str(&text(earlier));
        chain.push_str(", ");
    }
    chain.push_str(&inbound.peer.to_string());
    insert(&mut headers, FORWARDED_FOR, &chain);
    headers.insert(FORWARDED_PORT, inbound.host.port.into());
    insert(&mut headers, FORWARDED_PROTO, inbound.scheme.as_str());
    insert(&mut headers, TRACE_ID, trace_root(&invocation.trace_id));
    headers
}

/// `Root=1-…` of a trace header.
pub(crate) fn trace_root(trace_id: &str) -> &str {
    trace_id.split(';').find(|part| part.trim_start().starts_with("Root=")).unwrap_or(trace_id)
}

/// Whether a client's trace root may go on to the function and back to the client: `Root=` and
/// what X-Ray's ids are made of.
pub(crate) fn is_trace_root(root: &str) -> bool {
    let id = root.strip_prefix("Root=").unwrap_or_default();
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// `Content-Type` for `content-type`. REST APIs keep the case that an HTTP/1.1 client sent; the
/// HTTP library does not tell it, and this is the case that most clients send.
pub(crate) fn train_case(name: &HeaderName) -> String {
    let mut start = true;
    let cased = name.as_str().chars().map(|c| {
        let cased = if start { c.to_ascii_uppercase() } else { c };
        start = c == '-';
        cased
    });
    cased.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9110, section 7.6.1.
    #[test]
    fn headers_of_the_connection_do_not_pass() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Private"),
            ("x-private", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("proxy-connection", "close"),
            ("x-public", "2"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        remove_hop_by_hop(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-public"]);
    }

    /// API Gateway guide, "Amazon API Gateway important notes for REST APIs".
    #[test]
    fn some_headers_of_functions_are_renamed() {
        let left = |front| {
            let mut headers = HeaderMap::new();
            for name in ["date", "server", "www-authenticate", "content-length", "x-own"] {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static("1"));
            }
            headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static("2"));
            remap(front, &mut headers);
            let mut names: Vec<_> = headers.keys().map(|name| name.as_str().to_owned()).collect();
            names.sort();
            (names, headers.get_all("x-amzn-remapped-www-authenticate").iter().count())
        };
        let named = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let rest = [
            "x-amzn-remapped-content-length",
            "x-amzn-remapped-date",
            "x-amzn-remapped-server",
            "x-amzn-remapped-www-authenticate",
            "x-own",
        ];
        assert_eq!(left(Front::RestApi), (named(&rest), 2));
        let url = ["date", "server", "x-amzn-remapped-www-authenticate", "x-own"];
        assert_eq!(left(Front::FunctionUrl), (named(&url), 2));
        let http = ["date", "server", "www-authenticate", "x-own"];
        assert_eq!(left(Front::HttpApi), (named(&http), 0));
    }

    #[test]
    fn names_are_cased_as_clients_send_them() {
        let cased = |name: &str| train_case(&name.parse().expect("a header name"));
        assert_eq!(cased("content-type"), "Content-Type");
        assert_eq!(cased("x-amzn-trace-id"), "X-Amzn-Trace-Id");
        assert_eq!(cased("host"), "Host");
    }

    #[test]
    fn trace_header_keeps_its_root() {
        assert_eq!(trace_root("Root=1-a-b;Parent=c;Sampled=0"), "Root=1-a-b");
        assert_eq!(trace_root("Sampled=1;Root=1-a-b"), "Root=1-a-b");
        assert!(is_trace_root("Root=1-5e9f0c65-1de4d666d4dd26aced652b6c"));
        for bad in ["Root=", "Self=1-a-b", "Root=\u{fffd}", "Root=a b"] {
            assert!(!is_trace_root(bad), "{bad}");
        }
    }
}
