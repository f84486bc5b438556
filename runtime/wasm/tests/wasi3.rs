//! Components of WASI 0.3: the same as of 0.2, on an engine of their own.

#![expect(clippy::unwrap_used, reason = "a test ends at its first error")]

mod common;

use std::time::Duration;

use common::{Guest, Parts, example, example_path, request, try_bytes};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use samovar_dispatch::{Door, Event, MAX_STREAMED_BYTES, Provider, Reply, Response};
use samovar_wasm::aot::{self, Target};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::timeout;

async fn get(guest: &Guest, path: &str) -> Result<String, String> {
    let response = guest.respond(request("GET", path, "")).await?;
    Ok(String::from_utf8(response.into_body().into()).unwrap())
}

#[tokio::test]
async fn requests_are_answered() {
    let service = example("service");
    assert_eq!(service.provider().door(), Door::Http);
    let response = service.respond(request("GET", "/hello?name=Ada", "")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(response.body(), "Hello, Ada!\n");
    assert_eq!(service.log(), ["asked for /hello?name=Ada"]);
    assert_eq!(get(&service, "/sleep").await.unwrap(), "slept");

    let body = vec![b'x'; 1 << 20];
    let response = service.respond(request("POST", "/length", body)).await.unwrap();
    assert_eq!(response.body(), "1048576");
    let response = service.respond(request("POST", "/length", "")).await.unwrap();
    assert_eq!(response.body(), "0");
}

/// What `samovar build --aot` leaves.
#[tokio::test]
async fn code_compiled_ahead_of_time_serves() {
    let compiled = |name| {
        let wasm = std::fs::read(example_path(name)).unwrap();
        try_bytes(&aot::compile(&wasm, Target::host().unwrap()).unwrap()).unwrap()
    };
    let service = compiled("service");
    assert_eq!(service.provider().door(), Door::Http);
    for _ in 0..2 {
        assert_eq!(get(&service, "/count").await.unwrap(), "1");
    }
    let event = json!({"cups": 3});
    assert_eq!(compiled("command3").answer(event.clone()).await.unwrap(), event);
}

#[tokio::test]
async fn headers_of_the_connection_stay_outside() {
    let service = example("service");
    let mut request = request("GET", "/headers", "");
    for (name, value) in [("connection", "keep-alive"), ("x-two", "2"), ("host", "tea.example")] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    assert_eq!(service.respond(request).await.unwrap().body(), "x-amzn-lambda-context,x-two");
}

#[tokio::test]
async fn the_authority_is_that_of_the_request() {
    let service = example("service");
    assert_eq!(get(&service, "/authority").await.unwrap(), "localhost");
    assert_eq!(get(&service, "http://a.example:81/authority").await.unwrap(), "a.example:81");
    let mut request = request("GET", "/authority", "");
    request.headers_mut().insert("host", "tea.example".parse().unwrap());
    assert_eq!(service.respond(request).await.unwrap().body(), "tea.example");
}

#[tokio::test]
async fn bodies_stream_both_ways() {
    let service = example("service");
    let (sender, parts) = mpsc::channel(1);
    let request = Request::post("/echo").body(Parts(parts).boxed_unsync()).unwrap();
    let (reply, response) = Reply::channel();
    let client = async move {
        let Ok(Response::Http(response)) = response.await.map(|replied| replied.response) else {
            panic!("no response")
        };
        let mut body = response.into_body();
        for part in ["one", "two", "three"] {
            // Each is answered before the next is sent.
            sender.send(part.into()).await.unwrap();
            assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), part);
        }
        drop(sender);
        assert!(body.frame().await.is_none());
    };
    let (ended, ()) = tokio::join!(service.invoke_with(Event::Http(request), reply), client);
    ended.outcome.unwrap();
}

#[tokio::test]
async fn a_guest_waits_for_its_reader_and_ends_without_one() {
    let service = example("service");
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
            let written = service.log().len();
            assert!(written <= read + 4, "{written} parts were written, and {read} read");
        }
    };
    let request = Event::Http(request("GET", "/endless", ""));
    let (ended, ()) = tokio::join!(service.invoke_with(request, reply), client);
    assert_eq!(ended.outcome, Ok(()));
    assert!(ended.memory < 8 << 20, "{}", ended.memory);
}

#[tokio::test]
async fn responses_have_their_limits() {
    let service = example("service");
    let (reply, response) = Reply::channel();
    let endless = || Event::Http(request("GET", "/endless", ""));
    let ended = service.invoke_as(endless(), false, reply).await;
    assert_eq!(ended.outcome.unwrap_err().error_type, "Function.ResponseSizeTooLarge");
    response.await.unwrap_err();

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
    let (ended, (count, error)) = tokio::join!(service.invoke_with(endless(), reply), client);
    assert_eq!(count, MAX_STREAMED_BYTES);
    assert!(error.contains("209715200 bytes"), "{error}");
    assert_eq!(ended.outcome, Ok(()));
}

#[tokio::test]
async fn a_response_that_breaks_off_is_not_whole() {
    let service = example("service");
    let (reply, response) = Reply::channel();
    let request = || Event::Http(request("GET", "/breaks-off", ""));
    let (ended, body) =
        tokio::join!(service.invoke_with(request(), reply), common::whole(response));
    let error = ended.outcome.unwrap_err();
    assert!(error.message.contains("the samovar is empty"), "{error:?}");
    assert_eq!(body.unwrap_err(), "the function ended before its response did");

    let (reply, response) = Reply::channel();
    let ended = service.invoke_as(request(), false, reply).await;
    assert_eq!(ended.outcome.unwrap_err().error_type, "Runtime.ExitError");
    response.await.unwrap_err();
}

#[tokio::test]
async fn errors_have_lambdas_shape() {
    let service = example("service");
    let error = async |path: &str| get(&service, path).await.unwrap_err();
    assert_eq!(error("/fail").await, "wasi:http/types.error-code: out of tea");
    assert_eq!(error("/loop").await, "wasi:http/types.error-code: request loop detected");
    let panic = error("/panic").await;
    assert!(panic.starts_with("Runtime.ExitError: Runtime exited with error: "), "{panic}");
    assert!(panic.contains("the samovar boils over"), "{panic}");
    assert!(error("/exit").await.contains("exit status"));
}

#[tokio::test]
async fn events_of_api_gateway_become_requests() {
    let service = example("service");
    let event = json!({
        "version": "2.0",
        "rawPath": "/hello",
        "rawQueryString": "name=Ada",
        "requestContext": {"domainName": "api.example", "http": {"method": "GET"}},
        "isBase64Encoded": false,
    });
    let answer = service.answer(event.clone()).await.unwrap();
    assert_eq!(answer["statusCode"], 200);
    assert_eq!(answer["headers"]["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer["body"], "Hello, Ada!\n");
    let mut domain = event;
    domain["rawPath"] = "/authority".into();
    domain["rawQueryString"] = "".into();
    assert_eq!(service.answer(domain).await.unwrap()["body"], "api.example");

    let rest = json!({"httpMethod": "POST", "path": "/length", "headers": null, "body": "1234"});
    assert_eq!(service.answer(rest).await.unwrap()["body"], "4");
    let error = service.failure(json!({"name": "Ada"})).await;
    assert_eq!(error.error_type, "Runtime.InvalidEvent");
}

/// On one thread: a guest that does not yield would hang this test.
#[tokio::test(flavor = "current_thread")]
async fn a_busy_guest_can_be_dropped_and_starves_nobody() {
    let service = example("service");
    let neighbour = example("service");
    tokio::select! {
        _ = get(&service, "/busy") => panic!("the loop has an end"),
        answer = get(&neighbour, "/hello?name=Ada") => assert_eq!(answer.unwrap(), "Hello, Ada!\n"),
    }
    assert!(timeout(Duration::from_millis(50), get(&service, "/busy")).await.is_err());
}

#[tokio::test]
async fn a_guest_that_waits_can_be_dropped() {
    let service = example("service");
    assert!(timeout(Duration::from_millis(50), get(&service, "/wait")).await.is_err());
    assert_eq!(get(&service, "/count").await.unwrap(), "1");
}

#[tokio::test]
async fn memory_ends_at_the_functions_limit() {
    let service = example("service");
    let (reply, _response) = Reply::channel();
    let ended = service.invoke_with(Event::Http(request("GET", "/greedy", "")), reply).await;
    let error = ended.outcome.unwrap_err();
    assert_eq!(error.message, "Runtime exited with error: signal: killed");
    assert!(ended.memory <= 64 << 20, "{}", ended.memory);
}

/// Streams and calls under way are kept by the host, and a guest may have only so many handles.
#[tokio::test]
async fn a_guest_that_leaks_handles_is_stopped() {
    let service = example("service");
    for path in ["/streams", "/calls"] {
        let error = timeout(Duration::from_secs(60), get(&service, path)).await;
        let error = error.expect("an end").unwrap_err();
        assert!(error.starts_with("Runtime.ExitError: "), "{path}: {error}");
    }
}

#[tokio::test]
async fn nothing_survives_and_nothing_is_open() {
    let service = example("service");
    for _ in 0..3 {
        assert_eq!(get(&service, "/count").await.unwrap(), "1");
    }
    assert_eq!(get(&service, "/files").await.unwrap(), "false");
}

#[tokio::test]
async fn a_command_reads_its_event_and_prints_its_response() {
    let command = example("command3");
    assert_eq!(command.provider().door(), Door::Event);
    assert_eq!(command.answer(json!({"cups": 3})).await.unwrap(), json!({"cups": 3}));
    assert_eq!(command.log(), ["10 bytes came"]);
    let error = command.failure(json!("fail")).await;
    assert_eq!(error.message, "Runtime exited with error: exit status 1");
    let error = command.failure(json!("exit")).await;
    assert!(error.message.starts_with("Runtime exited with error: exit status"), "{error:?}");
    let large = json!("x".repeat(6_291_555));
    assert_eq!(command.failure(large).await.error_type, "Function.ResponseSizeTooLarge");
}

/// The two engines have pools of their own; isolates of both are there at once.
#[tokio::test]
async fn both_versions_run_side_by_side() {
    let (old, new) = (example("router"), example("service"));
    for _ in 0..20 {
        let (old, new) = tokio::join!(get(&old, "/hello?name=Ada"), get(&new, "/hello?name=Ada"));
        assert_eq!(old, new);
    }
}
