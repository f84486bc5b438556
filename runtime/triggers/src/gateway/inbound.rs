//! A request as the front ends see it.

use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

use bytes::Bytes;
use http::request::Parts;
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Method, Version, header};
use http_body::Body as HttpBody;
use percent_encoding::percent_decode;
use samovar_dispatch::BoxError;
use samovar_http::{BodyError, read_body};

use super::endpoint::Front;
use super::failure::Failure;
use super::headers;

/// What a client expects that waits to be asked for its body.
const CONTINUE: &[u8] = b"100-continue";

/// The head of a request: read before its body, because the route decides how long that may be.
#[derive(Debug)]
pub(crate) struct Inbound {
    pub(crate) method: Method,
    pub(crate) version: Version,
    /// Percent-encoded, as it was sent.
    pub(crate) path: String,
    /// Percent-encoded, as it was sent, without `?`.
    pub(crate) query: String,
    /// Names and values as sent, without those of the connection.
    pub(crate) headers: HeaderMap,
    pub(crate) host: Host,
    /// Whether the connection is encrypted.
    pub(crate) scheme: Scheme,
    pub(crate) peer: IpAddr,
    pub(crate) at: SystemTime,
}

/// Whom a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// `OrdersApi.localhost:3000`, as sent.
    pub(crate) authority: String,
    /// `ordersapi.localhost`, `127.0.0.1`, `[::1]`.
    pub(crate) name: String,
    /// That of the scheme where none is given.
    pub(crate) port: u16,
}

impl Inbound {
    pub(crate) fn new(parts: Parts, peer: SocketAddr, at: SystemTime) -> Self {
        // HTTP/2 has the host in the URI, and so has a proxy's request in HTTP/1.1, where it
        // stands above the header (RFC 9112, section 3.2.2).
        let authority = match parts.uri.authority() {
            Some(authority) => authority.as_str().to_owned(),
            None => parts
                .headers
                .get(header::HOST)
                .map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned())
                .unwrap_or_default(),
        };
        // Of the connection, not of the URI, which is what the client says.
        let scheme = parts.extensions.get::<Scheme>().cloned().unwrap_or(Scheme::HTTP);
        let mut headers = parts.headers;
        headers::remove_hop_by_hop(&mut headers);
        if let Ok(host) = HeaderValue::from_str(&authority) {
            headers.insert(header::HOST, host);
        }
        Self {
            method: parts.method,
            version: parts.version,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers,
            host: Host::parse(authority, &scheme),
            scheme,
            peer: peer.ip().to_canonical(),
            at,
        }
    }

    /// Length of the request line in bytes.
    pub(crate) fn request_line(&self) -> usize {
        let query = if self.query.is_empty() { 0 } else { self.query.len() + 1 };
        let parts = [self.method.as_str().len(), self.path.len(), query, self.protocol().len()];
        // Two spaces are between them.
        parts.into_iter().sum::<usize>() + 2
    }

    /// `HTTP/1.1`.
    pub(crate) fn protocol(&self) -> &'static str {
        match self.version {
            Version::HTTP_09 => "HTTP/0.9",
            Version::HTTP_10 => "HTTP/1.0",
            Version::HTTP_2 => "HTTP/2.0",
            Version::HTTP_3 => "HTTP/3.0",
            _ => "HTTP/1.1",
        }
    }

    /// `User-Agent`, or nothing.
    pub(crate) fn user_agent(&self) -> String {
        self.headers.get(header::USER_AGENT).map(headers::text).unwrap_or_default()
    }

    /// Query parameters in their order, decoded (`+` is a space). A REST API takes `;` for `&`
    /// (API Gateway guide, "Amazon API Gateway important notes").
    pub(crate) fn query_parameters(&self, front: Front) -> Vec<(String, String)> {
        let separates = |c| c == '&' || (c == ';' && front == Front::RestApi);
        let pairs = self.query.split(separates).filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (form_decoded(name), form_decoded(value))
            })
            .collect()
    }
}

impl Inbound {
    /// The body, of at most `limit` bytes. A client that waits to be asked for a larger one
    /// (`Expect: 100-continue`, RFC 9110, section 10.1.1) is not asked: reading is what asks.
    ///
    /// # Errors
    /// The body is too large, broken off, or too slow.
    pub(crate) async fn read<B>(&self, body: B, limit: usize) -> Result<Bytes, Failure>
    where
        B: HttpBody<Data = Bytes> + Send,
        B::Error: Into<BoxError>,
    {
        let waits = self.headers.get(header::EXPECT);
        let waits = waits.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(CONTINUE));
        if waits && body.size_hint().lower() > limit as u64 {
            return Err(Failure::TooLarge);
        }
        read_body(body, limit).await.map_err(|error| match error {
            BodyError::TooLarge => Failure::TooLarge,
            BodyError::Broken => Failure::BadRequest,
            BodyError::TooSlow => Failure::TooSlow,
        })
    }
}

impl Host {
    fn parse(authority: String, scheme: &Scheme) -> Self {
        let default = if *scheme == Scheme::HTTPS { 443 } else { 80 };
        // The last colon is the port's, unless it is inside an IPv6 address.
        let (name, port) = match authority.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, port.parse().unwrap_or(default)),
            _ => (authority.as_str(), default),
        };
        Self { name: name.trim_end_matches('.').to_ascii_lowercase(), port, authority }
    }

    /// `ordersapi` of `ordersapi.localhost` and of `ordersapi.execute-api.…`; none for
    /// addresses and `localhost` itself.
    pub(crate) fn label(&self) -> Option<&str> {
        if self.name.parse::<IpAddr>().is_ok() || self.name.starts_with('[') {
            return None;
        }
        self.name.split_once('.').map(|(label, _)| label)
    }

    /// Whether the name has AWS's own form, `ID.execute-api.REGION.…`: then paths begin with the
    /// stage.
    pub(crate) fn is_execute_api(&self) -> bool {
        self.name.split('.').nth(1) == Some("execute-api")
    }
}

/// `application/x-www-form-urlencoded` decoding of a name or value.
fn form_decoded(text: &str) -> String {
    let spaced: Vec<u8> = text.bytes().map(|b| if b == b'+' { b' ' } else { b }).collect();
    percent_decode(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests;
