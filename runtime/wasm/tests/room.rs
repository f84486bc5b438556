//! What becomes of isolates that there is no room for.

#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

mod common;

use std::process::Command;

use common::{Guest, command, host, text, text_on, text_with, try_text};
use samovar_dispatch::{Event, Invocation, InvokeError, Limits, Provider, Source, ThrottleReason};
use samovar_wasm::{Capacity, Host, HostConfig};

fn event() -> Event {
    Event::Bytes("{}".into())
}

/// A component of this many core modules, each with a memory and a table.
fn composed(modules: usize) -> String {
    let parts = "(core module $part (memory 1) (table 1 funcref))".to_owned();
    let instances = "(core instance (instantiate $part))".repeat(modules);
    command("i32.const 0", "").replacen("(component", &format!("(component {parts}{instances}"), 1)
}

#[test]
fn there_is_room_for_a_thousand() {
    assert_eq!(host().capacity(), Capacity { isolates: 1000, reserved: true });
}

#[tokio::test]
async fn a_component_of_several_memories_runs() {
    let guest = text(&composed(15));
    guest.invoke(event()).await.0.outcome.unwrap();
    let guest = text(&command("i32.const 0", &"(memory 1)".repeat(15)));
    guest.invoke(event()).await.0.outcome.unwrap();
}

#[test]
fn a_component_of_thousands_of_memories_is_refused_by_name() {
    for (wat, what) in [
        (composed(10_000), "instances count exceeds limit"),
        (composed(501), "the component has 501 memories, and 16 are the most"),
        (composed(40), "the component has 40 memories"),
        (command("i32.const 0", &"(memory 1)".repeat(100)), "memories"),
        (command("i32.const 0", &"(table 1 funcref)".repeat(99)), "tables"),
    ] {
        let error = try_text(&wat).err().unwrap().to_string();
        assert!(error.contains(what), "{what}: {error}");
    }
}

/// Core instances without a memory take no place: linked libraries are such.
#[tokio::test]
async fn hundreds_of_core_instances_are_fine() {
    let parts = "(core module $part (func (export \"f\")))".to_owned();
    let instances = "(core instance (instantiate $part))".repeat(400);
    let wat = command("i32.const 0", "");
    let guest = text(&wat.replacen("(component", &format!("(component {parts}{instances}"), 1));
    let isolates = (0..50).map(|_| guest.start());
    for isolate in isolates {
        isolate.await.unwrap();
    }
}

/// As many isolates as can be of a component with all the memories that one may have. Those that
/// do not fit wait, and are told so at last; a plain function has its isolates all the while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memories_of_one_function_are_not_taken_from_others() {
    let host = own_host();
    let greedy = text_on(&host, &composed(16));
    let plain = text_on(&host, &command("i32.const 0", "(memory 1)"));
    let mut held = Vec::new();
    let refused = loop {
        match greedy.start().await {
            Ok(isolate) => held.push(isolate),
            Err(error) => break error,
        }
    };
    assert_eq!(refused, samovar_dispatch::FunctionError::no_place());
    // A quarter of the reserve.
    assert!((10..=20).contains(&held.len()), "{}", held.len());
    for _ in 0..100 {
        plain.invoke(event()).await.0.outcome.unwrap();
    }
    let plain_ones: Vec<_> = futures(&plain, 500).await.into_iter().filter(Result::is_ok).collect();
    assert_eq!(plain_ones.len(), 500);
    drop(held);
    greedy.start().await.unwrap();
}

/// All isolates that there can be, and one more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_isolates_than_places_are_refused_and_not_fatal() {
    // Objects of wasm GC take a place of their own among the memories.
    let objects = "(type $pair (struct (field i32))) (memory 1) (table 1 funcref)
                   (func $start (drop (struct.new $pair (i32.const 1)))) (start $start)";
    let host = own_host();
    let guest = text_on(&host, &command("i32.const 0", objects));
    guest.invoke(event()).await.0.outcome.unwrap();
    let held = futures(&guest, host.capacity().isolates).await;
    assert!(held.iter().all(Result::is_ok));
    let refused = guest.start().await.err().unwrap();
    assert_eq!(refused, samovar_dispatch::FunctionError::no_place());
    drop(held);
    guest.invoke(event()).await.0.outcome.unwrap();
}

/// The same as a caller of the dispatcher sees it: throttled, as AWS does (`Invoke`,
/// `TooManyRequestsException`).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invocations_without_a_place_are_throttled() {
    let host = own_host();
    let isolates = host.capacity().isolates;
    let wat = command("i32.const 0", "(memory 1)");
    let dispatcher = common::dispatcher(Limits {
        account: 2 * isolates,
        concurrency: 2 * isolates,
        ..Limits::default()
    });
    let guest = text_on(&host, &wat);
    let held = futures(&guest, isolates).await;
    assert!(held.iter().all(Result::is_ok));
    common::register(&dispatcher, "late", 10, guest.into_provider());
    let invoke = || dispatcher.invoke("late", Invocation::new(event(), Source::Invoke));
    let reason = ThrottleReason::ConcurrentInvocationLimitExceeded;
    assert_eq!(invoke().await.unwrap_err(), InvokeError::Throttled { reason });
    drop(held);
    invoke().await.unwrap().result.unwrap();
}

/// One whose places are not other tests'.
fn own_host() -> Host {
    let cache_dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    Host::new(HostConfig::new(cache_dir)).unwrap()
}

async fn futures(
    guest: &Guest,
    count: usize,
) -> Vec<Result<Box<dyn samovar_dispatch::Environment>, samovar_dispatch::FunctionError>> {
    let mut made = Vec::new();
    for _ in 0..count {
        made.push(guest.start().await);
    }
    made
}

/// The memory of garbage-collected objects is the function's too.
#[tokio::test]
async fn objects_count_as_memory() {
    let body = "(local $list (ref null $cell))
                (loop $again
                    (local.set $list (struct.new $cell (i64.const 7) (local.get $list)))
                    (br $again))
                unreachable";
    let types = "(type $cell (struct (field i64) (field (ref null $cell))))";
    let guest = text_with(&command(body, types), |function| function.memory_mb = 32);
    let (ended, _) = guest.invoke(event()).await;
    let error = ended.outcome.unwrap_err();
    assert_eq!(error.message, "Runtime exited with error: signal: killed", "{:?}", guest.log());
    assert!(ended.memory <= 32 << 20, "{}", ended.memory);
}

const CHILD: &str = "SAMOVAR_TEST_UNDER_A_LIMIT";

/// What the next test runs under a limit: does nothing by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_under_a_limit() {
    if std::env::var_os(CHILD).is_none() {
        return;
    }
    let capacity = host().capacity();
    let guest = text(&command("i32.const 0", "(memory 16)"));
    assert_eq!(guest.provider().door(), samovar_dispatch::Door::Event);
    for _ in 0..20 {
        guest.invoke(event()).await.0.outcome.unwrap();
    }
    // As many at once as are promised, all of which grow.
    let grow = "(drop (memory.grow (i32.const 200))) i32.const 0";
    let growing = text(&command(grow, "(memory 16)"));
    let held: Vec<_> = futures(&growing, capacity.isolates.min(100)).await;
    for isolate in &held {
        assert!(isolate.is_ok(), "{:?}", isolate.as_ref().err());
    }
    drop(held);
    growing.invoke(event()).await.0.outcome.unwrap();
    println!("ran with {capacity:?}");
}

/// Addresses are few: a smaller pool, then none, and whatever there is works.
#[test]
fn few_addresses_are_enough() {
    let run = |gigabytes: u64| {
        let this = std::env::current_exe().unwrap();
        let script = format!("ulimit -v {}; exec \"$0\" \"$@\"", gigabytes << 20);
        let output = Command::new("sh")
            .args(["-c", &script])
            .arg(this)
            .args(["--exact", "child_under_a_limit", "--nocapture", "--test-threads=1"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{gigabytes} GB: {}: {text}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        let ran = text.lines().find_map(|line| line.split_once("ran with Capacity "));
        ran.unwrap_or_else(|| panic!("{gigabytes} GB: {text}")).1.to_owned()
    };
    // 42 and 39 bits of addresses.
    assert_eq!(run(4096), "{ isolates: 250, reserved: true }");
    assert_eq!(run(512), "{ isolates: 16, reserved: true }");
    // At and around the size of the smallest pool: it fits, and what comes after would not.
    for gigabytes in 264..=276 {
        run(gigabytes);
    }
    assert_eq!(run(100), "{ isolates: 196, reserved: false }");
    assert_eq!(run(4), "{ isolates: 4, reserved: false }");
}
