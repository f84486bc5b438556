//! Server-sent events of an axum router: `GET /` tells a first event, waits for a message in the
//! queue at `QUEUE_URL`, and tells a second, or panics for `?panic=true`.

use std::convert::Infallible;

use axum::Router;
use axum::extract::Query;
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use futures_util::stream::{self, Stream, StreamExt};
use samovar_function::http::Request;
use samovar_function::{Error, client, tracing};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    panic: bool,
}

async fn events(Query(wish): Query<Wish>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let second = async move {
        let told = wait().await;
        assert!(!wish.panic, "the samovar boils over");
        told.unwrap_or_else(|error| format!("no message: {error}"))
    };
    let told = stream::iter(["first".to_owned()]).chain(stream::once(second));
    Sse::new(told.map(|text| {
        tracing::info!("telling {text}");
        Ok(Event::default().data(text))
    }))
}

/// Waits for a message, and answers `second`.
async fn wait() -> Result<String, Error> {
    let input = json!({"QueueUrl": std::env::var("QUEUE_URL")?, "WaitTimeSeconds": 20});
    let receive = Request::post(std::env::var("AWS_ENDPOINT_URL")?)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", "AmazonSQS.ReceiveMessage")
        .body(input.to_string())?;
    let answer = client::send(receive).await?.into_body().bytes().await?;
    let answer: serde_json::Value = serde_json::from_slice(&answer)?;
    let receipt = &answer["Messages"][0]["ReceiptHandle"];
    let input = json!({"QueueUrl": std::env::var("QUEUE_URL")?, "ReceiptHandle": receipt});
    let delete = Request::post(std::env::var("AWS_ENDPOINT_URL")?)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", "AmazonSQS.DeleteMessage")
        .body(input.to_string())?;
    match client::send(delete).await?.status().is_success() {
        true => Ok("second".to_owned()),
        false => Err("the queue stayed empty".into()),
    }
}

samovar_function::http!(Router::new().route("/", get(events)));
