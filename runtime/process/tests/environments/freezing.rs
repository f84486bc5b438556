//! Environments do nothing between invocations ("Understanding the Lambda execution environment
//! lifecycle", AWS Lambda developer guide).

use std::time::Duration;

use samovar_dispatch::Reply;
use serde_json::json;

use super::support::*;

/// A child in a session of its own, whose parent has ended, that never rests.
const BURNING: &str = "(setsid sh -c 'while :; do :; done' &)";

#[tokio::test]
async fn what_is_left_running_waits_for_the_next_invocation() {
    let fixture = Fixture::lambda_after(BURNING, |_| ());
    let mut environment = fixture.start().await.unwrap();
    for _ in 0..3 {
        fixture.frozen().await;
        let before = fixture.processor_time();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(fixture.processor_time(), before, "frozen processes take no time");
        call(&mut *environment, json!({"do": "sleep", "with": 200})).await.unwrap();
        assert!(fixture.processor_time() > before, "it went on");
    }
    environment.stop(LONG).await;
    assert_eq!(fixture.processes(), 0);
}

#[tokio::test]
async fn a_frozen_environment_serves_and_ends() {
    let fixture = Fixture::lambda();
    let mut environment = fixture.start().await.unwrap();
    fixture.frozen().await;
    assert!(environment.reusable());
    let event = json!({"do": "echo"});
    assert_eq!(call(&mut *environment, event.clone()).await.unwrap(), event);
    fixture.frozen().await;
    drop(environment);
    assert_eq!(fixture.processes(), 0);
}

#[tokio::test]
async fn a_function_that_stops_itself_can_be_ended() {
    let fixture = Fixture::lambda();
    let mut environment = fixture.start().await.unwrap();
    let (reply, _answer) = Reply::channel();
    let stopping = invocation(json!({"do": "run", "with": "kill -STOP $PPID"}).to_string());
    let invoked =
        tokio::time::timeout(Duration::from_millis(300), environment.invoke(stopping, reply));
    assert!(invoked.await.is_err(), "it does not answer");
    environment.stop(LONG).await;
    assert_eq!(fixture.processes(), 0);
}
