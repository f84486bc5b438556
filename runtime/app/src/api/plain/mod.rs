//! API Gateway's own resource types, as far as they define routes.

pub(super) mod http;
pub(super) mod rest;
pub(super) mod socket;
mod types;

pub(crate) use types::{HTTP_TYPES, REST_TYPES, not_served};

use crate::api::Apis;
use crate::api::authorizer;
use crate::api::path::{trimmed, written};
use crate::api::subject::items;
use crate::model::{Access, ApiRoute, Authorization, Authorizer, AuthorizerKind};
use crate::node::{self, Map, Node, Value};
use crate::property::{self, Table};
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::Resolver;
use crate::template::Resource;

/// A resource while it is read, its properties resolved.
pub(in crate::api) struct Part<'r, 't> {
    pub(in crate::api) resource: &'r Resource<'t>,
    pub(in crate::api) reader: Reader<'t>,
    properties: Map,
}

impl<'r, 't> Part<'r, 't> {
    pub(in crate::api) fn new(
        resolver: &Resolver<'t>,
        resource: &'r Resource<'t>,
        table: &Table,
    ) -> Self {
        let reader = Reader { report: resolver.report, owner: resource.id.to_owned() };
        let path = format!("Resources.{}", resource.id);
        property::check(&reader, resource.properties, table, &path);
        let properties = resolver.resolve_map(resource.properties);
        Self { resource, reader, properties }
    }

    pub(in crate::api) fn get(&self, name: &str) -> Option<&Node> {
        node::get(&self.properties, name)
    }

    pub(in crate::api) fn text(&self, name: &str) -> Option<&str> {
        self.reader.text(name, self.get(name)?)
    }

    /// A property that the resource cannot do without.
    pub(in crate::api) fn required(&self, name: &str, help: &str) -> Option<&Node> {
        let found = self.get(name);
        if found.is_none() {
            let message = format!("{} has no `{name}`", self.resource.id);
            let fault = Fault::new(self.resource.at, message).help(help.to_owned());
            self.reader.report.fault(fault);
        }
        found
    }

    /// The API that it belongs to. `None`: that is not one of this template's, which is noted, or
    /// it is not said, which is reported.
    fn api(&self, apis: &Apis, name: &str) -> Option<usize> {
        let node = self.required(name, &format!("name the API: `{name}: !Ref API`"))?;
        let text = self.reader.text(name, node)?;
        let found = apis.find(text);
        if found.is_none() {
            let shown: String = text.chars().take(60).collect();
            self.note(format!("the API `{shown}` is not one of those that are served here"));
        }
        found
    }

    pub(in crate::api) fn note(&self, note: impl Into<String>) {
        let Resource { id, kind, at, .. } = *self.resource;
        self.reader.report.note(at, format!("Resources.{id} ({kind})"), note);
    }

    /// Adds its route, if nothing else has it.
    fn define(&self, apis: &mut Apis, api: usize, route: ApiRoute) {
        let shown = written(&route.route);
        if apis.define(api, route).is_err() {
            let message = format!("`{shown}` of {} is there already", apis[api].logical_id);
            let help = "each route stands once: parameters' names make no difference".to_owned();
            self.reader.report.fault(Fault::new(self.resource.at, message).help(help));
        }
    }

    /// Who may call its route.
    fn access(&self, apis: &Apis, api: Option<usize>) -> Access {
        let required = self.get("ApiKeyRequired");
        let required = required.and_then(|node| self.reader.boolean("ApiKeyRequired", node));
        let authorization = self.authorization(apis, api);
        Access { authorization, api_key_required: required.unwrap_or(false), throttle: None }
    }

    fn authorization(&self, apis: &Apis, api: Option<usize>) -> Authorization {
        let Some(node) = self.get("AuthorizationType") else { return Authorization::Open };
        match self.reader.text("AuthorizationType", node) {
            None | Some("NONE") => return Authorization::Open,
            Some("AWS_IAM") => return Authorization::Iam,
            Some(_) => {}
        }
        let known = api.map(|api| apis[api].authorizers.as_slice()).unwrap_or_default();
        let name = self.get("AuthorizerId").and_then(Node::as_str);
        let Some(found) = known.iter().find(|known| Some(known.name.as_str()) == name) else {
            let what = format!("Resources.{}.AuthorizationType", self.resource.id);
            let note = "not checked: its authorizer is not one of this template's; every request \
                        is let through";
            self.reader.report.note(node.at, what, note);
            return Authorization::Open;
        };
        let scopes = self.get("AuthorizationScopes");
        let scopes = scopes.map(|node| items(&self.reader, "AuthorizationScopes", node));
        let scopes = scopes.unwrap_or_default();
        Authorization::Authorizer { name: found.name.clone(), scopes }
    }

    /// Gives its API the authorizer that it defines; `read` reads what it asks.
    fn define_authorizer(
        &self,
        resolver: &Resolver<'t>,
        apis: &mut Apis,
        api_property: &str,
        read: impl FnOnce(&authorizer::Subject, &Map) -> AuthorizerKind,
    ) {
        let Some(api) = self.api(apis, api_property) else { return };
        let Some(name) = reference(resolver, self.resource) else { return };
        let Resource { id, kind, at, .. } = *self.resource;
        let path = format!("Resources.{id} ({kind})");
        let subject = authorizer::Subject { resolver, reader: &self.reader, at, path };
        let kind = read(&subject, &self.properties);
        let span = self.reader.report.span(at);
        apis.api_mut(api).authorizers.push(Authorizer { name, kind, span });
    }
}

/// Gives an API the base path of a mapping.
fn map_base_path(part: &Part, apis: &mut Apis, api_property: &str, property: &str) {
    let Some(api) = part.api(apis, api_property) else { return };
    let path = part.text(property).map(trimmed).filter(|path| {
        // CloudFormation's own word for "no base path".
        !path.is_empty() && path != "(none)"
    });
    if let Some(path) = path {
        apis.api_mut(api).base_paths.push(path);
    }
}

/// The active resources of a type.
fn of_kind<'r, 't>(
    active: &'r [&'t Resource<'t>],
    kind: &str,
) -> impl Iterator<Item = &'t Resource<'t>> + use<'r, 't> {
    let kind = kind.to_owned();
    active.iter().copied().filter(move |resource| resource.kind == kind)
}

/// What a resource's name for itself gives where it is referred to.
fn reference<'t>(resolver: &Resolver<'t>, resource: &Resource<'t>) -> Option<String> {
    resolver.reference_of(resource).map_err(|trouble| resolver.tell(trouble)).ok()
}

/// Whether a value is a mapping that holds something.
fn is_filled(node: &Node) -> bool {
    matches!(&node.value, Value::Map(map) if !map.is_empty())
}
