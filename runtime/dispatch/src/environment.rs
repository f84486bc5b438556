//! The one contract between the dispatcher and what runs functions.

use std::time::Duration;

use async_trait::async_trait;

use crate::invocation::{Door, FunctionError, Invocation, Reply};
use crate::log::EnvironmentLog;

/// Starts execution environments of one function.
#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// Which events the function takes.
    fn door(&self) -> Door;

    /// Whether invocations take their processor time on the thread that polls them, as isolates
    /// do, and not in processes of their own.
    fn computes(&self) -> bool {
        false
    }

    /// Starts one environment and brings it to the point where it waits for an invocation
    /// (AWS's init phase). The dispatcher drops the future when its time is over; whatever was
    /// started must then be gone.
    ///
    /// # Errors
    /// The function's initialisation failed: it exited, posted an init error, or could not be
    /// started at all.
    async fn start(&self, log: EnvironmentLog) -> Result<Box<dyn Environment>, FunctionError>;

    /// The same for an environment of provisioned concurrency, which is started before any
    /// invocation needs it; functions can tell by `AWS_LAMBDA_INITIALIZATION_TYPE`.
    ///
    /// # Errors
    /// As [`Self::start`].
    async fn start_provisioned(
        &self,
        log: EnvironmentLog,
    ) -> Result<Box<dyn Environment>, FunctionError> {
        self.start(log).await
    }
}

/// One execution environment: one invocation at a time.
#[async_trait]
pub trait Environment: Send + 'static {
    /// Runs one invocation. The answer goes to `reply` as soon as there is one; the call returns
    /// when the invocation is over (a streaming body has ended, the log of this invocation has
    /// been read). The dispatcher drops the future at the deadline and then [resets](Self::reset)
    /// or stops the environment.
    ///
    /// # Errors
    /// The function failed, before its reply or in the middle of a streaming body.
    async fn invoke(&mut self, invocation: Invocation, reply: Reply) -> Result<(), FunctionError>;

    /// Whether another invocation may follow.
    fn reusable(&self) -> bool;

    /// Makes an environment that is not reusable as good as a new one, where that is possible.
    /// Nobody waits for it: the outcome has gone to its caller. Returns whether another
    /// invocation may follow.
    async fn renew(&mut self) -> bool {
        false
    }

    /// Ends, within `grace`, what runs in an environment whose invocation was given up, and keeps
    /// the rest for invocations to come, as AWS does (Lambda guide, "Understanding the Lambda
    /// execution environment lifecycle": `/tmp` outlives a reset). Returns whether another
    /// invocation may follow; else the environment is to be stopped.
    async fn reset(&mut self, grace: Duration) -> bool {
        let _ = grace;
        false
    }

    /// How long the environment is to wait for work at most; `None`: as long as the dispatcher
    /// keeps environments.
    fn keep(&self) -> Option<Duration> {
        None
    }

    /// Peak memory of the environment in bytes, as far as it is known.
    fn max_memory_used(&self) -> u64;

    /// Ends the environment and all that it started, within `grace`.
    async fn stop(self: Box<Self>, grace: Duration);
}
