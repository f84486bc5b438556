//! Subscriptions to telemetry over HTTP: the Telemetry API `2022-07-01` and the older Logs API
//! `2020-08-15` ("Lambda Telemetry API reference", "Lambda Logs API").

use http::{Method, Request, StatusCode};
use hyper::body::Incoming;

use super::body;
use super::extensions::identified;
use super::respond::{self, Answer};
use super::server::Shared;
use crate::telemetry::{Subscription, Unsubscribed};

pub(crate) use crate::telemetry::Api;

impl Api {
    /// The API whose path this is; a slash at the end is no difference.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        match path.strip_suffix('/').unwrap_or(path) {
            "/2022-07-01/telemetry" => Some(Self::Telemetry),
            "/2020-08-15/logs" => Some(Self::Logs),
            _ => None,
        }
    }
}

/// Answers one request.
pub(crate) async fn subscribe(shared: &Shared, api: Api, request: Request<Incoming>) -> Answer {
    if request.method() != Method::PUT {
        return respond::plain(StatusCode::METHOD_NOT_ALLOWED, "");
    }
    let (head, mut body) = request.into_parts();
    let name = identified(&head.headers).and_then(|id| shared.extensions.name(id));
    let name = match name {
        Ok(name) => name,
        Err(refusal) => return super::extensions::refused(&refusal),
    };
    let invalid =
        |message: &str| respond::failure(StatusCode::BAD_REQUEST, "ValidationError", message);
    let Ok(received) = body::read(&mut body).await else {
        return invalid("the request body is too large or broke off");
    };
    let subscription = match Subscription::read(api, &received.bytes) {
        Ok(subscription) => subscription,
        Err(faults) => return invalid(&faults),
    };
    match shared.telemetry.subscribe(&name, subscription) {
        Ok(()) => respond::document(StatusCode::OK, "\"OK\"".into()),
        Err(Unsubscribed::Closed) => {
            let (error_type, api) = match api {
                Api::Telemetry => ("Telemetry.SubscriptionClosed", "Telemetry"),
                Api::Logs => ("Logs.SubscriptionClosed", "Logs"),
            };
            let message = format!("{api} API subscription is closed already");
            respond::failure(StatusCode::FORBIDDEN, error_type, &message)
        }
        Err(Unsubscribed::OtherApi) => {
            invalid("another extension has subscribed through the other one of both APIs")
        }
        Err(Unsubscribed::OwnPort) => invalid("the port is that of the Runtime API"),
    }
}
