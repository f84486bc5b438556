//! A component with `wasi:http/handler` of WASI 0.3. What it does is in the request's path.

#![cfg(target_family = "wasm")]

use std::future::poll_fn;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use wasip3::clocks::monotonic_clock;
use wasip3::http::types::{ErrorCode, Fields, Request, Response};
use wasip3::wit_bindgen::rt::async_support::{StreamReader, StreamWriter};
use wasip3::wit_bindgen::{StreamResult, spawn_local};
use wasip3::{wit_future, wit_stream};

wasip3::http::service::export!(Guest);

struct Guest;

/// Requests to this instance.
static COUNT: AtomicU32 = AtomicU32::new(0);

/// Bytes that are read and written at once.
const CHUNK: usize = 16 << 10;

impl wasip3::exports::http::handler::Guest for Guest {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let count = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
        let target = request.get_path_with_query().unwrap_or_default();
        println!("asked for {target}");
        match target.as_str() {
            "/hello?name=Ada" => Ok(text("Hello, Ada!\n".to_owned())),
            "/count" => Ok(text(count.to_string())),
            "/authority" => Ok(text(request.get_authority().unwrap_or_default())),
            "/headers" => {
                let names = request.get_headers().copy_all().into_iter().map(|(name, _)| name);
                Ok(text(names.collect::<Vec<_>>().join(",")))
            }
            "/length" => {
                let mut body = body_of(request);
                let mut length = 0;
                while let Some(part) = next(&mut body).await {
                    length += part.len();
                }
                Ok(text(length.to_string()))
            }
            "/echo" => {
                let mut body = body_of(request);
                Ok(streamed(async move |mut out| {
                    while let Some(part) = next(&mut body).await {
                        if !out.write_all(part).await.is_empty() {
                            return;
                        }
                    }
                }))
            }
            "/endless" => Ok(streamed(async |mut out| {
                while out.write_all(vec![b'x'; CHUNK]).await.is_empty() {
                    println!("written");
                }
            })),
            "/breaks-off" => Ok(streamed(async |mut out| {
                out.write_all(b"the first part".to_vec()).await;
                panic!("the samovar is empty");
            })),
            // The body stays open, and nobody holds its end.
            "/leaves-open" => Ok(streamed(async |mut out| {
                out.write_all(b"the only part".to_vec()).await;
                std::mem::forget(out);
            })),
            "/fail" => Err(ErrorCode::InternalError(Some("out of tea".to_owned()))),
            "/loop" => Err(ErrorCode::LoopDetected),
            "/panic" => panic!("the samovar boils over"),
            "/exit" => std::process::exit(3),
            "/busy" => loop {
                std::hint::spin_loop();
            },
            "/wait" => {
                monotonic_clock::wait_for(u64::MAX / 2).await;
                Ok(text("it is over".to_owned()))
            }
            "/sleep" => {
                monotonic_clock::wait_for(10_000_000).await;
                Ok(text("slept".to_owned()))
            }
            "/greedy" => {
                let mut all = Vec::new();
                loop {
                    all.push(vec![1_u8; 1 << 20]);
                }
            }
            // Handles, which are the host's memory.
            "/streams" => loop {
                std::mem::forget(wit_stream::new::<u8>());
            },
            // Calls of the host that do not come back.
            "/calls" => {
                let mut calls = Vec::new();
                loop {
                    let mut call = Box::pin(monotonic_clock::wait_for(u64::MAX / 2));
                    poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_pending())).await;
                    calls.push(call);
                }
            }
            "/keeps" => {
                std::mem::forget(vec![1_u8; 4 << 20]);
                Ok(text("kept".to_owned()))
            }
            "/files" => Ok(text(format!("{:?}", std::fs::read("/etc/passwd").is_ok()))),
            _ => Ok(text("?".to_owned())),
        }
    }
}

/// A response that is there at once.
fn text(text: String) -> Response {
    streamed(async move |mut out| {
        out.write_all(text.into_bytes()).await;
    })
}

/// A response whose body is written after it was returned.
fn streamed(write: impl AsyncFnOnce(StreamWriter<u8>) + 'static) -> Response {
    let fields = Fields::new();
    let _ = fields.append("content-type", b"text/plain; charset=utf-8");
    let (out, body) = wit_stream::new();
    let (trailers, no_trailers) = wit_future::new(|| Ok(None));
    drop(trailers);
    let (response, _sent) = Response::new(fields, Some(body), no_trailers);
    spawn_local(async move { write(out).await });
    response
}

fn body_of(request: Request) -> StreamReader<u8> {
    let (result, received) = wit_future::new(|| Ok(()));
    drop(result);
    Request::consume_body(request, received).0
}

/// The next part of a body.
async fn next(body: &mut StreamReader<u8>) -> Option<Vec<u8>> {
    match body.read(Vec::with_capacity(CHUNK)).await {
        (StreamResult::Complete(_), part) => Some(part),
        _ => None,
    }
}
