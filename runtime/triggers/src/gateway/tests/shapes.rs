//! The shapes of events beside those that AWS sends, and what `lambda_http` makes of them.
//!
//! `fixtures/http-api-2.0.json` and `rest-api.json` are `example-apigw-v2-request-no-authorizer`
//! and `example-apigw-request` of the crate aws_lambda_events 1.2 (MIT), recorded from AWS.

use std::collections::BTreeSet;

use http::Version;
use lambda_http::RequestExt;
use lambda_http::request::from_str;
use samovar_app::PayloadFormat;

use super::*;

/// Pointers to all members, but not into what each request brings of its own.
fn members(event: &Value) -> BTreeSet<String> {
    fn walk(value: &Value, at: &str, members: &mut BTreeSet<String>) {
        let Value::Object(map) = value else { return };
        for (name, value) in map {
            let at = format!("{at}/{name}");
            let is_open = at == "/requestContext" || at.starts_with("/requestContext/");
            members.insert(at.clone());
            if is_open {
                walk(value, &at, members);
            }
        }
    }
    let mut found = BTreeSet::new();
    walk(event, "", &mut found);
    found
}

/// What one has and the other has not: ours first.
fn differences(ours: &Value, fixture: &str) -> (Vec<String>, Vec<String>) {
    let theirs: Value = serde_json::from_str(fixture).expect("JSON");
    let (ours, theirs) = (members(ours), members(&theirs));
    (ours.difference(&theirs).cloned().collect(), theirs.difference(&ours).cloned().collect())
}

#[tokio::test]
async fn format_2_has_the_members_of_aws() {
    let stand = stand(OK);
    send(&stand.gateway, Request::get("http://http.localhost:3000/"), "").await;
    let fixture = include_str!("../fixtures/http-api-2.0.json");
    let (more, fewer) = differences(&stand.json(), fixture);
    assert_eq!(more, Vec::<String>::new());
    // The fixture's client had a certificate.
    let of_mutual_tls = |member: &String| member.starts_with("/requestContext/authentication");
    assert!(fewer.iter().all(of_mutual_tls), "{fewer:?}");
}

#[tokio::test]
async fn rest_apis_have_the_members_of_aws() {
    let stand = stand(OK);
    let request = Request::post("http://rest.localhost:3000/files/hello?name=me");
    send(&stand.gateway, request, "{}").await;
    let fixture = include_str!("../fixtures/rest-api.json");
    let (more, fewer) = differences(&stand.json(), fixture);
    // It was recorded before AWS added these, and without what is false.
    assert_eq!(
        more,
        [
            "/isBase64Encoded",
            "/requestContext/deploymentId",
            "/requestContext/extendedRequestId",
            "/requestContext/identity/principalOrgId",
        ]
    );
    // The fixture's client had an API key and went through an authorizer.
    let of_authorization = |member: &String| {
        member.starts_with("/requestContext/authorizer") || member.contains("/identity/apiKey")
    };
    assert!(fewer.iter().all(of_authorization), "{fewer:?}");
}

fn stand_with(format: PayloadFormat) -> Stand {
    let events: Arc<Mutex<Vec<Bytes>>> = Arc::default();
    let seen = events.clone();
    let provider = Fake::new(Door::Event, move |_, event| {
        seen.lock().expect("events").push(bytes(event));
        (Duration::ZERO, Ok(Output::Bytes(OK.into())))
    });
    let dispatcher = dispatcher();
    let functions = [Arc::new(function("F")), Arc::new(url_function())];
    for function in &functions {
        dispatcher.register(function.clone(), provider.clone());
    }
    let mut http = api("Http", ApiKind::Http, "prod", "F");
    http.stage_variables.insert("color".into(), "red".into());
    for route in &mut http.routes {
        route.payload_format = Some(format);
    }
    let apis = [http, api("Rest", ApiKind::Rest, "Prod", "F")];
    let gateway = Gateway::new(&apis, &functions, Account::default(), dispatcher, Arc::new(Fixed));
    Stand { gateway, events }
}

/// API Gateway guide, "Create AWS Lambda proxy integrations for HTTP APIs", format 1.0, and events
/// of AWS (spring-cloud-function, `CustomRuntimeEventLoopTest.java`).
#[tokio::test]
async fn http_apis_send_format_1_to_those_who_ask_for_it() {
    let stand = stand_with(PayloadFormat::V1);
    let request = Request::post("http://http.localhost:3000/orders/a%20b?x=1&x=2")
        .header("Content-Type", "image/png")
        .header("User-Agent", "curl/8");
    let response = send(&stand.gateway, request, "text").await;
    let id = response.headers()["apigw-requestid"].to_str().expect("text");
    let mut event = stand.json();
    for headers in ["headers", "multiValueHeaders"] {
        let trace = event[headers].as_object_mut().expect("headers").remove("X-Amzn-Trace-Id");
        assert!(trace.is_some());
    }
    assert_eq!(
        event,
        json!({
            "version": "1.0",
            "resource": "/orders/{id}",
            "path": "/orders/a%20b",
            "httpMethod": "POST",
            "headers": {
                "Content-Length": "4",
                "Content-Type": "image/png",
                "Host": "http.localhost:3000",
                "User-Agent": "curl/8",
                "X-Forwarded-For": "203.0.113.7",
                "X-Forwarded-Port": "3000",
                "X-Forwarded-Proto": "http",
            },
            "multiValueHeaders": {
                "Content-Length": ["4"],
                "Content-Type": ["image/png"],
                "Host": ["http.localhost:3000"],
                "User-Agent": ["curl/8"],
                "X-Forwarded-For": ["203.0.113.7"],
                "X-Forwarded-Port": ["3000"],
                "X-Forwarded-Proto": ["http"],
            },
            "queryStringParameters": {"x": "2"},
            "multiValueQueryStringParameters": {"x": ["1", "2"]},
            "pathParameters": {"id": "a b"},
            "stageVariables": {"color": "red"},
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "http0000",
                "domainName": "http.localhost",
                "domainPrefix": "http",
                "extendedRequestId": id,
                "httpMethod": "POST",
                "identity": {
                    "accessKey": null,
                    "accountId": null,
                    "caller": null,
                    "cognitoAmr": null,
                    "cognitoAuthenticationProvider": null,
                    "cognitoAuthenticationType": null,
                    "cognitoIdentityId": null,
                    "cognitoIdentityPoolId": null,
                    "principalOrgId": null,
                    "sourceIp": "203.0.113.7",
                    "user": null,
                    "userAgent": "curl/8",
                    "userArn": null,
                },
                "path": "/orders/a%20b",
                "protocol": "HTTP/1.1",
                "requestId": id,
                "requestTime": "12/Mar/2020:19:03:58 +0000",
                "requestTimeEpoch": NOW_MILLIS,
                "resourceId": "ANY /orders/{id}",
                "resourcePath": "/orders/{id}",
                "stage": "prod",
            },
            "body": "dGV4dA==",
            "isBase64Encoded": true,
        })
    );
    let event: ApiGatewayProxyRequest = serde_json::from_slice(&stand.event()).expect("typed");
    assert_eq!(event.stage_variables["color"], "red");
}

/// What functions in Rust see, whatever front end called them.
#[tokio::test]
async fn lambda_http_reads_every_event() {
    for (format, host) in [
        (PayloadFormat::V2, "http"),
        (PayloadFormat::V1, "http"),
        (PayloadFormat::V2, "rest"),
        (PayloadFormat::V2, "url"),
    ] {
        let stand = stand_with(format);
        let request =
            Request::put(format!("http://{host}.localhost:3000/orders/a%20b?x=1%202&x=3"))
                .version(Version::HTTP_11)
                .header("Content-Type", "text/plain")
                .header("Cookie", "a=1; b=2")
                .header("X-Own", "1");
        send(&stand.gateway, request, "text").await;
        let event = stand.event();
        let event = std::str::from_utf8(&event).expect("text");
        let request = from_str(event).unwrap_or_else(|error| panic!("{error}: {event}"));
        assert_eq!(request.method(), Method::PUT, "{event}");
        let path = request.uri().path();
        assert!(path.ends_with("/orders/a%20b"), "{path} of {event}");
        let stage = match host {
            "http" => "/prod",
            "rest" => "/Prod",
            _ => "",
        };
        assert_eq!(path.strip_suffix("/orders/a%20b"), Some(stage), "{event}");
        assert_eq!(request.uri().host(), Some(format!("{host}.localhost").as_str()));
        let query = request.query_string_parameters();
        assert_eq!(query.all("x").expect("values"), ["1 2", "3"], "{event}");
        assert_eq!(request.headers()["x-own"], "1");
        assert_eq!(request.headers()["cookie"], "a=1; b=2", "{event}");
        assert_eq!(&request.body()[..], b"text");
        if host != "url" {
            let id = request.path_parameters();
            let id = id.first("id").expect("an id");
            assert_eq!(id, if host == "rest" { "a%20b" } else { "a b" }, "{event}");
        }
    }
}
