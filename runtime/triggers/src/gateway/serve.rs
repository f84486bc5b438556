//! A routed request from its head to its response.

use bytes::Bytes;
use http::{Request, Response, header};
use http_body::Body as HttpBody;
use samovar_dispatch::{
    Answer, Body, BoxError, Door, Event, Invocation, Response as Output, Source,
};
use samovar_http::{BodyError, full, read_body};
use tokio::time::timeout;

use super::endpoint::{Front, Selected};
use super::failure::Failure;
use super::ids::Ids;
use super::inbound::Inbound;
use super::limits::EVENT_LIMIT;
use super::route::Matched;
use super::{Shared, event, event_v1, event_v2, headers, response, stream};

impl Shared {
    pub(super) async fn serve<B>(
        &self,
        selected: &Selected<'_>,
        inbound: &Inbound,
        body: B,
    ) -> Response<Body>
    where
        B: HttpBody<Data = Bytes> + Send,
        B::Error: Into<BoxError>,
    {
        let front = selected.endpoint.front;
        let mut invocation = Invocation::new(Event::Bytes(Bytes::new()), source(inbound));
        adopt_trace(&mut invocation, inbound);
        let ids = Ids::of(&invocation);
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
