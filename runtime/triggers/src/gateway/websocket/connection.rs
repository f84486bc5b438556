//! One connection: from its upgrade to its end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use http::{Response, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use samovar_dispatch::{Body, Event, Invocation, Source};
use samovar_http::full;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Error, Message};

use super::authorize::authorize;
use super::call::{Failed, call};
use super::event::{Happened, event};
use super::handshake::{self, Upgrade};
use super::registry::{Entered, Handle, Outgoing, Peer};
use super::{Ids, Shared, Socket};
use crate::gateway::headers;
use crate::gateway::ids::extended_request_id;
use crate::gateway::inbound::Inbound;

/// API Gateway's limits (developer guide, "Quotas for configuring and running a WebSocket API").
const MESSAGE_LIMIT: usize = 128 * 1024;
const FRAME_LIMIT: usize = 32 * 1024;
const IDLE_LIMIT: Duration = Duration::from_secs(10 * 60);
const LIFE_LIMIT: Duration = Duration::from_secs(2 * 60 * 60);

/// Messages of one connection that are worked on at once. They begin in the order in which they
/// came; AWS does not promise even that. Of more, the client waits.
const AT_ONCE: usize = 32;

/// How long a client has to take the last frame and to answer it.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How long a client that broke the rules has to be quiet to have said all.
const QUIET: Duration = Duration::from_secs(1);

/// What a connection is made of: a socket, or a pipe in tests.
trait Io: AsyncRead + AsyncWrite + Unpin {}

impl<I: AsyncRead + AsyncWrite + Unpin> Io for I {}

type Sink<I> = SplitSink<WebSocketStream<I>, Message>;

/// Asks `$connect`, and answers the upgrade request. What follows goes on by itself.
pub(super) async fn open(
    shared: &Arc<Shared>,
    socket: &Arc<Socket>,
    inbound: &Inbound,
    upgrade: Upgrade,
    ids: Ids,
) -> Response<Body> {
    let (accept, connection) = match (upgrade.accept, upgrade.connection) {
        (Ok(accept), Some(connection)) => (accept, connection),
        (Err(malformed), _) => return malformed.response(),
        // Only a connection of its own can become one.
        (Ok(_), None) => return handshake::Malformed::Version.response(),
    };
    let mut peer = Peer {
        source_ip: inbound.peer.to_string(),
        user_agent: inbound.user_agent(),
        host: inbound.host.authority.clone(),
        authorizer: None,
        connected_at: shared.clock.now(),
    };
    peer.authorizer = match authorize(shared, socket, inbound, &peer, &ids).await {
        Ok(authorizer) => authorizer,
        Err(refused) => return *refused,
    };
    let protocol = match connect(shared, socket, inbound, &peer, &ids).await {
        Ok(protocol) => protocol,
        Err(refused) => return *refused,
    };
    let Some((entered, outgoing)) = shared.registry.enter(&ids.connection, peer) else {
        return ids.refusal(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
    };
    let (shared, socket) = (shared.clone(), socket.clone());
    shared.tasks.clone().spawn(live(shared, socket, ids, entered, outgoing, connection));
    handshake::switching(accept, protocol)
}

/// The subprotocol that `$connect` chose, or the response that refuses the connection.
async fn connect(
    shared: &Arc<Shared>,
    socket: &Socket,
    inbound: &Inbound,
    peer: &Peer,
    ids: &Ids,
) -> Result<Option<http::HeaderValue>, Box<Response<Body>>> {
    let Some(route) = socket.api.route("$connect") else { return Ok(None) };
    let source = Source::Http { method: "WS".to_owned(), path: route.key.clone() };
    let invocation = Invocation::new(Event::Bytes(Bytes::new()), source);
    let headers = headers::forwarded(inbound, &invocation);
    let happened = Happened::Connect { inbound, headers: &headers };
    let event = event(socket, peer, ids, peer.connected_at, &happened);
    match call(shared, socket, route, event).await {
        Ok(answer) if answer.is_success() => Ok(answer.protocol),
        Ok(answer) => {
            let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
            let mut response = Response::new(full(""));
            *response.status_mut() = status;
            Err(Box::new(response))
        }
        Err(failed) => {
            let (status, message) = failed.words();
            Err(Box::new(ids.refusal(status, message)))
        }
    }
}

/// The connection's life, and `$disconnect`.
async fn live(
    shared: Arc<Shared>,
    socket: Arc<Socket>,
    ids: Ids,
    entered: Entered,
    outgoing: UnboundedReceiver<Outgoing>,
    connection: OnUpgrade,
) {
    let handle = entered.handle.clone();
    let (code, reason) = match connection.await {
        Ok(upgraded) => {
            let served = Served { shared: &shared, socket: &socket, ids: &ids, handle: &handle };
            served.run(framed(TokioIo::new(upgraded)).await, outgoing).await
        }
        Err(_) => abnormal(),
    };
    drop(entered);
    let Some(route) = socket.api.route("$disconnect") else { return };
    let ids = Ids { request: extended_request_id(), ..ids };
    let happened = Happened::Disconnect { code, reason: &reason };
    let event = event(&socket, &handle.peer, &ids, shared.clock.now(), &happened);
    // Best effort, as on AWS: nobody is left to hear how it went.
    let _ = call(&shared, &socket, route, event).await;
}

/// A connection in frames, within API Gateway's limits.
async fn framed<I: Io>(io: I) -> WebSocketStream<I> {
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_LIMIT))
        .max_frame_size(Some(FRAME_LIMIT))
        // Thousands of connections are idle: each has a small buffer.
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0);
    WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await
}

/// The end of a connection: a status code of RFC 6455 section 7.4, and words.
type End = (u16, String);

fn abnormal() -> End {
    (1006, "Connection Closed Abnormally".to_owned())
}

struct Served<'c> {
    shared: &'c Arc<Shared>,
    socket: &'c Socket,
    ids: &'c Ids,
    handle: &'c Arc<Handle>,
}

impl Served<'_> {
    /// Serves messages both ways until the end.
    async fn run<I: Io>(
        &self,
        stream: WebSocketStream<I>,
        outgoing: UnboundedReceiver<Outgoing>,
    ) -> End {
        let (sink, mut incoming) = stream.split();
        let mut writer = pin!(write(sink, outgoing));
        let mut written = None;
        let mut answers = FuturesUnordered::new();
        let ends = Instant::now() + LIFE_LIMIT;
        let mut heard = Instant::now();
        let mut said = self.handle.last_active();
        let end = loop {
            let idle = heard + IDLE_LIMIT;
            tokio::select! {
                message = incoming.next(), if answers.len() < AT_ONCE => {
                    heard = Instant::now();
                    self.handle.touch(self.shared.clock.now());
                    match message {
                        Some(Ok(Message::Text(text))) => answers.push(self.answer(text)),
                        Some(Ok(Message::Binary(_))) => break self.end(1003, "Unsupported data"),
                        Some(Ok(Message::Close(frame))) => break of_client(frame),
                        Some(Ok(_)) => {}
                        Some(Err(error)) => break self.failed(&error),
                        None => break abnormal(),
                    }
                }
                Some(()) = answers.next(), if !answers.is_empty() => {}
                // The last frame is written, or the client went away.
                sink = &mut writer => {
                    written = Some(sink);
                    break self.ended();
                }
                () = self.handle.closing() => break self.ended(),
                () = sleep_until(idle.min(ends)) => {
                    let now = self.handle.last_active();
                    if now != said && Instant::now() < ends {
                        // What went out keeps a connection alive as well.
                        (said, heard) = (now, Instant::now());
                    } else {
                        break self.end(1001, "Going away");
                    }
                }
            }
        };
        drop(answers);
        // Of a client that closed, the library has answered the frame; one that is gone hears
        // nothing.
        self.handle.close(1000, "");
        let last = async {
            match written {
                Some(sink) => sink,
                None => writer.await,
            }
        };
        linger(incoming, last).await;
        end
    }

    /// Ends the connection by Samovar's own wish.
    fn end(&self, code: u16, reason: &'static str) -> End {
        self.handle.close(code, reason);
        self.ended()
    }

    /// Why Samovar ended it, or the client went away.
    fn ended(&self) -> End {
        let closed = self.handle.closed();
        closed.map_or_else(abnormal, |(code, reason)| (code, reason.to_owned()))
    }

    fn failed(&self, error: &Error) -> End {
        match error {
            Error::Capacity(_) => self.end(1009, "Message too big"),
            Error::Utf8(_) => self.end(1007, "Invalid frame payload data"),
            Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => {
                abnormal()
            }
            Error::Protocol(_) => self.end(1002, "Protocol error"),
            _ => abnormal(),
        }
    }

    /// Gives a message to its route, and the client what comes of it.
    async fn answer(&self, text: tungstenite::Utf8Bytes) {
        let ids = Ids { request: extended_request_id(), ..self.ids.clone() };
        let key = self.socket.selection.key(&text);
        let is_of_messages = |key: &&str| !matches!(*key, "$connect" | "$disconnect");
        let route = key.as_deref().filter(is_of_messages);
        let route = route.and_then(|key| self.socket.api.route(key));
        let Some(route) = route.or_else(|| self.socket.api.route("$default")) else {
            return self.tell(ids.words("Forbidden").into()).await;
        };
        let at = self.shared.clock.now();
        let happened = Happened::Message { route_key: &route.key, body: &text };
        let event = event(self.socket, &self.handle.peer, &ids, at, &happened);
        match call(self.shared, self.socket, route, event).await {
            Ok(answer) if route.responds && !answer.body.is_empty() => {
                self.tell(answer.body.into()).await;
            }
            Ok(_) => {}
            Err(failed) => {
                let message = match failed {
                    Failed::Function | Failed::Refused => "Internal server error",
                    Failed::TimedOut => "Endpoint request timed out",
                };
                self.tell(ids.words(message).into()).await;
            }
        }
    }

    /// A client that does not read what it is told has itself to thank.
    async fn tell(&self, message: Bytes) {
        let _ = self.handle.send(message).await;
    }
}

fn of_client(frame: Option<CloseFrame>) -> End {
    match frame {
        Some(frame) => (frame.code.into(), frame.reason.to_string()),
        None => (1005, "Client-side close frame status not set".to_owned()),
    }
}

/// Lets the last frame reach the client: a connection that is closed with data unread is reset, and
/// what it was told is lost.
async fn linger<I: Io>(
    mut incoming: SplitStream<WebSocketStream<I>>,
    last: impl Future<Output = Option<Sink<I>>>,
) {
    let _ = timeout(LAST_WORDS, async move {
        let Some(sink) = last.await else { return };
        loop {
            match incoming.next().await {
                Some(Ok(_)) => {}
                // The client has answered: it waits for the connection's end.
                Some(Err(Error::ConnectionClosed)) | None => return,
                Some(Err(_)) => break,
            }
        }
        // Of a client that broke the rules, whatever it still sends.
        let Ok(mut stream) = sink.reunite(incoming) else { return };
        let mut rest = [0; 4096];
        while let Ok(Ok(1..)) = timeout(QUIET, stream.get_mut().read(&mut rest)).await {}
    })
    .await;
}

/// Writes what goes out, to the last frame. The sink comes back where the client may still answer.
async fn write<I: Io>(
    mut sink: Sink<I>,
    mut outgoing: UnboundedReceiver<Outgoing>,
) -> Option<Sink<I>> {
    while let Some(next) = outgoing.recv().await {
        match next {
            Outgoing::Message(bytes, _room) => {
                // Data that is no text has a frame of its own kind.
                let message = tungstenite::Utf8Bytes::try_from(bytes.clone());
                let message = message.map_or_else(|_| Message::Binary(bytes), Message::Text);
                sink.send(message).await.ok()?;
            }
            Outgoing::Close(code, reason) => {
                let frame = CloseFrame { code: code.into(), reason: reason.into() };
                // After the client's own close frame this only confirms it.
                let _ = sink.send(Message::Close(Some(frame))).await;
                return Some(sink);
            }
        }
    }
    Some(sink)
}

#[cfg(test)]
mod tests;
