//! A component that breaks HTTP's rules, behind the front door and over real sockets
//! (`tests/functions/hostile`).

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::server::{Ports, Server, root};
use crate::tools::eventually;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("hostile::a_component_cannot_break_out_through_the_front_door", all)]
}

/// `Hostile` answers whole, `Stream` as it goes; both reach one server beside Samovar's own.
const TEMPLATE: &str = r"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: provided.al2023
    Handler: hostile.wasm
    CodeUri: CODE
    Timeout: 20
Resources:
  Hostile:
    Type: AWS::Serverless::Function
    Metadata: {Samovar: {AllowedHosts: ['http://127.0.0.1:PORT']}}
    Properties:
      FunctionUrlConfig: {AuthType: NONE}
      Events:
        Api: {Type: HttpApi, Properties: {Path: '/{proxy+}', Method: any}}
  Stream:
    Type: AWS::Serverless::Function
    Properties:
      FunctionUrlConfig: {AuthType: NONE, InvokeMode: RESPONSE_STREAM}
";

/// One server for all: its start takes the longest.
fn all() {
    let beside = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = beside.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in beside.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\ntea");
        }
    });
    let folder = TempDir::new().unwrap();
    let template = folder.path().join("template.yaml");
    let code = root().join("tests/functions/hostile");
    let text = TEMPLATE.replace("CODE", code.to_str().unwrap());
    std::fs::write(&template, text.replace("PORT", &port.to_string())).unwrap();
    let server = Server::start(&template, Ports::free(), None, &[]);

    smuggling(&server);
    statuses(&server);
    broken(&server);
    endless(&server);
    back_pressure(&server);
    gone_early(&server);
    limits(&server);
    network(&server, port);
}

/// A connection on which one request follows another.
struct Client {
    stream: BufReader<TcpStream>,
    host: String,
}

/// A response as it stood on the wire.
#[derive(Debug)]
struct Raw {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Raw {
    fn all(&self, name: &str) -> Vec<&str> {
        let headers = self.headers.iter().filter(|(header, _)| header == name);
        headers.map(|(_, value)| value.as_str()).collect()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    fn new(server: &Server, function: &str) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.ports.http)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { stream: BufReader::new(stream), host: format!("{function}.localhost") }
    }

    fn send(&mut self, method: &str, path: &str, body: &str) {
        let (host, length) = (&self.host, body.len());
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n");
        self.stream.get_mut().write_all(format!("{head}\r\n{body}").as_bytes()).unwrap();
    }

    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).ok()?;
        let line = String::from_utf8(line).unwrap();
        // Strictly: a line ends in both, and has neither within.
        let line = line.strip_suffix("\r\n")?;
        assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
        Some(line.to_owned())
    }

    fn head(&mut self) -> Option<Raw> {
        let status = self.line()?;
        let status = status.strip_prefix("HTTP/1.1 ").unwrap_or_else(|| panic!("{status}"));
        let status = status[..3].parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Some(Raw { status, headers, body: Vec::new() });
            }
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
    }

    /// A whole response, by the strictest reading. `None`: the connection broke off.
    fn response(&mut self, method: &str) -> Option<Raw> {
        let mut raw = self.head()?;
        let lengths: Vec<u64> =
            raw.all("content-length").iter().map(|length| length.parse().unwrap()).collect();
        let encodings = raw.all("transfer-encoding");
        assert!(lengths.len() + encodings.len() <= 1, "two lengths: {raw:?}");
        if method == "HEAD" || raw.status == 204 || raw.status == 304 {
            return Some(raw);
        }
        match (lengths.first(), encodings.first()) {
            (Some(length), _) => {
                let mut body = (&mut self.stream).take(*length);
                body.read_to_end(&mut raw.body).ok().filter(|read| *read as u64 == *length)?;
            }
            (None, Some(encoding)) => {
                assert_eq!(*encoding, "chunked");
                loop {
                    let size = usize::from_str_radix(&self.line()?, 16).unwrap();
                    let mut chunk = vec![0; size];
                    self.stream.read_exact(&mut chunk).ok()?;
                    raw.body.extend(chunk);
                    assert_eq!(self.line()?, "");
                    if size == 0 {
                        break;
                    }
                }
            }
            (None, None) => panic!("no length: {raw:?}"),
        }
        Some(raw)
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> Option<Raw> {
        self.send(method, path, body);
        self.response(method)
    }
}

/// What a component writes into headers ends no header, and no response: the next request on the
/// same connection has its own answer (RFC 9112, section 6.3, and "Message Body Length").
fn smuggling(server: &Server) {
    for function in ["hostile", "stream"] {
        let mut client = Client::new(server, function);
        let answer = client.ask("GET", "/smuggle", "").unwrap();
        assert_eq!(answer.status, 200);
        assert!(answer.text().split(' ').all(|taken| taken == "te"), "{}", answer.text());
        assert!(answer.all("set-cookie").is_empty(), "{answer:?}");
        for headers in [
            "content-length: 0",
            "content-length: 5",
            "content-length: 1000",
            "content-length: 0\ncontent-length: 34",
            "content-length: 34, 34",
            "content-length: +34",
            "transfer-encoding: chunked",
            "transfer-encoding: identity\ncontent-length: 0",
            "connection: close\nkeep-alive: timeout=1",
            "upgrade: h2c\nconnection: upgrade",
            "content-length: 34\nx-one: 1",
        ] {
            let mut client = Client::new(server, function);
            let Some(first) = client.ask("POST", "/raw-headers", headers) else {
                // Broken off, so that nobody takes it for whole: fine.
                continue;
            };
            assert!(first.all("x-smuggled").is_empty(), "{headers}: {first:?}");
            assert!(first.all("upgrade").is_empty() && first.all("keep-alive").is_empty());
            if first.all("connection") == ["close"] {
                continue;
            }
            if let Some(second) = client.ask("GET", "/body-twice", "") {
                assert!(second.all("x-smuggled").is_empty(), "{headers}: {second:?}");
                assert_eq!(second.text(), "a second body: false", "{headers}: {second:?}");
            }
        }
    }
}

fn statuses(server: &Server) {
    for (path, status) in [("/status?204", 204), ("/status?418", 418), ("/status?599", 599)] {
        let mut client = Client::new(server, "hostile");
        assert_eq!(client.ask("GET", path, "").unwrap().status, status, "{path}");
        assert_eq!(client.ask("GET", "/body-twice", "").unwrap().status, 200, "{path}");
    }
    // No final response, and no switch of protocols.
    for path in ["/status?100", "/status?101", "/status?103", "/status?999"] {
        let mut client = Client::new(server, "hostile");
        let answer = client.ask("GET", path, "").unwrap();
        assert_eq!(answer.status, 502, "{path}: {answer:?}");
        assert_eq!(client.ask("GET", "/body-twice", "").unwrap().status, 200, "{path}");
    }
    // The host does not take these at all, and the component goes on with 200.
    for path in ["/status?0", "/status?1000"] {
        let answer = Client::new(server, "hostile").ask("GET", path, "").unwrap();
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
}

/// Responses that are none, or not whole.
fn broken(server: &Server) {
    for path in ["/never", "/error", "/trap-after", "/unfinished", "/length?100", "/length?5"] {
        let answer = Client::new(server, "hostile").ask("GET", path, "").unwrap();
        assert_eq!(answer.status, 502, "{path}: {answer:?}");
        assert!(!answer.text().contains("stolen"), "{path}: {answer:?}");
    }
    // A stream has begun: its end is missing, or there is no response at all.
    for path in ["/unfinished", "/length?100"] {
        let answer = Client::new(server, "stream").ask("GET", path, "");
        assert!(answer.as_ref().is_none_or(|answer| answer.status == 502), "{path}: {answer:?}");
    }
}

/// Lambda guide, "Lambda quotas": 6 MB of a response that does not stream. One that streams lasts
/// as long as its client.
fn endless(server: &Server) {
    let answer = Client::new(server, "hostile").ask("GET", "/endless", "").unwrap();
    assert_eq!(answer.status, 502, "{answer:?}");
    eventually("the log tells of the size", || {
        server.output().contains("Response payload size exceeded")
    });

    let mut client = Client::new(server, "stream");
    client.send("GET", "/endless", "");
    assert_eq!(client.head().unwrap().status, 200);
    let mut read = vec![0; 1 << 20];
    for _ in 0..10 {
        client.stream.read_exact(&mut read).unwrap();
    }
    drop(client);
    idle_again(server);
}

/// What the client does not read is not written: the guest waits. Another client reads more
/// meanwhile than the guest would have written otherwise.
fn back_pressure(server: &Server) {
    const MORE: usize = 100;
    let mut idle = Client::new(server, "stream");
    idle.send("GET", "/flood", "");
    assert_eq!(idle.head().unwrap().status, 200);
    let mut busy = Client::new(server, "stream");
    busy.send("GET", "/endless", "");
    assert_eq!(busy.head().unwrap().status, 200);
    let mut read = vec![0; 1 << 20];
    for _ in 0..MORE {
        busy.stream.read_exact(&mut read).unwrap();
    }
    drop(busy);
    let output = server.output();
    let written = output.lines().filter(|line| line.contains("flooded with")).count();
    // What the system's own buffers of a connection take, and more.
    assert!(written < MORE / 3, "{written} MB were written to a client that reads nothing");
    drop(idle);
    idle_again(server);
}

/// A client that leaves before there is a response stops the isolate too: else it would sleep to
/// its time-out, and its line would tell that.
fn gone_early(server: &Server) {
    let mut client = Client::new(server, "stream");
    client.send("GET", "/sleep", "");
    eventually("the isolate sleeps", || busy(server) == 1);
    drop(client);
    idle_again(server);
    let line =
        || server.output().lines().find(|line| line.contains("GET /sleep")).map(str::to_owned);
    eventually("the end of the invocation", || line().is_some());
    let line = line().unwrap();
    assert!(!line.contains("Runtime.") && !line.contains("Sandbox."), "{line}");
}

/// How many environments are at work.
fn busy(server: &Server) -> u64 {
    let health = server.health();
    let functions = health["functions"].as_array().unwrap().iter();
    functions.map(|function| function["busy"].as_u64().unwrap()).sum()
}

fn idle_again(server: &Server) {
    eventually("the isolate ends when its client has gone", || busy(server) == 0);
}

/// Whatever it takes too much of, the answer is an error and the next request has its own.
fn limits(server: &Server) {
    for path in ["/leak?pollables", "/leak?fields", "/random?4294967295", "/many-headers?1000000"] {
        let answer = Client::new(server, "hostile").ask("GET", path, "").unwrap();
        assert_eq!(answer.status, 502, "{path}: {answer:?}");
        let answer = Client::new(server, "hostile").ask("GET", "/body-twice", "").unwrap();
        assert_eq!(answer.status, 200, "after {path}");
    }
}

/// Only what the template allows, and Samovar's own endpoint for all but management.
fn network(server: &Server, port: u16) {
    let api = server.ports.api;
    let front = server.ports.http;
    let lines = [
        (format!("GET http 127.0.0.1:{port} /"), "200 tea"),
        (format!("GET http localhost:{port} /"), "HttpRequestDenied"),
        (format!("GET http 127.0.0.1:{front} /"), "HttpRequestDenied"),
        ("GET http 169.254.169.254 /latest/meta-data/".to_owned(), "HttpRequestDenied"),
        (format!("POST http 127.0.0.1:{api} /2015-03-31/functions"), "HttpRequestDenied"),
        (format!("GET http 127.0.0.1:{api} /_samovar/health"), "HttpRequestDenied"),
    ];
    let body: Vec<_> = lines.iter().map(|(line, _)| line.as_str()).collect();
    let answer = Client::new(server, "hostile").ask("POST", "/fetch", &body.join("\n")).unwrap();
    let expected: Vec<_> = lines.iter().map(|(_, told)| *told).collect();
    assert_eq!(answer.text().lines().collect::<Vec<_>>(), expected, "{}", server.output());
    eventually("the log tells what to add", || {
        server.output().contains(&format!("to allow it add \"http://localhost:{port}\""))
    });
    // The other function is allowed nothing.
    let line = format!("GET http 127.0.0.1:{port} /");
    let answer = Client::new(server, "stream").ask("POST", "/fetch", &line).unwrap();
    assert_eq!(answer.text().trim(), "HttpRequestDenied");
}
