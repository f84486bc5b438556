//! `Auth` of SAM's APIs, and `Domain`, which is looked at and not emulated.
//!
//! Source: SAM developer guide, "HttpApiAuth", "ApiAuth" and "DomainConfiguration", and the
//! transform's own `samtranslator/internal/schema_source`.

use std::collections::{BTreeMap, BTreeSet};

use super::authorizer;
use super::policy;
use super::subject::{Subject, items};
use crate::model::{Access, ApiKind, Authorization, Authorizer};
use crate::node::{self, Map, Node, Value};
use crate::read::Reader;
use crate::report::Fault;
use crate::suggest::did_you_mean;

const HTTP_AUTH: &[&str] = &["Authorizers", "DefaultAuthorizer", "EnableIamAuthorizer"];

const HTTP_AUTHORIZER: &[&str] = &[
    "AuthorizationScopes",
    "AuthorizerPayloadFormatVersion",
    "EnableFunctionDefaultPermissions",
    "EnableSimpleResponses",
    "FunctionArn",
    "FunctionInvokeRole",
    "Identity",
    "IdentitySource",
    "JwtConfiguration",
];

const REST_AUTH: &[&str] = &[
    "AddApiKeyRequiredToCorsPreflight",
    "AddDefaultAuthorizerToCorsPreflight",
    "ApiKeyRequired",
    "Authorizers",
    "DefaultAuthorizer",
    "InvokeRole",
    "ResourcePolicy",
    "UsagePlan",
];

const REST_AUTHORIZER: &[&str] = &[
    "AuthorizationScopes",
    "DisableFunctionDefaultPermissions",
    "FunctionArn",
    "FunctionInvokeRole",
    "FunctionPayloadType",
    "Identity",
    "UserPoolArn",
];

const IDENTITY: &[&str] = &[
    "Context",
    "Header",
    "Headers",
    "QueryStrings",
    "ReauthorizeEvery",
    "StageVariables",
    "ValidationExpression",
];

pub(super) const RESOURCE_POLICY: &[&str] = &[
    "AwsAccountBlacklist",
    "AwsAccountWhitelist",
    "CustomStatements",
    "IntrinsicVpcBlacklist",
    "IntrinsicVpcWhitelist",
    "IntrinsicVpceBlacklist",
    "IntrinsicVpceWhitelist",
    "IpRangeBlacklist",
    "IpRangeWhitelist",
    "SourceVpcBlacklist",
    "SourceVpcWhitelist",
];

const USAGE_PLAN: &[&str] =
    &["CreateUsagePlan", "Description", "Quota", "Tags", "Throttle", "UsagePlanName"];

const HTTP_DOMAIN: &[&str] = &[
    "BasePath",
    "CertificateArn",
    "DomainName",
    "EndpointConfiguration",
    "MutualTlsAuthentication",
    "OwnershipVerificationCertificateArn",
    "Route53",
    "SecurityPolicy",
];

const REST_DOMAIN: &[&str] = &[
    "AccessAssociation",
    "BasePath",
    "CertificateArn",
    "DomainName",
    "EndpointAccessMode",
    "EndpointConfiguration",
    "IpAddressType",
    "MutualTlsAuthentication",
    "NormalizeBasePath",
    "OwnershipVerificationCertificateArn",
    "Policy",
    "Route53",
    "SecurityPolicy",
];

const ROUTE53: &[&str] = &[
    "DistributionDomainName",
    "EvaluateTargetHealth",
    "HostedZoneId",
    "HostedZoneName",
    "IpV6",
    "Region",
    "SeparateRecordSetGroup",
    "SetIdentifier",
    "VpcEndpointDomainName",
    "VpcEndpointHostedZoneId",
];

/// The authorizers that the API's events may name.
#[derive(Debug, Default)]
pub(crate) struct Authorizers {
    names: BTreeSet<String>,
    has_default: bool,
    /// Those that are defined, for the API.
    pub(super) list: Vec<Authorizer>,
    /// `AuthorizationScopes` of those that have any.
    scopes: BTreeMap<String, Vec<String>>,
    /// What counts for a route that says nothing.
    default: Access,
    /// What a preflight needs that SAM's `Cors` adds to a REST API.
    pub(super) preflight: Access,
    /// `UsagePlan`.
    pub(super) usage_plan: Option<Map>,
    /// The statements of its `ResourcePolicy`.
    pub(super) statements: Vec<serde_json::Value>,
}

impl Authorizers {
    /// What a route needs that says nothing.
    pub(super) fn default_access(&self) -> Access {
        self.default.clone()
    }

    /// What an event's route needs; `auth` is the event's `Auth`.
    pub(crate) fn access(&self, reader: &Reader, auth: Option<&Node>) -> Access {
        let mut access = self.default.clone();
        let Some(auth) = auth else { return access };
        let scopes = auth.get("AuthorizationScopes").and_then(Node::as_list);
        let scopes = scopes.map(|list| {
            let texts = list.iter().filter_map(Node::as_str);
            texts.map(str::to_owned).collect::<Vec<String>>()
        });
        let key = auth.get("ApiKeyRequired");
        if let Some(required) = key.and_then(|node| reader.boolean("ApiKeyRequired", node)) {
            access.api_key_required = required;
        }
        if let Some(name) = auth.get("Authorizer").and_then(Node::as_str) {
            access.authorization = self.authorization(name, scopes);
        } else if let (Authorization::Authorizer { scopes: own, .. }, Some(scopes)) =
            (&mut access.authorization, scopes)
        {
            *own = scopes;
        }
        access
    }

    /// What a name means; `scopes` go before the authorizer's own.
    fn authorization(&self, name: &str, scopes: Option<Vec<String>>) -> Authorization {
        if name == "AWS_IAM" && self.names.contains(name) {
            return Authorization::Iam;
        }
        if !self.list.iter().any(|authorizer| authorizer.name == name) {
            return Authorization::Open;
        }
        let own = || self.scopes.get(name).cloned().unwrap_or_default();
        Authorization::Authorizer { name: name.to_owned(), scopes: scopes.unwrap_or_else(own) }
    }

    /// What is wrong with an event's `Auth`, which names this authorizer, or none; `api` is the
    /// event's API. The rules are those of the transform's `model/eventsources/push.py`.
    pub(crate) fn check(
        &self,
        (kind, api): (ApiKind, &str),
        reader: &Reader,
        auth: &Node,
        authorizer: Option<&Node>,
    ) -> Option<Fault> {
        let Some(node) = authorizer else {
            if kind == ApiKind::Rest || self.has_default {
                return None;
            }
            let message = format!("`Auth` of {} has no `Authorizer`", reader.owner);
            let help = format!("name one, or give {api} a `DefaultAuthorizer`");
            return Some(Fault::new(auth.at, message).help(help));
        };
        match node.as_str()? {
            _ if node.is_unresolved() => None,
            "NONE" if self.has_default => None,
            "NONE" => {
                let message = format!(
                    "`Authorizer` of {} is `NONE`, but {api} has no `DefaultAuthorizer`",
                    reader.owner
                );
                let help = "remove it: there is no authorizer to leave out".to_owned();
                Some(Fault::new(node.at, message).help(help))
            }
            name if self.names.contains(name) => None,
            name => Some(unknown(reader, name, &self.names, api, node)),
        }
    }
}

/// Reads `Auth` of an API with this stage; `None`: what it says is not known here.
pub(super) fn authorizers(subject: &Subject, stage: &str) -> Option<Authorizers> {
    let Some((_, auth)) = subject.property("Auth") else {
        let iam = (subject.identity.kind == ApiKind::Rest).then(|| "AWS_IAM".to_owned());
        return Some(Authorizers { names: iam.into_iter().collect(), ..Authorizers::default() });
    };
    let reader = &subject.reader;
    let map = reader.map("Auth", &auth)?;
    let is_http = subject.identity.kind == ApiKind::Http;
    reader.only(map, if is_http { HTTP_AUTH } else { REST_AUTH });
    let boolean = |name: &str| node::get(map, name).and_then(|node| reader.boolean(name, node));
    let preflight_has_key = boolean("AddApiKeyRequiredToCorsPreflight");
    let preflight_has_default = boolean("AddDefaultAuthorizerToCorsPreflight");
    let api_key_required = boolean("ApiKeyRequired").unwrap_or(false);
    let mut names = BTreeSet::new();
    let (mut list, mut scopes) = (Vec::new(), BTreeMap::new());
    if let Some(node) = node::get(map, "Authorizers") {
        let known = if is_http { HTTP_AUTHORIZER } else { REST_AUTHORIZER };
        for (key, node) in reader.map("Authorizers", node)? {
            names.insert(key.name.clone());
            list.extend(authorizer(subject, &key.name, node, known));
            if let Some(node) = node.get("AuthorizationScopes") {
                scopes.insert(key.name.clone(), items(reader, "AuthorizationScopes", node));
            }
        }
    }
    // IAM's authorizer needs no definition in a REST API, and has to be asked for in an HTTP API.
    let iam = node::get(map, "EnableIamAuthorizer");
    if !is_http || iam.and_then(|n| reader.boolean("EnableIamAuthorizer", n)).unwrap_or(false) {
        names.insert("AWS_IAM".to_owned());
    }
    let default = node::get(map, "DefaultAuthorizer");
    // Of a REST API without authorizers of its own, SAM does not look at the default one.
    if let Some(node) = default.filter(|_| is_http || names.len() > 1)
        && let Some(name) = reader.text("DefaultAuthorizer", node)
        && !node.is_unresolved()
        && !names.contains(name)
    {
        subject.fault(unknown(reader, name, &names, &reader.owner, node));
    }
    let mut statements = Vec::new();
    if let Some(node) = node::get(map, "ResourcePolicy").filter(|_| !is_http) {
        let path = format!("{}.Auth.ResourcePolicy", subject.path());
        statements = policy::statements(reader, node, &policy::of_stage(stage), &path);
    }
    let mut plan = None;
    if let Some(node) = node::get(map, "UsagePlan")
        && let Some(map) = reader.map("UsagePlan", node)
    {
        usage_plan(subject, map, node);
        plan = Some(map.clone());
    }
    let has_default = default.is_some();
    let mut authorizers = Authorizers { names, has_default, list, scopes, ..Default::default() };
    authorizers.usage_plan = plan.filter(|_| !is_http);
    authorizers.statements = statements;
    if let Some(name) = default.and_then(Node::as_str) {
        authorizers.default.authorization = authorizers.authorization(name, None);
    }
    authorizers.default.api_key_required = api_key_required;
    authorizers.preflight = authorizers.default_access();
    if preflight_has_default == Some(false) {
        authorizers.preflight.authorization = Authorization::Open;
    }
    authorizers.preflight.api_key_required &= preflight_has_key != Some(false);
    Some(authorizers)
}

/// The fault of an authorizer's name that the API does not have.
fn unknown(reader: &Reader, name: &str, known: &BTreeSet<String>, api: &str, node: &Node) -> Fault {
    let shown: String = name.chars().take(60).collect();
    let help = reader.report.hint(|| {
        did_you_mean(name, known.iter().map(String::as_str))
            .or_else(|| Some(format!("define it under `Auth: {{Authorizers: ...}}` of {api}")))
    });
    Fault::new(node.at, format!("{api} has no authorizer `{shown}`")).help(help)
}

fn authorizer(subject: &Subject, name: &str, node: &Node, known: &[&str]) -> Option<Authorizer> {
    let reader = &subject.reader;
    let map = reader.map(name, node)?;
    reader.only(map, known);
    if let Some(Value::Map(identity)) = node::get(map, "Identity").map(|node| &node.value) {
        reader.only(identity, IDENTITY);
    }
    let path = format!("{}.Auth.Authorizers.{name}", subject.path());
    let part = authorizer::Subject { resolver: subject.resolver, reader, at: node.at, path };
    let kind = authorizer::authorizer(&part, subject.identity.kind, map);
    let span = reader.report.span(node.at);
    Some(Authorizer { name: name.to_owned(), kind, span })
}

fn usage_plan(subject: &Subject, map: &Map, node: &Node) {
    let reader = &subject.reader;
    reader.only(map, USAGE_PLAN);
    match node::get(map, "CreateUsagePlan") {
        Some(node) => {
            reader.choice("CreateUsagePlan", node, &["PER_API", "SHARED", "NONE"]);
        }
        None => {
            let message = format!("`UsagePlan` of {} has no `CreateUsagePlan`", reader.owner);
            let help = "add one: `CreateUsagePlan: PER_API`".to_owned();
            subject.fault(Fault::new(node.at, message).help(help));
        }
    }
}

/// `Domain`: the base paths that it gives to the API.
pub(super) fn base_paths(subject: &Subject) -> Vec<String> {
    let Some((key, domain)) = subject.property("Domain") else { return Vec::new() };
    let reader = &subject.reader;
    let Some(map) = reader.map("Domain", &domain) else { return Vec::new() };
    let is_http = subject.identity.kind == ApiKind::Http;
    reader.only(map, if is_http { HTTP_DOMAIN } else { REST_DOMAIN });
    for (name, help) in [
        ("DomainName", "add one: `DomainName: api.example.com`"),
        ("CertificateArn", "add one: `CertificateArn: ARN`, of Certificate Manager"),
    ] {
        if node::get(map, name).is_none() {
            let message = format!("`Domain` of {} has no `{name}`", reader.owner);
            subject.fault(Fault::new(key.at, message).help(help.to_owned()));
        }
    }
    if let Some(node) = node::get(map, "EndpointConfiguration") {
        let choices: &[&str] =
            if is_http { &["REGIONAL"] } else { &["EDGE", "REGIONAL", "PRIVATE"] };
        reader.choice("EndpointConfiguration", node, choices);
    }
    if let Some(Value::Map(map)) = node::get(map, "Route53").map(|node| &node.value) {
        reader.only(map, ROUTE53);
    }
    if let Some(Value::Map(map)) = node::get(map, "MutualTlsAuthentication").map(|n| &n.value) {
        reader.only(map, &["TruststoreUri", "TruststoreVersion"]);
    }
    let normalize = node::get(map, "NormalizeBasePath")
        .and_then(|node| reader.boolean("NormalizeBasePath", node))
        .unwrap_or(!is_http);
    let Some(node) = node::get(map, "BasePath") else { return Vec::new() };
    let paths = items(reader, "BasePath", node).into_iter().filter_map(|path| {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_');
        if is_http && !node.is_unresolved() && !path.chars().all(is_allowed) {
            let help = "use letters, digits, `-`, `_` and `/`".to_owned();
            reader.wrong("BasePath", node, "a base path", help);
            return None;
        }
        // SAM takes every other character out, unless it is told not to.
        let path: String =
            path.chars().filter(|c| !normalize || c.is_ascii_alphanumeric()).collect();
        Some(super::path::trimmed(&path)).filter(|path| !path.is_empty())
    });
    paths.collect()
}
