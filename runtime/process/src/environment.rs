//! The life of one execution environment.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use samovar_dispatch::{
    Environment, EnvironmentLog, Event, FunctionError, Invocation, Reply, Response,
};
use uuid::Uuid;

use crate::course::Course;
use crate::os;
use crate::provider::ProcessConfig;
use crate::runtime::{Answered, Failure, HostError, Phase, Runtime, SANDBOX_FAILURE};
use crate::runtime_api::extensions::{ExtensionEvent, ShutdownReason};
use crate::runtime_api::{NextEvent, Streaming};
use crate::sandbox::Layout;
use crate::scratch::Scratch;
use crate::variables::{Initialization, log_stream};

/// How long a runtime that has failed, and its extensions, may take to be gone.
const KILL_GRACE: Duration = Duration::from_secs(2);

/// For how long an environment works, in one invocation or many, before its peak memory is asked
/// for again. The kernel keeps the peak, so that none is missed; to ask takes it as long as some
/// system calls together, and in a millisecond no function takes more than a few megabytes.
const MEMORY_LOOK: Duration = Duration::from_millis(1);

/// An environment: its runtime, and what outlives a runtime that has to be started again.
#[derive(Debug)]
pub(crate) struct ProcessEnvironment {
    // First, so that no process is left that could write into the folder while it is removed.
    /// `None`: it has ended, and the next invocation starts another.
    runtime: Option<Runtime>,
    /// Peak memory of the one that has ended.
    peak_memory: u64,
    /// `/tmp`, where the environment's own cannot be laid over the host's.
    scratch: Option<Scratch>,
    layout: Layout,
    config: Arc<ProcessConfig>,
    log_stream: String,
    log: EnvironmentLog,
    /// There is no runtime, and the machine has not let us have another one.
    given_up: bool,
    /// An invocation runs, or was given up: then nobody knows what the runtime is doing.
    busy: bool,
    /// That of the invocation that runs.
    course: Option<Course>,
    /// How long it has worked since its peak memory was asked for.
    unmeasured: Duration,
}

impl ProcessEnvironment {
    /// Starts the environment and waits until its runtime asks for an event.
    pub(crate) async fn start(
        config: Arc<ProcessConfig>,
        cgroups: Option<&Arc<os::Cgroups>>,
        initialization: Initialization,
        log: EnvironmentLog,
    ) -> Result<Self, FunctionError> {
        let id = Uuid::new_v4().simple().to_string();
        let log_stream = log_stream(SystemTime::now(), &id);
        let layout = Layout::new(&config, cgroups, initialization);
        let scratch = match layout.sandbox {
            Some(_) => None,
            None => Some(make_scratch(&config, id).await?),
        };
        let tmp = scratch.as_ref().map(Scratch::tmp);
        let (tmp, phase) = (tmp.as_deref(), Phase::Init);
        let runtime = Runtime::start(&config, &layout, &log_stream, tmp, &log, phase).await?;
        Ok(Self {
            runtime: Some(runtime),
            peak_memory: 0,
            scratch,
            layout,
            config,
            log_stream,
            log,
            given_up: false,
            busy: false,
            course: None,
            unmeasured: Duration::ZERO,
        })
    }

    /// The runtime; if it has ended, another one, which finds `/tmp` as the last one left it.
    ///
    /// One that does not start fails this invocation only: the next one tries again, with the same
    /// `/tmp`, as the init within an invocation does on AWS (`doInvoke` and `reinitialize` in
    /// `internal/lambda/rapid/handlers.go` of AWS's emulator). What the machine did not let us have
    /// may be had by another environment.
    async fn runtime(&mut self) -> Result<&mut Runtime, FunctionError> {
        let runtime = match self.runtime.take() {
            Some(runtime) => runtime,
            None => {
                let tmp = self.scratch.as_ref().map(Scratch::tmp);
                let (config, stream, tmp) = (&self.config, &self.log_stream, tmp.as_deref());
                let started =
                    Runtime::start(config, &self.layout, stream, tmp, &self.log, Phase::Invoke);
                started.await.inspect_err(|error| {
                    self.given_up = error.by_platform && error.error_type == SANDBOX_FAILURE;
                })?
            }
        };
        Ok(self.runtime.insert(runtime))
    }

    /// Ends the runtime and its extensions. "The Lambda reset does not clear the `/tmp` directory
    /// content prior to the next init phase" (Lambda guide, "Understanding the Lambda execution
    /// environment lifecycle", failures during the invoke phase).
    async fn end_runtime(&mut self, reason: ShutdownReason, grace: Duration) {
        if let Some(runtime) = self.runtime.take() {
            runtime.look_at_memory();
            self.peak_memory = runtime.peak_memory();
            runtime.stop(reason, grace).await;
        }
    }

    /// Why the runtime is ended now.
    fn reason(&self) -> ShutdownReason {
        match &self.runtime {
            // An invocation was given up: its time was over.
            _ if self.busy => ShutdownReason::Timeout,
            Some(runtime) if runtime.is_reusable() => ShutdownReason::Spindown,
            _ => ShutdownReason::Failure,
        }
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
        let runtime = self.runtime().await?;
        runtime.tell_extensions(Arc::clone(&told));
        let mut outcome = runtime.invoke(Arc::clone(&event)).await;
        if let Err(Failure::NotTaken(_)) = outcome {
            runtime.settle().await;
            self.end_runtime(ShutdownReason::Failure, KILL_GRACE).await;
            let runtime = self.runtime().await?;
            runtime.tell_extensions(told);
            outcome = runtime.invoke(event).await;
        }
        let company = self.has_company();
        match outcome {
            Ok(Answered::Whole(response)) => {
                self.course(|course| course.answered(response.len() as u64));
                let response = Response::Bytes(response);
                if company { reply.send_at_once(response) } else { reply.send(response) }
            }
            Ok(Answered::Begun(Streaming { response, ended })) => {
                self.course(Course::begun);
                reply.send(Response::Stream(response))?;
                let count = self.runtime().await?.stream_ended(ended).await?;
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

    fn has_company(&self) -> bool {
        self.runtime.as_ref().is_some_and(Runtime::has_company)
    }

    /// What the runtime and its extensions do after the answer.
    async fn finish(
        &mut self,
        mut outcome: Result<(), FunctionError>,
    ) -> Result<(), FunctionError> {
        if let Some(runtime) = &mut self.runtime {
            if outcome.is_ok() && (runtime.has_company() || self.log.is_heard()) {
                runtime.asked().await;
                if let Some(course) = &mut self.course {
                    course.asked();
                }
            }
            runtime.settle().await;
        }
        self.tell_done(outcome.as_ref().err());
        if let Some(runtime) = &mut self.runtime {
            if outcome.is_ok() {
                outcome = runtime.extensions_done().await;
                if runtime.has_company() {
                    runtime.settle().await;
                }
            }
            runtime.rest();
        }
        outcome
    }

    /// Notes that it has worked for so long.
    fn worked(&mut self, duration: Duration) {
        self.unmeasured += duration;
        if self.unmeasured >= MEMORY_LOOK
            && let Some(runtime) = &self.runtime
        {
            runtime.look_at_memory();
            self.unmeasured = Duration::ZERO;
        }
    }

    /// The time of an invocation that still runs was over.
    fn give_up_invocation(&mut self) {
        if std::mem::take(&mut self.busy) {
            let late = FunctionError::platform("Sandbox.Timedout", "the time was over");
            self.tell_done(Some(&late));
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
        let arn = invocation.invoked_function_arn.as_ref().unwrap_or(&self.config.function.arn);
        let event = NextEvent::new(&invocation, arn, payload);
        let told = ExtensionEvent::invoke(&invocation, arn);
        let began = Instant::now();
        self.course = Some(Course::new(&invocation));
        // Not held over the waiting: an event's HTTP form cannot be shared between threads.
        drop(invocation);
        self.busy = true;
        let outcome = self.run(Arc::new(event), Arc::new(told), reply).await;
        let outcome = self.finish(outcome).await;
        self.busy = false;
        self.worked(began.elapsed());
        // Extensions would take their time: they end when nobody waits any more.
        if outcome.is_err() && !self.reusable() && !self.has_company() {
            self.end_runtime(ShutdownReason::Failure, KILL_GRACE).await;
        }
        outcome
    }

    fn reusable(&self) -> bool {
        let reusable = || self.runtime.as_ref().map_or(!self.given_up, Runtime::is_reusable);
        !self.busy && reusable()
    }

    async fn renew(&mut self) -> bool {
        self.reset(KILL_GRACE).await
    }

    async fn reset(&mut self, grace: Duration) -> bool {
        let reason = self.reason();
        self.give_up_invocation();
        self.end_runtime(reason, grace).await;
        !self.given_up
    }

    fn max_memory_used(&self) -> u64 {
        // One that was given up has not told how long it worked.
        if let (true, Some(runtime)) = (self.busy, &self.runtime) {
            runtime.look_at_memory();
        }
        // What was taken beyond the limit before it was seen is not said, as on AWS.
        let peak = self.runtime.as_ref().map_or(self.peak_memory, Runtime::peak_memory);
        peak.min(u64::from(self.config.function.memory_mb) << 20)
    }

    async fn stop(mut self: Box<Self>, grace: Duration) {
        let reason = self.reason();
        self.give_up_invocation();
        let Self { runtime, scratch, .. } = *self;
        if let Some(runtime) = runtime {
            runtime.stop(reason, grace).await;
        }
        // A removal that fails is tried by nobody else: there is nobody to tell.
        let _ = tokio::task::spawn_blocking(move || drop(scratch)).await;
    }
}
