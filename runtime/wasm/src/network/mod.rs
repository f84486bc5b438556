//! Requests that isolates send.
//!
//! A function reaches the hosts that its template allows and the AWS endpoint that it is given,
//! and nothing else (see [`Allowed`]). A name among them must lead to the Internet: not to this
//! machine, its network, or a cloud's metadata service, whatever a name server says. wasi:sockets
//! is denied altogether.

mod address;
mod allowed;
mod connect;
mod connections;
mod exchange;
mod trust;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use samovar_dispatch::EnvironmentLog;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

pub(crate) use self::allowed::Allowed;
use self::allowed::{Place, Refusal};
use self::connect::ConnectError;

/// How much of a body the host takes from the guest at once.
const CHUNK: usize = 64 << 10;

/// How many refusals of one isolate the log tells.
const MAX_NOTES: usize = 20;

/// What an isolate does with HTTP: the requests that it sends, and how bodies leave it.
#[derive(Debug)]
pub(crate) struct Network {
    allowed: Arc<Allowed>,
    notes: Notes,
}

/// Tells in the log why requests were not sent.
#[derive(Clone, Debug)]
struct Notes {
    log: EnvironmentLog,
    count: Arc<AtomicUsize>,
}

impl Network {
    pub(crate) fn new(allowed: Arc<Allowed>, log: EnvironmentLog) -> Self {
        Self { allowed, notes: Notes { log, count: Arc::default() } }
    }
}

impl Notes {
    /// A request that did not even look for its server.
    fn refused(&self, request: &http::Request<WasiBody>, refusal: Refusal) {
        let uri = request.uri();
        let host = uri.authority().map_or("(no host)", |authority| authority.as_str());
        let scheme = uri.scheme_str().unwrap_or("http");
        let remedy = match refusal {
            Refusal::NotAllowed => format!("; to allow it add \"{scheme}://{host}\" there"),
            _ => String::new(),
        };
        self.tell(|| format!("Samovar refused a request to {scheme}://{host}: {refusal}{remedy}"));
    }

    /// A request whose server was found.
    fn failed(&self, place: &Place, error: &ConnectError) {
        match error {
            ConnectError::Prohibited(address) => self.tell(|| {
                let literal = Place { host: samovar_app::Host::Address(*address), ..place.clone() };
                format!(
                    "Samovar refused a request to {}: the name leads to {address}, which is not \
                     an address of the Internet; where that is meant, add \"{}\" to `Metadata: \
                     Samovar: AllowedHosts` and send the request there",
                    place.url(),
                    literal.url(),
                )
            }),
            ConnectError::Certificate(reason) => self.tell(|| {
                format!(
                    "The certificate of {} is not trusted: {reason}; SSL_CERT_FILE in Samovar's \
                     own environment names the authorities to trust",
                    place.url()
                )
            }),
            ConnectError::Other(_) => {}
        }
    }

    fn tell(&self, note: impl FnOnce() -> String) {
        match self.count.fetch_add(1, Ordering::Relaxed) {
            count if count < MAX_NOTES => self.log.line(note().as_bytes()),
            MAX_NOTES => self.log.line(b"Samovar refuses more requests, and tells no more of them"),
            _ => {}
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoHost => Self::HttpRequestUriInvalid,
            Refusal::Tunnel => Self::HttpRequestMethodInvalid,
            Refusal::NotAllowed | Refusal::Management => Self::HttpRequestDenied,
        }
    }
}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Prohibited(_) => Self::DestinationIpProhibited,
            ConnectError::Certificate(_) => Self::TlsCertificateError,
            ConnectError::Other(error) => error,
        }
    }
}

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
        let target = match self.allowed.target(request.method(), request.uri()) {
            Ok(target) => target,
            Err(refusal) => {
                self.notes.refused(&request, refusal);
                return Box::new(async move { Err(refusal.into()) });
            }
        };
        let (allowed, notes) = (self.allowed.clone(), self.notes.clone());
        Box::new(async move {
            let place = target.place.clone();
            let options = options.unwrap_or_default();
            match exchange::send(&allowed.connections, target, request, options).await {
                // The body takes care of its connection.
                Ok(response) => Ok((response, Box::new(async { Ok(()) }) as Transfer)),
                Err(error) => {
                    notes.failed(&place, &error);
                    Err(error.into())
                }
            }
        })
    }
}
