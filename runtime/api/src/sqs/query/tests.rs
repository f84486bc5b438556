use http::Request;
use samovar_dispatch::Limits;

use super::*;
use crate::testing::{Got, Stand};

const URL: &str = "http://127.0.0.1:9000/000000000000/orders";
const QUEUE: &str = "/000000000000/orders";

/// A form, sent as botocore 1.29 did.
async fn post(stand: &Stand, path: &str, form: &str) -> Got {
    let request = Request::post(path)
        .header("host", "127.0.0.1:9000")
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    stand.send(request, form.to_owned()).await
}

/// What is in `<Response>` before the metadata; the call must succeed.
async fn output_of(stand: &Stand, path: &str, form: &str) -> String {
    let got = post(stand, path, form).await;
    let xml = text(&got);
    assert_eq!((got.status, got.header("content-type")), (200, Some("text/xml")), "{form}: {xml}");
    let action = form.strip_prefix("Action=").expect("an action first");
    let action = action.split('&').next().unwrap_or_default();
    let id = got.header("x-amzn-requestid").expect("an id");
    let before = format!(
        "<?xml version=\"1.0\"?><{action}Response \
         xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\">"
    );
    let after = format!(
        "<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{action}Response>"
    );
    let inner = xml.strip_prefix(&before).and_then(|rest| rest.strip_suffix(&after));
    inner.unwrap_or_else(|| panic!("{xml}")).to_owned()
}

fn text(got: &Got) -> String {
    String::from_utf8(got.body.to_vec()).expect("UTF-8")
}

/// The text of the first element of this name.
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let rest = xml.split_once(&format!("<{name}>")).map(|(_, rest)| rest).unwrap_or_default();
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text).unwrap_or_default()
}

async fn stand() -> Stand {
    let stand = Stand::new(Limits::default());
    let form = "Action=CreateQueue&Version=2012-11-05&QueueName=orders\
                &Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=7&Tag.1.Key=team\
                &Tag.1.Value=tea";
    let created = output_of(&stand, "/", form).await;
    let expected = format!("<CreateQueueResult><QueueUrl>{URL}</QueueUrl></CreateQueueResult>");
    assert_eq!(created, expected);
    stand
}

/// Shapes: SQS API reference (2012-11-05), the sample responses of each action.
#[tokio::test]
async fn queues_are_made_listed_and_dropped() {
    let stand = stand().await;
    let listed = output_of(&stand, "/", "Action=ListQueues&QueueNamePrefix=o").await;
    assert_eq!(listed, format!("<ListQueuesResult><QueueUrl>{URL}</QueueUrl></ListQueuesResult>"));
    assert_eq!(
        output_of(&stand, "/", "Action=ListQueues&QueueNamePrefix=x").await,
        "<ListQueuesResult/>"
    );
    let url = output_of(&stand, "/", "Action=GetQueueUrl&QueueName=orders").await;
    assert_eq!(url, format!("<GetQueueUrlResult><QueueUrl>{URL}</QueueUrl></GetQueueUrlResult>"));
    let form = "Action=SetQueueAttributes&Attribute.Name=DelaySeconds&Attribute.Value=3";
    assert_eq!(output_of(&stand, QUEUE, form).await, "");
    let form = "Action=GetQueueAttributes&AttributeName.1=VisibilityTimeout\
                &AttributeName.2=DelaySeconds";
    assert_eq!(
        output_of(&stand, QUEUE, form).await,
        "<GetQueueAttributesResult><Attribute><Name>DelaySeconds</Name><Value>3</Value>\
         </Attribute><Attribute><Name>VisibilityTimeout</Name><Value>7</Value></Attribute>\
         </GetQueueAttributesResult>"
    );
    assert_eq!(output_of(&stand, QUEUE, "Action=PurgeQueue").await, "");
    assert_eq!(output_of(&stand, QUEUE, "Action=DeleteQueue").await, "");
    let got = post(&stand, QUEUE, "Action=GetQueueUrl&QueueName=orders").await;
    assert_eq!(element(&text(&got), "Code"), "AWS.SimpleQueueService.NonExistentQueue");
}

#[tokio::test]
async fn lists_have_pages() {
    let stand = stand().await;
    output_of(&stand, "/", "Action=CreateQueue&QueueName=returns").await;
    let first = output_of(&stand, "/", "Action=ListQueues&MaxResults=1").await;
    assert_eq!(element(&first, "QueueUrl"), URL);
    let token = element(&first, "NextToken");
    let form = format!("Action=ListQueues&MaxResults=1&NextToken={token}");
    let second = output_of(&stand, "/", &form).await;
    assert!(element(&second, "QueueUrl").ends_with("/returns"), "{second}");
    assert!(!second.contains("NextToken"), "{second}");
}

#[tokio::test]
async fn a_message_goes_in_and_out() {
    let stand = stand().await;
    let sent = output_of(
        &stand,
        QUEUE,
        "Action=SendMessage&MessageBody=hello&MessageAttribute.1.Name=Word\
         &MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=tea\
         &MessageAttribute.2.Name=Raw&MessageAttribute.2.Value.DataType=Binary\
         &MessageAttribute.2.Value.BinaryValue=AP8%3D\
         &MessageSystemAttribute.1.Name=AWSTraceHeader\
         &MessageSystemAttribute.1.Value.DataType=String\
         &MessageSystemAttribute.1.Value.StringValue=Root%3D1",
    )
    .await;
    let sent = element(&sent, "SendMessageResult");
    assert_eq!(element(sent, "MD5OfMessageBody"), "5d41402abc4b2a76b9719d911017c592");
    for name in ["MD5OfMessageAttributes", "MD5OfMessageSystemAttributes", "MessageId"] {
        assert!(element(sent, name).len() >= 32, "{name}: {sent}");
    }
    let received = output_of(
        &stand,
        QUEUE,
        "Action=ReceiveMessage&AttributeName.1=ApproximateReceiveCount\
         &MessageSystemAttributeName.1=AWSTraceHeader&MessageAttributeName.1=All\
         &MaxNumberOfMessages=10&WaitTimeSeconds=1",
    )
    .await;
    let handle = element(&received, "ReceiptHandle");
    let expected = format!(
        "<ReceiveMessageResult><Message>\
         <Attribute><Name>AWSTraceHeader</Name><Value>Root=1</Value></Attribute>\
         <Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>\
         <Body>hello</Body><MD5OfBody>5d41402abc4b2a76b9719d911017c592</MD5OfBody>\
         <MD5OfMessageAttributes>{}</MD5OfMessageAttributes>\
         <MessageAttribute><Name>Raw</Name><Value><BinaryValue>AP8=</BinaryValue>\
         <DataType>Binary</DataType></Value></MessageAttribute>\
         <MessageAttribute><Name>Word</Name><Value><DataType>String</DataType>\
         <StringValue>tea</StringValue></Value></MessageAttribute>\
         <MessageId>{}</MessageId><ReceiptHandle>{handle}</ReceiptHandle>\
         </Message></ReceiveMessageResult>",
        element(sent, "MD5OfMessageAttributes"),
        element(sent, "MessageId"),
    );
    assert_eq!(received, expected);

    let form = |action: &str| format!("Action={action}&ReceiptHandle={}", percent(handle));
    let visible = format!("{}&VisibilityTimeout=0", form("ChangeMessageVisibility"));
    assert_eq!(output_of(&stand, QUEUE, &visible).await, "");
    let again = output_of(&stand, QUEUE, "Action=ReceiveMessage").await;
    let handle = percent(element(&again, "ReceiptHandle"));
    let delete = format!("Action=DeleteMessage&ReceiptHandle={handle}");
    assert_eq!(output_of(&stand, QUEUE, &delete).await, "");
    let empty = output_of(&stand, QUEUE, "Action=ReceiveMessage").await;
    assert_eq!(empty, "<ReceiveMessageResult/>");
}

fn percent(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[tokio::test]
async fn batches_tell_each_entry_its_fate() {
    let stand = stand().await;
    let sent = output_of(
        &stand,
        QUEUE,
        "Action=SendMessageBatch&SendMessageBatchRequestEntry.1.Id=a\
         &SendMessageBatchRequestEntry.1.MessageBody=1&SendMessageBatchRequestEntry.2.Id=b\
         &SendMessageBatchRequestEntry.2.MessageBody=2\
         &SendMessageBatchRequestEntry.2.DelaySeconds=901",
    )
    .await;
    assert_eq!(
        sent,
        format!(
            "<SendMessageBatchResult><BatchResultErrorEntry><Code>InvalidParameterValue</Code>\
             <Id>b</Id><Message>Value 901 for parameter DelaySeconds is invalid. Reason: \
             DelaySeconds must be &gt;= 0 and &lt;= 900.</Message>\
             <SenderFault>true</SenderFault></BatchResultErrorEntry>\
             <SendMessageBatchResultEntry><Id>a</Id>\
             <MD5OfMessageBody>c4ca4238a0b923820dcc509a6f75849b</MD5OfMessageBody>\
             <MessageId>{}</MessageId></SendMessageBatchResultEntry></SendMessageBatchResult>",
            element(&sent, "MessageId")
        )
    );
    let received = output_of(&stand, QUEUE, "Action=ReceiveMessage").await;
    let handle = percent(element(&received, "ReceiptHandle"));
    for (action, more) in [
        (
            "ChangeMessageVisibilityBatch",
            "&ChangeMessageVisibilityBatchRequestEntry.1.VisibilityTimeout=9",
        ),
        ("DeleteMessageBatch", ""),
    ] {
        let form = format!(
            "Action={action}&{action}RequestEntry.1.Id=x\
             &{action}RequestEntry.1.ReceiptHandle={handle}{more}"
        );
        assert_eq!(
            output_of(&stand, QUEUE, &form).await,
            format!(
                "<{action}Result><{action}ResultEntry><Id>x</Id></{action}ResultEntry>\
                 </{action}Result>"
            )
        );
    }
}

#[tokio::test]
async fn queues_have_tags_and_permissions() {
    let stand = stand().await;
    let form = "Action=TagQueue&Tag.1.Key=cost&Tag.1.Value=%3C9";
    assert_eq!(output_of(&stand, QUEUE, form).await, "");
    assert_eq!(
        output_of(&stand, QUEUE, "Action=ListQueueTags").await,
        "<ListQueueTagsResult><Tag><Key>cost</Key><Value>&lt;9</Value></Tag>\
         <Tag><Key>team</Key><Value>tea</Value></Tag></ListQueueTagsResult>"
    );
    assert_eq!(output_of(&stand, QUEUE, "Action=UntagQueue&TagKey.1=cost&TagKey.2=team").await, "");
    assert_eq!(output_of(&stand, QUEUE, "Action=ListQueueTags").await, "<ListQueueTagsResult/>");
    let form = "Action=AddPermission&Label=friends&AWSAccountId.1=123456789012\
                &ActionName.1=SendMessage&ActionName.2=ReceiveMessage";
    assert_eq!(output_of(&stand, QUEUE, form).await, "");
    let policy = output_of(&stand, QUEUE, "Action=GetQueueAttributes&AttributeName.1=Policy").await;
    assert!(policy.contains("&quot;Sid&quot;:&quot;friends&quot;"), "{policy}");
    assert_eq!(output_of(&stand, QUEUE, "Action=RemovePermission&Label=friends").await, "");
}

#[tokio::test]
async fn dead_letters_are_moved_by_tasks() {
    let stand = stand().await;
    let arn = "arn:aws:sqs:us-east-1:000000000000:orders";
    let policy =
        percent(&format!("{{\"deadLetterTargetArn\":\"{arn}\",\"maxReceiveCount\":\"3\"}}"));
    let form = format!(
        "Action=CreateQueue&QueueName=source&Attribute.1.Name=RedrivePolicy\
         &Attribute.1.Value={policy}"
    );
    output_of(&stand, "/", &form).await;
    assert_eq!(
        output_of(&stand, QUEUE, "Action=ListDeadLetterSourceQueues").await,
        "<ListDeadLetterSourceQueuesResult>\
         <QueueUrl>http://127.0.0.1:9000/000000000000/source</QueueUrl>\
         </ListDeadLetterSourceQueuesResult>"
    );
    let form = format!("Action=StartMessageMoveTask&SourceArn={arn}");
    let started = output_of(&stand, "/", &form).await;
    assert!(!element(&started, "TaskHandle").is_empty(), "{started}");
    let form = format!("Action=ListMessageMoveTasks&SourceArn={arn}&MaxResults=10");
    let tasks = output_of(&stand, "/", &form).await;
    let task = element(&tasks, "ListMessageMoveTasksResultEntry");
    assert_eq!(element(task, "SourceArn"), arn);
    assert_eq!(element(task, "ApproximateNumberOfMessagesToMove"), "0");
    let got = post(&stand, "/", "Action=CancelMessageMoveTask&TaskHandle=x").await;
    assert_eq!(element(&text(&got), "Code"), "InvalidParameterValue");
}

/// Codes, statuses and messages: LocalStack's `test_sqs.py`, `TestSqsQueryApi`, validated
/// against AWS, where it has them.
#[tokio::test]
async fn errors_are_xml() {
    let stand = stand().await;
    for (path, form, status, code, message) in [
        (
            "/000000000000/nowhere",
            "Action=GetQueueAttributes&AttributeName.1=QueueArn",
            400,
            "AWS.SimpleQueueService.NonExistentQueue",
            "The specified queue does not exist for this wsdl version.",
        ),
        (
            QUEUE,
            "Action=FooBar&Version=2012-11-05",
            400,
            "InvalidAction",
            "The action FooBar is not valid for this endpoint.",
        ),
        (
            QUEUE,
            "Action=CreateQueue&QueueName=other",
            400,
            "InvalidAction",
            "The action CreateQueue is not valid for this endpoint.",
        ),
        (
            QUEUE,
            "Action=ListQueues",
            400,
            "InvalidAction",
            "The action ListQueues is not valid for this endpoint.",
        ),
        (
            QUEUE,
            "Action=SendMessage",
            400,
            "MissingParameter",
            "The request must contain the parameter MessageBody.",
        ),
        (
            QUEUE,
            "Action=GetQueueAttributes&AttributeName.1=Foobar",
            400,
            "InvalidAttributeName",
            "Unknown Attribute Foobar.",
        ),
        (
            "/",
            "Action=SendMessage&MessageBody=x",
            404,
            "InvalidAddress",
            "The address http://127.0.0.1:9000/ is not valid for this endpoint.",
        ),
        (
            QUEUE,
            "Action=SendMessageBatch",
            400,
            "AWS.SimpleQueueService.EmptyBatchRequest",
            "There should be at least one SendMessageBatchRequestEntry in the request.",
        ),
        (
            QUEUE,
            "Action=SendMessage&MessageBody=x&MessageAttribute.3.Value.DataType=String",
            400,
            "MissingParameter",
            "The request must contain the parameter MessageAttribute.3.Name.",
        ),
        (
            QUEUE,
            "Action=ReceiveMessage&MaxNumberOfMessages=many",
            400,
            "MalformedInput",
            "Value many for parameter MaxNumberOfMessages is not an integer.",
        ),
        (
            QUEUE,
            "MessageBody=x",
            400,
            "MissingAction",
            "The request must contain the parameter Action.",
        ),
    ] {
        let got = post(&stand, path, form).await;
        let id = got.header("x-amzn-requestid").expect("an id");
        let expected = format!(
            "<?xml version=\"1.0\"?><ErrorResponse \
             xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>{message}</Message><Detail/></Error>\
             <RequestId>{id}</RequestId></ErrorResponse>"
        );
        assert_eq!((got.status, text(&got)), (status, expected), "{form}");
        assert_eq!(got.header("content-type"), Some("text/xml"));
    }
    let large = "x".repeat(super::super::BODY_LIMIT + 1);
    let got = post(&stand, QUEUE, &large).await;
    assert_eq!((got.status, element(&text(&got), "Code")), (413, "RequestTooLarge"));
}

/// LocalStack's `test_sqs.py`: `test_get_send_and_receive_messages`,
/// `test_overwrite_queue_url_in_params`, validated against AWS.
#[tokio::test]
async fn actions_may_be_in_the_url_and_queues_in_a_parameter() {
    let stand = stand().await;
    let send =
        Request::get(format!("{QUEUE}?Action=SendMessage&MessageBody=a+b&X-Amz-Signature=0"));
    let got = stand.send(send, "").await;
    assert_eq!(got.status, 200, "{}", text(&got));
    let receive = Request::get(format!(
        "/000000000000/other?Action=ReceiveMessage&QueueUrl={}",
        percent("http://queue.localhost:9000/000000000000/orders")
    ));
    let got = stand.send(receive, "").await;
    assert_eq!(element(&text(&got), "Body"), "a b");
}

/// Both protocols see the same queues.
#[tokio::test]
async fn a_message_crosses_protocols_unchanged() {
    let stand = stand().await;
    let body = "<a href=\"x\">'&amp;\r\n\t\u{1f375}</a>";
    let form = format!("Action=SendMessage&MessageBody={}", percent(body));
    output_of(&stand, QUEUE, &form).await;
    let xml = output_of(&stand, QUEUE, "Action=ReceiveMessage&VisibilityTimeout=0").await;
    assert_eq!(
        element(&xml, "Body"),
        "&lt;a href=&quot;x&quot;&gt;'&amp;amp;&#xD;\n\t\u{1f375}&lt;/a&gt;"
    );
    let request = Request::post("/").header("x-amz-target", "AmazonSQS.ReceiveMessage");
    let got = stand.send(request, format!(r#"{{"QueueUrl":"{URL}"}}"#)).await;
    assert_eq!(got.json()["Messages"][0]["Body"], body);
}

/// Each action that can be read can be done.
#[tokio::test]
async fn the_table_of_inputs_has_actions_only() {
    let stand = stand().await;
    for (action, _) in shapes::INPUTS {
        let got = post(&stand, "/", &format!("Action={action}&QueueUrl={URL}x")).await;
        assert_ne!(element(&text(&got), "Code"), "InvalidAction", "{action}");
    }
}
