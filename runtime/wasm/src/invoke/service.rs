//! `wasi:http/handler` of WASI 0.3: HTTP requests, whose bodies stream both ways while the guest
//! does other things.

use std::future::poll_fn;

use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{Request, Response as HttpResponse};
use http_body_util::BodyExt;
use samovar_dispatch::{Body, FunctionError};
use tokio::sync::oneshot;
use wasmtime::Store;
use wasmtime::component::Accessor;
use wasmtime_wasi_http::p3::Request as GuestRequest;
use wasmtime_wasi_http::p3::bindings::Service;
use wasmtime_wasi_http::{Error, FieldMap, WasiBody, WasiHttpHooks, WasiHttpView};

use super::guest_body::GuestBody;
use super::http::handler_error;
use crate::failure;
use crate::state::State;

/// Runs the guest; `answer` gets the response as soon as the guest has returned it. Returns when
/// all tasks of the guest have ended: those that it has left behind write the body.
///
/// Dropping the future drops what the guest does: a time-out works from outside, as the guest's
/// event loop cannot be relied upon to come back (bytecodealliance/wasmtime#11869, #11870), and has
/// no way to cancel a task (#11833).
pub(super) async fn handle(
    service: &Service,
    store: &mut Store<State>,
    request: Request<Body>,
    answer: impl FnOnce(HttpResponse<Body>) -> Result<(), FunctionError> + Send + 'static,
) -> Result<(), FunctionError> {
    let (ended, end) = oneshot::channel();
    let (drop_body, dropped) = oneshot::channel();
    let answer = move |response: HttpResponse<_>| {
        answer(response.map(|body| GuestBody::new(body, end, drop_body).boxed_unsync()))
    };
    store.data_mut().returned = false;
    let call = store.run_concurrent(async |guest| {
        let answered = respond(service, guest, request, answer).await?;
        poll_fn(|cx| guest.poll_no_interesting_tasks(cx)).await;
        Ok(answered)
    });
    // As for WASI 0.2: a guest whose response nobody reads is stopped.
    let finished = tokio::select! {
        biased;
        finished = call => Some(finished.flatten()),
        Ok(()) = dropped => None,
    };
    match finished {
        Some(Ok(answered)) => {
            store.data_mut().returned = true;
            let _ = ended.send(());
            answered
        }
        Some(Err(error)) => Err(failure::invocation(error, store.data())),
        None => {
            store.data().log.platform("Samovar stopped the isolate: nobody reads its response");
            Ok(())
        }
    }
}

/// Calls the guest, and gives its response to `answer`.
async fn respond(
    service: &Service,
    guest: &Accessor<State>,
    request: Request<Body>,
    answer: impl FnOnce(HttpResponse<WasiBody>) -> Result<(), FunctionError>,
) -> wasmtime::Result<Result<(), FunctionError>> {
    let request = guest.with(|mut access| {
        let view = access.data_mut().http();
        let request = guest_request(request, view.hooks);
        view.table.push(request)
    })?;
    let response = match service.wasi_http_handler().call_handle(guest, request).await? {
        Ok(response) => response,
        Err(code) => return Ok(Err(handler_error(code))),
    };
    // The guest may ask what became of the response that it returned. It was taken.
    let sent = async { Ok(()) };
    let response = guest.with(|mut access| {
        let response = access.data_mut().http().table.delete(response)?;
        response.into_http(access, sent)
    })?;
    Ok(answer(response))
}

/// The request as the guest gets it: with an authority, which stands in the header `Host` where
/// the request came by HTTP/1.1, and without the headers of the connection.
fn guest_request(request: Request<Body>, hooks: &mut dyn WasiHttpHooks) -> GuestRequest {
    let (head, body) = request.into_parts();
    let uri = head.uri.into_parts();
    let of_header = || head.headers.get(HOST)?.to_str().ok()?.parse().ok();
    let authority = uri.authority.or_else(of_header);
    let authority = authority.unwrap_or_else(|| Authority::from_static("localhost"));
    let body = body.map_err(|error| Error::InternalError(Some(error.to_string())));
    // What came of reading it is the guest's concern.
    let (request, _) = GuestRequest::new(
        head.method,
        Some(uri.scheme.unwrap_or(Scheme::HTTP)),
        Some(authority),
        uri.path_and_query,
        FieldMap::new_immutable(hooks, head.headers),
        None,
        body,
    );
    request
}
