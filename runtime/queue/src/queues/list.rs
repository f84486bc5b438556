//! Finding queues, by pages.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Inner, Queues, queue::Queue};
use crate::{QueueError, QueueList, scope::Scope};

/// The most queues of a page.
const MAX_RESULTS: usize = 1000;

/// How the names of queues start that Samovar keeps for itself: no list has them.
pub(super) const INTERNAL: &str = "_samovar-";

impl Queues {
    /// `ListQueues`: the URLs of the scope's queues whose names start with `prefix`, in the order
    /// of their names, but for those that start with `_samovar-`; of the default scope's when this
    /// one has no queue at all. At most `max_results` (1 to 1000; 1000 when absent, and then
    /// without a token for more).
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
        let scope = self.inner.scope_to_list(&self.scope);
        self.page(scope, max_results, next_token, wanted)
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
        let target = self.queue(queue).await?;
        let arn = target.arn();
        let wanted = |queue: &Queue| queue.sends_dead_letters_to(&arn);
        self.page(&target.scope, max_results, next_token, wanted)
    }

    /// `GetQueueUrl`.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InternalFailure`.
    pub async fn get_queue_url(&self, queue: &str) -> Result<String, QueueError> {
        self.queue(queue).await.map(|queue| self.inner.url(&queue.scope, &queue.name))
    }

    /// A token is the name of the last queue of the page before, in base64.
    fn page(
        &self,
        scope: &Scope,
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
        let after = after.transpose()?;
        // The queues' own locks are not taken with that of the map held.
        let queues = self.inner.read_queues().after(scope, after.as_deref());
        let mut queues = queues.iter().filter(|queue| wanted(queue)).peekable();
        let page: Vec<_> = queues.by_ref().take(max).collect();
        let more = max_results.is_some() && queues.peek().is_some();
        let last = page.last().filter(|_| more);
        Ok(QueueList {
            next_token: last.map(|queue| URL_SAFE_NO_PAD.encode(&queue.name)),
            queue_urls: page.into_iter().map(|queue| self.inner.url(scope, &queue.name)).collect(),
        })
    }
}

impl Inner {
    /// The scope whose queues `ListQueues` has: the default one instead of one without any.
    fn scope_to_list<'a>(&'a self, scope: &'a Scope) -> &'a Scope {
        if self.read_queues().has(scope) { scope } else { &self.default_scope }
    }
}
