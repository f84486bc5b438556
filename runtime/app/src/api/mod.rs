//! `AWS::Serverless::HttpApi`, `AWS::Serverless::Api` and SAM's implicit APIs.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;

use crate::model::{Api, ApiKind, ApiRoute, Route};
use crate::property::{self, Effect};
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::{ApiIdentity, Resolver};
use crate::template::Resource;

const NO_CORS: Effect = Effect::Missing("no CORS headers are added, no preflight is answered");
const NO_AUTH: Effect = Effect::Missing("not checked: every request is let through");
const NO_DEFINITION: Effect = Effect::Missing("not read: only routes of `Events` are served");
const NO_DOMAIN: Effect = Effect::Missing("not served: use the local address");

const HTTP_API: &property::Table = &[
    ("AccessLogSettings", Effect::Accepted),
    ("Auth", NO_AUTH),
    ("CorsConfiguration", NO_CORS),
    ("DefaultRouteSettings", Effect::Accepted),
    ("DefinitionBody", NO_DEFINITION),
    ("DefinitionUri", NO_DEFINITION),
    ("Description", Effect::Accepted),
    ("DisableExecuteApiEndpoint", Effect::Accepted),
    ("Domain", NO_DOMAIN),
    ("FailOnWarnings", Effect::Accepted),
    ("Name", Effect::Accepted),
    ("PropagateTags", Effect::Accepted),
    ("RouteSettings", Effect::Accepted),
    ("StageName", Effect::Read),
    ("StageVariables", Effect::Missing("not given to functions")),
    ("Tags", Effect::Accepted),
];

const REST_API: &property::Table = &[
    ("AccessLogSetting", Effect::Accepted),
    ("AlwaysDeploy", Effect::Accepted),
    ("ApiKeySourceType", Effect::Accepted),
    ("Auth", NO_AUTH),
    ("BinaryMediaTypes", Effect::Missing("bodies are binary by their content type alone")),
    ("CacheClusterEnabled", Effect::Accepted),
    ("CacheClusterSize", Effect::Accepted),
    ("CanarySetting", Effect::Missing("all requests go to the functions of the template")),
    ("Cors", NO_CORS),
    ("DefinitionBody", NO_DEFINITION),
    ("DefinitionUri", NO_DEFINITION),
    ("Description", Effect::Accepted),
    ("DisableExecuteApiEndpoint", Effect::Accepted),
    ("Domain", NO_DOMAIN),
    ("EndpointAccessMode", Effect::Accepted),
    ("EndpointConfiguration", Effect::Accepted),
    ("FailOnWarnings", Effect::Accepted),
    ("GatewayResponses", Effect::Missing("errors have their default bodies")),
    ("MergeDefinitions", Effect::Accepted),
    ("MethodSettings", Effect::Accepted),
    ("MinimumCompressionSize", Effect::Missing("responses are not compressed")),
    ("Mode", Effect::Accepted),
    ("Models", Effect::Missing("bodies are not validated")),
    ("Name", Effect::Accepted),
    ("OpenApiVersion", Effect::Accepted),
    ("Policy", NO_AUTH),
    ("PropagateTags", Effect::Accepted),
    ("SecurityPolicy", Effect::Accepted),
    ("StageName", Effect::Read),
    ("Tags", Effect::Accepted),
    ("TracingEnabled", Effect::Accepted),
    ("Variables", Effect::Missing("not given to functions")),
];

/// Reads an explicit API. Its routes come from the functions' events.
pub(crate) fn explicit<'t>(
    resolver: &Resolver<'t>,
    resource: &Resource<'t>,
    identity: &ApiIdentity,
) -> Api {
    let reader = Reader { report: resolver.report, owner: resource.id.to_owned() };
    let table = table(identity.kind);
    property::check(&reader, resource.properties, table, &format!("Resources.{}", resource.id));
    let globals = resolver.template.globals.of(resource.kind);
    property::note(resolver.report, globals, table, globals_path(identity.kind));
    let stage = match resolver.property(resource, "StageName") {
        Some((_, node)) => reader.text("StageName", &node).map(str::to_owned),
        None if identity.kind == ApiKind::Rest => {
            let message = format!("{} has no `StageName`", resource.id);
            let fault = Fault::new(resource.at, message);
            resolver.report.fault(fault.help("add one: `StageName: Prod`".to_owned()));
            None
        }
        None => None,
    };
    Api {
        logical_id: resolver.id(resource.id),
        kind: identity.kind,
        name: resource.id.to_owned(),
        id: identity.id.clone(),
        stage: stage.unwrap_or_else(|| "$default".to_owned()),
        stage_variables: BTreeMap::new(),
        base_paths: Vec::new(),
        routes: Vec::new(),
        cors: None,
        binary_media_types: Vec::new(),
        span: Some(resolver.report.span(resource.at)),
    }
}

/// The implicit API of this kind.
pub(crate) fn implicit(resolver: &Resolver, identity: &ApiIdentity) -> Api {
    let (kind, stage) = match identity.kind {
        ApiKind::Http => ("AWS::Serverless::HttpApi", "$default"),
        ApiKind::Rest => ("AWS::Serverless::Api", "Prod"),
    };
    let globals = resolver.template.globals.of(kind);
    property::note(resolver.report, globals, table(identity.kind), globals_path(identity.kind));
    Api {
        logical_id: resolver.id(identity.logical_id),
        kind: identity.kind,
        name: identity.logical_id.to_owned(),
        id: identity.id.clone(),
        stage: stage.to_owned(),
        stage_variables: BTreeMap::new(),
        base_paths: Vec::new(),
        routes: Vec::new(),
        cors: None,
        binary_media_types: Vec::new(),
        span: None,
    }
}

fn table(kind: ApiKind) -> &'static property::Table {
    match kind {
        ApiKind::Http => HTTP_API,
        ApiKind::Rest => REST_API,
    }
}

fn globals_path(kind: ApiKind) -> &'static str {
    match kind {
        ApiKind::Http => "Globals.HttpApi",
        ApiKind::Rest => "Globals.Api",
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
        live
    }
}

/// A path without its first segment, where that is the stage.
fn without_stage<'p>(path: &'p str, stage: &str) -> &'p str {
    let rest = path.strip_prefix('/').and_then(|path| path.strip_prefix(stage));
    let is_segment = |rest: &&str| rest.is_empty() || rest.starts_with(['/', '?', '"', ' ', ',']);
    rest.filter(is_segment).unwrap_or(path)
}

/// The APIs while their routes come in.
pub(crate) struct Apis {
    apis: Vec<Api>,
    /// Positions by id and by logical id.
    index: HashMap<String, usize>,
    /// Positions of routes by the API's position, the method and the path's shape.
    taken: HashMap<(usize, Option<String>, Option<String>), usize>,
}

impl Apis {
    pub(crate) fn new(apis: Vec<Api>) -> Self {
        let names = apis.iter().enumerate();
        let index = names
            .flat_map(|(at, api)| {
                // In a nested application, its events name its APIs without its own name.
                let local = api.logical_id.rsplit('/').next().unwrap_or_default();
                [(api.id.clone(), at), (local.to_owned(), at)]
            })
            .collect();
        Self { apis, index, taken: HashMap::new() }
    }

    /// The API that an event names: by its id, as `Ref` gives it, or by its logical id.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// Adds a route; the error is the one that is there already.
    pub(crate) fn add(&mut self, api: usize, route: ApiRoute) -> Result<(), Box<ApiRoute>> {
        let Route { method, path } = &route.route;
        let key = (api, method.clone(), path.as_deref().map(shape));
        let routes = &mut self.apis[api].routes;
        match self.taken.entry(key) {
            Entry::Occupied(taken) => Err(Box::new(routes[*taken.get()].clone())),
            Entry::Vacant(free) => {
                free.insert(routes.len());
                routes.push(route);
                Ok(())
            }
        }
    }

    pub(crate) fn into_inner(self) -> Vec<Api> {
        self.apis
    }
}

impl Deref for Apis {
    type Target = [Api];

    fn deref(&self) -> &[Api] {
        &self.apis
    }
}

/// A path with its parameters' names taken out: to API Gateway they make no difference.
fn shape(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment {
        greedy if greedy.ends_with("+}") => "{+}",
        parameter if parameter.starts_with('{') => "{}",
        literal => literal,
    });
    segments.collect::<Vec<_>>().join("/")
}
