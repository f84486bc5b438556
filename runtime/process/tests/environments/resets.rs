//! A runtime that ends is started again in its environment ("The Lambda reset does not clear the
//! `/tmp` directory content prior to the next init phase", AWS Lambda developer guide,
//! "Understanding the Lambda execution environment lifecycle").

use std::sync::Arc;
use std::time::Duration;

use samovar_dispatch::{Dispatcher, Environment, Response};
use serde_json::{Value, json};

use super::extensions::{ask, with_extension};
use super::support::*;

/// Beside a child that has left its session and its parent.
const ORPHAN: &str = "(setsid sleep 1000 &)";

/// Where the environment has its own `/tmp`, or its place without namespaces.
const TMP: &str = "${TMPDIR:-/tmp}";

fn run(script: &str) -> Value {
    json!({"do": "run", "with": script.replace("/tmp", TMP)})
}

/// A function with and one without namespaces.
fn both() -> [Fixture; 2] {
    [true, false]
        .map(|namespaces| Fixture::lambda_after(ORPHAN, |config| config.namespaces = namespaces))
}

async fn context(environment: &mut dyn Environment) -> Value {
    call(environment, json!({"do": "context"})).await.unwrap()
}

#[tokio::test]
async fn tmp_outlives_an_exit_and_no_process_does() {
    for fixture in both() {
        let mut environment = fixture.start().await.unwrap();
        let before = context(&mut *environment).await;
        for round in 1..=3 {
            call(&mut *environment, run("echo more >> /tmp/kept")).await.unwrap();
            let error =
                call(&mut *environment, json!({"do": "exit", "with": 7})).await.unwrap_err();
            assert_eq!(error.message, "Runtime exited with error: exit status 7");
            assert!(environment.max_memory_used() > 0, "of the one that exited");
            assert_eq!(fixture.processes(), 0);
            assert!(environment.reusable());
            let kept = call(&mut *environment, run("grep -c more /tmp/kept")).await.unwrap();
            assert_eq!(kept, json!(format!("{round}\n")));
        }
        // Not what /proc showed the first runtime.
        let seen = call(&mut *environment, run("cat /proc/$PPID/comm")).await.unwrap();
        assert_eq!(seen, json!("lambda\n"));
        let after = context(&mut *environment).await;
        assert_eq!(before["logStream"], after["logStream"], "it is the same environment");
        environment.stop(LONG).await;
        assert_eq!((fixture.processes(), fixture.private_folders()), (0, 0));
    }
}

async fn answered(dispatcher: &Dispatcher, event: Value) -> Value {
    let (_, answer) = ask(dispatcher, event).await;
    let bytes = match answer.result.unwrap() {
        Response::Bytes(bytes) => bytes,
        other => panic!("bytes were expected, not {other:?}"),
    };
    // Until then extensions hold the environment.
    answer.log.wait().await;
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn tmp_outlives_a_time_out_and_no_process_does() {
    for fixture in both() {
        let dispatcher = fixture.dispatcher(Duration::from_secs(3));
        let first = answered(&dispatcher, run("echo kept > /tmp/kept; echo $PPID")).await;
        let (_, answer) = ask(&dispatcher, json!({"do": "sleep", "with": 1_000_000})).await;
        assert_eq!(answer.result.unwrap_err().error_type, "Sandbox.Timedout");
        assert_eq!(fixture.processes(), 0);
        assert_eq!(dispatcher.functions()[0].idle, 1, "the environment waits");
        assert_eq!(answered(&dispatcher, run("cat /tmp/kept")).await, json!("kept\n"));
        let inits = fixture.seen.texts().iter().filter(|text| *text == "initialised").count();
        assert_eq!(inits, 2, "{first}: its memory is lost");
        // "Init Duration" is of an init phase, and the second one was within the invocation.
        let reports = fixture.seen.texts();
        let reports = reports.iter().filter(|text| text.starts_with("REPORT"));
        let of_inits: Vec<_> = reports.map(|text| text.contains("Init Duration")).collect();
        assert_eq!(of_inits, [true, false, false]);
        dispatcher.shutdown(LONG).await;
        assert_eq!((fixture.processes(), fixture.private_folders()), (0, 0));
    }
}

#[tokio::test]
async fn extensions_are_started_again_too() {
    let fixture = with_extension("", None);
    let dispatcher = fixture.dispatcher(Duration::from_secs(3));
    answered(&dispatcher, run("echo kept > /tmp/kept")).await;
    let (_, answer) = ask(&dispatcher, json!({"do": "sleep", "with": 1_000_000})).await;
    assert_eq!(answer.result.unwrap_err().error_type, "Sandbox.Timedout");
    assert_eq!(fixture.processes(), 0);
    assert_eq!(answered(&dispatcher, run("cat /tmp/kept")).await, json!("kept\n"));
    // They end when the answer has gone, and only then is the environment free.
    let (_, answer) = ask(&dispatcher, json!({"do": "exit", "with": 1})).await;
    assert_eq!(answer.result.unwrap_err().error_type, "Runtime.ExitError");
    eventually(|| (dispatcher.functions()[0].idle == 1).then_some(())).await;
    assert_eq!(answered(&dispatcher, run("cat /tmp/kept")).await, json!("kept\n"));
    dispatcher.shutdown(LONG).await;
    let ends = fixture.noted("events").into_iter().filter(|line| line.starts_with("SHUTDOWN"));
    assert_eq!(
        ends.collect::<Vec<_>>(),
        ["SHUTDOWN timeout", "SHUTDOWN failure", "SHUTDOWN spindown"]
    );
    assert_eq!(fixture.processes(), 0);
}

/// AWS's emulator initialises again with every invocation until that has worked (`doInvoke` in
/// `internal/lambda/rapid/handlers.go`).
#[tokio::test]
async fn a_runtime_that_does_not_start_again_is_tried_again_by_the_next_invocation() {
    for namespaces in [true, false] {
        let script = "test -e $FOLDER/broken && exit 9";
        let fixture = Fixture::lambda_after(script, |config| config.namespaces = namespaces);
        let mut environment = fixture.start().await.unwrap();
        call(&mut *environment, run("echo kept > /tmp/kept")).await.unwrap();
        call(&mut *environment, json!({"do": "exit", "with": 1})).await.unwrap_err();
        std::fs::write(fixture.folder.path().join("broken"), "").unwrap();
        for _ in 0..3 {
            let error = call(&mut *environment, json!({"do": "echo"})).await.unwrap_err();
            assert_eq!(error.message, "Runtime exited with error: exit status 9");
            assert!(environment.reusable() && environment.renew().await);
            assert_eq!(fixture.processes(), 0);
        }
        std::fs::remove_file(fixture.folder.path().join("broken")).unwrap();
        assert_eq!(call(&mut *environment, run("cat /tmp/kept")).await.unwrap(), json!("kept\n"));
        environment.stop(LONG).await;
        assert_eq!((fixture.processes(), fixture.private_folders()), (0, 0));
    }
}

/// An init within an invocation is within its time.
#[tokio::test]
async fn so_is_one_that_takes_too_long() {
    let fixture = Fixture::lambda_after("test -e $FOLDER/slow && exec sleep 1000", |_| ());
    let dispatcher = fixture.dispatcher(Duration::from_secs(3));
    answered(&dispatcher, run("echo kept > /tmp/kept")).await;
    std::fs::write(fixture.folder.path().join("slow"), "").unwrap();
    let (_, answer) = ask(&dispatcher, json!({"do": "exit", "with": 1})).await;
    assert_eq!(answer.result.unwrap_err().error_type, "Runtime.ExitError");
    eventually(|| (dispatcher.functions()[0].idle == 1).then_some(())).await;
    for _ in 0..2 {
        let (_, answer) = ask(&dispatcher, json!({"do": "echo"})).await;
        assert_eq!(answer.result.unwrap_err().error_type, "Sandbox.Timedout");
        assert_eq!(fixture.processes(), 0);
        assert_eq!(dispatcher.functions()[0].idle, 1, "the environment waits");
    }
    std::fs::remove_file(fixture.folder.path().join("slow")).unwrap();
    assert_eq!(answered(&dispatcher, run("cat /tmp/kept")).await, json!("kept\n"));
    dispatcher.shutdown(LONG).await;
    assert_eq!(fixture.processes(), 0);
}

#[tokio::test]
async fn the_limit_of_tmp_is_kept_too() {
    if !contained() {
        return;
    }
    let fixture = Fixture::lambda_after("", |config| {
        Arc::make_mut(&mut config.function).ephemeral_storage_mb = 8;
    });
    let mut environment = fixture.start().await.unwrap();
    call(&mut *environment, json!({"do": "exit", "with": 1})).await.unwrap_err();
    let script = "head -c 100M /dev/zero > /tmp/a; stat -c %s /tmp/a";
    let written = call(&mut *environment, run(script)).await.unwrap();
    assert_eq!(written, json!(format!("{}\n", 8 << 20)));
}
