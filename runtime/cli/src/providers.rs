//! What runs each function: its artifact, made into a provider of environments.

use std::collections::HashMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{iter, thread};

use samovar_app::{App, Function, Kind, Logging};
use samovar_dispatch::{Account, Dispatcher, Provider};
use samovar_http::Credentials;
use samovar_process::{ProcessConfig, ProcessProvider};
use samovar_wasm::{Host, HostConfig, HostError, WasmConfig};
use tokio::task::JoinSet;

use crate::build::{self, Artifact, Artifacts};
use crate::terminal::Compiling;

/// What functions see of the machine that they run on.
#[derive(Clone)]
pub(crate) struct Surroundings {
    /// `http://127.0.0.1:9000`.
    pub(crate) endpoint: String,
    pub(crate) account: Account,
    /// Where what is unpacked and compiled is kept, under names that follow from its content.
    pub(crate) built: PathBuf,
    /// How many bytes of compiled code are kept there.
    pub(crate) code_cache: u64,
    /// What functions sign their calls with.
    pub(crate) credentials: Credentials,
    /// Where environments have their private folders.
    pub(crate) environments: PathBuf,
}

/// What runs components, made when it is first wanted.
pub(crate) struct Wasm {
    cache_dir: PathBuf,
    cache_size: u64,
    host: Mutex<Option<Host>>,
}

impl Wasm {
    /// Up to `cache_size` bytes of compiled code are kept in `cache_dir`.
    pub(crate) fn new(cache_dir: PathBuf, cache_size: u64) -> Self {
        Self { cache_dir, cache_size, host: Mutex::default() }
    }

    /// The host: always the same.
    fn get(&self) -> Result<Host, HostError> {
        let mut host = self.host.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = &*host {
            return Ok(host.clone());
        }
        let new = Host::new(HostConfig {
            cache_size: self.cache_size,
            observer: Arc::new(Compiling::new()),
            ..HostConfig::new(self.cache_dir.clone())
        })?;
        if let Some(note) = new.capacity().note() {
            eprintln!("  note: {note}");
        }
        Ok(host.insert(new).clone())
    }
}

/// A function with what starts its environments, or why it cannot run.
pub(crate) type Loaded = (Arc<Function>, Result<Arc<dyn Provider>, String>);

/// Registers every function with the dispatcher, and returns why some cannot run, by logical id.
///
/// # Errors
/// This machine cannot run WASM at all, and some function is WASM.
pub(crate) async fn register(
    app: &App,
    artifacts: Artifacts,
    surroundings: &Surroundings,
    wasm: &Wasm,
    dispatcher: &Dispatcher,
) -> Result<HashMap<String, String>, HostError> {
    let mut failures = HashMap::new();
    for (function, loaded) in load(app, artifacts, surroundings, wasm).await? {
        match loaded {
            Ok(provider) => dispatcher.register(function, provider),
            Err(reason) => {
                failures.insert(function.logical_id.clone(), reason.clone());
                dispatcher.register_failed(function, reason);
            }
        }
    }
    Ok(failures)
}

/// Loads every function of `app`, each of which has an artifact. None of them serves yet.
///
/// # Errors
/// As [`register`].
pub(crate) async fn load(
    app: &App,
    mut artifacts: Artifacts,
    surroundings: &Surroundings,
    wasm: &Wasm,
) -> Result<Vec<Loaded>, HostError> {
    // A machine that cannot run components says so once, and before it does anything else.
    let host = app.functions.iter().any(|function| function.kind == Kind::Wasm);
    let host = host.then(|| wasm.get()).transpose()?;
    let mut waiting = Vec::new();
    for function in &app.functions {
        let artifact = artifacts.remove(&function.logical_id);
        let artifact = artifact.unwrap_or_else(|| unreachable!("every function has an artifact"));
        let variables = variables(function, surroundings);
        let layers = build::layers(app, function, &surroundings.built);
        let (function, host) = (function.clone(), host.clone());
        let scratch = surroundings.environments.clone();
        waiting.push(move || {
            let provider = artifact
                .and_then(|artifact| Ok((artifact, layers?)))
                .map_err(|error| error.to_string())
                .and_then(|parts| provider(&function, parts, variables, &scratch, host));
            (function, provider)
        });
    }
    // Compiling a component takes a core for as long as it takes. A thread for each function would
    // only take memory, which it keeps.
    let waiting = Arc::new(Mutex::new(waiting.into_iter()));
    let mut loading = JoinSet::new();
    for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
        let waiting = waiting.clone();
        let next = move || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
        loading.spawn_blocking(move || {
            iter::from_fn(next).map(|load| load()).collect::<Vec<Loaded>>()
        });
    }
    let loaded = loading.join_all().await.into_iter().flatten().collect();
    if let Some(host) = host {
        // Nobody waits for it.
        tokio::task::spawn_blocking(move || host.trim_cache());
    }
    Ok(loaded)
}

/// Makes what runs a function, its artifact and the folders of its layers, on a thread that may
/// take its time.
///
/// # Errors
/// Why it cannot run, for people.
pub(crate) fn make(
    function: &Arc<Function>,
    parts: (Artifact, Vec<PathBuf>),
    surroundings: &Surroundings,
    wasm: &Wasm,
) -> Result<Arc<dyn Provider>, String> {
    let host = (function.kind == Kind::Wasm).then(|| wasm.get()).transpose();
    let host = host.map_err(|error| error.to_string())?;
    provider(function, parts, variables(function, surroundings), &surroundings.environments, host)
}

fn provider(
    function: &Arc<Function>,
    (artifact, layers): (Artifact, Vec<PathBuf>),
    variables: Vec<(String, String)>,
    scratch: &Path,
    host: Option<Host>,
) -> Result<Arc<dyn Provider>, String> {
    match host.filter(|_| function.kind == Kind::Wasm) {
        Some(host) => {
            let config =
                WasmConfig { function: function.clone(), component: artifact.path, variables };
            let provider = host.load(config).map_err(|error| error.to_string())?;
            Ok(Arc::new(provider))
        }
        None => {
            let provider = ProcessProvider::new(ProcessConfig {
                function: function.clone(),
                bootstrap: artifact.path,
                task_root: artifact.root,
                scratch: scratch.join(function.logical_id.replace('/', "-")),
                layers,
                namespaces: true,
                cgroups: true,
                variables,
            });
            Ok(Arc::new(provider))
        }
    }
}

/// The variables of a function: its own, and what its AWS SDK needs to find this Samovar. The
/// function's own go first, so that a template can name another endpoint.
///
/// The credentials are dummies of a shape that SDKs take, unless calls must be signed.
fn variables(function: &Function, surroundings: &Surroundings) -> Vec<(String, String)> {
    let mut variables = HashMap::from([
        ("AWS_ENDPOINT_URL", surroundings.endpoint.as_str()),
        ("AWS_REGION", &surroundings.account.region),
        ("AWS_DEFAULT_REGION", &surroundings.account.region),
        ("AWS_ACCESS_KEY_ID", surroundings.credentials.access_key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", &surroundings.credentials.secret_access_key),
        ("AWS_SESSION_TOKEN", "samovar"),
    ]);
    for (name, value) in &function.environment {
        variables.insert(name, value);
    }
    // What AWS's runtimes, loggers and Powertools go by ("Log-level filtering"). There is no level
    // where the format is text.
    let Logging { json, application_level, .. } = &function.logging;
    variables.insert("AWS_LAMBDA_LOG_FORMAT", if *json { "JSON" } else { "Text" });
    if *json {
        variables.insert("AWS_LAMBDA_LOG_LEVEL", application_level.as_deref().unwrap_or("INFO"));
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
