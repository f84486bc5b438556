//! hyper, with rustls for `https`.

use std::sync::LazyLock;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;

use crate::{Body, Error, Response};

/// One for the environment, with its connections. Made at the first request, because reading the
/// root certificates takes a millisecond or more.
static CLIENT: LazyLock<Result<Client<HttpsConnector<HttpConnector>, Body>, String>> =
    LazyLock::new(|| {
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(ring::default_provider())
            .map_err(|error| format!("no root certificates for TLS: {error}"))?
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Client::builder(TokioExecutor::new()).build(connector))
    });

pub(super) async fn send(request: http::Request<Body>) -> Result<Response, Error> {
    let client = CLIENT.as_ref().map_err(String::as_str)?;
    Ok(client.request(request).await?.map(Body::new))
}
