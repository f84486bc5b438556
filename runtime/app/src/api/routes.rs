//! The APIs while their routes come in: from definitions, from plain resources, then from events.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ops::Deref;

use super::auth::Authorizers;
use super::authorizer::{Keys, Settings};
use super::path::{shape, written};
use super::policy;
use crate::model::{Access, Api, ApiRoute, Function, HttpTrigger, Route, Trigger};
use crate::node::{Map, Node, Place};
use crate::read::Reader;
use crate::report::Report;

/// What SAM does with the routes of events that name an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Events {
    /// They are the API's definition: each route can be there once.
    Make,
    /// They are added to the definition of an HTTP API, as far as they are not there.
    Add,
    /// They go before the definition: `MergeDefinitions` of a REST API.
    Replace,
    /// They only permit the API to call the function: its own definition says which routes there
    /// are.
    Permit,
}

/// An API before its events.
pub(crate) struct Draft {
    pub(crate) api: Api,
    pub(crate) events: Events,
    /// Operations of its definition that have no integration.
    pub(crate) bare: Vec<(Route, Place)>,
    /// What its events may name; `None`: that is not known here.
    pub(crate) authorizers: Option<Authorizers>,
    /// What its stage limits.
    pub(super) limits: Settings,
}

/// What became of an event's route.
pub(crate) enum Added {
    /// The function is called for it.
    Served(Route),
    /// Another event or resource has it already, which SAM refuses.
    Taken(Box<ApiRoute>),
    /// The API's definition gives it to another.
    Elsewhere(Box<ApiRoute>),
    /// The API's definition does not have it.
    Absent,
}

/// The APIs while their routes come in.
#[derive(Default)]
pub(crate) struct Apis {
    apis: Vec<Api>,
    rules: Vec<Rules>,
    /// Positions by id and by logical id.
    index: HashMap<String, usize>,
    /// Positions of routes by the API's position, the method and the path's shape.
    taken: HashMap<Key, usize>,
    /// API keys and usage plans.
    pub(crate) keys: Keys,
}

/// What a draft says beside its API.
struct Rules {
    events: Events,
    bare: Vec<(Route, Place)>,
    authorizers: Option<Authorizers>,
    limits: Settings,
}

type Key = (usize, Option<String>, Option<String>);

impl Apis {
    /// Takes in an API with the routes of its definition. `local` is its id in the template.
    pub(super) fn push(&mut self, local: &str, draft: Draft) {
        let Draft { mut api, events, bare, authorizers, limits } = draft;
        let position = self.apis.len();
        self.index.insert(api.id.clone(), position);
        self.index.insert(local.to_owned(), position);
        let routes = std::mem::take(&mut api.routes);
        self.apis.push(api);
        self.rules.push(Rules { events, bare, authorizers, limits });
        for route in routes {
            // A definition says each route once; the reader of definitions sees to that.
            let _ = self.define(position, route);
        }
    }

    /// The API that is named: by its id, as `Ref` gives it, or by its logical id.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.index.get(name).copied()
    }

    /// What events may name as their authorizer; `None`: SAM does not look at it.
    pub(crate) fn authorizers(&self, api: usize) -> Option<&Authorizers> {
        let rules = &self.rules[api];
        rules.authorizers.as_ref().filter(|_| rules.events != Events::Permit)
    }

    /// What the route of an event needs that has this `Auth`.
    pub(crate) fn access(&self, api: usize, reader: &Reader, auth: Option<&Node>) -> Access {
        let authorizers = self.rules[api].authorizers.as_ref();
        authorizers.map(|known| known.access(reader, auth)).unwrap_or_default()
    }

    /// Restricts a path of a REST API by the `ResourcePolicy` of its event, which stands at `owner`.
    pub(crate) fn restrict(
        &mut self,
        api: usize,
        reader: &Reader,
        route: &Route,
        node: &Node,
        owner: &str,
    ) {
        let api = &mut self.apis[api];
        let resource = policy::of_path(&api.stage, route.path.as_deref().unwrap_or("/"));
        let path = format!("{owner}.Auth.ResourcePolicy");
        policy::add(&mut api.policy, policy::statements(reader, node, &resource, &path));
    }

    /// `UsagePlan` of SAM's APIs.
    pub(super) fn usage_plans(&self) -> impl Iterator<Item = (&Api, &Map)> {
        let plans = self.apis.iter().zip(&self.rules);
        plans.filter_map(|(api, rules)| {
            Some((api, rules.authorizers.as_ref()?.usage_plan.as_ref()?))
        })
    }

    /// Gives a route of an HTTP API the limit of its event's `RouteSettings`.
    pub(crate) fn limit(
        &mut self,
        api: usize,
        reader: &Reader,
        route: &Route,
        node: Option<&Node>,
    ) {
        if let Some(node) = node {
            self.rules[api].limits.add(reader, route, node);
        }
    }

    /// An API whose stages and base paths come in.
    pub(super) fn api_mut(&mut self, api: usize) -> &mut Api {
        &mut self.apis[api]
    }

    /// Adds a route of a definition or plain resource; the error is the one that is there already.
    pub(super) fn define(&mut self, api: usize, route: ApiRoute) -> Result<(), Box<ApiRoute>> {
        let routes = &mut self.apis[api].routes;
        match self.taken.entry(key(api, &route.route)) {
            Entry::Occupied(taken) => Err(Box::new(routes[*taken.get()].clone())),
            Entry::Vacant(free) => {
                free.insert(routes.len());
                routes.push(route);
                Ok(())
            }
        }
    }

    /// Adds the route of an event, as SAM does.
    pub(crate) fn add(&mut self, api: usize, route: ApiRoute) -> Added {
        let Rules { events, authorizers, .. } = &self.rules[api];
        let events = *events;
        let default = authorizers.as_ref().map(Authorizers::default_access).unwrap_or_default();
        let routes = &mut self.apis[api].routes;
        match self.taken.entry(key(api, &route.route)) {
            Entry::Vacant(_) if events == Events::Permit => Added::Absent,
            Entry::Vacant(free) => {
                free.insert(routes.len());
                let written = route.route.clone();
                routes.push(route);
                Added::Served(written)
            }
            Entry::Occupied(taken) => {
                let known = &mut routes[*taken.get()];
                match events {
                    Events::Make => Added::Taken(Box::new(known.clone())),
                    Events::Replace => {
                        let written = route.route.clone();
                        *known = route;
                        Added::Served(written)
                    }
                    Events::Add | Events::Permit if known.integration != route.integration => {
                        Added::Elsewhere(Box::new(known.clone()))
                    }
                    Events::Add => {
                        known.payload_format = route.payload_format.or(known.payload_format);
                        known.timeout = route.timeout.or(known.timeout);
                        // An event that says nothing of its own leaves the definition's.
                        if route.access != default {
                            known.access = route.access;
                        }
                        Added::Served(known.route.clone())
                    }
                    Events::Permit => Added::Served(known.route.clone()),
                }
            }
        }
    }

    /// The APIs with all their routes. What a definition asks for and nobody answers is noted.
    pub(crate) fn finish(self, report: &Report) -> Vec<Api> {
        let Self { mut apis, rules, taken, .. } = self;
        for (position, Rules { bare, limits, .. }) in rules.into_iter().enumerate() {
            limits.apply(&mut apis[position].routes);
            for (route, at) in bare {
                if !taken.contains_key(&key(position, &route)) {
                    let what = format!("{} {}", apis[position].logical_id, written(&route));
                    report.note(at, what, "it has no integration: not served");
                }
            }
        }
        apis
    }
}

impl Deref for Apis {
    type Target = [Api];

    fn deref(&self) -> &[Api] {
        &self.apis
    }
}

fn key(api: usize, route: &Route) -> Key {
    (api, route.method.clone(), route.path.as_deref().map(shape))
}

/// Gives each function a trigger for each route that calls it and is no event's.
pub(crate) fn trigger(apis: &[Api], functions: &mut [Function]) {
    let positions: HashMap<String, usize> =
        functions.iter().enumerate().map(|(at, f)| (f.logical_id.clone(), at)).collect();
    let mut known: HashSet<(usize, String, Route)> = HashSet::new();
    for (position, function) in functions.iter().enumerate() {
        for trigger in &function.triggers {
            if let Trigger::Http(trigger) = trigger {
                known.insert((position, trigger.api.clone(), trigger.route.clone()));
            }
        }
    }
    for api in apis {
        for route in &api.routes {
            let Some(position) = route.function().and_then(|id| positions.get(id)) else {
                continue;
            };
            if known.insert((*position, api.logical_id.clone(), route.route.clone())) {
                functions[*position].triggers.push(Trigger::Http(HttpTrigger {
                    name: written(&route.route),
                    api: api.logical_id.clone(),
                    route: route.route.clone(),
                    span: route.span.clone(),
                }));
            }
        }
    }
}
