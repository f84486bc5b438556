//! Hosts that a WASM function may send requests to.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// Longest name, and longest label of one (RFC 1035, section 2.3.4), in bytes.
const MAX_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// A host of a URL: a name or an address, in one form for each.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name in lower case, without a dot at its end.
    Name(String),
    /// An address. One that maps IPv4 into IPv6 is the IPv4 address.
    Address(IpAddr),
}

impl FromStr for Host {
    type Err = HostError;

    /// Reads the host of a URL: `api.example.com`, `10.0.0.5`, `[::1]`.
    fn from_str(text: &str) -> Result<Self, HostError> {
        if let Some(address) = text.strip_prefix('[') {
            let address = address.strip_suffix(']').and_then(|text| text.parse::<Ipv6Addr>().ok());
            return address.map_or(Err(HostError::Address), |address| {
                Ok(Self::Address(IpAddr::V6(address).to_canonical()))
            });
        }
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Ok(Self::Address(address.into()));
        }
        name(text).map(Self::Name)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// A name in its one form.
fn name(text: &str) -> Result<String, HostError> {
    if !text.is_ascii() {
        return Err(HostError::NotAscii);
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return Err(HostError::NoBrackets);
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && label.bytes().all(is_letter)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > MAX_NAME || !name.split('.').all(is_label) {
        return Err(HostError::Name);
    }
    // What resolvers take for an address: `127.1`, `0x7f000001`, `2130706433` (WHATWG URL
    // standard, "ends in a number checker").
    let last = name.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x");
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit())
        || hexadecimal.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if is_number { Err(HostError::Number) } else { Ok(name) }
}

/// Why text is not the host of a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HostError {
    /// Not a name by the rules of DNS.
    #[error("write a name as `api.example.com`, or an address")]
    Name,
    /// Letters beyond ASCII.
    #[error("write an international name in its ASCII form, `xn--...`")]
    NotAscii,
    /// An IPv6 address without brackets.
    #[error("write an IPv6 address in brackets: `[::1]`")]
    NoBrackets,
    /// Brackets around something else.
    #[error("between brackets stands an IPv6 address: `[::1]`")]
    Address,
    /// A number, which some take for an IPv4 address.
    #[error("write an IPv4 address as four decimal numbers: `10.0.0.5`")]
    Number,
}

/// One of `Metadata: Samovar: AllowedHosts`: where a WASM function may send requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    /// Whether only HTTPS is allowed, or only HTTP; `None`: both.
    pub https: Option<bool>,
    /// The host, or what hosts end in.
    pub host: HostPattern,
    /// The port; `None`: 443 of HTTPS and 80 of HTTP.
    pub port: Option<u16>,
}

/// Which hosts are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// This one.
    Is(Host),
    /// All names below this one, and not this one: `*.example.com`.
    Below(String),
}

impl AllowedHost {
    /// Whether a request may go there: by HTTPS or HTTP, to a host and a port.
    pub fn admits(&self, https: bool, host: &Host, port: u16) -> bool {
        let is_host = match (&self.host, host) {
            (HostPattern::Is(allowed), host) => allowed == host,
            (HostPattern::Below(parent), Host::Name(name)) => name
                .strip_suffix(parent.as_str())
                .is_some_and(|child| child.len() > 1 && child.ends_with('.')),
            (HostPattern::Below(_), Host::Address(_)) => false,
        };
        let default = if https { 443 } else { 80 };
        is_host
            && self.https.is_none_or(|only| only == https)
            && port == self.port.unwrap_or(default)
    }
}

impl FromStr for AllowedHost {
    type Err = AllowedHostError;

    /// Reads `api.example.com`, `*.example.com`, `https://api.example.com:8443`.
    fn from_str(text: &str) -> Result<Self, AllowedHostError> {
        let (https, rest) = match text.split_once("://") {
            None => (None, text),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Some(true), rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Some(false), rest),
            Some(_) => return Err(AllowedHostError::Scheme),
        };
        if rest.contains(['/', '?', '#', '@']) {
            return Err(AllowedHostError::Path);
        }
        // The colons of an IPv6 address are no port's.
        let after_address = rest.find(']').map_or(0, |end| end + 1);
        let (host, port) = match rest[after_address..].rfind(':') {
            Some(colon) if rest.parse::<Ipv6Addr>().is_err() => {
                let (host, port) = rest.split_at(after_address + colon);
                (host, Some(number(&port[1..])?))
            }
            _ => (rest, None),
        };
        let host = match host.strip_prefix("*.") {
            Some(parent) => match parent.parse()? {
                Host::Name(parent) => HostPattern::Below(parent),
                Host::Address(_) => return Err(AllowedHostError::Wildcard),
            },
            None if host.contains('*') => return Err(AllowedHostError::Wildcard),
            None => HostPattern::Is(host.parse()?),
        };
        Ok(Self { https, host, port })
    }
}

fn number(text: &str) -> Result<u16, AllowedHostError> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| is_number && *port > 0);
    port.ok_or(AllowedHostError::Port)
}

/// Why text is not an allowed host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AllowedHostError {
    /// Neither `http` nor `https`.
    #[error("before `://` stands `http` or `https`, or leave both out to allow both")]
    Scheme,
    /// More than scheme, host and port.
    #[error("a path, a query or a user cannot be allowed alone: write only the host")]
    Path,
    /// Not a port.
    #[error("a port is a number from 1 to 65535")]
    Port,
    /// A wildcard elsewhere than first, or before an address.
    #[error("a wildcard is the whole first part of a name: `*.example.com`")]
    Wildcard,
    /// Not a host.
    #[error(transparent)]
    Host(#[from] HostError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(rule: &str, https: bool, host: &str, port: u16) -> bool {
        rule.parse::<AllowedHost>().unwrap().admits(https, &host.parse().unwrap(), port)
    }

    #[test]
    fn a_host_without_scheme_and_port_has_those_of_the_web() {
        assert!(admits("api.example.com", true, "api.example.com", 443));
        assert!(admits("api.example.com", false, "api.example.com", 80));
        assert!(!admits("api.example.com", false, "api.example.com", 443));
        assert!(!admits("api.example.com", true, "api.example.com", 8443));
        assert!(!admits("api.example.com", true, "example.com", 443));
        assert!(!admits("api.example.com", true, "www.api.example.com", 443));
    }

    #[test]
    fn a_scheme_and_a_port_hold() {
        assert!(admits("https://api.example.com:8443", true, "api.example.com", 8443));
        assert!(!admits("https://api.example.com:8443", false, "api.example.com", 8443));
        assert!(!admits("https://api.example.com:8443", true, "api.example.com", 443));
        assert!(admits("HTTP://Api.Example.Com.", false, "API.example.COM.", 80));
        assert!(admits("api.example.com:8443", true, "api.example.com", 8443));
        assert!(admits("api.example.com:8443", false, "api.example.com", 8443));
    }

    #[test]
    fn a_wildcard_is_for_names_below() {
        for name in ["a.example.com", "a.b.example.com", "A.EXAMPLE.COM."] {
            assert!(admits("*.example.com", true, name, 443), "{name}");
        }
        for name in ["example.com", "badexample.com", "example.com.evil.net", "10.0.0.5", "[::1]"] {
            assert!(!admits("*.example.com", true, name, 443), "{name}");
        }
    }

    #[test]
    fn an_address_has_one_form() {
        assert!(admits("http://127.0.0.1:8080", false, "[::ffff:127.0.0.1]", 8080));
        assert!(admits("http://[::1]:8080", false, "[0:0:0:0:0:0:0:1]", 8080));
        assert!(admits("[::1]", false, "[::1]", 80));
        assert!(!admits("http://127.0.0.1:8080", false, "127.0.0.2", 8080));
        assert!(!admits("http://127.0.0.1:8080", false, "localhost", 8080));
    }

    #[test]
    fn forms_that_resolvers_take_for_addresses_are_no_hosts() {
        for text in
            ["127.1", "0x7f000001", "0x7f.1", "2130706433", "0177.0.0.1", "127.0.0.1.", "0x"]
        {
            assert_eq!(text.parse::<Host>(), Err(HostError::Number), "{text}");
        }
        for text in ["", ".", "a..b", "-a.com", "a b", "a%2e.com", "a.com:80", &"a".repeat(64)] {
            assert_eq!(text.parse::<Host>(), Err(HostError::Name), "{text}");
        }
        assert_eq!("bücher.example".parse::<Host>(), Err(HostError::NotAscii));
        assert_eq!("1。1.example".parse::<Host>(), Err(HostError::NotAscii));
        assert_eq!("::1".parse::<Host>(), Err(HostError::NoBrackets));
        assert_eq!("[::1%eth0]".parse::<Host>(), Err(HostError::Address));
        assert_eq!("[127.0.0.1]".parse::<Host>(), Err(HostError::Address));
    }

    #[test]
    fn what_cannot_be_allowed() {
        use AllowedHostError as Error;
        for (text, error) in [
            ("ftp://example.com", Error::Scheme),
            ("https://example.com/", Error::Path),
            ("https://user@example.com", Error::Path),
            ("example.com:0", Error::Port),
            ("example.com:+80", Error::Port),
            ("example.com:", Error::Port),
            ("example.com:65536", Error::Port),
            ("*", Error::Wildcard),
            ("a.*.com", Error::Wildcard),
            ("*a.com", Error::Wildcard),
            ("*.10.0.0.5", Error::Wildcard),
            ("*.", Error::Host(HostError::Name)),
            ("*.*.com", Error::Host(HostError::Name)),
            ("::1", Error::Host(HostError::NoBrackets)),
            ("", Error::Host(HostError::Name)),
        ] {
            assert_eq!(text.parse::<AllowedHost>(), Err(error), "{text}");
        }
    }
}
