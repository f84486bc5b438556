//! A function answers byte for byte the same in an isolate of this process and through the layer,
//! which runs as Lambda runs it: over the Runtime API of a native environment.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::io::Cursor;

use bytes::Bytes;
use common::{Both, Outcome, headers, request};
use image::{ImageFormat, RgbImage};
use serde_json::{Value, json};

/// Invokes both; what both answered.
async fn invoked(both: &Both, function: &str, event: &Value) -> Outcome {
    let event = event.to_string();
    let (here, layer) =
        tokio::join!(both.here.invoke(function, event.clone()), both.layer.invoke(function, event));
    assert_eq!(here, layer, "{function}");
    here
}

fn document(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Bytes(bytes) | Outcome::Error(bytes) => serde_json::from_slice(bytes).unwrap(),
    }
}

/// Sends a request to both; status, headers and body of both.
async fn answered(
    both: &Both,
    request: http::Request<Bytes>,
) -> (u16, std::collections::BTreeMap<String, Vec<String>>, Bytes) {
    let ((mut here, here_body), (mut layer, layer_body)) =
        tokio::join!(both.here.request(request.clone()), both.layer.request(request.clone()));
    assert_eq!(here.status, layer.status, "{request:?}");
    let (here_body, layer_body) = (here_body.unwrap(), layer_body.unwrap());
    // A server adds it where the length is known.
    for (head, body) in [(&mut here, &here_body), (&mut layer, &layer_body)] {
        if let Some(length) = head.headers.remove("content-length") {
            assert_eq!(length, body.len().to_string());
        }
    }
    // What API Gateway says of an event's response that has none.
    if !here.headers.contains_key("content-type")
        && let Some(content_type) = layer.headers.remove("content-type")
    {
        assert_eq!(content_type, "text/plain;charset=UTF-8");
    }
    assert_eq!(headers(&here), headers(&layer), "{request:?}");
    let seen = [&here_body, &layer_body].map(|body| match request.uri().path() {
        // What the function saw: an event's headers have another order, and `content-length` is
        // among them for requests without a body, too.
        "/headers" => {
            let mut names: Vec<_> = body.split(|byte| *byte == b' ').collect();
            names.retain(|name| *name != b"content-length");
            names.sort();
            names.concat()
        }
        _ => body.to_vec(),
    });
    assert!(seen[0] == seen[1], "{request:?}: {here_body:?} and {layer_body:?}");
    (here.status.as_u16(), headers(&here), here_body)
}

#[tokio::test]
async fn events_and_errors() {
    let both = Both::serve();
    let hello = invoked(&both, "Hello", &json!({"name": "Зоя"})).await;
    assert_eq!(document(&hello), json!({"message": "Hello, Зоя!"}));
    let Outcome::Error(_) = invoked(&both, "Hello", &json!({"name": 7})).await else { panic!() };
    let Outcome::Error(_) = invoked(&both, "Hello", &json!("text")).await else { panic!() };

    for (event, error_type, message) in [
        (json!({"do": "fail"}), "&alloc::boxed::Box<dyn core::error::Error", "invalid digit"),
        (json!({"do": "fail-by-name"}), "OutOfTea", "the samovar is empty"),
        (json!({"do": "panic"}), "Runtime.ExitError", "Lambda panicked: the samovar boils over"),
        // WASI 0.2 knows of an exit whether it is good, and no more.
        (json!({"do": "exit", "status": 3}), "Runtime.ExitError", "exit status 1"),
        (json!({"do": "exit", "status": 0}), "Runtime.ExitError", "without providing a reason"),
        (json!({"do": "large", "bytes": 6_291_600}), "Function.ResponseSizeTooLarge", "6291556"),
        (json!({"do": "large", "bytes": 200 << 20}), "Runtime.ExitError", "signal: killed"),
        (json!({"do": "read", "path": "/etc/passwd"}), "&alloc::boxed::Box", "file"),
    ] {
        let outcome = invoked(&both, "Events", &event).await;
        let Outcome::Error(_) = outcome else { panic!("{event}: {outcome:?}") };
        let document = document(&outcome);
        assert!(document["errorType"].as_str().unwrap().starts_with(error_type), "{document}");
        assert!(document["errorMessage"].as_str().unwrap().contains(message), "{document}");
    }
    let large = invoked(&both, "Events", &json!({"do": "large", "bytes": 6_000_000})).await;
    assert_eq!(document(&large).as_str().unwrap().len(), 6_000_000);
}

/// Nothing of one invocation is there in the next, though one process serves them.
#[tokio::test]
async fn each_invocation_has_an_isolate_of_its_own() {
    let both = Both::serve();
    for _ in 0..3 {
        assert_eq!(document(&invoked(&both, "Events", &json!({"do": "count"})).await), json!(1));
        invoked(&both, "Events", &json!({"do": "panic"})).await;
    }
}

#[tokio::test]
async fn the_context_is_the_invocations() {
    let both = Both::serve();
    let event = json!({"do": "context"}).to_string();
    let [here, layer] = [
        document(&both.here.invoke("Events", event.clone()).await),
        document(&both.layer.invoke("Events", event).await),
    ]
    .map(|mut context| {
        let remaining = context["remaining"].take().as_u64().unwrap();
        assert!((1..=30).contains(&remaining), "{remaining}");
        context
    });
    assert_eq!(here, layer);
    assert_eq!(layer["requestId"], "8f5e1c2d-0000-4000-8000-000000000000");
    assert_eq!(layer["arn"], "arn:aws:lambda:us-east-1:000000000000:function:Events");
    assert_eq!(layer["clientContext"]["custom"]["tea"], "black");
}

/// `http!` handlers have it too, and lines of `tracing` its request id. What clients say of it counts
/// for nothing.
#[tokio::test]
async fn the_context_of_http_is_the_invocations() {
    let both = Both::serve();
    let forged = [("x-amzn-lambda-context", "{}"), ("X-Amzn-Lambda-Context", "forged")];
    for side in [&both.here, &both.layer] {
        let asked = request("GET", "localhost", "/context", &forged, "");
        let (head, body) = side.request(asked).await;
        assert_eq!(head.status, 200);
        let mut said: Value = serde_json::from_slice(&body.unwrap()).unwrap();
        assert_eq!(said["headers"].as_array().unwrap().len(), 1, "{said}");
        let header: Value = serde_json::from_str(said["headers"][0].as_str().unwrap()).unwrap();
        let told = said["told"].take();
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:Router";
        assert_eq!((&told[1], &told[2], &told[3]), (&json!("Router"), &json!(128), &json!(arn)));
        assert!((1..=30).contains(&told[5].as_u64().unwrap()), "{told}");
        assert_eq!(header["request_id"], told[0]);
        assert_eq!(header["xray_trace_id"], told[4]);
        assert_eq!(header["env_config"]["function_name"], "Router");
        let id = told[0].as_str().unwrap();
        let log = side.log("Router");
        let is_line = |line: &String| line.contains("asked for its context") && line.contains(id);
        assert!(id.len() == 36 && log.iter().any(is_line), "{id}: {log:?}");
    }
    // An event of a direct invoke tells likewise.
    let event = json!({
        "version": "2.0", "rawPath": "/context", "headers": {"x-amzn-lambda-context": "forged"},
        "requestContext": {"http": {"method": "GET"}},
    });
    for side in [&both.here, &both.layer] {
        let answer = document(&side.invoke("Router", event.to_string()).await);
        let said: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(said["told"][0], "8f5e1c2d-0000-4000-8000-000000000000");
        assert_eq!(said["headers"].as_array().unwrap().len(), 1);
    }
}

/// The layer adds what Lambda has more of, and nothing of the process.
#[tokio::test]
async fn the_variables_are_the_functions() {
    let both = Both::serve();
    let event = json!({"do": "variables"}).to_string();
    let variables = async |side: &common::Side| {
        let pairs = document(&side.invoke("Events", event.clone()).await);
        let pairs: Vec<(String, String)> = match pairs {
            Value::Object(map) => {
                map.into_iter().map(|(k, v)| (k, v.as_str().unwrap().to_owned())).collect()
            }
            other => serde_json::from_value(other).unwrap(),
        };
        std::collections::BTreeMap::from_iter(pairs)
    };
    let (here, layer) = (variables(&both.here).await, variables(&both.layer).await);
    for (name, value) in &here {
        assert_eq!(layer.get(name), Some(value), "{name}");
    }
    assert_eq!(layer["TEA"], "black");
    let more: Vec<_> = layer.keys().filter(|name| !here.contains_key(*name)).collect();
    assert_eq!(more, ["AWS_LAMBDA_LOG_STREAM_NAME", "AWS_XRAY_CONTEXT_MISSING", "LANG"]);
}

#[tokio::test]
async fn the_log_is_the_functions() {
    let both = Both::serve();
    invoked(&both, "Events", &json!({"do": "log"})).await;
    let (here, layer) = (both.here.log("Events"), both.layer.log("Events"));
    assert_eq!(here, layer);
    assert!(layer.iter().any(|line| line == "to standard error"), "{layer:?}");
}

#[tokio::test]
async fn commands() {
    let both = Both::serve();
    let answered = invoked(&both, "Command", &json!("tea")).await;
    assert_eq!(answered, Outcome::Bytes("TEA".into()));
    for event in ["fail", "flood"] {
        let Outcome::Error(_) = invoked(&both, "Command", &json!(event)).await else { panic!() };
    }
}

#[tokio::test]
async fn a_time_out_is_lambdas() {
    let both = Both::serve();
    for _ in 0..2 {
        let outcome = invoked(&both, "Endless", &json!({})).await;
        let Outcome::Error(_) = outcome else { panic!("{outcome:?}") };
        assert_eq!(document(&outcome)["errorType"], "Sandbox.Timedout");
    }
}

#[tokio::test]
async fn http_components_take_events() {
    let both = Both::serve();
    let function_url = |path: &str| {
        json!({
            "version": "2.0", "rawPath": path, "headers": {"a": "b"},
            "requestContext": {"http": {"method": "GET"}},
        })
    };
    let load_balancer = json!({
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:..."}},
        "httpMethod": "GET", "path": "/hello", "queryStringParameters": {"name": "Ada"},
        "headers": {}, "body": "", "isBase64Encoded": false,
    });
    let hello = document(&invoked(&both, "Router", &function_url("/hello")).await);
    assert_eq!((&hello["statusCode"], &hello["body"]), (&json!(200), &json!("Hello, World!\n")));
    let hello = document(&invoked(&both, "Router", &load_balancer).await);
    assert_eq!(hello["statusDescription"], "200 OK");
    assert_eq!(hello["body"], "Hello, Ada!\n");
    for (event, error_type) in [
        (function_url("/endless"), "Function.ResponseSizeTooLarge"),
        (function_url("/panic"), "Runtime.ExitError"),
        (json!({"name": "Ada"}), "Runtime.InvalidEvent"),
    ] {
        let outcome = invoked(&both, "Router", &event).await;
        let Outcome::Error(_) = outcome else { panic!("{event}: {outcome:?}") };
        assert_eq!(document(&outcome)["errorType"], error_type);
    }
}

/// `Handler: hello`, which Samovar does not take for a component of its own.
#[tokio::test]
async fn a_handler_needs_no_extension() {
    for handler in ["hello", "hello.wasm", "hello.cwasm"] {
        let started = common::start(handler, common::code()).await;
        assert!(started.is_ok(), "{handler}: {:?}", started.err());
    }
}

/// Each is an init error, which Lambda shows in the log and answers to callers.
#[tokio::test]
async fn what_cannot_be_run_is_told_at_the_start() {
    for (handler, file, content, told) in [
        ("a.wasm", "b.wasm", b"".as_slice(), "there is neither"),
        ("a.wasm", "a.cwasm", b"\x7fELF and nothing else", "`samovar build --aot`"),
        ("a.cwasm", "a.wasm", b"\0asm\x01\0\0\0", "core module"),
        ("bootstrap", "a.wasm", b"", "there is neither /"),
        ("app.handler", "app.wasm", b"", "names its component"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(file), content).unwrap();
        let error = common::start(handler, folder.path()).await.err().unwrap();
        assert_eq!(error.error_type, "Runtime.InvalidEntrypoint", "{error:?}");
        assert!(error.message.contains(told), "{error:?}");
    }
}

#[tokio::test]
async fn a_function_url() {
    let both = Both::serve();
    let host = "hello.localhost";
    let (status, headers, body) =
        answered(&both, request("GET", host, "/?name=Ada", &[], "")).await;
    assert_eq!((status, &body[..]), (200, br#"{"message":"Hello, Ada!"}"#.as_slice()));
    assert_eq!(headers["content-type"], ["application/json"]);
    answered(&both, request("POST", host, "/", &[], r#"{"name":"Ada"}"#)).await;
    assert_eq!(answered(&both, request("POST", host, "/", &[], "{")).await.0, 502);
}

/// WASI 0.3 has an engine of its own.
#[tokio::test]
async fn components_of_wasi_3() {
    let both = Both::serve();
    let event = json!({"cups": 3});
    let printed = invoked(&both, "Command3", &event).await;
    assert_eq!(printed, Outcome::Bytes(event.to_string().into()));
    for event in ["fail", "exit"] {
        let Outcome::Error(_) = invoked(&both, "Command3", &json!(event)).await else { panic!() };
    }

    let host = "service.localhost";
    let send = async |method: &str, target: &str, body: &'static [u8]| {
        let (status, _, body) = answered(&both, request(method, host, target, &[], body)).await;
        (status, body)
    };
    assert_eq!(send("GET", "/hello?name=Ada", b"").await, (200, "Hello, Ada!\n".into()));
    for _ in 0..2 {
        assert_eq!(send("GET", "/count", b"").await, (200, "1".into()));
    }
    assert_eq!(send("POST", "/echo", b"two cups").await, (200, "two cups".into()));
    assert_eq!(send("GET", "/panic", b"").await.0, 502);
}

#[tokio::test]
async fn pictures_through_an_http_api() {
    let both = Both::serve();
    let mut picture = RgbImage::new(320, 240);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        pixel.0 = [(x % 256) as u8, (y % 256) as u8, 128];
    }
    for format in [ImageFormat::Png, ImageFormat::Jpeg] {
        let mut bytes = Vec::new();
        picture.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        let content_type = [("content-type", format.to_mime_type())];
        let sent = request("POST", "localhost", "/thumbnail?width=32", &content_type, bytes);
        let (status, headers, body) = answered(&both, sent).await;
        assert_eq!(status, 200, "{body:?}");
        assert_eq!(headers["content-type"], ["image/png"]);
        let small = image::load_from_memory_with_format(&body, ImageFormat::Png).unwrap();
        assert_eq!((small.width(), small.height()), (32, 24));
    }
    let bad = request("POST", "localhost", "/thumbnail?width=0", &[], "x");
    assert_eq!(answered(&both, bad).await.0, 400);
    let bad = request("POST", "localhost", "/thumbnail?width=32", &[], "no picture");
    assert_eq!(answered(&both, bad).await.0, 415);
}

#[tokio::test]
async fn http_through_an_http_api() {
    let both = Both::serve();
    let send = async |method: &str, target: &str, headers: &[(&str, &str)], body: &'static [u8]| {
        answered(&both, request(method, "localhost", target, headers, body)).await
    };
    let (_, _, body) = send("GET", "/hello?name=%D0%97%D0%BE%D1%8F%20%26", &[], b"").await;
    assert_eq!(body, "Hello, Зоя &!\n");
    let (status, headers, _) =
        send("GET", "/headers", &[("x-two", "a"), ("cookie", "b=c")], b"").await;
    assert_eq!((status, &headers["set-cookie"][..]), (200, ["a=b".to_owned()].as_slice()));
    let (status, _, body) = send("POST", "/echo", &[], b"\xff\x00 bytes").await;
    assert_eq!((status, &body[..]), (201, b"\xff\x00 bytes".as_slice()));
    assert_eq!(send("GET", "/panic", &[], b"").await.0, 500);
    assert_eq!(send("GET", "/nowhere", &[], b"").await.0, 404);
}

#[tokio::test]
async fn responses_are_streamed_where_the_function_asks_for_it() {
    let both = Both::serve();
    let host = "stream.localhost";
    let (status, _, body) = answered(&both, request("GET", host, "/hello", &[], "")).await;
    assert_eq!((status, &body[..]), (200, b"Hello, World!\n".as_slice()));
    let (_, headers, _) = answered(&both, request("GET", host, "/headers", &[], "")).await;
    assert_eq!(headers["set-cookie"], ["a=b"]);

    // A response that breaks off is told as such, after its first part.
    let breaks_off = || request("GET", host, "/breaks-off", &[], "");
    let (head, body) = both.layer.request(breaks_off()).await;
    assert_eq!(head.status, 200);
    let layer = body.unwrap_err();
    assert!(layer.contains("the samovar is empty"), "{layer}");
    both.here.request(breaks_off()).await.1.unwrap_err();
    // And it harms no other invocation of the same process.
    answered(&both, request("GET", host, "/hello", &[], "")).await;
}
