//! What the gateway adds to a request: routing, the event, the mapping of the answer.
//!
//! `overhead [REQUESTS]` asks two servers in this process in turn over one kept connection each: one
//! of the HTTP library alone, which answers at once, and the gateway in front of functions that
//! answer at once, one that takes events (payload format 2.0 and 1.0) and one that takes HTTP. It
//! prints the median and the 99th percentile of each in microseconds, and how much slower than
//! the library alone each is at the median.

#![expect(clippy::unwrap_used, reason = "a benchmark may end at the first error")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use samovar_app::{
    Api, ApiKind, ApiRoute, Build, Code, Function, Integration, Kind, PayloadFormat, Route, Span,
};
use samovar_dispatch::{
    Account, Dispatcher, Door, Environment, EnvironmentLog, FunctionError, Invocation, Limits,
    LogLine, LogObserver, Observer, Provider, Reply, Report, Response, SystemClock,
};
use samovar_http::{Reserved, full, serve};
use samovar_triggers::Gateway;
use tokio_util::sync::CancellationToken;

/// Routes of the API, of which the last is asked for.
const ROUTES: usize = 20;

const ANSWER: &str =
    r#"{"statusCode":200,"headers":{"content-type":"text/plain"},"body":"Hello, Ada!"}"#;

fn main() {
    let requests: usize = std::env::args().nth(1).map_or(20_000, |count| count.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (bare, gateway) = runtime.block_on(async { (bare(), gateway()) });
    let mut clients = [
        Client::new("HTTP library alone", bare, "/"),
        Client::new("format 2.0", gateway, "/v2/orders/7?a=1&b=2"),
        Client::new("format 1.0", gateway, "/v1/orders/7?a=1&b=2"),
        Client::new("HTTP", gateway, "/http/orders/7?a=1&b=2"),
    ];
    // In turn, so that whatever else the machine does meets all alike.
    for round in 0..requests + requests / 10 {
        for client in &mut clients {
            let took = client.ask();
            // The first tenth only warms up.
            if round >= requests / 10 {
                client.took.push(took);
            }
        }
    }
    let alone = clients[0].quantile(50);
    for client in &mut clients {
        let (median, slow) = (client.quantile(50), client.quantile(99));
        let more = (median - alone) * 1e6;
        let (median, slow) = (median * 1e6, slow * 1e6);
        println!("{:20} p50 {median:6.1} us  p99 {slow:6.1} us  +{more:.1} us", client.name);
    }
}

/// A server that answers at once, without the gateway.
fn bare() -> SocketAddr {
    let listeners = Reserved::new(0).unwrap().listen().unwrap();
    let address = ([127, 0, 0, 1], listeners.port()).into();
    let service = |_, _| async {
        let mut response = http::Response::new(full("Hello, Ada!"));
        let plain = http::HeaderValue::from_static("text/plain");
        response.headers_mut().insert(http::header::CONTENT_TYPE, plain);
        response
    };
    tokio::spawn(serve(listeners, service, CancellationToken::new(), Duration::ZERO));
    address
}

fn gateway() -> SocketAddr {
    let clock = Arc::new(SystemClock);
    let dispatcher = Dispatcher::new(Limits::default(), clock.clone(), Arc::new(Silent));
    let functions = ["Event", "Http"].map(|name| Arc::new(function(name)));
    dispatcher.register(functions[0].clone(), Arc::new(Instantly(Door::Event)));
    dispatcher.register(functions[1].clone(), Arc::new(Instantly(Door::Http)));
    let others = (0..ROUTES).map(|n| route(&format!("/other{n}/{{id}}"), "Event", None));
    let measured = [
        route("/v2/orders/{id}", "Event", None),
        route("/v1/orders/{id}", "Event", Some(PayloadFormat::V1)),
        route("/http/orders/{id}", "Http", None),
    ];
    let api = Api {
        logical_id: "Api".into(),
        kind: ApiKind::Http,
        name: "Api".into(),
        id: "a123456789".into(),
        stage: "$default".into(),
        stage_variables: Default::default(),
        base_paths: Vec::new(),
        routes: others.chain(measured).collect(),
        cors: None,
        binary_media_types: Vec::new(),
        authorizers: Vec::new(),
        api_key_source: Default::default(),
        preflight: Default::default(),
        access_log: None,
        minimum_compression: None,
        policy: None,
        gateway_responses: Default::default(),
        span: None,
    };
    let gateway = Gateway::new(&[api], &functions, Account::default(), dispatcher, clock);
    let listeners = Reserved::new(0).unwrap().listen().unwrap();
    let address = ([127, 0, 0, 1], listeners.port()).into();
    let service = move |request, peer| {
        let gateway = gateway.clone();
        async move { gateway.handle(request, peer).await }
    };
    tokio::spawn(serve(listeners, service, CancellationToken::new(), Duration::ZERO));
    address
}

fn span() -> Span {
    Span { file: Arc::from(Path::new("template.yaml")), line: 1, column: 1 }
}

fn function(name: &str) -> Function {
    let code = Code { path: PathBuf::from("."), span: span(), build: Build::Prebuilt };
    Function::new(name, Kind::Wasm, code)
}

fn route(path: &str, function: &str, payload_format: Option<PayloadFormat>) -> ApiRoute {
    ApiRoute {
        route: Route { method: Some("GET".into()), path: Some(path.into()) },
        integration: Integration::Function(function.into()),
        payload_format,
        timeout: None,
        streaming: false,
        access: Default::default(),
        span: span(),
    }
}

/// One connection that is kept.
struct Client {
    name: &'static str,
    request: String,
    stream: BufReader<TcpStream>,
    /// Of each request, in seconds.
    took: Vec<f64>,
}

impl Client {
    fn new(name: &'static str, server: SocketAddr, path: &str) -> Self {
        let stream = TcpStream::connect(server).unwrap();
        stream.set_nodelay(true).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {server}\r\nuser-agent: overhead\r\n\
             accept: */*\r\ncookie: a=1; b=2\r\n\r\n"
        );
        Self { name, request, stream: BufReader::new(stream), took: Vec::new() }
    }

    fn ask(&mut self) -> f64 {
        let began = Instant::now();
        self.stream.get_mut().write_all(self.request.as_bytes()).unwrap();
        let body = self.answer().unwrap();
        let took = began.elapsed().as_secs_f64();
        assert_eq!(String::from_utf8_lossy(&body), "Hello, Ada!", "{}", self.name);
        took
    }

    fn answer(&mut self) -> io::Result<Vec<u8>> {
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }

    fn quantile(&mut self, percent: usize) -> f64 {
        self.took.sort_unstable_by(f64::total_cmp);
        self.took[self.took.len() * percent / 100]
    }
}

/// Answers at once.
struct Instantly(Door);

#[async_trait]
impl Provider for Instantly {
    fn door(&self) -> Door {
        self.0
    }

    async fn start(&self, _log: EnvironmentLog) -> Result<Box<dyn Environment>, FunctionError> {
        Ok(Box::new(Instantly(self.0)))
    }
}

#[async_trait]
impl Environment for Instantly {
    async fn invoke(&mut self, _event: Invocation, reply: Reply) -> Result<(), FunctionError> {
        reply.send(match self.0 {
            Door::Event => Response::Bytes(Bytes::from_static(ANSWER.as_bytes())),
            Door::Http => Response::Http(http::Response::new(full("Hello, Ada!"))),
        })
    }

    fn reusable(&self) -> bool {
        true
    }

    fn max_memory_used(&self) -> u64 {
        0
    }

    async fn stop(self: Box<Self>, _grace: Duration) {}
}

struct Silent;

impl LogObserver for Silent {
    fn line(&self, _line: &LogLine<'_>) {}
}

impl Observer for Silent {
    fn finished(&self, _report: &Report) {}
}
