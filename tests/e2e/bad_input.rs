//! Bad input: what is wrong, where, and what to do; nothing half-started.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use aws_sdk_lambda::error::ProvideErrorMetadata as _;
use libtest_mimic::Trial;
use serde_json::json;

use crate::server::{Ports, Server, root, samovar};
use crate::tools::{CURL, answer, block_on, both, lambda};
use crate::{needing, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("bad_input::a_template_that_is_missing", missing_template),
        trial("bad_input::templates_with_faults", faulty_templates),
        trial("bad_input::a_port_that_is_taken", taken_port),
        trial("bad_input::a_state_folder_in_use", state_in_use),
        trial("bad_input::a_state_folder_that_cannot_be", impossible_state),
        // Its other function is a shell script that calls curl.
        needing(&[CURL], trial("bad_input::a_function_that_does_not_build", broken_function)),
        trial("bad_input::only_functions_that_do_not_build", only_broken_functions),
        trial("bad_input::a_component_that_is_none", no_component),
        trial("bad_input::nothing_built_and_no_build", not_built),
        trial("bad_input::what_is_not_emulated_is_named_once", not_emulated),
    ]
}

/// `samovar up` in `folder`, with ports that are free and what else is wanted.
fn up(folder: &Path, more: &[&str]) -> Output {
    let ports = Ports::free();
    let mut command = samovar();
    command
        .current_dir(folder)
        .args(["up", "--api-port", &ports.api.to_string(), "--http-port", &ports.http.to_string()])
        .args(more);
    command.output().unwrap()
}

/// It must fail and never say that it is ready; what it printed.
fn refused(output: &Output) -> String {
    let text = both(output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(!text.contains("Ready"), "{text}");
    text
}

#[track_caller]
fn assert_has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

fn missing_template() {
    let folder = tempfile::tempdir().unwrap();
    let text = refused(&up(folder.path(), &[]));
    assert_has(&text, &["there is no template.yaml here", "--template PATH"]);
    let text = refused(&up(folder.path(), &["--template", "nowhere.yaml"]));
    assert_has(&text, &["nowhere.yaml", "--template"]);
}

/// A template with one function, whose properties and events are given.
fn template(properties: &str) -> String {
    format!(
        "AWSTemplateFormatVersion: '2010-09-09'\n\
         Transform: AWS::Serverless-2016-10-31\n\
         Resources:\n  \
           Hello:\n    \
             Type: AWS::Serverless::Function\n    \
             Properties:\n      \
               Runtime: provided.al2023\n      \
               Handler: bootstrap\n\
         {properties}"
    )
}

fn faulty_templates() {
    for (name, text, parts) in [
        ("not YAML", "Resources: [".to_owned(), &["template.yaml:2:1: error: not valid YAML"][..]),
        (
            "no code",
            template("      CodeUri: nowhere/\n"),
            &["template.yaml:9:", "nowhere", "CodeUri"],
        ),
        (
            "wrong type",
            template("      CodeUri: code/\n      Timeout: soon\n"),
            &["template.yaml:10:", "Timeout", "soon"],
        ),
        (
            "unknown event type",
            template(
                "      CodeUri: code/\n      Events:\n        Q:\n          Type: SQSS\n          \
                 Properties:\n            Queue: q\n",
            ),
            &["template.yaml:12:", "SQSS", "SQS"],
        ),
        (
            "intrinsic that resolves to nothing",
            template(
                "      CodeUri: code/\n      Environment:\n        Variables:\n          \
                 URL: !Ref Nobody\n",
            ),
            &["template.yaml:12:", "Nobody"],
        ),
        (
            "misspelt property",
            template("      CodeUri: code/\n      Timout: 3\n"),
            &["template.yaml:10:", "Timout", "Timeout"],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("code")).unwrap();
        bootstrap(&folder.path().join("code"));
        fs::write(folder.path().join("template.yaml"), text).unwrap();
        let output = refused(&up(folder.path(), &[]));
        for part in parts {
            assert!(output.contains(part), "{name}: {part:?} is missing in:\n{output}");
        }
        assert!(!folder.path().join(".samovar").exists(), "{name}: something was begun");
    }
}

fn taken_port() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let free = Ports::free().http.to_string();
    for (option, other) in [("--api-port", "--http-port"), ("--http-port", "--api-port")] {
        let mut command = samovar();
        command.args(["up", option, &port.to_string(), other, &free]);
        let text = refused(&command.output().unwrap());
        assert_has(&text, &[&format!("127.0.0.1:{port}"), "taken", option]);
    }
}

fn state_in_use() {
    let folder = application(&[("Good", "good")]);
    let template = folder.path().join("template.yaml");
    let state = folder.path().join("state");
    let _server = Server::start(&template, Ports::free(), Some(&state), &[]);
    let text = refused(&up(folder.path(), &["--state-dir", "state"]));
    assert_has(&text, &["state", "--state-dir"]);
}

fn impossible_state() {
    let folder = application(&[("Good", "good")]);
    fs::write(folder.path().join("file"), "").unwrap();
    let text = refused(&up(folder.path(), &["--state-dir", "file/state"]));
    assert_has(&text, &["file/state", "state folder"]);
}

/// An application of functions whose code is in folders of these names: `good` (a bootstrap that
/// answers its event), `broken` (a crate that does not compile).
fn application(functions: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "Transform: AWS::Serverless-2016-10-31\nResources:\n".to_owned();
    for (name, code) in functions {
        text.push_str(&format!(
            "  {name}:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
             Runtime: provided.al2023\n      Handler: bootstrap\n      CodeUri: {code}/\n",
        ));
        let code_folder = folder.path().join(code);
        fs::create_dir_all(code_folder.join("src")).unwrap();
        match *code {
            "good" => bootstrap(&code_folder),
            _ => {
                let manifest = "[package]\nname = \"broken\"\nedition = \"2024\"\n[workspace]\n";
                fs::write(code_folder.join("Cargo.toml"), manifest).unwrap();
                let source = "fn main() { let kettle: u32 = \"cold\"; }";
                fs::write(code_folder.join("src/main.rs"), source).unwrap();
            }
        }
    }
    fs::write(folder.path().join("template.yaml"), text).unwrap();
    folder
}

/// The bootstrap of AWS's tutorial for custom runtimes, which answers its event.
fn bootstrap(folder: &Path) {
    let script = r#"#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime"
headers="$TMPDIR/headers"
while true; do
  event=$(curl -sS -D "$headers" "$api/invocation/next") || exit 1
  id=$(sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: *//p' "$headers" | tr -d '\r')
  curl -sS -o /dev/null -d "$event" "$api/invocation/$id/response"
done
"#;
    let path = folder.join("bootstrap");
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn broken_function() {
    let folder = application(&[("Good", "good"), ("Broken", "broken")]);
    let template = folder.path().join("template.yaml");
    let server = Server::start(&template, Ports::free(), None, &[]);
    let output = server.output();
    assert_has(&output, &["mismatched types", "Broken", "not served", "binary `broken`"]);
    assert_eq!(answer(&server, "Good", &json!({"tea": 1})), json!({"tea": 1}));
    let functions = server.health()["functions"].clone();
    let state = |name: &str| {
        let function = functions.as_array().unwrap().iter().find(|f| f["name"] == name);
        function.unwrap()["state"].as_str().unwrap().to_owned()
    };
    assert_eq!((state("Good").as_str(), state("Broken").as_str()), ("ready", "failed"));
    let call = lambda(&server).invoke().function_name("Broken");
    let error = block_on(call.send()).unwrap_err().into_service_error();
    assert!(error.is_resource_conflict_exception(), "{error:?}");
    assert_has(error.message().unwrap(), &["state: Failed", "binary `broken`"]);
}

fn only_broken_functions() {
    let folder = application(&[("Broken", "broken")]);
    let text = refused(&up(folder.path(), &[]));
    assert_has(&text, &["mismatched types", "Broken", "none of the template's functions"]);
}

/// Named at start with its place, and the rest is served.
fn not_emulated() {
    let folder = application(&[("Good", "good")]);
    let template = folder.path().join("template.yaml");
    let more = "  Words:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
                Runtime: ruby3.4\n      Handler: app.handler\n      CodeUri: good/\n  \
                Table:\n    Type: AWS::DynamoDB::Table\n";
    fs::write(&template, fs::read_to_string(&template).unwrap() + more).unwrap();
    let server = Server::start(&template, Ports::free(), None, &[]);
    let output = server.output();
    assert_has(&output, &["Not emulated", "ruby3.4", "template.yaml:9", "AWS::DynamoDB::Table"]);
    assert_eq!(output.matches("AWS::DynamoDB::Table").count(), 1, "{output}");
    assert_eq!(output.matches("ruby3.4").count(), 1, "{output}");
    let health = server.health();
    let states: Vec<_> =
        health["functions"].as_array().unwrap().iter().map(|f| &f["state"]).collect();
    assert_eq!(states, ["ready", "failed"]);
}

fn no_component() {
    let folder = application(&[("Good", "good")]);
    let template = folder.path().join("template.yaml");
    let more = "  Odd:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
                Runtime: provided.al2023\n      Handler: odd.wasm\n      CodeUri: odd/\n";
    let text = fs::read_to_string(&template).unwrap() + more;
    fs::write(&template, text).unwrap();
    fs::create_dir(folder.path().join("odd")).unwrap();
    fs::write(folder.path().join("odd/odd.wasm"), "this is not WebAssembly").unwrap();
    let server = Server::start(&template, Ports::free(), None, &[]);
    assert_has(&server.output(), &["Odd", "not served", "odd.wasm"]);
}

fn not_built() {
    let folder = application(&[("Broken", "broken")]);
    let text = refused(&up(folder.path(), &["--no-build"]));
    assert_has(&text, &["Broken", "run without --no-build"]);
    // Of what is built, nothing is built again.
    let ports = Ports::free();
    let state = tempfile::tempdir().unwrap();
    let template = root().join("tests/functions/template.yaml");
    drop(Server::start(&template, ports, Some(state.path()), &[]));
    let server = Server::start(&template, ports, Some(state.path()), &["--no-build"]);
    assert_eq!(answer(&server, "CounterWasm", &json!({})), json!({"count": 1}));
    assert_eq!(answer(&server, "Counter", &json!({})), json!({"count": 1}));
}
