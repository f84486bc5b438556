//! Requests that two readers may understand in two ways, which is how requests are smuggled past
//! a proxy (RFC 9112, section 11.2), and requests that are none: over raw sockets, what is
//! answered and which requests reached the service. Each is followed by a request to `/next`,
//! which may only run where the one before it has a clear end.

use super::*;

const NEXT: &str = "GET /next HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

async fn check(what: &str, request: impl AsRef<[u8]>, answered: &[u16], ran: &[&str]) {
    let server = Server::start();
    let answer = server.ask([request.as_ref(), NEXT.as_bytes()].concat()).await;
    assert_eq!(statuses(&answer), answered, "{what}: {answer}");
    assert_eq!(server.requests(), ran, "{what}");
}

/// A request with these header lines, and a body.
fn post(headers: &str, body: &str) -> String {
    format!("POST /a HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n{body}")
}

/// RFC 9112, section 6.3, rule 3: the coding counts, and the connection ends.
#[tokio::test]
async fn length_and_coding_at_once_end_the_connection() {
    for headers in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
    ] {
        check(headers, post(headers, "0\r\n\r\n"), &[200], &["POST /a"]).await;
    }
}

/// RFC 9112, section 6.3, rule 5.
#[tokio::test]
async fn a_length_that_is_none_is_refused() {
    for length in [
        "Content-Length: 3\r\nContent-Length: 4",
        "Content-Length: 3, 4",
        "Content-Length: 3, 3",
        "Content-Length: +3",
        "Content-Length: -3",
        "Content-Length: 0x3",
        "Content-Length: 3 3",
        "Content-Length:",
        "Content-Length: 99999999999999999999999",
    ] {
        check(length, post(length, "abc"), &[400], &[]).await;
    }
    // What the library counts with has no room for the largest numbers.
    let largest = post("Content-Length: 18446744073709551615", "abc");
    check("the largest", largest, &[431], &[]).await;
    // The same twice is one.
    let same = post("Content-Length: 3\r\nContent-Length: 3", "abc");
    check("the same twice", same, &[200, 200], &["POST /a", "GET /next"]).await;
}

/// RFC 9112, sections 6.1 and 6.3, rule 4; 5.1 and 5.2 of spaces and folded lines.
#[tokio::test]
async fn codings_other_than_chunked_are_refused() {
    for (coding, answered) in [
        ("Transfer-Encoding: identity", 400),
        ("Transfer-Encoding: chunked, identity", 400),
        ("Transfer-Encoding: xchunked", 400),
        ("Transfer-Encoding: \"chunked\"", 400),
        ("Transfer-Encoding:", 400),
        ("Transfer-Encoding : chunked", 400),
        ("Transfer-Encoding\t: chunked", 400),
        ("Transfer-Encoding:\r\n chunked", 400),
        (" Transfer-Encoding: chunked", 400),
        ("Transfer\0-Encoding: chunked", 400),
        ("Transfer-Encoding: \u{b}chunked", 400),
        ("Transfer-Encoding: gzip, chunked", 501),
        ("Transfer-Encoding: chunked, chunked", 501),
        ("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", 501),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 501),
    ] {
        check(coding, post(coding, "0\r\n\r\n"), &[answered], &[]).await;
    }
    let old = "POST /a HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    check("HTTP/1.0", old, &[400], &[]).await;
    let other_case = post("transfer-encoding:  CHUNKED ", "0\r\n\r\n");
    check("case", other_case, &[200, 200], &["POST /a", "GET /next"]).await;
}

/// RFC 9112, section 7.1. The head is good, so the service sees the request, and a body that
/// breaks off.
#[tokio::test]
async fn a_broken_chunk_ends_the_connection() {
    let body = |chunks: &str| post("Transfer-Encoding: chunked", chunks);
    for chunks in [
        "FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n",
        "10000000000000003\r\nabc\r\n0\r\n\r\n",
        "-1\r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "\r\nabc\r\n0\r\n\r\n",
        "3\nabc\n0\n\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nab\r\n0\r\n\r\n",
        "3 3\r\nabc\r\n0\r\n\r\n",
    ] {
        check(chunks, body(chunks), &[400], &["POST /a"]).await;
    }
    for chunks in ["3;a=b\r\nabc\r\n0\r\n\r\n", "003\r\nabc\r\n00\r\n\r\n"] {
        check(chunks, body(chunks), &[200, 200], &["POST /a", "GET /next"]).await;
    }
}

/// RFC 9110, section 6.5: they are no headers, whatever they are called.
#[tokio::test]
async fn trailers_change_nothing() {
    let trailers = "3\r\nabc\r\n0\r\nHost: evil.example\r\nContent-Length: 5\r\n\
                    Transfer-Encoding: chunked\r\n\r\n";
    let request = post("Transfer-Encoding: chunked\r\nTrailer: host", trailers);
    check("trailers", request, &[200, 200], &["POST /a", "GET /next"]).await;
    let endless = format!("0\r\n{}", "X: y\r\n".repeat(100_000));
    let request = post("Transfer-Encoding: chunked", &endless);
    check("many trailers", request, &[400], &["POST /a"]).await;
}

#[tokio::test]
async fn a_body_that_nobody_reads_is_no_request() {
    let inner = "GET /inner HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let length = inner.len();
    let head = "POST /ignore HTTP/1.1\r\nHost: localhost";
    let request = format!("{head}\r\nContent-Length: {length}\r\n\r\n{inner}");
    check("ignored", request, &[200, 200], &["POST /ignore", "GET /next"]).await;
}

/// RFC 9112, section 3.2 and 3.2.2.
#[tokio::test]
async fn a_request_has_one_host_that_is_ours() {
    let get = |target: &str, headers: &str| format!("GET {target} HTTP/1.1\r\n{headers}\r\n");
    for (target, headers, answered) in [
        ("/a", "", 400),
        ("/a", "Host: localhost\r\nHost: localhost\r\n", 400),
        ("/a", "Host: localhost\r\nHost: evil.example\r\n", 400),
        ("/a", "Host: evil.example\r\n", 403),
        ("/a", "Host:\r\n", 403),
        ("/a", "Host: localhost@evil.example\r\n", 403),
        ("/a", "Host: localhost, evil.example\r\n", 403),
        ("http://evil.example/a", "Host: localhost\r\n", 403),
        ("http://localhost/a", "Host: evil.example\r\n", 403),
        ("http://localhost@evil.example/a", "Host: localhost\r\n", 403),
        ("http://localhost/a", "", 400),
    ] {
        check(target, get(target, headers), &[answered], &[]).await;
    }
    let absolute = get("http://localhost/a", "Host: localhost\r\n");
    check("absolute", absolute, &[200, 200], &["GET /a", "GET /next"]).await;
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let host = "Host: localhost\r\n\r\n";
    for garbage in [
        "\u{16}\u{3}\u{1}\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "GET /\r\n\r\n".to_owned(),
        format!("GET / HTTP/0.9\r\n{host}"),
        format!("GET / HTTP/2.0\r\n{host}"),
        format!("GET / HTTP/1.1 x\r\n{host}"),
        format!("GET / x HTTP/1.1\r\n{host}"),
        format!("GET  / HTTP/1.1\r\n{host}"),
        format!("G\0T / HTTP/1.1\r\n{host}"),
        format!("GET /\0 HTTP/1.1\r\n{host}"),
        format!("GET / HTTP/1.1\r\nX: a\0b\r\n{host}"),
        format!("GET / HTTP/1.1\r\nX: a\rb\r\n{host}"),
        format!("GET / HTTP/1.1\r\nX: a\r b\r\n{host}"),
        format!("GET / HTTP/1.1\r\nX\r\n{host}"),
        format!("GET / HTTP/1.1\r\n: x\r\n{host}"),
        format!("GET / HTTP/1.1\r\nX: a\r\n b\r\n{host}"),
    ] {
        check(&garbage, &garbage, &[400], &[]).await;
    }
    check("CONNECT", format!("CONNECT localhost:80 HTTP/1.1\r\n{host}"), &[405], &[]).await;
}

/// RFC 9112, section 2.2 lets a reader take a lone line feed for the end of a line. In heads that
/// is no danger here: whoever reads it otherwise reads one request still, and no body.
#[tokio::test]
async fn a_lone_line_feed_ends_a_line_of_a_head() {
    let request = "GET /a HTTP/1.1\nHost: localhost\n\n";
    check("line feeds", request, &[200, 200], &["GET /a", "GET /next"]).await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let host = "Host: localhost\r\n";
    let many = "X: y\r\n".repeat(300);
    let value = "y".repeat(100_000);
    for (what, request, answered) in [
        ("many", format!("GET / HTTP/1.1\r\n{host}{many}\r\n"), 431),
        ("large", format!("GET / HTTP/1.1\r\n{host}X: {value}\r\n\r\n"), 431),
        ("long", format!("GET /{value} HTTP/1.1\r\n{host}\r\n"), 431),
    ] {
        check(what, request, &[answered], &[]).await;
    }
}

/// RFC 9113, section 3.1 has given up the upgrade from HTTP/1.1: it is ignored.
#[tokio::test]
async fn an_upgrade_to_http_2_is_ignored() {
    let request = "GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n\
                   Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
    check("h2c", request, &[200, 200], &["GET /a", "GET /next"]).await;
    let preface = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    check("preface", preface, &[200], &["GET /a"]).await;
}
