use super::*;
use crate::testing::function;

fn router(keys: &[&str], rules: Rules) -> Router {
    let routes = keys.iter().map(|key| {
        let route = match key.split_once(' ') {
            None => Route { method: None, path: None },
            Some(("ANY", path)) => Route { method: None, path: Some(path.into()) },
            Some((method, path)) => Route { method: Some(method.into()), path: Some(path.into()) },
        };
        let function = Answers::Function(Arc::new(function("F")));
        let target = RouteTarget::new(&route, function, PayloadFormat::V2, None);
        (route, target)
    });
    Router::new(routes, rules)
}

fn key(router: &Router, method: &str, path: &str) -> Option<String> {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    router.find(&method, path).map(|matched| matched.target.key.clone())
}

/// The table of API Gateway guide, "Create routes for HTTP APIs", and what it implies.
#[test]
fn the_most_specific_route_wins() {
    // Worst first, so that template order cannot help.
    let router = router(
        &[
            "$default",
            "ANY /{proxy+}",
            "GET /pets/{proxy+}",
            "ANY /pets/dog/{id}",
            "GET /pets/dog/{id}",
            "GET /pets/dog/1",
            "POST /{kind}/dog/1",
        ],
        Rules::Http,
    );
    for (method, path, expected) in [
        ("GET", "/pets/dog/1", "GET /pets/dog/1"),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}"),
        ("PUT", "/pets/dog/2", "ANY /pets/dog/{id}"),
        ("POST", "/pets/dog/1", "ANY /pets/dog/{id}"),
        ("POST", "/cars/dog/1", "POST /{kind}/dog/1"),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}"),
        ("POST", "/pets/cat/1", "ANY /{proxy+}"),
        ("GET", "/pets", "ANY /{proxy+}"),
        ("GET", "/", "$default"),
    ] {
        assert_eq!(key(&router, method, path).as_deref(), Some(expected), "{method} {path}");
    }
}

#[test]
fn what_no_route_takes_is_not_taken() {
    let router = router(&["GET /orders", "GET /orders/{id}"], Rules::Http);
    for (method, path) in [
        ("POST", "/orders"),
        ("GET", "/"),
        ("GET", "/orders/"),
        ("GET", "/orders/1/lines"),
        ("GET", "/orders//1"),
    ] {
        assert_eq!(key(&router, method, path), None, "{method} {path}");
    }
}

#[test]
fn path_parameters_are_what_stands_there() {
    let router = router(&["GET /a/{x}/b/{rest+}"], Rules::Http);
    let matched = router.find(&Method::GET, "/a/1%202/b/c/d%2Fe").expect("a route");
    assert_eq!(matched.parameters, [("x", "1%202".to_owned()), ("rest", "c/d%2Fe".to_owned())]);
    assert!(!matched.is_default());
    assert!(router.find(&Method::GET, "/a/1/b").is_none());
}

#[test]
fn an_encoded_literal_is_the_same_literal() {
    let router = router(&["GET /a b"], Rules::Http);
    assert!(key(&router, "GET", "/a%20b").is_some());
}

/// Recorded from AWS: LocalStack `test_apigateway_lambda`, "with-trailing-slash".
#[test]
fn rest_apis_ignore_a_trailing_slash() {
    let router = router(&["ANY /{proxy+}"], Rules::Rest);
    let matched = router.find(&Method::GET, "/test-path/").expect("a route");
    assert_eq!(matched.parameters, [("proxy", "test-path".to_owned())]);
}

/// An event of AWS that terraform-provider users have published: `/handler/` by way of
/// `ANY /handler/{proxy+}`, with `"proxy": ""`. The root has no such slash.
#[test]
fn a_greedy_variable_of_an_http_api_may_be_empty() {
    let http = router(&["ANY /handler/{proxy+}", "ANY /{proxy+}"], Rules::Http);
    let matched = http.find(&Method::GET, "/handler/").expect("a route");
    assert_eq!(matched.parameters, [("proxy", String::new())]);
    assert_eq!(key(&http, "GET", "/"), None);
    let rest = router(&["ANY /handler/{proxy+}"], Rules::Rest);
    assert_eq!(key(&rest, "GET", "/handler/"), None);
}

/// REST APIs: the path has a resource, and the resource has methods (API Gateway guide, "REST
/// API resources and methods").
#[test]
fn a_rest_api_chooses_the_resource_before_the_method() {
    let keys = ["GET /orders", "ANY /{proxy+}", "POST /orders/{id}", "GET /orders/{other}"];
    let (rest, http) = (router(&keys, Rules::Rest), router(&keys, Rules::Http));
    for (method, path, by_rest, by_http) in [
        ("GET", "/orders", Some("GET /orders"), Some("GET /orders")),
        ("POST", "/orders", None, Some("ANY /{proxy+}")),
        // One resource, whatever its variable is called.
        ("GET", "/orders/1", Some("GET /orders/{other}"), Some("GET /orders/{other}")),
        ("POST", "/orders/1", Some("POST /orders/{id}"), Some("POST /orders/{id}")),
        ("PUT", "/orders/1", None, Some("ANY /{proxy+}")),
        ("PUT", "/orders/1/lines", Some("ANY /{proxy+}"), Some("ANY /{proxy+}")),
    ] {
        assert_eq!(key(&rest, method, path).as_deref(), by_rest, "{method} {path}");
        assert_eq!(key(&http, method, path).as_deref(), by_http, "{method} {path}");
    }
    assert_eq!(rest.methods("/orders/7").len(), 2);
    assert_eq!(rest.methods("/"), []);
}
