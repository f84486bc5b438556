//! A served WebSocket API and its clients.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http::Request;
use http_body_util::{BodyExt, Full};
use samovar_app::{Integration, WebSocketApi, WebSocketRoute};
use samovar_dispatch::{Account, Door, FunctionError, Response as Output};
use samovar_http::{Reserved, serve};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::testing::{Fake, Fixed, bytes, dispatcher, function, span};

/// Longer than any of this takes, so that a test that hangs fails instead.
pub(super) const LIMIT: Duration = Duration::from_secs(60);

/// A gateway with the WebSocket API `Chat`, stage `dev`, on a port of its own.
pub(super) struct Stand {
    pub(super) gateway: Gateway,
    pub(super) port: u16,
    pub(super) shutdown: CancellationToken,
    events: Arc<Mutex<Vec<Value>>>,
}

pub(super) type Client = WebSocketStream<TcpStream>;

/// What the function answers to an event.
pub(super) type Answer = Result<Value, FunctionError>;

pub(super) fn route(key: &str) -> WebSocketRoute {
    WebSocketRoute {
        key: key.into(),
        integration: Integration::Function("F".into()),
        timeout: None,
        responds: false,
        span: span(),
    }
}

pub(in crate::gateway::websocket) fn api(routes: Vec<WebSocketRoute>) -> WebSocketApi {
    WebSocketApi {
        logical_id: "Chat".into(),
        name: "chat".into(),
        id: "chat000000".into(),
        stage: "dev".into(),
        stage_variables: [("color".into(), "blue".into())].into(),
        selection: "$request.body.action".into(),
        routes,
        authorizer: None,
        span: span(),
    }
}

impl Stand {
    /// `answer` is what the function of all routes does.
    pub(super) async fn new<F>(routes: Vec<WebSocketRoute>, answer: F) -> Self
    where
        F: Fn(&Value) -> Answer + Send + Sync + 'static,
    {
        Self::of(api(routes), answer).await
    }

    /// The same for an API, whose authorizer is the function too.
    pub(super) async fn of<F>(api: WebSocketApi, answer: F) -> Self
    where
        F: Fn(&Value) -> Answer + Send + Sync + 'static,
    {
        let events: Arc<Mutex<Vec<Value>>> = Arc::default();
        let seen = events.clone();
        let provider = Fake::new(Door::Event, move |_, event| {
            let event: Value = serde_json::from_slice(&bytes(event)).expect("JSON");
            let answer = answer(&event);
            seen.lock().expect("events").push(event);
            (Duration::ZERO, answer.map(|answer| Output::Bytes(answer.to_string().into())))
        });
        let dispatcher = dispatcher();
        let functions = [Arc::new(function("F"))];
        dispatcher.register(functions[0].clone(), provider);
        let clock = Arc::new(Fixed);
        let gateway = Gateway::new(&[], &functions, Account::default(), dispatcher, clock)
            .with_web_sockets(&[api], &functions);
        let reserved = Reserved::new(0).expect("a port");
        let port = reserved.port();
        let shutdown = CancellationToken::new();
        let listeners = reserved.listen().expect("listening");
        let served = gateway.clone();
        let service = move |request, peer| {
            let gateway = served.clone();
            async move { gateway.handle(request, peer).await }
        };
        tokio::spawn(serve(listeners, service, shutdown.clone(), Duration::from_secs(1)));
        Self { gateway, port, shutdown, events }
    }

    pub(super) fn events(&self) -> Vec<Value> {
        self.events.lock().expect("events").clone()
    }

    /// The first event of a type, once there is one.
    pub(super) async fn event(&self, event_type: &str) -> Value {
        let found = async {
            loop {
                let is_it = |event: &Value| event["requestContext"]["eventType"] == event_type;
                if let Some(event) = self.events().into_iter().find(is_it) {
                    return event;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LIMIT, found).await.unwrap_or_else(|_| panic!("no {event_type}"))
    }

    pub(super) async fn tcp(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.expect("connected")
    }

    /// Connects, or gives the status and body of the refusal.
    pub(super) async fn connect_to(
        &self,
        path: &str,
        more: &[(&str, &str)],
    ) -> Result<(Client, http::HeaderMap), (u16, String)> {
        let mut request = Request::get(format!("ws://127.0.0.1:{}{path}", self.port))
            .header("Host", format!("127.0.0.1:{}", self.port))
            .header("Connection", "Upgrade")
            .header("Upgrade", "websocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", generate_key());
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a request");
        match client_async(request, self.tcp().await).await {
            Ok((client, response)) => Ok((client, response.headers().clone())),
            Err(Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                Err((response.status().as_u16(), String::from_utf8(body).expect("text")))
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub(super) async fn connect(&self) -> Client {
        self.connect_to("/dev", &[]).await.expect("connected").0
    }

    /// A call of `@connections`: status, error type and body.
    pub(super) async fn call(
        &self,
        method: &str,
        id: &str,
        body: impl Into<Bytes>,
    ) -> (u16, String, String) {
        let path = format!("/dev/@connections/{}", id.replace('=', "%3D"));
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Full::new(body.into())).expect("a request");
        let (parts, body) = self.gateway.connections().handle(request).await.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        let kind = parts.headers.get("x-amzn-errortype").map(|kind| kind.to_str().expect("text"));
        let body = String::from_utf8(body.to_vec()).expect("text");
        (parts.status.as_u16(), kind.unwrap_or_default().to_owned(), body)
    }

    /// The id of the only connection.
    pub(super) async fn id(&self) -> String {
        let event = self.event("CONNECT").await;
        event["requestContext"]["connectionId"].as_str().expect("an id").to_owned()
    }
}

pub(super) async fn say(client: &mut Client, message: &str) {
    client.send(Message::text(message)).await.expect("sent");
}

/// The next message.
pub(super) async fn hear(client: &mut Client) -> Message {
    let message = timeout(LIMIT, client.next()).await.expect("in time");
    message.expect("open").expect("a message")
}

pub(super) async fn hear_json(client: &mut Client) -> Value {
    serde_json::from_str(hear(client).await.to_text().expect("text")).expect("JSON")
}

/// The code of the close frame that comes next, past all messages.
pub(super) async fn closed(client: &mut Client) -> u16 {
    loop {
        if let Message::Close(frame) = hear(client).await {
            return frame.map_or(1005, |frame| frame.code.into());
        }
    }
}

pub(super) fn ok() -> Answer {
    Ok(json!({"statusCode": 200}))
}
