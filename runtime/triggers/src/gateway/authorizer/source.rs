//! Where a request has its caller's identity.

use samovar_app::IdentitySource;

use super::ApiAccess;
use crate::gateway::event::Source;
use crate::gateway::headers;

/// The value that an identity source means; `None`: there is none, or it is empty.
pub(super) fn value(
    source: &Source<'_>,
    api: &ApiAccess,
    identity: &IdentitySource,
) -> Option<String> {
    let found = match identity {
        IdentitySource::Header(name) => header(source, name),
        IdentitySource::Query(name) => {
            let parameters = source.inbound.query_parameters(source.endpoint.front);
            // Of several the last one counts, as in single-value maps of events.
            parameters.into_iter().rev().find(|(own, _)| own == name).map(|(_, value)| value)
        }
        IdentitySource::StageVariable(name) => api.stage_variables.get(name).cloned(),
        IdentitySource::Context(name) => context(source, name),
    };
    found.filter(|value| !value.is_empty())
}

/// A header's value; of several, with commas between them.
pub(super) fn header(source: &Source<'_>, name: &str) -> Option<String> {
    let values: Vec<String> =
        source.inbound.headers.get_all(name).iter().map(headers::text).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// A property of the request's context (API Gateway guide, "Variables for access logging"), as far
/// as it tells one request from another before an answer is there.
fn context(source: &Source<'_>, name: &str) -> Option<String> {
    let target = source.matched.target;
    Some(match name {
        "accountId" => source.account.id.clone(),
        "apiId" => source.endpoint.id.clone(),
        "domainName" => source.domain_name().to_owned(),
        "domainPrefix" => source.domain_prefix().to_owned(),
        "extendedRequestId" => source.extended_request_id.to_owned(),
        "httpMethod" | "http.method" => source.inbound.method.to_string(),
        "identity.sourceIp" | "http.sourceIp" => source.inbound.peer.to_string(),
        "identity.userAgent" | "http.userAgent" => source.inbound.user_agent(),
        "path" | "http.path" => source.inbound.path.clone(),
        "protocol" | "http.protocol" => source.inbound.protocol().to_owned(),
        "requestId" => source.request_id.to_owned(),
        "resourcePath" => target.resource.clone().unwrap_or_else(|| target.key.clone()),
        "routeKey" => target.key.clone(),
        "stage" => source.endpoint.stage.clone(),
        _ => return None,
    })
}
