//! One started `bootstrap`, with all that belongs to it.

mod init;
mod shutdown;

use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use samovar_dispatch::{EnvironmentLog, FunctionError, PlatformEvent};
use tokio::sync::oneshot;

pub(crate) use self::init::Phase;
use self::init::{init_start, metadata, registered, tell_initialised};
use self::shutdown::SHUTDOWN;
use crate::entrypoint;
use crate::exit::Exit;
use crate::external_extensions::{self, ExternalExtensions};
use crate::group::{self, Group, Home, Members};
use crate::output::Output;
use crate::provider::ProcessConfig;
use crate::runtime_api::extensions::{ExtensionEvent, ShutdownReason};
use crate::runtime_api::{Answer, Init, NextEvent, Server, Streaming};
use crate::sandbox::Layout;
use crate::variables::{Place, variables};
use crate::warden::{Meter, Warden};

/// How long the last words of a process that has exited are waited for: requests in its
/// connections, output in its pipes. Both end with the process group, at once; only a process
/// that left the group can hold them open.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A running runtime. Dropping it ends the process groups.
#[derive(Debug)]
pub(crate) struct Runtime {
    // First, so that no process is left when the rest goes.
    group: Group,
    warden: Warden,
    extensions: ExternalExtensions,
    /// Keeps the namespaces of all of them, if there are extensions.
    keeper: Option<Group>,
    server: Server,
    output: Output,
    log: EnvironmentLog,
    phase: Phase,
}

/// The type of [`HostError`]s.
pub(crate) const SANDBOX_FAILURE: &str = "Sandbox.Failure";

/// What the machine did not let us have: no fault of the function.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostError {
    /// No socket.
    #[error("the Runtime API cannot listen on 127.0.0.1: {0}")]
    Listen(#[source] io::Error),
    /// No folder.
    #[error("the private folder {0} cannot be made: {1}")]
    Scratch(String, #[source] io::Error),
    /// No namespaces.
    #[error("the environment cannot have namespaces: {0}")]
    Namespaces(#[source] io::Error),
    /// No list of extensions.
    #[error("the extensions of the layers cannot be listed: {0}")]
    Extensions(#[source] io::Error),
    /// No pipe.
    #[error("the function's output cannot be read: {0}")]
    Output(#[source] io::Error),
}

impl From<HostError> for FunctionError {
    fn from(error: HostError) -> Self {
        Self::platform(SANDBOX_FAILURE, error.to_string())
    }
}

/// Where the programs of an environment are started. With extensions there are several, which
/// share the namespaces of an init that is added to `members`.
async fn make_home(
    layout: &Layout,
    extensions: bool,
    members: &Members,
) -> Result<(Home, Option<Group>), HostError> {
    match &layout.sandbox {
        None => Ok((Home::Host, None)),
        Some(sandbox) if !extensions => Ok((Home::Own(sandbox.clone()), None)),
        Some(sandbox) => {
            let keeper = group::keep(sandbox.clone()).await.map_err(HostError::Namespaces)?;
            members.add(keeper.member());
            Ok((Home::Kept(keeper.member()), Some(keeper)))
        }
    }
}

/// What the runtime answered.
#[derive(Debug)]
pub(crate) enum Answered {
    /// A response.
    Whole(Bytes),
    /// The beginning of one in streaming mode.
    Begun(Streaming),
}

/// Why there is no response.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The function failed.
    Function(FunctionError),
    /// The runtime exited before it took the event: the function never saw it.
    NotTaken(Exit),
}

impl Runtime {
    /// Starts the process and waits until it asks for its first event.
    ///
    /// # Errors
    /// `Runtime.InvalidEntrypoint`, `Runtime.ExitError`, the runtime's own init error, and
    /// `Sandbox.Failure` ([`HostError`]).
    pub(crate) async fn start(
        config: &ProcessConfig,
        layout: &Layout,
        log_stream: &str,
        tmp: Option<&Path>,
        log: &EnvironmentLog,
        phase: Phase,
    ) -> Result<Self, FunctionError> {
        entrypoint::check(&config.bootstrap, &config.task_root)?;
        let json = config.function.logging.json;
        let server = Server::bind(metadata(&config.function), json).await;
        let server = server.map_err(HostError::Listen)?;
        let began = Instant::now();
        log.set_sink(Some(server.telemetry().clone()));
        log.event(|| phase.of(init_start(&config.function, log_stream)));
        let place = Place {
            log_stream,
            runtime_api: server.address(),
            initialization: layout.initialization,
            task_root: &layout.task_root,
            tmp,
        };
        let variables = variables(&config.function, &config.variables, place)?;
        let programs = external_extensions::find(&config.layers).map_err(HostError::Extensions)?;
        let members = Members::default();
        let (home, keeper) = make_home(layout, !programs.is_empty(), &members).await?;
        let memory = u64::from(config.function.memory_mb) << 20;
        let meter = Meter::new(members.clone(), layout, memory);
        let warden = Warden::new(meter, server.waiting());
        // They register before the runtime is started ("Init phase").
        let place = (&home, &members);
        let extensions =
            ExternalExtensions::start(programs, layout, place, &variables, &server, log).await;
        let extensions = match extensions {
            Ok(mut extensions) => match registered(server.extensions()).await {
                Ok(()) => Ok(extensions),
                Err(error) => {
                    extensions.end(|_| false, Duration::ZERO).await;
                    extensions.finish(LAST_WORDS).await;
                    Err(error)
                }
            },
            Err(error) => Err(error),
        };
        let extensions = match extensions {
            Ok(extensions) => extensions,
            Err(error) => {
                tell_initialised(&server, log, Some(&error), began, phase);
                return Err(error);
            }
        };
        let mut command = Command::new(&layout.bootstrap);
        command.env_clear().envs(variables).current_dir(&layout.task_root);
        let spawned = group::spawn(command, home, layout.cgroup.clone())
            .await
            .map_err(|error| entrypoint::cannot_start(&config.bootstrap, &error))?;
        let (group, stdout, stderr) = spawned.watch();
        let output = Output::new(stdout, stderr, log).map_err(HostError::Output)?;
        members.add(group.member());
        let log = log.clone();
        let mut runtime = Self { group, warden, extensions, keeper, server, output, log, phase };
        let result = runtime.all_initialised().await;
        let error = result.as_ref().err();
        if error.is_some() {
            runtime.stop_processes(ShutdownReason::Failure, SHUTDOWN).await;
        }
        runtime.output.drain();
        runtime.extensions.drain();
        tell_initialised(&runtime.server, &runtime.log, error, began, phase);
        // What it has taken so far is known, should it exit before anybody looks again.
        runtime.look_at_memory();
        runtime.rest();
        result.map(|()| runtime)
    }

    /// Initialisation is over when the runtime and every extension ask for an event.
    async fn all_initialised(&mut self) -> Result<(), FunctionError> {
        let failing = Arc::clone(self.server.shared());
        let result = tokio::select! {
            biased;
            error = failing.extensions.failure() => Err(error),
            result = self.initialised() => result,
        };
        let done = || PlatformEvent::init_runtime_done(result.as_ref().err());
        self.log.event(|| self.phase.of(done()));
        result?;
        let extensions = self.server.extensions();
        extensions.close();
        tokio::select! {
            biased;
            error = extensions.failure() => Err(error),
            exit = self.group.exited() => Err(exit.to_error()),
            () = extensions.ready() => Ok(()),
        }
    }

    async fn initialised(&mut self) -> Result<(), FunctionError> {
        let mut init = self.server.state().init();
        let exit = tokio::select! {
            biased;
            // The sender lives in the server, which is ours: there is always a value.
            _ = init.wait_for(|init| !matches!(init, Init::Running)) => None,
            exit = self.group.exited() => Some(exit),
        };
        if exit.is_some() {
            // An init error may have been posted right before the exit.
            self.server.close(LAST_WORDS).await;
        }
        match (&*init.borrow(), exit) {
            (Init::Failed(error), _) => Err(error.clone()),
            (_, Some(exit)) => Err(exit.to_error()),
            (_, None) => Ok(()),
        }
    }

    /// Runs one invocation: gives the event to the runtime as soon as it asks for one, and waits
    /// for its answer or its exit. [`Self::settle`] must follow.
    ///
    /// A response in streaming mode is only begun then: [`Self::stream_ended`] must follow first.
    pub(crate) async fn invoke(&mut self, event: Arc<NextEvent>) -> Result<Answered, Failure> {
        if !self.group.is_alive() {
            return Err(Failure::NotTaken(self.group.exited().await));
        }
        let mut answer = self.server.state().submit(event);
        let answered = tokio::select! {
            biased;
            answer = &mut answer => answer.unwrap_or(Answer::Truncated),
            error = self.server.extensions().failure() => {
                return Err(Failure::Function(error));
            }
            exit = self.group.exited() => {
                if self.server.state().withdraw() {
                    return Err(Failure::NotTaken(exit));
                }
                // It may have answered right before the exit.
                self.server.close(LAST_WORDS).await;
                answer.try_recv().unwrap_or(Answer::Truncated)
            }
        };
        match answered {
            Answer::Response(response) => Ok(Answered::Whole(response)),
            Answer::Stream(streaming) => Ok(Answered::Begun(streaming)),
            Answer::Error(error) => Err(Failure::Function(error)),
            Answer::Truncated => Err(Failure::Function(self.truncated().await)),
        }
    }

    /// Waits until the runtime has posted the rest of a response, or has exited; how many bytes
    /// the response has.
    pub(crate) async fn stream_ended(
        &mut self,
        mut ended: oneshot::Receiver<Result<u64, FunctionError>>,
    ) -> Result<u64, FunctionError> {
        let result = tokio::select! {
            biased;
            result = &mut ended => result.ok(),
            error = self.server.extensions().failure() => Some(Err(error)),
            _ = self.group.exited() => {
                // It may have posted the rest right before the exit.
                self.server.close(LAST_WORDS).await;
                ended.try_recv().ok()
            }
        };
        match result {
            Some(result) => result,
            None => Err(self.truncated().await),
        }
    }

    /// The connection broke in the middle of an answer: as a rule because the process is dying.
    async fn truncated(&self) -> FunctionError {
        match tokio::time::timeout(LAST_WORDS, self.group.exited()).await {
            Ok(exit) => exit.to_error(),
            Err(_) => FunctionError::platform(
                "Runtime.TruncatedResponse",
                "The runtime closed its connection in the middle of its response",
            ),
        }
    }

    /// Reads what was written up to now, so that it belongs to this invocation.
    pub(crate) async fn settle(&mut self) {
        if self.group.is_alive() {
            self.output.drain();
        } else {
            self.output.finish(LAST_WORDS).await;
        }
        self.extensions.drain();
    }

    /// There is no work any more: what is left of it is frozen.
    pub(crate) fn rest(&self) {
        if self.group.is_alive() {
            self.warden.rest();
        }
    }

    /// Everything goes on.
    fn work(&self) {
        self.warden.work();
    }

    /// Tells the extensions that there is an invocation. Before [`Self::invoke`].
    pub(crate) fn tell_extensions(&self, event: Arc<ExtensionEvent>) {
        self.work();
        self.server.extensions().invoke(event);
    }

    /// Whether the invocation goes on after the response: extensions have got it too.
    pub(crate) fn has_company(&self) -> bool {
        self.server.extensions().take_part()
    }

    /// Waits until the runtime asks for the next event; it may exit instead.
    pub(crate) async fn asked(&self) {
        tokio::select! {
            biased;
            () = self.server.state().asked() => {}
            _ = self.group.exited() => {}
        }
    }

    /// Waits until all extensions have done their part of the invocation.
    ///
    /// # Errors
    /// One has failed.
    pub(crate) async fn extensions_done(&self) -> Result<(), FunctionError> {
        let extensions = self.server.extensions();
        tokio::select! {
            biased;
            error = extensions.failure() => Err(error),
            () = extensions.done() => Ok(()),
        }
    }

    /// Whether another invocation may follow.
    pub(crate) fn is_reusable(&self) -> bool {
        self.server.state().is_idle()
            && self.group.is_alive()
            && self.server.extensions().failed_as().is_none()
    }

    /// Asks the kernel how much memory the processes have taken at most.
    pub(crate) fn look_at_memory(&self) {
        self.group.look_at_memory();
        self.extensions.look_at_memory();
    }

    /// Peak memory of the processes in bytes, as far as it has been seen.
    pub(crate) fn peak_memory(&self) -> u64 {
        let own = self.group.peak_memory() + self.extensions.peak_memory();
        own.max(self.warden.peak_memory(!self.group.is_alive()))
    }

    /// Ends all processes. The extensions are told before, within `grace`.
    pub(crate) async fn stop(mut self, reason: ShutdownReason, grace: Duration) {
        self.stop_processes(reason, grace).await;
    }
}
