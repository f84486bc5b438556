//! `ReceiveMessage`: taking messages, waiting for them, and moving those that failed too often to
//! the dead-letter queue.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until};

use super::{
    Inner, Queues, attempts,
    message::{SYSTEM_ATTRIBUTES, Wanted},
    queue::{Queue, State, Turn},
    send::settled,
};
use crate::{
    ErrorKind, Message, QueueError, ReceiveMessage, Timestamp,
    attributes::{Settings, VISIBILITY_SECONDS, WAIT_SECONDS, seconds_to_millis, unknown},
    commit::{Committed, Durability},
    core::{Core, Lease, NotRetryable, Record, Seq, TakeOptions, Taken},
    store::{Content, Passage, Write},
    validate,
};

/// The most messages that a queue has in flight.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-limits.html>
const MAX_IN_FLIGHT: usize = 120_000;

/// A checked [`ReceiveMessage`].
struct Request {
    max: usize,
    /// In milliseconds; the queue's own when absent.
    visibility: Option<u64>,
    /// In seconds.
    wait: i64,
    attempt: Option<String>,
    wanted: Wanted,
}

/// What one look into the queue found.
enum Look {
    Messages(Vec<Message>),
    /// Nothing but messages that had to go; there may be more behind them.
    Swept,
    /// Nothing, and that will not change by itself before this time.
    Empty {
        next: Option<Timestamp>,
    },
}

impl Queues {
    /// `ReceiveMessage`: up to `max_number_of_messages` messages, hidden from other receives for
    /// the visibility timeout. When there are none it waits for up to `wait_time_seconds` and
    /// returns as soon as one is sent or becomes visible, else with none. It returns what there
    /// is and does not wait for more.
    ///
    /// A message that was received as often as the queue's redrive policy allows is moved to the
    /// dead-letter queue instead, in one commit; so is every other that this call meets. As long
    /// as that queue does not exist, they are received as before.
    ///
    /// On a FIFO queue the messages of a group come in their order, and none while earlier ones
    /// are in flight. With the `receive_request_attempt_id` of a call in the last five minutes it
    /// returns what that one did, with the same handles and a new visibility timeout. Once one of
    /// its messages is visible again it is a new receive, and once one was deleted or its
    /// visibility timeout changed, an error.
    ///
    /// Dropping the future is safe at any point: what it had taken is as if it had not.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist` (also when the queue is deleted during the wait),
    /// `InvalidParameterValue`, `InvalidAttributeName`, `OverLimit` with 120,000 messages in
    /// flight on a standard queue when the call does not wait, `InternalFailure`.
    pub async fn receive_message(
        &self,
        queue: &str,
        input: ReceiveMessage,
    ) -> Result<Vec<Message>, QueueError> {
        let queue = self.queue(queue).await?;
        let request = check(&queue.settings(), input)?;
        let deadline = Instant::now() + Duration::from_millis(seconds_to_millis(request.wait));
        let _turn = Turn(&queue);
        loop {
            let next = match self.inner.look(&queue, &request).await? {
                Look::Messages(messages) => return Ok(messages),
                Look::Swept => continue,
                Look::Empty { next } => next,
            };
            let now = Instant::now();
            if now >= deadline {
                return Ok(Vec::new());
            }
            let until = next.map_or(deadline, |next| {
                let millis = next.saturating_sub(self.inner.options.clock.now());
                deadline.min(now + Duration::from_millis(millis))
            });
            tokio::select! {
                () = queue.wake.notified() => {}
                () = sleep_until(until) => {}
            }
        }
    }
}

impl Inner {
    async fn look(
        self: &Arc<Self>,
        queue: &Arc<Queue>,
        request: &Request,
    ) -> Result<Look, QueueError> {
        let Some((mut leases, commits)) = queue.change(|state| self.take(queue, state, request))?
        else {
            let next = queue.lock().core()?.next_appearance();
            return Ok(Look::Empty { next });
        };
        let committed = async {
            for committed in commits {
                settled(committed).await?;
            }
            Ok::<(), QueueError>(())
        };
        let (committed, contents) = tokio::join!(committed, self.read(leases.keys()));
        committed?;
        let contents = contents?;
        let mut messages = Vec::with_capacity(contents.len());
        let fifo = queue.settings().is_fifo();
        for (lease, content) in leases.leases.iter().zip(contents) {
            match content {
                Some(content) => {
                    let taken = (lease.seq, lease.record);
                    messages.push(self.message(queue, fifo, taken, content, &request.wanted));
                }
                // Half a message is none; it must not come up again and again.
                None => queue.change(|state| forget(self, queue, state, lease.seq)),
            }
        }
        leases.keep();
        if messages.is_empty() {
            return Ok(Look::Swept);
        }
        Ok(Look::Messages(messages))
    }

    /// Takes messages and hands the change to the store; nothing when there is nothing to do.
    fn take(
        self: &Arc<Self>,
        queue: &Arc<Queue>,
        state: &mut State,
        request: &Request,
    ) -> Result<Option<(Leases, Vec<Committed>)>, QueueError> {
        let now = self.options.clock.now();
        let fifo = state.settings.is_fifo();
        let redrive = state.settings.redrive().cloned();
        let redrive = redrive.and_then(|redrive| {
            Some((self.dead_letter_queue(queue, &redrive.target_arn)?, redrive))
        });
        let visibility = state.settings.millis("VisibilityTimeout");
        let mut options = TakeOptions {
            max: request.max,
            visibility: request.visibility.unwrap_or(visibility),
            retention: state.settings.millis("MessageRetentionPeriod"),
            max_receives: redrive.as_ref().map(|(_, redrive)| redrive.max_receive_count),
        };
        let core = state.core()?;
        if let Some(attempt) = &request.attempt
            && let Some(leases) = core
                .retake(attempt, now, options.visibility)
                .map_err(|NotRetryable| attempts::not_retryable(attempt))?
        {
            let writes = attempts::writes(queue, core, attempt, now);
            return Ok(Some(self.hand_out(queue, leases, writes)));
        }
        let room = MAX_IN_FLIGHT.saturating_sub(core.in_flight());
        options.max = options.max.min(room);
        let taken = core.take(now, options);
        // AWS tells those who do not wait, and of a FIFO queue nobody.
        if taken.leases.is_empty()
            && core.in_flight() >= MAX_IN_FLIGHT
            && room == 0
            && request.wait == 0
            && !fifo
        {
            return Err(QueueError::new(
                ErrorKind::OverLimit,
                "Too many messages in flight: delete some of those received, or wait until their \
                 visibility timeout ends.",
            ));
        }
        if taken.is_empty() {
            return Ok(None);
        }
        let Taken { leases, dead, expired } = taken;
        let expired = expired.into_iter().map(|seq| Write::Remove { key: queue.key(seq) });
        let mut writes: Vec<Write> = expired.collect();
        if let Some(attempt) = &request.attempt {
            core.remember_attempt(attempt, now, &leases);
            writes.extend(attempts::writes(queue, core, attempt, now));
        }
        let (leases, mut commits) = self.hand_out(queue, leases, writes);
        if let Some((target, _)) = redrive
            && !dead.is_empty()
        {
            commits.push(self.move_dead(queue, target, dead, fifo, now));
        }
        Ok(Some((leases, commits)))
    }

    /// Stores that messages were taken, along with other writes.
    fn hand_out(
        self: &Arc<Self>,
        queue: &Arc<Queue>,
        leases: Vec<Lease>,
        mut writes: Vec<Write>,
    ) -> (Leases, Vec<Committed>) {
        let taken =
            |lease: &Lease| Write::Record { key: queue.key(lease.seq), record: lease.record };
        writes.extend(leases.iter().map(taken));
        let committed = self.committer.submit(writes, Durability::Process, || {});
        let leases = Leases { inner: Arc::clone(self), queue: Arc::clone(queue), leases };
        (leases, vec![committed])
    }

    fn dead_letter_queue(&self, source: &Queue, arn: &str) -> Option<Arc<Queue>> {
        let may_be = |target: &Arc<Queue>| target.id != source.id && target.scope == source.scope;
        self.find_arn(arn).filter(may_be)
    }

    /// Moves messages that this queue no longer knows to their dead-letter queue, which knows
    /// them when they are there on the disk. In a FIFO queue their time begins anew, in a standard
    /// queue it does not:
    /// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html>
    fn move_dead(
        &self,
        source: &Queue,
        target: Arc<Queue>,
        dead: Vec<(Seq, Record)>,
        fifo: bool,
        now: Timestamp,
    ) -> Committed {
        let mut writes = Vec::with_capacity(dead.len());
        let mut arrivals = Vec::with_capacity(dead.len());
        let mut submission = self.committer.begin();
        for (from, record) in dead {
            let to = submission.next_seq();
            let sent_at = if fifo { now } else { record.sent_at };
            let record = Record { sent_at, visible_at: now, ..record };
            let passage = Passage::ToDeadLetters { source_arn: source.arn(), fifo };
            writes.push(Write::Move {
                from: source.key(from),
                to: target.key(to),
                record,
                passage,
            });
            arrivals.push((to, record));
        }
        submission.submit(writes, Durability::Disk, move || target.insert(arrivals, now))
    }

    /// Reads contents.
    pub(super) async fn read(
        &self,
        keys: Vec<crate::store::Key>,
    ) -> Result<Vec<Option<Content>>, QueueError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let store = Arc::clone(&self.store);
        // Nobody closes it.
        let turn = Arc::clone(&self.readers).acquire_owned().await.ok();
        let reading = tokio::task::spawn_blocking(move || {
            let contents = store.contents(&keys);
            drop(turn);
            contents
        });
        match reading.await {
            Ok(contents) => contents.map_err(|error| QueueError::store(&error)),
            Err(error) => Err(QueueError::new(ErrorKind::InternalFailure, error.to_string())),
        }
    }
}

/// Messages that were taken for a receive that has not returned yet. Dropped, it gives them back.
struct Leases {
    inner: Arc<Inner>,
    queue: Arc<Queue>,
    leases: Vec<Lease>,
}

impl Leases {
    fn keys(&self) -> Vec<crate::store::Key> {
        self.leases.iter().map(|lease| self.queue.key(lease.seq)).collect()
    }

    /// The caller has them now.
    fn keep(&mut self) {
        self.leases.clear();
    }
}

impl Drop for Leases {
    fn drop(&mut self) {
        if self.leases.is_empty() {
            return;
        }
        let now = self.inner.options.clock.now();
        self.queue.change(|state| {
            let Ok(core) = state.core() else { return };
            let give_back = |lease: &Lease| {
                let record = core.give_back(lease, now)?;
                Some(Write::Record { key: self.queue.key(lease.seq), record })
            };
            let writes: Vec<Write> = self.leases.iter().filter_map(give_back).collect();
            // Nobody waits for it.
            drop(self.inner.committer.submit(writes, Durability::Process, || {}));
        });
    }
}

fn forget(inner: &Inner, queue: &Queue, state: &mut State, seq: Seq) {
    if state.core.as_mut().is_some_and(|core: &mut Core| core.remove(seq)) {
        let writes = vec![Write::Remove { key: queue.key(seq) }];
        // Nobody waits for it.
        drop(inner.committer.submit(writes, Durability::Process, || {}));
    }
}

fn check(settings: &Settings, input: ReceiveMessage) -> Result<Request, QueueError> {
    let wait = validate::number(
        "WaitTimeSeconds",
        input.wait_time_seconds,
        &WAIT_SECONDS,
        settings.number("ReceiveMessageWaitTimeSeconds"),
        "Must be >= 0 and <= 20, if provided.",
    )?;
    let max = validate::number(
        "MaxNumberOfMessages",
        input.max_number_of_messages,
        &(1..=10),
        1,
        "Must be between 1 and 10, if provided.",
    )?;
    let visibility = input
        .visibility_timeout
        .map(|seconds| {
            let reason = "Must be >= 0 and <= 43200, if provided.";
            validate::number("VisibilityTimeout", Some(seconds), &VISIBILITY_SECONDS, 0, reason)
        })
        .transpose()?
        .map(seconds_to_millis);
    for name in &input.system_attribute_names {
        if !SYSTEM_ATTRIBUTES.contains(&name.as_str()) {
            return Err(unknown(name));
        }
    }
    const ATTEMPT: &str = "ReceiveRequestAttemptId";
    if let Some(id) = input.receive_request_attempt_id.as_ref().filter(|_| !settings.is_fifo()) {
        return Err(validate::of_other_type(ATTEMPT, id));
    }
    validate::id(ATTEMPT, input.receive_request_attempt_id.as_deref())?;
    Ok(Request {
        max: usize::try_from(max).unwrap_or(1),
        visibility,
        wait,
        attempt: input.receive_request_attempt_id,
        wanted: Wanted { system: input.system_attribute_names, own: input.attribute_names },
    })
}
