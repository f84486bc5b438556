//! Invocations of a function on AWS's own `lambda_runtime`.

use std::time::UNIX_EPOCH;

use samovar_app::Function;
use samovar_dispatch::{Alias, Door, Event, Provider, Reply, Response, Source};
use serde_json::{Value, json};

use super::support::*;

#[tokio::test]
async fn events_go_in_and_responses_come_out() {
    let fixture = Fixture::lambda();
    assert_eq!(fixture.provider.door(), Door::Event);
    let mut environment = fixture.start().await.unwrap();
    for n in 0..50 {
        let event = json!({"do": "echo", "n": n});
        assert_eq!(call(&mut *environment, event.clone()).await.unwrap(), event);
        assert!(environment.reusable());
    }
    assert!(environment.max_memory_used() > 500_000);
    environment.stop(LONG).await;
}

#[tokio::test]
async fn the_runtime_gets_the_whole_context() {
    let fixture = Fixture::lambda();
    let mut environment = fixture.start().await.unwrap();
    let mut invocation = invocation(json!({"do": "context"}).to_string());
    invocation.client_context = Some(
        json!({"custom": {"name": "Zoë"}, "environment": {}, "client": {
            "installation_id": "i", "app_title": "t", "app_version_name": "n",
            "app_version_code": "c", "app_package_name": "p"}})
        .to_string(),
    );
    let (id, trace) = (invocation.request_id.clone(), invocation.trace_id.clone());
    let deadline = invocation.deadline.duration_since(UNIX_EPOCH).unwrap().as_millis();
    let context = invoke(&mut *environment, invocation).await.unwrap();
    let context: serde_json::Value = serde_json::from_slice(&context).unwrap();
    assert_eq!(context["requestId"], id);
    assert_eq!(context["arn"], fixture.function.arn);
    assert_eq!(context["trace"], trace);
    assert_eq!(context["deadline"].as_u64().map(u128::from), Some(deadline));
    assert_eq!(context["clientContext"]["custom"]["name"], "Zoë");
    assert_eq!(context["function"], "orders");
    assert_eq!(context["memory"], 256);
    assert!(context["logStream"].as_str().unwrap().contains("/[$LATEST]"));
}

/// "The ARN of the Lambda function, version, or alias that's specified in the invocation" (Lambda
/// guide, "Using the Lambda runtime API for custom runtimes").
#[tokio::test]
async fn the_runtime_is_told_what_was_called() {
    let fixture = Fixture::lambda();
    let dispatcher = fixture.dispatcher(LONG);
    let version = Function { version: "1".into(), ..(*fixture.function).clone() };
    dispatcher.register(version.into(), fixture.provider.clone());
    let live = Alias { version: "1".into(), weights: Vec::new() };
    dispatcher.set_alias("orders", "live", Some(live));
    let arn = &fixture.function.arn;
    for (called, told) in [
        ("orders", arn.clone()),
        ("orders:$LATEST", format!("{arn}:$LATEST")),
        ("orders:1", format!("{arn}:1")),
        ("orders:live", format!("{arn}:live")),
        (&format!("{arn}:live"), format!("{arn}:live")),
    ] {
        let event = invocation(json!({"do": "context"}).to_string());
        let Ok(Response::Bytes(answer)) = dispatcher.invoke(called, event).await.unwrap().result
        else {
            panic!("{called} does not answer");
        };
        let context: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(context["arn"], json!(told), "{called}");
    }
    dispatcher.shutdown(LONG).await;
}

#[tokio::test]
async fn nothing_of_the_host_s_environment_leaks_in() {
    let fixture = Fixture::lambda();
    let mut environment = fixture.start().await.unwrap();
    let variables = call(&mut *environment, json!({"do": "variables"})).await.unwrap();
    let variables = variables.as_object().unwrap();
    for (name, _) in std::env::vars() {
        let defined = ["PATH", "LANG", "TZ", "LD_LIBRARY_PATH", "TMPDIR"].contains(&&*name)
            || name.starts_with("AWS_");
        assert!(defined || !variables.contains_key(&name), "{name} leaked");
    }
    assert_eq!(variables["FOLDER"], fixture.folder.path().display().to_string());
    // Only where /tmp itself cannot be the environment's own.
    assert_eq!(variables.contains_key("TMPDIR"), !contained());
}

#[tokio::test]
async fn the_largest_events_and_responses_go_through() {
    let fixture = Fixture::lambda();
    let mut environment = fixture.start().await.unwrap();
    let length = 6 * 1024 * 1024 - 100;
    let event = json!({"do": "measure", "with": "y".repeat(length)});
    assert_eq!(call(&mut *environment, event).await.unwrap(), length);
    // With its two quotes, exactly the limit.
    let event = json!({"do": "answer", "with": 6_291_556 - 2});
    let response = invoke(&mut *environment, invocation(event.to_string())).await.unwrap();
    assert_eq!(response.len(), 6_291_556);
}

#[tokio::test]
async fn a_response_that_is_too_large_fails_and_the_environment_lives_on() {
    let fixture = Fixture::lambda();
    let mut environment = fixture.start().await.unwrap();
    let event = json!({"do": "answer", "with": 8_000_000});
    let error = call(&mut *environment, event).await.unwrap_err();
    assert_eq!(error.error_type, "Function.ResponseSizeTooLarge");
    assert_eq!(
        error.message,
        "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    );
    let event = json!({"do": "echo"});
    assert_eq!(call(&mut *environment, event.clone()).await.unwrap(), event);
}

#[tokio::test]
async fn an_http_event_is_refused() {
    let fixture = Fixture::lambda();
    let mut environment = fixture.start().await.unwrap();
    let mut invocation = invocation("");
    let body = samovar_dispatch::Body::default();
    invocation.event = Event::Http(http::Request::new(body));
    invocation.source = Source::Http { method: "GET".into(), path: "/".into() };
    let (reply, _answer) = Reply::channel();
    let error = environment.invoke(invocation, reply).await.unwrap_err();
    assert_eq!(error.error_type, "Sandbox.Failure");
    assert!(environment.reusable());
}

#[tokio::test(flavor = "multi_thread")]
async fn environments_run_side_by_side() {
    let fixture = std::sync::Arc::new(Fixture::lambda());
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(10));
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (fixture, barrier) = (fixture.clone(), barrier.clone());
        running.spawn(async move {
            let mut environment = fixture.start().await.unwrap();
            // Nobody passes before all ten are up.
            barrier.wait().await;
            let processes = fixture.processes();
            call(&mut *environment, json!({"do": "sleep", "with": 20})).await.unwrap();
            barrier.wait().await;
            environment.stop(LONG).await;
            processes
        });
    }
    assert_eq!(running.join_all().await, [10; 10], "one process each");
    assert_eq!(fixture.private_folders(), 0);
}
