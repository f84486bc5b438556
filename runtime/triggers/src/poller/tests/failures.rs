//! What happens where the function fails, is throttled, or goes away.

use super::*;

fn redrive(receives: u32) -> String {
    let target = "arn:aws:sqs:us-east-1:000000000000:letters";
    format!(r#"{{"deadLetterTargetArn":"{target}","maxReceiveCount":{receives}}}"#)
}

/// Lambda guide, "Success and failure conditions": a bad partial batch response fails the batch,
/// which is then received as often as the redrive policy allows.
#[tokio::test(start_paused = true)]
async fn a_bad_batch_response_is_a_failed_batch() {
    let policy = redrive(2);
    let stand = Stand::new(function("Worker"), &[("RedrivePolicy", &policy)], |_, _| {
        done(r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#)
    })
    .await;
    stand.send(["one", "two"]).await;
    stand.start(QueueTrigger { report_batch_item_failures: true, ..trigger() });
    seconds(100).await;
    assert_eq!(stand.batches().concat().len(), 4, "{:?}", stand.batches());
    assert_eq!(stand.depth("letters").await, (2, 0));
}

#[tokio::test(start_paused = true)]
async fn each_receive_is_counted_once() {
    for receives in 1..=5 {
        let policy = redrive(receives);
        let attributes = [("RedrivePolicy", policy.as_str())];
        let stand = Stand::new(function("Worker"), &attributes, |_, _| failed()).await;
        stand.send(["poison"]).await;
        stand.start(trigger());
        seconds(u64::from(receives) * 31).await;
        let events = stand.events.lock().expect("events").clone();
        let counts: Vec<String> = events
            .iter()
            .map(|event| event.records[0].attributes["ApproximateReceiveCount"].clone())
            .collect();
        let expected: Vec<String> = (1..=receives).map(|count| count.to_string()).collect();
        assert_eq!(counts, expected);
        assert_eq!(stand.depth("letters").await, (1, 0));
        stand.shutdown.cancel();
    }
}

/// Lambda guide, "Backoff strategy for failed invocations": throttled messages are retried until
/// their visibility timeout, so that they cost one receive for each.
#[tokio::test(start_paused = true)]
async fn throttling_costs_one_receive_for_each_visibility_timeout() {
    let none = Function { reserved_concurrency: Some(0), ..function("Worker") };
    let policy = redrive(3);
    let stand = Stand::new(none, &[("RedrivePolicy", &policy)], |_, _| done("null")).await;
    stand.send(["one"]).await;
    stand.start(trigger());
    seconds(85).await;
    assert_eq!(stand.depth("orders").await, (0, 1), "its third receive");
    seconds(10).await;
    assert_eq!(stand.provider.calls(), 0);
    assert_eq!(stand.depth("letters").await, (1, 0));
}

#[tokio::test(start_paused = true)]
async fn concurrency_does_not_grow_against_throttling() {
    let one = Function { reserved_concurrency: Some(1), ..function("Worker") };
    let stand = Stand::new(one, &[], |_, _| after(25)).await;
    let bodies: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    stand.send(bodies.iter().map(String::as_str)).await;
    stand.start(QueueTrigger { batch_size: 1, ..trigger() });
    seconds(20).await;
    assert_eq!(stand.depth("orders").await, (35, 5), "five batches, of which four wait");
}

/// Between the receive and the invocation the function is gone: the message is not held.
#[tokio::test(start_paused = true)]
async fn a_function_that_goes_away_gives_its_messages_back() {
    let stand = Stand::new(function("Worker"), &[], |_, _| done("null")).await;
    stand.start(QueueTrigger { batch_window: Duration::from_secs(5), ..trigger() });
    stand.send(["one"]).await;
    seconds(1).await;
    stand.dispatcher.register_failed(stand.function.clone(), "it did not build");
    seconds(6).await;
    assert_eq!(stand.depth("orders").await, (1, 0));
    stand.dispatcher.register(stand.function.clone(), stand.provider.clone());
    seconds(8).await;
    assert_eq!(stand.batches(), [["one"]]);
    assert_eq!(stand.depth("orders").await, (0, 0));
}

/// What is refused is not received again and again.
#[tokio::test(start_paused = true)]
async fn a_stopping_dispatcher_costs_few_receives() {
    let stand = Stand::new(function("Worker"), &[], |_, _| done("null")).await;
    stand.dispatcher.shutdown(Duration::ZERO).await;
    stand.send(["one"]).await;
    let poller = stand.start(trigger());
    tokio::time::sleep(Duration::from_millis(3500)).await;
    stand.shutdown.cancel();
    poller.await.expect("it ends");
    let mut received = stand.queues.receive_message("orders", all()).await.expect("received");
    let message = received.pop().expect("the message");
    assert_eq!(message.system_attributes["ApproximateReceiveCount"], "5", "one a second");
}

fn all() -> samovar_queue::ReceiveMessage {
    samovar_queue::ReceiveMessage {
        system_attribute_names: vec!["All".into()],
        ..Default::default()
    }
}

/// "Concurrency follows failures", down to one batch at a time and up again.
#[tokio::test(start_paused = true)]
async fn failures_reduce_concurrency_and_success_restores_it() {
    let stand =
        Stand::new(function("Worker"), &[], |call, _| if call < 5 { failed() } else { after(20) })
            .await;
    let bodies: Vec<String> = (0..30).map(|n| n.to_string()).collect();
    stand.send(bodies.iter().map(String::as_str)).await;
    stand.start(QueueTrigger { batch_size: 1, ..trigger() });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(stand.provider.calls(), 6, "five that failed, and one at a time then");
    seconds(2).await;
    let grown = stand.provider.calls();
    assert!((13..=17).contains(&grown), "{grown}");
}

/// A mapping of the dead-letter queue is told where its messages come from.
#[tokio::test(start_paused = true)]
async fn dead_letters_name_their_source() {
    let policy = redrive(1);
    let stand = Stand::new(function("Worker"), &[("RedrivePolicy", &policy)], |call, _| {
        if call == 0 { failed() } else { done("null") }
    })
    .await;
    stand.send(["poison"]).await;
    stand.start(trigger());
    seconds(40).await;
    let letters = Stand { queue: "letters", ..stand };
    letters.start(trigger());
    seconds(1).await;
    let events = letters.events.lock().expect("events");
    let record = &events[1].records[0];
    let source = "arn:aws:sqs:us-east-1:000000000000:orders";
    assert_eq!(record.attributes["DeadLetterQueueSourceArn"], source);
    let letters = "arn:aws:sqs:us-east-1:000000000000:letters";
    assert_eq!(record.event_source_arn.as_deref(), Some(letters));
}
