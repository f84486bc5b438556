//! What is told about the initialisation of an environment.

use std::time::Instant;

use samovar_app::Function;
use samovar_dispatch::{EnvironmentLog, FunctionError, PlatformEvent};

use crate::runtime_api::Server;
use crate::runtime_api::extensions::{Extensions, Metadata};

/// When a runtime is started.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Phase {
    /// With its environment.
    Init,
    /// In an environment whose last runtime has ended, within an invocation's time. AWS's guide
    /// calls it a suppressed init.
    Invoke,
}

impl Phase {
    /// An event of the initialisation, which says when that was (Telemetry API, `InitPhase`).
    pub(super) fn of(self, mut event: PlatformEvent) -> PlatformEvent {
        let phase = match self {
            Self::Init => "init",
            Self::Invoke => "invoke",
        };
        event.record["phase"] = phase.into();
        event
    }
}

/// Waits until all external extensions have registered.
pub(super) async fn registered(extensions: &Extensions) -> Result<(), FunctionError> {
    tokio::select! {
        biased;
        error = extensions.failure() => Err(error),
        () = extensions.registered() => Ok(()),
    }
}

/// AWS's lines and events about an initialisation that is over; nobody subscribes any more.
pub(super) fn tell_initialised(
    server: &Server,
    log: &EnvironmentLog,
    error: Option<&FunctionError>,
    began: Instant,
    phase: Phase,
) {
    server.extensions().close();
    for line in server.telemetry().lines() {
        log.platform(&line);
    }
    for status in server.extensions().statuses() {
        let (state, events) = (status.phase.to_string(), status.events.names());
        let error_type = status.error_type.as_deref();
        let mut line = format!(
            "EXTENSION\tName: {}\tState: {state}\tEvents: [{}]",
            status.name,
            events.join(",")
        );
        if let Some(error_type) = error_type {
            line.push_str(&format!("\tError Type: {error_type}"));
        }
        log.platform(&line);
        log.event(|| PlatformEvent::extension(&status.name, &state, &events, error_type));
    }
    log.event(|| phase.of(PlatformEvent::init_report(error, began.elapsed())));
    if !server.telemetry().close() {
        // Nobody listens: an invocation makes no events.
        log.set_sink(None);
    }
}

/// What extensions get to know of the function.
pub(super) fn metadata(function: &Function) -> Metadata {
    // arn:aws:lambda:REGION:ACCOUNT:function:NAME
    let account_id = function.arn.split(':').nth(4).unwrap_or_default().to_owned();
    Metadata { function_name: function.name.clone(), handler: function.handler.clone(), account_id }
}

/// The environment begins to initialise; its id is the log stream's.
pub(super) fn init_start(function: &Function, log_stream: &str) -> PlatformEvent {
    let instance = log_stream.rsplit(']').next().unwrap_or_default();
    PlatformEvent::init_start(&function.name, instance, function.memory_mb)
}
