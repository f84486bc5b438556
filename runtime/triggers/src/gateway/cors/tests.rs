use std::sync::Arc;
use std::time::SystemTime;

use http::Request;
use samovar_app::{Api, ApiKind, Route};

use super::*;
use crate::testing::{self, function};

fn rules(origins: &[&str]) -> Rules {
    let owned = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
    Rules {
        allow_origins: owned(origins),
        allow_methods: owned(&["GET", "POST"]),
        allow_headers: owned(&["content-type", "x-own"]),
        expose_headers: owned(&["date"]),
        max_age: Some(300),
        allow_credentials: false,
    }
}

fn api(kind: ApiKind, cors: Rules, routes: &[(Option<&str>, &str)]) -> Endpoint {
    let routes = routes.iter().map(|(method, path)| {
        let route = Route { method: method.map(str::to_owned), path: Some((*path).to_owned()) };
        (route, "F")
    });
    let api = testing::api("Api", kind, "$default", routes.collect());
    Endpoint::of_api(&Api { cors: Some(cors), ..api }, &[Arc::new(function("F"))])
}

fn url(cors: Rules) -> Endpoint {
    let mut function = function("F");
    function.url = Some(samovar_app::FunctionUrl { cors: Some(cors), ..testing::url("f") });
    Endpoint::of_url(&Arc::new(function)).expect("a URL")
}

fn inbound(method: &str, headers: &[(&str, &str)]) -> Inbound {
    let mut request = Request::builder().method(method).uri("http://x/orders");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    Inbound::new(parts, "127.0.0.1:9".parse().expect("an address"), SystemTime::UNIX_EPOCH)
}

const PREFLIGHT: [(&str, &str); 2] =
    [("origin", "http://app.localhost"), ("access-control-request-method", "POST")];

fn told(response: &Response<Body>) -> Vec<(String, String)> {
    let headers = response.headers().iter();
    let mut told: Vec<_> = headers
        .map(|(name, value)| (name.to_string(), value.to_str().expect("text").to_owned()))
        .collect();
    told.sort();
    told
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// API Gateway guide, "Configure CORS for HTTP APIs".
#[test]
fn http_apis_answer_preflights() {
    let endpoint = api(ApiKind::Http, rules(&["*"]), &[(Some("GET"), "/orders")]);
    let response = answer(&endpoint, &inbound("OPTIONS", &PREFLIGHT), "/nowhere").expect("one");
    assert_eq!(response.status(), 204);
    let expected = [
        ("access-control-allow-headers", "content-type,x-own"),
        ("access-control-allow-methods", "GET,POST"),
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", "date"),
        ("access-control-max-age", "300"),
    ];
    assert_eq!(told(&response), pairs(&expected));
    // What is no preflight goes to its route.
    for headers in [&PREFLIGHT[..1], &PREFLIGHT[1..], &[]] {
        assert!(answer(&endpoint, &inbound("OPTIONS", headers), "/orders").is_none());
    }
    assert!(answer(&endpoint, &inbound("POST", &PREFLIGHT), "/orders").is_none());
}

#[test]
fn origins_are_named_or_begin_as_a_rule_does() {
    for (rule, origin, allowed) in [
        ("*", "http://app.localhost", Some("*")),
        ("http://*", "http://app.localhost", Some("http://app.localhost")),
        ("https://*", "http://app.localhost", None),
        ("http://APP.localhost", "http://app.localhost", Some("http://app.localhost")),
        ("http://app.localhost", "http://app.localhost:8080", None),
        ("http://app.localhost", "http://evil.app.localhost", None),
    ] {
        let endpoint = api(ApiKind::Http, rules(&["https://other.example", rule]), &[]);
        let headers = [("origin", origin), PREFLIGHT[1]];
        let response = answer(&endpoint, &inbound("OPTIONS", &headers), "/").expect("one");
        assert_eq!(response.status(), 204, "{rule}");
        let origin = response.headers().get("access-control-allow-origin");
        assert_eq!(origin.map(|value| value.to_str().expect("text")), allowed, "{rule}");
        assert_eq!(response.headers().contains_key("vary"), allowed.is_some_and(|o| o != "*"));
        // Who is not allowed is told nothing.
        assert_eq!(response.headers().is_empty(), allowed.is_none(), "{rule}");
    }
}

/// API Gateway guide: CORS headers of the integration are ignored.
#[test]
fn the_rules_of_an_http_api_replace_what_the_function_says() {
    let credentials = Rules { allow_credentials: true, ..rules(&["http://app.localhost"]) };
    let endpoint = api(ApiKind::Http, credentials, &[]);
    let answered = || {
        let mut response = Response::new(full("body"));
        for name in &CORS_HEADERS {
            response.headers_mut().insert(name, HeaderValue::from_static("x"));
        }
        response.headers_mut().insert("x-own", HeaderValue::from_static("1"));
        response
    };
    let mut response = answered();
    mark(&endpoint, &inbound("GET", &PREFLIGHT[..1]), &mut response);
    let expected = [
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-origin", "http://app.localhost"),
        ("access-control-expose-headers", "date"),
        ("vary", "Origin"),
        ("x-own", "1"),
    ];
    assert_eq!(told(&response), pairs(&expected));
    for headers in [&[][..], &[("origin", "http://evil.localhost")]] {
        let mut response = answered();
        mark(&endpoint, &inbound("GET", headers), &mut response);
        assert_eq!(told(&response), pairs(&[("x-own", "1")]), "{headers:?}");
    }
}

/// Lambda guide, "Creating and managing Lambda function URLs"; powertools-lambda-python #4163.
#[test]
fn function_urls_add_to_what_the_function_says() {
    let endpoint = url(rules(&["*"]));
    let preflight = answer(&endpoint, &inbound("OPTIONS", &PREFLIGHT), "/").expect("one");
    assert_eq!(preflight.status(), 200);
    assert_eq!(preflight.headers()["access-control-allow-origin"], "http://app.localhost");
    let mut response = Response::new(full("body"));
    let own = HeaderValue::from_static("http://own.example");
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, own);
    mark(&endpoint, &inbound("GET", &PREFLIGHT[..1]), &mut response);
    let values = response.headers().get_all(header::ACCESS_CONTROL_ALLOW_ORIGIN).iter();
    assert_eq!(values.collect::<Vec<_>>(), ["http://own.example", "http://app.localhost"]);
}

/// SAM's transform, `samtranslator/swagger/swagger.py`: `add_cors`.
#[test]
fn rest_apis_have_an_options_method_of_sams() {
    let routes = [
        (Some("POST"), "/orders"),
        (Some("GET"), "/orders"),
        (None, "/any"),
        (Some("OPTIONS"), "/own"),
    ];
    let cors = Rules { allow_methods: Vec::new(), ..rules(&["http://app.localhost"]) };
    let endpoint = api(ApiKind::Rest, cors, &routes);
    let ask = |path: &str| answer(&endpoint, &inbound("OPTIONS", &[]), path);
    let response = ask("/orders/").expect("a mock");
    let expected = [
        ("access-control-allow-headers", "content-type,x-own"),
        ("access-control-allow-methods", "GET,OPTIONS,POST"),
        ("access-control-allow-origin", "http://app.localhost"),
        ("access-control-max-age", "300"),
        ("content-type", "application/json"),
    ];
    assert_eq!((response.status().as_u16(), told(&response)), (200, pairs(&expected)));
    let any = ask("/any").expect("a mock");
    assert_eq!(any.headers()["access-control-allow-methods"], ALL_METHODS);
    assert!(ask("/own").is_none() && ask("/nowhere").is_none());
    // All else is the function's affair.
    let mut response = Response::new(full("body"));
    mark(&endpoint, &inbound("GET", &PREFLIGHT[..1]), &mut response);
    assert!(response.headers().is_empty());
}
