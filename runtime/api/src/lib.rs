//! The AWS wire protocols on one port: Lambda and SQS.
//!
//! One module a service: `lambda` (REST with JSON), `sqs` (AWS JSON 1.0, and the older query
//! protocol). A request's path, `X-Amz-Target` header or content type tells which it means.

mod health;
mod lambda;
mod reply;
mod sqs;

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body as HttpBody;
use samovar_dispatch::{Account, Body, BoxError, Dispatcher};
use samovar_queue::Queues;
use serde_json::json;

/// The AWS port. Cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Services>);

/// What the protocols speak for.
struct Services {
    account: Account,
    dispatcher: Dispatcher,
    queues: Queues,
}

impl Api {
    /// An API in front of these functions and queues, which are the account's.
    pub fn new(account: Account, dispatcher: Dispatcher, queues: Queues) -> Self {
        Self(Arc::new(Services { account, dispatcher, queues }))
    }

    /// Answers one request. Nothing fails here: whatever goes wrong is a response with the
    /// service's own status and error document.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let path = request.uri().path();
        if path == health::PATH && request.method() == Method::GET {
            return health::report(&self.0).await;
        }
        if lambda::is_meant(path) {
            return lambda::handle(&self.0, request).await;
        }
        if sqs::is_meant(&request) {
            return sqs::handle(&self.0, request).await;
        }
        nothing_here(request.method(), path)
    }
}

fn nothing_here(method: &Method, path: &str) -> Response<Body> {
    let message = format!(
        "Samovar does not serve {method} {path} here. This port speaks the AWS APIs of Lambda \
         (POST /2015-03-31/functions/NAME/invocations) and SQS (POST / with X-Amz-Target, or \
         with Action in a form), and GET {}. HTTP APIs and function URLs have a port of their own.",
        health::PATH
    );
    reply::json(StatusCode::NOT_FOUND, &json!({"message": message}))
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
