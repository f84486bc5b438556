//! A component that breaks the rules of its interfaces, and what comes of it.

#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

mod common;

use common::{
    Parts, command, dispatcher, example, hostile, hostile_with, register, request, text, text_with,
};
use http::Request;
use http_body_util::BodyExt;
use samovar_dispatch::{Answer, Dispatcher, Event, Invocation, Limits, Source};
use serde_json::json;
use tokio::sync::mpsc;

fn event() -> Event {
    Event::Bytes("{}".into())
}

/// What the hostile component tells of an attack.
async fn told(path: &str) -> String {
    let response = hostile().respond(request("GET", path, "")).await.unwrap();
    String::from_utf8(response.into_body().to_vec()).unwrap()
}

/// How the invocation of an attack fails.
async fn failure(path: &str) -> String {
    hostile().respond(request("GET", path, "")).await.unwrap_err()
}

#[tokio::test]
async fn a_response_that_never_comes_is_an_error() {
    let error = failure("/never").await;
    let expected = "Runtime.ExitError: Runtime exited without a response";
    assert!(error.starts_with(expected), "{error}");
}

#[tokio::test]
async fn an_error_instead_of_a_response_is_the_functions_own() {
    let error = failure("/error").await;
    assert!(error.starts_with("wasi:http/types.error-code: "), "{error}");
}

#[tokio::test]
async fn a_body_is_given_once() {
    assert_eq!(told("/body-twice").await, "a second body: false");
}

#[tokio::test]
async fn an_unfinished_body_is_not_taken_for_whole() {
    hostile().respond(request("GET", "/unfinished", "")).await.unwrap_err();
    // Nor is one of another length than its head says, for who takes it as a stream or whole.
    for length in ["5", "100", "0"] {
        let guest = hostile();
        let request = || request("GET", &format!("/length?{length}"), "");
        let streamed = guest.respond(request()).await;
        if let Ok(response) = streamed {
            assert_ne!(response.body(), "ten bytes!", "{length}: {:?}", guest.log());
            let announced = response.headers().get("content-length");
            let announced = announced.map(|length| length.to_str().unwrap().parse().unwrap());
            assert!(announced.is_none_or(|length: usize| length == response.body().len()));
        }
    }
    let whole = hostile().respond(request("GET", "/length?10", "")).await.unwrap();
    assert_eq!(whole.body(), "ten bytes!");
}

#[tokio::test]
async fn a_content_length_that_is_none_is_refused() {
    for headers in [
        "content-length: +10",
        "content-length: 10, 11",
        "content-length: 10\ncontent-length: 11",
        "content-length: -1",
        "content-length: 0x10",
        "content-length: 99999999999999999999999",
        "content-length: ",
    ] {
        let guest = hostile();
        let response = guest.respond(request("POST", "/raw-headers", headers.to_owned())).await;
        if let Ok(response) = response {
            let lengths: Vec<_> = response.headers().get_all("content-length").iter().collect();
            assert!(lengths.len() <= 1, "{headers}: {lengths:?}");
            for length in lengths {
                let length: usize = length.to_str().unwrap().parse().unwrap();
                assert_eq!(length, response.body().len(), "{headers}");
            }
        }
    }
}

#[tokio::test]
async fn a_trap_after_the_response_is_an_error_all_the_same() {
    let error = failure("/trap-after").await;
    assert!(error.starts_with("Runtime.ExitError: "), "{error}");
}

/// Not in names, not in values, and no header that is the connection's (RFC 9110, sections 5.5 and
/// 7.6.1).
#[tokio::test]
async fn no_header_ends_the_header() {
    let guest = hostile();
    let response = guest.respond(request("GET", "/smuggle", "")).await.unwrap();
    assert_eq!(response.headers().len(), 1, "{:?}", response.headers());
    assert_eq!(response.headers()["te"], "trailers");
    assert_eq!(response.body(), "te");
}

#[tokio::test]
async fn trailers_are_no_headers() {
    let guest = hostile();
    let response = guest.respond(request("GET", "/trailers", "")).await.unwrap();
    assert_eq!(response.body(), "body");
    assert!(response.headers().is_empty());
    let refused = guest.log().into_iter().find(|line| line.starts_with("refused: ")).unwrap();
    for name in ["transfer-encoding", "host", "connection"] {
        assert!(refused.contains(name), "{refused}");
    }
}

#[tokio::test]
async fn headers_are_bounded() {
    let response = hostile().respond(request("GET", "/many-headers?200", "")).await.unwrap();
    assert_eq!(response.headers().len(), 200);
    let error = failure("/many-headers?1000000").await;
    assert!(error.starts_with("Runtime.ExitError: "), "{error}");
    assert!(error.contains("size"), "{error}");
}

/// RFC 9110, section 15: three digits, and 1xx is no final response.
#[tokio::test]
async fn a_status_has_three_digits() {
    for status in ["0", "99", "1000", "65535"] {
        let guest = hostile();
        let _ = guest.respond(request("GET", &format!("/status?{status}"), "")).await;
        assert!(
            guest.log().contains(&format!("status {status} taken: false")),
            "{:?}",
            guest.log()
        );
    }
    // Not final responses, or without a meaning.
    for status in ["100", "101", "103", "600", "999"] {
        let error = failure(&format!("/status?{status}")).await;
        assert!(error.contains(&format!("status {status} is that of none")), "{error}");
    }
    for status in ["200", "204", "599"] {
        let guest = hostile();
        let response =
            guest.respond(request("GET", &format!("/status?{status}"), "")).await.unwrap();
        assert_eq!(response.status().as_str(), status);
    }
}

/// The host's own memory for a guest is bounded: resources, what headers hold, and handles.
#[tokio::test]
async fn handles_that_are_never_closed_end_the_isolate() {
    for kind in ["pollables", "fields", "clones", "requests", "responses", "options", "streams"] {
        let guest = hostile();
        let error = guest.respond(request("GET", &format!("/leak?{kind}"), "")).await.unwrap_err();
        assert!(error.starts_with("Runtime.ExitError: "), "{kind}: {error}");
        assert!(error.contains("table has no free keys"), "{kind}: {error}");
        let made = guest.log().iter().filter_map(|line| line.parse::<u64>().ok()).max();
        assert!(made.is_none_or(|made| made <= 1000), "{kind}: {made:?}");
        // Another isolate has all of them again.
        assert_eq!(told("/body-twice").await, "a second body: false");
    }
}

#[tokio::test]
async fn randomness_is_given_in_portions_that_fit() {
    assert_eq!(told("/random?65536").await, "65536");
    for bytes in [1_usize << 30, u32::MAX as usize] {
        let error = failure(&format!("/random?{bytes}")).await;
        assert!(error.starts_with("Runtime.ExitError: "), "{error}");
    }
}

#[tokio::test]
async fn a_log_is_bounded() {
    let guest = hostile();
    guest.respond(request("GET", "/log?20000", "")).await.unwrap();
    let log = guest.log();
    let size: usize = log.iter().map(String::len).sum();
    assert!(size < 5 << 20, "{size}");
    assert!(log.last().unwrap().contains("is cut here"), "{:?}", log.last());

    let guest = hostile();
    guest.respond(request("GET", "/line?10000000", "")).await.unwrap();
    let log = guest.log();
    assert!(log.iter().all(|line| line.len() <= 256 << 10), "a line is too long");
    assert!(log.iter().map(String::len).sum::<usize>() < 5 << 20);
}

/// What waits for ever is dropped at the time-out, wherever it waits: nothing of it goes on.
#[tokio::test(flavor = "current_thread")]
async fn what_waits_for_ever_can_be_dropped() {
    let neighbour = example("events");
    for path in ["/sleep", "/spin", "/wait"] {
        let guest = hostile();
        let (_sender, parts) = mpsc::channel(1);
        let body = Parts(parts).boxed_unsync();
        let request = Request::post(path).body(body).unwrap();
        tokio::select! {
            outcome = guest.respond(request) => panic!("{path}: {outcome:?}"),
            answer = neighbour.answer(json!({"do": "count"})) => assert_eq!(answer.unwrap(), 1),
        }
    }
}

#[tokio::test]
async fn a_guest_sees_time_and_chance_and_nothing_of_the_host() {
    let guest = hostile_with(|_| {}, &[("TEA", "black")]);
    let mut seen = Vec::new();
    for _ in 0..2 {
        let response = guest.respond(request("GET", "/surroundings", "")).await.unwrap();
        seen.push(String::from_utf8(response.into_body().to_vec()).unwrap());
    }
    let line = |text: &str, name: &str| -> String {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).trim().to_owned()
    };
    let variables = line(&seen[0], "variables ");
    for name in variables.split(' ') {
        let own = ["TEA", "TZ", "_HANDLER"].contains(&name) || name.starts_with("AWS_LAMBDA_");
        assert!(own, "{name} is not the function's");
    }
    assert_eq!(line(&seen[0], "arguments "), "[]");
    assert_eq!(line(&seen[0], "directory "), "None");
    assert_eq!(line(&seen[0], "folders "), "0");
    assert!(line(&seen[0], "input ").contains("Closed"));
    // Real ones, not those of the moment when the component was made.
    for name in ["random ", "insecure "] {
        assert_ne!(line(&seen[0], name), line(&seen[1], name), "{name}");
    }
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    assert!(line(&seen[0], "wall ").parse::<u64>().unwrap().abs_diff(now) < 60);
    let monotonic = |text: &str| line(text, "monotonic ").parse::<u64>().unwrap();
    assert!(monotonic(&seen[0]) > 0);
}

/// Twice the memory at once, and all that there is.
#[tokio::test]
async fn a_huge_growth_is_refused_and_not_fatal() {
    for pages in [2_000, 65_535] {
        assert_eq!(told(&format!("/grow?{pages}")).await, "-1");
    }
    assert_ne!(told("/grow?100").await, "-1");
}

/// All of a component counts: memories of one module, of several, and tables.
#[tokio::test]
async fn memory_is_summed_over_the_whole_component() {
    let grow_all = "(loop $again
                        (br_if $again (i32.or
                            (i32.ne (memory.grow $a (i32.const 16)) (i32.const -1))
                            (i32.ne (memory.grow $b (i32.const 16)) (i32.const -1)))))
                    i32.const 0";
    let guest = text(&command(grow_all, "(memory $a 1) (memory $b 1)"));
    let (ended, _) = guest.invoke(event()).await;
    assert!((62 << 20..=64 << 20).contains(&ended.memory), "{}", ended.memory);

    // Two modules of 40 MB each in a function of 64 MB.
    let modules = "(core module $large (memory 640))
                   (core instance (instantiate $large)) (core instance (instantiate $large))";
    let wat = command("i32.const 0", "");
    let guest = text(&wat.replacen("(component", &format!("(component {modules}"), 1));
    let error = guest.start().await.err().unwrap();
    assert_eq!(error.message, "Runtime exited with error: signal: killed");
    let wat = wat.replacen("(component", &format!("(component {modules}"), 1);
    let guest = text_with(&wat, |function| function.memory_mb = 128);
    guest.invoke(event()).await.0.outcome.unwrap();
}

/// A list of lists that says it is larger than anything: refused before the host makes room.
#[tokio::test]
async fn a_list_that_is_too_large_is_refused() {
    // A table of 4 million names and values, all of them the same 64 KB.
    let wat = r#"(component
        (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
        (import "wasi:http/types@0.2.0" (instance $types
            (export "fields" (type $fields (sub resource)))
            (type $name (variant (case "invalid-syntax") (case "forbidden") (case "immutable")))
            (export "header-error" (type $header-error (eq $name)))
            (export "[static]fields.from-list"
                (func (param "entries" (list (tuple string (list u8))))
                    (result (result (own $fields) (error $header-error)))))))
        (core module $libc (memory (export "memory") 512)
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 1024))
        (core instance $libc (instantiate $libc))
        (alias export $types "[static]fields.from-list" (func $from-list))
        (core func $lowered (canon lower (func $from-list)
            (memory (core memory $libc "memory"))
            (realloc (core func $libc "realloc"))))
        (core module $main
            (import "libc" "memory" (memory 512))
            (import "host" "from-list" (func $from-list (param i32 i32 i32)))
            (func (export "run") (result i32)
                (local $at i32)
                (local.set $at (i32.const 131072))
                (loop $more
                    (i32.store (local.get $at) (i32.const 65536))
                    (i32.store offset=4 (local.get $at) (i32.const 65000))
                    (i32.store offset=8 (local.get $at) (i32.const 65536))
                    (i32.store offset=12 (local.get $at) (i32.const 65000))
                    (local.set $at (i32.add (local.get $at) (i32.const 16)))
                    (br_if $more (i32.lt_u (local.get $at) (i32.const 33000000))))
                (call $from-list (i32.const 131072) (i32.const 2000000) (i32.const 0))
                i32.const 0))
        (core instance $main (instantiate $main
            (with "libc" (instance $libc))
            (with "host" (instance (export "from-list" (func $lowered))))))
        (func $run (result (result)) (canon lift (core func $main "run")))
        (instance $interface (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $interface)))"#;
    let (ended, _) = text(wat).invoke(event()).await;
    let error = ended.outcome.unwrap_err();
    assert_eq!(error.error_type, "Runtime.ExitError", "{error}");
}

/// One thread, guests that never give it up by themselves, and one that wants little: all through
/// the dispatcher, as users have it.
#[tokio::test(flavor = "current_thread")]
async fn busy_functions_end_at_their_time_and_starve_nobody() {
    let dispatcher = dispatcher(Limits::default());
    let endless = command("(loop $again (br $again)) unreachable", "");
    register(&dispatcher, "busy", 1, text(&endless).into_provider());
    let start = "(func $start (loop $again (br $again))) (start $start)";
    register(&dispatcher, "start", 1, text(&command("i32.const 0", start)).into_provider());
    register(&dispatcher, "short", 30, text(&command("i32.const 0", "")).into_provider());
    let (busy, start, ()) = tokio::join!(
        biased;
        invoke(&dispatcher, "busy"),
        invoke(&dispatcher, "start"),
        async {
            for _ in 0..20 {
                invoke(&dispatcher, "short").await.result.unwrap();
            }
        },
    );
    for answer in [busy, start] {
        let error = answer.result.unwrap_err();
        assert_eq!(error.error_type, "Sandbox.Timedout");
        assert_eq!(error.message, "Task timed out after 1.00 seconds");
    }
}

/// The same wherever it waits: on a clock, for a body that never comes, for a server that never
/// answers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waiting_functions_end_at_their_time() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let host = format!("http://127.0.0.1:{port}").parse().unwrap();
    let guest = hostile_with(|function| function.allowed_hosts = vec![host], &[]);
    let dispatcher = dispatcher(Limits::default());
    register(&dispatcher, "hostile", 1, guest.into_provider());
    let line = format!("GET http 127.0.0.1:{port} /");
    let (_sender, parts) = mpsc::channel(1);
    let wait = Request::post("/wait").body(Parts(parts).boxed_unsync()).unwrap();
    let requests = [
        request("GET", "/sleep", ""),
        request("GET", "/spin", ""),
        request("POST", "/fetch", line),
        wait,
    ];
    for request in requests {
        let invocation = Invocation::new(Event::Http(request), Source::Invoke);
        let error = dispatcher.invoke("hostile", invocation).await.unwrap().result.unwrap_err();
        assert_eq!(error.error_type, "Sandbox.Timedout");
        assert_eq!(error.message, "Task timed out after 1.00 seconds");
    }
}

async fn invoke(dispatcher: &Dispatcher, name: &str) -> Answer {
    dispatcher.invoke(name, Invocation::new(event(), Source::Invoke)).await.unwrap()
}
