//! The identities of APIs, and what `Ref` and `Fn::GetAtt` of API Gateway's resources give.
//!
//! Source: CloudFormation's resource reference, "Return values" of `AWS::ApiGateway::*` and
//! `AWS::ApiGatewayV2::*`; SAM developer guide, "Generated CloudFormation resources".

use std::collections::HashSet;

use super::identity::{API_ID, stable_id};
use super::{Level, Resolved, Resolver, Trouble, foreign};
use crate::model::ApiKind;
use crate::node::{self, Node, Place};
use crate::template::Resource;

/// The implicit APIs' logical ids (SAM developer guide, "Generated CloudFormation resources").
pub(crate) const IMPLICIT_HTTP_API: &str = "ServerlessHttpApi";
pub(crate) const IMPLICIT_REST_API: &str = "ServerlessRestApi";

/// An API, explicit or implicit, that the template creates.
pub(crate) struct ApiIdentity<'t> {
    pub(crate) logical_id: &'t str,
    pub(crate) kind: ApiKind,
    pub(crate) id: String,
    /// Where it stands; `None` where implicit.
    pub(crate) at: Option<Place>,
    /// Whether SAM makes it, with resources of its own around it.
    pub(crate) is_sam: bool,
}

/// Types whose `Ref` is an id of AWS's making, though they may have a name.
const IDS: &[&str] = &[
    "AWS::ApiGateway::ApiKey",
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::RequestValidator",
    "AWS::ApiGateway::UsagePlan",
    "AWS::ApiGateway::VpcLink",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Model",
    "AWS::ApiGatewayV2::VpcLink",
];

/// The resource types that are APIs.
fn kind_of(kind: &str) -> Option<(ApiKind, bool)> {
    match kind {
        "AWS::Serverless::HttpApi" => Some((ApiKind::Http, true)),
        "AWS::Serverless::Api" => Some((ApiKind::Rest, true)),
        "AWS::ApiGatewayV2::Api" => Some((ApiKind::Http, false)),
        "AWS::ApiGateway::RestApi" => Some((ApiKind::Rest, false)),
        _ => None,
    }
}

impl<'t> Resolver<'t> {
    /// Every API of the template that answers HTTP: the explicit ones, then SAM's implicit ones,
    /// which exist where an event names no API.
    pub(crate) fn apis(&self) -> &[ApiIdentity<'t>] {
        self.apis.get_or_init(|| self.find_apis())
    }

    fn find_apis(&self) -> Vec<ApiIdentity<'t>> {
        let identity = |logical_id: &'t str, kind, at, is_sam| ApiIdentity {
            logical_id,
            kind,
            id: stable_id(&self.id(logical_id), API_ID),
            at,
            is_sam,
        };
        let mut apis = Vec::new();
        let (mut http, mut rest) = (false, false);
        for resource in self.template.resources.iter().filter(|r| self.is_active(r)) {
            match resource.kind {
                "AWS::Serverless::Function" => {
                    http |= names_no_api(resource, "HttpApi", "ApiId");
                    rest |= names_no_api(resource, "Api", "RestApiId");
                }
                "AWS::Serverless::StateMachine" => {
                    rest |= names_no_api(resource, "Api", "RestApiId");
                }
                kind => {
                    if let Some((kind, is_sam)) = kind_of(kind)
                        && !self.is_web_socket_api(resource)
                    {
                        apis.push(identity(resource.id, kind, Some(resource.at), is_sam));
                    }
                }
            }
        }
        for (is_there, logical_id, kind) in
            [(http, IMPLICIT_HTTP_API, ApiKind::Http), (rest, IMPLICIT_REST_API, ApiKind::Rest)]
        {
            if is_there {
                // SAM's own goes before a resource of the same logical id.
                apis.retain(|api| api.logical_id != logical_id);
                apis.push(identity(logical_id, kind, None, true));
            }
        }
        apis
    }

    /// Whether a resource is a WebSocket API.
    pub(crate) fn is_web_socket_api(&self, resource: &Resource) -> bool {
        match resource.kind {
            "AWS::Serverless::WebSocketApi" => true,
            "AWS::ApiGatewayV2::Api" => {
                let Some(protocol) = resource.property("ProtocolType") else { return false };
                // Which APIs there are must be known before resources have values, as which
                // conditions are met. What is wrong with the value is reported where it is read.
                let _inside = Level::down(&self.in_conditions);
                let protocol = self.try_resolve(protocol).ok();
                protocol.and_then(|p| p.as_str().map(|text| text == "WEBSOCKET")).unwrap_or(false)
            }
            _ => false,
        }
    }

    /// The ids of the template's WebSocket APIs.
    pub(crate) fn web_sockets(&self) -> HashSet<String> {
        let resources = self.template.resources.iter().filter(|r| self.is_web_socket_api(r));
        resources.map(|resource| self.web_socket_id(resource.id)).collect()
    }

    /// The id of a WebSocket API.
    pub(crate) fn web_socket_id(&self, logical_id: &str) -> String {
        stable_id(&self.id(logical_id), API_ID)
    }

    /// Text with the addresses of a WebSocket API on AWS (`wss:` of clients, `https:` of
    /// `@connections`) replaced by the live ones. Its paths have the stage here too.
    pub(crate) fn live_web_socket(&self, resource: &Resource, text: &str) -> String {
        let id = self.web_socket_id(resource.id);
        let region = &self.options.region;
        let address = format!("{id}.execute-api.{region}.amazonaws.com");
        let clients = format!("ws://{}", self.web_socket_host(resource.id));
        // Functions call `@connections`, and not every resolver knows names below `localhost`.
        let functions = format!("http://127.0.0.1:{}", self.options.http_port);
        text.replace(&format!("wss://{address}"), &clients)
            .replace(&format!("https://{address}"), &functions)
    }

    /// The ids of the root resources of the template's REST APIs.
    pub(crate) fn root_resources(&self) -> HashSet<String> {
        let apis = self.apis().iter().filter(|api| api.kind == ApiKind::Rest);
        apis.map(|api| self.root_resource(api.logical_id)).collect()
    }

    fn root_resource(&self, logical_id: &str) -> String {
        stable_id(&format!("{}/", self.id(logical_id)), API_ID)
    }

    /// What `Ref` of one of API Gateway's resources gives; `None`: it is none.
    pub(super) fn reference_of_gateway(&self, resource: &Resource<'t>) -> Option<String> {
        let kind = resource.kind;
        let is_api = kind_of(kind).is_some() || kind == "AWS::Serverless::WebSocketApi";
        (is_api || IDS.contains(&kind)).then(|| stable_id(&self.id(resource.id), API_ID))
    }

    /// The value of an attribute of one of API Gateway's resources, and the attributes that its
    /// type has; `None`: it is none of those whose attributes are special.
    pub(super) fn attribute_of_gateway(
        &self,
        resource: &Resource<'t>,
        attribute: &str,
    ) -> Resolved<Option<(Option<String>, &'static [&'static str])>> {
        if kind_of(resource.kind).is_some() || resource.kind == "AWS::Serverless::WebSocketApi" {
            let api = self.apis().iter().find(|api| api.logical_id == resource.id);
            return match api {
                Some(api) => Ok(Some(self.attribute_of_api(api, attribute))),
                None if self.is_web_socket_api(resource) => {
                    Ok(Some(self.attribute_of_web_socket(resource, attribute)))
                }
                None => Err(Trouble::Reported),
            };
        }
        if IDS.contains(&resource.kind) && attribute.ends_with("Id") {
            let id = stable_id(&self.id(resource.id), API_ID);
            return Ok(Some((Some(id), &[])));
        }
        let is_domain = resource.kind.starts_with("AWS::ApiGateway")
            && resource.kind.rsplit("::").next().is_some_and(|t| t.starts_with("DomainName"));
        if is_domain && (attribute.ends_with("HostedZoneId") || attribute.ends_with("DomainName")) {
            let id = stable_id(&self.id(resource.id), API_ID);
            let region = &self.options.region;
            return Ok(Some(match attribute {
                "RegionalDomainName" => {
                    (Some(format!("d-{id}.execute-api.{region}.amazonaws.com")), &[])
                }
                "DistributionDomainName" => (Some(format!("d{id}.cloudfront.net")), &[]),
                _ => (Some(format!("Z{}", id.to_ascii_uppercase())), &[]),
            }));
        }
        Ok(None)
    }

    fn attribute_of_web_socket(
        &self,
        resource: &Resource,
        attribute: &str,
    ) -> (Option<String>, &'static [&'static str]) {
        let value = match attribute {
            "ApiEndpoint" => Some(format!("ws://{}", self.web_socket_host(resource.id))),
            "ApiId" => Some(self.web_socket_id(resource.id)),
            _ => None,
        };
        (value, &["ApiEndpoint", "ApiId"])
    }

    pub(super) fn attribute_of_api(
        &self,
        api: &ApiIdentity,
        attribute: &str,
    ) -> (Option<String>, &'static [&'static str]) {
        match api.kind {
            ApiKind::Http => {
                let value = match attribute {
                    "ApiEndpoint" => Some(self.api_url(api.logical_id)),
                    "ApiId" => Some(api.id.clone()),
                    "ExecuteApiArn" => Some(format!(
                        "arn:aws:execute-api:{}:{}:{}",
                        self.options.region, self.options.account_id, api.id
                    )),
                    _ => None,
                };
                (value, &["ApiEndpoint", "ApiId", "ExecuteApiArn"])
            }
            ApiKind::Rest => {
                let value = match attribute {
                    "RestApiId" => Some(api.id.clone()),
                    "RootResourceId" => Some(self.root_resource(api.logical_id)),
                    _ => None,
                };
                (value, &["RestApiId", "RootResourceId"])
            }
        }
    }

    /// What `Ref` of a resource that SAM makes for an API gives, as `API.PROPERTY` names it (the
    /// transform's `referable_properties`); `None`: the API has no such property.
    pub(super) fn referable_of_api(
        &self,
        resource: &Resource<'t>,
        property: &str,
    ) -> Resolved<Option<String>> {
        if resource.kind == "AWS::Serverless::WebSocketApi" && property == "Stage" {
            let Some((_, stage)) = self.property(resource, "StageName") else {
                return Ok(Some("default".to_owned()));
            };
            return stage.as_str().map(|stage| Some(stage.to_owned())).ok_or(Trouble::Reported);
        }
        let (kind, true) = kind_of(resource.kind).unwrap_or((ApiKind::Http, false)) else {
            return Ok(None);
        };
        let generated = || format!("{}{property}", self.name(resource.id));
        Ok(match (kind, property) {
            (_, "Stage") => Some(match resource.property("StageName") {
                Some(node) => {
                    let stage = self.try_resolve(node)?;
                    let stage = stage.as_str().ok_or(Trouble::Reported)?;
                    stage.to_owned()
                }
                None => "$default".to_owned(),
            }),
            (_, "DomainName") => {
                let domain = self.property(resource, "Domain");
                let name = domain.and_then(|(_, node)| Some(node.get("DomainName")?.clone()));
                name.and_then(|node| node.as_str().map(str::to_owned))
            }
            (ApiKind::Rest, "Deployment" | "DomainNameV2") => Some(generated()),
            (ApiKind::Rest, "ApiKey" | "UsagePlan" | "UsagePlanKey") => {
                Some(stable_id(&generated(), API_ID))
            }
            _ => None,
        })
    }
}

/// Whether an event of this type leaves its API to SAM.
fn names_no_api(resource: &Resource, event_type: &str, api_property: &str) -> bool {
    let Some(events) = resource.property("Events").and_then(Node::as_map) else { return false };
    events.iter().any(|(_, event)| {
        let is_type = event.get("Type").and_then(Node::as_str) == Some(event_type);
        let properties = event.get("Properties").and_then(Node::as_map);
        is_type && properties.is_none_or(|map| node::get(map, api_property).is_none())
    })
}

/// What `Ref` of any other resource gives.
pub(super) fn reference<'t>(resolver: &Resolver<'t>, resource: &Resource<'t>) -> Resolved<String> {
    match resolver.reference_of_gateway(resource) {
        Some(id) => Ok(id),
        None => foreign::reference(resolver, resource),
    }
}
