//! Waiting for messages.

use std::{
    task::{Context, Waker},
    time::Duration,
};

use tokio::time::Instant;

use super::*;
use crate::{ChangeVisibility, ErrorKind};

const SECOND: Duration = Duration::from_secs(1);

fn waiting(seconds: i64) -> ReceiveMessage {
    ReceiveMessage { wait_time_seconds: Some(seconds), ..up_to_ten() }
}

#[tokio::test(start_paused = true)]
async fn an_empty_queue_is_waited_on_for_the_whole_time() {
    let (_dir, queues) = with_queue(&[]).await;
    let start = Instant::now();
    assert!(queues.receive_message("q", waiting(20)).await.unwrap().is_empty());
    assert_eq!(start.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_send_ends_the_wait_at_once() {
    let (_dir, queues) = with_queue(&[("ReceiveMessageWaitTimeSeconds", "20")]).await;
    let start = Instant::now();
    let sender = async {
        pass(3 * SECOND).await;
        send(&queues, "hello").await;
    };
    let (messages, ()) = tokio::join!(receive(&queues, "q"), sender);
    assert_eq!(bodies(&messages), ["hello"]);
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_delay_or_visibility_timeout_that_ends_is_noticed() {
    let (_dir, queues) = with_queue(&[("VisibilityTimeout", "7")]).await;
    let start = Instant::now();
    let delayed = SendMessage { delay_seconds: Some(2), ..SendMessage::new("late") };
    queues.send_message("q", delayed).await.unwrap();
    assert_eq!(count(&queues, "q", "Delayed").await, 1);
    for (due, received) in [(2, "1"), (9, "2"), (16, "3")] {
        let messages = queues.receive_message("q", waiting(20)).await.unwrap();
        assert_eq!(start.elapsed().as_secs(), due);
        assert_eq!(messages[0].system_attributes["ApproximateReceiveCount"], received);
    }
}

#[tokio::test(start_paused = true)]
async fn a_visibility_timeout_that_is_cut_short_ends_the_wait() {
    let (_dir, queues) = with_queue(&[]).await;
    send(&queues, "again").await;
    let message = receive(&queues, "q").await.remove(0);
    let start = Instant::now();
    let change = async {
        pass(SECOND).await;
        let change = ChangeVisibility {
            receipt_handle: message.receipt_handle.clone(),
            visibility_timeout: 4,
        };
        queues.change_message_visibility("q", change).await.unwrap();
    };
    let (messages, ()) = tokio::join!(queues.receive_message("q", waiting(20)), change);
    assert_eq!(bodies(&messages.unwrap()), ["again"]);
    assert_eq!(start.elapsed().as_secs(), 5);
}

#[tokio::test(start_paused = true)]
async fn each_message_wakes_one_of_those_who_wait() {
    let (_dir, queues) = with_queue(&[]).await;
    let waiters: Vec<_> = (0..5)
        .map(|_| {
            let queues = queues.clone();
            tokio::spawn(async move { queues.receive_message("q", waiting(20)).await.unwrap() })
        })
        .collect();
    pass(SECOND).await;
    for number in 0..5 {
        send(&queues, &number.to_string()).await;
        // One second each: nobody sleeps over a message.
        pass(SECOND).await;
        assert_eq!(count(&queues, "q", "NotVisible").await, number + 1);
    }
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_watch_goes_on_when_the_one_who_keeps_it_leaves() {
    let (_dir, queues) = with_queue(&[]).await;
    let delayed = SendMessage { delay_seconds: Some(5), ..SendMessage::new("late") };
    queues.send_message("q", delayed).await.unwrap();
    let spawn = |queues: Queues| {
        tokio::spawn(async move { queues.receive_message("q", waiting(20)).await.unwrap() })
    };
    let (first, second) = (spawn(queues.clone()), spawn(queues.clone()));
    pass(SECOND).await;
    first.abort();
    let start = Instant::now();
    assert_eq!(bodies(&second.await.unwrap()), ["late"]);
    assert_eq!(start.elapsed().as_secs(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_receive_that_is_dropped_has_taken_nothing() {
    let (dir, queues) = with_queue(&[]).await;
    for number in 0..10 {
        send(&queues, &number.to_string()).await;
    }
    for settle in [false, true] {
        // Until all is written: a writer that met a stopped store would keep others from handing in.
        pass(SECOND).await;
        let mut receive = Box::pin(queues.receive_message("q", up_to_ten()));
        let stopped = queues.inner.store.stop();
        assert!(receive.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(stopped);
        assert_eq!(count(&queues, "q", "NotVisible").await, 10);
        if settle {
            // The store has it, and yet the caller was told nothing.
            pass(SECOND).await;
        }
        drop(receive);
        assert_eq!(count(&queues, "q", "").await, 10);
    }
    drop(queues);
    let queues = open(&dir);
    let messages = receive(&queues, "q").await;
    assert_eq!(messages.len(), 10);
    assert!(messages.iter().all(|m| m.system_attributes["ApproximateReceiveCount"] == "1"));
}

#[tokio::test(start_paused = true)]
async fn the_wait_ends_when_the_queue_is_deleted() {
    let (_dir, queues) = with_queue(&[]).await;
    let delete = async {
        pass(SECOND).await;
        queues.delete_queue("q").await.unwrap();
    };
    let (received, ()) = tokio::join!(queues.receive_message("q", waiting(20)), delete);
    assert_eq!(received.unwrap_err().kind(), ErrorKind::QueueDoesNotExist);
}
