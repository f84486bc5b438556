//! Event source mappings: messages of a queue become invocations of a function.
//!
//! Lambda guide, "Using Lambda with Amazon SQS". One receive loop feeds as many invocations at
//! once as [`scale`] allows. There is no polling interval: the loop waits in a long poll, which a
//! new message ends at once.
//!
//! The order of a FIFO queue's groups is the queue's doing: it gives out no message of a group of
//! which one is in flight, so that a group is in one batch at a time. What is left to do here is
//! to keep the order where one receive makes several batches.

mod batch;
mod collect;
mod deliver;
mod filter;
mod record;
mod scale;
mod settle;
mod verdict;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use samovar_app::{Function, QueueTrigger};
use samovar_dispatch::{Account, Dispatcher};
use samovar_queue::Queues;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use self::batch::Batch;
use self::collect::{Collector, Terms};
use self::deliver::{Delivery, Settled, is_fifo};
use self::filter::Filters;
use self::record::Origin;
use self::scale::{GROWTH_INTERVAL, Scale};

/// How long to wait where the queue is gone or the function cannot run: neither changes without
/// somebody doing something.
const PAUSE: Duration = Duration::from_secs(1);

/// The largest batch of a FIFO queue (Lambda guide, "Configuring an Amazon SQS event source
/// mapping").
const FIFO_BATCH_LIMIT: usize = 10;

/// One event source mapping.
pub struct Poller {
    queue: String,
    trigger: QueueTrigger,
    delivery: Arc<Delivery>,
    region: String,
    filtered: Arc<AtomicU64>,
}

impl Poller {
    /// A mapping that gives messages of the queue with this name to `function`, as `trigger` says.
    pub fn new(
        queue: String,
        trigger: QueueTrigger,
        function: Arc<Function>,
        account: &Account,
        queues: Queues,
        dispatcher: Dispatcher,
    ) -> Self {
        let delivery = Delivery {
            queue: queue.clone(),
            report_batch_item_failures: trigger.report_batch_item_failures,
            function,
            queues,
            dispatcher,
            throttled: Default::default(),
        };
        let (delivery, region) = (Arc::new(delivery), account.region.clone());
        Self { queue, trigger, delivery, region, filtered: Arc::default() }
    }

    /// Counts the messages that no filter matched and that were deleted therefore, from now on:
    /// CloudWatch's `FilteredOutEventCount`.
    pub fn filtered(&self) -> Arc<AtomicU64> {
        self.filtered.clone()
    }

    /// Receives and delivers until `shutdown`; then receives no more, delivers what it has, and
    /// returns when every batch is settled. Dropping the future leaves what runs to the queue:
    /// its messages return when their visibility timeout ends. Returns at once for a mapping
    /// that is disabled.
    ///
    /// A missing queue is waited for. While the function cannot run (it did not build), nothing
    /// is received, so that no message is counted towards its dead-letter queue.
    pub async fn run(self, shutdown: CancellationToken) {
        if !self.trigger.enabled {
            return;
        }
        let Self { queue, trigger, delivery, region, filtered } = self;
        let fifo = is_fifo(&queue);
        let batch_size = usize::try_from(trigger.batch_size).unwrap_or(1).max(1);
        let window = if fifo { Duration::ZERO } else { trigger.batch_window };
        let queue_arn = delivery.queues.arn(&queue);
        let terms = Terms {
            queue,
            origin: Origin { queue_arn, region, windowed: !window.is_zero() },
            fifo,
            batch_size: if fifo { batch_size.min(FIFO_BATCH_LIMIT) } else { batch_size },
            window,
            filters: Filters::new(&trigger.filters),
            filtered,
        };
        let mut collector = Collector::new(delivery.queues.clone(), terms);
        let mut scale = Scale::new(trigger.maximum_concurrency, fifo);
        let mut running: JoinSet<Settled> = JoinSet::new();
        let mut full_since: Option<Instant> = None;
        let mut resumes = Instant::now();
        loop {
            let admits = scale.admits(running.len());
            let full = (!admits).then(|| *full_since.get_or_insert_with(Instant::now));
            full_since = full;
            let grows = full.unwrap_or_else(Instant::now) + GROWTH_INTERVAL;
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(settled) = running.join_next() => {
                    delivery.learn(&settled, &mut scale);
                    if delivery.give_back(settled).await {
                        resumes = Instant::now() + PAUSE;
                    }
                }
                () = sleep_until(grows), if full.is_some() && scale.can_grow() => {
                    if delivery.wants_more().await {
                        scale.grow();
                    }
                    full_since = None;
                }
                received = next(&mut collector, &delivery, resumes), if admits => match received {
                    Some(batches) => {
                        running.spawn(delivery.clone().deliver(batches));
                    }
                    None if running.is_empty() => scale.rest(),
                    None => {}
                },
            }
        }
        while let Some(batches) = collector.drain() {
            running.spawn(delivery.clone().deliver(batches));
        }
        while let Some(settled) = running.join_next().await {
            delivery.give_back(settled).await;
        }
        collector.finish().await;
    }
}

/// The next batches, or `None` after a long poll or a pause without one. Receives nothing before
/// `resumes`.
async fn next(
    collector: &mut Collector,
    delivery: &Delivery,
    resumes: Instant,
) -> Option<Vec<Batch>> {
    sleep_until(resumes).await;
    if !delivery.can_run() {
        sleep(PAUSE).await;
        return None;
    }
    match collector.next().await {
        Ok(batches) => batches,
        Err(_) => {
            sleep(PAUSE).await;
            None
        }
    }
}

impl Delivery {
    /// Concurrency follows failures, but not with `ReportBatchItemFailures` (Lambda guide,
    /// "Backoff strategy for failed invocations").
    fn learn(&self, settled: &Result<Settled, JoinError>, scale: &mut Scale) {
        let failed = !matches!(settled, Ok(Settled::Done));
        if failed && !self.report_batch_item_failures {
            scale.back_off();
        }
    }

    /// Makes messages visible again that were refused; whether there are any. Not while a receive
    /// waits: it would have them at once.
    async fn give_back(&self, settled: Result<Settled, JoinError>) -> bool {
        let Ok(Settled::Refused(messages)) = settled else { return false };
        settle::release(&self.queues, &self.queue, &messages).await;
        true
    }
}

#[cfg(test)]
mod tests;
