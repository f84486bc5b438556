//! Which invocations wait for others to end.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::*;

/// A function whose last invocation was quick, with 64 environments that wait.
async fn quick(computes: bool) -> Bench {
    let fake = Fake { computes, ..Fake::default() };
    let bench = bench(fake, Limits::default(), None);
    join_all((0..64).map(|_| bench.answer("sleep 10"))).await;
    bench.answer("x").await;
    assert_eq!(bench.environments(), (64, 0));
    bench.fake.ran_on.lock().unwrap().clear();
    bench
}

fn at_once() -> usize {
    3 * thread::available_parallelism().unwrap().get()
}

/// How long so many of an event take that come at once.
async fn together(bench: &Bench, count: usize, event: &str) -> Duration {
    let began = Instant::now();
    join_all((0..count).map(|_| bench.answer(event))).await;
    began.elapsed()
}

/// How many environments have had an invocation.
fn used(bench: &Bench) -> usize {
    let ran = bench.fake.ran_on.lock().unwrap();
    let numbers: BTreeSet<_> = ran.iter().map(|(number, _)| *number).collect();
    numbers.len()
}

#[tokio::test(start_paused = true)]
async fn quick_invocations_take_turns() {
    let bench = quick(false).await;
    let took = together(&bench, 64, "sleep 1").await;
    assert_eq!(used(&bench), at_once().min(64));
    let rounds = 64usize.div_ceil(at_once());
    assert_eq!(took, Duration::from_millis(rounds as u64));
}

#[tokio::test(start_paused = true)]
async fn one_that_takes_long_this_time_holds_nobody_up() {
    let bench = quick(false).await;
    // The others wait for the first ones' turn.
    let took = together(&bench, 64, "sleep 1000").await;
    assert!(took <= Duration::from_millis(1010), "{took:?}");
    assert_eq!(used(&bench), 64);
}

#[tokio::test(start_paused = true)]
async fn an_environment_is_made_at_once_where_none_waits() {
    let bench = quick(false).await;
    let took = together(&bench, 100, "sleep 1000").await;
    assert!(took <= Duration::from_millis(1010), "{took:?}");
    assert_eq!(bench.environments(), (100, 0));
}

#[tokio::test(start_paused = true)]
async fn isolates_take_no_turns() {
    let bench = quick(true).await;
    assert_eq!(together(&bench, 64, "sleep 2").await, Duration::from_millis(2));
}

#[tokio::test(start_paused = true)]
async fn who_is_given_up_while_it_waits_ends_without_its_caller() {
    let bench = quick(false).await;
    let all = together(&bench, 64, "sleep 2");
    assert!(timeout(Duration::from_millis(1), all).await.is_err(), "all have had their turn");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.dispatcher.functions()[0].busy, 0);
    assert_eq!(together(&bench, 1, "sleep 1").await, Duration::from_millis(1));
}
