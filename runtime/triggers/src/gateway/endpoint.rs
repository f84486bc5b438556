//! What listens at the front door, and which of it a request means.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Method;
use samovar_app::{Api, ApiKind, Function, Integration, PayloadFormat, Route};

use super::access_log::Format;
use super::binary::MediaTypes;
use super::cors::Cors;
use super::failure::Failure;
use super::gateway_response::GatewayResponses;
use super::inbound::{Host, Inbound};
use super::route::{Answers, Matched, RouteTarget, Router, Rules};

/// Which of AWS's HTTP front ends: they differ in events, responses, errors and limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Front {
    /// API Gateway HTTP API: payload format 2.0 or 1.0, as each route has it.
    HttpApi,
    /// API Gateway REST API: proxy integrations, payload format 1.0.
    RestApi,
    /// Lambda function URL, payload format 2.0.
    FunctionUrl,
}

/// One API or function URL.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) front: Front,
    /// As in its host name on AWS.
    pub(crate) id: String,
    /// The API's, or the function's.
    pub(crate) logical_id: String,
    pub(crate) stage: String,
    /// Base paths of custom domain names, the longest first.
    pub(crate) base_paths: Vec<String>,
    /// As events have them.
    pub(crate) stage_variables: BTreeMap<String, String>,
    /// Media types that are binary to a REST API.
    pub(crate) binary: MediaTypes,
    /// `None`: the front end has nothing to do with cross-origin requests.
    pub(crate) cors: Option<Cors>,
    /// How requests are logged, if they are.
    pub(crate) access_log: Option<Arc<Format>>,
    /// From how many bytes on responses are compressed.
    pub(crate) minimum_compression: Option<u32>,
    /// What takes the place of a REST API's errors.
    pub(crate) gateway_responses: GatewayResponses,
    pub(crate) router: Router,
}

/// All endpoints, in template order.
#[derive(Debug)]
pub(crate) struct Endpoints(Vec<Arc<Endpoint>>);

/// The endpoint that a request means, and the route in it.
#[derive(Debug)]
pub(crate) struct Selected<'e> {
    pub(crate) endpoint: &'e Endpoint,
    /// The route, or why there is none.
    pub(crate) matched: Result<Matched<'e>, Failure>,
    /// The path as events of REST APIs have it: without the stage, where the host has AWS's own
    /// form.
    pub(crate) path: &'e str,
    /// The path that was routed: without a base path, too.
    pub(crate) routed: &'e str,
}

impl Endpoints {
    pub(crate) fn new(apis: &[Api], functions: &[Arc<Function>]) -> Self {
        let apis = apis.iter().map(|api| Endpoint::of_api(api, functions));
        let urls = functions.iter().filter_map(Endpoint::of_url);
        Self(apis.chain(urls).map(Arc::new).collect())
    }

    /// The same endpoints, with the URL that this function has now, if it has one.
    pub(crate) fn with_url(&self, function: &Arc<Function>) -> Self {
        let is_its = |endpoint: &Endpoint| {
            endpoint.front == Front::FunctionUrl && endpoint.logical_id == function.logical_id
        };
        let others = self.0.iter().filter(|endpoint| !is_its(endpoint)).cloned();
        Self(others.chain(Endpoint::of_url(function).map(Arc::new)).collect())
    }

    /// Finds the endpoint by host: `LOGICALID.localhost`, `ID.localhost`, or AWS's own
    /// `ID.execute-api.…` and `ID.lambda-url.…`. A host without such a name (`localhost`,
    /// `127.0.0.1`) means the API that has the `port` of its own by which the request came, and
    /// elsewhere the only API; of several, the first in template order that has a route for the
    /// request, one with a `$default` route only after all others; if none has, the first.
    /// Without an API it means the only function URL.
    ///
    /// A path that only `$default` takes, or nothing, and that begins with a base path of the
    /// API's custom domain names, is routed without it: locally an API answers at its root and at
    /// its base paths.
    pub(crate) fn select<'e>(
        &'e self,
        inbound: &'e Inbound,
        port: Option<&str>,
    ) -> Option<Selected<'e>> {
        let Inbound { method, host, path, .. } = inbound;
        if let Some(label) = host.label() {
            let endpoint = self.0.iter().find(|endpoint| endpoint.is_called(label))?;
            return Some(endpoint.select(method, host, path));
        }
        let (urls, apis): (Vec<&Endpoint>, Vec<&Endpoint>) = self
            .0
            .iter()
            .map(Arc::as_ref)
            .filter(|endpoint| port.is_none_or(|own| endpoint.logical_id == own))
            .partition(|endpoint| endpoint.front == Front::FunctionUrl);
        let candidates = match (apis.as_slice(), urls.as_slice()) {
            ([], [only]) => vec![*only],
            _ => apis,
        };
        let mut found = candidates.into_iter().map(|endpoint| endpoint.select(method, host, path));
        let mut best = found.next()?;
        for other in found {
            if other.rank() < best.rank() {
                best = other;
            }
        }
        Some(best)
    }

    /// The host names of all endpoints, for a person who called another.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let label = |endpoint: &Arc<Endpoint>| endpoint.host_name().to_ascii_lowercase();
        self.0.iter().map(|endpoint| format!("{}.localhost", label(endpoint))).collect()
    }
}

impl Selected<'_> {
    /// Whether the response goes to the client as it comes: by a route of a REST API, or a
    /// function URL whose `InvokeMode` is `RESPONSE_STREAM`.
    pub(crate) fn is_streaming(&self) -> bool {
        self.matched.as_ref().is_ok_and(|matched| matched.target.streaming)
    }

    /// How well the request fits: a route, `$default`, nothing.
    fn rank(&self) -> u8 {
        match &self.matched {
            Ok(matched) if !matched.is_default() => 0,
            Ok(_) => 1,
            Err(_) => 2,
        }
    }
}

impl Endpoint {
    pub(crate) fn of_api(api: &Api, functions: &[Arc<Function>]) -> Self {
        let (front, rules, format) = match api.kind {
            ApiKind::Http => (Front::HttpApi, Rules::Http, PayloadFormat::V2),
            ApiKind::Rest => (Front::RestApi, Rules::Rest, PayloadFormat::V1),
        };
        let routes = api.routes.iter().filter_map(|route| {
            let answers = match &route.integration {
                Integration::Function(called) => Answers::Function(
                    functions.iter().find(|function| function.logical_id == *called)?.clone(),
                ),
                other => Answers::Direct(Arc::new(other.clone())),
            };
            let format = route.payload_format.filter(|_| front == Front::HttpApi).unwrap_or(format);
            let target = RouteTarget::new(&route.route, answers, format, route.timeout);
            let target = RouteTarget { streaming: route.streaming, ..target };
            Some((route.route.clone(), target))
        });
        Self {
            front,
            id: api.id.clone(),
            logical_id: api.logical_id.clone(),
            stage: api.stage.clone(),
            access_log: api.access_log.as_deref().map(|format| Arc::new(Format::new(format))),
            minimum_compression: api.minimum_compression,
            gateway_responses: GatewayResponses::new(&api.gateway_responses),
            base_paths: longest_first(&api.base_paths),
            stage_variables: api.stage_variables.clone(),
            binary: MediaTypes::new(&api.binary_media_types),
            cors: api.cors.as_ref().map(Cors::new),
            router: Router::new(routes, rules),
        }
    }

    pub(crate) fn of_url(function: &Arc<Function>) -> Option<Self> {
        let url = function.url.as_ref()?;
        let everything = Route { method: None, path: None };
        let target = RouteTarget::new(
            &everything,
            Answers::Function(function.clone()),
            PayloadFormat::V2,
            None,
        );
        let target = RouteTarget { streaming: url.streaming, ..target };
        Some(Self {
            front: Front::FunctionUrl,
            id: url.id.clone(),
            logical_id: function.logical_id.clone(),
            access_log: None,
            minimum_compression: None,
            gateway_responses: GatewayResponses::new(&BTreeMap::new()),
            stage: DEFAULT_STAGE.into(),
            base_paths: Vec::new(),
            stage_variables: BTreeMap::new(),
            binary: MediaTypes::default(),
            cors: url.cors.as_ref().map(Cors::new),
            router: Router::new([(everything, target)], Rules::Http),
        })
    }

    /// The logical id; that of a nested application's API has `-` for `/`.
    fn host_name(&self) -> String {
        self.logical_id.replace('/', "-")
    }

    fn is_called(&self, label: &str) -> bool {
        self.id.eq_ignore_ascii_case(label) || self.host_name().eq_ignore_ascii_case(label)
    }

    fn select<'e>(&'e self, method: &Method, host: &Host, path: &'e str) -> Selected<'e> {
        let found = |path, routed| {
            let matched = self.router.find(method, routed).ok_or(Failure::NoRoute);
            Selected { endpoint: self, matched, path, routed }
        };
        if host.is_execute_api() {
            return match self.within_stage(path) {
                Some(path) => found(path, path),
                None => {
                    let matched = Err(Failure::NoStage);
                    Selected { endpoint: self, matched, path, routed: path }
                }
            };
        }
        let mut best = found(path, path);
        let mut within = self.base_paths.iter().filter_map(|base| within(path, base));
        if best.rank() > 0
            && let Some(routed) = within.next()
        {
            let other = found(path, routed);
            if other.rank() < best.rank() {
                best = other;
            }
        }
        best
    }

    /// The path after the stage with which it begins. On AWS that is how an API's own address
    /// has it, but for the stage `$default`, which is at the root (API Gateway guide, "Stages for
    /// HTTP APIs" and "Invoke REST APIs").
    fn within_stage<'p>(&self, path: &'p str) -> Option<&'p str> {
        if self.stage == DEFAULT_STAGE {
            return Some(path);
        }
        within(path, &self.stage)
    }
}

/// The path after its first segments, `start`, which stand there without slashes at their ends.
fn within<'p>(path: &'p str, start: &str) -> Option<&'p str> {
    match path.strip_prefix('/')?.strip_prefix(start)? {
        "" => Some("/"),
        rest if rest.starts_with('/') => Some(rest),
        _ => None,
    }
}

fn longest_first(paths: &[String]) -> Vec<String> {
    let mut paths = paths.to_vec();
    paths.sort_by_key(|path| std::cmp::Reverse(path.len()));
    paths
}

/// The stage of an HTTP API that is not in paths, and what function URLs say they have.
pub(crate) const DEFAULT_STAGE: &str = "$default";

#[cfg(test)]
mod tests;
