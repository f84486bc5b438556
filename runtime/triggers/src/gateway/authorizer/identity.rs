//! Who calls, as events tell it.

use serde_json::{Map, Value, json};

use super::iam::Caller;
use crate::gateway::endpoint::Front;

/// Who calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::gateway) struct Identity {
    pub(super) proof: Proof,
    /// The API key of a REST API's request.
    pub(super) key: Option<UsedKey>,
}

/// How it is known who calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Proof {
    /// It is not.
    #[default]
    Nobody,
    /// By a token: claims as texts, and the scopes that the route asks for; none where it asks for
    /// none.
    Token { claims: Map<String, Value>, scopes: Option<Vec<String>> },
    /// By a user pool's token.
    Pool { claims: Map<String, Value> },
    /// By a Lambda authorizer. A simple response has no principal.
    Lambda { principal: Option<String>, context: Option<Map<String, Value>>, latency_ms: u128 },
    /// By a signature.
    Iam(Caller),
}

/// An API key that a request has.
#[derive(Clone, PartialEq)]
pub(super) struct UsedKey {
    pub(super) id: String,
    pub(super) value: String,
}

/// Keys do not belong into logs.
impl std::fmt::Debug for UsedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UsedKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Identity {
    /// Whether anything is known of who calls.
    pub(in crate::gateway) fn is_known(&self) -> bool {
        self.proof != Proof::Nobody || self.key.is_some()
    }

    /// `requestContext.authorizer` of payload format 2.0; `None`: the event has none.
    ///
    /// API Gateway guide, "Create AWS Lambda proxy integrations for HTTP APIs"; Lambda guide,
    /// "Invoking Lambda function URLs".
    pub(in crate::gateway) fn v2(&self) -> Option<Value> {
        match &self.proof {
            Proof::Nobody => None,
            Proof::Token { claims, scopes } => {
                Some(json!({"jwt": {"claims": claims, "scopes": scopes}}))
            }
            Proof::Pool { claims } => Some(json!({"jwt": {"claims": claims, "scopes": null}})),
            Proof::Lambda { context, .. } => Some(json!({"lambda": context})),
            Proof::Iam(caller) => Some(json!({"iam": {
                "accessKey": caller.access_key,
                "accountId": caller.account,
                "callerId": caller.id,
                "cognitoIdentity": null,
                "principalOrgId": null,
                "userArn": caller.arn,
                "userId": caller.id,
            }})),
        }
    }

    /// `requestContext.authorizer` of payload format 1.0; `None`: the event has none.
    ///
    /// API Gateway guide, "Output from an API Gateway Lambda authorizer": `principalId`, and each
    /// value of the context as text; "Create AWS Lambda proxy integrations for HTTP APIs": format
    /// 1.0 has claims and scopes.
    pub(in crate::gateway) fn v1(&self) -> Option<Value> {
        match &self.proof {
            Proof::Nobody | Proof::Iam(_) => None,
            Proof::Token { claims, scopes } => Some(json!({"claims": claims, "scopes": scopes})),
            Proof::Pool { claims } => Some(json!({"claims": claims})),
            Proof::Lambda { principal, context, latency_ms } => {
                let context = context.iter().flatten();
                let mut all: Map<String, Value> =
                    context.map(|(name, value)| (name.clone(), flattened(value))).collect();
                if let Some(principal) = principal {
                    all.insert("principalId".into(), principal.as_str().into());
                }
                all.insert("integrationLatency".into(), json!(latency_ms));
                Some(all.into())
            }
        }
    }

    /// What stands for a variable of access logs that is about the caller: `authorizer.principalId`,
    /// `authorizer.PROPERTY`, `authorizer.claims.CLAIM`, `identity.userArn` and its like.
    ///
    /// API Gateway guide, "Variables for access logging for API Gateway".
    pub(in crate::gateway) fn variable(&self, name: &str) -> Option<String> {
        if let Some(name) = name.strip_prefix("authorizer.") {
            let all = self.v1()?;
            let value = match name.strip_prefix("claims.") {
                Some(claim) => all.get("claims")?.get(claim)?,
                None => all.get(name).filter(|value| !value.is_object())?,
            };
            return Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        if let ("identity.apiKeyId", Some(key)) = (name, &self.key) {
            return Some(key.id.clone());
        }
        let caller = self.caller()?;
        Some(match name {
            "identity.accountId" => caller.account.clone(),
            "identity.caller" | "identity.user" => caller.id.clone(),
            "identity.userArn" => caller.arn.clone(),
            _ => return None,
        })
    }

    /// Who signed the request.
    pub(in crate::gateway) fn caller(&self) -> Option<&Caller> {
        match &self.proof {
            Proof::Iam(caller) => Some(caller),
            _ => None,
        }
    }

    /// The account of a function URL's caller, which takes the place of `anonymous`.
    pub(in crate::gateway) fn account(&self, front: Front) -> Option<&str> {
        let caller = self.caller().filter(|_| front == Front::FunctionUrl);
        caller.map(|caller| caller.account.as_str())
    }

    /// `apiKey` and `apiKeyId` of a REST API's `identity`.
    pub(in crate::gateway) fn api_key(&self) -> Option<(&str, &str)> {
        self.key.as_ref().map(|key| (key.value.as_str(), key.id.as_str()))
    }
}

/// A value of an authorizer's context in format 1.0.
fn flattened(value: &Value) -> Value {
    match value {
        Value::Bool(_) | Value::Number(_) => value.to_string().into(),
        other => other.clone(),
    }
}
