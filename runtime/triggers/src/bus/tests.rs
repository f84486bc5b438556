use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use aws_lambda_events::event::eventbridge::EventBridgeEvent;
use samovar_app::{Destination, InputTransformer, RetryPolicy, Target};
use samovar_dispatch::{Door, Response};
use samovar_queue::{Attributes, ReceiveMessage};
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
        deliveries.queues().ensure_queue("letters", &none).await.expect("a queue");
        tokio::spawn(deliveries.clone().run(CancellationToken::new()));
        let buses = EventBuses::new(&[function], Account::default(), deliveries.clone());
        Self { buses, events, deliveries }
    }

    /// The ids of accepted events, or the errors' codes and messages.
    async fn put(&self, entries: Vec<Entry>) -> Vec<Result<String, EntryError>> {
        let results = self.buses.put_events(entries).await.expect("a request that is well");
        tokio::time::sleep(Duration::from_secs(1)).await;
        results
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
