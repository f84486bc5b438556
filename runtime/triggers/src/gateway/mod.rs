//! The HTTP front door: HTTP APIs, REST APIs and function URLs.
//!
//! A request is routed, becomes an event in the front end's payload format (or stays HTTP for a
//! function whose [`Door`] takes it), is invoked, and the function's answer becomes the response
//! that AWS would send.

mod endpoint;
mod event;
mod event_v1;
mod event_v2;
mod failure;
mod headers;
mod inbound;
mod response;
mod route;
mod stream;

use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body as HttpBody;
use samovar_app::{Api, Function};
use samovar_dispatch::{
    Account, Answer, Body, BoxError, Clock, Dispatcher, Door, Event, Invocation,
    Response as Output, Source,
};
use samovar_http::{BodyError, full, read_body};
use serde_json::json;
use tokio::time::timeout;

use self::endpoint::{Endpoints, Front, Selected};
use self::event::extended_request_id;
use self::failure::Failure;
use self::inbound::Inbound;
use self::response::without_body;
use self::route::Matched;

/// API Gateway's payload limit (API Gateway guide, "Quotas").
const API_BODY_LIMIT: usize = 10 * 1024 * 1024;

/// Lambda's limit of a synchronous invocation's event (Lambda guide, "Quotas"), and so of a
/// function URL's body.
const EVENT_LIMIT: usize = 6 * 1024 * 1024;

/// The front door. Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Shared>);

struct Shared {
    /// Replaced as a whole when a function URL comes or goes.
    endpoints: RwLock<Arc<Endpoints>>,
    account: Account,
    dispatcher: Dispatcher,
    clock: Arc<dyn Clock>,
}

impl Gateway {
    /// A gateway for these APIs, and for those of the functions that have a function URL.
    ///
    /// A request finds its API by host: `LOGICALID.localhost`, `ID.localhost`,
    /// `ID.execute-api.…`, `ID.lambda-url.…`. Plain `localhost` and addresses mean the only API;
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
        Self(Arc::new(Shared { endpoints, account, dispatcher, clock }))
    }

    /// Serves the URL that this function has now, and no other one of it.
    pub fn set_url(&self, function: &Arc<Function>) {
        let mut endpoints = self.0.endpoints.write().unwrap_or_else(PoisonError::into_inner);
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
        let (parts, body) = request.into_parts();
        let inbound = Inbound::new(parts, peer, self.0.clock.now());
        let endpoints = self.0.endpoints();
        let response = match endpoints.select(&inbound) {
            Some(selected) => self.0.serve(&selected, &inbound, body).await,
            None => self.0.nothing_here(&inbound),
        };
        if inbound.method == Method::HEAD { without_body(response) } else { response }
    }
}

impl Shared {
    fn endpoints(&self) -> Arc<Endpoints> {
        self.endpoints.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn serve<B>(&self, selected: &Selected<'_>, inbound: &Inbound, body: B) -> Response<Body>
    where
        B: HttpBody<Data = Bytes> + Send,
        B::Error: Into<BoxError>,
    {
        let front = selected.endpoint.front;
        let mut invocation = Invocation::new(Event::Bytes(Bytes::new()), source(inbound));
        adopt_trace(&mut invocation, inbound);
        let ids = Ids {
            request: invocation.request_id.clone(),
            extended: extended_request_id(),
            trace: headers::trace_root(&invocation.trace_id).to_owned(),
        };
        let answered = match &selected.matched {
            Some(matched) => {
                self.call(selected, matched, inbound, body, invocation, &ids.extended).await
            }
            None => Err(Failure::NoRoute),
        };
        let mut response = answered.unwrap_or_else(|failure| failure.response(front));
        ids.mark(front, &mut response);
        response
    }

    async fn call<B>(
        &self,
        selected: &Selected<'_>,
        matched: &Matched<'_>,
        inbound: &Inbound,
        body: B,
        mut invocation: Invocation,
        extended_request_id: &str,
    ) -> Result<Response<Body>, Failure>
    where
        B: HttpBody<Data = Bytes> + Send,
        B::Error: Into<BoxError>,
    {
        let front = selected.endpoint.front;
        let body = read_body(body, front.body_limit()).await.map_err(|error| match error {
            BodyError::TooLarge => Failure::TooLarge,
            BodyError::Broken => Failure::BadRequest,
        })?;
        let function = &matched.target.function;
        let headers = headers::forwarded(inbound, &invocation);
        invocation.event = match self.dispatcher.door(function) {
            Some(Door::Http) => Event::Http(http_event(inbound, headers, body)),
            Some(Door::Event) | None => {
                let source = event::Source {
                    account: &self.account,
                    endpoint: selected.endpoint,
                    matched,
                    inbound,
                    path: selected.path,
                    body: &body,
                    headers: &headers,
                    invocation: &invocation,
                    extended_request_id,
                };
                let event = match front {
                    Front::RestApi => event_v1::event(&source),
                    Front::HttpApi | Front::FunctionUrl => event_v2::event(&source),
                };
                if event.len() > EVENT_LIMIT {
                    return Err(Failure::TooLarge);
                }
                Event::Bytes(event.into())
            }
        };
        invocation.streaming = selected.endpoint.streaming;
        let invoked = self.dispatcher.invoke(&function.name, invocation);
        let answer = match front.time_limit() {
            // The invocation itself goes on to its own time-out, as on AWS.
            Some(limit) => timeout(limit, invoked).await.map_err(|_| Failure::TimedOut)?,
            None => invoked.await,
        };
        outcome(front, answer?).await
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

impl Front {
    fn body_limit(self) -> usize {
        match self {
            Self::HttpApi | Self::RestApi => API_BODY_LIMIT,
            Self::FunctionUrl => EVENT_LIMIT,
        }
    }

    /// How long the front end waits for the function (API Gateway guide, "Quotas"); a function
    /// URL waits as long as the function may run.
    fn time_limit(self) -> Option<Duration> {
        match self {
            Self::HttpApi => Some(Duration::from_secs(30)),
            Self::RestApi => Some(Duration::from_secs(29)),
            Self::FunctionUrl => None,
        }
    }
}

/// What AWS tells of a request in its response.
struct Ids {
    request: String,
    extended: String,
    trace: String,
}

impl Ids {
    fn mark(&self, front: Front, response: &mut Response<Body>) {
        let headers = response.headers_mut();
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        match front {
            Front::HttpApi => set("apigw-requestid", &self.extended),
            Front::RestApi => {
                set("x-amzn-requestid", &self.request);
                set("x-amz-apigw-id", &self.extended);
                set("x-amzn-trace-id", &self.trace);
            }
            Front::FunctionUrl => {
                set("x-amzn-requestid", &self.request);
                set("x-amzn-trace-id", &self.trace);
            }
        }
    }
}

fn source(inbound: &Inbound) -> Source {
    Source::Http { method: inbound.method.to_string(), path: inbound.path.clone() }
}

/// A client's own trace goes on; its root replaces the new one.
fn adopt_trace(invocation: &mut Invocation, inbound: &Inbound) {
    let Some(theirs) = inbound.headers.get(headers::TRACE_ID).map(headers::text) else { return };
    let theirs = headers::trace_root(&theirs).trim();
    if !headers::is_trace_root(theirs) {
        return;
    }
    let ours = headers::trace_root(&invocation.trace_id).to_owned();
    invocation.trace_id = invocation.trace_id.replacen(&ours, theirs, 1);
}

/// The request for a function that takes HTTP: an absolute URI, AWS's headers, the whole body.
fn http_event(inbound: &Inbound, mut headers: http::HeaderMap, body: Bytes) -> Request<Body> {
    let query = if inbound.query.is_empty() { "" } else { "?" };
    let target = format!("{}{query}{}", inbound.path, inbound.query);
    headers.remove(header::CONTENT_LENGTH);
    if !body.is_empty() {
        headers.insert(header::CONTENT_LENGTH, body.len().into());
    }
    let mut request = Request::new(full(body));
    *request.method_mut() = inbound.method.clone();
    *request.headers_mut() = headers;
    let absolute = format!("http://{}{target}", inbound.host.authority).parse();
    // A host that no URI can have leaves the path alone, which came out of a URI.
    if let Ok(uri) = absolute.or_else(|_| target.parse()) {
        *request.uri_mut() = uri;
    }
    request
}

async fn outcome(front: Front, answer: Answer) -> Result<Response<Body>, Failure> {
    match answer.result {
        Ok(Output::Bytes(payload)) => {
            let response = match front {
                Front::FunctionUrl => stream::collected(&payload),
                Front::HttpApi | Front::RestApi => None,
            };
            response
                .unwrap_or_else(|| response::parse(front, &payload))
                .map(|response| response.map(full))
                .map_err(|malformed| Failure::Function(malformed.to_string()))
        }
        Ok(Output::Stream(streamed)) => stream::response(streamed).await,
        Ok(Output::Http(mut response)) => {
            headers::remove_hop_by_hop(response.headers_mut());
            Ok(response)
        }
        Err(error) => Err(Failure::Function(format!("{}: {}", error.error_type, error.message))),
    }
}

#[cfg(test)]
mod tests;
