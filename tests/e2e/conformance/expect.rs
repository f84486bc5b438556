//! Clients that wait to be asked for their body (RFC 9110, section 10.1.1, `Expect: 100-continue`).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::against;
use crate::server::{Server, Shared};

pub(super) fn trial(server: &Arc<Shared>) -> Trial {
    let name = "conformance::only_a_body_that_will_be_taken_is_asked_for";
    against(server, name, expect)
}

/// Sends a head, and reads the first line of what comes back.
fn begin(server: &Server, host: &str, length: usize) -> (BufReader<TcpStream>, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", server.ports.http)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = format!(
        "POST /items HTTP/1.1\r\nHost: {host}.localhost\r\nContent-Type: text/plain\r\n\
         Content-Length: {length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    (reader, line)
}

fn expect(server: &Server) {
    // The limits: 10 MB of APIs, 6 MB of function URLs.
    for (host, limit) in [("http", 10 << 20), ("rest", 10 << 20), ("url", 6 << 20)] {
        let (_, line) = begin(server, host, limit + 1);
        assert!(line.starts_with("HTTP/1.1 413 "), "{host}: {line}");
        let (mut reader, line) = begin(server, host, 3);
        assert_eq!(line, "HTTP/1.1 100 Continue\r\n", "{host}");
        reader.get_mut().write_all(b"tea").unwrap();
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert!(rest.starts_with("\r\nHTTP/1.1 200 OK\r\n"), "{host}: {rest}");
        assert!(rest.contains("\"body\":\"tea\""), "{host}: {rest}");
    }
}
