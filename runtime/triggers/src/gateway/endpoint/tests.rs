use http::Request;
use samovar_app::Route;

use super::*;
use crate::testing::{self, Fixed, function};
use samovar_dispatch::Clock;

fn route(method: &str, path: &str) -> Route {
    Route { method: Some(method.into()), path: Some(path.into()) }
}

fn api(logical_id: &str, kind: ApiKind, routes: Vec<Route>) -> Api {
    let stage = if kind == ApiKind::Http { "$default" } else { "Prod" };
    testing::api(logical_id, kind, stage, routes.into_iter().map(|route| (route, "F")).collect())
}

fn with_url(name: &str) -> Arc<Function> {
    let mut function = function(name);
    function.url = Some(testing::url(&format!("{}url", name.to_lowercase())));
    Arc::new(function)
}

/// The endpoint's logical id, the route's key if there is one, and the routed path.
fn select(endpoints: &Endpoints, uri: &str) -> Option<(String, Option<String>, String)> {
    select_at(endpoints, uri, None)
}

fn select_at(
    endpoints: &Endpoints,
    uri: &str,
    port: Option<&str>,
) -> Option<(String, Option<String>, String)> {
    let (parts, ()) = Request::get(uri).body(()).expect("a request").into_parts();
    let peer = "127.0.0.1:9".parse().expect("an address");
    let inbound = Inbound::new(parts, peer, Fixed.now());
    let selected = endpoints.select(&inbound, port)?;
    let key = selected.matched.as_ref().ok().map(|matched| matched.target.key.clone());
    Some((selected.endpoint.logical_id.clone(), key, selected.path.to_owned()))
}

fn endpoints() -> Endpoints {
    let default = Route { method: None, path: None };
    Endpoints::new(
        &[
            api("Catch", ApiKind::Http, vec![default]),
            api("Orders", ApiKind::Http, vec![route("GET", "/orders")]),
            api("Rest", ApiKind::Rest, vec![route("GET", "/orders"), route("GET", "/rest")]),
        ],
        &[Arc::new(function("F")), with_url("Hello")],
    )
}

#[test]
fn a_host_name_means_one_endpoint() {
    let endpoints = endpoints();
    let some = |id: &str, key: Option<&str>, path: &str| {
        Some((id.to_owned(), key.map(str::to_owned), path.to_owned()))
    };
    for (uri, expected) in [
        ("http://orders.localhost:3000/orders", some("Orders", Some("GET /orders"), "/orders")),
        ("http://orders0000.localhost/none", some("Orders", None, "/none")),
        ("http://HELLO.localhost/x", some("Hello", Some("$default"), "/x")),
        ("http://hellourl.lambda-url.localhost/", some("Hello", Some("$default"), "/")),
        // AWS's own host names have the stage in the path.
        (
            "http://rest0000.execute-api.localhost/Prod/rest",
            some("Rest", Some("GET /rest"), "/rest"),
        ),
        ("http://rest0000.execute-api.localhost/Prod", some("Rest", None, "/")),
        // So a path without it is no path of the API.
        ("http://rest0000.execute-api.localhost/rest", some("Rest", None, "/rest")),
        (
            "http://rest0000.execute-api.localhost/Production/rest",
            some("Rest", None, "/Production/rest"),
        ),
        // The stage $default is at the root.
        (
            "http://orders0000.execute-api.localhost/orders",
            some("Orders", Some("GET /orders"), "/orders"),
        ),
        ("http://rest.localhost/Prod/rest", some("Rest", None, "/Prod/rest")),
        ("http://nobody.localhost/", None),
    ] {
        assert_eq!(select(&endpoints, uri), expected, "{uri}");
    }
}

#[test]
fn without_a_name_the_route_decides() {
    let endpoints = endpoints();
    let id = |uri| select(&endpoints, uri).map(|selected| selected.0);
    assert_eq!(id("http://127.0.0.1:3000/orders").as_deref(), Some("Orders"), "template order");
    assert_eq!(id("http://localhost/rest").as_deref(), Some("Rest"));
    assert_eq!(id("http://[::1]:3000/other").as_deref(), Some("Catch"), "$default comes last");
}

#[test]
fn the_only_function_url_needs_no_name() {
    let one = Endpoints::new(&[], &[with_url("Hello")]);
    assert!(select(&one, "http://127.0.0.1/").is_some());
    let two = Endpoints::new(&[], &[with_url("A"), with_url("B")]);
    assert!(select(&two, "http://127.0.0.1/").is_none());
    assert_eq!(two.hosts(), ["a.localhost", "b.localhost"]);
}

#[test]
fn an_api_may_have_a_port_of_its_own() {
    let endpoints = endpoints();
    let at = |uri, port| select_at(&endpoints, uri, Some(port));
    let own = at("http://127.0.0.1:3001/orders", "Rest").expect("an API");
    assert_eq!((own.0.as_str(), own.1.as_deref()), ("Rest", Some("GET /orders")));
    let missing = at("http://localhost:3001/other", "Rest").expect("an API");
    assert_eq!((missing.0.as_str(), missing.1), ("Rest", None), "no other API stands in");
    let named = at("http://orders.localhost:3001/orders", "Rest").expect("an API");
    assert_eq!(named.0, "Orders", "a name goes before the port");
    assert!(at("http://127.0.0.1:3001/", "Gone").is_none());
}

/// API Gateway guide, "Map API stages to a custom domain name": the longest base path counts.
#[test]
fn base_paths_lead_to_their_api() {
    let rest = Api {
        base_paths: vec!["shop".into(), "shop/v1".into()],
        ..api("Rest", ApiKind::Rest, vec![route("GET", "/orders"), route("GET", "/shop/own")])
    };
    let endpoints = Endpoints::new(&[rest], &[Arc::new(function("F"))]);
    for (path, key) in [
        ("/orders", Some("GET /orders")),
        ("/shop/orders", Some("GET /orders")),
        ("/shop/v1/orders", Some("GET /orders")),
        ("/shop/own", Some("GET /shop/own")),
        ("/shopping/orders", None),
        ("/shop", None),
    ] {
        let found = select(&endpoints, &format!("http://localhost{path}")).expect("an API");
        assert_eq!((found.1.as_deref(), found.2.as_str()), (key, path), "{path}");
    }
    let aws = select(&endpoints, "http://rest0000.execute-api.localhost/Prod/shop/orders");
    assert_eq!(aws.expect("an API").1, None, "AWS's own address has no base paths");
}
