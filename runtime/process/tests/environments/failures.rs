//! Functions that fail, in AWS's words.

use samovar_dispatch::FunctionError;
use serde_json::json;
use tempfile::TempDir;

use super::support::*;

async fn start_error(fixture: &Fixture) -> FunctionError {
    let error = fixture.start().await.err().expect("it must not start");
    assert_eq!(fixture.private_folders(), 0, "nothing is left");
    error
}

fn is_exit(error: &FunctionError, message: &str) {
    assert_eq!((&*error.error_type, &*error.message), ("Runtime.ExitError", message));
    assert!(error.by_platform && error.payload.is_none());
}

#[tokio::test]
async fn an_error_of_the_handler_is_passed_on_and_the_environment_lives_on() {
    let fixture = Fixture::lambda();
    let mut environment = fixture.start().await.unwrap();
    let error = call(&mut *environment, json!({"do": "fail"})).await.unwrap_err();
    assert_eq!(error.message, "on purpose");
    let document: serde_json::Value = serde_json::from_slice(&error.document("id")).unwrap();
    assert_eq!(document["errorMessage"], "on purpose");
    let error = call(&mut *environment, json!({"do": "panic"})).await.unwrap_err();
    assert!(error.message.contains("in a panic"), "{}", error.message);
    assert!(environment.reusable());
    let event = json!({"do": "echo"});
    assert_eq!(call(&mut *environment, event.clone()).await.unwrap(), event);
}

#[tokio::test]
async fn an_exit_in_the_middle_is_an_exit_error() {
    let fixture = Fixture::lambda();
    for (event, message) in [
        (json!({"do": "exit", "with": 3}), "Runtime exited with error: exit status 3"),
        (json!({"do": "exit", "with": 0}), "Runtime exited without providing a reason"),
    ] {
        let mut environment = fixture.start().await.unwrap();
        is_exit(&call(&mut *environment, event).await.unwrap_err(), message);
        environment.stop(LONG).await;
    }
    let mut environment = fixture.start().await.unwrap();
    let error = call(&mut *environment, json!({"do": "abort"})).await.unwrap_err();
    // Whether a core file is written is the host's setting.
    assert!(error.message.starts_with("Runtime exited with error: signal: aborted"));
}

#[tokio::test]
async fn a_runtime_that_exits_at_once_fails_its_initialisation() {
    for (script, message) in [
        ("exit 1", "Runtime exited with error: exit status 1"),
        ("exit 0", "Runtime exited without providing a reason"),
        ("no-such-program", "Runtime exited with error: exit status 127"),
        ("kill -9 $$", "Runtime exited with error: signal: killed"),
    ] {
        let fixture = Fixture::script(&format!("echo last words >&2\n{script}"));
        is_exit(&start_error(&fixture).await, message);
        assert_eq!(fixture.seen.texts()[0], "last words", "{script}");
    }
}

#[tokio::test]
async fn a_bootstrap_that_is_missing_is_named() {
    let folder = TempDir::new().unwrap();
    let bootstrap = folder.path().join("bootstrap");
    let path = bootstrap.display().to_string();
    let fixture = Fixture::new(folder, bootstrap.clone(), Vec::new());
    let error = start_error(&fixture).await;
    assert_eq!(error.error_type, "Runtime.InvalidEntrypoint");
    assert!(error.message.contains(&format!("Couldn't find valid bootstrap(s): [{path}]")));

    std::fs::create_dir(&bootstrap).unwrap();
    assert!(start_error(&fixture).await.message.contains("not a regular file"));
    std::fs::remove_dir(&bootstrap).unwrap();

    std::fs::write(&bootstrap, "#!/bin/sh\n").unwrap();
    let error = start_error(&fixture).await;
    assert!(error.message.starts_with(&format!("fork/exec {path}: permission denied")));

    program(fixture.folder.path(), "#!/no/such/interpreter\n");
    let error = start_error(&fixture).await;
    assert!(error.message.starts_with(&format!("fork/exec {path}: no such file or directory")));

    program(fixture.folder.path(), "echo without an interpreter line\n");
    let error = start_error(&fixture).await;
    assert_eq!(error.error_type, "Runtime.InvalidEntrypoint");
    assert!(error.message.starts_with(&format!("fork/exec {path}: exec format error")));
}

#[tokio::test]
async fn a_task_root_that_is_missing_is_named() {
    let fixture = Fixture::script("exit 0");
    let provider = samovar_process::ProcessProvider::new(samovar_process::ProcessConfig {
        function: fixture.function.clone(),
        bootstrap: fixture.folder.path().join("bootstrap"),
        task_root: "/no/such/folder".into(),
        scratch: fixture.folder.path().join("scratch"),
        layers: Vec::new(),
        namespaces: true,
        cgroups: true,
        variables: Vec::new(),
    });
    let error = samovar_dispatch::Provider::start(&provider, fixture.log()).await.err().unwrap();
    assert_eq!(error.error_type, "Runtime.InvalidWorkingDir");
    assert!(error.message.contains("/no/such/folder"), "{}", error.message);
}
