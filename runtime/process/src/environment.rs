//! The life of one execution environment.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use samovar_dispatch::{
    Environment, EnvironmentLog, Event, FunctionError, Invocation, Reply, Response,
};
use uuid::Uuid;

use crate::course::Course;
use crate::provider::ProcessConfig;
use crate::runtime::{Answered, Failure, HostError, Runtime};
use crate::runtime_api::extensions::{ExtensionEvent, ShutdownReason};
use crate::runtime_api::{NextEvent, Streaming};
use crate::sandbox::Layout;
use crate::scratch::Scratch;
use crate::variables::{Initialization, log_stream};

/// An environment: its runtime, and what outlives a runtime that has to be started again.
#[derive(Debug)]
pub(crate) struct ProcessEnvironment {
    // First, so that no process is left that could write into the folder while it is removed.
    runtime: Runtime,
    /// `/tmp`, where the environment's own cannot be laid over the host's.
    scratch: Option<Scratch>,
    layout: Layout,
    config: Arc<ProcessConfig>,
    log_stream: String,
    log: EnvironmentLog,
    /// An invocation runs, or was given up: then nobody knows what the runtime is doing.
    busy: bool,
    /// That of the invocation that runs.
    course: Option<Course>,
}

impl ProcessEnvironment {
    /// Starts the environment and waits until its runtime asks for an event.
    pub(crate) async fn start(
        config: Arc<ProcessConfig>,
        initialization: Initialization,
        log: EnvironmentLog,
    ) -> Result<Self, FunctionError> {
        let id = Uuid::new_v4().simple().to_string();
        let log_stream = log_stream(SystemTime::now(), &id);
        let layout = Layout::new(&config, initialization);
        let scratch = match layout.sandbox {
            Some(_) => None,
            None => Some(make_scratch(&config, id).await?),
        };
        let tmp = scratch.as_ref().map(Scratch::tmp);
        let runtime = Runtime::start(&config, &layout, &log_stream, tmp.as_deref(), &log).await?;
        Ok(Self { runtime, scratch, layout, config, log_stream, log, busy: false, course: None })
    }

    /// Runs one invocation. A runtime that exited before it took the event is started again, once
    /// and within the invocation's own time, as AWS does: the function has not seen the event, so
    /// it has not failed.
    async fn run(
        &mut self,
        event: Arc<NextEvent>,
        told: Arc<ExtensionEvent>,
        reply: Reply,
    ) -> Result<(), FunctionError> {
        self.runtime.tell_extensions(Arc::clone(&told));
        let first = self.runtime.invoke(Arc::clone(&event)).await;
        let outcome = match first {
            Err(Failure::NotTaken(_)) => {
                self.runtime.settle().await;
                let tmp = self.scratch.as_ref().map(Scratch::tmp);
                let (config, stream) = (&self.config, &self.log_stream);
                self.runtime =
                    Runtime::start(config, &self.layout, stream, tmp.as_deref(), &self.log).await?;
                self.runtime.tell_extensions(told);
                self.runtime.invoke(event).await
            }
            outcome => outcome,
        };
        let company = self.runtime.has_company();
        match outcome {
            Ok(Answered::Whole(response)) => {
                self.course(|course| course.answered(response.len() as u64));
                let response = Response::Bytes(response);
                if company { reply.send_at_once(response) } else { reply.send(response) }
            }
            Ok(Answered::Begun(Streaming { response, ended })) => {
                self.course(Course::begun);
                reply.send(Response::Stream(response))?;
                let count = self.runtime.stream_ended(ended).await?;
                self.course(|course| course.answered(count));
                Ok(())
            }
            Err(Failure::Function(error)) => Err(error),
            Err(Failure::NotTaken(exit)) => Err(exit.to_error()),
        }
    }
}

impl ProcessEnvironment {
    fn course(&mut self, note: impl FnOnce(&mut Course)) {
        if let Some(course) = &mut self.course {
            note(course);
        }
    }

    /// The runtime has answered or failed.
    fn tell_done(&mut self, error: Option<&FunctionError>) {
        if let Some(course) = self.course.take() {
            self.log.event(|| course.runtime_done(error));
        }
    }
}

async fn make_scratch(config: &ProcessConfig, id: String) -> Result<Scratch, HostError> {
    let parent = config.scratch.clone();
    // A result that nobody waits for any more is dropped, and the folder with it.
    tokio::task::spawn_blocking(move || Scratch::create(&parent, &id))
        .await
        .unwrap_or_else(|error| Err(std::io::Error::other(error)))
        .map_err(|error| HostError::Scratch(config.scratch.display().to_string(), error))
}

#[async_trait]
impl Environment for ProcessEnvironment {
    async fn invoke(&mut self, invocation: Invocation, reply: Reply) -> Result<(), FunctionError> {
        let Event::Bytes(payload) = &invocation.event else {
            return Err(FunctionError::platform(
                "Sandbox.Failure",
                "a native function takes events, not HTTP requests: \
                 the caller must make an API Gateway event first",
            ));
        };
        let payload = payload.clone();
        let event = NextEvent::new(&invocation, &self.config.function.arn, payload);
        self.course = Some(Course::new(&invocation));
        let told = ExtensionEvent::invoke(&invocation, &self.config.function.arn);
        // Not held over the waiting: an event's HTTP form cannot be shared between threads.
        drop(invocation);
        self.busy = true;
        let mut outcome = self.run(Arc::new(event), Arc::new(told), reply).await;
        if outcome.is_ok() && (self.runtime.has_company() || self.log.is_heard()) {
            self.runtime.asked().await;
            self.course(Course::asked);
        }
        self.runtime.settle().await;
        self.tell_done(outcome.as_ref().err());
        if outcome.is_ok() {
            outcome = self.runtime.extensions_done().await;
            self.runtime.settle().await;
        }
        self.runtime.rest();
        self.busy = false;
        outcome
    }

    fn reusable(&self) -> bool {
        !self.busy && self.runtime.is_reusable()
    }

    fn max_memory_used(&self) -> u64 {
        // What was taken beyond the limit before it was seen is not said, as on AWS.
        self.runtime.peak_memory().min(u64::from(self.config.function.memory_mb) << 20)
    }

    async fn stop(mut self: Box<Self>, grace: Duration) {
        let reason = match () {
            // An invocation was given up: its time was over.
            () if self.busy => ShutdownReason::Timeout,
            () if self.reusable() => ShutdownReason::Spindown,
            () => ShutdownReason::Failure,
        };
        if self.busy {
            let late = FunctionError::platform("Sandbox.Timedout", "the time was over");
            self.tell_done(Some(&late));
        }
        let Self { runtime, scratch, .. } = *self;
        runtime.stop(reason, grace).await;
        // A removal that fails is tried by nobody else: there is nobody to tell.
        let _ = tokio::task::spawn_blocking(move || drop(scratch)).await;
    }
}
