//! What the management API needs of whoever runs functions.

use std::fs::File;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use samovar_app::Function;
use thiserror::Error;

/// Keeps the code and configuration of functions and layers that are made while Samovar runs, and
/// makes functions serve.
#[async_trait]
pub trait FunctionHost: Send + Sync + 'static {
    /// Puts an archive away: it is on disk when this returns.
    ///
    /// # Errors
    /// It is no archive of plain files within Lambda's limits, or cannot be written.
    async fn store(&self, owner: Owner, archive: Bytes) -> Result<StoredCode, CodeError>;

    /// Gives a function an archive of a layer: it has it as its own, whatever becomes of the layer.
    ///
    /// # Errors
    /// The disk's.
    async fn share(&self, layer: &str, function: &str, archive: &StoredCode) -> io::Result<()>;

    /// Has a function served with this code, or, with `None`, with the code that the template has
    /// for it; and with these layers, in its order. One of the same name and version is replaced
    /// once the new one can take invocations.
    ///
    /// # Errors
    /// Why it cannot, for people. Then nothing has changed.
    async fn serve(
        &self,
        function: Arc<Function>,
        code: Option<&StoredCode>,
        layers: &[LayerContent],
    ) -> Result<(), String>;

    /// Keeps what is known of a function or layer: it is on disk when this returns. Archives that
    /// are not among `archives` any more are removed.
    ///
    /// # Errors
    /// It cannot be written.
    async fn save(
        &self,
        owner: Owner,
        record: Vec<u8>,
        archives: Vec<StoredCode>,
    ) -> io::Result<()>;

    /// Forgets a function or layer and its archives.
    ///
    /// # Errors
    /// Its files cannot be removed.
    async fn forget(&self, owner: Owner) -> io::Result<()>;

    /// An archive that was stored.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    async fn archive(&self, owner: Owner, archive: &StoredCode) -> io::Result<File>;

    /// An archive of what the template's function runs, or of a layer of the template.
    ///
    /// # Errors
    /// It did not build, or cannot be read.
    async fn pack(&self, what: Packed) -> io::Result<File>;

    /// Digest and size of the archive that [`Self::pack`] makes of this version's code. Found out
    /// when it is first asked for, and known from then on for as long as the build is the same.
    ///
    /// # Errors
    /// As [`Self::pack`].
    async fn measure(&self, function: Arc<Function>) -> io::Result<StoredCode>;
}

/// Whose files they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A function's, by its name.
    Function(String),
    /// A layer's, by its name.
    Layer(String),
}

/// What of the template an archive is made of, by its logical id.
#[derive(Clone, Debug)]
pub enum Packed {
    /// A function's code, as it was built.
    Function(Arc<Function>),
    /// A layer.
    Layer(String),
}

/// What a layer has.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum LayerContent {
    /// An archive that was stored.
    Archive(StoredCode),
    /// That of a layer of the template, by its logical id.
    Template(String),
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
