//! `wasi:http/incoming-handler`: HTTP requests, as they are or as events of API Gateway.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::header::{HOST, HeaderValue};
use http::{Request, Response as HttpResponse};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use samovar_dispatch::{Body, BoxError, Event, FunctionError, MAX_RESPONSE_BYTES, Reply, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use wasmtime::{AsContextMut, Store};
use wasmtime_wasi_http::p2::bindings::Proxy;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;
use wasmtime_wasi_http::{Error, WasiHttpView};

use super::gateway;
use crate::failure;
use crate::state::State;

pub(super) async fn invoke(
    proxy: &Proxy,
    store: &mut Store<State>,
    event: Event,
    reply: Reply,
) -> Result<(), FunctionError> {
    match event {
        Event::Http(request) => {
            handle(proxy, store, request, |response| reply.send(Response::Http(response))).await
        }
        Event::Bytes(event) => {
            let (origin, request) = gateway::request(&event)
                .map_err(|reason| FunctionError::platform("Runtime.InvalidEvent", reason))?;
            let (sender, receiver) = oneshot::channel();
            let guest = handle(proxy, store, request, |response| {
                let _ = sender.send(response);
                Ok(())
            });
            let answer = async {
                let (head, body) = receiver.await.ok()?.into_parts();
                Some(whole(body).await.map(|body| (head, body)))
            };
            let (outcome, answer) = tokio::join!(guest, answer);
            match answer {
                // Before all else: a guest whose response is cut may fail of that.
                Some(Err(error)) if error == FunctionError::response_too_large() => Err(error),
                Some(answer) => {
                    outcome?;
                    let (head, body) = answer?;
                    reply.send(Response::Bytes(origin.response(&head, &body)))
                }
                // Without an answer there is an error.
                None => outcome,
            }
        }
    }
}

/// Runs the guest; `answer` gets the response as soon as the guest has set it.
async fn handle(
    proxy: &Proxy,
    store: &mut Store<State>,
    mut request: Request<Body>,
    answer: impl FnOnce(HttpResponse<Body>) -> Result<(), FunctionError> + Send + Sync + 'static,
) -> Result<(), FunctionError> {
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
    let (settled, settlement) = oneshot::channel();
    let mut view = store.data_mut().http();
    let request = view.new_incoming_request(Scheme::Http, request).map_err(invalid)?;
    let outparam = view
        .new_response_outparam_from_callback(move |response| {
            let _ = settled.send(response.map_err(handler_error).and_then(|response| {
                answer(response.map(|body| GuestBody { body, end: Some(end) }.boxed_unsync()))
            }));
        })
        .map_err(invalid)?;

    let handler = proxy.wasi_http_incoming_handler();
    if let Err(error) = handler.call_handle(store.as_context_mut(), request, outparam).await {
        return Err(failure::invocation(error, store.data()));
    }
    let _ = ended.send(());
    match settlement.await {
        Ok(outcome) => outcome,
        Err(_) => Err(failure::no_response("response-outparam was not set")),
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
fn handler_error(code: ErrorCode) -> FunctionError {
    if let ErrorCode::InternalError(Some(text)) = &code {
        let document = serde_json::from_str::<Value>(text).ok();
        if document.is_some_and(|document| document["errorType"].is_string()) {
            return FunctionError::handler(text.clone().into());
        }
    }
    let message = match code {
        ErrorCode::InternalError(Some(text)) => text,
        code => code.to_string(),
    };
    let document = json!({"errorType": "wasi:http/types.error-code", "errorMessage": message});
    FunctionError::handler(document.to_string().into())
}

/// A guest's body, which is whole only if the guest came to its end. `wasmtime-wasi-http` ends
/// it in good order when the guest has trapped in the middle.
struct GuestBody {
    body: HyperOutgoingBody,
    /// Told when the guest has come to its end; `None` after that.
    end: Option<oneshot::Receiver<()>>,
}

impl http_body::Body for GuestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.end.is_some()
            && let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx))
        {
            return Poll::Ready(Some(frame.map_err(Into::into)));
        }
        let Some(end) = &mut self.end else { return Poll::Ready(None) };
        let ended = ready!(Pin::new(end).poll(cx));
        self.end = None;
        match ended {
            Ok(()) => Poll::Ready(None),
            Err(_) => Poll::Ready(Some(Err("the function ended before its response did".into()))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
