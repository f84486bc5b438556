//! Where an extension stands, and why a call of it is refused.

use std::fmt;

use uuid::Uuid;

/// How many extensions an environment may have ("Extensions quotas").
pub(crate) const MAX_EXTENSIONS: usize = 10;

/// Where an extension stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its process runs.
    Started,
    /// It has registered.
    Registered,
    /// It waits for an event.
    Ready,
    /// It has an event.
    Running,
    /// It has posted an error of its initialisation.
    InitError,
    /// It has posted an error right before its exit.
    ExitError,
    /// It has exited.
    Exited,
    /// It could not be started.
    LaunchError,
}

/// AWS's names, which stand in messages and in the log.
impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Which events an extension has registered for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Events {
    pub(crate) invoke: bool,
    pub(crate) shutdown: bool,
}

impl Events {
    /// Reads what a registration names.
    pub(crate) fn read(names: &[String], external: bool) -> Result<Self, Refusal> {
        let mut events = Self::default();
        for name in names {
            let refused = |reason| Refusal::EventType { event: name.clone(), reason };
            match name.as_str() {
                "INVOKE" => events.invoke = true,
                "SHUTDOWN" if external => events.shutdown = true,
                "SHUTDOWN" => return Err(refused("ShutdownEventNotSupportedForInternalExtension")),
                _ => return Err(refused("ErrorInvalidEventType")),
            }
        }
        Ok(events)
    }

    /// Their names.
    pub(crate) fn names(self) -> Vec<&'static str> {
        let invoke = self.invoke.then_some("INVOKE");
        let shutdown = self.shutdown.then_some("SHUTDOWN");
        invoke.into_iter().chain(shutdown).collect()
    }
}

/// Why a call is refused, always with 403.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("Empty extension name")]
    Name,
    #[error("{0}")]
    Format(String),
    #[error("{event}: {reason}")]
    EventType { event: String, reason: &'static str },
    #[error("Extension registration closed already")]
    Closed,
    #[error("Extension limit ({MAX_EXTENSIONS}) reached")]
    TooMany,
    #[error("Extension with this name already registered")]
    Collision,
    #[error("Missing Lambda-Extension-Identifier header")]
    NoIdentifier,
    #[error("Invalid Lambda-Extension-Identifier")]
    Identifier,
    #[error("Unknown extension {0}")]
    Unknown(Uuid),
    #[error("Lambda-Extension-Function-Error-Type not found")]
    NoErrorType,
    #[error(
        "State transition from {from} to {to} failed for extension {extension}. \
         Error: State transition is not allowed"
    )]
    Transition { from: Phase, to: Phase, extension: String },
}

impl Refusal {
    /// `errorType`, as AWS's emulator has it.
    pub(crate) fn error_type(&self) -> &'static str {
        match self {
            Self::Name => "Extension.InvalidExtensionName",
            Self::Format(_) => "InvalidRequestFormat",
            Self::EventType { .. } => "Extension.InvalidEventType",
            Self::Closed => "Extension.RegistrationClosed",
            Self::TooMany => "Extension.TooManyExtensions",
            Self::NoIdentifier => "Extension.MissingExtensionIdentifier",
            Self::Identifier => "Extension.InvalidExtensionIdentifier",
            Self::Unknown(_) => "Extension.UnknownExtensionIdentifier",
            Self::NoErrorType => "Extension.MissingHeader",
            Self::Collision | Self::Transition { .. } => "Extension.InvalidExtensionState",
        }
    }
}
