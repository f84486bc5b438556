//! Connections that are silent between their requests: what serves them is made anew.

use hyper_util::rt::TokioIo;

use super::*;

/// Longer than it takes to take it away.
const SILENCE: Duration = Duration::from_millis(500);

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[tokio::test]
async fn a_silent_connection_is_served_again() {
    let server = Server::start();
    let mut client = server.connect().await;
    for _ in 0..3 {
        tokio::time::sleep(SILENCE).await;
        // Less than tells the version, and the rest.
        client.write_all(&GET[..2]).await.unwrap();
        tokio::time::sleep(SILENCE).await;
        client.write_all(&GET[2..]).await.unwrap();
        assert_eq!(statuses(&one(&mut client).await), [200]);
        client.write_all(&[GET, GET].concat()).await.unwrap();
        assert_eq!(statuses(&one(&mut client).await), [200]);
        assert_eq!(statuses(&one(&mut client).await), [200]);
    }
    assert_eq!(server.requests().len(), 9);
    tokio::time::sleep(SILENCE).await;
    server.shutdown.cancel();
    assert_eq!(rest(&mut client).await, "");
    server.done.await.unwrap();
}

/// It is not lost, so that its rest would be taken for a request: the connection ends.
#[tokio::test]
async fn a_part_of_a_next_request_counts() {
    let server = Server::start();
    let mut client = server.connect().await;
    let next = b"GET /next HTTP/1.1\r\nhost: localhost\r\nx: ";
    client.write_all(&[GET, next].concat()).await.unwrap();
    one(&mut client).await;
    tokio::time::sleep(SILENCE).await;
    // The connection may have ended.
    let _ = client.write_all(b"GET /inner HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    client.shutdown().await.unwrap_or_default();
    rest(&mut client).await;
    assert_eq!(server.requests(), ["GET /"]);
}

/// RFC 9112, section 9.3: what is left of a body is no request.
#[tokio::test]
async fn a_body_that_comes_late_is_no_request() {
    for length in ["content-length: 1000", "transfer-encoding: chunked"] {
        let server = Server::start();
        let mut client = server.connect().await;
        let head = format!("POST /ignore HTTP/1.1\r\nhost: localhost\r\n{length}\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        one(&mut client).await;
        tokio::time::sleep(SILENCE).await;
        let _ = client.write_all(GET).await;
        client.shutdown().await.unwrap_or_default();
        rest(&mut client).await;
        assert_eq!(server.requests(), ["POST /ignore"], "{length}");
    }
}

/// A request is not over as long as its answer waits, or the connection is another protocol's.
#[tokio::test]
async fn an_upgraded_connection_is_left_alone() {
    let listeners = Reserved::new(0).unwrap().listen().unwrap();
    let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), listeners.port());
    let echo = |request: Request<RequestBody>, _| async {
        tokio::time::sleep(SILENCE).await;
        tokio::spawn(async move {
            let mut stream = TokioIo::new(hyper::upgrade::on(request).await.unwrap());
            tokio::time::sleep(SILENCE).await;
            let mut bytes = [0; 5];
            stream.read_exact(&mut bytes).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
            stream.shutdown().await.unwrap();
        });
        let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
        let headers = response.header("connection", "upgrade").header("upgrade", "echo");
        headers.body(full("")).unwrap()
    };
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(listeners, echo, stop.clone(), Duration::from_secs(30)));
    let mut client = TcpStream::connect(address).await.unwrap();
    let head = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(SILENCE).await;
    client.write_all(b"hello").await.unwrap();
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 101 ") && answer.ends_with("\r\n\r\nhello"), "{answer}");
    stop.cancel();
    serving.await.unwrap();
}
