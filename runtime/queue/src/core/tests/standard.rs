//! Standard queues.

use super::*;

#[test]
fn messages_are_hidden_for_the_visibility_timeout() {
    let mut core = Core::new(false);
    core.insert(1, Record::sent(0, 0, 0), 0);
    core.insert(2, Record::sent(0, 5_000, 0), 0);
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
    let mut core = Core::new(false);
    (1..=3).for_each(|seq| core.insert(seq, Record::sent(0, 0, 0), 0));
    let one = TakeOptions { max: 1, visibility: 0, ..OPTIONS };
    let order: Vec<Seq> = (1..=6).flat_map(|now| seqs(&core.take(now, one))).collect();
    assert_eq!(order, [1, 2, 3, 1, 2, 3]);
}

#[test]
fn one_receive_gives_a_message_once_even_without_visibility_timeout() {
    let mut core = Core::new(false);
    core.insert(1, Record::sent(0, 0, 0), 0);
    assert_eq!(seqs(&core.take(0, TakeOptions { visibility: 0, ..OPTIONS })), [1]);
}

#[test]
fn the_newest_receipt_deletes_and_any_receipt_hides() {
    let mut core = Core::new(false);
    core.insert(1, Record::sent(0, 0, 0), 0);
    core.take(0, OPTIONS);
    core.take(30_000, OPTIONS);
    assert_eq!(core.delete(1, 1, 30_000), Err(Unsettled::Outdated));
    let record = core.change_visibility(1, 1, 1_000, 30_000).unwrap();
    assert_eq!((record.visible_at, record.receive_count), (31_000, 2));
    // In sight again: not in flight, and yet its receipt hides and deletes it.
    assert_eq!(core.counts(31_000, OPTIONS.retention).0.visible, 1);
    core.change_visibility(1, 2, 1_000, 31_000).unwrap();
    assert_eq!(core.counts(31_000, OPTIONS.retention).0.in_flight, 1);
    assert_eq!(core.delete(1, 2, 32_000), Ok(()));
    assert_eq!(core.delete(1, 2, 32_000), Err(Unsettled::Gone));
}

#[test]
fn dead_messages_leave_after_the_last_allowed_receive() {
    let mut core = Core::new(false);
    core.insert(1, Record::sent(0, 0, 0), 0);
    let twice = TakeOptions { max_receives: Some(2), visibility: 1_000, ..OPTIONS };
    assert_eq!(seqs(&core.take(0, twice)), [1]);
    assert_eq!(seqs(&core.take(1_000, twice)), [1]);
    assert!(core.take(1_999, twice).is_empty());
    let taken = core.take(2_000, twice);
    assert_eq!(taken.dead.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [1]);
    assert_eq!(taken.dead[0].1.receive_count, 2);
    assert_eq!(core.seqs().next(), None);
}

#[test]
fn a_message_that_is_given_back_was_never_taken() {
    let mut core = Core::new(false);
    core.insert(1, Record::sent(0, 0, 0), 0);
    core.insert(2, Record::sent(1, 0, 0), 1);
    let taken = core.take(1, TakeOptions { max: 1, ..OPTIONS });
    assert_eq!(core.give_back(&taken.leases[0], 2), Some(Record::sent(0, 0, 0)));
    assert_eq!(seqs(&core.take(2, OPTIONS)), [1, 2]);
    assert_eq!(core.give_back(&taken.leases[0], 2), None);
}
