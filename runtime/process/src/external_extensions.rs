//! External extensions: the programs in the folder `extensions` of the function's layers, each a
//! process of its own beside the runtime (Lambda guide, "Using the Lambda Extensions API to create
//! extensions").

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use samovar_dispatch::{EnvironmentLog, FunctionError};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use crate::exit::Exit;
use crate::group::{self, Group, Home, Members};
use crate::os;
use crate::output::Output;
use crate::runtime_api::extensions::{MAX_EXTENSIONS, Phase};
use crate::runtime_api::{Server, Shared};
use crate::sandbox::Layout;

/// Where a layer has them.
const FOLDER: &str = "extensions";

/// Variables that are the runtime's alone ("Accessing environment variables" of extensions).
const RUNTIME_ONLY: [&str; 7] = [
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_XRAY_CONTEXT_MISSING",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
];

/// The running external extensions of one environment. Dropping them ends their process groups.
#[derive(Debug, Default)]
pub(crate) struct ExternalExtensions(Vec<Process>);

#[derive(Debug)]
struct Process {
    name: String,
    group: Group,
    output: Output,
    /// Tells when it is gone.
    _watching: AbortOnDropHandle<()>,
}

impl ExternalExtensions {
    /// Starts all of them. They are known to the Extensions API before.
    ///
    /// # Errors
    /// `Extension.LaunchError`: one could not be started, or there are more than ten.
    pub(crate) async fn start(
        programs: BTreeMap<String, PathBuf>,
        layout: &Layout,
        place: (&Home, &Members),
        variables: &BTreeMap<String, String>,
        server: &Server,
        log: &EnvironmentLog,
    ) -> Result<Self, FunctionError> {
        let shared = server.shared();
        if programs.len() > MAX_EXTENSIONS {
            let message = format!(
                "there are {} extensions in the layers, and {MAX_EXTENSIONS} at most",
                programs.len()
            );
            return Err(launch_error(message));
        }
        let mut all = Self::default();
        for (name, program) in programs {
            shared.extensions.expect(&name);
            let program = layout.in_layers(&Path::new(FOLDER).join(&name)).unwrap_or(program);
            let mut command = Command::new(program);
            let own = variables.iter().filter(|(name, _)| !RUNTIME_ONLY.contains(&name.as_str()));
            command.env_clear().envs(own).current_dir("/");
            let cgroup = layout.cgroup.clone();
            let started = Process::start(name.clone(), command, cgroup, place, shared, log);
            let process = started.await;
            let process = process.map_err(|error| {
                let failure = launch_error(format!("fork/exec /opt/{FOLDER}/{name}: {error}"));
                shared.extensions.gone(&name, Phase::LaunchError, failure.clone());
                failure
            })?;
            all.0.push(process);
        }
        Ok(all)
    }

    /// Reads what they wrote up to now.
    pub(crate) fn drain(&self) {
        for process in &self.0 {
            process.output.drain();
        }
    }

    /// Asks the kernel for the peak memory of each.
    pub(crate) fn look_at_memory(&self) {
        self.0.iter().for_each(|process| process.group.look_at_memory());
    }

    /// Peak memory of all in bytes, as far as it has been seen.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.0.iter().map(|process| process.group.peak_memory()).sum()
    }

    /// Waits for those to exit that `may_go`, at most for `limit`, and kills the rest.
    pub(crate) async fn end(&mut self, may_go: impl Fn(&str) -> bool, limit: Duration) {
        let mut going = JoinSet::new();
        for process in &self.0 {
            if may_go(&process.name) {
                going.spawn(process.group.exited());
            } else {
                process.group.kill();
            }
        }
        let gone = async { while going.join_next().await.is_some() {} };
        // Those that are late are killed with all others.
        let _ = tokio::time::timeout(limit, gone).await;
        for process in &self.0 {
            process.group.kill();
        }
    }

    /// Reads their last words, for at most `limit` each.
    pub(crate) async fn finish(&mut self, limit: Duration) {
        for process in &mut self.0 {
            process.output.finish(limit).await;
        }
    }
}

impl Process {
    async fn start(
        name: String,
        command: Command,
        cgroup: Option<Arc<os::Cgroup>>,
        (home, members): (&Home, &Members),
        shared: &Arc<Shared>,
        log: &EnvironmentLog,
    ) -> io::Result<Self> {
        let (group, stdout, stderr) = group::spawn(command, home.clone(), cgroup).await?.watch();
        members.add(group.member());
        let output = Output::new(stdout, stderr, &log.of_extension())?;
        let watching = tokio::spawn({
            let (exited, shared, name) = (group.exited(), Arc::clone(shared), name.clone());
            async move {
                let exit = exited.await;
                shared.extensions.gone(&name, Phase::Exited, crash(exit));
            }
        });
        Ok(Self { name, group, output, _watching: AbortOnDropHandle::new(watching) })
    }
}

/// The programs by name, each at its last place: a later layer's file covers an earlier one's.
pub(crate) fn find(layers: &[PathBuf]) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut programs = BTreeMap::new();
    for layer in layers {
        let entries = match fs::read_dir(layer.join(FOLDER)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            if let (Some(name), true) = (path.file_name(), path.is_file()) {
                programs.insert(name.to_string_lossy().into_owned(), path);
            }
        }
    }
    Ok(programs)
}

fn launch_error(message: String) -> FunctionError {
    FunctionError::platform("Extension.LaunchError", message)
}

/// As AWS logs it: `RequestId: ID Error: exit code 0 Extension.Crash`.
fn crash(exit: Exit) -> FunctionError {
    let message = match exit {
        Exit::Status(status) => format!("exit code {status}"),
        Exit::Signal { .. } => exit.to_string(),
    };
    FunctionError::platform("Extension.Crash", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_layer_covers_an_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        let layer = |name: &str, files: &[&str]| {
            let layer = folder.path().join(name);
            fs::create_dir_all(layer.join(FOLDER).join("folder")).unwrap();
            for file in files {
                fs::write(layer.join(FOLDER).join(file), "").unwrap();
            }
            layer
        };
        let (one, two) = (layer("one", &["a", "b"]), layer("two", &["b", "c"]));
        let missing = folder.path().join("missing");
        let found = find(&[one.clone(), missing, two.clone()]).unwrap();
        let expected = [("a", &one), ("b", &two), ("c", &two)];
        let expected = expected.map(|(name, at)| (name.to_owned(), at.join(FOLDER).join(name)));
        assert_eq!(found, BTreeMap::from(expected));
    }
}
