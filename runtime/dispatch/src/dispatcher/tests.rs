//! The dispatcher against environments that do what a test tells them. Time is paused: what
//! takes ten seconds here takes none.

mod crowd;
mod renewal;
mod threads;

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use samovar_app::{Build, Code, Kind, Span};

use super::*;
use crate::environment::Environment;
use crate::invocation::{Event, MAX_RESPONSE_BYTES, Source};
use crate::log::{EnvironmentLog, LogLine, LogObserver};
use crate::report::Report;

/// What an environment does with an invocation, by the event's text.
///
/// `sleep N` answers after N ms, `leave N` does so and ends the environment, `fail` answers an error document, `exit` ends the environment,
/// `silent` ends the invocation without an answer, `no place` has no room for it, `big` answers too much; anything else is
/// answered with itself.
#[derive(Default)]
struct Fake {
    started: AtomicUsize,
    stopped: AtomicUsize,
    /// Init errors to answer with before the first success.
    init_failures: AtomicUsize,
    init_takes: Duration,
    computes: bool,
    /// `None`: an environment that has ended is not renewed.
    renewal_takes: Option<Duration>,
    keep: Option<Duration>,
    /// The threads that the invocations ran on, with the numbers of their environments.
    ran_on: Mutex<Vec<(usize, ThreadId)>>,
}

struct FakeEnvironment {
    provider: Arc<Fake>,
    number: usize,
    log: EnvironmentLog,
    alive: bool,
}

#[async_trait]
impl Provider for Arc<Fake> {
    fn door(&self) -> Door {
        Door::Event
    }

    fn computes(&self) -> bool {
        self.computes
    }

    async fn start(&self, log: EnvironmentLog) -> Result<Box<dyn Environment>, FunctionError> {
        let number = self.started.fetch_add(1, Ordering::SeqCst) + 1;
        log.line(format!("init {number}").as_bytes());
        tokio::time::sleep(self.init_takes).await;
        let failures = self.init_failures.load(Ordering::SeqCst);
        if failures > 0 {
            self.init_failures.store(failures - 1, Ordering::SeqCst);
            return Err(FunctionError::platform("Runtime.ExitError", "exit status 1"));
        }
        Ok(Box::new(FakeEnvironment { provider: self.clone(), number, log, alive: true }))
    }
}

#[async_trait]
impl Environment for FakeEnvironment {
    async fn invoke(&mut self, invocation: Invocation, reply: Reply) -> Result<(), FunctionError> {
        let Event::Bytes(event) = invocation.event else { panic!("only bytes are sent here") };
        self.provider.ran_on.lock().unwrap().push((self.number, thread::current().id()));
        let text = String::from_utf8(event.to_vec()).unwrap();
        self.log.line(format!("environment {} got {text}", self.number).as_bytes());
        match text.split_once(' ') {
            Some(("sleep", ms)) => {
                tokio::time::sleep(Duration::from_millis(ms.parse().unwrap())).await
            }
            Some(("leave", ms)) => {
                tokio::time::sleep(Duration::from_millis(ms.parse().unwrap())).await;
                self.alive = false;
            }
            _ if text == "fail" => {
                return Err(FunctionError::handler(
                    r#"{"errorType":"Mine","errorMessage":"no"}"#.into(),
                ));
            }
            _ if text == "exit" => {
                self.alive = false;
                return Err(FunctionError::platform("Runtime.ExitError", "exit status 3"));
            }
            _ if text == "no place" => return Err(FunctionError::no_place()),
            _ if text == "silent" => return Ok(()),
            _ if text == "big" => {
                return reply.send(Response::Bytes(vec![b'x'; MAX_RESPONSE_BYTES + 1].into()));
            }
            _ => {}
        }
        reply.send(Response::Bytes(event))
    }

    fn reusable(&self) -> bool {
        self.alive
    }

    async fn renew(&mut self) -> bool {
        let Some(takes) = self.provider.renewal_takes else { return false };
        tokio::time::sleep(takes).await;
        self.alive = true;
        true
    }

    fn keep(&self) -> Option<Duration> {
        self.provider.keep
    }

    fn max_memory_used(&self) -> u64 {
        5 << 20
    }

    async fn stop(self: Box<Self>, _grace: Duration) {
        self.provider.stopped.fetch_add(1, Ordering::SeqCst);
    }
}

#[derive(Default)]
struct Watcher {
    lines: Mutex<Vec<String>>,
    reports: Mutex<Vec<Report>>,
}

impl LogObserver for Watcher {
    fn line(&self, line: &LogLine<'_>) {
        self.lines.lock().unwrap().push(line.text.to_owned());
    }
}

impl Observer for Watcher {
    fn finished(&self, report: &Report) {
        self.reports.lock().unwrap().push(report.clone());
    }
}

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}

struct Bench {
    dispatcher: Dispatcher,
    fake: Arc<Fake>,
    watcher: Arc<Watcher>,
}

fn function(reserved_concurrency: Option<u32>) -> Arc<Function> {
    let span = Span { file: Path::new("template.yaml").into(), line: 1, column: 1 };
    let code = Code { path: "functions/hello".into(), span, build: Build::Prebuilt };
    Arc::new(Function {
        logical_id: "HelloFunction".into(),
        reserved_concurrency,
        ..Function::new("hello", Kind::Process, code)
    })
}

fn bench(fake: Fake, limits: Limits, reserved: Option<u32>) -> Bench {
    let watcher = Arc::new(Watcher::default());
    let dispatcher = Dispatcher::new(limits, Arc::new(StoppedClock), watcher.clone());
    let fake = Arc::new(fake);
    dispatcher.register(function(reserved), Arc::new(fake.clone()));
    Bench { dispatcher, fake, watcher }
}

impl Bench {
    async fn invoke(&self, event: &str) -> Result<Answer, InvokeError> {
        let event = Event::Bytes(Bytes::from(event.to_owned()));
        self.dispatcher.invoke("hello", Invocation::new(event, Source::Invoke)).await
    }

    async fn answer(&self, event: &str) -> Answer {
        self.invoke(event).await.unwrap()
    }

    fn environments(&self) -> (usize, usize) {
        (self.fake.started.load(Ordering::SeqCst), self.fake.stopped.load(Ordering::SeqCst))
    }

    async fn settle(&self) {
        // Stops in the background are tasks; with time paused they run before any timer.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn text(answer: &Answer) -> String {
    match &answer.result {
        Ok(Response::Bytes(bytes)) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("no answer: {other:?}"),
    }
}

fn document(answer: Answer) -> serde_json::Value {
    let error = answer.result.unwrap_err();
    let bytes = error.document("ID");
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_free_environment_is_used_again() {
    let bench = bench(Fake::default(), Limits::default(), None);
    for name in ["one", "two", "three"] {
        assert_eq!(text(&bench.answer(name).await), name);
    }
    assert_eq!(bench.environments(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn busy_environments_make_new_ones_at_once() {
    let bench = bench(Fake::default(), Limits::default(), None);
    let began = Instant::now();
    let all = (0..64).map(|_| bench.answer("sleep 1000"));
    futures_util::future::join_all(all).await;
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    assert_eq!(bench.environments(), (64, 0));
    let status = &bench.dispatcher.functions()[0];
    assert_eq!((status.idle, status.busy), (64, 0));
}

#[tokio::test(start_paused = true)]
async fn the_log_has_the_lines_of_aws() {
    let bench = bench(Fake::default(), Limits::default(), None);
    let answer = bench.answer("hi").await;
    let id = answer.request_id.clone();
    let tail = String::from_utf8(answer.log.wait().await).unwrap();
    let expected = format!(
        "START RequestId: {id} Version: $LATEST\nenvironment 1 got hi\nEND RequestId: {id}\n\
         REPORT RequestId: {id}\tDuration: 0.00 ms\tBilled Duration: 0 ms\tMemory Size: 128 MB\t\
         Max Memory Used: 5 MB\tInit Duration: 0.00 ms\t\n"
    );
    assert_eq!(tail, expected);
    assert_eq!(bench.watcher.lines.lock().unwrap()[0], "init 1");
}

#[tokio::test(start_paused = true)]
async fn the_tail_is_the_last_four_kilobytes() {
    let bench = bench(Fake::default(), Limits::default(), None);
    let answer = bench.answer(&"x".repeat(10_000)).await;
    let tail = answer.log.wait().await;
    assert_eq!(tail.len(), 4096);
    assert!(String::from_utf8(tail).unwrap().contains("REPORT RequestId: "));
}

/// lambda-semantics: recorded from AWS, 2025-11.
#[tokio::test(start_paused = true)]
async fn a_time_out_ends_the_environment() {
    let bench = bench(Fake::default(), Limits::default(), None);
    let began = Instant::now();
    let answer = bench.answer("sleep 60000").await;
    assert_eq!(began.elapsed(), Duration::from_secs(3));
    assert_eq!(
        document(answer),
        serde_json::json!({
            "errorType": "Sandbox.Timedout",
            "errorMessage": "RequestId: ID Error: Task timed out after 3.00 seconds",
        })
    );
    assert_eq!(bench.environments(), (1, 1));
    assert_eq!(text(&bench.answer("next").await), "next");
    assert_eq!(bench.environments(), (2, 1));
    let lines = bench.watcher.lines.lock().unwrap();
    assert!(lines.iter().any(|line| line.ends_with(" Task timed out after 3.00 seconds")));
    assert!(lines.iter().any(|line| line.ends_with("\tStatus: timeout")));
}

#[tokio::test(start_paused = true)]
async fn a_handler_error_keeps_the_environment_and_an_exit_does_not() {
    let bench = bench(Fake::default(), Limits::default(), None);
    let failed = document(bench.answer("fail").await);
    assert_eq!(failed, serde_json::json!({"errorType": "Mine", "errorMessage": "no"}));
    assert_eq!(bench.environments(), (1, 0));
    let exited = document(bench.answer("exit").await);
    assert_eq!(exited["errorMessage"], "RequestId: ID Error: exit status 3");
    bench.settle().await;
    assert_eq!(bench.environments(), (1, 1));
    assert_eq!(text(&bench.answer("next").await), "next");
    assert_eq!(bench.environments(), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn an_invocation_without_an_answer_is_an_error() {
    let bench = bench(Fake::default(), Limits::default(), None);
    assert_eq!(document(bench.answer("silent").await)["errorType"], "Runtime.ExitError");
    let big = document(bench.answer("big").await);
    assert_eq!(
        big,
        serde_json::json!({
            "errorType": "Function.ResponseSizeTooLarge",
            "errorMessage":
                "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        })
    );
}

/// Lambda guide, "Failures during the Init phase": init is done once more in the invoke phase.
#[tokio::test(start_paused = true)]
async fn a_failed_init_is_tried_again_once() {
    let once = Fake { init_failures: AtomicUsize::new(1), ..Fake::default() };
    let bench1 = bench(once, Limits::default(), None);
    assert_eq!(text(&bench1.answer("hi").await), "hi");
    assert_eq!(bench1.environments().0, 2);
    let lines = bench1.watcher.lines.lock().unwrap().clone();
    assert!(lines[1].starts_with("INIT_REPORT Init Duration: "), "{lines:?}");
    assert!(lines[1].ends_with("Status: error\tError Type: Runtime.ExitError"), "{lines:?}");

    let always = Fake { init_failures: AtomicUsize::new(100), ..Fake::default() };
    let bench2 = bench(always, Limits::default(), None);
    let error = document(bench2.answer("hi").await);
    assert_eq!(error["errorMessage"], "RequestId: ID Error: exit status 1");
    assert_eq!(bench2.environments().0, 2);
}

#[tokio::test(start_paused = true)]
async fn a_slow_init_gets_ten_seconds_and_then_the_functions_own_time() {
    let slow = Fake { init_takes: Duration::from_secs(60), ..Fake::default() };
    let bench = bench(slow, Limits::default(), None);
    let began = Instant::now();
    let error = document(bench.answer("hi").await);
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    assert_eq!(began.elapsed(), Duration::from_secs(13));
}

#[tokio::test(start_paused = true)]
async fn reserved_concurrency_throttles() {
    let bench = bench(Fake::default(), Limits::default(), Some(2));
    let (one, two, three) = tokio::join!(
        bench.invoke("sleep 100"),
        bench.invoke("sleep 100"),
        bench.invoke("sleep 100"),
    );
    assert!(one.is_ok() && two.is_ok());
    let reason = ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded;
    assert_eq!(three.unwrap_err(), InvokeError::Throttled { reason });
    assert!(bench.invoke("again").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_hosts_limit_makes_wait_and_then_throttles() {
    let limits = Limits { concurrency: 1, patience: Duration::from_secs(1), ..Limits::default() };
    let bench = bench(Fake::default(), limits, None);
    let (one, two) = tokio::join!(bench.invoke("sleep 500"), bench.invoke("sleep 500"));
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(bench.environments(), (1, 0), "the second waited for the first's environment");
    let (one, two) = tokio::join!(bench.invoke("sleep 2000"), bench.invoke("sleep 2000"));
    assert!(one.is_ok());
    let reason = ThrottleReason::ConcurrentInvocationLimitExceeded;
    assert_eq!(two.unwrap_err(), InvokeError::Throttled { reason });
    // Nothing of the refused one is left behind.
    assert_eq!(bench.dispatcher.functions()[0].busy, 0);
}

/// An environment's own shortage of room is a throttle too, to clients.
#[tokio::test(start_paused = true)]
async fn no_place_for_an_environment_is_a_throttle() {
    let bench = bench(Fake::default(), Limits::default(), None);
    let reason = ThrottleReason::ConcurrentInvocationLimitExceeded;
    assert_eq!(bench.invoke("no place").await.unwrap_err(), InvokeError::Throttled { reason });
    assert!(bench.invoke("again").await.is_ok());
    assert_eq!(bench.dispatcher.functions()[0].busy, 0);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_does_not_stop_the_function() {
    let bench = bench(Fake::default(), Limits::default(), None);
    let gone = timeout(Duration::from_millis(10), bench.invoke("sleep 1000")).await;
    assert!(gone.is_err());
    assert_eq!(bench.watcher.reports.lock().unwrap().len(), 0);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let reports = bench.watcher.reports.lock().unwrap();
    assert_eq!(reports[0].duration, Duration::from_secs(1));
    assert_eq!(reports[0].error, None);
}

#[tokio::test(start_paused = true)]
async fn idle_environments_are_stopped_in_time() {
    let bench = bench(Fake::default(), Limits::default(), None);
    bench.answer("hi").await;
    tokio::time::sleep(Duration::from_secs(500)).await;
    assert_eq!(bench.environments(), (1, 0));
    tokio::time::sleep(Duration::from_secs(200)).await;
    assert_eq!(bench.environments(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn names_that_are_not_there_and_functions_that_cannot_run() {
    let bench = bench(Fake::default(), Limits::default(), None);
    let call = |name: &'static str| {
        let event = Event::Bytes(Bytes::from_static(b"{}"));
        bench.dispatcher.invoke(name, Invocation::new(event, Source::Invoke))
    };
    assert_eq!(call("nobody").await.unwrap_err(), InvokeError::NotFound { name: "nobody".into() });
    assert!(call("HelloFunction").await.is_ok(), "the logical id is a name too");
    bench.dispatcher.register_failed(function(None), "it did not build");
    assert_eq!(
        call("hello").await.unwrap_err(),
        InvokeError::Unavailable { function: "hello".into(), reason: "it did not build".into() }
    );
    bench.settle().await;
    assert_eq!(bench.environments(), (1, 1), "the replaced function's environment is stopped");
    let status = serde_json::to_value(bench.dispatcher.functions()).unwrap();
    assert_eq!(
        status,
        serde_json::json!([{
            "name": "hello", "kind": "process", "state": "failed",
            "reason": "it did not build", "idle": 0, "busy": 0,
        }])
    );
}

#[tokio::test(start_paused = true)]
async fn shutdown_lets_short_work_end_and_cuts_off_long_work() {
    let bench = bench(Fake::default(), Limits::default(), None);
    let (short, cut) = tokio::join!(bench.invoke("sleep 1000"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        bench.dispatcher.shutdown(Duration::from_secs(2)).await
    });
    assert!(short.is_ok());
    assert_eq!(cut, 0);
    assert_eq!(bench.environments(), (1, 1));
    assert_eq!(bench.invoke("late").await.unwrap_err(), InvokeError::ShuttingDown);
}

#[tokio::test(start_paused = true)]
async fn shutdown_is_bounded() {
    let bench = bench(Fake::default(), Limits::default(), None);
    let (long, cut) = tokio::join!(bench.invoke("sleep 2900"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        bench.dispatcher.shutdown(Duration::from_secs(1)).await
    });
    assert_eq!(long.unwrap_err(), InvokeError::ShuttingDown);
    assert_eq!(cut, 1);
}

/// "Understanding Lambda function scaling", AWS Lambda developer guide: reserved concurrency is
/// taken from the account's, and throttling is at once.
#[tokio::test(start_paused = true)]
async fn the_account_s_limit_throttles_what_reserves_nothing() {
    let limits = Limits { account: 3, ..Limits::default() };
    let bench = bench(Fake::default(), limits, None);
    let reserving = Function {
        logical_id: "Other".into(),
        name: "other".into(),
        ..Function::clone(&function(Some(1)))
    };
    bench.dispatcher.register(Arc::new(reserving), Arc::new(bench.fake.clone()));
    let other = || {
        let event = Event::Bytes(Bytes::from_static(b"sleep 100"));
        bench.dispatcher.invoke("other", Invocation::new(event, Source::Invoke))
    };
    let (one, two, three, reserved) = tokio::join!(
        bench.invoke("sleep 100"),
        bench.invoke("sleep 100"),
        bench.invoke("sleep 100"),
        other(),
    );
    assert!(one.is_ok() && two.is_ok() && reserved.is_ok());
    let reason = ThrottleReason::ConcurrentInvocationLimitExceeded;
    assert_eq!(three.unwrap_err(), InvokeError::Throttled { reason });
    assert!(bench.invoke("again").await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_limited_where_that_is_wanted() {
    let limits = Limits { account: 5000, concurrency: 5000, burst: true, ..Limits::default() };
    let bench = bench(Fake::default(), limits, None);
    let all = (0..1100).map(|_| bench.invoke("sleep 100"));
    let all = futures_util::future::join_all(all).await;
    let reason = ThrottleReason::FunctionInvocationRateLimitExceeded;
    let throttled = InvokeError::Throttled { reason };
    assert_eq!(all.iter().filter(|answer| answer.as_ref().err() == Some(&throttled)).count(), 100);
    // What is there may be used as often as it is free.
    let again = (0..1000).map(|_| bench.answer("sleep 100"));
    futures_util::future::join_all(again).await;
    assert_eq!(bench.environments(), (1000, 0));
}

fn provisioned(fake: Fake, count: u32) -> Bench {
    let bench = bench(fake, Limits::default(), None);
    let function = Function { provisioned_concurrency: Some(count), ..(*function(None)).clone() };
    bench.dispatcher.register(Arc::new(function), Arc::new(bench.fake.clone()));
    bench
}

#[tokio::test(start_paused = true)]
async fn provisioned_environments_are_there_before_they_are_needed_and_stay() {
    let bench = provisioned(Fake::default(), 3);
    bench.settle().await;
    assert_eq!(bench.environments(), (3, 0));
    let four = (0..4).map(|_| bench.answer("sleep 100"));
    futures_util::future::join_all(four).await;
    assert_eq!(bench.environments(), (4, 0), "one more on demand");
    tokio::time::sleep(Duration::from_secs(1000)).await;
    assert_eq!(bench.environments(), (4, 1), "only that one grows old");
    // One that ends is made again.
    bench.answer("exit").await;
    bench.settle().await;
    assert_eq!(bench.environments(), (5, 2));
    assert_eq!(bench.dispatcher.functions()[0].idle, 3);
    bench.dispatcher.shutdown(Duration::ZERO).await;
    tokio::time::sleep(Duration::from_secs(1000)).await;
    assert_eq!(bench.environments(), (5, 5));
}

#[tokio::test(start_paused = true)]
async fn a_provisioned_environment_that_does_not_start_is_tried_again() {
    let fake = Fake { init_failures: AtomicUsize::new(2), ..Fake::default() };
    let bench = provisioned(fake, 1);
    bench.settle().await;
    assert_eq!(bench.dispatcher.functions()[0].idle, 0);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(bench.dispatcher.functions()[0].idle, 1);
    assert_eq!(bench.environments(), (3, 0));
    let lines = bench.watcher.lines.lock().unwrap().clone();
    assert!(lines.contains(&"Provisioned concurrency: exit status 1".to_owned()), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_new_one_takes_over_when_it_is_ready() {
    let bench = bench(Fake::default(), Limits::default(), None);
    bench.answer("one").await;
    let next = Fake { init_takes: Duration::from_secs(2), ..Fake::default() };
    let next = Arc::new(next);
    let took = bench.dispatcher.take_over(function(None), Arc::new(next.clone()));
    let under_way = bench.invoke("sleep 2500");
    let meanwhile = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        bench.answer("two").await
    };
    let (took, under_way, meanwhile) = tokio::join!(took, under_way, meanwhile);
    took.unwrap();
    assert_eq!(text(&under_way.unwrap()), "sleep 2500");
    assert_eq!(text(&meanwhile), "two");
    // The first invocation of the new one waits for nothing.
    let began = Instant::now();
    bench.answer("three").await;
    assert_eq!((began.elapsed(), next.started.load(Ordering::SeqCst)), (Duration::ZERO, 1));
    bench.settle().await;
    assert_eq!(bench.environments(), (2, 2), "the old ones have ended");
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_start_does_not_take_over() {
    let bench = bench(Fake::default(), Limits::default(), None);
    bench.answer("one").await;
    let broken = Arc::new(Fake { init_failures: AtomicUsize::new(1), ..Fake::default() });
    let took = bench.dispatcher.take_over(function(None), Arc::new(broken.clone())).await;
    assert_eq!(took.unwrap_err().error_type, "Runtime.ExitError");
    bench.answer("two").await;
    assert_eq!(bench.environments(), (1, 0), "the warm one still serves");
}

/// Lambda guide, "Configuring JSON and plain text log formats".
#[tokio::test(start_paused = true)]
async fn a_log_in_json_has_documents_instead_of_lines() {
    let bench = bench(Fake::default(), Limits::default(), None);
    let logging = samovar_app::Logging { json: true, ..Default::default() };
    let json = Function { logging, ..Function::clone(&function(None)) };
    bench.dispatcher.register(Arc::new(json), Arc::new(bench.fake.clone()));
    let answer = bench.answer(r#"{"level": "debug"}"#).await;
    let tail = String::from_utf8(answer.log.wait().await).unwrap();
    let lines: Vec<_> = tail.lines().collect();
    let [start, own, report] = lines.as_slice() else { panic!("{tail}") };
    assert!(start.contains(r#""type":"platform.start""#), "{start}");
    assert_eq!(*own, r#"environment 1 got {"level": "debug"}"#);
    assert!(report.contains(r#""type":"platform.report""#), "{report}");
    assert!(report.contains(&format!(r#""requestId":"{}""#, answer.request_id)), "{report}");
}
