//! The AWS wire protocols on one port: Lambda, SQS, SNS and EventBridge.
//!
//! One module a service: `lambda` (REST with JSON), `sqs` (AWS JSON 1.0, and the older query
//! protocol), `sns` (the query protocol) and `events` (AWS JSON 1.1). A request's path,
//! `X-Amz-Target` header, content type or API version tells which it means.

mod events;
mod health;
mod lambda;
mod paging;
mod queues;
mod reply;
mod schedules;
mod sns;
mod sqs;

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Body as HttpBody;
pub use lambda::{
    CodeError, FunctionHost, FunctionParts, Functions, Kept, LayerContent, Owner, Packed,
    StoredCode,
};
use samovar_dispatch::{Account, Body, BoxError, Dispatcher};
use samovar_http::read_body;
use samovar_queue::Queues;
use samovar_triggers::{Connections, Deliveries, EventBuses, Schedules, Topics};
use serde_json::json;

/// The AWS port. Cheap to clone.
#[derive(Clone)]
pub struct Api(Arc<Services>);

/// What the protocols speak for.
#[derive(Clone)]
struct Services {
    account: Account,
    dispatcher: Dispatcher,
    queues: Queues,
    senders: Option<Senders>,
    deliveries: Option<Deliveries>,
    functions: Option<Functions>,
    connections: Option<Connections>,
}

#[derive(Clone)]
struct Senders {
    topics: Topics,
    buses: EventBuses,
    schedules: Schedules,
}

impl Api {
    /// An API in front of these functions and queues, which are the account's.
    pub fn new(account: Account, dispatcher: Dispatcher, queues: Queues) -> Self {
        Self(Arc::new(Services {
            account,
            dispatcher,
            queues,
            senders: None,
            deliveries: None,
            functions: None,
            connections: None,
        }))
    }

    /// The same API, which takes asynchronous invocations for these deliveries.
    #[must_use]
    pub fn with_deliveries(self, deliveries: Deliveries) -> Self {
        Self(Arc::new(Services { deliveries: Some(deliveries), ..self.services() }))
    }

    /// The same API, with these topics, event buses and schedules.
    #[must_use]
    pub fn with_senders(self, topics: Topics, buses: EventBuses, schedules: Schedules) -> Self {
        let senders = Some(Senders { topics, buses, schedules });
        Self(Arc::new(Services { senders, ..self.services() }))
    }

    /// The same API, which manages these functions.
    #[must_use]
    pub fn with_functions(self, functions: Functions) -> Self {
        Self(Arc::new(Services { functions: Some(functions), ..self.services() }))
    }

    /// The same API, which sends to these connections of WebSocket APIs.
    #[must_use]
    pub fn with_connections(self, connections: Connections) -> Self {
        Self(Arc::new(Services { connections: Some(connections), ..self.services() }))
    }

    fn services(&self) -> Services {
        (*self.0).clone()
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
        if let Some(connections) = self.0.connections.as_ref().filter(|c| c.is_meant(path)) {
            return connections.handle(request).await;
        }
        if queues::is_meant(path) && request.method() == Method::GET {
            return queues::handle(&self.0.queues, request.uri()).await;
        }
        if lambda::is_archive(path) {
            return lambda::fetch(&self.0, request).await;
        }
        if lambda::is_meant(path) {
            return lambda::handle(&self.0, request).await;
        }
        // Before SQS, which has the same forms and headers and takes every one.
        if let Some(Senders { topics, buses, schedules }) = &self.0.senders {
            if schedules::is_meant(request.method(), path) {
                return schedules::handle(schedules, path).await;
            }
            if sns::is_meant(&request) {
                return sns::handle(topics, request).await;
            }
            if events::is_meant(&request) {
                return events::handle(&self.0.account, buses, request).await;
            }
            if sns::may_be_meant(&request) {
                let (parts, body) = request.into_parts();
                let body = read_body(body, sqs::BODY_LIMIT).await;
                return match body {
                    Ok(form) if sns::is_form(&form) => sns::answer(topics, &parts, Ok(form)).await,
                    body => sqs::answer(&self.0, true, parts, body).await,
                };
            }
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
