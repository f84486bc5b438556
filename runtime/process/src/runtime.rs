//! One started `bootstrap`, with all that belongs to it.

use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samovar_dispatch::{EnvironmentLog, FunctionError};
use tokio::sync::oneshot;

use crate::entrypoint;
use crate::exit::Exit;
use crate::group::{self, Group};
use crate::output::Output;
use crate::provider::ProcessConfig;
use crate::runtime_api::{Answer, Init, NextEvent, Server, Streaming};
use crate::sandbox::Layout;
use crate::variables::{Place, variables};
use crate::warden::Warden;

/// How long the last words of a process that has exited are waited for: requests in its
/// connections, output in its pipes. Both end with the process group, at once; only a process
/// that left the group can hold them open.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// A running runtime. Dropping it ends the process group.
#[derive(Debug)]
pub(crate) struct Runtime {
    // First, so that no process is left when the rest goes.
    group: Group,
    warden: Warden,
    server: Server,
    output: Output,
}

/// What the machine did not let us have: no fault of the function.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HostError {
    /// No socket.
    #[error("the Runtime API cannot listen on 127.0.0.1: {0}")]
    Listen(#[source] io::Error),
    /// No folder.
    #[error("the private folder {0} cannot be made: {1}")]
    Scratch(String, #[source] io::Error),
    /// No pipe.
    #[error("the function's output cannot be read: {0}")]
    Output(#[source] io::Error),
}

impl From<HostError> for FunctionError {
    fn from(error: HostError) -> Self {
        Self::platform("Sandbox.Failure", error.to_string())
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
    ) -> Result<Self, FunctionError> {
        entrypoint::check(&config.bootstrap, &config.task_root)?;
        let server = Server::bind().await.map_err(HostError::Listen)?;
        let place = Place {
            log_stream,
            runtime_api: server.address(),
            initialization: layout.initialization,
            task_root: &layout.task_root,
            tmp,
        };
        let mut command = Command::new(&layout.bootstrap);
        command
            .env_clear()
            .envs(variables(&config.function, &config.variables, place)?)
            .current_dir(&layout.task_root);
        let spawned = group::spawn(command, layout.sandbox.clone())
            .await
            .map_err(|error| entrypoint::cannot_start(&config.bootstrap, &error))?;
        let (group, stdout, stderr) = spawned.watch();
        let output = Output::new(stdout, stderr, log).map_err(HostError::Output)?;
        let memory = u64::from(config.function.memory_mb) << 20;
        let warden = Warden::new(group.members(), server.waiting(), memory);
        let mut runtime = Self { group, warden, server, output };
        match runtime.initialised().await {
            Ok(()) => {
                runtime.output.drain();
                runtime.warden.rest();
                Ok(runtime)
            }
            Err(error) => {
                runtime.group.kill();
                runtime.output.finish(LAST_WORDS).await;
                Err(error)
            }
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
        self.warden.work();
        let mut answer = self.server.state().submit(event);
        let answered = tokio::select! {
            biased;
            answer = &mut answer => answer.unwrap_or(Answer::Truncated),
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

    /// Waits until the runtime has posted the rest of a response, or has exited.
    pub(crate) async fn stream_ended(
        &mut self,
        mut ended: oneshot::Receiver<Result<(), FunctionError>>,
    ) -> Result<(), FunctionError> {
        let result = tokio::select! {
            biased;
            result = &mut ended => result.ok(),
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

    /// Reads what the function wrote up to now, so that it belongs to this invocation.
    pub(crate) async fn settle(&mut self) {
        if self.group.is_alive() {
            self.output.drain();
            self.warden.rest();
        } else {
            self.output.finish(LAST_WORDS).await;
        }
    }

    /// Whether another invocation may follow.
    pub(crate) fn is_reusable(&self) -> bool {
        self.server.state().is_idle() && self.group.is_alive()
    }

    /// Peak memory of the process in bytes, as far as it has been seen.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.group.peak_memory()
    }

    /// Ends the process group. There are no extensions, so nothing is told before, as on AWS
    /// ("Lambda execution environment lifecycle", shutdown phase): `SIGKILL` for all.
    pub(crate) async fn stop(mut self, grace: Duration) {
        self.group.kill();
        let ended = async {
            self.group.exited().await;
            self.output.finish(LAST_WORDS).await;
        };
        // A process that even SIGKILL does not end in time is reaped by its watcher later.
        let _ = tokio::time::timeout(grace, ended).await;
    }
}
