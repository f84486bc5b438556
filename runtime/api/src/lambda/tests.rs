use std::sync::Mutex;
use std::time::Duration;

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::request::Builder;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use samovar_dispatch::{
    EnvironmentLog, FunctionError, Invocation, Limits, Response as Output, Streamed,
};
use serde_json::{Value, json};

use super::*;
use crate::testing::{Got, Stand, echo, function};

fn invocation_of(name: &str) -> Builder {
    Request::post(format!("/2015-03-31/functions/{name}/invocations"))
}

fn stand() -> Stand {
    let stand = Stand::new(Limits::default());
    stand.register("Hello", echo);
    stand
}

/// Status, `x-amzn-errortype` and document of a refusal.
async fn refusal(stand: &Stand, request: Builder, body: &'static str) -> (u16, String, Value) {
    let got = stand.send(request, body).await;
    let error_type = got.header("x-amzn-errortype").unwrap_or_default().to_owned();
    (got.status, error_type, got.json())
}

/// Lambda API reference, "Invoke": the response's headers.
#[tokio::test]
async fn a_function_answers_with_its_bytes() {
    let stand = stand();
    let trace = "Root=1-5e9f0c65-1de4d666d4dd26aced652b6c;Parent=53995c3f42cd8ad8;Sampled=1";
    let request = invocation_of("Hello").header("x-amzn-trace-id", trace);
    let got = stand.send(request, r#"{"name": "Ada"}"#).await;
    assert_eq!((got.status, got.body.as_ref()), (200, &br#"{"name": "Ada"}"#[..]));
    assert_eq!(got.header("content-type"), Some("application/json"));
    assert_eq!(got.header("x-amz-executed-version"), Some("$LATEST"));
    assert_eq!(got.header("x-amzn-trace-id"), Some(trace));
    assert_eq!(got.header("x-amzn-requestid").map(str::len), Some(36));
    assert_eq!((got.header("x-amz-function-error"), got.header("x-amz-log-result")), (None, None));
}

#[tokio::test]
async fn a_function_has_many_names() {
    let stand = stand();
    for name in [
        "Hello",
        "_",
        "Hello?Qualifier=$LATEST",
        "Hello:$LATEST?Qualifier=%24LATEST",
        "000000000000:function:Hello",
        "arn:aws:lambda:us-east-1:000000000000:function:Hello",
        "arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3AHello",
    ] {
        let (path, query) = name.split_once('?').unwrap_or((name, ""));
        let uri = format!("/2015-03-31/functions/{path}/invocations?{query}");
        let got = stand.send(Request::post(uri), "{}").await;
        assert_eq!(got.status, 200, "{name}: {:?}", got.body);
    }
}

/// The message as recorded from AWS: LocalStack `test_lambda.snapshot.json`.
#[tokio::test]
async fn a_function_that_is_not_there_is_named() {
    let stand = stand();
    let of = |tail: &str| format!("arn:aws:lambda:us-east-1:000000000000:function:{tail}");
    for (name, arn) in [
        ("Nobody", of("Nobody")),
        ("123456789012:function:Nobody", of("Nobody")),
        (
            "arn:aws:lambda:eu-west-1:1:function:Nobody",
            "arn:aws:lambda:eu-west-1:1:function:Nobody".into(),
        ),
        ("Hello:live", of("Hello:live")),
    ] {
        let message = format!("Function not found: {arn}");
        let expected = (
            404,
            "ResourceNotFoundException".to_owned(),
            json!({"Type": "User", "Message": message}),
        );
        assert_eq!(refusal(&stand, invocation_of(name), "{}").await, expected, "{name}");
    }
    let uri = "/2015-03-31/functions/Hello/invocations?Qualifier=live";
    let (status, _, document) = refusal(&stand, Request::post(uri), "{}").await;
    assert_eq!(status, 404);
    assert!(document["Message"].to_string().ends_with("Hello:live\""), "{document}");
    let uri = "/2015-03-31/functions/Hello:1/invocations?Qualifier=2";
    let (status, error_type, _) = refusal(&stand, Request::post(uri), "{}").await;
    assert_eq!((status, error_type.as_str()), (400, "InvalidParameterValueException"));
}

#[tokio::test]
async fn an_unnamed_function_is_the_only_one() {
    let stand = stand();
    stand.register("Other", echo);
    let (status, _, document) = refusal(&stand, invocation_of("_"), "{}").await;
    let message = "Name one of the functions: Hello, Other.";
    assert_eq!((status, &document["Message"]), (404, &json!(message)));
}

/// lambda-semantics: failures of a function are HTTP 200.
#[tokio::test]
async fn a_failed_function_is_a_success_with_a_header() {
    let stand = Stand::new(Limits::default());
    stand.register("Own", |_, _| {
        Err(FunctionError::handler(r#"{"errorType":"Mine","errorMessage":"no"}"#.into()))
    });
    stand.register("Exit", |_, _| {
        Err(FunctionError::platform(
            "Runtime.ExitError",
            "Runtime exited with error: exit status 1",
        ))
    });
    let got = stand.send(invocation_of("Own"), "{}").await;
    assert_eq!((got.status, got.header("x-amz-function-error")), (200, Some("Unhandled")));
    assert_eq!(got.json(), json!({"errorType": "Mine", "errorMessage": "no"}));
    let got = stand.send(invocation_of("Exit"), "{}").await;
    let id = got.header("x-amzn-requestid").expect("an id");
    let message = format!("RequestId: {id} Error: Runtime exited with error: exit status 1");
    assert_eq!(got.json(), json!({"errorType": "Runtime.ExitError", "errorMessage": message}));
}

#[tokio::test]
async fn the_log_comes_when_asked_for() {
    let stand = Stand::new(Limits::default());
    stand.register("Talker", |_, log: &EnvironmentLog| {
        log.line(b"hello from inside");
        Ok(Output::Bytes("null".into()))
    });
    let got = stand.send(invocation_of("Talker").header("X-Amz-Log-Type", "Tail"), "{}").await;
    let log = STANDARD.decode(got.header("x-amz-log-result").expect("a log")).expect("base64");
    let log = String::from_utf8(log).expect("text");
    let id = got.header("x-amzn-requestid").expect("an id");
    let begin = format!("START RequestId: {id} Version: $LATEST\nhello from inside\n");
    assert!(log.starts_with(&begin) && log.contains("REPORT RequestId"), "{log}");
    let none = stand.send(invocation_of("Talker").header("X-Amz-Log-Type", "None"), "{}").await;
    assert_eq!(none.header("x-amz-log-result"), None);
}

fn context(invocation: Invocation, _: &EnvironmentLog) -> Result<Output, FunctionError> {
    Ok(Output::Bytes(invocation.client_context.unwrap_or_else(|| "null".into()).into()))
}

#[tokio::test]
async fn the_client_context_is_base64_or_cargo_lambdas_plain_json() {
    let stand = Stand::new(Limits::default());
    stand.register("Context", context);
    let document = r#"{"custom":{"a":"b"}}"#;
    let encoded = STANDARD.encode(document);
    for (name, value) in
        [("x-amz-client-context", encoded.as_str()), ("lambda-runtime-client-context", document)]
    {
        let got = stand.send(invocation_of("Context").header(name, value), "{}").await;
        assert_eq!(got.body, document, "{name}");
    }
    for bad in ["%%%", &STANDARD.encode("[]")] {
        let request = invocation_of("Context").header("x-amz-client-context", bad);
        let (status, error_type, _) = refusal(&stand, request, "{}").await;
        assert_eq!((status, error_type.as_str()), (400, "InvalidRequestContentException"), "{bad}");
    }
}

/// An omitted payload is the event `{}`; a limit and JSON otherwise (Lambda API reference,
/// "Invoke": `InvalidRequestContentException`, `RequestTooLargeException`).
#[tokio::test]
async fn events_are_json_of_at_most_six_megabytes() {
    let stand = stand();
    assert_eq!(stand.send(invocation_of("Hello"), "").await.body, "{}");
    for bad in [&b"not json"[..], b"{\"a\":", b"\"\xff\"", b" "] {
        let got = stand.send(invocation_of("Hello"), bad).await;
        assert_eq!(got.status, 400, "{bad:?}");
        assert_eq!(got.header("x-amzn-errortype"), Some("InvalidRequestContentException"));
        let document = got.json();
        let message = document["message"].as_str().expect("a message");
        assert!(message.starts_with("Could not parse request body into json: "), "{message}");
    }
    let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    // The answer's own limit is a little higher than the event's.
    assert_eq!(stand.send(invocation_of("Hello"), text(6_291_456)).await.status, 200);
    let got = stand.send(invocation_of("Hello"), text(6_291_457)).await;
    assert_eq!(
        (got.status, got.header("x-amzn-errortype")),
        (413, Some("RequestTooLargeException"))
    );
    let message = "Request must be smaller than 6291456 bytes for the InvokeFunction operation";
    assert_eq!(got.json(), json!({"Type": "User", "message": message}));
}

#[tokio::test]
async fn invocation_types() {
    let stand = Stand::new(Limits::default());
    stand.register("Hello", |_, _| panic!("a dry run runs nothing"));
    let with = |name: &str, kind: &str| invocation_of(name).header("X-Amz-Invocation-Type", kind);
    let got = stand.send(with("Hello", "DryRun"), "{}").await;
    assert_eq!((got.status, got.body.len()), (204, 0));
    assert_eq!(stand.send(with("Nobody", "DryRun"), "{}").await.status, 404);
    let (status, error_type, document) = refusal(&stand, with("Hello", "Other"), "{}").await;
    assert_eq!((status, error_type.as_str()), (400, "InvalidParameterValueException"));
    let expected = "1 validation error detected: Value 'Other' at 'invocationType' failed to \
                    satisfy constraint: Member must satisfy enum value set: [Event, \
                    RequestResponse, DryRun]";
    assert_eq!(document["message"], expected);
}

/// Lambda API reference, "Invoke": 202 and no body; the id is the invocation's.
#[tokio::test]
async fn an_event_is_accepted_and_runs_afterwards() {
    static SEEN: Mutex<Vec<(String, Option<String>, String)>> = Mutex::new(Vec::new());
    let mut stand = Stand::new(Limits::default());
    stand.register("Hello", |invocation, log| {
        let (id, context) = (invocation.request_id.clone(), invocation.client_context.clone());
        let Output::Bytes(event) = echo(invocation, log)? else { panic!("bytes") };
        let event = String::from_utf8_lossy(&event).into_owned();
        SEEN.lock().expect("events").push((id, context, event));
        Ok(Output::Bytes("null".into()))
    });
    stand.add_deliveries().await;
    let event = |name| invocation_of(name).header("X-Amz-Invocation-Type", "Event");
    let context = STANDARD.encode("{}");
    let request = event("Hello").header("X-Amz-Client-Context", context);
    let got = stand.send(request, r#"{"b":1,"a":2}"#).await;
    assert_eq!((got.status, got.body.len(), got.header("x-amz-executed-version")), (202, 0, None));
    let id = got.header("x-amzn-requestid").expect("an id").to_owned();
    while SEEN.lock().expect("events").is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let expected = (id, Some("{}".to_owned()), r#"{"b":1,"a":2}"#.to_owned());
    assert_eq!(*SEEN.lock().expect("events"), [expected]);

    assert_eq!(refusal(&stand, event("Nobody"), "{}").await.0, 404);
    assert_eq!(refusal(&stand, event("Hello"), "{").await.1, "InvalidRequestContentException");
    let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    for (length, status, error_type) in [
        (1_000_000, 202, None),
        (1_000_001, 413, Some("SerializedRequestEntityTooLargeException")),
        (1_048_577, 413, Some("RequestTooLargeException")),
    ] {
        let got = stand.send(event("Hello"), text(length)).await;
        assert_eq!((got.status, got.header("x-amzn-errortype")), (status, error_type), "{length}");
    }
}

/// lambda-semantics: 429 with AWS's reason.
#[tokio::test]
async fn refusals_have_their_reasons() {
    let limits = Limits { concurrency: 0, patience: Duration::ZERO, ..Limits::default() };
    let stand = Stand::new(limits);
    stand.register("Hello", echo);
    let expected = (
        429,
        "TooManyRequestsException".to_owned(),
        json!({
            "Reason": "ConcurrentInvocationLimitExceeded",
            "Type": "User",
            "message": "Rate Exceeded.",
        }),
    );
    assert_eq!(refusal(&stand, invocation_of("Hello"), "{}").await, expected);

    stand.dispatcher.register_failed(function("Broken").into(), "it did not build");
    let (status, error_type, document) = refusal(&stand, invocation_of("Broken"), "{}").await;
    assert_eq!((status, error_type.as_str()), (409, "ResourceConflictException"));
    assert!(document["message"].to_string().contains("it did not build"), "{document}");
}

#[tokio::test]
async fn other_actions_are_not_there_yet() {
    let stand = stand();
    for request in [
        Request::get("/2015-03-31/functions/"),
        Request::get("/2015-03-31/functions/Hello/invocations"),
        Request::get("/2021-11-15/functions/Hello/response-streaming-invocations"),
    ] {
        let (status, error_type, document) = refusal(&stand, request, "").await;
        assert_eq!((status, error_type.as_str()), (404, "UnknownOperationException"));
        let message = document["message"].as_str().expect("a message");
        assert!(message.ends_with("is no operation of Lambda."), "{message}");
    }
}

#[test]
fn lambda_paths_begin_with_a_date() {
    assert!(is_meant("/2015-03-31/functions/Hello/invocations"));
    for other in ["/", "/queue/2015-03-31", "/2015-03-3/x", "/20150-3-31/x"] {
        assert!(!is_meant(other), "{other}");
    }
}

fn streamed_invocation_of(name: &str) -> Builder {
    Request::post(format!("/2021-11-15/functions/{name}/response-streaming-invocations"))
}

/// The events of a response: type and payload.
fn events(got: &Got) -> Vec<(String, String)> {
    assert_eq!(got.header("content-type"), Some("application/vnd.amazon.eventstream"));
    assert_eq!(got.header("x-amz-executed-version"), Some("$LATEST"));
    let mut wire = got.body.clone();
    let mut decoder = MessageFrameDecoder::new();
    let mut events = Vec::new();
    while let DecodedFrame::Complete(message) = decoder.decode_frame(&mut wire).expect("valid") {
        let mut headers = message.headers().iter();
        let kind = headers.find(|header| header.name().as_str() == ":event-type").expect("a type");
        let kind = kind.value().as_string().expect("a string").as_str().to_owned();
        events.push((kind, String::from_utf8(message.payload().to_vec()).expect("text")));
    }
    events
}

fn chunk(payload: &str) -> (String, String) {
    ("PayloadChunk".into(), payload.into())
}

fn complete(document: Value) -> (String, String) {
    ("InvokeComplete".into(), document.to_string())
}

fn frames(_: Invocation, log: &EnvironmentLog) -> Result<Output, FunctionError> {
    log.line(b"while it streams");
    let failure = FunctionError::handler(r#"{"errorType":"Mine","errorMessage":"no"}"#.into());
    let frames =
        ["one", "", "two"].map(|data| Ok(Frame::data(Bytes::from_static(data.as_bytes()))));
    let frames = frames.into_iter().chain([Err(failure.into())]);
    let body = StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync();
    Ok(Output::Stream(Streamed { content_type: None, body }))
}

/// Lambda API reference, "InvokeWithResponseStream": chunks, then how the function ended.
#[tokio::test]
async fn a_response_streams_as_events() {
    let stand = stand();
    stand.register("Frames", frames);
    let got = stand.send(streamed_invocation_of("Frames"), "{}").await;
    let details = r#"{"errorType":"Mine","errorMessage":"no"}"#;
    let end = complete(json!({"ErrorCode": "Unhandled", "ErrorDetails": details}));
    assert_eq!((got.status, events(&got)), (200, vec![chunk("one"), chunk("two"), end]));
}

#[tokio::test]
async fn a_function_that_does_not_stream_answers_in_one_chunk() {
    let stand = stand();
    let got = stand.send(streamed_invocation_of("Hello"), r#"{"a": 1}"#).await;
    assert_eq!(events(&got), [chunk(r#"{"a": 1}"#), complete(json!({}))]);
    stand.register("Exit", |_, _| Err(FunctionError::platform("Runtime.ExitError", "gone")));
    let got = stand.send(streamed_invocation_of("Exit"), "{}").await;
    let id = got.header("x-amzn-requestid").expect("an id");
    let details = json!({"errorType": "Runtime.ExitError", "errorMessage": format!("RequestId: {id} Error: gone")});
    let end = complete(json!({"ErrorCode": "Unhandled", "ErrorDetails": details.to_string()}));
    assert_eq!(events(&got), [end]);
}

#[tokio::test]
async fn the_log_comes_at_the_end_of_a_stream() {
    let stand = stand();
    stand.register("Frames", frames);
    let request = streamed_invocation_of("Frames").header("X-Amz-Log-Type", "Tail");
    let events = events(&stand.send(request, "{}").await);
    let (_, document) = events.last().expect("an end");
    let document: Value = serde_json::from_str(document).expect("JSON");
    let log = STANDARD.decode(document["LogResult"].as_str().expect("a log")).expect("base64");
    let log = String::from_utf8(log).expect("text");
    assert!(log.contains("while it streams\n") && log.contains("REPORT RequestId"), "{log}");
}

#[tokio::test]
async fn refusals_of_a_streamed_invocation_are_plain_errors() {
    let stand = stand();
    let refused = refusal(&stand, streamed_invocation_of("Nobody"), "{}").await;
    assert_eq!((refused.0, refused.1.as_str()), (404, "ResourceNotFoundException"));
    let refused = refusal(&stand, streamed_invocation_of("Hello"), "no").await;
    assert_eq!((refused.0, refused.1.as_str()), (400, "InvalidRequestContentException"));
}
