//! Responses that break HTTP's rules.

use wasip2::http::types::{ErrorCode, Fields, OutgoingBody, OutgoingResponse, ResponseOutparam};

use crate::attack::{number, respond};

pub(crate) fn error(out: ResponseOutparam) {
    let text = "\r\nset-cookie: stolen=1\r\n".to_owned();
    ResponseOutparam::set(out, Err(ErrorCode::InternalError(Some(text))));
}

/// The body of one response, asked for twice.
pub(crate) fn body_twice(out: ResponseOutparam) {
    let response = OutgoingResponse::new(Fields::new());
    let first = response.body().unwrap();
    let second = response.body().is_ok();
    drop(first);
    drop(response);
    respond(out, Fields::new(), format!("a second body: {second}").as_bytes());
}

/// A body that is dropped and not finished.
pub(crate) fn unfinished(out: ResponseOutparam) {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    stream.blocking_write_and_flush(b"half of it").unwrap();
}

/// A body of ten bytes under another content-length.
pub(crate) fn length(out: ResponseOutparam, query: &str) {
    let headers = Fields::new();
    headers.append("content-length", query.as_bytes()).unwrap();
    let response = OutgoingResponse::new(headers);
    let Ok(body) = response.body() else {
        println!("no body under content-length {query}");
        return ResponseOutparam::set(out, Ok(response));
    };
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    let written = stream.blocking_write_and_flush(b"ten bytes!");
    drop(stream);
    let finished = OutgoingBody::finish(body, None);
    println!("written: {}, finished: {}", written.is_ok(), finished.is_ok());
}

pub(crate) fn trap_after(out: ResponseOutparam) {
    respond(out, Fields::new(), b"all is well");
    core::arch::wasm32::unreachable();
}

pub(crate) fn endless(out: ResponseOutparam) {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    while stream.blocking_write_and_flush(&[b'x'; 4096]).is_ok() {}
}

/// As `endless`, and the log tells how far it is.
pub(crate) fn flood(out: ResponseOutparam) {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    let mut written = 0_u32;
    while stream.blocking_write_and_flush(&[b'x'; 4096]).is_ok() {
        written += 1;
        if written.is_multiple_of(256) {
            println!("flooded with {} MB", written / 256);
        }
    }
}

/// Trailers that would be headers.
pub(crate) fn trailers(out: ResponseOutparam) {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    body.write().unwrap().blocking_write_and_flush(b"body").unwrap();
    let trailers = Fields::new();
    let mut refused = Vec::new();
    for name in ["x-after", "transfer-encoding", "content-length", "host", "connection"] {
        if trailers.append(name, b"1").is_err() {
            refused.push(name);
        }
    }
    println!("refused: {}", refused.join(" "));
    let finished = OutgoingBody::finish(body, Some(trailers));
    println!("finished: {}", finished.is_ok());
}

/// As many headers as the host takes.
pub(crate) fn many_headers(out: ResponseOutparam, query: &str) {
    let headers = Fields::new();
    let taken = (0..number(query))
        .take_while(|number| headers.append(&format!("x-{number}"), b"value").is_ok())
        .count();
    println!("headers taken: {taken}");
    respond(out, headers, b"many");
}

/// Headers that end the header, or belong to the connection; which are taken.
pub(crate) fn smuggle(out: ResponseOutparam) {
    let headers = Fields::new();
    let mut taken = Vec::new();
    for (name, value) in [
        ("x-one", &b"a\r\nset-cookie: b=c"[..]),
        ("x-two", b"a\nb"),
        ("x-three", b"a\rb"),
        ("x-four", b"a\0b"),
        ("x-five\r\nset-cookie", b"a"),
        ("x six", b"a"),
        ("x-seven:", b"a"),
        ("", b"a"),
        ("x-\u{e9}", b"a"),
        ("connection", b"x-one"),
        ("keep-alive", b"timeout=1"),
        ("proxy-connection", b"close"),
        ("proxy-authenticate", b"basic"),
        ("transfer-encoding", b"chunked"),
        ("Transfer-Encoding", b"identity, chunked"),
        ("upgrade", b"h2c"),
        ("host", b"elsewhere"),
        ("http2-settings", b"AA"),
        ("te", b"trailers"),
    ] {
        if headers.append(name, value).is_ok() {
            taken.push(name.to_owned());
        }
    }
    respond(out, headers, taken.join(" ").as_bytes());
}

/// The headers in a text, `name: value` a line, those that the host takes.
pub(crate) fn raw_headers(out: ResponseOutparam, text: &str) {
    let headers = Fields::new();
    for (name, value) in text.lines().filter_map(|line| line.split_once(": ")) {
        let taken = headers.append(name, value.as_bytes());
        println!("{name}: {value}: {}", if taken.is_ok() { "taken" } else { "refused" });
    }
    let response = OutgoingResponse::new(headers);
    let Ok(body) = response.body() else {
        println!("no body");
        return ResponseOutparam::set(out, Ok(response));
    };
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    let _ = stream.blocking_write_and_flush(b"HTTP/1.1 200 OK\r\nx-smuggled: 1\r\n\r\n");
    drop(stream);
    let _ = OutgoingBody::finish(body, None);
}

/// A status of any number.
pub(crate) fn status(out: ResponseOutparam, query: &str) {
    let response = OutgoingResponse::new(Fields::new());
    let taken = response.set_status_code(query.parse().unwrap()).is_ok();
    println!("status {query} taken: {taken}");
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let _ = OutgoingBody::finish(body, None);
}
