//! Actions on queues.

use std::collections::BTreeMap;

use samovar_queue::{Attributes, Queues};
use serde::{Deserialize, Serialize};

use super::error::SqsError;
use super::{input, output, queue_name, required};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CreateQueue {
    queue_name: Option<String>,
    attributes: Option<Attributes>,
    /// Lower-case in the service model.
    #[serde(rename = "tags", alias = "Tags")]
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct QueueUrlInput {
    queue_url: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetQueueUrl {
    queue_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct QueueUrlOutput {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListQueues {
    queue_name_prefix: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct QueueList {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queue_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetQueueAttributes {
    queue_url: Option<String>,
    attribute_names: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct QueueAttributes {
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SetQueueAttributes {
    queue_url: Option<String>,
    attributes: Option<Attributes>,
}

pub(crate) async fn create(queues: &Queues, document: &[u8]) -> Result<Vec<u8>, SqsError> {
    let CreateQueue { queue_name, attributes, tags } = input(document)?;
    let name = required(queue_name, "QueueName")?;
    let (attributes, tags) = (attributes.unwrap_or_default(), tags.unwrap_or_default());
    let queue_url = queues.create_queue(&name, &attributes, &tags).await?;
    Ok(output(&QueueUrlOutput { queue_url }))
}

pub(crate) async fn delete(queues: &Queues, document: &[u8]) -> Result<Vec<u8>, SqsError> {
    let QueueUrlInput { queue_url } = input(document)?;
    queues.delete_queue(&queue_name(queue_url)?).await?;
    Ok(Vec::new())
}

pub(crate) async fn purge(queues: &Queues, document: &[u8]) -> Result<Vec<u8>, SqsError> {
    let QueueUrlInput { queue_url } = input(document)?;
    queues.purge_queue(&queue_name(queue_url)?).await?;
    Ok(Vec::new())
}

pub(crate) async fn list(queues: &Queues, document: &[u8]) -> Result<Vec<u8>, SqsError> {
    let ListQueues { queue_name_prefix, max_results, next_token } = input(document)?;
    let page = queues
        .list_queues(queue_name_prefix.as_deref(), max_results, next_token.as_deref())
        .await?;
    Ok(output(&QueueList { queue_urls: page.queue_urls, next_token: page.next_token }))
}

pub(crate) async fn url(queues: &Queues, document: &[u8]) -> Result<Vec<u8>, SqsError> {
    let GetQueueUrl { queue_name } = input(document)?;
    let queue_url = queues.get_queue_url(&required(queue_name, "QueueName")?).await?;
    Ok(output(&QueueUrlOutput { queue_url }))
}

pub(crate) async fn attributes(queues: &Queues, document: &[u8]) -> Result<Vec<u8>, SqsError> {
    let GetQueueAttributes { queue_url, attribute_names } = input(document)?;
    let names = attribute_names.unwrap_or_default();
    let attributes = queues.get_queue_attributes(&queue_name(queue_url)?, &names).await?;
    Ok(output(&QueueAttributes { attributes }))
}

pub(crate) async fn set_attributes(queues: &Queues, document: &[u8]) -> Result<Vec<u8>, SqsError> {
    let SetQueueAttributes { queue_url, attributes } = input(document)?;
    let name = queue_name(queue_url)?;
    queues.set_queue_attributes(&name, &required(attributes, "Attributes")?).await?;
    Ok(Vec::new())
}
