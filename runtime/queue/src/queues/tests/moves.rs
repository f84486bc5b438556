//! Message move tasks. The expected answers are those that LocalStack recorded from AWS
//! (`tests/aws/services/sqs/test_sqs_move_task.snapshot.json`).

use base64::{Engine, engine::general_purpose::STANDARD};

use super::*;
use crate::{MessageMoveTask, MoveTaskStatus, QueueError, StartMessageMoveTask};

const SECOND: Duration = Duration::from_secs(1);

/// A service with the queues `q`, whose messages go to `dead` when they were received once, and
/// `other`, all with this suffix and these attributes; and with so many messages in `dead`, whose
/// bodies are numbers.
async fn with_dead_letters(
    suffix: &str,
    pairs: &[(&str, &str)],
    number: usize,
) -> (TempDir, Queues) {
    let dir = TempDir::new().unwrap();
    let queues = open(&dir);
    let [q, dead, other] = ["q", "dead", "other"].map(|name| format!("{name}{suffix}"));
    let policy =
        format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":1}}"#, queues.arn(&dead));
    let mut attributes = attributes(pairs);
    for name in [&dead, &other, &q] {
        if name == &q {
            attributes.insert("RedrivePolicy".into(), policy.clone());
        }
        queues.create_queue(name, &attributes, &Attributes::new()).await.unwrap();
    }
    for number in 0..number {
        let mut message = SendMessage::new(number.to_string());
        if !suffix.is_empty() {
            message.group_id = Some((number % 2).to_string());
            message.deduplication_id = Some(number.to_string());
        }
        queues.send_message(&q, message).await.unwrap();
    }
    let at_once = || ReceiveMessage { visibility_timeout: Some(0), ..up_to_ten() };
    while count(&queues, &dead, "").await < number {
        queues.receive_message(&q, at_once()).await.unwrap();
    }
    (dir, queues)
}

async fn start(
    queues: &Queues,
    source: &str,
    destination: Option<&str>,
    rate: Option<i64>,
) -> Result<String, QueueError> {
    let task = StartMessageMoveTask {
        source_arn: queues.arn(source),
        destination_arn: destination.map(|name| queues.arn(name)),
        max_number_of_messages_per_second: rate,
    };
    queues.start_message_move_task(task).await
}

async fn newest(queues: &Queues, source: &str) -> MessageMoveTask {
    queues.list_message_move_tasks(&queues.arn(source), None).await.unwrap().remove(0)
}

async fn ended(queues: &Queues, source: &str) -> MessageMoveTask {
    loop {
        let task = newest(queues, source).await;
        if !task.status.is_active() {
            return task;
        }
        pass(SECOND / 20).await;
    }
}

/// `test_basic_move_task_workflow`
#[tokio::test(start_paused = true)]
async fn dead_letters_are_moved_to_another_queue_as_new_messages() {
    let (_dir, queues) = with_dead_letters("", &[], 2).await;
    let dead = receive(&queues, "dead").await;
    let handle = dead[0].receipt_handle.clone();
    let change = crate::ChangeVisibility { receipt_handle: handle, visibility_timeout: 0 };
    queues.change_message_visibility("dead", change).await.unwrap();
    pass(40 * SECOND).await;
    start(&queues, "dead", Some("other"), None).await.unwrap();
    let expected = MessageMoveTask {
        task_handle: None,
        status: MoveTaskStatus::Completed,
        source_arn: queues.arn("dead"),
        destination_arn: Some(queues.arn("other")),
        max_number_of_messages_per_second: None,
        approximate_number_of_messages_moved: 2,
        approximate_number_of_messages_to_move: 2,
        failure_reason: None,
        started_timestamp: EPOCH + 40_000,
    };
    assert_eq!(ended(&queues, "dead").await, expected);
    assert_eq!(count(&queues, "dead", "").await, 0);
    let moved = receive(&queues, "other").await;
    assert_eq!(bodies(&moved), ["0", "1"]);
    for (message, dead) in moved.iter().zip(&dead) {
        assert_ne!(message.message_id, dead.message_id);
        assert_eq!(message.system_attributes["ApproximateReceiveCount"], "1");
        assert_eq!(message.system_attributes["SentTimestamp"], (EPOCH + 40_000).to_string());
        assert_eq!(message.system_attributes.get("DeadLetterQueueSourceArn"), None);
    }
}

/// `test_move_task_workflow_with_multiple_sources_as_default_destination`
#[tokio::test(start_paused = true)]
async fn by_default_each_goes_back_to_where_it_failed() {
    let (_dir, queues) = with_dead_letters("", &[], 3).await;
    let policy =
        format!(r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":1}}"#, queues.arn("dead"));
    let policy = attributes(&[("RedrivePolicy", &policy), ("VisibilityTimeout", "0")]);
    queues.set_queue_attributes("other", &policy).await.unwrap();
    queues.send_message("other", SendMessage::new("theirs")).await.unwrap();
    assert_eq!(receive(&queues, "other").await.len(), 1);
    assert_eq!(receive(&queues, "other").await.len(), 0);
    start(&queues, "dead", None, None).await.unwrap();
    let task = ended(&queues, "dead").await;
    assert_eq!((task.status, task.destination_arn), (MoveTaskStatus::Completed, None));
    assert_eq!(task.approximate_number_of_messages_moved, 4);
    assert_eq!(bodies(&receive(&queues, "q").await), ["0", "1", "2"]);
    assert_eq!(bodies(&receive(&queues, "other").await), ["theirs"]);
}

#[tokio::test(start_paused = true)]
async fn a_message_without_a_source_cannot_go_back() {
    let (_dir, queues) = with_dead_letters("", &[], 0).await;
    queues.send_message("dead", SendMessage::new("sent here")).await.unwrap();
    start(&queues, "dead", None, None).await.unwrap();
    let task = ended(&queues, "dead").await;
    assert_eq!(task.status, MoveTaskStatus::Failed);
    assert_eq!(task.failure_reason.as_deref(), Some("CouldNotDetermineMessageSource"));
    assert_eq!(bodies(&receive(&queues, "dead").await), ["sent here"]);
}

/// `test_move_task_with_throughput_limit`
#[tokio::test(start_paused = true)]
async fn the_rate_is_kept() {
    for (number, rate, least, most) in [(4, 1, 3, 5), (1000, 400, 2, 4)] {
        let (_dir, queues) = with_dead_letters("", &[], number).await;
        let start_time = tokio::time::Instant::now();
        start(&queues, "dead", Some("other"), Some(rate)).await.unwrap();
        assert_eq!(newest(&queues, "dead").await.status, MoveTaskStatus::Running);
        assert_eq!(ended(&queues, "dead").await.status, MoveTaskStatus::Completed);
        let seconds = start_time.elapsed().as_secs();
        assert!((least..most).contains(&seconds), "{number} at {rate}/s in {seconds} s");
        assert_eq!(count(&queues, "other", "").await, number);
    }
}

/// `test_move_task_cancel`
#[tokio::test(start_paused = true)]
async fn a_task_can_be_cancelled() {
    let (_dir, queues) = with_dead_letters("", &[], 10).await;
    let handle = start(&queues, "dead", Some("other"), Some(1)).await.unwrap();
    pass(SECOND + SECOND / 2).await;
    let running = newest(&queues, "dead").await;
    assert_eq!(running.task_handle.as_deref(), Some(&*handle));
    assert_eq!(running.approximate_number_of_messages_moved, 2);
    assert_eq!(running.approximate_number_of_messages_to_move, 10);
    assert_eq!(queues.cancel_message_move_task(&handle).await.unwrap(), 2);
    let task = ended(&queues, "dead").await;
    assert_eq!((task.status, task.task_handle), (MoveTaskStatus::Cancelled, None));
    pass(10 * SECOND).await;
    assert_eq!(count(&queues, "other", "").await, 2);
    let error = queues.cancel_message_move_task(&handle).await.unwrap_err();
    assert_eq!(error.code(), "UnsupportedOperation");
}

/// `test_move_task_delete_destination_queue_while_running`
#[tokio::test(start_paused = true)]
async fn a_task_fails_when_its_destination_goes() {
    let (_dir, queues) = with_dead_letters("", &[], 10).await;
    start(&queues, "dead", Some("other"), Some(1)).await.unwrap();
    pass(SECOND / 2).await;
    queues.delete_queue("other").await.unwrap();
    let task = ended(&queues, "dead").await;
    assert_eq!(task.status, MoveTaskStatus::Failed);
    assert_eq!(task.failure_reason.as_deref(), Some("AWS.SimpleQueueService.NonExistentQueue"));
    assert_eq!(count(&queues, "dead", "").await, 9);
}

#[tokio::test(start_paused = true)]
async fn a_task_goes_on_after_a_restart_and_after_the_store_has_failed() {
    let (dir, queues) = with_dead_letters("", &[], 10).await;
    start(&queues, "dead", Some("other"), Some(1)).await.unwrap();
    pass(2 * SECOND + SECOND / 2).await;
    drop(queues);
    let queues = open(&dir);
    let task = newest(&queues, "dead").await;
    assert_eq!(task.status, MoveTaskStatus::Running);
    assert_eq!(task.approximate_number_of_messages_moved, 3);
    // The clock begins anew with the service, and those moved are from later.
    pass(2 * SECOND + SECOND / 2).await;
    queues.inner.store.fail_next(Operation::Sync);
    let task = ended(&queues, "dead").await;
    assert_eq!(task.status, MoveTaskStatus::Completed);
    assert_eq!(task.approximate_number_of_messages_moved, 10);
    pass(3 * SECOND).await;
    assert_eq!(count(&queues, "other", "").await, 10);
    assert_eq!(count(&queues, "dead", "").await, 0);
}

#[tokio::test(start_paused = true)]
async fn messages_in_flight_stay_and_groups_keep_their_order() {
    let fifo = [("FifoQueue", "true"), ("VisibilityTimeout", "600")];
    let (_dir, queues) = with_dead_letters(".fifo", &fifo, 6).await;
    let one = ReceiveMessage { max_number_of_messages: Some(1), ..up_to_ten() };
    let held = queues.receive_message("dead.fifo", one).await.unwrap();
    assert_eq!(bodies(&held), ["0"]);
    start(&queues, "dead.fifo", None, None).await.unwrap();
    assert_eq!(ended(&queues, "dead.fifo").await.approximate_number_of_messages_moved, 3);
    assert_eq!(bodies(&receive(&queues, "q.fifo").await), ["1", "3", "5"]);
    queues.delete_message("dead.fifo", &held[0].receipt_handle).await.unwrap();
    start(&queues, "dead.fifo", Some("other.fifo"), None).await.unwrap();
    assert_eq!(ended(&queues, "dead.fifo").await.approximate_number_of_messages_moved, 2);
    assert_eq!(bodies(&receive(&queues, "other.fifo").await), ["2", "4"]);
    let both = queues.list_message_move_tasks(&queues.arn("dead.fifo"), Some(10)).await.unwrap();
    assert_eq!(both.len(), 2);
    assert!(both[0].destination_arn.is_some() && both[1].destination_arn.is_none());
}

#[tokio::test(start_paused = true)]
async fn errors_are_awss() {
    let (_dir, queues) = with_dead_letters("", &[], 3).await;
    let fifo = attributes(&[("FifoQueue", "true")]);
    queues.create_queue("f.fifo", &fifo, &Attributes::new()).await.unwrap();
    let refused = async |source: &str, destination: Option<&str>, rate| {
        start(&queues, source, destination, rate).await.unwrap_err().to_string()
    };
    let cancel = async |json: &str| {
        let handle = STANDARD.encode(json);
        queues.cancel_message_move_task(&handle).await.unwrap_err().to_string()
    };
    let no_source = "ResourceNotFoundException: The resource that you specified for the SourceArn \
                     parameter doesn't exist.";
    let cases = [
        (refused("no", None, None).await, no_source),
        (
            refused("q", Some("other"), None).await,
            "InvalidParameterValue: Source queue must be configured as a Dead Letter Queue.",
        ),
        (
            refused("dead", Some("no"), None).await,
            "ResourceNotFoundException: The resource that you specified for the DestinationArn \
             parameter doesn't exist.",
        ),
        (
            refused("dead", Some("other"), Some(501)).await,
            "InvalidParameterValue: Value 501 for parameter MaxNumberOfMessagesPerSecond is \
             invalid. Reason: Must be >= 1 and <= 500, if provided.",
        ),
        (
            refused("dead", Some("f.fifo"), None).await,
            "AWS.SimpleQueueService.UnsupportedOperation: The source queue and the destination \
             queue must be of one type.",
        ),
        (
            cancel("foobared").await,
            "InvalidParameterValue: Value for parameter TaskHandle is invalid.",
        ),
        (
            cancel(r#"{"taskId":"1","sourceArn":"arn:aws:sqs:us-east-1:000000000000:no"}"#).await,
            no_source,
        ),
        (
            cancel(r#"{"taskId":"1","sourceArn":"arn:aws:sqs:us-east-1:000000000000:dead"}"#).await,
            "ResourceNotFoundException: Task does not exist.",
        ),
    ];
    for (error, expected) in cases {
        assert_eq!(error, expected);
    }
    let error = queues.list_message_move_tasks("dead", None).await.unwrap_err();
    assert_eq!((error.code(), error.http_status()), ("InvalidParameterValueException", 400));

    // `test_start_multiple_move_tasks`
    start(&queues, "dead", Some("other"), Some(1)).await.unwrap();
    assert_eq!(
        refused("dead", Some("other"), None).await,
        "InvalidParameterValue: There is already a task running. Only one active task is allowed \
         for a source queue arn at a given time."
    );
}
