//! Lambda guide, "Using Lambda with Amazon SQS", on FIFO queues: order within groups, and
//! concurrency by their number.

use super::*;

/// A response that names these bodies' messages as failed.
fn failing(event: &SqsEvent, bodies: &[&str]) -> Outcome {
    let failed = event
        .records
        .iter()
        .filter(|record| record.body.as_deref().is_some_and(|body| bodies.contains(&body)));
    let ids: Vec<_> =
        failed.map(|record| serde_json::json!({"itemIdentifier": record.message_id})).collect();
    done(serde_json::json!({ "batchItemFailures": ids }).to_string())
}

fn redrive(receives: u32) -> String {
    let target = "arn:aws:sqs:us-east-1:000000000000:letters.fifo";
    format!(r#"{{"deadLetterTargetArn":"{target}","maxReceiveCount":{receives}}}"#)
}

#[tokio::test(start_paused = true)]
async fn a_batch_may_mix_groups_and_a_group_is_in_one_batch() {
    let stand = Stand::fifo(&[], |_, _| after(5)).await;
    stand.send_in_order(["a1", "a2", "b1", "a3"]).await;
    stand.start(trigger());
    seconds(1).await;
    stand.send_in_order(["a4", "c1", "b2"]).await;
    seconds(1).await;
    let batches = stand.batches();
    assert_eq!(batches, [vec!["a1", "a2", "a3", "b1"], vec!["c1"]]);
    seconds(5).await;
    assert_eq!(stand.batches()[2], ["a4", "b2"], "after the batch that had their groups");
    seconds(5).await;
    assert_eq!(stand.depth("orders.fifo").await, (0, 0));
}

/// "Your function can scale in concurrency to the number of active message groups."
#[tokio::test(start_paused = true)]
async fn groups_run_at_once_and_messages_of_a_group_do_not() {
    let stand = Stand::fifo(&[], |_, _| after(10)).await;
    let bodies: Vec<String> =
        ('a'..='t').flat_map(|group| [format!("{group}1"), format!("{group}2")]).collect();
    stand.send_in_order(bodies.iter().map(String::as_str)).await;
    stand.start(QueueTrigger { batch_size: 1, ..trigger() });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let first = stand.batches().concat();
    assert_eq!(first.len(), 20, "{first:?}");
    assert!(first.iter().all(|body| body.ends_with('1')), "{first:?}");
    seconds(10).await;
    assert_eq!(stand.provider.calls(), 40);
}

#[tokio::test(start_paused = true)]
async fn maximum_concurrency_holds_for_groups() {
    let stand = Stand::fifo(&[], |_, _| after(10)).await;
    stand.send_in_order(["a1", "b1", "c1", "d1"]).await;
    stand.start(QueueTrigger { batch_size: 1, maximum_concurrency: Some(2), ..trigger() });
    seconds(9).await;
    assert_eq!(stand.provider.calls(), 2);
    seconds(9).await;
    assert_eq!(stand.provider.calls(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_failed_batch_returns_in_order_when_its_time_is_over() {
    let stand = Stand::fifo(&[], |call, _| if call == 0 { failed() } else { done("null") }).await;
    stand.send_in_order(["a1", "a2"]).await;
    stand.start(trigger());
    seconds(10).await;
    stand.send_in_order(["a3", "b1"]).await;
    seconds(19).await;
    assert_eq!(stand.batches(), [vec!["a1", "a2"], vec!["b1"]], "group a waits");
    seconds(5).await;
    assert_eq!(stand.batches()[2..].concat(), ["a1", "a2", "a3"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_function_has_not_done_returns_in_order() {
    let undone = |call| -> &[&str] { if call == 0 { &["a2", "a3"] } else { &[] } };
    let stand = Stand::fifo(&[], move |call, event| failing(event, undone(call))).await;
    stand.send_in_order(["a1", "a2", "a3", "b1"]).await;
    stand.start(QueueTrigger { report_batch_item_failures: true, ..trigger() });
    seconds(1).await;
    assert_eq!(stand.depth("orders.fifo").await, (0, 2), "a1 and b1 are done");
    seconds(35).await;
    assert_eq!(stand.batches()[1..].concat(), ["a2", "a3"]);
    assert_eq!(stand.depth("orders.fifo").await, (0, 0));
}

/// A poisoned message holds its group until it has been received as often as the policy allows,
/// and not once more; then the others come in their order.
#[tokio::test(start_paused = true)]
async fn a_poisoned_message_leaves_its_group_in_order() {
    let policy = redrive(3);
    let stand =
        Stand::fifo(&[("RedrivePolicy", &policy)], |_, event| failing(event, &["a1"])).await;
    stand.send_in_order(["a1", "a2", "a3", "b1"]).await;
    let one = QueueTrigger { batch_size: 1, report_batch_item_failures: true, ..trigger() };
    stand.start(one);
    seconds(85).await;
    let of_a = |batches: Vec<Vec<String>>| -> Vec<String> {
        batches.concat().into_iter().filter(|body| body.starts_with('a')).collect()
    };
    assert_eq!(of_a(stand.batches()), ["a1", "a1", "a1"]);
    seconds(20).await;
    assert_eq!(of_a(stand.batches()), ["a1", "a1", "a1", "a2", "a3"]);
    assert_eq!(stand.depth("orders.fifo").await, (0, 0));
    assert_eq!(stand.depth("letters.fifo").await, (1, 0));
}

/// One receive of ten messages of 1 MB makes two events; the second waits for the first.
#[tokio::test(start_paused = true)]
async fn a_cut_batch_keeps_the_order() {
    let large = &[("MaximumMessageSize", "1048576")];
    let stand = Stand::fifo(large, |_, _| after(5)).await;
    stand.send_in_order(megabytes("a").iter().map(String::as_str)).await;
    stand.start(trigger());
    seconds(4).await;
    assert_eq!(stand.batches().len(), 1, "one batch of a group at a time");
    seconds(7).await;
    assert_eq!(numbers(&stand), [vec![0, 1, 2, 3, 4, 5], vec![6, 7, 8, 9]]);
    assert_eq!(stand.depth("orders.fifo").await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_cut_batch_that_fails_holds_what_follows() {
    let large = &[("MaximumMessageSize", "1048576")];
    let stand = Stand::fifo(large, |call, _| if call == 0 { failed() } else { done("null") }).await;
    let bodies = [megabytes("a"), megabytes("b")].map(|bodies| bodies[..5].to_vec()).concat();
    stand.send_in_order(bodies.iter().map(String::as_str)).await;
    stand.start(trigger());
    seconds(1).await;
    // The first has all of group a and one of b: nothing is left that may go on.
    assert_eq!(stand.batches().len(), 1);
    seconds(40).await;
    let order = |group: &str| -> Vec<String> {
        let bodies = stand.batches()[1..].concat().into_iter();
        bodies.filter(|body| body.starts_with(group)).map(|body| body[..2].to_owned()).collect()
    };
    assert_eq!(order("a"), ["a0", "a1", "a2", "a3", "a4"]);
    assert_eq!(order("b"), ["b0", "b1", "b2", "b3", "b4"]);
    assert_eq!(stand.depth("orders.fifo").await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn groups_without_a_failure_go_on_in_a_cut_batch() {
    let large = &[("MaximumMessageSize", "1048576")];
    let stand = Stand::fifo(large, |call, _| if call == 0 { failed() } else { done("null") }).await;
    let bodies = [megabytes("a")[..7].to_vec(), megabytes("b")[..3].to_vec()].concat();
    stand.send_in_order(bodies.iter().map(String::as_str)).await;
    stand.start(trigger());
    seconds(2).await;
    assert_eq!(numbers(&stand), [vec![0, 1, 2, 3, 4, 5], vec![0, 1, 2]], "a6 waits, b does not");
    seconds(40).await;
    assert_eq!(numbers(&stand)[2..].concat(), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(stand.depth("orders.fifo").await, (0, 0));
}

/// Ten bodies of 1 MB: the group, a digit, and filling.
fn megabytes(group: &str) -> Vec<String> {
    (0..10).map(|n| format!("{group}{n}{}", "x".repeat(1_000_000))).collect()
}

/// The digits of each event's bodies.
fn numbers(stand: &Stand) -> Vec<Vec<u32>> {
    let digit = |body: &String| body.chars().nth(1).and_then(|digit| digit.to_digit(10));
    stand.batches().iter().map(|bodies| bodies.iter().filter_map(digit).collect()).collect()
}
