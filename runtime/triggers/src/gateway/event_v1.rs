//! Payload format 1.0: REST APIs, and routes of HTTP APIs that ask for it.
//!
//! API Gateway guide, "Lambda proxy integrations in API Gateway" and "Create AWS Lambda proxy
//! integrations for HTTP APIs". Fields and their nulls are those of a REST API in LocalStack's
//! `test_apigateway_lambda.snapshot.json`, recorded from AWS (2024-07), and of an HTTP API in
//! events that people have published (spring-cloud-function, `CustomRuntimeEventLoopTest.java`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::header::{self, HeaderName};
use serde::Serialize;
use serde_json::Value;

use super::endpoint::{DEFAULT_STAGE, Front};
use super::event::Source;
use super::headers::{self, train_case};
use crate::time::{common_log, epoch_millis};

/// There is one deployment: what runs.
const DEPLOYMENT_ID: &str = "deploy";

/// JSON's null.
type Null = ();

type Multi = BTreeMap<String, Vec<String>>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    resource: &'r str,
    path: &'r str,
    http_method: &'r str,
    headers: BTreeMap<&'r str, &'r str>,
    multi_value_headers: &'r Multi,
    query_string_parameters: Option<BTreeMap<&'r str, &'r str>>,
    multi_value_query_string_parameters: Option<&'r Multi>,
    path_parameters: Option<BTreeMap<&'r str, Cow<'r, str>>>,
    stage_variables: Option<&'r BTreeMap<String, String>>,
    request_context: RequestContext<'r>,
    body: Option<Cow<'r, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'r> {
    resource_id: Cow<'r, str>,
    resource_path: &'r str,
    http_method: &'r str,
    extended_request_id: &'r str,
    request_time: String,
    path: Cow<'r, str>,
    account_id: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<Value>,
    protocol: &'static str,
    stage: &'r str,
    domain_prefix: &'r str,
    request_time_epoch: u64,
    request_id: &'r str,
    identity: Identity<'r>,
    domain_name: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment_id: Option<&'static str>,
    api_id: &'r str,
}

/// Of a caller without credentials: all null but two.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'r> {
    cognito_identity_pool_id: Option<()>,
    account_id: Option<&'r str>,
    cognito_identity_id: Option<()>,
    caller: Option<&'r str>,
    /// There where the method needs a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<&'r str>,
    /// HTTP APIs have it, as null.
    #[serde(skip_serializing_if = "Option::is_none")]
    cognito_amr: Option<Null>,
    source_ip: String,
    principal_org_id: Option<()>,
    access_key: Option<&'r str>,
    cognito_authentication_type: Option<()>,
    cognito_authentication_provider: Option<()>,
    user_arn: Option<&'r str>,
    user_agent: String,
    user: Option<&'r str>,
}

/// The event's JSON.
pub(crate) fn event(source: &Source<'_>) -> Vec<u8> {
    let Source { inbound, endpoint, matched, .. } = source;
    let is_rest = endpoint.front == Front::RestApi;
    // A REST API has no `$default`; its templates cannot name one.
    let resource = matched.target.resource.as_deref().unwrap_or(DEFAULT_STAGE);
    let headers = multi_value_headers(source);
    let query = grouped(inbound.query_parameters(endpoint.front));
    let parameters = source.path_parameters();
    let body = source.event_body();
    let (caller, api_key) = (source.identity.caller(), source.identity.api_key());
    let payload = Payload {
        version: (!is_rest).then_some("1.0"),
        resource,
        path: if is_rest { source.path } else { &inbound.path },
        http_method: inbound.method.as_str(),
        headers: last_values(&headers),
        multi_value_headers: &headers,
        query_string_parameters: (!query.is_empty()).then(|| last_values(&query)),
        multi_value_query_string_parameters: (!query.is_empty()).then_some(&query),
        path_parameters: (!parameters.is_empty()).then_some(parameters),
        stage_variables: source.stage_variables(),
        request_context: RequestContext {
            resource_id: if is_rest {
                resource_id(resource).into()
            } else {
                matched.target.key.as_str().into()
            },
            resource_path: resource,
            http_method: inbound.method.as_str(),
            extended_request_id: source.extended_request_id,
            request_time: common_log(inbound.at),
            // A custom domain name stands for API and stage, so its paths have no stage.
            path: if is_rest && !source.is_mapped {
                format!("/{}{}", endpoint.stage, source.path).into()
            } else {
                inbound.path.as_str().into()
            },
            account_id: &source.account.id,
            authorizer: source.identity.v1(),
            protocol: inbound.protocol(),
            stage: &endpoint.stage,
            domain_prefix: source.domain_prefix(),
            request_time_epoch: epoch_millis(inbound.at),
            request_id: if is_rest { source.request_id } else { source.extended_request_id },
            identity: Identity {
                account_id: caller.map(|caller| caller.account.as_str()),
                caller: caller.map(|caller| caller.id.as_str()),
                api_key: api_key.map(|(value, _)| value),
                api_key_id: api_key.map(|(_, id)| id),
                access_key: caller.map(|caller| caller.access_key.as_str()),
                user_arn: caller.map(|caller| caller.arn.as_str()),
                user: caller.map(|caller| caller.id.as_str()),
                source_ip: inbound.peer.to_string(),
                user_agent: inbound.user_agent(),
                cognito_amr: (!is_rest).then_some(()),
                ..Identity::default()
            },
            domain_name: source.domain_name(),
            deployment_id: is_rest.then_some(DEPLOYMENT_ID),
            api_id: &endpoint.id,
        },
        body: body.text,
        is_base64_encoded: body.is_base64,
    };
    // Strings, numbers and maps with string keys only: this cannot fail.
    serde_json::to_vec(&payload).unwrap_or_default()
}

/// All values by name. A REST API drops some; an HTTP API tells the body's length whether the
/// client did or not.
fn multi_value_headers(source: &Source<'_>) -> Multi {
    let is_rest = source.endpoint.front == Front::RestApi;
    let names = source.headers.keys().filter(|name| !is_rest || !DROPPED.contains(name));
    let mut headers: Multi = names
        .map(|name| {
            let values = source.headers.get_all(name).iter().map(headers::text).collect();
            (train_case(name), values)
        })
        .collect();
    if !is_rest {
        let length = source.body.len().to_string();
        headers.insert(train_case(&header::CONTENT_LENGTH), vec![length]);
    }
    headers
}

/// What REST APIs do not give to functions (API Gateway guide, "Amazon API Gateway important
/// notes for REST APIs", and LocalStack's `header_utils.py`), but for the connection's own.
const DROPPED: [HeaderName; 6] = [
    header::CONTENT_LENGTH,
    HeaderName::from_static("content-md5"),
    header::EXPECT,
    header::MAX_FORWARDS,
    header::SERVER,
    header::WWW_AUTHENTICATE,
];

fn grouped(parameters: Vec<(String, String)>) -> Multi {
    let mut grouped = Multi::new();
    for (name, value) in parameters {
        grouped.entry(name).or_default().push(value);
    }
    grouped
}

/// The single-value maps have the last value.
fn last_values(multi: &Multi) -> BTreeMap<&str, &str> {
    multi
        .iter()
        .filter_map(|(name, values)| Some((name.as_str(), values.last()?.as_str())))
        .collect()
}

/// Six characters, the same for the same resource.
fn resource_id(resource: &str) -> String {
    // FNV-1a: stable over runs and versions, which the standard hasher is not.
    let hash = resource.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let digit = |place: u32| char::from(DIGITS[(hash / 36_u64.pow(place) % 36) as usize]);
    (0..6).map(digit).collect()
}
