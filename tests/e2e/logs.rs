//! Logs: kept while functions run, read by `samovar logs` then and later, as text and as JSON.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

use libtest_mimic::Trial;
use rustix::process::Signal;
use serde_json::Value;

use crate::server::{Server, samovar};
use crate::tools::{both, eventually, request, succeed};
use crate::trial;
use crate::watch::{Project, TEMPLATE};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("logs::are_read_while_samovar_runs_and_after", kept),
        trial("logs::are_followed", followed),
        trial("logs::json_has_the_platforms_documents_and_levels", json_format),
        trial("logs::are_not_kept_if_so_asked", not_kept),
    ]
}

/// Invokes a function; the invocation's id.
fn invoke(server: &Server, function: &str) -> String {
    let url = server.api(&format!("/2015-03-31/functions/{function}/invocations"));
    let answer = request("POST", &url, &[], b"{}");
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("x-amzn-requestid").to_owned()
}

/// What `samovar logs` shows.
fn logs(state: &Path, more: &[&str]) -> String {
    succeed(samovar().arg("logs").arg("--state-dir").arg(state).args(more))
}

fn kept() {
    let project = Project::new();
    let state = project.path("state");
    let server = project.serve_in(Some(&state), &[]);
    let (first, second) = (invoke(&server, "Greet"), invoke(&server, "Greet"));
    let other = invoke(&server, "Other");
    eventually("the logs", || logs(&state, &[]).matches("  REPORT RequestId: ").count() == 3);

    let one = logs(&state, &["Greet", "--request", &first]);
    let lines: Vec<_> = one.lines().collect();
    let texts: Vec<_> = lines.iter().map(|line| line.splitn(3, "  ").nth(2).unwrap()).collect();
    assert_eq!(texts[0], format!("START RequestId: {first} Version: $LATEST"));
    assert_eq!(texts[1], "greets with one, Text unset");
    assert_eq!(texts[4], format!("END RequestId: {first}"));
    assert!(texts[5].starts_with(&format!("REPORT RequestId: {first}\tDuration: ")), "{one}");
    assert_eq!(lines.len(), 6, "{one}");
    assert!(lines[1].starts_with("20") && lines[1].contains(&format!("Z  {first}  ")), "{one}");

    // All functions, by time, with their names; the beginning of an id is enough.
    let all = logs(&state, &[]);
    let at = |id: &str| all.find(&format!("REPORT RequestId: {id}")).unwrap();
    assert!(at(&first) < at(&second) && at(&second) < at(&other), "{all}");
    assert!(all.contains("  Greet  ") && all.contains("  Other  "), "{all}");
    assert_eq!(logs(&state, &["--request", &second[..13]]).lines().count(), 6);
    assert_eq!(logs(&state, &["--since", "1h"]), all);
    assert_eq!(logs(&state, &["--since", "2999-01-01T00:00:00Z"]), "");

    let unknown = samovar().args(["logs", "Nobody", "--state-dir"]).arg(&state).output().unwrap();
    assert!(!unknown.status.success());
    let words = "there is no log of Nobody in ";
    assert!(both(&unknown).contains(words) && both(&unknown).contains("of Greet, Other"));

    // After an end, and after one by force in the middle of something; the next run goes on.
    server.signal(Signal::TERM);
    server.wait();
    assert_eq!(logs(&state, &[]), all);
    let server = project.serve_in(Some(&state), &[]);
    let third = invoke(&server, "Greet");
    eventually("the third", || logs(&state, &[]).contains(&format!("REPORT RequestId: {third}")));
    server.signal(Signal::KILL);
    server.wait();
    let all = logs(&state, &["Greet"]);
    assert!(all.contains(&first) && all.contains(&third), "{all}");

    // Beside the template, where nothing else is said.
    let none = samovar().arg("logs").arg("-t").arg(project.path("template.yaml")).output().unwrap();
    assert!(both(&none).contains("there are no logs in "), "{none:?}");
}

fn followed() {
    let project = Project::new();
    let state = project.path("state");
    let server = project.serve_in(Some(&state), &[]);
    // Before there is any log.
    let mut command = samovar();
    command.args(["logs", "Greet", "--follow", "--state-dir"]).arg(&state);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..3 {
        let id = invoke(&server, "Greet");
        let report = format!("REPORT RequestId: {id}");
        // A line that never comes is waited for until the test run is given up.
        assert!(lines.by_ref().map_while(Result::ok).any(|line| line.contains(&report)));
    }
    // It ends when nobody reads any more.
    drop(lines);
    eventually("its end", || {
        invoke(&server, "Greet");
        child.try_wait().unwrap().is_some_and(|status| status.success())
    });
}

/// Lambda guide, "Configuring JSON and plain text log formats" and "Log-level filtering".
fn json_format() {
    let project = Project::new();
    let config = "Properties:\n      LoggingConfig: {LogFormat: JSON, ApplicationLogLevel: WARN}\n";
    project.write("template.yaml", &TEMPLATE.replacen("Properties:\n", config, 1));
    let state = project.path("state");
    let server = project.serve_in(Some(&state), &[]);
    let id = invoke(&server, "Greet");
    eventually("the log", || logs(&state, &["Greet"]).contains("platform.report"));
    let log = logs(&state, &["Greet"]);
    let texts: Vec<_> = log.lines().map(|line| line.splitn(3, "  ").nth(2).unwrap()).collect();
    // Debug lines of the function are not wanted; text has no level.
    let [start, text, fault, report] = texts.as_slice() else { panic!("{log}") };
    assert_eq!(*text, "greets with one, JSON WARN");
    assert_eq!(*fault, r#"{"level":"error","message":"a fault"}"#);
    let (start, report): (Value, Value) =
        (serde_json::from_str(start).unwrap(), serde_json::from_str(report).unwrap());
    assert_eq!(
        (&start["type"], &report["type"]),
        (&"platform.start".into(), &"platform.report".into())
    );
    for document in [&start, &report] {
        assert_eq!(document["record"]["requestId"], id.as_str());
        assert!(document["time"].as_str().unwrap().ends_with('Z'), "{document}");
    }
    assert_eq!(start["record"]["version"], "$LATEST");
    assert_eq!(report["record"]["status"], "success");
    let metrics = &report["record"]["metrics"];
    for name in
        ["durationMs", "billedDurationMs", "memorySizeMB", "maxMemoryUsedMB", "initDurationMs"]
    {
        assert!(metrics[name].is_number(), "{name}: {report}");
    }
    // LogType Tail has the same.
    let url = server.api("/2015-03-31/functions/Greet/invocations");
    let tail = request("POST", &url, &[("x-amz-log-type", "Tail")], b"{}");
    let tail = aws_smithy_types::base64::decode(tail.header("x-amz-log-result")).unwrap();
    let tail = String::from_utf8(tail).unwrap();
    assert!(tail.contains(r#""type":"platform.report""#) && !tail.contains("START"), "{tail}");
}

fn not_kept() {
    let project = Project::new();
    let state = project.path("state");
    for option in [&["--ephemeral"][..], &["--log-size", "0"]] {
        let server = project.serve_in(Some(&state), option);
        invoke(&server, "Greet");
        server.signal(Signal::TERM);
        server.wait();
        assert!(state.is_dir() && !state.join("logs").exists(), "{option:?}");
    }
}
