//! Responses that stream, with the AWS SDK for Rust, boto3 and plain HTTP, and extensions.
//!
//! The functions say a first piece and wait for the client, which lets them go on when it has got
//! that piece: were anything buffered on the way, both would wait for ever.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    InvokeWithResponseStreamResponseEvent, LogType, ResponseStreamingInvocationType,
};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::server::{Server, Shared};
use crate::tools::{BOTO3, answer, block_on, eventually, get, lambda, post, succeed};
use crate::{against, needing};

pub(crate) fn trials(server: &Arc<Shared>) -> Vec<Trial> {
    vec![
        against(server, "streaming::the_sdk_gets_each_piece_as_it_comes", sdk),
        against(server, "streaming::a_stream_that_fails_ends_with_its_error", failing),
        against(server, "streaming::a_function_that_does_not_stream_is_one_chunk", whole),
        against(server, "streaming::a_plain_invoke_gets_all_at_once", plain),
        against(server, "streaming::a_function_url_streams_behind_its_prelude", url),
        against(server, "streaming::a_buffered_function_url_collects", collected),
        against(server, "streaming::a_client_that_goes_away_stops_no_native_function", gone),
        needing(&[BOTO3], against(server, "streaming::boto3_gets_each_piece_as_it_comes", boto3)),
        needing(
            &[BOTO3],
            against(server, "extensions::a_layers_extension_sees_invocations", extension),
        ),
    ]
}

/// Where a function waits. A connection, because a function has a `/tmp` of its own.
pub(crate) struct Gate(TcpListener);

impl Gate {
    pub(crate) fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// Lets the function go on: it finds its connection closed.
    pub(crate) fn open(&self) {
        drop(self.0.accept().unwrap());
    }
}

/// All pieces of a streamed invocation, and how it ended: `ErrorCode`, `ErrorDetails`, the log.
async fn pieces(
    server: &Server,
    function: &str,
    event: Value,
    mut piece: impl FnMut(&str),
) -> (Option<String>, Option<String>, Option<String>) {
    let call = lambda(server)
        .invoke_with_response_stream()
        .function_name(function)
        .invocation_type(ResponseStreamingInvocationType::RequestResponse)
        .log_type(LogType::Tail)
        .payload(Blob::new(event.to_string()));
    let mut output = call.send().await.unwrap();
    assert_eq!((output.status_code(), output.executed_version()), (200, Some("$LATEST")));
    loop {
        match output.event_stream.recv().await.unwrap().expect("an end") {
            InvokeWithResponseStreamResponseEvent::PayloadChunk(chunk) => {
                piece(std::str::from_utf8(chunk.payload().unwrap().as_ref()).unwrap());
            }
            InvokeWithResponseStreamResponseEvent::InvokeComplete(end) => {
                return (end.error_code, end.error_details, end.log_result);
            }
            other => panic!("an unknown event: {other:?}"),
        }
    }
}

fn sdk(server: &Server) {
    let gate = Gate::new();
    let mut all = String::new();
    let end = block_on(pieces(server, "Streamer", json!({"port": gate.port()}), |piece| {
        all.push_str(piece);
        if all.ends_with("first") {
            gate.open();
        }
    }));
    // lambda_runtime writes a prelude in every case; only HTTP front ends read it.
    let (prelude, body) = all.split_once("\0\0\0\0\0\0\0\0").unwrap();
    assert!(serde_json::from_str::<Value>(prelude).unwrap().is_object());
    assert_eq!(body, "firstsecond");
    assert_eq!((end.0, end.1), (None, None));
    assert!(end.2.is_some_and(|log| !log.is_empty()));
}

fn failing(server: &Server) {
    let mut all = String::new();
    let event = json!({"fail": true});
    let (code, details, _) =
        block_on(pieces(server, "Streamer", event, |piece| all.push_str(piece)));
    assert!(all.ends_with("first"), "{all}");
    assert_eq!(code.as_deref(), Some("Unhandled"));
    let details: Value = serde_json::from_str(&details.unwrap()).unwrap();
    assert!(details["errorMessage"].as_str().unwrap().contains("broke off"), "{details}");
}

fn whole(server: &Server) {
    let mut all = Vec::new();
    let end =
        block_on(pieces(server, "Sleeper", json!({"ms": 1}), |piece| all.push(piece.to_owned())));
    assert_eq!((all, end.0), (vec![r#"{"slept":1}"#.to_owned()], None));
    let (code, details, _) =
        block_on(pieces(server, "Crasher", json!({"how": "exit"}), |piece| panic!("{piece}")));
    let details: Value = serde_json::from_str(&details.unwrap()).unwrap();
    assert_eq!(
        (code.as_deref(), &details["errorType"]),
        (Some("Unhandled"), &json!("Runtime.ExitError"))
    );
}

fn plain(server: &Server) {
    let url = server.api("/2015-03-31/functions/Streamer/invocations");
    let answer = post(&url, "{}");
    assert_eq!(answer.status, 200);
    assert!(answer.text().ends_with("\0\0\0\0\0\0\0\0firstsecond"), "{}", answer.text());
}

fn url(server: &Server) {
    first_and_second(server, "httpstreamer", "/");
}

/// Asks the function `http-streamer` at a host and path; its second piece comes after its first has
/// reached the client.
pub(crate) fn first_and_second(server: &Server, host: &str, path: &str) {
    let gate = Gate::new();
    let mut stream = TcpStream::connect(("127.0.0.1", server.ports.http)).unwrap();
    let request = format!(
        "GET {path}?port={} HTTP/1.1\r\nHost: {host}.localhost\r\nConnection: close\r\n\r\n",
        gate.port()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => head.push(line.to_ascii_lowercase()),
        }
    }
    assert_eq!(head[0], "http/1.1 202 accepted");
    for line in ["content-type: text/x-pieces", "set-cookie: a=1", "set-cookie: b=2"] {
        assert!(head.iter().any(|one| one == line), "{line}: {head:?}");
    }
    let mut first = [0; "5\r\nfirst\r\n".len()];
    reader.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"5\r\nfirst\r\n");
    gate.open();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "6\r\nsecond\r\n0\r\n\r\n");
}

/// Lambda guide, "Response streaming for Lambda functions": "streamed responses are not interrupted
/// or stopped when the invoking client connection is broken".
fn gone(server: &Server) {
    let gate = Gate::new();
    let address = server.http("");
    let address = address.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).unwrap();
    let request =
        format!("GET /gone?port={} HTTP/1.1\r\nHost: httpstreamer.localhost\r\n\r\n", gate.port());
    stream.write_all(request.as_bytes()).unwrap();
    let mut first = Vec::new();
    while !first.ends_with(b"first\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        first.extend(byte);
    }
    drop(stream);
    gate.open();
    let line =
        || server.output().lines().find(|line| line.contains("GET /gone")).map(str::to_owned);
    eventually("the end of the invocation", || line().is_some());
    let line = line().unwrap();
    assert!(!line.contains("Runtime.") && !line.contains("Sandbox."), "{line}");
}

fn collected(server: &Server) {
    let url = server.http("/");
    let host = [("host", "httpcollector.localhost")];
    let answer = crate::tools::request("GET", &url, &host, b"");
    assert_eq!((answer.status, answer.text().as_str()), (202, "firstsecond"));
    assert_eq!(answer.header("content-type"), "text/x-pieces");
}

const SCRIPT: &str = r#"
import socket, sys, boto3
endpoint, = sys.argv[1:]
gate = socket.create_server(("127.0.0.1", 0))
client = boto3.client("lambda", endpoint_url=endpoint, region_name="us-east-1",
                      aws_access_key_id="x", aws_secret_access_key="y")
answer = client.invoke_with_response_stream(
    FunctionName="Streamer", LogType="Tail", Payload=b'{"port": %d}' % gate.getsockname()[1])
assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST", answer
assert answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream", answer
body, end = b"", None
for event in answer["EventStream"]:
    assert end is None
    if "PayloadChunk" in event:
        body += event["PayloadChunk"]["Payload"]
        if body.endswith(b"first"):
            gate.accept()[0].close()
    else:
        end = event["InvokeComplete"]
assert body.endswith(b"firstsecond"), body
assert end["LogResult"] and "ErrorCode" not in end, end
try:
    client.invoke_with_response_stream(FunctionName="nobody")
    raise SystemExit("no error")
except client.exceptions.ResourceNotFoundException:
    pass
"#;

fn boto3(server: &Server) {
    let mut command = BOTO3.command();
    succeed(command.args(["-c", SCRIPT, &server.api("")]));
}

/// The layer's extension is a Python program: what it says is in the function's log.
fn extension(server: &Server) {
    assert_eq!(answer(server, "Watched", &json!({"ms": 1})), json!({"slept": 1}));
    let call = lambda(server).invoke().function_name("Watched").log_type(LogType::Tail);
    let output = block_on(call.payload(Blob::new(r#"{"ms": 1}"#)).send()).unwrap();
    let log = aws_smithy_types::base64::decode(output.log_result().unwrap()).unwrap();
    let log = String::from_utf8(log).unwrap();
    let id = log.strip_prefix("START RequestId: ").unwrap().split(' ').next().unwrap();
    assert!(log.contains(&format!("\nINVOKE {id}\n")), "{log}");
    assert_eq!(get(&server.api("/_samovar/health")).status, 200);
}
