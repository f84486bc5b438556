use std::sync::Mutex;
use std::time::Duration;

use aws_lambda_events::event::cloudwatch_events::CloudWatchEvent;
use bytes::Bytes;
use samovar_app::{Rate, RetryPolicy, ScheduleService};
use samovar_dispatch::{Door, Response};
use tokio::time::{Instant, sleep};

use super::*;
use crate::testing::{Fake, bytes, deliveries, dispatcher, function, span};

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
    deliveries: tokio::task::JoinHandle<()>,
}

/// A function with a schedule.
fn of(trigger: ScheduleTrigger) -> Arc<Function> {
    let triggers = vec![Trigger::Schedule(trigger)];
    Arc::new(Function { triggers, ..function("Heartbeat") })
}

/// A schedule whose function takes ninety seconds.
async fn start(trigger: ScheduleTrigger) -> Running {
    let events: Arc<Mutex<Vec<Bytes>>> = Arc::default();
    let seen = events.clone();
    let provider = Fake::new(Door::Event, move |_, event| {
        seen.lock().expect("events").push(bytes(event));
        (Duration::from_secs(90), Ok(Response::Bytes("null".into())))
    });
    let dispatcher = dispatcher();
    let function = of(trigger);
    dispatcher.register(function.clone(), provider.clone());
    let deliveries = deliveries(&dispatcher).await;
    let schedules = Schedules::new(&[function], &[], Account::default(), deliveries.clone());
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(schedules.run(shutdown.clone()));
    let deliveries = tokio::spawn(deliveries.run(shutdown.clone()));
    Running { provider, events, shutdown, task, deliveries }
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn fires_at_every_interval_but_the_start() {
    let running = start(trigger(Rate::Every(MINUTE))).await;
    sleep(MINUTE - Duration::from_millis(10)).await;
    assert_eq!(running.provider.calls(), 0, "a rate begins with a wait");
    sleep(Duration::from_millis(20)).await;
    assert_eq!(running.provider.calls(), 1);
    // The function is still busy with the first: the second does not wait for it.
    sleep(MINUTE).await;
    assert_eq!(running.provider.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn shutdown_fires_no_more_and_lets_the_running_end() {
    let running = start(trigger(Rate::Every(MINUTE))).await;
    sleep(MINUTE + Duration::from_secs(1)).await;
    let began = Instant::now();
    running.shutdown.cancel();
    running.task.await.expect("the schedule ends");
    running.deliveries.await.expect("the deliveries end");
    assert_eq!(began.elapsed().as_secs(), 89);
    assert_eq!(running.provider.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_never_fires_does_not_run() {
    let disabled = ScheduleTrigger { enabled: false, ..trigger(Rate::Every(MINUTE)) };
    start(disabled).await.task.await.expect("it returns");
    let past = trigger(Rate::Expression("at(2020-03-12T19:03:58)".into()));
    start(past).await.task.await.expect("it returns");
    start(trigger(Rate::Every(Duration::ZERO))).await.task.await.expect("it returns");
}

/// The clock starts at 19:03:58.
#[tokio::test(start_paused = true)]
async fn expressions_fire_at_their_times() {
    let running = start(trigger(Rate::Expression("cron(0/2 19 12 3 ? 2020)".into()))).await;
    sleep(5 * MINUTE).await;
    let times: Vec<_> = {
        let events = running.events.lock().expect("events");
        let time = |event: &Bytes| {
            let event: CloudWatchEvent = serde_json::from_slice(event).expect("an event");
            event.time.to_string()
        };
        events.iter().map(time).collect()
    };
    assert_eq!(
        times,
        ["2020-03-12 19:04:00 UTC", "2020-03-12 19:06:00 UTC", "2020-03-12 19:08:00 UTC"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_single_time_ends_the_schedule() {
    let once = trigger(Rate::Expression("at(2020-03-12T20:00:00)".into()));
    let running = start(once).await;
    let began = Instant::now();
    running.task.await.expect("it ends");
    assert_eq!(began.elapsed().as_secs(), 56 * 60 + 1);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(running.provider.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_flexible_window_delays_no_longer_than_it_is() {
    for _ in 0..20 {
        let once = ScheduleTrigger {
            flexible_window: Some(5 * MINUTE),
            ..trigger(Rate::Expression("at(2020-03-12T19:04:00)".into()))
        };
        let running = start(once).await;
        let began = Instant::now();
        running.task.await.expect("it ends");
        let took = began.elapsed();
        assert!((1..=301).contains(&took.as_secs()), "{took:?}");
    }
}

/// A machine that sleeps: the wall clock goes on by hours at once.
#[tokio::test(start_paused = true)]
async fn times_that_were_missed_are_one_firing() {
    struct Sleeper(Mutex<std::time::SystemTime>);
    impl samovar_dispatch::Clock for Sleeper {
        fn now(&self) -> std::time::SystemTime {
            *self.0.lock().expect("the time")
        }
    }
    let provider = Fake::answering("null");
    let dispatcher = dispatcher();
    let function = of(trigger(Rate::Expression("cron(* * * * ? *)".into())));
    dispatcher.register(function.clone(), provider.clone());
    let at = std::time::UNIX_EPOCH + Duration::from_millis(crate::testing::NOW_MILLIS);
    let clock = Arc::new(Sleeper(Mutex::new(at)));
    let queues = deliveries(&dispatcher).await.queues().clone();
    let deliveries = Deliveries::open(queues, dispatcher, clock.clone()).await.expect("deliveries");
    let schedules = Schedules::new(&[function], &[], Account::default(), deliveries.clone());
    tokio::spawn(schedules.run(CancellationToken::new()));
    tokio::spawn(deliveries.run(CancellationToken::new()));
    sleep(Duration::from_secs(5)).await;
    assert_eq!(provider.calls(), 0, "the clock stands still");
    *clock.0.lock().expect("the time") += Duration::from_secs(8 * 60 * 60);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(provider.calls(), 1);
    *clock.0.lock().expect("the time") += MINUTE;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(provider.calls(), 2);
}

/// Lambda guide, "Using AWS Lambda with Amazon EventBridge": the example event.
#[tokio::test(start_paused = true)]
async fn the_event_is_eventbridges() {
    let running = start(trigger(Rate::Every(MINUTE))).await;
    sleep(MINUTE + Duration::from_secs(1)).await;
    let payload = running.events.lock().expect("events")[0].clone();
    let event: CloudWatchEvent = serde_json::from_slice(&payload).expect("a scheduled event");
    let id = event.id.expect("an id");
    assert_eq!(
        String::from_utf8_lossy(&payload),
        format!(
            concat!(
                r#"{{"version":"0","id":"{}","detail-type":"Scheduled Event","#,
                r#""source":"aws.events","account":"000000000000","time":"2020-03-12T19:04:58Z","#,
                r#""region":"us-east-1","resources":["arn:aws:events:us-east-1:000000000000:"#,
                r#"rule/HeartbeatTick"],"detail":{{}}}}"#,
            ),
            id
        )
    );
}

#[tokio::test(start_paused = true)]
async fn the_event_of_a_schedule_is_the_schedulers() {
    let schedule =
        ScheduleTrigger { service: ScheduleService::Scheduler, ..trigger(Rate::Every(MINUTE)) };
    let running = start(schedule).await;
    sleep(MINUTE + Duration::from_secs(1)).await;
    let payload = running.events.lock().expect("events")[0].clone();
    let event: serde_json::Value = serde_json::from_slice(&payload).expect("JSON");
    assert_eq!((&event["source"], &event["detail"]), (&"aws.scheduler".into(), &"{}".into()));
    assert_eq!(
        event["resources"][0],
        "arn:aws:scheduler:us-east-1:000000000000:schedule/default/HeartbeatTick"
    );
}

#[tokio::test(start_paused = true)]
async fn an_input_stands_for_the_event() {
    for (service, input, payload) in [
        (ScheduleService::Rule, r#"{"t":"<aws.scheduler.scheduled-time>"}"#, None),
        (
            ScheduleService::Scheduler,
            r#"{"t":"<aws.scheduler.scheduled-time>"}"#,
            Some(r#"{"t":"2020-03-12T19:04:58Z"}"#),
        ),
    ] {
        let trigger =
            ScheduleTrigger { service, input: Some(input.into()), ..trigger(Rate::Every(MINUTE)) };
        let running = start(trigger).await;
        sleep(MINUTE + Duration::from_secs(1)).await;
        let events = running.events.lock().expect("events");
        assert_eq!(events[0], payload.unwrap_or(input));
    }
}

/// A rule with a function and a FIFO queue as its targets, and a schedule that is disabled.
async fn several() -> (Schedules, Deliveries, Arc<Mutex<Vec<Bytes>>>) {
    let events: Arc<Mutex<Vec<Bytes>>> = Arc::default();
    let seen = events.clone();
    let provider = Fake::new(Door::Event, move |_, event| {
        seen.lock().expect("events").push(bytes(event));
        (Duration::ZERO, Ok(Response::Bytes("null".into())))
    });
    let dispatcher = dispatcher();
    let tick = || trigger(Rate::Every(MINUTE));
    let off = ScheduleTrigger {
        name: "Off".into(),
        rule: "off".into(),
        enabled: false,
        service: ScheduleService::Scheduler,
        ..trigger(Rate::Expression("cron(0 8 * * ? *)".into()))
    };
    let again = ScheduleTrigger { rule: "again".into(), ..tick() };
    let heartbeat = Function {
        triggers: vec![Trigger::Schedule(tick()), Trigger::Schedule(off)],
        ..function("Heartbeat")
    };
    let pulse = Function { triggers: vec![Trigger::Schedule(again)], ..function("Pulse") };
    let functions = [Arc::new(heartbeat), Arc::new(pulse)];
    for function in &functions {
        dispatcher.register(function.clone(), provider.clone());
    }
    let deliveries = deliveries(&dispatcher).await;
    let attributes = [("FifoQueue", "true"), ("ContentBasedDeduplication", "true")];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let made = deliveries.queues().ensure_queue("ticks.fifo", &attributes.into()).await;
    made.expect("a queue");
    let queue = QueueTarget {
        queue: "ticks.fifo".into(),
        arn: "arn:aws:sqs:us-east-1:000000000000:ticks.fifo".into(),
        group_id: Some("g".into()),
        sender: Sender::Schedule(tick()),
    };
    let schedules = Schedules::new(&functions, &[queue], Account::default(), deliveries.clone());
    tokio::spawn(deliveries.clone().run(CancellationToken::new()));
    (schedules, deliveries, events)
}

async fn bodies(deliveries: &Deliveries) -> Vec<String> {
    let input =
        samovar_queue::ReceiveMessage { max_number_of_messages: Some(10), ..Default::default() };
    let messages = deliveries.queues().receive_message("ticks.fifo", input).await;
    messages.expect("messages").into_iter().map(|message| message.body).collect()
}

#[tokio::test(start_paused = true)]
async fn all_targets_of_a_rule_get_the_same_event() {
    let (schedules, deliveries, events) = several().await;
    tokio::spawn(schedules.run(CancellationToken::new()));
    sleep(MINUTE + Duration::from_secs(1)).await;
    let events: Vec<String> = {
        let events = events.lock().expect("events");
        events.iter().map(|event| String::from_utf8_lossy(event).into_owned()).collect()
    };
    assert_eq!(events.len(), 2, "one of each function's rules: {events:?}");
    let [body] = bodies(&deliveries).await.try_into().expect("one message");
    assert!(events.contains(&body), "{body} is not among {events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_schedule_is_fired_by_any_of_its_names() {
    let (schedules, deliveries, events) = several().await;
    let names = |info: &ScheduleInfo| (info.name.clone(), info.targets.join(" "));
    let all = schedules.list();
    assert_eq!(
        all.iter().map(names).collect::<Vec<_>>(),
        [("HeartbeatTick", "Heartbeat ticks.fifo"), ("off", "Heartbeat"), ("again", "Pulse")]
            .map(|(name, targets)| (name.to_owned(), targets.to_owned()))
    );
    let now = deliveries.clock().now();
    assert_eq!(all[0].next, now.checked_add(MINUTE));
    assert_eq!((all[0].expression.as_str(), all[0].enabled), ("rate(1 minute)", true));
    assert_eq!((all[1].next, all[1].enabled), (None, false));

    for (name, fired) in [
        ("HeartbeatTick", "HeartbeatTick"),
        ("Heartbeat.Tick", "HeartbeatTick"),
        ("off", "off"),
        ("Off", "off"),
        ("HeartbeatOff", "off"),
        ("Pulse.Tick", "again"),
    ] {
        assert_eq!(schedules.fire(name).await.expect(name).name, fired);
        sleep(Duration::from_secs(1)).await;
        let got = std::mem::take(&mut *events.lock().expect("events"));
        let [event] = got.as_slice() else { panic!("{name}: {got:?}") };
        let event: serde_json::Value = serde_json::from_slice(event).expect("JSON");
        let resource = event["resources"][0].as_str().expect("an ARN");
        assert!(resource.ends_with(&format!("/{fired}")), "{resource}");
    }
    let of_the_first = bodies(&deliveries).await;
    assert_eq!(of_the_first.len(), 2, "{of_the_first:?}");
    let several = vec!["HeartbeatTick".to_owned(), "again".to_owned()];
    assert_eq!(schedules.fire("Tick").await, Err(FireError::Ambiguous(several)));
    assert_eq!(schedules.fire("Tock").await, Err(FireError::Unknown));
}
