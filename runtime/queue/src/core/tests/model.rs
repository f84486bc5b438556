//! The state of a queue against a model that is too simple to be wrong: all messages in one list,
//! searched from the start each time.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// In which steps time passes, in milliseconds: thirty of them are the deduplication interval.
const TICK: u64 = DEDUPLICATION_INTERVAL / 30;
const RETENTION: u64 = 100 * TICK;
const MAX_RECEIVES: u32 = 4;

#[derive(Debug, Clone)]
enum Step {
    /// `age` is that of a message which comes from another queue.
    Send {
        delay: u64,
        age: u64,
        group: Group,
        key: u8,
    },
    Take {
        max: usize,
        visibility: u64,
        attempt: Option<u8>,
    },
    GiveBack {
        pick: usize,
    },
    Delete {
        pick: usize,
    },
    Change {
        pick: usize,
        timeout: u64,
    },
    Delay {
        delay: u64,
    },
    Move {
        from: usize,
        max: usize,
    },
    Advance {
        by: u64,
    },
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let pick = any::<prop::sample::Index>().prop_map(|index| index.index(1 << 16));
    let ticks = |max: u64| (0..max).prop_map(|ticks| ticks * TICK);
    prop_oneof![
        6 => (
            prop_oneof![Just(0), ticks(20)],
            prop_oneof![3 => Just(0), 1 => ticks(90)],
            0..4_u64,
            0..12_u8,
        )
            .prop_map(|(delay, age, group, key)| Step::Send { delay, age, group, key }),
        5 => (1..=10_usize, ticks(20), proptest::option::weighted(0.3, 0..3_u8))
            .prop_map(|(max, visibility, attempt)| Step::Take { max, visibility, attempt }),
        1 => pick.clone().prop_map(|pick| Step::GiveBack { pick }),
        3 => pick.clone().prop_map(|pick| Step::Delete { pick }),
        2 => (pick, ticks(20)).prop_map(|(pick, timeout)| Step::Change { pick, timeout }),
        1 => ticks(20).prop_map(|delay| Step::Delay { delay }),
        1 => (0..8_usize, 1..5_usize).prop_map(|(from, max)| Step::Move { from, max }),
        4 => ticks(15).prop_map(|by| Step::Advance { by }),
        1 => Just(Step::Crash),
    ]
}

/// All messages, and the rules as the documentation of SQS says them.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) fifo: bool,
    pub(crate) messages: Vec<(Seq, Record)>,
    accepted: Vec<(Seq, Accepted)>,
    attempts: Vec<(u8, Timestamp, Vec<Lease>)>,
}

impl Model {
    pub(crate) fn new(fifo: bool) -> Self {
        Self { fifo, ..Self::default() }
    }

    pub(crate) fn get(&mut self, seq: Seq) -> Option<&mut Record> {
        self.messages.iter_mut().find(|(other, _)| *other == seq).map(|(_, record)| record)
    }

    pub(crate) fn remove(&mut self, seq: Seq) {
        self.messages.retain(|(other, _)| *other != seq);
    }

    /// The messages in the order in which a receive looks at them.
    fn order(&self, now: Timestamp) -> Vec<(Seq, Record)> {
        let visible = |(_, record): &&(Seq, Record)| record.visible_at <= now;
        let mut messages = self.messages.clone();
        if !self.fifo {
            messages.sort_by_key(|(seq, record)| (record.visible_at, *seq));
            return messages.iter().filter(visible).copied().collect();
        }
        messages.sort_by_key(|(seq, _)| *seq);
        let groups: BTreeSet<Group> = messages.iter().map(|(_, record)| record.group).collect();
        let groups = groups.into_iter().map(|group| {
            let of_group = messages.iter().filter(|(_, record)| record.group == group);
            of_group.take_while(visible).copied().collect::<Vec<_>>()
        });
        let mut groups: Vec<_> = groups.filter(|group| !group.is_empty()).collect();
        groups.sort_by_key(|group| (group[0].1.visible_at, group[0].0));
        groups.concat()
    }

    pub(crate) fn take(&mut self, now: Timestamp, options: TakeOptions) -> Taken {
        let mut taken = Taken::default();
        for (seq, record) in self.order(now) {
            if taken.leases.len() == options.max {
                break;
            }
            if options.max_receives.is_some_and(|max| record.receive_count >= max) {
                self.remove(seq);
                taken.dead.push((seq, record));
                continue;
            }
            let new = Record {
                visible_at: now + options.visibility,
                first_received_at: match record.first_received_at {
                    0 => now,
                    first => first,
                },
                received_at: now,
                receive_count: record.receive_count + 1,
                ..record
            };
            *self.get(seq).unwrap() = new;
            taken.leases.push(Lease { seq, record: new, before: record });
        }
        taken
    }

    fn retake(
        &mut self,
        attempt: u8,
        now: Timestamp,
        visibility: u64,
    ) -> Result<Option<Vec<Lease>>, NotRetryable> {
        let Some(known) = self.attempts.iter().rposition(|(id, ..)| *id == attempt) else {
            return Ok(None);
        };
        let (_, at, leases) = self.attempts[known].clone();
        if at + DEDUPLICATION_INTERVAL <= now {
            return Ok(None);
        }
        for Lease { seq, record, .. } in &leases {
            match self.get(*seq) {
                None => return Err(NotRetryable),
                Some(Record { receive_count, visible_at, .. })
                    if *receive_count == record.receive_count
                        && *visible_at != record.visible_at =>
                {
                    return Err(NotRetryable);
                }
                Some(_) => {}
            }
        }
        let unchanged = |lease: &Lease| {
            lease.record.visible_at > now && self.messages.contains(&(lease.seq, lease.record))
        };
        if !leases.iter().all(unchanged) {
            return Ok(None);
        }
        let mut again = Vec::new();
        for Lease { seq, record, .. } in leases {
            let new = Record { visible_at: now + visibility, ..record };
            *self.get(seq).unwrap() = new;
            again.push(Lease { seq, record: new, before: record });
        }
        self.attempts[known].2 = again.clone();
        Ok(Some(again))
    }

    /// Gives a core the attempts that the one before would have stored.
    fn restore_attempts(&mut self, before: &Core, core: &mut Core, now: Timestamp) {
        for (id, at, leases) in std::mem::take(&mut self.attempts) {
            let stored = before.attempt(&id.to_string());
            let restored =
                stored.is_some_and(|attempt| core.restore_attempt(&id.to_string(), &attempt, now));
            assert_eq!(restored, at + DEDUPLICATION_INTERVAL > now);
            if restored {
                self.attempts.push((id, at, leases));
            }
        }
    }

    pub(crate) fn delete(
        &mut self,
        seq: Seq,
        receive_count: u32,
        now: Timestamp,
    ) -> Result<(), Unsettled> {
        let fifo = self.fifo;
        let found = self.get(seq).ok_or(Unsettled::Gone)?;
        let is_newest = found.receive_count == receive_count;
        match (fifo, is_newest, found.visible_at > now) {
            (false, true, _) | (true, true, true) => {
                self.remove(seq);
                Ok(())
            }
            (false, false, _) => Err(Unsettled::Outdated),
            (true, ..) => Err(Unsettled::Expired),
        }
    }

    pub(crate) fn change(
        &mut self,
        seq: Seq,
        receive_count: u32,
        timeout: u64,
        now: Timestamp,
    ) -> Result<Record, Unsettled> {
        let fifo = self.fifo;
        let found = self.get(seq).ok_or(Unsettled::Gone)?;
        if fifo && (found.visible_at <= now || found.receive_count != receive_count) {
            return Err(Unsettled::Expired);
        }
        found.visible_at = now + timeout;
        Ok(*found)
    }

    pub(crate) fn delay(&mut self, delay: u64) {
        for (_, record) in &mut self.messages {
            if record.receive_count == 0 {
                record.visible_at = record.sent_at + delay;
            }
        }
    }

    /// The sequence of the message at this place, 0 when there is none.
    fn nth(&self, index: usize) -> Seq {
        let mut seqs: Vec<Seq> = self.messages.iter().map(|(seq, _)| *seq).collect();
        seqs.sort_unstable();
        seqs.get(index).copied().unwrap_or(0)
    }

    /// The messages that may leave, from the one at this place on.
    pub(crate) fn movable(&self, from: usize, max: usize, now: Timestamp) -> Vec<Seq> {
        let from = self.nth(from);
        let mut all = self.messages.clone();
        all.sort_by_key(|(seq, _)| *seq);
        let of_group = |group| all.iter().filter(move |(_, record)| record.group == group);
        let first = |group| of_group(group).map(|(seq, _)| *seq).next();
        let first_hidden =
            |group| of_group(group).find(|(_, r)| r.visible_at > now).map(|(seq, _)| *seq);
        let may_leave = |(seq, record): &&(Seq, Record)| {
            let is_next = first(record.group).is_some_and(|first| first >= from)
                && first_hidden(record.group).is_none_or(|hidden| *seq < hidden);
            *seq >= from && record.visible_at <= now && (!self.fifo || is_next)
        };
        all.iter().filter(may_leave).map(|(seq, _)| *seq).take(max).collect()
    }

    /// Removes what is past the retention period.
    pub(crate) fn expire(&mut self, now: Timestamp, retention: u64) -> Vec<Seq> {
        let is_old = |(_, record): &(Seq, Record)| record.sent_at + retention <= now;
        self.messages.extract_if(.., |message| is_old(message)).map(|(seq, _)| seq).collect()
    }

    pub(crate) fn counts(&self, now: Timestamp) -> Counts {
        let count = |wanted: fn(bool, u32) -> bool| {
            let matches = |(_, r): &&(Seq, Record)| wanted(r.visible_at > now, r.receive_count);
            self.messages.iter().filter(matches).count()
        };
        Counts {
            visible: count(|hidden, _| !hidden),
            in_flight: count(|hidden, receives| hidden && receives > 0),
            delayed: count(|hidden, receives| hidden && receives == 0),
        }
    }
}

fn run(fifo: bool, steps: Vec<Step>) {
    let mut core = Core::new(fifo);
    let mut model = Model::new(fifo);
    let (mut now, mut next_seq) = (1_000 * TICK, 0);
    let mut leases: Vec<Lease> = Vec::new();
    for step in steps {
        // Expiry first, as every call does it.
        let (_, mut expired) = core.counts(now, RETENTION);
        let mut model_expired = model.expire(now, RETENTION);
        expired.sort_unstable();
        model_expired.sort_unstable();
        assert_eq!(expired, model_expired);

        let picked = |pick: usize| (!leases.is_empty()).then(|| leases[pick % leases.len()]);
        match step {
            Step::Send { delay, age, group, key } => {
                let key = [key; 16];
                let lately =
                    |(_, a): &&(Seq, Accepted)| a.key == key && a.at + DEDUPLICATION_INTERVAL > now;
                let original = model.accepted.iter().find(lately).copied();
                assert_eq!(core.deduplication.find(&key, now), original);
                if original.is_some() && fifo {
                    continue;
                }
                next_seq += 1;
                let record = Record { sent_at: now - age, ..Record::sent(now, delay, group) };
                core.insert(next_seq, record, now);
                model.messages.push((next_seq, record));
                if fifo {
                    let accepted = Accepted { key, message_id: [0; 16], at: now };
                    core.deduplication.insert(next_seq, accepted);
                    model.accepted.push((next_seq, accepted));
                }
            }
            Step::Take { max, visibility, attempt } => {
                let id = attempt.map(|attempt| attempt.to_string());
                if let (Some(attempt), Some(id)) = (attempt, &id) {
                    let again = core.retake(id, now, visibility);
                    assert_eq!(again, model.retake(attempt, now, visibility));
                    if again != Ok(None) {
                        continue;
                    }
                }
                let options = TakeOptions {
                    max,
                    visibility,
                    retention: RETENTION,
                    max_receives: Some(MAX_RECEIVES),
                };
                let taken = core.take(now, options);
                let expected = model.take(now, options);
                if let (Some(attempt), Some(id)) = (attempt, &id) {
                    core.remember_attempt(id, now, &taken.leases);
                    model.attempts.retain(|(id, ..)| *id != attempt);
                    if !taken.leases.is_empty() {
                        model.attempts.push((attempt, now, taken.leases.clone()));
                    }
                }
                leases.extend(&taken.leases);
                assert_eq!(taken, expected);
            }
            Step::GiveBack { pick } => {
                let Some(lease) = picked(pick) else { continue };
                let found = model.get(lease.seq).filter(|record| **record == lease.record);
                let expected = found.map(|record| {
                    *record = lease.before;
                    lease.before
                });
                assert_eq!(core.give_back(&lease, now), expected);
            }
            Step::Delete { pick } => {
                let Some(Lease { seq, record: receipt, .. }) = picked(pick) else { continue };
                let expected = model.delete(seq, receipt.receive_count, now);
                assert_eq!(core.delete(seq, receipt.receive_count, now), expected);
            }
            Step::Change { pick, timeout } => {
                let Some(Lease { seq, record: receipt, .. }) = picked(pick) else { continue };
                let expected = model.change(seq, receipt.receive_count, timeout, now);
                let changed = core.change_visibility(seq, receipt.receive_count, timeout, now);
                assert_eq!(changed, expected);
            }
            Step::Delay { delay } => {
                core.delay(delay, now);
                model.delay(delay);
            }
            Step::Move { from, max } => {
                let expected = model.movable(from, max, now);
                let from = model.nth(from);
                assert_eq!(core.movable(from..next_seq + 1, max, now), expected);
                for seq in expected {
                    let record = *model.get(seq).unwrap();
                    assert_eq!(core.withdraw(seq, now), Some(record));
                    assert_eq!(core.withdraw(seq, now), None);
                    model.remove(seq);
                }
            }
            Step::Advance { by } => {
                now += by;
                core.expire_attempts(now);
            }
            Step::Crash => {
                let before = std::mem::replace(&mut core, Core::new(fifo));
                model.messages.iter().for_each(|&(seq, record)| core.insert(seq, record, now));
                for &(seq, accepted) in &model.accepted {
                    core.deduplication.insert(seq, accepted);
                }
                model.restore_attempts(&before, &mut core, now);
            }
        }
        core.deduplication.expire(now, 1);
        let old = |(_, record): &(Seq, Record)| record.sent_at + RETENTION <= now;
        if !model.messages.iter().any(old) {
            assert_eq!(core.counts(now, RETENTION).0, model.counts(now));
            assert_eq!(core.has_ready(), !model.order(now).is_empty());
            let hidden = model.messages.iter().map(|(_, r)| r.visible_at).filter(|at| *at > now);
            assert_eq!(core.next_appearance(), hidden.min());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_standard_queue_does_what_the_model_does(
        steps in prop::collection::vec(step(), 1..150),
    ) {
        run(false, steps);
    }

    #[test]
    fn a_fifo_queue_does_what_the_model_does(steps in prop::collection::vec(step(), 1..150)) {
        run(true, steps);
    }
}
