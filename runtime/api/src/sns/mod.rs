//! The SNS API: the AWS query protocol, forms in and XML out.
//!
//! Smithy, "AWS query protocol"; botocore, `sns/2010-03-31/service-2.json`. A request is known by
//! the service in its signature, or by SNS's `Version` in the URL or the form: its form is like one
//! of SQS's.

mod actions;
mod form;
mod xml;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode, header};
use http_body::Body as HttpBody;
use samovar_dispatch::{Body, BoxError};
use samovar_http::{BodyError, full, read_body};
use samovar_triggers::{TopicError, Topics};

use self::form::Form;
use self::xml::Xml;
use crate::reply;

/// The API's version.
const VERSION: &str = "2010-03-31";

/// A batch has at most 256 KiB of message text, which a form's escapes make three times as much.
const BODY_LIMIT: usize = 4 * 1024 * 1024;

/// Whether a request means SNS.
pub(crate) fn is_meant<B>(request: &Request<B>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let signed = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    // `Credential=KEY/DATE/REGION/sns/aws4_request`, in the URL with its slashes escaped.
    signed.is_some_and(|signed| signed.contains("/sns/aws4_request"))
        || query.contains("%2Fsns%2Faws4_request")
        || query.split('&').any(|pair| pair == format!("Version={VERSION}"))
}

/// Whether a request may mean SNS, which its form then says: one that is not signed.
pub(crate) fn may_be_meant<B>(request: &Request<B>) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    request.uri().path() == "/"
        && kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
        && !request.headers().contains_key(header::AUTHORIZATION)
        && !request.uri().query().unwrap_or_default().contains("Version=")
}

/// Whether a form means SNS.
pub(crate) fn is_form(form: &[u8]) -> bool {
    let version = format!("Version={VERSION}");
    form.split(|byte| *byte == b'&').any(|pair| pair == version.as_bytes())
}

/// Answers one request.
pub(crate) async fn handle<B>(topics: &Topics, request: Request<B>) -> Response<Body>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let (parts, body) = request.into_parts();
    let body = read_body(body, BODY_LIMIT).await;
    answer(topics, &parts, body).await
}

/// Answers one request whose body is read.
pub(crate) async fn answer(
    topics: &Topics,
    parts: &Parts,
    body: Result<Bytes, BodyError>,
) -> Response<Body> {
    let request_id = uuid::Uuid::new_v4().to_string();
    let result = match body {
        Ok(body) => {
            let form = Form::read(parts.uri.query().unwrap_or_default(), &body);
            actions::act(topics, &form).await
        }
        Err(BodyError::TooLarge) => Err(TopicError::invalid("Message too long")),
        Err(BodyError::Broken | BodyError::TooSlow) => {
            Err(TopicError::invalid("the request body broke off"))
        }
    };
    let (status, document) = match result {
        Ok((action, result)) => (StatusCode::OK, document(&action, &result, &request_id)),
        Err(error) => {
            let status = StatusCode::from_u16(error.status);
            (status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), refusal(&error, &request_id))
        }
    };
    let mut response = Response::new(full(document));
    *response.status_mut() = status;
    reply::set(&mut response, header::CONTENT_TYPE, "text/xml");
    reply::set(&mut response, reply::REQUEST_ID, &request_id);
    response
}

/// `<PublishResponse><PublishResult>…`.
fn document(action: &str, result: &Xml, request_id: &str) -> String {
    let mut document = Xml::default();
    document.open_root(&format!("{action}Response"), VERSION);
    document.element(&format!("{action}Result"), |inner| inner.append(result));
    document.element("ResponseMetadata", |inner| inner.text("RequestId", request_id));
    document.close(&format!("{action}Response"));
    document.into_text()
}

fn refusal(error: &TopicError, request_id: &str) -> String {
    let mut document = Xml::default();
    document.open_root("ErrorResponse", VERSION);
    document.element("Error", |inner| {
        inner.text("Type", if error.is_sender_fault() { "Sender" } else { "Receiver" });
        inner.text("Code", error.code);
        inner.text("Message", &error.message);
    });
    document.text("RequestId", request_id);
    document.close("ErrorResponse");
    document.into_text()
}

#[cfg(test)]
mod tests;
