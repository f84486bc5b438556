//! Isolates that serve several invocations, where the function asks for it (`Metadata: Samovar:
//! Reuse`), and what ends them earlier.

#![expect(clippy::unwrap_used, reason = "a test ends at its first error")]

mod common;

use std::num::NonZeroU32;
use std::path::Path;
use std::time::Duration;

use common::{Guest, example_path, invocation, request, whole};
use samovar_dispatch::{
    Environment, EnvironmentLog, Event, FunctionError, Provider, Reply, Response,
};
use samovar_wasm::LoadError;
use serde_json::{Value, json};
use tokio::time::timeout;

/// One of the examples, whose isolates serve `reuse` invocations.
fn reused(name: &str, reuse: u32) -> Guest {
    load(&example_path(name), reuse).unwrap()
}

fn load(path: &Path, reuse: u32) -> Result<Guest, LoadError> {
    let reuse = NonZeroU32::new(reuse).unwrap();
    Guest::load_as(path, |function| function.reuse = reuse, &[("TEA", "black")])
}

type Warm = Box<dyn Environment>;

async fn call(environment: &mut Warm, event: Value) -> Result<Value, FunctionError> {
    let (reply, mut response) = Reply::channel();
    let event = Event::Bytes(event.to_string().into());
    environment.invoke(invocation(event, false), reply).await?;
    match response.try_recv().map(|replied| replied.response) {
        Ok(Response::Bytes(bytes)) => Ok(serde_json::from_slice(&bytes).unwrap()),
        other => panic!("no bytes, but {other:?}"),
    }
}

async fn get(environment: &mut Warm, path: &str) -> Result<String, String> {
    let (reply, response) = Reply::channel();
    let event = Event::Http(request("GET", path, ""));
    let invoke = environment.invoke(invocation(event, true), reply);
    let (outcome, response) = tokio::join!(invoke, whole(response));
    outcome.map_err(|error| error.to_string())?;
    Ok(String::from_utf8(response?.into_body().into()).unwrap())
}

#[tokio::test]
async fn an_isolate_serves_as_many_invocations_as_were_asked_for() {
    let guest = reused("events", 3);
    let mut environment = guest.start().await.unwrap();
    assert!(environment.reusable());
    for count in 1..=3 {
        assert!(environment.reusable());
        assert_eq!(call(&mut environment, json!({"do": "count"})).await.unwrap(), count);
    }
    assert!(!environment.reusable());
    environment.stop(Duration::ZERO).await;
    let mut next = guest.start().await.unwrap();
    assert_eq!(call(&mut next, json!({"do": "count"})).await.unwrap(), 1);
}

#[tokio::test]
async fn so_do_handlers_of_both_versions_of_wasi_http() {
    let mut router = reused("router", 10).start().await.unwrap();
    let mut service = reused("service", 10).start().await.unwrap();
    for count in 1..=5 {
        assert_eq!(get(&mut service, "/count").await.unwrap(), count.to_string());
        assert_eq!(get(&mut router, "/hello?name=Ada").await.unwrap(), "Hello, Ada!\n");
        assert!(service.reusable() && router.reusable());
    }
}

/// What `tracing` writes is set up by the first invocation that logs, whichever that is.
#[tokio::test]
async fn each_invocation_logs_its_own_id() {
    let guest = reused("events", 4);
    let mut environment = guest.start().await.unwrap();
    assert_eq!(call(&mut environment, json!({"do": "count"})).await.unwrap(), 1);
    let mut ids = Vec::new();
    for _ in 0..2 {
        let event = Event::Bytes(json!({"do": "log"}).to_string().into());
        let invocation = invocation(event, false);
        ids.push(invocation.request_id.clone());
        let (reply, _response) = Reply::channel();
        environment.invoke(invocation, reply).await.unwrap();
    }
    let log = guest.log();
    let told: Vec<_> = log.iter().filter(|line| line.contains("to the subscriber")).collect();
    assert_eq!(told.len(), ids.len(), "{log:?}");
    for (line, id) in told.iter().zip(ids) {
        // Of the span of another invocation nothing is left.
        let span = format!(" INFO Lambda runtime invoke{{requestId=\"{id}\"");
        assert!(line.starts_with(&span) && line.matches("requestId").count() == 1, "{line}");
    }
}

/// An error is the handler's answer; Lambda's environments go on after one.
#[tokio::test]
async fn an_error_of_the_handler_ends_nothing() {
    let mut events = reused("events", 10).start().await.unwrap();
    call(&mut events, json!({"do": "count"})).await.unwrap();
    call(&mut events, json!({"do": "fail"})).await.unwrap_err();
    assert!(events.reusable());
    // Every event counts.
    assert_eq!(call(&mut events, json!({"do": "count"})).await.unwrap(), 3);

    let mut service = reused("service", 10).start().await.unwrap();
    get(&mut service, "/fail").await.unwrap_err();
    assert!(service.reusable());
    assert_eq!(get(&mut service, "/count").await.unwrap(), "2");
}

#[tokio::test]
async fn a_guest_that_does_not_return_serves_no_more() {
    let guest = reused("events", 10);
    for event in [json!({"do": "panic"}), json!({"do": "exit", "status": 1})] {
        let mut environment = guest.start().await.unwrap();
        call(&mut environment, event).await.unwrap_err();
        assert!(!environment.reusable());
    }
    for name in ["router", "service"] {
        let guest = reused(name, 10);
        for path in ["/panic", "/breaks-off"] {
            let mut environment = guest.start().await.unwrap();
            get(&mut environment, path).await.unwrap_err();
            assert!(!environment.reusable(), "{name}{path}");
        }
    }
    let mut busy = reused("service", 10).start().await.unwrap();
    assert!(timeout(Duration::from_millis(50), get(&mut busy, "/busy")).await.is_err());
    assert!(!busy.reusable());
    let mut waits = reused("service", 10).start().await.unwrap();
    assert!(timeout(Duration::from_millis(50), get(&mut waits, "/wait")).await.is_err());
    assert!(!waits.reusable());
}

/// A guest that cannot allocate may go on, and is not given another invocation.
#[tokio::test]
async fn a_guest_that_wanted_too_much_memory_serves_no_more() {
    let mut environment = reused("service", 10).start().await.unwrap();
    get(&mut environment, "/greedy").await.unwrap_err();
    assert!(!environment.reusable());
}

#[tokio::test]
async fn a_guest_whose_reader_has_gone_serves_no_more() {
    for name in ["router", "service"] {
        let guest = reused(name, 10);
        let mut environment = guest.start().await.unwrap();
        let (reply, response) = Reply::channel();
        let event = Event::Http(request("GET", "/endless", ""));
        let invoke = environment.invoke(invocation(event, true), reply);
        let (outcome, _) = tokio::join!(invoke, async { drop(response.await) });
        assert_eq!(outcome, Ok(()), "{name}");
        let log = guest.log();
        // The guest of WASI 0.2 may notice first, and return.
        let stopped = log.iter().any(|line| line.contains("nobody reads its response"));
        assert_eq!(environment.reusable(), !stopped, "{name}: {log:?}");
    }
}

#[tokio::test]
async fn memory_counts_on() {
    let mut environment = reused("service", 10).start().await.unwrap();
    let mut before = 0;
    for _ in 0..3 {
        assert_eq!(get(&mut environment, "/keeps").await.unwrap(), "kept");
        let now = environment.max_memory_used();
        assert!(now >= before + (4 << 20), "{before}, then {now}");
        before = now;
    }
}

/// The body of a response ends with its invocation, though the guest holds its end open.
#[tokio::test]
async fn a_response_ends_before_the_next_begins() {
    let mut environment = reused("service", 10).start().await.unwrap();
    assert_eq!(get(&mut environment, "/leaves-open").await.unwrap(), "the only part");
    assert!(environment.reusable());
    assert_eq!(get(&mut environment, "/count").await.unwrap(), "2");
}

#[tokio::test]
async fn every_invocation_has_its_own_log() {
    let guest = reused("events", 10);
    let mut environment = guest.start().await.unwrap();
    for _ in 0..2 {
        call(&mut environment, json!({"do": "log"})).await.unwrap();
        // The last line has no line feed, and is there when the invocation is over.
        assert_eq!(guest.log().last().unwrap(), "without a line feed");
    }
    assert_eq!(guest.log().len(), 8);
}

/// Lambda guide, "Configuring provisioned concurrency for a function": environments are there
/// before an invocation needs them.
#[tokio::test]
async fn a_provisioned_isolate_waits_for_its_invocation() {
    for reuse in [1, 2] {
        let guest = reused("events", reuse);
        let log = EnvironmentLog::new("guest", guest.observer());
        let mut environment = guest.provider().start_provisioned(log).await.unwrap();
        for count in 1..=reuse {
            assert!(environment.reusable());
            assert_eq!(call(&mut environment, json!({"do": "count"})).await.unwrap(), count);
        }
        assert!(!environment.reusable());
    }
}

#[test]
fn a_command_cannot_be_used_again() {
    let command = |reuse| {
        let file = tempfile::NamedTempFile::new().unwrap();
        let wasm = wat::parse_str(common::command("i32.const 0", "")).unwrap();
        std::fs::write(file.path(), wasm).unwrap();
        load(file.path(), reuse)
    };
    assert!(command(1).is_ok());
    let error = command(2).err().unwrap();
    assert!(matches!(error, LoadError::NoReuse { .. }), "{error}");
    let text = error.to_string();
    assert!(text.starts_with("template.yaml:1:1: Metadata.Samovar.Reuse: "), "{text}");
    assert!(text.contains("is a command (wasi:cli/run)"), "{text}");
}
