//! The Extensions, Telemetry and Logs APIs over raw HTTP: here the test is the runtime and an
//! internal extension.

use std::time::Duration;

use samovar_dispatch::{Environment, FunctionError, Provider};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::support::*;

const REGISTER: &str = "POST /2020-01-01/extension/register";

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

    async fn send(&self, head: &str, body: impl ToString) -> Answer {
        http(&self.api, head, body.to_string().as_bytes()).await
    }

    /// Registers an internal extension; its identifier.
    async fn register(&self, name: &str, events: Value) -> String {
        let head = format!("{REGISTER}\r\nLambda-Extension-Name: {name}");
        let answer = self.send(&head, json!({"events": events})).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.header("lambda-extension-identifier").unwrap().to_owned()
    }

    fn waiting(&self, head: String) -> JoinHandle<Answer> {
        let api = self.api.clone();
        tokio::spawn(async move { http(&api, &head, b"").await })
    }

    async fn refused(&self, head: &str, body: impl ToString) -> (u16, String, String) {
        let answer = self.send(head, body).await;
        let document: Value = serde_json::from_str(&answer.body).unwrap();
        let text = |name: &str| document[name].as_str().unwrap().to_owned();
        (answer.status, text("errorType"), text("errorMessage"))
    }
}

fn next(id: &str) -> String {
    format!("GET /2020-01-01/extension/event/next\r\nLambda-Extension-Identifier: {id}")
}

const RUNTIME_NEXT: &str = "GET /2018-06-01/runtime/invocation/next";

/// "Extensions API reference": register, next, and what INVOKE has.
#[tokio::test]
async fn an_internal_extension_is_part_of_the_environment() {
    let stage = Stage::new().await;
    let head = format!(
        "{REGISTER}\r\nLambda-Extension-Name: inside\r\nLambda-Extension-Accept-Feature: accountId"
    );
    let registered = stage.send(&head, json!({"events": ["INVOKE"]})).await;
    let document: Value = serde_json::from_str(&registered.body).unwrap();
    assert_eq!(
        (&document["functionName"], &document["functionVersion"]),
        (&json!("orders"), &json!("$LATEST"))
    );
    assert!(document["accountId"].is_string() && document["handler"].is_string());
    let id = registered.header("lambda-extension-identifier").unwrap().to_owned();
    let _runtime = stage.waiting(RUNTIME_NEXT.to_owned());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!stage.starting.is_finished(), "the extension has not asked for an event");
    let waiting = stage.waiting(next(&id));
    let mut environment = stage.starting.await.unwrap().unwrap();
    let invocation = invocation("{}");
    let (request, trace) = (invocation.request_id.clone(), invocation.trace_id.clone());
    let invoking = tokio::spawn(async move {
        let outcome = invoke(&mut *environment, invocation).await;
        (environment, outcome)
    });
    let event = waiting.await.unwrap();
    assert_eq!(event.header("lambda-extension-event-identifier"), Some(&*request));
    let document: Value = serde_json::from_str(&event.body).unwrap();
    assert_eq!(
        (&document["eventType"], &document["requestId"]),
        (&json!("INVOKE"), &json!(request))
    );
    assert_eq!(document["tracing"], json!({"type": "X-Amzn-Trace-Id", "value": trace}));
    assert!(document["deadlineMs"].is_u64() && document["invokedFunctionArn"].is_string());
    let head = format!("POST /2018-06-01/runtime/invocation/{request}/response");
    assert_eq!(http(&stage.api, &head, b"ok").await.status, 202);
    let api = stage.api.clone();
    let asking = |head: String| {
        let api = api.clone();
        tokio::spawn(async move { http(&api, &head, b"").await })
    };
    let _runtime = asking(RUNTIME_NEXT.to_owned());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!invoking.is_finished(), "the extension is not done");
    let _extension = asking(next(&id));
    let (environment, outcome) = invoking.await.unwrap();
    assert_eq!(outcome.unwrap(), "ok");
    assert!(environment.reusable());
    drop(stage.fixture);
}

/// `internal/lambda/rapi/handler/agent*.go` of AWS's emulator: every refusal is a 403.
#[tokio::test]
async fn what_is_wrong_is_refused_in_the_words_of_aws() {
    let stage = Stage::new().await;
    let id = stage.register("inside", json!([])).await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    let init_error = "POST /2020-01-01/extension/init/error";
    for (head, body, error_type, message) in [
        (REGISTER.to_owned(), "{}", "Extension.InvalidExtensionName", "Empty extension name"),
        (
            format!("{REGISTER}\r\nLambda-Extension-Name: other"),
            r#"{"events":["SHUTDOWN"]}"#,
            "Extension.InvalidEventType",
            "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension",
        ),
        (
            format!("{REGISTER}\r\nLambda-Extension-Name: inside"),
            "{}",
            "Extension.InvalidExtensionState",
            "Extension with this name already registered",
        ),
        (
            "GET /2020-01-01/extension/event/next".to_owned(),
            "",
            "Extension.MissingExtensionIdentifier",
            "Missing Lambda-Extension-Identifier header",
        ),
        (
            next("nonsense"),
            "",
            "Extension.InvalidExtensionIdentifier",
            "Invalid Lambda-Extension-Identifier",
        ),
        (
            next(nobody),
            "",
            "Extension.UnknownExtensionIdentifier",
            "Unknown extension 00000000-0000-4000-8000-000000000000",
        ),
        (
            format!("{init_error}\r\nLambda-Extension-Identifier: {id}"),
            "",
            "Extension.MissingHeader",
            "Lambda-Extension-Function-Error-Type not found",
        ),
    ] {
        let refused = stage.refused(&head, body).await;
        assert_eq!(refused, (403, error_type.to_owned(), message.to_owned()), "{head}");
    }
    let malformed = format!("{REGISTER}\r\nLambda-Extension-Name: other");
    let (status, error_type, _) = stage.refused(&malformed, "{").await;
    assert_eq!((status, error_type.as_str()), (403, "InvalidRequestFormat"));
    assert_eq!(stage.send("GET /2020-01-01/extension/register", "").await.status, 405);
    assert_eq!(stage.send("GET /2020-01-01/extension/nothing", "").await.status, 404);

    let head = format!(
        "{init_error}\r\nLambda-Extension-Identifier: {id}\r\n\
         Lambda-Extension-Function-Error-Type: Extension.Odd"
    );
    let accepted = stage.send(&head, "{}").await;
    assert_eq!((accepted.status, &*accepted.body), (202, r#"{"status":"OK"}"#));
    let error = stage.starting.await.unwrap().err().unwrap();
    assert_eq!((&*error.error_type, &*error.message), ("Extension.InitError", "Extension.Odd"));
}

fn subscribe(id: &str, path: &str) -> String {
    format!("PUT {path}\r\nLambda-Extension-Identifier: {id}")
}

const TELEMETRY: &str = "/2022-07-01/telemetry";

#[tokio::test]
async fn subscriptions_are_checked() {
    let stage = Stage::new().await;
    let id = stage.register("inside", json!([])).await;
    let body = |uri: &str| {
        json!({
            "schemaVersion": "2022-12-13", "types": ["platform"],
            "destination": {"protocol": "HTTP", "URI": uri},
        })
    };
    let head = subscribe(&id, TELEMETRY);
    for (body, message) in [
        (body("http://sandbox.localdomain"), "URI port is not provided"),
        (body("http://example.com:80"), "URI host should be sandbox.localdomain"),
        (body("http://127.0.0.1:80"), "URI host should be sandbox.localdomain"),
        (body("http://sandbox@example.com:80"), "URI host should be sandbox.localdomain"),
        (body("https://sandbox:80"), "URI scheme should be http"),
        (
            json!({"schemaVersion": "2022-12-13", "types": [], "destination": {"protocol": "HTTP", "URI": "http://sandbox"}}),
            "types should not be empty; URI port is not provided",
        ),
        (
            json!({"schemaVersion": "1", "types": ["all"], "destination": {"protocol": "UDP"}, "buffering": {"maxItems": 1, "maxBytes": 1, "timeoutMs": 1}}),
            "schemaVersion should be 2022-07-01, 2022-12-13 or 2025-01-29; types should not contain \
             \"all\"; destination.protocol should be HTTP or TCP; buffering.maxItems should be between \
             1000 and 10000; buffering.maxBytes should be between 262144 and 1048576; \
             buffering.timeoutMs should be between 25 and 30000",
        ),
    ] {
        let refused = stage.refused(&head, &body).await;
        assert_eq!(refused, (400, "ValidationError".to_owned(), message.to_owned()), "{body}");
    }
    let own = body(&format!("http://sandbox:{}", stage.api.rsplit_once(':').unwrap().1));
    assert_eq!(stage.refused(&head, own).await.0, 400, "its own API");
    let (status, error_type, _) = stage.refused(&format!("PUT {TELEMETRY}"), "{}").await;
    assert_eq!((status, error_type.as_str()), (403, "Extension.MissingExtensionIdentifier"));

    let good = body("http://sandbox:9");
    for _ in 0..2 {
        let subscribed = stage.send(&head, &good).await;
        assert_eq!((subscribed.status, &*subscribed.body), (200, "\"OK\""));
    }
    let logs = json!({
        "types": ["function"], "destination": {"protocol": "TCP", "port": 9},
        "schemaVersion": "2021-03-18",
    });
    let other = stage.refused(&subscribe(&id, "/2020-08-15/logs"), logs).await;
    assert_eq!(other.0, 400, "both APIs at once");
    let _both = (stage.waiting(RUNTIME_NEXT.to_owned()), stage.waiting(next(&id)));
    let api = stage.api.clone();
    let _environment = stage.starting.await.unwrap().unwrap();
    let late = http(&api, &head, good.to_string().as_bytes()).await;
    assert_eq!(late.status, 403, "initialisation is over");
    assert!(late.body.contains("Telemetry.SubscriptionClosed"), "{}", late.body);
    let texts = stage.fixture.seen.texts();
    let line = "TELEMETRY\tName: inside\tState: Subscribed\tTypes: [Platform]";
    assert!(texts.iter().any(|text| text == line), "{texts:?}");
}

/// "Specifying a destination protocol": newline-delimited JSON.
#[tokio::test]
async fn telemetry_goes_over_tcp_too() {
    let stage = Stage::new().await;
    let id = stage.register("inside", json!([])).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let body = json!({
        "schemaVersion": "2025-01-29", "types": ["platform"],
        "buffering": {"timeoutMs": 25}, "destination": {"protocol": "TCP", "port": port},
    });
    assert_eq!(stage.send(&subscribe(&id, TELEMETRY), body).await.status, 200);
    let (stream, _) = listener.accept().await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    let mut kinds = Vec::new();
    while kinds.len() < 2 {
        let line = tokio::time::timeout(LONG, lines.next_line()).await.unwrap().unwrap().unwrap();
        let event: Value = serde_json::from_str(&line).unwrap();
        kinds.push(event["type"].as_str().unwrap().to_owned());
    }
    assert_eq!(kinds, ["platform.initStart", "platform.telemetrySubscription"]);
}
