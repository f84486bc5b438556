//! Sends requests, all at once, and answers what comes back: each response's status and body, or
//! the error. The event is a list of `{"uri"}` for `GET`, or `{"action", "input"}` for SQS.

use futures_util::future::join_all;
use samovar_function::http::Request;
use samovar_function::{Body, Context, Error, client, tracing};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(untagged)]
enum Call {
    Get { uri: String },
    Sqs { action: String, input: Value },
}

async fn call(calls: Vec<Call>, _context: Context) -> Result<Value, Error> {
    tracing::info!(calls = calls.len(), "calling");
    Ok(join_all(calls.into_iter().map(answer)).await.into())
}

async fn answer(call: Call) -> Value {
    match send(call).await {
        Ok(answer) => answer,
        Err(error) => json!({"error": error.to_string()}),
    }
}

async fn send(call: Call) -> Result<Value, Error> {
    let request = match call {
        Call::Get { uri } => Request::get(uri).body(Body::empty())?,
        Call::Sqs { action, input } => Request::post(std::env::var("AWS_ENDPOINT_URL")?)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", format!("AmazonSQS.{action}"))
            // Of the connection: not a function's to set.
            .header("connection", "keep-alive")
            .body(input.to_string().into())?,
    };
    let response = client::send(request).await?;
    let status = response.status().as_u16();
    let body = response.into_body().bytes().await?;
    Ok(json!({"status": status, "body": String::from_utf8_lossy(&body)}))
}

samovar_function::event!(call);
