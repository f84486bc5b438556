//! Requests to anywhere.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingBody,
    OutgoingRequest, RequestOptions, Scheme,
};

/// Does what each line of a text says, `METHOD SCHEME AUTHORITY PATH [MILLISECONDS]`; answers with
/// a line for each: the status and body, or the error's name.
pub(crate) fn fetch(text: &str) -> String {
    let answers = text.lines().map(|line| told(start(line).and_then(|future| wait(&future))));
    answers.map(|answer| answer + "\n").collect()
}

/// The same, all at one time.
pub(crate) fn at_once(text: &str) -> String {
    let futures: Vec<_> = text.lines().map(start).collect();
    let answers = futures.into_iter().map(|future| told(future.and_then(|future| wait(&future))));
    answers.map(|answer| answer + "\n").collect()
}

/// Sends them, and waits for none.
pub(crate) fn and_leave(text: &str) -> String {
    let futures: Vec<_> = text.lines().map(start).collect();
    // So that they are really sent.
    wasip2::clocks::monotonic_clock::subscribe_duration(200_000_000).block();
    format!("{} sent", futures.iter().filter(|future| future.is_ok()).count())
}

fn start(line: &str) -> Result<FutureIncomingResponse, ErrorCode> {
    let parts: Vec<&str> = line.split(' ').collect();
    let [method, scheme, authority, path, rest @ ..] = parts.as_slice() else {
        panic!("not a request: {line}")
    };
    let headers = Fields::new();
    headers.append("x-line", b"1").unwrap();
    let request = OutgoingRequest::new(headers);
    let method = match *method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "CONNECT" => Method::Connect,
        other => Method::Other(other.to_owned()),
    };
    let scheme = match *scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    if request.set_method(&method).is_err()
        || request.set_scheme(Some(&scheme)).is_err()
        || request.set_authority(Some(authority)).is_err()
        || request.set_path_with_query(Some(path)).is_err()
    {
        return Err(ErrorCode::HttpRequestUriInvalid);
    }
    let options = rest.first().map(|milliseconds| {
        let time = milliseconds.parse::<u64>().unwrap() * 1_000_000;
        let options = RequestOptions::new();
        options.set_connect_timeout(Some(time)).unwrap();
        options.set_first_byte_timeout(Some(time)).unwrap();
        options.set_between_bytes_timeout(Some(time)).unwrap();
        options
    });
    let body = request.body().unwrap();
    let future = handle(request, options);
    if matches!(method, Method::Post) {
        let stream = body.write().unwrap();
        for _ in 0..16 {
            if stream.blocking_write_and_flush(&[b'x'; 4096]).is_err() {
                break;
            }
        }
    }
    let _ = OutgoingBody::finish(body, None);
    future
}

fn wait(future: &FutureIncomingResponse) -> Result<(IncomingResponse, String), ErrorCode> {
    future.subscribe().block();
    let response = future.get().unwrap().unwrap()?;
    let body = response.consume().unwrap();
    let stream = body.stream().unwrap();
    let mut bytes = Vec::new();
    let broken = loop {
        match stream.blocking_read(65536) {
            Ok(part) => bytes.extend(part),
            Err(wasip2::io::streams::StreamError::Closed) => break false,
            Err(wasip2::io::streams::StreamError::LastOperationFailed(_)) => break true,
        }
    };
    let text = match bytes.len() {
        0..1000 => String::from_utf8_lossy(&bytes).into_owned(),
        length => format!("{length} bytes"),
    };
    let text = if broken { text + " (broken off)" } else { text };
    drop(stream);
    Ok((response, text))
}

fn told(result: Result<(IncomingResponse, String), ErrorCode>) -> String {
    match result {
        Ok((response, text)) => {
            let location = response.headers().get("location").pop().unwrap_or_default();
            let location = String::from_utf8_lossy(&location).into_owned();
            format!("{} {text} {location}", response.status()).trim_end().to_owned()
        }
        // `ErrorCode::DnsError(...)`
        Err(error) => format!("{error:?}").trim_start_matches("ErrorCode::").to_owned(),
    }
}
