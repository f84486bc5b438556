//! `wasi:http/outgoing-handler`, through wstd, whose reactor runs the function.

use http_body_util::BodyExt;
use wstd::http::Client;

use crate::wasm::of_connection;
use crate::{Body, Error, Response};

pub(super) async fn send(mut request: http::Request<Body>) -> Result<Response, Error> {
    // The host sets what belongs to the connection, and refuses it from a guest.
    let headers = request.headers_mut();
    for name in of_connection() {
        headers.remove(name);
    }
    let request = request
        .map(|body| wstd::http::Body::from_http_body(body.map_err(wstd::http::Error::from_boxed)));
    let response = Client::new().send(request).await.map_err(boxed)?;
    Ok(response.map(|body| Body::new(body.into_boxed_body().map_err(boxed))))
}

fn boxed(error: wstd::http::Error) -> Error {
    error.into_boxed_dyn_error()
}
