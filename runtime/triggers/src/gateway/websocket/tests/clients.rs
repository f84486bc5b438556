//! Connecting and disconnecting.

use aws_lambda_events::event::apigw::ApiGatewayWebsocketProxyRequest;
use samovar_dispatch::FunctionError;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::stand::{Stand, closed, ok, route};
use crate::testing::NOW_MILLIS;

fn all() -> Vec<samovar_app::WebSocketRoute> {
    ["$connect", "$disconnect", "$default"].map(route).into()
}

/// API Gateway developer guide, "Manage connected users and client apps".
#[tokio::test]
async fn connect_and_disconnect_are_events() {
    let stand = Stand::new(all(), |_| ok()).await;
    let headers = [("User-Agent", "wscat"), ("X-Multi", "1"), ("X-Multi", "2")];
    let (mut client, _) = stand.connect_to("/dev?token=a&token=b", &headers).await.expect("open");
    let event = stand.event("CONNECT").await;
    let (headers, multi) = (&event["headers"], &event["multiValueHeaders"]);
    assert_eq!((&headers["X-Multi"], &multi["X-Multi"]), (&json!("2"), &json!(["1", "2"])));
    assert_eq!(headers["Sec-Websocket-Version"], "13");
    assert_eq!(headers["X-Forwarded-For"], "127.0.0.1");
    assert!(headers.get("Upgrade").is_none() && headers.get("Connection").is_none());
    assert_eq!(event["queryStringParameters"], json!({"token": "b"}));
    assert_eq!(event["multiValueQueryStringParameters"], json!({"token": ["a", "b"]}));
    assert_eq!(event["stageVariables"], json!({"color": "blue"}));
    assert_eq!(event["isBase64Encoded"], false);
    assert!(event.get("body").is_none());
    let context = &event["requestContext"];
    let id = context["connectionId"].as_str().expect("an id");
    assert_eq!((id.len(), id.ends_with('=')), (16, true));
    let request_id = &context["requestId"];
    assert_eq!(
        *context,
        json!({
            "routeKey": "$connect",
            "eventType": "CONNECT",
            "extendedRequestId": request_id,
            "requestTime": "12/Mar/2020:19:03:58 +0000",
            "messageDirection": "IN",
            "stage": "dev",
            "connectedAt": NOW_MILLIS,
            "requestTimeEpoch": NOW_MILLIS,
            "identity": {"userAgent": "wscat", "sourceIp": "127.0.0.1"},
            "requestId": request_id,
            "domainName": format!("127.0.0.1:{}", stand.port),
            "connectionId": id,
            "apiId": "chat000000",
        })
    );
    let typed: ApiGatewayWebsocketProxyRequest = serde_json::from_value(event.clone()).expect("");
    assert_eq!(typed.request_context.connection_id.as_deref(), Some(id));

    let frame = CloseFrame { code: 4001.into(), reason: "enough".into() };
    client.close(Some(frame)).await.expect("closed");
    let event = stand.event("DISCONNECT").await;
    let context = &event["requestContext"];
    assert_eq!(context["routeKey"], "$disconnect");
    assert_eq!(
        (&context["disconnectStatusCode"], &context["disconnectReason"]),
        (&json!(4001), &json!("enough"))
    );
    assert_eq!(context["connectionId"], id);
    assert_ne!(context["requestId"], *request_id);
}

#[tokio::test]
async fn the_end_has_a_code_however_it_comes() {
    let stand = Stand::new(all(), |_| ok()).await;
    stand.connect().await.close(None).await.expect("closed");
    let context = &stand.event("DISCONNECT").await["requestContext"];
    assert_eq!(context["disconnectStatusCode"], 1005);
    assert_eq!(context["disconnectReason"], "Client-side close frame status not set");

    let stand = Stand::new(all(), |_| ok()).await;
    drop(stand.connect().await);
    let context = &stand.event("DISCONNECT").await["requestContext"];
    assert_eq!(context["disconnectStatusCode"], 1006);

    let stand = Stand::new(all(), |_| ok()).await;
    let mut client = stand.connect().await;
    let closing = tokio::spawn(stand.gateway.clone().close_connections(stand.shutdown.clone()));
    stand.shutdown.cancel();
    assert_eq!(closed(&mut client).await, 1001);
    closing.await.expect("closed");
    let context = &stand.event("DISCONNECT").await["requestContext"];
    assert_eq!(context["disconnectStatusCode"], 1001);
}

#[tokio::test]
async fn connect_may_refuse_and_choose_a_protocol() {
    let stand = Stand::new(all(), |event: &Value| {
        Ok(match event["queryStringParameters"]["say"].as_str().unwrap_or_default() {
            "401" => json!({"statusCode": 401, "body": "not you"}),
            "403" => json!({"statusCode": 403}),
            "malformed" => json!({"status": 200}),
            "fail" => return Err(FunctionError::platform("E", "failed")),
            _ => json!({"statusCode": 200, "headers": {"sec-websocket-protocol": "chat"}}),
        })
    })
    .await;
    for (say, status) in [("401", 401), ("403", 403), ("malformed", 502), ("fail", 502)] {
        let refused = stand.connect_to(&format!("/dev?say={say}"), &[]).await;
        let (found, body) = refused.expect_err("refused");
        assert_eq!(found, status, "{say}");
        if status == 502 {
            let body: Value = serde_json::from_str(&body).expect("JSON");
            assert_eq!(body["message"], "Internal server error");
            assert!(body["connectionId"].is_string() && body["requestId"].is_string());
        }
    }
    let protocols = [("Sec-WebSocket-Protocol", "soap, chat")];
    let (_client, headers) = stand.connect_to("/dev", &protocols).await.expect("open");
    assert_eq!(headers["sec-websocket-protocol"], "chat");
    let disconnected = |event: &Value| event["requestContext"]["eventType"] == "DISCONNECT";
    assert!(!stand.events().iter().any(disconnected), "who never connected does not disconnect");
}

/// Setting up `$connect` is optional.
#[tokio::test]
async fn no_route_of_connect_lets_everybody_in() {
    let stand = Stand::new(vec![route("$default")], |_| ok()).await;
    let _client = stand.connect().await;
    // On this host there is nothing else: the stage may be left out.
    assert!(stand.connect_to("/", &[]).await.is_ok());
    let refused = stand.connect_to("/prod", &[]).await.expect_err("no such stage");
    assert_eq!(refused.0, 404);
    assert!(stand.events().is_empty());
}
