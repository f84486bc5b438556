//! Which invocations wait for others to end.

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

/// How many environments have had an invocation.
fn used(bench: &Bench) -> usize {
    let ran = bench.fake.ran_on.lock().unwrap();
    let numbers: std::collections::BTreeSet<_> = ran.iter().map(|(number, _)| *number).collect();
    numbers.len()
}

#[tokio::test(start_paused = true)]
async fn quick_invocations_take_turns() {
    let bench = quick(false).await;
    let began = Instant::now();
    let all = (0..64).map(|_| bench.answer("sleep 1"));
    join_all(all).await;
    assert_eq!(used(&bench), at_once().min(64));
    let rounds = 64usize.div_ceil(at_once());
    assert_eq!(began.elapsed(), Duration::from_millis(rounds as u64));
}

#[tokio::test(start_paused = true)]
async fn one_that_takes_long_this_time_holds_nobody_up() {
    let bench = quick(false).await;
    let began = Instant::now();
    let all = (0..64).map(|_| bench.answer("sleep 1000"));
    join_all(all).await;
    // The others had waited for the first ones' turn.
    assert!(began.elapsed() <= Duration::from_millis(1010), "{:?}", began.elapsed());
    assert_eq!(used(&bench), 64);
}

#[tokio::test(start_paused = true)]
async fn an_environment_is_made_at_once_where_none_waits() {
    let bench = quick(false).await;
    let began = Instant::now();
    let all = (0..100).map(|_| bench.answer("sleep 1000"));
    join_all(all).await;
    assert!(began.elapsed() <= Duration::from_millis(1010), "{:?}", began.elapsed());
    assert_eq!(bench.environments(), (100, 0));
}

#[tokio::test(start_paused = true)]
async fn isolates_take_no_turns() {
    let bench = quick(true).await;
    let began = Instant::now();
    join_all((0..64).map(|_| bench.answer("sleep 2"))).await;
    assert_eq!(began.elapsed(), Duration::from_millis(2));
}

#[tokio::test(start_paused = true)]
async fn who_is_given_up_while_it_waits_takes_no_turn() {
    let bench = Arc::new(quick(false).await);
    for _ in 0..3 {
        bench.answer("x").await;
        let all = join_all((0..64).map(|_| bench.answer("sleep 2")));
        let _ = timeout(Duration::from_millis(1), all).await;
        // They go on without their callers.
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(bench.dispatcher.functions()[0].busy, 0);
    }
    let began = Instant::now();
    bench.answer("sleep 1").await;
    assert_eq!(began.elapsed(), Duration::from_millis(1));
}
