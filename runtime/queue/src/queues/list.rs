//! Finding queues, by pages.

use std::ops::Bound;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Queues, queue::Queue};
use crate::{QueueError, QueueList};

/// The most queues of a page.
const MAX_RESULTS: usize = 1000;

/// How the names of queues start that Samovar keeps for itself: no list has them.
pub(super) const INTERNAL: &str = "_samovar-";

impl Queues {
    /// `ListQueues`: the URLs of the queues whose names start with `prefix`, in the order of
    /// their names, but for those that start with `_samovar-`. At most `max_results` (1 to 1000;
    /// 1000 when absent, and then without a token for more).
    ///
    /// # Errors
    ///
    /// `InvalidParameterValue` for the other two, `InternalFailure`.
    pub async fn list_queues(
        &self,
        prefix: Option<&str>,
        max_results: Option<i64>,
        next_token: Option<&str>,
    ) -> Result<QueueList, QueueError> {
        self.inner.recover().await?;
        let wanted = |queue: &Queue| {
            !queue.name.starts_with(INTERNAL)
                && prefix.is_none_or(|prefix| queue.name.starts_with(prefix))
        };
        self.page(max_results, next_token, wanted)
    }

    /// `ListDeadLetterSourceQueues`: the URLs of the queues whose redrive policy names this one,
    /// paged as those of [`list_queues`](Self::list_queues).
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InvalidParameterValue`, `InternalFailure`.
    pub async fn list_dead_letter_source_queues(
        &self,
        queue: &str,
        max_results: Option<i64>,
        next_token: Option<&str>,
    ) -> Result<QueueList, QueueError> {
        let arn = self.inner.arn(&self.inner.queue(queue).await?.name);
        self.page(max_results, next_token, |queue| queue.sends_dead_letters_to(&arn))
    }

    /// `GetQueueUrl`.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InternalFailure`.
    pub async fn get_queue_url(&self, queue: &str) -> Result<String, QueueError> {
        self.inner.queue(queue).await.map(|queue| self.url(&queue.name))
    }

    /// A token is the name of the last queue of the page before, in base64.
    fn page(
        &self,
        max_results: Option<i64>,
        next_token: Option<&str>,
        wanted: impl Fn(&Queue) -> bool,
    ) -> Result<QueueList, QueueError> {
        let max = match max_results {
            None => MAX_RESULTS,
            Some(max) => usize::try_from(max)
                .ok()
                .filter(|max| (1..=MAX_RESULTS).contains(max))
                .ok_or_else(|| {
                    let reason = "Must be >= 1 and <= 1000, if provided.";
                    QueueError::invalid_parameter("MaxResults", max, reason)
                })?,
        };
        let after = next_token.map(|token| {
            let name = URL_SAFE_NO_PAD.decode(token).ok();
            name.and_then(|name| String::from_utf8(name).ok()).ok_or_else(|| {
                let reason = "It is not a token that an earlier page gave.";
                QueueError::invalid_parameter("NextToken", token, reason)
            })
        });
        let after = after.transpose()?.map_or(Bound::Unbounded, Bound::Excluded);
        // The queues' own locks are not taken with that of the map held.
        let queues: Vec<_> = {
            let queues = self.inner.read_queues();
            queues.range((after, Bound::Unbounded)).map(|(_, queue)| queue.clone()).collect()
        };
        let mut queues = queues.iter().filter(|queue| wanted(queue)).peekable();
        let page: Vec<_> = queues.by_ref().take(max).collect();
        let more = max_results.is_some() && queues.peek().is_some();
        let last = page.last().filter(|_| more);
        Ok(QueueList {
            next_token: last.map(|queue| URL_SAFE_NO_PAD.encode(&queue.name)),
            queue_urls: page.into_iter().map(|queue| self.url(&queue.name)).collect(),
        })
    }
}
