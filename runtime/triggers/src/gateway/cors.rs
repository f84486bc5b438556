//! Cross-origin resource sharing, as each front end answers for it.
//!
//! - HTTP APIs answer preflights themselves, whether there is a route or not, and the rules stand
//!   in place of what the function says (API Gateway guide, "Configure CORS for HTTP APIs").
//! - Function URLs answer preflights themselves; of other requests the rules' headers come beside
//!   the function's own, so that a browser refuses what both say (Lambda guide, "Creating and
//!   managing Lambda function URLs", and powertools-lambda-python issue 4163, where an allowed
//!   `*` came back as the request's origin, twice).
//! - REST APIs get, by SAM's `Cors`, an `OPTIONS` method with fixed headers on every path that has
//!   none of its own; all other headers are the function's affair (SAM's transform,
//!   `samtranslator/swagger/swagger.py`).

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName};
use http::{HeaderValue, Method, Response, StatusCode};
use samovar_app::Cors as Rules;
use samovar_dispatch::Body;
use samovar_http::full;

use super::endpoint::{Endpoint, Front};
use super::inbound::Inbound;

/// Every method, as SAM lists them for `ANY`.
const ALL_METHODS: &str = "DELETE,GET,HEAD,OPTIONS,PATCH,POST,PUT";

/// What the function of an HTTP API with rules of its own has no say in.
const CORS_HEADERS: [HeaderName; 6] = [
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    header::ACCESS_CONTROL_ALLOW_METHODS,
    header::ACCESS_CONTROL_ALLOW_HEADERS,
    header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
    header::ACCESS_CONTROL_EXPOSE_HEADERS,
    header::ACCESS_CONTROL_MAX_AGE,
];

/// The rules of one endpoint, as headers have them.
#[derive(Debug)]
pub(crate) struct Cors {
    origins: Vec<String>,
    methods: Option<HeaderValue>,
    headers: Option<HeaderValue>,
    exposed: Option<HeaderValue>,
    max_age: Option<HeaderValue>,
    credentials: bool,
}

impl Cors {
    pub(crate) fn new(rules: &Rules) -> Self {
        Self {
            origins: rules.allow_origins.clone(),
            methods: list(&rules.allow_methods),
            headers: list(&rules.allow_headers),
            exposed: list(&rules.expose_headers),
            max_age: rules.max_age.map(HeaderValue::from),
            credentials: rules.allow_credentials,
        }
    }

    /// `access-control-allow-origin` for a request from `origin`; `None`: it is not allowed.
    /// `*` allows every origin, `https://*` every one that begins with it.
    fn allowed_origin(&self, front: Front, origin: &HeaderValue) -> Option<HeaderValue> {
        let text = origin.to_str().ok()?;
        let allows = |rule: &String| match rule.strip_suffix('*') {
            Some(start) if front == Front::HttpApi || start.is_empty() => text.starts_with(start),
            _ => rule.eq_ignore_ascii_case(text),
        };
        let rule = self.origins.iter().find(|rule| allows(rule))?;
        let is_every = rule == "*" && front == Front::HttpApi;
        Some(if is_every { HeaderValue::from_static("*") } else { origin.clone() })
    }

    /// Says to `origin` what it may see of a response; whether it may see any.
    fn admit(&self, front: Front, origin: &HeaderValue, headers: &mut HeaderMap) -> bool {
        let Some(allowed) = self.allowed_origin(front, origin) else { return false };
        if allowed != "*" {
            // Fetch, "CORS protocol and HTTP caches": it holds for this origin only.
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        headers.append(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        if self.credentials {
            let yes = HeaderValue::from_static("true");
            headers.append(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        if let Some(exposed) = &self.exposed {
            headers.append(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed.clone());
        }
        true
    }

    /// What a preflight asks for.
    fn permit(&self, headers: &mut HeaderMap) {
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, &self.methods),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, &self.headers),
            (header::ACCESS_CONTROL_MAX_AGE, &self.max_age),
        ] {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
    }
}

/// The front end's own answer to a request that is only about sharing; `None`: it is not.
/// `path` is the path that is routed.
pub(crate) fn answer(endpoint: &Endpoint, inbound: &Inbound, path: &str) -> Option<Response<Body>> {
    let cors = endpoint.cors.as_ref().filter(|_| inbound.method == Method::OPTIONS)?;
    match endpoint.front {
        Front::RestApi => cors.options_method(endpoint, path),
        Front::HttpApi | Front::FunctionUrl => {
            let origin = inbound.headers.get(header::ORIGIN)?;
            // Without it, it is an `OPTIONS` request as any other.
            inbound.headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
            let mut response = Response::new(full(Bytes::new()));
            if endpoint.front == Front::HttpApi {
                *response.status_mut() = StatusCode::NO_CONTENT;
            }
            let headers = response.headers_mut();
            if cors.admit(endpoint.front, origin, headers) {
                cors.permit(headers);
            }
            Some(response)
        }
    }
}

/// Adds the rules' headers to a response that is not a preflight's.
pub(crate) fn mark(endpoint: &Endpoint, inbound: &Inbound, response: &mut Response<Body>) {
    let Some(cors) = &endpoint.cors else { return };
    let headers = response.headers_mut();
    match endpoint.front {
        Front::RestApi => return,
        Front::HttpApi => CORS_HEADERS.iter().for_each(|name| {
            headers.remove(name);
        }),
        Front::FunctionUrl => {}
    }
    if let Some(origin) = inbound.headers.get(header::ORIGIN) {
        cors.admit(endpoint.front, origin, headers);
    }
}

impl Cors {
    /// What SAM's mock method of a REST API's path answers; `None`: the path is not there, or has
    /// a method of its own for it.
    fn options_method(&self, endpoint: &Endpoint, path: &str) -> Option<Response<Body>> {
        let methods = endpoint.router.methods(path);
        if methods.is_empty() || methods.contains(&Some(&Method::OPTIONS)) {
            return None;
        }
        let mut response = Response::new(full("{}\n"));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let origins = list(&self.origins).unwrap_or(HeaderValue::from_static("*"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origins);
        if self.credentials {
            let yes = HeaderValue::from_static("true");
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
        }
        self.permit(headers);
        if self.methods.is_none()
            && let Some(methods) = methods_of_path(&methods)
        {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        }
        Some(response)
    }
}

/// The methods of a path in alphabetical order, with `OPTIONS`, which SAM adds.
fn methods_of_path(methods: &[Option<&Method>]) -> Option<HeaderValue> {
    if methods.contains(&None) {
        return Some(HeaderValue::from_static(ALL_METHODS));
    }
    let mut names: Vec<&str> = methods.iter().flatten().map(|method| method.as_str()).collect();
    names.push(Method::OPTIONS.as_str());
    names.sort_unstable();
    HeaderValue::from_str(&names.join(",")).ok()
}

/// `GET,POST`; `None`: there is nothing in the list, or nothing that a header can have.
fn list(values: &[String]) -> Option<HeaderValue> {
    if values.is_empty() {
        return None;
    }
    HeaderValue::from_str(&values.join(",")).ok()
}

#[cfg(test)]
mod tests;
