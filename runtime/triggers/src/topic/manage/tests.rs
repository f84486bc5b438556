use std::path::Path;

use samovar_app::{Function, Topic};
use samovar_dispatch::Account;
use samovar_queue::{Attributes, ReceiveMessage};

use super::super::{LedgerError, Publication};
use super::*;
use crate::deliveries::Deliveries;
use crate::testing::{deliveries, dispatcher, function, span};

const HERE: &str = "us-east-1:000000000000";

fn texts(pairs: &[(&str, &str)]) -> Texts {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn open(path: &Path) -> Result<(Topics, Deliveries), LedgerError> {
    let dispatcher = dispatcher();
    let deliveries = deliveries(&dispatcher).await;
    for name in ["a", "letters"] {
        deliveries.queues().ensure_queue(name, &Attributes::new()).await.expect("a queue");
    }
    let topic = Topic {
        logical_id: "Orders".into(),
        name: "orders".into(),
        arn: format!("arn:aws:sns:{HERE}:orders"),
        fifo: false,
        content_based_deduplication: false,
        subscriptions: Vec::new(),
        span: span(),
    };
    let functions = [Arc::new(Function {
        arn: format!("arn:aws:lambda:{HERE}:function:Hello"),
        ..function("Hello")
    })];
    let account = Account::default();
    let topics = Topics::open(&[topic], &functions, account, deliveries.clone(), path)?;
    Ok((topics, deliveries))
}

async fn received(deliveries: &Deliveries, queue: &str) -> Vec<String> {
    let input = ReceiveMessage { max_number_of_messages: Some(10), ..ReceiveMessage::default() };
    let messages = deliveries.queues().receive_message(queue, input).await.expect("messages");
    messages.into_iter().map(|message| message.body).collect()
}

fn message(text: &str) -> Publication {
    Publication { message: text.into(), ..Publication::default() }
}

#[tokio::test(start_paused = true)]
async fn what_is_made_is_there_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("topics.json");
    let (topics, _) = open(&path).await.expect("topics");
    let arn = topics.create("news", texts(&[("DisplayName", "N")]), texts(&[("k", "v")])).await;
    let arn = arn.expect("a topic");
    assert_eq!(arn, format!("arn:aws:sns:{HERE}:news"));
    let of_template = format!("arn:aws:sns:{HERE}:orders");
    let queue = format!("arn:aws:sqs:{HERE}:a");
    let raw = texts(&[("RawMessageDelivery", "true")]);
    let mut arns = Vec::new();
    for topic in [&arn, &of_template] {
        let made = topics.subscribe(topic, "sqs", &queue, raw.clone()).await.expect("made");
        assert!(made.starts_with(topic.as_str()), "{made}");
        arns.push(made);
    }
    let policy = r#"{"kind":["tea"]}"#;
    topics.set_subscription_attribute(&arns[1], "FilterPolicy", policy).await.expect("set");
    topics.set_attribute(&arn, "DisplayName", "News").await.expect("set");
    topics.tag(&arn, texts(&[("a", "b")])).await.expect("tagged");
    topics.untag(&arn, &["k".to_owned()]).await.expect("untagged");
    let gone = topics.create("gone", Texts::new(), Texts::new()).await.expect("a topic");
    topics.subscribe(&gone, "sqs", &queue, Texts::new()).await.expect("made");
    topics.delete(&gone).await.expect("deleted");

    let (topics, deliveries) = open(&path).await.expect("topics");
    assert_eq!(topics.list(), [of_template.clone(), arn.clone()]);
    assert_eq!(topics.tags(&arn), Ok(texts(&[("a", "b")])));
    let attributes = topics.attributes(&arn).expect("attributes");
    assert!(attributes.contains(&("DisplayName".into(), "News".into())), "{attributes:?}");
    let attributes = topics.subscription_attributes(&arns[1]).expect("attributes");
    assert_eq!(attributes["FilterPolicy"], policy);
    assert_eq!(attributes["RawMessageDelivery"], "true");
    topics.publish(&arn, message("one")).await.expect("published");
    topics.publish(&of_template, message("two")).await.expect("published");
    assert_eq!(received(&deliveries, "a").await, ["one"], "the filter wants none of the other");

    topics.unsubscribe(&arns[0]).await.expect("gone");
    topics.publish(&arn, message("three")).await.expect("published");
    assert!(received(&deliveries, "a").await.is_empty());
    let (topics, _) = open(&path).await.expect("topics");
    assert_eq!(topics.subscriptions(None).expect("subscriptions").len(), 1);
}

/// SNS API reference, "CreateTopic", "Subscribe", "Unsubscribe", "DeleteTopic".
#[tokio::test(start_paused = true)]
async fn actions_can_be_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let (topics, _) = open(&folder.path().join("topics.json")).await.expect("topics");
    for _ in 0..2 {
        let fifo = texts(&[("FifoTopic", "true")]);
        topics.create("a.fifo", fifo, Texts::new()).await.expect("a topic");
        topics.create("orders", Texts::new(), Texts::new()).await.expect("the template's");
        let arn = topics.create("news", Texts::new(), Texts::new()).await.expect("a topic");
        let function = format!("arn:aws:lambda:{HERE}:function:Hello");
        topics.subscribe(&arn, "lambda", &function, Texts::new()).await.expect("made");
    }
    assert_eq!(topics.list().len(), 3);
    let subscription = topics.subscriptions(None).expect("subscriptions").remove(0).arn;
    for _ in 0..2 {
        topics.unsubscribe(&subscription).await.expect("gone");
        topics.delete(&format!("arn:aws:sns:{HERE}:news")).await.expect("gone");
    }
    assert_eq!(topics.list().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (topics, _) = open(&folder.path().join("topics.json")).await.expect("topics");
    let code = |result: Result<String, TopicError>| result.expect_err("a refusal").code;
    let none = Texts::new;
    for (name, attributes) in [
        ("", none()),
        ("a b", none()),
        ("a.fifo", none()),
        ("a", texts(&[("FifoTopic", "true")])),
        ("a", texts(&[("Colour", "red")])),
        ("orders", texts(&[("ContentBasedDeduplication", "true")])),
        (&"x".repeat(257), none()),
    ] {
        let refused = code(topics.create(name, attributes, none()).await);
        assert_eq!(refused, "InvalidParameter", "{name}");
    }
    let orders = format!("arn:aws:sns:{HERE}:orders");
    let queue = format!("arn:aws:sqs:{HERE}:a");
    for (topic, protocol, endpoint, attributes, expected) in [
        (format!("{orders}x"), "sqs", queue.as_str(), none(), "NotFound"),
        (orders.clone(), "smoke", "hill", none(), "InvalidParameter"),
        (orders.clone(), "sqs", "a", none(), "InvalidParameter"),
        (
            orders.clone(),
            "lambda",
            "arn:aws:lambda:us-east-1:1:function:x",
            none(),
            "InvalidParameter",
        ),
        (orders.clone(), "sqs", &queue, texts(&[("FilterPolicy", "[")]), "InvalidParameter"),
        (
            orders.clone(),
            "sqs",
            &queue,
            texts(&[("FilterPolicy", r#"{"a":1}"#)]),
            "InvalidParameter",
        ),
        (
            orders.clone(),
            "sqs",
            &queue,
            texts(&[("RawMessageDelivery", "yes")]),
            "InvalidParameter",
        ),
        (orders.clone(), "sqs", &queue, texts(&[("RedrivePolicy", "{}")]), "InvalidParameter"),
    ] {
        assert_eq!(code(topics.subscribe(&topic, protocol, endpoint, attributes).await), expected);
    }
    assert_eq!(topics.delete(&orders).await.expect_err("a refusal").code, "InvalidParameter");
    let arn = topics.subscribe(&orders, "sqs", &queue, none()).await.expect("made");
    let raw = texts(&[("RawMessageDelivery", "true")]);
    assert_eq!(code(topics.subscribe(&orders, "sqs", &queue, raw).await), "InvalidParameter");
    let wrong = topics.set_subscription_attribute(&arn, "FilterPolicy", "{").await;
    assert_eq!(wrong.expect_err("a refusal").code, "InvalidParameter");
    assert!(!topics.subscription_attributes(&arn).expect("them").contains_key("FilterPolicy"));
    let missing = topics.subscription_attributes(&format!("{orders}:none"));
    assert_eq!(missing.expect_err("a refusal").code, "NotFound");
    assert_eq!(topics.tags("arn:aws:sns:a:b:c").expect_err("none").code, "ResourceNotFound");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("topics.json");
    std::fs::write(&path, r#"{"topics": ["#).expect("written");
    let error = open(&path).await.map(|_| ()).expect_err("a fault").to_string();
    assert!(error.contains("topics.json") && error.contains("remove the file"), "{error}");
}

/// A disk that fails leaves all as it was.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_is_not_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("state");
    std::fs::create_dir(&inner).expect("a folder");
    let (topics, _) = open(&inner.join("topics.json")).await.expect("topics");
    std::fs::remove_dir(&inner).expect("removed");
    let error = topics.create("news", Texts::new(), Texts::new()).await.expect_err("a fault");
    assert_eq!((error.code, error.status), ("InternalError", 500));
    assert_eq!(topics.list().len(), 1);
    std::fs::create_dir(&inner).expect("a folder");
    topics.create("news", Texts::new(), Texts::new()).await.expect("a topic");
}
