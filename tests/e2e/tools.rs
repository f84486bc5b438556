//! Clients: AWS SDKs, plain HTTP, programs of others.

use std::process::{Command, Output};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use aws_sdk_lambda::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::server::Server;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Runs a future of an AWS SDK.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.block_on(future)
}

/// A client of the AWS SDK. Each of its crates has a `Config` of its own, alike but in name.
macro_rules! client {
    ($sdk:ident, $endpoint:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .endpoint_url($endpoint)
                .region(Region::new("us-east-1"))
                .credentials_provider(Credentials::new("key", "secret", None, None, "tests"))
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .build(),
        )
    };
}

/// The Lambda client of the AWS SDK.
pub(crate) fn lambda(server: &Server) -> aws_sdk_lambda::Client {
    client!(aws_sdk_lambda, server.api(""))
}

/// The SQS client of the AWS SDK.
pub(crate) fn sqs(server: &Server) -> aws_sdk_sqs::Client {
    sqs_at(&server.api(""))
}

/// The same for any endpoint.
pub(crate) fn sqs_at(endpoint: &str) -> aws_sdk_sqs::Client {
    client!(aws_sdk_sqs, endpoint)
}

/// Invokes a function with the AWS SDK and waits for its answer.
pub(crate) fn invoke(server: &Server, function: &str, event: &Value) -> InvokeOutput {
    let call =
        lambda(server).invoke().function_name(function).payload(Blob::new(event.to_string()));
    block_on(call.send()).unwrap()
}

/// The answer of a function that must not fail.
pub(crate) fn answer(server: &Server, function: &str, event: &Value) -> Value {
    let output = invoke(server, function, event);
    let payload = payload(&output);
    assert_eq!(output.function_error(), None, "{payload}");
    payload
}

/// The error document of a function that must fail.
pub(crate) fn failure(server: &Server, function: &str, event: &Value) -> Value {
    let output = invoke(server, function, event);
    let payload = payload(&output);
    assert_eq!(output.status_code(), 200);
    assert_eq!(output.function_error(), Some("Unhandled"), "{payload}");
    payload
}

fn payload(output: &InvokeOutput) -> Value {
    serde_json::from_slice(output.payload().unwrap().as_ref()).unwrap()
}

/// A program of others that tests use.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    name: &'static str,
    /// Arguments with which it succeeds if all that is needed is there.
    probe: &'static [&'static str],
}

pub(crate) const CARGO_LAMBDA: Program =
    Program { name: "cargo-lambda", probe: &["lambda", "--version"] };
pub(crate) const SAM: Program = Program { name: "sam", probe: &["--version"] };
pub(crate) const CFN_LINT: Program = Program { name: "cfn-lint", probe: &["--version"] };
pub(crate) const BOTO3: Program = Program { name: "python3", probe: &["-c", "import boto3"] };
/// Makes tokens and signatures; the SAM CLI brings `cryptography` along.
pub(crate) const SIGNERS: Program =
    Program { name: "python3", probe: &["-c", "import boto3, cryptography"] };
pub(crate) const REQUESTS: Program = Program { name: "python3", probe: &["-c", "import requests"] };
pub(crate) const AWS: Program = Program { name: "aws", probe: &["--version"] };
pub(crate) const PIP: Program = Program { name: "python3", probe: &["-m", "pip", "--version"] };
pub(crate) const NPM: Program = Program { name: "npm", probe: &["--version"] };
pub(crate) const COMPONENTIZE_PY: Program =
    Program { name: "componentize-py", probe: &["--version"] };
pub(crate) const ZIG: Program = Program { name: "python3", probe: &["-m", "ziglang", "version"] };
pub(crate) const GO: Program = Program { name: "go", probe: &["version"] };
pub(crate) const WIT_BINDGEN: Program = Program { name: "wit-bindgen", probe: &["--version"] };
pub(crate) const CURL: Program = Program { name: "curl", probe: &["--version"] };

impl Program {
    /// Whether it can be used.
    pub(crate) fn is_there(self) -> bool {
        let output = Command::new(self.name).args(self.probe).output();
        output.is_ok_and(|output| output.status.success())
    }

    /// What to do where it is not there.
    pub(crate) fn remedy(self) -> String {
        if self.name == NPM.name {
            return "`npm --version` does not work: install Node.js 18 or later with npm"
                .to_owned();
        }
        if self.name == WIT_BINDGEN.name {
            return "`wit-bindgen --version` does not work: run .ci/run, which installs it, or \
                    cargo install wit-bindgen-cli"
                .to_owned();
        }
        format!(
            "`{} {}` does not work: run .ci/run, which installs what the tests need, or \
             pip install -r .ci/requirements.txt",
            self.name,
            self.probe.join(" ")
        )
    }

    /// The program, to be run in the repository.
    pub(crate) fn command(self) -> Command {
        assert!(self.is_there(), "{}", self.remedy());
        let mut command = Command::new(self.name);
        command
            .current_dir(crate::server::root())
            .env("SAM_CLI_TELEMETRY", "0")
            .env("AWS_DEFAULT_REGION", "us-east-1");
        command
    }
}

/// Standard output of a program that must succeed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?} failed:\n{}", both(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// All that a program printed.
pub(crate) fn both(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// An HTTP response, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.body)))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Sends a request; every status is an answer.
pub(crate) fn request(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into();
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut response = agent.run(request.body(body).unwrap()).unwrap();
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.body_mut().with_config().limit(64 << 20).read_to_vec().unwrap(),
    }
}

/// `GET`.
pub(crate) fn get(url: &str) -> Answer {
    request("GET", url, &[], b"")
}

/// `POST` of JSON.
pub(crate) fn post(url: &str, body: &str) -> Answer {
    request("POST", url, &[("content-type", "application/json")], body.as_bytes())
}

/// Waits until something is so. The limit is for a machine that hangs, not a measurement.
pub(crate) fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < Duration::from_secs(120), "never happened: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
