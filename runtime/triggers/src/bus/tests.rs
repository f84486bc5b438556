use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use samovar_app::{Destination, InputTransformer, RetryPolicy, Target};
use samovar_dispatch::{Door, Response};
use samovar_queue::{AttributeValue, Attributes, Message, ReceiveMessage};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::testing::{Fake, bytes, deliveries, dispatcher, function, span};

fn rule(pattern: Value) -> RuleTrigger {
    RuleTrigger {
        name: "Orders".into(),
        rule: "orders".into(),
        bus: "default".into(),
        pattern,
        input: None,
        input_path: None,
        input_transformer: None,
        retry: RetryPolicy::default(),
        dead_letter: None,
        enabled: true,
        span: span(),
    }
}

struct Stand {
    buses: EventBuses,
    events: Arc<Mutex<Vec<String>>>,
    deliveries: Deliveries,
}

impl Stand {
    async fn new(rules: impl IntoIterator<Item = RuleTrigger>) -> Self {
        Self::with_queues(rules, Vec::new()).await
    }

    async fn with_queues(
        rules: impl IntoIterator<Item = RuleTrigger>,
        queues: Vec<QueueTarget>,
    ) -> Self {
        let dispatcher = dispatcher();
        let events: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = events.clone();
        let provider = Fake::new(Door::Event, move |_, event| {
            let event = String::from_utf8(bytes(event).into()).expect("text");
            seen.lock().expect("events").push(event);
            (Duration::ZERO, Ok(Response::Bytes("null".into())))
        });
        let triggers = rules.into_iter().map(Trigger::Rule).collect();
        let function = Arc::new(Function { triggers, ..function("Orders") });
        dispatcher.register(function.clone(), provider);
        let deliveries = deliveries(&dispatcher).await;
        let none = Attributes::new();
        for queue in ["letters", "orders"] {
            deliveries.queues().ensure_queue(queue, &none).await.expect("a queue");
        }
        for (queue, content_based) in [("jobs.fifo", "true"), ("strict.fifo", "false")] {
            let attributes = [("FifoQueue", "true"), ("ContentBasedDeduplication", content_based)];
            let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let made = deliveries.queues().ensure_queue(queue, &attributes.into()).await;
            made.expect("a queue");
        }
        tokio::spawn(deliveries.clone().run(CancellationToken::new()));
        let buses = EventBuses::new(&[function], &queues, Account::default(), deliveries.clone());
        Self { buses, events, deliveries }
    }

    /// The ids of accepted events, or the errors' codes and messages.
    async fn put(&self, entries: Vec<Entry>) -> Vec<Result<String, EntryError>> {
        let results = self.buses.put_events(entries).await.expect("a request that is well");
        tokio::time::sleep(Duration::from_secs(1)).await;
        results
    }

    /// All messages of a queue, which are taken from it.
    async fn messages(&self, queue: &str) -> Vec<Message> {
        let mut all = Vec::new();
        loop {
            let input = ReceiveMessage {
                max_number_of_messages: Some(10),
                attribute_names: vec!["All".into()],
                system_attribute_names: vec!["All".into()],
                ..ReceiveMessage::default()
            };
            let some = self.deliveries.queues().receive_message(queue, input).await;
            let some = some.expect("a receive");
            if some.is_empty() {
                return all;
            }
            for message in some {
                let handle = &message.receipt_handle;
                self.deliveries.queues().delete_message(queue, handle).await.expect("deleted");
                all.push(message);
            }
        }
    }

    fn events(&self) -> Vec<String> {
        std::mem::take(&mut *self.events.lock().expect("events"))
    }
}

fn entry(detail: &str) -> Entry {
    Entry {
        source: Some("shop".into()),
        detail_type: Some("Order Placed".into()),
        detail: Some(detail.into()),
        ..Entry::default()
    }
}

#[tokio::test(start_paused = true)]
async fn the_event_is_eventbridges() {
    let stand = Stand::new([rule(json!({"source": ["shop"]}))]).await;
    let time = std::time::UNIX_EPOCH + Duration::from_secs(951_825_601);
    let placed = Entry {
        resources: vec!["arn:one".into()],
        time: Some(time),
        ..entry(r#" {"z": 1.50, "a": "x"} "#)
    };
    let id = stand.put(vec![placed]).await.pop().expect("a result").expect("an id");
    let events = stand.events();
    assert_eq!(
        events,
        [format!(
            concat!(
                r#"{{"version":"0","id":"{}","detail-type":"Order Placed","source":"shop","#,
                r#""account":"000000000000","time":"2000-02-29T12:00:01Z","region":"us-east-1","#,
                r#""resources":["arn:one"],"detail":{{"z": 1.50, "a": "x"}}}}"#
            ),
            id
        )],
        "the detail as it was given"
    );
    let event: EventBridgeEvent = serde_json::from_str(&events[0]).expect("an event");
    assert_eq!((event.source.as_str(), event.id), ("shop", Some(id)));
}

#[tokio::test(start_paused = true)]
async fn rules_get_what_their_pattern_bus_and_state_say() {
    let pattern = json!({"detail": {"total": [{"numeric": [">", 10]}]}});
    let of_bus = |bus: &str, input: &str| RuleTrigger {
        bus: bus.into(),
        input: Some(input.into()),
        ..rule(pattern.clone())
    };
    let stand = Stand::new([
        of_bus("default", "1"),
        of_bus("arn:aws:events:us-east-1:000000000000:event-bus/shop", "2"),
        RuleTrigger { enabled: false, ..of_bus("default", "3") },
        RuleTrigger { pattern: json!("{{unknown}}"), ..of_bus("default", "4") },
    ])
    .await;
    assert_eq!(stand.buses.names(), ["default", "shop"]);
    stand.put(vec![entry(r#"{"total": 10}"#), entry(r#"{"total": 11}"#)]).await;
    assert_eq!(stand.events(), ["1"]);
    stand.put(vec![Entry { bus: Some("shop".into()), ..entry(r#"{"total": 11}"#) }]).await;
    assert_eq!(stand.events(), ["2"]);
    // AWS does not say that there is no such bus either.
    let nowhere = Entry { bus: Some("nowhere".into()), ..entry(r#"{"total": 11}"#) };
    assert!(stand.put(vec![nowhere]).await[0].is_ok());
    assert!(stand.events().is_empty());
}

#[tokio::test(start_paused = true)]
async fn targets_get_parts_and_filled_templates() {
    let any = || rule(json!({"source": ["shop"]}));
    let transformer = InputTransformer {
        paths: BTreeMap::from([("total".into(), "$.detail.total".into())]),
        template: r#"{"total":<total>,"by":"<aws.events.rule-name> of <aws.events.rule-arn>"}"#
            .into(),
    };
    for (rule, payload) in [
        (RuleTrigger { input_path: Some("$.detail.total".into()), ..any() }, "12"),
        (RuleTrigger { input_path: Some("$.detail.none".into()), ..any() }, "null"),
        (
            RuleTrigger { input_transformer: Some(transformer), ..any() },
            concat!(
                r#"{"total":12,"by":"orders of "#,
                r#"arn:aws:events:us-east-1:000000000000:rule/orders"}"#
            ),
        ),
    ] {
        let stand = Stand::new([rule]).await;
        stand.put(vec![entry(r#"{"total": 12}"#)]).await;
        assert_eq!(stand.events(), [payload]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_template_makes_no_json_of_is_a_dead_letter() {
    let transformer =
        InputTransformer { paths: BTreeMap::new(), template: "no JSON <aws.events.event>".into() };
    let letters = Destination {
        arn: "arn:aws:sqs:us-east-1:000000000000:letters".into(),
        target: Target::Queue("letters".into()),
    };
    let broken = RuleTrigger {
        input_transformer: Some(transformer),
        dead_letter: Some(letters),
        ..rule(json!({"source": ["shop"]}))
    };
    let stand = Stand::new([broken]).await;
    stand.put(vec![entry("{}")]).await;
    assert!(stand.events().is_empty());
    let input = ReceiveMessage { attribute_names: vec!["All".into()], ..ReceiveMessage::default() };
    let received = stand.deliveries.queues().receive_message("letters", input).await;
    let letter = received.expect("messages").pop().expect("a dead letter");
    let code = samovar_queue::AttributeValue::String("INVALID_JSON".into());
    assert_eq!(letter.attributes["ERROR_CODE"].value, code);
    assert!(letter.body.contains(r#""source":"shop""#), "{}", letter.body);
}

#[tokio::test(start_paused = true)]
async fn entries_are_refused_one_by_one() {
    let stand = Stand::new([rule(json!({"source": ["shop"]}))]).await;
    let results = stand
        .put(vec![
            Entry { source: None, ..entry("{}") },
            Entry { detail_type: Some(String::new()), ..entry("{}") },
            Entry { detail: None, ..entry("{}") },
            Entry { source: Some("aws.s3".into()), ..entry("{}") },
            entry("[1]"),
            entry("{"),
            entry("{}"),
        ])
        .await;
    let errors: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    let shown: Vec<_> = errors.iter().map(|e| (e.code, e.message.as_str())).collect();
    assert_eq!(
        shown,
        [
            (
                "InvalidArgument",
                "Parameter Source is not valid. Reason: Source is a required argument."
            ),
            (
                "InvalidArgument",
                "Parameter DetailType is not valid. Reason: DetailType is a required argument."
            ),
            (
                "InvalidArgument",
                "Parameter Detail is not valid. Reason: Detail is a required argument."
            ),
            ("NotAuthorizedForSourceException", "Not authorized for the source."),
            ("MalformedDetail", "Detail is malformed."),
            ("MalformedDetail", "Detail is malformed."),
        ]
    );
    assert_eq!(stand.events().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn requests_have_limits() {
    let stand = Stand::new([]).await;
    let refused = async |entries: Vec<Entry>| {
        stand.buses.put_events(entries).await.expect_err("a refusal").to_string()
    };
    assert!(refused(vec![]).await.ends_with("length greater than or equal to 1"));
    assert!(refused(vec![entry("{}"); 11]).await.ends_with("length less than or equal to 10"));
    let large = format!(r#"{{"x":"{}"}}"#, "x".repeat(MAX_BYTES));
    assert_eq!(
        refused(vec![entry(&large)]).await,
        "Total size of the entries in the request is over the limit."
    );
}

fn to_queue(queue: &str, group_id: Option<&str>, rule: RuleTrigger) -> QueueTarget {
    QueueTarget {
        queue: queue.into(),
        arn: format!("arn:aws:sqs:us-east-1:000000000000:{queue}"),
        group_id: group_id.map(str::to_owned),
        sender: Sender::Rule(rule),
    }
}

#[tokio::test(start_paused = true)]
async fn queues_get_what_their_target_says() {
    let all = || rule(json!({"source": ["shop"]}));
    let path = RuleTrigger { input_path: Some("$.detail.n".into()), ..all() };
    let text = RuleTrigger {
        input_transformer: Some(InputTransformer {
            paths: BTreeMap::from([("n".into(), "$.detail.n".into())]),
            template: r#""number <n>""#.into(),
        }),
        ..all()
    };
    let of_others = rule(json!({"source": ["others"]}));
    let stand = Stand::with_queues(
        [],
        vec![
            to_queue("orders", None, all()),
            to_queue("orders", None, of_others),
            to_queue("jobs.fifo", Some("a"), path),
            to_queue("letters", None, text),
        ],
    )
    .await;
    let entries = (0..10).map(|n| entry(&json!({"n": n}).to_string())).collect();
    let ids: Vec<_> = stand.put(entries).await.into_iter().map(|id| id.expect("an id")).collect();

    let mut whole: Vec<String> =
        stand.messages("orders").await.into_iter().map(|m| m.body).collect();
    whole.sort_by_key(|body| {
        serde_json::from_str::<Value>(body).expect("JSON")["detail"]["n"].as_u64()
    });
    let seen = whole.iter().map(|body| serde_json::from_str::<Value>(body).expect("JSON"));
    let seen: Vec<_> = seen.map(|event| event["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(seen, ids);

    let jobs = stand.messages("jobs.fifo").await;
    let bodies: Vec<&str> = jobs.iter().map(|message| message.body.as_str()).collect();
    assert_eq!(bodies, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], "in their order");
    assert!(jobs.iter().all(|message| message.system_attributes["MessageGroupId"] == "a"));

    let texts: Vec<_> = stand.messages("letters").await.into_iter().map(|m| m.body).collect();
    assert_eq!(texts.len(), 10);
    assert!(texts.contains(&r#""number 7""#.to_owned()), "{texts:?}");
}

/// EventBridge guide, "Using dead-letter queues to process undelivered events".
#[tokio::test(start_paused = true)]
async fn what_a_queue_does_not_take_is_a_dead_letter_at_once() {
    let dead_letter = Some(Destination {
        arn: "arn:aws:sqs:us-east-1:000000000000:letters".into(),
        target: Target::Queue("letters".into()),
    });
    for (queue, code) in [
        ("gone", "NO_RESOURCE"),
        // EventBridge gives no deduplication id.
        ("strict.fifo", "INVALID_PARAMETER"),
        ("orders", "INVALID_JSON"),
    ] {
        let transformer =
            InputTransformer { paths: BTreeMap::new(), template: r#"{"a": }"#.into() };
        let rule = RuleTrigger {
            dead_letter: dead_letter.clone(),
            input_transformer: (code == "INVALID_JSON").then_some(transformer),
            ..rule(json!({"source": ["shop"]}))
        };
        let stand = Stand::with_queues([], vec![to_queue(queue, Some("g"), rule)]).await;
        stand.put(vec![entry(r#"{"n":1}"#), entry(r#"{"n":2}"#)]).await;
        let letters = stand.messages("letters").await;
        assert_eq!(letters.len(), 2, "{queue}");
        for letter in letters {
            let text = |name: &str| match &letter.attributes[name].value {
                AttributeValue::String(text) => text.clone(),
                AttributeValue::Binary(_) => panic!("{name} is binary"),
            };
            let event: Value = serde_json::from_str(&letter.body).expect("the event");
            assert_eq!(event["detail-type"], "Order Placed");
            assert_eq!(text("ERROR_CODE"), code);
            assert_eq!(text("RULE_ARN"), "arn:aws:events:us-east-1:000000000000:rule/orders");
            assert_eq!(text("TARGET_ARN"), format!("arn:aws:sqs:us-east-1:000000000000:{queue}"));
            assert!(!text("ERROR_MESSAGE").is_empty());
        }
    }
}
