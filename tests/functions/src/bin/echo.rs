//! Answers its event. As API Gateway finds no `statusCode` in it, the caller of a route gets the
//! whole event as JSON; where the event has payload format 1.0, of which nothing is inferred, it
//! is the body of a response. An event that carries a body of `{"respond": ...}` is answered with
//! that value instead, so a test can try any answer, and one with `{"wait": ...}` after so many
//! milliseconds.

use std::time::Duration;

use samovar_function::{Context, Error};
use serde_json::{Value, json};

async fn echo(event: Value, _context: Context) -> Result<Value, Error> {
    let body = event["body"].as_str().and_then(|body| serde_json::from_str::<Value>(body).ok());
    if let Some(Value::Object(mut body)) = body {
        if let Some(wait) = body.get("wait").and_then(Value::as_u64) {
            // There is nothing else to do meanwhile: an environment has one event at a time.
            std::thread::sleep(Duration::from_millis(wait));
        }
        if let Some(respond) = body.get_mut("respond") {
            return Ok(respond.take());
        }
    }
    if event.get("httpMethod").is_some() {
        let headers = json!({"content-type": "application/json"});
        return Ok(json!({"statusCode": 200, "headers": headers, "body": event.to_string()}));
    }
    Ok(event)
}

samovar_function::event!(echo);
