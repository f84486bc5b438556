use super::*;
use crate::testing::function;

fn router(keys: &[&str], trailing_slash: TrailingSlash) -> Router {
    let routes = keys.iter().map(|key| {
        let route = match key.split_once(' ') {
            None => Route { method: None, path: None },
            Some(("ANY", path)) => Route { method: None, path: Some(path.into()) },
            Some((method, path)) => Route { method: Some(method.into()), path: Some(path.into()) },
        };
        (route, Arc::new(function("F")))
    });
    Router::new(routes, trailing_slash)
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
        TrailingSlash::Distinct,
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
    let router = router(&["GET /orders", "GET /orders/{id}"], TrailingSlash::Distinct);
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
    let router = router(&["GET /a/{x}/b/{rest+}"], TrailingSlash::Distinct);
    let matched = router.find(&Method::GET, "/a/1%202/b/c/d%2Fe").expect("a route");
    assert_eq!(matched.parameters, [("x", "1%202".to_owned()), ("rest", "c/d%2Fe".to_owned())]);
    assert!(!matched.is_default());
    assert!(router.find(&Method::GET, "/a/1/b/").is_none(), "a greedy variable is not empty");
}

#[test]
fn an_encoded_literal_is_the_same_literal() {
    let router = router(&["GET /a b"], TrailingSlash::Distinct);
    assert!(key(&router, "GET", "/a%20b").is_some());
}

/// Recorded from AWS: LocalStack `test_apigateway_lambda`, "with-trailing-slash".
#[test]
fn rest_apis_ignore_a_trailing_slash() {
    let router = router(&["ANY /{proxy+}"], TrailingSlash::Ignored);
    let matched = router.find(&Method::GET, "/test-path/").expect("a route");
    assert_eq!(matched.parameters, [("proxy", "test-path".to_owned())]);
}
