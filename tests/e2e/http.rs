//! The HTTP front door over real sockets.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::against;
use crate::server::{Server, Shared};
use crate::tools::{Answer, get, post, request};

pub(crate) fn trials(server: &Arc<Shared>) -> Vec<Trial> {
    vec![
        against(server, "http::an_event_has_payload_format_two", event),
        against(server, "http::routes_have_the_precedence_of_aws", routes),
        against(server, "http::answers_are_mapped_as_aws_does", answers),
        against(server, "http::a_request_reaches_a_component_as_http", component),
        against(server, "http::one_handler_sees_the_same_natively_and_as_wasm", both_builds),
        against(server, "http::a_failed_function_is_an_internal_error", failed),
        against(server, "http::foreign_hosts_and_origins_are_refused", foreign),
    ]
}

/// HTTP API guide, "Working with AWS Lambda proxy integrations", payload format 2.0.
fn event(server: &Server) {
    let url = server.http("/items/a%20b?x=1&x=2&y=%C3%A9");
    let headers = [("X-Custom", "one"), ("Cookie", "a=1; b=2")];
    let event = request("GET", &url, &headers, b"").json();
    assert_eq!(event["version"], "2.0");
    assert_eq!(event["routeKey"], "GET /items/{id}");
    assert_eq!(event["rawQueryString"], "x=1&x=2&y=%C3%A9");
    assert_eq!(event["queryStringParameters"], json!({"x": "1,2", "y": "é"}));
    assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
    assert_eq!(event["headers"]["x-custom"], "one");
    assert_eq!(event["headers"]["cookie"], Value::Null);
    assert_eq!(event["pathParameters"], json!({"id": "a b"}));
    assert_eq!(event["isBase64Encoded"], false);
    let context = &event["requestContext"];
    assert_eq!(context["http"]["method"], "GET");
    assert_eq!(context["http"]["sourceIp"], "127.0.0.1");
    assert_eq!(context["stage"], "$default");
    assert_eq!(context["accountId"], "000000000000");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let epoch = u128::from(context["timeEpoch"].as_u64().unwrap());
    assert!(now.as_millis().abs_diff(epoch) < 60_000, "a frozen time stamp: {epoch}");
}

fn routes(server: &Server) {
    for (method, path, route) in [
        ("GET", "/items/7", "GET /items/{id}"),
        ("POST", "/items/7", "$default"),
        ("DELETE", "/files/a/b/c", "ANY /files/{proxy+}"),
        ("GET", "/anything/else", "$default"),
    ] {
        let event = request(method, &server.http(path), &[], b"").json();
        assert_eq!(event["routeKey"], route, "{method} {path}");
    }
}

/// What the function answers is in the request, see `tests/functions/src/bin/echo.rs`.
fn respond(server: &Server, value: &Value) -> Answer {
    post(&server.http("/"), &json!({"respond": value}).to_string())
}

/// lambda-semantics, HTTP API: what becomes of each shape of answer.
fn answers(server: &Server) {
    let answer = respond(
        server,
        &json!({
            "statusCode": 201,
            "headers": {"x-one": "1", "content-type": "text/plain"},
            "cookies": ["a=1", "b=2"],
            "body": "made",
        }),
    );
    assert_eq!((answer.status, answer.text().as_str()), (201, "made"));
    assert_eq!(answer.header("x-one"), "1");
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);

    let encoded = json!({"statusCode": 200, "body": "AP8B", "isBase64Encoded": true});
    assert_eq!(respond(server, &encoded).body, [0, 255, 1]);

    let plain = respond(server, &json!({"any": "thing"}));
    assert_eq!((plain.status, plain.json()), (200, json!({"any": "thing"})));
    assert_eq!(plain.header("content-type"), "application/json");

    let string = respond(server, &json!("hello"));
    assert_eq!((string.status, string.text().as_str()), (200, "hello"));
}

fn component(server: &Server) {
    let host = [("host", "httpechowasm.localhost"), ("x-twice", "1"), ("x-twice", "2")];
    let url = server.http("/status/418?q=%20");
    let answer = request("PUT", &url, &host, b"some body");
    assert_eq!(answer.status, 418);
    assert_eq!(answer.header("x-echo"), "yes");
    let seen = answer.json();
    assert_eq!(seen["method"], "PUT");
    assert_eq!(seen["body"], "some body");
    assert!(seen["uri"].as_str().unwrap().ends_with("/status/418?q=%20"), "{seen}");
}

fn both_builds(server: &Server) {
    let ask = |host: &str| {
        let headers = [("host", host), ("content-type", "text/plain"), ("x-custom", "one")];
        let answer = request("POST", &server.http("/some/path?a=1&b=2"), &headers, b"body");
        (answer.status, answer.header("x-echo").to_owned(), answer.json())
    };
    let (status, echo, native) = ask("httpecho.localhost");
    let (wasm_status, wasm_echo, wasm) = ask("httpechowasm.localhost");
    assert_eq!((status, echo), (wasm_status, wasm_echo));
    for field in ["method", "body"] {
        assert_eq!(native[field], wasm[field], "{field}");
    }
    for header in ["content-type", "x-custom", "x-forwarded-proto"] {
        assert_eq!(native["headers"][header], wasm["headers"][header], "{header}");
    }
}

fn failed(server: &Server) {
    let answer = respond(server, &json!({"statusCode": "not a number", "body": 1}));
    assert_eq!(answer.status, 500, "{answer:?}");
    assert_eq!(answer.json(), json!({"message": "Internal Server Error"}));
}

fn foreign(server: &Server) {
    for (name, value) in [("host", "evil.example"), ("origin", "https://evil.example")] {
        for url in [server.http("/items/1"), server.api("/_samovar/health")] {
            let answer = request("GET", &url, &[(name, value)], b"");
            assert_eq!(answer.status, 403, "{name}: {value} at {url}");
            assert!(answer.text().contains(value), "{}", answer.text());
        }
    }
    assert_eq!(get(&server.http("/items/1")).status, 200);
}
