//! Recovery: what is in the store when the service starts.

use std::time::Duration;

use super::*;
use crate::{BatchEntry, OpenError};

#[tokio::test(start_paused = true)]
async fn everything_is_there_after_a_restart() {
    let (dir, queues) = with_queue(&[("VisibilityTimeout", "60")]).await;
    for body in ["delete", "in flight", "visible"] {
        send(&queues, body).await;
    }
    let delayed = SendMessage { delay_seconds: Some(100), ..SendMessage::new("delayed") };
    queues.send_message("q", delayed).await.unwrap();
    let two = ReceiveMessage { max_number_of_messages: Some(2), ..up_to_ten() };
    let mut received = queues.receive_message("q", two).await.unwrap();
    queues.delete_message("q", &received.remove(0).receipt_handle).await.unwrap();
    drop(queues);

    let queues = open(&dir);
    assert_eq!(bodies(&receive(&queues, "q").await), ["visible"]);
    assert_eq!(count(&queues, "q", "NotVisible").await, 2);
    assert_eq!(count(&queues, "q", "Delayed").await, 1);
    pass(Duration::from_secs(60)).await;
    let again = receive(&queues, "q").await;
    assert_eq!(bodies(&again), ["in flight", "visible"]);
    assert_eq!(again[0].message_id, received[0].message_id);
    assert_eq!(again[0].system_attributes["ApproximateReceiveCount"], "2");
    // The receipt from before the restart is not the newest any more: nothing is deleted.
    queues.delete_message("q", &received[0].receipt_handle).await.unwrap();
    assert_eq!(count(&queues, "q", "NotVisible").await, 2);
    pass(Duration::from_secs(40)).await;
    assert_eq!(bodies(&receive(&queues, "q").await), ["delayed"]);
}

#[tokio::test(start_paused = true)]
async fn an_old_receipt_never_fits_a_new_message() {
    let (dir, queues) = with_queue(&[]).await;
    send(&queues, "old").await;
    let old = receive(&queues, "q").await.remove(0);
    queues.delete_message("q", &old.receipt_handle).await.unwrap();
    drop(queues);
    let queues = open(&dir);
    send(&queues, "new").await;
    receive(&queues, "q").await;
    queues.delete_message("q", &old.receipt_handle).await.unwrap();
    assert_eq!(count(&queues, "q", "NotVisible").await, 1);
}

#[tokio::test(start_paused = true)]
async fn purged_and_deleted_queues_stay_empty() {
    let (dir, queues) = with_queue(&[]).await;
    queues.create_queue("gone", &Attributes::new(), &Attributes::new()).await.unwrap();
    for number in 0..30 {
        send(&queues, &number.to_string()).await;
        queues.send_message("gone", SendMessage::new("gone")).await.unwrap();
    }
    receive(&queues, "q").await;
    queues.purge_queue("q").await.unwrap();
    queues.delete_queue("gone").await.unwrap();
    send(&queues, "after").await;
    assert_eq!(bodies(&receive(&queues, "q").await), ["after"]);
    drop(queues);
    let queues = open(&dir);
    assert_eq!(count(&queues, "q", "").await + count(&queues, "q", "NotVisible").await, 1);
    queues.create_queue("gone", &Attributes::new(), &Attributes::new()).await.unwrap();
    assert_eq!(count(&queues, "gone", "").await, 0);
}

#[tokio::test(start_paused = true)]
async fn an_ephemeral_service_leaves_the_directory_alone() {
    let (dir, queues) = with_queue(&[]).await;
    send(&queues, "kept").await;
    let clock = Arc::new(TokioClock::starting_at(EPOCH));
    let options = Options { clock, ephemeral: true, ..Options::default() };
    // Though it is in use.
    let ephemeral = Queues::open(dir.path(), options).unwrap();
    ephemeral.create_queue("q", &Attributes::new(), &Attributes::new()).await.unwrap();
    assert!(receive(&ephemeral, "q").await.is_empty());
    send(&ephemeral, "passing").await;
    let received = receive(&ephemeral, "q").await;
    assert_eq!(bodies(&received), ["passing"]);
    // It goes through a failure as any other.
    ephemeral.inner.store.fail_next(Operation::Write);
    assert!(ephemeral.send_message("q", SendMessage::new("refused")).await.is_err());
    ephemeral.delete_message("q", &received[0].receipt_handle).await.unwrap();
    assert_eq!(count(&ephemeral, "q", "").await + count(&ephemeral, "q", "NotVisible").await, 0);
    assert_eq!(bodies(&receive(&queues, "q").await), ["kept"]);
}

#[tokio::test(start_paused = true)]
async fn a_directory_serves_one_service_at_a_time() {
    let (dir, queues) = with_queue(&[]).await;
    let error = Queues::open(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(error, OpenError::InUse { .. }), "{error}");
    assert!(error.to_string().contains(&*dir.path().to_string_lossy()), "{error}");
    drop(queues);
    Queues::open(dir.path(), Options::default()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_cannot_be_used_is_named() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "not a directory").unwrap();
    let error = Queues::open(&file.join("queues"), Options::default()).unwrap_err();
    assert!(matches!(error, OpenError::Io { .. }), "{error}");
    assert!(error.to_string().contains("file/queues"), "{error}");
}

#[tokio::test]
async fn many_clients_at_once_lose_and_double_nothing() {
    let dir = TempDir::new().unwrap();
    let queues = Queues::open(dir.path(), Options::default()).unwrap();
    queues.create_queue("q", &Attributes::new(), &Attributes::new()).await.unwrap();
    let senders: Vec<_> = (0..20)
        .map(|sender| {
            let queues = queues.clone();
            tokio::spawn(async move {
                for number in 0..25 {
                    send(&queues, &format!("{sender}-{number}")).await;
                }
            })
        })
        .collect();
    let receivers: Vec<_> = (0..8)
        .map(|_| {
            let queues = queues.clone();
            tokio::spawn(async move {
                let mut bodies = Vec::new();
                let wait = || ReceiveMessage { wait_time_seconds: Some(2), ..up_to_ten() };
                loop {
                    let messages = queues.receive_message("q", wait()).await.unwrap();
                    if messages.is_empty() {
                        return bodies;
                    }
                    let entries = messages.iter().enumerate().map(|(index, message)| {
                        BatchEntry::new(index.to_string(), message.receipt_handle.clone())
                    });
                    let result = queues.delete_message_batch("q", entries.collect()).await;
                    assert!(result.unwrap().failed.is_empty());
                    bodies.extend(messages.into_iter().map(|message| message.body));
                }
            })
        })
        .collect();
    for sender in senders {
        sender.await.unwrap();
    }
    let mut all = Vec::new();
    for receiver in receivers {
        all.extend(receiver.await.unwrap());
    }
    assert_eq!(all.len(), 500);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 500);
    drop(queues);
    let (_, loaded) = Store::on_disk(dir.path()).unwrap();
    assert_eq!(loaded.records.count(), 0);
}
