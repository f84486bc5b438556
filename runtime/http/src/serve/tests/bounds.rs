//! Slow clients, silent clients, and too many.

use super::*;

const SHORT: Duration = Duration::from_millis(100);

fn with(limits: Limits) -> Server {
    Server::with(|listeners| listeners.with_limits(limits))
}

#[tokio::test]
async fn connections_without_a_request_end() {
    let server = with(Limits { idle: SHORT, ..Limits::default() });
    let mut idle = server.connect().await;
    idle.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    one(&mut idle).await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nhost: local").await.unwrap();
    // The beginning of what HTTP/2 begins with.
    let mut undecided = server.connect().await;
    undecided.write_all(b"PRI * HT").await.unwrap();
    let mut silent = server.connect().await;
    for connection in [&mut idle, &mut slow, &mut undecided, &mut silent] {
        let said = rest(connection).await;
        assert!(statuses(&said).iter().all(|status| *status == 408), "{said}");
    }
    assert_eq!(server.requests(), ["GET /"]);
}

/// A byte now and then does not help.
#[tokio::test]
async fn a_head_that_drips_ends() {
    let server = with(Limits { idle: SHORT, ..Limits::default() });
    let mut slow = server.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    while slow.write_all(b"x: y\r\n").await.is_ok() {
        tokio::time::sleep(SHORT / 10).await;
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_body_that_pauses_is_given_up() {
    let server = with(Limits { body_pause: SHORT, ..Limits::default() });
    let head = "POST / HTTP/1.1\r\nhost: localhost\r\n";
    for started in ["content-length: 10\r\n\r\n12345", "transfer-encoding: chunked\r\n\r\n5\r\n12"]
    {
        let answer = server.ask(format!("{head}{started}")).await;
        assert_eq!(statuses(&answer), [408], "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_given_up() {
    let server = with(Limits { write_pause: SHORT, ..Limits::default() });
    let mut client = server.connect().await;
    client.write_all(b"GET /endless HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    // Its sockets fill up; the request ends, as the end of the server shows.
    while server.requests().is_empty() {
        tokio::task::yield_now().await;
    }
    server.shutdown.cancel();
    server.done.await.unwrap();
    drop(client);
}

#[tokio::test]
async fn more_connections_wait_for_a_place() {
    let server = with(Limits { connections: 1, ..Limits::default() });
    let mut first = server.connect().await;
    first.write_all(b"GET /first HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    one(&mut first).await;
    let mut second = server.connect().await;
    second.write_all(b"GET /second HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let answer = tokio::time::timeout(SHORT, second.read_u8()).await;
    assert!(answer.is_err(), "{answer:?}");
    assert_eq!(server.requests(), ["GET /first"]);
    drop(first);
    one(&mut second).await;
    assert_eq!(server.requests(), ["GET /first", "GET /second"]);
}

/// One that is served goes on for as long as it takes, and one that is to end does.
#[tokio::test]
async fn a_request_that_takes_long_is_not_idle() {
    let server = with(Limits { idle: SHORT, ..Limits::default() });
    let address = server.address;
    let request = b"GET /slow HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let slow = tokio::spawn(async move { ask(address, request).await });
    server.seen.entered.notified().await;
    tokio::time::sleep(SHORT * 5).await;
    server.seen.leave.notify_one();
    assert_eq!(statuses(&slow.await.unwrap()), [200]);
}

/// What is being made for a client that goes away is dropped, though nothing was written that
/// could have failed.
#[tokio::test]
async fn a_client_that_goes_away_is_noticed() {
    let server = Server::start();
    let mut client = server.connect().await;
    client.write_all(b"GET /waiting HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    server.seen.entered.notified().await;
    drop(client);
    server.seen.leave.notified().await;
}
