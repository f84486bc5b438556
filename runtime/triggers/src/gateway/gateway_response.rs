//! What the template puts in the place of a REST API's errors.
//!
//! API Gateway developer guide, "Gateway responses for REST APIs" and "Set up gateway responses to
//! customize errors".

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use samovar_app::{GatewayResponse, Mapping, MappingPart};
use samovar_dispatch::Body;
use samovar_http::full;
use serde_json::Value;

use super::access_log::ErrorMessage;
use super::integration::Call;

const JSON: &str = "application/json";

/// The gateway responses of an API, by type.
#[derive(Debug)]
pub(crate) struct GatewayResponses(BTreeMap<String, GatewayResponse>);

impl GatewayResponses {
    pub(crate) fn new(responses: &BTreeMap<String, GatewayResponse>) -> Self {
        Self(responses.clone())
    }

    /// What takes the place of an error of this type and status: its own response, or the one for
    /// all that begin with the same digit.
    pub(crate) fn find(&self, kind: &str, status: StatusCode) -> Option<&GatewayResponse> {
        let default = if status.is_server_error() { "DEFAULT_5XX" } else { "DEFAULT_4XX" };
        self.0.get(kind).or_else(|| self.0.get(default))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The error of type `kind` as `own` has it.
pub(crate) fn apply(
    own: &GatewayResponse,
    kind: &str,
    call: &Call<'_>,
    error: Response<Body>,
) -> Response<Body> {
    let (mut head, mut body) = error.into_parts();
    let message = head.extensions.get::<ErrorMessage>().map(|ErrorMessage(text)| text.clone());
    let value = |mapping: &Mapping| -> String {
        let parts = mapping.0.iter().map(|part| match part {
            MappingPart::Context(path) => {
                of_error(path, kind, message.as_deref()).or_else(|| call.part(part, None))
            }
            part => call.part(part, None),
        });
        parts.map(Option::unwrap_or_default).collect()
    };
    if let Some(status) = own.status.and_then(|status| StatusCode::from_u16(status).ok()) {
        head.status = status;
    }
    if let Some((content_type, template)) = template(own, call) {
        if let Ok(content_type) = HeaderValue::from_str(content_type) {
            head.headers.insert(header::CONTENT_TYPE, content_type);
        }
        body = full(value(template));
    }
    for (name, mapping) in &own.headers {
        let pair = (name.parse::<HeaderName>(), HeaderValue::from_str(&value(mapping)));
        if let (Ok(name), Ok(value)) = pair {
            head.headers.insert(name, value);
        }
    }
    super::headers::remove_hop_by_hop(&mut head.headers);
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, body)
}

/// `$context.error.…`, which only gateway responses and access logs have.
fn of_error(path: &str, kind: &str, message: Option<&str>) -> Option<String> {
    Some(match path {
        "error.message" => message.unwrap_or_default().to_owned(),
        "error.messageString" => message.map_or(Value::Null, Value::from).to_string(),
        "error.responseType" => kind.to_owned(),
        _ => return None,
    })
}

/// The template for the first type that the client accepts and that there is; that for JSON, or the
/// first there is, for any other client.
fn template<'r>(own: &'r GatewayResponse, call: &Call<'_>) -> Option<(&'r str, &'r Mapping)> {
    let accept = call.header(header::ACCEPT.as_str()).unwrap_or_default().to_ascii_lowercase();
    let accepted = accept.split(',').filter_map(|one| one.split(';').next()).map(str::trim);
    let of = |wanted: &str| own.templates.iter().find(|(kind, _)| kind == wanted);
    let mut accepted = accepted.filter_map(of);
    let found = accepted.next().or_else(|| of(JSON)).or_else(|| own.templates.first());
    found.map(|(kind, template)| (kind.as_str(), template))
}
