//! Topics and subscriptions that clients have made, on disk.
//!
//! They are few and change rarely: one JSON file has them all, and every change writes it anew
//! beside the old one, which it then replaces, so that a crash leaves one of the two.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Attributes and tags: names and values.
pub(super) type Texts = BTreeMap<String, String>;

/// What clients have made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) topics: Vec<MadeTopic>,
    pub(super) subscriptions: Vec<MadeSubscription>,
}

/// A topic of `CreateTopic`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MadeTopic {
    pub(super) name: String,
    pub(super) attributes: Texts,
    pub(super) tags: Texts,
}

/// A subscription of `Subscribe`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MadeSubscription {
    pub(super) topic_arn: String,
    pub(super) protocol: String,
    pub(super) endpoint: String,
    pub(super) attributes: Texts,
}

/// The file cannot be used.
#[derive(Debug, Error)]
#[error(
    "the topics that clients have made cannot be read from {}: {reason}; remove the file to go \
     on without them", .path.display()
)]
pub struct LedgerError {
    path: PathBuf,
    reason: String,
}

/// The content, and where it is kept.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// `None`: in memory.
    path: Option<PathBuf>,
    content: Content,
}

impl Ledger {
    /// What the file has; nothing, where there is none yet.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub(super) fn open(path: &Path) -> Result<Self, LedgerError> {
        let fault = |reason: String| LedgerError { path: path.to_owned(), reason };
        let content = match fs::read(path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes).map_err(|error| fault(error.to_string()))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Content::default(),
            Err(error) => return Err(fault(error.to_string())),
        };
        Ok(Self { path: Some(path.to_owned()), content })
    }

    pub(super) fn content(&self) -> &Content {
        &self.content
    }

    /// Replaces the content. It is on disk when this returns.
    ///
    /// # Errors
    /// The disk failed: the content is what it was.
    pub(super) async fn replace(&mut self, content: Content) -> io::Result<()> {
        if content == self.content {
            return Ok(());
        }
        if let Some(path) = self.path.clone() {
            let bytes = serde_json::to_vec_pretty(&content)?;
            let written = tokio::task::spawn_blocking(move || write(&path, &bytes));
            written.await.map_err(io::Error::other)??;
        }
        self.content = content;
        Ok(())
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("json.new");
    let mut file = File::create(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    // The name is the folder's: it must be on disk too.
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}
