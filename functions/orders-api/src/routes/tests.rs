use std::sync::{Arc, Mutex};

use aws_sdk_sqs::config::http::{HttpRequest, HttpResponse};
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_sqs::{Client, Config};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use axum::body::Body;
use axum::http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::*;

const QUEUE_URL: &str = "http://127.0.0.1:9000/000000000000/Orders";

/// What SQS was asked: `SendMessage` bodies in JSON.
type Sent = Arc<Mutex<Vec<Value>>>;

/// An SQS that answers the same to every request, below the SDK's client.
#[derive(Clone, Debug)]
struct Sqs {
    status: u16,
    answer: &'static str,
    sent: Sent,
}

impl HttpConnector for Sqs {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        assert_eq!(request.headers().get("x-amz-target"), Some("AmazonSQS.SendMessage"));
        let body = request.body().bytes().expect("a body in memory");
        self.sent.lock().unwrap().push(serde_json::from_slice(body).unwrap());
        let status = self.status.try_into().unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, self.answer.into())))
    }
}

/// The API over such an SQS, and what that was asked.
fn api(status: u16, answer: &'static str) -> (Router, Sent) {
    let sent = Sent::default();
    let sqs = Sqs { status, answer, sent: Arc::clone(&sent) };
    let http = http_client_fn(move |_, _| SharedHttpConnector::new(sqs.clone()));
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .region(Region::from_static("us-east-1"))
        .retry_config(RetryConfig::disabled())
        .http_client(http)
        .build();
    (router(OrderQueue::new(Client::from_conf(config), QUEUE_URL.into())), sent)
}

fn accepting_api() -> (Router, Sent) {
    api(200, r#"{"MessageId": "1", "MD5OfMessageBody": "0"}"#)
}

async fn call(api: Router, method: Method, path: &str, body: &'static str) -> (StatusCode, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .unwrap();
    let response = api.oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn an_order_goes_to_the_queue_under_the_id_that_is_answered() {
    let (api, sent) = accepting_api();
    let (status, answer) =
        call(api, Method::POST, "/orders", r#"{"item":"tea","quantity":3}"#).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let order_id = answer["orderId"].as_str().unwrap();
    assert!(Uuid::try_parse(order_id).is_ok());
    let sent = sent.lock().unwrap();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["QueueUrl"], QUEUE_URL);
    let message: Value = serde_json::from_str(sent[0]["MessageBody"].as_str().unwrap()).unwrap();
    assert_eq!(message, json!({"orderId": order_id, "item": "tea", "quantity": 3}));
}

#[tokio::test]
async fn a_bad_order_is_answered_with_its_field_and_not_sent() {
    let (api, sent) = accepting_api();
    let (status, answer) =
        call(api, Method::POST, "/orders", r#"{"item":"tea","quantity":0}"#).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer["field"], "quantity");
    assert_eq!(answer["error"], "quantity must be a whole number from 1 to 1000");
    assert!(sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_that_is_not_json_is_a_bad_order() {
    let (api, sent) = accepting_api();
    let (status, answer) = call(api, Method::POST, "/orders", "tea, please").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer["error"].as_str().unwrap().starts_with("the body must be JSON"));
    assert!(sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_queue_that_refuses_is_503_without_details() {
    let refusal = r#"{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "secret"}"#;
    let (api, sent) = api(400, refusal);
    let (status, answer) =
        call(api, Method::POST, "/orders", r#"{"item":"tea","quantity":1}"#).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer, json!({"error": "orders cannot be taken now, try again later"}));
    assert_eq!(sent.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn health_asks_nobody() {
    let (api, sent) = api(500, "");
    let (status, answer) = call(api, Method::GET, "/orders/health", "").await;
    assert_eq!((status, answer), (StatusCode::OK, json!({"status": "ok"})));
    assert!(sent.lock().unwrap().is_empty());
}
