//! A disk that is full, as clients see it.
//!
//! The test runs itself again in namespaces of its own (`unshare`, util-linux), where the queues
//! are on a file system of 96 MiB. Where that is not allowed, it says that it has shown nothing.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use libtest_mimic::Trial;
use serde_json::json;

use crate::server::{Ports, Server};
use crate::tools::{Answer, block_on, both, request, sqs};
use crate::trial;

const NAME: &str = "disk::a_full_one_is_an_error_until_there_is_room";
/// Names the state folder, in which `queues` is a small disk.
const STATE: &str = "SAMOVAR_SMALL_DISK";
const TEMPLATE: &str =
    "Resources:\n  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}\n";
const BODY_BYTES: usize = 100_000;
/// What is left of the disk when the first messages are sent.
const ROOM: u64 = 8 << 20;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial(NAME, full)]
}

fn full() {
    if let Some(state) = env::var_os(STATE) {
        return fill_and_make_room(&PathBuf::from(state));
    }
    let state = tempfile::tempdir().unwrap();
    let disk = state.path().join("queues");
    fs::create_dir(&disk).unwrap();
    let script = "mount -t tmpfs -o size=96m tmpfs \"$0\" || exit 77; exec \"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(disk);
    command.arg(env::current_exe().unwrap()).args(["--exact", NAME]).env(STATE, state.path());
    match command.output() {
        Ok(output) if both(&output).contains("running 1 test") => {
            assert!(output.status.success(), "{}", both(&output));
        }
        Ok(output) => eprintln!("NOT RUN: {NAME}: unshare may not mount a disk: {}", both(&output)),
        Err(error) => eprintln!("NOT RUN: {NAME}: unshare: {error}"),
    }
}

fn fill_and_make_room(state: &Path) {
    let template = state.join("template.yaml");
    fs::write(&template, TEMPLATE).unwrap();
    let start = || Server::start(&template, Ports::free(), Some(state), &[]);
    let server = start();
    let mut sent = BTreeSet::new();
    for _ in 0..2 {
        let filler = state.join("queues/filler");
        fill(&filler);
        sent.extend(send_until_refused(&server));
        sent.extend(refused_in_both_protocols(&server));
        assert!(server.health().is_object(), "it still serves");
        fs::remove_file(&filler).unwrap();
        // The same server takes messages again, the first one that is sent.
        sent.insert(send(&server).unwrap());
    }
    drop(server);
    let server = start();
    assert_eq!(received(&server), sent);
}

/// Writes a file until there is only so much room.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    let block = vec![1; 1 << 16];
    let mut length = 0_u64;
    while file.write_all(&block).is_ok() {
        length += block.len() as u64;
    }
    file.set_len(length.saturating_sub(ROOM)).unwrap();
}

fn client(server: &Server) -> aws_sdk_sqs::Client {
    let config = sqs(server).config().to_builder().retry_config(RetryConfig::disabled());
    aws_sdk_sqs::Client::from_conf(config.build())
}

/// The id of a message that was sent, or the error's code and status.
fn send(server: &Server) -> Result<String, (Option<String>, u16)> {
    let url = server.api("/000000000000/jobs");
    let send = client(server).send_message().queue_url(url).message_body("x".repeat(BODY_BYTES));
    match block_on(send.send()) {
        Ok(sent) => Ok(sent.message_id.unwrap()),
        Err(SdkError::ServiceError(error)) => {
            let status = error.raw().status().as_u16();
            Err((error.into_err().code().map(str::to_owned), status))
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// The ids of those messages for which there was room.
fn send_until_refused(server: &Server) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        match send(server) {
            Ok(id) => ids.push(id),
            Err(error) => {
                assert_eq!(error, (Some("InternalFailure".to_owned()), 500));
                return ids;
            }
        }
        assert!(ids.len() < 10_000, "the disk does not get full");
    }
}

/// SQS API reference, "Common Errors": `InternalFailure`, 500. SDKs try again after it. Returns the ids of messages for
/// which there was room all the same.
fn refused_in_both_protocols(server: &Server) -> Vec<String> {
    let body = "x".repeat(BODY_BYTES);
    let url = server.api("/000000000000/jobs");
    let mut ids = Vec::new();
    // Each refusal makes a little room again: what was half written is given up.
    let mut refused = |send: &dyn Fn() -> Answer, id: fn(&Answer) -> String| -> Answer {
        for _ in 0..1000 {
            let answer = send();
            if answer.status != 200 {
                return answer;
            }
            ids.push(id(&answer));
        }
        panic!("the disk is not full");
    };
    let document = json!({"QueueUrl": url, "MessageBody": body}).to_string();
    let headers =
        [("x-amz-target", "AmazonSQS.SendMessage"), ("content-type", "application/x-amz-json-1.0")];
    let answer =
        refused(&|| request("POST", &server.api("/"), &headers, document.as_bytes()), |answer| {
            answer.json()["MessageId"].as_str().unwrap().to_owned()
        });
    assert_eq!(answer.status, 500, "{}", answer.text());
    assert_eq!(answer.header("x-amzn-query-error"), "InternalFailure;Receiver");
    assert_eq!(answer.json()["__type"], "com.amazon.coral.service#InternalFailure");
    let form = format!("Action=SendMessage&MessageBody={body}");
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let answer = refused(&|| request("POST", &url, &headers, form.as_bytes()), |answer| {
        let text = answer.text();
        let (_, rest) = text.split_once("<MessageId>").unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    });
    assert_eq!(answer.status, 500, "{}", answer.text());
    let xml = answer.text();
    assert!(xml.contains("<Type>Receiver</Type><Code>InternalFailure</Code>"), "{xml}");
    ids
}

/// The ids of all messages, each of which is there once.
fn received(server: &Server) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let url = server.api("/000000000000/jobs");
    loop {
        let receive = client(server).receive_message().queue_url(&url).max_number_of_messages(10);
        let receive = receive.visibility_timeout(43_200);
        let messages = block_on(receive.send()).unwrap().messages.unwrap_or_default();
        if messages.is_empty() {
            return all;
        }
        for message in messages {
            assert!(all.insert(message.message_id.unwrap()), "a message is there twice");
        }
    }
}
