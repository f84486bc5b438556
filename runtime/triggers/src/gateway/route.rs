//! Which route takes a request, with API Gateway's precedence.
//!
//! HTTP APIs (API Gateway guide, "Create routes for HTTP APIs in API Gateway"): a full match before
//! a greedy path variable before `$default`; of several, the most specific one, segment by segment
//! from the left; of the same path, the route with the request's own method before `ANY`.
//!
//! REST APIs choose a resource by the path alone, with the same precedence, and only then its
//! method: a more general resource does not stand in for a method that the best one lacks.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use percent_encoding::percent_decode_str;
use samovar_app::{Function, Integration, PayloadFormat, Route};

/// The routes of one API, most specific first.
#[derive(Debug)]
pub(crate) struct Router {
    entries: Vec<Entry>,
    rules: Rules,
}

/// By whose rules routes are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// HTTP APIs: a slash at the end of a path makes another path, which a greedy variable of an
    /// empty value takes.
    Http,
    /// REST APIs: a slash at the end of a path means nothing (recorded from AWS in LocalStack's
    /// `test_apigateway_lambda`).
    Rest,
}

#[derive(Debug)]
struct Entry {
    target: RouteTarget,
    /// `None`: any.
    method: Option<Method>,
    /// `None`: `$default`.
    segments: Option<Vec<Segment>>,
}

/// What a route stands for.
#[derive(Debug)]
pub(crate) struct RouteTarget {
    /// `GET /orders/{id}`, `ANY /files/{proxy+}`, `$default`.
    pub(crate) key: String,
    /// `/orders/{id}`; `$default` has none.
    pub(crate) resource: Option<String>,
    /// Who answers.
    pub(crate) answers: Answers,
    /// The shape of a function's events and responses.
    pub(crate) payload_format: PayloadFormat,
    /// `TimeoutInMillis`; `None`: as long as the front end waits.
    pub(crate) timeout: Option<Duration>,
    /// Whether the response goes to the client as it comes.
    pub(crate) streaming: bool,
}

/// Who answers a route.
#[derive(Clone, Debug)]
pub(crate) enum Answers {
    /// A function, which is called.
    Function(Arc<Function>),
    /// An integration that needs none.
    Direct(Arc<Integration>),
}

/// The kinds stand in order of precedence.
#[derive(Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Parameter(String),
    Greedy(String),
}

/// A route that takes a request.
#[derive(Debug)]
pub(crate) struct Matched<'r> {
    /// The route.
    pub(crate) target: &'r RouteTarget,
    /// Path parameters by name, still percent-encoded.
    pub(crate) parameters: Vec<(&'r str, String)>,
}

impl Matched<'_> {
    /// Whether only `$default` took the request.
    pub(crate) fn is_default(&self) -> bool {
        self.target.resource.is_none()
    }
}

impl RouteTarget {
    /// What this route stands for, and who answers it.
    pub(crate) fn new(
        route: &Route,
        answers: Answers,
        payload_format: PayloadFormat,
        timeout: Option<Duration>,
    ) -> Self {
        let key = match (&route.method, &route.path) {
            (_, None) => "$default".to_owned(),
            (method, Some(path)) => format!("{} {path}", method.as_deref().unwrap_or("ANY")),
        };
        let resource = route.path.clone();
        Self { key, resource, answers, payload_format, timeout, streaming: false }
    }
}

impl Router {
    /// A router of these routes.
    pub(crate) fn new(
        routes: impl IntoIterator<Item = (Route, RouteTarget)>,
        rules: Rules,
    ) -> Self {
        let mut entries: Vec<Entry> =
            routes.into_iter().map(|(route, target)| Entry::new(route, target)).collect();
        // Stable: of two equal routes the template's first wins.
        entries.sort_by(Entry::precedence);
        Self { entries, rules }
    }

    /// The route that takes this method and (percent-encoded) path.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<Matched<'_>> {
        let wanted = self.wanted(path);
        let mut resource = None;
        for entry in &self.entries {
            // A REST API's resource is the first whose path fits; its methods follow it.
            if self.rules == Rules::Rest
                && resource.is_some_and(|chosen: &Entry| !chosen.is_same_path(entry))
            {
                return None;
            }
            let is_method = entry.method.as_ref().is_none_or(|own| own == method);
            if !is_method && self.rules == Rules::Http {
                continue;
            }
            let Some(parameters) = entry.matches(&wanted) else { continue };
            if is_method {
                return Some(Matched { target: &entry.target, parameters });
            }
            resource = Some(entry);
        }
        None
    }

    /// The methods of the most specific path that takes this (percent-encoded) path, `None` among
    /// them for `ANY`; nothing if there is no such path.
    pub(crate) fn methods(&self, path: &str) -> Vec<Option<&Method>> {
        let wanted = self.wanted(path);
        let Some(best) = self.entries.iter().find(|entry| entry.matches(&wanted).is_some()) else {
            return Vec::new();
        };
        let same = self.entries.iter().filter(|entry| best.is_same_path(entry));
        same.map(|entry| entry.method.as_ref()).collect()
    }

    /// The segments of a request's path.
    fn wanted<'p>(&self, path: &'p str) -> Vec<&'p str> {
        let mut path = path.strip_prefix('/').unwrap_or(path);
        if self.rules == Rules::Rest {
            path = path.strip_suffix('/').unwrap_or(path);
        }
        if path.is_empty() { Vec::new() } else { path.split('/').collect() }
    }
}

impl Entry {
    fn new(route: Route, target: RouteTarget) -> Self {
        let segments = route.path.as_deref().map(|path| {
            let path = path.trim_matches('/');
            let parts = path.split('/').filter(|part| !part.is_empty());
            parts.map(Segment::parse).collect()
        });
        // A method that HTTP cannot spell matches nothing, which is what it says.
        let method = route
            .method
            .filter(|_| segments.is_some())
            .and_then(|method| Method::from_bytes(method.as_bytes()).ok());
        Self { target, method, segments }
    }

    fn precedence(&self, other: &Self) -> Ordering {
        self.by_path(other).then_with(|| self.method.is_none().cmp(&other.method.is_none()))
    }

    /// More specific paths first; literals in their own order, so that a path's methods stand
    /// together.
    fn by_path(&self, other: &Self) -> Ordering {
        match (&self.segments, &other.segments) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(mine), Some(theirs)) => {
                let kinds = mine.iter().map(Segment::rank).cmp(theirs.iter().map(Segment::rank));
                let literals = mine.iter().map(Segment::literal);
                kinds.then_with(|| literals.cmp(theirs.iter().map(Segment::literal)))
            }
        }
    }

    /// Whether the paths are the same but for the names of their variables, which make no
    /// difference to API Gateway.
    fn is_same_path(&self, other: &Self) -> bool {
        self.by_path(other) == Ordering::Equal
    }

    /// The path parameters, if the path fits.
    fn matches(&self, wanted: &[&str]) -> Option<Vec<(&str, String)>> {
        let Some(segments) = &self.segments else { return Some(Vec::new()) };
        let mut parameters = Vec::new();
        let mut rest = wanted;
        for segment in segments {
            let (first, others) = rest.split_first()?;
            match segment {
                Segment::Literal(literal) if literal == first || *literal == decoded(first) => {}
                Segment::Literal(_) => return None,
                Segment::Parameter(name) if !first.is_empty() => {
                    parameters.push((name.as_str(), (*first).to_owned()));
                }
                Segment::Parameter(_) => return None,
                Segment::Greedy(name) => {
                    // `/files/` is taken by `/files/{proxy+}` of an HTTP API, as an empty value.
                    parameters.push((name.as_str(), rest.join("/")));
                    return Some(parameters);
                }
            }
            rest = others;
        }
        rest.is_empty().then_some(parameters)
    }
}

impl Segment {
    fn parse(part: &str) -> Self {
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            None => Self::Literal(part.to_owned()),
            Some(name) => match name.strip_suffix('+') {
                Some(name) => Self::Greedy(name.to_owned()),
                None => Self::Parameter(name.to_owned()),
            },
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Literal(_) => 0,
            Self::Parameter(_) => 1,
            Self::Greedy(_) => 2,
        }
    }

    /// Its text, if a request has to have it.
    fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Parameter(_) | Self::Greedy(_) => None,
        }
    }
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests;
