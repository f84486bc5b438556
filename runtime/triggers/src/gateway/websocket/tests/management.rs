//! `@connections`.

use bytes::Bytes;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::stand::{Stand, closed, hear, ok, route};

#[tokio::test]
async fn clients_are_sent_to_asked_for_and_disconnected() {
    let routes = ["$connect", "$disconnect", "$default"].map(route).into();
    let stand = Stand::new(routes, |_| ok()).await;
    let mut client = stand.connect().await;
    let id = stand.id().await;
    assert_eq!(stand.call("POST", &id, "hello").await, (200, String::new(), String::new()));
    assert_eq!(hear(&mut client).await, Message::text("hello"));
    assert_eq!(stand.call("POST", &id, vec![0xff, 0]).await.0, 200);
    assert_eq!(hear(&mut client).await, Message::binary(vec![0xff, 0]));

    let (status, _, about) = stand.call("GET", &id, "").await;
    let about: Value = serde_json::from_str(&about).expect("JSON");
    assert_eq!((status, &about["connectedAt"]), (200, &"2020-03-12T19:03:58.390Z".into()));
    assert_eq!(about["identity"]["sourceIp"], "127.0.0.1");

    // What was accepted before the end still arrives.
    stand.call("POST", &id, "bye").await;
    assert_eq!(stand.call("DELETE", &id, "").await.0, 204);
    assert_eq!(hear(&mut client).await, Message::text("bye"));
    assert_eq!(closed(&mut client).await, 1000);
    drop(client);
    let context = &stand.event("DISCONNECT").await["requestContext"];
    assert_eq!(context["disconnectReason"], "Connection Closed Normally");
    for method in ["POST", "GET", "DELETE"] {
        let (status, kind, _) = stand.call(method, &id, "late").await;
        assert_eq!((status, kind.as_str()), (410, "GoneException"), "{method}");
    }
}

#[tokio::test]
async fn messages_have_a_limit() {
    let stand = Stand::new(vec![route("$connect")], |_| ok()).await;
    let mut client = stand.connect().await;
    let id = stand.id().await;
    let (status, kind, _) = stand.call("POST", &id, vec![b'x'; 128 * 1024 + 1]).await;
    assert_eq!((status, kind.as_str()), (413, "PayloadTooLargeException"));
    assert_eq!(stand.call("POST", &id, vec![b'x'; 128 * 1024]).await.0, 200);
    assert_eq!(hear(&mut client).await.len(), 128 * 1024);
}

/// A client that does not read fills its own buffer, and nobody else's.
#[tokio::test]
async fn slow_clients_are_bounded_and_harm_nobody() {
    let stand = Stand::new(vec![route("$connect")], |_| ok()).await;
    let slow = stand.connect().await;
    let id = stand.id().await;
    let large = Bytes::from(vec![b'x'; 100 * 1024]);
    let mut accepted = 0;
    let refused = loop {
        let (status, kind, _) = stand.call("POST", &id, large.clone()).await;
        if status != 200 {
            break (status, kind);
        }
        accepted += 1;
        // The system's own buffers take some.
        assert!(accepted < 1000, "nothing is bounded");
    };
    assert_eq!(refused, (429, "LimitExceededException".to_owned()));
    let mut quick = stand.connect().await;
    let of_quick = stand.events()[1]["requestContext"]["connectionId"].clone();
    assert_eq!(stand.call("POST", of_quick.as_str().expect("an id"), "hello").await.0, 200);
    assert_eq!(hear(&mut quick).await, Message::text("hello"));
    drop(slow);
    let gone = async {
        while stand.call("GET", &id, "").await.0 != 410 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(super::stand::LIMIT, gone).await.expect("the slow one is gone");
}
