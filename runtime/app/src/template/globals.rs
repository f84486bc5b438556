//! `Globals`: properties that every resource of a SAM type has.
//!
//! Source: SAM developer guide, "Globals section", and the transform's own
//! `samtranslator/plugins/globals/globals.py`.

use std::collections::HashMap;

use crate::node::{self, Map, Node, Value};
use crate::report::{Fault, Report};
use crate::suggest::did_you_mean;

/// What `Globals` may set for functions.
const FUNCTION: &[&str] = &[
    "Architectures",
    "AssumeRolePolicyDocument",
    "AutoPublishAlias",
    "AutoPublishAliasAllProperties",
    "CapacityProviderConfig",
    "CodeSigningConfigArn",
    "CodeUri",
    "DeadLetterQueue",
    "DeploymentPreference",
    "Description",
    "DurableConfig",
    "Environment",
    "EphemeralStorage",
    "EventInvokeConfig",
    "FileSystemConfigs",
    "FunctionScalingConfig",
    "FunctionUrlConfig",
    "Handler",
    "KmsKeyArn",
    "Layers",
    "LoggingConfig",
    "MemorySize",
    "PermissionsBoundary",
    "PropagateTags",
    "ProvisionedConcurrencyConfig",
    "PublishToLatestPublished",
    "RecursiveLoop",
    "ReservedConcurrentExecutions",
    "RolePath",
    "Runtime",
    "RuntimeManagementConfig",
    "SnapStart",
    "SourceKMSKeyArn",
    "Tags",
    "TenancyConfig",
    "Timeout",
    "Tracing",
    "VersionDeletionPolicy",
    "VpcConfig",
];

const API: &[&str] = &[
    "AccessLogSetting",
    "AlwaysDeploy",
    "Auth",
    "BinaryMediaTypes",
    "CacheClusterEnabled",
    "CacheClusterSize",
    "CanarySetting",
    "Cors",
    "DefinitionUri",
    "Domain",
    "EndpointAccessMode",
    "EndpointConfiguration",
    "GatewayResponses",
    "MergeDefinitions",
    "MethodSettings",
    "MinimumCompressionSize",
    "Name",
    "OpenApiVersion",
    "PropagateTags",
    "SecurityPolicy",
    "TracingEnabled",
    "Variables",
];

const HTTP_API: &[&str] = &[
    "AccessLogSettings",
    "Auth",
    "CorsConfiguration",
    "DefaultRouteSettings",
    "Domain",
    "FailOnWarnings",
    "PropagateTags",
    "RouteSettings",
    "StageVariables",
    "Tags",
];

const WEB_SOCKET_API: &[&str] = &[
    "AccessLogSettings",
    "ApiKeySelectionExpression",
    "DefaultRouteSettings",
    "DisableExecuteApiEndpoint",
    "DisableSchemaValidation",
    "Domain",
    "FailOnWarnings",
    "IpAddressType",
    "PropagateTags",
    "RouteSelectionExpression",
    "RouteSettings",
    "StageVariables",
    "Tags",
];

/// SAM's types that may have globals.
const TYPES: &[&str] = &[
    "Api",
    "CapacityProvider",
    "Function",
    "HttpApi",
    "LayerVersion",
    "SimpleTable",
    "StateMachine",
    "WebSocketApi",
];

/// Globals of the types that Samovar reads.
#[derive(Clone)]
pub(crate) struct Globals<'t> {
    function: &'t Map,
    api: &'t Map,
    http_api: &'t Map,
    web_socket_api: &'t Map,
}

static NONE: Map = Map::new();

impl Default for Globals<'_> {
    /// None.
    fn default() -> Self {
        Self { function: &NONE, api: &NONE, http_api: &NONE, web_socket_api: &NONE }
    }
}

impl<'t> Globals<'t> {
    pub(super) fn read(section: &'t Map, report: &Report) -> Self {
        for (key, _) in section {
            if !TYPES.contains(&key.name.as_str()) {
                let message = format!("`Globals` has no `{}`", key.name);
                let help = did_you_mean(&key.name, TYPES.iter().copied())
                    .unwrap_or_else(|| format!("it can have {}", TYPES.join(", ")));
                report.fault(Fault::new(key.at, message).help(help));
            }
        }
        let of = |kind: &str, known: &[&str]| match node::get(section, kind) {
            None => &NONE,
            Some(Node { value: Value::Map(map), .. }) => {
                for (key, _) in map.iter().filter(|(key, _)| !known.contains(&key.name.as_str())) {
                    let message = format!("`{}` cannot stand in `Globals.{kind}`", key.name);
                    let help =
                        did_you_mean(&key.name, known.iter().copied()).unwrap_or_else(|| {
                            "give it to each resource, under its `Properties`".to_owned()
                        });
                    report.fault(Fault::new(key.at, message).help(help));
                }
                map
            }
            Some(other) => {
                let message =
                    format!("`Globals.{kind}` must be a mapping, not {}", other.describe());
                report.fault(Fault::new(other.at, message));
                &NONE
            }
        };
        Self {
            function: of("Function", FUNCTION),
            api: of("Api", API),
            http_api: of("HttpApi", HTTP_API),
            web_socket_api: of("WebSocketApi", WEB_SOCKET_API),
        }
    }

    /// The globals of a resource type.
    pub(crate) fn of(&self, kind: &str) -> &'t Map {
        match kind {
            "AWS::Serverless::Function" => self.function,
            "AWS::Serverless::Api" => self.api,
            "AWS::Serverless::HttpApi" => self.http_api,
            "AWS::Serverless::WebSocketApi" => self.web_socket_api,
            _ => &NONE,
        }
    }
}

/// A resource's properties over its globals: mappings merge, lists append to the global one,
/// anything else (intrinsics count as scalars) overrides.
///
/// `Architectures` is the exception: the transform replaces it
/// (`CUSTOM_STRATEGIES` in `globals.py`).
pub(crate) fn merge(global: &Node, local: &Node, name: &str) -> Node {
    if name == "Architectures" || global.intrinsic().is_some() || local.intrinsic().is_some() {
        return local.clone();
    }
    let value = match (&global.value, &local.value) {
        (Value::Map(global), Value::Map(local)) => {
            let mut merged = global.clone();
            let index: HashMap<&str, usize> =
                global.iter().enumerate().map(|(at, (key, _))| (key.name.as_str(), at)).collect();
            for (key, node) in local {
                match index.get(key.name.as_str()) {
                    Some(at) => merged[*at] = (key.clone(), merge(&global[*at].1, node, "")),
                    None => merged.push((key.clone(), node.clone())),
                }
            }
            Value::Map(merged)
        }
        (Value::List(global), Value::List(local)) => {
            Value::List(global.iter().chain(local).cloned().collect())
        }
        _ => return local.clone(),
    };
    Node { value, at: local.at }
}
