//! The extensions of one environment, and the state machine of each (Lambda guide, "Using the
//! Lambda Extensions API to create extensions"; `internal/lambda/core` of AWS's emulator).
//!
//! An external extension is known by its file's name before it registers; any other name that
//! registers is an internal one, inside of the runtime's process.

mod event;
mod phase;
mod routes;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use samovar_dispatch::FunctionError;
use tokio::sync::Notify;
use uuid::Uuid;

pub(crate) use event::{ExtensionEvent, ShutdownReason};
pub(crate) use phase::{Events, MAX_EXTENSIONS, Phase, Refusal};
pub(crate) use routes::{handle, identified, refused};

/// The function, as registered extensions get to know it.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    pub(crate) function_name: String,
    pub(crate) handler: String,
    pub(crate) account_id: String,
}

/// An extension, for the log.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    pub(crate) name: String,
    pub(crate) phase: Phase,
    pub(crate) events: Events,
    pub(crate) error_type: Option<String>,
}

/// All extensions of one environment.
#[derive(Debug)]
pub(crate) struct Extensions {
    metadata: Metadata,
    inner: Mutex<Inner>,
    /// Some extension's phase or event has changed.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    all: Vec<Extension>,
    /// Initialisation is over: nobody registers any more.
    closed: bool,
    failure: Option<FunctionError>,
}

#[derive(Debug)]
struct Extension {
    id: Uuid,
    status: Status,
    external: bool,
    /// An event that no `next` has taken yet.
    pending: Option<Arc<ExtensionEvent>>,
}

impl Extension {
    fn new(name: &str, external: bool) -> Self {
        let (events, error_type) = (Events::default(), None);
        let status = Status { name: name.to_owned(), phase: Phase::Started, events, error_type };
        Self { id: Uuid::new_v4(), status, external, pending: None }
    }

    /// Changes the phase, if the present one is one of `from`.
    fn go(&mut self, from: &[Phase], to: Phase) -> Result<(), Refusal> {
        let phase = self.status.phase;
        if !from.contains(&phase) {
            let extension = self.id.to_string();
            return Err(Refusal::Transition { from: phase, to, extension });
        }
        self.status.phase = to;
        Ok(())
    }

    fn waits(&self) -> bool {
        self.status.phase == Phase::Ready && self.pending.is_none()
    }
}

impl Extensions {
    pub(crate) fn new(metadata: Metadata) -> Self {
        Self { metadata, inner: Mutex::default(), changed: Notify::new() }
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Makes the external extension of this name known; its process is about to start.
    pub(crate) fn expect(&self, name: &str) {
        self.lock().all.push(Extension::new(name, true));
    }

    /// `POST /extension/register`.
    pub(crate) fn register(&self, name: &str, events: &[String]) -> Result<Uuid, Refusal> {
        let mut inner = self.lock();
        let known = inner.all.iter().position(|extension| extension.status.name == name);
        let external = known.is_some_and(|at| inner.all[at].external);
        let events = Events::read(events, external)?;
        let at = match known {
            Some(at) if external => at,
            _ if inner.closed => return Err(Refusal::Closed),
            Some(_) => return Err(Refusal::Collision),
            None if inner.all.len() >= MAX_EXTENSIONS => return Err(Refusal::TooMany),
            None => {
                inner.all.push(Extension::new(name, false));
                inner.all.len() - 1
            }
        };
        let extension = &mut inner.all[at];
        extension.go(&[Phase::Started], Phase::Registered)?;
        extension.status.events = events;
        let id = extension.id;
        drop(inner);
        self.changed.notify_waiters();
        Ok(id)
    }

    /// `GET /extension/event/next`: waits for an event and takes it. It may be asked again while
    /// it waits: its connection may have broken.
    pub(crate) async fn next(&self, id: Uuid) -> Result<Arc<ExtensionEvent>, Refusal> {
        self.with(id, |extension| {
            extension.go(&[Phase::Registered, Phase::Ready, Phase::Running], Phase::Ready)
        })?;
        loop {
            // Listens before it looks, so that an event in between is not missed.
            let changed = self.changed.notified();
            let taken = self.quietly(id, |extension| {
                let event = extension.pending.take()?;
                extension.status.phase = Phase::Running;
                Some(event)
            })?;
            if let Some(event) = taken {
                self.changed.notify_waiters();
                return Ok(event);
            }
            changed.await;
        }
    }

    /// `POST /extension/init/error`: the environment ends.
    pub(crate) fn init_error(&self, id: Uuid, error_type: &str) -> Result<(), Refusal> {
        // `lambda-extension` of Rust posts this for a failure in an invocation, too.
        let from = [Phase::Registered, Phase::Running, Phase::InitError];
        self.fail(id, &from, Phase::InitError, error_type, "Extension.InitError")
    }

    /// `POST /extension/exit/error`: the environment ends.
    pub(crate) fn exit_error(&self, id: Uuid, error_type: &str) -> Result<(), Refusal> {
        let from = [Phase::Registered, Phase::Ready, Phase::Running, Phase::ExitError];
        self.fail(id, &from, Phase::ExitError, error_type, "Extension.ExitError")
    }

    fn fail(
        &self,
        id: Uuid,
        from: &[Phase],
        to: Phase,
        error_type: &str,
        failure: &str,
    ) -> Result<(), Refusal> {
        self.with(id, |extension| {
            extension.go(from, to)?;
            extension.status.error_type = Some(error_type.to_owned());
            Ok(())
        })?;
        self.failed(FunctionError::platform(failure, error_type));
        Ok(())
    }

    /// The process of an extension has ended, or never began: the environment ends.
    pub(crate) fn gone(&self, name: &str, phase: Phase, failure: FunctionError) {
        let mut inner = self.lock();
        if let Some(extension) = inner.all.iter_mut().find(|one| one.status.name == name) {
            // What it said itself is better.
            if !matches!(extension.status.phase, Phase::InitError | Phase::ExitError) {
                extension.status.phase = phase;
                extension.status.error_type = Some(failure.error_type.clone());
            }
        }
        drop(inner);
        self.failed(failure);
    }

    fn failed(&self, failure: FunctionError) {
        // The first is the reason of those that follow.
        self.lock().failure.get_or_insert(failure);
        self.changed.notify_waiters();
    }

    /// Waits until an extension has failed.
    pub(crate) async fn failure(&self) -> FunctionError {
        loop {
            let changed = self.changed.notified();
            if let Some(failure) = self.failed_as() {
                return failure;
            }
            changed.await;
        }
    }

    /// How an extension has failed, if one has.
    pub(crate) fn failed_as(&self) -> Option<FunctionError> {
        self.lock().failure.clone()
    }

    /// Waits until all external extensions have registered: before, the runtime is not started.
    pub(crate) async fn registered(&self) {
        self.until(|extension| extension.status.phase != Phase::Started).await;
    }

    /// Waits until all extensions ask for an event.
    pub(crate) async fn ready(&self) {
        self.until(Extension::waits).await;
    }

    /// Waits until all extensions that got the invocation ask for another event.
    pub(crate) async fn done(&self) {
        self.until(|extension| !extension.status.events.invoke || extension.waits()).await;
    }

    /// Whether all extensions wait for an event, if there are any.
    pub(crate) fn are_waiting(&self) -> bool {
        self.lock().all.iter().all(Extension::waits)
    }

    async fn until(&self, condition: impl Fn(&Extension) -> bool) {
        loop {
            let changed = self.changed.notified();
            if self.lock().all.iter().all(&condition) {
                return;
            }
            changed.await;
        }
    }

    /// Initialisation is over: nobody registers any more.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    /// Whether an invocation concerns some extension.
    pub(crate) fn take_part(&self) -> bool {
        self.lock().all.iter().any(|extension| extension.status.events.invoke)
    }

    /// Whether there are extensions: external ones, and ones at all.
    pub(crate) fn present(&self) -> (bool, bool) {
        let inner = self.lock();
        (inner.all.iter().any(|extension| extension.external), !inner.all.is_empty())
    }

    /// Hands `INVOKE` to all that want it.
    pub(crate) fn invoke(&self, event: Arc<ExtensionEvent>) {
        self.hand(event, |extension| extension.status.events.invoke);
    }

    /// Hands `SHUTDOWN` to all that want it.
    pub(crate) fn shut_down(&self, event: ExtensionEvent) {
        self.hand(Arc::new(event), |extension| extension.status.events.shutdown);
    }

    fn hand(&self, event: Arc<ExtensionEvent>, to: impl Fn(&Extension) -> bool) {
        for extension in self.lock().all.iter_mut().filter(|extension| to(extension)) {
            extension.pending = Some(Arc::clone(&event));
        }
        self.changed.notify_waiters();
    }

    /// All extensions, for the log.
    pub(crate) fn statuses(&self) -> Vec<Status> {
        self.lock().all.iter().map(|extension| extension.status.clone()).collect()
    }

    /// The name of a registered extension.
    pub(crate) fn name(&self, id: Uuid) -> Result<String, Refusal> {
        self.quietly(id, |extension| extension.status.name.clone())
    }

    /// Changes an extension, and tells those that wait.
    fn with<T>(
        &self,
        id: Uuid,
        change: impl FnOnce(&mut Extension) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let changed = self.quietly(id, change)?;
        self.changed.notify_waiters();
        changed
    }

    fn quietly<T>(&self, id: Uuid, change: impl FnOnce(&mut Extension) -> T) -> Result<T, Refusal> {
        let mut inner = self.lock();
        // An id is told to those that have registered only.
        let extension = inner.all.iter_mut().find(|extension| extension.id == id);
        extension.map(change).ok_or(Refusal::Unknown(id))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing that holds the lock can panic half-way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
