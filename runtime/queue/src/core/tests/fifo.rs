//! FIFO queues. The orders with several groups are those that AWS gave in LocalStack's
//! `tests/aws/services/sqs/test_sqs.py`; a message is named there by group and number.

use super::*;

/// A queue of messages of these groups, sent one a millisecond, with the sequences 1, 2, ...
fn queue(groups: &[Group]) -> Core {
    let mut core = Core::new(true);
    for (index, group) in (1..).zip(groups) {
        core.insert(index, Record::sent(index, 0, *group), index);
    }
    core
}

fn take(core: &mut Core, now: Timestamp, max: usize, visibility: u64) -> Vec<Seq> {
    seqs(&core.take(now, TakeOptions { max, visibility, ..OPTIONS }))
}

/// `test_fifo_receive_message_group_id_ordering`
#[test]
fn a_receive_empties_a_group_before_it_turns_to_the_next() {
    let mut core = queue(&[1, 2, 1, 1]);
    assert_eq!(take(&mut core, 10, 10, 30_000), [1, 3, 4, 2]);
}

/// `test_fifo_receive_message_visibility_timeout_shared_in_group`
#[test]
fn a_group_with_messages_in_flight_gives_no_others() {
    let mut core = queue(&[1, 1, 1, 1, 2, 3]);
    assert_eq!(take(&mut core, 10, 2, 1_000), [1, 2]);
    assert_eq!(take(&mut core, 11, 1, 1_000), [5]);
    assert_eq!(take(&mut core, 2_000, 10, 0), [6, 1, 2, 3, 4, 5]);
}

/// `test_fifo_receive_message_with_zero_visibility_timeout`
#[test]
fn groups_that_were_received_go_to_the_end() {
    let mut core = queue(&[1, 2, 2, 3, 1]);
    assert_eq!(take(&mut core, 10, 3, 0), [1, 5, 2]);
    assert_eq!(take(&mut core, 11, 10, 0), [4, 1, 5, 2, 3]);
}

/// `test_fifo_message_group_visibility_after_terminate_visibility_timeout` and
/// `..._after_change_message_visibility`
#[test]
fn an_earlier_message_that_comes_back_is_given_and_none_behind_those_in_flight() {
    for timeout in [0, 1_000] {
        let mut core = queue(&[1, 1, 2, 1]);
        assert_eq!(take(&mut core, 10, 2, 30_000), [1, 2]);
        core.change_visibility(1, 1, timeout, 11).unwrap();
        assert_eq!(take(&mut core, 2_000, 3, 30_000), [3, 1]);
    }
}

#[test]
fn a_later_message_that_comes_back_waits_for_the_earlier() {
    let mut core = queue(&[1, 1]);
    assert_eq!(take(&mut core, 10, 2, 30_000), [1, 2]);
    core.change_visibility(2, 1, 0, 11).unwrap();
    assert!(take(&mut core, 12, 10, 30_000).is_empty());
    assert!(!core.has_ready());
    core.delete(1, 1, 13).unwrap();
    assert_eq!(take(&mut core, 14, 10, 30_000), [2]);
}

/// `test_fifo_message_group_visibility_after_delete` and `..._after_partial_delete`
#[test]
fn a_group_goes_on_when_all_that_was_in_flight_is_deleted() {
    let groups = [1, 2, 1, 2, 1, 1, 3];
    let mut core = queue(&groups);
    assert_eq!(take(&mut core, 10, 2, 30_000), [1, 3]);
    core.delete(1, 1, 11).unwrap();
    core.delete(3, 1, 11).unwrap();
    assert_eq!(take(&mut core, 12, 10, 30_000), [2, 4, 5, 6, 7]);

    let mut core = queue(&groups);
    assert_eq!(take(&mut core, 10, 2, 30_000), [1, 3]);
    core.delete(1, 1, 11).unwrap();
    assert_eq!(take(&mut core, 12, 10, 30_000), [2, 4, 7]);
}

#[test]
fn messages_in_flight_and_those_behind_them_are_counted() {
    let mut core = queue(&[1, 1, 1, 2, 3]);
    take(&mut core, 10, 2, 30_000);
    let (counts, _) = core.counts(11, OPTIONS.retention);
    assert_eq!(counts, Counts { visible: 3, in_flight: 2, delayed: 0 });
}

/// `test_fifo_delete_message_with_expired_receipt_handle`
#[test]
fn a_receipt_ends_with_the_visibility_timeout() {
    let mut core = queue(&[1]);
    take(&mut core, 10, 1, 1_000);
    assert_eq!(core.delete(1, 1, 1_010), Err(Unsettled::Expired));
    assert_eq!(core.change_visibility(1, 1, 0, 1_010), Err(Unsettled::Expired));
    take(&mut core, 1_010, 1, 1_000);
    assert_eq!(core.delete(1, 1, 1_011), Err(Unsettled::Expired));
    assert_eq!(core.delete(1, 2, 1_011), Ok(()));
    assert_eq!(core.delete(1, 2, 1_011), Err(Unsettled::Gone));
}

#[test]
fn the_next_of_a_group_follows_a_dead_message_at_once() {
    let mut core = queue(&[1, 1]);
    let once = TakeOptions { max: 1, visibility: 0, max_receives: Some(1), ..OPTIONS };
    assert_eq!(seqs(&core.take(10, once)), [1]);
    let taken = core.take(11, once);
    assert_eq!(seqs(&taken), [2]);
    assert_eq!(taken.dead.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [1]);
}

#[test]
fn a_changed_delay_holds_for_messages_that_wait() {
    let mut core = Core::new(true);
    core.insert(1, Record::sent(0, 5_000, 1), 0);
    core.insert(2, Record::sent(1_000, 5_000, 1), 1_000);
    core.delay(2_000, 1_000);
    assert_eq!(core.next_appearance(), Some(2_000));
    assert_eq!(take(&mut core, 2_999, 10, 30_000), [1]);
    core.delay(9_000, 3_000);
    assert_eq!(core.counts(9_999, OPTIONS.retention).0.delayed, 1);
    core.delete(1, 1, 9_999).unwrap();
    assert_eq!(take(&mut core, 10_000, 10, 30_000), [2]);
}

#[test]
fn an_attempt_can_be_repeated_as_long_as_nothing_happened_to_its_messages() {
    let attempt = |core: &mut Core, now| {
        let leases = core.take(now, OPTIONS).leases;
        core.remember_attempt("attempt", now, &leases);
        leases
    };
    let mut core = queue(&[1, 1]);
    let first = attempt(&mut core, 10);
    let again = core.retake("attempt", 20_000, 30_000).unwrap().unwrap();
    let receipts = |leases: &[Lease]| -> Vec<(Seq, u32)> {
        leases.iter().map(|lease| (lease.seq, lease.record.receive_count)).collect()
    };
    assert_eq!(receipts(&again), receipts(&first));
    assert!(again.iter().all(|lease| lease.record.visible_at == 50_000));
    assert_eq!(core.retake("another", 20_000, 30_000), Ok(None));
    // As often as needed, but not after the visibility timeout.
    assert!(matches!(core.retake("attempt", 49_999, 1), Ok(Some(_))));
    assert_eq!(core.retake("attempt", 50_000, 30_000), Ok(None));

    for change in [(|core| core.delete(1, 1, 11).unwrap()) as fn(&mut Core), |core| {
        assert!(core.change_visibility(2, 1, 9_000, 11).is_ok())
    }] {
        let mut core = queue(&[1, 1]);
        attempt(&mut core, 10);
        change(&mut core);
        assert_eq!(core.retake("attempt", 12, 30_000), Err(NotRetryable));
    }

    let mut core = queue(&[1]);
    let long = TakeOptions { visibility: DEDUPLICATION_INTERVAL * 2, ..OPTIONS };
    let leases = core.take(10, long).leases;
    core.remember_attempt("attempt", 10, &leases);
    let early = core.retake("attempt", 9 + DEDUPLICATION_INTERVAL, long.visibility);
    assert!(matches!(early, Ok(Some(_))));
    assert_eq!(core.retake("attempt", 10 + DEDUPLICATION_INTERVAL, long.visibility), Ok(None));
}

#[test]
fn duplicates_are_known_for_five_minutes() {
    let mut accepted = Deduplication::default();
    let message = |message_id, at| Accepted { key: [1; 16], message_id: [message_id; 16], at };
    accepted.insert(1, message(1, 1_000));
    assert_eq!(accepted.find(&[1; 16], 300_999), Some((1, message(1, 1_000))));
    assert_eq!(accepted.find(&[2; 16], 1_000), None);
    assert_eq!(accepted.find(&[1; 16], 301_000), None);
    // Accepted again before the first was cleared away, which must not take the second along.
    accepted.insert(2, message(2, 301_000));
    assert_eq!(accepted.expire(301_000, 10), [1]);
    assert_eq!(accepted.find(&[1; 16], 301_000), Some((2, message(2, 301_000))));
    assert_eq!(accepted.expire(601_000, 10), [2]);
    assert_eq!(accepted.seqs().next(), None);
}
