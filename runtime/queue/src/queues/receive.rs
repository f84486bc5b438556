//! `ReceiveMessage`: taking messages, waiting for them, and moving those that failed too often to
//! the dead-letter queue.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use super::{
    Inner, Queues,
    queue::{Queue, State, Turn},
    send::settled,
};
use crate::{
    AttributeValue, ErrorKind, Message, MessageAttributes, QueueError, ReceiveMessage, Timestamp,
    attributes::{VISIBILITY_SECONDS, WAIT_SECONDS, seconds_to_millis, unknown},
    commit::{Committed, Durability},
    core::{Core, Lease, Record, Seq, TakeOptions, Taken},
    digest,
    receipt::Receipt,
    store::{Content, Write},
    validate,
};

/// The most messages that a standard queue has in flight.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
const MAX_IN_FLIGHT: usize = 120_000;

/// The system attributes that a receive can ask for.
const SYSTEM_ATTRIBUTES: [&str; 10] = [
    "All",
    "AWSTraceHeader",
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "DeadLetterQueueSourceArn",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SenderId",
    "SentTimestamp",
    "SequenceNumber",
];

/// A checked [`ReceiveMessage`].
struct Request {
    max: usize,
    /// In milliseconds; the queue's own when absent.
    visibility: Option<u64>,
    system_attributes: Vec<String>,
    attributes: Vec<String>,
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
    /// Dropping the future is safe at any point: what it had taken is as if it had not.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist` (also when the queue is deleted during the wait),
    /// `InvalidParameterValue`, `InvalidAttributeName`, `OverLimit` with 120,000 messages in
    /// flight, `InternalFailure`.
    pub async fn receive_message(
        &self,
        queue: &str,
        input: ReceiveMessage,
    ) -> Result<Vec<Message>, QueueError> {
        let queue = self.inner.queue(queue).await?;
        let default_wait = queue.lock().settings.number("ReceiveMessageWaitTimeSeconds");
        let wait = validate::number(
            "WaitTimeSeconds",
            input.wait_time_seconds,
            &WAIT_SECONDS,
            default_wait,
            "Must be >= 0 and <= 20, if provided.",
        )?;
        let request = check(input)?;
        let deadline = Instant::now() + Duration::from_millis(seconds_to_millis(wait));
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
        let contents = self.read(leases.keys());
        for committed in commits {
            settled(committed).await?;
        }
        let contents = contents.await?;
        let mut messages = Vec::with_capacity(contents.len());
        for (lease, content) in leases.leases.iter().zip(contents) {
            match content {
                Some(content) => messages.push(self.message(queue, lease, content, request)),
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
        let redrive = state.settings.redrive().cloned();
        let redrive = redrive.and_then(|redrive| {
            Some((self.dead_letter_queue(queue, &redrive.target_arn)?, redrive))
        });
        let visibility = state.settings.millis("VisibilityTimeout");
        let options = TakeOptions {
            max: request.max,
            visibility: request.visibility.unwrap_or(visibility),
            retention: state.settings.millis("MessageRetentionPeriod"),
            max_receives: redrive.as_ref().map(|(_, redrive)| redrive.max_receive_count),
        };
        let core = state.core()?;
        let in_flight = core.in_flight();
        let room = MAX_IN_FLIGHT.saturating_sub(in_flight);
        let taken = core.take(now, TakeOptions { max: options.max.min(room), ..options });
        if taken.leases.is_empty() && room == 0 && core.in_flight() >= MAX_IN_FLIGHT {
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
        let mut writes: Vec<Write> =
            expired.into_iter().map(|seq| Write::Remove { key: queue.key(seq) }).collect();
        writes.extend(
            leases
                .iter()
                .map(|lease| Write::Record { key: queue.key(lease.seq), record: lease.record }),
        );
        let mut commits = vec![self.committer.submit(writes, Durability::Process, || {})];
        if let Some((target, _)) = redrive
            && !dead.is_empty()
        {
            commits.push(self.move_dead(queue, target, dead, now));
        }
        let leases = Leases { inner: Arc::clone(self), queue: Arc::clone(queue), leases };
        Ok(Some((leases, commits)))
    }

    fn dead_letter_queue(&self, source: &Queue, arn: &str) -> Option<Arc<Queue>> {
        let name = arn.strip_prefix(self.arn("").as_str())?;
        self.find(name).filter(|target| target.id != source.id)
    }

    /// Moves messages that this queue no longer knows to their dead-letter queue, which knows
    /// them when they are there on the disk.
    fn move_dead(
        &self,
        source: &Queue,
        target: Arc<Queue>,
        dead: Vec<(Seq, Record)>,
        now: Timestamp,
    ) -> Committed {
        let mut writes = Vec::with_capacity(dead.len());
        let mut arrivals = Vec::with_capacity(dead.len());
        for (from, record) in dead {
            let to = self.next_seq();
            let record = Record { visible_at: now, ..record };
            writes.push(Write::Move {
                from: source.key(from),
                to: target.key(to),
                record,
                source_arn: self.arn(&source.name),
            });
            arrivals.push((to, record));
        }
        let apply = move || {
            target.change(|state| {
                if let Ok(core) = state.core() {
                    for (seq, record) in arrivals {
                        core.insert(seq, record, now);
                    }
                }
            });
        };
        self.committer.submit(writes, Durability::Disk, apply)
    }

    /// Starts reading contents, while the caller waits for something else.
    fn read(
        &self,
        keys: Vec<crate::store::Key>,
    ) -> impl Future<Output = Result<Vec<Option<Content>>, QueueError>> + use<> {
        let store = Arc::clone(&self.store);
        let reading =
            (!keys.is_empty()).then(|| tokio::task::spawn_blocking(move || store.contents(&keys)));
        async {
            let Some(reading) = reading else { return Ok(Vec::new()) };
            match reading.await {
                Ok(contents) => contents.map_err(|error| QueueError::store(&error)),
                Err(error) => Err(QueueError::new(ErrorKind::InternalFailure, error.to_string())),
            }
        }
    }

    fn message(
        &self,
        queue: &Queue,
        lease: &Lease,
        content: Content,
        request: &Request,
    ) -> Message {
        let receipt =
            Receipt { queue: queue.id, seq: lease.seq, receive_count: lease.record.receive_count };
        let attributes = wanted_attributes(content.attributes, &request.attributes);
        let trace =
            content.system_attributes.get("AWSTraceHeader").and_then(|attribute| match &attribute
                .value
            {
                AttributeValue::String(value) => Some(value.clone()),
                AttributeValue::Binary(_) => None,
            });
        let Record { sent_at, first_received_at, receive_count, .. } = lease.record;
        let system_attributes: BTreeMap<String, String> = [
            ("AWSTraceHeader", trace),
            ("ApproximateFirstReceiveTimestamp", Some(first_received_at.to_string())),
            ("ApproximateReceiveCount", Some(receive_count.to_string())),
            ("DeadLetterQueueSourceArn", content.dead_letter_source),
            ("MessageDeduplicationId", content.deduplication_id),
            ("MessageGroupId", content.group_id),
            ("SenderId", Some(self.options.account_id.clone())),
            ("SentTimestamp", Some(sent_at.to_string())),
        ]
        .into_iter()
        .filter(|(name, _)| {
            request.system_attributes.iter().any(|wanted| wanted == "All" || wanted == name)
        })
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
        Message {
            message_id: Uuid::from_bytes(content.message_id).to_string(),
            receipt_handle: receipt.encode(),
            md5_of_body: digest::of_body(&content.body),
            body: content.body,
            system_attributes,
            md5_of_attributes: digest::of_attributes(&attributes),
            attributes,
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

fn check(input: ReceiveMessage) -> Result<Request, QueueError> {
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
    Ok(Request {
        max: usize::try_from(max).unwrap_or(1),
        visibility,
        system_attributes: input.system_attribute_names,
        attributes: input.attribute_names,
    })
}

/// Those of a message's attributes that are named, by name, by prefix as `foo.*`, or all of them
/// by `All` or `.*`.
fn wanted_attributes(attributes: MessageAttributes, names: &[String]) -> MessageAttributes {
    let wanted = |attribute: &str| {
        names.iter().any(|name| match name.strip_suffix(".*") {
            Some(prefix) => attribute.starts_with(prefix),
            None => name == "All" || name == attribute,
        })
    };
    attributes.into_iter().filter(|(name, _)| wanted(name)).collect()
}
