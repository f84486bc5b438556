use aws_lambda_events::event::sqs::SqsEvent;

use super::*;

fn message() -> Message {
    let attribute =
        |data_type: &str, value| MessageAttribute { data_type: data_type.into(), value };
    Message {
        message_id: "059f36b4-87a3-44ab-83d2-661975830a7d".into(),
        receipt_handle: "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a".into(),
        body: "Test \"message\".".into(),
        md5_of_body: "e4e68fb7bd0e697a0ae8f1bb342846b3".into(),
        system_attributes: [
            ("ApproximateFirstReceiveTimestamp", "1545082649185"),
            ("ApproximateReceiveCount", "1"),
            ("SenderId", "AIDAIENQZJOLO23YVJ4VO"),
            ("SentTimestamp", "1545082649183"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into(),
        attributes: [
            ("Num".to_owned(), attribute("Number", AttributeValue::String("100".into()))),
            (
                "Raw".to_owned(),
                attribute("Binary", AttributeValue::Binary(b"\0\xff".to_vec().into())),
            ),
        ]
        .into(),
        md5_of_attributes: Some("00000000000000000000000000000000".into()),
    }
}

fn origin(queue_arn: &str, region: &str) -> Origin {
    Origin { queue_arn: queue_arn.into(), region: region.into(), windowed: false }
}

/// Lambda guide, "Example standard queue message event"; the attribute's empty lists and
/// `md5OfMessageAttributes` as AWS sends them.
#[test]
fn a_record_is_byte_for_byte_as_on_aws() {
    let record =
        record(&message(), &origin("arn:aws:sqs:us-east-2:123456789012:my-queue", "us-east-2"));
    let expected = concat!(
        r#"{"messageId":"059f36b4-87a3-44ab-83d2-661975830a7d","#,
        r#""receiptHandle":"AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a","#,
        r#""body":"Test \"message\".","#,
        r#""attributes":{"ApproximateReceiveCount":"1","SentTimestamp":"1545082649183","#,
        r#""SenderId":"AIDAIENQZJOLO23YVJ4VO","ApproximateFirstReceiveTimestamp":"1545082649185"},"#,
        r#""messageAttributes":{"#,
        r#""Num":{"stringValue":"100","stringListValues":[],"binaryListValues":[],"dataType":"Number"},"#,
        r#""Raw":{"binaryValue":"AP8=","stringListValues":[],"binaryListValues":[],"dataType":"Binary"}},"#,
        r#""md5OfMessageAttributes":"00000000000000000000000000000000","#,
        r#""md5OfBody":"e4e68fb7bd0e697a0ae8f1bb342846b3","#,
        r#""eventSource":"aws:sqs","eventSourceARN":"arn:aws:sqs:us-east-2:123456789012:my-queue","#,
        r#""awsRegion":"us-east-2"}"#,
    );
    assert_eq!(String::from_utf8_lossy(&record), expected);
}

#[test]
fn a_message_without_attributes_has_no_digest_of_them() {
    let bare = Message { attributes: BTreeMap::new(), md5_of_attributes: None, ..message() };
    for (windowed, expected) in [
        (false, r#""messageAttributes":{},"md5OfBody""#),
        (true, r#""messageAttributes":{},"md5OfMessageAttributes":null,"md5OfBody""#),
    ] {
        let origin = Origin { windowed, ..origin("arn", "us-east-1") };
        let one = record(&bare, &origin);
        let text = String::from_utf8(one.clone()).expect("UTF-8");
        assert!(text.contains(expected), "{text}");
        let event: SqsEvent = serde_json::from_slice(&event([one.as_slice()])).expect("an event");
        assert_eq!(event.records[0].md5_of_message_attributes, None);
    }
}

#[test]
fn an_event_is_what_functions_expect() {
    let one = record(&message(), &origin("arn:aws:sqs:us-east-1:000000000000:q", "us-east-1"));
    let event = event([one.as_slice(), one.as_slice()]);
    assert_eq!(event.len(), FRAME_BYTES + 2 * one.len() + 1);
    let event: SqsEvent = serde_json::from_slice(&event).expect("an SQS event");
    assert_eq!(event.records.len(), 2);
    let first = &event.records[0];
    assert_eq!(first.body.as_deref(), Some("Test \"message\"."));
    assert_eq!(first.message_attributes["Num"].string_value.as_deref(), Some("100"));
    assert_eq!(first.event_source_arn.as_deref(), Some("arn:aws:sqs:us-east-1:000000000000:q"));
}

/// Lambda guide, "Example FIFO queue message event"; of a dead-letter queue, as AWS sends it.
#[test]
fn attributes_are_in_the_order_of_aws() {
    let fifo = Message {
        system_attributes: [
            ("ApproximateFirstReceiveTimestamp", "1545082650649"),
            ("ApproximateReceiveCount", "1"),
            ("DeadLetterQueueSourceArn", "arn:aws:sqs:us-east-2:123456789012:source.fifo"),
            ("MessageDeduplicationId", "1"),
            ("MessageGroupId", "1"),
            ("SenderId", "AIDAIO23YVJENQZJOL4VO"),
            ("SentTimestamp", "1573251510774"),
            ("SequenceNumber", "18849496460467696128"),
            ("AWSTraceHeader", "Root=1"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into(),
        ..message()
    };
    let record =
        record(&fifo, &origin("arn:aws:sqs:us-east-2:123456789012:fifo.fifo", "us-east-2"));
    let text = String::from_utf8(record).expect("UTF-8");
    let expected = concat!(
        r#""attributes":{"ApproximateReceiveCount":"1","AWSTraceHeader":"Root=1","#,
        r#""SentTimestamp":"1573251510774","SequenceNumber":"18849496460467696128","#,
        r#""MessageGroupId":"1","SenderId":"AIDAIO23YVJENQZJOL4VO","MessageDeduplicationId":"1","#,
        r#""ApproximateFirstReceiveTimestamp":"1545082650649","#,
        r#""DeadLetterQueueSourceArn":"arn:aws:sqs:us-east-2:123456789012:source.fifo"}"#,
    );
    assert!(text.contains(expected), "{text}");
}
