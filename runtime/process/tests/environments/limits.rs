//! What functions may take (Lambda guide, "Lambda quotas"; memory: "Configure Lambda function
//! memory"), where the kernel keeps the limits by cgroup, and where they are watched.

use std::path::Path;
use std::sync::Arc;

use samovar_dispatch::{Environment, FunctionError};
use samovar_process::ProcessConfig;
use serde_json::{Value, json};

use super::containment::run;
use super::support::*;

/// Changes the limits, in MB.
fn limits(cgroups: bool, memory: u32, storage: u32) -> impl FnOnce(&mut ProcessConfig) {
    move |config| {
        config.cgroups = cgroups;
        let function = Arc::make_mut(&mut config.function);
        function.memory_mb = memory;
        function.ephemeral_storage_mb = storage;
    }
}

/// A function with and one without a cgroup, where there can be one.
fn both(memory: u32, storage: u32) -> [Fixture; 2] {
    [true, false].map(|cgroups| Fixture::lambda_after("", limits(cgroups, memory, storage)))
}

/// The folder of the cgroup that limits the function's memory, if there is one. A test that needs
/// it ends without.
async fn limited(environment: &mut dyn Environment, fixture: &Fixture) -> Option<String> {
    let pid = call(environment, json!({"do": "sleep", "with": 0})).await.unwrap();
    let cgroup = memory_cgroup(&fixture.outside(&pid.to_string()).unwrap());
    if cgroup.is_none() {
        eprintln!("NOT TESTED: this system lets Samovar make no cgroup that limits memory");
    }
    cgroup.map(|cgroup| cgroup.display().to_string())
}

fn number(cgroup: &str, file: &str) -> Option<u64> {
    std::fs::read_to_string(Path::new(cgroup).join(file)).ok()?.trim().parse().ok()
}

/// AWS's words for it: `Runtime.ExitError`, "signal: killed".
async fn is_killed(environment: &mut dyn Environment, event: Value) {
    let error: FunctionError = call(environment, event.clone()).await.unwrap_err();
    assert_eq!(error.error_type, "Runtime.ExitError", "{event}");
    assert_eq!(error.message, "Runtime exited with error: signal: killed", "{event}");
}

#[tokio::test]
async fn a_function_that_takes_too_much_memory_is_killed() {
    for fixture in both(128, 512) {
        let mut environment = fixture.start().await.unwrap();
        call(&mut *environment, json!({"do": "eat", "with": 64})).await.unwrap();
        let used = environment.max_memory_used() >> 20;
        assert!((64..128).contains(&used), "{used} MB");
        is_killed(&mut *environment, json!({"do": "eat", "with": 256})).await;
        assert_eq!(environment.max_memory_used(), 128 << 20);
        assert_eq!(fixture.processes(), 0);
        // It begins again, and is measured anew.
        call(&mut *environment, json!({"do": "echo"})).await.unwrap();
        assert!(environment.max_memory_used() < 64 << 20);
    }
}

#[tokio::test]
async fn every_kind_of_memory_counts() {
    for fixture in both(128, 512) {
        let mut environment = fixture.start().await.unwrap();
        for kind in ["eat", "memfd", "share"] {
            call(&mut *environment, json!({"do": kind, "with": 64})).await.unwrap();
            let used = environment.max_memory_used() >> 20;
            assert!((60..128).contains(&used), "{kind}: {used} MB");
            is_killed(&mut *environment, json!({"do": kind, "with": 1024})).await;
            assert_eq!(environment.max_memory_used(), 128 << 20, "{kind}");
            assert_eq!(fixture.processes(), 0);
        }
    }
}

/// However fast it is: no more than `MemorySize`, `EphemeralStorage` and what the kernel takes for
/// itself was ever taken.
#[tokio::test]
async fn the_limit_cannot_be_outrun() {
    let fixture = Fixture::lambda_after("", limits(true, 128, 8));
    let mut environment = fixture.start().await.unwrap();
    let Some(cgroup) = limited(&mut *environment, &fixture).await else { return };
    for kind in ["eat", "share", "memfd"] {
        is_killed(&mut *environment, json!({"do": kind, "with": 1024})).await;
        assert_eq!(environment.max_memory_used(), 128 << 20, "{kind}");
    }
    let peak = number(&cgroup, "memory.max_usage_in_bytes");
    let peak = peak.or_else(|| number(&cgroup, "memory.peak")).unwrap_or_default();
    assert!(peak <= (128 + 8 + 32) << 20, "{peak}");
    let end = |environment: Box<dyn Environment>| environment.stop(LONG);
    end(environment).await;
    assert!(!Path::new(&cgroup).exists(), "it is removed");
}

/// What is in `/tmp` is on a disk on AWS.
#[tokio::test]
async fn files_in_tmp_are_no_memory() {
    if !contained() {
        return;
    }
    for fixture in both(128, 512) {
        let mut environment = fixture.start().await.unwrap();
        let script = "head -c 400M /dev/zero > /tmp/a; stat -c %s /tmp/a";
        assert_eq!(run(&mut *environment, script).await, (400 << 20).to_string());
        // Kept by the environment when its runtime is started again, and still no memory.
        call(&mut *environment, json!({"do": "exit", "with": 1})).await.unwrap_err();
        call(&mut *environment, json!({"do": "eat", "with": 64})).await.unwrap();
        let used = environment.max_memory_used() >> 20;
        assert!((64..128).contains(&used), "{used} MB");
        assert_eq!(run(&mut *environment, "stat -c %s /tmp/a").await, (400 << 20).to_string());
    }
}

#[tokio::test]
async fn the_memory_of_children_counts() {
    for fixture in both(128, 512) {
        let mut environment = fixture.start().await.unwrap();
        // tail keeps what it has read while there is no line feed.
        let script = "head -c 200M /dev/zero | (setsid tail -n 1) | (sleep 1; wc -c)";
        is_killed(&mut *environment, json!({"do": "run", "with": script})).await;
        assert_eq!(environment.max_memory_used(), 128 << 20);
        assert_eq!(fixture.processes(), 0);
    }
}

/// A process that another one kills has not taken too much memory.
#[tokio::test]
async fn a_kill_is_not_taken_for_a_lack_of_memory() {
    for fixture in both(128, 512) {
        let mut environment = fixture.start().await.unwrap();
        is_killed(&mut *environment, json!({"do": "run", "with": "kill -9 $PPID"})).await;
        assert!(environment.max_memory_used() < 64 << 20);
    }
}

/// "Execution processes/threads: 1,024": on AWS `fork` fails.
#[tokio::test]
async fn there_are_no_more_processes_than_lambda_has() {
    let bomb = "while :; do sleep 1000 > /dev/null 2>&1 & done";
    let fixture = Fixture::lambda_after("", limits(true, 1024, 512));
    let mut environment = fixture.start().await.unwrap();
    let pid = call(&mut *environment, json!({"do": "sleep", "with": 0})).await.unwrap();
    let pid = fixture.outside(&pid.to_string()).unwrap();
    let limits = |cgroup: std::path::PathBuf| cgroup.join("pids.max").exists();
    if cgroup(&pid, "pids").or_else(|| cgroup(&pid, "")).is_some_and(limits) {
        // The shell gives up, and the function goes on.
        run(&mut *environment, bomb).await;
        assert!((1000..=1024).contains(&fixture.processes()), "{}", fixture.processes());
        let event = json!({"do": "echo"});
        assert_eq!(call(&mut *environment, event.clone()).await.unwrap(), event);
        fixture.frozen().await;
        environment.stop(LONG).await;
        assert_eq!(fixture.processes(), 0);
    } else {
        eprintln!("NOT TESTED: this system lets Samovar make no cgroup that limits processes");
    }
    let fixture = Fixture::lambda_after("", self::limits(false, 1024, 512));
    let mut environment = fixture.start().await.unwrap();
    is_killed(&mut *environment, json!({"do": "run", "with": bomb})).await;
    assert_eq!(fixture.processes(), 0);
}

/// Processes that make others, all of which take memory, away from their parents.
#[tokio::test]
async fn a_fork_bomb_that_takes_memory_ends_its_environment_alone() {
    let bomb = "f() { (setsid tail /dev/zero &); (setsid sh -c 'while :; do (tail /dev/zero &); \
                sleep 0.01; done' &); }; f; f; f; sleep 1000";
    for fixture in both(128, 8) {
        let mut environment = fixture.start().await.unwrap();
        let other = Fixture::lambda();
        let mut unharmed = other.start().await.unwrap();
        is_killed(&mut *environment, json!({"do": "run", "with": bomb})).await;
        assert_eq!(fixture.processes(), 0);
        let event = json!({"do": "echo"});
        assert_eq!(call(&mut *unharmed, event.clone()).await.unwrap(), event);
        // It can start again.
        assert_eq!(call(&mut *environment, event.clone()).await.unwrap(), event);
    }
}

/// A daemon that kills its reaper, which is no more than a process of the same user.
#[tokio::test]
async fn daemons_do_not_outlive_an_environment_without_namespaces() {
    let fixture = Fixture::lambda_after("", |config| config.namespaces = false);
    let mut environment = fixture.start().await.unwrap();
    if limited(&mut *environment, &fixture).await.is_none() {
        return;
    }
    let script = "(setsid sh -c 'exec > /dev/null 2>&1; sleep 1000 & sleep 1000 & wait' &); \
                  ps -o ppid= $PPID | xargs kill -9";
    let _ = call(&mut *environment, json!({"do": "run", "with": script})).await;
    environment.stop(LONG).await;
    eventually(|| (fixture.processes() == 0).then_some(())).await;
}

#[tokio::test]
async fn cgroups_of_a_killed_host_are_removed_by_the_next() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(example("lambda"), folder.path().join("lambda")).unwrap();
    let bootstrap = program(folder.path(), "#!/bin/sh\nexec ./lambda\n");
    let host = host(&bootstrap, folder.path()).spawn().unwrap();
    eventually(|| (count(folder.path()) == 1 && frozen(folder.path())).then_some(())).await;
    let pid = pids(folder.path()).remove(0);
    let of_host = |name| cgroup(&pid, name)?.parent().map(Path::to_owned);
    let left: Vec<_> = ["memory", "pids", ""].into_iter().filter_map(of_host).collect();
    if left.is_empty() {
        eprintln!("NOT TESTED: this system lets Samovar make no cgroups");
    }
    kill_host(host, "-KILL", folder.path()).await;
    assert_eq!(count(folder.path()), 0);
    for folder in left {
        assert!(!folder.exists(), "{}", folder.display());
    }
}
