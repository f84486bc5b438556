//! `wasi:http`: HTTP requests, as they are or as events of API Gateway. The handler of WASI 0.2 is
//! called here, that of 0.3 in [`service`](super::service).

use bytes::{Bytes, BytesMut};
use http::header::{HOST, HeaderValue};
use http::response::Parts;
use http::{Request, Response as HttpResponse};
use http_body_util::{BodyExt, Full};
use samovar_app::Function;
use samovar_dispatch::{
    Body, Event, FunctionError, Invocation, MAX_RESPONSE_BYTES, Reply, Response,
};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use wasmtime::{AsContextMut, Store};
use wasmtime_wasi_http::p2::bindings::Proxy;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p3::bindings::Service;
use wasmtime_wasi_http::{Error, WasiHttpView};

use super::awaited::Awaited;
use super::guest_body::GuestBody;
use super::{gateway, lambda_context, service};
use crate::failure;
use crate::state::State;

/// What takes requests.
#[derive(Clone, Copy)]
pub(super) enum Handler<'a> {
    /// `wasi:http/incoming-handler` of WASI 0.2.
    Incoming(&'a Proxy),
    /// `wasi:http/handler` of WASI 0.3.
    Concurrent(&'a Service),
}

/// Gives an event to the guest. The response to a request goes to the caller as the guest writes
/// it, where the caller takes that, and a caller who leaves stops the guest; otherwise when the guest
/// has ended, of at most [`MAX_RESPONSE_BYTES`].
pub(super) async fn invoke(
    handler: Handler<'_>,
    store: &mut Store<State>,
    function: &Function,
    invocation: Invocation,
    reply: Reply,
) -> Result<(), FunctionError> {
    let context = lambda_context::value(function, &invocation);
    let told = |mut request: Request<Body>| {
        let headers = request.headers_mut();
        match context {
            Some(context) => drop(headers.insert(lambda_context::NAME, context)),
            None => drop(headers.remove(lambda_context::NAME)),
        }
        request
    };
    match invocation.event {
        Event::Http(request) if invocation.streaming => {
            let request = told(request);
            let reply = Awaited::new(reply);
            let answer = {
                let reply = reply.clone();
                move |response| reply.send(Response::Http(response))
            };
            // As with one who leaves in the middle of the response, see `handle`.
            let finished = tokio::select! {
                biased;
                finished = handle(handler, store, request, answer) => Some(finished),
                () = reply.abandoned() => None,
            };
            finished.unwrap_or_else(|| {
                store.data().log.platform("Samovar stopped the isolate: nobody waits for it");
                Ok(())
            })
        }
        Event::Http(request) => {
            let (head, body) = collect(handler, store, told(request)).await?;
            let body = Full::new(body).map_err(|never| match never {}).boxed_unsync();
            reply.send(Response::Http(HttpResponse::from_parts(head, body)))
        }
        Event::Bytes(event) => {
            let (origin, request) = gateway::request(&event)
                .map_err(|reason| FunctionError::platform("Runtime.InvalidEvent", reason))?;
            let (head, body) = collect(handler, store, told(request)).await?;
            reply.send(Response::Bytes(origin.response(&head, &body)))
        }
    }
}

/// Runs the guest to its end, and collects its response.
async fn collect(
    handler: Handler<'_>,
    store: &mut Store<State>,
    request: Request<Body>,
) -> Result<(Parts, Bytes), FunctionError> {
    let (sender, receiver) = oneshot::channel();
    let (fail, failed) = oneshot::channel();
    let guest = async {
        let outcome = handle(handler, store, request, |response| {
            let _ = sender.send(response);
            Ok(())
        });
        let outcome = outcome.await;
        if outcome.is_err() {
            let _ = fail.send(());
        }
        outcome
    };
    let answer = async {
        let response = tokio::select! {
            biased;
            response = receiver => response.ok()?,
            // The store keeps the sender of a guest that has trapped.
            Ok(()) = failed => return None,
        };
        let (head, body) = response.into_parts();
        Some(whole(body).await.map(|body| (head, body)))
    };
    let (outcome, answer) = tokio::join!(guest, answer);
    match answer {
        // Before all else: a guest whose response is cut was stopped, or may fail of that.
        Some(Err(error)) if error == FunctionError::response_too_large() => Err(error),
        Some(answer) => {
            outcome?;
            answer
        }
        // Without an answer there is an error.
        None => Err(outcome.err().unwrap_or_else(|| failure::no_response("there was none"))),
    }
}

/// Runs the guest; `answer` gets the response as soon as the guest has set it.
async fn handle(
    handler: Handler<'_>,
    store: &mut Store<State>,
    mut request: Request<Body>,
    answer: impl FnOnce(HttpResponse<Body>) -> Result<(), FunctionError> + Send + Sync + 'static,
) -> Result<(), FunctionError> {
    let proxy = match handler {
        Handler::Incoming(proxy) => proxy,
        Handler::Concurrent(service) => {
            return service::handle(service, store, request, answer).await;
        }
    };
    let invalid = |error: wasmtime::Error| {
        FunctionError::platform("Runtime.InvalidEvent", format!("{error:#}"))
    };
    // A guest is told an authority; HTTP/1.0 requests and events may have none.
    if request.uri().authority().is_none() && !request.headers().contains_key(HOST) {
        request.headers_mut().insert(HOST, HeaderValue::from_static("localhost"));
    }
    let request =
        request.map(|body| body.map_err(|error| Error::InternalError(Some(error.to_string()))));

    let (ended, end) = oneshot::channel();
    let (drop_body, dropped) = oneshot::channel();
    let (settled, mut settlement) = oneshot::channel();
    let mut view = store.data_mut().http();
    let scheme = match request.uri().scheme_str() {
        Some("https") => Scheme::Https,
        _ => Scheme::Http,
    };
    let request = view.new_incoming_request(scheme, request).map_err(invalid)?;
    let outparam = view
        .new_response_outparam_from_callback(move |response| {
            let response = response.map_err(handler_error).and_then(final_response);
            let _ = settled.send(response.and_then(|response| {
                answer(response.map(|body| GuestBody::new(body, end, drop_body).boxed_unsync()))
            }));
        })
        .map_err(invalid)?;

    store.data_mut().returned = false;
    let handler = proxy.wasi_http_incoming_handler();
    let call = handler.call_handle(store.as_context_mut(), request, outparam);
    // Who reads the response drops it where the client has gone. On AWS the function runs on
    // (Lambda guide, "Response streaming for Lambda functions"), for an account to pay; here its
    // work is of no more use.
    let finished = tokio::select! {
        biased;
        finished = call => Some(finished),
        Ok(()) = dropped => None,
    };
    match finished {
        Some(Ok(())) => store.data_mut().returned = true,
        Some(Err(error)) => return Err(failure::invocation(error, store.data())),
        None => {
            store.data().log.platform("Samovar stopped the isolate: nobody reads its response");
            return Ok(());
        }
    }
    let _ = ended.send(());
    // It was set during the call, or never will be.
    match settlement.try_recv() {
        Ok(outcome) => outcome,
        Err(_) => Err(failure::no_response("response-outparam was not set")),
    }
}

/// A response that ends its request, with a status of a meaning (RFC 9110, section 15), as
/// functions that answer with events must have it. After `101 Switching Protocols` a client would
/// take what follows for something else.
fn final_response<B>(response: HttpResponse<B>) -> Result<HttpResponse<B>, FunctionError> {
    match response.status().as_u16() {
        200..600 => Ok(response),
        status => Err(failure::no_response(&format!("status {status} is that of none"))),
    }
}

/// All of a body.
///
/// # Errors
/// It is more than Lambda takes as a response, or the guest did not end it.
async fn whole(mut body: Body) -> Result<Bytes, FunctionError> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| failure::no_response(&error.to_string()))?;
        bytes.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        if bytes.len() > MAX_RESPONSE_BYTES {
            return Err(FunctionError::response_too_large());
        }
    }
    Ok(bytes.freeze())
}

/// An error instead of a response. `samovar-function` puts Lambda's error document into it.
pub(super) fn handler_error(code: impl Into<Error>) -> FunctionError {
    let code = code.into();
    if let Error::InternalError(Some(text)) = &code {
        let document = serde_json::from_str::<Value>(text).ok();
        if document.is_some_and(|document| document["errorType"].is_string()) {
            return FunctionError::handler(text.clone().into());
        }
    }
    let message = match code {
        Error::InternalError(Some(text)) => text,
        code => code.to_string(),
    };
    let document = json!({"errorType": "wasi:http/types.error-code", "errorMessage": message});
    FunctionError::handler(document.to_string().into())
}
