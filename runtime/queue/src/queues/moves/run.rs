//! Working on a move task.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{runtime::Handle, sync::Notify, time::sleep};
use uuid::Uuid;

use super::Task;
use crate::{
    ErrorKind, MoveTaskStatus, QueueError,
    commit::Durability,
    core::{Record, Seq},
    queues::{Inner, queue::Queue, send::settled},
    store::{Key, Passage, TaskRecord, Write},
};

/// How many messages one commit moves when no rate is given.
const BATCH: usize = 500;
/// How often a second messages are moved when a rate is given that allows it.
const COMMITS_A_SECOND: u32 = 10;
/// How long to wait when the store has failed.
const RETRY: Duration = Duration::from_secs(1);

/// Messages on their way to a queue.
struct Arrivals {
    target: Arc<Queue>,
    messages: Vec<(Seq, Record)>,
}

/// Why a task cannot go on, as AWS says it.
enum Failure {
    /// A queue has gone that messages should go to.
    NoQueue,
    /// A message did not come from a queue, so that it cannot go back.
    NoSource,
}

impl Failure {
    fn reason(&self) -> &'static str {
        match self {
            Self::NoQueue => "AWS.SimpleQueueService.NonExistentQueue",
            Self::NoSource => "CouldNotDetermineMessageSource",
        }
    }
}

impl Inner {
    /// Goes on with all tasks that nobody works on, when this is called inside a tokio runtime.
    pub(in crate::queues) fn resume_moves(self: &Arc<Self>) {
        let idle: Vec<Key> = {
            let tasks = self.lock_tasks();
            let idle = |task: &&Task| task.record.status.is_active() && !task.running;
            tasks.0.values().filter(idle).map(|task| task.record.key).collect()
        };
        if Handle::try_current().is_ok() {
            idle.into_iter().for_each(|key| self.work_on(key));
        }
    }

    /// Works on a task until it has ended or the service has.
    pub(super) fn work_on(self: &Arc<Self>, key: Key) {
        let wake = {
            let mut tasks = self.lock_tasks();
            let Some(task) = tasks.0.get_mut(&key).filter(|task| !task.running) else { return };
            task.running = true;
            Arc::clone(&task.wake)
        };
        // The service may end while the task waits.
        let inner = Arc::downgrade(self);
        tokio::spawn(async move {
            work(&inner, key, &wake).await;
            if let Some(inner) = inner.upgrade()
                && let Some(task) = inner.lock_tasks().0.get_mut(&key)
            {
                task.running = false;
            }
        });
    }

    /// Moves some messages. Returns how long to wait before the next, or nothing when the task
    /// has ended. `from` is where the last time ended.
    async fn move_some(self: &Arc<Self>, key: Key, from: &mut Seq) -> Option<Duration> {
        if self.recover().await.is_err() {
            return Some(RETRY);
        }
        let task = self.lock_tasks().0.get(&key)?.record.clone();
        let source = self.find_arn(&task.source_arn).filter(|queue| queue.id == key.queue)?;
        match task.status {
            MoveTaskStatus::Running => {}
            MoveTaskStatus::Cancelling => {
                return self.end(&source, key, MoveTaskStatus::Cancelled, None).await;
            }
            _ => return None,
        }
        let batch = task.rate.map_or(BATCH, |rate| rate.div_ceil(COMMITS_A_SECOND) as usize);
        let now = self.options.clock.now();
        let movable = source
            .change(|state| Ok::<_, QueueError>(state.core()?.movable(*from..key.seq, batch, now)));
        let Ok(movable) = movable else { return Some(RETRY) };
        let Some(last) = movable.last() else {
            if *from == 0 {
                return self.end(&source, key, MoveTaskStatus::Completed, None).await;
            }
            // What was held before may be free now.
            *from = 0;
            return Some(Duration::ZERO);
        };
        *from = last + 1;
        let targets = match self.targets(&source, &task, &movable).await {
            Ok(Ok(targets)) => targets,
            Ok(Err(failure)) => {
                return self.end(&source, key, MoveTaskStatus::Failed, Some(failure)).await;
            }
            Err(_) => return Some(RETRY),
        };
        match self.move_to(&source, key, targets).await {
            Ok(moved) => {
                Some(task.rate.map_or(Duration::ZERO, |rate| Duration::from_secs(moved) / rate))
            }
            Err(_) => Some(RETRY),
        }
    }

    /// The queues that messages go to.
    async fn targets(
        &self,
        source: &Queue,
        task: &TaskRecord,
        seqs: &[Seq],
    ) -> Result<Result<Vec<(Seq, Arc<Queue>)>, Failure>, QueueError> {
        let fifo = source.lock().settings.is_fifo();
        let find = |arn: &str| {
            let queue = self.find_arn(arn).filter(|queue| queue.lock().settings.is_fifo() == fifo);
            queue.ok_or(Failure::NoQueue)
        };
        if let Some(arn) = &task.destination_arn {
            let all = |target: Arc<Queue>| seqs.iter().map(|seq| (*seq, target.clone())).collect();
            return Ok(find(arn).map(all));
        }
        let keys = seqs.iter().map(|seq| source.key(*seq)).collect();
        let contents = self.read(keys).await?;
        let target = |(seq, content): (&Seq, Option<crate::store::Content>)| {
            // One that has gone meanwhile will not be moved.
            let content = content?;
            let arn = content.dead_letter_source.ok_or(Failure::NoSource);
            Some(arn.and_then(|arn| Ok((*seq, find(&arn)?))))
        };
        Ok(seqs.iter().zip(contents).filter_map(target).collect())
    }

    /// Moves those of the messages that are still free, in one commit.
    async fn move_to(
        &self,
        source: &Queue,
        key: Key,
        targets: Vec<(Seq, Arc<Queue>)>,
    ) -> Result<u64, QueueError> {
        let now = self.options.clock.now();
        // Their locks are not taken with that of the source held.
        let mut delays = HashMap::new();
        for (_, target) in &targets {
            delays
                .entry(target.id)
                .or_insert_with(|| target.lock().settings.millis("DelaySeconds"));
        }
        let (moved, committed) = source.change(|state| {
            let core = state.core()?;
            let mut tasks = self.lock_tasks();
            let Some(task) = tasks.0.get_mut(&key) else { return Err(QueueError::no_such_queue()) };
            let mut submission = self.committer.begin();
            let mut writes = Vec::with_capacity(targets.len() + 1);
            let mut arrivals: HashMap<u64, Arrivals> = HashMap::new();
            let mut moved = 0;
            for (from, target) in targets {
                let Some(record) = core.withdraw(from, now) else { continue };
                let to = submission.next_seq();
                let delay = delays.get(&target.id).copied().unwrap_or(0);
                let record = Record::sent(now, delay, record.group);
                let passage = Passage::Redriven { message_id: Uuid::new_v4().into_bytes() };
                let (from, to_key) = (source.key(from), target.key(to));
                writes.push(Write::Move { from, to: to_key, record, passage });
                let none = || Arrivals { target: target.clone(), messages: Vec::new() };
                arrivals.entry(target.id).or_insert_with(none).messages.push((to, record));
                moved += 1;
            }
            task.record.moved += moved;
            writes.push(Write::Task(task.record.clone()));
            let apply = move || {
                for Arrivals { target, messages } in arrivals.into_values() {
                    target.insert(messages, now);
                }
            };
            Ok((moved, submission.submit(writes, Durability::Disk, apply)))
        })?;
        settled(committed).await?;
        Ok(moved)
    }

    /// Ends a task; returns when to try again if the store has failed.
    async fn end(
        &self,
        source: &Queue,
        key: Key,
        status: MoveTaskStatus,
        failure: Option<Failure>,
    ) -> Option<Duration> {
        let committed = {
            let _state = source.lock();
            let mut tasks = self.lock_tasks();
            let record = &mut tasks.0.get_mut(&key)?.record;
            record.status = status;
            record.failure = failure.map(|failure| failure.reason().to_owned());
            self.committer.submit(vec![Write::Task(record.clone())], Durability::Disk, || {})
        };
        match settled(committed).await {
            Err(error) if error.kind() == ErrorKind::InternalFailure => Some(RETRY),
            _ => None,
        }
    }
}

async fn work(inner: &Weak<Inner>, key: Key, wake: &Notify) {
    let mut from = 0;
    while let Some(inner) = inner.upgrade() {
        let Some(pause) = inner.move_some(key, &mut from).await else { return };
        drop(inner);
        if pause.is_zero() {
            tokio::task::yield_now().await;
            continue;
        }
        tokio::select! {
            () = wake.notified() => {}
            () = sleep(pause) => {}
        }
    }
}
