//! Answers its event. As API Gateway finds no `statusCode` in it, the caller of a route gets the
//! whole event as JSON. An event that carries a body of `{"respond": ...}` is answered with that
//! value instead, so a test can try any answer.

use samovar_function::{Context, Error};
use serde_json::Value;

async fn echo(event: Value, _context: Context) -> Result<Value, Error> {
    let body = event["body"].as_str().and_then(|body| serde_json::from_str::<Value>(body).ok());
    match body {
        Some(Value::Object(mut body)) if body.contains_key("respond") => Ok(body["respond"].take()),
        _ => Ok(event),
    }
}

samovar_function::event!(echo);
