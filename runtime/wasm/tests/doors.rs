//! What components are given, by what they export, and what comes back.

mod common;

use common::{Parts, example, function, request};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use samovar_dispatch::{Door, Event, MAX_STREAMED_BYTES, Provider, Reply, Response};
use serde_json::{Value, json};
use tokio::sync::mpsc;

#[tokio::test]
async fn hello_answers_direct_invokes_and_its_url() {
    let hello = function("hello");
    assert_eq!(hello.provider().door(), Door::Event);
    let answer = hello.answer(json!({"name": "Ada"})).await.unwrap();
    assert_eq!(answer, json!({"message": "Hello, Ada!"}));
    let url = json!({
        "version": "2.0",
        "rawPath": "/",
        "queryStringParameters": {"name": "Grace"},
        "requestContext": {"http": {"method": "GET", "path": "/"}},
    });
    assert_eq!(hello.answer(url).await.unwrap(), json!({"message": "Hello, Grace!"}));
}

#[tokio::test]
async fn an_event_comes_with_its_context() {
    let guest = example("events");
    let context = guest.answer(json!({"do": "context"})).await.unwrap();
    assert_eq!(context["requestId"].as_str().unwrap().len(), 36);
    assert_eq!(context["functionName"], "guest");
    assert_eq!(context["arn"], "arn:aws:lambda:us-east-1:000000000000:function:guest");
    assert_eq!(context["memory"], 64);
    assert!((1..=60).contains(&context["remaining"].as_u64().unwrap()));
    assert!(context["traceId"].as_str().unwrap().starts_with("Root=1-"));
    assert_eq!(context["clientContext"], json!({"custom": {"tea": "black"}}));
}

/// The same documents as `lambda_runtime` makes natively.
#[tokio::test]
async fn errors_have_lambdas_shape() {
    let guest = example("events");
    let document = async |event: Value| -> Value {
        serde_json::from_slice(&guest.failure(event).await.document("id")).unwrap()
    };
    assert_eq!(
        document(json!({"do": "fail-by-name"})).await,
        json!({"errorType": "OutOfTea", "errorMessage": "the samovar is empty"})
    );
    assert_eq!(
        document(json!({"do": "fail"})).await,
        json!({
            "errorType": "&alloc::boxed::Box<dyn core::error::Error + core::marker::Send + \
                          core::marker::Sync>",
            "errorMessage": "invalid digit found in string",
        })
    );
    let error = document(json!({"do": "read", "path": 7})).await;
    assert_eq!(error["errorType"], "&lambda_runtime::deserializer::DeserializeError");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("failed to deserialize the incoming data"), "{message}");
}

#[tokio::test]
async fn a_panic_is_told_to_the_caller_and_to_the_log() {
    let guest = example("events");
    let error = guest.failure(json!({"do": "panic"})).await;
    assert_eq!(error.error_type, "Runtime.ExitError");
    let told = "Lambda panicked: the samovar boils over, at runtime/function/examples/events.rs:";
    assert!(error.message.starts_with(&format!("Runtime exited with error: {told}")), "{error:?}");
    assert!(error.by_platform);
    assert!(guest.log().iter().any(|line| line.starts_with(told)), "{:?}", guest.log());
}

#[tokio::test]
async fn an_exit_is_answered_as_lambda_answers_it() {
    let guest = example("events");
    let message = async |status: i32| {
        let error = guest.failure(json!({"do": "exit", "status": status})).await;
        assert_eq!(error.error_type, "Runtime.ExitError");
        error.message
    };
    assert_eq!(message(0).await, "Runtime exited without providing a reason");
    assert_eq!(message(1).await, "Runtime exited with error: exit status 1");
}

#[tokio::test]
async fn what_a_guest_writes_is_logged() {
    let guest = example("events");
    guest.answer(json!({"do": "log"})).await.unwrap();
    let log = guest.log();
    let [output, error, event, rest] = log.as_slice() else { panic!("{log:?}") };
    assert_eq!(
        [output, error, rest],
        ["to standard output", "to standard error", "without a line feed"]
    );
    assert!(event.starts_with(" INFO Lambda runtime invoke{requestId="), "{event}");
    assert!(event.ends_with("}: to the subscriber cups=3"), "{event}");
}

#[tokio::test]
async fn a_response_that_is_too_large_is_refused() {
    let guest = example("events");
    let error = guest.failure(json!({"do": "large", "bytes": 6_291_555})).await;
    assert_eq!(error.error_type, "Function.ResponseSizeTooLarge");
    // The quotation marks count.
    guest.answer(json!({"do": "large", "bytes": 6_291_554})).await.unwrap();
}

#[tokio::test]
async fn a_command_reads_its_event_and_prints_its_response() {
    let command = example("command");
    assert_eq!(command.provider().door(), Door::Event);
    assert_eq!(command.answer(json!("7")).await.unwrap(), json!(7));
    assert_eq!(command.log(), ["3 bytes came"]);
    // WASI 0.2 has success and failure, and no status in a stable form.
    let error = command.failure(json!("fail")).await;
    assert_eq!(error.message, "Runtime exited with error: exit status 1");
    let error = command.failure(json!("flood")).await;
    assert_eq!(error.error_type, "Function.ResponseSizeTooLarge");
}

#[tokio::test]
async fn an_axum_router_gets_requests_as_they_are() {
    let router = example("router");
    assert_eq!(router.provider().door(), Door::Http);
    let response = router.respond(request("GET", "/hello?name=Ada", "")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(response.body(), "Hello, Ada!\n");
    assert_eq!(router.log(), ["asked for /hello"]);

    let body = vec![b'x'; 1 << 20];
    let response = router.respond(request("POST", "/length", body)).await.unwrap();
    assert_eq!(response.body(), "1048576");
    let response = router.respond(request("POST", "/length", "")).await.unwrap();
    assert_eq!(response.body(), "0");
    let response = router.respond(request("GET", "/nowhere", "")).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn headers_of_the_connection_stay_outside() {
    let router = example("router");
    let mut request = request("GET", "/headers", "");
    for (name, value) in [("connection", "keep-alive"), ("x-two", "2"), ("host", "tea.example")] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let response = router.respond(request).await.unwrap();
    assert_eq!(response.body(), "x-amzn-lambda-context x-two");
    assert_eq!(response.headers()["x-one"], "1");
    assert!(!response.headers().contains_key("connection"));
}

#[tokio::test]
async fn bodies_stream_both_ways() {
    let router = example("router");
    let (sender, parts) = mpsc::channel(1);
    let request = Request::post("/echo").body(Parts(parts).boxed_unsync()).unwrap();
    let (reply, response) = Reply::channel();
    let client = async {
        let Ok(Response::Http(response)) = response.await.map(|replied| replied.response) else {
            panic!("no response")
        };
        assert_eq!(response.status(), StatusCode::CREATED);
        let mut body = response.into_body();
        for part in ["one", "two"] {
            // The next part is sent only when the one before it is back.
            sender.send(part.into()).await.unwrap();
            let frame = body.frame().await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap(), part);
        }
        drop(sender);
        assert!(body.frame().await.is_none());
    };
    let (ended, ()) = tokio::join!(router.invoke_with(Event::Http(request), reply), client);
    ended.outcome.unwrap();
}

#[tokio::test]
async fn a_response_that_breaks_off_is_not_taken_for_whole() {
    let router = example("router");
    let (reply, response) = Reply::channel();
    let request = request("GET", "/breaks-off", "");
    let client = async {
        let Ok(Response::Http(response)) = response.await.map(|replied| replied.response) else {
            panic!("no response")
        };
        response.into_body().collect().await.map(|_| ()).map_err(|error| error.to_string())
    };
    let (ended, body) = tokio::join!(router.invoke_with(Event::Http(request), reply), client);
    let error = ended.outcome.unwrap_err();
    assert!(error.message.contains("Lambda panicked: the samovar is empty"), "{error:?}");
    assert_eq!(body.unwrap_err(), "the function ended before its response did");
}

/// The guest is a few parts ahead of who reads, however long that takes, and ends when nobody reads
/// any more.
#[tokio::test]
async fn a_guest_waits_for_its_reader_and_ends_without_one() {
    let router = example("router");
    let (reply, response) = Reply::channel();
    let client = async {
        let Ok(Response::Http(response)) = response.await.map(|replied| replied.response) else {
            panic!("no response")
        };
        let mut body = response.into_body();
        for read in 1..=20 {
            body.frame().await.unwrap().unwrap();
            // It may go on meanwhile, and does not get far.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            let written = router.log().len();
            assert!(written <= read + 4, "{written} parts were written, and {read} read");
        }
    };
    let request = Event::Http(request("GET", "/endless", ""));
    let (ended, ()) = tokio::join!(router.invoke_with(request, reply), client);
    assert_eq!(ended.outcome, Ok(()));
    assert!(ended.memory < 8 << 20, "{}", ended.memory);
    // The guest may notice first.
    let log = router.log();
    let told = ["nobody reads its response", "response's body broke off"];
    assert!(told.iter().any(|told| log.last().unwrap().contains(told)), "{log:?}");
}

/// Lambda guide, "Lambda quotas": 6 MB of a response that does not stream.
#[tokio::test]
async fn who_takes_no_stream_gets_a_whole_response_or_none() {
    let router = example("router");
    let buffered = async |method: &str, path: &str, body: Vec<u8>| {
        let (reply, response) = Reply::channel();
        let event = Event::Http(request(method, path, body));
        let ended = router.invoke_as(event, false, reply).await;
        (ended.outcome, response.await.map(|replied| replied.response))
    };
    let (outcome, response) = buffered("POST", "/echo", vec![b'x'; 6_291_556]).await;
    outcome.unwrap();
    let Ok(Response::Http(response)) = response else { panic!("no response") };
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes().len(), 6_291_556);

    let (outcome, response) = buffered("GET", "/endless", Vec::new()).await;
    assert_eq!(outcome.unwrap_err().error_type, "Function.ResponseSizeTooLarge");
    response.unwrap_err();
    let (outcome, response) = buffered("GET", "/breaks-off", Vec::new()).await;
    assert_eq!(outcome.unwrap_err().error_type, "Runtime.ExitError");
    response.unwrap_err();
}

#[tokio::test]
async fn a_stream_has_its_own_limit() {
    let router = example("router");
    let (reply, response) = Reply::channel();
    let client = async {
        let Ok(Response::Http(response)) = response.await.map(|replied| replied.response) else {
            panic!("no response")
        };
        let (mut body, mut count) = (response.into_body(), 0);
        loop {
            match body.frame().await.unwrap() {
                Ok(frame) => count += frame.into_data().unwrap().len() as u64,
                Err(error) => return (count, error.to_string()),
            }
        }
    };
    let request = Event::Http(request("GET", "/endless", ""));
    let (ended, (count, error)) = tokio::join!(router.invoke_with(request, reply), client);
    assert_eq!(count, MAX_STREAMED_BYTES);
    assert!(error.contains("209715200 bytes"), "{error}");
    assert_eq!(ended.outcome, Ok(()));
}

#[tokio::test]
async fn a_panic_of_an_http_handler_is_told() {
    let error = example("router").respond(request("GET", "/panic", "")).await.unwrap_err();
    assert!(error.starts_with("Runtime.ExitError: "), "{error}");
    assert!(error.contains("the samovar boils over"), "{error}");
}

#[tokio::test]
async fn an_http_component_takes_events_of_api_gateway() {
    let router = example("router");
    let event = json!({
        "version": "2.0",
        "rawPath": "/hello",
        "rawQueryString": "name=Ada",
        "headers": {"accept": "*/*"},
        "requestContext": {"domainName": "api.example", "http": {"method": "GET"}},
        "isBase64Encoded": false,
    });
    let answer = router.answer(event.clone()).await.unwrap();
    assert_eq!(answer["statusCode"], 200);
    assert_eq!(answer["headers"]["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer["body"], "Hello, Ada!\n");
    assert_eq!(answer["isBase64Encoded"], false);

    let mut large = event;
    large["rawPath"] = "/echo".into();
    large["requestContext"]["http"]["method"] = "POST".into();
    large["body"] = "x".repeat(6_291_557).into();
    let error = router.failure(large).await;
    assert_eq!(error.error_type, "Function.ResponseSizeTooLarge");

    let error = router.failure(json!({"name": "Ada"})).await;
    assert_eq!(error.error_type, "Runtime.InvalidEvent");
    assert!(error.message.contains("takes HTTP requests"), "{error:?}");
}

#[tokio::test]
async fn thumbnail_scales_a_picture() {
    // A PNG of one pixel.
    const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\
        \xc4\x89\0\0\0\rIDATx\xdac\xfc\xcf\xc0P\x0f\0\x04\x85\x01\x80\x84\xa9\x8c!\0\0\0\0IEND\xae\
        B`\x82";
    let thumbnail = function("thumbnail");
    let response = thumbnail.respond(request("POST", "/thumbnail?width=40", PIXEL)).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{:?}", response.body());
    assert_eq!(response.headers()["content-type"], "image/png");
    assert!(response.body().starts_with(b"\x89PNG"));
    // Width and height, where PNG has them.
    assert_eq!(response.body()[16..24], [0, 0, 0, 40, 0, 0, 0, 40]);

    let response = thumbnail.respond(request("POST", "/thumbnail", PIXEL)).await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
}
