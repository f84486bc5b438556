//! Greets by name: a direct invoke gives `{"name": "Ada"}`, a request to the function URL
//! `?name=Ada`.

use std::collections::HashMap;

use samovar_function::{Context, Error};
use serde::{Deserialize, Serialize};

/// What this function reads of an event. A function URL sends a query as an event of payload
/// format 2.0.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    name: Option<String>,
    #[serde(default)]
    query_string_parameters: HashMap<String, String>,
}

/// The answer. A function URL sends it as a 200 of `application/json`.
#[derive(Serialize)]
struct Reply {
    message: String,
}

async fn greet(mut event: Event, _context: Context) -> Result<Reply, Error> {
    let name = event
        .name
        .or_else(|| event.query_string_parameters.remove("name"));
    Ok(Reply {
        message: format!("Hello, {}!", name.as_deref().unwrap_or("World")),
    })
}

samovar_function::event!(greet);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn greets_by_name() {
        let event = serde_json::from_str(r#"{"name": "Ada"}"#).unwrap();
        let reply = greet(event, Context::default()).await.unwrap();
        assert_eq!(reply.message, "Hello, Ada!");
    }
}
