//! The AWS SDK for Rust as a program: one call a line in, what came of it out.
//!
//! `e2e --sqs-sdk ENDPOINT` reads lines such as `{"action": "PurgeQueue", "input": {…}}`, the
//! input as in the API reference, and answers each with a line: `{"status", "code", "message"}` of
//! the error that the SDK returned, or `{"cannot": REASON}` where the SDK has no way to say such a
//! thing. So the table of errors in `sqs_errors.py` is for this client too.

use std::collections::HashMap;
use std::io::{self, BufRead, Write};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    MessageAttributeValue, MessageSystemAttributeName, MessageSystemAttributeNameForSends,
    MessageSystemAttributeValue, QueueAttributeName, SendMessageBatchRequestEntry,
};
use serde_json::{Map, Value, json};

use crate::tools::{block_on, sqs_at};

/// Answers lines until there are no more.
pub(crate) fn run(endpoint: &str) {
    let client = sqs_at(endpoint);
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let call: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let action = call["action"].as_str().unwrap();
        let answer = match block_on(act(&client, action, &Input(&call["input"]))) {
            Ok(answer) => answer,
            Err(Cannot(reason)) => json!({"cannot": reason}),
        };
        writeln!(out, "{answer}").unwrap();
    }
}

/// What the SDK cannot say.
struct Cannot(String);

type Said<T> = Result<Option<T>, Cannot>;

/// Members by their names in the API reference.
struct Input<'a>(&'a Value);

impl Input<'_> {
    /// The member as `read` has it; an error if it has another type.
    fn member<T>(&self, name: &str, read: impl FnOnce(&Value) -> Option<T>) -> Said<T> {
        let member = self.0.get(name);
        let read =
            member.map(|value| read(value).ok_or_else(|| Cannot(format!("{name}: {value}"))));
        read.transpose()
    }

    fn text(&self, name: &str) -> Said<String> {
        self.member(name, |value| value.as_str().map(str::to_owned))
    }

    fn number(&self, name: &str) -> Said<i32> {
        self.member(name, |value| value.as_i64()?.try_into().ok())
    }

    fn texts<T: for<'a> From<&'a str>>(&self, name: &str) -> Said<Vec<T>> {
        let text = |value: &Value| Some(value.as_str()?.into());
        self.member(name, |value| value.as_array()?.iter().map(text).collect())
    }

    fn map<K, V>(&self, name: &str, read: impl Fn(&Value) -> Option<V>) -> Said<HashMap<K, V>>
    where
        K: for<'a> From<&'a str> + Eq + std::hash::Hash,
    {
        let pairs = |map: &Map<String, Value>| {
            map.iter().map(|(key, value)| Some((key.as_str().into(), read(value)?))).collect()
        };
        self.member(name, |value| pairs(value.as_object()?))
    }

    fn text_map<K: for<'a> From<&'a str> + Eq + std::hash::Hash>(
        &self,
        name: &str,
    ) -> Said<HashMap<K, String>> {
        self.map(name, |value| value.as_str().map(str::to_owned))
    }

    fn entries<T>(&self, make: impl Fn(&Input<'_>) -> Result<T, Cannot>) -> Said<Vec<T>> {
        let Some(entries) = self.0.get("Entries") else { return Ok(None) };
        let entries = entries.as_array().ok_or_else(|| Cannot("Entries".to_owned()))?;
        entries.iter().map(|entry| make(&Input(entry))).collect::<Result<_, _>>().map(Some)
    }

    fn message_attributes(&self) -> Said<HashMap<String, MessageAttributeValue>> {
        self.map("MessageAttributes", |value| {
            let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
            // Lists are reserved by SQS, and the SDK could say them; binary values are base64.
            let known =
                value.as_object()?.keys().all(|key| key == "StringValue" || key == "DataType");
            let built = MessageAttributeValue::builder()
                .set_data_type(text("DataType"))
                .set_string_value(text("StringValue"))
                .build();
            built.ok().filter(|_| known)
        })
    }

    fn system_attributes(
        &self,
    ) -> Said<HashMap<MessageSystemAttributeNameForSends, MessageSystemAttributeValue>> {
        self.map("MessageSystemAttributes", |value| {
            let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
            let built = MessageSystemAttributeValue::builder()
                .set_data_type(text("DataType"))
                .set_string_value(text("StringValue"))
                .build();
            built.ok()
        })
    }
}

/// The SDK does not send what lacks a member that must be there.
fn unbuilt(error: impl std::fmt::Display) -> Cannot {
    Cannot(error.to_string())
}

fn outcome<O, E: ProvideErrorMetadata + std::fmt::Debug>(
    result: Result<O, SdkError<E>>,
) -> Result<Value, Cannot> {
    match result {
        Ok(_) => Err(Cannot("it did not fail".to_owned())),
        Err(SdkError::ServiceError(error)) => {
            let status = error.raw().status().as_u16();
            let error = error.into_err();
            Ok(json!({"status": status, "code": error.code(), "message": error.message()}))
        }
        Err(error) => Err(unbuilt(format!("{error:?}"))),
    }
}

async fn act(client: &Client, action: &str, input: &Input<'_>) -> Result<Value, Cannot> {
    let url = input.text("QueueUrl")?;
    match action {
        "AddPermission" => {
            let call = client.add_permission().set_queue_url(url);
            let call = call.set_label(input.text("Label")?).set_actions(input.texts("Actions")?);
            outcome(call.set_aws_account_ids(input.texts("AWSAccountIds")?).send().await)
        }
        "CancelMessageMoveTask" => {
            let call = client.cancel_message_move_task();
            outcome(call.set_task_handle(input.text("TaskHandle")?).send().await)
        }
        "ChangeMessageVisibility" => {
            let call = client.change_message_visibility().set_queue_url(url);
            let call = call.set_receipt_handle(input.text("ReceiptHandle")?);
            outcome(call.set_visibility_timeout(input.number("VisibilityTimeout")?).send().await)
        }
        "ChangeMessageVisibilityBatch" => {
            let entries = input.entries(|entry| {
                ChangeMessageVisibilityBatchRequestEntry::builder()
                    .set_id(entry.text("Id")?)
                    .set_receipt_handle(entry.text("ReceiptHandle")?)
                    .set_visibility_timeout(entry.number("VisibilityTimeout")?)
                    .build()
                    .map_err(unbuilt)
            });
            let call = client.change_message_visibility_batch().set_queue_url(url);
            outcome(call.set_entries(entries?).send().await)
        }
        "CreateQueue" => {
            let call = client.create_queue().set_queue_name(input.text("QueueName")?);
            let call = call.set_attributes(input.text_map("Attributes")?);
            outcome(call.set_tags(input.text_map("tags")?).send().await)
        }
        "DeleteMessage" => {
            let call = client.delete_message().set_queue_url(url);
            outcome(call.set_receipt_handle(input.text("ReceiptHandle")?).send().await)
        }
        "DeleteMessageBatch" => {
            let entries = input.entries(|entry| {
                DeleteMessageBatchRequestEntry::builder()
                    .set_id(entry.text("Id")?)
                    .set_receipt_handle(entry.text("ReceiptHandle")?)
                    .build()
                    .map_err(unbuilt)
            });
            let call = client.delete_message_batch().set_queue_url(url);
            outcome(call.set_entries(entries?).send().await)
        }
        "DeleteQueue" => outcome(client.delete_queue().set_queue_url(url).send().await),
        "GetQueueAttributes" => {
            let names = input.texts::<QueueAttributeName>("AttributeNames");
            let call = client.get_queue_attributes().set_queue_url(url);
            outcome(call.set_attribute_names(names?).send().await)
        }
        "GetQueueUrl" => {
            let call = client.get_queue_url().set_queue_name(input.text("QueueName")?);
            let owner = input.text("QueueOwnerAWSAccountId")?;
            outcome(call.set_queue_owner_aws_account_id(owner).send().await)
        }
        "ListDeadLetterSourceQueues" => {
            let call = client.list_dead_letter_source_queues().set_queue_url(url);
            let call = call.set_max_results(input.number("MaxResults")?);
            outcome(call.set_next_token(input.text("NextToken")?).send().await)
        }
        "ListMessageMoveTasks" => {
            let call = client.list_message_move_tasks().set_source_arn(input.text("SourceArn")?);
            outcome(call.set_max_results(input.number("MaxResults")?).send().await)
        }
        "ListQueues" => {
            let call = client.list_queues().set_queue_name_prefix(input.text("QueueNamePrefix")?);
            let call = call.set_max_results(input.number("MaxResults")?);
            outcome(call.set_next_token(input.text("NextToken")?).send().await)
        }
        "ListQueueTags" => outcome(client.list_queue_tags().set_queue_url(url).send().await),
        "PurgeQueue" => outcome(client.purge_queue().set_queue_url(url).send().await),
        "ReceiveMessage" => {
            let system = input.texts::<MessageSystemAttributeName>("MessageSystemAttributeNames");
            let call = client
                .receive_message()
                .set_queue_url(url)
                .set_max_number_of_messages(input.number("MaxNumberOfMessages")?)
                .set_message_attribute_names(input.texts("MessageAttributeNames")?)
                .set_message_system_attribute_names(system?)
                .set_receive_request_attempt_id(input.text("ReceiveRequestAttemptId")?)
                .set_visibility_timeout(input.number("VisibilityTimeout")?)
                .set_wait_time_seconds(input.number("WaitTimeSeconds")?);
            #[expect(deprecated, reason = "clients still use it")]
            let call = call.set_attribute_names(input.texts("AttributeNames")?);
            outcome(call.send().await)
        }
        "RemovePermission" => {
            let call = client.remove_permission().set_queue_url(url);
            outcome(call.set_label(input.text("Label")?).send().await)
        }
        "SendMessage" => {
            let call = client
                .send_message()
                .set_queue_url(url)
                .set_message_body(input.text("MessageBody")?)
                .set_delay_seconds(input.number("DelaySeconds")?)
                .set_message_attributes(input.message_attributes()?)
                .set_message_system_attributes(input.system_attributes()?)
                .set_message_deduplication_id(input.text("MessageDeduplicationId")?)
                .set_message_group_id(input.text("MessageGroupId")?);
            outcome(call.send().await)
        }
        "SendMessageBatch" => {
            let entries = input.entries(|entry| {
                SendMessageBatchRequestEntry::builder()
                    .set_id(entry.text("Id")?)
                    .set_message_body(entry.text("MessageBody")?)
                    .set_delay_seconds(entry.number("DelaySeconds")?)
                    .set_message_attributes(entry.message_attributes()?)
                    .set_message_system_attributes(entry.system_attributes()?)
                    .set_message_deduplication_id(entry.text("MessageDeduplicationId")?)
                    .set_message_group_id(entry.text("MessageGroupId")?)
                    .build()
                    .map_err(unbuilt)
            });
            let call = client.send_message_batch().set_queue_url(url);
            outcome(call.set_entries(entries?).send().await)
        }
        "SetQueueAttributes" => {
            let call = client.set_queue_attributes().set_queue_url(url);
            outcome(call.set_attributes(input.text_map("Attributes")?).send().await)
        }
        "StartMessageMoveTask" => {
            let call = client
                .start_message_move_task()
                .set_source_arn(input.text("SourceArn")?)
                .set_destination_arn(input.text("DestinationArn")?);
            let rate = input.number("MaxNumberOfMessagesPerSecond")?;
            outcome(call.set_max_number_of_messages_per_second(rate).send().await)
        }
        "TagQueue" => {
            let call = client.tag_queue().set_queue_url(url);
            outcome(call.set_tags(input.text_map("Tags")?).send().await)
        }
        "UntagQueue" => {
            let call = client.untag_queue().set_queue_url(url);
            outcome(call.set_tag_keys(input.texts("TagKeys")?).send().await)
        }
        other => panic!("no action {other}"),
    }
}
