//! The runtime and the extensions of an environment are in it together: one file system, one set of
//! processes, one limit, one end ("Using the Lambda Extensions API to create extensions", AWS
//! Lambda developer guide: extensions share the environment's resources with the function).

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use samovar_dispatch::Reply;
use samovar_process::ProcessConfig;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::*;

/// A layer in `folder` whose extension `watcher` does what its script says before it registers.
fn layer(folder: &Path, script: &str) -> PathBuf {
    let layer = folder.join("layer");
    std::fs::create_dir_all(layer.join("extensions")).unwrap();
    // The name that it registers under is its program's.
    std::fs::create_dir_all(folder.join("programs")).unwrap();
    symlink(example("extension"), folder.join("programs/watcher")).unwrap();
    let file = layer.join("extensions/watcher");
    let text = format!("#!/bin/sh\n{script}\nexec $FOLDER/programs/watcher\n");
    std::fs::write(&file, text).unwrap();
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).unwrap();
    layer
}

/// A function on `lambda_runtime`, beside that extension.
fn beside(script: &str, wanted: &str) -> Fixture {
    let folder = TempDir::new().unwrap();
    let layer = layer(folder.path(), script);
    let variables = vec![("EXTENSION".to_owned(), wanted.to_owned())];
    Fixture::with_layers(folder, example("lambda"), variables, vec![layer])
}

/// The same with this much memory in megabytes.
fn beside_in(memory_mb: u32, script: &str) -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let layer = layer(folder.path(), script);
    Fixture::changed(folder, example("lambda"), Vec::new(), |config: &mut ProcessConfig| {
        config.layers = vec![layer];
        Arc::make_mut(&mut config.function).memory_mb = memory_mb;
    })
}

fn run(script: &str) -> Value {
    json!({"do": "run", "with": script})
}

#[tokio::test]
async fn they_share_files_and_see_each_other() {
    if !contained() {
        return;
    }
    // Nobody else's, and not left over.
    let said = format!("/tmp/said-{}", std::process::id());
    let fixture = beside(&format!("echo said > {said}; ls /var/task/programs > /tmp/task"), "");
    let mut environment = fixture.start().await.unwrap();
    for (script, answer) in [
        (format!("cat {said}").as_str(), "said\n"),
        ("ls /opt/extensions", "watcher\n"),
        ("ls /var/task/programs | diff /tmp/task - && echo same", "same\n"),
        ("cat /proc/[0-9]*/comm | grep -c watcher", "1\n"),
        ("echo $PPID > /tmp/kept; cat /proc/1/comm", "samovar-init\n"),
        ("test -s /tmp/kept && echo kept", "kept\n"),
    ] {
        let answered = call(&mut *environment, run(script)).await.unwrap();
        assert_eq!(answered, json!(answer), "{script}");
    }
    assert!(!Path::new(&said).exists());
    let mut other = fixture.start().await.unwrap();
    call(&mut *environment, run(&format!("echo mine > {said}"))).await.unwrap();
    assert_eq!(call(&mut *other, run(&format!("cat {said}"))).await.unwrap(), json!("said\n"));
}

/// "Lambda freezes the execution environment when the runtime and each extension have completed".
#[tokio::test]
async fn they_are_frozen_and_thawed_together() {
    let fixture = beside("(setsid sh -c 'while :; do :; done' &)", "");
    let mut environment = fixture.start().await.unwrap();
    for _ in 0..2 {
        fixture.frozen().await;
        assert_eq!(fixture.processes(), 3);
        let before = fixture.processor_time();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(fixture.processor_time(), before, "frozen processes take no time");
        call(&mut *environment, json!({"do": "sleep", "with": 200})).await.unwrap();
        assert!(fixture.processor_time() > before, "all went on");
    }
    environment.stop(LONG).await;
    if contained() {
        assert_eq!(fixture.processes(), 0);
    }
}

#[tokio::test]
async fn an_extension_at_work_keeps_all_awake() {
    let fixture = beside("", "wait");
    let mut environment = fixture.start().await.unwrap();
    fixture.frozen().await;
    let (reply, answer) = Reply::channel();
    let invoked = environment.invoke(invocation(json!({"do": "echo"}).to_string()), reply);
    let waiting = async {
        // The function has answered and waits; a rest is two milliseconds.
        answer.await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!fixture.is_frozen());
        std::fs::write(fixture.folder.path().join("go"), "").unwrap();
    };
    let (invoked, ()) =
        tokio::time::timeout(LONG, async { tokio::join!(invoked, waiting) }).await.unwrap();
    invoked.unwrap();
    fixture.frozen().await;
}

#[tokio::test]
async fn their_memory_is_summed() {
    // `tail` keeps what it has read while there is no line feed.
    let fixture = beside_in(192, "(head -c 80M /dev/zero; exec sleep 1000) | tail -n 1 &");
    let mut environment = fixture.start().await.unwrap();
    call(&mut *environment, json!({"do": "eat", "with": 32})).await.unwrap();
    // Alone the function could have this.
    let error = call(&mut *environment, json!({"do": "eat", "with": 144})).await.unwrap_err();
    assert_eq!(error.error_type, "Runtime.ExitError");
    assert_eq!(error.message, "Runtime exited with error: signal: killed");
    assert_eq!(environment.max_memory_used(), 192 << 20);
    environment.stop(LONG).await;
    if contained() {
        assert_eq!(fixture.processes(), 0);
    }
}

#[tokio::test]
async fn an_extension_that_takes_too_much_is_the_one_that_is_killed() {
    let fixture = beside_in(128, "(head -c 300M /dev/zero; exec sleep 1000) | tail -n 1");
    let error = fixture.start().await.err().unwrap();
    assert_eq!((&*error.error_type, &*error.message), ("Extension.Crash", "signal: killed"));
    eventually(|| (fixture.processes() == 0).then_some(())).await;
}

#[tokio::test]
async fn a_frozen_extension_that_is_killed_ends_the_environment() {
    let fixture = beside("echo $$ > $FOLDER/pid", "");
    let environment = fixture.start().await.unwrap();
    fixture.frozen().await;
    let pid = fixture.outside(&fixture.file("pid").await).unwrap();
    let killed = std::process::Command::new("kill").args(["-KILL", &pid]).status().unwrap();
    assert!(killed.success());
    eventually(|| (!environment.reusable()).then_some(())).await;
    environment.stop(LONG).await;
    assert_eq!(fixture.processes(), 0);
}

/// What runs is gone with the environment, whether it is told to end or forgotten.
#[tokio::test]
async fn nothing_of_them_is_left_behind() {
    let script = "i=0; while [ $i -lt 50 ]; do (setsid sleep 1000 &); i=$((i+1)); done";
    let fixture = beside(script, "linger");
    let environment = fixture.start().await.unwrap();
    fixture.frozen().await;
    environment.stop(LONG).await;
    assert_eq!(fixture.noted("events").last().unwrap(), "SHUTDOWN spindown");
    if contained() {
        assert_eq!(fixture.processes(), 0);
    }
    let environment = fixture.start().await.unwrap();
    drop(environment);
    if contained() {
        assert_eq!(fixture.processes(), 0);
    }
}

#[tokio::test]
async fn a_killed_host_leaves_none_of_them() {
    if !contained() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let layer = layer(folder.path(), "(setsid sh -c 'trap \"\" TERM; while :; do :; done' &)");
    let mut host = host(&example("lambda"), folder.path()).arg(&layer).spawn().unwrap();
    eventually(|| (count(folder.path()) == 3 && frozen(folder.path())).then_some(())).await;
    host.kill().unwrap();
    host.wait().unwrap();
    eventually(|| (count(folder.path()) == 0).then_some(())).await;
}
