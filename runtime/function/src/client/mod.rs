//! Outgoing HTTP requests, in both builds from the same source (feature `client`).
//!
//! ```no_run
//! use samovar_function::http::Request;
//! use samovar_function::{Body, Error, client};
//!
//! async fn price(item: &str) -> Result<String, Error> {
//!     let uri = format!("https://prices.example/{item}");
//!     let response = client::send(Request::get(uri).body(Body::empty())?).await?;
//!     let price = response.into_body().bytes().await?;
//!     Ok(String::from_utf8(price.to_vec())?)
//! }
//! ```
//!
//! A WASM build sends by `wasi:http/outgoing-handler`: the host makes the connection, speaks TLS,
//! and lets requests through to the AWS endpoint and to the hosts that the function's metadata
//! allows. A native build has hyper with rustls, the machine's root certificates, and connections
//! that are kept for the next request of its environment.
//!
//! Requests run at once where their futures do, as in `futures_util::future::try_join`. Redirects
//! are answers like any other, and no request is sent a second time.

#[cfg_attr(target_family = "wasm", path = "wasm.rs")]
#[cfg_attr(not(target_family = "wasm"), path = "native.rs")]
mod build;

use std::fmt;

use http::uri::Authority;

use crate::{Body, Error, Response};

/// Sends a request with an absolute URI of scheme `http` or `https`. The response comes when its
/// head is there; its body is read as it comes.
///
/// # Errors
/// The URI is not absolute, the host refuses the request, the server cannot be reached, or one of
/// the bodies broke off. Every status is a response.
pub async fn send<B: Into<Body>>(request: http::Request<B>) -> Result<Response, SendError> {
    let authority = request.uri().authority().cloned();
    let sent = match (request.uri().scheme_str(), &authority) {
        (Some("http" | "https"), Some(_)) => build::send(request.map(Into::into)).await,
        _ => Err("the URI must be absolute: http://host/path or https://host/path".into()),
    };
    sent.map_err(|source| SendError { authority, source })
}

/// Why there is no response to a request.
#[derive(Debug)]
pub struct SendError {
    authority: Option<Authority>,
    source: Error,
}

/// Names the server and all causes. The path is left out, since it may hold a secret.
impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HTTP request")?;
        if let Some(authority) = &self.authority {
            // Without user and password.
            write!(f, " to {}", authority.host())?;
            if let Some(port) = authority.port() {
                write!(f, ":{port}")?;
            }
        }
        write!(f, ": {}", self.source)?;
        let mut cause = self.source.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl std::error::Error for SendError {}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
