//! Clients that break the rules, vanish, or are many.

use futures_util::SinkExt;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::stand::{LIMIT, Stand, closed, hear, ok, route, say};

fn routes() -> Vec<samovar_app::WebSocketRoute> {
    ["$connect", "$disconnect", "$default"].map(route).into()
}

fn frame(bytes: usize, kind: Data, is_final: bool) -> Message {
    Message::Frame(Frame::message(vec![b'x'; bytes], OpCode::Data(kind), is_final))
}

/// API Gateway developer guide, "Quotas for configuring and running a WebSocket API", and "Binary
/// media types for WebSocket APIs".
#[tokio::test]
async fn what_is_too_large_or_binary_is_disconnected() {
    let kilobytes = 1024;
    let many = |frames: usize| -> Vec<Message> {
        (0..frames)
            .map(|at| {
                let kind = if at == 0 { Data::Text } else { Data::Continue };
                frame(32 * kilobytes, kind, at + 1 == frames)
            })
            .collect()
    };
    for (messages, code) in [
        (vec![frame(32 * kilobytes + 1, Data::Text, true)], 1009),
        (many(5), 1009),
        (vec![Message::binary("x")], 1003),
        (vec![Message::Frame(Frame::message(vec![0xff], OpCode::Data(Data::Text), true))], 1007),
    ] {
        let stand = Stand::new(routes(), |_| ok()).await;
        let mut client = stand.connect().await;
        for message in messages {
            client.send(message).await.expect("sent");
        }
        assert_eq!(closed(&mut client).await, code);
        let context = &stand.event("DISCONNECT").await["requestContext"];
        assert_eq!(context["disconnectStatusCode"], code);
    }
    let stand = Stand::new(routes(), |_| ok()).await;
    let mut client = stand.connect().await;
    for message in many(4) {
        client.send(message).await.expect("sent");
    }
    let body = stand.event("MESSAGE").await["body"].as_str().map(str::len);
    assert_eq!(body, Some(128 * kilobytes), "four frames of the largest size are one message");
}

/// RFC 6455, section 5.1: a client masks its frames.
#[tokio::test]
async fn an_unmasked_frame_is_a_protocol_error() {
    let stand = Stand::new(routes(), |_| ok()).await;
    let mut client = stand.connect().await;
    client.get_mut().write_all(b"\x81\x02hi").await.expect("written");
    assert_eq!(closed(&mut client).await, 1002);
}

/// A frame that announces more than anybody has takes no memory.
#[tokio::test]
async fn a_huge_frame_is_refused_by_its_head() {
    let stand = Stand::new(routes(), |_| ok()).await;
    let mut client = stand.connect().await;
    let head = b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0";
    client.get_mut().write_all(head).await.expect("written");
    assert_eq!(closed(&mut client).await, 1009);
}

#[tokio::test]
async fn pings_are_answered() {
    let stand = Stand::new(routes(), |_| ok()).await;
    let mut client = stand.connect().await;
    client.send(Message::Ping("are you there".into())).await.expect("sent");
    assert_eq!(hear(&mut client).await, Message::Pong("are you there".into()));
    assert_eq!(stand.events().len(), 1, "a ping is no message");
}

/// What a plain request or half a handshake gets.
#[tokio::test]
async fn bad_handshakes_are_refused() {
    let stand = Stand::new(routes(), |_| ok()).await;
    let answer = async |head: &str| {
        let mut tcp: TcpStream = stand.tcp().await;
        let request = format!("GET /dev HTTP/1.1\r\n{head}\r\n\r\n");
        tcp.write_all(request.as_bytes()).await.expect("written");
        let mut answer = vec![0; 1024];
        let read = timeout(LIMIT, tcp.read(&mut answer)).await.expect("in time").expect("read");
        String::from_utf8(answer[..read].to_vec()).expect("text")
    };
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket";
    for (head, status) in [
        ("Host: chat.localhost".to_owned(), "403"),
        (format!("Host: localhost\r\n{upgrade}"), "426"),
        (format!("Host: localhost\r\n{upgrade}\r\nSec-WebSocket-Version: 13"), "400"),
        (format!("Host: evil.example\r\n{upgrade}"), "403"),
        (format!("Host: localhost\r\nOrigin: https://evil.example\r\n{upgrade}"), "403"),
    ] {
        let answer = answer(&head).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}\n{answer}");
    }
    assert!(stand.events().is_empty(), "nobody was connected");
}

/// One client with more messages than are worked on at once, and a thousand clients.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_connections_hold() {
    const CLIENTS: usize = 1000;
    let mut echo = route("$default");
    echo.responds = true;
    let stand = Stand::new(vec![route("$connect"), echo], |event: &Value| {
        Ok(serde_json::json!({"statusCode": 200, "body": event["body"]}))
    })
    .await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(stand.connect().await);
    }
    for (at, client) in clients.iter_mut().enumerate() {
        say(client, &format!("message {at}")).await;
    }
    for (at, client) in clients.iter_mut().enumerate() {
        assert_eq!(hear(client).await, Message::text(format!("message {at}")));
    }
    let id = |event: &Value| event["requestContext"]["connectionId"].clone();
    let ids: std::collections::HashSet<String> =
        stand.events().iter().map(|event| id(event).to_string()).collect();
    assert_eq!(ids.len(), CLIENTS);
    for at in 0..200 {
        say(&mut clients[0], &format!("{at}")).await;
    }
    let mut heard = std::collections::HashSet::new();
    for _ in 0..200 {
        heard.insert(hear(&mut clients[0]).await.to_string());
    }
    assert_eq!(heard.len(), 200);
    drop(clients);
}
