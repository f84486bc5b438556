//! Who may connect.
//!
//! API Gateway guide, "Control access to WebSocket APIs with AWS Lambda REQUEST authorizers":
//! an authorizer is asked before `$connect` alone, and what it says of the client is in all events
//! of the connection.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use samovar_app::IdentitySource;
use samovar_dispatch::{Body, Event, Invocation, Source};
use serde_json::Value;

use super::event::{Happened, event};
use super::registry::Peer;
use super::{Ids, Shared, Socket};
use crate::gateway::authorizer::{Facts, Refusal, connect};
use crate::gateway::endpoint::Front;
use crate::gateway::headers;
use crate::gateway::inbound::Inbound;

/// `requestContext.authorizer` of the connection's events, or the response that refuses the
/// connection. Without an authorizer everybody may connect.
pub(super) async fn authorize(
    shared: &Arc<Shared>,
    socket: &Socket,
    inbound: &Inbound,
    peer: &Peer,
    ids: &Ids,
) -> Result<Option<Value>, Box<Response<Body>>> {
    let Some(settings) = &socket.api.authorizer else { return Ok(None) };
    let refused = |refusal: Refusal| {
        let (status, message) = refusal.web_socket();
        let mut response = ids.refusal(status, message);
        refusal.explain(response.headers_mut());
        Box::new(response)
    };
    let source = Source::Http { method: "WS".to_owned(), path: "$connect".to_owned() };
    let mut invocation = Invocation::new(Event::Bytes(Bytes::new()), source);
    let headers = headers::forwarded(inbound, &invocation);
    let happened = Happened::Connect { inbound, headers: &headers };
    let request = event(socket, peer, ids, peer.connected_at, &happened);
    let mut request: Value = serde_json::from_slice(&request).unwrap_or_default();
    let sources = settings.identity_sources.iter();
    if !sources.clone().all(|source| is_there(source, socket, inbound, &request)) {
        return Err(refused(Refusal::unauthorized()));
    }
    let account = &shared.account;
    let (api, stage) = (&socket.api.id, &socket.api.stage);
    let arn =
        format!("arn:aws:execute-api:{}:{}:{api}/{stage}/$connect", account.region, account.id);
    if let Some(request) = request.as_object_mut() {
        request.remove("isBase64Encoded");
        request.insert("type".into(), "REQUEST".into());
        request.insert("methodArn".into(), arn.as_str().into());
    }
    invocation.event = Event::Bytes(request.to_string().into());
    // Without its function it is called by its id, which nothing has: it fails.
    let function = socket.functions.iter().find(|own| own.logical_id == settings.function);
    let name = function.map_or(settings.function.as_str(), |function| function.name.as_str());
    let facts = Facts { inbound, caller: None };
    let identity =
        connect(name, invocation, &arn, &facts, &shared.dispatcher).await.map_err(refused)?;
    Ok(identity.v1())
}

/// Whether an identity source has a value, which is not empty.
fn is_there(source: &IdentitySource, socket: &Socket, inbound: &Inbound, request: &Value) -> bool {
    match source {
        IdentitySource::Header(name) => {
            inbound.headers.get_all(name).iter().any(|value| !value.is_empty())
        }
        IdentitySource::Query(name) => {
            let parameters = inbound.query_parameters(Front::HttpApi);
            parameters.iter().any(|(own, value)| own == name && !value.is_empty())
        }
        IdentitySource::StageVariable(name) => {
            socket.api.stage_variables.get(name).is_some_and(|value| !value.is_empty())
        }
        IdentitySource::Context(name) => {
            let path = format!("/requestContext/{}", name.replace('.', "/"));
            request.pointer(&path).is_some_and(|value| !value.is_null() && *value != "")
        }
    }
}
