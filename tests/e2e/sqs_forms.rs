//! The older query protocol of SQS: forms as clients before November 2023 send them.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::json;

use crate::against;
use crate::server::{Server, Shared};
use crate::sqs::{arn, own_queue};
use crate::tools::{Answer, block_on, request};

pub(crate) fn trials(server: &Arc<Shared>) -> Vec<Trial> {
    vec![
        against(server, "sqs_forms::they_do_every_action", forms),
        against(server, "sqs_forms::they_get_errors_in_xml", form_errors),
        against(server, "sqs_forms::they_see_the_messages_of_documents", both_protocols),
        against(server, "sqs_forms::queues_have_many_hosts", hosts),
    ]
}

/// A form as botocore 1.29 sent it: parameters percent-encoded in the body, signed for a region
/// that is not the server's.
fn form(server: &Server, path: &str, parameters: &[(&str, &str)]) -> Answer {
    let mut body = "Version=2012-11-05".to_owned();
    for (name, value) in parameters {
        body = format!("{body}&{name}={}", percent(value));
    }
    let headers = [
        ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
        ("x-amz-date", "20260102T030405Z"),
        (
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/sqs/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, Signature=00",
        ),
    ];
    request("POST", &server.api(path), &headers, body.as_bytes())
}

fn percent(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(encode).collect()
}

/// The answer to a form that must do.
fn done(server: &Server, path: &str, parameters: &[(&str, &str)]) -> String {
    let answer = form(server, path, parameters);
    let xml = answer.text();
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/xml"), "{xml}");
    let action = parameters[0].1;
    let start = format!(
        "<?xml version=\"1.0\"?><{action}Response \
         xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">"
    );
    assert!(xml.starts_with(&start) && xml.contains("<RequestId>"), "{xml}");
    xml
}

/// The text of the first element of this name.
fn element(xml: &str, name: &str) -> String {
    let rest = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{name}: {xml}")).1;
    rest.split_once(&format!("</{name}>")).unwrap().0.to_owned()
}

fn forms(server: &Server) {
    let path = "/000000000000/form-orders";
    let url = server.api(path);
    let created = done(
        server,
        "/",
        &[
            ("Action", "CreateQueue"),
            ("QueueName", "form-orders"),
            ("Attribute.1.Name", "VisibilityTimeout"),
            ("Attribute.1.Value", "60"),
            ("Tag.1.Key", "team"),
            ("Tag.1.Value", "tea"),
        ],
    );
    assert_eq!(element(&created, "QueueUrl"), url);
    let got = done(server, "/", &[("Action", "GetQueueUrl"), ("QueueName", "form-orders")]);
    assert_eq!(element(&got, "QueueUrl"), url);
    let list = [("Action", "ListQueues"), ("QueueNamePrefix", "form-orders")];
    assert_eq!(element(&done(server, "/", &list), "QueueUrl"), url);
    let set = [
        ("Action", "SetQueueAttributes"),
        ("Attribute.1.Name", "DelaySeconds"),
        ("Attribute.1.Value", "0"),
    ];
    done(server, path, &set);
    let all = [("Action", "GetQueueAttributes"), ("AttributeName.1", "All")];
    let all = done(server, path, &all);
    assert!(all.contains("<Name>VisibilityTimeout</Name><Value>60</Value>"), "{all}");

    let tag = [("Action", "TagQueue"), ("Tag.1.Key", "cost"), ("Tag.1.Value", "<9")];
    done(server, path, &tag);
    done(server, path, &[("Action", "UntagQueue"), ("TagKey.1", "team")]);
    let tags = done(server, path, &[("Action", "ListQueueTags")]);
    assert_eq!(element(&tags, "Tag"), "<Key>cost</Key><Value>&lt;9</Value>");
    let allow = [
        ("Action", "AddPermission"),
        ("Label", "friends"),
        ("AWSAccountId.1", "123456789012"),
        ("ActionName.1", "SendMessage"),
    ];
    done(server, path, &allow);
    done(server, path, &[("Action", "RemovePermission"), ("Label", "friends")]);

    let sent = done(
        server,
        path,
        &[
            ("Action", "SendMessage"),
            ("QueueUrl", &url),
            ("MessageBody", "a & b"),
            ("MessageAttribute.1.Name", "colour"),
            ("MessageAttribute.1.Value.DataType", "String"),
            ("MessageAttribute.1.Value.StringValue", "blue"),
        ],
    );
    let receive = [
        ("Action", "ReceiveMessage"),
        ("AttributeName.1", "All"),
        ("MessageAttributeName.1", "All"),
        ("WaitTimeSeconds", "5"),
    ];
    let received = done(server, path, &receive);
    assert_eq!(element(&received, "Body"), "a &amp; b");
    assert_eq!(element(&received, "MessageId"), element(&sent, "MessageId"));
    let md5 = "MD5OfMessageAttributes";
    assert_eq!(element(&received, md5), element(&sent, md5));
    assert_eq!(element(&received, "StringValue"), "blue");
    let handle = element(&received, "ReceiptHandle");
    let change = [
        ("Action", "ChangeMessageVisibility"),
        ("ReceiptHandle", &handle),
        ("VisibilityTimeout", "90"),
    ];
    done(server, path, &change);
    done(server, path, &[("Action", "DeleteMessage"), ("ReceiptHandle", &handle)]);
    form_batches(server, path);
    form_moves(server, path);
    done(server, path, &[("Action", "PurgeQueue")]);
    done(server, path, &[("Action", "DeleteQueue")]);
}

fn form_batches(server: &Server, path: &str) {
    let send = [
        ("Action", "SendMessageBatch"),
        ("SendMessageBatchRequestEntry.1.Id", "a"),
        ("SendMessageBatchRequestEntry.1.MessageBody", "one"),
        ("SendMessageBatchRequestEntry.2.Id", "b"),
        ("SendMessageBatchRequestEntry.2.MessageBody", "two"),
        ("SendMessageBatchRequestEntry.2.DelaySeconds", "901"),
    ];
    let sent = done(server, path, &send);
    assert_eq!(element(&element(&sent, "SendMessageBatchResultEntry"), "Id"), "a");
    let failed = element(&sent, "BatchResultErrorEntry");
    assert_eq!(element(&failed, "Id"), "b");
    assert_eq!(element(&failed, "SenderFault"), "true");
    let received = done(server, path, &[("Action", "ReceiveMessage"), ("WaitTimeSeconds", "5")]);
    let handle = element(&received, "ReceiptHandle");
    let change = [
        ("Action", "ChangeMessageVisibilityBatch"),
        ("ChangeMessageVisibilityBatchRequestEntry.1.Id", "a"),
        ("ChangeMessageVisibilityBatchRequestEntry.1.ReceiptHandle", &handle),
        ("ChangeMessageVisibilityBatchRequestEntry.1.VisibilityTimeout", "90"),
    ];
    let changed = done(server, path, &change);
    assert_eq!(element(&changed, "ChangeMessageVisibilityBatchResultEntry"), "<Id>a</Id>");
    let delete = [
        ("Action", "DeleteMessageBatch"),
        ("DeleteMessageBatchRequestEntry.1.Id", "a"),
        ("DeleteMessageBatchRequestEntry.1.ReceiptHandle", &handle),
    ];
    let deleted = done(server, path, &delete);
    assert_eq!(element(&deleted, "DeleteMessageBatchResultEntry"), "<Id>a</Id>");
}

fn form_moves(server: &Server, path: &str) {
    let (arn, source_arn) = (arn("form-orders"), arn("form-source"));
    let policy = json!({"deadLetterTargetArn": arn, "maxReceiveCount": 1}).to_string();
    let create = [
        ("Action", "CreateQueue"),
        ("QueueName", "form-source"),
        ("Attribute.1.Name", "RedrivePolicy"),
        ("Attribute.1.Value", &policy),
    ];
    let source = element(&done(server, "/", &create), "QueueUrl");
    let sources = done(server, path, &[("Action", "ListDeadLetterSourceQueues")]);
    assert_eq!(element(&sources, "QueueUrl"), source);
    done(server, path, &[("Action", "SendMessage"), ("MessageBody", "dead")]);
    done(server, path, &[("Action", "SendMessage"), ("MessageBody", "dead too")]);
    let start = [
        ("Action", "StartMessageMoveTask"),
        ("SourceArn", &arn),
        ("DestinationArn", &source_arn),
        ("MaxNumberOfMessagesPerSecond", "1"),
    ];
    let handle = element(&done(server, "/", &start), "TaskHandle");
    let list = [("Action", "ListMessageMoveTasks"), ("SourceArn", &arn), ("MaxResults", "1")];
    let task = element(&done(server, "/", &list), "ListMessageMoveTasksResultEntry");
    assert_eq!(element(&task, "TaskHandle"), handle);
    assert_eq!(element(&task, "ApproximateNumberOfMessagesToMove"), "2");
    let cancel = [("Action", "CancelMessageMoveTask"), ("TaskHandle", &handle)];
    let moved = element(&done(server, "/", &cancel), "ApproximateNumberOfMessagesMoved");
    assert!(["0", "1"].contains(&moved.as_str()), "{moved}");
}

fn form_errors(server: &Server) {
    for (path, parameters, status, code) in [
        (
            "/000000000000/form-nobody",
            &[("Action", "SendMessage"), ("MessageBody", "x")][..],
            400,
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        ("/", &[("Action", "Nonsense")], 400, "InvalidAction"),
        ("/", &[], 400, "MissingAction"),
        ("/", &[("Action", "CreateQueue")], 400, "MissingParameter"),
        ("/", &[("Action", "PurgeQueue")], 404, "InvalidAddress"),
        ("/", &[("Action", "ListQueues"), ("MaxResults", "x")], 400, "MalformedInput"),
        ("/", &[("Action", "ListQueues"), ("MaxResults", "0")], 400, "InvalidParameterValue"),
    ] {
        let answer = form(server, path, parameters);
        let xml = answer.text();
        assert_eq!((answer.status, answer.header("content-type")), (status, "text/xml"), "{xml}");
        assert!(xml.contains("<ErrorResponse xmlns="), "{xml}");
        assert_eq!(
            (element(&xml, "Type").as_str(), element(&xml, "Code").as_str()),
            ("Sender", code)
        );
        assert_eq!(element(&xml, "RequestId"), answer.header("x-amzn-requestid"));
    }
}

fn both_protocols(server: &Server) {
    let (client, url) = own_queue(server, "both-protocols");
    let body = "<a href=\"x\">'&amp;\r\n\t\u{1f375}</a>";
    let send = [("Action", "SendMessage"), ("QueueUrl", &url), ("MessageBody", body)];
    done(server, "/", &send);
    let receive = client.receive_message().queue_url(&url).wait_time_seconds(5);
    let received = block_on(receive.send()).unwrap().messages.unwrap();
    assert_eq!(received[0].body(), Some(body));
    block_on(client.send_message().queue_url(&url).message_body(body).send()).unwrap();
    let receive = [("Action", "ReceiveMessage"), ("QueueUrl", &url), ("WaitTimeSeconds", "5")];
    assert_eq!(
        element(&done(server, "/", &receive), "Body"),
        "&lt;a href=&quot;x&quot;&gt;'&amp;amp;&#xD;\n\t\u{1f375}&lt;/a&gt;"
    );
}

/// The names in `.localhost` that clients use where a queue's URL has a host of its own.
fn hosts(server: &Server) {
    let (_, url) = own_queue(server, "many-hosts");
    let path = "/000000000000/many-hosts?Action=GetQueueAttributes&AttributeName.1=QueueArn";
    for host in ["queue.localhost:9000", "sqs.us-east-1.localhost:9000", "localhost"] {
        let answer = request("GET", &server.api(path), &[("host", host)], b"");
        assert_eq!(answer.status, 200, "{host}: {}", answer.text());
        assert_eq!(element(&answer.text(), "Value"), arn("many-hosts"));
        let elsewhere = format!("http://{host}/000000000000/many-hosts");
        let body = json!({"QueueUrl": elsewhere, "MessageBody": "x"}).to_string();
        let headers = [("host", host), ("x-amz-target", "AmazonSQS.SendMessage")];
        let answer = request("POST", &server.api("/"), &headers, body.as_bytes());
        assert_eq!(answer.status, 200, "{host}: {}", answer.text());
    }
    let bare = request("GET", &url, &[], b"");
    assert_eq!((bare.status, bare.text().trim()), (404, "<UnknownOperationException/>"));
}
