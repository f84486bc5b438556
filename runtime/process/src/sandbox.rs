//! Where an environment's folders are.
//!
//! On AWS the code is in `/var/task`, the layers are in `/opt`, both read-only, and `/tmp` is the
//! environment's own. Where the system allows it, an environment has the same here: its file
//! system is the host's, with these laid over it (see [`crate::os`]).

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use crate::os;
use crate::provider::ProcessConfig;
use crate::variables::Initialization;

/// Where Lambda has the code (`LAMBDA_TASK_ROOT`).
const TASK_ROOT: &str = "/var/task";

/// Where Lambda has the layers' content.
const LAYERS: &str = "/opt";

/// What is laid over the host's file system.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sandbox {
    /// How much fits into the private `/tmp`.
    pub(crate) tmp_bytes: u64,
    /// Folders and where they are shown, read-only.
    pub(crate) read_only: Vec<(PathBuf, PathBuf)>,
    /// Folders that are shown as one in `/opt`, read-only; a later one covers an earlier one.
    pub(crate) layers: Vec<PathBuf>,
    /// Folders in the host's `/tmp` that stay visible there.
    pub(crate) visible: Vec<PathBuf>,
    /// What the first start has made of it, which later ones find as it was left.
    pub(crate) file_system: Arc<OnceLock<os::FileSystem>>,
}

/// An environment's folders, as the function sees them, and what else all its runtimes share.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// The code.
    pub(crate) task_root: PathBuf,
    /// The program to start.
    pub(crate) bootstrap: PathBuf,
    /// Why it is started.
    pub(crate) initialization: Initialization,
    /// How that comes about; `None`: the folders are where the host has them.
    pub(crate) sandbox: Option<Sandbox>,
    /// What its processes are counted and limited by, where the system allows it.
    pub(crate) cgroup: Option<Arc<os::Cgroup>>,
}

impl Layout {
    /// The best that the system allows.
    pub(crate) fn new(
        config: &ProcessConfig,
        cgroups: Option<&Arc<os::Cgroups>>,
        initialization: Initialization,
    ) -> Self {
        let function = &config.function;
        // What is in `/tmp` counts as well.
        let mb = u64::from(function.memory_mb) + u64::from(function.ephemeral_storage_mb);
        // Without one, the environment is watched.
        let cgroup = cgroups.and_then(|cgroups| os::Cgroup::make(cgroups, mb << 20).ok());
        let mut layout = Self {
            task_root: config.task_root.clone(),
            bootstrap: config.bootstrap.clone(),
            initialization,
            sandbox: None,
            cgroup: cgroup.map(Arc::new),
        };
        if !config.namespaces || !os::can_contain() {
            return layout;
        }
        let storage = u64::from(config.function.ephemeral_storage_mb);
        let mut sandbox = Sandbox { tmp_bytes: storage << 20, ..Sandbox::default() };
        let program = config.bootstrap.parent().unwrap_or(&config.task_root);
        let layers_stay = !is_mount_point(LAYERS);
        // A layer's folder may be below that of the code.
        let of_layer = program != config.task_root
            && config.layers.iter().any(|layer| program == layer.as_path());
        let layers = config.layers.iter().filter(|_| layers_stay).map(PathBuf::as_path);
        for folder in [config.task_root.as_path(), program].into_iter().chain(layers) {
            // Without a `.` at the end, which no folder can be made with.
            let folder: PathBuf = folder.components().collect();
            if folder.starts_with("/tmp") && !sandbox.visible.contains(&folder) {
                sandbox.visible.push(folder);
            }
        }
        if is_mount_point(TASK_ROOT) {
            sandbox.read_only.push((config.task_root.clone(), TASK_ROOT.into()));
            layout.task_root = TASK_ROOT.into();
            if !of_layer && let Ok(path) = config.bootstrap.strip_prefix(&config.task_root) {
                layout.bootstrap = layout.task_root.join(path);
            }
        }
        if of_layer
            && !layers_stay
            && let Some(name) = config.bootstrap.file_name()
        {
            layout.bootstrap = Path::new(LAYERS).join(name);
        }
        match &config.layers[..] {
            _ if layers_stay => {}
            [] => {}
            [layer] => sandbox.read_only.push((layer.clone(), LAYERS.into())),
            layers => sandbox.layers = layers.to_vec(),
        }
        layout.sandbox = Some(sandbox);
        layout
    }
}

impl Layout {
    /// Where a file of the layers is seen; `None`: where the host has it.
    pub(crate) fn in_layers(&self, file: &Path) -> Option<PathBuf> {
        let sandbox = self.sandbox.as_ref()?;
        let shown = !sandbox.layers.is_empty()
            || sandbox.read_only.iter().any(|(_, at)| at == Path::new(LAYERS));
        shown.then(|| Path::new(LAYERS).join(file))
    }
}

/// Whether there is a folder to mount on, which the superuser can make.
fn is_mount_point(path: &str) -> bool {
    Path::new(path).is_dir() || std::fs::create_dir_all(path).is_ok()
}

/// What environments of this machine do not have of Lambda's, for people; empty where they have
/// everything. The first call tries out what the system allows, which takes about a millisecond.
pub fn not_kept() -> Vec<String> {
    let mut missing = Vec::new();
    if let Some(reason) = os::why_not_contained() {
        missing.push(format!(
            "functions share this machine's /tmp and processes, without EphemeralStorage's limit \
             and without /var/task and /opt: {reason}"
        ));
        return missing;
    }
    let absent: Vec<_> = [TASK_ROOT, LAYERS].into_iter().filter(|it| !is_mount_point(it)).collect();
    if !absent.is_empty() {
        missing.push(format!(
            "code and layers stay where they are on this machine: sudo mkdir -p {} gives them \
             Lambda's places",
            absent.join(" ")
        ));
    }
    missing
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use samovar_app::{Build, Code, Function, Kind, Span};

    use super::*;

    /// What `CodeUri: .` leads to.
    #[test]
    fn a_folder_below_tmp_is_shown_by_a_name_that_it_can_be_made_with() {
        let span = Span { file: PathBuf::from("t.yaml").into(), line: 1, column: 1 };
        let code = Code { path: "/tmp/app/.".into(), span, build: Build::Prebuilt };
        let config = ProcessConfig {
            function: Arc::new(Function::new("hello", Kind::Process, code)),
            bootstrap: "/tmp/target/bootstrap".into(),
            task_root: "/tmp/app/.".into(),
            scratch: "/scratch".into(),
            layers: Vec::new(),
            namespaces: true,
            cgroups: false,
            variables: Vec::new(),
        };
        let Some(sandbox) = Layout::new(&config, None, Initialization::OnDemand).sandbox else {
            eprintln!("no namespaces on this machine: nothing to test");
            return;
        };
        let visible: Vec<_> = sandbox.visible.iter().map(|path| path.as_os_str()).collect();
        assert_eq!(visible, ["/tmp/app", "/tmp/target"]);
    }
}
