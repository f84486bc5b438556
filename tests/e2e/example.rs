//! The example application, as a user would try it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Cursor;
use std::sync::Arc;

use aws_sdk_sqs::types::QueueAttributeName;
use image::{ImageFormat, RgbImage};
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::server::{Server, Shared};
use crate::tools::{
    CARGO_LAMBDA, CFN_LINT, PIP, SAM, block_on, eventually, get, post, request, sqs, succeed,
};
use crate::{against, needing, trial};

pub(crate) fn trials(server: &Arc<Shared>) -> Vec<Trial> {
    vec![
        against(server, "example::health_lists_every_function", health),
        against(server, "example::the_terminal_shows_what_is_served", terminal),
        needing(
            &[CARGO_LAMBDA],
            against(server, "example::cargo_lambda_invokes_without_an_endpoint", cargo_lambda),
        ),
        against(server, "example::one_source_answers_the_same_both_ways", both_builds),
        against(server, "example::function_url_greets", function_url),
        against(server, "example::orders_are_checked", checked_orders),
        against(server, "example::a_hundred_orders_of_which_five_are_poison", hundred_orders),
        against(server, "example::thumbnail_has_the_width_asked_for", thumbnail),
        needing(&[PIP], against(server, "example::words_are_counted_in_python", word_count)),
        needing(&[SAM], trial("example::sam_validates_the_template", sam_validate)),
        needing(&[CFN_LINT], trial("example::cfn_lint_passes_the_template", cfn_lint)),
    ]
}

/// For the end of the run: by then most of the minute that it waits for has gone by.
pub(crate) fn last(server: &Arc<Shared>) -> Trial {
    against(server, "example::heartbeat_logs_a_line_each_minute", heartbeat)
}

fn health(server: &Server) {
    let health = server.health();
    assert_eq!(health["status"], "ready");
    let functions: BTreeMap<_, _> = health["functions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["name"].as_str().unwrap(), (f["kind"].clone(), f["state"].clone())))
        .collect();
    let ready = |kind: &str| (json!(kind), json!("ready"));
    let failed = || (json!("process"), json!("failed"));
    let expected = BTreeMap::from([
        ("Heartbeat", ready("process")),
        ("Hello", ready("wasm")),
        ("HelloNative", ready("process")),
        ("OrderWorker", ready("process")),
        ("OrdersApi", ready("process")),
        ("Thumbnail", ready("wasm")),
        // Where Python is missing, the others are served all the same.
        ("WordCount", if PIP.is_there() { ready("process") } else { failed() }),
    ]);
    assert_eq!(functions, expected);
}

fn terminal(server: &Server) {
    let output = server.output();
    for part in [
        "OrdersApi    process  POST /orders · GET /orders/health",
        "OrderWorker  process  OrdersQueue (batches of 10)",
        "Heartbeat    process  every minute",
        "Hello        wasm     function URL",
        "POST  http://127.0.0.1:3000/orders ",
        "http://hello.localhost:3000/",
        "http://127.0.0.1:9000/000000000000/OrdersQueue",
        "→ OrderWorker, after 3 receives → OrdersDeadLetters",
    ] {
        assert!(output.contains(part), "{part:?} is missing in:\n{output}");
    }
}

fn cargo_lambda(_server: &Server) {
    for function in ["Hello", "HelloNative"] {
        let mut command = CARGO_LAMBDA.command();
        command.args(["lambda", "invoke", function, "--data-ascii", r#"{"name":"Ada"}"#]);
        let answer: Value = serde_json::from_str(&succeed(&mut command)).unwrap();
        assert_eq!(answer, json!({"message": "Hello, Ada!"}), "{function}");
    }
}

fn both_builds(server: &Server) {
    for event in [json!({"name": "Ada"}), json!({}), json!({"name": "Зоя"})] {
        let wasm = crate::tools::answer(server, "Hello", &event);
        let native = crate::tools::answer(server, "HelloNative", &event);
        assert_eq!(wasm, native);
    }
    let bad = json!({"name": 7});
    let wasm = crate::tools::failure(server, "Hello", &bad);
    let native = crate::tools::failure(server, "HelloNative", &bad);
    assert_eq!(wasm["errorType"], native["errorType"], "{wasm} and {native}");
    assert_eq!(wasm["errorMessage"], native["errorMessage"]);
}

fn function_url(server: &Server) {
    let host = [("host", "hello.localhost:3000")];
    let answer = request("GET", &server.http("/?name=Ada"), &host, b"");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.json(), json!({"message": "Hello, Ada!"}));
    let answer = request("POST", &server.http("/"), &host, br#"{"name":"Ada"}"#);
    assert_eq!(answer.json(), json!({"message": "Hello, Ada!"}));
}

fn checked_orders(server: &Server) {
    let url = server.http("/orders");
    for (order, field) in [
        (r#"{"item": "", "quantity": 1}"#, "item"),
        (r#"{"item": "tea"}"#, "quantity"),
        (r#"{"item": "tea", "quantity": 0}"#, "quantity"),
        (r#"{"item": "tea", "quantity": 1001}"#, "quantity"),
        (r#"{"item": 7, "quantity": 1}"#, "item"),
    ] {
        let answer = post(&url, order);
        assert_eq!(answer.status, 422, "{order}: {}", answer.text());
        assert!(answer.json().to_string().contains(field), "{order}: {}", answer.text());
    }
    let malformed = post(&url, "{");
    assert!((400..500).contains(&malformed.status), "{malformed:?}");
    assert!(malformed.json().is_object());
    assert_eq!(get(&server.http("/orders/health")).status, 200);
    let nowhere = get(&server.http("/nowhere"));
    assert_eq!((nowhere.status, nowhere.json()), (404, json!({"message": "Not Found"})));
}

/// 100 orders of which 5 are poison: 95 receipts exactly, 5 dead letters, nothing else.
fn hundred_orders(server: &Server) {
    let client = sqs(server);
    let url = |queue: &str| server.api(&format!("/000000000000/{queue}"));
    let placed: Vec<(String, String)> = (0..100)
        .map(|number| {
            let item = if number % 20 == 7 { "poison" } else { "tea" };
            let order = json!({"item": item, "quantity": number % 9 + 1}).to_string();
            let answer = post(&server.http("/orders"), &order);
            assert_eq!(answer.status, 202, "{}", answer.text());
            (answer.json()["orderId"].as_str().unwrap().to_owned(), item.to_owned())
        })
        .collect();
    let ids = |item: &str| -> BTreeSet<String> {
        placed.iter().filter(|(_, of)| of == item).map(|(id, _)| id.clone()).collect()
    };

    let mut receipts = Vec::new();
    eventually("95 receipts", || {
        receipts.extend(drain(&client, &url("ReceiptsQueue")));
        receipts.len() >= 95
    });
    let mut dead = Vec::new();
    eventually("5 dead letters", || {
        dead.extend(drain(&client, &url("OrdersDeadLetters")));
        dead.len() >= 5
    });
    eventually("an empty queue", || counts(&client, &url("OrdersQueue")) == [0, 0]);
    receipts.extend(drain(&client, &url("ReceiptsQueue")));

    let of = |bodies: &[Value]| -> BTreeSet<String> {
        bodies.iter().map(|body| body["orderId"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(receipts.len(), 95);
    assert_eq!(of(&receipts), ids("tea"));
    assert_eq!(dead.len(), 5);
    assert_eq!(of(&dead), ids("poison"));
    for receipt in &receipts {
        assert_eq!(receipt["item"], "tea");
        assert!(receipt["totalCents"].as_u64().unwrap() > 0, "{receipt}");
    }
}

/// Takes what is in a queue, bodies only.
fn drain(client: &aws_sdk_sqs::Client, url: &str) -> Vec<Value> {
    let mut bodies = Vec::new();
    block_on(async {
        loop {
            let receive = client.receive_message().queue_url(url).max_number_of_messages(10);
            let messages = receive.send().await.unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                return;
            }
            for message in messages {
                bodies.push(serde_json::from_str(message.body().unwrap()).unwrap());
                let handle = message.receipt_handle().unwrap();
                let delete = client.delete_message().queue_url(url).receipt_handle(handle);
                delete.send().await.unwrap();
            }
        }
    });
    bodies
}

/// Messages that wait, and messages in flight.
fn counts(client: &aws_sdk_sqs::Client, url: &str) -> [u64; 2] {
    let names = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    ];
    let get = client.get_queue_attributes().queue_url(url).attribute_names(QueueAttributeName::All);
    let attributes = block_on(get.send()).unwrap().attributes.unwrap();
    names.map(|name| attributes[&name].parse().unwrap())
}

fn thumbnail(server: &Server) {
    let mut picture = RgbImage::new(640, 480);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        pixel.0 = [(x % 256) as u8, (y % 256) as u8, 128];
    }
    for format in [ImageFormat::Png, ImageFormat::Jpeg] {
        let mut bytes = Vec::new();
        picture.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        let headers = [("content-type", format.to_mime_type())];
        let answer = request("POST", &server.http("/thumbnail?width=96"), &headers, &bytes);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.header("content-type"), "image/png");
        let small = image::load_from_memory_with_format(&answer.body, ImageFormat::Png).unwrap();
        assert_eq!((small.width(), small.height()), (96, 72));
    }
    let bad = request("POST", &server.http("/thumbnail?width=0"), &[], b"x");
    assert_eq!(bad.status, 400, "{bad:?}");
    let bad = request("POST", &server.http("/thumbnail?width=96"), &[], b"not a picture");
    assert!((400..500).contains(&bad.status), "{bad:?}");
}

/// The function logs one JSON line; the terminal shows it, and the invocation's line with the rule.
fn heartbeat(server: &Server) {
    let logged = || {
        let output = server.output();
        let mut lines = output.lines().filter(|line| line.contains("Heartbeat"));
        lines.find_map(|line| Some(line.split_once("│ ")?.1.to_owned()))
    };
    eventually("a line of Heartbeat", || logged().is_some());
    let line: Value = serde_json::from_str(&logged().unwrap()).unwrap();
    assert!(line.is_object(), "{line}");
    eventually("its invocation's line", || {
        server.output().lines().any(|l| l.contains("Heartbeat") && l.contains("schedule "))
    });
}

fn word_count(server: &Server) {
    let answer = post(&server.http("/wordcount"), "Tea, tea and more TEA. It's tea!");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/json");
    let expected = json!({
        "words": 7,
        "distinct": 4,
        "mostFrequent": {"tea": 4, "and": 1, "more": 1},
    });
    assert_eq!(answer.json(), expected);
    assert_eq!(post(&server.http("/wordcount"), "").json()["words"], 0);
}

fn sam_validate() {
    succeed(SAM.command().args(["validate", "--lint", "--template", "template.yaml"]));
}

fn cfn_lint() {
    succeed(CFN_LINT.command().arg("template.yaml"));
}
