#![expect(clippy::unwrap_used, reason = "a test ends at its first error")]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use http::Request;

use super::*;

/// Answers one request with `response`, and gives back what was asked.
fn server(response: &'static str) -> (u16, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut part = [0; 1024];
        while !request.ends_with(b"tea") {
            let count = stream.read(&mut part).unwrap();
            request.extend_from_slice(&part[..count]);
        }
        stream.write_all(response.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (port, served)
}

#[tokio::test]
async fn a_request_is_sent_and_every_status_is_a_response() {
    let (port, served) = server("HTTP/1.1 418 I'm a teapot\r\ncontent-length: 5\r\n\r\nshort");
    let request = Request::post(format!("http://127.0.0.1:{port}/pot?a=b")).body("tea").unwrap();
    let response = send(request).await.unwrap();
    assert_eq!(response.status(), 418);
    assert_eq!(response.into_body().bytes().await.unwrap(), "short");
    let served = served.join().unwrap();
    assert!(served.starts_with("POST /pot?a=b HTTP/1.1\r\n"), "{served}");
    assert!(served.contains("content-length: 3\r\n"), "{served}");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_an_error() {
    let (port, _) = server("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nshort");
    let request = Request::post(format!("http://127.0.0.1:{port}/")).body("tea").unwrap();
    send(request).await.unwrap().into_body().bytes().await.unwrap_err();
}

#[tokio::test]
async fn errors_name_the_server_and_the_cause_but_no_secret() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let uri = format!("http://user:secret@127.0.0.1:{port}/?token=secret");
    let error = send(Request::get(uri).body(Body::empty()).unwrap()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with(&format!("HTTP request to 127.0.0.1:{port}: ")), "{text}");
    assert!(text.contains("refused") && !text.contains("secret"), "{text}");
    for uri in ["/relative", "ftp://example.com/"] {
        let error = send(Request::get(uri).body("").unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("the URI must be absolute"), "{error}");
    }
}
