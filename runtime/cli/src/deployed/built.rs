//! What the template's functions run, for as long as some version of them does.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use samovar_api::StoredCode;
use samovar_app::Function;
use samovar_dispatch::{Door, Environment, EnvironmentLog, FunctionError, Provider};
use sha2::{Digest as _, Sha256};

use super::pack;
use crate::build::Artifact;

/// One build of a function of the template.
pub(super) struct Built {
    /// As it was built. While it is used, its build's files stay (see `watch::generations`).
    function: Arc<Function>,
    artifact: Artifact,
    /// Digest and size of its archive, once somebody has asked.
    code: Mutex<Option<StoredCode>>,
}

impl Built {
    pub(super) fn new(function: Arc<Function>, artifact: Artifact) -> Self {
        Self { function, artifact, code: Mutex::default() }
    }

    pub(super) fn artifact(&self) -> &Artifact {
        &self.artifact
    }

    /// Which runtime it is built for.
    pub(super) fn runtime(&self) -> &str {
        &self.function.runtime
    }

    /// An archive of it.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn pack(&self, function: &Function) -> io::Result<File> {
        pack::function(function, &self.artifact)
    }

    /// Digest and size of that archive. One call reads the code, and others wait for it.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn measure(&self, function: &Function) -> io::Result<StoredCode> {
        // An answer is put there whole or not at all.
        let mut known = self.code.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = &*known {
            return Ok(code.clone());
        }
        let mut file = self.pack(function)?;
        let mut digest = Digest(Sha256::new());
        let size = io::copy(&mut file, &mut digest)?;
        Ok(known.insert(StoredCode { sha256: digest.0.finalize().into(), size }).clone())
    }
}

/// A digest that is written to.
struct Digest(Sha256);

impl io::Write for Digest {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A version of a function of the template, whose build stays while it may start environments: the
/// template's own function has another one by then.
pub(super) struct InUse {
    provider: Arc<dyn Provider>,
    _built: Arc<Built>,
}

impl InUse {
    pub(super) fn new(provider: Arc<dyn Provider>, built: Arc<Built>) -> Self {
        Self { provider, _built: built }
    }
}

#[async_trait]
impl Provider for InUse {
    fn door(&self) -> Door {
        self.provider.door()
    }

    fn computes(&self) -> bool {
        self.provider.computes()
    }

    async fn start(&self, log: EnvironmentLog) -> Result<Box<dyn Environment>, FunctionError> {
        self.provider.start(log).await
    }

    async fn start_provisioned(
        &self,
        log: EnvironmentLog,
    ) -> Result<Box<dyn Environment>, FunctionError> {
        self.provider.start_provisioned(log).await
    }
}
