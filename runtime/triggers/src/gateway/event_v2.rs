//! Payload format 2.0: HTTP APIs and function URLs.
//!
//! API Gateway guide, "Create AWS Lambda proxy integrations for HTTP APIs"; Lambda guide,
//! "Invoking Lambda function URLs". Fields that have nothing to say are left out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::Value;

use super::endpoint::Front;
use super::event::Source;
use super::headers;
use crate::time::{common_log, epoch_millis};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'r> {
    version: &'static str,
    route_key: &'r str,
    raw_path: &'r str,
    raw_query_string: &'r str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<&'r str, Cow<'r, str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    request_context: RequestContext<'r>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'r, str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: BTreeMap<&'r str, Cow<'r, str>>,
    is_base64_encoded: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_variables: Option<&'r BTreeMap<String, String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'r> {
    account_id: &'r str,
    api_id: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<Value>,
    domain_name: &'r str,
    domain_prefix: &'r str,
    http: Http<'r>,
    request_id: &'r str,
    route_key: &'r str,
    stage: &'r str,
    time: String,
    time_epoch: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'r> {
    method: &'r str,
    path: &'r str,
    protocol: &'static str,
    source_ip: String,
    user_agent: String,
}

/// The event's JSON.
pub(crate) fn event(source: &Source<'_>) -> Vec<u8> {
    let Source { inbound, endpoint, .. } = source;
    let route_key = source.matched.target.key.as_str();
    let body = source.event_body();
    let path = path(endpoint.front, &inbound.path);
    let (account_id, request_id) = match endpoint.front {
        // A function URL without authentication has no account ("anonymous"), and its
        // request id is the invocation's.
        Front::FunctionUrl => ("anonymous", source.request_id),
        _ => (source.account.id.as_str(), source.extended_request_id),
    };
    let payload = Payload {
        version: "2.0",
        route_key,
        raw_path: &path,
        raw_query_string: &inbound.query,
        cookies: cookies(source.headers),
        headers: joined_headers(source),
        query_string_parameters: joined_query(inbound.query_parameters(endpoint.front)),
        request_context: RequestContext {
            account_id: source.identity.account(endpoint.front).unwrap_or(account_id),
            api_id: &endpoint.id,
            authorizer: source.identity.v2(),
            domain_name: source.domain_name(),
            domain_prefix: source.domain_prefix(),
            http: Http {
                method: inbound.method.as_str(),
                path: &path,
                protocol: inbound.protocol(),
                source_ip: inbound.peer.to_string(),
                user_agent: inbound.user_agent(),
            },
            request_id,
            route_key,
            stage: &endpoint.stage,
            time: common_log(inbound.at),
            time_epoch: epoch_millis(inbound.at),
        },
        body: body.text,
        path_parameters: source.path_parameters(),
        is_base64_encoded: body.is_base64,
        stage_variables: source.stage_variables(),
    };
    // Strings, numbers and maps with string keys only: this cannot fail.
    serde_json::to_vec(&payload).unwrap_or_default()
}

/// `rawPath`. HTTP APIs decode it, in spite of its name; function URLs do not (aws-lambda-dotnet,
/// `HttpContextTestCases.cs`; honojs/hono #2156; middleapi/standard-server #93 on recorded events).
/// The query stays as it was sent in both.
fn path(front: Front, path: &str) -> Cow<'_, str> {
    match front {
        Front::HttpApi => percent_decode_str(path).decode_utf8_lossy(),
        Front::RestApi | Front::FunctionUrl => path.into(),
    }
}

/// Each cookie of each `Cookie` header.
fn cookies(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .map(headers::text)
        .flat_map(|value| value.split(';').map(|one| one.trim().to_owned()).collect::<Vec<_>>())
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

/// Lower-case names; values of the same name joined by commas; cookies moved to their own field.
/// HTTP APIs tell the body's length whether the client did or not.
fn joined_headers<'r>(source: &Source<'r>) -> BTreeMap<&'r str, Cow<'r, str>> {
    let mut joined: BTreeMap<&str, Cow<'_, str>> = BTreeMap::new();
    for (name, value) in source.headers.iter().filter(|(name, _)| *name != header::COOKIE) {
        let value = headers::lossy(value);
        joined
            .entry(name.as_str())
            .and_modify(|values| {
                values.to_mut().push(',');
                values.to_mut().push_str(&value);
            })
            .or_insert(value);
    }
    if source.endpoint.front == Front::HttpApi || !source.body.is_empty() {
        let length = source.body.len().to_string();
        joined.insert(header::CONTENT_LENGTH.as_str(), length.into());
    }
    joined
}

/// Values of the same name joined by commas.
fn joined_query(parameters: Vec<(String, String)>) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in parameters {
        joined
            .entry(name)
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    joined
}
