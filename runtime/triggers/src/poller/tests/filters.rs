use std::sync::atomic::Ordering;

use serde_json::json;

use super::*;

/// Lambda guide, "Using event filtering with an Amazon SQS event source": what no filter matches
/// is deleted from the queue.
#[tokio::test(start_paused = true)]
async fn what_no_filter_matches_is_deleted_unseen() {
    let stand = Stand::new(function("Worker"), &[], |_, _| done("null")).await;
    let filters = vec![json!({"body": {"kind": ["paid"]}}), json!({"body": [{"prefix": "paid"}]})];
    let poller = stand.poller(QueueTrigger { filters, ..trigger() });
    let filtered = poller.filtered();
    tokio::spawn(poller.run(stand.shutdown.clone()));
    stand.send([r#"{"kind": "paid"}"#, r#"{"kind": "sent"}"#, "paid: 1", "sent: 1", "[]"]).await;
    seconds(1).await;
    let mut bodies = stand.batches().concat();
    bodies.sort();
    assert_eq!(bodies, ["paid: 1", r#"{"kind": "paid"}"#]);
    assert_eq!(stand.depth("orders").await, (0, 0));
    assert_eq!(filtered.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn filtered_messages_take_no_place_in_a_batch() {
    let stand = Stand::new(function("Worker"), &[], |_, _| done("null")).await;
    stand.send(["no", "1", "no", "no", "2", "no", "3", "no", "4", "no"]).await;
    let filters = vec![json!({"body": [{"anything-but": "no"}]})];
    let window = Duration::from_secs(3);
    stand.start(QueueTrigger { batch_size: 3, batch_window: window, filters, ..trigger() });
    seconds(1).await;
    assert_eq!(stand.batches(), [["1", "2", "3"]]);
    seconds(3).await;
    assert_eq!(stand.batches()[1], ["4"]);
}

/// A message that nobody wants neither delays nor blocks its group.
#[tokio::test(start_paused = true)]
async fn filtered_messages_leave_their_groups() {
    let stand = Stand::fifo(&[], |_, _| done("null")).await;
    stand.send_in_order(["a1", "a-no", "b-no", "a2", "b1"]).await;
    let filters = vec![json!({"body": [{"anything-but": {"suffix": "-no"}}]})];
    stand.start(QueueTrigger { filters, batch_size: 1, ..trigger() });
    seconds(1).await;
    let of = |group: &str| -> Vec<String> {
        stand.batches().concat().into_iter().filter(|body| body.starts_with(group)).collect()
    };
    assert_eq!((of("a"), of("b")), (vec!["a1".into(), "a2".into()], vec!["b1".into()]));
    assert_eq!(stand.depth("orders.fifo").await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_deletions() {
    let stand = Stand::new(function("Worker"), &[], |_, _| done("null")).await;
    let filters = vec![json!({"body": ["never"]})];
    let poller = stand.poller(QueueTrigger { filters, ..trigger() });
    let filtered = poller.filtered();
    let poller = tokio::spawn(poller.run(stand.shutdown.clone()));
    stand.send(["1", "2", "3"]).await;
    while filtered.load(Ordering::Relaxed) < 3 {
        tokio::task::yield_now().await;
    }
    stand.shutdown.cancel();
    poller.await.expect("it ends");
    assert_eq!(stand.depth("orders").await, (0, 0));
}
