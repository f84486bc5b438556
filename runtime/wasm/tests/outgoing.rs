//! Requests that a component sends: to real servers on loopback, and where it must not.

#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

mod common;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use common::{Guest, hostile_with, request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A server that answers each request on a connection with what `answer` makes of its head.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: mpsc::Receiver<String>,
}

impl Server {
    fn start(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap(), answer)
    }

    fn on(listener: TcpListener, answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (sender, requests) = mpsc::channel();
        let (answer, count) = (Arc::new(answer), connections.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                let (answer, sender) = (answer.clone(), sender.clone());
                thread::spawn(move || serve(stream.unwrap(), &*answer, &sender));
            }
        });
        Self { address, connections, requests }
    }

    /// One that says its name.
    fn hello() -> Self {
        Self::start(|_| response("200 OK", "", "hello"))
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn heads(&self) -> Vec<String> {
        self.requests.try_iter().collect()
    }
}

fn response(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

fn serve(mut stream: TcpStream, answer: &dyn Fn(&str) -> String, heads: &mpsc::Sender<String>) {
    while let Some(head) = head(&mut stream) {
        let _ = heads.send(head.clone());
        let answer = answer(&head);
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
    // Says that the client has gone.
    let _ = heads.send(String::new());
}

/// The head of a request, and none where the client has gone. Bodies are read and forgotten.
fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    if head.contains("transfer-encoding: chunked") {
        let mut body = Vec::new();
        while !body.ends_with(b"0\r\n\r\n") {
            if stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            body.push(byte[0]);
        }
    }
    Some(head)
}

/// The hostile component, allowed to reach these hosts.
fn allowed(hosts: &[&str]) -> Guest {
    let hosts: Vec<_> = hosts.iter().map(|host| host.parse().unwrap()).collect();
    hostile_with(|function| function.allowed_hosts = hosts, &[])
}

async fn attack(guest: &Guest, how: &str, lines: &str) -> Vec<String> {
    let response = guest.respond(request("POST", how, lines.to_owned())).await.unwrap();
    let text = String::from_utf8(response.into_body().to_vec()).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// What becomes of requests, a line each: `METHOD SCHEME AUTHORITY PATH [MILLISECONDS]`.
async fn fetch(guest: &Guest, lines: &str) -> Vec<String> {
    attack(guest, "/fetch", lines).await
}

fn tells(guest: &Guest, words: &[&str]) -> bool {
    guest.log().iter().any(|line| words.iter().all(|word| line.contains(word)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_written_out_is_reached() {
    let server = Server::hello();
    let port = server.address.port();
    let url = format!("http://127.0.0.1:{port}");
    let guest = allowed(&[&url]);
    let lines = format!(
        "GET http 127.0.0.1:{port} /a?b=c\nGET http [::ffff:127.0.0.1]:{port} /\n\
         POST http 127.0.0.1:{port} /"
    );
    assert_eq!(fetch(&guest, &lines).await, ["200 hello"; 3]);
    let heads = server.heads();
    assert!(heads[0].starts_with("GET /a?b=c HTTP/1.1\r\n"), "{heads:?}");
    assert!(heads.iter().all(|head| head.contains(&format!("host: 127.0.0.1:{port}\r\n"))));
    assert!(heads.iter().all(|head| head.matches("host:").count() == 1), "{heads:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipv6_is_reached_where_it_is_written_out() {
    let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
        assert!(std::env::var_os("CI").is_none(), "there is no IPv6 loopback here");
        eprintln!("SKIPPED: there is no IPv6 loopback here");
        return;
    };
    let server = Server::on(listener, |_| response("200 OK", "", "six"));
    let port = server.address.port();
    let guest = allowed(&[&format!("http://[::1]:{port}")]);
    let lines = format!("GET http [::1]:{port} /\nGET http [0:0:0:0:0:0:0:1]:{port} /");
    assert_eq!(fetch(&guest, &lines).await, ["200 six"; 2]);
    let lines = format!("GET http 127.0.0.1:{port} /\nGET http [::]:{port} /");
    assert_eq!(fetch(&guest, &lines).await, ["HttpRequestDenied"; 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_else_is_reached() {
    let server = Server::hello();
    let port = server.address.port();
    let nothing = allowed(&[]);
    let something = allowed(&["api.example.com", "*.example.org", "http://10.0.0.5"]);
    for guest in [&nothing, &something] {
        for authority in [
            format!("127.0.0.1:{port}"),
            format!("localhost:{port}"),
            format!("LOCALHOST.:{port}"),
            format!("[::1]:{port}"),
            format!("[::ffff:127.0.0.1]:{port}"),
            format!("[::]:{port}"),
            format!("0.0.0.0:{port}"),
            "169.254.169.254".to_owned(),
            "[fd00:ec2::254]".to_owned(),
            "metadata.google.internal".to_owned(),
            "10.0.0.6".to_owned(),
            "192.168.0.1".to_owned(),
            "example.org".to_owned(),
            format!("api.example.com:{port}"),
        ] {
            let line = format!("GET http {authority} /");
            assert_eq!(fetch(guest, &line).await, ["HttpRequestDenied"], "{authority}");
        }
    }
    assert!(tells(&nothing, &["refused a request to http://169.254.169.254", "AllowedHosts"]));
    assert_eq!(server.connections(), 0);
}

/// What parsers read in more than one way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_spellings_of_an_address_are_no_way_round() {
    let server = Server::hello();
    let port = server.address.port();
    let guest = allowed(&["api.example.com", "*.example.org", &format!("http://127.0.0.1:{port}")]);
    for authority in [
        format!("2130706433:{port}"),
        format!("0x7f000001:{port}"),
        format!("0x7f.0.0.1:{port}"),
        format!("0177.0.0.1:{port}"),
        format!("127.1:{port}"),
        format!("127.0.0.1.:{port}"),
        format!("api.example.com@127.0.0.1:{port}"),
        format!("127.0.0.1:{port}@api.example.com"),
        format!("user:password@127.0.0.1:{port}"),
        format!("127.0.0.1%2f.example.org:{port}"),
        format!("127.0.0.1:{port}\\.example.org"),
        format!("[::1%lo]:{port}"),
        format!("1２7.0.0.1:{port}"),
        format!("ⓛocalhost:{port}"),
        format!("127.0.0.1:{port}/.example.org"),
        format!("127.0.0.1:{port}#.example.org"),
        format!("127.0.0.1:{port}?.example.org"),
        String::new(),
        format!(":{port}"),
    ] {
        let answer = fetch(&guest, &format!("GET http {authority} /")).await;
        let told = answer.concat();
        assert!(!told.starts_with("200"), "{authority}: {told}");
    }
    assert_eq!(server.connections(), 0);
    let lines = format!("CONNECT http 127.0.0.1:{port} /\nGET ftp 127.0.0.1:{port} /");
    assert_eq!(fetch(&guest, &lines).await, ["HttpRequestMethodInvalid", "HttpProtocolError"]);
    assert_eq!(server.connections(), 0);
}

/// A name is allowed, and leads to this machine: as if its owner had changed it there (DNS
/// rebinding).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_must_not_lead_to_this_machine() {
    let server = Server::hello();
    let port = server.address.port();
    let guest = allowed(&[&format!("http://localhost:{port}")]);
    let lines = format!("GET http localhost:{port} /\nGET http LocalHost.:{port} /");
    assert_eq!(fetch(&guest, &lines).await, ["DestinationIpProhibited"; 2]);
    assert_eq!(server.connections(), 0);
    let remedy = format!("add \"http://127.0.0.1:{port}\"");
    let remedy_v6 = format!("add \"http://[::1]:{port}\"");
    let told = tells(&guest, &["which is not an address of the Internet", &remedy])
        || tells(&guest, &["which is not an address of the Internet", &remedy_v6]);
    assert!(told, "{:?}", guest.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_leads_nowhere_is_told() {
    let guest = allowed(&["nowhere.invalid"]);
    let told = fetch(&guest, "GET http nowhere.invalid /").await;
    assert!(told[0].starts_with("DnsError"), "{told:?}");
}

/// The AWS endpoint of the function is reached by its name too, but not to manage functions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_functions_own_endpoint_is_reached() {
    let server = Server::hello();
    let port = server.address.port();
    let url = format!("http://localhost:{port}");
    let guest = hostile_with(|_| {}, &[("AWS_ENDPOINT_URL", url.as_str())]);
    let lines = format!(
        "POST http localhost:{port} /\n\
         POST http localhost:{port} /2015-03-31/functions/hello/invocations\n\
         POST http localhost:{port} /2015-03-31/functions\n\
         GET http localhost:{port} /2015-03-31/functions/hello/code"
    );
    let told = fetch(&guest, &lines).await;
    assert_eq!(told, ["200 hello", "200 hello", "HttpRequestDenied", "HttpRequestDenied"]);
    assert!(tells(&guest, &["managing functions is not for WASM functions"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirects_are_the_guests_to_follow() {
    let inner = Server::hello();
    let location = format!("location: http://127.0.0.1:{}/secret\r\n", inner.address.port());
    let server = Server::start(move |_| response("302 Found", &location, ""));
    let port = server.address.port();
    let guest = allowed(&[&format!("http://127.0.0.1:{port}")]);
    let told = fetch(&guest, &format!("GET http 127.0.0.1:{port} /")).await;
    assert!(told[0].starts_with("302  http://127.0.0.1:"), "{told:?}");
    let line = format!("GET http 127.0.0.1:{} /secret", inner.address.port());
    assert_eq!(fetch(&guest, &line).await, ["HttpRequestDenied"]);
    assert_eq!(inner.connections(), 0);
}

/// One connection serves request after request, of one isolate and of the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_kept_for_the_next_isolate_of_the_function() {
    let server = Server::hello();
    let port = server.address.port();
    let url = format!("http://127.0.0.1:{port}");
    let guest = allowed(&[&url]);
    let line = format!("GET http 127.0.0.1:{port} /\n");
    assert_eq!(fetch(&guest, &line.repeat(10)).await, ["200 hello"; 10]);
    assert_eq!(fetch(&guest, &line.repeat(10)).await, ["200 hello"; 10]);
    assert!(server.connections() < 10, "{}", server.connections());
    // Another function has its own.
    let before = server.connections();
    assert_eq!(fetch(&allowed(&[&url]), &line).await, ["200 hello"]);
    assert_eq!(server.connections(), before + 1);
}

/// A server that closes its connections without a word loses no request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_closed_is_made_again() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            if head(&mut stream).is_some() {
                let _ = stream.write_all(response("200 OK", "", "once").as_bytes());
            }
        }
    });
    let guest = allowed(&[&format!("http://127.0.0.1:{port}")]);
    for _ in 0..20 {
        let told = fetch(&guest, &format!("GET http 127.0.0.1:{port} /")).await;
        assert_eq!(told, ["200 once"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_limits_of_the_guest_hold() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = silent.local_addr().unwrap().port();
    // Says that more is to come, and leaves it at that.
    let stops = Server::start(|_| "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_owned());
    let stops_port = stops.address.port();
    let guest = allowed(&[
        &format!("http://127.0.0.1:{port}"),
        &format!("https://127.0.0.1:{port}"),
        &format!("http://127.0.0.1:{stops_port}"),
    ]);
    let lines = format!(
        "GET http 127.0.0.1:{port} / 100\n\
         GET https 127.0.0.1:{port} / 100\n\
         GET http 127.0.0.1:{stops_port} / 100"
    );
    let told = fetch(&guest, &lines).await;
    assert_eq!(told, ["ConnectionReadTimeout", "ConnectionTimeout", "200 half (broken off)"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn responses_that_break_the_rules_are_errors() {
    let cases: [(&str, String); 5] = [
        ("HttpProtocolError", "this is not HTTP\r\n\r\n".to_owned()),
        (
            "HttpProtocolError",
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab".to_owned(),
        ),
        (
            "HttpResponseHeaderSectionSize",
            format!("HTTP/1.1 200 OK\r\nx-large: {}\r\n\r\n", "x".repeat(1 << 20)),
        ),
        (
            "HttpResponseHeaderSectionSize",
            format!("HTTP/1.1 200 OK\r\n{}\r\n", "x-many: 1\r\n".repeat(1000)),
        ),
        ("HttpUpgradeFailed", "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n".to_owned()),
    ];
    for (error, answer) in cases {
        let server = Server::start(move |_| answer.clone());
        let port = server.address.port();
        let guest = allowed(&[&format!("http://127.0.0.1:{port}")]);
        let told = fetch(&guest, &format!("GET http 127.0.0.1:{port} /")).await;
        assert!(told[0].starts_with(error), "{error}: {told:?}");
    }
    // One that closes at once.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().for_each(drop));
    let guest = allowed(&[&format!("http://127.0.0.1:{port}")]);
    let told = fetch(&guest, &format!("GET http 127.0.0.1:{port} /")).await;
    assert_eq!(told, ["ConnectionTerminated"]);
    // Nobody there.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let guest = allowed(&[&format!("http://127.0.0.1:{port}")]);
    let told = fetch(&guest, &format!("GET http 127.0.0.1:{port} /")).await;
    assert_eq!(told, ["ConnectionRefused"]);
}

/// The server sees the connection end when the isolate does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_isolate_that_ends_closes_its_requests() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, gone) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, sender) = (stream.unwrap(), sender.clone());
            thread::spawn(move || {
                assert!(head(&mut stream).is_some());
                // Nothing is answered: the next read ends when the client goes.
                let _ = sender.send(head(&mut stream).is_none());
            });
        }
    });
    let guest = allowed(&[&format!("http://127.0.0.1:{port}")]);
    let line = format!("GET http 127.0.0.1:{port} /\n");
    let told = attack(&guest, "/fetch-and-leave", &line.repeat(3)).await;
    assert_eq!(told, ["3 sent"]);
    // The limit is for a machine that is busy; it takes no time at all.
    for _ in 0..3 {
        assert!(gone.recv_timeout(Duration::from_secs(60)).unwrap());
    }
    // A time-out drops the isolate: the same.
    let waiting = guest.respond(request("POST", "/fetch", line));
    let limit = Duration::from_millis(500);
    assert!(tokio::time::timeout(limit, waiting).await.is_err());
    assert!(gone.recv_timeout(Duration::from_secs(60)).unwrap());
}

/// More requests at once than a function may have: they wait for each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_at_once_are_answered() {
    let server = Server::hello();
    let port = server.address.port();
    let guest = allowed(&[&format!("http://127.0.0.1:{port}")]);
    let line = format!("GET http 127.0.0.1:{port} /\n");
    let lines = line.repeat(100);
    let isolate = || attack(&guest, "/fetch-at-once", &lines);
    let (a, b, c, d) = tokio::join!(isolate(), isolate(), isolate(), isolate());
    let answers = [a, b, c, d].concat();
    assert_eq!(answers, vec!["200 hello"; 400]);
    assert!(server.connections() <= 400);
}

/// What is refused is told, but not without end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_do_not_flood_the_log() {
    let guest = allowed(&[]);
    let told = fetch(&guest, &"GET http 10.0.0.1 /\n".repeat(200)).await;
    assert_eq!(told, vec!["HttpRequestDenied"; 200]);
    assert!(guest.log().len() < 30, "{}", guest.log().len());
}

/// A TLS server on loopback that says its name, with a certificate of its own, which is returned.
async fn tls_server() -> (u16, String) {
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.unwrap())
        .unwrap();
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else { return };
                    head.push(byte);
                }
                let _ = stream.write_all(response("200 OK", "", "sealed").as_bytes()).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    (port, certified.cert.pem())
}

/// A certificate that nobody vouches for (the test's own) is refused, and told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_must_be_trusted() {
    let (port, _) = tls_server().await;
    let guest = allowed(&[&format!("https://127.0.0.1:{port}")]);
    let told = fetch(&guest, &format!("GET https 127.0.0.1:{port} /")).await;
    assert_eq!(told, ["TlsCertificateError"]);
    assert!(tells(&guest, &["is not trusted", "SSL_CERT_FILE"]), "{:?}", guest.log());
}

const CHILD: &str = "SAMOVAR_TEST_TLS_PORT";

/// What the next test runs with other authorities: does nothing by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child_that_trusts() {
    let Ok(port) = std::env::var(CHILD) else { return };
    let guest = allowed(&[&format!("https://127.0.0.1:{port}"), &format!("localhost:{port}")]);
    let line = format!("GET https 127.0.0.1:{port} /\n");
    assert_eq!(fetch(&guest, &line.repeat(3)).await, ["200 sealed"; 3]);
    // In the clear it is none.
    let told = fetch(&guest, &format!("GET http 127.0.0.1:{port} /")).await;
    assert_eq!(told, ["HttpRequestDenied"]);
    println!("all is sealed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_given_authority_is_trusted() {
    let (port, certificate) = tls_server().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), certificate).unwrap();
    let mut child = tokio::task::block_in_place(|| {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_trusts", "--nocapture"])
            .env("SSL_CERT_FILE", file.path())
            .env(CHILD, port.to_string())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    });
    let output = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        (child.wait().unwrap().success(), text)
    });
    let (is_good, text) = output.await.unwrap();
    assert!(is_good && text.contains("all is sealed"), "{text}");
}
