//! What a component cannot do, whatever it tries.

mod common;

use std::net::TcpListener;
use std::time::Duration;

use common::{Parts, command, example, text, try_bytes, try_text};
use http_body_util::BodyExt;
use samovar_dispatch::{Event, Reply};
use samovar_wasm::LoadError;
use serde_json::json;
use tokio::sync::mpsc;

fn event() -> Event {
    Event::Bytes("{}".into())
}

/// On one thread: a guest that does not yield would hang this test.
#[tokio::test(flavor = "current_thread")]
async fn an_endless_loop_can_be_dropped_and_starves_nobody() {
    let guest = text(&command("(loop $again (br $again)) unreachable", ""));
    let neighbour = example("events");
    let (reply, _response) = Reply::channel();
    tokio::select! {
        _ = guest.invoke_with(event(), reply) => panic!("the loop has an end"),
        answer = neighbour.answer(json!({"do": "count"})) => assert_eq!(answer.unwrap(), 1),
    }
    // The same with a time-out, as the dispatcher has it.
    let (reply, _response) = Reply::channel();
    let timeout = Duration::from_millis(50);
    assert!(tokio::time::timeout(timeout, guest.invoke_with(event(), reply)).await.is_err());
}

#[tokio::test(flavor = "current_thread")]
async fn an_endless_start_can_be_dropped() {
    let start = "(func $start (loop $again (br $again))) (start $start)";
    let guest = text(&command("i32.const 0", start));
    let timeout = Duration::from_millis(50);
    assert!(tokio::time::timeout(timeout, guest.start()).await.is_err());
}

#[tokio::test]
async fn memory_ends_at_the_functions_limit() {
    let grow = "(loop $again
                    (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
                unreachable";
    let guest = text(&command(grow, "(memory 1)"));
    let (ended, _) = guest.invoke(event()).await;
    let error = ended.outcome.unwrap_err();
    assert_eq!(error.error_type, "Runtime.ExitError");
    assert_eq!(error.message, "Runtime exited with error: signal: killed");
    assert!((63 << 20..=64 << 20).contains(&ended.memory), "{}", ended.memory);
    assert!(guest.log().iter().any(|line| line.contains("MemorySize")), "{:?}", guest.log());
}

#[tokio::test]
async fn tables_count_as_memory() {
    let grow = "(loop $again
                    (br_if $again
                        (i32.ne (table.grow (ref.null func) (i32.const 4096)) (i32.const -1))))
                i32.const 0";
    let guest = text(&command(grow, "(memory 1) (table 1 funcref)"));
    let (ended, _) = guest.invoke(event()).await;
    ended.outcome.unwrap();
    assert!(ended.memory > 1 << 16 && ended.memory <= 64 << 20, "{}", ended.memory);
}

#[tokio::test]
async fn memory_that_is_too_large_at_the_start_is_an_error() {
    let guest = text(&command("i32.const 0", "(memory 1025)"));
    let error = guest.start().await.err().unwrap();
    assert_eq!(error.message, "Runtime exited with error: signal: killed");
}

#[tokio::test]
async fn traps_are_told() {
    let message = async |body: &str, rest: &str| {
        let (ended, response) = text(&command(body, rest)).invoke(event()).await;
        assert!(response.is_none());
        let error = ended.outcome.unwrap_err();
        assert_eq!(error.error_type, "Runtime.ExitError");
        error.message
    };
    assert_eq!(
        message("unreachable", "").await,
        "Runtime exited with error: wasm trap: wasm `unreachable` instruction executed"
    );
    assert_eq!(
        message("(i32.div_u (i32.const 1) (i32.const 0))", "").await,
        "Runtime exited with error: wasm trap: integer divide by zero"
    );
    assert_eq!(
        message("call $down", "(func $down (result i32) call $down)").await,
        "Runtime exited with error: wasm trap: call stack exhausted"
    );
    assert_eq!(
        message("(i32.load (i32.const 65536))", "(memory 1)").await,
        "Runtime exited with error: wasm trap: out of bounds memory access"
    );
}

#[tokio::test]
async fn nothing_survives_an_invocation() {
    let guest = example("events");
    for _ in 0..3 {
        assert_eq!(guest.answer(json!({"do": "count"})).await.unwrap(), 1);
    }
}

/// A page of the heap and a global, written and looked for again, over and over in the same slot.
#[tokio::test]
async fn no_page_of_memory_is_seen_again() {
    let mark = "(if (i32.or (i32.load (i32.const 4096)) (global.get $mark)) (then unreachable))
                (i32.store (i32.const 4096) (i32.const 7))
                (global.set $mark (i32.const 7))
                i32.const 0";
    let guest = text(&command(mark, "(memory 1) (global $mark (mut i32) (i32.const 0))"));
    for _ in 0..100 {
        guest.invoke(event()).await.0.outcome.unwrap();
    }
}

#[tokio::test]
async fn a_guest_sees_its_own_variables_only() {
    let variables = example("events").answer(json!({"do": "variables"})).await.unwrap();
    let names: Vec<_> = variables
        .as_array()
        .map(|pairs| pairs.iter().map(|pair| pair[0].as_str().unwrap().to_owned()).collect())
        .or_else(|| variables.as_object().map(|map| map.keys().cloned().collect()))
        .unwrap();
    assert!(names.iter().any(|name| name == "TEA"));
    assert!(names.iter().any(|name| name == "AWS_LAMBDA_FUNCTION_NAME"));
    for name in ["PATH", "HOME", "CARGO"] {
        assert!(!names.iter().any(|given| given == name), "{names:?}");
    }
}

#[tokio::test]
async fn there_are_no_files_and_no_sockets() {
    let guest = example("events");
    for path in ["/etc/passwd", ".", "../Cargo.toml", "/proc/self/environ"] {
        guest.failure(json!({"do": "read", "path": path})).await;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let error = guest.failure(json!({"do": "connect", "address": address})).await;
    assert!(error.message.contains("denied"), "{error:?}");
}

#[tokio::test]
async fn an_isolate_that_waits_can_be_dropped() {
    let guest = example("router");
    let (_sender, parts) = mpsc::channel(1);
    let body = Parts(parts).boxed_unsync();
    let request = http::Request::post("/length").body(body).unwrap();
    let (reply, response) = Reply::channel();
    let timeout = Duration::from_millis(50);
    let invoke = guest.invoke_with(Event::Http(request), reply);
    assert!(tokio::time::timeout(timeout, invoke).await.is_err());
    assert!(response.await.is_err());
}

#[test]
fn what_is_no_function_is_refused_by_name() {
    let error = |result: Result<common::Guest, LoadError>| result.err().unwrap();
    assert!(matches!(error(try_bytes(b"")), LoadError::NotWasm { .. }));
    assert!(matches!(error(try_bytes(b"#!/bin/sh\n")), LoadError::NotWasm { .. }));
    assert!(matches!(error(try_bytes(b"\0asm\x0d\0\x01\0garbage")), LoadError::Invalid { .. }));
    let core = error(try_text("(module)"));
    assert!(core.to_string().contains("wasm32-wasip2"), "{core}");

    let import = error(try_text(
        r#"(component (import "tea:house/cup@1.0.0" (instance
        (export "pour" (func)))))"#,
    ));
    assert!(matches!(import, LoadError::Import { .. }));
    assert!(import.to_string().contains("tea:house/cup@1.0.0"), "{import}");

    let no_door = error(try_text("(component)"));
    assert!(no_door.to_string().contains("exports nothing"), "{no_door}");
    let no_door =
        error(try_text(r#"(component (instance $cup) (export "tea:house/cup" (instance $cup)))"#));
    assert!(no_door.to_string().contains("exports tea:house/cup, and none of that"), "{no_door}");

    let missing = common::Guest::load("no/such.wasm".as_ref()).err().unwrap();
    assert!(missing.to_string().starts_with("no/such.wasm: "), "{missing}");
}
