//! FIFO queues. The expected errors are those that LocalStack recorded from AWS
//! (`tests/aws/services/sqs/test_sqs.snapshot.json`) where it has them.

use super::*;
use crate::{BatchEntry, ChangeVisibility, ErrorKind};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A service with the FIFO queue `q.fifo`.
async fn with_fifo(pairs: &[(&str, &str)]) -> (TempDir, Queues) {
    let dir = TempDir::new().unwrap();
    let queues = open(&dir);
    create(&queues, "q.fifo", pairs).await;
    (dir, queues)
}

async fn create(queues: &Queues, name: &str, pairs: &[(&str, &str)]) {
    let mut attributes = attributes(pairs);
    attributes.insert("FifoQueue".into(), "true".into());
    queues.create_queue(name, &attributes, &Attributes::new()).await.unwrap();
}

/// A message of a group, with its body as deduplication id.
fn message(group: &str, body: &str) -> SendMessage {
    SendMessage {
        group_id: Some(group.into()),
        deduplication_id: Some(body.into()),
        ..SendMessage::new(body)
    }
}

async fn send(queues: &Queues, group: &str, body: &str) -> crate::SentMessage {
    queues.send_message("q.fifo", message(group, body)).await.unwrap()
}

async fn delete_all(queues: &Queues, messages: &[Message]) {
    for message in messages {
        queues.delete_message("q.fifo", &message.receipt_handle).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn messages_of_a_group_come_in_order_whatever_happens() {
    let (dir, mut queues) = with_fifo(&[("VisibilityTimeout", "10")]).await;
    for number in 0..5 {
        send(&queues, "a", &format!("a{number}")).await;
        send(&queues, "b", &format!("b{number}")).await;
    }
    let three = || ReceiveMessage { max_number_of_messages: Some(3), ..up_to_ten() };
    let first = queues.receive_message("q.fifo", three()).await.unwrap();
    assert_eq!(bodies(&first), ["a0", "a1", "a2"]);
    assert_eq!(bodies(&receive(&queues, "q.fifo").await), ["b0", "b1", "b2", "b3", "b4"]);
    assert!(receive(&queues, "q.fifo").await.is_empty());
    delete_all(&queues, &first[..1]).await;
    for restart in [false, true] {
        if restart {
            drop(queues);
            queues = open(&dir);
        }
        assert!(receive(&queues, "q.fifo").await.is_empty());
        assert_eq!(count(&queues, "q.fifo", "").await, 2);
    }
    pass(10 * SECOND).await;
    let all = receive(&queues, "q.fifo").await;
    assert_eq!(bodies(&all), ["b0", "b1", "b2", "b3", "b4", "a1", "a2", "a3", "a4"]);
    let sequences: Vec<&str> =
        all.iter().map(|m| m.system_attributes["SequenceNumber"].as_str()).collect();
    assert!(sequences.iter().all(|number| number.len() == 20));
    assert!(sequences[..5].is_sorted() && sequences[5..].is_sorted());
    delete_all(&queues, &all).await;
    let later = send(&queues, "a", "a5").await.sequence_number.unwrap();
    assert!(sequences.iter().all(|number| **number < *later));
}

#[tokio::test(start_paused = true)]
async fn a_message_says_what_it_was_sent_with() {
    let (_dir, queues) = with_fifo(&[]).await;
    let sent = send(&queues, "group", "body").await;
    let received = receive(&queues, "q.fifo").await.remove(0);
    let epoch = EPOCH.to_string();
    let expected = attributes(&[
        ("ApproximateFirstReceiveTimestamp", &epoch),
        ("ApproximateReceiveCount", "1"),
        ("MessageDeduplicationId", "body"),
        ("MessageGroupId", "group"),
        ("SenderId", "000000000000"),
        ("SentTimestamp", &epoch),
        ("SequenceNumber", &sent.sequence_number.unwrap()),
    ]);
    assert_eq!(received.system_attributes, expected);
}

#[tokio::test(start_paused = true)]
async fn duplicates_are_answered_as_the_original_and_not_sent() {
    let (dir, queues) = with_fifo(&[]).await;
    let original = send(&queues, "a", "id").await;
    let duplicate = SendMessage { body: "another body".into(), ..message("b", "id") };
    let answer = queues.send_message("q.fifo", duplicate.clone()).await.unwrap();
    assert_eq!(answer.message_id, original.message_id);
    assert_eq!(answer.sequence_number, original.sequence_number);
    assert_ne!(answer.md5_of_body, original.md5_of_body);

    // Also after it was deleted, the queue purged, and the service opened again.
    delete_all(&queues, &receive(&queues, "q.fifo").await).await;
    queues.purge_queue("q.fifo").await.unwrap();
    pass(4 * MINUTE).await;
    drop(queues);
    let queues = open(&dir);
    // The clock begins anew with the service.
    pass(4 * MINUTE).await;
    assert_eq!(send(&queues, "a", "id").await.message_id, original.message_id);
    assert!(receive(&queues, "q.fifo").await.is_empty());
    pass(MINUTE).await;
    assert_ne!(send(&queues, "a", "id").await.message_id, original.message_id);
    assert_eq!(bodies(&receive(&queues, "q.fifo").await), ["id"]);

    // What has ended is cleared away.
    pass(6 * MINUTE).await;
    send(&queues, "a", "other").await;
    drop(queues);
    let (_, loaded) = Store::on_disk(dir.path()).unwrap();
    assert_eq!(loaded.accepted.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn duplicates_in_one_batch_and_in_one_commit_are_found() {
    let (_dir, queues) = with_fifo(&[]).await;
    let entries = ["1", "2", "1"].iter().enumerate();
    let entries =
        entries.map(|(index, id)| BatchEntry::new(index.to_string(), message("a", id))).collect();
    let sent = queues.send_message_batch("q.fifo", entries).await.unwrap().successful;
    assert_eq!(sent[0].entry.message_id, sent[2].entry.message_id);
    assert_eq!(sent[0].entry.sequence_number, sent[2].entry.sequence_number);
    assert_ne!(sent[0].entry.message_id, sent[1].entry.message_id);
    let (one, two) = tokio::join!(send(&queues, "a", "3"), send(&queues, "a", "3"));
    assert_eq!(one.message_id, two.message_id);
    assert_eq!(bodies(&receive(&queues, "q.fifo").await), ["1", "2", "3"]);
}

#[tokio::test(start_paused = true)]
async fn the_scope_of_deduplication_can_be_the_group() {
    let scope =
        [("DeduplicationScope", "messageGroup"), ("FifoThroughputLimit", "perMessageGroupId")];
    let (_dir, queues) = with_fifo(&scope).await;
    send(&queues, "a", "id").await;
    send(&queues, "a", "id").await;
    send(&queues, "b", "id").await;
    assert_eq!(receive(&queues, "q.fifo").await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn content_can_be_the_deduplication_id() {
    let (_dir, queues) = with_fifo(&[("ContentBasedDeduplication", "true")]).await;
    let without_id = || SendMessage { deduplication_id: None, ..message("a", "abc") };
    let original = queues.send_message("q.fifo", without_id()).await.unwrap();
    let again = queues.send_message("q.fifo", without_id()).await.unwrap();
    assert_eq!(again.message_id, original.message_id);
    // An id of its own counts, whatever the content.
    send(&queues, "a", "abc").await;
    let received = receive(&queues, "q.fifo").await;
    let id = |index: usize| received[index].system_attributes["MessageDeduplicationId"].as_str();
    assert_eq!(received.len(), 2);
    assert_eq!(id(0), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(id(1), "abc");
}

#[tokio::test(start_paused = true)]
async fn a_refused_message_is_not_the_original_of_a_duplicate() {
    let (dir, queues) = with_fifo(&[]).await;
    queues.inner.store.fail_next(Operation::Sync);
    assert!(queues.send_message("q.fifo", message("a", "id")).await.is_err());
    let sent = send(&queues, "a", "id").await;
    drop(queues);
    let queues = open(&dir);
    let received = receive(&queues, "q.fifo").await;
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].message_id, sent.message_id);
    drop(queues);
    let (_, loaded) = Store::on_disk(dir.path()).unwrap();
    assert_eq!(loaded.accepted.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_repeated_with_the_same_receipts() {
    let (_dir, queues) = with_fifo(&[("VisibilityTimeout", "10")]).await;
    send(&queues, "a", "1").await;
    send(&queues, "a", "2").await;
    let attempt = |id: &str| {
        let id = Some(id.to_owned());
        queues.receive_message(
            "q.fifo",
            ReceiveMessage { receive_request_attempt_id: id, ..up_to_ten() },
        )
    };
    assert_eq!(attempt("other").await.unwrap().len(), 2);
    let first = attempt("one").await.unwrap();
    assert!(first.is_empty());
    pass(10 * SECOND).await;
    let first = attempt("one").await.unwrap();
    assert_eq!(bodies(&first), ["1", "2"]);
    pass(9 * SECOND).await;
    assert_eq!(attempt("one").await.unwrap(), first);
    assert!(attempt("other").await.unwrap().is_empty());
    // The visibility timeout began anew.
    pass(9 * SECOND).await;
    delete_all(&queues, &first).await;
    let error = attempt("one").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidParameterValue);
    assert_eq!(
        error.message(),
        "Value one for parameter ReceiveRequestAttemptId is invalid. Reason: The \
         receiveRequestAttemptId is not valid anymore since the receive call is not retryable."
    );
    assert!(attempt("third").await.unwrap().is_empty());
}

/// AWS says nothing of servers that end; a caller who repeats a receive because of an end that
/// it did not see must find what it was given.
#[tokio::test(start_paused = true)]
async fn an_attempt_is_repeated_after_a_restart() {
    async fn try_attempt(queues: &Queues, id: &str) -> Result<Vec<Message>, QueueError> {
        let id = Some(id.to_owned());
        let input = ReceiveMessage { receive_request_attempt_id: id, ..up_to_ten() };
        queues.receive_message("q.fifo", input).await
    }
    async fn attempt(queues: &Queues, id: &str) -> Vec<Message> {
        try_attempt(queues, id).await.unwrap()
    }
    let (dir, queues) = with_fifo(&[("VisibilityTimeout", "200")]).await;
    // One that goes on over restarts; tokio's time has stood still since the first was made.
    let clock = Arc::new(TokioClock::starting_at(EPOCH));
    for (group, body) in [("a", "1"), ("a", "2"), ("b", "3")] {
        send(&queues, group, body).await;
    }
    let first = attempt(&queues, "one/a").await;
    assert_eq!(bodies(&first), ["1", "2", "3"]);
    let reopen = |queues: Queues| {
        drop(queues);
        let options = Options { clock: clock.clone(), ..Options::default() };
        Queues::open(dir.path(), options).unwrap()
    };
    let queues = reopen(queues);
    assert_eq!(attempt(&queues, "one/a").await, first);
    assert!(attempt(&queues, "two").await.is_empty());
    // Repeated twice, with a restart after each: the visibility timeouts begin anew.
    pass(150 * SECOND).await;
    let queues = reopen(queues);
    assert_eq!(attempt(&queues, "one/a").await, first);
    // A message was deleted: the others come back at their time, and not before.
    delete_all(&queues, &first[..1]).await;
    let queues = reopen(queues);
    try_attempt(&queues, "one/a").await.unwrap_err();
    assert!(attempt(&queues, "two").await.is_empty());
    pass(200 * SECOND).await;
    let second = attempt(&queues, "two").await;
    assert_eq!(bodies(&second), ["2", "3"]);
    // The five minutes end, whatever the visibility timeout.
    for message in &second {
        let receipt_handle = message.receipt_handle.clone();
        let visibility = ChangeVisibility { receipt_handle, visibility_timeout: 3600 };
        queues.change_message_visibility("q.fifo", visibility).await.unwrap();
    }
    try_attempt(&queues, "two").await.unwrap_err();
    pass(5 * MINUTE).await;
    let queues = reopen(queues);
    assert!(attempt(&queues, "two").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_message_sent_or_deleted_wakes_those_who_wait_for_its_group() {
    let (_dir, queues) = with_fifo(&[]).await;
    send(&queues, "a", "1").await;
    let first = receive(&queues, "q.fifo").await;
    send(&queues, "a", "2").await;
    let start = tokio::time::Instant::now();
    let wait = ReceiveMessage { wait_time_seconds: Some(20), ..up_to_ten() };
    let delete = async {
        pass(3 * SECOND).await;
        delete_all(&queues, &first).await;
    };
    let (received, ()) = tokio::join!(queues.receive_message("q.fifo", wait), delete);
    assert_eq!(bodies(&received.unwrap()), ["2"]);
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_delay_of_the_queue_holds_for_what_is_in_it() {
    let (dir, queues) = with_fifo(&[("DelaySeconds", "60")]).await;
    send(&queues, "a", "1").await;
    pass(10 * SECOND).await;
    let ten = attributes(&[("DelaySeconds", "20")]);
    queues.set_queue_attributes("q.fifo", &ten).await.unwrap();
    send(&queues, "a", "2").await;
    assert_eq!(count(&queues, "q.fifo", "Delayed").await, 2);
    pass(10 * SECOND).await;
    assert_eq!(count(&queues, "q.fifo", "Delayed").await, 1);
    drop(queues);
    // The clock begins anew with the service, and so does the wait.
    let queues = open(&dir);
    pass(20 * SECOND).await;
    assert_eq!(count(&queues, "q.fifo", "Delayed").await, 1);
    pass(10 * SECOND).await;
    assert_eq!(bodies(&receive(&queues, "q.fifo").await), ["1", "2"]);
}

#[tokio::test(start_paused = true)]
async fn dead_letters_keep_their_group_and_begin_anew() {
    let (dir, queues) = with_fifo(&[("VisibilityTimeout", "1")]).await;
    create(&queues, "dead.fifo", &[("MessageRetentionPeriod", "60")]).await;
    let policy =
        format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":2}}"#, queues.arn("dead.fifo"));
    let policy = attributes(&[("RedrivePolicy", &policy)]);
    queues.set_queue_attributes("q.fifo", &policy).await.unwrap();
    let sent = [send(&queues, "a", "1").await, send(&queues, "a", "2").await];
    send(&queues, "b", "3").await;
    let one = || ReceiveMessage { max_number_of_messages: Some(2), ..up_to_ten() };
    for _ in 0..2 {
        assert_eq!(bodies(&queues.receive_message("q.fifo", one()).await.unwrap()), ["1", "2"]);
        let b = receive(&queues, "q.fifo").await;
        assert_eq!(bodies(&b), ["3"]);
        let change = ChangeVisibility {
            receipt_handle: b[0].receipt_handle.clone(),
            visibility_timeout: 30,
        };
        queues.change_message_visibility("q.fifo", change).await.unwrap();
        pass(30 * SECOND).await;
    }
    assert!(receive(&queues, "q.fifo").await.is_empty());

    drop(queues);
    // The clock begins anew with the service.
    let queues = open(&dir);
    pass(60 * SECOND).await;
    let dead = receive(&queues, "dead.fifo").await;
    assert_eq!(bodies(&dead), ["1", "2", "3"]);
    let moved_at = (EPOCH + 60_000).to_string();
    for (index, sent) in sent.iter().enumerate() {
        let system = &dead[index].system_attributes;
        assert_eq!(dead[index].message_id, sent.message_id);
        assert_eq!(system["MessageGroupId"], "a");
        assert_eq!(system["MessageDeduplicationId"], sent.message_id);
        assert_eq!(system["DeadLetterQueueSourceArn"], queues.arn("q.fifo"));
        assert_eq!(system["SentTimestamp"], moved_at);
        assert!(Some(&system["SequenceNumber"]) > sent.sequence_number.as_ref());
    }
    pass(59 * SECOND).await;
    assert_eq!(count(&queues, "dead.fifo", "").await, 3);
    pass(SECOND).await;
    assert_eq!(count(&queues, "dead.fifo", "").await, 0);
}

#[tokio::test(start_paused = true)]
async fn errors_are_awss() {
    let (_dir, queues) = with_fifo(&[("VisibilityTimeout", "1")]).await;
    queues.create_queue("q", &Attributes::new(), &Attributes::new()).await.unwrap();
    let refused = |queue: &'static str, message: SendMessage| {
        let queues = queues.clone();
        async move { queues.send_message(queue, message).await.unwrap_err().to_string() }
    };
    let refused_batch = |message: SendMessage| {
        let queues = queues.clone();
        let entries = vec![
            BatchEntry::new("good", self::message("a", "good")),
            BatchEntry::new("bad", message),
        ];
        async move { queues.send_message_batch("q.fifo", entries).await.unwrap_err().to_string() }
    };
    let no_group = || SendMessage { group_id: None, ..message("a", "1") };
    let no_id = || SendMessage { deduplication_id: None, ..message("a", "1") };
    let long = "x".repeat(129);
    let no_id_text = "InvalidParameterValue: The queue should either have \
                      ContentBasedDeduplication enabled or MessageDeduplicationId provided \
                      explicitly";
    let cases = [
        (
            refused("q.fifo", no_group()).await,
            "MissingParameter: The request must contain the parameter MessageGroupId.",
        ),
        (
            refused_batch(no_group()).await,
            "InvalidParameterValue: The request must contain the parameter MessageGroupId.",
        ),
        (refused("q.fifo", no_id()).await, no_id_text),
        (refused_batch(no_id()).await, no_id_text),
        (
            refused("q.fifo", SendMessage { delay_seconds: Some(2), ..message("a", "1") }).await,
            "InvalidParameterValue: Value 2 for parameter DelaySeconds is invalid. Reason: The \
             request include parameter that is not valid for this queue type.",
        ),
        (
            refused("q", message("a", "1")).await,
            "InvalidParameterValue: Value 1 for parameter MessageDeduplicationId is invalid. \
             Reason: The request include parameter that is not valid for this queue type.",
        ),
        (
            refused("q.fifo", message("a b", "1")).await,
            "InvalidParameterValue: Value a b for parameter MessageGroupId is invalid. Reason: \
             MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 \
             in length.",
        ),
        (
            refused("q.fifo", message("a", "")).await,
            "MissingParameter: The request must contain the parameter MessageBody.",
        ),
    ];
    for (error, expected) in cases {
        assert_eq!(error, expected);
    }
    let too_long = SendMessage { deduplication_id: Some(long), ..message("a", "1") };
    assert!(refused("q.fifo", too_long).await.ends_with("1 to 128 in length."));
    assert_eq!(count(&queues, "q.fifo", "").await, 0);
    // A delay of 0 is no delay.
    let no_delay = SendMessage { delay_seconds: Some(0), ..message("a", "1") };
    queues.send_message("q.fifo", no_delay).await.unwrap();

    let received = receive(&queues, "q.fifo").await.remove(0);
    pass(SECOND).await;
    let error = queues.delete_message("q.fifo", &received.receipt_handle).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "InvalidParameterValue: Value {} for parameter ReceiptHandle is invalid. Reason: The \
             receipt handle has expired.",
            received.receipt_handle
        )
    );
    let attempt = ReceiveMessage { receive_request_attempt_id: Some("1".into()), ..up_to_ten() };
    let error = queues.receive_message("q", attempt).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidParameterValue);
}
