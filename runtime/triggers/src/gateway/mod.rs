//! The HTTP front door: HTTP APIs, REST APIs and function URLs.
//!
//! A request is routed, becomes an event in the front end's payload format (or stays HTTP for a
//! function whose [`Door`] takes it), is invoked, and the function's answer becomes the response
//! that AWS would send.

mod access_log;
mod authorizer;
mod binary;
mod compression;
mod cors;
mod endpoint;
mod event;
mod event_v1;
mod event_v2;
mod failure;
mod gateway_response;
mod headers;
mod ids;
mod inbound;
mod integration;
mod limits;
mod request_context;
mod response;
mod route;
mod serve;
mod stream;
mod traffic;
mod websocket;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body as HttpBody;
use http_body_util::Full;
use samovar_app::{Api, Function, WebSocketApi};
use samovar_dispatch::{Account, Body, BoxError, Clock, Dispatcher};
use samovar_http::full;
use serde_json::json;
use tokio_util::sync::CancellationToken;

pub use self::access_log::AccessLog;
use self::authorizer::Authorizers;
pub use self::authorizer::{Authorizing, KeyFileError};
use self::endpoint::{Endpoints, Front};
use self::inbound::Inbound;
use self::integration::Integrations;
pub use self::integration::{Answered, Services};
use self::response::without_body;
pub use self::websocket::Connections;
use self::websocket::{Sockets, Upgrade};

/// The front door. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
    /// See [`Gateway::at_port_of`].
    port: Option<Arc<str>>,
}

struct Shared {
    /// Replaced as a whole when a function URL comes or goes.
    endpoints: RwLock<Arc<Endpoints>>,
    sockets: Sockets,
    integrations: Integrations,
    authorizers: RwLock<Arc<Authorizers>>,
    account: Account,
    dispatcher: Dispatcher,
    clock: Arc<dyn Clock>,
    access_log: OnceLock<Arc<dyn AccessLog>>,
}

impl Gateway {
    /// A gateway for these APIs, and for those of the functions that have a function URL.
    ///
    /// A request finds its API by host: `LOGICALID.localhost`, `ID.localhost`,
    /// `ID.execute-api.…`, `ID.lambda-url.…`. At AWS's own form, `ID.execute-api.…`, paths begin
    /// with the stage, but for `$default`; at all others they do not, as behind a custom domain
    /// name. Plain `localhost` and addresses mean the only API;
    /// where there are several, the first in template order that has a route for the request
    /// (`$default` routes last).
    pub fn new(
        apis: &[Api],
        functions: &[Arc<Function>],
        account: Account,
        dispatcher: Dispatcher,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let endpoints = RwLock::new(Arc::new(Endpoints::new(apis, functions)));
        let authorizers = Authorizers::new(apis, functions, &account, Authorizing::default());
        let authorizers = RwLock::new(Arc::new(authorizers));
        let access_log = OnceLock::new();
        let sockets =
            Sockets::new(&[], functions, account.clone(), dispatcher.clone(), clock.clone());
        let integrations = Integrations::default();
        let shared = Shared {
            endpoints,
            authorizers,
            sockets,
            integrations,
            account,
            dispatcher,
            clock,
            access_log,
        };
        Self { shared: Arc::new(shared), port: None }
    }

    /// The same gateway, with these WebSocket APIs, whose routes call these functions. To be asked
    /// for first: what else it was told is not kept.
    #[must_use]
    pub fn with_web_sockets(self, apis: &[WebSocketApi], functions: &[Arc<Function>]) -> Self {
        let Shared { account, dispatcher, clock, .. } = &*self.shared;
        let shared = Shared {
            endpoints: RwLock::new(self.shared.endpoints()),
            authorizers: RwLock::new(self.shared.authorizers()),
            sockets: Sockets::new(
                apis,
                functions,
                account.clone(),
                dispatcher.clone(),
                clock.clone(),
            ),
            integrations: Integrations::default(),
            account: account.clone(),
            dispatcher: dispatcher.clone(),
            clock: clock.clone(),
            access_log: OnceLock::new(),
        };
        Self { shared: Arc::new(shared), port: self.port }
    }

    /// Says who answers the calls of services that integrations make, by AWS's protocols. The first
    /// one stays.
    pub fn set_services(&self, services: Services) {
        self.shared.integrations.set_services(services);
    }

    /// The connections of the WebSocket APIs, for who sends to them.
    pub fn connections(&self) -> Connections {
        self.shared.sockets.connections()
    }

    /// Keeps WebSocket connections until `shutdown`, then ends them all with 1001 (going away);
    /// returns when `$disconnect` has been told.
    pub async fn close_connections(self, shutdown: CancellationToken) {
        self.shared.sockets.close(shutdown).await;
    }

    /// Gives the access logs of APIs that have one to `log`; what it was given to before stays.
    pub fn set_access_log(&self, log: Arc<dyn AccessLog>) {
        let _ = self.shared.access_log.set(log);
    }

    /// The same gateway, which lets callers through as these settings say. `apis` and `functions`
    /// are its own.
    #[must_use]
    pub fn with_authorizing(
        self,
        apis: &[Api],
        functions: &[Arc<Function>],
        settings: Authorizing,
    ) -> Self {
        let account = &self.shared.account;
        let authorizers = Arc::new(Authorizers::new(apis, functions, account, settings));
        *self.shared.authorizers.write().unwrap_or_else(PoisonError::into_inner) = authorizers;
        self
    }

    /// The same front door at a port of its own for the API of this logical id: there a host
    /// without a name, as `127.0.0.1`, means this API alone.
    #[must_use]
    pub fn at_port_of(&self, api: &str) -> Self {
        Self { shared: self.shared.clone(), port: Some(api.into()) }
    }

    /// Serves the URL that this function has now, and no other one of it.
    pub fn set_url(&self, function: &Arc<Function>) {
        let mut endpoints = self.shared.endpoints.write().unwrap_or_else(PoisonError::into_inner);
        *endpoints = Arc::new(endpoints.with_url(function));
    }

    /// Answers one request. `peer` is the client's address.
    ///
    /// Nothing fails here: whatever goes wrong is a response with AWS's status and body. Where
    /// AWS keeps the reason to its logs, it is in the header `x-samovar-reason`.
    pub async fn handle<B>(&self, request: Request<B>, peer: SocketAddr) -> Response<Body>
    where
        B: HttpBody<Data = Bytes> + Send,
        B::Error: Into<BoxError>,
    {
        let (mut parts, body) = request.into_parts();
        let upgrade = Upgrade::take(&mut parts);
        let mut inbound = Inbound::new(parts, peer, self.shared.clock.now());
        if let Some(response) = self.shared.sockets.handle(&inbound, upgrade).await {
            return response;
        }
        let endpoints = self.shared.endpoints();
        let port = self.port.as_deref();
        let response = if traffic::is_coded(&endpoints, &inbound, port) {
            match traffic::decoded(&mut inbound, body).await {
                Ok(body) => {
                    let body = Full::new(body);
                    Box::pin(self.shared.routed(&endpoints, &inbound, port, body)).await
                }
                Err(failure) => failure.response(Front::RestApi),
            }
        } else {
            self.shared.routed(&endpoints, &inbound, port, body).await
        };
        if inbound.method == Method::HEAD { without_body(response) } else { response }
    }
}

impl Shared {
    fn endpoints(&self) -> Arc<Endpoints> {
        self.endpoints.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn authorizers(&self) -> Arc<Authorizers> {
        self.authorizers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A host that names nothing, or an application without HTTP.
    fn nothing_here(&self, inbound: &Inbound) -> Response<Body> {
        let hosts = self.endpoints().hosts();
        let message = if hosts.is_empty() {
            "This application has no HTTP API, REST API or function URL.".to_owned()
        } else {
            format!(
                "No API or function URL has the host {:?}: use one of `hosts`.",
                inbound.host.name
            )
        };
        let body = json!({"message": message, "hosts": hosts}).to_string();
        let mut response = Response::new(full(body));
        *response.status_mut() = StatusCode::NOT_FOUND;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response
    }
}

#[cfg(test)]
mod tests;
