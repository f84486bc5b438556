//! Looking at queues and messages as a person does: nothing changes by it. SQS has no such action,
//! a receive is the only way to a message there.

use super::list::INTERNAL;
use super::{
    Inner, Queues,
    message::Wanted,
    queue::{Queue, State},
};
use crate::{
    ErrorKind, Message, QueueError, QueueView, SeenMessage, Timestamp, commit::Durability,
    core::Counts, store::Write,
};

/// The most messages that one look shows: each may have 1 MiB.
const MAX_SEEN: usize = 100;

impl Queues {
    /// All queues of all scopes, but for Samovar's own: the default scope's first, then by region
    /// and account, each in the order of their names.
    ///
    /// # Errors
    ///
    /// `InternalFailure`.
    pub async fn view_queues(&self) -> Result<Vec<QueueView>, QueueError> {
        let inner = &self.inner;
        inner.recover().await?;
        let (first, others): (Vec<_>, Vec<_>) =
            inner.all().into_iter().partition(|queue| queue.scope == inner.default_scope);
        let views = first.into_iter().chain(others).map(|queue| inner.view(&queue));
        // One that was deleted just now is not there.
        let gone = |view: &Result<_, QueueError>| {
            view.as_ref().is_err_and(|error| error.kind() == ErrorKind::QueueDoesNotExist)
        };
        let is_own =
            |view: &Result<QueueView, _>| matches!(view, Ok(v) if v.name.starts_with(INTERNAL));
        views.filter(|view| !gone(view) && !is_own(view)).collect()
    }

    /// Messages of a queue in the order in which they were accepted, at most `max` (1 to 100),
    /// whether they can be received or not. Nothing changes by it: no receive is counted, no
    /// visibility timeout begins.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InvalidParameterValue`, `InternalFailure`.
    pub async fn peek(&self, queue: &str, max: usize) -> Result<Vec<SeenMessage>, QueueError> {
        let inner = &self.inner;
        let queue = self.queue(queue).await?;
        if !(1..=MAX_SEEN).contains(&max) {
            let reason = "Must be >= 1 and <= 100.";
            return Err(QueueError::invalid_parameter("max", max, reason));
        }
        let (fifo, seen) = {
            let mut state = queue.lock();
            let retention = state.settings.millis("MessageRetentionPeriod");
            let fifo = state.settings.is_fifo();
            (fifo, state.core()?.view(inner.options.clock.now(), retention, max))
        };
        let contents = inner.read(seen.iter().map(|&(seq, ..)| queue.key(seq)).collect()).await?;
        let all = Wanted { system: vec!["All".into()], own: vec!["All".into()] };
        let messages =
            seen.into_iter().zip(contents).filter_map(|((seq, record, state), content)| {
                // One that was deleted meanwhile has no content.
                let message = inner.message(&queue, fifo, (seq, record), content?, &all);
                // Nobody has received it here, so there is no receipt.
                let message = Message { receipt_handle: String::new(), ..message };
                Some(SeenMessage { message, state, visible_at: record.visible_at })
            });
        Ok(messages.collect())
    }
}

impl Inner {
    fn view(&self, queue: &Queue) -> Result<QueueView, QueueError> {
        queue.change(|state| {
            let counts = self.counts(queue, state)?;
            let core = state.core()?;
            let (arrived, departed) = core.passage();
            let oldest_sent_at: Option<Timestamp> = core.oldest_sent_at();
            let redrive = state.settings.redrive();
            Ok(QueueView {
                name: queue.name.clone(),
                url: self.url(&queue.scope, &queue.name),
                arn: queue.arn(),
                account_id: queue.scope.account_id().to_owned(),
                region: queue.scope.region().to_owned(),
                in_default_scope: queue.scope == self.default_scope,
                visible: counts.visible,
                in_flight: counts.in_flight,
                delayed: counts.delayed,
                oldest_sent_at,
                dead_letter_target: redrive.map(|redrive| redrive.target_arn.clone()),
                arrived,
                departed,
            })
        })
    }

    /// The numbers of a queue's messages. Those past their retention are removed on the way.
    pub(super) fn counts(&self, queue: &Queue, state: &mut State) -> Result<Counts, QueueError> {
        let now = self.options.clock.now();
        let retention = state.settings.millis("MessageRetentionPeriod");
        let (counts, expired) = state.core()?.counts(now, retention);
        let writes: Vec<Write> =
            expired.into_iter().map(|seq| Write::Remove { key: queue.key(seq) }).collect();
        if !writes.is_empty() {
            // Nobody waits for it.
            drop(self.committer.submit(writes, Durability::Process, || {}));
        }
        Ok(counts)
    }
}
