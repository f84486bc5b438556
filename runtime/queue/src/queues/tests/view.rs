//! Looking at queues, which changes nothing.

use super::*;
use crate::{ErrorKind, MessageState, SeenMessage};

async fn peek(queues: &Queues, max: usize) -> Vec<SeenMessage> {
    queues.peek("q", max).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_look_shows_all_and_changes_nothing() {
    let (_dir, queues) = with_queue(&[]).await;
    send(&queues, "taken").await;
    assert_eq!(bodies(&receive(&queues, "q").await), ["taken"]);
    let later = SendMessage { delay_seconds: Some(60), ..SendMessage::new("later") };
    queues.send_message("q", later).await.unwrap();
    let sent = queues.send_message("q", SendMessage::new("now")).await.unwrap();

    for _ in 0..3 {
        let seen = peek(&queues, 100).await;
        let shown: Vec<_> = seen
            .iter()
            .map(|seen| {
                let count = &seen.message.system_attributes["ApproximateReceiveCount"];
                (seen.message.body.as_str(), seen.state, count.as_str())
            })
            .collect();
        let expected = [
            ("taken", MessageState::InFlight, "1"),
            ("later", MessageState::Delayed, "0"),
            ("now", MessageState::Visible, "0"),
        ];
        assert_eq!(shown, expected);
        assert_eq!(seen[1].visible_at, EPOCH + 60_000);
        assert_eq!(seen[2].message.message_id, sent.message_id);
        assert_eq!(seen[2].message.receipt_handle, "");
        let first = "ApproximateFirstReceiveTimestamp";
        assert!(seen[0].message.system_attributes.contains_key(first));
        assert!(!seen[2].message.system_attributes.contains_key(first));
    }
    assert_eq!(peek(&queues, 1).await[0].message.body, "taken");
    let received = receive(&queues, "q").await.remove(0);
    assert_eq!(received.body, "now");
    assert_eq!(received.system_attributes["ApproximateReceiveCount"], "1");
}

#[tokio::test(start_paused = true)]
async fn a_look_passes_over_what_has_expired() {
    let (_dir, queues) = with_queue(&[("MessageRetentionPeriod", "60")]).await;
    send(&queues, "old").await;
    pass(Duration::from_secs(30)).await;
    send(&queues, "new").await;
    pass(Duration::from_secs(30)).await;
    let seen = peek(&queues, 1).await;
    assert_eq!(seen.iter().map(|seen| seen.message.body.as_str()).collect::<Vec<_>>(), ["new"]);
}

#[tokio::test(start_paused = true)]
async fn a_look_at_nothing_says_what_is_wrong() {
    let (_dir, queues) = with_queue(&[]).await;
    let kind = async |queue, max| queues.peek(queue, max).await.unwrap_err().kind();
    assert_eq!(kind("nobody", 1).await, ErrorKind::QueueDoesNotExist);
    assert_eq!(kind("q", 0).await, ErrorKind::InvalidParameterValue);
    assert_eq!(kind("q", 101).await, ErrorKind::InvalidParameterValue);
}

#[tokio::test(start_paused = true)]
async fn queues_are_shown_with_their_numbers() {
    let (_dir, queues) = with_queue(&[]).await;
    let arn = queues.arn("q");
    let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"3"}}"#);
    let source = attributes(&[("RedrivePolicy", &policy)]);
    queues.create_queue("a", &source, &Attributes::new()).await.unwrap();
    send(&queues, "one").await;
    pass(Duration::from_secs(5)).await;
    send(&queues, "two").await;
    let first = queues.receive_message("q", ReceiveMessage::default()).await.unwrap().remove(0);

    let shown = queues.view_queues().await.unwrap();
    let [a, q] = shown.as_slice() else { panic!("{shown:?}") };
    assert_eq!((a.name.as_str(), a.dead_letter_target.as_deref()), ("a", Some(arn.as_str())));
    assert_eq!((a.visible, a.oldest_sent_at, a.arrived), (0, None, 0));
    assert_eq!((q.visible, q.in_flight, q.delayed), (1, 1, 0));
    assert_eq!((q.oldest_sent_at, q.arrived, q.departed), (Some(EPOCH), 2, 0));

    queues.delete_message("q", &first.receipt_handle).await.unwrap();
    let shown = queues.view_queues().await.unwrap();
    let q = &shown[1];
    assert_eq!((q.oldest_sent_at, q.arrived, q.departed), (Some(EPOCH + 5_000), 2, 1));
}
