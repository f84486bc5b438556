//! `StartMessageMoveTask`, `CancelMessageMoveTask` and `ListMessageMoveTasks`: moving messages out
//! of dead-letter queues.
//!
//! A task moves the messages that were in the queue when it started and that no consumer holds.
//! Its progress is stored in the same commits as the moves: after a restart it goes on where it
//! was, and no message is moved twice.
//!
//! The answers are those that LocalStack recorded from AWS
//! (`tests/aws/services/sqs/test_sqs_move_task.snapshot.json`) where it has them.

mod run;

use std::{
    collections::BTreeMap,
    sync::{Arc, MutexGuard, PoisonError},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{Inner, Queues, queue::Queue, send::settled};
use crate::{
    ErrorKind, MessageMoveTask, MoveTaskStatus, QueueError, StartMessageMoveTask,
    commit::Durability,
    redrive,
    scope::Scope,
    store::{Key, TaskRecord, Write},
    validate,
};

/// How many tasks of a queue are remembered and listed at most.
const REMEMBERED: usize = 10;

/// The tasks of all queues. A task's key is its queue and the sequence at its start.
#[derive(Debug, Default)]
pub(super) struct Tasks(BTreeMap<Key, Task>);

#[derive(Debug)]
struct Task {
    record: TaskRecord,
    /// Told when the task is cancelled.
    wake: Arc<Notify>,
    /// Whether something works on it.
    running: bool,
}

impl Task {
    fn new(record: TaskRecord) -> Self {
        Self { record, wake: Arc::default(), running: false }
    }
}

impl Tasks {
    /// Takes over what the store has. Who works on a task goes on with it.
    pub(super) fn restore(&mut self, records: Vec<TaskRecord>) {
        let mut known = std::mem::take(&mut self.0);
        for record in records {
            let task = match known.remove(&record.key) {
                Some(task) => Task { record, ..task },
                None => Task::new(record),
            };
            self.0.insert(task.record.key, task);
        }
    }

    /// Forgets the tasks of a queue; they are returned to be removed from the store.
    pub(super) fn remove_queue(&mut self, queue: u64) -> Vec<Key> {
        let keys: Vec<Key> = self.of_queue(queue).map(|task| task.record.key).collect();
        self.0.retain(|key, _| key.queue != queue);
        keys
    }

    /// The oldest first.
    fn of_queue(&self, queue: u64) -> impl DoubleEndedIterator<Item = &Task> {
        self.0.range(Key { queue, seq: 0 }..=Key { queue, seq: u64::MAX }).map(|(_, task)| task)
    }
}

/// What a task handle says; AWS's have the same form.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Handle {
    task_id: String,
    source_arn: String,
}

impl Queues {
    /// `StartMessageMoveTask`: starts moving the messages of a dead-letter queue to another queue,
    /// or each to the queue that it came from. Returns the task's handle.
    ///
    /// The messages arrive as new ones, with new ids and times and no receives; those of a FIFO
    /// queue keep their groups and their order, and are never taken for duplicates.
    ///
    /// # Errors
    ///
    /// `ResourceNotFoundException` (no such queues), `InvalidParameterValue` (not an ARN, the
    /// source is no dead-letter queue or has a task already, the rate is not from 1 to 500),
    /// `UnsupportedOperation` (the queues are of different types or the same),
    /// `InternalFailure`.
    pub async fn start_message_move_task(
        &self,
        task: StartMessageMoveTask,
    ) -> Result<String, QueueError> {
        let inner = &self.inner;
        inner.recover().await?;
        let _guard = inner.manage.lock().await;
        let StartMessageMoveTask { source_arn, destination_arn, .. } = task;
        let source = self.source(&source_arn)?;
        if !inner.all().iter().any(|queue| queue.sends_dead_letters_to(&source_arn)) {
            return Err(invalid("Source queue must be configured as a Dead Letter Queue."));
        }
        if let Some(arn) = &destination_arn {
            inner.check_destination(&source, arn)?;
        }
        let rate = task.max_number_of_messages_per_second.map(check_rate).transpose()?;
        let is_active = |task: &Task| task.record.status.is_active();
        if inner.lock_tasks().of_queue(source.id).any(is_active) {
            return Err(invalid(
                "There is already a task running. Only one active task is allowed for a source \
                 queue arn at a given time.",
            ));
        }
        let (record, committed) = {
            let now = inner.options.clock.now();
            let mut state = source.lock();
            let retention = state.settings.millis("MessageRetentionPeriod");
            let (counts, expired) = state.core()?.counts(now, retention);
            let forgotten = inner.lock_tasks().forget_oldest(source.id);
            let mut submission = inner.committer.begin();
            let record = TaskRecord {
                key: source.key(submission.next_seq()),
                id: Uuid::new_v4().to_string(),
                source_arn,
                destination_arn,
                rate,
                status: MoveTaskStatus::Running,
                to_move: counts.visible,
                moved: 0,
                started_at: now,
                failure: None,
            };
            let mut writes: Vec<Write> =
                expired.into_iter().map(|seq| Write::Remove { key: source.key(seq) }).collect();
            writes.extend(forgotten);
            writes.push(Write::Task(record.clone()));
            (record, submission.submit(writes, Durability::Disk, || {}))
        };
        settled(committed).await?;
        let handle = handle(&record);
        let key = record.key;
        inner.lock_tasks().0.insert(key, Task::new(record));
        inner.work_on(key);
        Ok(handle)
    }

    /// `CancelMessageMoveTask`: stops a task and returns how many messages it has moved. Those
    /// stay where they are.
    ///
    /// # Errors
    ///
    /// `InvalidParameterValue` (not a handle), `ResourceNotFoundException` (no such queue or
    /// task), `UnsupportedOperation` (the task has ended), `InternalFailure`.
    pub async fn cancel_message_move_task(&self, task_handle: &str) -> Result<u64, QueueError> {
        let inner = &self.inner;
        inner.recover().await?;
        let _guard = inner.manage.lock().await;
        let handle = STANDARD.decode(task_handle).ok();
        let handle = handle.and_then(|json| serde_json::from_slice::<Handle>(&json).ok());
        let Handle { task_id, source_arn } =
            handle.ok_or_else(|| invalid("Value for parameter TaskHandle is invalid."))?;
        let source = self.source(&source_arn)?;
        let (moved, committed) = {
            // As for every change of a queue, so that the store sees this in the right order.
            let _state = source.lock();
            let mut tasks = inner.lock_tasks();
            let key = tasks.of_queue(source.id).find(|task| task.record.id == task_id);
            let key = key.map(|task| task.record.key);
            let Some(Task { record, wake, .. }) = key.and_then(|key| tasks.0.get_mut(&key)) else {
                return Err(QueueError::new(ErrorKind::ResourceNotFound, "Task does not exist."));
            };
            if record.status != MoveTaskStatus::Running {
                return Err(QueueError::new(
                    ErrorKind::UnsupportedOperation,
                    "Only a task whose status is RUNNING can be cancelled.",
                ));
            }
            record.status = MoveTaskStatus::Cancelling;
            wake.notify_one();
            let writes = vec![Write::Task(record.clone())];
            (record.moved, inner.committer.submit(writes, Durability::Disk, || {}))
        };
        inner.resume_moves();
        settled(committed).await?;
        Ok(moved)
    }

    /// `ListMessageMoveTasks`: the latest tasks of a queue, the newest first; `max_results` of
    /// them, 1 to 10, 1 when absent.
    ///
    /// # Errors
    ///
    /// `InvalidParameterValue`, `ResourceNotFoundException`, `InternalFailure`.
    pub async fn list_message_move_tasks(
        &self,
        source_arn: &str,
        max_results: Option<i64>,
    ) -> Result<Vec<MessageMoveTask>, QueueError> {
        let inner = &self.inner;
        inner.recover().await?;
        let reason = "Must be >= 1 and <= 10, if provided.";
        let max = validate::number("MaxResults", max_results, &(1..=10), 1, reason)?;
        let source = self.source(source_arn)?;
        inner.resume_moves();
        let tasks = inner.lock_tasks();
        let newest = tasks.of_queue(source.id).rev().take(usize::try_from(max).unwrap_or(1));
        Ok(newest.map(|task| shown(&task.record)).collect())
    }

    /// The source of a task, in this scope or the default one.
    fn source(&self, arn: &str) -> Result<Arc<Queue>, QueueError> {
        let may_be_in = |scope: &Scope| [&self.scope, &self.inner.default_scope].contains(&scope);
        self.inner.resource("SourceArn", arn, may_be_in)
    }
}

impl Tasks {
    /// Makes room for one more task of the queue.
    fn forget_oldest(&mut self, queue: u64) -> Vec<Write> {
        let keys: Vec<Key> = self.of_queue(queue).map(|task| task.record.key).collect();
        let oldest = keys.len().saturating_sub(REMEMBERED - 1);
        let forgotten = keys[..oldest].iter();
        forgotten.filter_map(|key| self.0.remove(key).map(|_| Write::RemoveTask(*key))).collect()
    }
}

impl Inner {
    pub(super) fn lock_tasks(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The queue with this ARN, in a scope where it may be; `parameter` is where the ARN was
    /// given.
    fn resource(
        &self,
        parameter: &str,
        arn: &str,
        may_be_in: impl Fn(&Scope) -> bool,
    ) -> Result<Arc<Queue>, QueueError> {
        if !redrive::is_arn(arn) {
            return Err(invalid(format!(
                "You must use this format to specify the {parameter}: \
                 arn:<partition>:<service>:<region>:<account-id>:<resource-id>"
            )));
        }
        self.find_arn(arn).filter(|queue| may_be_in(&queue.scope)).ok_or_else(|| {
            let text = format!(
                "The resource that you specified for the {parameter} parameter doesn't exist."
            );
            QueueError::new(ErrorKind::ResourceNotFound, text)
        })
    }

    fn check_destination(&self, source: &Queue, arn: &str) -> Result<(), QueueError> {
        let destination = self.resource("DestinationArn", arn, |scope| *scope == source.scope)?;
        let unsupported = |text: &str| Err(QueueError::new(ErrorKind::UnsupportedOperation, text));
        if destination.id == source.id {
            return unsupported("The source queue and the destination queue must be different.");
        }
        let fifo = destination.lock().settings.is_fifo();
        if fifo != source.lock().settings.is_fifo() {
            return unsupported("The source queue and the destination queue must be of one type.");
        }
        Ok(())
    }
}

fn check_rate(rate: i64) -> Result<u32, QueueError> {
    let in_bounds = u32::try_from(rate).ok().filter(|rate| (1..=500).contains(rate));
    in_bounds.ok_or_else(|| {
        let reason = "Must be >= 1 and <= 500, if provided.";
        QueueError::invalid_parameter("MaxNumberOfMessagesPerSecond", rate, reason)
    })
}

fn invalid(message: impl Into<String>) -> QueueError {
    QueueError::new(ErrorKind::InvalidParameterValue, message)
}

fn handle(record: &TaskRecord) -> String {
    let TaskRecord { id, source_arn, .. } = record;
    let handle = Handle { task_id: id.clone(), source_arn: source_arn.clone() };
    // Two strings can be written as JSON.
    STANDARD.encode(serde_json::to_vec(&handle).unwrap_or_default())
}

fn shown(record: &TaskRecord) -> MessageMoveTask {
    let is_running = record.status == MoveTaskStatus::Running;
    MessageMoveTask {
        task_handle: is_running.then(|| handle(record)),
        status: record.status,
        source_arn: record.source_arn.clone(),
        destination_arn: record.destination_arn.clone(),
        max_number_of_messages_per_second: record.rate.map(i64::from),
        approximate_number_of_messages_moved: record.moved,
        approximate_number_of_messages_to_move: u64::try_from(record.to_move).unwrap_or(u64::MAX),
        failure_reason: record.failure.clone(),
        started_timestamp: record.started_at,
    }
}
