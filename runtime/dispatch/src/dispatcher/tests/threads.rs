//! On which threads invocations run.

use super::*;

/// Calls from a thread that has a scheduler of its own, as those have that serve connections;
/// its id.
async fn call_elsewhere(bench: &Arc<Bench>, event: &'static str) -> ThreadId {
    let bench = Arc::clone(bench);
    let call = move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(bench.answer(event));
        thread::current().id()
    };
    tokio::task::spawn_blocking(call).await.unwrap()
}

#[tokio::test]
async fn what_computes_runs_where_the_dispatcher_was_made() {
    for computes in [true, false] {
        let fake = Fake { computes, ..Fake::default() };
        let bench = Arc::new(bench(fake, Limits::default(), None));
        let caller = call_elsewhere(&bench, "x").await;
        let here = thread::current().id();
        let expected = if computes { here } else { caller };
        assert_eq!(*bench.fake.ran_on.lock().unwrap(), [(1, expected)]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_brief_begins_where_it_is_called() {
    let fake = Fake { computes: true, ..Fake::default() };
    let bench = Arc::new(bench(fake, Limits::default(), None));
    bench.answer("x").await;
    let caller = call_elsewhere(&bench, "x").await;
    bench.answer("sleep 50").await;
    call_elsewhere(&bench, "x").await;
    let threads: Vec<_> =
        bench.fake.ran_on.lock().unwrap().iter().map(|(_, thread)| *thread).collect();
    let here = thread::current().id();
    assert_eq!(threads, [here, caller, here, here]);
}

#[tokio::test(start_paused = true)]
async fn what_has_begun_where_it_is_called_goes_on_without_its_caller() {
    let fake = Fake { computes: true, ..Fake::default() };
    let bench = bench(fake, Limits::default(), None);
    bench.answer("x").await;
    let given_up = timeout(Duration::from_millis(1), bench.answer("sleep 50")).await;
    assert!(given_up.is_err(), "the answer came at once");
    let finished = async {
        while bench.watcher.reports.lock().unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(30), finished).await.expect("the invocation never ended");
    assert_eq!(bench.dispatcher.functions()[0].idle, 1);
}

#[tokio::test]
async fn an_environment_of_the_callers_thread_goes_first() {
    let bench = Arc::new(bench(Fake::default(), Limits::default(), None));
    let short = tokio::spawn({
        let bench = Arc::clone(&bench);
        async move { bench.answer("sleep 300").await }
    });
    while bench.fake.ran_on.lock().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    // The first environment is busy, and comes back before the second.
    call_elsewhere(&bench, "sleep 600").await;
    short.await.unwrap();
    bench.answer("x").await;
    let environments: Vec<_> =
        bench.fake.ran_on.lock().unwrap().iter().map(|(number, _)| *number).collect();
    assert_eq!(environments, [1, 2, 1]);
}
