//! What conditions may ask of a request.

use samovar_dispatch::Account;

use crate::gateway::authorizer::iam::Caller;
use crate::gateway::headers;
use crate::gateway::inbound::Inbound;
use crate::time::rfc3339;

/// A request as policies see it.
#[derive(Clone, Copy)]
pub(in crate::gateway) struct Facts<'r> {
    pub(in crate::gateway) inbound: &'r Inbound,
    /// Who signed the request, if somebody did.
    pub(in crate::gateway) caller: Option<&'r Caller>,
}

impl Facts<'_> {
    /// The value of a condition key, which is in lower case; `None`: this request does not have it
    /// (IAM user guide, "AWS global condition context keys"). Nothing here comes by a VPC.
    pub(super) fn get(&self, key: &str) -> Option<String> {
        let Self { inbound, caller } = self;
        let header = |name: &str| inbound.headers.get(name).map(headers::text);
        Some(match key {
            "aws:sourceip" => inbound.peer.to_string(),
            "aws:useragent" => header("user-agent")?,
            "aws:referer" => header("referer")?,
            "aws:currenttime" => rfc3339(inbound.at),
            "aws:epochtime" => (crate::time::epoch_millis(inbound.at) / 1000).to_string(),
            "aws:securetransport" => (inbound.scheme == http::uri::Scheme::HTTPS).to_string(),
            "aws:principaltype" => caller.map_or("Anonymous", |_| "User").to_owned(),
            "aws:principalarn" => (*caller)?.arn.clone(),
            "aws:principalaccount" => (*caller)?.account.clone(),
            "aws:userid" | "aws:username" => (*caller)?.id.clone(),
            _ => return None,
        })
    }
}

/// The ARN of a request to an API (API Gateway guide, "Statement reference of IAM policies for
/// executing API in API Gateway"): `method` and `path` as the client sent them.
pub(in crate::gateway) fn arn(
    account: &Account,
    api: &str,
    stage: &str,
    method: &str,
    path: &str,
) -> String {
    let path = path.trim_start_matches('/');
    format!("arn:aws:execute-api:{}:{}:{api}/{stage}/{method}/{path}", account.region, account.id)
}
