//! Asking a route's integration.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use samovar_app::{Integration, WebSocketRoute};
use samovar_dispatch::{Event, Invocation, InvokeError, Response, Source};
use tokio::time::timeout;

use super::answer::Answer;
use super::{Shared, Socket};

/// How long API Gateway waits for an integration (developer guide, "Quotas for configuring and
/// running a WebSocket API").
const TIME_LIMIT: Duration = Duration::from_secs(29);

/// Why an integration gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failed {
    /// The function failed, or answered what API Gateway does not understand.
    Function,
    /// The invocation was refused, or the integration is not emulated.
    Refused,
    /// It took too long.
    TimedOut,
}

impl Failed {
    /// The status of a refused `$connect`, and AWS's words for it.
    pub(super) fn words(self) -> (StatusCode, &'static str) {
        match self {
            Self::Function => (StatusCode::BAD_GATEWAY, "Internal server error"),
            Self::Refused => (StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
            Self::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out"),
        }
    }
}

/// Gives an event to a route's integration.
pub(super) async fn call(
    shared: &Arc<Shared>,
    socket: &Socket,
    route: &WebSocketRoute,
    event: Vec<u8>,
) -> Result<Answer, Failed> {
    match &route.integration {
        Integration::Function(id) => {
            let function = socket.functions.iter().find(|function| function.logical_id == *id);
            let function = function.ok_or(Failed::Refused)?;
            // What a person reads of it: `WS join`.
            let source = Source::Http { method: "WS".to_owned(), path: route.key.clone() };
            let invocation = Invocation::new(Event::Bytes(event.into()), source);
            let invoked = shared.dispatcher.invoke(&function.name, invocation);
            let limit = route.timeout.unwrap_or(TIME_LIMIT);
            // The invocation itself goes on to its own time-out, as on AWS.
            let answer = timeout(limit, invoked).await.map_err(|_| Failed::TimedOut)?;
            let answer = answer.map_err(|_: InvokeError| Failed::Refused)?;
            match answer.result {
                Ok(Response::Bytes(payload)) => Answer::parse(&payload).ok_or(Failed::Function),
                Ok(Response::Http(_) | Response::Stream(_)) | Err(_) => Err(Failed::Function),
            }
        }
        Integration::Mock(_) => Ok(Answer::of_status(200)),
        _ => Err(Failed::Refused),
    }
}
