use std::sync::Mutex;

use aws_lambda_events::event::cloudwatch_events::CloudWatchEvent;
use samovar_app::{RetryPolicy, ScheduleService};
use samovar_dispatch::{Door, Response};

use super::*;
use crate::testing::{Fake, Fixed, bytes, dispatcher, function, span};

fn trigger(rate: Rate) -> ScheduleTrigger {
    ScheduleTrigger {
        name: "Tick".into(),
        rule: "HeartbeatTick".into(),
        service: ScheduleService::Rule,
        rate,
        timezone: None,
        start: None,
        end: None,
        flexible_window: None,
        input: None,
        retry: RetryPolicy::default(),
        dead_letter: None,
        enabled: true,
        span: span(),
    }
}

struct Running {
    provider: Arc<Fake>,
    events: Arc<Mutex<Vec<Bytes>>>,
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

/// A schedule whose function takes ninety seconds.
fn start(trigger: ScheduleTrigger) -> Running {
    let events: Arc<Mutex<Vec<Bytes>>> = Arc::default();
    let seen = events.clone();
    let provider = Fake::new(Door::Event, move |_, event| {
        seen.lock().expect("events").push(bytes(event));
        (Duration::from_secs(90), Ok(Response::Bytes("null".into())))
    });
    let dispatcher = dispatcher();
    let function = Arc::new(function("Heartbeat"));
    dispatcher.register(function.clone(), provider.clone());
    let scheduler =
        Scheduler::new(trigger, function, Account::default(), dispatcher, Arc::new(Fixed));
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(scheduler.run(shutdown.clone()));
    Running { provider, events, shutdown, task }
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn fires_at_every_interval_but_the_start() {
    let running = start(trigger(Rate::Every(MINUTE)));
    tokio::time::sleep(MINUTE - Duration::from_millis(1)).await;
    assert_eq!(running.provider.calls(), 0, "a rate begins with a wait");
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert_eq!(running.provider.calls(), 1);
    // The function is still busy with the first: the second does not wait for it.
    tokio::time::sleep(MINUTE).await;
    assert_eq!(running.provider.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn shutdown_fires_no_more_and_lets_the_running_end() {
    let running = start(trigger(Rate::Every(MINUTE)));
    tokio::time::sleep(MINUTE + Duration::from_secs(1)).await;
    let began = Instant::now();
    running.shutdown.cancel();
    running.task.await.expect("the schedule ends");
    assert_eq!(began.elapsed().as_secs(), 89);
    assert_eq!(running.provider.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_has_no_rate_does_not_run() {
    let disabled = ScheduleTrigger { enabled: false, ..trigger(Rate::Every(MINUTE)) };
    start(disabled).task.await.expect("it returns");
    let cron = trigger(Rate::Expression("cron(0 12 * * ? *)".into()));
    start(cron).task.await.expect("it returns");
    start(trigger(Rate::Every(Duration::ZERO))).task.await.expect("it returns");
}

/// Lambda guide, "Using AWS Lambda with Amazon EventBridge": the example event.
#[tokio::test(start_paused = true)]
async fn the_event_is_eventbridges() {
    let running = start(trigger(Rate::Every(MINUTE)));
    tokio::time::sleep(MINUTE + Duration::from_secs(1)).await;
    let payload = running.events.lock().expect("events")[0].clone();
    let event: CloudWatchEvent = serde_json::from_slice(&payload).expect("a scheduled event");
    let id = event.id.expect("an id");
    assert_eq!(
        String::from_utf8_lossy(&payload),
        format!(
            concat!(
                r#"{{"version":"0","id":"{}","detail-type":"Scheduled Event","#,
                r#""source":"aws.events","account":"000000000000","time":"2020-03-12T19:03:58Z","#,
                r#""region":"us-east-1","resources":["#,
                r#""arn:aws:events:us-east-1:000000000000:rule/HeartbeatTick"],"detail":{{}}}}"#
            ),
            id
        )
    );
}

#[tokio::test(start_paused = true)]
async fn an_input_takes_the_events_place() {
    let input = r#"{"mine": true}"#;
    let with_input = ScheduleTrigger { input: Some(input.into()), ..trigger(Rate::Every(MINUTE)) };
    let running = start(with_input);
    tokio::time::sleep(MINUTE + Duration::from_secs(1)).await;
    assert_eq!(running.events.lock().expect("events")[0], input);
}
