//! What is configured, and the start of an environment.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use samovar_app::Function;
use samovar_dispatch::{Door, Environment, EnvironmentLog, FunctionError, Provider};

use crate::environment::ProcessEnvironment;
use crate::os;
use crate::variables::Initialization;

/// Removes the cgroups that this process has made for its environments, which have all ended. For
/// the end of a program: some of its threads may still have a provider, and are not waited for.
/// Where there are none this does nothing.
pub fn clear_cgroups() {
    os::Cgroups::clear();
}

/// What the environments of one function are made of. Paths are absolute.
#[derive(Clone, Debug)]
pub struct ProcessConfig {
    /// The function.
    pub function: Arc<Function>,
    /// The program that speaks the Runtime API: an executable for this machine, or a script with
    /// a `#!` line. At the top of the code it is `/var/task/bootstrap`, at the top of one of
    /// `layers` `/opt/bootstrap`, where the system allows it.
    pub bootstrap: PathBuf,
    /// The folder of the function's code: `LAMBDA_TASK_ROOT`, and the working directory.
    pub task_root: PathBuf,
    /// A folder in which each environment gets a private one, which is removed with it. It is
    /// made when it is missing.
    pub scratch: PathBuf,
    /// The folders of the function's layers, unpacked, in the template's order: what a later one
    /// has wins over the same path in an earlier one (Lambda guide, "Adding layers to functions").
    pub layers: Vec<PathBuf>,
    /// Whether environments have namespaces of their own where the system allows it.
    pub namespaces: bool,
    /// Whether the kernel limits an environment where the system lets this process make cgroups.
    /// Else its memory and the number of its processes are watched, which a function that is quick
    /// about it can outrun for some milliseconds.
    pub cgroups: bool,
    /// The function's own environment variables, with those for endpoints and credentials
    /// (`AWS_ENDPOINT_URL`, `AWS_REGION`, ...). Lambda's reserved ones win over them; nothing is
    /// inherited from Samovar's own environment.
    pub variables: Vec<(String, String)>,
}

/// Starts native execution environments of one function: see [`Provider`] for the contract.
///
/// Errors of `start` are, by `error_type`:
///
/// | type | when |
/// |---|---|
/// | `Runtime.InvalidEntrypoint` | `bootstrap` is missing, not executable, or for another machine |
/// | `Runtime.InvalidWorkingDir` | `task_root` is no folder |
/// | `Runtime.InvalidTaskConfig` | a variable that no process can have |
/// | `Runtime.ExitError` | the process exited before it asked for an event |
/// | the runtime's own | it posted an init error |
/// | `Sandbox.Failure` | the machine is out of sockets, pipes or disk |
///
/// `invoke` adds `Function.ResponseSizeTooLarge`, `Runtime.TruncatedResponse`,
/// `Runtime.InvalidResponseModeHeader` and the function's own errors.
///
/// A runtime that exits between invocations makes its environment not reusable. Where the exit is
/// noticed only after the next invocation was given to the environment, but before the runtime
/// took it, the runtime is started again and gets it. What cannot be told apart is a runtime that
/// dies after the event was written to its connection and before it read it: that is a
/// `Runtime.ExitError`, as on AWS.
#[derive(Debug)]
pub struct ProcessProvider {
    config: Arc<ProcessConfig>,
    /// Samovar's own, which go with the last provider of all functions.
    cgroups: Option<Arc<os::Cgroups>>,
}

impl ProcessProvider {
    /// A provider for one function. Nothing is started or checked yet but whether there can be
    /// cgroups, which takes the first provider of a process about a millisecond.
    pub fn new(config: ProcessConfig) -> Self {
        let cgroups = if config.cgroups { os::Cgroups::shared() } else { None };
        Self { config: Arc::new(config), cgroups }
    }

    async fn start_for(
        &self,
        kind: Initialization,
        log: EnvironmentLog,
    ) -> Result<Box<dyn Environment>, FunctionError> {
        let (config, cgroups) = (Arc::clone(&self.config), self.cgroups.as_ref());
        let started = ProcessEnvironment::start(config, cgroups, kind, log).await;
        if let Some(cgroups) = cgroups.cloned() {
            // For the next one; nobody waits for it.
            tokio::task::spawn_blocking(move || cgroups.prepare());
        }
        Ok(Box::new(started?))
    }
}

#[async_trait]
impl Provider for ProcessProvider {
    fn door(&self) -> Door {
        Door::Event
    }

    async fn start(&self, log: EnvironmentLog) -> Result<Box<dyn Environment>, FunctionError> {
        self.start_for(Initialization::OnDemand, log).await
    }

    async fn start_provisioned(
        &self,
        log: EnvironmentLog,
    ) -> Result<Box<dyn Environment>, FunctionError> {
        self.start_for(Initialization::Provisioned, log).await
    }
}
