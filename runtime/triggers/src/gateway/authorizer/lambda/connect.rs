//! Lambda authorizers of WebSocket APIs.

use samovar_dispatch::{Dispatcher, Invocation};
use tokio::time::Instant;

use super::answer::Answer;
use super::{REST_TIME, call};
use crate::gateway::authorizer::identity::{Identity, Proof};
use crate::gateway::authorizer::policy::{Facts, Verdict};
use crate::gateway::authorizer::refusal::{Refusal, RefusalKind};
use crate::gateway::endpoint::Front;

/// Asks the function of this name whether a client may connect, which `arn` means. Its answers are
/// those of a REST API's authorizer: a policy.
///
/// # Errors
/// It may not, or the function failed: see [`Refusal`].
pub(in crate::gateway) async fn connect(
    function: &str,
    invocation: Invocation,
    arn: &str,
    facts: &Facts<'_>,
    dispatcher: &Dispatcher,
) -> Result<Identity, Refusal> {
    let began = Instant::now();
    let payload = call(function, invocation, REST_TIME, dispatcher).await?;
    let answer = Answer::read(&payload, false, Front::RestApi)
        .map_err(|error| Refusal::because(RefusalKind::AuthorizerFailed, error.to_string()))?;
    match answer.verdict(arn, facts) {
        Verdict::Allowed => {}
        Verdict::NotAllowed => return Err(RefusalKind::Denied { explicit: false }.into()),
        Verdict::Denied => return Err(RefusalKind::Denied { explicit: true }.into()),
    }
    let latency_ms = began.elapsed().as_millis();
    let (principal, context) = (answer.principal, answer.context);
    let proof = Proof::Lambda { principal, context, latency_ms };
    Ok(Identity { proof, key: None })
}
