//! Dead-letter queues and retention.

use std::time::Duration;

use super::*;
use crate::ErrorKind;

const SECOND: Duration = Duration::from_secs(1);

/// `q` with the visibility timeout of 1 s, whose messages go to `dead` after 3 receives.
async fn with_dead_letters() -> (TempDir, Queues) {
    let (dir, queues) = with_queue(&[("VisibilityTimeout", "1")]).await;
    queues.create_queue("dead", &Attributes::new(), &Attributes::new()).await.unwrap();
    let policy =
        format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":"3"}}"#, queues.arn("dead"));
    queues.set_queue_attributes("q", &attributes(&[("RedrivePolicy", &policy)])).await.unwrap();
    (dir, queues)
}

#[tokio::test(start_paused = true)]
async fn a_message_moves_after_exactly_as_many_receives_as_allowed() {
    let (dir, queues) = with_dead_letters().await;
    let sent = queues.send_message("q", SendMessage::new("poison")).await.unwrap();
    for receive_count in 1..=3 {
        let messages = receive(&queues, "q").await;
        assert_eq!(
            messages[0].system_attributes["ApproximateReceiveCount"],
            receive_count.to_string()
        );
        pass(SECOND).await;
    }
    assert!(receive(&queues, "q").await.is_empty());
    assert_eq!(count(&queues, "q", "").await + count(&queues, "q", "NotVisible").await, 0);

    let dead = receive(&queues, "dead").await.remove(0);
    assert_eq!((dead.body.as_str(), &dead.message_id), ("poison", &sent.message_id));
    assert_eq!(dead.system_attributes["DeadLetterQueueSourceArn"], queues.arn("q"));
    assert_eq!(dead.system_attributes["ApproximateReceiveCount"], "4");
    assert_eq!(dead.system_attributes["SentTimestamp"], EPOCH.to_string());

    drop(queues);
    let queues = open(&dir);
    assert_eq!(count(&queues, "q", "").await, 0);
    assert_eq!(count(&queues, "dead", "").await + count(&queues, "dead", "NotVisible").await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_receive_that_waits_moves_messages_too() {
    let (_dir, queues) = with_dead_letters().await;
    send(&queues, "poison").await;
    for _ in 0..3 {
        receive(&queues, "q").await;
        pass(SECOND).await;
    }
    let wait = |seconds| ReceiveMessage { wait_time_seconds: Some(seconds), ..up_to_ten() };
    let (source, dead) = tokio::join!(
        queues.receive_message("q", wait(5)),
        queues.receive_message("dead", wait(1)),
    );
    assert!(source.unwrap().is_empty());
    assert_eq!(bodies(&dead.unwrap()), ["poison"]);
}

#[tokio::test(start_paused = true)]
async fn without_the_dead_letter_queue_messages_stay() {
    let (_dir, queues) = with_dead_letters().await;
    queues.delete_queue("dead").await.unwrap();
    send(&queues, "poison").await;
    for _ in 0..5 {
        assert_eq!(bodies(&receive(&queues, "q").await), ["poison"]);
        pass(SECOND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn redrive_policies_are_checked() {
    let (_dir, queues) = with_queue(&[]).await;
    for (policy, reason) in [
        ("{", "Redrive policy is not a valid JSON map."),
        (r#"{"maxReceiveCount":3}"#, "deadLetterTargetArn"),
        (r#"{"deadLetterTargetArn":"dummy","maxReceiveCount":42}"#, "Invalid value for dead"),
        (
            r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:no","maxReceiveCount":4}"#,
            "Dead letter target does not exist.",
        ),
        (
            r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:q","maxReceiveCount":0}"#,
            "maxReceiveCount",
        ),
    ] {
        let attributes = attributes(&[("RedrivePolicy", policy)]);
        let error = queues.set_queue_attributes("q", &attributes).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidParameterValue);
        assert!(error.message().contains(reason), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn messages_expire_even_in_flight_and_in_the_dead_letter_queue() {
    let (dir, queues) = with_dead_letters().await;
    let minute = attributes(&[("MessageRetentionPeriod", "60")]);
    queues.set_queue_attributes("dead", &minute).await.unwrap();
    send(&queues, "poison").await;
    for _ in 0..3 {
        receive(&queues, "q").await;
        pass(SECOND).await;
    }
    receive(&queues, "q").await;
    pass(30 * SECOND).await;
    // The time in the first queue counts.
    assert_eq!(count(&queues, "dead", "").await, 1);
    pass(27 * SECOND).await;
    assert_eq!(count(&queues, "dead", "").await, 0);

    queues.set_queue_attributes("q", &minute).await.unwrap();
    send(&queues, "old").await;
    let long = ReceiveMessage { visibility_timeout: Some(43_200), ..up_to_ten() };
    assert_eq!(queues.receive_message("q", long).await.unwrap().len(), 1);
    pass(60 * SECOND).await;
    assert_eq!(count(&queues, "q", "NotVisible").await, 0);

    drop(queues);
    let (_, loaded) = Store::on_disk(dir.path()).unwrap();
    assert_eq!(loaded.records.count(), 0);
}
