//! What handlers on `samovar-function` do, natively and as components, from the same source: send
//! requests, use the AWS SDK, stream, log.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::LogType;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::against;
use crate::server::{Ports, Server, Shared, root};
use crate::tools::{answer, block_on, lambda, sqs};

pub(crate) fn trials(server: &Arc<Shared>) -> Vec<Trial> {
    vec![
        against(server, "handlers::the_aws_sdk_sends_to_a_queue", sdk),
        against(server, "handlers::requests_run_at_once", at_once),
        against(server, "handlers::a_server_that_cannot_be_reached_is_named", unreachable),
        against(server, "handlers::server_sent_events_go_out_as_they_are_made", events),
        against(server, "handlers::a_panic_cuts_the_stream", cut),
        against(server, "handlers::logs_have_lambdas_forms", logs),
    ]
}

/// The functions of `handlers.yaml`.
pub(crate) fn server() -> Server {
    Server::start(&root().join("tests/functions/handlers.yaml"), Ports::free(), None, &[])
}

/// Tests run at once, and each message of a queue goes to one receiver only: a test that uses a
/// queue of others has it alone while it holds this.
struct Alone(Mutex<()>);

static GATE: Alone = Alone(Mutex::new(()));
static SENT: Alone = Alone(Mutex::new(()));

impl Alone {
    fn hold(&self) -> MutexGuard<'_, ()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn queue(server: &Server, name: &str) -> String {
    let url = block_on(sqs(server).get_queue_url().queue_name(name).send()).unwrap();
    url.queue_url.unwrap()
}

/// The bodies of the messages in a queue, which are gone then.
fn received(server: &Server, url: &str) -> Vec<String> {
    let receive = sqs(server).receive_message().queue_url(url).wait_time_seconds(1);
    let received = block_on(receive.max_number_of_messages(10).send()).unwrap();
    for message in received.messages() {
        let handle = message.receipt_handle().unwrap();
        block_on(sqs(server).delete_message().queue_url(url).receipt_handle(handle).send())
            .unwrap();
    }
    received.messages().iter().map(|message| message.body().unwrap().to_owned()).collect()
}

fn sdk(server: &Server) {
    let _alone = SENT.hold();
    let url = queue(server, "Sent");
    for function in ["Sender", "SenderWasm"] {
        let id = answer(server, function, &json!({"text": "a cup of tea"}));
        assert_eq!(id.as_str().unwrap().len(), 36, "{function}");
        assert_eq!(received(server, &url), ["a cup of tea"], "{function}");
    }
}

/// The first request waits for the message that the second one sends.
fn at_once(server: &Server) {
    let url = queue(server, "Called");
    for function in ["Caller", "CallerWasm"] {
        let receive = json!({"QueueUrl": url, "WaitTimeSeconds": 20});
        let send = json!({"QueueUrl": url, "MessageBody": "tea"});
        let event = json!([
            {"action": "ReceiveMessage", "input": receive},
            {"action": "SendMessage", "input": send},
        ]);
        let answers = answer(server, function, &event);
        assert_eq!((&answers[0]["status"], &answers[1]["status"]), (&json!(200), &json!(200)));
        let messages: Value = serde_json::from_str(answers[0]["body"].as_str().unwrap()).unwrap();
        assert_eq!(messages["Messages"][0]["Body"], "tea", "{function}: {answers}");
        let delete = json!({
            "QueueUrl": url,
            "ReceiptHandle": messages["Messages"][0]["ReceiptHandle"],
        });
        let event = json!([{"action": "DeleteMessage", "input": delete}]);
        assert_eq!(answer(server, function, &event)[0]["status"], 200);
    }
}

fn unreachable(server: &Server) {
    // Nobody listens at port 1; a component is not let through to it.
    let event = json!([{"uri": "http://127.0.0.1:1/?token=secret"}, {"uri": "/no/host"}]);
    for (function, why) in [("Caller", "refused"), ("CallerWasm", "HttpRequestDenied")] {
        let answers = answer(server, function, &event);
        let text = answers[0]["error"].as_str().unwrap();
        assert!(text.starts_with("HTTP request to 127.0.0.1:1: "), "{function}: {text}");
        assert!(text.contains(why) && !text.contains("secret"), "{function}: {text}");
        let text = answers[1]["error"].as_str().unwrap();
        assert!(text.contains("the URI must be absolute"), "{function}: {text}");
    }
}

/// Asks a function URL, and reads up to the end of the first event.
fn first_event(server: &Server, function: &str, target: &str) -> BufReader<TcpStream> {
    let address = server.http("");
    let address = address.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    let host = function.to_lowercase();
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: {host}.localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("data: first\n") {
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "{function}: {head}");
    }
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200 ok\r\n"), "{function}: {head}");
    assert!(head.contains("content-type: text/event-stream\r\n"), "{function}: {head}");
    reader
}

/// Lets the function go on.
fn open_gate(server: &Server) {
    let url = queue(server, "Gate");
    block_on(sqs(server).send_message().queue_url(url).message_body("go on").send()).unwrap();
}

/// The second event is made after the client has told that it got the first one.
fn events(server: &Server) {
    let _alone = GATE.hold();
    for function in ["Events", "EventsWasm"] {
        let mut reader = first_event(server, function, "/");
        open_gate(server);
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("data: second\n\n"), "{function}: {rest:?}");
        assert!(rest.ends_with("0\r\n\r\n"), "{function}: {rest:?}");
    }
}

fn cut(server: &Server) {
    let _alone = GATE.hold();
    for function in ["Events", "EventsWasm"] {
        let mut reader = first_event(server, function, "/?panic=true");
        open_gate(server);
        let mut rest = Vec::new();
        // Some systems tell the reset, others the end.
        let _ = reader.read_to_end(&mut rest);
        let rest = String::from_utf8_lossy(&rest);
        assert!(!rest.contains("second") && !rest.ends_with("0\r\n\r\n"), "{function}: {rest:?}");
    }
}

/// The log of one invocation.
fn log(server: &Server, function: &str, event: &Value) -> (String, Vec<String>) {
    let call = lambda(server).invoke().function_name(function).log_type(LogType::Tail);
    let output = block_on(call.payload(Blob::new(event.to_string())).send()).unwrap();
    assert_eq!(output.function_error(), None, "{function}");
    let log = aws_smithy_types::base64::decode(output.log_result().unwrap()).unwrap();
    let lines: Vec<_> = String::from_utf8(log).unwrap().lines().map(str::to_owned).collect();
    let id = lines[0].split("RequestId: ").nth(1).and_then(|rest| rest.split(' ').next());
    (id.unwrap_or_default().to_owned(), lines)
}

/// Text and JSON, as `lambda_runtime` writes them, with the request's id.
fn logs(server: &Server) {
    let _alone = SENT.hold();
    for function in ["Caller", "CallerWasm"] {
        let (id, lines) = log(server, function, &json!([]));
        let line = lines.iter().find(|line| line.contains("calling")).unwrap();
        let begin =
            format!(" INFO Lambda runtime invoke{{requestId=\"{id}\" xrayTraceId=\"Root=1-");
        assert!(line.starts_with(&begin), "{function}: {line}");
        assert!(line.ends_with("\"}: calling calls=0"), "{function}: {line}");
    }
    let lines = ["Sender", "SenderWasm"].map(|function| {
        let (_, lines) = log(server, function, &json!({"text": "tea"}));
        let documents: Vec<Value> =
            lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let start = documents.iter().find(|line| line["type"] == "platform.start").unwrap();
        let sent = documents.iter().find(|line| line["fields"]["message"] == "sent").unwrap();
        assert_eq!(sent["span"]["requestId"], start["record"]["requestId"], "{function}");
        assert_eq!((&sent["level"], &sent["fields"]["bytes"]), (&json!("INFO"), &json!(3)));
        sent.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    });
    assert_eq!(lines[0], lines[1], "native and WASM");
    received(server, &queue(server, "Sent"));
}
