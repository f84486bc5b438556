use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

use super::*;
use crate::listen::Reserved;

struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    entered: Arc<Notify>,
    leave: Arc<Notify>,
    done: tokio::task::JoinHandle<()>,
}

/// Answers `ok`; a request to `/slow` only after `leave`.
async fn server() -> Server {
    let listeners = Reserved::new(0).unwrap().listen().unwrap();
    let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), listeners.port());
    let shutdown = CancellationToken::new();
    let (entered, leave) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let service = {
        let (entered, leave) = (entered.clone(), leave.clone());
        move |request: Request<Incoming>, _peer: SocketAddr| {
            let (entered, leave) = (entered.clone(), leave.clone());
            async move {
                if request.uri().path() == "/small" {
                    let read = crate::read_body(request.into_body(), 10).await;
                    let (status, text) = match read {
                        Ok(_) => (StatusCode::OK, "ok"),
                        Err(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too large"),
                    };
                    let mut response = Response::new(crate::full(text));
                    *response.status_mut() = status;
                    return response;
                }
                if request.uri().path() == "/slow" {
                    entered.notify_one();
                    leave.notified().await;
                }
                let body = Full::new(Bytes::from("ok")).map_err(|never| match never {});
                Response::new(body.boxed_unsync())
            }
        }
    };
    let serving = serve(listeners, service, shutdown.clone(), Duration::from_secs(30));
    let done = tokio::spawn(serving);
    Server { address, shutdown, entered, leave, done }
}

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_foreign_host_never_reaches_the_service() {
    let server = server().await;
    let close = "connection: close\r\n\r\n";
    let local = ask(server.address, &format!("GET / HTTP/1.1\r\nhost: localhost\r\n{close}")).await;
    assert!(local.starts_with("HTTP/1.1 200 OK"), "{local}");
    let foreign = ask(server.address, &format!("GET / HTTP/1.1\r\nhost: evil\"\r\n{close}")).await;
    assert!(foreign.starts_with("HTTP/1.1 403 Forbidden"), "{foreign}");
}

#[tokio::test]
async fn shutdown_lets_requests_in_flight_end() {
    let server = server().await;
    let request = "GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let slow = tokio::spawn(ask(server.address, request));
    server.entered.notified().await;
    server.shutdown.cancel();
    // The listener goes first: new clients are refused while the old one is served.
    while TcpStream::connect(server.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    server.leave.notify_one();
    assert!(slow.await.unwrap().ends_with("ok"));
    server.done.await.unwrap();
}

/// With its length announced, and without.
#[tokio::test]
async fn a_client_that_writes_too_much_gets_to_the_answer() {
    let server = server().await;
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
        let answer = ask(server.address, &request).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.ends_with("too large"), "{answer}");
    }
}
