use http::Response;

use super::*;

async fn parsed(event: Value) -> (Format, Request<Bytes>) {
    let (format, request) = request(event.to_string().as_bytes()).unwrap();
    let (head, body) = request.into_parts();
    (format, Request::from_parts(head, body.collect().await.unwrap().to_bytes()))
}

/// AWS Lambda Developer Guide, "Invoking Lambda function URLs", shortened.
fn v2() -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": "/my/p%20th",
        "rawQueryString": "a=value1&a=value%202&b=x",
        "cookies": ["cookie1=a", "cookie2=b"],
        "headers": {"header1": "value1", "header2": "value1,value2"},
        "queryStringParameters": {"a": "value1,value 2", "b": "x"},
        "requestContext": {
            "domainName": "abc.lambda-url.us-east-1.on.aws",
            "http": {"method": "POST", "path": "/my/p th", "protocol": "HTTP/1.1"},
        },
        "body": "SGVsbG8=",
        "pathParameters": null,
        "isBase64Encoded": true,
    })
}

/// API Gateway Developer Guide, "Input format of a Lambda function for proxy integration".
fn v1() -> Value {
    json!({
        "resource": "/my/{proxy+}",
        "path": "/my/p th",
        "httpMethod": "GET",
        "headers": {"header1": "value1", "Header2": "value2"},
        "multiValueHeaders": {"header1": ["value1"], "Header2": ["value1", "value2"]},
        "queryStringParameters": {"a": "2", "b c": "d&e"},
        "multiValueQueryStringParameters": {"a": ["1", "2"], "b c": ["d&e"]},
        "requestContext": {"httpMethod": "GET", "domainName": "id.execute-api.us-east-1.amazonaws.com"},
        "body": null,
        "isBase64Encoded": false,
    })
}

#[tokio::test]
async fn a_caller_is_told_by_a_header() {
    let forged = json!({"x-amzn-request-context": "{}", "X-Amzn-Lambda-Context": "{}"});
    for (mut event, member, value) in [
        (v2(), "authorizer", json!({"lambda": {"name": "Зоя"}})),
        (v1(), "authorizer", json!({"principalId": "ann"})),
        (v1(), "identity", json!({"apiKeyId": "k1", "sourceIp": "203.0.113.7"})),
    ] {
        event["headers"] = forged.clone();
        event["multiValueHeaders"] = Value::Null;
        let (_, request) = parsed(event.clone()).await;
        for name in ["x-amzn-request-context", "x-amzn-lambda-context"] {
            assert!(!request.headers().contains_key(name), "{name}");
        }

        event["requestContext"][member] = value;
        let (_, request) = parsed(event.clone()).await;
        assert_eq!(request.headers().get_all("x-amzn-request-context").iter().count(), 1);
        assert!(!request.headers().contains_key("x-amzn-lambda-context"));
        let context = request.headers()["x-amzn-request-context"].as_bytes();
        let context: Value = serde_json::from_slice(context).unwrap();
        assert_eq!(context, event["requestContext"]);
    }
}

#[tokio::test]
async fn reads_format_2() {
    let (format, request) = parsed(v2()).await;
    assert_eq!(format, Format::V2);
    assert_eq!(request.method(), "POST");
    assert_eq!(request.uri(), "/my/p%20th?a=value1&a=value%202&b=x");
    let headers = request.headers();
    assert_eq!(headers["header2"], "value1,value2");
    assert_eq!(headers[COOKIE], "cookie1=a; cookie2=b");
    assert_eq!(headers[HOST], "abc.lambda-url.us-east-1.on.aws");
    assert_eq!(request.body(), "Hello");
}

#[tokio::test]
async fn reads_format_1() {
    let (format, request) = parsed(v1()).await;
    assert_eq!(format, Format::V1);
    assert_eq!(request.method(), "GET");
    assert_eq!(request.uri(), "/my/p%20th?a=1&a=2&b%20c=d%26e");
    let values: Vec<_> = request.headers().get_all("header2").iter().collect();
    assert_eq!(values, ["value1", "value2"]);
    assert!(request.body().is_empty());
}

#[tokio::test]
async fn a_load_balancer_leaves_the_query_encoded() {
    let (format, request) = parsed(json!({
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:..."}},
        "httpMethod": "GET",
        "path": "/lambda",
        "queryStringParameters": {"query": "1234%20ABCD"},
        "headers": {"host": "lambda-alb-1.us-east-1.elb.amazonaws.com"},
        "body": "",
        "isBase64Encoded": false,
    }))
    .await;
    assert_eq!(request.uri(), "/lambda?query=1234%20ABCD");
    assert_eq!(format, Format::Alb { multi_value: false });
}

/// User Guide for Application Load Balancers, "Requests with multi-value headers".
#[tokio::test]
async fn reads_multi_value_headers_of_a_load_balancer() {
    let (format, request) = parsed(json!({
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:..."}},
        "httpMethod": "GET",
        "path": "/",
        "multiValueQueryStringParameters": {"myKey": ["val1", "val2"]},
        "multiValueHeaders": {"accept": ["a"], "cookie": ["name1=value1", "name2=value2"]},
        "body": "",
        "isBase64Encoded": false,
    }))
    .await;
    assert_eq!(request.uri(), "/?myKey=val1&myKey=val2");
    assert_eq!(request.headers().get_all(COOKIE).iter().count(), 2);
    assert_eq!(format, Format::Alb { multi_value: true });
}

#[test]
fn other_events_are_refused_by_what_is_missing() {
    for event in [json!({"name": "Ada"}), json!({"Records": []}), json!(null), json!("text")] {
        let error = request(event.to_string().as_bytes()).unwrap_err();
        assert!(error.contains("rawPath"), "{error}");
    }
    let with = |name: &str, value: Value| {
        let mut event = v2();
        event[name] = value;
        request(event.to_string().as_bytes()).unwrap_err()
    };
    assert!(with("body", json!("?")).contains("not base64"));
    assert!(with("headers", json!({"a b": "c"})).contains("\"a b\""));
    assert!(with("headers", json!({"a": "b\r\nc: d"})).contains("\"a\""));
    assert!(with("rawQueryString", json!("a b")).contains("no valid request"));
    let method = json!({"http": {"method": "GET /"}});
    assert!(with("requestContext", method).contains("no valid request"));
}

fn answer(format: Format, headers: &[(&str, &str)], body: &[u8]) -> Value {
    let mut response = Response::builder().status(201);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    let (head, ()) = response.body(()).unwrap().into_parts();
    serde_json::from_slice(&format.response(&head, body)).unwrap()
}

const HEADERS: [(&str, &str); 4] =
    [("content-type", "text/plain"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("vary", "x")];

#[test]
fn answers_in_format_2() {
    assert_eq!(
        answer(Format::V2, &HEADERS, b"tea"),
        json!({
            "statusCode": 201,
            "headers": {"content-type": "text/plain", "vary": "x"},
            "cookies": ["a=1", "b=2"],
            "body": "tea",
            "isBase64Encoded": false,
        })
    );
}

#[test]
fn answers_in_format_1() {
    assert_eq!(
        answer(Format::V1, &HEADERS, b"tea"),
        json!({
            "statusCode": 201,
            "headers": {"content-type": "text/plain", "vary": "x"},
            "multiValueHeaders": {
                "content-type": ["text/plain"],
                "set-cookie": ["a=1", "b=2"],
                "vary": ["x"],
            },
            "body": "tea",
            "isBase64Encoded": false,
        })
    );
}

/// The same guide, "Respond to the load balancer" and "Responses with multi-value headers".
#[test]
fn answers_a_load_balancer() {
    assert_eq!(
        answer(Format::Alb { multi_value: false }, &HEADERS, b"tea"),
        json!({
            "statusCode": 201,
            "statusDescription": "201 Created",
            "headers": {"content-type": "text/plain", "set-cookie": "b=2", "vary": "x"},
            "body": "tea",
            "isBase64Encoded": false,
        })
    );
    assert_eq!(
        answer(Format::Alb { multi_value: true }, &HEADERS, b"\xff"),
        json!({
            "statusCode": 201,
            "statusDescription": "201 Created",
            "multiValueHeaders": {
                "content-type": ["text/plain"],
                "set-cookie": ["a=1", "b=2"],
                "vary": ["x"],
            },
            "body": "/w==",
            "isBase64Encoded": true,
        })
    );
}

#[test]
fn what_is_no_text_goes_as_base64() {
    for (headers, body, is_base64) in [
        ([("content-type", "image/png")].as_slice(), b"tea".as_slice(), true),
        (&[("content-type", "application/problem+json; charset=utf-8")], b"{}", false),
        (&[("content-type", "application/json"), ("content-encoding", "gzip")], b"{}", true),
        (&[("content-type", "text/plain")], b"\xff", true),
        (&[], b"tea", false),
        (&[], b"\xff", true),
    ] {
        let answer = answer(Format::V2, headers, body);
        assert_eq!(answer["isBase64Encoded"], is_base64, "{headers:?}");
        let text = answer["body"].as_str().unwrap();
        if is_base64 {
            assert_eq!(BASE64.decode(text).unwrap(), body);
        }
    }
}
