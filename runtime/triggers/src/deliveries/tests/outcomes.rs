//! What destinations and a function's own dead-letter queue are told.

use samovar_app::{Asynchronous, Destination, Target};
use samovar_dispatch::Account;
use serde_json::{Value, json};

use super::*;
use crate::{EventBuses, Topics};

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:Orders";
const ID: &str = "8f507cfc-example";

fn to(service: &str, name: &str) -> Option<Destination> {
    let arn = format!("arn:aws:{service}:us-east-1:000000000000:{name}");
    Some(Destination { arn, target: Target::Elsewhere })
}

/// A function with queues for everything that becomes of its events.
fn told() -> Function {
    let queue = |name| to("sqs", name);
    let asynchronous = Asynchronous {
        on_success: queue("done"),
        on_failure: queue("failed"),
        ..Asynchronous::default()
    };
    Function { asynchronous, dead_letter: queue("dead"), ..function("Orders") }
}

impl Stand {
    async fn with_queues(self) -> Self {
        for queue in ["done", "failed", "dead"] {
            let none = Attributes::new();
            self.deliveries.queues().ensure_queue(queue, &none).await.expect("a queue");
        }
        self
    }

    async fn invoke(&self, payload: &'static str) {
        let event = AsynchronousEvent {
            request_id: ID.into(),
            qualifier: None,
            client_context: None,
            trace_id: None,
            payload: payload.into(),
        };
        self.deliveries.invoke(&self.function, event).await.expect("accepted");
    }

    async fn take(&self, queue: &str) -> Option<Message> {
        let input =
            ReceiveMessage { attribute_names: vec!["All".into()], ..ReceiveMessage::default() };
        let found = self.deliveries.queues().receive_message(queue, input).await;
        found.expect("messages").pop()
    }

    async fn record(&self, queue: &str) -> Value {
        let message = self.take(queue).await.expect("a record");
        let mut record: Value = serde_json::from_str(&message.body).expect("JSON");
        let time = record["timestamp"].take();
        let time = time.as_str().expect("a time");
        assert!(time.starts_with("2020-03-12T") && time.ends_with('Z'), "{time}");
        record
    }
}

/// LocalStack's `test_lambda_destinations.snapshot.json`, recorded from AWS, 2022-09.
#[tokio::test(start_paused = true)]
async fn a_success_has_its_record() {
    let stand = Stand::new(told(), |_| done(1)).await.with_queues().await;
    stand.invoke(r#"{"b":1,"a":2}"#).await;
    sleep(Duration::from_secs(60)).await;
    let expected = json!({
        "version": "1.0",
        "timestamp": null,
        "requestContext": {
            "requestId": ID,
            "functionArn": format!("{ARN}:$LATEST"),
            "condition": "Success",
            "approximateInvokeCount": 1,
        },
        "requestPayload": {"b": 1, "a": 2},
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST"},
        "responsePayload": null,
    });
    assert_eq!(stand.record("done").await, expected);
    assert!(stand.take("failed").await.is_none() && stand.take("dead").await.is_none());
}

/// The same file, 2023-03 (`test_retries`) and 2024-03 (`test_dead_letter_queue`).
#[tokio::test(start_paused = true)]
async fn a_failure_has_its_record_and_its_dead_letter() {
    let stand = Stand::new(told(), |_| failed()).await.with_queues().await;
    stand.invoke(r#"{"n":1}"#).await;
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(stand.calls(), [0, 60, 180]);
    let expected = json!({
        "version": "1.0",
        "timestamp": null,
        "requestContext": {
            "requestId": ID,
            "functionArn": format!("{ARN}:$LATEST"),
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"n": 1},
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": {"errorType": "Boom", "errorMessage": "no"},
    });
    assert_eq!(stand.record("failed").await, expected);
    let letter = stand.take("dead").await.expect("a dead letter");
    assert_eq!(letter.body, r#"{"n":1}"#);
    assert_eq!(text(&letter, "RequestID"), ID);
    assert_eq!(text(&letter, "ErrorMessage"), "no");
    assert_eq!(text(&letter, "ErrorCode"), "200");
    assert_eq!(letter.attributes["ErrorCode"].data_type, "Number");
    assert!(stand.take("done").await.is_none());
}

/// The same file, `test_maxeventage`: given up when the next attempt would be too late.
#[tokio::test(start_paused = true)]
async fn an_event_that_grows_too_old_says_so() {
    let mut function = told();
    function.asynchronous.maximum_age = Duration::from_secs(60);
    let stand = Stand::new(function, |_| failed()).await.with_queues().await;
    stand.invoke("{}").await;
    sleep(Duration::from_secs(30)).await;
    let context = &stand.record("failed").await["requestContext"];
    assert_eq!(context["condition"], "EventAgeExceeded");
    assert_eq!(context["approximateInvokeCount"], 1);
}

/// Lambda guide, "How Lambda handles errors and retries with asynchronous invocation": a function
/// whose reserved concurrency is 0 has its events sent to the dead-letter queue or destination
/// without a retry.
#[tokio::test(start_paused = true)]
async fn a_function_that_is_switched_off_gets_nothing() {
    let function = Function { reserved_concurrency: Some(0), ..told() };
    let stand = Stand::new(function, |_| done(0)).await.with_queues().await;
    stand.invoke("{}").await;
    sleep(Duration::from_secs(1)).await;
    let record = stand.record("failed").await;
    assert_eq!(record["requestContext"]["condition"], "ZeroReservedConcurrency");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 0);
    assert!(record.get("responseContext").is_none() && record.get("responsePayload").is_none());
    assert!(stand.take("dead").await.is_some());
    assert!(stand.calls().is_empty());
}

/// The same page: throttles are repeated for up to six hours.
#[tokio::test(start_paused = true)]
async fn throttles_are_repeated_for_six_hours() {
    let function = Function { reserved_concurrency: Some(1), ..told() };
    let stand = Stand::new(function, |_| done(7 * 3600)).await.with_queues().await;
    stand.invoke(r#"{"n":1}"#).await;
    sleep(Duration::from_secs(1)).await;
    stand.invoke(r#"{"n":2}"#).await;
    // The first runs for its time-out of 15 minutes, then the second gets its turn.
    sleep(Duration::from_secs(1300)).await;
    assert_eq!(stand.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_time_scale_shortens_every_wait() {
    let mut stand = Stand::new(told(), |_| failed()).await.with_queues().await;
    stand.shutdown.cancel();
    stand.running.take().expect("it runs").await.expect("it ends");
    let scale = TimeScale::new(0.1).expect("a scale");
    stand.deliveries = stand.deliveries.clone().with_time_scale(scale);
    tokio::spawn(stand.deliveries.clone().run(CancellationToken::new()));
    stand.invoke("{}").await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(stand.calls(), [0, 6, 18]);
    let record = stand.record("failed").await;
    assert_eq!(record["requestContext"]["condition"], "RetriesExhausted");
}

/// Lambda guide, "Adding a destination": the record is a function's event, a topic's message, and
/// the detail of an event whose type tells the outcome.
#[tokio::test(start_paused = true)]
async fn records_reach_functions_topics_and_buses() {
    let heard: Arc<Mutex<Vec<Value>>> = Arc::default();
    let mut source = told();
    source.asynchronous.on_success = to("lambda", "function:Listener");
    let stand = Stand::new(source, |_| done(0)).await;
    let seen = heard.clone();
    let listener = Fake::new(Door::Event, move |_, event| {
        let event = serde_json::from_slice(&crate::testing::bytes(event)).expect("JSON");
        seen.lock().expect("events").push(event);
        done(0)
    });
    let dispatcher = stand.deliveries.0.dispatcher.clone();
    dispatcher.register(Arc::new(function("Listener")), listener);
    stand.invoke("{}").await;
    sleep(Duration::from_secs(1)).await;
    {
        let heard = heard.lock().expect("events");
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0]["requestContext"]["functionArn"], format!("{ARN}:$LATEST"));
    }

    // Another loop over the same queue, which has somewhere to send to.
    let span = crate::testing::span();
    let subscription = |name: &str| samovar_app::Subscription {
        protocol: "lambda".into(),
        endpoint: format!("arn:aws:lambda:us-east-1:000000000000:function:{name}"),
        target: Target::Function(name.into()),
        filter_policy: None,
        filters_body: false,
        raw: false,
        dead_letter: None,
        span: span.clone(),
    };
    let topic = samovar_app::Topic {
        logical_id: "Outcomes".into(),
        name: "Outcomes".into(),
        arn: "arn:aws:sns:us-east-1:000000000000:Outcomes".into(),
        fifo: false,
        content_based_deduplication: false,
        subscriptions: vec![subscription("Listener")],
        span: span.clone(),
    };
    let mut listener = function("Listener");
    listener.triggers.push(samovar_app::Trigger::Rule(samovar_app::RuleTrigger {
        name: "Outcomes".into(),
        rule: "outcomes".into(),
        bus: "audit".into(),
        pattern: json!({"source": ["lambda"]}),
        input: None,
        input_path: None,
        input_transformer: None,
        retry: samovar_app::RetryPolicy::default(),
        dead_letter: None,
        enabled: true,
        span,
    }));
    let functions = [Arc::new(listener)];
    let (account, deliveries) = (Account::default(), stand.deliveries.clone());
    let outlets = Outlets {
        topics: Some(Topics::new(&[topic], &functions, account.clone(), deliveries.clone())),
        buses: Some(EventBuses::new(&functions, &[], account, deliveries.clone())),
    };
    stand.shutdown.cancel();
    tokio::spawn(deliveries.run_with(outlets, CancellationToken::new()));
    for (destination, look) in [
        (to("sns", "Outcomes"), "/Records/0/Sns/Message"),
        (to("events", "event-bus/audit"), "/detail-type"),
    ] {
        heard.lock().expect("events").clear();
        let mut source = told();
        source.asynchronous.on_success = destination;
        dispatcher.register(Arc::new(source), Fake::answering("null"));
        stand.invoke("{}").await;
        sleep(Duration::from_secs(60)).await;
        let heard = heard.lock().expect("events");
        let [event] = heard.as_slice() else { panic!("{heard:?}") };
        let found = event.pointer(look).and_then(Value::as_str).expect(look);
        match look {
            "/detail-type" => {
                assert_eq!(found, "Lambda Function Invocation Result - Success");
                assert_eq!(event["source"], "lambda");
                assert_eq!(event["detail"]["requestContext"]["condition"], "Success");
                let bus = "arn:aws:events:us-east-1:000000000000:event-bus/audit";
                assert_eq!(event["resources"], json!([bus, format!("{ARN}:$LATEST")]));
            }
            _ => assert!(found.contains(r#""condition":"Success""#), "{found}"),
        }
    }
}
