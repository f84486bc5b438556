//! The older AWS query protocol: `Action=` in a form, XML back. Not emulated yet; a client that
//! speaks it is told so in its own language.

use http::{Request, Response, StatusCode, header};
use samovar_dispatch::Body;
use samovar_http::full;

use super::content_type;
use crate::reply;

/// Whether a request has the query protocol's form: a form, or `Action` in the URL.
pub(crate) fn is_meant<B>(request: &Request<B>) -> bool {
    let form = content_type(request.headers())
        .is_some_and(|content| content.starts_with("application/x-www-form-urlencoded"));
    let query = request.uri().query().unwrap_or_default();
    form || query.split('&').any(|pair| pair.starts_with("Action="))
}

pub(crate) fn refusal(request_id: &str) -> Response<Body> {
    let body = format!(
        "<?xml version=\"1.0\"?>\
         <ErrorResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><Error>\
         <Type>Sender</Type><Code>AWS.SimpleQueueService.UnsupportedOperation</Code>\
         <Message>Samovar does not emulate the AWS query protocol yet: use an SDK that speaks \
         AWS JSON 1.0 to SQS (since November 2023).</Message><Detail/></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>"
    );
    let mut response = Response::new(full(body));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    reply::set(&mut response, header::CONTENT_TYPE, "text/xml");
    response
}
