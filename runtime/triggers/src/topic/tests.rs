use std::sync::Mutex;
use std::time::Duration;

use aws_lambda_events::event::sns::{SnsEvent, SnsMessage};
use samovar_app::{Destination, Subscription, Target};
use samovar_dispatch::{Door, FunctionError, Response};
use samovar_queue::{
    AttributeValue, Attributes, Message, MessageAttribute, MessageAttributes, ReceiveMessage,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::testing::{Fake, bytes, deliveries, dispatcher, function, span};

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:orders";

fn subscription(target: Target) -> Subscription {
    let (protocol, endpoint) = match &target {
        Target::Queue(name) => ("sqs", format!("arn:aws:sqs:us-east-1:000000000000:{name}")),
        _ => ("lambda", "arn:aws:lambda:us-east-1:000000000000:function:Orders".to_owned()),
    };
    Subscription {
        protocol: protocol.into(),
        endpoint,
        target,
        filter_policy: None,
        filters_body: false,
        raw: false,
        dead_letter: Some(Destination {
            arn: "arn:aws:sqs:us-east-1:000000000000:letters".into(),
            target: Target::Queue("letters".into()),
        }),
        span: span(),
    }
}

fn queue(name: &str) -> Subscription {
    subscription(Target::Queue(name.into()))
}

fn filtered(name: &str, policy: Value, filters_body: bool) -> Subscription {
    Subscription { filter_policy: Some(policy), filters_body, raw: true, ..queue(name) }
}

struct Stand {
    topics: Topics,
    deliveries: Deliveries,
    dispatcher: samovar_dispatch::Dispatcher,
    events: Arc<Mutex<Vec<bytes::Bytes>>>,
}

impl Stand {
    /// A topic `orders` with these subscriptions, or `orders.fifo`, and the queues `a`, `b`,
    /// `letters`, `a.fifo`; a function that fails when a message says so.
    async fn new(fifo: bool, subscriptions: Vec<Subscription>) -> Self {
        let dispatcher = dispatcher();
        let events: Arc<Mutex<Vec<bytes::Bytes>>> = Arc::default();
        let seen = events.clone();
        let provider = Fake::new(Door::Event, move |_, event| {
            let event = bytes(event);
            let fails = event.windows(4).any(|part| part == b"fail");
            seen.lock().expect("events").push(event);
            let failure = || FunctionError::platform("Runtime.ExitError", "gone");
            let answer = Response::Bytes("null".into());
            (Duration::ZERO, if fails { Err(failure()) } else { Ok(answer) })
        });
        let function = Arc::new(function("Orders"));
        dispatcher.register(function.clone(), provider);
        let deliveries = deliveries(&dispatcher).await;
        for name in ["a", "b", "letters"] {
            let none = Attributes::new();
            deliveries.queues().ensure_queue(name, &none).await.expect("a queue");
        }
        let fifo_queue = Attributes::from([("FifoQueue".into(), "true".into())]);
        deliveries.queues().ensure_queue("a.fifo", &fifo_queue).await.expect("a queue");
        tokio::spawn(deliveries.clone().run(CancellationToken::new()));
        let suffix = if fifo { ".fifo" } else { "" };
        let topic = Topic {
            logical_id: "Orders".into(),
            name: format!("orders{suffix}"),
            arn: format!("{TOPIC}{suffix}"),
            fifo,
            content_based_deduplication: false,
            subscriptions,
            span: span(),
        };
        let account = Account::default();
        let topics = Topics::new(&[topic], &[function], account, deliveries.clone());
        Self { topics, deliveries, dispatcher, events }
    }

    async fn publish(&self, publication: Publication) -> Published {
        self.topics.publish(TOPIC, publication).await.expect("published")
    }

    async fn refused(&self, publication: Publication) -> (&'static str, String) {
        let error = self.topics.publish(TOPIC, publication).await.expect_err("a refusal");
        (error.code, error.message)
    }

    /// What a queue has, taken out of it.
    async fn received(&self, queue: &str) -> Vec<Message> {
        let input = ReceiveMessage {
            max_number_of_messages: Some(10),
            attribute_names: vec!["All".into()],
            system_attribute_names: vec!["All".into()],
            ..ReceiveMessage::default()
        };
        let queues = self.deliveries.queues();
        let messages = queues.receive_message(queue, input).await.expect("messages");
        for message in &messages {
            queues.delete_message(queue, &message.receipt_handle).await.expect("deleted");
        }
        messages
    }

    async fn bodies(&self, queue: &str) -> Vec<String> {
        self.received(queue).await.into_iter().map(|message| message.body).collect()
    }
}

fn message(text: &str) -> Publication {
    Publication { message: text.into(), ..Publication::default() }
}

fn text(data_type: &str, value: &str) -> MessageAttribute {
    MessageAttribute { data_type: data_type.into(), value: AttributeValue::String(value.into()) }
}

fn attributes(list: &[(&str, &str, &str)]) -> MessageAttributes {
    let one = |(name, kind, value): &(&str, &str, &str)| ((*name).into(), text(kind, value));
    list.iter().map(one).collect()
}

/// SNS guide, "Fanout to Amazon SQS queues": the JSON of its example.
#[tokio::test(start_paused = true)]
async fn a_queue_gets_the_envelope_before_the_publish_is_answered() {
    let stand = Stand::new(false, vec![queue("a")]).await;
    let published = stand
        .publish(Publication {
            subject: Some("Mine".into()),
            attributes: attributes(&[("kind", "String", "a \"b\""), ("n", "Number", "1.50")]),
            ..message("Hello\nworld")
        })
        .await;
    let bodies = stand.bodies("a").await;
    let info = stand.topics.subscriptions(None).expect("subscriptions");
    assert_eq!(
        bodies,
        [format!(
            r#"{{
  "Type" : "Notification",
  "MessageId" : "{}",
  "TopicArn" : "{TOPIC}",
  "Subject" : "Mine",
  "Message" : "Hello\nworld",
  "Timestamp" : "2020-03-12T19:03:58.390Z",
  "SignatureVersion" : "1",
  "Signature" : "EXAMPLE",
  "SigningCertURL" : "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-00000000000000000000000000000000.pem",
  "UnsubscribeURL" : "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={}",
  "MessageAttributes" : {{
    "kind" : {{"Type":"String","Value":"a \"b\""}},
    "n" : {{"Type":"Number","Value":"1.50"}}
  }}
}}"#,
            published.message_id, info[0].arn
        )]
    );
    let parsed: SnsMessage = serde_json::from_str(&bodies[0]).expect("a notification");
    assert_eq!(parsed.message, "Hello\nworld");
}

#[tokio::test(start_paused = true)]
async fn raw_messages_keep_their_attributes() {
    let stand = Stand::new(false, vec![Subscription { raw: true, ..queue("a") }]).await;
    let given = attributes(&[("kind", "String", "x"), ("list", "String.Array", "[\"a\"]")]);
    stand.publish(Publication { attributes: given.clone(), ..message("Hello") }).await;
    let received = stand.received("a").await;
    assert_eq!((received[0].body.as_str(), &received[0].attributes), ("Hello", &given));
    // More than SQS takes: a dead letter, not a failed publish.
    let many: Vec<_> = (0..11).map(|n| format!("n{n}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), "Number", "1")).collect();
    stand.publish(Publication { attributes: attributes(&many), ..message("Hello") }).await;
    assert!(stand.received("a").await.is_empty());
    assert_eq!(stand.received("letters").await.len(), 1);
}

/// Lambda guide, "Invoking Lambda functions with Amazon SNS notifications".
#[tokio::test(start_paused = true)]
async fn a_function_gets_the_event() {
    let stand = Stand::new(false, vec![subscription(Target::Function("Orders".into()))]).await;
    let mut given = attributes(&[("kind", "String", "x")]);
    let binary = AttributeValue::Binary("\u{1}\u{2}".into());
    given.insert("raw".into(), MessageAttribute { data_type: "Binary".into(), value: binary });
    let published = stand.publish(Publication { attributes: given, ..message("Hello") }).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let payload = stand.events.lock().expect("events")[0].clone();
    let arn = stand.topics.subscriptions(None).expect("subscriptions")[0].arn.clone();
    let event: Value = serde_json::from_slice(&payload).expect("JSON");
    let url = "https://sns.us-east-1.amazonaws.com/";
    let pem = "SimpleNotificationService-00000000000000000000000000000000.pem";
    assert_eq!(
        event,
        json!({"Records": [{
            "EventSource": "aws:sns",
            "EventVersion": "1.0",
            "EventSubscriptionArn": arn,
            "Sns": {
                "Type": "Notification",
                "MessageId": published.message_id,
                "TopicArn": TOPIC,
                "Subject": null,
                "Message": "Hello",
                "Timestamp": "2020-03-12T19:03:58.390Z",
                "SignatureVersion": "1",
                "Signature": "EXAMPLE",
                "SigningCertUrl": format!("{url}{pem}"),
                "UnsubscribeUrl": format!("{url}?Action=Unsubscribe&SubscriptionArn={arn}"),
                "MessageAttributes": {
                    "kind": {"Type": "String", "Value": "x"},
                    "raw": {"Type": "Binary", "Value": "AQI="},
                },
            },
        }]})
    );
    let event: SnsEvent = serde_json::from_slice(&payload).expect("an SNS event");
    assert_eq!(event.records[0].sns.message, "Hello");
}

#[tokio::test(start_paused = true)]
async fn what_a_function_fails_with_is_no_dead_letter_of_the_topic() {
    let stand = Stand::new(false, vec![subscription(Target::Function("Orders".into()))]).await;
    stand.publish(message("fail")).await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(stand.events.lock().expect("events").len(), 3);
    assert!(stand.received("letters").await.is_empty(), "it was handed over");
}

/// SNS guide, "Amazon SNS dead-letter queues".
#[tokio::test(start_paused = true)]
async fn what_a_function_that_is_gone_would_have_got_is_a_dead_letter() {
    let stand = Stand::new(false, vec![subscription(Target::Function("Orders".into()))]).await;
    stand.dispatcher.remove("Orders", None);
    stand.publish(message("fail")).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let letters = stand.received("letters").await;
    let letter: SnsMessage = serde_json::from_str(&letters[0].body).expect("a notification");
    assert_eq!(letter.message, "fail");
    let code = AttributeValue::String("NO_RESOURCE".into());
    assert_eq!(letters[0].attributes["ErrorCode"].value, code);
}

#[tokio::test(start_paused = true)]
async fn filter_policies_choose_by_attributes_or_body() {
    let stand = Stand::new(
        false,
        vec![
            filtered(
                "a",
                json!({"kind": ["order"], "n": [{"numeric": [">", 5]}], "tags": ["x"]}),
                false,
            ),
            filtered("b", json!({"shop": {"city": [{"prefix": "Ber"}]}}), true),
        ],
    )
    .await;
    for (kind, number, tags) in [
        ("order", "6", r#"["w","x"]"#),
        ("order", "5", r#"["w","x"]"#),
        ("order", "6", r#"["w"]"#),
        ("other", "6", r#"["x"]"#),
    ] {
        let given = attributes(&[
            ("kind", "String", kind),
            ("n", "Number", number),
            ("tags", "String.Array", tags),
        ]);
        let text = format!("{kind} {number} {tags}");
        stand.publish(Publication { attributes: given, ..message(&text) }).await;
    }
    let berlin = r#"{"shop":{"city":"Berlin"}}"#;
    for text in [berlin, r#"{"shop":{"city":"Bonn"}}"#, "[1]", "Ber"] {
        stand.publish(message(text)).await;
    }
    assert_eq!(stand.bodies("a").await, [r#"order 6 ["w","x"]"#]);
    assert_eq!(stand.bodies("b").await, [berlin]);
}

#[tokio::test(start_paused = true)]
async fn what_is_only_known_on_aws_lets_nothing_through() {
    let unknown = filtered("a", json!("{{unknown}}"), false);
    let stand = Stand::new(false, vec![unknown, filtered("b", json!({}), false)]).await;
    stand.publish(message("Hello")).await;
    assert!(stand.bodies("a").await.is_empty());
    assert_eq!(stand.bodies("b").await, ["Hello"], "an empty policy is none");
}

#[tokio::test(start_paused = true)]
async fn a_structure_has_a_message_for_each_protocol() {
    let raw = Subscription { raw: true, ..queue("a") };
    let stand = Stand::new(false, vec![raw]).await;
    let json = |text: &str| Publication { structure: Some("json".into()), ..message(text) };
    stand.publish(json(r#"{"default":"d","sqs":"s"}"#)).await;
    stand.publish(json(r#"{"default":"d","sms":"s"}"#)).await;
    assert_eq!(stand.bodies("a").await, ["s", "d"]);
    for (text, reason) in [
        ("{", "Message Structure - JSON message body failed to parse"),
        (r#"{"sqs":"s"}"#, "Message Structure - No default entry in JSON message body"),
    ] {
        let error = format!("Invalid parameter: {reason}");
        assert_eq!(stand.refused(json(text)).await, ("InvalidParameter", error));
    }
}

#[tokio::test(start_paused = true)]
async fn fifo_topics_keep_order_and_sort_out_duplicates() {
    let raw = |name: &str| Subscription { raw: true, ..queue(name) };
    let stand = Stand::new(true, vec![raw("a.fifo"), raw("b")]).await;
    let fifo = |text: &str, id: &str| Publication {
        group_id: Some("g".into()),
        deduplication_id: Some(id.into()),
        ..message(text)
    };
    let arn = format!("{TOPIC}.fifo");
    let publish = async |publication| stand.topics.publish(&arn, publication).await;
    let first = publish(fifo("one", "1")).await.expect("published");
    let second = publish(fifo("two", "2")).await.expect("published");
    assert_eq!(publish(fifo("again", "1")).await.expect("published"), first);
    let number = |published: &Published| published.sequence_number.clone().expect("a number");
    assert!(number(&first) < number(&second) && number(&first).len() == 20);
    let received = stand.received("a.fifo").await;
    let bodies: Vec<_> = received.iter().map(|message| message.body.as_str()).collect();
    assert_eq!(bodies, ["one", "two"]);
    assert_eq!(received[0].system_attributes["MessageGroupId"], "g");
    assert_eq!(received[0].system_attributes["MessageDeduplicationId"], "1");
    assert_eq!(stand.bodies("b").await, ["one", "two"]);
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_ne!(publish(fifo("again", "1")).await.expect("published"), first);

    for (publication, reason) in [
        (message("x"), "The MessageGroupId parameter is required for FIFO topics"),
        (
            Publication { group_id: Some("g".into()), ..message("x") },
            "The topic should either have ContentBasedDeduplication enabled or \
             MessageDeduplicationId provided explicitly",
        ),
    ] {
        let error = publish(publication).await.expect_err("a refusal");
        assert_eq!(error.message, format!("Invalid parameter: {reason}"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_and_how() {
    let stand = Stand::new(false, vec![]).await;
    let parameter = |reason: &str| ("InvalidParameter", format!("Invalid parameter: {reason}"));
    let with = |name: &str, attribute: MessageAttribute| Publication {
        attributes: [(name.to_owned(), attribute)].into(),
        ..message("x")
    };
    let value = |reason: &str| ("ParameterValueInvalid", reason.to_owned());
    for (publication, error) in [
        (message(""), parameter("Empty message")),
        (message(&"x".repeat(256 * 1024 + 1)), parameter("Message too long")),
        (Publication { subject: Some("".into()), ..message("x") }, parameter("Subject")),
        (Publication { subject: Some("x".repeat(101)), ..message("x") }, parameter("Subject")),
        (
            Publication { deduplication_id: Some("1".into()), ..message("x") },
            parameter(
                "MessageDeduplicationId Reason: The request includes MessageDeduplicationId \
                 parameter that is not valid for this topic type",
            ),
        ),
        (
            with("a", text("Text", "x")),
            value(
                "The message attribute 'a' has an invalid message attribute type, the set of \
                 supported type prefixes is Binary, Number, and String.",
            ),
        ),
        (
            with("a", text("String", "")),
            value(
                "The message attribute 'a' must contain non-empty message attribute value for \
                 message attribute type 'String'.",
            ),
        ),
        (
            with("a", text("Binary", "x")),
            value("The message attribute 'a' with type 'Binary' must use field 'Binary'."),
        ),
        (
            with("a", text("Number", "x")),
            value("Could not cast message attribute 'a' value to number."),
        ),
    ] {
        assert_eq!(stand.refused(publication).await, error);
    }
    for (arn, code, message_text) in [
        ("orders", "InvalidParameter", "Invalid parameter: TopicArn"),
        ("arn:aws:sns:us-east-1:000000000000:none", "NotFound", "Topic does not exist"),
    ] {
        let error = stand.topics.publish(arn, message("x")).await.expect_err("a refusal");
        assert_eq!((error.code, error.message.as_str()), (code, message_text));
    }
}

#[tokio::test(start_paused = true)]
async fn batches_have_limits_and_results_of_their_own() {
    let stand = Stand::new(false, vec![Subscription { raw: true, ..queue("a") }]).await;
    let entry = |id: &str, text: &str| (id.to_owned(), message(text));
    let batch = vec![entry("1", "one"), entry("2", ""), entry("3", "three")];
    let results = stand.topics.publish_batch(TOPIC, batch).await.expect("results");
    let shown: Vec<_> = results.iter().map(|(id, r)| (id.as_str(), r.is_ok())).collect();
    assert_eq!(shown, [("1", true), ("2", false), ("3", true)]);
    assert_eq!(stand.bodies("a").await, ["one", "three"]);
    let half = "x".repeat(200 * 1024);
    for (batch, code) in [
        (vec![], "EmptyBatchRequest"),
        ((0..11).map(|n| entry(&n.to_string(), "x")).collect(), "TooManyEntriesInBatchRequest"),
        (vec![entry("a b", "x")], "InvalidBatchEntryId"),
        (vec![entry("1", "x"), entry("1", "x")], "BatchEntryIdsNotDistinct"),
        (vec![entry("1", &half), entry("2", &half)], "BatchRequestTooLong"),
    ] {
        let error = stand.topics.publish_batch(TOPIC, batch).await.expect_err("a refusal");
        assert_eq!((error.code, error.status), (code, 400));
    }
}

#[tokio::test(start_paused = true)]
async fn topics_can_be_asked_about() {
    let stand = Stand::new(true, vec![queue("a.fifo")]).await;
    let arn = format!("{TOPIC}.fifo");
    assert_eq!(stand.topics.list(), [arn.as_str()]);
    let attributes = stand.topics.attributes(&arn).expect("attributes");
    assert!(attributes.contains(&("SubscriptionsConfirmed".into(), "1".into())));
    assert!(attributes.contains(&("FifoTopic".into(), "true".into())));
    let listed = stand.topics.subscriptions(Some(&arn)).expect("subscriptions");
    assert!(listed[0].arn.starts_with(&format!("{arn}:")) && listed[0].protocol == "sqs");
    let again = Stand::new(true, vec![queue("a.fifo")]).await;
    assert_eq!(again.topics.subscriptions(None).expect("subscriptions"), listed);
}
