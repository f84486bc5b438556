//! The Lambda API: REST paths, JSON documents.
//!
//! One module an action group; [`handle`] finds the action by method and path as the
//! service model has them (botocore, `lambda/2015-03-31/service-2.json`).

mod error;
mod invoke;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body as HttpBody;
use percent_encoding::percent_decode_str;
use samovar_dispatch::{Body, BoxError};

use self::error::LambdaError;
use crate::{Services, reply};

/// Whether a path is one of Lambda's: they begin with the date of an API version.
pub(crate) fn is_meant(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
    first.chars().map(shape).eq("0000-00-00".chars())
}

/// Answers one request.
pub(crate) async fn handle<B>(services: &Services, request: Request<B>) -> Response<Body>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let request_id = uuid::Uuid::new_v4().to_string();
    let (parts, body) = request.into_parts();
    let answered = match (&parts.method, invoked_function(parts.uri.path())) {
        (&Method::POST, Some(name)) => {
            invoke::invoke(services, &name, &parts, body, &request_id).await
        }
        (method, _) => Err(LambdaError::UnknownOperation {
            method: method.clone(),
            path: parts.uri.path().to_owned(),
        }),
    };
    let mut response = answered.unwrap_or_else(|error| error.response());
    reply::set(&mut response, reply::REQUEST_ID, &request_id);
    response
}

/// The name in `/2015-03-31/functions/NAME/invocations`, decoded.
fn invoked_function(path: &str) -> Option<String> {
    let rest = path.strip_prefix("/2015-03-31/functions/")?;
    let name = rest.strip_suffix("/invocations").filter(|name| !name.contains('/'))?;
    Some(percent_decode_str(name).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests;
