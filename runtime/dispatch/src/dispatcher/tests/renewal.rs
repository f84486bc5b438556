//! Environments that serve one invocation and are made as good as new after it.

use super::*;

fn renewable(renewal_takes: Duration) -> Bench {
    let fake = Fake { renewal_takes: Some(renewal_takes), ..Fake::default() };
    bench(fake, Limits::default(), None)
}

#[tokio::test(start_paused = true)]
async fn a_used_environment_is_renewed_for_the_next_invocation() {
    let bench = renewable(Duration::ZERO);
    for _ in 0..3 {
        bench.answer("exit").await;
        bench.settle().await;
    }
    assert_eq!(bench.environments(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn the_caller_does_not_wait_for_it() {
    let bench = renewable(Duration::from_secs(5));
    let began = Instant::now();
    bench.answer("exit").await;
    assert_eq!(began.elapsed(), Duration::ZERO);
    // Who comes meanwhile gets another.
    bench.answer("two").await;
    assert_eq!((began.elapsed(), bench.environments()), (Duration::ZERO, (2, 0)));
}

#[tokio::test(start_paused = true)]
async fn one_that_takes_for_ever_ends_as_an_init_does() {
    let bench = renewable(Duration::from_secs(3600));
    bench.answer("exit").await;
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(bench.environments(), (1, 0));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(bench.environments(), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn no_more_are_renewed_than_will_soon_be_needed() {
    let bench = renewable(Duration::ZERO);
    // All are begun before one of them ends.
    let calls = (0..100).map(|_| bench.invoke("leave 10"));
    for answer in futures_util::future::join_all(calls).await {
        answer.unwrap();
    }
    bench.settle().await;
    let (started, stopped) = bench.environments();
    assert_eq!(started, 100);
    assert_eq!(started - stopped, crate::pool::READY);
}

#[tokio::test(start_paused = true)]
async fn they_are_kept_for_as_long_as_they_want_only() {
    let fake = Fake {
        renewal_takes: Some(Duration::ZERO),
        keep: Some(Duration::from_secs(10)),
        ..Fake::default()
    };
    let bench = bench(fake, Limits::default(), None);
    bench.answer("exit").await;
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(bench.environments(), (1, 0));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(bench.environments(), (1, 1));
}
