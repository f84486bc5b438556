//! When processes end, and that none is left.

use std::time::Duration;

use samovar_dispatch::{Provider, Reply};
use serde_json::json;

use super::support::*;

/// Leaves its own process id and a child's, and never asks for an event.
const HANGING: &str = "sleep 1000 & echo $! > $FOLDER/child; echo $$ > $FOLDER/self; wait";

#[tokio::test]
async fn a_start_that_is_dropped_leaves_nothing() {
    let fixture = Fixture::script(HANGING);
    let starting = tokio::spawn({
        let (provider, log) = (fixture.provider.clone(), fixture.log());
        async move { provider.start(log).await.map(drop) }
    });
    let (own, child) = (fixture.file("self").await, fixture.file("child").await);
    // A process shows no variables for a moment of its `exec`.
    eventually(|| (fixture.runs(&own) && fixture.runs(&child)).then_some(())).await;
    starting.abort();
    assert!(starting.await.unwrap_err().is_cancelled());
    // The script may have come this far before the future heard of the process: then the thread
    // that started it ends it, at once, but not within the drop.
    fixture.gone(&own).await;
    fixture.gone(&child).await;
    assert_eq!(fixture.private_folders(), 0);
}

#[tokio::test]
async fn starts_that_are_dropped_early_leave_nothing_either() {
    let fixture = Fixture::script("exec sleep 1000");
    for microseconds in (0..3000).step_by(100) {
        let limit = Duration::from_micros(microseconds);
        let _ = tokio::time::timeout(limit, fixture.provider.start(fixture.log())).await;
    }
    eventually(|| (fixture.private_folders() == 0).then_some(())).await;
    eventually(|| (fixture.processes() == 0).then_some(())).await;
}

#[tokio::test]
async fn an_invoke_that_is_dropped_ends_its_reuse_and_stop_ends_the_processes() {
    let fixture = Fixture::lambda();
    let mut environment = fixture.start().await.unwrap();
    let pid = call(&mut *environment, json!({"do": "sleep", "with": 0})).await.unwrap();
    let (reply, _answer) = Reply::channel();
    let endless = invocation(json!({"do": "sleep", "with": 1_000_000}).to_string());
    let short = Duration::from_millis(50);
    let cut = tokio::time::timeout(short, environment.invoke(endless, reply)).await;
    assert!(cut.is_err(), "it was still running");
    assert!(!environment.reusable());
    environment.stop(Duration::ZERO).await;
    assert!(!fixture.runs(&pid.to_string()));
    assert_eq!(fixture.private_folders(), 0);
}

/// Plays `lambda_runtime` with a grandchild beside it.
fn with_grandchild() -> Fixture {
    Fixture::lambda_after("sleep 1000 & echo $! > $FOLDER/child", |_| ())
}

#[tokio::test]
async fn stop_and_drop_end_grandchildren_too() {
    for stop in [true, false] {
        let fixture = with_grandchild();
        let mut environment = fixture.start().await.unwrap();
        let pid = call(&mut *environment, json!({"do": "sleep", "with": 0})).await.unwrap();
        let child = fixture.file("child").await;
        let outside = fixture.outside(&pid.to_string()).unwrap();
        eventually(|| fixture.outside(&child)).await;
        if stop {
            environment.stop(LONG).await;
        } else {
            drop(environment);
        }
        assert!(!std::path::Path::new(&format!("/proc/{outside}")).exists(), "not even a zombie");
        fixture.gone(&child).await;
        assert_eq!(fixture.private_folders(), 0);
    }
}

#[tokio::test]
async fn grandchildren_do_not_outlive_a_runtime_that_exits() {
    let fixture = with_grandchild();
    let mut environment = fixture.start().await.unwrap();
    let child = fixture.file("child").await;
    call(&mut *environment, json!({"do": "exit", "with": 1})).await.unwrap_err();
    fixture.gone(&child).await;
}

#[tokio::test]
async fn an_environment_whose_idle_process_dies_is_not_reusable_but_still_serves() {
    let fixture = Fixture::lambda();
    let mut environment = fixture.start().await.unwrap();
    let first = call(&mut *environment, json!({"do": "sleep", "with": 0})).await.unwrap();
    assert!(environment.reusable());
    let pid = fixture.outside(&first.to_string()).unwrap();
    let killed = std::process::Command::new("kill").args(["-9", &pid]).status();
    assert!(killed.unwrap().success());
    eventually(|| (!environment.reusable()).then_some(())).await;
    // It was given an invocation all the same: the function has not seen it, so it is started
    // again rather than blamed.
    let second = call(&mut *environment, json!({"do": "sleep", "with": 0})).await.unwrap();
    assert_ne!(fixture.outside(&second.to_string()), Some(pid));
    assert!(environment.reusable());
}

#[tokio::test]
async fn a_killed_host_takes_its_runtimes_along() {
    // It never looks at its Runtime API, so it cannot notice by that either.
    let script = "echo $$ > FOLDER/self\nexec sleep 1000\n";
    for namespaces in ["on", "off"] {
        killed_host(script, namespaces).await;
    }
}

#[tokio::test]
async fn a_killed_host_takes_orphans_along_without_namespaces() {
    let script = "(setsid sleep 1000 & echo $! > FOLDER/self)\nexec sleep 1000\n";
    killed_host(script, "off").await;
}

/// Kills the host of a function whose script writes a process id into `FOLDER/self`.
async fn killed_host(script: &str, namespaces: &str) {
    let folder = tempfile::tempdir().unwrap();
    let script = script.replace("FOLDER", &folder.path().display().to_string());
    let bootstrap = program(folder.path(), &format!("#!/bin/sh\n{script}"));
    let host = host(&bootstrap, folder.path()).env("NAMESPACES", namespaces).spawn().unwrap();
    let file = folder.path().join("self");
    let pid =
        eventually(|| std::fs::read_to_string(&file).ok().filter(|text| text.ends_with('\n')))
            .await;
    let pid = pid.trim();
    let folder = folder.path();
    // A process shows no variables for a moment of its `exec`.
    eventually(|| outside(folder, pid)).await;
    // SIGKILL: no code of the host's runs any more.
    kill_host(host, "-KILL", folder).await;
    if cfg!(target_os = "linux") {
        gone(folder, pid).await;
    }
}
