//! `samovar new`: every form is made, checked by AWS's own tools, built, served and called.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use libtest_mimic::Trial;
use serde_json::json;
use tempfile::TempDir;

use crate::server::{Ports, Server, root, samovar};
use crate::tools::{SAM, answer, both, eventually, request, succeed};
use crate::{needing, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("new::every_form_is_built_served_and_called", served),
        needing(&[SAM], trial("new::sam_takes_the_template", validated)),
        trial("new::what_it_writes_is_formatted_and_checks", formatted),
        trial("new::a_workspace_shares_what_it_has", shared),
        trial("new::a_template_without_a_workspace_gets_a_package_beside_it", beside),
        trial("new::nothing_is_written_where_something_is_wrong", wrong),
    ]
}

/// Every form, and both builds of one.
const FORMS: [&[&str]; 5] = [
    &["greeter"],
    &["native-greeter", "--native"],
    &["shop-api", "--http"],
    &["worker", "--sqs"],
    &["clock", "--schedule", "--native"],
];

fn new(folder: &Path, arguments: &[&str]) -> Output {
    samovar().current_dir(folder).arg("new").args(arguments).output().unwrap()
}

/// What it prints where it succeeds.
#[track_caller]
fn made(folder: &Path, arguments: &[&str]) -> String {
    let output = new(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", both(&output));
    assert!(output.stderr.is_empty(), "{}", both(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// An application of all forms, one added after the other.
fn application() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for form in FORMS {
        made(folder.path(), form);
    }
    // The versions that this repository builds with.
    fs::copy(root().join("Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    folder
}

/// Where cargo builds, so that what is built there is not built again.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into)
}

fn served() {
    let folder = application();
    let template = folder.path().join("template.yaml");
    let target = target();
    let variables = [("CARGO_TARGET_DIR", target.as_path())];
    let server = Server::start_with(&template, Ports::free(), None, &[], &variables);

    let hello = json!({"message": "Hello, Ada!"});
    for (function, host) in
        [("Greeter", "greeter.localhost"), ("NativeGreeter", "nativegreeter.localhost")]
    {
        assert_eq!(answer(&server, function, &json!({"name": "Ada"})), hello);
        let url = request("GET", &server.http("/?name=Ada"), &[("host", host)], b"");
        assert_eq!((url.status, url.json()), (200, hello.clone()));
    }
    let answer = request("GET", &server.http("/shop-api/Ada"), &[], b"");
    assert_eq!((answer.status, answer.text().as_str()), (200, "Hello, Ada!\n"));
    let answer = request("GET", &server.http("/shop-api"), &[], b"");
    assert_eq!((answer.status, answer.text().as_str()), (200, "Hello, World!\n"));

    let tool = |arguments: &[&str]| {
        succeed(samovar().env("AWS_ENDPOINT_URL", server.api("")).args(arguments))
    };
    let has_run = |function: &str, what: &str| {
        let output = server.output();
        output.lines().any(|line| line.contains(function) && line.contains(what))
    };
    tool(&["send", "WorkerQueue", "tea"]);
    eventually("the worker's invocation", || has_run("Worker", "WorkerQueue ×1"));
    tool(&["trigger", "Clock.EveryMinute"]);
    eventually("the clock's invocation", || has_run("Clock", "schedule ClockEveryMinute"));
}

fn validated() {
    let folder = application();
    let check = samovar().current_dir(folder.path()).arg("check").output().unwrap();
    assert!(check.status.success(), "{}", both(&check));
    assert!(both(&check).contains("Valid: 5 functions, 1 API, 2 queues"), "{}", both(&check));
    let mut validate = SAM.command();
    succeed(validate.current_dir(folder.path()).args(["validate", "--lint"]));
}

/// The sources are well formatted, and their own tests pass.
fn formatted() {
    let folder = application();
    // As this repository has them, so components start with the same memory.
    let flags = |folder: &Path| {
        let settings = fs::read_to_string(folder.join(".cargo/config.toml")).unwrap();
        settings.lines().last().unwrap().to_owned()
    };
    assert!(flags(folder.path()).contains("--initial-heap"));
    assert_eq!(flags(folder.path()), flags(&root()));
    let cargo = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO"));
        command.current_dir(folder.path()).env("CARGO_TARGET_DIR", target()).args(arguments);
        succeed(&mut command)
    };
    cargo(&["fmt", "--all", "--check"]);
    let tests = cargo(&["test", "--quiet"]);
    assert_eq!(tests.matches("test result: ok. 1 passed").count(), FORMS.len(), "{tests}");
}

fn shared() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let function = root().join("runtime/function");
    let manifest = format!(
        "# The shop's.\n[workspace]\nresolver = \"3\"\nmembers = [\n    \"lib\", # shared\n]\n\n\
         [workspace.package]\nedition = \"2024\"\nlicense = \"MIT\"\n\n[workspace.lints.rust]\n\
         missing_docs = \"warn\"\n\n[workspace.dependencies]\n\
         samovar-function = {{ path = \"{}\" }}\nserde = {{ version = \"1\", features = \
         [\"derive\"] }}\n",
        function.display()
    );
    fs::create_dir_all(here.join("lib/src")).unwrap();
    fs::write(here.join("lib/src/lib.rs"), "").unwrap();
    fs::write(here.join("lib/Cargo.toml"), "[package]\nname = \"lib\"\nedition.workspace = true\n")
        .unwrap();
    fs::write(here.join("Cargo.toml"), &manifest).unwrap();
    let text = made(here, &["greeter"]);
    for line in [
        "  functions/greeter/Cargo.toml\n",
        "  functions/greeter/src/main.rs\n",
        "  Cargo.toml                     a member of the workspace\n",
        "  template.yaml                  Greeter\n",
        "\n  Next  samovar up\n        curl 'http://greeter.localhost:3000/?name=Ada'\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let with = manifest.replace("# shared\n", "# shared\n    \"functions/greeter\",\n");
    assert_eq!(fs::read_to_string(here.join("Cargo.toml")).unwrap(), with);
    let package = fs::read_to_string(here.join("functions/greeter/Cargo.toml")).unwrap();
    for line in [
        "edition.workspace = true\n",
        "license.workspace = true\n",
        "version = \"0.1.0\"\n",
        "[lints]\nworkspace = true\n",
        "samovar-function.workspace = true\n",
        "serde = { workspace = true, features = [\"derive\"] }\n",
        "serde_json = \"1\"\n",
    ] {
        assert!(package.contains(line), "{package}");
    }
    let mut metadata = std::process::Command::new(env!("CARGO"));
    metadata.current_dir(here).args(["metadata", "--no-deps", "--format-version=1"]);
    assert!(succeed(&mut metadata).contains("\"name\":\"greeter\""));
}

const TEMPLATE: &str = "# mine\r\nTransform: AWS::Serverless-2016-10-31\r\nResources:\r\n    \
                        Api: # the only one\r\n        Type: AWS::Serverless::HttpApi\r\n\r\n\
                        Outputs:\r\n    Url: {Value: !Sub \"${Api}\"}\r\n";

fn beside() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("app")).unwrap();
    fs::write(here.join("app/template.yml"), TEMPLATE).unwrap();
    std::os::unix::fs::symlink("app/template.yml", here.join("template.yaml")).unwrap();
    made(here, &["shop", "--http"]);
    // The link stays one, and the package is beside it: paths are taken from there.
    assert!(here.join("template.yaml").is_symlink());
    assert!(here.join("shop/Cargo.toml").is_file());
    assert!(!here.join("functions").exists() && !here.join("Cargo.toml").exists());
    let makefile = fs::read_to_string(here.join("shop/Makefile")).unwrap();
    assert!(makefile.contains("$(or $(CARGO_TARGET_DIR),target)"), "{makefile}");
    let text = fs::read_to_string(here.join("app/template.yml")).unwrap();
    let (before, after) = TEMPLATE.split_at(TEMPLATE.find("\r\nOutputs").unwrap());
    assert!(text.starts_with(before) && text.ends_with(after), "{text:?}");
    assert!(!text.replace("\r\n", "").contains('\n'), "{text:?}");
    assert!(text.contains("\r\n                        ApiId: !Ref Api\r\n"), "{text}");
    let check = samovar().current_dir(here).arg("check").output().unwrap();
    assert!(check.status.success(), "{}", both(&check));
}

/// Everything below a folder, with its bytes.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.push((path.clone(), Vec::new()));
            all.extend(contents(&path));
        } else {
            all.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    all.sort();
    all
}

fn wrong() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    fs::create_dir(here.join("taken")).unwrap();
    fs::write(here.join("template.yaml"), TEMPLATE).unwrap();
    fs::write(here.join("template.json"), "{\"Resources\": {}}").unwrap();
    fs::write(
        here.join("flow.yaml"),
        TEMPLATE.replace("Resources:\r\n    Api:", "Resources: {Api:"),
    )
    .unwrap();
    let before = contents(here);
    for (arguments, parts) in [
        (&["taken"][..], &["taken is there already", "another name"][..]),
        (&["api"], &["template.yaml", "has a resource Api already", "another name"]),
        (&["OrderWorker"], &["`OrderWorker` is no name", "did you mean `order-worker`?"]),
        (&["../up"], &["is no name"]),
        (&["x", "--template", "template.json"], &["template.json", "it is JSON"]),
        (&["x", "--template", "flow.yaml"], &["flow.yaml", "not valid YAML"]),
        (&["x", "--template", "none.yaml"], &["none.yaml"]),
        (&["x", "--function-crate", "taken"], &["taken has no crate samovar-function"]),
        (&["x", "--http", "--sqs"], &["--http", "cannot be used with"]),
    ] {
        let output = new(here, arguments);
        assert!(!output.status.success(), "{arguments:?}: {}", both(&output));
        let text = String::from_utf8(output.stderr).unwrap();
        for part in parts {
            assert!(text.contains(part), "{arguments:?}: {text}");
        }
        assert_eq!(contents(here), before, "{arguments:?}");
    }
}
