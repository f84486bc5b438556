//! An axum router as a function, unmodified.
//!
//! The host's tests run it as a component.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Extension, Router};
use http_body::Frame;
use serde_json::json;

fn router() -> Router {
    Router::new()
        .route("/hello", get(hello))
        .route("/headers", get(headers))
        .route("/context", get(context))
        .route("/echo", post(echo))
        .route("/length", post(length))
        .route("/panic", get(panic))
        .route("/breaks-off", get(breaks_off))
        .route("/endless", get(endless))
}

async fn hello(uri: Uri, Query(query): Query<BTreeMap<String, String>>) -> String {
    println!("asked for {}", uri.path());
    format!("Hello, {}!\n", query.get("name").map_or("World", String::as_str))
}

async fn headers(headers: HeaderMap) -> impl IntoResponse {
    let seen = headers.keys().map(|name| name.as_str()).collect::<Vec<_>>().join(" ");
    // What belongs to the connection is not a function's to set.
    ([("connection", "close"), ("x-one", "1"), ("set-cookie", "a=b")], seen)
}

/// Logs, and says what it is told of its invocation.
async fn context(told: Option<Extension<samovar_function::Context>>, headers: HeaderMap) -> String {
    tracing::info!("asked for its context");
    let told = told.map(|Extension(context)| {
        let remaining = context.remaining_time().as_secs();
        let samovar_function::Context { request_id, function_name, memory_limit_mb, .. } = context;
        let arn = context.invoked_function_arn;
        json!([request_id, function_name, memory_limit_mb, arn, context.trace_id, remaining])
    });
    let headers = headers.get_all("x-amzn-lambda-context").iter();
    let headers: Vec<_> = headers.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    json!({"told": told, "headers": headers}).to_string()
}

/// Sends the body back, each part as it comes.
async fn echo(body: Body) -> impl IntoResponse {
    (StatusCode::CREATED, body)
}

async fn length(body: Bytes) -> String {
    body.len().to_string()
}

async fn panic() -> StatusCode {
    panic!("the samovar boils over")
}

/// Fails after the response has begun.
async fn breaks_off() -> Body {
    Body::new(OnePart { sent: false })
}

/// Says how much it has said, for as long as somebody listens.
async fn endless() -> Body {
    Body::new(Endless { parts: 0 })
}

struct Endless {
    parts: usize,
}

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        println!("part {}", self.parts);
        self.parts += 1;
        Poll::Ready(Some(Ok(Frame::data(vec![b'x'; 64 << 10].into()))))
    }
}

struct OnePart {
    sent: bool,
}

impl http_body::Body for OnePart {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        assert!(!self.sent, "the samovar is empty");
        self.sent = true;
        Poll::Ready(Some(Ok(Frame::data("a first part, ".into()))))
    }
}

samovar_function::http!(router());
