//! What the management API needs of whoever runs functions.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use samovar_app::Function;
use thiserror::Error;

/// Keeps the code and configuration of functions that are made while Samovar runs, and makes them
/// serve.
#[async_trait]
pub trait FunctionHost: Send + Sync + 'static {
    /// Puts an archive of code away for a function: it is on disk when this returns.
    ///
    /// # Errors
    /// It is no archive of plain files within Lambda's limits, or cannot be written.
    async fn store(&self, function: &str, archive: Bytes) -> Result<StoredCode, CodeError>;

    /// Has a function served with this code; `None`: with the code that the template has for it.
    /// One of the same name and version is replaced once the new one can take invocations.
    ///
    /// # Errors
    /// Why it cannot, for people. Then nothing has changed.
    async fn serve(&self, function: Arc<Function>, code: Option<&StoredCode>)
    -> Result<(), String>;

    /// Keeps what is known of a function: it is on disk when this returns. Code that is not among
    /// `code` any more is removed.
    ///
    /// # Errors
    /// It cannot be written.
    async fn save(&self, function: &str, record: Vec<u8>, code: Vec<StoredCode>) -> io::Result<()>;

    /// Forgets a function and its code.
    ///
    /// # Errors
    /// Its files cannot be removed.
    async fn forget(&self, function: &str) -> io::Result<()>;
}

/// An archive that was stored.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct StoredCode {
    /// SHA-256 of the archive.
    pub sha256: [u8; 32],
    /// Its size in bytes.
    pub size: u64,
}

/// Why code was not stored.
#[derive(Debug, Error)]
pub enum CodeError {
    /// It is no zip archive, or leads out of its folder.
    #[error("{0}")]
    Invalid(String),
    /// It is larger than Lambda takes when it is unpacked, in bytes.
    #[error("Unzipped size must be smaller than {0} bytes")]
    TooLarge(u64),
    /// The disk.
    #[error(transparent)]
    Io(#[from] io::Error),
}
