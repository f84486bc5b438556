//! `samovar up --watch`: what changes takes over, and nobody who calls meanwhile notices.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use aws_sdk_lambda::config::Config;
use aws_sdk_lambda::config::retry::RetryConfig;
use libtest_mimic::Trial;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Ports, Server};
use crate::tools::{answer, block_on, eventually, failure, get, lambda, request};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("watch::a_new_build_takes_over_and_no_request_fails", takes_over),
        trial("watch::a_broken_build_keeps_the_one_before", broken),
        trial("watch::only_what_depends_on_a_change_is_built", only_dependants),
        trial("watch::a_template_is_applied_as_far_as_it_can_be", template),
        trial("watch::folders_and_makefiles_are_followed", folders),
        trial("watch::without_it_nothing_changes", unwatched),
    ]
}

/// A function in std alone, so that a build takes no time: it speaks the Runtime API over a new
/// connection each time. It answers with its package's greeting, the variable NAME and the file
/// `word` of its folder, after as many milliseconds as the event has digits for; and it logs a line
/// of text and two of JSON.
const FUNCTION: &str = r##"
use std::io::{Read, Write};
use std::net::TcpStream;

fn call(api: &str, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(api).unwrap();
    let length = body.len();
    let request = format!(
        "{method} /2018-06-01/runtime/invocation/{path} HTTP/1.1\r\nhost: {api}\r\n\
         connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn main() {
    let api = std::env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let name = std::env::var("NAME").unwrap_or_default();
    let logging = ["FORMAT", "LEVEL"]
        .map(|name| std::env::var(format!("AWS_LAMBDA_LOG_{name}")).unwrap_or("unset".into()));
    let word = std::fs::read_to_string("word").unwrap_or_default();
    loop {
        let event = call(&api, "GET", "next", "");
        let (head, body) = event.split_once("\r\n\r\n").unwrap();
        let id = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("lambda-runtime-aws-request-id").then_some(value)
        });
        let digits: String = body.chars().filter(char::is_ascii_digit).collect();
        std::thread::sleep(std::time::Duration::from_millis(digits.parse().unwrap_or(0)));
        let says = GREETING;
        println!("greets with {says}, {}", logging.join(" "));
        println!(r#"{{"level":"debug","message":"a detail"}}"#);
        println!(r#"{{"level":"error","message":"a fault"}}"#);
        let reply = format!(r#"{{"says":"{says}","name":"{name}","word":"{}"}}"#, word.trim());
        call(&api, "POST", &format!("{}/response", id.unwrap()), &reply);
    }
}
"##;

pub(crate) const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: provided.al2023, Handler: bootstrap, Timeout: 30}
Resources:
  Greet:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: greet
      Environment: {Variables: {NAME: Ada}}
      Events: {Get: {Type: HttpApi, Properties: {Path: /, Method: get}}}
  Other:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: other}
";

/// A workspace with a function that uses a library of it, and one that does not.
pub(crate) struct Project(TempDir);

impl Project {
    pub(crate) fn new() -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        let package = |name: &str, more: &str| {
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}")
        };
        let uses = "[dependencies]\nlibrary = { path = \"../library\" }\n";
        project.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"greet\", \"other\", \"library\"]\n",
        );
        project.write("greet/Cargo.toml", &package("greet", uses));
        project.write("greet/src/main.rs", &format!("use library::GREETING;\n{FUNCTION}"));
        project.write("other/Cargo.toml", &package("other", ""));
        project
            .write("other/src/main.rs", &format!("const GREETING: &str = \"other\";\n{FUNCTION}"));
        project.write("library/Cargo.toml", &package("library", ""));
        project.greeting("one");
        project.write("template.yaml", TEMPLATE);
        project
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn greeting(&self, text: &str) {
        self.write("library/src/lib.rs", &format!("pub const GREETING: &str = \"{text}\";\n"));
    }

    fn serve(&self, more: &[&str]) -> Server {
        self.serve_in(None, more)
    }

    /// With its state in a folder that stays.
    pub(crate) fn serve_in(&self, state: Option<&Path>, more: &[&str]) -> Server {
        let template = self.path("template.yaml");
        let target = self.path("target");
        let variables: [(&str, &Path); 1] = [("CARGO_TARGET_DIR", &target)];
        Server::start_with(&template, Ports::free(), state, more, &variables)
    }
}

fn says(server: &Server, function: &str) -> Value {
    answer(server, function, &json!({}))["says"].clone()
}

/// How often a function was built again.
fn builds(server: &Server, function: &str) -> usize {
    let output = server.output();
    let lines = output.lines().filter(|line| line.ends_with("building again"));
    lines.filter(|line| line.contains(function)).count()
}

fn takes_over() {
    let project = Project::new();
    let server = project.serve(&["--watch"]);
    assert_eq!(says(&server, "Greet"), "one");
    let stop = AtomicBool::new(false);
    let (old, new) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        // It is under way when the new build takes over, and ends where it began.
        let slow = scope.spawn(|| answer(&server, "Greet", &json!({"ms": 8000})));
        let callers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        let answers = block_on(async {
                            let client = lambda(&server);
                            // A failure must not be hidden by another attempt.
                            let once = || Config::builder().retry_config(RetryConfig::disabled());
                            let call = || {
                                let call = client.invoke().function_name("Greet").customize();
                                tokio::spawn(call.config_override(once()).send())
                            };
                            let calls: Vec<_> = (0..50).map(|_| call()).collect();
                            let mut answers = Vec::new();
                            for call in calls {
                                answers.push(call.await.unwrap().unwrap());
                            }
                            answers
                        });
                        for answer in answers {
                            assert_eq!(answer.function_error, None, "{answer:?}");
                            let payload = answer.payload.unwrap();
                            let answer: Value = serde_json::from_slice(payload.as_ref()).unwrap();
                            let count = match answer["says"].as_str().unwrap() {
                                "one" => &old,
                                "two" => &new,
                                other => panic!("{other}"),
                            };
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        eventually("some answers", || old.load(Ordering::Relaxed) > 200);
        project.greeting("two");
        eventually("answers of the new build", || {
            new.load(Ordering::Relaxed) > 400 || callers.iter().any(|caller| caller.is_finished())
        });
        stop.store(true, Ordering::Relaxed);
        for caller in callers {
            caller.join().unwrap();
        }
        assert_eq!(slow.join().unwrap()["says"], "one");
    });
    assert_eq!(says(&server, "Greet"), "two");
    assert_eq!(builds(&server, "Greet"), 1, "{}", server.output());
    assert!(server.output().contains("Greet  new build serves, after "), "{}", server.output());
}

fn broken() {
    let project = Project::new();
    let server = project.serve(&["--watch"]);
    project.write("library/src/lib.rs", "pub const GREETING: &str = missing_name;\n");
    eventually("the failure is told", || server.output().contains("the build before goes on"));
    let words = "cannot find value `missing_name`";
    assert_eq!(server.output().matches(words).count(), 1, "{}", server.output());
    assert_eq!(says(&server, "Greet"), "one");
    // A manifest that cargo does not understand is a broken build too.
    let manifest = fs::read_to_string(project.path("greet/Cargo.toml")).unwrap();
    project.write("greet/Cargo.toml", "[package\n");
    eventually("that failure is told", || {
        server.output().matches("the build before goes on").count() >= 2
    });
    assert_eq!(says(&server, "Greet"), "one");
    project.write("greet/Cargo.toml", &manifest);
    project.greeting("mended");
    eventually("the mended build", || says(&server, "Greet") == "mended");
    // One that builds, and fails as soon as it is started, serves nobody.
    let main = fs::read_to_string(project.path("greet/src/main.rs")).unwrap();
    let fails = main.replace("fn main() {", "fn main() {\n    std::process::exit(7);");
    project.write(
        "greet/src/main.rs",
        &fails.replace("process::exit(7);", "process::exit(7); }\nfn serve() {"),
    );
    eventually("that start is told", || server.output().contains("exit status 7"));
    assert_eq!(says(&server, "Greet"), "mended");
}

fn only_dependants() {
    let project = Project::new();
    let server = project.serve(&["--watch"]);
    let main = project.path("other/src/main.rs");
    let text = fs::read_to_string(&main).unwrap().replace("\"other\"", "\"changed\"");
    // As Vim saves: the old file becomes a backup, a new one takes its place.
    project.write("other/src/4913", "");
    fs::remove_file(project.path("other/src/4913")).unwrap();
    fs::rename(&main, project.path("other/src/main.rs~")).unwrap();
    fs::write(&main, &text).unwrap();
    fs::remove_file(project.path("other/src/main.rs~")).unwrap();
    eventually("the new build", || says(&server, "Other") == "changed");
    // Saved as it was, with what is no source beside it.
    fs::write(&main, &text).unwrap();
    project.write("other/.git/index", "new");
    project.write("other/target/release/output", "new");
    project.write("README.md", "of the workspace");
    project.greeting("two");
    eventually("the other function's build", || says(&server, "Greet") == "two");
    assert_eq!((builds(&server, "Other"), builds(&server, "Greet")), (1, 1), "{}", server.output());
}

fn template() {
    let project = Project::new();
    let server = project.serve(&["--watch"]);
    assert_eq!(answer(&server, "Greet", &json!({}))["name"], "Ada");
    project.write("template.yaml", &TEMPLATE.replace("NAME: Ada", "NAME: Grace"));
    eventually("the new variable", || answer(&server, "Greet", &json!({}))["name"] == "Grace");
    // A fault: shown with its place, and the application before goes on.
    project.write("template.yaml", &TEMPLATE.replace("Environment:", "Enviroment:"));
    eventually("the fault is told", || {
        server.output().contains("The application before goes on serving")
    });
    let output = server.output();
    assert!(
        output.contains("template.yaml:10:7: error: unknown property `Enviroment`"),
        "{output}"
    );
    assert_eq!(answer(&server, "Greet", &json!({}))["name"], "Grace");
    // The time-out counts at once, a new function serves, one that is gone ends, a new route waits.
    let more = TEMPLATE
        .replace("Timeout: 30", "Timeout: 1")
        .replace("Path: /,", "Path: /new,")
        .replace("  Other:", "  Another:")
        .replace("{CodeUri: other}", ANOTHER);
    thread::scope(|scope| {
        let under_way = scope.spawn(|| answer(&server, "Other", &json!({"ms": 4000})));
        eventually("an invocation", || status(&server, "Other").unwrap()["busy"] == 1);
        project.write("template.yaml", &more);
        eventually("the new function", || status(&server, "Another").is_some());
        assert!(status(&server, "Other").is_none(), "{}", server.output());
        assert_eq!(under_way.join().unwrap()["says"], "other", "what runs ends undisturbed");
    });
    let configuration = |name: &str| {
        let get = lambda(&server).get_function_configuration().function_name(name);
        block_on(get.send()).map_err(|error| Box::new(error.into_service_error()))
    };
    let gone = configuration("Other").unwrap_err();
    assert!(gone.is_resource_not_found_exception(), "{gone:?}");
    assert_eq!(says(&server, "Another"), "other");
    let late = failure(&server, "Greet", &json!({"ms": 5000}));
    assert_eq!(late["errorType"], "Sandbox.Timedout");
    eventually("what the Lambda API tells", || {
        configuration("Greet").unwrap().timeout() == Some(1) && configuration("Another").is_ok()
    });
    let restart = "Start Samovar again for new routes, triggers";
    assert!(server.output().contains(restart), "{}", server.output());
    assert_eq!((get(&server.http("/")).status, get(&server.http("/new")).status), (200, 404));
    // Its URL is there, and its alias leads to a version, and to another with its next build.
    let host = [("host", "another.localhost")];
    eventually("the URL", || request("GET", &server.http("/"), &host, b"").status == 200);
    let version = || {
        let call = lambda(&server).invoke().function_name("Another").qualifier("live");
        block_on(call.send()).unwrap().executed_version().map(str::to_owned)
    };
    assert_eq!(version().as_deref(), Some("1"));
    let main = fs::read_to_string(project.path("other/src/main.rs")).unwrap();
    let moved = AtomicBool::new(false);
    thread::scope(|scope| {
        // One or another is under way when the alias moves, and ends in the version where it began.
        let callers = [0, 500].map(|ms| {
            let (server, moved) = (&server, &moved);
            scope.spawn(move || {
                while !moved.load(Ordering::Relaxed) {
                    let says = answer(server, "Another:live", &json!({"ms": ms}))["says"].clone();
                    assert!(says == "other" || says == "changed", "{says}");
                }
            })
        });
        eventually("an invocation", || version().as_deref() == Some("1"));
        project.write("other/src/main.rs", &main.replace("\"other\"", "\"changed\""));
        eventually("the next version", || {
            // Whatever fails has ended its caller.
            callers.iter().any(|caller| caller.is_finished()) || version().as_deref() == Some("2")
        });
        moved.store(true, Ordering::Relaxed);
        callers.into_iter().for_each(|caller| caller.join().unwrap());
    });
    assert_eq!(version().as_deref(), Some("2"));
    assert_eq!(says(&server, "Another:live"), "changed");
    let old = lambda(&server).invoke().function_name("Another").qualifier("1");
    assert!(block_on(old.send()).is_err(), "the version before has ended");
    // The SAM CLI's settings count as they are now.
    let parameter = "Parameters: {Name: {Type: String, Default: Eve}}\nResources:";
    let given = more.replace("Resources:", parameter).replace("NAME: Ada", "NAME: !Ref Name");
    project.write("template.yaml", &given);
    eventually("the default", || answer(&server, "Greet", &json!({}))["name"] == "Eve");
    let settings =
        "version = 0.1\n[default.deploy.parameters]\nparameter_overrides = \"Name=Zoe\"\n";
    project.write("samconfig.toml", settings);
    eventually("the setting", || answer(&server, "Greet", &json!({}))["name"] == "Zoe");
}

const ANOTHER: &str =
    "{CodeUri: other, AutoPublishAlias: live, FunctionUrlConfig: {AuthType: NONE}}";

/// What is told of a function that is there.
fn status(server: &Server, name: &str) -> Option<Value> {
    let health = server.health();
    health["functions"].as_array().unwrap().iter().find(|f| f["name"] == name).cloned()
}

/// Runs cargo as the server does.
fn build(project: &Project) -> PathBuf {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--quiet", "--package", "other"]);
    cargo.current_dir(project.0.path()).env("CARGO_TARGET_DIR", project.path("target"));
    assert!(cargo.status().unwrap().success());
    project.path("target/release/other")
}

fn folders() {
    let project = Project::new();
    let bootstrap = build(&project);
    project.write("folder/word", "one");
    project.write("made/word", "one");
    fs::copy(&bootstrap, project.path("folder/bootstrap")).unwrap();
    let rule = format!(
        "build-Made:\n\tcp {} word $(ARTIFACTS_DIR)\n\tmv $(ARTIFACTS_DIR)/other $(ARTIFACTS_DIR)/bootstrap\n\tdate +%s > made-at\n",
        bootstrap.display()
    );
    project.write("made/Makefile", &rule);
    project.write(
        "template.yaml",
        "
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: provided.al2023, Handler: bootstrap}
Resources:
  Folder: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: folder}}
  Made:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties: {CodeUri: made}
",
    );
    let server = project.serve(&["--watch"]);
    let word = |function: &str| answer(&server, function, &json!({}))["word"].clone();
    assert_eq!((word("Folder"), word("Made")), (json!("one"), json!("one")));
    project.write("folder/word", "two");
    eventually("the new folder", || word("Folder") == "two");
    project.write("made/word", "two");
    eventually("what was made again", || word("Made") == "two");
    project.write("made/Makefile", "build-Made:\n\tfalse\n");
    eventually("the failure is told", || server.output().contains("`make build-Made` failed"));
    assert_eq!(word("Made"), "two");
}

fn unwatched() {
    let project = Project::new();
    let server = project.serve(&[]);
    project.greeting("two");
    project.write("template.yaml", "Resources: {}\n");
    thread::sleep(std::time::Duration::from_secs(1));
    assert_eq!(says(&server, "Greet"), "one");
    assert!(!server.output().contains("building again"));
}
