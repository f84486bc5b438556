mod limits;
mod random;

use samovar_dispatch::Limits;
use serde_json::{Value, json};

use super::*;
use crate::testing::{Got, Stand};

const URL: &str = "http://127.0.0.1:9000/000000000000/orders";

async fn call(stand: &Stand, action: &str, document: Value) -> Got {
    let request = Request::post("/")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("AmazonSQS.{action}"));
    stand.send(request, document.to_string()).await
}

/// An output; the call must succeed.
async fn output_of(stand: &Stand, action: &str, document: Value) -> Value {
    let got = call(stand, action, document).await;
    assert_eq!(got.status, 200, "{action}: {:?}", got.body);
    assert_eq!(got.header("content-type"), Some("application/x-amz-json-1.0"));
    assert!(got.header("x-amzn-requestid").is_some());
    if got.body.is_empty() { Value::Null } else { got.json() }
}

async fn stand() -> Stand {
    let stand = Stand::new(Limits::default());
    let created = output_of(&stand, "CreateQueue", json!({"QueueName": "orders"})).await;
    assert_eq!(created, json!({"QueueUrl": URL}));
    stand
}

/// Status, `__type`, `x-amzn-query-error`.
async fn error_of(stand: &Stand, action: &str, document: Value) -> (u16, String, String) {
    let got = call(stand, action, document).await;
    assert_eq!(got.header("content-type"), Some("application/x-amz-json-1.0"));
    let query_error = got.header("x-amzn-query-error").unwrap_or_default().to_owned();
    let document = got.json();
    assert!(document["message"].is_string(), "{document}");
    (got.status, document["__type"].as_str().unwrap_or_default().to_owned(), query_error)
}

/// Outputs by the service model (botocore, `sqs/2012-11-05/service-2.json`); AWS leaves empty
/// lists out.
#[tokio::test]
async fn queues_are_made_listed_and_dropped() {
    let stand = stand().await;
    let url = output_of(&stand, "GetQueueUrl", json!({"QueueName": "orders"})).await;
    assert_eq!(url, json!({"QueueUrl": URL}));
    assert_eq!(output_of(&stand, "ListQueues", json!({})).await, json!({"QueueUrls": [URL]}));
    let none = output_of(&stand, "ListQueues", json!({"QueueNamePrefix": "x"})).await;
    assert_eq!(none, json!({}));

    let set = json!({"QueueUrl": URL, "Attributes": {"VisibilityTimeout": "7"}});
    assert_eq!(output_of(&stand, "SetQueueAttributes", set).await, Value::Null);
    let names = json!({"QueueUrl": URL, "AttributeNames": ["VisibilityTimeout", "QueueArn"]});
    assert_eq!(
        output_of(&stand, "GetQueueAttributes", names).await,
        json!({"Attributes": {
            "QueueArn": "arn:aws:sqs:us-east-1:000000000000:orders", "VisibilityTimeout": "7",
        }})
    );
    assert_eq!(output_of(&stand, "PurgeQueue", json!({"QueueUrl": URL})).await, Value::Null);
    assert_eq!(output_of(&stand, "DeleteQueue", json!({"QueueUrl": URL})).await, Value::Null);
    let gone = error_of(&stand, "GetQueueUrl", json!({"QueueName": "orders"})).await;
    assert_eq!(gone.1, "com.amazonaws.sqs#QueueDoesNotExist");
}

#[tokio::test]
async fn a_message_goes_in_and_out() {
    let stand = stand().await;
    let sent = output_of(
        &stand,
        "SendMessage",
        json!({
            "QueueUrl": URL,
            "MessageBody": "hello",
            "MessageAttributes": {
                "Word": {"DataType": "String", "StringValue": "tea"},
                "Raw": {"DataType": "Binary", "BinaryValue": "AP8="},
            },
        }),
    )
    .await;
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    assert!(sent["MD5OfMessageAttributes"].is_string() && sent["MessageId"].is_string(), "{sent}");
    assert_eq!(sent.as_object().map(serde_json::Map::len), Some(3), "{sent}");

    let receive = json!({
        "QueueUrl": URL,
        "MessageSystemAttributeNames": ["ApproximateReceiveCount"],
        "AttributeNames": ["SenderId"],
        "MessageAttributeNames": ["All"],
        "WaitTimeSeconds": 1,
    });
    let received = output_of(&stand, "ReceiveMessage", receive.clone()).await;
    let message = &received["Messages"][0];
    assert_eq!((&message["Body"], &message["MessageId"]), (&json!("hello"), &sent["MessageId"]));
    assert_eq!(message["MD5OfBody"], sent["MD5OfMessageBody"]);
    assert_eq!(message["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"]);
    assert_eq!(message["Attributes"]["ApproximateReceiveCount"], "1");
    assert!(message["Attributes"]["SenderId"].is_string());
    assert_eq!(
        message["MessageAttributes"],
        json!({
            "Word": {"DataType": "String", "StringValue": "tea"},
            "Raw": {"DataType": "Binary", "BinaryValue": "AP8="},
        })
    );

    let handle = &message["ReceiptHandle"];
    let visible = json!({"QueueUrl": URL, "ReceiptHandle": handle, "VisibilityTimeout": 0});
    assert_eq!(output_of(&stand, "ChangeMessageVisibility", visible).await, Value::Null);
    let again = output_of(&stand, "ReceiveMessage", receive).await;
    let handle = &again["Messages"][0]["ReceiptHandle"];
    let delete = json!({"QueueUrl": URL, "ReceiptHandle": handle});
    assert_eq!(output_of(&stand, "DeleteMessage", delete).await, Value::Null);
    let empty = output_of(&stand, "ReceiveMessage", json!({"QueueUrl": URL})).await;
    assert_eq!(empty, json!({}), "an empty queue answers no list");
}

#[tokio::test]
async fn batches_tell_each_entry_its_fate() {
    let stand = stand().await;
    let entries = json!([
        {"Id": "a", "MessageBody": "1"},
        {"Id": "b", "MessageBody": "2", "DelaySeconds": 901},
    ]);
    let sent =
        output_of(&stand, "SendMessageBatch", json!({"QueueUrl": URL, "Entries": entries})).await;
    assert_eq!(sent["Successful"][0]["Id"], "a");
    assert!(sent["Successful"][0]["MessageId"].is_string(), "{sent}");
    let failed = &sent["Failed"][0];
    assert_eq!(
        (&failed["Id"], &failed["SenderFault"], &failed["Code"]),
        (&json!("b"), &json!(true), &json!("InvalidParameterValue"))
    );
    assert!(failed["Message"].is_string());

    let received = output_of(&stand, "ReceiveMessage", json!({"QueueUrl": URL})).await;
    let handle = &received["Messages"][0]["ReceiptHandle"];
    let entries = json!([{"Id": "a", "ReceiptHandle": handle, "VisibilityTimeout": 60}]);
    let batch = json!({"QueueUrl": URL, "Entries": entries});
    let changed = output_of(&stand, "ChangeMessageVisibilityBatch", batch).await;
    assert_eq!(changed, json!({"Successful": [{"Id": "a"}]}));
    let entries = json!([
        {"Id": "a", "ReceiptHandle": handle}, {"Id": "b", "ReceiptHandle": "nonsense"},
    ]);
    let batch = json!({"QueueUrl": URL, "Entries": entries});
    let deleted = output_of(&stand, "DeleteMessageBatch", batch).await;
    assert_eq!(deleted["Successful"], json!([{"Id": "a"}]));
    assert_eq!(deleted["Failed"][0]["Code"], "ReceiptHandleIsInvalid");
}

/// Statuses, types and the header of the query protocol as AWS answers them (queues without
/// that name: seen in aws-sdk-cpp's own test of `x-amzn-query-error`).
#[tokio::test]
async fn errors_speak_both_languages() {
    let stand = stand().await;
    let nowhere = "http://127.0.0.1:9000/000000000000/nowhere";
    let common = |shape: &str| format!("com.amazon.coral.service#{shape}");
    let modelled = |shape: &str| format!("com.amazonaws.sqs#{shape}");
    for (action, document, status, shape, query_error) in [
        (
            "SendMessage",
            json!({"QueueUrl": nowhere, "MessageBody": "x"}),
            400,
            modelled("QueueDoesNotExist"),
            "AWS.SimpleQueueService.NonExistentQueue;Sender",
        ),
        (
            "SendMessage",
            json!({"MessageBody": "x"}),
            400,
            common("MissingRequiredParameterException"),
            "MissingParameter;Sender",
        ),
        (
            "SendMessage",
            json!({"QueueUrl": "http://127.0.0.1:9000/", "MessageBody": "x"}),
            400,
            modelled("InvalidAddress"),
            "InvalidAddress;Sender",
        ),
        (
            "SendMessage",
            json!({"QueueUrl": URL, "MessageBody": 7}),
            400,
            common("SerializationException"),
            "MalformedInput;Sender",
        ),
        (
            "SendMessageBatch",
            json!({"QueueUrl": URL, "Entries": []}),
            400,
            modelled("EmptyBatchRequest"),
            "AWS.SimpleQueueService.EmptyBatchRequest;Sender",
        ),
        (
            "TagQueue",
            json!({}),
            400,
            common("MissingRequiredParameterException"),
            "MissingParameter;Sender",
        ),
        (
            "StartMessageMoveTask",
            json!({"SourceArn": "arn:aws:sqs:us-east-1:000000000000:nowhere"}),
            404,
            modelled("ResourceNotFoundException"),
            "ResourceNotFoundException;Sender",
        ),
        (
            "CreateQueue",
            json!({"QueueName": "orders", "Attributes": {"DelaySeconds": "1"}}),
            400,
            modelled("QueueNameExists"),
            "QueueAlreadyExists;Sender",
        ),
        (
            "GetQueueAttributes",
            json!({"QueueUrl": URL, "AttributeNames": ["Colour"]}),
            400,
            modelled("InvalidAttributeName"),
            "InvalidAttributeName;Sender",
        ),
        ("Nonsense", json!({}), 400, common("UnknownOperationException"), "InvalidAction;Sender"),
    ] {
        let expected = (status, shape, query_error.to_owned());
        assert_eq!(error_of(&stand, action, document).await, expected, "{action}");
    }
}

#[tokio::test]
async fn other_services_are_told_so() {
    let stand = stand().await;
    let dynamo = Request::post("/").header("x-amz-target", "DynamoDB_20120810.GetItem");
    let got = stand.send(dynamo, "{}").await;
    assert_eq!(got.status, 400);
    assert!(got.json()["message"].to_string().contains("DynamoDB_20120810.GetItem"));
}

/// What AWS answers to a request for a queue that names no action: LocalStack's `test_sqs.py`,
/// `test_get_without_query_returns_unknown_operation`, validated against AWS.
#[tokio::test]
async fn no_action_is_an_unknown_operation() {
    let stand = stand().await;
    let typed = Request::post("/").header("content-type", "application/x-amz-json-1.0");
    for request in [Request::get("/000000000000/orders"), typed] {
        let got = stand.send(request, "").await;
        assert_eq!((got.status, &got.body[..]), (404, &b"<UnknownOperationException/>\n"[..]));
    }
}

/// Whoever signed it, with what, for where: a queue of the default account and region is found.
#[tokio::test]
async fn signatures_are_not_checked() {
    let stand = stand().await;
    let request = Request::post("/")
        .header("x-amz-target", "AmazonSQS.GetQueueUrl")
        .header("host", "sqs.eu-west-1.localhost:9000")
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=AKIAX/20260101/eu-west-1/sqs/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=0000",
        );
    let got = stand.send(request, r#"{"QueueName":"orders"}"#).await;
    assert_eq!((got.status, got.json()), (200, json!({"QueueUrl": URL})));
}

/// In both protocols, with and without a region in the URL.
#[tokio::test]
async fn queues_are_of_the_account_and_region_of_the_request() {
    let stand = stand().await;
    let signed = |key: &str, region: &str| {
        let scope = format!("AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/sqs/aws4_request");
        Request::post("/").header("authorization", format!("{scope}, SignedHeaders=host"))
    };
    let call = async |request: http::request::Builder, action: &str, input: Value| {
        let request = request.header("x-amz-target", format!("AmazonSQS.{action}"));
        stand.send(request, input.to_string()).await
    };
    let name = json!({"QueueName": "q"});
    for (key, region, account) in [
        ("AKIAX", "eu-west-1", "000000000000"),
        ("AKIAX", "eu-west-2", "000000000000"),
        ("123456789012", "eu-west-1", "123456789012"),
    ] {
        let here = || signed(key, region);
        let got = call(here(), "GetQueueUrl", name.clone()).await;
        assert_eq!(got.status, 400, "{region}, {account}");
        let url = format!("http://127.0.0.1:9000/{account}/q");
        let got = call(here(), "CreateQueue", name.clone()).await;
        assert_eq!(got.json(), json!({"QueueUrl": url}));
        let arn = format!("arn:aws:sqs:{region}:{account}:q");
        // Another one's credentials find it by a URL that names the region.
        let elsewhere = format!("http://sqs.{region}.localhost:9000/{account}/q");
        for (request, url) in [(here(), &url), (signed("x", "y"), &elsewhere)] {
            let input = json!({"QueueUrl": url, "AttributeNames": ["QueueArn"]});
            let got = call(request, "GetQueueAttributes", input).await;
            assert_eq!(got.json()["Attributes"]["QueueArn"], arn, "{url}");
        }
        let form = "Action=GetQueueAttributes&AttributeName.1=QueueArn";
        let path = format!("/queue/{region}/{account}/q");
        for (path, host) in
            [(&*path, "localhost"), (&url[21..], &*format!("sqs.{region}.localhost:9000"))]
        {
            let request = Request::post(path).header("host", host);
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let got = stand.send(request, form).await;
            assert!(String::from_utf8_lossy(&got.body).contains(&arn), "{path} at {host}");
        }
        // The account of another's queue can be said.
        let input = json!({"QueueName": "q", "QueueOwnerAWSAccountId": account});
        let got = call(signed("x", region), "GetQueueUrl", input).await;
        assert_eq!(got.json(), json!({"QueueUrl": url}));
    }
    let page = stand.get("/_samovar/queues").await.json();
    let shown = |queue: &Value| (queue["name"].clone(), queue["region"].clone());
    let shown: Vec<_> = page["queues"].as_array().expect("a list").iter().map(shown).collect();
    assert_eq!(shown[0], (json!("orders"), Value::Null));
    assert_eq!(shown[1..].len(), 3);
    assert!(shown[1..].contains(&(json!("q"), json!("eu-west-2"))));
}

#[tokio::test]
async fn queues_have_tags_and_permissions() {
    let stand = stand().await;
    let none = output_of(&stand, "ListQueueTags", json!({"QueueUrl": URL})).await;
    assert_eq!(none, json!({}));
    let tag = json!({"QueueUrl": URL, "Tags": {"team": "tea", "cost": ""}});
    assert_eq!(output_of(&stand, "TagQueue", tag).await, Value::Null);
    let untag = json!({"QueueUrl": URL, "TagKeys": ["cost"]});
    assert_eq!(output_of(&stand, "UntagQueue", untag).await, Value::Null);
    let tags = output_of(&stand, "ListQueueTags", json!({"QueueUrl": URL})).await;
    assert_eq!(tags, json!({"Tags": {"team": "tea"}}));

    let permission = json!({
        "QueueUrl": URL, "Label": "friends",
        "AWSAccountIds": ["123456789012"], "Actions": ["SendMessage"],
    });
    assert_eq!(output_of(&stand, "AddPermission", permission).await, Value::Null);
    let names = json!({"QueueUrl": URL, "AttributeNames": ["Policy"]});
    let attributes = output_of(&stand, "GetQueueAttributes", names.clone()).await;
    let policy = attributes["Attributes"]["Policy"].as_str().unwrap_or_default();
    let policy: Value = serde_json::from_str(policy).expect("a policy");
    assert_eq!(policy["Statement"][0]["Sid"], "friends");
    let remove = json!({"QueueUrl": URL, "Label": "friends"});
    assert_eq!(output_of(&stand, "RemovePermission", remove).await, Value::Null);
    assert_eq!(output_of(&stand, "GetQueueAttributes", names).await, json!({}));
}

/// Shapes: botocore, `sqs/2012-11-05/service-2.json`; `queueUrls` is lower-case there.
#[tokio::test]
async fn dead_letters_are_moved_by_tasks() {
    let stand = stand().await;
    let arn = "arn:aws:sqs:us-east-1:000000000000:orders";
    let redrive = json!({"deadLetterTargetArn": arn, "maxReceiveCount": 1}).to_string();
    let create = json!({"QueueName": "source", "Attributes": {"RedrivePolicy": redrive}});
    let source = output_of(&stand, "CreateQueue", create).await["QueueUrl"].clone();
    let listed = output_of(&stand, "ListDeadLetterSourceQueues", json!({"QueueUrl": URL})).await;
    assert_eq!(listed, json!({"queueUrls": [source]}));
    let none = output_of(&stand, "ListDeadLetterSourceQueues", json!({"QueueUrl": source})).await;
    assert_eq!(none, json!({"queueUrls": []}));

    let rate = 1;
    let start =
        json!({"SourceArn": arn, "DestinationArn": arn, "MaxNumberOfMessagesPerSecond": rate});
    let same = error_of(&stand, "StartMessageMoveTask", start).await;
    assert_eq!(same.1, "com.amazonaws.sqs#UnsupportedOperation");
    let started = output_of(&stand, "StartMessageMoveTask", json!({"SourceArn": arn})).await;
    assert!(started["TaskHandle"].is_string(), "{started}");
    let list = json!({"SourceArn": arn, "MaxResults": 10});
    let tasks = output_of(&stand, "ListMessageMoveTasks", list).await;
    let task = &tasks["Results"][0];
    assert_eq!(
        (&task["SourceArn"], &task["ApproximateNumberOfMessagesToMove"]),
        (&json!(arn), &json!(0))
    );
    assert!(task["StartedTimestamp"].is_u64() && task["Status"].is_string(), "{task}");
    let cancel = error_of(&stand, "CancelMessageMoveTask", json!({"TaskHandle": "x"})).await;
    assert_eq!(cancel.2, "InvalidParameterValue;Sender");
}

#[tokio::test]
async fn fifo_members_go_through() {
    let stand = stand().await;
    let create = json!({"QueueName": "line.fifo", "Attributes": {"FifoQueue": "true"}});
    let url = output_of(&stand, "CreateQueue", create).await["QueueUrl"].clone();
    let message = json!({
        "QueueUrl": url, "MessageBody": "a", "MessageGroupId": "g", "MessageDeduplicationId": "d",
    });
    let sent = output_of(&stand, "SendMessage", message.clone()).await;
    assert_eq!(sent["SequenceNumber"].as_str().map(str::len), Some(20), "{sent}");
    assert_eq!(output_of(&stand, "SendMessage", message).await, sent, "a duplicate");
    let receive = json!({
        "QueueUrl": url, "AttributeNames": ["All"], "ReceiveRequestAttemptId": "once",
    });
    let first = output_of(&stand, "ReceiveMessage", receive.clone()).await;
    let attributes = &first["Messages"][0]["Attributes"];
    assert_eq!(
        (&attributes["MessageGroupId"], &attributes["SequenceNumber"]),
        (&json!("g"), &sent["SequenceNumber"])
    );
    let again = output_of(&stand, "ReceiveMessage", receive).await;
    assert_eq!(
        again["Messages"][0]["ReceiptHandle"], first["Messages"][0]["ReceiptHandle"],
        "the same attempt"
    );
}

#[tokio::test]
async fn attributes_are_checked() {
    let stand = stand().await;
    for attribute in [
        json!({"StringValue": "x"}),
        json!({"DataType": "String"}),
        json!({"DataType": "Binary", "BinaryValue": "%"}),
        json!({"DataType": "String", "StringListValues": ["x"]}),
    ] {
        let message =
            json!({"QueueUrl": URL, "MessageBody": "x", "MessageAttributes": {"A": attribute}});
        let got = call(&stand, "SendMessage", message).await;
        assert_eq!(got.status, 400, "{attribute}: {:?}", got.body);
    }
}
