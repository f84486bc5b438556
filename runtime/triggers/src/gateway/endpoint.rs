//! What listens at the front door, and which of it a request means.

use std::sync::Arc;

use http::Method;
use samovar_app::{Api, ApiKind, Function};

use super::inbound::{Host, Inbound};
use super::route::{Matched, Router, TrailingSlash};

/// Which of AWS's HTTP front ends: they differ in events, responses, errors and limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Front {
    /// API Gateway HTTP API, payload format 2.0.
    HttpApi,
    /// API Gateway REST API, proxy integration (payload format 1.0).
    RestApi,
    /// Lambda function URL, payload format 2.0.
    FunctionUrl,
}

/// One API or function URL.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) front: Front,
    /// Whether responses stream (`InvokeMode` of a function URL is `RESPONSE_STREAM`).
    pub(crate) streaming: bool,
    /// As in its host name on AWS.
    pub(crate) id: String,
    /// The API's, or the function's.
    pub(crate) logical_id: String,
    pub(crate) stage: String,
    pub(crate) router: Router,
}

/// All endpoints, in template order.
#[derive(Debug)]
pub(crate) struct Endpoints(Vec<Arc<Endpoint>>);

/// The endpoint that a request means, and the route in it.
#[derive(Debug)]
pub(crate) struct Selected<'e> {
    pub(crate) endpoint: &'e Endpoint,
    /// `None`: the endpoint has no such route.
    pub(crate) matched: Option<Matched<'e>>,
    /// The path that was routed: without the stage, where the host has AWS's own form.
    pub(crate) path: &'e str,
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
    /// `127.0.0.1`) means the only API; of several, the first in template order that has a
    /// route for the request, one with a `$default` route only after all others; if none has,
    /// the first. Without an API it means the only function URL.
    pub(crate) fn select<'e>(&'e self, inbound: &'e Inbound) -> Option<Selected<'e>> {
        let Inbound { method, host, path, .. } = inbound;
        if let Some(label) = host.label() {
            let endpoint = self.0.iter().find(|endpoint| endpoint.is_called(label))?;
            return Some(endpoint.select(method, host, path));
        }
        let (urls, apis): (Vec<&Endpoint>, Vec<&Endpoint>) = self
            .0
            .iter()
            .map(Arc::as_ref)
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
        let label = |endpoint: &Arc<Endpoint>| endpoint.logical_id.to_ascii_lowercase();
        self.0.iter().map(|endpoint| format!("{}.localhost", label(endpoint))).collect()
    }
}

impl Selected<'_> {
    /// How well the request fits: a route, `$default`, nothing.
    fn rank(&self) -> u8 {
        match &self.matched {
            Some(matched) if !matched.is_default() => 0,
            Some(_) => 1,
            None => 2,
        }
    }
}

impl Endpoint {
    fn of_api(api: &Api, functions: &[Arc<Function>]) -> Self {
        let (front, trailing_slash) = match api.kind {
            ApiKind::Http => (Front::HttpApi, TrailingSlash::Distinct),
            ApiKind::Rest => (Front::RestApi, TrailingSlash::Ignored),
        };
        let routes = api.routes.iter().filter_map(|route| {
            let called = route.function()?;
            let function = functions.iter().find(|function| function.logical_id == called)?;
            Some((route.route.clone(), function.clone()))
        });
        Self {
            front,
            streaming: false,
            id: api.id.clone(),
            logical_id: api.logical_id.clone(),
            stage: api.stage.clone(),
            router: Router::new(routes, trailing_slash),
        }
    }

    fn of_url(function: &Arc<Function>) -> Option<Self> {
        let url = function.url.as_ref()?;
        let everything = samovar_app::Route { method: None, path: None };
        Some(Self {
            front: Front::FunctionUrl,
            streaming: url.streaming,
            id: url.id.clone(),
            logical_id: function.logical_id.clone(),
            stage: "$default".into(),
            router: Router::new([(everything, function.clone())], TrailingSlash::Distinct),
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
        let path = if host.is_execute_api() { self.without_stage(path) } else { path };
        Selected { endpoint: self, matched: self.router.find(method, path), path }
    }

    fn without_stage<'p>(&self, path: &'p str) -> &'p str {
        match path.strip_prefix('/').and_then(|path| path.strip_prefix(&self.stage)) {
            Some("") => "/",
            Some(rest) if rest.starts_with('/') => rest,
            _ => path,
        }
    }
}

#[cfg(test)]
mod tests;
