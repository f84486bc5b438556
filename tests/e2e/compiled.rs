//! Components compiled ahead of time: `samovar build --aot`, and what it makes being served.

use std::fs;
use std::path::Path;
use std::process::Output;

use libtest_mimic::Trial;
use serde_json::json;

use crate::server::{Ports, Server, root, samovar};
use crate::tools::{answer, both};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("compiled::a_function_runs_from_native_code", native_code),
        trial("compiled::code_for_another_machine_or_torn_is_not_run", not_run),
        trial("compiled::what_cannot_be_built_is_named", wrong),
    ]
}

fn build(arguments: &[&str]) -> Output {
    samovar().arg("build").args(arguments).output().unwrap()
}

fn built(arguments: &[&str]) -> String {
    let output = build(arguments);
    assert!(output.status.success(), "{}", both(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// What Lambda calls this machine, and another.
fn machines() -> [&'static str; 2] {
    if cfg!(target_arch = "aarch64") { ["arm64", "x86_64"] } else { ["x86_64", "arm64"] }
}

/// The example's function Hello, compiled for a machine into `folder`, beside a template that
/// has it.
fn hello(folder: &Path, machine: &str) {
    let output = folder.to_str().unwrap();
    let text = built(&["Hello", "--aot", "--target", machine, "--output", output]);
    assert!(text.contains("hello.cwasm") && text.contains(machine), "{text}");
    let template = "Transform: AWS::Serverless-2016-10-31\n\
        Resources:\n  Hello:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
        CodeUri: .\n      Runtime: provided.al2023\n      Handler: hello.cwasm\n";
    fs::write(folder.join("template.yaml"), template).unwrap();
}

fn native_code() {
    let folder = tempfile::tempdir().unwrap();
    hello(folder.path(), machines()[0]);
    let template = folder.path().join("template.yaml");
    let server = Server::start(&template, Ports::free(), None, &["--no-build"]);
    assert_eq!(
        answer(&server, "Hello", &json!({"name": "Ada"})),
        json!({"message": "Hello, Ada!"})
    );
    assert!(server.output().contains("Hello  wasm"), "{}", server.output());
}

/// `samovar up`, which must fail.
fn refused(folder: &Path) -> String {
    let ports = Ports::free();
    let output = samovar()
        .current_dir(folder)
        .args(["up", "--api-port", &ports.api.to_string(), "--http-port", &ports.http.to_string()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", both(&output));
    both(&output)
}

fn not_run() {
    let folder = tempfile::tempdir().unwrap();
    hello(folder.path(), machines()[1]);
    let told = refused(folder.path());
    let [here, other] = machines();
    assert!(told.contains("hello.cwasm: it is compiled for"), "{told}");
    assert!(told.contains(other) && told.contains(&format!("--target {here}")), "{told}");

    hello(folder.path(), here);
    let file = folder.path().join("hello.cwasm");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let told = refused(folder.path());
    assert!(told.contains("hello.cwasm") && told.contains("incomplete"), "{told}");
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    fs::write(&file, changed).unwrap();
    let told = refused(folder.path());
    assert!(told.contains("hello.cwasm") && told.contains("was changed"), "{told}");
    assert!(told.contains("samovar build --aot"), "{told}");
}

fn wrong() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.wasm");
    fs::write(&text, "hello").unwrap();
    let text = text.to_str().unwrap();
    for (arguments, parts) in [
        (vec!["--aot", "/no/such.wasm"], vec!["/no/such.wasm", "No such file"]),
        (vec!["--aot", text], vec![text, "not WebAssembly"]),
        (vec!["Nobody"], vec!["no function `Nobody`", "OrdersApi"]),
        (vec!["a.wasm"], vec!["a.wasm is a file", "--aot"]),
        (vec!["--target", "arm64"], vec!["--aot"]),
        (vec!["--aot", "--target", "riscv"], vec!["write x86_64 or arm64"]),
        (vec!["--aot", "--output", "x", "a/a.wasm", "b/a.wasm"], vec!["x/a.cwasm", "two folders"]),
    ] {
        let output = build(&arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let told = both(&output);
        for part in parts {
            assert!(told.contains(part), "{arguments:?}: {part:?} is missing in:\n{told}");
        }
    }
    assert!(!root().join("x").exists());
}
