//! The largest requests.

use http::Request;
use serde_json::{Value, json};

use super::{URL, call, stand};

/// SQS API reference, `SendMessage`: 1 MiB. What a protocol makes of it is not counted.
#[tokio::test]
async fn the_largest_message_fits_however_it_is_written() {
    let stand = stand().await;
    const LIMIT: usize = 1024 * 1024;
    let json = |length: usize| {
        let body = "\\u0041".repeat(length);
        let request = Request::post("/").header("x-amz-target", "AmazonSQS.SendMessage");
        stand.send(request, format!(r#"{{"QueueUrl":"{URL}","MessageBody":"{body}"}}"#))
    };
    let form = |length: usize| {
        let request = Request::post("/000000000000/orders")
            .header("content-type", "application/x-www-form-urlencoded");
        stand.send(request, format!("Action=SendMessage&MessageBody={}", "%41".repeat(length)))
    };
    assert_eq!((json(LIMIT).await.status, form(LIMIT).await.status), (200, 200));
    let message = "One or more parameters are invalid. Reason: Message must be shorter than \
                   1048576 bytes.";
    let got = json(LIMIT + 1).await;
    assert_eq!((got.status, got.json()["message"].as_str()), (400, Some(message)));
    let got = form(LIMIT + 1).await;
    let xml = String::from_utf8_lossy(&got.body).into_owned();
    assert!(got.status == 400 && xml.contains(&format!("<Message>{message}</Message>")), "{xml}");
}

#[tokio::test]
async fn batches_that_are_too_long_are_refused_whole() {
    let stand = stand().await;
    let half = "x".repeat(600_000);
    let entries = json!([{"Id": "a", "MessageBody": half}, {"Id": "b", "MessageBody": half}]);
    let got = call(&stand, "SendMessageBatch", json!({"QueueUrl": URL, "Entries": entries})).await;
    assert_eq!(got.json()["__type"], "com.amazonaws.sqs#BatchRequestTooLong");
    let many = |count: usize| {
        let entries: Vec<Value> =
            (0..count).map(|id| json!({"Id": id.to_string(), "ReceiptHandle": "x"})).collect();
        call(&stand, "DeleteMessageBatch", json!({"QueueUrl": URL, "Entries": entries}))
    };
    let got = many(1000).await.json();
    assert_eq!(got["__type"], "com.amazonaws.sqs#TooManyEntriesInBatchRequest");
    assert_eq!(got["message"], "Maximum number of entries per request are 10. You have sent 1000.");
    let got = many(1001).await.json();
    assert_eq!(got["__type"], "com.amazon.coral.service#SerializationException");
    let none = call(&stand, "DeleteMessageBatch", json!({"QueueUrl": URL, "Entries": null})).await;
    assert_eq!(none.json()["__type"], "com.amazonaws.sqs#EmptyBatchRequest");
}
