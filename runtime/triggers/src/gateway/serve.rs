//! A routed request from its head to its response.

use bytes::Bytes;
use http::{Method, Request, Response, header};
use http_body::Body as HttpBody;
use samovar_app::PayloadFormat;
use samovar_dispatch::{
    Answer, Body, BoxError, Door, Event, Invocation, Response as Output, Source,
};
use samovar_http::full;
use tokio::time::{Instant, timeout};

use super::access_log::Integration;
use super::authorizer::Identity;
use super::endpoint::{Endpoint, Front, Selected};
use super::failure::Failure;
use super::ids::Ids;
use super::inbound::Inbound;
use super::integration::{self, Call};
use super::limits::EVENT_LIMIT;
use super::response::{Malformed, Mapping};
use super::route::Answers;
use super::{
    Shared, cors, event, event_v1, event_v2, gateway_response, headers, request_context, stream,
};

impl Shared {
    /// Answers a request of an endpoint.
    pub(super) async fn serve<B>(
        &self,
        selected: Selected<'_>,
        inbound: &Inbound,
        body: B,
    ) -> Response<Body>
    where
        B: HttpBody<Data = Bytes> + Send,
        B::Error: Into<BoxError>,
    {
        let endpoint = selected.endpoint;
        let front = endpoint.front;
        let routed = selected.routed;
        let mut invocation = Invocation::new(Event::Bytes(Bytes::new()), source(inbound));
        adopt_trace(&mut invocation, inbound);
        let ids = Ids::of(&invocation);
        let mut caller = Identity::default();
        let answered = match front.check_head(inbound) {
            Err(failure) => Err(failure),
            Ok(()) => match cors::answer(endpoint, inbound, selected.routed) {
                Some(mut response) => {
                    let admitted = self.preflight(&selected, inbound, &ids).await;
                    if let Err(failure) = admitted {
                        response = self.failed(&failure, endpoint, inbound, routed, &ids, &caller);
                    }
                    ids.mark(front, &mut response);
                    return response;
                }
                None => {
                    let answering = self.answer(
                        selected,
                        inbound,
                        body,
                        invocation,
                        &ids.extended,
                        &mut caller,
                    );
                    answering.await
                }
            },
        };
        let mut response = answered.unwrap_or_else(|failure| {
            self.failed(&failure, endpoint, inbound, routed, &ids, &caller)
        });
        // For the access log.
        response.extensions_mut().insert(caller);
        cors::mark(endpoint, inbound, &mut response);
        ids.mark(front, &mut response);
        response
    }

    /// The response to a request that fails, as the API's own gateway responses have it.
    pub(super) fn failed(
        &self,
        failure: &Failure,
        endpoint: &Endpoint,
        inbound: &Inbound,
        routed: &str,
        ids: &Ids,
        caller: &Identity,
    ) -> Response<Body> {
        let response = failure.response(endpoint.front);
        if endpoint.gateway_responses.is_empty() {
            return response;
        }
        let own = failure.response_type().and_then(|kind| {
            Some((kind, endpoint.gateway_responses.find(kind, response.status())?))
        });
        let Some((kind, own)) = own else { return response };
        let matched = endpoint.router.find(&inbound.method, routed);
        let target = matched.as_ref().map(|matched| matched.target);
        let call = Call {
            front: endpoint.front,
            inbound,
            path: routed,
            parameters: matched.as_ref().map(|it| it.parameters.as_slice()).unwrap_or_default(),
            headers: &inbound.headers,
            body: &Bytes::new(),
            resource: target.and_then(|it| it.resource.as_deref()).unwrap_or_default(),
            route_key: target.map(|it| it.key.as_str()).unwrap_or_default(),
            api_id: &endpoint.id,
            stage: &endpoint.stage,
            stage_variables: &endpoint.stage_variables,
            account_id: &self.account.id,
            request_id: &ids.request,
            extended_request_id: &ids.extended,
            caller,
            limit: integration::TIME_LIMIT,
            streaming: false,
        };
        gateway_response::apply(own, kind, &call, response)
    }

    /// Whether a preflight that the front end answers is let through. Only the methods that SAM
    /// gives to REST APIs ask that, as any other method does; HTTP APIs and function URLs answer
    /// preflights before they authorize.
    async fn preflight(
        &self,
        selected: &Selected<'_>,
        inbound: &Inbound,
        ids: &Ids,
    ) -> Result<(), Failure> {
        let Selected { endpoint, path, routed, .. } = selected;
        let mut methods = endpoint.router.methods(routed).into_iter();
        let method = methods.next().flatten().unwrap_or(&Method::GET);
        // The path's resource and parameters are the same by any of its methods.
        let Some(matched) = endpoint.router.find(method, routed) else { return Ok(()) };
        let source = event::Source {
            account: &self.account,
            endpoint,
            matched: &matched,
            inbound,
            path,
            is_mapped: path != routed,
            routed,
            body: &Bytes::new(),
            headers: &inbound.headers,
            request_id: &ids.request,
            trace_id: &ids.trace,
            identity: &Identity::default(),
            extended_request_id: &ids.extended,
        };
        self.authorizers().check_preflight(&source, &self.dispatcher).await.map_err(Into::into)
    }

    /// The answer of the route's integration. `caller` becomes who asks, once that is known.
    async fn answer<B>(
        &self,
        selected: Selected<'_>,
        inbound: &Inbound,
        body: B,
        mut invocation: Invocation,
        extended_request_id: &str,
        caller: &mut Identity,
    ) -> Result<Response<Body>, Failure>
    where
        B: HttpBody<Data = Bytes> + Send,
        B::Error: Into<BoxError>,
    {
        let Selected { endpoint, matched, path, routed } = selected;
        let matched = &matched?;
        let front = endpoint.front;
        let body = inbound.read(body, front.body_limit()).await?;
        let target = matched.target;
        let headers = headers::forwarded(inbound, &invocation);
        let source = event::Source {
            account: &self.account,
            endpoint,
            matched,
            inbound,
            path,
            is_mapped: path != routed,
            routed,
            body: &body,
            headers: &headers,
            request_id: &invocation.request_id,
            trace_id: &invocation.trace_id,
            identity: &Identity::default(),
            extended_request_id,
        };
        *caller = self.authorizers().check(&source, &self.dispatcher).await?;
        let function = match &target.answers {
            Answers::Function(function) => function,
            Answers::Direct(direct) => {
                let call = Call {
                    front,
                    inbound,
                    path: routed,
                    parameters: &matched.parameters,
                    headers: &headers,
                    body: &body,
                    resource: target.resource.as_deref().unwrap_or_default(),
                    route_key: &target.key,
                    api_id: &endpoint.id,
                    stage: &endpoint.stage,
                    stage_variables: &endpoint.stage_variables,
                    account_id: &self.account.id,
                    request_id: &invocation.request_id,
                    extended_request_id,
                    caller,
                    streaming: target.streaming,
                    limit: front.time_limit(target.timeout).unwrap_or(integration::TIME_LIMIT),
                };
                return self.integrations.answer(direct, &call).await;
            }
        };
        invocation.event = match self.dispatcher.door(function) {
            Some(Door::Http) => {
                let known = event::Source { identity: caller, ..source };
                let context = request_context::header(&known, target.payload_format);
                let mut request = http_event(inbound, headers, body);
                request_context::set(request.headers_mut(), context);
                Event::Http(request)
            }
            Some(Door::Event) | None => {
                let source = event::Source { identity: caller, ..source };
                let event = match target.payload_format {
                    PayloadFormat::V1 => event_v1::event(&source),
                    PayloadFormat::V2 => event_v2::event(&source),
                };
                if event.len() > EVENT_LIMIT {
                    return Err(Failure::EventTooLarge);
                }
                Event::Bytes(event.into())
            }
        };
        // What answers HEAD has no body that could stream.
        invocation.streaming = target.streaming && inbound.method != Method::HEAD;
        let began = Instant::now();
        let called = function.called_by_triggers();
        let invoked = self.dispatcher.invoke(&called, invocation);
        let answer = match front.time_limit(target.timeout) {
            // The invocation itself goes on to its own time-out, as on AWS.
            Some(limit) => timeout(limit, invoked).await.map_err(|_| Failure::TimedOut)?,
            None => invoked.await,
        };
        let latency = began.elapsed();
        let accept = inbound.headers.get(header::ACCEPT).map(headers::text);
        let takes_binary = endpoint.binary.are_accepted(accept.as_deref());
        let format = target.payload_format;
        let mapping = Mapping { front, format, takes_binary, streaming: target.streaming };
        let mut response = outcome(mapping, answer?).await?;
        response.extensions_mut().insert(Integration { latency });
        Ok(response)
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
    let absolute = format!("{}://{}{target}", inbound.scheme, inbound.host.authority).parse();
    // A host that no URI can have leaves the path alone, which came out of a URI.
    if let Ok(uri) = absolute.or_else(|_| target.parse()) {
        *request.uri_mut() = uri;
    }
    request
}

async fn outcome(mapping: Mapping, answer: Answer) -> Result<Response<Body>, Failure> {
    match answer.result {
        Ok(Output::Bytes(payload)) => {
            let response = match mapping.front {
                Front::FunctionUrl => stream::collected(Front::FunctionUrl, &payload),
                Front::RestApi if mapping.streaming => {
                    let response = stream::collected(Front::RestApi, &payload);
                    Some(response.unwrap_or(Err(Malformed::NoPrelude)))
                }
                Front::HttpApi | Front::RestApi => None,
            };
            response
                .unwrap_or_else(|| mapping.parse(&payload))
                .map(|response| response.map(full))
                .map_err(|malformed| stream::malformed(mapping, &malformed))
        }
        Ok(Output::Stream(streamed)) => stream::response(mapping, streamed).await,
        Ok(Output::Http(mut response)) => {
            let headers = response.headers_mut();
            // Of HTTP the length is the connection's affair, no header of the function's.
            let length = headers.remove(header::CONTENT_LENGTH);
            headers::remap(mapping.front, headers);
            headers.extend(length.map(|length| (header::CONTENT_LENGTH, length)));
            Ok(response)
        }
        Err(error) => Err(Failure::Function(format!("{}: {}", error.error_type, error.message))),
    }
}
