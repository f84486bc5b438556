//! Asynchronous invocations: accepted on disk, retried, and told of.

use std::collections::BTreeSet;
use std::path::Path;

use aws_sdk_lambda::operation::RequestId;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_sdk_sqs::types::Message;
use libtest_mimic::Trial;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::server::{Ports, Server, root};
use crate::tools::{block_on, eventually, lambda, sqs};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("asynchronous::outcomes_are_told", outcomes),
        trial("asynchronous::kill_9_loses_no_accepted_event", crash),
    ]
}

fn start(state: &Path) -> Server {
    let template = root().join("tests/functions/template.yaml");
    Server::start(&template, Ports::free(), Some(state), &["--time-scale", "0.01"])
}

/// Invokes a function and waits for no answer; the request's id.
fn send(server: &Server, function: &str, event: &Value) -> String {
    let call = lambda(server)
        .invoke()
        .function_name(function)
        .invocation_type(InvocationType::Event)
        .payload(Blob::new(event.to_string()));
    let output = block_on(call.send()).unwrap();
    assert_eq!((output.status_code(), output.payload()), (202, None));
    output.request_id().unwrap().to_owned()
}

/// Takes what is in a queue now.
fn take(server: &Server, queue: &str) -> Vec<Message> {
    let url = server.api(&format!("/000000000000/{queue}"));
    let client = sqs(server);
    let receive = client
        .receive_message()
        .queue_url(&url)
        .message_attribute_names("All")
        .max_number_of_messages(10)
        .wait_time_seconds(1);
    let messages = block_on(receive.send()).unwrap().messages.unwrap_or_default();
    for message in &messages {
        let handle = message.receipt_handle().unwrap();
        block_on(client.delete_message().queue_url(&url).receipt_handle(handle).send()).unwrap();
    }
    messages
}

fn record(message: &Message) -> Value {
    serde_json::from_str(message.body().unwrap()).unwrap()
}

fn outcomes() {
    let state = tempfile::tempdir().unwrap();
    let server = start(state.path());
    let mut records = Vec::new();
    for (event, condition, attempts) in
        [(json!({}), "Success", 1), (json!({"how": "error"}), "RetriesExhausted", 3)]
    {
        let id = send(&server, "Told", &event);
        eventually("an outcome", || {
            records = take(&server, "Outcomes").iter().map(record).collect();
            !records.is_empty()
        });
        let [record] = records.as_slice() else { panic!("{records:?}") };
        let context = &record["requestContext"];
        assert_eq!(context["requestId"], *id);
        assert_eq!(context["condition"], condition, "{record}");
        assert_eq!(context["approximateInvokeCount"], attempts, "{record}");
        assert_eq!(record["requestPayload"], event);
        assert_eq!(record["responseContext"]["executedVersion"], "$LATEST");
        if condition == "Success" {
            assert_eq!(record["responsePayload"], json!({"crashed": false}));
            continue;
        }
        assert_eq!(record["responsePayload"]["errorMessage"], "asked to fail");
        let letters = take(&server, "FailedEvents");
        let [letter] = letters.as_slice() else { panic!("{letters:?}") };
        assert_eq!(letter.body(), Some(event.to_string().as_str()));
        let attributes = letter.message_attributes().unwrap();
        for (name, value) in
            [("RequestID", id.as_str()), ("ErrorCode", "200"), ("ErrorMessage", "asked to fail")]
        {
            assert_eq!(attributes[name].string_value(), Some(value));
        }
    }
}

/// Killed while one runs and the others wait: each still has its outcome, under its own id.
fn crash() {
    let state = tempfile::tempdir().unwrap();
    let server = start(state.path());
    let sent: BTreeSet<String> =
        (0..5).map(|_| send(&server, "OneByOne", &json!({"ms": 500}))).collect();
    server.signal(Signal::KILL);
    server.wait();
    drop(server);
    let server = start(state.path());
    let mut told = BTreeSet::new();
    eventually("every outcome", || {
        for message in take(&server, "Outcomes") {
            let record = record(&message);
            assert_eq!(record["requestContext"]["condition"], "Success", "{record}");
            told.insert(record["requestContext"]["requestId"].as_str().unwrap().to_owned());
        }
        told.is_superset(&sent)
    });
}
