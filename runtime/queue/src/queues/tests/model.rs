//! The whole service against the model of a queue: sends, receives, dead letters, move tasks,
//! changes of attributes, in any order, with a crash at any point.
//!
//! Most cases run in memory, where a write or sync that fails is the crash: all that is known is
//! thrown away and read again. Some run on the disk, where the service is dropped and opened.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::{
    Clock, ErrorKind, MoveTaskStatus, SentMessage, StartMessageMoveTask,
    commit::Durability,
    core::{DEDUPLICATION_INTERVAL, Group, Record, TakeOptions, tests::model::Model},
    digest,
};

const TICK: u64 = DEDUPLICATION_INTERVAL / 30;
const GROUPS: [&str; 3] = ["a", "b", "c"];
const SOURCE: usize = 0;
const DEAD: usize = 1;

#[derive(Debug, Clone)]
enum Step {
    Send {
        group: usize,
        key: u8,
    },
    Receive {
        queue: usize,
        max: usize,
        visibility: Option<u64>,
    },
    Delete {
        pick: usize,
    },
    Change {
        pick: usize,
        timeout: u64,
    },
    Redrive,
    Set {
        delay: u64,
        visibility: u64,
        retention: u64,
        max_receives: u32,
    },
    Purge {
        queue: usize,
    },
    Advance {
        by: u64,
    },
    /// While a message is sent.
    CrashInSend {
        before: bool,
    },
    /// While a message is deleted.
    CrashInDelete {
        pick: usize,
        before: bool,
    },
    /// While messages are received.
    CrashInReceive,
}

fn step() -> impl Strategy<Value = Step> {
    let pick = any::<prop::sample::Index>().prop_map(|index| index.index(1 << 16));
    let ticks = |max: u64| (0..max).prop_map(|ticks| ticks * TICK);
    let visibility = proptest::option::of(ticks(10));
    let settings = (prop_oneof![2 => Just(0), 1 => ticks(10)], ticks(10), 40..200_u64, 1..4_u32);
    let before = any::<bool>();
    prop_oneof![
        8 => (0..3_usize, 0..10_u8).prop_map(|(group, key)| Step::Send { group, key }),
        8 => (0..2_usize, 1..=10_usize, visibility)
            .prop_map(|(queue, max, visibility)| Step::Receive { queue, max, visibility }),
        4 => pick.clone().prop_map(|pick| Step::Delete { pick }),
        2 => (pick.clone(), ticks(10)).prop_map(|(pick, timeout)| Step::Change { pick, timeout }),
        2 => Just(Step::Redrive),
        1 => settings.prop_map(|(delay, visibility, retention, max_receives)| {
            Step::Set { delay, visibility, retention: retention * TICK, max_receives }
        }),
        1 => (0..2_usize).prop_map(|queue| Step::Purge { queue }),
        6 => ticks(12).prop_map(|by| Step::Advance { by }),
        1 => before.prop_map(|before| Step::CrashInSend { before }),
        1 => (pick, before).prop_map(|(pick, before)| Step::CrashInDelete { pick, before }),
        1 => Just(Step::CrashInReceive),
    ]
}

/// One receive of a message, as its receiver knows it.
#[derive(Debug, Clone)]
struct Receipt {
    queue: usize,
    seq: u64,
    receive_count: u32,
    handle: String,
}

/// The service and what it should be like.
struct World {
    /// On the disk, or in memory.
    dir: Option<TempDir>,
    queues: Queues,
    clock: Arc<TokioClock>,
    names: [&'static str; 2],
    models: [Model; 2],
    /// By sequence of the model.
    ids: HashMap<u64, String>,
    accepted: Vec<(u8, SentMessage, u64)>,
    receipts: Vec<Receipt>,
    next_seq: u64,
    delay: u64,
    visibility: u64,
    retention: u64,
    max_receives: u32,
}

impl World {
    async fn new(fifo: bool, on_disk: bool) -> Self {
        let dir = on_disk.then(|| TempDir::new().unwrap());
        let clock = Arc::new(TokioClock::starting_at(EPOCH));
        let queues = open(dir.as_ref(), &clock);
        let names = if fifo { ["q.fifo", "dead.fifo"] } else { ["q", "dead"] };
        let type_of = if fifo { attributes(&[("FifoQueue", "true")]) } else { Attributes::new() };
        for name in names {
            queues.create_queue(name, &type_of, &Attributes::new()).await.unwrap();
        }
        let models = [(); 2].map(|()| Model::new(fifo));
        let mut world = Self {
            dir,
            queues,
            clock,
            names,
            models,
            ids: HashMap::new(),
            accepted: Vec::new(),
            receipts: Vec::new(),
            next_seq: 0,
            delay: 0,
            visibility: 0,
            retention: 0,
            max_receives: 0,
        };
        world.set(0, 3 * TICK, 100 * TICK, 2).await;
        world
    }

    fn now(&self) -> u64 {
        self.clock.now()
    }

    fn fifo(&self) -> bool {
        self.models[SOURCE].fifo
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Send { group, key } => self.send(group, key).await,
            Step::Receive { queue, max, visibility } => self.receive(queue, max, visibility).await,
            Step::Delete { pick } => self.delete(pick).await,
            Step::Change { pick, timeout } => self.change(pick, timeout).await,
            Step::Redrive => self.redrive().await,
            Step::Set { delay, visibility, retention, max_receives } => {
                self.set(delay, visibility, retention, max_receives).await;
            }
            Step::Purge { queue } => {
                self.queues.purge_queue(self.names[queue]).await.unwrap();
                self.models[queue].messages.clear();
            }
            Step::Advance { by } => pass(Duration::from_millis(by)).await,
            Step::CrashInSend { before } => {
                self.fail(before).await;
                let message = self.message(0, &format!("refused-{}", self.next_seq), "");
                let sent = self.queues.send_message(self.names[SOURCE], message).await;
                assert_eq!(sent.unwrap_err().kind(), ErrorKind::InternalFailure);
                // The service still knows that it was refused; a process that ends now does not.
                self.clear_failure().await;
                self.reopen();
            }
            Step::CrashInDelete { pick, before } => {
                let Some(receipt) = self.picked(pick) else { return };
                self.fail(before).await;
                let name = self.names[receipt.queue];
                // When it deletes nothing there is nothing to fail.
                let _ = self.queues.delete_message(name, &receipt.handle).await;
                self.clear_failure().await;
                self.reopen();
                // Whether that one was deleted nobody knows. After this one it is.
                self.delete(pick).await;
            }
            Step::CrashInReceive => {
                self.fail(true).await;
                let name = self.names[SOURCE];
                let _ = self.queues.receive_message(name, up_to_ten()).await;
                self.clear_failure().await;
                self.reopen();
            }
        }
    }

    fn message(&self, group: usize, body: &str, id: &str) -> SendMessage {
        let fifo = self.fifo();
        SendMessage {
            group_id: fifo.then(|| GROUPS[group].to_owned()),
            deduplication_id: fifo.then(|| if id.is_empty() { body } else { id }.to_owned()),
            ..SendMessage::new(body)
        }
    }

    async fn send(&mut self, group: usize, key: u8) {
        let now = self.now();
        let message = self.message(group, &format!("body {}", self.next_seq), &key.to_string());
        let sent = self.queues.send_message(self.names[SOURCE], message).await.unwrap();
        let lately = |(other, _, at): &&(u8, SentMessage, u64)| {
            *other == key && at + DEDUPLICATION_INTERVAL > now
        };
        if self.fifo() {
            if let Some((_, original, _)) = self.accepted.iter().rfind(lately) {
                assert_eq!(sent.message_id, original.message_id);
                assert_eq!(sent.sequence_number, original.sequence_number);
                return;
            }
            self.accepted.push((key, sent.clone(), now));
        }
        let record = Record::sent(now, self.delay, self.group(group));
        let seq = self.arrive(SOURCE, record);
        self.ids.insert(seq, sent.message_id);
    }

    fn group(&self, group: usize) -> Group {
        if self.fifo() { digest::of_group(GROUPS[group]) } else { 0 }
    }

    fn arrive(&mut self, queue: usize, record: Record) -> u64 {
        self.next_seq += 1;
        self.models[queue].messages.push((self.next_seq, record));
        self.next_seq
    }

    async fn receive(&mut self, queue: usize, max: usize, visibility: Option<u64>) {
        let seconds = |millis: u64| i64::try_from(millis / 1000).unwrap();
        let input = ReceiveMessage {
            max_number_of_messages: Some(i64::try_from(max).unwrap()),
            visibility_timeout: visibility.map(seconds),
            ..up_to_ten()
        };
        let now = self.now();
        let received = self.queues.receive_message(self.names[queue], input).await.unwrap();
        let default = if queue == SOURCE { self.visibility } else { 30_000 };
        let options = TakeOptions {
            max,
            visibility: visibility.unwrap_or(default),
            retention: self.retention,
            max_receives: (queue == SOURCE).then_some(self.max_receives),
        };
        // It looks again as long as there is nothing but dead letters.
        let expected = loop {
            let taken = self.models[queue].take(now, options);
            for (seq, record) in &taken.dead {
                let sent_at = if self.fifo() { now } else { record.sent_at };
                let to = self.arrive(DEAD, Record { sent_at, visible_at: now, ..*record });
                let id = self.ids[seq].clone();
                self.ids.insert(to, id);
            }
            if !taken.leases.is_empty() || taken.dead.is_empty() {
                break taken.leases;
            }
        };
        assert_eq!(received.len(), expected.len());
        for (message, lease) in received.into_iter().zip(expected) {
            assert_eq!(message.message_id, self.ids[&lease.seq]);
            let count = lease.record.receive_count;
            let system = &message.system_attributes;
            assert_eq!(system["ApproximateReceiveCount"], count.to_string());
            assert_eq!(system["SentTimestamp"], lease.record.sent_at.to_string());
            self.receipts.push(Receipt {
                queue,
                seq: lease.seq,
                receive_count: count,
                handle: message.receipt_handle,
            });
        }
    }

    fn picked(&self, pick: usize) -> Option<Receipt> {
        let number = self.receipts.len();
        (number > 0).then(|| self.receipts[pick % number].clone())
    }

    async fn delete(&mut self, pick: usize) {
        let Some(Receipt { queue, seq, receive_count, handle }) = self.picked(pick) else { return };
        let deleted = self.queues.delete_message(self.names[queue], &handle).await;
        let expected = self.models[queue].delete(seq, receive_count, self.now());
        let is_error = matches!(expected, Err(crate::core::Unsettled::Expired));
        assert_eq!(deleted.is_err(), is_error, "{expected:?}");
    }

    async fn change(&mut self, pick: usize, timeout: u64) {
        let Some(Receipt { queue, seq, receive_count, handle }) = self.picked(pick) else { return };
        let change = crate::ChangeVisibility {
            receipt_handle: handle,
            visibility_timeout: i64::try_from(timeout / 1000).unwrap(),
        };
        let changed = self.queues.change_message_visibility(self.names[queue], change).await;
        let expected = self.models[queue].change(seq, receive_count, timeout, self.now());
        assert_eq!(changed.is_ok(), expected.is_ok(), "{expected:?}");
    }

    /// Moves the dead letters back, of a standard queue by naming the destination.
    async fn redrive(&mut self) {
        let now = self.now();
        let [source, dead] = self.names.map(|name| self.queues.arn(name));
        let destination_arn = (!self.fifo()).then_some(source);
        let source_arn = dead.clone();
        let task = StartMessageMoveTask { source_arn, destination_arn, ..Default::default() };
        self.queues.start_message_move_task(task).await.unwrap();
        let task = loop {
            let mut tasks = self.queues.list_message_move_tasks(&dead, None).await.unwrap();
            let task = tasks.remove(0);
            if task.status != MoveTaskStatus::Running {
                break task;
            }
            pass(Duration::from_millis(1)).await;
            assert!(self.now() - now < 10_000, "{task:?}");
        };
        assert_eq!(task.status, MoveTaskStatus::Completed);
        let movable = self.models[DEAD].movable(0, usize::MAX, now);
        assert_eq!(task.approximate_number_of_messages_moved, movable.len() as u64);
        for from in movable {
            let group = self.models[DEAD].get(from).unwrap().group;
            self.models[DEAD].remove(from);
            self.arrive(SOURCE, Record::sent(now, self.delay, group));
        }
        // They have new ids, which are seen when they are received: look at them all now.
        self.learn_ids().await;
    }

    /// Learns the ids of new messages from the store.
    async fn learn_ids(&mut self) {
        let inner = &self.queues.inner;
        let queue = inner.find(self.names[SOURCE]).unwrap();
        let mut real: Vec<u64> = queue.lock().core().unwrap().seqs().collect();
        let mut known: Vec<u64> =
            self.models[SOURCE].messages.iter().map(|(seq, _)| *seq).collect();
        real.sort_unstable();
        known.sort_unstable();
        assert_eq!(real.len(), known.len());
        let keys = real.iter().map(|seq| queue.key(*seq)).collect();
        for (content, seq) in inner.read(keys).await.unwrap().into_iter().zip(known) {
            let id = uuid::Uuid::from_bytes(content.unwrap().message_id).to_string();
            let before = self.ids.insert(seq, id.clone());
            assert!(before.is_none_or(|before| before == id));
        }
    }

    async fn set(&mut self, delay: u64, visibility: u64, retention: u64, max_receives: u32) {
        let dead_arn = self.queues.arn(self.names[DEAD]);
        let policy =
            format!(r#"{{"deadLetterTargetArn":"{dead_arn}","maxReceiveCount":{max_receives}}}"#);
        let seconds = |millis: u64| (millis / 1000).to_string();
        let both = [("MessageRetentionPeriod", &*seconds(retention))];
        self.queues.set_queue_attributes(self.names[DEAD], &attributes(&both)).await.unwrap();
        let all = [
            ("DelaySeconds", &*seconds(delay)),
            ("VisibilityTimeout", &seconds(visibility)),
            ("MessageRetentionPeriod", &seconds(retention)),
            ("RedrivePolicy", &policy),
        ];
        self.queues.set_queue_attributes(self.names[SOURCE], &attributes(&all)).await.unwrap();
        if self.fifo() && delay != self.delay {
            self.models[SOURCE].delay(delay);
        }
        (self.delay, self.visibility) = (delay, visibility);
        (self.retention, self.max_receives) = (retention, max_receives);
    }

    /// Lets the next commit fail, before or after it is written. Removals that nobody waits for
    /// are written first, or one of these might be the one that fails.
    async fn fail(&self, before: bool) {
        let _ = self.queues.inner.committer.submit(Vec::new(), Durability::Process, || {}).await;
        let operation = if before { Operation::Write } else { Operation::Sync };
        self.queues.inner.store.fail_next(operation);
    }

    /// Lets the failure happen, should it not have.
    async fn clear_failure(&self) {
        let _ = self.queues.tag_queue(self.names[SOURCE], &attributes(&[("a", "b")])).await;
    }

    fn reopen(&mut self) {
        if self.dir.is_none() {
            return;
        }
        // The old one must be gone before.
        self.queues = ephemeral(&self.clock);
        self.queues = open(self.dir.as_ref(), &self.clock);
    }

    /// Compares the numbers of messages; what is past its retention goes on both sides.
    async fn check(&mut self) {
        let now = self.now();
        for queue in [SOURCE, DEAD] {
            self.models[queue].expire(now, self.retention);
            let counts = self.models[queue].counts(now);
            let name = self.names[queue];
            let found = [
                count(&self.queues, name, "").await,
                count(&self.queues, name, "NotVisible").await,
                count(&self.queues, name, "Delayed").await,
            ];
            assert_eq!(found, [counts.visible, counts.in_flight, counts.delayed], "{name}");
        }
    }
}

fn open(dir: Option<&TempDir>, clock: &Arc<TokioClock>) -> Queues {
    let Some(dir) = dir else { return ephemeral(clock) };
    let clock = clock.clone();
    Queues::open(dir.path(), Options { clock, cooldowns: false, ..Options::default() }).unwrap()
}

fn ephemeral(clock: &Arc<TokioClock>) -> Queues {
    let options =
        Options { clock: clock.clone(), ephemeral: true, cooldowns: false, ..Options::default() };
    Queues::open(std::path::Path::new(""), options).unwrap()
}

fn run(fifo: bool, on_disk: bool, steps: Vec<Step>) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut world = World::new(fifo, on_disk).await;
        for step in steps {
            world.check().await;
            world.step(step).await;
        }
        world.check().await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_service_does_what_the_model_does(
        fifo in any::<bool>(),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        run(fifo, false, steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn the_service_does_so_on_the_disk_too(
        fifo in any::<bool>(),
        steps in prop::collection::vec(step(), 30..60),
    ) {
        run(fifo, true, steps);
    }
}
