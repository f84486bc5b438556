//! An API in front of functions made of closures and queues in memory, for this crate's tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use samovar_app::{Build, Code, Function, Kind, Span, Topic};
use samovar_dispatch::{
    Account, Dispatcher, Door, Environment, EnvironmentLog, Event, FunctionError, Invocation,
    Limits, LogLine, LogObserver, Observer, Provider, Reply, Report, Response, SystemClock,
};
use samovar_queue::{Options, Queues};
use samovar_triggers::{Deliveries, EventBuses, Schedules, Topics};
use tokio_util::sync::CancellationToken;

use crate::Api;

pub(crate) struct Silent;

impl LogObserver for Silent {
    fn line(&self, _line: &LogLine<'_>) {}
}

impl Observer for Silent {
    fn finished(&self, _report: &Report) {}
}

pub(crate) fn function(name: &str) -> Function {
    let span = Span { file: Arc::from(Path::new("template.yaml")), line: 1, column: 1 };
    let code = Code { path: PathBuf::from("."), span, build: Build::Prebuilt };
    Function::new(name, Kind::Wasm, code)
}

type Handler = fn(Invocation, &EnvironmentLog) -> Result<Response, FunctionError>;

/// Answers as its function says.
pub(crate) struct Fake(pub(crate) Handler);

/// The event's own bytes.
pub(crate) fn echo(invocation: Invocation, _: &EnvironmentLog) -> Result<Response, FunctionError> {
    match invocation.event {
        Event::Bytes(bytes) => Ok(Response::Bytes(bytes)),
        Event::Http(request) => panic!("an HTTP event: {request:?}"),
    }
}

#[async_trait]
impl Provider for Fake {
    fn door(&self) -> Door {
        Door::Event
    }

    async fn start(&self, log: EnvironmentLog) -> Result<Box<dyn Environment>, FunctionError> {
        Ok(Box::new(FakeEnvironment { handler: self.0, log }))
    }
}

struct FakeEnvironment {
    handler: Handler,
    log: EnvironmentLog,
}

#[async_trait]
impl Environment for FakeEnvironment {
    async fn invoke(&mut self, invocation: Invocation, reply: Reply) -> Result<(), FunctionError> {
        reply.send((self.handler)(invocation, &self.log)?)
    }

    fn reusable(&self) -> bool {
        true
    }

    fn max_memory_used(&self) -> u64 {
        0
    }

    async fn stop(self: Box<Self>, _grace: Duration) {}
}

/// An API and what it speaks for.
pub(crate) struct Stand {
    pub(crate) api: Api,
    pub(crate) dispatcher: Dispatcher,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Got {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON document")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("text"))
    }
}

impl Stand {
    /// No functions, no queues. Must be called within a tokio runtime.
    pub(crate) fn new(limits: Limits) -> Self {
        let dispatcher = Dispatcher::new(limits, Arc::new(SystemClock), Arc::new(Silent));
        let options = Options { ephemeral: true, ..Options::default() };
        let queues = Queues::open(Path::new(""), options).expect("queues");
        Self { api: Api::new(Account::default(), dispatcher.clone(), queues), dispatcher }
    }

    /// Gives the API these topics, and the event buses of these functions' rules.
    pub(crate) async fn add_senders(&mut self, topics: &[Topic], functions: Vec<Arc<Function>>) {
        let queues = self.api.0.queues.clone();
        let clock = Arc::new(SystemClock);
        let deliveries = Deliveries::open(queues, self.dispatcher.clone(), clock).await;
        let deliveries = deliveries.expect("deliveries");
        let account = Account::default();
        let topics = Topics::new(topics, &functions, account.clone(), deliveries.clone());
        let buses = EventBuses::new(&functions, &[], account.clone(), deliveries.clone());
        let schedules = Schedules::new(&functions, &[], account, deliveries);
        self.api = self.api.clone().with_senders(topics, buses, schedules);
    }

    /// Lets the API take asynchronous invocations, which are delivered.
    pub(crate) async fn add_deliveries(&mut self) {
        let queues = self.api.0.queues.clone();
        let deliveries = Deliveries::open(queues, self.dispatcher.clone(), Arc::new(SystemClock));
        let deliveries = deliveries.await.expect("deliveries");
        tokio::spawn(deliveries.clone().run(CancellationToken::new()));
        self.api = self.api.clone().with_deliveries(deliveries);
    }

    pub(crate) fn register(&self, name: &str, handler: Handler) {
        self.dispatcher.register(Arc::new(function(name)), Arc::new(Fake(handler)));
    }

    pub(crate) async fn send(
        &self,
        request: http::request::Builder,
        body: impl Into<Bytes>,
    ) -> Got {
        let request = request.body(Full::new(body.into())).expect("a request");
        let (parts, body) = self.api.handle(request).await.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Got { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Got {
        self.send(Request::get(path), "").await
    }
}
