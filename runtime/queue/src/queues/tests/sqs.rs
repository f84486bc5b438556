//! Actions and errors as AWS has them. The expected messages are those that LocalStack recorded
//! from AWS (`tests/aws/services/sqs/test_sqs.snapshot.json`) where it has them.

use super::*;
use crate::{
    AttributeValue, BatchEntry, ChangeVisibility, ErrorKind, MessageAttribute, QueueError,
};

fn string(value: &str) -> MessageAttribute {
    MessageAttribute { data_type: "String".into(), value: AttributeValue::String(value.into()) }
}

#[tokio::test(start_paused = true)]
async fn a_message_comes_back_as_it_was_sent() {
    let (_dir, queues) = with_queue(&[]).await;
    let attributes = [("General", "Kenobi"), ("Hello", "There"), ("Help.Me", "Me")]
        .map(|(name, value)| (name.to_owned(), string(value)));
    let message = SendMessage {
        attributes: attributes.into(),
        system_attributes: [("AWSTraceHeader".to_owned(), string("Root=1-5"))].into(),
        group_id: Some("tenant".into()),
        ..SendMessage::new("msg")
    };
    let sent = queues.send_message("q", message.clone()).await.unwrap();
    assert_eq!(sent.md5_of_body, "6e2baaf3b97dbeef01c0043275f9a0e7");
    assert_eq!(sent.md5_of_attributes.as_deref(), Some("4c360f3fdafd970e05fae2f149d997f5"));
    assert_eq!(sent.md5_of_system_attributes.as_deref(), Some("8cc81a76c4eaff856d39e1697bc20833"));

    let cases: [(&[&str], usize, Option<&str>); 6] = [
        (&[], 0, None),
        (&["All"], 3, Some("4c360f3fdafd970e05fae2f149d997f5")),
        (&[".*"], 3, Some("4c360f3fdafd970e05fae2f149d997f5")),
        (&["Foo", "Help"], 0, None),
        (&["Hello", "General"], 2, Some("fca026605781cb4126a1e9044df24232")),
        (&["Hel.*"], 2, Some("83fee93c1bcd8b9a5a923ffacdc636c7")),
    ];
    for (names, number, md5) in cases {
        let input = ReceiveMessage {
            visibility_timeout: Some(0),
            attribute_names: names.iter().map(|&name| name.into()).collect(),
            ..ReceiveMessage::default()
        };
        let received = queues.receive_message("q", input).await.unwrap().remove(0);
        assert_eq!(received.attributes.len(), number, "{names:?}");
        assert_eq!(received.md5_of_attributes.as_deref(), md5, "{names:?}");
        assert_eq!(received.system_attributes, Attributes::new());
        assert_eq!(received.message_id, sent.message_id);
    }
    let received = receive(&queues, "q").await.remove(0);
    assert_eq!(received.attributes, message.attributes);
    let epoch = EPOCH.to_string();
    let expected = attributes_of(&[
        ("AWSTraceHeader", "Root=1-5"),
        ("ApproximateFirstReceiveTimestamp", &epoch),
        ("ApproximateReceiveCount", "7"),
        ("MessageGroupId", "tenant"),
        ("SenderId", "000000000000"),
        ("SentTimestamp", &epoch),
    ]);
    assert_eq!(received.system_attributes, expected);
}

fn attributes_of(pairs: &[(&str, &str)]) -> Attributes {
    super::attributes(pairs)
}

#[tokio::test(start_paused = true)]
async fn attributes_have_awss_defaults() {
    let (_dir, queues) = with_queue(&[("VisibilityTimeout", "20")]).await;
    pass(Duration::from_secs(10)).await;
    let all = queues.get_queue_attributes("q", &["All".into()]).await.unwrap();
    let expected = attributes_of(&[
        ("ApproximateNumberOfMessages", "0"),
        ("ApproximateNumberOfMessagesDelayed", "0"),
        ("ApproximateNumberOfMessagesNotVisible", "0"),
        ("CreatedTimestamp", "1700000000"),
        ("DelaySeconds", "0"),
        ("LastModifiedTimestamp", "1700000000"),
        ("MaximumMessageSize", "1048576"),
        ("MessageRetentionPeriod", "345600"),
        ("QueueArn", "arn:aws:sqs:us-east-1:000000000000:q"),
        ("ReceiveMessageWaitTimeSeconds", "0"),
        ("SqsManagedSseEnabled", "true"),
        ("VisibilityTimeout", "20"),
    ]);
    assert_eq!(all, expected);
    queues.set_queue_attributes("q", &attributes_of(&[("DelaySeconds", "9")])).await.unwrap();
    let names = ["DelaySeconds", "LastModifiedTimestamp", "RedrivePolicy"].map(String::from);
    let some = queues.get_queue_attributes("q", &names).await.unwrap();
    let expected = attributes_of(&[("DelaySeconds", "9"), ("LastModifiedTimestamp", "1700000010")]);
    assert_eq!(some, expected);
    assert_eq!(queues.get_queue_attributes("q", &[]).await.unwrap(), Attributes::new());
    let error = queues.get_queue_attributes("q", &["Nope".into()]).await.unwrap_err();
    assert_eq!(error.to_string(), "InvalidAttributeName: Unknown Attribute Nope.");
}

#[tokio::test(start_paused = true)]
async fn creating_is_idempotent_and_ensuring_changes_attributes() {
    let (dir, queues) = with_queue(&[("DelaySeconds", "1")]).await;
    let create = |pairs: &[(&str, &str)]| {
        let attributes = attributes_of(pairs);
        let queues = queues.clone();
        async move { queues.create_queue("q", &attributes, &Attributes::new()).await }
    };
    let url = "http://127.0.0.1:9000/000000000000/q";
    assert_eq!(create(&[("DelaySeconds", "1")]).await.unwrap(), url);
    assert_eq!(create(&[]).await.unwrap(), url);
    let error = create(&[("DelaySeconds", "2")]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "QueueAlreadyExists: A queue already exists with the same name and a different value for \
         attribute DelaySeconds"
    );
    assert_eq!(error.code(), "QueueNameExists");

    send(&queues, "kept").await;
    let changed = attributes_of(&[("VisibilityTimeout", "5")]);
    queues.ensure_queue("q", &changed).await.unwrap();
    queues.ensure_queue("new", &Attributes::new()).await.unwrap();
    drop(queues);
    let queues = open(&dir);
    let names = ["DelaySeconds", "VisibilityTimeout", "ApproximateNumberOfMessagesDelayed"]
        .map(String::from);
    let attributes = queues.get_queue_attributes("q", &names).await.unwrap();
    assert_eq!(
        attributes,
        attributes_of(&[
            ("ApproximateNumberOfMessagesDelayed", "1"),
            ("DelaySeconds", "0"),
            ("VisibilityTimeout", "5"),
        ])
    );
    assert!(queues.get_queue_url("new").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn queues_are_listed_by_pages() {
    let (_dir, queues) = with_queue(&[]).await;
    for name in ["p-3", "p-1", "p-2"] {
        queues.create_queue(name, &Attributes::new(), &Attributes::new()).await.unwrap();
    }
    let all = queues.list_queues(None, None, None).await.unwrap();
    assert_eq!(all.queue_urls, ["p-1", "p-2", "p-3", "q"].map(|name| queues.url(name)));
    let first = queues.list_queues(Some("p-"), Some(2), None).await.unwrap();
    assert_eq!(first.queue_urls, ["p-1", "p-2"].map(|name| queues.url(name)));
    let token = first.next_token.as_deref();
    assert!(token.is_some());
    let second = queues.list_queues(Some("p-"), Some(2), token).await.unwrap();
    assert_eq!(second.queue_urls, [queues.url("p-3")]);
    assert_eq!(second.next_token, None);
}

#[tokio::test(start_paused = true)]
async fn tags_are_kept() {
    let (dir, queues) = with_queue(&[]).await;
    queues.tag_queue("q", &attributes_of(&[("a", "1"), ("b", "2")])).await.unwrap();
    queues.untag_queue("q", &["a".into()]).await.unwrap();
    drop(queues);
    let queues = open(&dir);
    assert_eq!(queues.list_queue_tags("q").await.unwrap(), attributes_of(&[("b", "2")]));
}

#[tokio::test(start_paused = true)]
async fn batches_report_each_entry() {
    let (_dir, queues) = with_queue(&[]).await;
    let entries = vec![
        BatchEntry::new("good", SendMessage::new("a")),
        BatchEntry::new("bad", SendMessage::new("\u{1}")),
    ];
    let result = queues.send_message_batch("q", entries).await.unwrap();
    assert_eq!(result.successful[0].id, "good");
    assert_eq!(result.successful[0].entry.md5_of_body, "0cc175b9c0f1b6a831c399e269772661");
    assert_eq!(result.failed[0].id, "bad");
    assert_eq!(result.failed[0].entry.kind(), ErrorKind::InvalidMessageContents);

    let handle = receive(&queues, "q").await.remove(0).receipt_handle;
    let change = |id: &str, handle: &str, visibility_timeout| {
        let receipt_handle = handle.to_owned();
        BatchEntry::new(id, ChangeVisibility { receipt_handle, visibility_timeout })
    };
    let entries = vec![
        change("good", &handle, 10),
        change("garbage", "garbage", 10),
        change("long", &handle, 43_201),
    ];
    let result = queues.change_message_visibility_batch("q", entries).await.unwrap();
    assert_eq!(result.successful.len(), 1);
    let failed: Vec<_> = result.failed.iter().map(|entry| entry.entry.query_code()).collect();
    assert_eq!(failed, ["ReceiptHandleIsInvalid", "InvalidParameterValue"]);

    let entries = vec![BatchEntry::new("1", handle), BatchEntry::new("2", "garbage".into())];
    let result = queues.delete_message_batch("q", entries).await.unwrap();
    assert_eq!((result.successful.len(), result.failed.len()), (1, 1));
    assert_eq!(count(&queues, "q", "NotVisible").await, 0);
}

#[tokio::test(start_paused = true)]
async fn errors_are_awss() {
    let (_dir, queues) = with_queue(&[("MaximumMessageSize", "1024")]).await;
    let receive = |change: fn(&mut ReceiveMessage)| {
        let mut input = ReceiveMessage::default();
        change(&mut input);
        let queues = queues.clone();
        async move { queues.receive_message("q", input).await.unwrap_err() }
    };
    let create = |name: &str, pairs: &[(&str, &str)]| {
        let (name, attributes) = (name.to_owned(), attributes_of(pairs));
        let queues = queues.clone();
        async move { queues.create_queue(&name, &attributes, &Attributes::new()).await.unwrap_err() }
    };
    let send = |body: String| {
        let queues = queues.clone();
        async move { queues.send_message("q", SendMessage::new(body)).await.unwrap_err() }
    };
    let entries = |number: usize, id: fn(usize) -> String| {
        (0..number).map(|n| BatchEntry::new(id(n), "x".to_owned())).collect::<Vec<_>>()
    };
    let delete = |entries| {
        let queues = queues.clone();
        async move { queues.delete_message_batch("q", entries).await.unwrap_err() }
    };
    let big = vec![
        BatchEntry::new("1", SendMessage::new("x".repeat(1_048_576))),
        BatchEntry::new("2", SendMessage::new("y")),
    ];
    let cases: Vec<(QueueError, &str)> = vec![
        (
            queues.get_queue_url("no").await.unwrap_err(),
            "AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist.",
        ),
        (
            receive(|input| input.max_number_of_messages = Some(11)).await,
            "InvalidParameterValue: Value 11 for parameter MaxNumberOfMessages is invalid. \
             Reason: Must be between 1 and 10, if provided.",
        ),
        (
            receive(|input| input.wait_time_seconds = Some(21)).await,
            "InvalidParameterValue: Value 21 for parameter WaitTimeSeconds is invalid. \
             Reason: Must be >= 0 and <= 20, if provided.",
        ),
        (
            create("no/slash", &[]).await,
            "InvalidParameterValue: Can only include alphanumeric characters, hyphens, or \
             underscores. 1 to 80 in length",
        ),
        (
            create("a", &[("VisibilityTimeout", "43201")]).await,
            "InvalidAttributeValue: Invalid value for the parameter VisibilityTimeout.",
        ),
        (
            create("a", &[("FifoQueue", "false")]).await,
            "InvalidAttributeName: Unknown Attribute FifoQueue.",
        ),
        (
            send("x".repeat(1025)).await,
            "InvalidParameterValue: One or more parameters are invalid. Reason: Message must be \
             shorter than 1024 bytes.",
        ),
        (
            send(String::new()).await,
            "MissingParameter: The request must contain the parameter MessageBody.",
        ),
        (
            queues.delete_message("q", "garbage").await.unwrap_err(),
            "ReceiptHandleIsInvalid: The input receipt handle \"garbage\" is not a valid receipt \
             handle.",
        ),
        (
            delete(entries(0, |n| n.to_string())).await,
            "AWS.SimpleQueueService.EmptyBatchRequest: There should be at least one \
             DeleteMessageBatchRequestEntry in the request.",
        ),
        (
            delete(entries(20, |n| n.to_string())).await,
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest: Maximum number of entries per \
             request are 10. You have sent 20.",
        ),
        (
            delete(entries(2, |_| "same".into())).await,
            "AWS.SimpleQueueService.BatchEntryIdsNotDistinct: Id same repeated.",
        ),
        (
            delete(entries(1, |_| "invalid:id".into())).await,
            "AWS.SimpleQueueService.InvalidBatchEntryId: A batch entry id can only contain \
             alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
        ),
        (
            queues.send_message_batch("q", big).await.unwrap_err(),
            "AWS.SimpleQueueService.BatchRequestTooLong: Batch requests cannot be longer than \
             1048576 bytes. You have sent 1048577 bytes.",
        ),
    ];
    for (error, expected) in cases {
        assert_eq!(error.to_string(), expected);
        assert_eq!((error.is_sender_fault(), error.http_status()), (true, 400));
    }
}

/// `test_change_message_visibility_after_visibility_timeout_expiration` and
/// `test_terminate_visibility_timeout_after_receive` of LocalStack's `test_sqs.py`.
#[tokio::test(start_paused = true)]
async fn any_handle_changes_the_visibility_until_the_message_is_deleted() {
    let (_dir, queues) = with_queue(&[("VisibilityTimeout", "1")]).await;
    send(&queues, "message").await;
    let first = receive(&queues, "q").await.remove(0).receipt_handle;
    let change = |handle: &str, visibility_timeout| {
        let receipt_handle = handle.to_owned();
        queues
            .change_message_visibility("q", ChangeVisibility { receipt_handle, visibility_timeout })
    };
    pass(Duration::from_secs(1)).await;
    change(&first, 10).await.unwrap();
    assert_eq!(count(&queues, "q", "NotVisible").await, 1);
    pass(Duration::from_secs(10)).await;
    let second = receive(&queues, "q").await.remove(0).receipt_handle;
    change(&first, 0).await.unwrap();
    assert_eq!(count(&queues, "q", "").await, 1);
    queues.delete_message("q", &second).await.unwrap();
    let error = change(&second, 10).await.unwrap_err();
    assert!(error.message().ends_with(
        "Reason: Message does not exist or is not available for visibility timeout change."
    ));
}

#[tokio::test(start_paused = true)]
async fn a_message_is_hidden_for_twelve_hours_at_most() {
    let (_dir, queues) = with_queue(&[]).await;
    send(&queues, "message").await;
    let receipt_handle = receive(&queues, "q").await.remove(0).receipt_handle;
    let change = |visibility_timeout| {
        let receipt_handle = receipt_handle.clone();
        queues
            .change_message_visibility("q", ChangeVisibility { receipt_handle, visibility_timeout })
    };
    change(43_200).await.unwrap();
    pass(Duration::from_secs(1)).await;
    let error = change(43_200).await.unwrap_err();
    assert_eq!(
        error.message(),
        "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout \
         for the message is beyond the limit [43200 seconds]."
    );
    change(43_199).await.unwrap();
}
