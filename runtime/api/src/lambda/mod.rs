//! The Lambda API: REST paths, JSON documents.
//!
//! One module an action group; [`handle`] finds the action by method and path as the
//! service model has them (botocore, `lambda/2015-03-31/service-2.json`).

mod error;
mod event_stream;
mod invoke;
mod invoke_stream;
mod manage;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, header};
use http_body::Body as HttpBody;
use percent_encoding::percent_decode_str;
use samovar_dispatch::{Body, BoxError};
use samovar_http::{BodyError, read_body};

use self::error::LambdaError;
use self::manage::Origin;
pub use self::manage::{
    CodeError, FunctionHost, Functions, Kept, LayerContent, Owner, Packed, Parts as FunctionParts,
    StoredCode,
};
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
        (&Method::POST, Some((Invoked::Whole, name))) => {
            invoke::invoke(services, &name, &parts, body, &request_id).await
        }
        (&Method::POST, Some((Invoked::Later, name))) => {
            invoke::invoke_async(services, &name, &parts, body, &request_id).await
        }
        (&Method::POST, Some((Invoked::Streamed, name))) => {
            invoke_stream::invoke(services, &name, &parts, body, &request_id).await
        }
        _ => manage(services, &parts, body).await,
    };
    let mut response = answered.unwrap_or_else(|error| error.response());
    reply::set(&mut response, reply::REQUEST_ID, &request_id);
    response
}

/// Everything but invocations.
async fn manage<B>(
    services: &Services,
    parts: &Parts,
    body: B,
) -> Result<Response<Body>, LambdaError>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let path = parts.uri.path();
    let Some(functions) = &services.functions else {
        let method = parts.method.clone();
        return Err(LambdaError::UnknownOperation { method, path: path.to_owned() });
    };
    let body = read_body(body, manage::REQUEST_LIMIT).await.map_err(|error| match error {
        BodyError::TooLarge => LambdaError::RequestEntityTooLarge,
        BodyError::Broken | BodyError::TooSlow => {
            LambdaError::InvalidContent("The request body broke off.".to_owned())
        }
    })?;
    let decode = |segment| percent_decode_str(segment).decode_utf8_lossy();
    // Some have a slash at the end: `/2015-03-31/functions/`.
    let segments: Vec<_> = path.trim_matches('/').split('/').map(decode).collect();
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    functions.handle(&parts.method, &segments, parts.uri.query(), body, &origin(parts)).await
}

/// How the caller reached this port: by the host that it named.
fn origin(parts: &Parts) -> Origin {
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| parts.uri.authority().map(|host| host.as_str()));
    Origin { host: host.unwrap_or("localhost").to_owned() }
}

/// Whether a path is that of an archive: what `Location` leads to.
pub(crate) fn is_archive(path: &str) -> bool {
    manage::is_archive(path)
}

/// Answers a request for an archive.
pub(crate) async fn fetch<B>(services: &Services, request: Request<B>) -> Response<Body> {
    let (method, path) = (request.method(), request.uri().path());
    match &services.functions {
        Some(functions) => functions.fetch(method, path).await,
        None => {
            let (method, path) = (method.clone(), path.to_owned());
            LambdaError::UnknownOperation { method, path }.response()
        }
    }
}

/// How a path wants the function's response.
enum Invoked {
    Whole,
    Streamed,
    /// Not at all: `InvokeAsync`, withdrawn in favour of `InvocationType: Event`.
    Later,
}

/// The name in `/2015-03-31/functions/NAME/invocations`, decoded, or in
/// `/2021-11-15/functions/NAME/response-streaming-invocations` or
/// `/2014-11-13/functions/NAME/invoke-async/`.
fn invoked_function(path: &str) -> Option<(Invoked, String)> {
    let between = |prefix, suffix| path.strip_prefix(prefix)?.strip_suffix(suffix);
    let (invoked, name) = None
        .or_else(|| Some((Invoked::Whole, between("/2015-03-31/functions/", "/invocations")?)))
        .or_else(|| {
            let suffix = "/response-streaming-invocations";
            Some((Invoked::Streamed, between("/2021-11-15/functions/", suffix)?))
        })
        .or_else(|| {
            let path = path.trim_end_matches('/');
            let name =
                path.strip_prefix("/2014-11-13/functions/")?.strip_suffix("/invoke-async")?;
            Some((Invoked::Later, name))
        })
        .filter(|(_, name)| !name.contains('/'))?;
    Some((invoked, percent_decode_str(name).decode_utf8_lossy().into_owned()))
}

#[cfg(test)]
mod tests;
