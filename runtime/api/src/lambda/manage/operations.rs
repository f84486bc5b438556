//! The operations of Lambda's service model (botocore, `lambda/2015-03-31/service-2.json`): all of
//! them, so that one that is not served can be named.

use http::Method;

use super::input::Query;

/// An operation, and the method and path of its requests. `{}` is a parameter; what follows `?` is
/// a query that tells apart two operations with one path.
const OPERATIONS: &[(&str, &str, &str)] = &[
    ("AddLayerVersionPermission", "POST", "2018-10-31/layers/{}/versions/{}/policy"),
    ("AddPermission", "POST", "2015-03-31/functions/{}/policy"),
    ("CheckpointDurableExecution", "POST", "2025-12-01/durable-executions/{}/checkpoint"),
    ("CreateAlias", "POST", "2015-03-31/functions/{}/aliases"),
    ("CreateCapacityProvider", "POST", "2025-11-30/capacity-providers"),
    ("CreateCodeSigningConfig", "POST", "2020-04-22/code-signing-configs"),
    ("CreateEventSourceMapping", "POST", "2015-03-31/event-source-mappings"),
    ("CreateFunction", "POST", "2015-03-31/functions"),
    ("CreateFunctionUrlConfig", "POST", "2021-10-31/functions/{}/url"),
    ("DeleteAlias", "DELETE", "2015-03-31/functions/{}/aliases/{}"),
    ("DeleteCapacityProvider", "DELETE", "2025-11-30/capacity-providers/{}"),
    ("DeleteCodeSigningConfig", "DELETE", "2020-04-22/code-signing-configs/{}"),
    ("DeleteEventSourceMapping", "DELETE", "2015-03-31/event-source-mappings/{}"),
    ("DeleteFunction", "DELETE", "2015-03-31/functions/{}"),
    ("DeleteFunctionCodeSigningConfig", "DELETE", "2020-06-30/functions/{}/code-signing-config"),
    ("DeleteFunctionConcurrency", "DELETE", "2017-10-31/functions/{}/concurrency"),
    ("DeleteFunctionEventInvokeConfig", "DELETE", "2019-09-25/functions/{}/event-invoke-config"),
    ("DeleteFunctionUrlConfig", "DELETE", "2021-10-31/functions/{}/url"),
    ("DeleteLayerVersion", "DELETE", "2018-10-31/layers/{}/versions/{}"),
    (
        "DeleteProvisionedConcurrencyConfig",
        "DELETE",
        "2019-09-30/functions/{}/provisioned-concurrency",
    ),
    ("DeleteResourcePolicy", "DELETE", "2026-07-09/resource-policy/{}"),
    ("GetAccountSettings", "GET", "2016-08-19/account-settings"),
    ("GetAlias", "GET", "2015-03-31/functions/{}/aliases/{}"),
    ("GetCapacityProvider", "GET", "2025-11-30/capacity-providers/{}"),
    ("GetCodeSigningConfig", "GET", "2020-04-22/code-signing-configs/{}"),
    ("GetDurableExecution", "GET", "2025-12-01/durable-executions/{}"),
    ("GetDurableExecutionHistory", "GET", "2025-12-01/durable-executions/{}/history"),
    ("GetDurableExecutionState", "GET", "2025-12-01/durable-executions/{}/state"),
    ("GetEventSourceMapping", "GET", "2015-03-31/event-source-mappings/{}"),
    ("GetFunction", "GET", "2015-03-31/functions/{}"),
    ("GetFunctionCodeSigningConfig", "GET", "2020-06-30/functions/{}/code-signing-config"),
    ("GetFunctionConcurrency", "GET", "2019-09-30/functions/{}/concurrency"),
    ("GetFunctionConfiguration", "GET", "2015-03-31/functions/{}/configuration"),
    ("GetFunctionEventInvokeConfig", "GET", "2019-09-25/functions/{}/event-invoke-config"),
    ("GetFunctionRecursionConfig", "GET", "2024-08-31/functions/{}/recursion-config"),
    ("GetFunctionScalingConfig", "GET", "2025-11-30/functions/{}/function-scaling-config"),
    ("GetFunctionUrlConfig", "GET", "2021-10-31/functions/{}/url"),
    ("GetLayerVersion", "GET", "2018-10-31/layers/{}/versions/{}"),
    ("GetLayerVersionByArn", "GET", "2018-10-31/layers?find=LayerVersion"),
    ("GetLayerVersionPolicy", "GET", "2018-10-31/layers/{}/versions/{}/policy"),
    ("GetPolicy", "GET", "2015-03-31/functions/{}/policy"),
    ("GetProvisionedConcurrencyConfig", "GET", "2019-09-30/functions/{}/provisioned-concurrency"),
    ("GetResourcePolicy", "GET", "2026-07-09/resource-policy/{}"),
    ("GetRuntimeManagementConfig", "GET", "2021-07-20/functions/{}/runtime-management-config"),
    ("Invoke", "POST", "2015-03-31/functions/{}/invocations"),
    ("InvokeAsync", "POST", "2014-11-13/functions/{}/invoke-async"),
    ("InvokeWithResponseStream", "POST", "2021-11-15/functions/{}/response-streaming-invocations"),
    ("ListAliases", "GET", "2015-03-31/functions/{}/aliases"),
    ("ListCapacityProviders", "GET", "2025-11-30/capacity-providers"),
    ("ListCodeSigningConfigs", "GET", "2020-04-22/code-signing-configs"),
    ("ListDurableExecutionsByFunction", "GET", "2025-12-01/functions/{}/durable-executions"),
    ("ListEventSourceMappings", "GET", "2015-03-31/event-source-mappings"),
    ("ListFunctionEventInvokeConfigs", "GET", "2019-09-25/functions/{}/event-invoke-config/list"),
    ("ListFunctionUrlConfigs", "GET", "2021-10-31/functions/{}/urls"),
    (
        "ListFunctionVersionsByCapacityProvider",
        "GET",
        "2025-11-30/capacity-providers/{}/function-versions",
    ),
    ("ListFunctions", "GET", "2015-03-31/functions"),
    ("ListFunctionsByCodeSigningConfig", "GET", "2020-04-22/code-signing-configs/{}/functions"),
    ("ListLayerVersions", "GET", "2018-10-31/layers/{}/versions"),
    ("ListLayers", "GET", "2018-10-31/layers"),
    (
        "ListProvisionedConcurrencyConfigs",
        "GET",
        "2019-09-30/functions/{}/provisioned-concurrency?List=ALL",
    ),
    ("ListTags", "GET", "2017-03-31/tags/{}"),
    ("ListVersionsByFunction", "GET", "2015-03-31/functions/{}/versions"),
    ("PublishLayerVersion", "POST", "2018-10-31/layers/{}/versions"),
    ("PublishVersion", "POST", "2015-03-31/functions/{}/versions"),
    ("PutFunctionCodeSigningConfig", "PUT", "2020-06-30/functions/{}/code-signing-config"),
    ("PutFunctionConcurrency", "PUT", "2017-10-31/functions/{}/concurrency"),
    ("PutFunctionEventInvokeConfig", "PUT", "2019-09-25/functions/{}/event-invoke-config"),
    ("PutFunctionRecursionConfig", "PUT", "2024-08-31/functions/{}/recursion-config"),
    ("PutFunctionScalingConfig", "PUT", "2025-11-30/functions/{}/function-scaling-config"),
    ("PutProvisionedConcurrencyConfig", "PUT", "2019-09-30/functions/{}/provisioned-concurrency"),
    ("PutResourcePolicy", "PUT", "2026-07-09/resource-policy/{}"),
    ("PutRuntimeManagementConfig", "PUT", "2021-07-20/functions/{}/runtime-management-config"),
    ("RemoveLayerVersionPermission", "DELETE", "2018-10-31/layers/{}/versions/{}/policy/{}"),
    ("RemovePermission", "DELETE", "2015-03-31/functions/{}/policy/{}"),
    (
        "SendDurableExecutionCallbackFailure",
        "POST",
        "2025-12-01/durable-execution-callbacks/{}/fail",
    ),
    (
        "SendDurableExecutionCallbackHeartbeat",
        "POST",
        "2025-12-01/durable-execution-callbacks/{}/heartbeat",
    ),
    (
        "SendDurableExecutionCallbackSuccess",
        "POST",
        "2025-12-01/durable-execution-callbacks/{}/succeed",
    ),
    ("StopDurableExecution", "POST", "2025-12-01/durable-executions/{}/stop"),
    ("TagResource", "POST", "2017-03-31/tags/{}"),
    ("UntagResource", "DELETE", "2017-03-31/tags/{}"),
    ("UpdateAlias", "PUT", "2015-03-31/functions/{}/aliases/{}"),
    ("UpdateCapacityProvider", "PUT", "2025-11-30/capacity-providers/{}"),
    ("UpdateCodeSigningConfig", "PUT", "2020-04-22/code-signing-configs/{}"),
    ("UpdateEventSourceMapping", "PUT", "2015-03-31/event-source-mappings/{}"),
    ("UpdateFunctionCode", "PUT", "2015-03-31/functions/{}/code"),
    ("UpdateFunctionConfiguration", "PUT", "2015-03-31/functions/{}/configuration"),
    ("UpdateFunctionEventInvokeConfig", "POST", "2019-09-25/functions/{}/event-invoke-config"),
    ("UpdateFunctionUrlConfig", "PUT", "2021-10-31/functions/{}/url"),
];

/// The operation that a request means, with the parameters in its path. `segments` are the path's,
/// decoded.
pub(super) fn find<'p>(
    method: &Method,
    segments: &[&'p str],
    query: &Query,
) -> Option<(&'static str, Vec<&'p str>)> {
    let mut found = None;
    for (name, wanted, path) in OPERATIONS {
        if method.as_str() != *wanted {
            continue;
        }
        let (path, told_by) =
            path.split_once('?').map_or((*path, None), |(path, pair)| (path, pair.split_once('=')));
        let Some(parameters) = parameters(path, segments) else { continue };
        match told_by {
            Some((key, value)) if query.get(key) == Some(value) => return Some((name, parameters)),
            Some(_) => {}
            None => found = found.or(Some((*name, parameters))),
        }
    }
    found
}

/// What stands for each `{}`, if the path is of this form.
fn parameters<'p>(form: &str, segments: &[&'p str]) -> Option<Vec<&'p str>> {
    let forms: Vec<&str> = form.split('/').collect();
    if forms.len() != segments.len() {
        return None;
    }
    let mut parameters = Vec::new();
    for (form, segment) in forms.into_iter().zip(segments) {
        match form {
            "{}" => parameters.push(*segment),
            form if form == *segment => {}
            _ => return None,
        }
    }
    Some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_tell_operations_apart() {
        for (method, path, query, expected) in [
            (Method::GET, "2015-03-31/functions", "", Some(("ListFunctions", vec![]))),
            (Method::GET, "2015-03-31/functions/a", "", Some(("GetFunction", vec!["a"]))),
            (
                Method::DELETE,
                "2015-03-31/functions/a/policy/b",
                "",
                Some(("RemovePermission", vec!["a", "b"])),
            ),
            (Method::GET, "2018-10-31/layers", "", Some(("ListLayers", vec![]))),
            (
                Method::GET,
                "2018-10-31/layers",
                "find=LayerVersion&Arn=x",
                Some(("GetLayerVersionByArn", vec![])),
            ),
            (
                Method::GET,
                "2019-09-30/functions/a/provisioned-concurrency",
                "List=ALL",
                Some(("ListProvisionedConcurrencyConfigs", vec!["a"])),
            ),
            (Method::PATCH, "2015-03-31/functions", "", None),
            (Method::GET, "2015-03-31/functions/a/b", "", None),
            (Method::GET, "2015-03-31", "", None),
        ] {
            let segments: Vec<&str> = path.split('/').collect();
            let found = find(&method, &segments, &Query::new(query));
            assert_eq!(found, expected, "{method} {path}?{query}");
        }
    }
}
