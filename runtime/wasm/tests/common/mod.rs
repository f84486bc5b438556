//! Components to run, and a small dispatcher to run them.

#![expect(dead_code, unreachable_pub, reason = "each test binary uses a part")]
#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, Response as HttpResponse};
use http_body::Frame;
use http_body_util::{BodyExt, Full};
use samovar_app::{Build, Code, Function, Kind, Span};
use samovar_dispatch::{
    Body, BoxError, Dispatcher, Environment, EnvironmentLog, Event, FunctionError, Invocation,
    Limits, LogLine, LogObserver, Observer, Provider, Replied, Reply, Report, Response, Source,
    SystemClock,
};
use samovar_wasm::{Host, HostConfig, LoadError, WasmConfig, WasmProvider};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

/// The guests, built as a user builds them.
static GUESTS: LazyLock<PathBuf> = LazyLock::new(|| {
    // The folder that cargo builds into, so that what others build there is not built again.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--target", "wasm32-wasip2", "--target-dir"])
        .arg(&target)
        .args([
            "-p",
            "hello",
            "-p",
            "thumbnail",
            "-p",
            "samovar-function",
            "-p",
            "hostile",
            "-p",
            "wasi3-guests",
        ])
        .args(["--bins", "--examples"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(status.success(), "the guests do not build (`rustup target add wasm32-wasip2`?)");
    target.join("wasm32-wasip2/debug")
});

/// Compiled code, shared by all tests of a run and by the next runs.
static HOST: LazyLock<Host> = LazyLock::new(|| {
    let cache_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    Host::new(HostConfig::new(cache_dir)).unwrap()
});

/// A function of the example application.
pub fn function(name: &str) -> Guest {
    Guest::load(&GUESTS.join(format!("{name}.wasm"))).unwrap()
}

/// One of the examples of `samovar-function`, or of the guests of WASI 0.3.
pub fn example(name: &str) -> Guest {
    Guest::load(&example_path(name)).unwrap()
}

/// Where an example is, of `samovar-function` or of the guests of WASI 0.3.
pub fn example_path(name: &str) -> PathBuf {
    GUESTS.join(format!("examples/{name}.wasm"))
}

/// The component that tries what its host must not allow (`tests/functions/hostile`).
pub fn hostile() -> Guest {
    hostile_with(|_| {}, &[])
}

/// The same, as another function, and with variables.
pub fn hostile_with(change: impl FnOnce(&mut Function), variables: &[(&str, &str)]) -> Guest {
    Guest::load_as(&GUESTS.join("hostile.wasm"), change, variables).unwrap()
}

/// The host of all tests.
pub fn host() -> Host {
    HOST.clone()
}

/// A component in text, on another host.
pub fn text_on(host: &Host, wat: &str) -> Guest {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), wat::parse_str(wat).unwrap()).unwrap();
    Guest::load_on(host, file.path(), |_| {}, &[]).unwrap()
}

/// A component in text, as another function.
pub fn text_with(wat: &str, change: impl FnOnce(&mut Function)) -> Guest {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), wat::parse_str(wat).unwrap()).unwrap();
    Guest::load_as(file.path(), change, &[]).unwrap()
}

/// A component in text.
pub fn text(wat: &str) -> Guest {
    try_text(wat).unwrap()
}

/// A component, or anything else, in text.
pub fn try_text(wat: &str) -> Result<Guest, LoadError> {
    try_bytes(&wat::parse_str(wat).unwrap())
}

/// A file of any bytes.
pub fn try_bytes(bytes: &[u8]) -> Result<Guest, LoadError> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    Guest::load(file.path())
}

/// A command in text: `body` is the core module's function `run`, whose result is 0 for success;
/// `rest` is what else is in the module.
pub fn command(body: &str, rest: &str) -> String {
    format!(
        r#"(component
            (core module $module
                {rest}
                (func $run (export "run") (result i32) {body}))
            (core instance $instance (instantiate $module))
            (func $run (result (result)) (canon lift (core func $instance "run")))
            (instance $interface (export "run" (func $run)))
            (export "wasi:cli/run@0.2.0" (instance $interface)))"#
    )
}

/// A loaded component.
pub struct Guest {
    provider: WasmProvider,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl LogObserver for Log {
    fn line(&self, line: &LogLine<'_>) {
        self.0.lock().unwrap().push(line.text.to_owned());
    }
}

/// An invocation that has ended.
pub struct Ended {
    pub outcome: Result<(), FunctionError>,
    pub memory: u64,
}

impl Guest {
    /// Loads a component as a function of 64 MB.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        Self::load_as(path, |_| {}, &[("TEA", "black")])
    }

    /// Loads a component as another function, with these variables.
    pub fn load_as(
        path: &Path,
        change: impl FnOnce(&mut Function),
        variables: &[(&str, &str)],
    ) -> Result<Self, LoadError> {
        Self::load_on(&HOST, path, change, variables)
    }

    /// The same on another host.
    pub fn load_on(
        host: &Host,
        path: &Path,
        change: impl FnOnce(&mut Function),
        variables: &[(&str, &str)],
    ) -> Result<Self, LoadError> {
        let here = Span { file: Path::new("template.yaml").into(), line: 1, column: 1 };
        let code = Code { path: path.to_owned(), span: here, build: Build::Prebuilt };
        let mut function = Function { memory_mb: 64, ..Function::new("guest", Kind::Wasm, code) };
        change(&mut function);
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let provider = host.load(WasmConfig {
            function: Arc::new(function),
            component: path.to_owned(),
            variables: variables.iter().map(own).collect(),
        })?;
        Ok(Self { provider, log: Arc::default() })
    }

    pub fn into_provider(self) -> WasmProvider {
        self.provider
    }

    pub fn provider(&self) -> &WasmProvider {
        &self.provider
    }

    /// Who listens to the log.
    pub fn observer(&self) -> Arc<dyn LogObserver> {
        self.log.clone()
    }

    /// The log so far.
    pub fn log(&self) -> Vec<String> {
        self.log.0.lock().unwrap().clone()
    }

    /// Starts an isolate.
    pub async fn start(&self) -> Result<Box<dyn Environment>, FunctionError> {
        self.provider.start(EnvironmentLog::new("guest", self.log.clone())).await
    }

    /// Runs one invocation in a new isolate to its end.
    pub async fn invoke(&self, event: Event) -> (Ended, Option<Response>) {
        let (reply, mut response) = Reply::channel();
        let ended = self.invoke_with(event, reply).await;
        (ended, response.try_recv().ok().map(|replied| replied.response))
    }

    /// Runs one invocation in a new isolate; the answer goes to `reply`.
    pub async fn invoke_with(&self, event: Event, reply: Reply) -> Ended {
        self.invoke_as(event, true, reply).await
    }

    /// The same, for a caller that takes a stream, or does not.
    pub async fn invoke_as(&self, event: Event, streaming: bool, reply: Reply) -> Ended {
        let mut environment = match self.start().await {
            Ok(environment) => environment,
            Err(error) => return Ended { outcome: Err(error), memory: 0 },
        };
        let outcome = environment.invoke(invocation(event, streaming), reply).await;
        let memory = environment.max_memory_used();
        assert!(!environment.reusable());
        environment.stop(Duration::ZERO).await;
        Ended { outcome, memory }
    }

    /// What the function answers to an event.
    pub async fn answer(&self, event: Value) -> Result<Value, FunctionError> {
        let (ended, response) = self.invoke(Event::Bytes(event.to_string().into())).await;
        ended.outcome?;
        match response {
            Some(Response::Bytes(bytes)) => Ok(serde_json::from_slice(&bytes).unwrap()),
            other => panic!("no bytes, but {other:?}"),
        }
    }

    /// What the function answers to an event, and must not.
    pub async fn failure(&self, event: Value) -> FunctionError {
        self.answer(event).await.expect_err("a failure")
    }

    /// What the function answers to a request, with all of its body.
    pub async fn respond(&self, request: Request<Body>) -> Result<HttpResponse<Bytes>, String> {
        let (reply, response) = Reply::channel();
        let (ended, response) =
            tokio::join!(self.invoke_with(Event::Http(request), reply), whole(response));
        match ended.outcome {
            Ok(()) => response,
            Err(error) => Err(format!("{}: {}", error.error_type, error.message)),
        }
    }
}

/// A dispatcher that nobody watches.
pub fn dispatcher(limits: Limits) -> Dispatcher {
    Dispatcher::new(limits, Arc::new(SystemClock), Arc::new(Nobody))
}

/// Gives a dispatcher a component, under a name.
pub fn register(dispatcher: &Dispatcher, name: &str, seconds: u64, provider: WasmProvider) {
    let here = Span { file: Path::new("template.yaml").into(), line: 1, column: 1 };
    let code = Code { path: "guest.wasm".into(), span: here, build: Build::Prebuilt };
    let function =
        Function { timeout: Duration::from_secs(seconds), ..Function::new(name, Kind::Wasm, code) };
    dispatcher.register(Arc::new(function), Arc::new(provider));
}

struct Nobody;

impl LogObserver for Nobody {
    fn line(&self, _: &LogLine<'_>) {}
}

impl Observer for Nobody {
    fn finished(&self, _: &Report) {}
}

/// An invocation with a minute's time.
pub fn invocation(event: Event, streaming: bool) -> Invocation {
    let mut invocation = Invocation::new(event, Source::Invoke);
    invocation.streaming = streaming;
    invocation.client_context = Some(r#"{"custom":{"tea":"black"}}"#.into());
    invocation.deadline = SystemTime::now() + Duration::from_secs(60);
    invocation
}

/// A response with all of its body.
pub async fn whole(response: oneshot::Receiver<Replied>) -> Result<HttpResponse<Bytes>, String> {
    match response.await.map(|replied| replied.response) {
        Ok(Response::Http(response)) => {
            let (head, body) = response.into_parts();
            let body = body.collect().await.map_err(|error| error.to_string())?;
            Ok(HttpResponse::from_parts(head, body.to_bytes()))
        }
        other => Err(format!("{other:?}")),
    }
}

/// A request with a body.
pub fn request(method: &str, uri: &str, body: impl Into<Bytes>) -> Request<Body> {
    let body = Full::new(body.into()).map_err(|never| match never {}).boxed_unsync();
    Request::builder().method(method).uri(uri).body(body).unwrap()
}

/// A body that is fed by hand.
pub struct Parts(pub mpsc::Receiver<Bytes>);

impl http_body::Body for Parts {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.0.poll_recv(cx).map(|part| part.map(|part| Ok(Frame::data(part))))
    }
}
