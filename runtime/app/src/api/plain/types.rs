//! What becomes of each of API Gateway's resource types.

use crate::api::properties::{NO_DOMAIN, NO_MODELS};
use crate::property::{Effect, Table};
use crate::report::Report;
use crate::template::Resource;

const NO_LINK: &str = "not created: what it leads to is not called";
const NO_ANSWERS: &str = "what an integration answers is passed on as it is";

/// Resource types of HTTP APIs.
pub(crate) const HTTP_TYPES: &Table = &[
    ("AWS::ApiGatewayV2::Api", Effect::Read),
    ("AWS::ApiGatewayV2::ApiGatewayManagedOverrides", Effect::Accepted),
    ("AWS::ApiGatewayV2::ApiMapping", Effect::Read),
    ("AWS::ApiGatewayV2::Authorizer", Effect::Read),
    ("AWS::ApiGatewayV2::Deployment", Effect::Accepted),
    ("AWS::ApiGatewayV2::DomainName", Effect::Missing(NO_DOMAIN)),
    ("AWS::ApiGatewayV2::Integration", Effect::Read),
    ("AWS::ApiGatewayV2::IntegrationResponse", Effect::Missing(NO_ANSWERS)),
    ("AWS::ApiGatewayV2::Model", Effect::Missing(NO_MODELS)),
    ("AWS::ApiGatewayV2::Portal", Effect::Accepted),
    ("AWS::ApiGatewayV2::PortalProduct", Effect::Accepted),
    ("AWS::ApiGatewayV2::ProductPage", Effect::Accepted),
    ("AWS::ApiGatewayV2::ProductRestEndpointPage", Effect::Accepted),
    ("AWS::ApiGatewayV2::Route", Effect::Read),
    ("AWS::ApiGatewayV2::RouteResponse", Effect::Read),
    ("AWS::ApiGatewayV2::RoutingRule", Effect::Missing(NO_DOMAIN)),
    ("AWS::ApiGatewayV2::Stage", Effect::Read),
    ("AWS::ApiGatewayV2::VpcLink", Effect::Missing(NO_LINK)),
];

/// Resource types of REST APIs.
pub(crate) const REST_TYPES: &Table = &[
    ("AWS::ApiGateway::Account", Effect::Accepted),
    ("AWS::ApiGateway::ApiKey", Effect::Read),
    ("AWS::ApiGateway::Authorizer", Effect::Read),
    ("AWS::ApiGateway::BasePathMapping", Effect::Read),
    ("AWS::ApiGateway::BasePathMappingV2", Effect::Read),
    ("AWS::ApiGateway::ClientCertificate", Effect::Accepted),
    ("AWS::ApiGateway::Deployment", Effect::Read),
    ("AWS::ApiGateway::DocumentationPart", Effect::Accepted),
    ("AWS::ApiGateway::DocumentationVersion", Effect::Accepted),
    ("AWS::ApiGateway::DomainName", Effect::Missing(NO_DOMAIN)),
    ("AWS::ApiGateway::DomainNameAccessAssociation", Effect::Accepted),
    ("AWS::ApiGateway::DomainNameV2", Effect::Missing(NO_DOMAIN)),
    ("AWS::ApiGateway::GatewayResponse", Effect::Read),
    ("AWS::ApiGateway::Method", Effect::Read),
    ("AWS::ApiGateway::Model", Effect::Accepted),
    ("AWS::ApiGateway::RequestValidator", Effect::Missing(NO_MODELS)),
    ("AWS::ApiGateway::Resource", Effect::Read),
    ("AWS::ApiGateway::RestApi", Effect::Read),
    ("AWS::ApiGateway::Stage", Effect::Read),
    ("AWS::ApiGateway::UsagePlan", Effect::Read),
    ("AWS::ApiGateway::UsagePlanKey", Effect::Read),
    ("AWS::ApiGateway::VpcLink", Effect::Missing(NO_LINK)),
];

/// Names a resource of these types that is not served; whether it is of these types at all.
pub(crate) fn not_served(resource: &Resource, report: &Report) -> bool {
    let mut types = HTTP_TYPES.iter().chain(REST_TYPES);
    let Some((kind, effect)) = types.find(|(kind, _)| *kind == resource.kind) else { return false };
    if let Effect::Missing(note) = effect {
        report.note(resource.at, format!("Resources.{} ({kind})", resource.id), *note);
    }
    true
}
