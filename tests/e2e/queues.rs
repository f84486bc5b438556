//! `samovar queues`, `send`, `peek`, `redrive` and `purge` against a running Samovar.

use std::io::Write;
use std::process::{Output, Stdio};

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Ports, Server, samovar};
use crate::tools::{block_on, sqs};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("queues::numbers", numbers),
        trial("queues::a_message_comes_back_as_it_was_sent", sent),
        trial("queues::a_look_leaves_messages_as_they_are", looked_at),
        trial("queues::standard_input_is_a_message", standard_input),
        trial("queues::dead_letters_go_back", dead_letters),
        trial("queues::a_purge_has_to_be_meant", purged),
        trial("queues::faults_name_the_remedy", faults),
        trial("queues::nothing_there", nothing_there),
    ]
}

const TEMPLATE: &str = "\
Resources:
  Orders:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: orders
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 1}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs.fifo, FifoQueue: true}}
";

/// A server with three queues.
struct Stand {
    server: Server,
    _folder: TempDir,
}

impl Stand {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let template = folder.path().join("template.yaml");
        std::fs::write(&template, TEMPLATE).unwrap();
        Self { server: Server::start(&template, Ports::free(), None, &[]), _folder: folder }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = samovar();
        command.env("AWS_ENDPOINT_URL", self.server.api(""));
        command.args(arguments).output().unwrap()
    }

    /// What a command prints that must succeed.
    #[track_caller]
    fn good(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stderr(&output), "");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command prints that must fail.
    #[track_caller]
    fn bad(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        stderr(&output)
    }

    /// A queue of `samovar queues --format json`.
    fn queue(&self, name: &str) -> Value {
        let page: Value =
            serde_json::from_str(&self.good(&["queues", "--format", "json"])).unwrap();
        let queues = page["queues"].as_array().unwrap();
        queues.iter().find(|queue| queue["name"] == name).unwrap().clone()
    }

    /// The messages of `samovar peek --format json`.
    fn messages(&self, queue: &str) -> Vec<Value> {
        let page: Value =
            serde_json::from_str(&self.good(&["peek", queue, "--format", "json"])).unwrap();
        page["messages"].as_array().unwrap().clone()
    }

    /// Receives one message by SQS, out of sight for so many seconds.
    fn receive(&self, queue: &str, visibility: i32) -> Option<aws_sdk_sqs::types::Message> {
        let receive = sqs(&self.server).receive_message().visibility_timeout(visibility);
        let receive = receive.queue_url(self.server.api(&format!("/000000000000/{queue}")));
        block_on(receive.send()).unwrap().messages?.pop()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn numbers() {
    let stand = Stand::new();
    let empty = stand.good(&["queues"]);
    let names: Vec<&str> =
        empty.lines().skip(1).map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(names, ["dead", "jobs.fifo", "orders"], "{empty}");

    for body in ["a", "b", "c"] {
        stand.good(&["send", "orders", body]);
    }
    stand.good(&["send", "orders", "later", "--delay", "900"]);
    stand.receive("orders", 900).unwrap();
    let orders = stand.queue("orders");
    let number = |name: &str| orders[name].as_u64().unwrap();
    assert_eq!((number("visible"), number("inFlight"), number("delayed")), (2, 1, 1));
    assert_eq!((number("arrived"), number("departed")), (4, 0));
    assert_eq!(orders["deadLetterTarget"], "arn:aws:sqs:us-east-1:000000000000:dead");

    let table = stand.good(&["queues"]);
    let row: Vec<&str> = table.lines().last().unwrap().split_whitespace().collect();
    assert_eq!(row[..4], ["orders", "2", "1", "1"], "{table}");
    assert_eq!(row.last(), Some(&"dead"), "{table}");
}

fn sent() {
    let stand = Stand::new();
    let url = stand.server.api("/000000000000/jobs.fifo");
    let text = stand.good(&[
        "send",
        &url,
        "-1",
        "--group",
        "g",
        "--dedup",
        "d",
        "--attribute",
        "From=shop",
    ]);
    let received = sqs(&stand.server).receive_message().queue_url(url);
    let received = received.message_attribute_names("All");
    let received = block_on(received.send()).unwrap().messages.unwrap().remove(0);
    assert_eq!(text, format!("Sent {} to jobs.fifo.\n", received.message_id().unwrap()));
    assert_eq!(received.body(), Some("-1"));
    let attribute = &received.message_attributes().unwrap()["From"];
    assert_eq!((attribute.data_type(), attribute.string_value()), ("String", Some("shop")));
}

fn looked_at() {
    let stand = Stand::new();
    stand.good(&["send", "orders", "first"]);
    stand.good(&["send", "orders", "second"]);
    for _ in 0..3 {
        let messages = stand.messages("arn:aws:sqs:us-east-1:000000000000:orders");
        let seen = |message: &Value| {
            let count = message["message"]["Attributes"]["ApproximateReceiveCount"].clone();
            (message["message"]["Body"].clone(), count, message["state"].clone())
        };
        let expected = ["first", "second"].map(|body| (json!(body), json!("0"), json!("visible")));
        assert_eq!(messages.iter().map(seen).collect::<Vec<_>>(), expected);
    }
    let text = stand.good(&["peek", "orders", "--max", "1"]);
    assert!(text.starts_with("orders  2 messages, the first 1:\n"), "{text}");
    assert!(text.contains("\n    first\n") && !text.contains("second"), "{text}");
    assert_eq!(stand.good(&["peek", "dead"]), "dead  no messages\n");

    // With a maxReceiveCount of 1, a look that counted would send them to the dead letters.
    assert_eq!(stand.receive("orders", 30).unwrap().body(), Some("first"));
    assert_eq!(stand.messages("orders")[0]["state"], "in-flight");
}

fn standard_input() {
    let stand = Stand::new();
    let mut command = samovar();
    command.args(["send", "orders", "-", "--endpoint", &stand.server.api("")]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all("zwölf\nTee".as_bytes()).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    assert_eq!(stand.receive("orders", 30).unwrap().body(), Some("zwölf\nTee"));
}

fn dead_letters() {
    let stand = Stand::new();
    for body in ["a", "b"] {
        stand.good(&["send", "orders", body]);
    }
    // Received once without being deleted; the next receive finds them dead.
    while stand.receive("orders", 0).is_some() {}
    let numbers = || ["orders", "dead"].map(|name| stand.queue(name)["visible"].clone());
    assert_eq!(numbers(), [0, 2]);
    let text = stand.good(&["peek", "dead"]);
    assert!(text.contains("failed in: arn:aws:sqs:us-east-1:000000000000:orders"), "{text}");

    assert_eq!(stand.good(&["redrive", "dead"]), "Moved 2 messages from dead to orders.\n");
    assert_eq!(numbers(), [2, 0]);
    assert_eq!(stand.good(&["redrive", "dead"]), "Moved 0 messages from dead to orders.\n");
    assert_eq!(
        stand.bad(&["redrive", "orders"]),
        "error: `orders` is no dead-letter queue: no queue's RedrivePolicy names it\n\
         help: dead-letter queues: dead\n"
    );
}

fn purged() {
    let stand = Stand::new();
    stand.good(&["send", "orders", "a"]);
    // Standard input is no terminal here.
    let text = stand.bad(&["purge", "orders"]);
    assert!(text.contains("say --yes"), "{text}");
    assert_eq!(stand.queue("orders")["visible"], 1);
    assert_eq!(stand.good(&["purge", "orders", "--yes"]), "Purged orders.\n");
    assert_eq!(stand.queue("orders")["visible"], 0);
    let text = stand.bad(&["purge", "orders", "--yes"]);
    assert!(text.starts_with("error: orders: Only one PurgeQueue operation"), "{text}");
    assert!(text.ends_with("help: wait a minute\n"), "{text}");
}

fn faults() {
    let stand = Stand::new();
    for (arguments, parts) in [
        (&["send", "ordres", "a"][..], &["no queue `ordres`", "did you mean `orders`?"][..]),
        (&["peek", "nothing"], &["no queue `nothing`", "queues there: dead, jobs.fifo, orders"]),
        (&["purge", "a b"], &["`a b` is no queue", "its name, its URL or its ARN"]),
        (&["send", "jobs.fifo", "a"], &["jobs.fifo: ", "MessageGroupId", "help: give --group"]),
        (&["send", "orders", ""], &["orders: ", "MessageBody"]),
        (&["redrive", "dead", "--to", "oders"], &["did you mean `orders`?"]),
    ] {
        let text = stand.bad(arguments);
        for part in parts {
            assert!(text.contains(part), "{arguments:?}: {part:?} is missing in:\n{text}");
        }
    }
}

fn nothing_there() {
    let endpoint = format!("http://127.0.0.1:{}", Ports::free().api);
    let run = |arguments: &[&str]| {
        let output = samovar().args(arguments).env("AWS_ENDPOINT_URL", "").output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        stderr(&output)
    };
    for arguments in [
        &["queues"][..],
        &["queues", "--watch"],
        &["send", "q", "a"],
        &["peek", "q"],
        &["redrive", "q"],
        &["purge", "q", "--yes"],
    ] {
        let text = run(&[arguments, &["--endpoint", &endpoint]].concat());
        assert!(text.starts_with(&format!("error: nothing answers at {endpoint}: ")), "{text}");
        assert!(text.contains("help: start the application with `samovar up`"), "{text}");
    }
    // Somebody else's port.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let other = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").unwrap();
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let text = run(&["queues", "--endpoint", &format!("http://{address}")]);
    assert!(text.contains("is not this Samovar: it answers GET /_samovar/queues"), "{text}");
    other.join().unwrap();
}
