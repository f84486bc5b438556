use http::Request;
use samovar_app::{Span, Subscription, Target, Topic};
use samovar_dispatch::Limits;

use crate::testing::{Got, Stand};

const ARN: &str = "arn:aws:sns:us-east-1:000000000000:orders";

/// A topic `orders` with the queue `a` as its subscriber.
async fn stand() -> Stand {
    let mut stand = Stand::new(Limits::default());
    let create = Request::post("/").header("x-amz-target", "AmazonSQS.CreateQueue");
    assert_eq!(stand.send(create, r#"{"QueueName":"a"}"#).await.status, 200);
    let file = std::path::Path::new("template.yaml").into();
    let span = Span { file, line: 1, column: 1 };
    let subscription = Subscription {
        protocol: "sqs".into(),
        endpoint: "arn:aws:sqs:us-east-1:000000000000:a".into(),
        target: Target::Queue("a".into()),
        filter_policy: None,
        filters_body: false,
        raw: true,
        dead_letter: None,
        span: span.clone(),
    };
    let topic = Topic {
        logical_id: "Orders".into(),
        name: "orders".into(),
        arn: ARN.into(),
        fifo: false,
        content_based_deduplication: false,
        subscriptions: vec![subscription],
        span,
    };
    stand.add_senders(&[topic], Vec::new()).await;
    stand
}

/// A form as botocore sends it, with the signature that tells the service.
async fn call(stand: &Stand, form: &str) -> Got {
    let signature = "AWS4-HMAC-SHA256 Credential=samovar/20200312/us-east-1/sns/aws4_request, \
                     SignedHeaders=host, Signature=00";
    let request = Request::post("/")
        .header("authorization", signature)
        .header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    stand.send(request, format!("{form}&Version=2010-03-31")).await
}

/// The document, with what is new each time cut out.
fn document(got: &Got) -> String {
    let mut text = String::from_utf8(got.body.to_vec()).expect("text");
    for name in ["RequestId", "MessageId"] {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let mut from = 0;
        while let Some(start) = text[from..].find(&open).map(|at| from + at + open.len()) {
            let end = start + text[start..].find(&close).expect("its end");
            assert_eq!(end - start, 36, "a UUID");
            text.replace_range(start..end, "");
            from = start;
        }
    }
    text
}

fn answer(action: &str, result: &str) -> String {
    format!(
        "<{action}Response xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><{action}Result>\
         {result}</{action}Result><ResponseMetadata><RequestId></RequestId></ResponseMetadata>\
         </{action}Response>"
    )
}

async fn received(stand: &Stand) -> serde_json::Value {
    let receive = Request::post("/").header("x-amz-target", "AmazonSQS.ReceiveMessage");
    let body = r#"{"QueueUrl":"a","MaxNumberOfMessages":10,"MessageAttributeNames":["All"]}"#;
    stand.send(receive, body).await.json()
}

#[tokio::test]
async fn publish() {
    let stand = stand().await;
    let form = format!(
        "Action=Publish&TopicArn={}&Message=Hello+%C3%A4%26&MessageAttributes.entry.1.Name=kind\
         &MessageAttributes.entry.1.Value.DataType=String\
         &MessageAttributes.entry.1.Value.StringValue=x%20y\
         &MessageAttributes.entry.2.Name=raw&MessageAttributes.entry.2.Value.DataType=Binary\
         &MessageAttributes.entry.2.Value.BinaryValue=AQI%3D",
        ARN.replace(':', "%3A")
    );
    let got = call(&stand, &form).await;
    assert_eq!((got.status, got.header("content-type")), (200, Some("text/xml")));
    assert_eq!(document(&got), answer("Publish", "<MessageId></MessageId>"));
    let received = received(&stand).await;
    let message = &received["Messages"][0];
    assert_eq!(message["Body"], "Hello ä&");
    assert_eq!(message["MessageAttributes"]["kind"]["StringValue"], "x y");
    assert_eq!(message["MessageAttributes"]["raw"]["BinaryValue"], "AQI=");
}

#[tokio::test]
async fn publish_batch() {
    let stand = stand().await;
    let entries = "PublishBatchRequestEntries.member";
    let form = format!(
        "Action=PublishBatch&TopicArn={ARN}&{entries}.1.Id=one&{entries}.1.Message=1\
         &{entries}.2.Id=two&{entries}.2.Message="
    );
    let result = "<Successful><member><Id>one</Id><MessageId></MessageId></member></Successful>\
                  <Failed><member><Id>two</Id><Code>InvalidParameter</Code><Message>Invalid \
                  parameter: Empty message</Message><SenderFault>true</SenderFault></member>\
                  </Failed>";
    let got = call(&stand, &form).await;
    assert_eq!(document(&got), answer("PublishBatch", result));
    assert_eq!(received(&stand).await["Messages"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn what_is_there_is_told() {
    let stand = stand().await;
    let topic = format!("<TopicArn>{ARN}</TopicArn>");
    let got = call(&stand, "Action=CreateTopic&Name=orders").await;
    assert_eq!(document(&got), answer("CreateTopic", &topic));
    let got = call(&stand, "Action=ListTopics").await;
    let list = format!("<Topics><member>{topic}</member></Topics>");
    assert_eq!(document(&got), answer("ListTopics", &list));
    let got = call(&stand, &format!("Action=GetTopicAttributes&TopicArn={ARN}")).await;
    let owner = "<entry><key>Owner</key><value>000000000000</value></entry>";
    assert!(document(&got).contains(owner), "{got:?}");
    let all = document(&call(&stand, "Action=ListSubscriptions").await);
    let of_topic = format!("Action=ListSubscriptionsByTopic&TopicArn={ARN}");
    let of_topic = document(&call(&stand, &of_topic).await);
    assert_eq!(of_topic, all.replace("ListSubscriptions", "ListSubscriptionsByTopic"));
    let endpoint = "<Owner>000000000000</Owner><Protocol>sqs</Protocol>\
                    <Endpoint>arn:aws:sqs:us-east-1:000000000000:a</Endpoint>";
    assert!(all.contains(endpoint), "{all}");
}

#[tokio::test]
async fn errors_are_documents_too() {
    let stand = stand().await;
    for (form, status, code, message) in [
        (
            "Action=Publish&TopicArn=arn:aws:sns:us-east-1:000000000000:none&Message=x",
            404,
            "NotFound",
            "Topic does not exist",
        ),
        (
            "Action=Publish&Message=x",
            400,
            "InvalidParameter",
            "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter",
        ),
        (
            "Action=Publish&TopicArn=x",
            400,
            "ValidationError",
            "1 validation error detected: Value null at 'message' failed to satisfy constraint: \
             Member must not be null",
        ),
    ] {
        let got = call(&stand, form).await;
        let document = document(&got);
        assert_eq!(
            (got.status, document.as_str()),
            (
                status,
                format!(
                    "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error>\
                     <Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
                     <RequestId></RequestId></ErrorResponse>"
                )
                .as_str()
            )
        );
    }
    let got = call(&stand, "Action=Subscribe%3C&TopicArn=x").await;
    assert!(document(&got).contains("<Code>InvalidAction</Code>"), "{got:?}");
    assert!(document(&got).contains("Subscribe&lt;"), "{got:?}");
}

#[tokio::test]
async fn other_forms_are_not_meant() {
    let stand = stand().await;
    let form = "application/x-www-form-urlencoded";
    let request = Request::post("/").header("content-type", form);
    let got = stand.send(request, "Action=ListQueues&Version=2012-11-05").await;
    assert!(String::from_utf8_lossy(&got.body).contains("queue.amazonaws.com"), "{got:?}");
    let got = stand.get("/?Action=ListTopics&Version=2010-03-31").await;
    assert!(document(&got).starts_with("<ListTopicsResponse"), "{got:?}");
}

/// As SDKs send without credentials, and people with curl.
#[tokio::test]
async fn a_form_that_is_not_signed_says_what_it_means() {
    let stand = stand().await;
    let send = async |form: &str| {
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        stand.send(Request::post("/").header("content-type", kind), form.to_owned()).await
    };
    let form = format!("Action=Publish&Version=2010-03-31&TopicArn={ARN}&Message=hello");
    let got = send(&form).await;
    assert_eq!(document(&got), answer("Publish", "<MessageId></MessageId>"));
    assert_eq!(received(&stand).await["Messages"][0]["Body"], "hello");
    // All the others are SQS's: what AWS says of an action that it does not know differs.
    for form in ["Action=ListTopics&Version=2012-11-05", "Action=ListTopics", ""] {
        let got = send(form).await;
        let text = String::from_utf8_lossy(&got.body);
        assert!(!text.contains("sns.amazonaws.com"), "{form}: {text}");
    }
    let message = "Message=Version=2010-03-31".replace("=V", "%3DV");
    let got = send(&format!("Action=ListQueues&Version=2012-11-05&{message}")).await;
    assert!(String::from_utf8_lossy(&got.body).contains("queue.amazonaws.com"), "{got:?}");
}

#[tokio::test]
async fn lists_have_pages_of_a_hundred() {
    let span = crate::testing::function("x").span;
    let arn = |n: usize| format!("arn:aws:sns:us-east-1:000000000000:topic-{n:03}");
    let subscription = |n: usize| Subscription {
        protocol: "https".into(),
        endpoint: format!("https://example.com/{n}"),
        target: Target::Elsewhere,
        filter_policy: None,
        filters_body: false,
        raw: false,
        dead_letter: None,
        span: span.clone(),
    };
    let topic = |n: usize| Topic {
        logical_id: format!("Topic{n}"),
        name: format!("topic-{n:03}"),
        arn: arn(n),
        fifo: false,
        content_based_deduplication: false,
        subscriptions: (0..if n == 0 { 150 } else { 0 }).map(subscription).collect(),
        span: span.clone(),
    };
    let topics: Vec<Topic> = (0..230).map(topic).collect();
    let mut stand = Stand::new(Limits::default());
    stand.add_senders(&topics, Vec::new()).await;

    for (action, member, pages) in [
        ("ListTopics".to_owned(), "<TopicArn>", vec![100, 100, 30]),
        ("ListSubscriptions".to_owned(), "<SubscriptionArn>", vec![100, 50]),
        (
            format!("ListSubscriptionsByTopic&TopicArn={}", arn(0)),
            "<SubscriptionArn>",
            vec![100, 50],
        ),
    ] {
        let (mut token, mut seen) = (String::new(), Vec::new());
        loop {
            // The first token is empty, as the SDK for .NET sends it.
            let got = call(&stand, &format!("Action={action}&NextToken={token}")).await;
            let text = String::from_utf8_lossy(&got.body).into_owned();
            seen.push(text.matches(member).count());
            let Some((_, rest)) = text.split_once("<NextToken>") else { break };
            token = rest.split_once('<').expect("its end").0.to_owned();
        }
        assert_eq!(seen, pages, "{action}");
        let got = call(&stand, &format!("Action={action}&NextToken=other")).await;
        assert_eq!(got.status, 400);
        let text = String::from_utf8_lossy(&got.body).into_owned();
        assert!(text.contains("<Code>InvalidParameter</Code>"), "{text}");
    }
}
