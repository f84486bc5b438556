//! What SQS's JSON protocol costs without sockets, and without a disk: requests go through
//! [`Api::handle`] into queues in memory, one after the other.
//!
//! `cargo run --release -p samovar-api --example protocol` prints microseconds a request, the
//! medians of several rounds, beside those of the same work on [`Queues`] itself.

#![expect(clippy::unwrap_used, reason = "a benchmark may end at the first error")]

use std::{path::Path, sync::Arc, time::Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use samovar_api::Api;
use samovar_dispatch::{
    Account, Dispatcher, Limits, LogLine, LogObserver, Observer, Report, SystemClock,
};
use samovar_queue::{Attributes, BatchEntry, Options, Queues, SendMessage};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BODY_BYTES: usize = 256;
const ROUNDS: usize = 11;
const REQUESTS: usize = 2_000;

struct Silent;

impl LogObserver for Silent {
    fn line(&self, _line: &LogLine<'_>) {}
}

impl Observer for Silent {
    fn finished(&self, _report: &Report) {}
}

#[tokio::main]
async fn main() {
    let dispatcher = Dispatcher::new(Limits::default(), Arc::new(SystemClock), Arc::new(Silent));
    let mut times: [Vec<f64>; 6] = Default::default();
    for _ in 0..ROUNDS {
        let options = Options { ephemeral: true, ..Options::default() };
        let queues = Queues::open(Path::new(""), options).unwrap();
        queues.ensure_queue("q", &Attributes::new()).await.unwrap();
        let api = Api::new(Account::default(), dispatcher.clone(), queues.clone());
        let url = queues.url("q");
        let body = "x".repeat(BODY_BYTES);
        let one = json!({"QueueUrl": url, "MessageBody": body}).to_string();
        let entries: Vec<Value> =
            (0..10).map(|n| json!({"Id": n.to_string(), "MessageBody": body})).collect();
        let ten = json!({"QueueUrl": url, "Entries": entries}).to_string();
        let receive = json!({"QueueUrl": url, "MaxNumberOfMessages": 10}).to_string();

        times[0].push(mean(async || drop(act(&api, "SendMessage", &one).await)).await);
        times[1].push(
            mean(async || {
                queues.send_message("q", SendMessage::new(body.clone())).await.unwrap();
            })
            .await,
        );
        times[2].push(mean(async || drop(act(&api, "SendMessageBatch", &ten).await)).await);
        times[3].push(
            mean(async || {
                let entry =
                    |n: usize| BatchEntry::new(n.to_string(), SendMessage::new(body.clone()));
                queues.send_message_batch("q", (0..10).map(entry).collect()).await.unwrap();
            })
            .await,
        );
        let mut deletions = Vec::new();
        times[4].push(
            mean(async || {
                let got: Value =
                    serde_json::from_slice(&act(&api, "ReceiveMessage", &receive).await).unwrap();
                let entries: Vec<Value> = (got["Messages"].as_array().unwrap().iter())
                    .map(|m| json!({"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]}))
                    .collect();
                deletions.push(json!({"QueueUrl": url, "Entries": entries}).to_string());
            })
            .await,
        );
        let mut deletions = deletions.into_iter();
        times[5].push(
            mean(async || {
                drop(act(&api, "DeleteMessageBatch", &deletions.next().unwrap()).await);
            })
            .await,
        );
    }
    let names = [
        "SendMessage",
        "  without the protocol",
        "SendMessageBatch of ten",
        "  without the protocol",
        "ReceiveMessage of ten, and reading it",
        "DeleteMessageBatch of ten",
    ];
    for (name, mut times) in names.into_iter().zip(times) {
        times.sort_by(f64::total_cmp);
        println!("{name}: {:.1} µs", times[ROUNDS / 2]);
    }
}

/// How long it takes on average, in microseconds.
async fn mean(mut work: impl AsyncFnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..REQUESTS {
        work().await;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let requests = REQUESTS as f64;
    start.elapsed().as_secs_f64() * 1e6 / requests
}

async fn act(api: &Api, action: &str, document: &str) -> Bytes {
    let request = Request::post("/")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("AmazonSQS.{action}"))
        .body(Full::new(Bytes::copy_from_slice(document.as_bytes())))
        .unwrap();
    let response = api.handle(request).await;
    assert!(response.status().is_success(), "{action}: {}", response.status());
    response.into_body().collect().await.unwrap().to_bytes()
}
