//! Which route takes a request, with API Gateway's precedence.
//!
//! API Gateway guide, "Create routes for HTTP APIs": a full match before a greedy path variable
//! before `$default`; of several, the most specific one, segment by segment from the left; of
//! the same path, the route with the request's own method before `ANY`.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use http::Method;
use percent_encoding::percent_decode_str;
use samovar_app::{Function, Route};

/// The routes of one API, most specific first.
#[derive(Debug)]
pub(crate) struct Router {
    entries: Vec<Entry>,
    trailing_slash: TrailingSlash,
}

/// What a slash at the end of a path means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TrailingSlash {
    /// Another path (HTTP APIs).
    Distinct,
    /// Nothing (REST APIs; recorded from AWS in LocalStack's `test_apigateway_lambda`).
    Ignored,
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
    /// Whom it calls.
    pub(crate) function: Arc<Function>,
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

impl Router {
    /// A router of these routes and the functions that they call.
    pub(crate) fn new(
        routes: impl IntoIterator<Item = (Route, Arc<Function>)>,
        trailing_slash: TrailingSlash,
    ) -> Self {
        let mut entries: Vec<Entry> =
            routes.into_iter().map(|(route, function)| Entry::new(route, function)).collect();
        // Stable: of two equal routes the template's first wins.
        entries.sort_by(Entry::precedence);
        Self { entries, trailing_slash }
    }

    /// The route that takes this method and (percent-encoded) path.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<Matched<'_>> {
        let mut path = path.strip_prefix('/').unwrap_or(path);
        if self.trailing_slash == TrailingSlash::Ignored {
            path = path.strip_suffix('/').unwrap_or(path);
        }
        let wanted: Vec<&str> =
            if path.is_empty() { Vec::new() } else { path.split('/').collect() };
        self.entries
            .iter()
            .filter(|entry| entry.method.as_ref().is_none_or(|own| own == method))
            .find_map(|entry| {
                let parameters = entry.matches(&wanted)?;
                Some(Matched { target: &entry.target, parameters })
            })
    }
}

impl Entry {
    fn new(route: Route, function: Arc<Function>) -> Self {
        let key = match (&route.method, &route.path) {
            (_, None) => "$default".to_owned(),
            (method, Some(path)) => format!("{} {path}", method.as_deref().unwrap_or("ANY")),
        };
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
        Self { target: RouteTarget { key, resource: route.path, function }, method, segments }
    }

    fn precedence(&self, other: &Self) -> Ordering {
        let by_path = match (&self.segments, &other.segments) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(mine), Some(theirs)) => {
                let kinds = |segments: &[Segment]| segments.iter().map(Segment::rank).collect();
                let (mine, theirs): (Vec<u8>, Vec<u8>) = (kinds(mine), kinds(theirs));
                mine.cmp(&theirs)
            }
        };
        by_path.then_with(|| self.method.is_none().cmp(&other.method.is_none()))
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
                    let all = rest.join("/");
                    if all.is_empty() {
                        return None;
                    }
                    parameters.push((name.as_str(), all));
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
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

#[cfg(test)]
mod tests;
