//! HTTP/2, `Expect` and HEAD.

use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::*;

type Sender = http2::SendRequest<Body>;

async fn connect(server: &Server) -> (Sender, tokio::task::JoinHandle<hyper::Result<()>>) {
    let stream = TokioIo::new(server.connect().await);
    let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
    (sender, tokio::spawn(connection))
}

async fn get(sender: &mut Sender, uri: &str) -> hyper::Result<StatusCode> {
    let request = Request::get(uri).body(full("")).unwrap();
    Ok(sender.send_request(request).await?.status())
}

/// RFC 9113, section 8.3.1: `:authority` is what `Host` is.
#[tokio::test]
async fn http_2_has_the_same_guard() {
    let server = Server::start();
    let (mut sender, _connection) = connect(&server).await;
    assert_eq!(get(&mut sender, "http://localhost/a").await.unwrap(), 200);
    assert_eq!(get(&mut sender, "http://evil.example/a").await.unwrap(), 403);
    let mut both = Request::get("http://localhost/b").body(full("")).unwrap();
    both.headers_mut().insert("host", "evil.example".parse().unwrap());
    assert_eq!(sender.send_request(both).await.unwrap().status(), 403);
    let mut from = Request::get("http://localhost/c").body(full("")).unwrap();
    from.headers_mut().insert("origin", "https://evil.example".parse().unwrap());
    assert_eq!(sender.send_request(from).await.unwrap().status(), 403);
    assert_eq!(server.requests(), ["GET /a"]);
}

/// RFC 9113, section 6.8: GOAWAY, and streams that were begun end.
#[tokio::test]
async fn shutdown_says_goodbye_to_http_2() {
    let server = Server::start();
    let (mut sender, connection) = connect(&server).await;
    let (_idle, idle_connection) = connect(&server).await;
    get(&mut sender, "http://localhost/a").await.unwrap();
    let mut again = sender.clone();
    let slow = tokio::spawn(async move { get(&mut again, "http://localhost/slow").await });
    server.seen.entered.notified().await;
    server.shutdown.cancel();
    idle_connection.await.unwrap().unwrap();
    // The client has heard of it when it takes no more requests.
    while get(&mut sender, "http://localhost/late").await.is_ok() {}
    server.seen.leave.notify_one();
    assert_eq!(slow.await.unwrap().unwrap(), 200);
    connection.await.unwrap().unwrap();
    server.done.await.unwrap();
}

#[tokio::test]
async fn idle_http_2_ends() {
    let limits = Limits { idle: Duration::from_millis(100), ..Limits::default() };
    let server = Server::with(|listeners| listeners.with_limits(limits));
    let (mut sender, connection) = connect(&server).await;
    assert_eq!(get(&mut sender, "http://localhost/a").await.unwrap(), 200);
    connection.await.unwrap().unwrap();
}

/// RFC 9110, section 10.1.1: the body is asked for when it is wanted.
#[tokio::test]
async fn a_client_that_expects_it_is_told_to_continue() {
    let server = Server::start();
    let mut stream = server.connect().await;
    let head = "POST /a HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
                content-length: 3\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut interim = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut interim).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"abc").await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("abc"), "{answer}");
    // Where nobody reads it, the answer comes without a byte of it.
    let answer = server.ask(head.replace("/a", "/ignore")).await;
    assert_eq!(statuses(&answer), [200], "{answer}");
}

#[tokio::test]
async fn a_head_request_gets_a_length_and_no_body() {
    let server = Server::start();
    let request = "HEAD / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let answer = server.ask(request).await;
    assert!(answer.contains("content-length: 2\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert_eq!(server.requests(), [format!("{} /", Method::HEAD)]);
}
