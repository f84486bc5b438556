//! Lambda authorizers: a function says who is let through.
//!
//! API Gateway guide, "Use API Gateway Lambda authorizers" and "Control access to HTTP APIs with
//! AWS Lambda authorizers". Until an answer is kept, each request asks for itself, as on AWS.

mod answer;
mod cache;
mod connect;
mod event;

use std::sync::Arc;
use std::time::Duration;

use regex_lite::Regex;
use samovar_app::{LambdaAuthorizer, LambdaAuthorizerForm};
use samovar_dispatch::{Dispatcher, Event, Invocation, Response, Source as Cause};
use tokio::time::{Instant, timeout};

use self::answer::Answer;
use self::cache::Cache;
pub(in crate::gateway) use self::connect::connect;
use super::identity::Proof;
use super::policy::{Facts, Verdict};
use super::refusal::{Refusal, RefusalKind};
use super::{ApiAccess, source};
use crate::gateway::endpoint::Front;
use crate::gateway::event::Source;

/// How long the authorizer of an HTTP API may take (API Gateway guide, "Quotas for configuring and
/// running an HTTP API").
const HTTP_TIME: Duration = Duration::from_secs(10);

/// The same of a REST API: its integrations' limit.
const REST_TIME: Duration = Duration::from_secs(29);

/// The largest answer that is kept, in bytes. A larger one is used once.
const KEPT_LIMIT: usize = 64 * 1024;

/// What an authorizer's error must say for its caller to get 401 (API Gateway guide, "Example
/// Lambda authorizer functions").
const UNAUTHORIZED: &str = "Unauthorized";

/// A Lambda authorizer that can be asked.
pub(super) struct Lambda {
    settings: LambdaAuthorizer,
    /// The function's name.
    function: String,
    validation: Option<Regex>,
    cache: Cache,
}

/// Whom a Lambda authorizer lets through.
pub(super) struct Admitted {
    pub(super) proof: Proof,
    /// `usageIdentifierKey`.
    pub(super) api_key: Option<String>,
}

impl Lambda {
    /// An authorizer whose function has this name.
    pub(super) fn new(settings: &LambdaAuthorizer, function: &str) -> Self {
        // An expression that cannot be read is noted when the template is.
        let validation = settings.validation.as_deref();
        let validation = validation.and_then(|text| Regex::new(&format!("^(?:{text})$")).ok());
        let cache = Cache::new(settings.ttl);
        Self { settings: settings.clone(), function: function.to_owned(), validation, cache }
    }

    /// Asks whether a request is let through. `request` has no body. `is_allowed`: the API's
    /// resource policy allows it, so that no answer but an explicit deny refuses it.
    pub(super) async fn check(
        &self,
        request: &Source<'_>,
        api: &ApiAccess,
        is_allowed: bool,
        dispatcher: &Dispatcher,
    ) -> Result<Admitted, Refusal> {
        let front = request.endpoint.front;
        let identity = self.identity(request, api)?;
        let key = cache::key(&identity);
        // Without an identity there is nothing to know a caller by.
        let is_kept = !identity.is_empty() && !self.settings.ttl.is_zero();
        let arn = event::arn(request);
        let began = Instant::now();
        let kept = self.cache.get(&key).filter(|_| is_kept);
        let answer = match kept {
            Some(answer) => answer,
            None => {
                let event = event::event(request, self.settings.form, &arn, &identity);
                let payload = self.ask(request, event, dispatcher).await?;
                let simple = matches!(
                    self.settings.form,
                    LambdaAuthorizerForm::Request { simple: true, .. }
                );
                let answer = Answer::read(&payload, simple, front).map_err(|error| {
                    Refusal::because(RefusalKind::AuthorizerFailed, error.to_string())
                })?;
                let answer = Arc::new(answer);
                if is_kept && payload.len() <= KEPT_LIMIT {
                    self.cache.put(key, answer.clone());
                }
                answer
            }
        };
        let facts = Facts { inbound: request.inbound, caller: None };
        match answer.verdict(&arn, &facts) {
            Verdict::Allowed => {}
            Verdict::NotAllowed if is_allowed => {}
            Verdict::NotAllowed => return Err(RefusalKind::Denied { explicit: false }.into()),
            Verdict::Denied => return Err(RefusalKind::Denied { explicit: true }.into()),
        }
        let proof = Proof::Lambda {
            principal: answer.principal.clone(),
            context: answer.context.clone(),
            latency_ms: began.elapsed().as_millis(),
        };
        Ok(Admitted { proof, api_key: answer.api_key.clone() })
    }

    /// The values of the identity sources: all of them must be there, unless a REST API keeps no
    /// answers (CloudFormation's "AWS::ApiGateway::Authorizer", `IdentitySource`).
    fn identity(&self, request: &Source<'_>, api: &ApiAccess) -> Result<Vec<String>, Refusal> {
        let unauthorized = || Refusal::from(RefusalKind::Unauthorized { challenge: None });
        let sources = self.settings.identity_sources.iter();
        let values: Option<Vec<String>> =
            sources.map(|wanted| source::value(request, api, wanted)).collect();
        let is_token = self.settings.form == LambdaAuthorizerForm::Token;
        let is_optional =
            request.endpoint.front == Front::RestApi && !is_token && self.settings.ttl.is_zero();
        let values = match values {
            Some(values) => values,
            None if is_optional => Vec::new(),
            None => return Err(unauthorized()),
        };
        if let (Some(expression), Some(token)) = (&self.validation, values.first())
            && !expression.is_match(token)
        {
            return Err(unauthorized());
        }
        Ok(values)
    }

    /// Calls the function.
    async fn ask(
        &self,
        request: &Source<'_>,
        event: Vec<u8>,
        dispatcher: &Dispatcher,
    ) -> Result<bytes::Bytes, Refusal> {
        let inbound = request.inbound;
        let cause = Cause::Http { method: inbound.method.to_string(), path: inbound.path.clone() };
        let mut invocation = Invocation::new(Event::Bytes(event.into()), cause);
        request.trace_id.clone_into(&mut invocation.trace_id);
        let limit = match request.endpoint.front {
            Front::RestApi => REST_TIME,
            Front::HttpApi | Front::FunctionUrl => HTTP_TIME,
        };
        call(&self.function, invocation, limit, dispatcher).await
    }
}

/// Calls the function of this name, which has this time.
async fn call(
    function: &str,
    invocation: Invocation,
    limit: Duration,
    dispatcher: &Dispatcher,
) -> Result<bytes::Bytes, Refusal> {
    let failed = |reason: String| Refusal::because(RefusalKind::AuthorizerFailed, reason);
    let answer = timeout(limit, dispatcher.invoke(function, invocation)).await;
    let answer = answer.map_err(|_| failed("the authorizer took too long".to_owned()))?;
    let answer = answer.map_err(|error| failed(error.to_string()))?;
    match answer.result {
        Ok(Response::Bytes(payload)) => Ok(payload),
        Ok(_) => Err(failed("the authorizer answered in HTTP, not in JSON".to_owned())),
        Err(error) if error.message == UNAUTHORIZED => {
            Err(RefusalKind::Unauthorized { challenge: None }.into())
        }
        Err(error) => Err(failed(format!("{}: {}", error.error_type, error.message))),
    }
}
