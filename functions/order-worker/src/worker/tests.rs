use std::sync::{Arc, Mutex};

use aws_sdk_sqs::config::http::{HttpRequest, HttpResponse};
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::{Client, Config};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use serde_json::{Value, json};

use super::*;

/// Receipts that the queue was asked to take, one `Vec` a request.
type Requests = Arc<Mutex<Vec<Vec<Value>>>>;

/// An SQS, below the SDK's client.
#[derive(Clone, Debug)]
struct Sqs {
    status: u16,
    refused: &'static str,
    requests: Requests,
}

impl HttpConnector for Sqs {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        assert_eq!(request.headers().get("x-amz-target"), Some("AmazonSQS.SendMessageBatch"));
        let body = request.body().bytes().expect("a body in memory");
        let body: Value = serde_json::from_slice(body).unwrap();
        let (mut successful, mut failed, mut receipts) = (vec![], vec![], vec![]);
        for entry in body["Entries"].as_array().unwrap() {
            let receipt: Value =
                serde_json::from_str(entry["MessageBody"].as_str().unwrap()).unwrap();
            let id = &entry["Id"];
            if receipt["orderId"] == self.refused {
                failed.push(json!({"Id": id, "Code": "InternalError", "SenderFault": false}));
            } else {
                successful.push(json!({"Id": id, "MessageId": "m", "MD5OfMessageBody": "0"}));
            }
            receipts.push(receipt);
        }
        self.requests.lock().unwrap().push(receipts);
        let answer = json!({"Successful": successful, "Failed": failed}).to_string();
        let status = self.status.try_into().unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, answer.into())))
    }
}

/// A receipt queue that refuses receipts of the order `refused`, and whole requests with a
/// `status` other than 200; and what it was asked.
fn queue(status: u16, refused: &'static str) -> (ReceiptQueue, Requests) {
    let requests = Requests::default();
    let sqs = Sqs { status, refused, requests: Arc::clone(&requests) };
    let http = http_client_fn(move |_, _| SharedHttpConnector::new(sqs.clone()));
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .region(Region::from_static("us-east-1"))
        .retry_config(RetryConfig::disabled())
        .http_client(http)
        .build();
    let url = "http://127.0.0.1:9000/000000000000/Receipts";
    (ReceiptQueue::new(Client::from_conf(config), url.into()), requests)
}

/// An event with one message for each body, with ids `m0`, `m1`, ...
fn event(bodies: &[String]) -> SqsEvent {
    let records: Vec<_> = bodies
        .iter()
        .enumerate()
        .map(|(n, body)| json!({"messageId": format!("m{n}"), "body": body}))
        .collect();
    serde_json::from_value(json!({"Records": records})).unwrap()
}

fn order(id: &str, item: &str) -> String {
    json!({"orderId": id, "item": item, "quantity": 1}).to_string()
}

/// The answer as Lambda reads it: the messages to keep.
fn kept(response: &SqsBatchResponse) -> Vec<String> {
    let response = serde_json::to_value(response).unwrap();
    let failures = response["batchItemFailures"].as_array().unwrap();
    failures.iter().map(|f| f["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_order_gets_a_receipt() {
    let (queue, requests) = queue(200, "");
    let response = handle(&queue, event(&[order("a", "tea"), order("b", "samovar")])).await;
    assert_eq!(kept(&response), [""; 0]);
    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 1, "one request for the batch");
    assert_eq!(
        requests[0],
        [
            json!({"orderId": "a", "item": "tea", "quantity": 1, "totalCents": 450}),
            json!({"orderId": "b", "item": "samovar", "quantity": 1, "totalCents": 24_900}),
        ]
    );
}

#[tokio::test]
async fn poison_and_malformed_messages_fail_alone() {
    let (queue, requests) = queue(200, "");
    let bodies =
        [order("a", "tea"), order("b", "poison"), "tea, please".into(), order("d", "glass")];
    let response = handle(&queue, event(&bodies)).await;
    assert_eq!(kept(&response), ["m1", "m2"]);
    let orders: Vec<_> = requests.lock().unwrap()[0].iter().map(|r| r["orderId"].clone()).collect();
    assert_eq!(orders, ["a", "d"]);
}

#[tokio::test]
async fn a_receipt_that_the_queue_refuses_keeps_its_order() {
    let (queue, _) = queue(200, "b");
    let bodies = [order("poisoned", "poison"), order("b", "tea"), order("c", "tea")];
    let response = handle(&queue, event(&bodies)).await;
    assert_eq!(kept(&response), ["m0", "m1"]);
}

#[tokio::test]
async fn a_refused_request_keeps_all_its_orders() {
    let (queue, requests) = queue(500, "");
    let bodies: Vec<_> = (0..12).map(|n| order(&n.to_string(), "tea")).collect();
    let response = handle(&queue, event(&bodies)).await;
    assert_eq!(kept(&response).len(), 12);
    let sizes: Vec<_> = requests.lock().unwrap().iter().map(Vec::len).collect();
    assert_eq!(sizes, [10, 2], "the second request is tried although the first failed");
}

#[tokio::test]
async fn no_receipt_makes_no_request() {
    let (queue, requests) = queue(200, "");
    let response = handle(&queue, event(&[order("a", "poison")])).await;
    assert_eq!(kept(&response), ["m0"]);
    assert!(requests.lock().unwrap().is_empty());
}
