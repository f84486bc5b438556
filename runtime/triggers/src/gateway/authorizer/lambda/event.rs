//! What a Lambda authorizer gets.
//!
//! API Gateway guide, "Input to an API Gateway Lambda authorizer" and, for HTTP APIs, "Control
//! access to HTTP APIs with AWS Lambda authorizers", "Payload format version".

use bytes::Bytes;
use samovar_app::{LambdaAuthorizerForm, PayloadFormat};
use serde_json::{Value, json};

use crate::gateway::authorizer::policy;
use crate::gateway::endpoint::Front;
use crate::gateway::event::Source;
use crate::gateway::{event_v1, event_v2};

/// `arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH` of a request (API Gateway guide,
/// "API Gateway Amazon Resource Name (ARN) reference").
pub(super) fn arn(source: &Source<'_>) -> String {
    let (endpoint, method) = (source.endpoint, source.inbound.method.as_str());
    policy::arn(source.account, &endpoint.id, &endpoint.stage, method, source.routed)
}

/// The event's JSON. `identity` has the values of the identity sources.
pub(super) fn event(
    source: &Source<'_>,
    form: LambdaAuthorizerForm,
    arn: &str,
    identity: &[String],
) -> Vec<u8> {
    let (payload_format, front) = match form {
        LambdaAuthorizerForm::Token => {
            let token = identity.first();
            let event = json!({"type": "TOKEN", "methodArn": arn, "authorizationToken": token});
            return event.to_string().into_bytes();
        }
        LambdaAuthorizerForm::Request { payload_format, .. } => {
            (payload_format, source.endpoint.front)
        }
    };
    // Requests to authorizers have no body.
    let source = &Source { body: &Bytes::new(), ..*source };
    let request = match payload_format {
        PayloadFormat::V1 => event_v1::event(source),
        PayloadFormat::V2 => event_v2::event(source),
    };
    let mut event: Value = serde_json::from_slice(&request).unwrap_or_default();
    if let Some(event) = event.as_object_mut() {
        event.remove("body");
        event.remove("isBase64Encoded");
        event.insert("type".into(), "REQUEST".into());
        match (front, payload_format) {
            (Front::RestApi, _) => {
                event.insert("methodArn".into(), arn.into());
            }
            (_, PayloadFormat::V1) => {
                let joined = identity.join(",");
                event.insert("version".into(), "1.0".into());
                event.insert("methodArn".into(), arn.into());
                event.insert("identitySource".into(), joined.clone().into());
                event.insert("authorizationToken".into(), joined.into());
            }
            (_, PayloadFormat::V2) => {
                event.insert("routeArn".into(), arn.into());
                if !identity.is_empty() {
                    event.insert("identitySource".into(), json!(identity));
                }
            }
        }
    }
    event.to_string().into_bytes()
}
