//! What functions see and what becomes of those that misbehave, native and WASM.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use aws_sdk_lambda::types::LogType;
use aws_sdk_sqs::types::QueueAttributeName;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::against;
use crate::server::{Server, Shared};
use crate::tools::{answer, block_on, eventually, failure, lambda, request, sqs};

pub(crate) fn trials(server: &Arc<Shared>) -> Vec<Trial> {
    vec![
        against(server, "functions::ten_that_sleep_run_at_once", parallel),
        against(server, "functions::a_time_out_has_the_answer_of_aws", time_out),
        against(server, "functions::an_endless_loop_is_stopped", endless_loop),
        against(server, "functions::endless_loops_starve_nobody", starvation),
        against(server, "functions::a_crash_has_the_answer_of_aws", crash),
        against(server, "functions::a_failed_init_has_the_answer_of_aws", init_failure),
        against(server, "functions::memory_is_limited", memory),
        against(server, "functions::an_isolate_is_fresh_and_a_process_is_kept", freshness),
        against(server, "functions::an_isolate_is_used_again_where_asked_for", reuse),
        against(server, "functions::the_environment_is_lambdas", environment),
        against(server, "functions::the_log_tail_is_the_invocations_own", log_tail),
        against(
            server,
            "functions::a_message_that_always_fails_ends_as_a_dead_letter",
            dead_letter,
        ),
    ]
}

/// An environment is only made while all others are busy: that there are ten afterwards proves
/// that all were under way at one moment. The time is for people to read; its bound is that of
/// half of them running one after the other.
fn parallel(server: &Server) {
    let began = Instant::now();
    thread::scope(|scope| {
        let calls: Vec<_> = (0..10)
            .map(|_| scope.spawn(|| answer(server, "Sleeper", &json!({"ms": 1000}))))
            .collect();
        let mut slept = calls.into_iter().map(|call| call.join().unwrap());
        assert!(slept.all(|answer| answer == json!({"slept": 1000})));
    });
    let took = began.elapsed();
    println!("ten parallel invocations that sleep 1 s took {:.2} s", took.as_secs_f64());
    assert!(took.as_secs() < 5, "they ran one after the other: {took:?}");
    let health = server.health();
    let sleeper =
        health["functions"].as_array().unwrap().iter().find(|f| f["name"] == "Sleeper").unwrap();
    let environments = sleeper["idle"].as_u64().unwrap() + sleeper["busy"].as_u64().unwrap();
    assert!(environments >= 10, "{sleeper}");
}

/// lambda-semantics: recorded from AWS, 2025-11.
fn time_out(server: &Server) {
    for (function, limit) in [("Sleeper", "3.00"), ("SleeperWasm", "2.00")] {
        assert_timed_out(&failure(server, function, &json!({"ms": 60_000})), limit);
        // The next invocation finds a working environment.
        assert_eq!(answer(server, function, &json!({"ms": 1})), json!({"slept": 1}));
    }
}

fn endless_loop(server: &Server) {
    for function in ["Endless", "EndlessWasm"] {
        assert_timed_out(&failure(server, function, &json!({"how": "loop"})), "1.00");
        assert_eq!(answer(server, function, &json!({"how": "echo"})), json!({"how": "echo"}));
    }
}

fn assert_timed_out(error: &Value, limit: &str) {
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("RequestId: "), "{message}");
    let expected = format!(" Error: Task timed out after {limit} seconds");
    assert!(message.ends_with(&expected), "{message}");
}

/// More busy guests than the server has threads, and still others are answered meanwhile.
fn starvation(server: &Server) {
    thread::scope(|scope| {
        let loops: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| failure(server, "EndlessWasm", &json!({"how": "loop"}))))
            .collect();
        for _ in 0..3 {
            assert_eq!(answer(server, "CounterWasm", &json!({})), json!({"count": 1}));
        }
        for running in loops {
            assert_timed_out(&running.join().unwrap(), "1.00");
        }
    });
}

fn crash(server: &Server) {
    let exited = "Runtime.ExitError";
    for (how, error_type, message) in [
        ("exit", exited, "Error: Runtime exited with error: exit status 42"),
        ("exit0", exited, "Error: Runtime exited without providing a reason"),
        ("abort", exited, "Error: Runtime exited with error: signal: aborted"),
        ("overflow", exited, "Error: Runtime exited with error: signal: aborted"),
    ] {
        let error = failure(server, "Crasher", &json!({"how": how}));
        assert_eq!(error["errorType"], error_type, "{how}: {error}");
        let text = error["errorMessage"].as_str().unwrap();
        assert!(text.ends_with(message), "{how}: {text}");
    }
    for how in ["exit", "exit0", "abort", "overflow"] {
        let error = failure(server, "CrasherWasm", &json!({"how": how}));
        assert_eq!(error["errorType"], exited, "{how}: {error}");
    }
    for function in ["Crasher", "CrasherWasm"] {
        let error = failure(server, function, &json!({"how": "error"}));
        assert_eq!(error["errorMessage"], "asked to fail", "{function}: {error}");
        let error = failure(server, function, &json!({"how": "panic"}));
        assert!(error.to_string().contains("asked to panic"), "{function}: {error}");
        assert_eq!(answer(server, function, &json!({})), json!({"crashed": false}));
    }
}

fn init_failure(server: &Server) {
    let error = failure(server, "InitExit", &json!({}));
    assert_eq!(error["errorType"], "Runtime.ExitError");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.ends_with("Error: Runtime exited with error: exit status 7"), "{message}");
    let error = failure(server, "InitError", &json!({}));
    assert!(
        error.to_string().contains("asked to fail in init")
            || error["errorType"] == "Runtime.ExitError",
        "{error}"
    );
    // Ten seconds of init, then once more under the function's own two.
    let error = failure(server, "InitHang", &json!({}));
    assert_timed_out(&error, "2.00");
}

/// Isolates are held to `MemorySize`; native processes are not yet.
fn memory(server: &Server) {
    assert_eq!(answer(server, "GreedyWasm", &json!({"mb": 100})), json!({"mb": 100}));
    let error = failure(server, "GreedyWasm", &json!({"mb": 200}));
    assert_eq!(error["errorType"], "Runtime.ExitError", "{error}");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.contains("signal: killed"), "{message}");
    assert_eq!(answer(server, "Greedy", &json!({"mb": 100})), json!({"mb": 100}));
}

fn freshness(server: &Server) {
    for _ in 0..20 {
        assert_eq!(answer(server, "CounterWasm", &json!({})), json!({"count": 1}));
    }
    let counts: Vec<_> = (0..3).map(|_| answer(server, "Counter", &json!({}))).collect();
    assert_eq!(counts, [json!({"count": 1}), json!({"count": 2}), json!({"count": 3})]);
}

/// One isolate serves three invocations, by Invoke and by HTTP, then the next begins.
fn reuse(server: &Server) {
    for _ in 0..2 {
        assert_eq!(answer(server, "CounterReused", &json!({})), json!({"count": 1}));
        let host = [("host", "counterreused.localhost")];
        let by_url = request("GET", &server.http("/"), &host, b"");
        assert_eq!(by_url.json(), json!({"count": 2}));
        assert_eq!(answer(server, "CounterReused", &json!({})), json!({"count": 3}));
    }
    // A second one begins while the first is busy, and each counts for itself.
    thread::scope(|scope| {
        let calls: Vec<_> =
            (0..8).map(|_| scope.spawn(|| answer(server, "CounterReused", &json!({})))).collect();
        for call in calls {
            let count = call.join().unwrap()["count"].as_u64().unwrap();
            assert!((1..=3).contains(&count), "{count}");
        }
    });
}

/// Lambda guide, "Using Lambda environment variables": what is defined, and nothing of the host.
fn environment(server: &Server) {
    for function in ["Environment", "EnvironmentWasm"] {
        let seen = answer(server, function, &json!({}));
        let variables = &seen["variables"];
        assert_eq!(variables["GREETING"], "hello");
        assert_eq!(variables["QUEUE_URL"], server.api("/000000000000/PlainQueue"));
        assert_eq!(variables["QUEUE_ARN"], "arn:aws:sqs:us-east-1:000000000000:PlainQueue");
        assert_eq!(variables["AWS_ENDPOINT_URL"], server.api(""));
        assert_eq!(variables["AWS_REGION"], "us-east-1");
        assert_eq!(variables["HOME"], Value::Null, "{function} sees the host's variables");
        assert_eq!(variables["CARGO_MANIFEST_DIR"], Value::Null);
        let context = &seen["context"];
        assert_eq!(context["functionName"], function);
        let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{function}");
        assert_eq!(context["invokedFunctionArn"], arn);
        assert_eq!(context["memoryLimitMb"], 128);
        let remaining = context["remainingMs"].as_u64().unwrap();
        assert!((1..=2000).contains(&remaining), "{remaining}");
        assert_eq!(context["requestId"].as_str().unwrap().len(), 36);
        assert_eq!(variables["AWS_LAMBDA_FUNCTION_NAME"], function);
        assert_eq!(variables["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "128");
    }
    let native = answer(server, "Environment", &json!({}));
    for name in ["AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "_HANDLER"] {
        assert!(native["variables"][name].is_string(), "{name}: {native}");
    }
}

fn log_tail(server: &Server) {
    for function in ["Sleeper", "SleeperWasm"] {
        let lines = ["one", "two"];
        let event = json!({"print": lines, "ms": 1}).to_string();
        let call = lambda(server)
            .invoke()
            .function_name(function)
            .log_type(LogType::Tail)
            .payload(aws_sdk_lambda::primitives::Blob::new(event));
        let output = block_on(call.send()).unwrap();
        assert_eq!(output.executed_version(), Some("$LATEST"));
        let log = decode(output.log_result().unwrap());
        let places: Vec<_> = ["START RequestId: ", "one\n", "two\n", "END RequestId: ", "REPORT "]
            .iter()
            .map(|part| log.find(part).unwrap_or_else(|| panic!("{part:?} not in {log}")))
            .collect();
        assert!(places.is_sorted(), "{log}");
        assert!(log.contains("\tMemory Size: 128 MB\tMax Memory Used: "), "{log}");
    }
}

fn decode(base64: &str) -> String {
    // The SDK's own decoder, through the type that carries base64 in its JSON.
    let bytes = aws_smithy_types::base64::decode(base64).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Exactly `maxReceiveCount` receives, then the dead-letter queue.
fn dead_letter(server: &Server) {
    let client = sqs(server);
    let url = |queue: &str| server.api(&format!("/000000000000/{queue}"));
    let send = client.send_message().queue_url(url("FailingQueue")).message_body("hopeless");
    let sent = block_on(send.send()).unwrap();
    let mut dead = Vec::new();
    eventually("a dead letter", || {
        let receive = client
            .receive_message()
            .queue_url(url("FailingDeadLetters"))
            .message_system_attribute_names(aws_sdk_sqs::types::MessageSystemAttributeName::All)
            .wait_time_seconds(2);
        dead.extend(block_on(receive.send()).unwrap().messages.unwrap_or_default());
        !dead.is_empty()
    });
    assert_eq!(dead[0].body(), Some("hopeless"));
    assert_eq!(dead[0].message_id(), sent.message_id());
    let invocations =
        server.output().lines().filter(|line| line.contains("FailingQueue ×1")).count();
    assert_eq!(invocations, 2, "{}", server.output());
    let get = client
        .get_queue_attributes()
        .queue_url(url("FailingQueue"))
        .attribute_names(QueueAttributeName::ApproximateNumberOfMessages);
    let attributes = block_on(get.send()).unwrap().attributes.unwrap();
    assert_eq!(attributes[&QueueAttributeName::ApproximateNumberOfMessages], "0");
}
