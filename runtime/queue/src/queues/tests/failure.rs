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
    assert_eq!(loaded.records.len(), 1);
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
