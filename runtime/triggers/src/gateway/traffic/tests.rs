use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use flate2::write::{GzEncoder, ZlibEncoder};
use http::uri::Scheme;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use samovar_app::{Api, ApiKind, Route};
use samovar_dispatch::{Account, Door, FunctionError, Response as Output};
use serde_json::Value;

use crate::gateway::{AccessLog, Gateway};
use crate::testing::{self, Fake, Fixed, bytes, dispatcher, function};

const ANSWER: &str = r#"{"statusCode":201,"headers":{},"body":"tea, tea, tea, tea, tea"}"#;

#[derive(Default)]
struct Log(Mutex<Vec<(String, String)>>);

impl AccessLog for Log {
    fn line(&self, api: &str, line: &str) {
        self.0.lock().expect("a log").push((api.to_owned(), line.to_owned()));
    }
}

impl Log {
    fn take(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.0.lock().expect("a log"))
    }
}

/// An HTTP API and a REST API that compresses, both with a log, and their function's events.
fn stand(format: &str) -> (Gateway, Arc<Log>, Arc<Mutex<Vec<Bytes>>>) {
    let api = |name: &str, kind, stage: &str| {
        let route = (Route { method: None, path: Some("/orders/{id}".into()) }, "F");
        let api = testing::api(name, kind, stage, vec![route]);
        Api { access_log: Some(format.to_owned()), minimum_compression: Some(10), ..api }
    };
    let apis = [
        api("Http", ApiKind::Http, "$default"),
        Api { minimum_compression: Some(10), ..api("Rest", ApiKind::Rest, "Prod") },
    ];
    let events = Arc::<Mutex<Vec<Bytes>>>::default();
    let seen = events.clone();
    let provider = Fake::new(Door::Event, move |call, event| {
        seen.lock().expect("events").push(bytes(event));
        let answer = match call {
            3 => Err(FunctionError::platform("Runtime.ExitError", "out of tea")),
            _ => Ok(Output::Bytes(ANSWER.into())),
        };
        (Duration::ZERO, answer)
    });
    let dispatcher = dispatcher();
    let function = Arc::new(function("F"));
    dispatcher.register(function.clone(), provider);
    let account = Account::default();
    let gateway = Gateway::new(&apis, &[function], account, dispatcher, Arc::new(Fixed));
    let log = Arc::<Log>::default();
    gateway.set_access_log(log.clone());
    (gateway, log, events)
}

async fn send(
    gateway: &Gateway,
    request: http::request::Builder,
    body: impl Into<Bytes>,
) -> Response<Bytes> {
    let request = request.body(Full::new(body.into())).expect("a request");
    let peer = "203.0.113.7:4711".parse().expect("an address");
    let (parts, body) = gateway.handle(request, peer).await.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    Response::from_parts(parts, body)
}

#[tokio::test]
async fn each_request_is_a_line_of_its_api() {
    let format = "$context.apiId $context.stage $context.httpMethod $context.path \
                  $context.routeKey $context.resourcePath $context.status \
                  $context.responseLength $context.integrationStatus $context.identity.sourceIp \
                  [$context.requestTime] $context.error.message | $context.integration.error";
    let (gateway, log, _) = stand(format);
    let at = "203.0.113.7 [12/Mar/2020:19:03:58 +0000]";
    for (method, uri, line) in [
        (
            "GET",
            "http://http.localhost/orders/7?a=b",
            "http0000 $default GET /orders/7 ANY /orders/{id} - 201 23 200 AT - | -",
        ),
        (
            "PUT",
            "http://rest.localhost/orders/7",
            "rest0000 Prod PUT /Prod/orders/7 - /orders/{id} 201 23 200 AT - | -",
        ),
        (
            "HEAD",
            "http://http.localhost/orders/7",
            "http0000 $default HEAD /orders/7 ANY /orders/{id} - 201 0 200 AT - | -",
        ),
        (
            "GET",
            "http://rest.localhost/orders/7",
            "rest0000 Prod GET /Prod/orders/7 - /orders/{id} 502 36 - AT Internal server error | Runtime.ExitError: out of tea",
        ),
        (
            "GET",
            "http://http.localhost/tea",
            "http0000 $default GET /tea - - 404 23 - AT Not Found | -",
        ),
    ] {
        let response = send(&gateway, Request::builder().method(method).uri(uri), "").await;
        let lines = log.take();
        let [(api, found)] = lines.as_slice() else { panic!("{lines:?}") };
        assert_eq!(*found, line.replace("AT", at), "{response:?}");
        assert!(found.starts_with(&api.to_lowercase()), "{api}");
    }
    // A function URL, or nothing, has none.
    send(&gateway, Request::get("http://nobody.localhost/"), "").await;
    assert!(log.take().is_empty());
}

#[tokio::test]
async fn ids_of_the_log_are_those_of_the_response() {
    let (gateway, log, _) = stand("$context.requestId $context.extendedRequestId");
    let http = send(&gateway, Request::get("http://http.localhost/orders/7"), "").await;
    let id = http.headers()["apigw-requestid"].to_str().expect("text");
    assert_eq!(log.take()[0].1, format!("{id} {id}"));
    let rest = send(&gateway, Request::get("http://rest.localhost/orders/7"), "").await;
    let id = |name: &str| rest.headers()[name].to_str().expect("text");
    let expected = format!("{} {}", id("x-amzn-requestid"), id("x-amz-apigw-id"));
    assert_eq!(log.take()[0].1, expected);
}

/// API Gateway guide, "Call an API method with a compressed payload".
#[tokio::test]
async fn rest_apis_take_compressed_bodies() {
    let (gateway, _, events) = stand("");
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"tea").expect("memory");
    let gzip = gzip.finish().expect("memory");
    let mut deflate = ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    deflate.write_all(b"tea").expect("memory");
    let deflate = deflate.finish().expect("memory");
    let post = |host: &str, coding: &str| {
        Request::post(format!("http://{host}.localhost/orders/7"))
            .header("content-encoding", coding)
            .header("content-type", "text/plain")
    };
    let event = || -> Value {
        let events = events.lock().expect("events");
        serde_json::from_slice(events.last().expect("an event")).expect("JSON")
    };
    for (coding, body) in [("gzip", &gzip), ("deflate", &deflate)] {
        assert_eq!(send(&gateway, post("rest", coding), body.clone()).await.status(), 201);
        assert_eq!(event()["body"], "tea");
        assert_eq!(event()["headers"]["Content-Encoding"], Value::Null);
    }
    let refused = send(&gateway, post("rest", "br"), gzip.clone()).await;
    assert_eq!(refused.status(), 415);
    assert_eq!(refused.body(), r#"{"message":"Unsupported Media Type"}"#);
    // HTTP APIs pass on what they get.
    send(&gateway, post("http", "gzip"), gzip).await;
    assert_eq!(event()["headers"]["content-encoding"], "gzip");
}

#[tokio::test]
async fn rest_apis_compress_what_clients_ask_for() {
    let (gateway, _, _) = stand("");
    let get = |host: &str, accepts: &str| {
        Request::get(format!("http://{host}.localhost/orders/7")).header("accept-encoding", accepts)
    };
    let packed = send(&gateway, get("rest", "gzip"), "").await;
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert!(packed.body().starts_with(&[0x1f, 0x8b]), "{:?}", packed.body());
    let plain = send(&gateway, get("rest", "*"), "").await;
    assert_eq!(plain.body(), "tea, tea, tea, tea, tea");
    assert!(!plain.headers().contains_key("content-encoding"));
}

/// The connection tells the scheme, not the client.
#[tokio::test]
async fn functions_are_told_how_they_were_called() {
    let (gateway, _, events) = stand("");
    for (said, is, port) in [("http", Scheme::HTTPS, "443"), ("https", Scheme::HTTP, "80")] {
        let request =
            Request::get(format!("{said}://rest.localhost/orders/7")).extension(is.clone());
        send(&gateway, request, "").await;
        let event = events.lock().expect("events").last().expect("an event").clone();
        let event: Value = serde_json::from_slice(&event).expect("JSON");
        assert_eq!(event["headers"]["X-Forwarded-Proto"], is.as_str());
        assert_eq!(event["headers"]["X-Forwarded-Port"], port);
    }
}
