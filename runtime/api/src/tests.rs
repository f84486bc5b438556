use samovar_app::{Function, Rate, RetryPolicy, ScheduleService, ScheduleTrigger, Trigger};
use samovar_dispatch::Limits;
use serde_json::json;

use crate::testing::{Stand, echo, function};

#[tokio::test]
async fn health_lists_functions_and_queues() {
    let stand = Stand::new(Limits::default());
    stand.register("Hello", echo);
    stand.dispatcher.register_failed(function("Broken").into(), "it did not build");
    let create = http::Request::post("/").header("x-amz-target", "AmazonSQS.CreateQueue");
    assert_eq!(stand.send(create, r#"{"QueueName":"orders"}"#).await.status, 200);

    let got = stand.get("/_samovar/health").await;
    assert_eq!((got.status, got.header("content-type")), (200, Some("application/json")));
    assert_eq!(
        got.json(),
        json!({
            "status": "ready",
            "version": env!("CARGO_PKG_VERSION"),
            "functions": [
                {
                    "name": "Broken", "kind": "wasm", "state": "failed",
                    "reason": "it did not build", "idle": 0, "busy": 0,
                },
                {"name": "Hello", "kind": "wasm", "state": "ready", "idle": 0, "busy": 0},
            ],
            "queues": ["orders"],
        })
    );
}

#[tokio::test]
async fn other_paths_say_what_is_here() {
    let got = Stand::new(Limits::default()).get("/orders").await;
    assert_eq!(got.status, 404);
    let message = got.json()["message"].to_string();
    assert!(message.contains("GET /orders") && message.contains("/_samovar/health"), "{message}");
}

/// An action of SQS that must succeed.
async fn act(stand: &Stand, action: &str, input: serde_json::Value) -> serde_json::Value {
    let request = http::Request::post("/").header("x-amz-target", format!("AmazonSQS.{action}"));
    let got = stand.send(request, input.to_string()).await;
    assert_eq!(got.status, 200, "{:?}", got.body);
    if got.body.is_empty() { json!(null) } else { got.json() }
}

#[tokio::test]
async fn queues_are_seen_as_they_are() {
    let stand = Stand::new(Limits::default());
    let url = act(&stand, "CreateQueue", json!({"QueueName": "orders"})).await["QueueUrl"].clone();
    let send = json!({
        "QueueUrl": url, "MessageBody": "tea",
        "MessageAttributes": {"From": {"DataType": "String", "StringValue": "shop"}},
    });
    let sent = act(&stand, "SendMessage", send).await;

    for _ in 0..2 {
        let got = stand.get("/_samovar/queues/orders/messages?max=5").await;
        assert_eq!(got.status, 200);
        let page = got.json();
        let [seen] = page["messages"].as_array().unwrap().as_slice() else { panic!("{page}") };
        assert_eq!(seen["state"], "visible");
        assert_eq!(seen["message"]["MessageId"], sent["MessageId"]);
        assert_eq!(seen["message"]["Body"], "tea");
        assert_eq!(seen["message"]["ReceiptHandle"], "");
        assert_eq!(seen["message"]["MessageAttributes"]["From"]["StringValue"], "shop");
        assert_eq!(seen["message"]["Attributes"]["ApproximateReceiveCount"], "0");
    }
    let page = stand.get("/_samovar/queues").await.json();
    let queue = &page["queues"][0];
    assert_eq!((&queue["name"], &queue["url"]), (&json!("orders"), &url));
    assert_eq!(queue["arn"], "arn:aws:sqs:us-east-1:000000000000:orders");
    assert_eq!(
        (&queue["visible"], &queue["inFlight"], &queue["delayed"]),
        (&json!(1), &json!(0), &json!(0))
    );
    assert_eq!((&queue["arrived"], &queue["departed"]), (&json!(1), &json!(0)));
    assert_eq!((&queue["deadLetterTarget"], queue["oldestSentAt"].is_u64()), (&json!(null), true));
}

#[tokio::test]
async fn a_look_at_no_queue_says_so() {
    let stand = Stand::new(Limits::default());
    act(&stand, "CreateQueue", json!({"QueueName": "orders"})).await;
    for (path, status, message) in [
        ("/_samovar/queues/none/messages", 404, "The specified queue does not exist."),
        ("/_samovar/queues/orders/messages?max=0", 400, "Must be >= 1 and <= 100."),
        ("/_samovar/queues/orders/messages?max=many", 400, "Must be >= 1 and <= 100."),
        ("/_samovar/queues/orders/other", 404, "does not serve"),
    ] {
        let got = stand.get(path).await;
        assert_eq!(got.status, status, "{path}");
        assert!(got.json()["message"].as_str().unwrap().contains(message), "{path}");
    }
}

#[tokio::test]
async fn schedules_are_listed_and_fired() {
    let mut stand = Stand::new(Limits::default());
    let trigger = ScheduleTrigger {
        name: "Tick".into(),
        rule: "every day".into(),
        service: ScheduleService::Scheduler,
        rate: Rate::Expression("cron(0 8 * * ? *)".into()),
        timezone: Some("Europe/Brussels".into()),
        start: None,
        end: None,
        flexible_window: None,
        input: None,
        retry: RetryPolicy::default(),
        dead_letter: None,
        enabled: true,
        span: function("Hello").span,
    };
    let triggers = vec![Trigger::Schedule(trigger)];
    stand.add_senders(&[], vec![Function { triggers, ..function("Hello") }.into()]).await;

    let page = stand.get("/_samovar/schedules").await.json();
    let schedule = page["schedules"][0].clone();
    assert!(schedule["nextAt"].is_u64(), "{page}");
    assert_eq!(
        schedule,
        json!({
            "name": "every day", "expression": "cron(0 8 * * ? *)", "enabled": true,
            "timeZone": "Europe/Brussels", "nextAt": schedule["nextAt"], "targets": ["Hello"],
        })
    );
    for (name, status) in
        [("every%20day", 200), ("Hello.Tick", 200), ("Hello%2FTick", 404), ("every+day", 404)]
    {
        let path = format!("/_samovar/schedules/{name}/fire");
        let got = stand.send(http::Request::post(&path), "").await;
        assert_eq!(got.status, status, "{name}: {:?}", got.body);
        // To look is not to fire.
        assert_eq!(stand.get(&path).await.status, 404);
    }
}
