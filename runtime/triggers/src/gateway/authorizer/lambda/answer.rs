//! What a Lambda authorizer answers.
//!
//! API Gateway guide, "Control access to HTTP APIs with AWS Lambda authorizers", "Authorizer
//! Lambda function response", and "Output from an API Gateway Lambda authorizer".

use serde_json::{Map, Value};
use thiserror::Error;

use crate::gateway::authorizer::policy::{Facts, Policy, PolicyError, Verdict};
use crate::gateway::endpoint::Front;

/// An answer: it may be about more requests than the one that it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Answer {
    decision: Decision,
    pub(super) principal: Option<String>,
    pub(super) context: Option<Map<String, Value>>,
    /// `usageIdentifierKey`: the value of an API key.
    pub(super) api_key: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Decision {
    Simple(bool),
    Policy(Policy),
}

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum AnswerError {
    #[error("the authorizer did not answer a JSON object")]
    NoObject,
    #[error("the authorizer's `isAuthorized` is not true or false")]
    NoDecision,
    #[error("the authorizer's `principalId` is not a text")]
    NoPrincipal,
    #[error("the authorizer's answer has no `policyDocument`")]
    NoPolicy,
    #[error("the authorizer's `context` is not an object of texts, numbers and booleans")]
    Context,
    #[error("{0}")]
    Policy(#[from] PolicyError),
}

impl Answer {
    /// Reads an answer; `simple`: it says no more than whether.
    pub(super) fn read(payload: &[u8], simple: bool, front: Front) -> Result<Self, AnswerError> {
        let document: Map<String, Value> =
            serde_json::from_slice(payload).map_err(|_| AnswerError::NoObject)?;
        let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
        let context = match document.get("context") {
            None | Some(Value::Null) => None,
            Some(Value::Object(context)) => Some(context.clone()),
            Some(_) => return Err(AnswerError::Context),
        };
        if simple {
            let is_authorized = document.get("isAuthorized").and_then(Value::as_bool);
            let decision = Decision::Simple(is_authorized.ok_or(AnswerError::NoDecision)?);
            return Ok(Self { decision, principal: None, context, api_key: None });
        }
        // A REST API takes no object or list as a value of its context.
        let is_flat = |value: &Value| !value.is_object() && !value.is_array();
        if front == Front::RestApi && !context.iter().flatten().all(|(_, value)| is_flat(value)) {
            return Err(AnswerError::Context);
        }
        let principal = text("principalId");
        if principal.is_none() && front == Front::RestApi {
            return Err(AnswerError::NoPrincipal);
        }
        let policy = document.get("policyDocument").ok_or(AnswerError::NoPolicy)?;
        let decision = Decision::Policy(Policy::read(policy)?);
        let api_key = text("usageIdentifierKey");
        Ok(Self { decision, principal, context, api_key })
    }

    /// What it says of a request for this ARN.
    pub(super) fn verdict(&self, arn: &str, facts: &Facts<'_>) -> Verdict {
        match &self.decision {
            Decision::Simple(true) => Verdict::Allowed,
            Decision::Simple(false) => Verdict::NotAllowed,
            Decision::Policy(policy) => policy.verdict(arn, facts),
        }
    }
}
