//! Templates and mappings around an integration of a REST API.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use regex_lite::Regex;
use samovar_app::vtl::Template;
use samovar_app::{Exchange, IntegrationResponse, Passthrough};
use serde_json::Value;

use super::Reply;
use super::render::render;
use super::values::Call;
use crate::gateway::failure::Failure;

const JSON: &str = "application/json";

/// The answer of a `MOCK` integration, whose request template gives the status.
pub(super) fn mock(exchange: &Exchange, call: &Call<'_>) -> Result<Reply, Failure> {
    let request = request_body(exchange, call)?;
    let request: Option<Value> = serde_json::from_slice(&request).ok();
    let status = request.as_ref().and_then(|request| match request.get("statusCode")? {
        Value::String(text) => text.parse().ok(),
        number => number.as_u64(),
    });
    let status = status.and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.ok_or_else(|| {
        Failure::Refused("the request template of the mock gives no statusCode".to_owned())
    })?;
    let reply = Reply { status, headers: HeaderMap::new(), body: Bytes::new() };
    respond(exchange, call, &reply)
}

/// What the integration gets: the body, by the template for its type.
pub(super) fn request_body(exchange: &Exchange, call: &Call<'_>) -> Result<Bytes, Failure> {
    let given = call.header(header::CONTENT_TYPE.as_str());
    let given = given.as_deref().and_then(|value| value.split(';').next()).unwrap_or_default();
    let media_type = given.trim().to_ascii_lowercase();
    let wanted = if media_type.is_empty() { JSON } else { &media_type };
    let templates = &exchange.templates;
    match templates.iter().find(|(known, _)| known == wanted || known == "$default") {
        Some((_, template)) => rendered(template, call, &call.body_text()),
        None => match exchange.passthrough {
            Passthrough::WhenNoMatch => Ok(call.body.clone()),
            Passthrough::WhenNoTemplates if templates.is_empty() => Ok(call.body.clone()),
            Passthrough::WhenNoTemplates | Passthrough::Never => Err(Failure::UnsupportedMediaType),
        },
    }
}

/// The client's answer, by the first response whose pattern is the integration's status.
pub(super) fn respond(
    exchange: &Exchange,
    call: &Call<'_>,
    reply: &Reply,
) -> Result<Reply, Failure> {
    let Some(response) = chosen(&exchange.responses, reply.status) else {
        let reason = format!("no integration response takes {}", reply.status.as_u16());
        return Err(Failure::Refused(reason));
    };
    let mut headers = HeaderMap::new();
    let (content_type, body) = match template(response, call) {
        Some((content_type, template)) => {
            let text = String::from_utf8_lossy(&reply.body);
            (Some(content_type.to_owned()), rendered(template, call, &text)?)
        }
        None => (None, reply.body.clone()),
    };
    let content_type = content_type.and_then(|text| HeaderValue::from_str(&text).ok());
    let own = reply.headers.get(header::CONTENT_TYPE).cloned();
    let content_type = content_type.or(own).unwrap_or(HeaderValue::from_static(JSON));
    headers.insert(header::CONTENT_TYPE, content_type);
    for (name, mapping) in &response.headers {
        let Some(value) = call.value(mapping, Some(reply)) else { continue };
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value)) {
            headers.insert(name, value);
        }
    }
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::OK);
    Ok(Reply { status, headers, body })
}

/// The first response with a pattern for a status, or else the default one.
fn chosen(responses: &[IntegrationResponse], status: StatusCode) -> Option<&IntegrationResponse> {
    let is_for = |response: &&IntegrationResponse| {
        let pattern = response.pattern.as_ref();
        // The whole status has to match.
        let regex = pattern.and_then(|pattern| Regex::new(&format!("^(?:{pattern})$")).ok());
        regex.is_some_and(|regex| regex.is_match(status.as_str()))
    };
    let default = || responses.iter().find(|response| response.pattern.is_none());
    responses.iter().find(is_for).or_else(default)
}

/// The template for what the client accepts: JSON before any other.
fn template<'r>(
    response: &'r IntegrationResponse,
    call: &Call<'_>,
) -> Option<(&'r str, &'r Template)> {
    let accept = call.header(header::ACCEPT.as_str()).unwrap_or_default().to_ascii_lowercase();
    let accepted = |kind: &str| accept.split([',', ';']).any(|one| one.trim() == kind);
    let templates = response.templates.iter();
    let mut templates: Vec<_> =
        templates.map(|(kind, template)| (kind.as_str(), template)).collect();
    templates.sort_by_key(|(kind, _)| (!accepted(kind), *kind != JSON));
    templates.into_iter().next()
}

fn rendered(template: &Template, call: &Call<'_>, body: &str) -> Result<Bytes, Failure> {
    let text = render(template, call, body);
    let text = text.map_err(|_| Failure::Refused("a mapping template does not end".to_owned()))?;
    Ok(text.into())
}
