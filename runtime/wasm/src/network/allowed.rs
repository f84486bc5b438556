//! Where the isolates of a function may send HTTP requests.

use http::uri::Scheme;
use http::{Method, Uri};
use samovar_app::{AllowedHost, Function, Host};
use thiserror::Error;

use super::connections::Connections;

/// What a function may reach: the endpoints that its variables name as AWS's (`AWS_ENDPOINT_URL`,
/// and `AWS_ENDPOINT_URL_SQS` and the like; AWS SDKs and Tools Reference Guide, "Service-specific
/// endpoints"), and the hosts of `Metadata: Samovar: AllowedHosts`.
#[derive(Debug, Default)]
pub(crate) struct Allowed {
    endpoints: Vec<Place>,
    hosts: Vec<AllowedHost>,
    /// Whether names may lead into the private network around this machine.
    private: bool,
    /// The connections there, which all isolates of the function share.
    pub(super) connections: Connections,
}

/// A server: where connections lead.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) https: bool,
    pub(super) host: Host,
    pub(super) port: u16,
}

/// A server that a request may go to.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) place: Place,
    /// Whether the server may have any address: it is written as an address, or named by the
    /// function's variables. Another name must not lead into the network around this machine.
    pub(super) anywhere: bool,
    /// Whether it may have an address of that network.
    pub(super) private: bool,
}

/// Why a request is not sent at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    #[error("the URL names no host by the rules")]
    NoHost,
    #[error("a tunnel (CONNECT) could lead anywhere")]
    Tunnel,
    #[error(
        "the host is not in `Metadata: Samovar: AllowedHosts` of the function, nor in its \
         AWS_ENDPOINT_URL"
    )]
    NotAllowed,
    #[error(
        "managing functions is not for WASM functions, since native code could come of it, unless \
         the endpoint is written out in `Metadata: Samovar: AllowedHosts`"
    )]
    Management,
}

impl Allowed {
    /// What a function with these variables may reach; with `private`, names among it may lead into
    /// the private network around this machine.
    pub(crate) fn of(function: &Function, variables: &[(String, String)], private: bool) -> Self {
        let is_endpoint = |name: &str| {
            name.strip_prefix("AWS_ENDPOINT_URL")
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        let urls = variables.iter().filter(|(name, _)| is_endpoint(name));
        let endpoints = urls.filter_map(|(_, url)| Place::of(&url.parse().ok()?)).collect();
        Self {
            endpoints,
            hosts: function.allowed_hosts.clone(),
            private,
            connections: Connections::default(),
        }
    }

    /// Where a request goes, if it may.
    pub(super) fn target(&self, method: &Method, uri: &Uri) -> Result<Target, Refusal> {
        let place = Place::of(uri).ok_or(Refusal::NoHost)?;
        if method == Method::CONNECT {
            return Err(Refusal::Tunnel);
        }
        let Place { https, host, port } = &place;
        if self.hosts.iter().any(|allowed| allowed.admits(*https, host, *port)) {
            let anywhere = matches!(host, Host::Address(_));
            return Ok(Target { place, anywhere, private: self.private });
        }
        if !self.endpoints.contains(&place) {
            return Err(Refusal::NotAllowed);
        }
        if is_management(uri.path()) {
            Err(Refusal::Management)
        } else {
            Ok(Target { place, anywhere: true, private: self.private })
        }
    }
}

impl Place {
    /// The server of a URL. None of one with a user before its host, which is how one host is
    /// made to look like another.
    fn of(uri: &Uri) -> Option<Self> {
        let https = uri.scheme()? == &Scheme::HTTPS;
        if !https && uri.scheme()? != &Scheme::HTTP {
            return None;
        }
        let authority = uri.authority()?;
        if authority.as_str().contains('@') {
            return None;
        }
        let host: Host = authority.host().parse().ok()?;
        // What is left of the authority is a port, and the whole of it.
        let port = match &authority.as_str()[authority.host().len()..] {
            "" if https => 443,
            "" => 80,
            _ => authority.port_u16()?,
        };
        Some(Self { https, host, port })
    }

    /// As it stands in `Host` (RFC 9110, section 7.2).
    pub(super) fn authority(&self) -> String {
        let Self { https, host, port } = self;
        let default = if *https { 443 } else { 80 };
        if *port == default { host.to_string() } else { format!("{host}:{port}") }
    }

    /// The URL, as it would stand in `AllowedHosts`.
    pub(super) fn url(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        format!("{scheme}://{}", self.authority())
    }
}

/// Whether a path of Lambda's API, or of Samovar's own, is for who manages functions: all but
/// invoking them (Lambda API reference, "Actions"). On AWS a function's role has nothing else
/// either, unless it is given.
fn is_management(path: &str) -> bool {
    let mut segments = path.trim_end_matches('/').split('/').skip(1);
    let first = segments.next().unwrap_or_default();
    let is_version = first.len() == 10 && first.starts_with("20") && first.contains('-');
    // Another spelling of such a path has no other use.
    let is_hidden = (first.is_empty() && path.len() > 1) || first.contains('%') || first == "..";
    if is_hidden || first == "." || first.starts_with("_samovar") {
        return true;
    }
    let rest: Vec<&str> = segments.collect();
    is_version
        && !matches!(
            rest.as_slice(),
            ["functions", _, "invocations" | "invoke-async" | "response-streaming-invocations"]
        )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use samovar_app::{Build, Code, Kind, Span};

    use super::*;

    fn allowed(variables: &[(&str, &str)], hosts: &[&str]) -> Allowed {
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let span = Span { file: Path::new("template.yaml").into(), line: 1, column: 1 };
        let code = Code { path: "f.wasm".into(), span, build: Build::Prebuilt };
        let function = Function {
            allowed_hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
            ..Function::new("f", Kind::Wasm, code)
        };
        Allowed::of(&function, &variables, false)
    }

    fn target(allowed: &Allowed, uri: &str) -> Result<Target, Refusal> {
        allowed.target(&Method::GET, &uri.parse().unwrap())
    }

    #[test]
    fn only_the_endpoints_of_the_variables() {
        let allowed = allowed(
            &[
                ("AWS_ENDPOINT_URL", "http://127.0.0.1:9000"),
                ("AWS_ENDPOINT_URL_S3", "https://storage.example"),
                ("AWS_ENDPOINT_URLS", "http://other.example"),
                ("AWS_ENDPOINT_URL_SQS", "nonsense"),
                ("QUEUE_URL", "http://queue.example"),
            ],
            &[],
        );
        for uri in ["http://127.0.0.1:9000/q?a=b", "https://storage.example:443/bucket"] {
            assert!(target(&allowed, uri).unwrap().anywhere, "{uri}");
        }
        for uri in [
            "http://127.0.0.1:9001/",
            "http://127.0.0.1/",
            "https://127.0.0.1:9000/",
            "http://localhost:9000/",
            "http://storage.example/",
            "http://other.example/",
            "http://queue.example/",
            "http://nonsense/",
            "http://169.254.169.254/latest/meta-data",
        ] {
            assert_eq!(target(&allowed, uri).unwrap_err(), Refusal::NotAllowed, "{uri}");
        }
    }

    #[test]
    fn hosts_by_name_are_public_and_addresses_are_as_written() {
        let allowed = allowed(&[], &["api.example.com", "http://10.0.0.5", "[fd00::1]:8080"]);
        assert!(!target(&allowed, "https://API.example.com./").unwrap().anywhere);
        assert!(target(&allowed, "http://10.0.0.5/").unwrap().anywhere);
        assert!(target(&allowed, "http://[::ffff:10.0.0.5]:80/").unwrap().anywhere);
        assert!(target(&allowed, "http://[fd00:0:0::1]:8080/").unwrap().anywhere);
        for uri in ["https://10.0.0.5/", "http://10.0.0.6/", "http://10.0.0.5:8080/"] {
            assert_eq!(target(&allowed, uri).unwrap_err(), Refusal::NotAllowed, "{uri}");
        }
        let url: Uri = "http://10.0.0.5/".parse().unwrap();
        assert_eq!(allowed.target(&Method::CONNECT, &url).unwrap_err(), Refusal::Tunnel);
    }

    #[test]
    fn a_host_cannot_be_made_to_look_like_another() {
        let allowed = allowed(&[], &["api.example.com", "http://127.0.0.1"]);
        for uri in [
            "http://api.example.com@169.254.169.254/",
            "http://169.254.169.254@api.example.com/",
            "http://user:secret@api.example.com/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://127.0.0.1./",
            "http://api.example.com../",
            "ftp://api.example.com/",
            "/relative",
        ] {
            assert_eq!(target(&allowed, uri).unwrap_err(), Refusal::NoHost, "{uri}");
        }
        // These are not URLs at all.
        for uri in ["http://api.example.com:99999/", "http://ⓐpi.example.com/", "http://a b/"] {
            let refused =
                uri.parse().map_or(true, |uri| allowed.target(&Method::GET, &uri).is_err());
            assert!(refused, "{uri}");
        }
        assert!(target(&allowed, "http://api.example.com:/").is_err());
    }

    #[test]
    fn functions_are_invoked_and_not_managed() {
        let own = [("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")];
        let by_variable = allowed(&own, &[]);
        let written_out = allowed(&own, &["http://127.0.0.1:9000"]);
        for path in [
            "/",
            "/000000000000/orders",
            "/2015-03-31/functions/hello/invocations",
            "/2014-11-13/functions/hello/invoke-async/",
            "/2021-11-15/functions/hello/response-streaming-invocations",
        ] {
            let uri = format!("http://127.0.0.1:9000{path}");
            assert!(target(&by_variable, &uri).is_ok(), "{path}");
        }
        for path in [
            "/2015-03-31/functions",
            "/2015-03-31/functions/",
            "/2015-03-31/functions/hello",
            "/2015-03-31/functions/hello/code",
            "/2015-03-31/functions/hello/configuration?a=/invocations",
            "/2015-03-31/event-source-mappings",
            "/2018-10-31/layers/a/versions",
            "//2015-03-31/functions",
            "/%32015-03-31/functions",
            "/./2015-03-31/functions",
            "/_samovar/archives/a",
        ] {
            let uri = format!("http://127.0.0.1:9000{path}");
            assert_eq!(target(&by_variable, &uri).unwrap_err(), Refusal::Management, "{path}");
            assert!(target(&written_out, &uri).is_ok(), "{path}");
        }
    }
}
