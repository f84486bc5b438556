//! Keeps web pages out. A page in the user's browser may send requests to loopback; it gives
//! itself away by a `Host` that it had rebound (DNS rebinding) or by its `Origin`.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version, header};
use thiserror::Error;

use crate::body::full;
use crate::serve::Body;

/// A request that no service gets.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Refused {
    /// It comes from elsewhere.
    #[error("{0}")]
    Foreign(#[from] Foreign),
    /// It names no host, or several, so that two readers may take it for two requests (RFC 9112,
    /// section 3.2: 400).
    #[error("a request of HTTP/1.1 has exactly one Host")]
    Hosts,
    /// Its body is coded in a way that is not known (RFC 9112, section 6.1: 501), or that two
    /// readers may take for different ones.
    #[error("of transfer codings only chunked is known")]
    Coding,
    /// It asks for a tunnel, and no proxy is here.
    #[error("CONNECT is for proxies")]
    Tunnel,
}

impl Refused {
    /// Its answer, after which the connection ends.
    pub(crate) fn response(&self) -> Response<Body> {
        let body = serde_json::json!({"message": self.to_string()}).to_string();
        let mut response = Response::new(full(body));
        *response.status_mut() = match self {
            Self::Foreign(_) => StatusCode::FORBIDDEN,
            Self::Hosts => StatusCode::BAD_REQUEST,
            Self::Coding => StatusCode::NOT_IMPLEMENTED,
            Self::Tunnel => StatusCode::METHOD_NOT_ALLOWED,
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

/// A request that comes from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Foreign {
    /// `Host` is no name of this machine's loopback.
    #[error("Host {0:?} is not this machine: only localhost and loopback addresses are served")]
    Host(String),
    /// `Origin` is another site.
    #[error("Origin {0:?} is not this machine: only pages from localhost are served")]
    Origin(String),
}

/// Whose requests are let in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hosts {
    /// Those to a name of this machine's loopback.
    #[default]
    Local,
    /// Those to any address too. No page can have the browser think that an address is its own:
    /// rebinding needs a name.
    Addresses,
    /// All: something else tells who may call, which no page can have.
    Any,
}

/// Refuses what is ambiguous, and foreign hosts and origins.
pub(crate) fn check<B>(hosts: Hosts, request: &Request<B>) -> Result<(), Refused> {
    if request.method() == Method::CONNECT {
        return Err(Refused::Tunnel);
    }
    let named = request.headers().get_all(header::HOST).iter().count();
    if named > 1 || named == 0 && request.version() == Version::HTTP_11 {
        return Err(Refused::Hosts);
    }
    let mut codings = request.headers().get_all(header::TRANSFER_ENCODING).iter();
    let is_chunked = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    if codings.next().is_some_and(|coding| !is_chunked(coding)) || codings.next().is_some() {
        return Err(Refused::Coding);
    }
    Ok(check_origin(hosts, request.uri(), request.headers())?)
}

/// Refuses foreign hosts and origins.
fn check_origin(hosts: Hosts, uri: &Uri, headers: &HeaderMap) -> Result<(), Foreign> {
    let check_host = |host: &str| check_host(hosts, host);
    if hosts == Hosts::Any {
        return Ok(());
    }
    // HTTP/2 has the host in the URI; HTTP/1.1 in the header, and RFC 9112 section 3.2.2 gives
    // an absolute URI's host precedence. Both must be local, so that neither can hide the other.
    if let Some(authority) = uri.authority() {
        check_host(authority.as_str())?;
    }
    for host in headers.get_all(header::HOST) {
        check_host(&text(host))?;
    }
    if uri.authority().is_none() && !headers.contains_key(header::HOST) {
        return Err(Foreign::Host(String::new()));
    }
    for origin in headers.get_all(header::ORIGIN) {
        let origin = text(origin);
        let local = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"))
            .is_some_and(|host| is_allowed(hosts, host));
        if !local {
            return Err(Foreign::Origin(origin));
        }
    }
    Ok(())
}

fn check_host(hosts: Hosts, host: &str) -> Result<(), Foreign> {
    if is_allowed(hosts, host) { Ok(()) } else { Err(Foreign::Host(host.to_owned())) }
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

fn is_allowed(hosts: Hosts, authority: &str) -> bool {
    is_local(authority)
        || hosts == Hosts::Addresses
            && (authority.parse::<SocketAddr>().is_ok()
                || authority.trim_matches(['[', ']']).parse::<IpAddr>().is_ok())
}

/// `localhost`, `*.localhost` (RFC 6761 section 6.3: always loopback) or a loopback address,
/// with or without a port.
fn is_local(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, port.strip_prefix(':').or(Some("?"))),
            None => return false,
        },
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return false;
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.is_loopback();
    }
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_by_any_of_its_names_is_local() {
        for host in [
            "localhost",
            "localhost:3000",
            "LOCALHOST:3000",
            "localhost.",
            "orders.localhost:3000",
            "127.0.0.1",
            "127.8.9.10:9000",
            "[::1]",
            "[::1]:9000",
        ] {
            assert!(is_local(host), "{host}");
        }
    }

    #[test]
    fn everything_else_is_foreign() {
        for host in [
            "",
            "example.com",
            "localhost.example.com",
            "notlocalhost",
            "127.0.0.1.example.com",
            "10.0.0.1",
            "0.0.0.0",
            "[::1",
            "[::1]x",
            "[::2]:80",
            "user@localhost",
            "localhost:3000@example.com",
            "localhost:99999",
            "169.254.169.254",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| ((*name).parse().unwrap(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn host_and_origin_are_both_checked() {
        let path = Uri::from_static("/");
        assert_eq!(
            check_origin(Hosts::Local, &path, &headers(&[("host", "127.0.0.1:3000")])),
            Ok(())
        );
        assert!(check_origin(Hosts::Local, &path, &headers(&[])).is_err());
        assert_eq!(
            check_origin(Hosts::Local, &path, &headers(&[("host", "evil.example")])),
            Err(Foreign::Host("evil.example".into()))
        );
        assert_eq!(
            check_origin(
                Hosts::Local,
                &path,
                &headers(&[("host", "localhost"), ("origin", "http://localhost:5173")])
            ),
            Ok(())
        );
        for origin in ["https://evil.example", "null", "http://localhost.evil.example"] {
            assert_eq!(
                check_origin(
                    Hosts::Local,
                    &path,
                    &headers(&[("host", "localhost"), ("origin", origin)])
                ),
                Err(Foreign::Origin(origin.into()))
            );
        }
        let absolute = Uri::from_static("http://evil.example/");
        assert!(check_origin(Hosts::Local, &absolute, &headers(&[("host", "localhost")])).is_err());
    }

    #[test]
    fn an_address_is_nobodys_page() {
        let path = Uri::from_static("/");
        let check = |pairs: &[_]| check_origin(Hosts::Addresses, &path, &headers(pairs)).is_ok();
        for host in ["192.168.1.5:3000", "192.168.1.5", "[fd00::1]:3000", "localhost:3000"] {
            let host: &'static str = host;
            assert!(check(&[("host", host)]), "{host}");
        }
        for host in ["evil.example", "192.168.1.5.evil.example", "box.local", ""] {
            let host: &'static str = host;
            assert!(!check(&[("host", host)]), "{host}");
        }
        assert!(!check(&[("host", "192.168.1.5"), ("origin", "http://evil.example")]));
        assert!(check(&[("host", "192.168.1.5"), ("origin", "http://192.168.1.5:3000")]));
    }
}
