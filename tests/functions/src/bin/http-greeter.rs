//! Greets by name, as the example's `hello` does, but takes its request as HTTP: what the benchmark
//! of isolates calls, behind Samovar and behind other hosts of `wasi:http`.

use samovar_function::{Error, Request, Response};
use serde_json::json;

async fn greet(request: Request) -> Result<Response, Error> {
    let query = request.uri().query().unwrap_or_default();
    let name = query.split('&').find_map(|pair| pair.strip_prefix("name=")).unwrap_or("World");
    let answer = json!({"message": format!("Hello, {name}!")}).to_string();
    Ok(Response::builder().header("content-type", "application/json").body(answer.into())?)
}

samovar_function::http!(greet);
