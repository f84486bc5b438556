//! The opening handshake, as far as it is HTTP (RFC 6455, section 4.2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode, Version};
use hyper::upgrade::OnUpgrade;
use samovar_dispatch::Body;
use samovar_http::full;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// A request to upgrade to WebSocket.
pub(crate) struct Upgrade {
    /// Gives the connection, once the answer to the request is written.
    pub(super) connection: Option<OnUpgrade>,
    /// `Sec-WebSocket-Accept`, or what is wrong with the request.
    pub(super) accept: Result<HeaderValue, Malformed>,
}

/// Why an upgrade request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malformed {
    /// `Sec-WebSocket-Key` is not 16 bytes in base64.
    Key,
    /// `Sec-WebSocket-Version` is not 13.
    Version,
}

impl Upgrade {
    /// Takes the upgrade out of a request that asks for it. `None`: it does not.
    pub(crate) fn take(parts: &mut Parts) -> Option<Self> {
        let headers = &parts.headers;
        let is_asked = parts.method == Method::GET
            && parts.version == Version::HTTP_11
            && has_token(headers, &header::UPGRADE, "websocket")
            && has_token(headers, &header::CONNECTION, "upgrade");
        if !is_asked {
            return None;
        }
        let accept = accept(headers);
        Some(Self { connection: parts.extensions.remove::<OnUpgrade>(), accept })
    }
}

impl Malformed {
    pub(super) fn response(self) -> Response<Body> {
        let (status, text) = match self {
            Self::Key => (StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is not 16 bytes in base64"),
            Self::Version => (StatusCode::UPGRADE_REQUIRED, "Sec-WebSocket-Version must be 13"),
        };
        let mut response = Response::new(full(text));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        response
    }
}

/// The answer that makes a connection of the request's, with the subprotocol that was chosen.
pub(super) fn switching(accept: HeaderValue, protocol: Option<HeaderValue>) -> Response<Body> {
    let mut response = Response::new(full(""));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(protocol) = protocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}

fn accept(headers: &HeaderMap) -> Result<HeaderValue, Malformed> {
    let version = headers.get(header::SEC_WEBSOCKET_VERSION);
    if version.is_none_or(|version| version.as_bytes() != b"13") {
        return Err(Malformed::Version);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or(Malformed::Key)?.as_bytes();
    if STANDARD.decode(key).is_ok_and(|key| key.len() == 16) {
        HeaderValue::from_str(&derive_accept_key(key)).map_err(|_| Malformed::Key)
    } else {
        Err(Malformed::Key)
    }
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn upgrade(change: impl FnOnce(&mut HeaderMap)) -> Option<Upgrade> {
        let request = Request::get("/dev")
            .header("Connection", "keep-alive, Upgrade")
            .header("Upgrade", "WebSocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        let mut parts = request.body(()).expect("a request").into_parts().0;
        change(&mut parts.headers);
        Upgrade::take(&mut parts)
    }

    /// The example of RFC 6455, section 1.3.
    #[test]
    fn the_key_is_accepted_as_the_rfc_computes_it() {
        let accept = upgrade(|_| {}).expect("an upgrade").accept;
        assert_eq!(accept, Ok(HeaderValue::from_static("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
    }

    #[test]
    fn what_is_no_upgrade_is_none() {
        for name in ["connection", "upgrade"] {
            assert!(upgrade(|headers| drop(headers.remove(name))).is_none(), "{name}");
        }
        let h2c = HeaderValue::from_static("h2c");
        assert!(upgrade(|headers| drop(headers.insert("upgrade", h2c))).is_none());
    }

    #[test]
    fn malformed_ones_are_told_why() {
        for (name, value, malformed) in [
            ("sec-websocket-version", "12", Malformed::Version),
            ("sec-websocket-version", "", Malformed::Version),
            ("sec-websocket-key", "dGhlIHNhbXBsZQ==", Malformed::Key),
            ("sec-websocket-key", "?", Malformed::Key),
        ] {
            let value = HeaderValue::from_static(value);
            let upgrade = upgrade(|headers| drop(headers.insert(name, value)));
            assert_eq!(upgrade.expect("an upgrade").accept, Err(malformed), "{name}");
        }
        assert_eq!(Malformed::Version.response().status(), 426);
    }
}
