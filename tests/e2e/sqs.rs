//! All of SQS, with boto3 and the AWS SDK for Rust.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, MessageAttributeValue,
    MessageSystemAttributeNameForSends, MessageSystemAttributeValue, QueueAttributeName,
    SendMessageBatchRequestEntry,
};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::server::{Server, Shared};
use crate::tools::{BOTO3, block_on, eventually, sqs, succeed};
use crate::{against, needing};

pub(crate) fn trials(server: &Arc<Shared>) -> Vec<Trial> {
    vec![
        needing(&[BOTO3], against(server, "sqs::boto3_does_every_action", boto3)),
        needing(
            &[BOTO3],
            against(server, "sqs::every_error_in_both_protocols_and_sdks", every_error),
        ),
        against(server, "sqs::rust_sdk_manages_queues", manage),
        against(server, "sqs::rust_sdk_sends_all_there_is_to_a_message", message),
        against(server, "sqs::rust_sdk_moves_dead_letters", dead_letters),
        against(server, "sqs::rust_sdk_sees_typed_errors", errors),
    ]
}

/// The script has its assertions; it ends well if all hold.
fn boto3(server: &Server) {
    let mut command = BOTO3.command();
    command.args(["-c", include_str!("sqs.py"), &server.api("")]);
    let output: Value = serde_json::from_str(&succeed(&mut command)).unwrap();
    assert_eq!(output, json!({"actions": 23}), "boto3 knows actions that the script does not");
}

/// The script prints what it has shown, or ends with each row that does not hold.
fn every_error(server: &Server) {
    let mut command = BOTO3.command();
    command.args(["-c", include_str!("sqs_errors.py"), &server.api("")]);
    command.arg(std::env::current_exe().unwrap());
    let output: Value = serde_json::from_str(&succeed(&mut command)).unwrap();
    assert!(output["rows"].as_u64() >= Some(200), "{output}");
    // The others lack what the SDK demands, or have another type.
    assert!(output["by_rust_sdk"].as_u64() >= Some(150), "{output}");
}

/// A queue of a test's own.
pub(crate) fn own_queue(server: &Server, name: &str) -> (Client, String) {
    let client = sqs(server);
    let created = block_on(client.create_queue().queue_name(name).send()).unwrap();
    (client, created.queue_url.unwrap())
}

/// The ARN of a queue.
pub(crate) fn arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:000000000000:{name}")
}

fn attributes(client: &Client, url: &str) -> HashMap<QueueAttributeName, String> {
    let get = client.get_queue_attributes().queue_url(url);
    let get = get.attribute_names(QueueAttributeName::All);
    block_on(get.send()).unwrap().attributes.unwrap()
}

fn manage(server: &Server) {
    let client = sqs(server);
    let create = client
        .create_queue()
        .queue_name("rs-manage")
        .attributes(QueueAttributeName::VisibilityTimeout, "9")
        .tags("team", "tea");
    let url = block_on(create.send()).unwrap().queue_url.unwrap();
    assert_eq!(url, server.api("/000000000000/rs-manage"));
    assert_eq!(attributes(&client, &url)[&QueueAttributeName::VisibilityTimeout], "9");

    let set = client.set_queue_attributes().queue_url(&url);
    let set = set.attributes(QueueAttributeName::DelaySeconds, "3");
    block_on(set.send()).unwrap();
    let all = attributes(&client, &url);
    assert_eq!(all[&QueueAttributeName::DelaySeconds], "3");
    assert_eq!(all[&QueueAttributeName::QueueArn], arn("rs-manage"));

    block_on(client.tag_queue().queue_url(&url).tags("cost", "").send()).unwrap();
    block_on(client.untag_queue().queue_url(&url).tag_keys("team").send()).unwrap();
    let tags = block_on(client.list_queue_tags().queue_url(&url).send()).unwrap().tags.unwrap();
    assert_eq!(tags, HashMap::from([("cost".to_owned(), String::new())]));

    let allow = client.add_permission().queue_url(&url).label("friends");
    let allow = allow.aws_account_ids("123456789012").actions("SendMessage");
    block_on(allow.send()).unwrap();
    assert!(attributes(&client, &url)[&QueueAttributeName::Policy].contains("friends"));
    let remove = client.remove_permission().queue_url(&url).label("friends");
    block_on(remove.send()).unwrap();
    assert!(!attributes(&client, &url).contains_key(&QueueAttributeName::Policy));

    for number in 0..3 {
        own_queue(server, &format!("rs-page-{number}"));
    }
    let list = client.list_queues().queue_name_prefix("rs-page-").max_results(2);
    let pages = list.into_paginator().send();
    let pages = block_on(pages.collect::<Result<Vec<_>, _>>()).unwrap();
    let counts: Vec<usize> = pages.iter().map(|page| page.queue_urls().len()).collect();
    assert_eq!(counts, [2, 1]);

    block_on(client.purge_queue().queue_url(&url).send()).unwrap();
    block_on(client.delete_queue().queue_url(&url).send()).unwrap();
    let gone = block_on(client.get_queue_url().queue_name("rs-manage").send()).unwrap_err();
    assert!(gone.into_service_error().is_queue_does_not_exist());
}

/// The SDK checks the MD5 of bodies and attributes by itself.
fn message(server: &Server) {
    let client = sqs(server);
    let create = client
        .create_queue()
        .queue_name("rs-message.fifo")
        .attributes(QueueAttributeName::FifoQueue, "true");
    let url = block_on(create.send()).unwrap().queue_url.unwrap();
    let raw = MessageAttributeValue::builder().data_type("Binary.png");
    let raw = raw.binary_value(Blob::new([0, 255])).build().unwrap();
    let trace = MessageSystemAttributeValue::builder().data_type("String");
    let trace = trace.string_value("Root=1-5759e988-bd862e3f").build().unwrap();
    let send = || {
        client
            .send_message()
            .queue_url(&url)
            .message_body("tea \u{1f375}")
            .message_attributes("raw", raw.clone())
            .message_system_attributes(
                MessageSystemAttributeNameForSends::AwsTraceHeader,
                trace.clone(),
            )
            .message_group_id("g")
            .message_deduplication_id("d")
    };
    let sent = block_on(send().send()).unwrap();
    let again = block_on(send().send()).unwrap();
    assert!(sent.sequence_number().is_some() && sent.md5_of_message_system_attributes().is_some());
    assert_eq!(sent.sequence_number(), again.sequence_number());
    let entry = SendMessageBatchRequestEntry::builder().id("a").message_body("second");
    let entry = entry.message_group_id("g").message_deduplication_id("e").build().unwrap();
    let batch = client.send_message_batch().queue_url(&url).entries(entry);
    assert!(block_on(batch.send()).unwrap().successful()[0].sequence_number().is_some());

    let receive = client
        .receive_message()
        .queue_url(&url)
        .max_number_of_messages(10)
        .message_system_attribute_names("All".into())
        .message_attribute_names("r.*")
        .message_attribute_names("raw")
        .receive_request_attempt_id("attempt")
        .visibility_timeout(60);
    let received = block_on(receive.clone().send()).unwrap().messages.unwrap();
    let bodies: Vec<&str> = received.iter().filter_map(|message| message.body()).collect();
    assert_eq!(bodies, ["tea \u{1f375}", "second"]);
    assert_eq!(received[0].message_attributes().unwrap()["raw"], raw);
    let system = received[0].attributes().unwrap();
    assert_eq!(system[&"MessageGroupId".into()], "g");
    assert_eq!(system[&"AWSTraceHeader".into()], "Root=1-5759e988-bd862e3f");
    let same = block_on(receive.send()).unwrap().messages.unwrap();
    assert_eq!(same[0].receipt_handle(), received[0].receipt_handle());

    let change = |(id, message): (usize, &aws_sdk_sqs::types::Message)| {
        ChangeMessageVisibilityBatchRequestEntry::builder()
            .id(id.to_string())
            .receipt_handle(message.receipt_handle().unwrap())
            .visibility_timeout(0)
            .build()
            .unwrap()
    };
    let entries = same.iter().enumerate().map(change).collect();
    let change = client.change_message_visibility_batch().queue_url(&url);
    let changed = block_on(change.set_entries(Some(entries)).send()).unwrap();
    assert_eq!((changed.successful().len(), changed.failed().len()), (2, 0));
    let receive = client.receive_message().queue_url(&url).wait_time_seconds(20);
    let received = block_on(receive.send()).unwrap().messages.unwrap();
    let handle = received[0].receipt_handle().unwrap();
    let change = client.change_message_visibility().queue_url(&url).receipt_handle(handle);
    block_on(change.visibility_timeout(60).send()).unwrap();
    block_on(client.delete_message().queue_url(&url).receipt_handle(handle).send()).unwrap();
}

fn dead_letters(server: &Server) {
    let (client, dead) = own_queue(server, "rs-dead");
    let policy = json!({"deadLetterTargetArn": arn("rs-dead"), "maxReceiveCount": 1});
    let create = client.create_queue().queue_name("rs-source");
    let create = create.attributes(QueueAttributeName::RedrivePolicy, policy.to_string());
    let source = block_on(create.send()).unwrap().queue_url.unwrap();
    let sources = client.list_dead_letter_source_queues().queue_url(&dead);
    assert_eq!(block_on(sources.send()).unwrap().queue_urls(), std::slice::from_ref(&source));

    for number in 0..3 {
        let send = client.send_message().queue_url(&source).message_body(number.to_string());
        block_on(send.send()).unwrap();
    }
    eventually("all messages are dead letters", || {
        let receive = client.receive_message().queue_url(&source).max_number_of_messages(10);
        block_on(receive.visibility_timeout(0).send()).unwrap();
        let waiting = QueueAttributeName::ApproximateNumberOfMessages;
        attributes(&client, &dead)[&waiting] == "3"
    });
    // One a second: it is not done before it is cancelled.
    let start = client.start_message_move_task().source_arn(arn("rs-dead"));
    let start = start.destination_arn(arn("rs-source")).max_number_of_messages_per_second(1);
    let handle = block_on(start.send()).unwrap().task_handle.unwrap();
    let tasks = || {
        let list = client.list_message_move_tasks().source_arn(arn("rs-dead")).max_results(10);
        block_on(list.send()).unwrap().results.unwrap()
    };
    let task = tasks().remove(0);
    assert_eq!((task.status(), task.task_handle()), (Some("RUNNING"), Some(handle.as_str())));
    assert_eq!(task.destination_arn(), Some(arn("rs-source").as_str()));
    assert_eq!(task.max_number_of_messages_per_second(), Some(1));
    assert_eq!(task.approximate_number_of_messages_to_move(), Some(3));
    let cancel = client.cancel_message_move_task().task_handle(handle);
    let cancelled = block_on(cancel.send()).unwrap();
    assert!(cancelled.approximate_number_of_messages_moved() < 3, "{cancelled:?}");
    eventually("the task is cancelled", || tasks()[0].status() == Some("CANCELLED"));
}

fn errors(server: &Server) {
    let (client, url) = own_queue(server, "rs-errors");
    let create = client.create_queue().queue_name("rs-errors");
    let create = create.attributes(QueueAttributeName::DelaySeconds, "1");
    let error = block_on(create.send()).unwrap_err().into_service_error();
    assert!(error.is_queue_name_exists(), "{error:?}");
    let create = client.create_queue().queue_name("rs-other");
    let create = create.attributes("Colour".into(), "red");
    let error = block_on(create.send()).unwrap_err().into_service_error();
    assert!(error.is_invalid_attribute_name(), "{error:?}");
    let set = client.set_queue_attributes().queue_url(&url);
    let set = set.attributes(QueueAttributeName::DelaySeconds, "901");
    let error = block_on(set.send()).unwrap_err().into_service_error();
    assert!(error.is_invalid_attribute_value(), "{error:?}");
    let send = client.send_message().queue_url(&url).message_body("\u{1}");
    let error = block_on(send.send()).unwrap_err().into_service_error();
    assert!(error.is_invalid_message_contents(), "{error:?}");
    let receive = client.receive_message().queue_url(&url).max_number_of_messages(11);
    let error = block_on(receive.send()).unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("InvalidParameterValue"), "{error:?}");
    let entry = SendMessageBatchRequestEntry::builder().id("a").message_body("x").build().unwrap();
    let batch = client.send_message_batch().queue_url(&url);
    let batch = batch.entries(entry.clone()).entries(entry);
    let error = block_on(batch.send()).unwrap_err().into_service_error();
    assert!(error.is_batch_entry_ids_not_distinct(), "{error:?}");
    let start = client.start_message_move_task().source_arn(arn("rs-nobody"));
    let error = block_on(start.send()).unwrap_err().into_service_error();
    assert!(error.is_resource_not_found_exception(), "{error:?}");
    block_on(client.purge_queue().queue_url(&url).send()).unwrap();
    let error = block_on(client.purge_queue().queue_url(&url).send()).unwrap_err();
    assert!(error.into_service_error().is_purge_queue_in_progress());
    block_on(client.delete_queue().queue_url(&url).send()).unwrap();
    let create = client.create_queue().queue_name("rs-errors");
    let error = block_on(create.send()).unwrap_err().into_service_error();
    assert!(error.is_queue_deleted_recently(), "{error:?}");
}
