//! Limits of requests that a stage sets for its routes.
//!
//! Source: CloudFormation's resource reference, "AWS::ApiGatewayV2::Stage RouteSettings" and
//! "AWS::ApiGateway::Stage MethodSetting"; API Gateway developer guide, "Throttle requests to your
//! HTTP APIs" and "to your REST APIs": the default applies to each route by itself.

use crate::api::path::written;
use crate::model::{ApiRoute, Route, Throttle};
use crate::node::{Map, Node, Value};
use crate::read::Reader;

/// An account's own limits in most regions (API Gateway guide, "Quotas"): what holds for the half
/// of a limit that is not given.
const ACCOUNT: Throttle = Throttle { rate: 10_000.0, burst: 5_000 };

/// The limits of a stage.
#[derive(Clone, Debug, Default)]
pub(in crate::api) struct Settings(Vec<(Which, Throttle)>);

#[derive(Clone, Debug)]
enum Which {
    Every,
    /// `GET /orders`, `$default`.
    Key(String),
    /// Of a REST API; `None`: any.
    Method {
        method: Option<String>,
        path: Option<String>,
    },
}

impl Which {
    /// How closely it means this route; `None`: it does not.
    fn rank(&self, route: &ApiRoute) -> Option<u8> {
        match self {
            Self::Every => Some(0),
            Self::Key(key) => (*key == written(&route.route)).then_some(1),
            Self::Method { method, path } => {
                let fits = |wanted: &Option<String>, own: Option<&str>| {
                    wanted.as_deref().is_none_or(|wanted| own == Some(wanted))
                };
                let own = route.route.method.as_deref().unwrap_or("ANY");
                let all = fits(method, Some(own)) && fits(path, route.route.path.as_deref());
                all.then_some(2 * u8::from(path.is_some()) + u8::from(method.is_some()))
            }
        }
    }
}

impl Settings {
    /// Adds `RouteSettings` of the event that makes a route.
    pub(in crate::api) fn add(&mut self, reader: &Reader, route: &Route, node: &Node) {
        if let Some(limit) = throttle(reader, node, ("ThrottlingRateLimit", "ThrottlingBurstLimit"))
        {
            self.0.push((Which::Key(written(route)), limit));
        }
    }

    /// Gives each route the limit that is closest to it.
    pub(in crate::api) fn apply(&self, routes: &mut [ApiRoute]) {
        for route in routes {
            let fitting = self
                .0
                .iter()
                .filter_map(|(which, limit)| which.rank(route).map(|rank| (rank, *limit)));
            if let Some((_, limit)) = fitting.max_by_key(|(rank, _)| *rank) {
                route.access.throttle = Some(limit);
            }
        }
    }
}

/// `DefaultRouteSettings` and `RouteSettings` of an HTTP API.
pub(in crate::api) fn route_settings(
    reader: &Reader,
    default: Option<&Node>,
    routes: Option<&Node>,
) -> Settings {
    let mut settings = Vec::new();
    let names = ("ThrottlingRateLimit", "ThrottlingBurstLimit");
    if let Some(limit) = default.and_then(|node| throttle(reader, node, names)) {
        settings.push((Which::Every, limit));
    }
    for (key, node) in routes.and_then(Node::as_map).map(Map::as_slice).unwrap_or_default() {
        if let Some(limit) = throttle(reader, node, names) {
            settings.push((Which::Key(key.name.clone()), limit));
        }
    }
    Settings(settings)
}

/// `MethodSettings` of a REST API.
pub(in crate::api) fn method_settings(reader: &Reader, node: Option<&Node>) -> Settings {
    let list = node.and_then(Node::as_list).unwrap_or_default();
    let names = ("ThrottlingRateLimit", "ThrottlingBurstLimit");
    let read = |node: &Node| {
        let limit = throttle(reader, node, names)?;
        let text = |name: &str| node.get(name).and_then(Node::as_str);
        let method = text("HttpMethod").filter(|method| *method != "*");
        let method = method.map(str::to_ascii_uppercase);
        let path = text("ResourcePath").filter(|path| *path != "/*").map(path);
        Some((Which::Method { method, path }, limit))
    };
    Settings(list.iter().filter_map(read).collect())
}

/// A path whose slashes may be written as `~1`: `/~1orders~1{id}`.
fn path(written: &str) -> String {
    let plain = written.replace("~1", "/");
    format!("/{}", plain.trim_start_matches('/'))
}

/// A limit; `None`: it has neither a rate nor a burst. `names` are those of its two halves.
pub(super) fn throttle(reader: &Reader, node: &Node, names: (&str, &str)) -> Option<Throttle> {
    let Value::Map(_) = &node.value else { return None };
    let rate = node.get(names.0).and_then(|node| rate(reader, names.0, node));
    let burst = node.get(names.1);
    let burst = burst.and_then(|node| reader.integer(names.1, node, 0..=u32::MAX, "requests"));
    (rate.is_some() || burst.is_some()).then(|| Throttle {
        rate: rate.unwrap_or(ACCOUNT.rate),
        burst: burst.unwrap_or(ACCOUNT.burst),
    })
}

fn rate(reader: &Reader, name: &str, node: &Node) -> Option<f64> {
    let text = reader.text(name, node).filter(|_| !node.is_unresolved())?;
    let number: Option<f64> = text.parse().ok();
    let number = number.filter(|number| number.is_finite() && *number >= 0.0);
    if number.is_none() {
        reader.wrong(name, node, "a number of requests a second", None);
    }
    number
}
