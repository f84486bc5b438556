//! One batch: invoke, judge, delete.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use samovar_app::Function;
use samovar_dispatch::{Answer, Dispatcher, Event, Invocation, InvokeError, Source};
use samovar_queue::{Message, Queues};
use tokio::time::{Instant, sleep};

use super::batch::{self, Batch};
use super::settle;
use super::verdict::{Verdict, verdict};

/// The first wait after a throttled invocation; it doubles up to [`BACK_OFF_LIMIT`].
const BACK_OFF: Duration = Duration::from_millis(100);
const BACK_OFF_LIMIT: Duration = Duration::from_secs(5);

/// Takes batches of one queue to one function.
pub(crate) struct Delivery {
    pub(crate) queue: String,
    pub(crate) report_batch_item_failures: bool,
    pub(crate) function: Arc<Function>,
    pub(crate) queues: Queues,
    pub(crate) dispatcher: Dispatcher,
    /// How many batches wait because their last invocation was throttled.
    pub(crate) throttled: AtomicUsize,
}

/// How batches ended.
#[derive(Debug)]
pub(crate) enum Settled {
    /// The function did its work, on some of the messages at least.
    Done,
    /// The function failed, or was throttled until the messages' time was over.
    Failed,
    /// There was no function to run: it did not build, or Samovar is stopping. Nobody has seen
    /// these messages, so that hiding them any longer would serve nobody.
    Refused(Vec<Message>),
}

/// How one batch ended.
enum Outcome<'b> {
    /// Done, but for these messages.
    Done(Vec<&'b Message>),
    Failed,
    Refused,
}

impl Delivery {
    /// Delivers batches one after the other. What comes after a failure in its group is not
    /// delivered before it: it returns to the queue, which gives it out behind what failed.
    pub(crate) async fn deliver(self: Arc<Self>, batches: Vec<Batch>) -> Settled {
        let mut settled = Settled::Done;
        let mut held: HashSet<String> = HashSet::new();
        for mut batch in batches {
            if let Settled::Refused(messages) = &mut settled {
                messages.extend(batch.into_messages());
                continue;
            }
            let behind = batch.remove_groups(&held);
            settle::release(&self.queues, &self.queue, &behind).await;
            if batch.is_empty() {
                continue;
            }
            let undone = match self.deliver_one(&batch).await {
                Outcome::Done(undone) => undone,
                Outcome::Failed => {
                    settled = Settled::Failed;
                    batch.messages().iter().collect()
                }
                Outcome::Refused => {
                    settled = Settled::Refused(batch.into_messages());
                    continue;
                }
            };
            held.extend(undone.into_iter().filter_map(batch::group).map(str::to_owned));
        }
        settled
    }

    /// Invokes the function and deletes what it has done with. The rest goes back to the queue by
    /// itself: Lambda does not touch its visibility.
    async fn deliver_one<'b>(&self, batch: &'b Batch) -> Outcome<'b> {
        let answer = match self.invoke(batch).await {
            Ok(answer) => answer,
            Err(InvokeError::Throttled { .. }) => return Outcome::Failed,
            Err(_) => return Outcome::Refused,
        };
        let ids = batch.messages().iter().map(|message| message.message_id.as_str());
        let failed = match verdict(&answer.result, ids, self.report_batch_item_failures) {
            Verdict::Failed => return Outcome::Failed,
            Verdict::Done => HashSet::new(),
            Verdict::Partly(failed) => failed,
        };
        let (done, undone) = part(batch.messages(), &failed);
        let done: Vec<&str> = done.iter().map(|message| message.receipt_handle.as_str()).collect();
        settle::delete(&self.queues, &self.queue, &done).await;
        Outcome::Done(undone)
    }

    /// A throttled invocation is repeated while the messages are still this batch's ("Lambda
    /// continues to retry the message until the message's timestamp exceeds your queue's
    /// visibility timeout").
    async fn invoke(&self, batch: &Batch) -> Result<Answer, InvokeError> {
        let event = Bytes::from(batch.event());
        let mut back_off = BACK_OFF;
        let mut throttled = None;
        loop {
            let source = Source::Queue { queue: self.queue.clone(), messages: batch.len() };
            let invocation = Invocation::new(Event::Bytes(event.clone()), source);
            // Counted as throttled until it is settled: that it was let in at last is not to be
            // seen from here.
            let name = self.function.called_by_triggers();
            match self.dispatcher.invoke(&name, invocation).await {
                Err(error @ InvokeError::Throttled { .. }) => {
                    throttled.get_or_insert_with(|| Throttled::new(&self.throttled));
                    let ends = batch.received() + self.visibility_timeout().await;
                    if Instant::now() + back_off >= ends {
                        return Err(error);
                    }
                    sleep(back_off).await;
                    back_off = (back_off * 2).min(BACK_OFF_LIMIT);
                }
                other => return other,
            }
        }
    }

    /// Whether the function can take messages.
    pub(crate) fn can_run(&self) -> bool {
        self.dispatcher.door(&self.function).is_some()
    }

    /// Whether more batches at once would help: messages wait in the queue, and the function
    /// takes what it is given.
    pub(crate) async fn wants_more(&self) -> bool {
        self.throttled.load(Ordering::Relaxed) == 0
            && self.number("ApproximateNumberOfMessages").await.is_some_and(|waiting| waiting > 0)
    }

    async fn visibility_timeout(&self) -> Duration {
        Duration::from_secs(self.number("VisibilityTimeout").await.unwrap_or_default())
    }

    async fn number(&self, attribute: &str) -> Option<u64> {
        let names = [attribute.to_owned()];
        let attributes = self.queues.get_queue_attributes(&self.queue, &names).await.ok()?;
        attributes.get(attribute)?.parse().ok()
    }
}

/// Whether a queue is a FIFO queue: SQS tells by the name.
pub(crate) fn is_fifo(queue: &str) -> bool {
    queue.ends_with(".fifo")
}

/// The messages that are done, and those that are not: the ones that the function names.
///
/// On a FIFO queue a function "should stop processing messages after the first failure and return
/// all failed and unprocessed messages" (Lambda guide, "Implementing partial batch responses"); one
/// that names only the first failure has said of the others that they are done.
fn part<'b>(
    messages: &'b [Message],
    failed: &HashSet<String>,
) -> (Vec<&'b Message>, Vec<&'b Message>) {
    messages.iter().partition(|message| !failed.contains(&message.message_id))
}

/// Counts one batch as throttled as long as it lives.
struct Throttled<'c>(&'c AtomicUsize);

impl<'c> Throttled<'c> {
    fn new(count: &'c AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Throttled<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
