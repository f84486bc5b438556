use std::collections::HashSet;
use std::net::Ipv4Addr;
use std::sync::{Mutex, PoisonError};
use std::thread::ThreadId;

use http::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

use super::*;
use crate::limits::Limits;
use crate::listen::Reserved;
use crate::{BodyError, full, read_body};

mod bounds;
mod malformed;
mod protocols;
mod silent;

/// A server that says what it was asked.
struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    seen: Arc<Seen>,
    done: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    /// Method and target of each request that reached the service.
    requests: Mutex<Vec<String>>,
    entered: Notify,
    leave: Notify,
    /// Those that have answered.
    threads: Mutex<HashSet<ThreadId>>,
}

impl Server {
    fn start() -> Self {
        Self::with(|listeners| listeners)
    }

    fn with(settings: impl FnOnce(Listeners) -> Listeners) -> Self {
        let listeners = settings(Reserved::new(0).unwrap().listen().unwrap());
        let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), listeners.port());
        let shutdown = CancellationToken::new();
        let seen = Arc::<Seen>::default();
        let service = {
            let seen = Arc::clone(&seen);
            move |request, _peer: SocketAddr| answer(request, Arc::clone(&seen))
        };
        let serving = serve(listeners, service, shutdown.clone(), Duration::from_secs(30));
        Self { address, shutdown, seen, done: tokio::spawn(serving) }
    }

    fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// All that comes back on a connection of its own, until the server ends it.
    async fn ask(&self, request: impl AsRef<[u8]>) -> String {
        ask(self.address, request.as_ref()).await
    }
}

/// Answers with the body of the request; `/slow` only when it may leave, `/endless` for ever,
/// `/ignore` without having read a body.
async fn answer(request: Request<RequestBody>, seen: Arc<Seen>) -> Response<Body> {
    let scheme = request.extensions().get::<Scheme>().cloned().unwrap();
    let target = format!("{} {}", request.method(), request.uri().path());
    seen.requests.lock().unwrap_or_else(PoisonError::into_inner).push(target);
    let thread = std::thread::current().id();
    seen.threads.lock().unwrap_or_else(PoisonError::into_inner).insert(thread);
    let mut response = match request.uri().path() {
        "/ignore" => Response::new(full("ok")),
        "/endless" => Response::new(Body::new(Endless)),
        "/waiting" => Response::new(Body::new(Waiting(seen))),
        path => {
            if path == "/slow" {
                seen.entered.notify_one();
                seen.leave.notified().await;
            }
            let limit = if path == "/small" { 10 } else { 1 << 20 };
            let (status, body) = match read_body(request.into_body(), limit).await {
                Ok(body) if body.is_empty() => (StatusCode::OK, "ok".into()),
                Ok(body) => (StatusCode::OK, body),
                Err(BodyError::TooLarge) => (StatusCode::PAYLOAD_TOO_LARGE, "too large".into()),
                Err(BodyError::TooSlow) => (StatusCode::REQUEST_TIMEOUT, "too slow".into()),
                Err(BodyError::Broken) => (StatusCode::BAD_REQUEST, "broken".into()),
            };
            let mut response = Response::new(full(body));
            *response.status_mut() = status;
            response
        }
    };
    response.headers_mut().insert("x-scheme", scheme.as_str().parse().unwrap());
    response
}

/// A body that never ends.
struct Endless;

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, BoxError>>> {
        let frame = hyper::body::Frame::data(Bytes::from_static(&[b'x'; 16 << 10]));
        std::task::Poll::Ready(Some(Ok(frame)))
    }
}

/// A body that is never there. It says when it is looked for, and when nobody waits any more.
struct Waiting(Arc<Seen>);

impl hyper::body::Body for Waiting {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, BoxError>>> {
        self.0.entered.notify_one();
        std::task::Poll::Pending
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.leave.notify_one();
    }
}

async fn ask(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    rest(&mut stream).await
}

/// All that still comes. A connection that is reset has said all, too.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// An answer of known length, which leaves the connection open.
async fn one(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"ok") {
        answer.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(answer).unwrap()
}

/// The status codes of answers one after the other.
fn statuses(answers: &str) -> Vec<u16> {
    let lines = answers.match_indices("HTTP/1.1 ").map(|(at, line)| &answers[at + line.len()..]);
    lines.filter_map(|rest| rest.get(..3)?.parse().ok()).collect()
}

#[tokio::test]
async fn a_foreign_host_never_reaches_the_service() {
    let server = Server::start();
    let close = "connection: close\r\n\r\n";
    let local = server.ask(format!("GET / HTTP/1.1\r\nhost: localhost\r\n{close}")).await;
    assert!(local.starts_with("HTTP/1.1 200 OK"), "{local}");
    let foreign = server.ask(format!("GET / HTTP/1.1\r\nhost: evil\"\r\n{close}")).await;
    assert!(foreign.starts_with("HTTP/1.1 403 Forbidden"), "{foreign}");
    assert_eq!(server.requests(), ["GET /"]);
}

#[tokio::test]
async fn shutdown_lets_requests_in_flight_end_and_idle_connections_at_once() {
    ends_in_order(Server::start()).await;
}

#[tokio::test]
async fn threads_of_its_own_end_in_the_same_order() {
    let server = Server::with(|listeners| listeners.with_threads(Threads::start().unwrap()));
    ends_in_order(server).await;
}

#[tokio::test]
async fn a_connection_goes_to_the_thread_that_has_fewest() {
    let threads = Threads::start().unwrap();
    let server = Server::with(|listeners| listeners.with_threads(threads));
    let served = || server.seen.threads.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let count = std::thread::available_parallelism().unwrap().get();
    let mut open = Vec::new();
    for _ in 0..count {
        let mut connection = server.connect().await;
        connection.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        assert!(one(&mut connection).await.starts_with("HTTP/1.1 200"));
        open.push(connection);
    }
    assert_eq!(served().len(), count, "those that are there at once share the threads");
    assert!(!served().contains(&std::thread::current().id()));
}

#[tokio::test]
async fn connections_one_after_the_other_go_to_one_thread() {
    let threads = Threads::start().unwrap();
    let (scheduler, seat) = threads.least();
    let first = scheduler.id();
    for _ in 0..8 {
        drop(threads.least());
    }
    let all = std::thread::available_parallelism().unwrap().get();
    let seats: Vec<_> = (1..all).map(|_| threads.least()).collect();
    assert!(seats.iter().all(|(scheduler, _)| scheduler.id() != first), "it has one already");
    drop((seat, seats));
    for _ in 0..8 {
        assert_eq!(threads.least().0.id(), first);
    }
}

async fn ends_in_order(server: Server) {
    let (mut idle, mut silent) = (server.connect().await, server.connect().await);
    idle.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert!(one(&mut idle).await.starts_with("HTTP/1.1 200"));
    let address = server.address;
    let request = b"GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let slow = tokio::spawn(async move { ask(address, request).await });
    server.seen.entered.notified().await;
    server.shutdown.cancel();
    assert_eq!((rest(&mut idle).await, rest(&mut silent).await), (String::new(), String::new()));
    // New clients are refused while the old one is served.
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    server.seen.leave.notify_one();
    assert!(slow.await.unwrap().ends_with("ok"));
    server.done.await.unwrap();
}

/// With its length announced, and without.
#[tokio::test]
async fn a_client_that_writes_too_much_gets_to_the_answer() {
    let server = Server::start();
    let body = "x".repeat(8 << 20);
    let close = "host: localhost\r\nconnection: close\r\n";
    let length = body.len();
    let announced =
        format!("POST /small HTTP/1.1\r\n{close}content-length: {length}\r\n\r\n{body}");
    let chunked = format!(
        "POST /small HTTP/1.1\r\n{close}transfer-encoding: chunked\r\n\r\n\
         {length:x}\r\n{body}\r\n0\r\n\r\n"
    );
    for request in [announced, chunked] {
        let answer = server.ask(request).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.ends_with("too large"), "{answer}");
    }
}
