//! The AWS SDK for Rust and other clients, unmodified, against the AWS port.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;

use aws_sdk_lambda::error::ProvideErrorMetadata as _;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, MessageAttributeValue, QueueAttributeName,
    SendMessageBatchRequestEntry,
};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::server::{Server, Shared};
use crate::tools::{BOTO3, block_on, get, lambda, request, sqs, succeed};
use crate::{against, needing};

pub(crate) fn trials(server: &Arc<Shared>) -> Vec<Trial> {
    vec![
        against(server, "clients::rust_sdk_invokes", invoke),
        against(server, "clients::rust_sdk_sees_the_errors_of_lambda", lambda_errors),
        against(server, "clients::rust_sdk_sends_receives_and_deletes", queue),
        against(server, "clients::rust_sdk_batches", batches),
        against(server, "clients::rust_sdk_sees_the_errors_of_sqs", sqs_errors),
        against(server, "clients::a_long_poll_ends_when_a_message_comes", long_poll),
        needing(&[BOTO3], against(server, "clients::boto3_invokes_and_queues", boto3)),
        against(server, "clients::unknown_paths_are_told_so", unknown_path),
    ]
}

fn invoke(server: &Server) {
    for name in ["CounterWasm", "arn:aws:lambda:us-east-1:000000000000:function:CounterWasm"] {
        let call = lambda(server).invoke().function_name(name).payload(Blob::new("{}"));
        let output = block_on(call.send()).unwrap();
        assert_eq!((output.status_code(), output.function_error()), (200, None));
        assert_eq!(output.executed_version(), Some("$LATEST"));
    }
    let dry =
        lambda(server).invoke().function_name("Counter").invocation_type(InvocationType::DryRun);
    assert_eq!(block_on(dry.send()).unwrap().status_code(), 204);
}

fn lambda_errors(server: &Server) {
    let call = |name: &str, payload: Vec<u8>| {
        let call = lambda(server).invoke().function_name(name).payload(Blob::new(payload));
        block_on(call.send()).unwrap_err().into_service_error()
    };
    let missing = call("Nobody", b"{}".to_vec());
    assert!(missing.is_resource_not_found_exception(), "{missing:?}");
    assert_eq!(
        missing.message(),
        Some("Function not found: arn:aws:lambda:us-east-1:000000000000:function:Nobody")
    );
    let malformed = call("Counter", b"{".to_vec());
    assert!(malformed.is_invalid_request_content_exception(), "{malformed:?}");
    let large = format!("\"{}\"", "x".repeat(6 * 1024 * 1024));
    let large = call("Counter", large.into_bytes());
    assert!(large.is_request_too_large_exception(), "{large:?}");
}

/// A queue of this test's own.
fn own_queue(server: &Server, name: &str) -> (aws_sdk_sqs::Client, String) {
    let client = sqs(server);
    block_on(client.create_queue().queue_name(name).send()).unwrap();
    let url = block_on(client.get_queue_url().queue_name(name).send()).unwrap();
    let url = url.queue_url().unwrap().to_owned();
    assert_eq!(url, server.api(&format!("/000000000000/{name}")));
    (client, url)
}

fn attribute(client: &aws_sdk_sqs::Client, url: &str, name: QueueAttributeName) -> String {
    let get = client.get_queue_attributes().queue_url(url).attribute_names(name.clone());
    block_on(get.send()).unwrap().attributes.unwrap()[&name].clone()
}

/// The SDK checks the MD5 of bodies and attributes by itself.
fn queue(server: &Server) {
    let (client, url) = own_queue(server, "sdk-single");
    let attribute_value =
        MessageAttributeValue::builder().data_type("String").string_value("blue").build().unwrap();
    let send = client
        .send_message()
        .queue_url(&url)
        .message_body("grüße")
        .message_attributes("colour", attribute_value);
    let sent = block_on(send.send()).unwrap();
    let receive = client.receive_message().queue_url(&url).message_attribute_names("All");
    let received = block_on(receive.send()).unwrap().messages.unwrap();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].message_id(), sent.message_id());
    assert_eq!(received[0].body(), Some("grüße"));
    let attributes = received[0].message_attributes().unwrap();
    assert_eq!(attributes["colour"].string_value(), Some("blue"));
    let in_flight = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
    assert_eq!(attribute(&client, &url, in_flight.clone()), "1");
    let handle = received[0].receipt_handle().unwrap();
    let delete = client.delete_message().queue_url(&url).receipt_handle(handle);
    block_on(delete.send()).unwrap();
    assert_eq!(attribute(&client, &url, in_flight), "0");
}

fn batches(server: &Server) {
    let (client, url) = own_queue(server, "sdk-batch");
    let entry = |number: usize| {
        SendMessageBatchRequestEntry::builder()
            .id(format!("id{number}"))
            .message_body(format!("body {number}"))
            .build()
            .unwrap()
    };
    let entries = (0..10).map(entry).collect();
    let send = client.send_message_batch().queue_url(&url).set_entries(Some(entries));
    let sent = block_on(send.send()).unwrap();
    assert_eq!((sent.successful().len(), sent.failed().len()), (10, 0));
    let mut bodies = BTreeSet::new();
    while bodies.len() < 10 {
        let receive = client
            .receive_message()
            .queue_url(&url)
            .max_number_of_messages(10)
            .wait_time_seconds(20);
        let messages = block_on(receive.send()).unwrap().messages.unwrap();
        let delete = |(number, message): (usize, &aws_sdk_sqs::types::Message)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(number.to_string())
                .receipt_handle(message.receipt_handle().unwrap())
                .build()
                .unwrap()
        };
        let entries = messages.iter().enumerate().map(delete).collect();
        let delete = client.delete_message_batch().queue_url(&url).set_entries(Some(entries));
        assert!(block_on(delete.send()).unwrap().failed().is_empty());
        bodies.extend(messages.into_iter().map(|message| message.body.unwrap()));
    }
    assert_eq!(bodies, (0..10).map(|number| format!("body {number}")).collect());
    let waiting = QueueAttributeName::ApproximateNumberOfMessages;
    assert_eq!(attribute(&client, &url, waiting), "0");
}

fn sqs_errors(server: &Server) {
    let client = sqs(server);
    let missing = client.get_queue_url().queue_name("no-such-queue");
    let error = block_on(missing.send()).unwrap_err().into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
    let (client, url) = own_queue(server, "sdk-errors");
    let delete = client.delete_message().queue_url(&url).receipt_handle("nonsense");
    let error = block_on(delete.send()).unwrap_err().into_service_error();
    assert!(error.is_receipt_handle_is_invalid(), "{error:?}");
    let empty = client.send_message_batch().queue_url(&url).set_entries(Some(vec![]));
    let error = block_on(empty.send()).unwrap_err().into_service_error();
    assert!(error.is_empty_batch_request(), "{error:?}");
}

/// The receive is there before the message is.
fn long_poll(server: &Server) {
    let (client, url) = own_queue(server, "sdk-long-poll");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let receive = client.receive_message().queue_url(&url).wait_time_seconds(20);
            block_on(receive.send()).unwrap().messages.unwrap_or_default()
        });
        thread::sleep(std::time::Duration::from_millis(500));
        assert!(!waiting.is_finished(), "a long poll must wait");
        let send = client.send_message().queue_url(&url).message_body("at last");
        block_on(send.send()).unwrap();
        assert_eq!(waiting.join().unwrap()[0].body(), Some("at last"));
    });
}

const SCRIPT: &str = r#"
import json, sys, boto3
endpoint = sys.argv[1]
def client(name):
    return boto3.client(name, endpoint_url=endpoint, region_name="us-east-1",
                        aws_access_key_id="x", aws_secret_access_key="y")
answer = client("lambda").invoke(FunctionName="CounterWasm", Payload=b"{}", LogType="Tail")
assert answer["StatusCode"] == 200 and "FunctionError" not in answer, answer
sqs = client("sqs")
url = sqs.create_queue(QueueName="boto", Attributes={"VisibilityTimeout": "5"})["QueueUrl"]
sqs.send_message(QueueUrl=url, MessageBody="hi",
                 MessageAttributes={"n": {"DataType": "Number", "StringValue": "1"}})
got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5, MessageAttributeNames=["All"])["Messages"]
assert got[0]["Body"] == "hi" and got[0]["MessageAttributes"]["n"]["StringValue"] == "1", got
sqs.delete_message(QueueUrl=url, ReceiptHandle=got[0]["ReceiptHandle"])
try:
    sqs.get_queue_url(QueueName="nobody")
    raise SystemExit("no error")
except sqs.exceptions.QueueDoesNotExist:
    pass
print(json.dumps({"answer": json.load(answer["Payload"]), "url": url}))
"#;

fn boto3(server: &Server) {
    let mut command = BOTO3.command();
    command.args(["-c", SCRIPT, &server.api("")]);
    let output: Value = serde_json::from_str(&succeed(&mut command)).unwrap();
    let url = server.api("/000000000000/boto");
    assert_eq!(output, json!({"answer": {"count": 1}, "url": url}));
}

fn unknown_path(server: &Server) {
    let answer = get(&server.api("/nowhere"));
    assert_eq!(answer.status, 404);
    assert!(answer.json().is_object());
    let headers = [("x-amz-target", "AmazonSQS.Nonsense")];
    let answer = request("POST", &server.api("/"), &headers, b"{}");
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.text().contains("UnknownOperation"), "{}", answer.text());
}
