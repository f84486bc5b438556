//! WebSocket APIs.
//!
//! A client's upgrade request is an event of `$connect`, and only where that is answered with 2xx
//! is there a connection. Each message chooses a route, by the API's selection expression, and is
//! an event of it; the end of the connection is one of `$disconnect`. Who has a connection's id can
//! send to it, by [`Connections`].
//!
//! API Gateway developer guide, "API Gateway WebSocket APIs".

mod answer;
mod authorize;
mod call;
mod connection;
mod event;
mod handshake;
mod management;
mod registry;
mod selection;

use std::sync::Arc;

use http::{Response, StatusCode};
use samovar_app::{Function, WebSocketApi};
use samovar_dispatch::{Account, Body, Clock, Dispatcher};
use samovar_http::full;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use self::handshake::Upgrade;
pub use self::management::Connections;
use self::registry::Registry;
use self::selection::Selection;
use super::ids::extended_request_id;
use super::inbound::Inbound;

/// One WebSocket API as it is served.
#[derive(Debug)]
struct Socket {
    api: WebSocketApi,
    selection: Selection,
    /// The functions of its routes and of its authorizer.
    functions: Vec<Arc<Function>>,
}

/// All WebSocket APIs with their connections. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Sockets(Arc<Shared>);

struct Shared {
    sockets: Vec<Arc<Socket>>,
    registry: Arc<Registry>,
    tasks: TaskTracker,
    account: Account,
    dispatcher: Dispatcher,
    clock: Arc<dyn Clock>,
}

impl Sockets {
    pub(crate) fn new(
        apis: &[WebSocketApi],
        functions: &[Arc<Function>],
        account: Account,
        dispatcher: Dispatcher,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let socket = |api: &WebSocketApi| {
            let called = api.routes.iter().filter_map(|route| route.function());
            let asked = api.authorizer.as_ref().map(|asked| asked.function.as_str());
            let called = called.chain(asked);
            let called = called.filter_map(|id| functions.iter().find(|f| f.logical_id == id));
            Arc::new(Socket {
                selection: Selection::parse(&api.selection),
                functions: called.cloned().collect(),
                api: api.clone(),
            })
        };
        Self(Arc::new(Shared {
            sockets: apis.iter().map(socket).collect(),
            registry: Arc::default(),
            tasks: TaskTracker::new(),
            account,
            dispatcher,
            clock,
        }))
    }

    /// Who calls `@connections`.
    pub(crate) fn connections(&self) -> Connections {
        let shared = &self.0;
        Connections::new(!shared.sockets.is_empty(), shared.registry.clone(), shared.clock.clone())
    }

    /// Answers a request, if it is for a WebSocket API: by its host, or for an upgrade by its path,
    /// which begins with the stage.
    pub(crate) async fn handle(
        &self,
        inbound: &Inbound,
        upgrade: Option<Upgrade>,
    ) -> Option<Response<Body>> {
        let socket = self.0.select(inbound, upgrade.is_some())?;
        let ids = Ids::new();
        let Some(upgrade) = upgrade.filter(|_| socket.serves(&inbound.path)) else {
            // As AWS answers a plain request.
            return Some(ids.refusal(StatusCode::FORBIDDEN, "Forbidden"));
        };
        // Boxed: every plain request would have its size.
        Some(Box::pin(connection::open(&self.0, socket, inbound, upgrade, ids)).await)
    }

    /// Waits for `shutdown`, then ends every connection with 1001 (going away), and waits until the
    /// functions of `$disconnect` have been told.
    pub(crate) async fn close(&self, shutdown: CancellationToken) {
        shutdown.cancelled().await;
        self.0.registry.close();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl Shared {
    fn select(&self, inbound: &Inbound, is_upgrade: bool) -> Option<&Arc<Socket>> {
        let mut sockets = self.sockets.iter();
        match inbound.host.label() {
            Some(label) => sockets.find(|socket| socket.is_called(label)),
            None if !is_upgrade => None,
            None => sockets.find(|socket| socket.stage_of(&inbound.path)).or_else(|| {
                match self.sockets.as_slice() {
                    [only] if inbound.path == "/" => Some(only),
                    _ => None,
                }
            }),
        }
    }
}

impl Socket {
    fn is_called(&self, label: &str) -> bool {
        let host = self.api.logical_id.replace('/', "-");
        self.api.id.eq_ignore_ascii_case(label) || host.eq_ignore_ascii_case(label)
    }

    /// Whether a path's only segment is the stage.
    fn stage_of(&self, path: &str) -> bool {
        path.trim_matches('/') == self.api.stage
    }

    /// On AWS an API is at its stage; a host of one API's own is enough here.
    fn serves(&self, path: &str) -> bool {
        path == "/" || self.stage_of(path)
    }
}

/// What AWS tells of a connection and of what failed in it.
#[derive(Clone, Debug)]
struct Ids {
    connection: String,
    request: String,
}

impl Ids {
    fn new() -> Self {
        Self { connection: extended_request_id(), request: extended_request_id() }
    }

    /// `{"message": "Forbidden", "connectionId": "...", "requestId": "..."}`: AWS's words to a
    /// client, as a body or as a frame.
    fn words(&self, message: &str) -> String {
        json!({
            "message": message, "connectionId": self.connection, "requestId": self.request
        })
        .to_string()
    }

    /// A response instead of a connection.
    fn refusal(&self, status: StatusCode, message: &str) -> Response<Body> {
        let mut response = Response::new(full(self.words(message)));
        *response.status_mut() = status;
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert(http::header::CONTENT_TYPE, json);
        response
    }
}

#[cfg(test)]
mod tests;
