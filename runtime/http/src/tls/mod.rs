//! TLS: with a certificate that is given, or one of an authority of our own.

mod authority;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;

pub use self::authority::Authority;

/// What TLS cannot be spoken with.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file of certificates or of a key.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Certificate and key do not go together, or are of a kind that is not known.
    #[error("the certificate cannot be used with the key: {0}")]
    Pair(rustls::Error),
    /// No certificate can be made for these names.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
}

impl TlsError {
    fn file(path: &Path, reason: impl ToString) -> Self {
        Self::File { path: path.to_owned(), reason: reason.to_string() }
    }

    fn pem(path: &Path, what: &str, error: pem::Error) -> Self {
        match error {
            pem::Error::NoItemsFound => Self::file(path, format!("no {what} in PEM is there")),
            pem::Error::Io(error) => Self::file(path, error),
            error => Self::file(path, format!("this is no {what} in PEM: {error}")),
        }
    }
}

/// TLS as a server speaks it: versions 1.2 and 1.3, HTTP/2 and HTTP/1.1 by ALPN. Cheap to clone.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

/// First byte of every TLS connection: the record type `handshake` (RFC 8446, section 5.1).
const HANDSHAKE: u8 = 22;

/// For those who speak plain HTTP where only TLS is spoken.
const USE_HTTPS: &str = r#"{"message":"This port speaks HTTPS: use https://"}"#;

/// A connection whose TLS, if it has any, stands.
#[expect(clippy::large_enum_variant, reason = "one a connection, and taken apart at once")]
pub(crate) enum Accepted {
    Encrypted(TlsStream<TcpStream>),
    /// From this machine, without TLS.
    Plain(TcpStream),
}

impl Tls {
    /// With a chain of certificates, the server's own first, and its private key (PKCS #8, PKCS #1
    /// or SEC 1), in PEM.
    ///
    /// # Errors
    /// A file cannot be read or has something else, or the two do not go together.
    pub fn from_files(certificates: &Path, key: &Path) -> Result<Self, TlsError> {
        let chain: Vec<_> = CertificateDer::pem_file_iter(certificates)
            .and_then(Iterator::collect)
            .map_err(|error| TlsError::pem(certificates, "certificate", error))?;
        if chain.is_empty() {
            return Err(TlsError::pem(certificates, "certificate", pem::Error::NoItemsFound));
        }
        let key = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| TlsError::pem(key, "private key", error))?;
        Self::new(chain, key)
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, TlsError> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Pair)?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(TlsError::Pair)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// The handshake. A client on this machine may go without: functions and tools that know the
    /// plain URL go on, and nobody else can hear them. Others are told to use HTTPS.
    pub(crate) async fn accept(&self, stream: TcpStream, peer: SocketAddr) -> io::Result<Accepted> {
        let mut first = [0];
        if stream.peek(&mut first).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if first == [HANDSHAKE] {
            return self.0.accept(stream).await.map(Accepted::Encrypted);
        }
        if peer.ip().to_canonical().is_loopback() {
            return Ok(Accepted::Plain(stream));
        }
        let mut stream = stream;
        let head = format!(
            "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n",
            USE_HTTPS.len()
        );
        stream.write_all((head + USE_HTTPS).as_bytes()).await?;
        stream.shutdown().await?;
        Err(io::ErrorKind::ConnectionRefused.into())
    }
}

#[cfg(test)]
mod tests;
