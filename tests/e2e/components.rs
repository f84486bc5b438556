//! Functions in several languages as components, each built by the language's own tools.
//!
//! The functions are in `tests/functions/components`; those of one door do the same.

use std::fs;
use std::sync::Arc;
use std::thread;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::LogType;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::packaging::serve;
use crate::server::{Ports, Server, Shared, root};
use crate::tools::{
    COMPONENTIZE_PY, GO, NPM, Program, WIT_BINDGEN, ZIG, answer, block_on, eventually, failure,
    lambda, request, sqs,
};
use crate::{needing, run};

/// How many calls there are at once.
const PARALLEL: usize = 50;

/// A function, the folder that its path begins with, and what it is built with.
#[derive(Clone, Copy)]
struct Guest {
    function: &'static str,
    path: &'static str,
    tools: &'static [Program],
}

/// `wasi:http/incoming-handler`.
const HTTP: [Guest; 3] = [
    Guest { function: "RustHttp", path: "/rust", tools: &[] },
    Guest { function: "PythonHttp", path: "/python", tools: &[COMPONENTIZE_PY] },
    Guest { function: "JavaScriptHttp", path: "/javascript", tools: &[NPM] },
];

/// The world `samovar:function`.
const EVENTS: [Guest; 4] = [
    Guest { function: "RustEvent", path: "", tools: &[] },
    Guest { function: "PythonEvent", path: "", tools: &[COMPONENTIZE_PY] },
    Guest { function: "JavaScriptEvent", path: "", tools: &[NPM] },
    Guest { function: "CEvent", path: "", tools: &[ZIG, WIT_BINDGEN, NPM] },
];

/// `wasi:cli/run`, and core modules that are commands.
const COMMANDS: [Guest; 3] = [
    Guest { function: "RustCommand", path: "", tools: &[] },
    Guest { function: "CCommand", path: "", tools: &[ZIG] },
    Guest { function: "GoCommand", path: "", tools: &[GO] },
];

pub(crate) fn server() -> Server {
    serve(&root().join("tests/functions/components/template.yaml"))
}

pub(crate) fn trials(server: &Arc<Shared>) -> Vec<Trial> {
    let trial = |guest: Guest, name: &str, test: fn(&Server, Guest)| {
        let shared = server.clone();
        let name = format!("components::{}_{name}", guest.function);
        let test = move || {
            for tool in guest.tools {
                assert!(tool.is_there(), "{}", tool.remedy());
            }
            test(&shared.get(), guest);
        };
        needing(guest.tools, Trial::test(name, move || run(test)))
    };
    let mut trials = Vec::new();
    for guest in EVENTS.into_iter().chain(COMMANDS) {
        trials.push(trial(guest, "answers_events", answers));
        trials.push(trial(guest, "logs", logs));
        trials.push(trial(guest, "tells_its_errors", errors));
        trials.push(trial(guest, "has_memory_size", memory));
        trials.push(trial(guest, "is_fresh_in_parallel", parallel));
    }
    for guest in EVENTS {
        trials.push(trial(guest, "has_the_context", context));
    }
    for guest in HTTP {
        trials.push(trial(guest, "answers_requests", requests));
        trials.push(trial(guest, "answers_events_of_api_gateway", gateway_events));
        trials.push(trial(guest, "tells_its_errors", http_errors));
        trials.push(trial(guest, "is_fresh_in_parallel", parallel_requests));
    }
    // One for each kind of code: an interpreter's, a compiler's, and a core module's.
    for guest in [EVENTS[1], EVENTS[2], COMMANDS[1]] {
        trials.push(trial(guest, "times_out", times_out));
    }
    let page = "components::the_page_of_the_world_has_a_function_in_rust";
    trials.push(Trial::test(page, || run(page_in_rust)));
    trials.push(trial(EVENTS[1], "takes_batches_of_a_queue", batches));
    trials.push(trial(EVENTS[1], "serves_a_route", route));
    trials
}

/// What stands in `runtime/function/wit/README.md`, built and called.
fn page_in_rust() {
    let world = root().join("runtime/function/wit");
    let page = fs::read_to_string(world.join("README.md")).unwrap();
    let block = |language: &str| {
        let (_, rest) = page.split_once(&format!("\n```{language}\n")).unwrap();
        rest.split_once("```\n").unwrap().0.to_owned()
    };
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("hello/Cargo.toml", &block("toml"));
    write("hello/src/main.rs", &block("rust"));
    write("hello/wit/world.wit", &fs::read_to_string(world.join("world.wit")).unwrap());
    // The versions that this repository builds with.
    write("hello/Cargo.lock", &fs::read_to_string(root().join("Cargo.lock")).unwrap());
    let template = "Transform: AWS::Serverless-2016-10-31\n\
        Resources:\n  Hello:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
        CodeUri: hello/\n      Runtime: provided.al2023\n      Handler: hello.wasm\n";
    write("template.yaml", template);
    // The example has a `hello` too, which other tests build.
    let target = folder.path().join("target");
    let variables = [("CARGO_TARGET_DIR", target.as_path())];
    let template = folder.path().join("template.yaml");
    let server = Server::start_with(&template, Ports::free(), None, &[], &variables);
    let event = json!({"tea": ["Зоя", 1, null]});
    assert_eq!(answer(&server, "Hello", &event), event);
}

fn answers(server: &Server, guest: Guest) {
    let event = json!({"do": "answer", "text": "Зоя"});
    let expected = json!({"event": event, "calls": 1, "greeting": "hello"});
    assert_eq!(answer(server, guest.function, &event), expected);
}

/// The end of an invocation's log.
fn log(server: &Server, guest: Guest, event: &Value) -> String {
    let call = lambda(server)
        .invoke()
        .function_name(guest.function)
        .log_type(LogType::Tail)
        .payload(Blob::new(event.to_string()));
    let output = block_on(call.send()).unwrap();
    let log = aws_smithy_types::base64::decode(output.log_result().unwrap()).unwrap();
    String::from_utf8(log).unwrap()
}

fn logs(server: &Server, guest: Guest) {
    let log = log(server, guest, &json!({"do": "log"}));
    let has = |line: &str| log.lines().any(|it| it == line);
    assert!(has("to standard error"), "{log}");
    // A command's standard output is its response.
    let is_command = COMMANDS.iter().any(|command| command.function == guest.function);
    assert_eq!(has("printed: Зоя"), !is_command, "{log}");
    assert!(log.contains("REPORT RequestId: "), "{log}");
}

/// What a caller is told, as far as the language's tool says it.
fn errors(server: &Server, guest: Guest) {
    let error = failure(server, guest.function, &json!({"do": "fail"}));
    let (kind, message) = (error["errorType"].as_str(), error["errorMessage"].as_str().unwrap());
    match guest.function {
        "PythonEvent" => {
            assert_eq!((kind, message), (Some("ValueError"), "asked to fail"));
            let call = error["stackTrace"][0].as_str().unwrap();
            assert!(call.contains("event_app.py\", line "), "{error}");
        }
        "JavaScriptEvent" => assert_eq!((kind, message), (Some("RangeError"), "asked to fail")),
        // `abort` says nothing, and Go much, with its exit status.
        "CEvent" | "CCommand" => exits(&error, ""),
        "GoCommand" => exits(&error, "exit status "),
        _ => exits(&error, "asked to fail"),
    }
    let error = failure(server, guest.function, &json!({"do": "refuse"}));
    if COMMANDS.iter().any(|command| command.function == guest.function) {
        exits(&error, "exit status ");
    } else {
        let expected = json!({"errorType": "OutOfStock", "errorMessage": "no teapots left"});
        assert_eq!(error, expected);
    }
}

#[track_caller]
fn exits(error: &Value, reason: &str) {
    assert_eq!(error["errorType"], "Runtime.ExitError", "{error}");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.contains(&format!("Runtime exited with error: {reason}")), "{message}");
}

/// The template has the default `MemorySize`, 128 MB.
fn memory(server: &Server, guest: Guest) {
    let error = failure(server, guest.function, &json!({"do": "grow", "bytes": 200_000_000}));
    exits(&error, "signal: killed");
}

fn parallel(server: &Server, guest: Guest) {
    at_once(|number| {
        let event = json!({"do": "answer", "number": number});
        let expected = json!({"event": event, "calls": 1, "greeting": "hello"});
        assert_eq!(answer(server, guest.function, &event), expected);
    });
}

/// Makes many calls at once.
fn at_once(call: impl Fn(usize) + Sync) {
    let call = &call;
    thread::scope(|scope| {
        let calls: Vec<_> = (0..PARALLEL).map(|number| scope.spawn(move || call(number))).collect();
        calls.into_iter().for_each(|call| call.join().unwrap());
    });
}

fn context(server: &Server, guest: Guest) {
    let context = answer(server, guest.function, &json!({"do": "context"}));
    assert_eq!(context["function_name"], guest.function);
    assert_eq!(context["memory_limit_mb"], 128);
    assert_eq!(context["request_id"].as_str().unwrap().len(), 36, "{context}");
}

fn times_out(server: &Server, guest: Guest) {
    let error = failure(server, guest.function, &json!({"do": "spin"}));
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.ends_with("Error: Task timed out after 10.00 seconds"), "{message}");
}

/// The language's name in the header that its function sets.
fn language(guest: Guest) -> &'static str {
    &guest.path[1..]
}

fn requests(server: &Server, guest: Guest) {
    let url = server.http(&format!("{}/tea/pots?name=Ada", guest.path));
    let response = request("PUT", &url, &[("x-test", "one")], "Зоя".repeat(50_000).as_bytes());
    assert_eq!(response.status, 201, "{response:?}");
    assert_eq!(response.header("content-type"), "application/json");
    assert_eq!(response.header("x-served-by"), language(guest));
    let mut answer = response.json();
    if guest.function != "JavaScriptHttp" {
        // The world of componentize-js's `fetch` has no variables.
        assert_eq!(answer["greeting"], "hello");
    }
    answer.as_object_mut().unwrap().remove("greeting");
    let expected = json!({
        "method": "PUT",
        "path": format!("{}/tea/pots", guest.path),
        "name": "Ada",
        "header": "one",
        "body": "Зоя".repeat(50_000),
        "calls": 1,
    });
    assert_eq!(answer, expected);
}

/// An event of an HTTP API.
fn event(path: &str) -> Value {
    json!({
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "name=Ada",
        "headers": {"x-test": "one"},
        "body": "Зоя",
        "isBase64Encoded": false,
        "requestContext": {"domainName": "api.example", "http": {"method": "POST"}},
    })
}

fn gateway_events(server: &Server, guest: Guest) {
    let answer = answer(server, guest.function, &event("/tea"));
    assert_eq!(answer["statusCode"], 201);
    assert_eq!(answer["headers"]["x-served-by"], language(guest));
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!((&body["path"], &body["body"]), (&json!("/tea"), &json!("Зоя")));
    let log = log(server, guest, &event("/log"));
    assert!(log.lines().any(|line| line == "printed: Зоя"), "{log}");
}

fn http_errors(server: &Server, guest: Guest) {
    let response = request("GET", &server.http(&format!("{}/fail", guest.path)), &[], b"");
    assert_eq!(response.status, 500);
    if guest.function == "JavaScriptHttp" {
        // The function's own answer: what it does not catch is lost in the engine.
        let document = json!({"errorType": "RangeError", "errorMessage": "asked to fail"});
        assert_eq!(response.json(), document);
        return;
    }
    assert_eq!(response.json(), json!({"message": "Internal Server Error"}));
    let error = failure(server, guest.function, &event("/fail"));
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.ends_with("asked to fail"), "{error}");
    let kind = if guest.function == "PythonHttp" { "ValueError" } else { "Runtime.ExitError" };
    assert_eq!(error["errorType"], kind, "{error}");
}

fn parallel_requests(server: &Server, guest: Guest) {
    at_once(|number| {
        let url = server.http(&format!("{}/{number}", guest.path));
        let answer = request("POST", &url, &[], number.to_string().as_bytes()).json();
        assert_eq!((&answer["calls"], &answer["body"]), (&json!(1), &json!(number.to_string())));
    });
}

/// A batch from a queue, of which one message fails and goes to the dead-letter queue.
fn batches(server: &Server, _: Guest) {
    let client = sqs(server);
    let url = |queue: &str| server.api(&format!("/000000000000/{queue}"));
    for body in ["good", "bad"] {
        let send = client.send_message().queue_url(url("Jobs")).message_body(body);
        block_on(send.send()).unwrap();
    }
    let mut dead = Vec::new();
    eventually("the message that fails is moved", || {
        let receive = client.receive_message().queue_url(url("Failed")).wait_time_seconds(1);
        let received = block_on(receive.send()).unwrap();
        dead.extend(received.messages.unwrap_or_default().into_iter().filter_map(|it| it.body));
        !dead.is_empty()
    });
    assert_eq!(dead, ["bad"]);
    for body in ["good", "bad"] {
        let line = format!("took {body}");
        assert!(server.output().contains(&line), "{line}: {}", server.output());
    }
}

/// An event function behind a route gets the event of the API, and what it returns is the body.
fn route(server: &Server, _: Guest) {
    let response = request("POST", &server.http("/python-event?name=Ada"), &[], b"tea");
    assert_eq!(response.status, 200, "{response:?}");
    let event = &response.json()["event"];
    assert_eq!((&event["rawQueryString"], &event["body"]), (&json!("name=Ada"), &json!("tea")));
}
