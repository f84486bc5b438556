//! The Runtime API over raw HTTP: here the test is the runtime.

use samovar_dispatch::{Environment, FunctionError, Invocation, Provider, Reply};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::support::*;

const NEXT: &str = "GET /2018-06-01/runtime/invocation/next";

/// A fixture whose process only tells where its Runtime API is.
struct Stage {
    fixture: Fixture,
    api: String,
    starting: JoinHandle<Result<Box<dyn Environment>, FunctionError>>,
}

impl Stage {
    async fn new() -> Self {
        let fixture =
            Fixture::script("echo $AWS_LAMBDA_RUNTIME_API > $FOLDER/api; exec sleep 1000");
        let (provider, log) = (fixture.provider.clone(), fixture.log());
        let starting = tokio::spawn(async move { provider.start(log).await });
        let api = fixture.file("api").await;
        Self { fixture, api, starting }
    }

    /// Asks for the first event, so that the environment is up.
    async fn ready(self) -> Running {
        let next = self.spawn(NEXT.to_owned(), b"");
        let environment = self.starting.await.unwrap().unwrap();
        Running { _fixture: self.fixture, api: self.api, environment, next }
    }

    fn spawn(&self, head: String, body: &'static [u8]) -> JoinHandle<Answer> {
        let api = self.api.clone();
        tokio::spawn(async move { http(&api, &head, body).await })
    }
}

struct Running {
    _fixture: Fixture,
    api: String,
    environment: Box<dyn Environment>,
    next: JoinHandle<Answer>,
}

type Invoking = JoinHandle<(Box<dyn Environment>, Result<bytes::Bytes, FunctionError>)>;

impl Running {
    /// Begins an invocation and takes its event.
    async fn invoke(mut self, invocation: Invocation) -> (Answer, Invoking, String) {
        let invoking = tokio::spawn(async move {
            let outcome = invoke(&mut *self.environment, invocation).await;
            (self.environment, outcome)
        });
        (self.next.await.unwrap(), invoking, self.api)
    }
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

async fn post(api: &str, id: &str, action: &str, body: &[u8]) -> Answer {
    http(api, &format!("POST /2018-06-01/runtime/invocation/{id}/{action}"), body).await
}

#[tokio::test]
async fn next_has_all_headers_and_a_response_is_accepted() {
    let invocation = invocation("{\"a\": 1}");
    let (id, trace) = (invocation.request_id.clone(), invocation.trace_id.clone());
    let (event, invoking, api) = Stage::new().await.ready().await.invoke(invocation).await;
    assert_eq!((event.status, &*event.body), (200, "{\"a\": 1}"));
    assert_eq!(event.header("lambda-runtime-aws-request-id"), Some(&*id));
    assert_eq!(event.header("lambda-runtime-trace-id"), Some(&*trace));
    assert_eq!(event.header("content-type"), Some("application/json"));
    assert!(event.header("lambda-runtime-deadline-ms").unwrap().parse::<u64>().unwrap() > 0);
    assert!(event.header("lambda-runtime-invoked-function-arn").is_some());
    assert!(event.header("lambda-runtime-client-context").is_none());

    let accepted = post(&api, &id, "response", b"any bytes").await;
    assert_eq!((accepted.status, &*accepted.body), (202, "{\"status\":\"OK\"}"));
    let (environment, outcome) = invoking.await.unwrap();
    assert_eq!(outcome.unwrap(), "any bytes");
    assert!(environment.reusable(), "before it asks for the next event too");
}

#[tokio::test]
async fn wrong_ids_and_transitions_are_refused() {
    let invocation = invocation("{}");
    let id = invocation.request_id.clone();
    let (event, invoking, api) = Stage::new().await.ready().await.invoke(invocation).await;

    let wrong = post(&api, "other", "response", b"").await;
    let invalid = json!({"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"});
    assert_eq!((wrong.status, json_of(&wrong)), (400, invalid));
    let late = http(&api, "POST /2018-06-01/runtime/init/error", b"{}").await;
    assert_eq!(
        (late.status, &json_of(&late)["errorType"]),
        (403, &json!("InvalidStateTransition"))
    );

    let again = http(&api, NEXT, b"").await;
    assert_eq!(again.body, event.body, "asked again, it gets the same event");

    assert_eq!(post(&api, &id, "response", b"1").await.status, 202);
    let second = post(&api, &id, "response", b"2").await;
    let refused = json!({
        "errorMessage": "State transition from RuntimeResponseSentState to InvocationResponse \
                         failed for runtime. Error: State transition is not allowed",
        "errorType": "InvalidStateTransition",
    });
    assert_eq!((second.status, json_of(&second)), (403, refused));
    assert_eq!(post(&api, &id, "error", b"{}").await.status, 403);
    assert_eq!(invoking.await.unwrap().1.unwrap(), "1");
}

#[tokio::test]
async fn an_invocation_given_up_before_its_event_was_taken_ends_reuse() {
    let first = invocation("{}");
    let id = first.request_id.clone();
    let (_, invoking, api) = Stage::new().await.ready().await.invoke(first).await;
    assert_eq!(post(&api, &id, "response", b"1").await.status, 202);
    let (mut environment, _) = invoking.await.unwrap();
    assert!(environment.reusable());
    let (reply, _answer) = Reply::channel();
    let short = std::time::Duration::from_millis(20);
    let cut = tokio::time::timeout(short, environment.invoke(invocation("{}"), reply)).await;
    assert!(cut.is_err(), "nobody asks for it");
    assert!(!environment.reusable());
}

#[tokio::test]
async fn unknown_routes_are_not_there() {
    let stage = Stage::new().await;
    for (head, status) in [
        ("GET /", 404),
        ("GET /2018-06-01/runtime/invocation", 404),
        ("GET /2018-06-01/runtime/invocation/next/", 404),
        ("POST /2018-06-01/runtime/invocation/next", 405),
        ("GET /2018-06-01/runtime/invocation/id/response", 405),
        ("GET /2018-06-01/ping", 200),
    ] {
        assert_eq!(http(&stage.api, head, b"").await.status, status, "{head}");
    }
}

#[tokio::test]
async fn web_pages_are_refused() {
    let stage = Stage::new().await;
    let rebound =
        "GET /2018-06-01/ping HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assert_eq!(raw(&stage.api, rebound.as_bytes()).await.status, 403);
    let page = "GET /2018-06-01/ping\r\nOrigin: https://evil.example";
    assert_eq!(http(&stage.api, page, b"").await.status, 403);
}

#[tokio::test]
async fn an_error_is_passed_on_as_it_stands() {
    let invocation = invocation("{}");
    let id = invocation.request_id.clone();
    let (_, invoking, api) = Stage::new().await.ready().await.invoke(invocation).await;
    let document = br#"{"errorType":"Odd","errorMessage":"m","stackTrace":["here"]}"#;
    assert_eq!(post(&api, &id, "error", document).await.status, 202);
    let error = invoking.await.unwrap().1.unwrap_err();
    assert_eq!((&*error.error_type, &*error.message), ("Odd", "m"));
    assert_eq!(error.document(&id), &document[..]);
}

#[tokio::test]
async fn an_x_ray_cause_is_not_passed_on() {
    let invocation = invocation("{}");
    let id = invocation.request_id.clone();
    let (_, invoking, api) = Stage::new().await.ready().await.invoke(invocation).await;
    let head = format!(
        "POST /2018-06-01/runtime/invocation/{id}/error\r\n\
         Content-Type: application/vnd.aws.lambda.error.cause+json"
    );
    let document = br#"{"errorType":"Odd","errorMessage":"m","errorCause":{"paths":[]}}"#;
    assert_eq!(http(&api, &head, document).await.status, 202);
    let error = invoking.await.unwrap().1.unwrap_err();
    assert_eq!(error.document(&id), r#"{"errorMessage":"m","errorType":"Odd"}"#);
}

#[tokio::test]
async fn an_init_error_is_the_function_s() {
    let stage = Stage::new().await;
    let document = br#"{"errorType":"Config.Missing","errorMessage":"no table"}"#;
    let head = "POST /2018-06-01/runtime/init/error\r\n\
                Lambda-Runtime-Function-Error-Type: Runtime.InitError";
    assert_eq!(http(&stage.api, head, document).await.status, 202);
    let error = stage.starting.await.unwrap().err().unwrap();
    assert_eq!((&*error.error_type, &*error.message), ("Config.Missing", "no table"));
    assert_eq!(error.document("id"), &document[..]);
}

#[tokio::test]
async fn a_response_that_is_too_large_is_refused_whole() {
    let invocation = invocation("{}");
    let id = invocation.request_id.clone();
    let (_, invoking, api) = Stage::new().await.ready().await.invoke(invocation).await;
    let answer = post(&api, &id, "response", &vec![b'x'; 6_291_557]).await;
    assert_eq!(answer.status, 413);
    assert_eq!(
        json_of(&answer),
        json!({
            "errorMessage": "Exceeded maximum allowed payload size (6291556 bytes).",
            "errorType": "RequestEntityTooLarge",
        })
    );
    let (environment, outcome) = invoking.await.unwrap();
    assert_eq!(outcome.unwrap_err().error_type, "Function.ResponseSizeTooLarge");
    assert!(environment.reusable());
}

#[tokio::test]
async fn a_response_mode_that_is_unknown_is_refused() {
    let invocation = invocation("{}");
    let id = invocation.request_id.clone();
    let (_, invoking, api) = Stage::new().await.ready().await.invoke(invocation).await;
    let head = format!(
        "POST /2018-06-01/runtime/invocation/{id}/response\r\n\
         Lambda-Runtime-Function-Response-Mode: teleport"
    );
    let answer = http(&api, &head, b"x").await;
    assert_eq!(
        (answer.status, &json_of(&answer)["errorType"]),
        (400, &json!("InvalidFunctionResponseMode"))
    );
    let error = invoking.await.unwrap().1.unwrap_err();
    assert_eq!(error.error_type, "Runtime.InvalidResponseModeHeader");
}

/// A response in streaming mode: two chunks, then `end` (the last chunk and any trailers).
fn streaming(api: &str, id: &str, end: &str) -> String {
    format!(
        "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: {api}\r\n\
         Connection: close\r\nTransfer-Encoding: chunked\r\n\
         Lambda-Runtime-Function-Response-Mode: streaming\r\n\
         Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n\
         4\r\none \r\n3\r\ntwo\r\n{end}"
    )
}

#[tokio::test]
async fn a_streaming_response_is_collected() {
    let invocation = invocation("{}");
    let id = invocation.request_id.clone();
    let (_, invoking, api) = Stage::new().await.ready().await.invoke(invocation).await;
    let request = streaming(&api, &id, "0\r\n\r\n");
    assert_eq!(raw(&api, request.as_bytes()).await.status, 202);
    assert_eq!(invoking.await.unwrap().1.unwrap(), "one two");
}

#[tokio::test]
async fn an_error_trailer_fails_a_streaming_response() {
    let invocation = invocation("{}");
    let id = invocation.request_id.clone();
    let (_, invoking, api) = Stage::new().await.ready().await.invoke(invocation).await;
    // {"errorType":"Half","errorMessage":"way"}
    let request = streaming(
        &api,
        &id,
        "0\r\nLambda-Runtime-Function-Error-Type: Runtime.Broken\r\n\
         Lambda-Runtime-Function-Error-Body: \
         eyJlcnJvclR5cGUiOiJIYWxmIiwiZXJyb3JNZXNzYWdlIjoid2F5In0=\r\n\r\n",
    );
    assert_eq!(raw(&api, request.as_bytes()).await.status, 202);
    let error = invoking.await.unwrap().1.unwrap_err();
    assert_eq!((&*error.error_type, &*error.message), ("Half", "way"));
}

#[tokio::test]
async fn a_connection_that_breaks_in_a_response_is_told() {
    let invocation = invocation("{}");
    let id = invocation.request_id.clone();
    let (_, invoking, api) = Stage::new().await.ready().await.invoke(invocation).await;
    let mut stream = tokio::net::TcpStream::connect(&api).await.unwrap();
    let request = streaming(&api, &id, "");
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    drop(stream);
    let (environment, outcome) = invoking.await.unwrap();
    assert_eq!(outcome.unwrap_err().error_type, "Runtime.TruncatedResponse");
    assert!(environment.reusable(), "the process lives");
}

#[tokio::test]
async fn a_connection_may_be_kept_and_requests_pipelined() {
    let invocation = invocation("{}");
    let id = invocation.request_id.clone();
    let (_, invoking, api) = Stage::new().await.ready().await.invoke(invocation).await;
    let request = format!(
        "GET /2018-06-01/ping HTTP/1.1\r\nHost: {api}\r\n\r\n\
         POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nHost: {api}\r\n\
         Content-Length: 2\r\n\r\nok\
         GET /2018-06-01/ping HTTP/1.1\r\nHost: {api}\r\nConnection: close\r\n\r\n"
    );
    let answers = raw(&api, request.as_bytes()).await;
    let all = format!("{}\r\n\r\n{}", answers.head, answers.body);
    assert_eq!(all.matches("HTTP/1.1 200 OK").count(), 2);
    assert_eq!(all.matches("HTTP/1.1 202 Accepted").count(), 1);
    assert_eq!(invoking.await.unwrap().1.unwrap(), "ok");
}
