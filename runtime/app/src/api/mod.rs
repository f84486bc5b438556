//! APIs: SAM's, explicit and implicit, and API Gateway's own resources, with the routes of their
//! definitions. Routes of events come in while functions are read.

mod auth;
mod authorizer;
mod cors;
mod definition;
mod gateway_response;
mod integration;
mod path;
mod plain;
mod policy;
mod properties;
mod routes;
mod serverless;
mod socket;
mod subject;
mod traffic;

pub(crate) use integration::payload_format;
pub(crate) use path::{method, timeout, written, wrong_path};
pub(crate) use plain::{HTTP_TYPES, REST_TYPES, not_served};
pub(crate) use routes::{Added, Apis, trigger};
pub(crate) use socket::read as web_sockets;

use crate::model::{Access, Api, ApiKind, ApiRoute, Integration, Route};
use crate::read::Reader;
use crate::resolve::Resolver;
use crate::template::Resource;
use plain::{http, rest};

/// Reads every API of the template with all its routes but those of functions' events.
pub(crate) fn read<'t>(resolver: &Resolver<'t>, active: &[&'t Resource<'t>]) -> Apis {
    let mut stages = http::Stages::new();
    http::stages(resolver, active, &mut stages);
    rest::stages(resolver, active, &mut stages);
    let mut apis = Apis::default();
    for identity in resolver.apis() {
        let resource = identity.at.and_then(|_| resolver.template.resource(identity.logical_id));
        let draft = match resource {
            None => serverless::implicit(resolver, identity),
            Some(resource) if serverless::is_api(resource) => {
                serverless::explicit(resolver, resource, identity)
            }
            Some(resource) => match identity.kind {
                ApiKind::Http => http::api(resolver, resource, identity, &stages),
                ApiKind::Rest => rest::api(resolver, resource, identity, &stages),
            },
        };
        apis.push(identity.logical_id, draft);
    }
    http::routes(resolver, active, &mut apis);
    rest::routes(resolver, active, &mut apis);
    let mut keys = authorizer::Keys::default();
    for (api, plan) in apis.usage_plans() {
        authorizer::made_by_sam(resolver, &mut keys, &api.logical_id, plan);
    }
    keys.read(resolver, active, &apis);
    apis.keys = keys;
    for resource in active.iter().filter(|r| r.kind == "AWS::Serverless::StateMachine") {
        state_machine(resolver, resource, &mut apis);
    }
    apis
}

/// The routes that start a state machine: there, and not served.
fn state_machine<'t>(resolver: &Resolver<'t>, resource: &Resource<'t>, apis: &mut Apis) {
    for (key, properties) in serverless::state_machine_events(resource) {
        let shown: String = key.name.chars().take(60).collect();
        let owner = format!("event {shown} of {}", resource.id);
        let reader = Reader { report: resolver.report, owner };
        let properties = resolver.resolve(properties);
        let method = properties.get("Method").and_then(|node| method(&reader, "Method", node));
        let path = properties.get("Path").and_then(|node| reader.text("Path", node));
        let name = match properties.get("RestApiId") {
            Some(node) => reader.text("RestApiId", node),
            None => Some(crate::resolve::IMPLICIT_REST_API),
        };
        let (Some(method), Some(path), Some(api)) =
            (method, path, name.and_then(|name| apis.find(name)))
        else {
            continue;
        };
        let what = format!("Resources.{}.Events.{shown} (Api)", resource.id);
        resolver.report.note(key.at, what, "not served: it starts a state machine");
        let route = ApiRoute {
            route: Route { method, path: Some(path.to_owned()) },
            integration: Integration::Other("a state machine".to_owned()),
            payload_format: None,
            timeout: None,
            streaming: false,
            access: Access::default(),
            span: resolver.report.span(key.at),
        };
        apis.add(api, route);
    }
}

impl Resolver<'_> {
    /// Text with every address of the template's APIs on AWS replaced by the live one. The stage
    /// of the address goes with it: locally an API has one stage, at its root.
    pub(crate) fn live(&self, text: &str, apis: &[Api]) -> String {
        let mut live = text.to_owned();
        if !text.contains(".execute-api.") {
            return live;
        }
        for api in apis {
            let region = &self.options.region;
            let address = format!("https://{}.execute-api.{region}.amazonaws.com", api.id);
            let mut parts = live.split(&address);
            let mut replaced = parts.next().unwrap_or_default().to_owned();
            for part in parts {
                replaced.push_str(&self.api_url(self.local(&api.logical_id)));
                replaced.push_str(without_stage(part, &api.stage));
            }
            live = replaced;
        }
        for resource in &self.template.resources {
            if self.is_web_socket_api(resource) {
                live = self.live_web_socket(resource, &live);
            }
        }
        live
    }
}

/// A path without its first segment, where that is the stage.
fn without_stage<'p>(path: &'p str, stage: &str) -> &'p str {
    let rest = path.strip_prefix('/').and_then(|path| path.strip_prefix(stage));
    let is_segment = |rest: &&str| rest.is_empty() || rest.starts_with(['/', '?', '"', ' ', ',']);
    rest.filter(is_segment).unwrap_or(path)
}
