//! One application, served twice: its components in isolates of this process, and the same
//! functions as native environments that run the layer's bootstrap.

#![expect(unreachable_pub, reason = "a module of a test")]
#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock, Mutex};

use bytes::Bytes;
use http::{Request, Response as HttpResponse};
use http_body_util::{BodyExt, Full};
use samovar_app::{App, Build, Code, Function, Kind, Options, Span};
use samovar_dispatch::{
    Account, Dispatcher, Environment, EnvironmentLog, Event, FunctionError, Invocation, Limits,
    LogLine, LogObserver, Observer, Origin, Provider, Report, Response, Source, SystemClock,
};
use samovar_process::{ProcessConfig, ProcessProvider};
use samovar_triggers::Gateway;
use samovar_wasm::aot::{self, Target};
use samovar_wasm::{Host, HostConfig, WasmConfig};
use tempfile::TempDir;

/// The guests, built as a user builds them.
static GUESTS: LazyLock<PathBuf> = LazyLock::new(|| {
    // The folder that cargo builds into, so that what others build there is not built again.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--target", "wasm32-wasip2", "--target-dir"])
        .arg(&target)
        .args(["-p", "hello", "-p", "thumbnail", "-p", "samovar-function", "-p", "wasi3-guests"])
        .args(["--bins", "--examples"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(status.success(), "the guests do not build (`rustup target add wasm32-wasip2`?)");
    target.join("wasm32-wasip2/debug")
});

/// What the functions are made of: components and their machine code, as `sam build` leaves them.
static CODE: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let examples = ["events", "router", "command", "service", "command3"];
    let examples = examples.map(|name| format!("examples/{name}"));
    let guests = ["hello", "thumbnail"].map(str::to_owned).into_iter().chain(examples);
    for guest in guests {
        let component = GUESTS.join(guest).with_extension("wasm");
        let name = component.file_name().unwrap().to_str().unwrap();
        write(folder.path(), name, &fs::read(&component).unwrap());
    }
    write(folder.path(), "endless.wasm", &wat::parse_str(ENDLESS).unwrap());
    folder
});

fn write(folder: &Path, name: &str, component: &[u8]) {
    let compiled = aot::compile(component, Target::host().unwrap()).unwrap();
    fs::write(folder.join(name), component).unwrap();
    fs::write(folder.join(name).with_extension("cwasm"), compiled).unwrap();
}

/// The layer, unpacked: environments see its program as `/opt/bootstrap`.
static LAYER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("layer");
    let (built, bootstrap) = (env!("CARGO_BIN_EXE_bootstrap"), folder.join("bootstrap"));
    fs::create_dir_all(&folder).unwrap();
    let _ = fs::remove_file(&bootstrap);
    fs::hard_link(built, &bootstrap).or_else(|_| fs::copy(built, &bootstrap).map(drop)).unwrap();
    folder
});

/// A command that comes to no end.
const ENDLESS: &str = r#"(component
    (core module $module (func (export "run") (result i32) (loop $again (br $again)) unreachable))
    (core instance $instance (instantiate $module))
    (func $run (result (result)) (canon lift (core func $instance "run")))
    (instance $interface (export "run" (func $run)))
    (export "wasi:cli/run@0.2.0" (instance $interface)))"#;

/// The components' own host, whose compiled code the next runs use again.
static HOST: LazyLock<Host> = LazyLock::new(|| {
    let cache_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled");
    Host::new(HostConfig::new(cache_dir)).unwrap()
});

const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: provided.al2023
    CodeUri: code
    MemorySize: 128
    Timeout: 30
    Environment: {Variables: {TEA: black}}
Resources:
  Api: {Type: AWS::Serverless::HttpApi}
  Hello:
    Type: AWS::Serverless::Function
    Properties: {Handler: hello.wasm, FunctionUrlConfig: {AuthType: NONE}}
  Thumbnail:
    Type: AWS::Serverless::Function
    Properties:
      Handler: thumbnail.wasm
      Events: {Scale: {Type: HttpApi, Properties: {ApiId: !Ref Api, Method: POST, Path: /thumbnail}}}
  Events:
    Type: AWS::Serverless::Function
    Properties: {Handler: events.wasm}
  Endless:
    Type: AWS::Serverless::Function
    Properties: {Handler: endless.wasm, Timeout: 1}
  Command:
    Type: AWS::Serverless::Function
    Properties: {Handler: command.wasm}
  Command3:
    Type: AWS::Serverless::Function
    Properties: {Handler: command3.wasm}
  Service:
    Type: AWS::Serverless::Function
    Properties: {Handler: service.wasm, FunctionUrlConfig: {AuthType: NONE}}
  Router:
    Type: AWS::Serverless::Function
    Properties:
      Handler: router.wasm
      Events: {Any: {Type: HttpApi, Properties: {ApiId: !Ref Api}}}
  Stream:
    Type: AWS::Serverless::Function
    Properties:
      Handler: router.wasm
      Environment: {Variables: {SAMOVAR_INVOKE_MODE: RESPONSE_STREAM}}
      FunctionUrlConfig: {AuthType: NONE, InvokeMode: RESPONSE_STREAM}
";

/// The application both ways.
pub struct Both {
    /// In this process.
    pub here: Side,
    /// Through the layer.
    pub layer: Side,
    _folder: TempDir,
}

/// The application one way.
pub struct Side {
    dispatcher: Dispatcher,
    gateway: Gateway,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log(Mutex<Vec<(String, String)>>);

impl LogObserver for Log {
    fn line(&self, line: &LogLine<'_>) {
        if line.origin == Origin::Function {
            self.0.lock().unwrap().push((line.function.to_owned(), line.text.to_owned()));
        }
    }
}

impl Observer for Log {
    fn finished(&self, _: &Report) {}
}

/// An outcome without what differs between any two invocations.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// The response's bytes.
    Bytes(Bytes),
    /// The error document's bytes.
    Error(Bytes),
}

impl Both {
    /// Serves the application.
    pub fn serve() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(CODE.path(), folder.path().join("code")).unwrap();
        let template = folder.path().join("template.yaml");
        fs::write(&template, TEMPLATE).unwrap();
        let app = samovar_app::load(&template, &Options::default()).unwrap();
        let here = Side::new(&app, |function| {
            let config = WasmConfig {
                function: function.clone(),
                component: CODE.path().join(&function.handler),
                variables: variables(function),
            };
            Arc::new(HOST.load(config).unwrap())
        });
        let scratch = folder.path().join("scratch");
        let layer = Side::new(&app, |function| layer(function, CODE.path(), &scratch));
        Self { here, layer, _folder: folder }
    }
}

/// A function that the layer's bootstrap runs, with its code in a folder.
fn layer(function: &Arc<Function>, code: &Path, scratch: &Path) -> Arc<dyn Provider> {
    Arc::new(ProcessProvider::new(ProcessConfig {
        function: function.clone(),
        bootstrap: LAYER.join("bootstrap"),
        task_root: code.to_owned(),
        scratch: scratch.to_owned(),
        layers: vec![LAYER.clone()],
        namespaces: true,
        cgroups: true,
        variables: variables(function),
    }))
}

/// Where the components and their machine code are.
pub fn code() -> &'static Path {
    CODE.path()
}

/// Starts the layer's bootstrap for a handler in a folder.
pub async fn start(handler: &str, code: &Path) -> Result<Box<dyn Environment>, FunctionError> {
    let span = Span { file: code.into(), line: 1, column: 1 };
    let source = Code { path: code.to_owned(), span, build: Build::Prebuilt };
    let function = Function::new("layer", Kind::Wasm, source);
    let function = Arc::new(Function { handler: handler.to_owned(), ..function });
    let scratch = tempfile::tempdir().unwrap();
    let log = EnvironmentLog::new("layer", Arc::<Log>::default());
    layer(&function, code, scratch.path()).start(log).await
}

fn variables(function: &Function) -> Vec<(String, String)> {
    function.environment.clone().into_iter().collect()
}

impl Side {
    fn new(app: &App, provider: impl Fn(&Arc<Function>) -> Arc<dyn Provider>) -> Self {
        let log = Arc::<Log>::default();
        let limits = Limits::default();
        let dispatcher = Dispatcher::new(limits, Arc::new(SystemClock), log.clone());
        for function in &app.functions {
            dispatcher.register(function.clone(), provider(function));
        }
        let account = Account { id: "000000000000".into(), region: "us-east-1".into() };
        let clock = Arc::new(SystemClock);
        let gateway = Gateway::new(&app.apis, &app.functions, account, dispatcher.clone(), clock);
        Self { dispatcher, gateway, log }
    }

    /// Invokes a function directly.
    pub async fn invoke(&self, function: &str, event: impl Into<Bytes>) -> Outcome {
        let mut invocation = Invocation::new(Event::Bytes(event.into()), Source::Invoke);
        invocation.request_id = "8f5e1c2d-0000-4000-8000-000000000000".into();
        invocation.trace_id = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".into();
        invocation.client_context = Some(r#"{"custom":{"tea":"black"}}"#.into());
        let answer = self.dispatcher.invoke(function, invocation).await.unwrap();
        let outcome = match answer.result {
            Ok(Response::Bytes(bytes)) => Outcome::Bytes(bytes),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Outcome::Error(error.document(&answer.request_id)),
        };
        // The log is whole when the invocation is over.
        answer.log.wait().await;
        outcome
    }

    /// Sends a request to the front door: head and whole body, or why it broke off.
    pub async fn request(
        &self,
        request: Request<Bytes>,
    ) -> (http::response::Parts, Result<Bytes, String>) {
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000));
        let response: HttpResponse<_> = self.gateway.handle(request.map(Full::new), peer).await;
        let (mut head, body) = response.into_parts();
        // Each response has its own.
        for name in ["apigw-requestid", "x-amzn-requestid", "x-amzn-trace-id", "x-samovar-reason"] {
            head.headers.remove(name);
        }
        let body = body.collect().await.map(|body| body.to_bytes());
        (head, body.map_err(|error| error.to_string()))
    }

    /// What a function has logged.
    pub fn log(&self, function: &str) -> Vec<String> {
        let lines = self.log.0.lock().unwrap();
        let own = lines.iter().filter(|(name, _)| name == function);
        own.map(|(_, text)| text.clone()).collect()
    }
}

/// A request to a host.
pub fn request(
    method: &str,
    host: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Request<Bytes> {
    let mut request = Request::builder().method(method).uri(target).header("host", host);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

/// Headers as they go over the wire, in order of their names.
pub fn headers(head: &http::response::Parts) -> BTreeMap<String, Vec<String>> {
    let mut headers = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in &head.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(name.to_string()).or_default().push(value);
    }
    headers
}
