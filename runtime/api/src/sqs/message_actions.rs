//! Actions on messages.

use samovar_queue::{ChangeVisibility, Queues, ReceiveMessage};
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::batch_shapes::{BatchOutput, BatchShape, NoMembers};
use super::beside::{Beside, QueueUrl};
use super::error::SqsError;
use super::message_shapes::{MessageShape, ReceivedShape, SentShape};
use super::required;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Receive {
    queue_url: Option<String>,
    /// The older name of `MessageSystemAttributeNames`.
    attribute_names: Option<Vec<String>>,
    message_system_attribute_names: Option<Vec<String>>,
    message_attribute_names: Option<Vec<String>>,
    max_number_of_messages: Option<i64>,
    visibility_timeout: Option<i64>,
    wait_time_seconds: Option<i64>,
    receive_request_attempt_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Received {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<ReceivedShape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Handle {
    receipt_handle: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Delete {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Visibility {
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

impl Visibility {
    fn change(self) -> Result<ChangeVisibility, SqsError> {
        Ok(ChangeVisibility {
            receipt_handle: required(self.receipt_handle, "ReceiptHandle")?,
            visibility_timeout: required(self.visibility_timeout, "VisibilityTimeout")?,
        })
    }
}

pub(crate) async fn send(
    queues: &Queues,
    input: Beside<QueueUrl, MessageShape>,
) -> Result<SentShape, SqsError> {
    let Address { queues, name } = Address::of(queues, input.member)?;
    Ok(queues.send_message(&name, input.shape.message()?).await?.into())
}

pub(crate) async fn send_batch(
    queues: &Queues,
    mut batch: BatchShape<MessageShape>,
) -> Result<BatchOutput<SentShape>, SqsError> {
    let Address { queues, name } = Address::of(queues, batch.queue_url.take())?;
    let entries = batch.entries(MessageShape::message)?;
    Ok(queues.send_message_batch(&name, entries).await?.into())
}

pub(crate) async fn receive(queues: &Queues, input: Receive) -> Result<Received, SqsError> {
    let mut system_attribute_names = input.message_system_attribute_names.unwrap_or_default();
    system_attribute_names.extend(input.attribute_names.unwrap_or_default());
    let Address { queues, name } = Address::of(queues, input.queue_url)?;
    let wanted = ReceiveMessage {
        max_number_of_messages: input.max_number_of_messages,
        visibility_timeout: input.visibility_timeout,
        wait_time_seconds: input.wait_time_seconds,
        system_attribute_names,
        attribute_names: input.message_attribute_names.unwrap_or_default(),
        receive_request_attempt_id: input.receive_request_attempt_id,
    };
    let messages = queues.receive_message(&name, wanted).await?;
    Ok(Received { messages: messages.into_iter().map(ReceivedShape::from).collect() })
}

pub(crate) async fn delete(queues: &Queues, input: Delete) -> Result<(), SqsError> {
    let Address { queues, name } = Address::of(queues, input.queue_url)?;
    let receipt_handle = required(input.receipt_handle, "ReceiptHandle")?;
    Ok(queues.delete_message(&name, &receipt_handle).await?)
}

pub(crate) async fn delete_batch(
    queues: &Queues,
    mut batch: BatchShape<Handle>,
) -> Result<BatchOutput<NoMembers>, SqsError> {
    let Address { queues, name } = Address::of(queues, batch.queue_url.take())?;
    let entries = batch.entries(|entry| required(entry.receipt_handle, "ReceiptHandle"))?;
    Ok(queues.delete_message_batch(&name, entries).await?.into())
}

pub(crate) async fn change(
    queues: &Queues,
    input: Beside<QueueUrl, Visibility>,
) -> Result<(), SqsError> {
    let Address { queues, name } = Address::of(queues, input.member)?;
    Ok(queues.change_message_visibility(&name, input.shape.change()?).await?)
}

pub(crate) async fn change_batch(
    queues: &Queues,
    mut batch: BatchShape<Visibility>,
) -> Result<BatchOutput<NoMembers>, SqsError> {
    let Address { queues, name } = Address::of(queues, batch.queue_url.take())?;
    let entries = batch.entries(Visibility::change)?;
    Ok(queues.change_message_visibility_batch(&name, entries).await?.into())
}
