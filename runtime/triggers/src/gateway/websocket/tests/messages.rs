//! Messages: routes, answers, errors.

use samovar_dispatch::FunctionError;
use serde_json::{Value, json};

use super::stand::{Stand, hear, hear_json, ok, route, say};

#[tokio::test]
async fn messages_choose_their_routes() {
    let routes = ["$connect", "$default", "join"].map(route).into();
    let stand = Stand::new(routes, |_| ok()).await;
    let mut client = stand.connect().await;
    let id = stand.id().await;
    let messages = [
        (r#"{"action":"join","room":1}"#, "join"),
        (r#"{"action":"leave"}"#, "$default"),
        (r#"{"action":"$connect"}"#, "$default"),
        ("not JSON", "$default"),
    ];
    for (at, (message, key)) in messages.into_iter().enumerate() {
        say(&mut client, message).await;
        while stand.events().len() < at + 2 {
            tokio::task::yield_now().await;
        }
        let event = &stand.events()[at + 1];
        let context = &event["requestContext"];
        assert_eq!((&context["routeKey"], &event["body"]), (&json!(key), &json!(message)));
        assert_eq!(
            (&context["eventType"], &context["connectionId"]),
            (&json!("MESSAGE"), &json!(id))
        );
        assert!(context["messageId"].is_string());
        assert_eq!(context["messageDirection"], "IN");
        assert!(event.get("headers").is_none());
    }
}

/// The words are AWS's.
#[tokio::test]
async fn no_route_and_failures_are_told() {
    let routes = ["$connect", "fail", "malformed", "silent"].map(route).into();
    let stand = Stand::new(routes, |event: &Value| {
        match event["requestContext"]["routeKey"].as_str().unwrap_or_default() {
            "fail" => Err(FunctionError::platform("E", "failed")),
            "malformed" => Ok(json!(null)),
            _ => ok(),
        }
    })
    .await;
    let mut client = stand.connect().await;
    let id = stand.id().await;
    for (action, message) in [
        ("nowhere", "Forbidden"),
        ("fail", "Internal server error"),
        ("malformed", "Internal server error"),
    ] {
        say(&mut client, &json!({"action": action}).to_string()).await;
        let told = hear_json(&mut client).await;
        assert_eq!((&told["message"], &told["connectionId"]), (&json!(message), &json!(id)));
        assert!(told["requestId"].is_string());
    }
}

/// API Gateway developer guide, "Set up route responses for WebSocket APIs".
#[tokio::test]
async fn answers_go_back_where_the_route_has_a_response() {
    let mut echo = route("echo");
    echo.responds = true;
    let stand = Stand::new(vec![echo, route("silent")], |event: &Value| {
        Ok(json!({"statusCode": 200, "body": event["body"]}))
    })
    .await;
    let mut client = stand.connect().await;
    say(&mut client, r#"{"action":"silent"}"#).await;
    say(&mut client, r#"{"action":"echo","n":1}"#).await;
    assert_eq!(hear(&mut client).await.to_text().expect("text"), r#"{"action":"echo","n":1}"#);
}
