//! Where an isolate may send HTTP requests.

use std::sync::Arc;

use http::Uri;
use http::uri::Scheme;
use http_body_util::BodyExt;
use samovar_dispatch::EnvironmentLog;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, default_send_request};

/// The endpoints that a function may reach: those that its variables name as AWS's
/// (`AWS_ENDPOINT_URL`, and `AWS_ENDPOINT_URL_SQS` and the like; AWS SDKs and Tools Reference
/// Guide, "Service-specific endpoints").
#[derive(Debug, Default)]
pub(crate) struct Allowed(Vec<Endpoint>);

#[derive(Debug, PartialEq)]
struct Endpoint {
    scheme: Scheme,
    host: String,
    port: u16,
}

impl Allowed {
    pub(crate) fn by_variables(variables: &[(String, String)]) -> Self {
        let is_endpoint = |name: &str| {
            name.strip_prefix("AWS_ENDPOINT_URL")
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
        };
        let urls = variables.iter().filter(|(name, _)| is_endpoint(name));
        Self(urls.filter_map(|(_, url)| Endpoint::of(&url.parse().ok()?)).collect())
    }

    fn has(&self, uri: &Uri) -> bool {
        Endpoint::of(uri).is_some_and(|endpoint| self.0.contains(&endpoint))
    }
}

impl Endpoint {
    fn of(uri: &Uri) -> Option<Self> {
        let scheme = uri.scheme()?.clone();
        let default = if scheme == Scheme::HTTPS { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(default);
        Some(Self { scheme, host: uri.host()?.to_ascii_lowercase(), port })
    }
}

/// What an isolate does with HTTP: the requests that it sends, and how bodies leave it.
#[derive(Debug)]
pub(crate) struct Network {
    allowed: Arc<Allowed>,
    log: EnvironmentLog,
}

impl Network {
    pub(crate) fn new(allowed: Arc<Allowed>, log: EnvironmentLog) -> Self {
        Self { allowed, log }
    }
}

/// How much of a body the host takes from the guest at once.
const CHUNK: usize = 64 << 10;

type Sent = Result<(http::Response<WasiBody>, Transfer), Error>;
type Transfer = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Network {
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        CHUNK
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Transfer,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        if !self.allowed.has(request.uri()) {
            let note = format!(
                "Samovar refused a request to {}: a WASM function may reach the endpoints in \
                 AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_<SERVICE> only",
                request.uri().authority().map_or("(no host)", |authority| authority.as_str()),
            );
            self.log.line(note.as_bytes());
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        Box::new(async move {
            let (response, transfer) = default_send_request(request, options).await?;
            Ok((response.map(BodyExt::boxed_unsync), Box::new(transfer) as Transfer))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(variables: &[(&str, &str)], uri: &str) -> bool {
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Allowed::by_variables(&variables).has(&uri.parse().unwrap())
    }

    #[test]
    fn only_the_endpoints_of_the_variables() {
        let variables = [
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9000"),
            ("AWS_ENDPOINT_URL_S3", "https://storage.example"),
            ("AWS_ENDPOINT_URLS", "http://other.example"),
            ("QUEUE_URL", "http://queue.example"),
        ];
        for uri in ["http://127.0.0.1:9000/q?a=b", "https://storage.example:443/bucket"] {
            assert!(allowed(&variables, uri), "{uri}");
        }
        for uri in [
            "http://127.0.0.1:9001/",
            "http://127.0.0.1/",
            "https://127.0.0.1:9000/",
            "http://localhost:9000/",
            "http://127.0.0.1:9000@other.example/",
            "http://storage.example/",
            "http://other.example/",
            "http://queue.example/",
            "http://169.254.169.254/latest/meta-data",
            "/relative",
        ] {
            assert!(!allowed(&variables, uri), "{uri}");
        }
        assert!(!allowed(&[], "http://127.0.0.1:9000/"));
        assert!(!allowed(&[("AWS_ENDPOINT_URL", "nonsense")], "http://nonsense/"));
    }
}
