//! Functions in Python and Node.js on AWS's own runtime interface clients.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::LogType;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::packaging::serve;
use crate::server::{Ports, Server, Shared, root, samovar};
use crate::tools::{NPM, PIP, answer, block_on, both, failure, lambda};
use crate::{against, needing, trial};

pub(crate) fn server() -> Server {
    serve(&root().join("tests/functions/languages/template.yaml"))
}

pub(crate) fn trials(server: &Arc<Shared>) -> Vec<Trial> {
    let on = |name: &str, test: fn(&Server)| needing(&[PIP, NPM], against(server, name, test));
    let python = |name: &str, test: fn()| needing(&[PIP], trial(name, test));
    vec![
        on("languages::python_has_the_places_and_context_of_lambda", python_surroundings),
        on("languages::python_prints_and_logs_with_the_request_id", python_log),
        on("languages::python_errors_have_the_shape_of_aws", python_errors),
        on("languages::python_modules_that_do_not_load_are_told", python_init_errors),
        on("languages::python_that_exits_has_the_answer_of_aws", python_exit),
        on("languages::python_runs_inline_code_and_modules_in_folders", python_places),
        on("languages::python_has_the_aws_sdk", python_sdk),
        on("languages::both_find_what_layers_have", layers),
        on("languages::twenty_parallel_invocations_have_their_own_answers", parallel),
        on("languages::node_has_the_places_and_context_of_lambda", node_surroundings),
        on("languages::node_handlers_are_async_or_have_callbacks", node_handlers),
        on("languages::node_logs_with_the_request_id", node_log),
        on("languages::node_errors_have_the_shape_of_aws", node_errors),
        python("languages::the_nearest_version_runs_and_is_said", nearest),
        python("languages::packages_that_cannot_be_installed_are_told", no_such_package),
        python("languages::what_is_installed_serves_without_a_build", no_build),
        trial("languages::check_shows_runtime_and_kind", check),
    ]
}

fn python_surroundings(server: &Server) {
    let about = answer(server, "Python", &json!({"do": "about"}));
    let variables = &about["variables"];
    let task = &variables["LAMBDA_TASK_ROOT"];
    assert_eq!(about["path"][0], *task, "the function's code is looked into first");
    let place = |end: &str| {
        let path = about["path"].as_array().unwrap().iter();
        let mut path = path.map(|entry| entry.as_str().unwrap());
        path.position(|entry| entry.ends_with(end)).unwrap_or_else(|| panic!("{end}: {about}"))
    };
    let (packages, layer, runtime) = (place("/packages"), place("/opt/python"), place("/runtime"));
    assert!(packages < layer && layer < runtime, "{about}");
    let path = about["path"].to_string();
    let is_bare = path.matches("site-packages").count() == 1;
    assert!(is_bare, "what is installed on this machine is seen: {path}");
    assert_eq!(about["six"][0], "1.17.0");
    assert_eq!(about["exit"], true);
    let version = &about["version"];
    assert_eq!(version[0], 3);
    // The template's runtime, whatever interpreter there is.
    assert_eq!(variables["AWS_EXECUTION_ENV"], "AWS_Lambda_python3.12");
    assert_eq!(variables["_HANDLER"], "app.handler");
    assert_eq!(variables["GREETING"], "hello");
    assert_eq!(variables["HOME"], Value::Null, "the host's variables are seen");
    let context = &about["context"];
    assert_eq!(context["functionName"], "Python");
    assert_eq!(context["functionVersion"], "$LATEST");
    assert_eq!(context["arn"], "arn:aws:lambda:us-east-1:000000000000:function:Python");
    assert_eq!(context["memory"], "256");
    assert_eq!(context["logGroup"], "/aws/lambda/Python");
    assert_eq!(context["requestId"].as_str().unwrap().len(), 36);
    assert!((1..=10_000).contains(&context["remaining"].as_u64().unwrap()), "{context}");
}

/// The answer and the end of the log.
fn with_log(server: &Server, function: &str, event: &Value) -> (Value, String) {
    let call = lambda(server)
        .invoke()
        .function_name(function)
        .log_type(LogType::Tail)
        .payload(Blob::new(event.to_string()));
    let output = block_on(call.send()).unwrap();
    let log = aws_smithy_types::base64::decode(output.log_result().unwrap()).unwrap();
    let payload = serde_json::from_slice(output.payload().unwrap().as_ref()).unwrap();
    (payload, String::from_utf8(log).unwrap())
}

fn python_log(server: &Server) {
    let (request_id, log) = with_log(server, "Python", &json!({"do": "log"}));
    for line in ["printed: Зоя", "to standard error"] {
        assert!(log.lines().any(|it| it == line), "{line}: {log}");
    }
    let logged = log.lines().find(|line| line.starts_with("[INFO]\t")).unwrap();
    assert!(logged.ends_with(&format!("Z\t{}\tlogged", request_id.as_str().unwrap())), "{logged}");
}

/// The shape: AWS's guide, "Lambda function errors in Python".
fn python_errors(server: &Server) {
    let error = failure(server, "Python", &json!({"do": "fail"}));
    assert_eq!(error["errorType"], "ValueError");
    assert_eq!(error["errorMessage"], "asked to fail");
    let trace = error["stackTrace"].as_array().unwrap();
    assert!(trace[0].as_str().unwrap().contains("app.py\", line "), "{error}");
    assert!(trace[0].as_str().unwrap().contains("in handler"), "{error}");
    let error = failure(server, "Python", &json!({"do": "unserializable"}));
    assert_eq!(error["errorType"], "Runtime.MarshalError");
    let error = failure(server, "PythonSlow", &json!({"do": "sleep", "seconds": 30}));
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.ends_with("Error: Task timed out after 1.00 seconds"), "{message}");
    assert_eq!(answer(server, "PythonSlow", &json!({}))["event"], json!({}));
}

fn python_init_errors(server: &Server) {
    for (function, error_type, message) in [
        (
            "PythonBadName",
            "Runtime.MalformedHandlerName",
            "Bad handler 'nonsense': not enough values to unpack (expected 2, got 1)",
        ),
        (
            "PythonNoModule",
            "Runtime.ImportModuleError",
            "Unable to import module 'nowhere': No module named 'nowhere'",
        ),
        ("PythonNoHandler", "Runtime.HandlerNotFound", "Handler 'nothing' missing on module 'app'"),
    ] {
        let error = failure(server, function, &json!({}));
        assert_eq!(error["errorType"], error_type, "{error}");
        assert_eq!(error["errorMessage"], message);
    }
    let error = failure(server, "PythonSyntax", &json!({}));
    assert_eq!(error["errorType"], "Runtime.UserCodeSyntaxError");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("Syntax error in module 'broken': "), "{message}");
    assert!(error["stackTrace"][0].as_str().unwrap().contains("broken.py\" Line 1"), "{error}");
}

fn python_exit(server: &Server) {
    for (how, status, message) in [
        ("crash", 3, "Error: Runtime exited with error: exit status 3"),
        ("leave", 4, "Error: Runtime exited with error: exit status 4"),
        ("leave", 0, "Error: Runtime exited without providing a reason"),
    ] {
        let error = failure(server, "PythonExits", &json!({"do": how, "status": status}));
        assert_eq!(error["errorType"], "Runtime.ExitError", "{error}");
        let text = error["errorMessage"].as_str().unwrap();
        assert!(text.ends_with(message), "{how}: {text}");
        // The next one finds a new environment, with nothing of the old one's.
        assert_eq!(answer(server, "PythonExits", &json!({}))["calls"], 1);
    }
}

fn python_places(server: &Server) {
    assert_eq!(answer(server, "PythonInline", &json!([1])), json!({"inline": [1]}));
    assert_eq!(answer(server, "PythonNested", &json!({}))[0], 3);
}

/// boto3 in the function talks to the Samovar that runs it.
fn python_sdk(server: &Server) {
    let queue = server.api("/000000000000/Jobs");
    assert_eq!(answer(server, "PythonSdk", &json!({})), json!([queue]));
}

/// Where the system lets layers be in `/opt` (see the README, "What is emulated").
fn layers(server: &Server) {
    if server.output().contains("/opt") {
        assert!(env::var_os("CI").is_none(), "{}", server.output());
        eprintln!("NOT RUN: layers: this machine does not let them be in /opt");
        return;
    }
    for function in ["PythonLayer", "NodeLayer"] {
        assert_eq!(answer(server, function, &json!({})), json!("from the layer"), "{function}");
    }
}

fn parallel(server: &Server) {
    for function in ["Python", "Node"] {
        let ids: BTreeSet<String> = thread::scope(|scope| {
            let calls: Vec<_> = (0..20)
                .map(|number| {
                    scope.spawn(move || {
                        let echoed = answer(server, function, &json!({"number": number}));
                        assert_eq!(echoed["event"]["number"], number);
                        let about = answer(server, function, &json!({"do": "about"}));
                        about["context"]["requestId"].as_str().unwrap().to_owned()
                    })
                })
                .collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        assert_eq!(ids.len(), 20, "{function}");
    }
}

fn node_surroundings(server: &Server) {
    let about = answer(server, "Node", &json!({"do": "about"}));
    let variables = &about["variables"];
    assert_eq!(about["ms"], 172_800_000, "the package of package.json");
    assert_eq!(about["directory"], variables["LAMBDA_TASK_ROOT"]);
    assert_eq!(variables["AWS_EXECUTION_ENV"], "AWS_Lambda_nodejs20.x");
    assert_eq!(variables["GREETING"], "hello");
    assert_eq!(variables["HOME"], Value::Null, "the host's variables are seen");
    let path = variables["NODE_PATH"].as_str().unwrap();
    assert!(path.contains("/opt/nodejs/node_modules:"), "{path}");
    let context = &about["context"];
    assert_eq!(context["functionName"], "Node");
    assert_eq!(context["arn"], "arn:aws:lambda:us-east-1:000000000000:function:Node");
    assert_eq!(context["memory"], "256");
    assert!((1..=10_000).contains(&context["remaining"].as_u64().unwrap()), "{context}");
}

fn node_handlers(server: &Server) {
    assert_eq!(answer(server, "Node", &json!({"a": "ä"})), json!({"event": {"a": "ä"}}));
    assert_eq!(answer(server, "NodeCallback", &json!({})), json!({"called": true}));
    let expected = json!({"event": {"b": 1}, "started": "started"});
    assert_eq!(answer(server, "NodeModule", &json!({"b": 1})), expected);
    let large = answer(server, "Node", &json!({"do": "large", "bytes": 5_000_000}));
    assert_eq!(large.as_str().unwrap().len(), 5_000_000);
}

fn node_log(server: &Server) {
    let (request_id, log) = with_log(server, "Node", &json!({"do": "log"}));
    let request_id = request_id.as_str().unwrap();
    for end in ["INFO\tlogged", "ERROR\tto standard error"] {
        let end = format!("Z\t{request_id}\t{end}");
        assert!(log.lines().any(|line| line.ends_with(&end)), "{end}: {log}");
    }
}

/// The shape: AWS's guide, "Lambda function errors in Node.js".
fn node_errors(server: &Server) {
    let error = failure(server, "Node", &json!({"do": "fail"}));
    assert_eq!(error["errorType"], "RangeError");
    assert_eq!(error["errorMessage"], "asked to fail");
    assert_eq!(error["trace"][0], "RangeError: asked to fail");
    let error = failure(server, "NodeModule", &json!({"fail": "as asked"}));
    assert_eq!(
        (&error["errorType"], &error["errorMessage"]),
        (&json!("TypeError"), &json!("as asked"))
    );
    // The client answers and exits at once: the answer must not be lost.
    let error = failure(server, "Node", &json!({"do": "later"}));
    assert_eq!(error["errorMessage"], "thrown later", "{error}");
    let error = failure(server, "Node", &json!({"do": "crash", "status": 3}));
    assert_eq!(error["errorType"], "Runtime.ExitError");
    let error = failure(server, "NodeNoModule", &json!({}));
    assert_eq!(error["errorType"], "Runtime.ImportModuleError", "{error}");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("Error: Cannot find module 'nowhere'"), "{message}");
    let error = failure(server, "NodeSyntax", &json!({}));
    assert_eq!(error["errorType"], "Runtime.UserCodeSyntaxError", "{error}");
    assert_eq!(answer(server, "Node", &json!({})), json!({"event": {}}));
}

/// A folder with a Python function and its template.
fn application(runtime: &str, requirements: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let code = folder.path().join("code");
    fs::create_dir(&code).unwrap();
    let source = "import sys\n\n\ndef handler(event, context):\n    return sys.version_info[1]\n";
    fs::write(code.join("app.py"), source).unwrap();
    if !requirements.is_empty() {
        fs::write(code.join("requirements.txt"), requirements).unwrap();
    }
    let template = format!(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  Words:\n    \
         Type: AWS::Serverless::Function\n    Properties:\n      Runtime: {runtime}\n      \
         Handler: app.handler\n      CodeUri: code/\n"
    );
    fs::write(folder.path().join("template.yaml"), template).unwrap();
    folder
}

/// On a machine with one Python, a function for another one runs on it.
fn nearest() {
    let output = Command::new("python3")
        .args(["-c", "import sys; print(sys.version_info[1], sys.executable)"])
        .output()
        .unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    let (minor, program) = output.trim().split_once(' ').unwrap();
    let minor: u64 = minor.parse().unwrap();
    let wanted = if minor == 14 { 13 } else { 14 };
    let application = application(&format!("python3.{wanted}"), "");
    let machine = tempfile::tempdir().unwrap();
    let python = machine.path().join("python3");
    fs::write(&python, format!("#!/bin/sh\nexec '{program}' \"$@\"\n")).unwrap();
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.unwrap_or_else(|| PathBuf::from(env::var_os("HOME").unwrap()).join(".cache"));
    let nothing = machine.path();
    let variables = [
        ("PATH", nothing),
        ("HOME", nothing),
        ("PYENV_ROOT", nothing),
        ("XDG_DATA_HOME", nothing),
        ("UV_PYTHON_INSTALL_DIR", nothing),
        ("XDG_CACHE_HOME", cache.as_path()),
    ];
    let template = application.path().join("template.yaml");
    let server = Server::start_with(&template, Ports::free(), None, &[], &variables);
    let said = format!("Python 3.{wanted} is not on this machine: version 3.{minor}.");
    assert!(server.output().contains(&said), "{}", server.output());
    assert_eq!(answer(&server, "Words", &json!({})), json!(minor));
}

fn up(template: &std::path::Path, more: &[&str]) -> String {
    let state = tempfile::tempdir().unwrap();
    let ports = Ports::free();
    let mut command = samovar();
    command.args(["up", "--template"]).arg(template).arg("--state-dir").arg(state.path());
    command.args(["--api-port", &ports.api.to_string(), "--http-port", &ports.http.to_string()]);
    let output = command.args(more).output().unwrap();
    assert!(!output.status.success(), "{}", both(&output));
    both(&output)
}

/// In pip's own words.
fn no_such_package() {
    let application = application("python3.12", "--no-index\nno-such-package==1.0\n");
    let output = up(&application.path().join("template.yaml"), &[]);
    assert!(output.contains("code/requirements.txt: ERROR: "), "{output}");
    assert!(output.contains("No matching distribution found for no-such-package==1.0"), "{output}");
    assert!(output.contains("none of the template's functions can be served"), "{output}");
}

fn no_build() {
    let application = application("python3.12", "six==1.17.0\n");
    let template = application.path().join("template.yaml");
    let output = up(&template, &["--no-build"]);
    assert!(output.contains("is not built yet: run without --no-build"), "{output}");
    let state = tempfile::tempdir().unwrap();
    for more in [&[][..], &["--no-build"]] {
        let server = Server::start(&template, Ports::free(), Some(state.path()), more);
        assert!(answer(&server, "Words", &json!({})).is_u64());
        let installs = server.output().matches("Installing packages of Words").count();
        assert_eq!(installs, usize::from(more.is_empty()), "{}", server.output());
    }
}

fn check() {
    let application = application("python3.12", "");
    let output = samovar()
        .args(["check", "--template"])
        .arg(application.path().join("template.yaml"))
        .output();
    let output = both(&output.unwrap());
    assert!(output.contains("Words  process  python3.12"), "{output}");
}
