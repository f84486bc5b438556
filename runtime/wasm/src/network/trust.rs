//! Which servers are who they say they are.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use tokio::sync::OnceCell;
use wasmtime_wasi_http::Error;

/// What TLS goes by. Read once, and only where a function wants HTTPS.
///
/// # Errors
/// rustls does not take its own defaults.
pub(super) async fn config() -> Result<Arc<ClientConfig>, Error> {
    static CONFIG: OnceCell<Arc<ClientConfig>> = OnceCell::const_new();
    CONFIG.get_or_try_init(read).await.cloned()
}

async fn read() -> Result<Arc<ClientConfig>, Error> {
    let internal = |message: String| Error::InternalError(Some(message));
    let roots = tokio::task::spawn_blocking(roots).await.map_err(|e| internal(e.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| internal(error.to_string()))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// The authorities that this machine trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` change them, as
/// for OpenSSL); Mozilla's where it has none, as in a bare container.
fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    roots
}
