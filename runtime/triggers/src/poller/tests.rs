use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;

use aws_lambda_events::event::sqs::SqsEvent;
use samovar_dispatch::{Door, FunctionError, Response};
use samovar_queue::{Attributes, BatchEntry, Options, SendMessage, TokioClock};

use super::*;
use crate::testing::{Fake, NOW_MILLIS, bytes, dispatcher, function, span};

mod failures;
mod fifo;
mod filters;
mod order;

/// A queue, a function that answers as its closure says, and the events that it got.
struct Stand {
    queue: &'static str,
    queues: Queues,
    provider: Arc<Fake>,
    events: Arc<Mutex<Vec<SqsEvent>>>,
    dispatcher: Dispatcher,
    function: Arc<Function>,
    shutdown: CancellationToken,
}

type Outcome = (Duration, Result<Response, FunctionError>);

fn done(payload: impl Into<bytes::Bytes>) -> Outcome {
    (Duration::ZERO, Ok(Response::Bytes(payload.into())))
}

fn after(seconds: u64) -> Outcome {
    (Duration::from_secs(seconds), Ok(Response::Bytes("null".into())))
}

fn failed() -> Outcome {
    (Duration::ZERO, Err(FunctionError::platform("Runtime.ExitError", "gone")))
}

impl Stand {
    /// A standard queue. `attributes` are the queue's, beside a visibility timeout of 30 s.
    async fn new(
        function: Function,
        attributes: &[(&str, &str)],
        answer: impl Fn(usize, &SqsEvent) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        Self::on("orders", function, attributes, answer).await
    }

    /// As [`new`](Self::new), with a FIFO queue.
    async fn fifo(
        attributes: &[(&str, &str)],
        answer: impl Fn(usize, &SqsEvent) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        let fifo = [("FifoQueue", "true"), ("ContentBasedDeduplication", "true")];
        let attributes = [&fifo, attributes].concat();
        Self::on("orders.fifo", function("Worker"), &attributes, answer).await
    }

    async fn on(
        queue: &'static str,
        function: Function,
        attributes: &[(&str, &str)],
        answer: impl Fn(usize, &SqsEvent) -> Outcome + Send + Sync + 'static,
    ) -> Self {
        let clock = Arc::new(TokioClock::starting_at(NOW_MILLIS));
        let options = Options { clock, ephemeral: true, ..Options::default() };
        let queues = Queues::open(Path::new(""), options).expect("queues");
        let events: Arc<Mutex<Vec<SqsEvent>>> = Arc::default();
        let seen = events.clone();
        let provider = Fake::new(Door::Event, move |call, event| {
            let event: SqsEvent = serde_json::from_slice(&bytes(event)).expect("an SQS event");
            let outcome = answer(call, &event);
            seen.lock().expect("events").push(event);
            outcome
        });
        let dispatcher = dispatcher();
        let function = Arc::new(function);
        dispatcher.register(function.clone(), provider.clone());
        let shutdown = CancellationToken::new();
        let stand = Self { queue, queues, provider, events, dispatcher, function, shutdown };
        if is_fifo(queue) {
            stand.create("letters.fifo", &[("FifoQueue", "true")]).await;
        } else {
            stand.create("letters", &[]).await;
        }
        let attributes = [&[("VisibilityTimeout", "30")], attributes].concat();
        stand.create(queue, &attributes).await;
        stand
    }

    async fn create(&self, name: &str, attributes: &[(&str, &str)]) {
        let attributes: Attributes =
            attributes.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        self.queues.create_queue(name, &attributes, &BTreeMap::new()).await.expect("a queue");
    }

    async fn send(&self, bodies: impl IntoIterator<Item = &str>) {
        for body in bodies {
            let message = SendMessage::new(body);
            self.queues.send_message(self.queue, message).await.expect("sent");
        }
    }

    /// Sends messages to groups: the body's first letter is the group.
    async fn send_in_order(&self, bodies: impl IntoIterator<Item = &str>) {
        for body in bodies {
            let group_id = Some(body[..1].to_owned());
            let message = SendMessage { group_id, ..SendMessage::new(body) };
            self.queues.send_message(self.queue, message).await.expect("sent");
        }
    }

    fn start(&self, trigger: QueueTrigger) -> tokio::task::JoinHandle<()> {
        tokio::spawn(self.poller(trigger).run(self.shutdown.clone()))
    }

    fn poller(&self, trigger: QueueTrigger) -> Poller {
        let (function, queues) = (self.function.clone(), self.queues.clone());
        Poller::new(
            self.queue.into(),
            trigger,
            function,
            &Account::default(),
            queues,
            self.dispatcher.clone(),
        )
    }

    /// Bodies of each event, in the order of the events.
    fn batches(&self) -> Vec<Vec<String>> {
        let events = self.events.lock().expect("events");
        let bodies = |event: &SqsEvent| {
            event.records.iter().map(|record| record.body.clone().unwrap_or_default()).collect()
        };
        events.iter().map(bodies).collect()
    }

    /// Messages in a queue: visible, and in flight.
    async fn depth(&self, queue: &str) -> (u64, u64) {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let names = names.map(str::to_owned);
        let found = self.queues.get_queue_attributes(queue, &names).await.expect("attributes");
        let number = |name: &String| found[name].parse().expect("a number");
        (number(&names[0]), number(&names[1]))
    }
}

fn trigger() -> QueueTrigger {
    QueueTrigger {
        name: "Orders".into(),
        arn: "arn:aws:sqs:us-east-1:000000000000:orders".into(),
        queue: Some("orders".into()),
        filters: Vec::new(),
        batch_size: 10,
        batch_window: Duration::ZERO,
        report_batch_item_failures: false,
        maximum_concurrency: None,
        enabled: true,
        span: span(),
    }
}

async fn seconds(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_message_reaches_an_idle_function_at_once_and_is_deleted() {
    let stand = Stand::new(function("Worker"), &[], |_, _| done("null")).await;
    stand.start(trigger());
    seconds(7).await;
    let began = Instant::now();
    stand.send(["one"]).await;
    while stand.provider.calls() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(began.elapsed() < Duration::from_millis(20), "{:?}", began.elapsed());
    seconds(1).await;
    assert_eq!(stand.depth("orders").await, (0, 0));
    let events = stand.events.lock().expect("events");
    let record = &events[0].records[0];
    assert_eq!(record.attributes["ApproximateReceiveCount"], "1");
    assert_eq!(
        record.event_source_arn.as_deref(),
        Some("arn:aws:sqs:us-east-1:000000000000:orders")
    );
}

/// Lambda guide: a failed batch becomes visible again when its visibility timeout ends; the
/// queue's redrive policy counts receives.
#[tokio::test(start_paused = true)]
async fn a_poisoned_message_ends_in_the_dead_letter_queue() {
    let policy = r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:letters","maxReceiveCount":3}"#;
    let stand = Stand::new(function("Worker"), &[("RedrivePolicy", policy)], |_, _| failed()).await;
    stand.start(trigger());
    stand.send(["poison"]).await;
    seconds(29).await;
    assert_eq!(stand.provider.calls(), 1, "nobody shortens the visibility timeout");
    seconds(100).await;
    assert_eq!(stand.provider.calls(), 3);
    assert_eq!(stand.depth("orders").await, (0, 0));
    assert_eq!(stand.depth("letters").await, (1, 0));
}

#[tokio::test(start_paused = true)]
async fn only_the_failed_messages_of_a_batch_return() {
    let stand = Stand::new(function("Worker"), &[], |call, event| {
        let bad = event.records.iter().find(|record| record.body.as_deref() == Some("bad"));
        match (call, bad.and_then(|record| record.message_id.as_deref())) {
            (0, Some(id)) => {
                done(format!(r#"{{"batchItemFailures":[{{"itemIdentifier":"{id}"}}]}}"#))
            }
            _ => done(r#"{"batchItemFailures":[]}"#),
        }
    })
    .await;
    stand.send(["good", "bad", "fine"]).await;
    stand.start(QueueTrigger { report_batch_item_failures: true, ..trigger() });
    seconds(1).await;
    assert_eq!(stand.depth("orders").await, (0, 1));
    seconds(60).await;
    let batches = stand.batches();
    assert_eq!(batches.len(), 2, "{batches:?}");
    assert_eq!(batches[1], ["bad"]);
    assert_eq!(stand.depth("orders").await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn batches_have_a_size_and_a_window() {
    let stand = Stand::new(function("Worker"), &[], |_, _| done("null")).await;
    let window = Duration::from_secs(5);
    stand.start(QueueTrigger { batch_size: 3, batch_window: window, ..trigger() });
    // The window begins with the message.
    seconds(60).await;
    stand.send(["1"]).await;
    seconds(4).await;
    assert_eq!(stand.provider.calls(), 0, "the window is open");
    stand.send(["2"]).await;
    seconds(2).await;
    assert_eq!(stand.batches(), [["1", "2"]]);
    stand.send(["3", "4", "5", "6"]).await;
    seconds(1).await;
    assert_eq!(stand.batches().len(), 2, "a full batch waits for no window");
    seconds(5).await;
    let sizes: Vec<usize> = stand.batches().iter().map(Vec::len).collect();
    assert_eq!(sizes, [2, 3, 1]);
}

#[tokio::test(start_paused = true)]
async fn large_batches_come_from_several_receives() {
    let stand = Stand::new(function("Worker"), &[], |_, _| done("null")).await;
    let entries = |from: usize| {
        (from..from + 10).map(|n| BatchEntry::new(n.to_string(), SendMessage::new(n.to_string())))
    };
    for from in [0, 10, 20] {
        stand.queues.send_message_batch("orders", entries(from).collect()).await.expect("sent");
    }
    let window = Duration::from_secs(1);
    stand.start(QueueTrigger { batch_size: 25, batch_window: window, ..trigger() });
    seconds(5).await;
    let sizes: Vec<usize> = stand.batches().iter().map(Vec::len).collect();
    assert_eq!(sizes, [25, 5]);
}

/// Lambda guide, "Using Lambda with Amazon SQS": an event has at most 6 MB.
#[tokio::test(start_paused = true)]
async fn an_event_stays_within_six_megabytes() {
    let large = &[("MaximumMessageSize", "1048576")];
    let stand = Stand::new(function("Worker"), large, |_, _| done("null")).await;
    let body = "x".repeat(1_000_000);
    stand.send(std::iter::repeat_n(body.as_str(), 10)).await;
    stand.start(trigger());
    seconds(5).await;
    let sizes: Vec<usize> = stand.batches().iter().map(Vec::len).collect();
    assert_eq!(sizes, [6, 4]);
    assert_eq!(stand.depth("orders").await, (0, 0));
}

/// "Whichever comes first": an event that is full is not kept for its window, and what did not fit
/// has the window since it was received.
#[tokio::test(start_paused = true)]
async fn six_megabytes_end_a_window() {
    let large = &[("MaximumMessageSize", "1048576")];
    let stand = Stand::new(function("Worker"), large, |_, _| done("null")).await;
    let body = "x".repeat(1_000_000);
    let window = Duration::from_secs(10);
    stand.start(QueueTrigger { batch_size: 100, batch_window: window, ..trigger() });
    let sizes = || stand.batches().iter().map(Vec::len).collect::<Vec<_>>();
    stand.send(std::iter::repeat_n(body.as_str(), 5)).await;
    seconds(4).await;
    assert_eq!(sizes(), [0; 0], "neither full nor over");
    stand.send(std::iter::repeat_n(body.as_str(), 2)).await;
    seconds(1).await;
    assert_eq!(sizes(), [6]);
    seconds(8).await;
    assert_eq!(sizes(), [6]);
    seconds(2).await;
    assert_eq!(sizes(), [6, 1]);
}

/// Lambda guide, "Configuring scaling behavior": five batches at first, up to 300 more a minute.
#[tokio::test(start_paused = true)]
async fn concurrency_starts_at_five_and_grows_with_the_backlog() {
    let stand = Stand::new(function("Worker"), &[], |_, _| after(20)).await;
    let bodies: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    stand.send(bodies.iter().map(String::as_str)).await;
    stand.start(QueueTrigger { batch_size: 1, ..trigger() });
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(stand.provider.calls(), 5);
    seconds(2).await;
    let grown = stand.provider.calls();
    assert!((14..=16).contains(&grown), "{grown}");
}

#[tokio::test(start_paused = true)]
async fn maximum_concurrency_holds() {
    let stand = Stand::new(function("Worker"), &[], |_, _| after(20)).await;
    stand.send(["1", "2", "3", "4"]).await;
    let capped = QueueTrigger { batch_size: 1, maximum_concurrency: Some(2), ..trigger() };
    stand.start(capped);
    seconds(10).await;
    assert_eq!(stand.provider.calls(), 2);
    seconds(20).await;
    assert_eq!(stand.provider.calls(), 4);
}

/// Lambda guide, "Backoff strategy for failed invocations": throttled messages are retried
/// within their visibility timeout.
#[tokio::test(start_paused = true)]
async fn throttled_batches_wait_their_turn() {
    let one = Function { reserved_concurrency: Some(1), ..function("Worker") };
    let stand = Stand::new(one, &[], |_, _| after(4)).await;
    stand.send(["1", "2", "3"]).await;
    stand.start(QueueTrigger { batch_size: 1, ..trigger() });
    seconds(29).await;
    assert_eq!(stand.batches().len(), 3, "each once");
    assert_eq!(stand.depth("orders").await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_function_that_cannot_run_costs_no_receive() {
    let stand = Stand::new(function("Worker"), &[], |_, _| done("null")).await;
    stand.dispatcher.register_failed(stand.function.clone(), "it did not build");
    stand.send(["one"]).await;
    stand.start(trigger());
    seconds(120).await;
    assert_eq!(stand.depth("orders").await, (1, 0));
    stand.dispatcher.register(stand.function.clone(), stand.provider.clone());
    seconds(3).await;
    let events = stand.events.lock().expect("events");
    assert_eq!(events[0].records[0].attributes["ApproximateReceiveCount"], "1");
}

#[tokio::test(start_paused = true)]
async fn shutdown_settles_what_runs() {
    let stand = Stand::new(function("Worker"), &[], |_, _| after(10)).await;
    stand.send(["one"]).await;
    let poller = stand.start(trigger());
    seconds(1).await;
    stand.shutdown.cancel();
    stand.send(["two"]).await;
    poller.await.expect("it ends");
    assert_eq!(stand.batches(), [["one"]]);
    assert_eq!(stand.depth("orders").await, (1, 0), "the new message stays where it is");
}

#[tokio::test(start_paused = true)]
async fn what_a_stopping_dispatcher_refuses_is_visible_again() {
    let stand = Stand::new(function("Worker"), &[], |_, _| done("null")).await;
    stand.dispatcher.shutdown(Duration::ZERO).await;
    stand.send(["one"]).await;
    let poller = stand.start(QueueTrigger { batch_window: Duration::from_secs(9), ..trigger() });
    seconds(1).await;
    stand.shutdown.cancel();
    poller.await.expect("it ends");
    assert_eq!(stand.depth("orders").await, (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_disabled_mapping_does_nothing() {
    let stand = Stand::new(function("Worker"), &[], |_, _| done("null")).await;
    stand.send(["one"]).await;
    stand.start(QueueTrigger { enabled: false, ..trigger() }).await.expect("it returns");
    assert_eq!(stand.depth("orders").await, (1, 0));
}
