//! Actions on queues.

use std::collections::BTreeMap;

use samovar_queue::{Attributes, Queues};
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::error::SqsError;
use super::required;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateQueue {
    queue_name: Option<String>,
    attributes: Option<Attributes>,
    /// Lower-case in the service model.
    #[serde(rename = "tags", alias = "Tags")]
    tags: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct QueueUrlInput {
    queue_url: Option<String>,
}

impl QueueUrlInput {
    pub(crate) fn address(self, queues: &Queues) -> Result<Address, SqsError> {
        Address::of(queues, self.queue_url)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetQueueUrl {
    queue_name: Option<String>,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner_account_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct QueueUrlOutput {
    queue_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListQueues {
    queue_name_prefix: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct QueueList {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queue_urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListSources {
    queue_url: Option<String>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct SourceList {
    /// Lower-case in the service model, and there even if it is empty.
    #[serde(rename = "queueUrls")]
    queue_urls: Vec<String>,
    #[serde(rename = "NextToken", skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetQueueAttributes {
    queue_url: Option<String>,
    attribute_names: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct QueueAttributes {
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    attributes: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SetQueueAttributes {
    queue_url: Option<String>,
    attributes: Option<Attributes>,
}

pub(crate) async fn create(
    queues: &Queues,
    input: CreateQueue,
) -> Result<QueueUrlOutput, SqsError> {
    let name = required(input.queue_name, "QueueName")?;
    let attributes = input.attributes.unwrap_or_default();
    let tags = input.tags.unwrap_or_default();
    let queue_url = queues.create_queue(&name, &attributes, &tags).await?;
    Ok(QueueUrlOutput { queue_url })
}

pub(crate) async fn delete(queues: &Queues, input: QueueUrlInput) -> Result<(), SqsError> {
    let Address { queues, name } = input.address(queues)?;
    Ok(queues.delete_queue(&name).await?)
}

pub(crate) async fn purge(queues: &Queues, input: QueueUrlInput) -> Result<(), SqsError> {
    let Address { queues, name } = input.address(queues)?;
    Ok(queues.purge_queue(&name).await?)
}

pub(crate) async fn list(queues: &Queues, input: ListQueues) -> Result<QueueList, SqsError> {
    let ListQueues { queue_name_prefix, max_results, next_token } = input;
    let page = queues
        .list_queues(queue_name_prefix.as_deref(), max_results, next_token.as_deref())
        .await?;
    Ok(QueueList { queue_urls: page.queue_urls, next_token: page.next_token })
}

pub(crate) async fn list_sources(
    queues: &Queues,
    input: ListSources,
) -> Result<SourceList, SqsError> {
    let Address { queues, name } = Address::of(queues, input.queue_url)?;
    let page = queues
        .list_dead_letter_source_queues(&name, input.max_results, input.next_token.as_deref())
        .await?;
    Ok(SourceList { queue_urls: page.queue_urls, next_token: page.next_token })
}

pub(crate) async fn url(queues: &Queues, input: GetQueueUrl) -> Result<QueueUrlOutput, SqsError> {
    let name = required(input.queue_name, "QueueName")?;
    let owners = queues.in_scope(input.owner_account_id.as_deref(), None);
    let queue_url = owners.get_queue_url(&name).await?;
    Ok(QueueUrlOutput { queue_url })
}

pub(crate) async fn attributes(
    queues: &Queues,
    input: GetQueueAttributes,
) -> Result<QueueAttributes, SqsError> {
    let names = input.attribute_names.unwrap_or_default();
    let Address { queues, name } = Address::of(queues, input.queue_url)?;
    let attributes = queues.get_queue_attributes(&name, &names).await?;
    Ok(QueueAttributes { attributes })
}

pub(crate) async fn set_attributes(
    queues: &Queues,
    input: SetQueueAttributes,
) -> Result<(), SqsError> {
    let Address { queues, name } = Address::of(queues, input.queue_url)?;
    let attributes = required(input.attributes, "Attributes")?;
    Ok(queues.set_queue_attributes(&name, &attributes).await?)
}
