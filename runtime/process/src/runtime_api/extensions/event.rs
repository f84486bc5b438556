//! What `GET /extension/event/next` answers.

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use samovar_dispatch::Invocation;
use serde_json::json;
use uuid::Uuid;

/// An event on its way to extensions.
#[derive(Debug)]
pub(crate) struct ExtensionEvent {
    /// `Lambda-Extension-Event-Identifier`.
    pub(crate) id: String,
    /// The document.
    pub(crate) document: Bytes,
}

/// Why an environment ends ("Shutdown phase").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShutdownReason {
    /// It is not needed any more.
    Spindown,
    /// The function took too long.
    Timeout,
    /// The runtime or an extension failed.
    Failure,
}

impl ShutdownReason {
    fn name(self) -> &'static str {
        match self {
            Self::Spindown => "spindown",
            Self::Timeout => "timeout",
            Self::Failure => "failure",
        }
    }
}

impl ExtensionEvent {
    /// `INVOKE`.
    pub(crate) fn invoke(invocation: &Invocation, function_arn: &str) -> Self {
        let document = json!({
            "eventType": "INVOKE",
            "deadlineMs": milliseconds(invocation.deadline),
            "requestId": invocation.request_id,
            "invokedFunctionArn": function_arn,
            "tracing": {"type": "X-Amzn-Trace-Id", "value": invocation.trace_id},
        });
        Self { id: invocation.request_id.clone(), document: document.to_string().into() }
    }

    /// `SHUTDOWN`.
    pub(crate) fn shutdown(reason: ShutdownReason, deadline: SystemTime) -> Self {
        let document = json!({
            "eventType": "SHUTDOWN",
            "shutdownReason": reason.name(),
            "deadlineMs": milliseconds(deadline),
        });
        Self { id: Uuid::new_v4().to_string(), document: document.to_string().into() }
    }
}

fn milliseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
