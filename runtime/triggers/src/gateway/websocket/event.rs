//! The events of WebSocket APIs.
//!
//! API Gateway developer guide, "Set up a WebSocket API integration request" and "Manage connected
//! users and client apps: $connect and $disconnect routes"; the types of `aws_lambda_events`.

use std::collections::BTreeMap;
use std::time::SystemTime;

use http::HeaderMap;
use serde::Serialize;
use serde_json::Value;

use super::registry::Peer;
use super::{Ids, Socket};
use crate::gateway::endpoint::Front;
use crate::gateway::headers::{text, train_case};
use crate::gateway::inbound::Inbound;
use crate::time::{common_log, epoch_millis};

type Multi = BTreeMap<String, Vec<String>>;
type Single<'e> = BTreeMap<&'e str, &'e str>;

/// What happened.
pub(super) enum Happened<'e> {
    /// A client wants to connect.
    Connect { inbound: &'e Inbound, headers: &'e HeaderMap },
    /// A message came.
    Message { route_key: &'e str, body: &'e str },
    /// The connection ended.
    Disconnect { code: u16, reason: &'e str },
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'e> {
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Single<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_headers: Option<&'e Multi>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_string_parameters: Option<Single<'e>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    multi_value_query_string_parameters: Option<&'e Multi>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_variables: Option<&'e BTreeMap<String, String>>,
    request_context: RequestContext<'e>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'e str>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'e> {
    route_key: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_status_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
    event_type: &'static str,
    extended_request_id: &'e str,
    request_time: String,
    /// Everything that functions are told of comes in.
    message_direction: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    disconnect_reason: Option<&'e str>,
    stage: &'e str,
    connected_at: u64,
    request_time_epoch: u64,
    identity: Identity<'e>,
    request_id: &'e str,
    /// With the port, unlike on AWS: what a function builds the address of `@connections` from.
    domain_name: &'e str,
    connection_id: &'e str,
    api_id: &'e str,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer: Option<&'e Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Identity<'e> {
    #[serde(skip_serializing_if = "str::is_empty")]
    user_agent: &'e str,
    source_ip: &'e str,
}

/// The event's JSON.
pub(super) fn event(
    socket: &Socket,
    peer: &Peer,
    ids: &Ids,
    at: SystemTime,
    happened: &Happened<'_>,
) -> Vec<u8> {
    let (mut all_headers, mut all_query) = (Multi::new(), Multi::new());
    let (route_key, event_type) = match happened {
        Happened::Connect { inbound, headers } => {
            for name in headers.keys() {
                let values = headers.get_all(name).iter().map(text).collect();
                all_headers.insert(train_case(name), values);
            }
            for (name, value) in inbound.query_parameters(Front::HttpApi) {
                all_query.entry(name).or_default().push(value);
            }
            ("$connect", "CONNECT")
        }
        Happened::Message { route_key, .. } => (*route_key, "MESSAGE"),
        Happened::Disconnect { .. } => {
            // What AWS has left of the headers then.
            for (name, value) in
                [("Host", peer.host.as_str()), ("X-Forwarded-For", ""), ("x-api-key", "")]
            {
                all_headers.insert(name.to_owned(), vec![value.to_owned()]);
            }
            ("$disconnect", "DISCONNECT")
        }
    };
    let (code, reason) = match happened {
        Happened::Disconnect { code, reason } => (Some(*code), Some(*reason)),
        _ => (None, None),
    };
    let body = match happened {
        Happened::Message { body, .. } => Some(*body),
        _ => None,
    };
    let variables = &socket.api.stage_variables;
    let payload = Payload {
        headers: (!all_headers.is_empty()).then(|| last_values(&all_headers)),
        multi_value_headers: (!all_headers.is_empty()).then_some(&all_headers),
        query_string_parameters: (!all_query.is_empty()).then(|| last_values(&all_query)),
        multi_value_query_string_parameters: (!all_query.is_empty()).then_some(&all_query),
        stage_variables: (!variables.is_empty()).then_some(variables),
        request_context: RequestContext {
            route_key,
            disconnect_status_code: code,
            message_id: body.map(|_| super::extended_request_id()),
            event_type,
            extended_request_id: &ids.request,
            request_time: common_log(at),
            message_direction: "IN",
            disconnect_reason: reason,
            stage: &socket.api.stage,
            connected_at: epoch_millis(peer.connected_at),
            request_time_epoch: epoch_millis(at),
            identity: Identity { user_agent: &peer.user_agent, source_ip: &peer.source_ip },
            request_id: &ids.request,
            domain_name: &peer.host,
            connection_id: &ids.connection,
            api_id: &socket.api.id,
            authorizer: peer.authorizer.as_ref(),
        },
        body,
        is_base64_encoded: false,
    };
    // Strings, numbers and maps with string keys only: this cannot fail.
    serde_json::to_vec(&payload).unwrap_or_default()
}

/// The single-value maps have the last value.
fn last_values(multi: &Multi) -> Single<'_> {
    multi
        .iter()
        .filter_map(|(name, values)| Some((name.as_str(), values.last()?.as_str())))
        .collect()
}
