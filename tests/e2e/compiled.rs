//! Compiled code: made ahead of time by `samovar build --aot`, and kept by `samovar up`.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use libtest_mimic::Trial;
use serde_json::json;

use crate::server::{Ports, Server, root, samovar};
use crate::tools::{answer, both, eventually};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("compiled::a_function_runs_from_native_code", native_code),
        trial("compiled::code_for_another_machine_or_torn_is_not_run", not_run),
        trial("compiled::what_cannot_be_built_is_named", wrong),
        trial("compiled::kill_9_while_compiling_and_many_at_once", killed_and_many),
        trial("compiled::a_full_disk_does_not_stop_a_function", full_disk),
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

/// A template of one function, the example's Thumbnail as a component that is built already:
/// large enough that compiling it can be seen.
fn thumbnail(folder: &Path) {
    let text = built(&["Thumbnail"]);
    let line = text.lines().find(|line| line.contains("thumbnail.wasm"));
    let component = line.and_then(|line| line.split_whitespace().last()).unwrap();
    fs::copy(root().join(component), folder.join("thumbnail.wasm")).unwrap();
    let template = "Transform: AWS::Serverless-2016-10-31\n\
        Resources:\n  Thumbnail:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
        CodeUri: .\n      Runtime: provided.al2023\n      Handler: thumbnail.wasm\n";
    fs::write(folder.join("template.yaml"), template).unwrap();
}

/// A `samovar up` without the code that other tests have compiled. Killed when dropped.
struct Up(Child);

impl Up {
    fn start(mut command: Command, folder: &Path) -> Self {
        let child = command
            .current_dir(folder)
            .args(["up", "--ephemeral", "--no-build", "--api-port", "0", "--http-port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        Self(child.unwrap())
    }

    /// What it says until it is ready.
    fn ready(&mut self) -> String {
        let mut said = String::new();
        let mut lines = BufReader::new(self.0.stdout.take().unwrap()).lines();
        while !said.contains("Ready in") {
            let line = lines.next().unwrap_or_else(|| panic!("it ended:\n{said}")).unwrap();
            said += &format!("{line}\n");
        }
        said
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Files with compiled code, or with what becomes some.
fn code(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join(".samovar/compiled")).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.extension() == Some(OsStr::new(extension))).collect()
}

fn killed_and_many() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    thumbnail(folder);
    let mut up = Up::start(samovar(), folder);
    eventually("the component is compiled", || !code(folder, "part").is_empty());
    up.0.kill().unwrap();
    up.0.wait().unwrap();
    assert_eq!((code(folder, "part").len(), code(folder, "cwasm").len()), (1, 0));

    let mut several: Vec<_> = (0..3).map(|_| Up::start(samovar(), folder)).collect();
    let said: Vec<_> = several.iter_mut().map(Up::ready).collect();
    assert_eq!((code(folder, "part").len(), code(folder, "cwasm").len()), (0, 1));
    // One of them did the work, and said so if it took longer than a moment.
    let compiling = |said: &&String| said.contains("Compiling thumbnail.wasm for Thumbnail");
    assert!(said.iter().filter(compiling).count() <= 1, "{said:#?}");
}

fn full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    thumbnail(folder);
    // No file may grow beyond some kilobytes, which fails as a full disk does (setrlimit(2)).
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""])
        .arg(samovar().get_program())
        .env("NO_COLOR", "1")
        .stdin(Stdio::null());
    let mut up = Up::start(command, folder);
    let said = up.ready();
    assert!(said.contains("code of thumbnail.wasm for Thumbnail cannot be kept in"), "{said}");
    assert!(code(folder, "part").is_empty() && code(folder, "cwasm").is_empty());
}
