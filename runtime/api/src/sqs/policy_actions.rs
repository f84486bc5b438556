//! Actions on queues' tags and permissions.

use samovar_queue::{Attributes, Queues};
use serde::{Deserialize, Serialize};

use super::address::Address;
use super::error::SqsError;
use super::queue_actions::QueueUrlInput;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagQueue {
    queue_url: Option<String>,
    tags: Option<Attributes>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UntagQueue {
    queue_url: Option<String>,
    tag_keys: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct QueueTags {
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    tags: Attributes,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AddPermission {
    queue_url: Option<String>,
    label: Option<String>,
    #[serde(rename = "AWSAccountIds")]
    account_ids: Option<Vec<String>>,
    actions: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RemovePermission {
    queue_url: Option<String>,
    label: Option<String>,
}

pub(crate) async fn tag(queues: &Queues, input: TagQueue) -> Result<(), SqsError> {
    let tags = input.tags.unwrap_or_default();
    let Address { queues, name } = Address::of(queues, input.queue_url)?;
    Ok(queues.tag_queue(&name, &tags).await?)
}

pub(crate) async fn untag(queues: &Queues, input: UntagQueue) -> Result<(), SqsError> {
    let keys = input.tag_keys.unwrap_or_default();
    let Address { queues, name } = Address::of(queues, input.queue_url)?;
    Ok(queues.untag_queue(&name, &keys).await?)
}

pub(crate) async fn tags(queues: &Queues, input: QueueUrlInput) -> Result<QueueTags, SqsError> {
    let Address { queues, name } = input.address(queues)?;
    Ok(QueueTags { tags: queues.list_queue_tags(&name).await? })
}

/// What is missing is the queue's to say, as it is for what is empty.
pub(crate) async fn allow(queues: &Queues, input: AddPermission) -> Result<(), SqsError> {
    let label = input.label.unwrap_or_default();
    let account_ids = input.account_ids.unwrap_or_default();
    let actions = input.actions.unwrap_or_default();
    let Address { queues, name } = Address::of(queues, input.queue_url)?;
    Ok(queues.add_permission(&name, &label, &account_ids, &actions).await?)
}

pub(crate) async fn disallow(queues: &Queues, input: RemovePermission) -> Result<(), SqsError> {
    let label = input.label.unwrap_or_default();
    let Address { queues, name } = Address::of(queues, input.queue_url)?;
    Ok(queues.remove_permission(&name, &label).await?)
}
