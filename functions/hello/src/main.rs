//! Greets by name: a direct invoke gives `{"name": "Ada"}`, a request to the function URL
//! `?name=Ada` or the same JSON as its body.

use std::collections::HashMap;

use samovar_function::{Context, Error};
use serde::{Deserialize, Serialize};

/// What this function reads of an event. A request comes as an event of payload format 2.0
/// (AWS Lambda Developer Guide, "Invoking Lambda function URLs").
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    name: Option<String>,
    #[serde(default)]
    query_string_parameters: HashMap<String, String>,
    body: Option<String>,
}

/// The answer. A function URL sends JSON without a `statusCode` as a 200 of `application/json`.
#[derive(Debug, PartialEq, Serialize)]
struct Reply {
    message: String,
}

async fn greet(event: Event, _context: Context) -> Result<Reply, Error> {
    let name = match event {
        Event { body: Some(body), .. } => serde_json::from_str::<Event>(&body)?.name,
        Event { name: Some(name), .. } => Some(name),
        Event { mut query_string_parameters, .. } => query_string_parameters.remove("name"),
    };
    Ok(Reply { message: format!("Hello, {}!", name.as_deref().unwrap_or("World")) })
}

samovar_function::event!(greet);

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    async fn message(event: Value) -> String {
        let event = serde_json::from_value(event).unwrap();
        greet(event, Context::default()).await.unwrap().message
    }

    #[tokio::test]
    async fn greets_by_name() {
        assert_eq!(message(json!({"name": "Ada"})).await, "Hello, Ada!");
        assert_eq!(message(json!({})).await, "Hello, World!");
    }

    #[tokio::test]
    async fn greets_through_the_function_url() {
        let url = |rest: Value| {
            let mut event = json!({
                "version": "2.0",
                "rawPath": "/",
                "headers": {"host": "hello.lambda-url.us-east-1.on.aws"},
                "requestContext": {"http": {"method": "GET", "path": "/"}},
                "isBase64Encoded": false,
            });
            event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            event
        };
        assert_eq!(message(url(json!({}))).await, "Hello, World!");
        let query = json!({"queryStringParameters": {"name": "Ada"}});
        assert_eq!(message(url(query)).await, "Hello, Ada!");
        let body = json!({"body": r#"{"name": "Grace"}"#});
        assert_eq!(message(url(body)).await, "Hello, Grace!");
    }
}
