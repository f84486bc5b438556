use samovar_dispatch::Limits;
use serde_json::json;

use crate::testing::{Stand, echo, function};

#[tokio::test]
async fn health_lists_functions_and_queues() {
    let stand = Stand::new(Limits::default());
    stand.register("Hello", echo);
    stand.dispatcher.register_failed(function("Broken").into(), "it did not build");
    let create = http::Request::post("/").header("x-amz-target", "AmazonSQS.CreateQueue");
    assert_eq!(stand.send(create, r#"{"QueueName":"orders"}"#).await.status, 200);

    let got = stand.get("/_samovar/health").await;
    assert_eq!((got.status, got.header("content-type")), (200, Some("application/json")));
    assert_eq!(
        got.json(),
        json!({
            "status": "ready",
            "version": env!("CARGO_PKG_VERSION"),
            "functions": [
                {
                    "name": "Broken", "kind": "wasm", "state": "failed",
                    "reason": "it did not build", "idle": 0, "busy": 0,
                },
                {"name": "Hello", "kind": "wasm", "state": "ready", "idle": 0, "busy": 0},
            ],
            "queues": ["orders"],
        })
    );
}

#[tokio::test]
async fn other_paths_say_what_is_here() {
    let got = Stand::new(Limits::default()).get("/orders").await;
    assert_eq!(got.status, 404);
    let message = got.json()["message"].to_string();
    assert!(message.contains("GET /orders") && message.contains("/_samovar/health"), "{message}");
}
