use http_body_util::BodyExt;

use super::*;
use Front::{FunctionUrl, HttpApi, RestApi};

fn mapping(front: Front) -> Mapping {
    let format = if front == RestApi { PayloadFormat::V1 } else { PayloadFormat::V2 };
    Mapping { front, format, takes_binary: true, streaming: false }
}

fn parse(front: Front, payload: &[u8]) -> Result<Response<Bytes>, Malformed> {
    mapping(front).parse(payload)
}

/// Status, content type, body.
fn parsed(front: Front, payload: &str) -> Result<(u16, String, Vec<u8>), Malformed> {
    let response = parse(front, payload.as_bytes())?;
    let content_type = response.headers()[header::CONTENT_TYPE].to_str().expect("text").to_owned();
    Ok((response.status().as_u16(), content_type, response.into_body().to_vec()))
}

/// API Gateway guide, "Lambda function response for format 2.0"; aws-lambda-dotnet,
/// `InvokeResponseExtensionsIntegrationTests.cs`, whose payloads these are.
#[test]
fn format_2_infers_a_response() {
    for front in [HttpApi, FunctionUrl] {
        for (payload, body) in [
            (r#"{"orders": [1]}"#, r#"{"orders": [1]}"#),
            (r#""hello""#, "hello"),
            ("[1,2]", "[1,2]"),
            ("null", "null"),
            ("7", "7"),
            (r#"{"body":"x"}"#, r#"{"body":"x"}"#),
            (r#""Special \"quoted\" text""#, "Special \"quoted\" text"),
            // AWS does not insist on JSON.
            (r#"{"name": "John Doe", "age":"#, r#"{"name": "John Doe", "age":"#),
            ("Hello, World!", "Hello, World!"),
            ("", ""),
        ] {
            let expected = (200, "application/json".to_owned(), body.as_bytes().to_vec());
            assert_eq!(parsed(front, payload), Ok(expected), "{front:?} {payload}");
        }
    }
}

#[test]
fn a_proxy_response_is_taken_at_its_word() {
    let payload = r#"{"statusCode":201,"headers":{"Content-Type":"image/png","X-N":7,"X-B":true,
        "X-Null":null},"body":"iVBORw==","isBase64Encoded":true}"#;
    for front in [HttpApi, FunctionUrl, RestApi] {
        let response = parse(front, payload.as_bytes()).expect("a response");
        assert_eq!(response.status(), 201);
        let headers = response.headers();
        assert_eq!(headers["content-type"], "image/png");
        assert_eq!(
            (&headers["x-n"], &headers["x-b"]),
            (&"7".parse().unwrap(), &"true".parse().unwrap())
        );
        assert!(!headers.contains_key("x-null"));
        assert_eq!(response.body().as_ref(), b"\x89PNG");
    }
}

#[test]
fn content_type_has_a_default() {
    let payload = r#"{"statusCode":200,"body":"x"}"#;
    let default = |front| parsed(front, payload).map(|parsed| parsed.1);
    assert_eq!(default(HttpApi).as_deref(), Ok("text/plain;charset=UTF-8"));
    assert_eq!(default(FunctionUrl).as_deref(), Ok("application/json"));
    assert_eq!(default(RestApi).as_deref(), Ok("application/json"));
}

#[test]
fn format_2_has_a_set_cookie_for_each_cookie() {
    let payload = r#"{"statusCode":200,"cookies":["a=1; Secure","b=2"],"body":""}"#;
    let response = parse(HttpApi, payload.as_bytes()).expect("a response");
    let cookies: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().collect();
    assert_eq!(cookies, ["a=1; Secure", "b=2"]);
}

/// API Gateway guide, "Output format of a Lambda function for proxy integration".
#[test]
fn format_1_merges_headers_with_multi_value_headers() {
    let payload = r#"{"statusCode":200,"headers":{"X-A":"1","X-B":"same"},
        "multiValueHeaders":{"X-A":["2","3"],"x-b":["same"]},"body":""}"#;
    let response = parse(RestApi, payload.as_bytes()).expect("a response");
    let values = |name| response.headers().get_all(name).iter().collect::<Vec<_>>();
    assert_eq!(values("x-a"), ["2", "3", "1"]);
    assert_eq!(values("x-b"), ["same"]);
}

#[test]
fn headers_that_belong_to_the_connection_stay_out() {
    let payload = r#"{"statusCode":200,"headers":{"Connection":"close","Transfer-Encoding":"chunked",
        "Content-Length":"999"},"body":"x"}"#;
    let response = parse(HttpApi, payload.as_bytes()).expect("a response");
    assert_eq!(response.headers().len(), 1, "{:?}", response.headers());
}

#[test]
fn malformed_responses_are_named() {
    let header = |name: &str| Malformed::Header(name.to_owned());
    for (front, payload, expected) in [
        (RestApi, "hello", Malformed::NotJson),
        (RestApi, "", Malformed::NotJson),
        (RestApi, r#"{"statusCode":0}"#, Malformed::StatusCode("0".into())),
        (RestApi, r#""hello""#, Malformed::NotAnObject),
        (RestApi, r#"{"statusCode":200,"cookies":[]}"#, Malformed::UnknownField("cookies".into())),
        (HttpApi, r#"{"statusCode":99}"#, Malformed::StatusCode("99".into())),
        (HttpApi, r#"{"statusCode":101}"#, Malformed::StatusCode("101".into())),
        (HttpApi, r#"{"statusCode":"ok"}"#, Malformed::StatusCode("\"ok\"".into())),
        (HttpApi, r#"{"statusCode":200.5}"#, Malformed::StatusCode("200.5".into())),
        (HttpApi, r#"{"statusCode":200,"body":{}}"#, Malformed::Type("body")),
        (HttpApi, r#"{"statusCode":200,"headers":[]}"#, Malformed::Type("headers")),
        (RestApi, r#"{"headers":{"a":["b"]}}"#, Malformed::Type("headers")),
        (HttpApi, r#"{"statusCode":200,"headers":{"a b":"c"}}"#, header("a b")),
        (HttpApi, r#"{"statusCode":200,"headers":{"a":"b\r\nc: d"}}"#, header("a")),
        (HttpApi, r#"{"statusCode":200,"body":"%","isBase64Encoded":true}"#, Malformed::Base64),
    ] {
        assert_eq!(parse(front, payload.as_bytes()).err(), Some(expected), "{front:?} {payload}");
    }
}

#[test]
fn endless_headers_do_no_harm() {
    let headers: Map<String, Value> = (0..40_000).map(|n| (format!("x-{n}"), n.into())).collect();
    let payload = serde_json::json!({"statusCode": 200, "headers": headers}).to_string();
    assert_eq!(parse(HttpApi, payload.as_bytes()).err(), Some(Malformed::TooManyHeaders));
}

#[test]
fn a_status_may_be_text_and_rest_apis_default_it() {
    assert_eq!(parsed(HttpApi, r#"{"statusCode":"404"}"#).map(|parsed| parsed.0), Ok(404));
    assert_eq!(parsed(RestApi, r#"{"body":"x"}"#).map(|parsed| parsed.0), Ok(200));
}

#[test]
fn function_urls_write_a_body_out() {
    let written = parsed(FunctionUrl, r#"{"statusCode":200,"body":{"a":1}}"#);
    assert_eq!(written.map(|parsed| parsed.2).as_deref(), Ok(&br#"{"a":1}"#[..]));
}

#[tokio::test]
async fn a_head_response_keeps_the_length() {
    let response = without_body(Response::new(full("12345")));
    assert_eq!(response.headers()[header::CONTENT_LENGTH], "5");
    assert!(response.into_body().collect().await.expect("a body").to_bytes().is_empty());
}

/// API Gateway guide, "Create AWS Lambda proxy integrations for HTTP APIs", format 1.0.
#[test]
fn an_http_api_may_want_format_1() {
    let v1 = Mapping { format: PayloadFormat::V1, ..mapping(HttpApi) };
    let payload = br#"{"statusCode":202,"multiValueHeaders":{"set-cookie":["a=1","b=2"]},
        "body":"eA==","isBase64Encoded":true,"other":1}"#;
    let response = v1.parse(payload).expect("a response");
    assert_eq!((response.status().as_u16(), response.body().as_ref()), (202, &b"x"[..]));
    assert_eq!(response.headers().get_all(header::SET_COOKIE).iter().count(), 2);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain;charset=UTF-8");
    for malformed in [&br#"{"body":"x"}"#[..], br#""text""#, b"[]", b"text"] {
        assert!(v1.parse(malformed).is_err(), "{}", String::from_utf8_lossy(malformed));
    }
}

/// API Gateway guide, "Return binary media from a Lambda proxy integration".
#[test]
fn a_rest_api_decodes_for_those_who_take_binary_bodies() {
    let payload = br#"{"statusCode":200,"body":"iVBORw==","isBase64Encoded":true}"#;
    let body = |takes_binary| {
        let mapping = Mapping { takes_binary, ..mapping(RestApi) };
        mapping.parse(payload).expect("a response").into_body()
    };
    assert_eq!((body(true), body(false)), ((&b"\x89PNG"[..]).into(), (&b"iVBORw=="[..]).into()));
}
