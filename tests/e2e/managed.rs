//! Functions that the Lambda API makes while Samovar runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use libtest_mimic::Trial;
use rustix::process::Signal;
use serde_json::{Value, json};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::server::{Ports, Server, Shared, root};
use crate::tools::{BOTO3, CARGO_LAMBDA, answer, block_on, eventually, lambda, succeed};
use crate::{against, needing};

/// They run the functions of the fixtures, which are built when those are served.
pub(crate) fn trials(fixtures: &Arc<Shared>) -> Vec<Trial> {
    let boto3 = against(fixtures, "managed::boto3_makes_changes_and_deletes_functions", boto3);
    let cargo = against(fixtures, "managed::cargo_lambda_deploys", cargo_lambda);
    vec![
        needing(&[BOTO3], boto3),
        needing(&[CARGO_LAMBDA], cargo),
        against(fixtures, "managed::an_update_fails_no_request", update),
    ]
}

const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Resources:
  Work: {Type: AWS::SQS::Queue}
  Other: {Type: AWS::SQS::Queue}
  Declared:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Events:
        Other: {Type: SQS, Properties: {Queue: !GetAtt Other.Arn}}
";

/// The native builds.
pub(crate) fn release() -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    target.join("release")
}

/// An application of its own with this program as its function, and where its state is.
pub(crate) fn folder(binary: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("template.yaml"), TEMPLATE).unwrap();
    std::fs::create_dir(folder.path().join("code")).unwrap();
    std::fs::copy(release().join(binary), folder.path().join("code/bootstrap")).unwrap();
    folder
}

fn start(folder: &Path) -> Server {
    let state = folder.join("state");
    Server::start(&folder.join("template.yaml"), Ports::free(), Some(&state), &[])
}

/// With an end by SIGKILL after each part.
fn boto3(_: &Server) {
    let folder = folder("echo");
    for phase in ["made", "kept", "gone"] {
        let server = start(folder.path());
        let script = root().join("tests/e2e/managed.py");
        let mut command = BOTO3.command();
        command.arg(script).args([phase, &server.api(""), &server.ports.http.to_string()]);
        succeed(command.arg(release()));
        server.signal(Signal::KILL);
        server.wait();
    }
}

fn cargo_lambda(_: &Server) {
    let folder = folder("echo");
    let server = start(folder.path());
    let deploy = |binary: &str| {
        let mut command = CARGO_LAMBDA.command();
        command
            .current_dir(root().join("functions/hello"))
            .envs([("AWS_ACCESS_KEY_ID", "anyone"), ("AWS_SECRET_ACCESS_KEY", "anything")])
            .args(["lambda", "deploy", "--endpoint-url", &server.api("")])
            .args(["--iam-role", "arn:aws:iam::000000000000:role/anyone", "--enable-function-url"])
            .arg("--binary-path")
            .arg(release().join(binary));
        succeed(command.arg("deployed"));
    };
    deploy("http-echo");
    let request = ureq::get(server.http("/tea")).header("Host", "deployed.localhost");
    let body = request.call().unwrap().body_mut().read_to_string().unwrap();
    let seen: Value = serde_json::from_str(&body).unwrap();
    assert!(seen["uri"].as_str().unwrap().ends_with("/tea"), "{seen}");
    deploy("echo");
    assert_eq!(answer(&server, "deployed", &json!({"n": 1})), json!({"n": 1}));
}

fn archive(binary: &str) -> Blob {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("bootstrap", SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    let mut file = std::fs::File::open(release().join(binary)).unwrap();
    std::io::copy(&mut file, &mut zip).unwrap();
    Blob::new(zip.finish().unwrap().into_inner())
}

/// Eight callers meanwhile: each answer is the old program's or the new one's.
fn update(_: &Server) {
    let folder = folder("echo");
    let server = start(folder.path());
    let client = lambda(&server);
    let create = client
        .create_function()
        .function_name("swapped")
        .runtime(Runtime::Providedal2023)
        .handler("bootstrap")
        .role("arn:aws:iam::000000000000:role/anyone")
        .code(FunctionCode::builder().zip_file(archive("echo")).build());
    block_on(create.send()).unwrap();
    let (ended, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    // The sleeper answers what the echo cannot.
                    let answer = answer(&server, "swapped", &json!({"ms": 1}));
                    let known = [json!({"ms": 1}), json!({"slept": 1})];
                    assert!(known.contains(&answer), "{answer}");
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for binary in ["sleeper", "echo", "sleeper"] {
            let before = calls.load(Ordering::Relaxed);
            eventually("calls", || calls.load(Ordering::Relaxed) > before + 50);
            let update =
                client.update_function_code().function_name("swapped").zip_file(archive(binary));
            block_on(update.send()).unwrap();
        }
        ended.store(true, Ordering::Relaxed);
    });
    assert_eq!(answer(&server, "swapped", &json!({"ms": 1})), json!({"slept": 1}));
}
