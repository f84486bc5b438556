//! The core against a model that is too simple to be wrong: all messages in one list, searched
//! from the start each time.

use proptest::prelude::*;

use super::*;

const OPTIONS: TakeOptions =
    TakeOptions { max: 10, visibility: 30_000, retention: 60_000, max_receives: None };

fn sent(at: Timestamp) -> Record {
    Record { sent_at: at, visible_at: at, first_received_at: 0, receive_count: 0 }
}

fn seqs(taken: &Taken) -> Vec<Seq> {
    taken.leases.iter().map(|lease| lease.seq).collect()
}

#[test]
fn messages_are_hidden_for_the_visibility_timeout() {
    let mut core = Core::default();
    core.insert(1, sent(0), 0);
    core.insert(2, Record { visible_at: 5_000, ..sent(0) }, 0);
    assert_eq!(seqs(&core.take(0, OPTIONS)), [1]);
    assert!(core.take(4_999, OPTIONS).is_empty());
    assert_eq!(core.next_appearance(), Some(5_000));
    assert_eq!(seqs(&core.take(5_000, OPTIONS)), [2]);
    let (counts, _) = core.counts(29_999, OPTIONS.retention);
    assert_eq!(counts, Counts { visible: 0, in_flight: 2, delayed: 0 });
    assert_eq!(seqs(&core.take(30_000, OPTIONS)), [1]);
}

#[test]
fn a_message_that_fails_for_ever_does_not_hold_up_the_others() {
    let mut core = Core::default();
    (1..=3).for_each(|seq| core.insert(seq, sent(0), 0));
    let one = TakeOptions { max: 1, visibility: 0, ..OPTIONS };
    let order: Vec<Seq> = (1..=6).flat_map(|now| seqs(&core.take(now, one))).collect();
    assert_eq!(order, [1, 2, 3, 1, 2, 3]);
}

#[test]
fn one_receive_gives_a_message_once_even_without_visibility_timeout() {
    let mut core = Core::default();
    core.insert(1, sent(0), 0);
    assert_eq!(seqs(&core.take(0, TakeOptions { visibility: 0, ..OPTIONS })), [1]);
}

#[test]
fn only_the_newest_receipt_is_good() {
    let mut core = Core::default();
    core.insert(1, sent(0), 0);
    core.take(0, OPTIONS);
    core.take(30_000, OPTIONS);
    assert!(!core.delete(1, 1));
    assert_eq!(core.change_visibility(1, 1, 0, 30_000), None);
    assert!(core.change_visibility(1, 2, 1_000, 30_000).is_some());
    // In sight again: not in flight, and yet its receipt deletes it.
    assert_eq!(core.change_visibility(1, 2, 1_000, 31_000), None);
    assert!(core.delete(1, 2));
    assert!(!core.delete(1, 2));
}

#[test]
fn dead_messages_leave_after_the_last_allowed_receive() {
    let mut core = Core::default();
    core.insert(1, sent(0), 0);
    let twice = TakeOptions { max_receives: Some(2), visibility: 1_000, ..OPTIONS };
    assert_eq!(seqs(&core.take(0, twice)), [1]);
    assert_eq!(seqs(&core.take(1_000, twice)), [1]);
    assert!(core.take(1_999, twice).is_empty());
    let taken = core.take(2_000, twice);
    assert_eq!(taken.dead.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [1]);
    assert_eq!(taken.dead[0].1.receive_count, 2);
    assert!(core.into_seqs().next().is_none());
}

#[test]
fn a_message_that_is_given_back_was_never_taken() {
    let mut core = Core::default();
    core.insert(1, sent(0), 0);
    core.insert(2, sent(1), 1);
    let taken = core.take(1, TakeOptions { max: 1, ..OPTIONS });
    assert_eq!(core.give_back(&taken.leases[0], 2), Some(sent(0)));
    assert_eq!(seqs(&core.take(2, OPTIONS)), [1, 2]);
    assert_eq!(core.give_back(&taken.leases[0], 2), None);
}

#[derive(Debug, Clone)]
enum Step {
    Send { delay: u64 },
    Take { max: usize, visibility: u64 },
    GiveBack { pick: usize },
    Delete { pick: usize },
    Change { pick: usize, timeout: u64 },
    Advance { by: u64 },
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let pick = any::<prop::sample::Index>().prop_map(|index| index.index(1 << 16));
    prop_oneof![
        4 => prop_oneof![Just(0), 0..20_u64].prop_map(|delay| Step::Send { delay }),
        4 => (1..=10_usize, 0..20_u64)
            .prop_map(|(max, visibility)| Step::Take { max, visibility }),
        1 => pick.clone().prop_map(|pick| Step::GiveBack { pick }),
        2 => pick.clone().prop_map(|pick| Step::Delete { pick }),
        2 => (pick, 0..20_u64).prop_map(|(pick, timeout)| Step::Change { pick, timeout }),
        3 => (0..15_u64).prop_map(|by| Step::Advance { by }),
        1 => Just(Step::Crash),
    ]
}

/// All messages, and the rules as the documentation of SQS says them.
#[derive(Default)]
struct Model(Vec<(Seq, Record)>);

impl Model {
    fn get(&mut self, seq: Seq) -> Option<&mut Record> {
        self.0.iter_mut().find(|(other, _)| *other == seq).map(|(_, record)| record)
    }

    fn remove(&mut self, seq: Seq) {
        self.0.retain(|(other, _)| *other != seq);
    }

    fn take(&mut self, now: Timestamp, options: TakeOptions) -> Taken {
        let mut taken = Taken::default();
        self.0.sort_by_key(|(seq, record)| (record.visible_at, *seq));
        for (seq, record) in self.0.clone() {
            if taken.leases.len() == options.max || record.visible_at > now {
                continue;
            }
            if record.receive_count == options.max_receives.unwrap() {
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
                receive_count: record.receive_count + 1,
                ..record
            };
            *self.get(seq).unwrap() = new;
            taken.leases.push(Lease { seq, record: new, before: record });
        }
        taken
    }

    fn counts(&self, now: Timestamp) -> Counts {
        let count = |wanted: fn(bool, u32) -> bool| {
            self.0.iter().filter(|(_, r)| wanted(r.visible_at > now, r.receive_count)).count()
        };
        Counts {
            visible: count(|hidden, _| !hidden),
            in_flight: count(|hidden, receives| hidden && receives > 0),
            delayed: count(|hidden, receives| hidden && receives == 0),
        }
    }
}

const RETENTION: u64 = 100;

fn run(steps: Vec<Step>) {
    let (mut core, mut model) = (Core::default(), Model::default());
    let (mut now, mut next_seq) = (1_000, 0);
    let mut leases: Vec<Lease> = Vec::new();
    for step in steps {
        // Expiry first, as every call does it; sequences rise with the time of sending here.
        let (_, mut expired) = core.counts(now, RETENTION);
        let old = |(_, record): &(Seq, Record)| record.sent_at + RETENTION <= now;
        let mut model_expired: Vec<Seq> = model.0.iter().filter(|m| old(m)).map(|m| m.0).collect();
        model.0.retain(|message| !old(message));
        expired.sort_unstable();
        model_expired.sort_unstable();
        assert_eq!(expired, model_expired);

        let picked = |pick: usize| (!leases.is_empty()).then(|| leases[pick % leases.len()]);
        match step {
            Step::Send { delay } => {
                next_seq += 1;
                let record = Record { visible_at: now + delay, ..sent(now) };
                core.insert(next_seq, record, now);
                model.0.push((next_seq, record));
            }
            Step::Take { max, visibility } => {
                let options =
                    TakeOptions { max, visibility, retention: RETENTION, max_receives: Some(4) };
                let taken = core.take(now, options);
                assert_eq!(taken, model.take(now, options));
                leases.extend(&taken.leases);
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
                let Some(Lease { seq, record, .. }) = picked(pick) else { continue };
                let newest = |found: &&mut Record| found.receive_count == record.receive_count;
                let expected = model.get(seq).filter(newest).is_some();
                assert_eq!(core.delete(seq, record.receive_count), expected);
                if expected {
                    model.remove(seq);
                }
            }
            Step::Change { pick, timeout } => {
                let Some(Lease { seq, record, .. }) = picked(pick) else { continue };
                let in_flight = |found: &&mut Record| {
                    found.receive_count == record.receive_count && found.visible_at > now
                };
                let expected = model.get(seq).filter(in_flight).map(|found| {
                    found.visible_at = now + timeout;
                    *found
                });
                let changed = core.change_visibility(seq, record.receive_count, timeout, now);
                assert_eq!(changed, expected);
            }
            Step::Advance { by } => now += by,
            Step::Crash => {
                core = Core::default();
                model.0.iter().for_each(|&(seq, record)| core.insert(seq, record, now));
            }
        }
        let old = |(_, record): &(Seq, Record)| record.sent_at + RETENTION <= now;
        if !model.0.iter().any(old) {
            assert_eq!(core.counts(now, RETENTION).0, model.counts(now));
            let next = model.0.iter().map(|(_, r)| r.visible_at).filter(|at| *at > now).min();
            assert_eq!(core.next_appearance(), next);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn does_what_the_model_does(steps in prop::collection::vec(step(), 1..150)) {
        run(steps);
    }
}
