use std::sync::Mutex;
use std::time::Duration;

use samovar_app::{Asynchronous, Destination, Function, Target};
use samovar_dispatch::{Door, FunctionError, Response};
use samovar_queue::AttributeValue;
use tokio::time::Instant;

mod outcomes;

use super::*;
use crate::testing::{Fake, deliveries, dispatcher, function};

/// Deliveries to a function that answers as its closure says, and when it was called.
struct Stand {
    deliveries: Deliveries,
    function: Function,
    calls: Arc<Mutex<Vec<u64>>>,
    shutdown: CancellationToken,
    running: Option<tokio::task::JoinHandle<()>>,
}

impl Stand {
    async fn new(
        function: Function,
        answer: impl Fn(usize) -> (Duration, Result<Response, FunctionError>) + Send + Sync + 'static,
    ) -> Self {
        let dispatcher = dispatcher();
        let deliveries = deliveries(&dispatcher).await;
        let calls: Arc<Mutex<Vec<u64>>> = Arc::default();
        let (seen, began) = (calls.clone(), Instant::now());
        let provider = Fake::new(Door::Event, move |call, _| {
            seen.lock().expect("calls").push(began.elapsed().as_secs());
            answer(call)
        });
        dispatcher.register(Arc::new(function.clone()), provider);
        let none = Attributes::new();
        for queue in ["letters", "own"] {
            deliveries.queues().ensure_queue(queue, &none).await.expect("a queue");
        }
        let shutdown = CancellationToken::new();
        let running = Some(tokio::spawn(deliveries.clone().run(shutdown.clone())));
        Self { deliveries, function, calls, shutdown, running }
    }

    fn parcel(&self, limits: Limits, payload: &str) -> Parcel {
        let form = Form::Event { rule: "arn:rule".into(), target: "arn:function".into() };
        let dead_letter = DeadLetter { queue: "letters".into(), form };
        Parcel::new(
            &self.function,
            Origin::Rule("orders".into()),
            limits,
            Some(dead_letter),
            payload.to_owned(),
            self.deliveries.clock().now(),
        )
    }

    fn calls(&self) -> Vec<u64> {
        self.calls.lock().expect("calls").clone()
    }

    /// The dead letter, if there is one.
    async fn letter(&self) -> Option<Message> {
        self.letter_in("letters").await
    }

    async fn letter_in(&self, queue: &str) -> Option<Message> {
        let input =
            ReceiveMessage { attribute_names: vec!["All".into()], ..ReceiveMessage::default() };
        let found = self.deliveries.queues().receive_message(queue, input).await;
        found.expect("letters").pop()
    }

    /// Messages of the internal queue, in all states.
    async fn kept(&self) -> u64 {
        let found = self.deliveries.queues().get_queue_attributes(QUEUE, &["All".into()]).await;
        let found = found.expect("attributes");
        ["", "Delayed", "NotVisible"]
            .iter()
            .map(|state| format!("ApproximateNumberOfMessages{state}"))
            .map(|name| found[&name].parse::<u64>().expect("a number"))
            .sum()
    }
}

fn failed() -> (Duration, Result<Response, FunctionError>) {
    (
        Duration::ZERO,
        Err(FunctionError::handler(r#"{"errorType":"Boom","errorMessage":"no"}"#.into())),
    )
}

fn done(seconds: u64) -> (Duration, Result<Response, FunctionError>) {
    (Duration::from_secs(seconds), Ok(Response::Bytes("null".into())))
}

fn text<'m>(message: &'m Message, name: &str) -> &'m str {
    match &message.attributes.get(name).expect(name).value {
        AttributeValue::String(text) => text,
        AttributeValue::Binary(_) => panic!("{name} is binary"),
    }
}

/// Lambda guide, "How Lambda handles errors and retries with asynchronous invocation".
#[tokio::test(start_paused = true)]
async fn what_a_function_fails_with_three_times_is_for_its_own_dead_letters() {
    let own = Destination {
        arn: "arn:aws:sqs:us-east-1:000000000000:own".into(),
        target: Target::Queue("own".into()),
    };
    let function = Function {
        arn: "arn:aws:lambda:us-east-1:000000000000:function:Orders".into(),
        dead_letter: Some(own),
        ..function("Orders")
    };
    let stand = Stand::new(function, |_| failed()).await;
    let limits = Limits::of_function(&stand.function);
    stand.deliveries.accept(vec![stand.parcel(limits, r#"{"n":1}"#)]).await.expect("accepted");
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(stand.calls(), [0, 60, 180]);
    assert_eq!(stand.kept().await, 0);
    assert!(stand.letter().await.is_none(), "the sender had handed it over");
    let letter = stand.letter_in("own").await.expect("a dead letter");
    assert_eq!(letter.body, r#"{"n":1}"#);
    assert_eq!((text(&letter, "ErrorCode"), text(&letter, "ErrorMessage")), ("200", "no"));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_passes_leaves_no_dead_letter() {
    let stand =
        Stand::new(function("Orders"), |call| if call == 0 { failed() } else { done(0) }).await;
    let limits = Limits::of_function(&stand.function);
    stand.deliveries.accept(vec![stand.parcel(limits, "{}")]).await.expect("accepted");
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(stand.calls(), [0, 60]);
    assert!(stand.letter().await.is_none());
    assert_eq!(stand.kept().await, 0);
}

#[tokio::test(start_paused = true)]
async fn the_functions_settings_bound_number_and_age() {
    let none = Asynchronous { maximum_retries: 0, ..Asynchronous::default() };
    let young = Asynchronous { maximum_age: Duration::from_secs(90), ..Asynchronous::default() };
    for (asynchronous, calls) in [(none, &[0][..]), (young, &[0, 60])] {
        let function = Function { asynchronous, ..function("Orders") };
        let stand = Stand::new(function, |_| failed()).await;
        let limits = Limits::of_function(&stand.function);
        stand.deliveries.accept(vec![stand.parcel(limits, "{}")]).await.expect("accepted");
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(stand.calls(), calls);
        assert!(stand.letter().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn throttles_do_not_count_as_failures() {
    let busy = Function { reserved_concurrency: Some(1), ..function("Orders") };
    let stand = Stand::new(busy, |_| done(100)).await;
    let limits = Limits::of_function(&stand.function);
    let parcels = (0..3).map(|_| stand.parcel(limits, "{}")).collect();
    stand.deliveries.accept(parcels).await.expect("accepted");
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(stand.calls().len(), 3);
    assert!(stand.letter().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_invocation_longer_than_the_lease_is_not_repeated() {
    let stand = Stand::new(function("Orders"), |_| done(800)).await;
    let limits = Limits::of_function(&stand.function);
    stand.deliveries.accept(vec![stand.parcel(limits, "{}")]).await.expect("accepted");
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(stand.calls(), [0]);
    assert_eq!(stand.kept().await, 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_function_that_is_gone_would_have_got_is_a_dead_letter_at_once() {
    let stand = Stand::new(function("Orders"), |_| done(0)).await;
    let mut parcel = stand.parcel(Limits::of_function(&stand.function), "{}");
    parcel.label.function = "Gone".into();
    stand.deliveries.accept(vec![parcel]).await.expect("accepted");
    sleep(Duration::from_secs(1)).await;
    let letter = stand.letter().await.expect("a dead letter");
    assert_eq!(text(&letter, "ERROR_CODE"), "NO_RESOURCE");
    assert!(!letter.attributes.contains_key("EXHAUSTED_RETRY_CONDITION"));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_for_lambda_is_given_up() {
    let stand = Stand::new(function("Orders"), |_| done(0)).await;
    let limits = Limits::of_function(&stand.function);
    let most = "x".repeat(parcel::MAX_PAYLOAD);
    let parcels = vec![stand.parcel(limits, &most), stand.parcel(limits, &format!("{most}x"))];
    stand.deliveries.accept(parcels).await.expect("accepted");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(stand.calls(), [0]);
    let letter = stand.letter().await.expect("a dead letter");
    assert_eq!(text(&letter, "ERROR_CODE"), "INVALID_PARAMETER");
}

/// The end of the process, as the queue sees it: nobody renews the lease.
#[tokio::test(start_paused = true)]
async fn what_the_end_of_the_process_cut_off_is_delivered_again() {
    let stand = Stand::new(function("Orders"), |_| done(20)).await;
    let limits = Limits::of_function(&stand.function);
    stand.deliveries.accept(vec![stand.parcel(limits, "{}")]).await.expect("accepted");
    sleep(Duration::from_secs(5)).await;
    stand.running.as_ref().expect("it runs").abort();
    assert_eq!(stand.kept().await, 1);
    tokio::spawn(stand.deliveries.clone().run(CancellationToken::new()));
    sleep(Duration::from_secs(60)).await;
    assert_eq!(stand.calls(), [0, 30]);
    assert_eq!(stand.kept().await, 0);
}

#[tokio::test(start_paused = true)]
async fn shutdown_waits_for_what_runs_and_takes_up_no_more() {
    let mut stand = Stand::new(function("Orders"), |_| done(20)).await;
    let limits = Limits::of_function(&stand.function);
    stand.deliveries.accept(vec![stand.parcel(limits, "{}")]).await.expect("accepted");
    sleep(Duration::from_secs(1)).await;
    stand.shutdown.cancel();
    stand.deliveries.accept(vec![stand.parcel(limits, "{}")]).await.expect("accepted");
    stand.running.take().expect("it runs").await.expect("it ends");
    assert_eq!(stand.calls(), [0]);
    assert_eq!(stand.kept().await, 1, "for the next start");
}

#[tokio::test(start_paused = true)]
async fn nobody_sees_the_queue() {
    let stand = Stand::new(function("Orders"), |_| done(0)).await;
    let listed = stand.deliveries.queues().list_queues(None, None, None).await.expect("queues");
    assert_eq!(listed.queue_urls.len(), 2, "{:?}", listed.queue_urls);
}
