//! From a host to a connection.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use samovar_app::Host;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use wasmtime_wasi_http::Error;

use super::address::{is_private, is_public};
use super::allowed::{Place, Target};
use super::connections::Sender;
use super::trust;

/// How many names are looked up at once, for all functions. Each takes a thread for as long as
/// the system's resolver does, even if nobody waits for it any more.
static LOOKUPS: Semaphore = Semaphore::const_new(32);

/// How long one address is tried where there are more.
const ATTEMPT: Duration = Duration::from_secs(3);

/// The most that the head of a response may have, in bytes; and its headers.
const MAX_HEAD: usize = 64 << 10;
const MAX_HEADERS: usize = 128;

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum ConnectError {
    /// The name leads to this address alone, or to more of its kind, which no name may lead to.
    Prohibited(IpAddr),
    /// The server is not who it says.
    Certificate(String),
    /// Anything else.
    Other(Error),
}

impl From<Error> for ConnectError {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// A connection, and what drives it.
pub(super) async fn connect<B>(
    target: &Target,
) -> Result<(Sender<B>, impl Future<Output = ()> + Send + use<B>), ConnectError>
where
    B: http_body::Body<Error = Error> + Send + 'static,
    B::Data: Send,
{
    let stream = reach(&addresses(target).await?).await?;
    // Small requests are not to wait for the answers to those before them.
    let _ = stream.set_nodelay(true);
    let stream =
        if target.place.https { encrypted(&target.place, stream).await? } else { Box::new(stream) };
    let mut builder = hyper::client::conn::http1::Builder::new();
    builder.max_buf_size(MAX_HEAD).max_headers(MAX_HEADERS);
    let (sender, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(|_| Error::ConnectionTerminated)?;
    Ok((sender, async move {
        // Whoever waits for a response hears of it.
        let _ = connection.await;
    }))
}

trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}

impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Stream for T {}

/// The addresses of a server. A name is looked up once, and what is found is what is connected
/// to: a name that leads elsewhere the next time changes nothing.
async fn addresses(target: &Target) -> Result<Vec<SocketAddr>, ConnectError> {
    let port = target.place.port;
    let name = match &target.place.host {
        Host::Address(address) => return Ok(vec![SocketAddr::new(*address, port)]),
        Host::Name(name) => name.clone(),
    };
    // An error would mean that the semaphore is closed, and nobody does that.
    let place = LOOKUPS.acquire().await.ok();
    let lookup = tokio::task::spawn_blocking(move || {
        let _place = place;
        (name.as_str(), port).to_socket_addrs().map(Vec::from_iter)
    });
    let dns_error = Error::DnsError { rcode: None, info_code: None };
    let Ok(Ok(found)) = lookup.await else { return Err(dns_error.into()) };
    let first = found.first().ok_or(dns_error)?.ip();
    let may_be = |address: IpAddr| {
        target.anywhere || is_public(address) || (target.private && is_private(address))
    };
    let allowed: Vec<_> = found.into_iter().filter(|address| may_be(address.ip())).collect();
    if allowed.is_empty() { Err(ConnectError::Prohibited(first)) } else { Ok(allowed) }
}

/// A connection to the first address that takes one.
async fn reach(addresses: &[SocketAddr]) -> Result<TcpStream, Error> {
    let (last, others) = addresses.split_last().ok_or(Error::DestinationNotFound)?;
    for address in others {
        if let Ok(Ok(stream)) = timeout(ATTEMPT, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    TcpStream::connect(last).await.map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => Error::ConnectionRefused,
        io::ErrorKind::TimedOut => Error::ConnectionTimeout,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            Error::DestinationIpUnroutable
        }
        _ => Error::DestinationUnavailable,
    })
}

async fn encrypted(place: &Place, stream: TcpStream) -> Result<Box<dyn Stream>, ConnectError> {
    let name = match &place.host {
        Host::Address(address) => ServerName::from(*address),
        Host::Name(name) => {
            ServerName::try_from(name.clone()).map_err(|_| Error::TlsProtocolError)?
        }
    };
    let connector = TlsConnector::from(trust::config().await?);
    match connector.connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => Err(tls_error(&error)),
    }
}

fn tls_error(error: &io::Error) -> ConnectError {
    let told = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    match told {
        Some(rustls::Error::InvalidCertificate(reason)) => {
            ConnectError::Certificate(reason.to_string())
        }
        Some(rustls::Error::AlertReceived(alert)) => {
            let (id, message) = (u8::from(*alert), format!("{alert:?}"));
            let (alert_id, alert_message) = (Some(id), Some(message));
            ConnectError::Other(Error::TlsAlertReceived { alert_id, alert_message })
        }
        Some(_) => ConnectError::Other(Error::TlsProtocolError),
        None => ConnectError::Other(Error::ConnectionTerminated),
    }
}
