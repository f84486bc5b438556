//! A function of the world samovar:function, with the bindings that wit-bindgen makes. It is a
//! binary, so that Samovar builds it with cargo alone.

use std::env;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::exports::samovar::function::handler::{Context, Error, Guest};

wit_bindgen::generate!({
    path: "../../../../../runtime/function/wit",
    world: "function",
});

static CALLS: AtomicU32 = AtomicU32::new(0);

struct Function;

impl Guest for Function {
    fn handle(event: Vec<u8>, context: Context) -> Result<Vec<u8>, Error> {
        let event: Value = serde_json::from_slice(&event)
            .map_err(|error| refused("InvalidEvent", &error.to_string()))?;
        Ok(respond(event, context)?.to_string().into_bytes())
    }
}

fn respond(event: Value, context: Context) -> Result<Value, Error> {
    let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    match event["do"].as_str() {
        Some("log") => {
            println!("printed: Зоя");
            eprintln!("to standard error");
        }
        Some("fail") => panic!("asked to fail"),
        Some("refuse") => return Err(refused("OutOfStock", "no teapots left")),
        Some("spin") => loop {
            std::hint::spin_loop();
        },
        Some("grow") => {
            let bytes = event["bytes"].as_u64().and_then(|bytes| usize::try_from(bytes).ok());
            let bytes = vec![1_u8; bytes.unwrap_or_default()];
            return Ok(std::hint::black_box(&bytes).len().into());
        }
        Some("context") => return Ok(about(context)),
        _ => {}
    }
    Ok(json!({"event": event, "calls": calls, "greeting": env::var("GREETING").ok()}))
}

fn about(context: Context) -> Value {
    json!({
        "request_id": context.request_id,
        "function_name": context.function_name,
        "invoked_function_arn": context.invoked_function_arn,
        "deadline_ms": context.deadline_ms,
        "memory_limit_mb": context.memory_limit_mb,
    })
}

fn refused(error_type: &str, message: &str) -> Error {
    Error { error_type: error_type.to_owned(), message: message.to_owned() }
}

export!(Function);

fn main() {}
