//! `kill -9`: no accepted message is lost, no deleted one comes back, and FIFO queues keep their
//! order and what they know of duplicates.
//!
//! `SAMOVAR_CRASH_ROUNDS` says how often `crash::all_holds_whenever_it_is_killed` kills, six times
//! when it is not set. It prints what it counted. The long run is
//!
//! ```text
//! SAMOVAR_CRASH_ROUNDS=100 cargo test -p samovar --test e2e -- crash::all
//! ```

mod client;
mod ledger;
mod rounds;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use aws_sdk_sqs::Client;
use libtest_mimic::Trial;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::server::{Ports, Server, root};
use crate::tools::{block_on, eventually, sqs};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("crash::the_ledger_notices_what_is_wrong", ledger::notices),
        trial("crash::all_holds_whenever_it_is_killed", rounds::rounds),
        trial("crash::kill_9_loses_no_accepted_message", accepted_messages),
        trial("crash::kill_9_loses_no_order_on_its_way_through_a_function", orders),
    ]
}

fn start(template: &str, state: &Path) -> Server {
    Server::start(&root().join(template), Ports::free(), Some(state), &[])
}

/// Sends from eight threads until the server is gone; the bodies that were acknowledged.
fn send_until_gone(
    server: &Server,
    queue: &str,
    body: fn(usize) -> String,
    kill_at: usize,
) -> Vec<String> {
    let acknowledged = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    let url = server.api(&format!("/000000000000/{queue}"));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let client = without_retries(server);
                loop {
                    let body = body(next.fetch_add(1, Ordering::Relaxed));
                    let send = client.send_message().queue_url(&url).message_body(&body);
                    if block_on(send.send()).is_err() {
                        return;
                    }
                    acknowledged.lock().unwrap().push(body);
                }
            });
        }
        eventually("enough messages", || acknowledged.lock().unwrap().len() >= kill_at);
        server.signal(Signal::KILL);
        server.wait();
    });
    acknowledged.into_inner().unwrap()
}

/// A client that tells a dead server at once.
fn without_retries(server: &Server) -> Client {
    let config = sqs(server).config().to_builder();
    let config = config.retry_config(aws_sdk_sqs::config::retry::RetryConfig::disabled());
    Client::from_conf(config.build())
}

/// Everything in a queue, each message once however often it is seen.
fn drain(
    server: &Server,
    queue: &str,
    enough: impl Fn(&BTreeSet<String>) -> bool,
) -> BTreeSet<String> {
    let client = sqs(server);
    let url = server.api(&format!("/000000000000/{queue}"));
    let mut bodies = BTreeSet::new();
    eventually("all messages", || {
        loop {
            let receive = client.receive_message().queue_url(&url).max_number_of_messages(10);
            let messages = block_on(receive.send()).unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            for message in messages {
                let handle = message.receipt_handle().unwrap();
                let delete = client.delete_message().queue_url(&url).receipt_handle(handle);
                block_on(delete.send()).unwrap();
                bodies.insert(message.body.unwrap());
            }
        }
        enough(&bodies)
    });
    bodies
}

fn accepted_messages() {
    let state = tempfile::tempdir().unwrap();
    let mut expected = BTreeSet::new();
    for round in 0..3 {
        let server = start("tests/functions/template.yaml", state.path());
        let body: fn(usize) -> String = match round {
            0 => |number| format!("first {number}"),
            1 => |number| format!("second {number}"),
            _ => |number| format!("third {number}"),
        };
        expected.extend(send_until_gone(&server, "PlainQueue", body, 500));
    }
    let server = start("tests/functions/template.yaml", state.path());
    let found = drain(&server, "PlainQueue", |bodies| bodies.is_superset(&expected));
    let lost: Vec<_> = expected.difference(&found).collect();
    assert!(lost.is_empty(), "{} of {} lost", lost.len(), expected.len());
}

/// Killed in the middle of batches: each accepted order still ends as a receipt. Some may have
/// two (SQS delivers at least once); none has none.
fn orders() {
    let state = tempfile::tempdir().unwrap();
    let order = |number: usize| {
        json!({"orderId": format!("order-{number}"), "item": "tea", "quantity": 1}).to_string()
    };
    let server = start("template.yaml", state.path());
    let sent = send_until_gone(&server, "OrdersQueue", order, 300);
    let id = |body: &String| -> String {
        let body: Value = serde_json::from_str(body).unwrap();
        body["orderId"].as_str().unwrap().to_owned()
    };
    let expected: BTreeSet<String> = sent.iter().map(id).collect();
    drop(server);
    let server = start("template.yaml", state.path());
    let ids = |bodies: &BTreeSet<String>| -> BTreeSet<String> { bodies.iter().map(id).collect() };
    let found = drain(&server, "ReceiptsQueue", |bodies| ids(bodies).is_superset(&expected));
    assert!(ids(&found).is_superset(&expected));
}
