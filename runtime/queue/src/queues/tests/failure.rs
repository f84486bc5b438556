//! A disk that fails.

use super::*;
use crate::ErrorKind;

#[tokio::test(start_paused = true)]
async fn after_a_failed_sync_the_service_goes_on_without_what_it_refused() {
    let (dir, queues) = with_queue(&[]).await;
    send(&queues, "before").await;
    let in_flight = receive(&queues, "q").await.remove(0);

    queues.inner.store.fail_next(Operation::Sync);
    let error = queues.send_message("q", SendMessage::new("refused")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InternalFailure);
    assert!(error.message().contains("injected failure"), "{error}");

    send(&queues, "after").await;
    assert_eq!(bodies(&receive(&queues, "q").await), ["after"]);
    // The receipt from before is still good.
    assert_eq!(count(&queues, "q", "NotVisible").await, 2);
    queues.delete_message("q", &in_flight.receipt_handle).await.unwrap();
    assert_eq!(count(&queues, "q", "NotVisible").await, 1);

    drop(queues);
    let (_, loaded) = Store::on_disk(dir.path()).unwrap();
    assert_eq!(loaded.records.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_failed_can_be_tried_again() {
    let (_dir, queues) = with_queue(&[]).await;
    send(&queues, "message").await;
    let message = receive(&queues, "q").await.remove(0);
    queues.inner.store.fail_next(Operation::Sync);
    assert!(queues.delete_message("q", &message.receipt_handle).await.is_err());
    queues.delete_message("q", &message.receipt_handle).await.unwrap();
    assert_eq!(count(&queues, "q", "NotVisible").await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_receive_that_waits_is_told_and_the_next_one_waits_again() {
    let (_dir, queues) = with_queue(&[]).await;
    let wait = || ReceiveMessage { wait_time_seconds: Some(20), ..up_to_ten() };
    let fail = async {
        pass(Duration::from_secs(1)).await;
        queues.inner.store.fail_next(Operation::Sync);
        assert!(queues.send_message("q", SendMessage::new("refused")).await.is_err());
    };
    let (waited, ()) = tokio::join!(queues.receive_message("q", wait()), fail);
    assert_eq!(waited.unwrap_err().kind(), ErrorKind::InternalFailure);
    let (waited, ()) = tokio::join!(queues.receive_message("q", wait()), send(&queues, "fine"));
    assert_eq!(bodies(&waited.unwrap()), ["fine"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receive_does_not_wait_for_the_disk() {
    let (_dir, queues) = with_queue(&[]).await;
    send(&queues, "first").await;
    let syncs = queues.inner.store.hold_syncs();
    let sender = queues.clone();
    let sending =
        tokio::spawn(async move { sender.send_message("q", SendMessage::new("second")).await });
    assert_eq!(bodies(&receive(&queues, "q").await), ["first"]);
    // The other message is not on the disk, so nobody may know it.
    assert!(receive(&queues, "q").await.is_empty());
    assert!(!sending.is_finished());
    drop(syncs);
    sending.await.unwrap().unwrap();
    assert_eq!(bodies(&receive(&queues, "q").await), ["second"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_fails_takes_back_what_was_written_and_not_synced() {
    let (dir, queues) = with_queue(&[]).await;
    send(&queues, "before").await;
    let syncs = queues.inner.store.hold_syncs();
    let spawn = |body: &'static str| {
        let queues = queues.clone();
        tokio::spawn(async move { queues.send_message("q", SendMessage::new(body)).await })
    };
    // One is held in its sync, one is written and waits for the next.
    let syncing = spawn("syncing");
    written(&dir, "syncing").await;
    let waiting = spawn("waiting");
    written(&dir, "waiting").await;
    queues.inner.store.fail_next(Operation::Write);
    let failing = spawn("failing");
    // The failure is found at once, and dealt with after the sync that is under way.
    drop(syncs);
    let results =
        [syncing.await.unwrap(), waiting.await.unwrap(), failing.await.unwrap()].map(|r| r.is_ok());
    assert!(!results[2], "{results:?}");
    let mut expected = vec!["before"];
    expected.extend(
        ["syncing", "waiting"].into_iter().zip(results).filter_map(|(b, ok)| ok.then_some(b)),
    );
    let messages = receive(&queues, "q").await;
    let mut received = bodies(&messages);
    received.sort_unstable();
    expected.sort_unstable();
    assert_eq!(received, expected, "{results:?}");
    drop(queues);
    let (_, loaded) = Store::on_disk(dir.path()).unwrap();
    assert_eq!(loaded.records.count(), expected.len());
}

/// Waits until the operating system has the message.
async fn written(dir: &TempDir, body: &str) {
    let has = |path: std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(body.len()).any(|window| window == body.as_bytes())
    };
    while !std::fs::read_dir(dir.path()).unwrap().any(|entry| has(entry.unwrap().path())) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
