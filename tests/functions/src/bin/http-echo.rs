//! Answers the request it gets, as JSON: method, URI, headers and body. `/status/N` answers with
//! status N.

use std::collections::BTreeMap;

use samovar_function::http::{HeaderMap, StatusCode};
use samovar_function::{Error, Request, Response};
use serde_json::{Value, json};

async fn echo(request: Request) -> Result<Response, Error> {
    let (head, body) = request.into_parts();
    let status = match head.uri.path().strip_prefix("/status/") {
        Some(status) => status.parse()?,
        None => StatusCode::OK,
    };
    let answer = json!({
        "method": head.method.as_str(),
        "uri": head.uri.to_string(),
        "headers": headers(&head.headers),
        "body": String::from_utf8_lossy(&body.bytes().await?),
    });
    let response = Response::builder().status(status).header("content-type", "application/json");
    Ok(response.header("x-echo", "yes").body(answer.into())?)
}

/// All values of each header, in the order they came.
fn headers(headers: &HeaderMap) -> Value {
    let mut all = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in headers {
        all.entry(name.as_str()).or_default().push(String::from_utf8_lossy(value.as_bytes()));
    }
    json!(all)
}

samovar_function::http!(echo);
