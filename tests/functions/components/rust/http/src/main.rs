//! A function whose events are HTTP requests, on wstd.

use std::env;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use wstd::http::{Body, Error, Request, Response};

static CALLS: AtomicU32 = AtomicU32::new(0);

#[wstd::http_server]
async fn main(request: Request<Body>) -> Result<Response<Body>, Error> {
    let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    let path = request.uri().path().to_owned();
    if path.ends_with("/fail") {
        panic!("asked to fail");
    }
    if path.ends_with("/log") {
        println!("printed: Зоя");
    }
    while path.ends_with("/spin") {
        std::hint::spin_loop();
    }
    let (head, mut body) = request.into_parts();
    let query = head.uri.query().unwrap_or_default();
    let answer = json!({
        "method": head.method.as_str(),
        "path": path,
        "name": query.split('&').find_map(|pair| pair.strip_prefix("name=")),
        "header": head.headers.get("x-test").and_then(|value| value.to_str().ok()),
        "body": body.str_contents().await?,
        "calls": calls,
        "greeting": env::var("GREETING").ok(),
    });
    let response = Response::builder()
        .status(201)
        .header("content-type", "application/json")
        .header("x-served-by", "rust");
    Ok(response.body(answer.to_string().into())?)
}
