use std::sync::Mutex;
use std::time::Duration;

use aws_lambda_events::event::apigw::{ApiGatewayProxyRequest, ApiGatewayV2httpRequest};
use aws_lambda_events::event::lambda_function_urls::LambdaFunctionUrlRequest;
use http_body_util::BodyExt;
use samovar_app::{ApiKind, Route};
use samovar_dispatch::{Door, Event, FunctionError, Limits, Response as Output};
use serde_json::{Value, json};

use super::limits::{API_BODY_LIMIT, EVENT_LIMIT};
use super::*;
use crate::testing::{self, Fake, Fixed, NOW_MILLIS, bytes, dispatcher, function};

mod shapes;

const OK: &str = r#"{"statusCode":200,"headers":{"content-type":"text/plain"},"body":"fine"}"#;

/// An application with an HTTP API `Http`, a REST API `Rest` and a function URL `Url`, each in
/// front of a function that answers `answer` and keeps its events.
struct Stand {
    gateway: Gateway,
    events: Arc<Mutex<Vec<Bytes>>>,
}

fn api(logical_id: &str, kind: ApiKind, stage: &str, called: &str) -> Api {
    let route = |path: &str| (Route { method: None, path: Some(path.into()) }, called);
    let routes = vec![route("/orders/{id}"), route("/files/{proxy+}"), route("/")];
    testing::api(logical_id, kind, stage, routes)
}

fn url_function() -> Function {
    Function { url: Some(testing::url("url0000")), ..function("Url") }
}

fn gateway(provider: Arc<Fake>) -> Gateway {
    let dispatcher = dispatcher();
    let functions = [Arc::new(function("F")), Arc::new(url_function())];
    for function in &functions {
        dispatcher.register(function.clone(), provider.clone());
    }
    let apis =
        [api("Http", ApiKind::Http, "$default", "F"), api("Rest", ApiKind::Rest, "Prod", "F")];
    Gateway::new(&apis, &functions, Account::default(), dispatcher, Arc::new(Fixed))
}

fn stand(answer: &'static str) -> Stand {
    let events: Arc<Mutex<Vec<Bytes>>> = Arc::default();
    let seen = events.clone();
    let provider = Fake::new(Door::Event, move |_, event| {
        seen.lock().expect("events").push(bytes(event));
        (Duration::ZERO, Ok(Output::Bytes(answer.into())))
    });
    Stand { gateway: gateway(provider), events }
}

impl Stand {
    fn event(&self) -> Bytes {
        self.events.lock().expect("events").last().expect("an event").clone()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.event()).expect("JSON")
    }
}

async fn send(
    gateway: &Gateway,
    request: http::request::Builder,
    body: &'static str,
) -> Response<Bytes> {
    let request = request.body(Full::new(Bytes::from(body))).expect("a request");
    let peer = "203.0.113.7:4711".parse().expect("an address");
    let (parts, body) = gateway.handle(request, peer).await.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    Response::from_parts(parts, body)
}

/// API Gateway guide, "Create AWS Lambda proxy integrations for HTTP APIs", format 2.0, and
/// `example-apigw-v2-request-no-authorizer.json` of aws_lambda_events.
#[tokio::test]
async fn http_apis_send_format_2() {
    let stand = stand(OK);
    let request = Request::post("http://http.localhost:3000/orders/a%20b?x=1&y=2&x=3%204")
        .header("Content-Type", "application/json")
        .header("X-Multi", "one")
        .header("X-Multi", "two")
        .header("Cookie", "c1=1; c2=2")
        .header("User-Agent", "curl/8")
        .header("Connection", "keep-alive")
        .header("X-Amzn-Trace-Id", "Root=1-5e9f0c65-1de4d666d4dd26aced652b6c");
    let response = send(&stand.gateway, request, r#"{"item":"tea"}"#).await;
    assert_eq!((response.status().as_u16(), response.body().as_ref()), (200, &b"fine"[..]));
    let request_id = response.headers()["apigw-requestid"].to_str().expect("text");
    assert_eq!((request_id.len(), request_id.ends_with('=')), (16, true));

    assert_eq!(
        stand.json(),
        json!({
            "version": "2.0",
            "routeKey": "ANY /orders/{id}",
            "rawPath": "/orders/a b",
            "rawQueryString": "x=1&y=2&x=3%204",
            "cookies": ["c1=1", "c2=2"],
            "headers": {
                "content-length": "14",
                "content-type": "application/json",
                "host": "http.localhost:3000",
                "user-agent": "curl/8",
                "x-amzn-trace-id": "Root=1-5e9f0c65-1de4d666d4dd26aced652b6c",
                "x-forwarded-for": "203.0.113.7",
                "x-forwarded-port": "3000",
                "x-forwarded-proto": "http",
                "x-multi": "one,two",
            },
            "queryStringParameters": {"x": "1,3 4", "y": "2"},
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "http0000",
                "domainName": "http.localhost",
                "domainPrefix": "http",
                "http": {
                    "method": "POST",
                    "path": "/orders/a b",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "203.0.113.7",
                    "userAgent": "curl/8",
                },
                "requestId": request_id,
                "routeKey": "ANY /orders/{id}",
                "stage": "$default",
                "time": "12/Mar/2020:19:03:58 +0000",
                "timeEpoch": NOW_MILLIS,
            },
            "body": r#"{"item":"tea"}"#,
            "pathParameters": {"id": "a b"},
            "isBase64Encoded": false,
        })
    );
    let event: ApiGatewayV2httpRequest = serde_json::from_slice(&stand.event()).expect("typed");
    assert_eq!(event.request_context.http.method, Method::POST);
    assert_eq!(event.path_parameters["id"], "a b");
}

#[tokio::test]
async fn format_2_leaves_out_what_is_not_there() {
    let stand = stand(OK);
    send(&stand.gateway, Request::get("http://127.0.0.1:3000/"), "").await;
    let event = stand.json();
    for absent in ["cookies", "queryStringParameters", "pathParameters", "body", "stageVariables"] {
        assert!(event.get(absent).is_none(), "{absent} in {event}");
    }
    assert_eq!(event["requestContext"]["domainPrefix"], "http0000", "an address has no label");
    assert_eq!(event["headers"]["content-length"], "0");
}

/// Lambda guide, "Invoking Lambda function URLs".
#[tokio::test]
async fn function_urls_send_format_2_of_nobody() {
    let stand = stand(OK);
    let request =
        Request::put("http://url.localhost:3000/any/path").header("Content-Type", "image/png");
    let response = send(&stand.gateway, request, "\u{1}png").await;
    let event: LambdaFunctionUrlRequest = serde_json::from_slice(&stand.event()).expect("typed");
    assert_eq!(event.request_context.account_id.as_deref(), Some("anonymous"));
    let request_id = event.request_context.request_id.expect("a request id");
    assert_eq!(response.headers()["x-amzn-requestid"], *request_id);
    let event = stand.json();
    assert_eq!((&event["routeKey"], &event["isBase64Encoded"]), (&json!("$default"), &json!(true)));
    assert_eq!(event["body"], "AXBuZw==");
}

/// LocalStack `test_apigateway_lambda.snapshot.json`, `test_lambda_aws_proxy_integration`
/// (recorded from AWS 2024-07), without what only CloudFront adds.
#[tokio::test]
async fn rest_apis_send_format_1() {
    let stand = stand(OK);
    let request = Request::get("http://rest.localhost:3000/files/a/b%2Bc/?x=1&x=2%20+3")
        .header("Authorization", "random-value")
        .header("User-Agent", "python-requests/testing");
    let response = send(&stand.gateway, request, "").await;
    assert_eq!(response.status(), 200);
    let mut event = stand.json();
    let context = event["requestContext"].as_object_mut().expect("a context");
    let id = context.remove("requestId").expect("an id");
    assert_eq!(id, json!(response.headers()["x-amzn-requestid"].to_str().expect("text")));
    let extended = context.remove("extendedRequestId").expect("an id");
    assert_eq!(extended, json!(response.headers()["x-amz-apigw-id"].to_str().expect("text")));
    assert_eq!(context.remove("resourceId").and_then(|id| Some(id.as_str()?.len())), Some(6));
    assert!(context.remove("deploymentId").is_some_and(|id| id.is_string()));
    let trace = event["headers"]["X-Amzn-Trace-Id"].clone();
    assert!(trace.as_str().is_some_and(|trace| trace.starts_with("Root=1-")), "{trace}");
    assert_eq!(
        event,
        json!({
            "resource": "/files/{proxy+}",
            "path": "/files/a/b%2Bc/",
            "httpMethod": "GET",
            "headers": {
                "Authorization": "random-value",
                "Host": "rest.localhost:3000",
                "User-Agent": "python-requests/testing",
                "X-Amzn-Trace-Id": trace,
                "X-Forwarded-For": "203.0.113.7",
                "X-Forwarded-Port": "3000",
                "X-Forwarded-Proto": "http",
            },
            "multiValueHeaders": {
                "Authorization": ["random-value"],
                "Host": ["rest.localhost:3000"],
                "User-Agent": ["python-requests/testing"],
                "X-Amzn-Trace-Id": [trace],
                "X-Forwarded-For": ["203.0.113.7"],
                "X-Forwarded-Port": ["3000"],
                "X-Forwarded-Proto": ["http"],
            },
            "queryStringParameters": {"x": "2  3"},
            "multiValueQueryStringParameters": {"x": ["1", "2  3"]},
            "pathParameters": {"proxy": "a/b%2Bc"},
            "stageVariables": null,
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "rest0000",
                "domainName": "rest.localhost",
                "domainPrefix": "rest",
                "httpMethod": "GET",
                "identity": {
                    "accessKey": null,
                    "accountId": null,
                    "caller": null,
                    "cognitoAuthenticationProvider": null,
                    "cognitoAuthenticationType": null,
                    "cognitoIdentityId": null,
                    "cognitoIdentityPoolId": null,
                    "principalOrgId": null,
                    "sourceIp": "203.0.113.7",
                    "user": null,
                    "userAgent": "python-requests/testing",
                    "userArn": null,
                },
                "path": "/Prod/files/a/b%2Bc/",
                "protocol": "HTTP/1.1",
                "requestTime": "12/Mar/2020:19:03:58 +0000",
                "requestTimeEpoch": NOW_MILLIS,
                "resourcePath": "/files/{proxy+}",
                "stage": "Prod",
            },
            "body": null,
            "isBase64Encoded": false,
        })
    );
    let event: ApiGatewayProxyRequest = serde_json::from_slice(&stand.event()).expect("typed");
    assert_eq!(event.http_method, Method::GET);
}

/// Lambda guide: text types are `text/*`, JSON, JavaScript and XML.
#[tokio::test]
async fn binary_bodies_come_as_base64() {
    let stand = stand(OK);
    for (content_type, is_base64) in [
        (Some("application/json; charset=utf-8"), false),
        (Some("TEXT/CSV"), false),
        (Some("application/vnd.api+json"), false),
        (Some("application/x-www-form-urlencoded"), true),
        (Some("image/png"), true),
        (None, false),
    ] {
        let mut request = Request::post("http://http.localhost/");
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        send(&stand.gateway, request, "a=1").await;
        assert_eq!(stand.json()["isBase64Encoded"], is_base64, "{content_type:?}");
    }
}

#[tokio::test]
async fn functions_that_take_http_get_http() {
    let provider = Fake::new(Door::Http, |_, event| {
        let Event::Http(request) = event else { panic!("not HTTP: {event:?}") };
        assert_eq!(request.uri(), "http://http.localhost:3000/files/x%20y?q=1");
        assert_eq!(request.method(), Method::PUT);
        let headers = request.headers();
        assert_eq!(headers["x-forwarded-for"], "10.0.0.1, 203.0.113.7");
        assert_eq!(headers["content-length"], "4");
        assert!(!headers.contains_key("connection"));
        let response = Response::builder()
            .status(201)
            .header("connection", "close")
            .header("x-own", "1")
            .body(request.into_body())
            .expect("a response");
        (Duration::ZERO, Ok(Output::Http(response)))
    });
    let request = Request::put("http://http.localhost:3000/files/x%20y?q=1")
        .header("X-Forwarded-For", "10.0.0.1")
        .header("Connection", "close");
    let response = send(&gateway(provider), request, "echo").await;
    assert_eq!((response.status().as_u16(), response.body().as_ref()), (201, &b"echo"[..]));
    assert_eq!(response.headers()["x-own"], "1");
    assert!(!response.headers().contains_key("connection"));
}

#[tokio::test]
async fn what_goes_wrong_is_answered_as_on_aws() {
    let failing = gateway(Fake::new(Door::Event, |_, _| {
        (
            Duration::ZERO,
            Err(FunctionError::handler(r#"{"errorType":"Mine","errorMessage":"no"}"#.into())),
        )
    }));
    for (uri, status) in [
        ("http://http.localhost/", 500),
        ("http://rest.localhost/", 502),
        ("http://url.localhost/", 502),
        ("http://http.localhost/nowhere", 404),
        ("http://rest.localhost/nowhere", 403),
        ("http://nobody.localhost/", 404),
    ] {
        let response = send(&failing, Request::get(uri), "").await;
        assert_eq!(response.status().as_u16(), status, "{uri}");
    }
    let response = send(&failing, Request::get("http://http.localhost/"), "").await;
    assert_eq!(response.headers()["x-samovar-reason"], "Mine: no");
    let nobody = send(&failing, Request::get("http://nobody.localhost/"), "").await;
    let body = String::from_utf8_lossy(nobody.body()).into_owned();
    assert!(body.contains("http.localhost") && body.contains("url.localhost"), "{body}");
}

/// API Gateway guide, "Quotas": 30 s for HTTP APIs, 29 s for REST APIs.
#[tokio::test(start_paused = true)]
async fn front_ends_wait_only_so_long() {
    let slow = gateway(Fake::new(Door::Event, |_, _| {
        (Duration::from_secs(60), Ok(Output::Bytes(OK.into())))
    }));
    for (host, status, seconds) in [("http", 503, 30), ("rest", 504, 29), ("url", 200, 60)] {
        let began = tokio::time::Instant::now();
        let uri = format!("http://{host}.localhost/");
        let response = send(&slow, Request::get(uri), "").await;
        let waited = began.elapsed().as_secs();
        assert_eq!((response.status().as_u16(), waited), (status, seconds), "{host}");
    }
}

#[tokio::test]
async fn throttled_requests_are_refused() {
    let limits = Limits { concurrency: 0, patience: Duration::ZERO, ..Limits::default() };
    let dispatcher = crate::testing::dispatcher_with(limits);
    let functions = [Arc::new(url_function())];
    dispatcher.register(functions[0].clone(), Fake::answering(OK));
    let apis = [api("Http", ApiKind::Http, "$default", "Url")];
    let gateway = Gateway::new(&apis, &functions, Account::default(), dispatcher, Arc::new(Fixed));
    for (host, status) in [("http", 503), ("url", 429)] {
        let uri = format!("http://{host}.localhost/");
        assert_eq!(send(&gateway, Request::get(uri), "").await.status().as_u16(), status, "{host}");
    }
}

#[tokio::test]
async fn payloads_have_limits() {
    let gateway = gateway(Fake::answering(OK));
    let peer = "127.0.0.1:1".parse().expect("an address");
    for (host, length, status) in [
        ("http", API_BODY_LIMIT + 1, 413),
        ("rest", API_BODY_LIMIT + 1, 413),
        ("url", EVENT_LIMIT + 1, 413),
        // Within API Gateway's limit, over Lambda's.
        ("http", EVENT_LIMIT, 413),
        ("http", EVENT_LIMIT - 10_000, 200),
    ] {
        let body = Full::new(Bytes::from(vec![b'a'; length]));
        let uri = format!("http://{host}.localhost/");
        let request = Request::post(uri).body(body).expect("a request");
        let response = gateway.handle(request, peer).await;
        assert_eq!(response.status().as_u16(), status, "{host} {length}");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let stand = stand(OK);
    let response = send(&stand.gateway, Request::head("http://http.localhost/"), "").await;
    assert_eq!(response.headers()["content-length"], "4");
    assert!(response.body().is_empty());
    assert_eq!(stand.json()["requestContext"]["http"]["method"], "HEAD");
}
