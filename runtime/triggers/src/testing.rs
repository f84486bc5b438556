//! A dispatcher with functions made of closures, for the tests of this crate.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use samovar_app::{
    Api, ApiKind, ApiRoute, Build, Code, Function, FunctionUrl, Integration, Kind, Route, Span,
};
use samovar_dispatch::{
    Clock, Dispatcher, Door, Environment, EnvironmentLog, Event, FunctionError, Invocation, Limits,
    LogLine, LogObserver, Observer, Provider, Reply, Report, Response,
};
use samovar_queue::{Options, Queues, TokioClock};

use crate::Deliveries;

/// 2020-03-12T19:03:58.390Z, the moment of AWS's own example events.
pub(crate) const NOW_MILLIS: u64 = 1_584_039_838_390;

/// A clock that stands still.
pub(crate) struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(NOW_MILLIS)
    }
}

/// A clock that starts then and goes as tokio's time does.
pub(crate) struct Going(pub(crate) tokio::time::Instant);

impl Clock for Going {
    fn now(&self) -> SystemTime {
        Fixed.now() + self.0.elapsed()
    }
}

/// Queues in memory and deliveries through them, by clocks that go as tokio's time does.
pub(crate) async fn deliveries(dispatcher: &Dispatcher) -> Deliveries {
    let clock = Arc::new(TokioClock::starting_at(NOW_MILLIS));
    let options = Options { clock, ephemeral: true, ..Options::default() };
    let queues = Queues::open(Path::new(""), options).expect("queues");
    let clock = Arc::new(Going(tokio::time::Instant::now()));
    Deliveries::open(queues, dispatcher.clone(), clock).await.expect("deliveries")
}

struct Silent;

impl LogObserver for Silent {
    fn line(&self, _line: &LogLine<'_>) {}
}

impl Observer for Silent {
    fn finished(&self, _report: &Report) {}
}

pub(crate) fn dispatcher() -> Dispatcher {
    dispatcher_with(Limits::default())
}

pub(crate) fn dispatcher_with(limits: Limits) -> Dispatcher {
    Dispatcher::new(limits, Arc::new(Fixed), Arc::new(Silent))
}

pub(crate) fn span() -> Span {
    Span { file: Arc::from(Path::new("template.yaml")), line: 1, column: 1 }
}

/// A function with the template's defaults.
pub(crate) fn function(name: &str) -> Function {
    let code = Code { path: PathBuf::from("."), span: span(), build: Build::Prebuilt };
    Function { timeout: Duration::from_secs(900), ..Function::new(name, Kind::Process, code) }
}

/// An API whose routes call these functions.
pub(crate) fn api(logical_id: &str, kind: ApiKind, stage: &str, routes: Vec<(Route, &str)>) -> Api {
    let route = |(route, function): (Route, &str)| ApiRoute {
        route,
        integration: Integration::Function(function.into()),
        payload_format: None,
        timeout: None,
        streaming: false,
        access: Default::default(),
        span: span(),
    };
    Api {
        logical_id: logical_id.into(),
        kind,
        name: logical_id.into(),
        id: format!("{}0000", logical_id.to_lowercase()),
        stage: stage.into(),
        stage_variables: Default::default(),
        base_paths: Vec::new(),
        routes: routes.into_iter().map(route).collect(),
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
    }
}

/// A public function URL that buffers.
pub(crate) fn url(id: &str) -> FunctionUrl {
    FunctionUrl { public: true, streaming: false, cors: None, id: id.into(), span: span() }
}

type Handler = dyn Fn(usize, Event) -> (Duration, Result<Response, FunctionError>) + Send + Sync;

/// Answers as its closure says, after the time that it says. The closure gets the number of the
/// call, from 0.
pub(crate) struct Fake {
    door: Door,
    handler: Arc<Handler>,
    calls: Arc<Mutex<usize>>,
}

impl Fake {
    pub(crate) fn new<F>(door: Door, handler: F) -> Arc<Self>
    where
        F: Fn(usize, Event) -> (Duration, Result<Response, FunctionError>) + Send + Sync + 'static,
    {
        Arc::new(Self { door, handler: Arc::new(handler), calls: Arc::default() })
    }

    /// Always the same response bytes, at once.
    pub(crate) fn answering(payload: &'static str) -> Arc<Self> {
        Self::new(Door::Event, move |_, _| (Duration::ZERO, Ok(Response::Bytes(payload.into()))))
    }

    pub(crate) fn calls(&self) -> usize {
        *self.calls.lock().expect("no test panics while it counts")
    }
}

#[async_trait]
impl Provider for Fake {
    fn door(&self) -> Door {
        self.door
    }

    async fn start(&self, _log: EnvironmentLog) -> Result<Box<dyn Environment>, FunctionError> {
        let (handler, calls) = (self.handler.clone(), self.calls.clone());
        Ok(Box::new(FakeEnvironment { handler, calls }))
    }
}

struct FakeEnvironment {
    handler: Arc<Handler>,
    calls: Arc<Mutex<usize>>,
}

#[async_trait]
impl Environment for FakeEnvironment {
    async fn invoke(&mut self, invocation: Invocation, reply: Reply) -> Result<(), FunctionError> {
        let call = {
            let mut calls = self.calls.lock().expect("no test panics while it counts");
            *calls += 1;
            *calls - 1
        };
        let (wait, result) = (self.handler)(call, invocation.event);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        reply.send(result?)
    }

    fn reusable(&self) -> bool {
        true
    }

    fn max_memory_used(&self) -> u64 {
        0
    }

    async fn stop(self: Box<Self>, _grace: Duration) {}
}

/// An event's bytes.
pub(crate) fn bytes(event: Event) -> Bytes {
    match event {
        Event::Bytes(bytes) => bytes,
        Event::Http(request) => panic!("an HTTP event: {request:?}"),
    }
}
