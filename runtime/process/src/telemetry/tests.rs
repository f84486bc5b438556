use std::time::Duration;

use serde_json::Value;

use super::subscription::{Destination, Schema};
use super::*;

fn subscription(api: Api, schema: Schema) -> Subscription {
    Subscription {
        api,
        schema,
        categories: vec![Category::Platform, Category::Function],
        destination: Destination::Tcp { port: 9 },
        max_items: 1_000,
        max_bytes: 262_144,
        timeout: Duration::from_secs(1),
    }
}

fn telemetry_queue() -> Queue {
    Queue::new(subscription(Api::Telemetry, Schema::Telemetry20221213))
}

fn line(text: &str) -> Entry {
    Entry::line(Category::Function, "function", text, false)
}

fn parsed(batch: &[String]) -> Vec<Value> {
    batch.iter().map(|event| serde_json::from_str(event).unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_batch_goes_when_it_is_full_or_old_or_asked_for() {
    let queue = telemetry_queue();
    queue.push(&line("one"));
    let early = tokio::time::timeout(Duration::from_millis(999), queue.batch()).await;
    assert!(early.is_err(), "it may still be filled");
    assert_eq!(queue.batch().await.len(), 1);
    for _ in 0..1_001 {
        queue.push(&line("many"));
    }
    let began = tokio::time::Instant::now();
    assert_eq!(queue.batch().await.len(), 1_000);
    let flushed = async {
        assert_eq!(queue.batch().await.len(), 1);
        queue.settle();
    };
    tokio::join!(queue.flush(), flushed);
    for _ in 0..3 {
        queue.push(&line(&"x".repeat(100_000)));
    }
    assert_eq!(queue.batch().await.len(), 2, "as many as fit into the bytes");
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(queue.batch().await.len(), 1);
}

/// "Buffering": a slow subscriber loses, and hears of it.
#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_dropped_and_counted() {
    let queue = telemetry_queue();
    for _ in 0..2_500 {
        queue.push(&line("many"));
    }
    let first = queue.batch().await;
    let events = parsed(&first);
    assert_eq!(events.len(), 1_001);
    let dropped = &events[1_000];
    assert_eq!(dropped["type"], "platform.logsDropped");
    assert_eq!(dropped["record"]["droppedRecords"], 500);
    assert_eq!(dropped["record"]["droppedBytes"], 500 * first[0].len());
    let second = queue.batch().await;
    assert_eq!(second.len(), 1_000, "and it is told once");
    queue.lose(&second);
    queue.push(&line("after"));
    let events = parsed(&queue.batch().await);
    assert_eq!(events[1]["record"]["droppedRecords"], 1_000);
    let huge = "x".repeat(1 << 20);
    queue.push(&line(&huge));
    queue.push(&line(&huge));
    assert_eq!(queue.batch().await.len(), 2, "one event, however large, and the loss of another");
}

#[test]
fn each_api_has_its_own_events() {
    let rendered = |api, schema, kind: &'static str, record: Value| {
        let entry = Entry::new(Category::Platform, kind, record);
        let text = entry.render(&subscription(api, schema))?;
        Some(serde_json::from_str::<Value>(&text).unwrap()["record"].clone())
    };
    let telemetry =
        |kind, record| rendered(Api::Telemetry, Schema::Telemetry20221213, kind, record);
    let logs = |kind, record| rendered(Api::Logs, Schema::Logs20210318, kind, record);
    let id = json!({"requestId": "1"});
    assert_eq!(
        (telemetry("platform.end", id.clone()), logs("platform.end", id.clone())),
        (None, Some(id.clone()))
    );
    assert_eq!(logs("platform.initStart", id.clone()), None);
    let done = json!({"requestId": "1", "status": "success", "metrics": {}});
    assert_eq!(telemetry("platform.runtimeDone", done.clone()), Some(done.clone()));
    let short = json!({"requestId": "1", "status": "success"});
    assert_eq!(logs("platform.runtimeDone", done.clone()), Some(short));
    assert_eq!(rendered(Api::Logs, Schema::Logs20200815, "platform.runtimeDone", done), None);
    let report = json!({"status": "success", "phase": "init"});
    let old = rendered(Api::Telemetry, Schema::Telemetry20220701, "platform.initReport", report);
    assert_eq!(old, Some(json!({"phase": "init"})));
    let entry = Entry::new(Category::Extension, "extension", "not asked for".into());
    assert_eq!(entry.render(&subscription(Api::Telemetry, Schema::Telemetry20250129)), None);
}

/// "`function`": an object where the log format is JSON, else text.
#[test]
fn lines_of_json_are_records_as_they_are() {
    let rendered = |text: &str, json| {
        let entry = Entry::line(Category::Function, "function", text, json);
        let wanted = subscription(Api::Telemetry, Schema::Telemetry20221213);
        let event: Value = serde_json::from_str(&entry.render(&wanted).unwrap()).unwrap();
        event["record"].clone()
    };
    let line = r#"{"level":"INFO"}"#;
    assert_eq!(rendered(line, true), json!({"level": "INFO"}));
    assert_eq!(rendered(line, false), json!(line));
    assert_eq!(rendered("1", true), json!("1"));
}

#[test]
fn times_are_as_in_the_guide() {
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_665_532_815_064);
    assert_eq!(timestamp(time), "2022-10-12T00:00:15.064Z");
}

/// What an initialisation tells before anybody listens is kept, but not without bound.
#[tokio::test]
async fn the_backlog_is_bounded() {
    let telemetry = Telemetry::new(1, false);
    for _ in 0..100 {
        telemetry.line(Origin::Function, &"x".repeat(100_000));
    }
    assert!(telemetry.lock().backlog_bytes <= BACKLOG);
    let wanted = subscription(Api::Telemetry, Schema::Telemetry20221213);
    telemetry.subscribe("one", wanted.clone()).unwrap();
    assert!(telemetry.close());
    assert_eq!(telemetry.subscribe("two", wanted), Err(Unsubscribed::Closed));
    assert!(telemetry.lock().backlog.is_empty());
}
