//! What hostile functions, and those that only leave things lying about, cannot do.

use std::sync::Arc;

use serde_json::{Value, json};

use super::support::*;

/// Runs a shell script within the function.
pub(crate) async fn run(
    environment: &mut dyn samovar_dispatch::Environment,
    script: &str,
) -> String {
    let answer = call(environment, json!({"do": "run", "with": script})).await.unwrap();
    answer.as_str().unwrap().trim().to_owned()
}

#[tokio::test]
async fn folders_are_where_lambda_has_them() {
    if !contained() {
        return;
    }
    let layers = [("one", "first"), ("two", "second")].map(|(name, text)| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::write(folder.path().join("both"), text).unwrap();
        folder
    });
    let paths = layers.each_ref().map(|layer| layer.path().to_owned());
    let fixture = Fixture::lambda_after("", |config| config.layers = paths.to_vec());
    let mut environment = fixture.start().await.unwrap();
    for (script, answer) in [
        ("pwd", "/var/task"),
        ("echo $LAMBDA_TASK_ROOT", "/var/task"),
        ("touch /var/task/x 2>&1 | grep -c 'Read-only'", "1"),
        ("ls /opt", "both\none\ntwo"),
        ("cat /opt/both", "second"),
        ("touch /opt/x 2>&1 | grep -c 'Read-only'", "1"),
        ("cat /proc/$$/comm", "sh"),
        ("test -e /dev/shm || exit; ls /dev/shm; echo x 2>/dev/null > /dev/shm/x || echo no", "no"),
        ("touch /tmp/kept; ls /tmp/kept", "/tmp/kept"),
        ("ls /tmp/kept", "/tmp/kept"),
    ] {
        assert_eq!(run(&mut *environment, script).await, answer, "{script}");
    }
    assert!(!std::path::Path::new("/tmp/kept").exists());
    let mut other = fixture.start().await.unwrap();
    assert_eq!(run(&mut *other, "ls /tmp/kept || echo none").await, "none");
}

/// "Building a custom runtime": `/opt/bootstrap`, started in `/var/task`. Here the layer is in the
/// folder of the code, as a template's `ContentUri` may be.
#[tokio::test]
async fn a_program_of_a_layer_is_in_opt() {
    let text = "#!/bin/sh\necho $0 in $PWD\nexec $LAMBDA_TASK_ROOT/lambda\n";
    let fixture = Fixture::lambda_after("", |config| {
        let layer = config.task_root.join("layer");
        std::fs::create_dir(&layer).unwrap();
        config.bootstrap = program(&layer, text);
        config.layers = vec![layer];
    });
    let mut environment = fixture.start().await.unwrap();
    assert_eq!(run(&mut *environment, "echo hi").await, "hi");
    let told = match contained() {
        true => "/opt/bootstrap in /var/task".to_owned(),
        false => {
            let root = fixture.folder.path().display();
            format!("{root}/layer/bootstrap in {root}")
        }
    };
    assert!(fixture.seen.texts().contains(&told), "{:?}", fixture.seen.texts());
}

#[tokio::test]
async fn a_full_tmp_is_an_error_of_the_function_alone() {
    if !contained() {
        return;
    }
    let fixture = Fixture::lambda_after("", |config| {
        let function = Arc::make_mut(&mut config.function);
        function.ephemeral_storage_mb = 8;
    });
    let mut environment = fixture.start().await.unwrap();
    let script = "head -c 100M /dev/zero > /tmp/a; stat -c %s /tmp/a";
    assert_eq!(run(&mut *environment, script).await, (8 << 20).to_string());
    assert_eq!(run(&mut *environment, "rm /tmp/a; echo x > /tmp/b; cat /tmp/b").await, "x");
}

#[tokio::test]
async fn children_left_behind_end_with_their_environment() {
    let script = "i=0; while [ $i -lt 200 ]; do (setsid sleep 1000 &); i=$((i+1)); done; \
                  (setsid sh -c 'trap \"\" TERM HUP INT; sleep 1000; sleep 1000' &)";
    let fixture = Fixture::lambda_after(script, |_| ());
    let environment = fixture.start().await.unwrap();
    fixture.frozen().await;
    environment.stop(LONG).await;
    if contained() {
        assert_eq!(fixture.processes(), 0);
    }
}

#[tokio::test]
async fn a_function_sees_and_signals_nothing_outside() {
    if !contained() {
        return;
    }
    let fixture = Fixture::lambda();
    let mut environment = fixture.start().await.unwrap();
    let processes = run(&mut *environment, "ls -d /proc/[0-9]* | wc -l").await;
    assert!(processes.parse::<u32>().unwrap() < 8, "{processes}");
    // The init cannot be killed from inside, so what is left must answer.
    run(&mut *environment, "kill -9 1; kill -STOP 1").await;
    assert_eq!(
        call(&mut *environment, json!({"do": "echo"})).await.unwrap(),
        json!({"do": "echo"})
    );
}

#[tokio::test]
async fn a_killed_host_leaves_no_process_however_far_it_went() {
    if !contained() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(example("lambda"), folder.path().join("lambda")).unwrap();
    let script =
        "#!/bin/sh\n(setsid sh -c 'trap \"\" TERM; while :; do :; done' &)\nexec ./lambda\n";
    let bootstrap = program(folder.path(), script);
    for signal in ["-KILL", "-ABRT"] {
        let host = host(&bootstrap, folder.path()).spawn().unwrap();
        // Both are there, and stopped: even that does not keep them.
        eventually(|| (count(folder.path()) == 2 && frozen(folder.path())).then_some(())).await;
        kill_host(host, signal, folder.path()).await;
        eventually(|| (count(folder.path()) == 0).then_some(())).await;
    }
}

#[tokio::test]
async fn every_exit_is_told_as_without_an_init() {
    for (event, message) in [
        (json!({"do": "exit", "with": 7}), "Runtime exited with error: exit status 7"),
        (
            json!({"do": "run", "with": "kill -15 $PPID"}),
            "Runtime exited with error: signal: terminated",
        ),
    ] {
        let fixture = Fixture::lambda();
        let mut environment = fixture.start().await.unwrap();
        let error = call(&mut *environment, Value::clone(&event)).await.unwrap_err();
        assert_eq!(error.message, message, "{event}");
    }
}
