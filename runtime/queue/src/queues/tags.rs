//! Tags of queues.

use super::{Queues, send::settled};
use crate::{Attributes, ErrorKind, QueueError, commit::Durability, store::Write};

/// The most tags of a queue.
///
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-limits.html>
const MAX_TAGS: usize = 50;

impl Queues {
    /// `TagQueue`: a tag that is there already gets the new value.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `MissingParameter` (no tags), `InvalidParameterValue` (a key that is
    /// empty, too long or AWS's own, a value that is too long, more than 50 tags),
    /// `InternalFailure`.
    pub async fn tag_queue(&self, queue: &str, tags: &Attributes) -> Result<(), QueueError> {
        if tags.is_empty() {
            return Err(QueueError::missing_parameter("Tags"));
        }
        check(tags)?;
        self.change_tags(queue, |all| all.extend(tags.clone())).await
    }

    /// `UntagQueue`: tags that are not there are passed over.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InvalidParameterValue` (no keys), `InternalFailure`.
    pub async fn untag_queue(&self, queue: &str, keys: &[String]) -> Result<(), QueueError> {
        if keys.is_empty() {
            return Err(invalid("Tag keys must be between 1 and 128 characters in length."));
        }
        self.change_tags(queue, |all| all.retain(|key, _| !keys.contains(key))).await
    }

    /// `ListQueueTags`.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InternalFailure`.
    pub async fn list_queue_tags(&self, queue: &str) -> Result<Attributes, QueueError> {
        Ok(self.queue(queue).await?.lock().tags.clone())
    }

    async fn change_tags(
        &self,
        queue: &str,
        change: impl FnOnce(&mut Attributes),
    ) -> Result<(), QueueError> {
        let inner = &self.inner;
        let queue = self.queue(queue).await?;
        let _guard = inner.manage.lock().await;
        let committed = {
            let mut state = queue.lock();
            state.core()?;
            let mut tags = state.tags.clone();
            change(&mut tags);
            if tags.len() > MAX_TAGS {
                return Err(invalid(format!("Too many tags added for queue {}.", queue.name)));
            }
            state.tags = tags;
            let writes = vec![Write::Queue(queue.record(&state))];
            inner.committer.submit(writes, Durability::Disk, || {})
        };
        settled(committed).await
    }
}

/// Checks the tags of a request, or of a new queue.
pub(super) fn check(tags: &Attributes) -> Result<(), QueueError> {
    if tags.len() > MAX_TAGS {
        return Err(invalid("Too many tags: a queue can have 50."));
    }
    for (key, value) in tags {
        if !(1..=128).contains(&key.chars().count()) {
            return Err(invalid("Tag keys must be between 1 and 128 characters in length."));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid("Tag keys must not start with the reserved prefix aws:."));
        }
        if value.chars().count() > 256 {
            return Err(invalid("Tag values must be between 0 and 256 characters in length."));
        }
    }
    Ok(())
}

fn invalid(message: impl Into<String>) -> QueueError {
    QueueError::new(ErrorKind::InvalidParameterValue, message)
}
