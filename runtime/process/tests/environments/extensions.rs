//! An external extension on `lambda-extension`, beside a function on `lambda_runtime`.

use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::time::Duration;

use samovar_app::Function;
use samovar_dispatch::{Answer, Dispatcher, Limits, SystemClock};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::*;

/// A fixture with the extension `watcher`, which does what `wanted` says.
pub(crate) fn with_extension(wanted: &str, port: Option<u16>) -> Fixture {
    let folder = TempDir::new().unwrap();
    let layer = folder.path().join("layer");
    std::fs::create_dir_all(layer.join("extensions")).unwrap();
    symlink(example("extension"), layer.join("extensions/watcher")).unwrap();
    let mut variables = vec![("EXTENSION".to_owned(), wanted.to_owned())];
    variables.extend(port.map(|port| ("PORT".to_owned(), port.to_string())));
    Fixture::with_layers(folder, example("lambda"), variables, vec![layer])
}

impl Fixture {
    pub(crate) fn dispatcher(&self, timeout: Duration) -> Dispatcher {
        let dispatcher =
            Dispatcher::new(Limits::default(), Arc::new(SystemClock), self.seen.clone());
        let function = Function { timeout, ..(*self.function).clone() };
        dispatcher.register(function.into(), self.provider.clone());
        dispatcher
    }

    /// The lines of a file of the fixture's folder.
    pub(crate) fn noted(&self, file: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    async fn noted_at_last(&self, file: &str, line: &str) {
        eventually(|| self.noted(file).iter().any(|one| one == line).then_some(())).await;
    }
}

pub(crate) async fn ask(dispatcher: &Dispatcher, event: Value) -> (String, Answer) {
    let invocation = invocation(event.to_string());
    let id = invocation.request_id.clone();
    let answer = tokio::time::timeout(LONG, dispatcher.invoke("orders", invocation)).await;
    (id, answer.unwrap().unwrap())
}

/// Lambda guide, "Lambda Extensions API": init, invoke and shutdown phases.
#[tokio::test]
async fn an_extension_sees_invocations_and_the_end() {
    let fixture = with_extension("flush", None);
    let dispatcher = fixture.dispatcher(LONG);
    let (first, answer) = ask(&dispatcher, json!({"do": "echo"})).await;
    answer.result.unwrap();
    answer.log.wait().await;
    let (second, answer) = ask(&dispatcher, json!({"do": "echo"})).await;
    answer.result.unwrap();
    dispatcher.shutdown(LONG).await;
    let expected = [
        format!("INVOKE {first}"),
        format!("DONE {first}"),
        format!("INVOKE {second}"),
        format!("DONE {second}"),
        "SHUTDOWN spindown".to_owned(),
    ];
    assert_eq!(fixture.noted("events"), expected);
    let line = "EXTENSION\tName: watcher\tState: Ready\tEvents: [INVOKE,SHUTDOWN]";
    let texts = fixture.seen.texts();
    let at = texts.iter().position(|text| text == line).expect("a line of the extension");
    assert!(at < texts.iter().position(|text| text.starts_with("START")).unwrap());
    // Its output belongs to the invocation.
    let said = format!("extension has {first}");
    assert!(fixture.seen.lines().contains(&(Some(first), said)));
}

/// The answer does not wait for extensions, the next invocation does.
#[tokio::test]
async fn an_extension_that_works_on_holds_the_environment_not_the_answer() {
    let fixture = with_extension("wait", None);
    let dispatcher = fixture.dispatcher(LONG);
    let (id, answer) = ask(&dispatcher, json!({"do": "echo"})).await;
    answer.result.unwrap();
    assert!(!fixture.noted("events").contains(&format!("DONE {id}")));
    assert_eq!(dispatcher.functions()[0].busy, 1, "the invocation goes on");
    std::fs::write(fixture.folder.path().join("go"), "").unwrap();
    answer.log.wait().await;
    assert!(fixture.noted("events").contains(&format!("DONE {id}")));
    dispatcher.shutdown(LONG).await;
}

#[tokio::test]
async fn an_extension_is_part_of_the_time_limit() {
    let fixture = with_extension("hang", None);
    let dispatcher = fixture.dispatcher(Duration::from_secs(2));
    let (id, answer) = ask(&dispatcher, json!({"do": "echo"})).await;
    answer.result.unwrap();
    answer.log.wait().await;
    let report = fixture.seen.texts().into_iter().find(|text| text.starts_with("REPORT")).unwrap();
    assert!(report.contains(&id) && report.ends_with("Status: timeout"), "{report}");
    assert_eq!(fixture.private_folders(), 0);
}

#[tokio::test]
async fn a_time_out_is_told_to_extensions() {
    let fixture = with_extension("", None);
    let dispatcher = fixture.dispatcher(Duration::from_secs(2));
    let (_, answer) = ask(&dispatcher, json!({"do": "sleep", "with": 100_000})).await;
    assert_eq!(answer.result.unwrap_err().error_type, "Sandbox.Timedout");
    fixture.noted_at_last("events", "SHUTDOWN timeout").await;
}

#[tokio::test]
async fn a_runtime_that_exits_is_told_to_extensions() {
    let fixture = with_extension("", None);
    let dispatcher = fixture.dispatcher(LONG);
    let (_, answer) = ask(&dispatcher, json!({"do": "exit", "with": 7})).await;
    assert_eq!(answer.result.unwrap_err().error_type, "Runtime.ExitError");
    fixture.noted_at_last("events", "SHUTDOWN failure").await;
}

#[tokio::test]
async fn an_extension_that_lingers_is_killed() {
    let fixture = with_extension("linger", None);
    let dispatcher = fixture.dispatcher(LONG);
    let (_, answer) = ask(&dispatcher, json!({"do": "echo"})).await;
    answer.log.wait().await;
    tokio::time::timeout(LONG, dispatcher.shutdown(LONG)).await.unwrap();
    assert_eq!(fixture.noted("events").last().unwrap(), "SHUTDOWN spindown");
    eventually(|| (!is_run(fixture.folder.path())).then_some(())).await;
    assert_eq!(fixture.private_folders(), 0);
}

/// Whether an extension of the fixture in this folder runs.
fn is_run(folder: &std::path::Path) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let variable = format!("FOLDER={}", folder.display());
    let reads = |path: std::path::PathBuf| std::fs::read(path).unwrap_or_default();
    processes.map(|entry| entry.path()).any(|process| {
        let program = reads(process.join("cmdline"));
        let program = program.split(|&b| b == 0).next().unwrap_or_default();
        program.ends_with(b"extensions/watcher")
            && reads(process.join("environ"))
                .split(|&b| b == 0)
                .any(|one| one == variable.as_bytes())
    })
}

/// `fatalerror.go` of AWS's emulator has the names.
#[tokio::test]
async fn an_extension_that_fails_ends_the_environment() {
    for (wanted, error_type, message) in [
        ("crash", "Extension.Crash", "exit code 3"),
        ("fail", "Extension.InitError", "Extension.OnPurpose"),
    ] {
        let fixture = with_extension(wanted, None);
        let dispatcher = fixture.dispatcher(LONG);
        let (_, answer) = ask(&dispatcher, json!({"do": "sleep", "with": 100_000})).await;
        let error = answer.result.unwrap_err();
        assert_eq!((&*error.error_type, &*error.message), (error_type, message));
        eventually(|| (fixture.private_folders() == 0).then_some(())).await;
    }
}

#[tokio::test]
async fn an_extension_that_cannot_begin_fails_the_initialisation() {
    let fixture = with_extension("exit", None);
    let error = fixture.start().await.err().unwrap();
    assert_eq!((&*error.error_type, &*error.message), ("Extension.Crash", "exit code 1"));
    let line = "EXTENSION\tName: watcher\tState: Exited\tEvents: []\tError Type: Extension.Crash";
    assert!(fixture.seen.texts().iter().any(|text| text == line), "{:?}", fixture.seen.texts());

    let fixture = with_extension("", None);
    std::fs::write(fixture.folder.path().join("layer/extensions/plain"), "text").unwrap();
    let error = fixture.start().await.err().unwrap();
    assert_eq!(error.error_type, "Extension.LaunchError");
    assert!(error.message.contains("/opt/extensions/plain"), "{}", error.message);

    let fixture = with_extension("", None);
    for n in 0..10 {
        let path = fixture.folder.path().join(format!("layer/extensions/{n}"));
        symlink(example("extension"), path).unwrap();
    }
    let error = fixture.start().await.err().unwrap();
    assert_eq!(error.error_type, "Extension.LaunchError");
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// "Lambda Telemetry API `Event` schema reference", parsed by AWS's own types.
#[tokio::test]
async fn telemetry_reaches_a_subscriber() {
    let fixture = with_extension("", Some(free_port()));
    let dispatcher = fixture.dispatcher(LONG);
    let (id, answer) = ask(&dispatcher, json!({"do": "print", "with": 2})).await;
    answer.result.unwrap();
    answer.log.wait().await;
    let events = || -> Vec<Value> {
        let lines = fixture.noted("telemetry");
        lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    // An idle environment is frozen: what is left comes when it ends.
    dispatcher.shutdown(LONG).await;
    let events = events();
    let of = |kind: &str| -> &Value {
        let found = events.iter().find(|event| event["type"] == kind);
        &found.unwrap_or_else(|| panic!("no {kind} in {events:#?}"))["record"]
    };
    assert_eq!(of("platform.initStart")["initializationType"], "on-demand");
    assert_eq!(of("platform.initRuntimeDone")["status"], "success");
    assert!(of("platform.initReport")["metrics"]["durationMs"].as_f64().unwrap() > 0.0);
    assert_eq!(of("platform.start")["requestId"], *id);
    let done = of("platform.runtimeDone");
    assert_eq!((&done["requestId"], &done["status"]), (&json!(id), &json!("success")));
    assert_eq!(done["metrics"]["producedBytes"], 4);
    let spans: Vec<_> =
        done["spans"].as_array().unwrap().iter().map(|span| &span["name"]).collect();
    assert_eq!(spans, ["responseLatency", "responseDuration", "runtimeOverhead"]);
    let report = of("platform.report");
    assert_eq!(
        (&report["requestId"], &report["metrics"]["memorySizeMB"]),
        (&json!(id), &json!(256))
    );
    assert!(report["metrics"]["initDurationMs"].as_f64().unwrap() > 0.0);
    assert_eq!(of("platform.telemetrySubscription")["name"], "watcher");
    assert_eq!(of("platform.extension")["events"], json!(["INVOKE", "SHUTDOWN"]));
    let lines: Vec<_> = events.iter().filter(|event| event["type"] == "function").collect();
    assert_eq!(lines.len(), 6, "initialised, four lines and the unfinished one");
    assert_eq!(of("extension"), &json!(format!("extension has {id}")));
}

#[tokio::test]
async fn logs_reach_a_subscriber_of_the_older_api() {
    let fixture = with_extension("logs", Some(free_port()));
    let dispatcher = fixture.dispatcher(LONG);
    let (id, answer) = ask(&dispatcher, json!({"do": "exit", "with": 9})).await;
    answer.result.unwrap_err();
    let logs = eventually(|| {
        let logs = fixture.noted("logs").join("\n");
        logs.contains("PlatformFault").then_some(logs)
    })
    .await;
    for part in [
        &format!("PlatformStart {{ request_id: \"{id}\""),
        "PlatformLogsSubscription { name: \"watcher\"",
        "Function(\"initialised\")",
        "exit status 9 Runtime.ExitError",
    ] {
        assert!(logs.contains(part), "{part}: {logs}");
    }
}
