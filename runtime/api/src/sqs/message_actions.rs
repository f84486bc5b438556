//! Actions on messages.

use samovar_queue::{ChangeVisibility, Queues, ReceiveMessage};
use serde::{Deserialize, Serialize};

use super::error::SqsError;
use super::message_shapes::{
    BatchOutput, BatchShape, MessageShape, NoMembers, ReceivedShape, SentShape,
};
use super::{input, output, queue_name, required};

#[derive(Deserialize)]
struct Send {
    #[serde(rename = "QueueUrl")]
    queue_url: Option<String>,
    #[serde(flatten)]
    message: MessageShape,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receive {
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
struct Received {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<ReceivedShape>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Handle {
    receipt_handle: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Delete {
    queue_url: Option<String>,
    receipt_handle: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Visibility {
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
}

#[derive(Deserialize)]
struct Change {
    #[serde(rename = "QueueUrl")]
    queue_url: Option<String>,
    #[serde(flatten)]
    visibility: Visibility,
}

impl Visibility {
    fn change(self) -> Result<ChangeVisibility, SqsError> {
        Ok(ChangeVisibility {
            receipt_handle: required(self.receipt_handle, "ReceiptHandle")?,
            visibility_timeout: required(self.visibility_timeout, "VisibilityTimeout")?,
        })
    }
}

pub(crate) async fn send(queues: &Queues, document: &[u8]) -> Result<Vec<u8>, SqsError> {
    let Send { queue_url, message } = input(document)?;
    let sent = queues.send_message(&queue_name(queue_url)?, message.message()?).await?;
    Ok(output(&SentShape::from(sent)))
}

pub(crate) async fn send_batch(queues: &Queues, document: &[u8]) -> Result<Vec<u8>, SqsError> {
    let mut batch: BatchShape<MessageShape> = input(document)?;
    let name = queue_name(batch.queue_url.take())?;
    let result = queues.send_message_batch(&name, batch.entries(MessageShape::message)?).await?;
    Ok(output(&BatchOutput::<SentShape>::from(result)))
}

pub(crate) async fn receive(queues: &Queues, document: &[u8]) -> Result<Vec<u8>, SqsError> {
    let asked: Receive = input(document)?;
    let mut system_attribute_names = asked.message_system_attribute_names.unwrap_or_default();
    system_attribute_names.extend(asked.attribute_names.unwrap_or_default());
    let name = queue_name(asked.queue_url)?;
    let received = ReceiveMessage {
        max_number_of_messages: asked.max_number_of_messages,
        visibility_timeout: asked.visibility_timeout,
        wait_time_seconds: asked.wait_time_seconds,
        system_attribute_names,
        attribute_names: asked.message_attribute_names.unwrap_or_default(),
        receive_request_attempt_id: asked.receive_request_attempt_id,
    };
    let messages = queues.receive_message(&name, received).await?;
    Ok(output(&Received { messages: messages.into_iter().map(ReceivedShape::from).collect() }))
}

pub(crate) async fn delete(queues: &Queues, document: &[u8]) -> Result<Vec<u8>, SqsError> {
    let Delete { queue_url, receipt_handle } = input(document)?;
    let name = queue_name(queue_url)?;
    queues.delete_message(&name, &required(receipt_handle, "ReceiptHandle")?).await?;
    Ok(Vec::new())
}

pub(crate) async fn delete_batch(queues: &Queues, document: &[u8]) -> Result<Vec<u8>, SqsError> {
    let mut batch: BatchShape<Handle> = input(document)?;
    let name = queue_name(batch.queue_url.take())?;
    let entries = batch.entries(|entry| required(entry.receipt_handle, "ReceiptHandle"))?;
    let result = queues.delete_message_batch(&name, entries).await?;
    Ok(output(&BatchOutput::<NoMembers>::from(result)))
}

pub(crate) async fn change(queues: &Queues, document: &[u8]) -> Result<Vec<u8>, SqsError> {
    let Change { queue_url, visibility } = input(document)?;
    queues.change_message_visibility(&queue_name(queue_url)?, visibility.change()?).await?;
    Ok(Vec::new())
}

pub(crate) async fn change_batch(queues: &Queues, document: &[u8]) -> Result<Vec<u8>, SqsError> {
    let mut batch: BatchShape<Visibility> = input(document)?;
    let name = queue_name(batch.queue_url.take())?;
    let entries = batch.entries(Visibility::change)?;
    let result = queues.change_message_visibility_batch(&name, entries).await?;
    Ok(output(&BatchOutput::<NoMembers>::from(result)))
}
